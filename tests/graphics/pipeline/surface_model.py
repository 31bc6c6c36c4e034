"""A model of surfaces and their desktop that is slow and plain: what a client of the graphics pipeline should show."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.jobs import (
    BeginPipelineFrame,
    CopySurface,
    CreateSurface,
    DeleteSurface,
    DrawCached,
    DrawSurface,
    EndPipelineFrame,
    EvictCached,
    FillSurface,
    MapSurface,
    PipelineJob,
    StoreCached,
    UnmapSurface,
)

__all__ = ["Model"]


class Model:
    """Takes jobs of which all are allowed; bitmaps only uncompressed, surfaces unscaled."""

    def __init__(self, width: int, height: int) -> None:
        self.desktop = black(width, height)
        self.surfaces: dict[int, NDArray[np.uint8]] = {}
        self.opacity: set[int] = set()
        self.cache: dict[int, tuple[NDArray[np.uint8], bool]] = {}
        self.places: dict[int, tuple[int, int]] = {}
        self.changed: dict[int, NDArray[np.bool_]] = {}
        self.in_frame = False

    def apply(self, job: PipelineJob) -> None:
        match job:
            case CreateSurface(surface_id=number, width=width, height=height):
                self.surfaces[number] = black(width, height)
                self.changed[number] = np.zeros((height, width), bool)
                if job.has_alpha:
                    self.opacity.add(number)
            case DeleteSurface(surface_id=number):
                del self.surfaces[number]
                self.places.pop(number, None)
                self.opacity.discard(number)
            case MapSurface(surface_id=number):
                self.places.pop(number, None)
                self.places[number] = job.x, job.y
                self.changed[number][:] = True
            case UnmapSurface(surface_id=number):
                self.places.pop(number, None)
            case StoreCached(surface_id=number, rect=rect):
                self.cache[job.slot] = cut(self.surfaces[number], rect).copy(), number in self.opacity
            case EvictCached(slot=slot):
                self.cache.pop(slot, None)
            case BeginPipelineFrame():
                self.in_frame = True
            case EndPipelineFrame():
                self.in_frame = False
                self.show()
            case _:
                self.draw(job)

    def draw(self, job: PipelineJob) -> None:
        match job:
            case FillSurface(surface_id=number, rects=rects):
                color = np.frombuffer(job.color, np.uint8)
                for rect in rects:
                    patch = np.tile(color, (rect.height, rect.width, 1))
                    self.put(number, patch, rect.left, rect.top, has_alpha=True)
            case CopySurface(surface_id=number, source_id=source, points=points):
                patch = cut(self.surfaces[source], job.source).copy()
                for x, y in points:
                    self.put(number, patch, x, y, has_alpha=source in self.opacity)
            case DrawCached(surface_id=number, slot=slot, points=points):
                patch, has_alpha = self.cache[slot]
                for x, y in points:
                    self.put(number, patch, x, y, has_alpha=has_alpha)
            case DrawSurface(surface_id=number, rect=rect, data=data):
                patch = np.frombuffer(data, np.uint8).reshape(rect.height, rect.width, 4).copy()
                self.put(number, patch, rect.left, rect.top, only_colors=True)
        if not self.in_frame and getattr(job, "surface_id", None) in self.places:
            self.show()

    def put(
        self,
        number: int,
        patch: NDArray[np.uint8],
        x: int,
        y: int,
        *,
        has_alpha: bool = False,
        only_colors: bool = False,
    ) -> None:
        surface = self.surfaces[number]
        for row in range(patch.shape[0]):
            for column in range(patch.shape[1]):
                if 0 <= y + row < surface.shape[0] and 0 <= x + column < surface.shape[1]:
                    pixel = surface[y + row, x + column]
                    pixel[:3] = patch[row, column, :3]
                    if number in self.opacity and not only_colors:
                        pixel[3] = patch[row, column, 3] if has_alpha else 255
                    self.changed[number][y + row, x + column] = True

    def show(self) -> None:
        """Copy what has changed on surfaces, and what is above it."""
        height, width = self.desktop.shape[:2]
        shown = np.zeros((height, width), bool)
        for number, (x, y) in self.places.items():
            for row, column in np.argwhere(self.changed[number]):
                if 0 <= y + row < height and 0 <= x + column < width:
                    shown[y + row, x + column] = True
            self.changed[number][:] = False
        for row, column in np.argwhere(shown):
            for number, (x, y) in self.places.items():
                surface = self.surfaces[number]
                if 0 <= row - y < surface.shape[0] and 0 <= column - x < surface.shape[1]:
                    self.desktop[row, column, :3] = surface[row - y, column - x, :3]


def black(width: int, height: int) -> NDArray[np.uint8]:
    picture = np.zeros((height, width, 4), np.uint8)
    picture[..., 3] = 255
    return picture


def cut(picture: NDArray[np.uint8], rect: Rect) -> NDArray[np.uint8]:
    return picture[rect.top : rect.bottom, rect.left : rect.right]
