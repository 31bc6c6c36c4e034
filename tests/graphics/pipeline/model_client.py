"""A client of the graphics pipeline in few lines: it carries out jobs one after the other, and is strict about them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from trio_rdp.codecs import avc, clearcodec, planar, progressive, rfx
from trio_rdp.codecs.view import View
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline import jobs as job_types
from trio_rdp.graphics.pipeline.jobs import PipelineCodec, PipelineJob

Picture = NDArray[np.uint8]

_AVC = {
    PipelineCodec.AVC420: avc.Mode.AVC420,
    PipelineCodec.AVC444: avc.Mode.AVC444,
    PipelineCodec.AVC444V2: avc.Mode.AVC444V2,
}


def photo(width: int, height: int, seed: int = 0) -> Picture:
    """Smooth shapes of many colours, and the noise of a sensor."""
    source = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    channels = [
        127 + 60 * np.sin(x / (17 + 7 * i) + seed) + 50 * np.cos(y / (23 + 5 * i) + i) + source.normal(0, 2, x.shape)
        for i in range(3)
    ]
    picture = np.full((height, width, 4), 255, np.uint8)
    picture[..., :3] = np.clip(np.stack(channels, axis=-1), 0, 255).astype(np.uint8)
    return picture


class ModelClient:
    """Surfaces, a cache that is as large as it may be, and every codec."""

    def __init__(self, cache_bytes: int = 100 << 20, cache_slots: int = 25_600) -> None:
        self.surfaces: dict[int, Picture] = {}
        self.places: dict[int, tuple[int, int]] = {}
        self.size = (0, 0)
        self.cache: dict[int, Picture] = {}
        self.peak_cached = 0
        self._cache_limits = cache_bytes, cache_slots
        self._clear = clearcodec.Decoder()
        self._progressive: dict[tuple[int, int], progressive.Decoder] = {}
        self._remotefx: dict[int, rfx.Decoder] = {}
        self._avc: dict[int, avc.Decoder] = {}

    @property
    def picture(self) -> Picture:
        """What is seen: the colours only."""
        assert self.places
        desktop = np.zeros((self.size[1], self.size[0], 3), np.uint8)
        for surface_id, (x, y) in self.places.items():
            height, width = self.surfaces[surface_id].shape[:2]
            desktop[y : y + height, x : x + width] = self.surfaces[surface_id][..., :3]
        return desktop

    def apply(self, jobs: Iterable[PipelineJob]) -> None:
        for job in jobs:
            self._apply(job)

    def _apply(self, job: PipelineJob) -> None:
        match job:
            case job_types.ResetGraphics():
                self.size = job.width, job.height
            case job_types.CreateSurface():
                assert job.surface_id not in self.surfaces
                self.surfaces[job.surface_id] = np.zeros((job.height, job.width, 4), np.uint8)
            case job_types.DeleteSurface():
                del self.surfaces[job.surface_id]
                self.places.pop(job.surface_id, None)
                self._avc.pop(job.surface_id, None)
                self._remotefx.pop(job.surface_id, None)
                for key in [key for key in self._progressive if key[0] == job.surface_id]:
                    del self._progressive[key]
            case job_types.MapSurface():
                height, width = self.surfaces[job.surface_id].shape[:2]
                assert Rect(0, 0, *self.size).contains(Rect(job.x, job.y, width, height))
                self.places[job.surface_id] = job.x, job.y
            case job_types.FillSurface():
                for rect in job.rects:
                    self._part(job.surface_id, rect)[...] = np.frombuffer(job.color, np.uint8)
            case job_types.CopySurface():
                source = self._part(job.source_id, job.source).copy()
                for x, y in job.points:
                    self._part(job.surface_id, Rect(x, y, job.source.width, job.source.height))[...] = source
            case job_types.StoreCached():
                assert job.slot not in self.cache
                self.cache[job.slot] = self._part(job.surface_id, job.rect).copy()
                stored = sum(bitmap.size for bitmap in self.cache.values())
                assert stored <= self._cache_limits[0]
                assert 1 <= job.slot <= self._cache_limits[1]
            case job_types.EvictCached():
                del self.cache[job.slot]
            case job_types.DrawCached():
                bitmap = self.cache[job.slot]
                for x, y in job.points:
                    self._part(job.surface_id, Rect(x, y, bitmap.shape[1], bitmap.shape[0]))[...] = bitmap
            case job_types.DrawProgressive():
                surface = self.surfaces[job.surface_id]
                decoder = self._progressive.setdefault(
                    (job.surface_id, job.context_id), progressive.Decoder(surface.shape[1], surface.shape[0])
                )
                decoder.decode_into(job.data, View.of(surface))
            case job_types.DrawSurface():
                self._draw(job)
            case _:
                raise AssertionError(job)

    def _part(self, surface_id: int, rect: Rect) -> Picture:
        surface = self.surfaces[surface_id]
        assert Rect(0, 0, surface.shape[1], surface.shape[0]).contains(rect)
        assert not rect.is_empty
        return surface[rect.top : rect.bottom, rect.left : rect.right]

    def _draw(self, job: job_types.DrawSurface) -> None:
        surface, rect = self.surfaces[job.surface_id], job.rect
        self._part(job.surface_id, rect)
        view = View.of(surface, rect.left, rect.top, rect.width, rect.height)
        if job.codec == PipelineCodec.UNCOMPRESSED:
            pixels = np.frombuffer(job.data, np.uint8).reshape(rect.height, rect.width, 4)
            self._part(job.surface_id, rect)[...] = pixels
        elif job.codec == PipelineCodec.CLEARCODEC:
            self._clear.decode_into(job.data, view, rect.width, rect.height)
        elif job.codec == PipelineCodec.PLANAR:
            planar.decompress_into(job.data, view, rect.width, rect.height, top_down=True)
        elif job.codec == PipelineCodec.REMOTEFX:
            self._remotefx.setdefault(job.surface_id, rfx.Decoder()).read(job.data).draw(view)
        else:
            assert (rect.left, rect.top) == (0, 0)
            assert rect == Rect(0, 0, surface.shape[1], surface.shape[0])
            self._avc.setdefault(job.surface_id, avc.Decoder()).decode_into(job.data, view, _AVC[job.codec])
