"""What jobs of the graphics pipeline will cost, known before any of them is done.

A few bytes may have millions of pixels copied, which depends on what came before: on what is in the cache and what is
shown.  So that is followed here, job by job, in steps that take the same time whatever a server has made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from trio_rdp.graphics.geometry import MAX_PIXELS
from trio_rdp.graphics.pipeline.bitmap_cache import CachedBitmap
from trio_rdp.graphics.pipeline.jobs import (
    CopySurface,
    CreateSurface,
    DeleteSurface,
    DrawCached,
    EndPipelineFrame,
    EvictCached,
    FillSurface,
    ImportCached,
    MapSurface,
    MapSurfaceToWindow,
    PipelineJob,
    ResetGraphics,
    StoreCached,
    UnmapSurface,
)
from trio_rdp.graphics.pipeline.packed import area_of

__all__ = ["PipelineCosts"]

_SCALED: Final = 64  # times as long as copying a pixel
_PIXEL: Final = 4  # bytes


class _Made(NamedTuple):
    """A surface."""

    width: int
    height: int
    has_alpha: bool


class _Shown(NamedTuple):
    """A surface on the desktop."""

    area: int
    is_scaled: bool
    whole: tuple[int, int] | None
    """The size of the desktop that it would be, pixel by pixel; None where it is none."""


class PipelineCosts:
    """What a server has made, as far as that decides what its next jobs cost; nothing is checked.

    `width` and `height` are the desktop's.
    """

    def __init__(self, width: int, height: int) -> None:
        self._desktop = width, height
        self.begin({})

    def begin(self, kept: Mapping[int, CachedBitmap]) -> None:
        """Forget all but the desktop; `kept` may be imported into the cache."""
        self._kept = kept
        self._surfaces: dict[int, _Made] = {}
        self._shown: dict[int, _Shown] = {}
        self._cached: dict[int, int] = {}
        self._exact = self._scaled = 0  # pixels of surfaces that are shown
        self._windows = 0  # pixels of those that were mapped to windows in this frame, which are copied at its end

    def resize(self, width: int, height: int) -> None:
        """The desktop has another size."""
        self._desktop = width, height

    @property
    def composed_pixels(self) -> int:
        """About how many pixels are copied to show a whole picture, a scaled one counting as several.

        None where a surface is the picture.
        """
        if len(self._shown) == 1 and next(iter(self._shown.values())).whole == self._desktop:
            return 0
        most = len(self._shown) * self._area
        return min(self._exact, most) + _SCALED * min(self._scaled, most)

    def count(self, job: PipelineJob) -> int:
        """Follow a job, and give how many pixels are filled or copied for it."""
        match job:
            case FillSurface(rects=rects):
                return area_of(rects)
            case CopySurface(source=source, points=points):
                return source.area * len(points)
            case StoreCached(slot=slot, rect=rect):
                self._cached[slot] = rect.area
                return rect.area
            case DrawCached(slot=slot, points=points):
                return self._cached.get(slot, 0) * len(points)
            case EndPipelineFrame():
                windows, self._windows = self._windows, 0
                return self.composed_pixels + windows
            case EvictCached(slot=slot):
                self._cached.pop(slot, None)
            case ImportCached(slots=slots):
                for slot, key in slots:
                    bitmap = self._kept.get(key)
                    self._cached[slot] = 0 if bitmap is None else bitmap.size // _PIXEL
            case CreateSurface(width=width, height=height):
                self._surfaces[job.surface_id] = _Made(width, height, job.has_alpha)
                return width * height
            case ResetGraphics(width=width, height=height):
                self._desktop = width, height
                return self._area
            case MapSurface() | MapSurfaceToWindow() | UnmapSurface() | DeleteSurface():
                return self._map(job)
        return 0

    @property
    def _area(self) -> int:
        return min(self._desktop[0] * self._desktop[1], MAX_PIXELS)

    def _map(self, job: MapSurface | MapSurfaceToWindow | UnmapSurface | DeleteSurface) -> int:
        """Show a surface, or show it no more, for which the picture is copied where it was a surface."""
        before = self._shown.pop(job.surface_id, None)
        if before is not None:
            self._add(before, -1)
        made = self._surfaces.get(job.surface_id)
        if isinstance(job, DeleteSurface):
            self._surfaces.pop(job.surface_id, None)
        elif isinstance(job, MapSurface) and made is not None:
            size = made.width, made.height
            is_whole = (job.x, job.y) == (0, 0) and not made.has_alpha and job.target in (None, size)
            width, height = job.target or size
            shown = _Shown(min(width * height, MAX_PIXELS), (width, height) != size, size if is_whole else None)
            self._shown[job.surface_id] = shown
            self._add(shown, 1)
        elif made is not None and isinstance(job, MapSurfaceToWindow):
            self._windows = min(self._windows + made.width * made.height, MAX_PIXELS)
        return self._area

    def _add(self, shown: _Shown, sign: int) -> None:
        if shown.is_scaled:
            self._scaled += sign * shown.area
        else:
            self._exact += sign * shown.area
