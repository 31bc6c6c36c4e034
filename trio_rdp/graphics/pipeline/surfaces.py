"""The surfaces of the graphics pipeline, [MS-RDPEGFX] 3.3.1: what a server has made, drawn, copied and kept there.

Jobs are begun in their order, by `Surfaces.start`, and what is left of each is a drawing: tiles that threads may share,
or a step that is done alone.  Everything that a job says is checked when it is begun.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING

from trio_rdp.graphics.drawing import Drawing, Step
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.bitmap_cache import BitmapCache, CachedBitmap
from trio_rdp.graphics.pipeline.jobs import (
    BeginPipelineFrame,
    CopySurface,
    CreateSurface,
    DeleteContext,
    DeleteSurface,
    DrawCached,
    DrawProgressive,
    DrawSurface,
    EndPipelineFrame,
    EvictCached,
    FillSurface,
    ImportCached,
    MapSurface,
    MapSurfaceToWindow,
    MonitorArea,
    PipelineJob,
    Point,
    ResetGraphics,
    StoreCached,
    UnmapSurface,
)
from trio_rdp.graphics.pipeline.limits import PipelineLimits
from trio_rdp.graphics.pipeline.packed import MANY, Edges, Place, places_of, seen_of
from trio_rdp.graphics.pipeline.surface import OnDesktop, OnWindow, Surface
from trio_rdp.graphics.pipeline.surface_codecs import SurfaceCodecs
from trio_rdp.graphics.pipeline.windows import window_pixels
from trio_rdp.wire.errors import DecodeError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PipelineCounts", "Surfaces"]

_OPAQUE = 0xFF000000
_DRAWING = DrawSurface | DrawProgressive | FillSurface | CopySurface | DrawCached


@dataclass(slots=True)
class PipelineCounts:
    """What was done on surfaces beside drawing bitmaps: rectangles filled, pixels copied, and the cache's use."""

    frames: int = 0
    fills: int = 0
    copies: int = 0
    stored: int = 0
    cache_hits: int = 0
    """Bitmaps that were drawn from the cache; of each job as many as it has points."""


class Surfaces:
    """All surfaces of one channel, with the bitmap cache and the codecs.

    `kept` are bitmaps of earlier sessions, by key, that a server may import into the cache.  `counts` are those to go
    on with: a channel that begins anew is still of the same session.
    """

    def __init__(
        self,
        limits: PipelineLimits | None = None,
        kept: Mapping[int, CachedBitmap] | None = None,
        *,
        threads: int = 1,
        counts: PipelineCounts | None = None,
    ) -> None:
        self.limits: PipelineLimits = limits or PipelineLimits()
        self.counts: PipelineCounts = PipelineCounts() if counts is None else counts
        self.in_frame: bool = False
        self.is_due: bool = False
        """Whether something was drawn outside of frames, which is to be shown at once."""
        self.monitors: tuple[MonitorArea, ...] = ()
        self.cache: BitmapCache = BitmapCache(
            self.limits.cache_slots, self.limits.cache_bytes, {} if kept is None else kept
        )
        self.bytes: int = 0
        """Of all surfaces."""
        self._codecs = SurfaceCodecs(self.limits.context_pixels, threads)
        self._surfaces: dict[int, Surface] = {}
        self._mapped: dict[int, Surface] = {}  # in the order in which they were mapped
        self._desktop = Rect(0, 0, 0, 0)
        self._covered = 0  # pixels of surfaces on this desktop

    def __len__(self) -> int:
        return len(self._surfaces)

    @property
    def on_desktop(self) -> list[Surface]:
        """The surfaces that are shown on the desktop, those that were mapped last at the end."""
        return [surface for surface in self._mapped.values() if isinstance(surface.mapping, OnDesktop)]

    @property
    def on_windows(self) -> list[Surface]:
        """The surfaces that are shown in windows."""
        return [surface for surface in self._mapped.values() if isinstance(surface.mapping, OnWindow)]

    def covered(self, desktop: Rect) -> int:
        """How many pixels the surfaces that are shown on a desktop of this size have there, together.

        It is known of the last size that was asked for, and counted for another one.
        """
        if desktop != self._desktop:
            self._desktop, self._covered = desktop, 0
            for surface in self.on_desktop:
                self._cover(surface, 1)
        return self._covered

    def _cover(self, surface: Surface, sign: int) -> None:
        """Count a surface that is shown, or no more (-1); `covered` has known of it then."""
        if isinstance(surface.mapping, OnDesktop):
            self._covered += sign * surface.place(surface.bounds).intersect(self._desktop).area

    def find(self, surface_id: int) -> Surface:
        """Give a surface; raises `DecodeError` where there is none of that number."""
        try:
            return self._surfaces[surface_id]
        except KeyError:
            raise DecodeError(f"no surface has the number {surface_id}") from None

    def window(self, window_id: int) -> NDArray[np.uint8] | None:
        """Copy what surfaces hold for a window now, be it half a frame; None where nothing is mapped to it."""
        for surface in self.on_windows:
            mapping = surface.mapping
            if isinstance(mapping, OnWindow) and mapping.window_id == window_id:
                return window_pixels(surface.pixels, mapping)
        return None

    def start(self, job: PipelineJob) -> Drawing:
        """Do what of a job must be done in order; what is left may be drawn later, and before what follows is.

        Raises `DecodeError` for what the document forbids, and beyond the limits; then the job has changed nothing but
        what its codec remembers.  `ResetGraphics` and `EndPipelineFrame` are noted here, and the desktop's to do.
        """
        if isinstance(job, _DRAWING) and not self.in_frame:
            self.is_due |= self.find(job.surface_id).mapping is not None
        match job:
            case DrawSurface():
                return self._codecs.start(job, self.find(job.surface_id))
            case DrawProgressive():
                return self._codecs.start_progressive(job, self.find(job.surface_id))
            case FillSurface():
                return self._start_fill(job)
            case CopySurface():
                return self._start_copy(job)
            case StoreCached():
                return self._start_store(job)
            case DrawCached():
                return self._start_cached(job)
            case _:
                self._note(job)
        return Drawing()

    def _note(self, job: PipelineJob) -> None:
        """Do a job that leaves nothing to be drawn."""
        match job:
            case CreateSurface():
                self._create(job)
            case DeleteSurface(surface_id=surface_id):
                self._delete(surface_id)
            case MapSurface(surface_id=surface_id, x=x, y=y, target=target):
                surface = self.find(surface_id)
                width, height = target or (surface.width, surface.height)
                self._map(surface, OnDesktop(x, y, width, height))
            case MapSurfaceToWindow(surface_id=surface_id, window_id=window_id, target=target):
                surface = self.find(surface_id)
                mapped = min(job.width, surface.width), min(job.height, surface.height)
                if target and not (0 < target[0] <= self.limits.surface_side >= target[1] > 0):
                    raise DecodeError(f"a window scaled to {target[0]}x{target[1]} pixels")
                self._map(surface, OnWindow(window_id, mapped, target))
            case UnmapSurface(surface_id=surface_id):
                self._unmap(self.find(surface_id))
            case EvictCached(slot=slot):
                self.cache.evict(slot)
            case ImportCached(slots=slots):
                for slot, key in slots:
                    self.cache.import_kept(slot, key)
            case BeginPipelineFrame():
                self.in_frame = True
                self._codecs.begin_frame()
            case EndPipelineFrame():
                self.in_frame = False
                self.counts.frames += 1
            case ResetGraphics(monitors=monitors):
                self.monitors = monitors
            case DeleteContext():
                # Its tiles stay for differences (3.3.1.3), and the next message may be of any context.  Contexts of
                # surfaces that were deleted are deleted too, and then once more: nothing is left to be forgotten.
                pass

    def _create(self, job: CreateSurface) -> None:
        limits, area = self.limits, job.width * job.height
        if job.surface_id in self._surfaces:
            raise DecodeError(f"surface {job.surface_id} exists already")
        if not (0 < job.width <= limits.surface_side and 0 < job.height <= limits.surface_side):
            raise DecodeError(f"a surface of {job.width}x{job.height} pixels, of at most {limits.surface_side} a side")
        if self.bytes + area * 4 > limits.surface_bytes:
            raise DecodeError(f"surfaces of {self.bytes + area * 4} bytes, of at most {limits.surface_bytes}")
        if len(self._surfaces) >= limits.surfaces:
            raise DecodeError(f"more than {limits.surfaces} surfaces")
        surface = Surface(job.surface_id, job.width, job.height, has_alpha=job.has_alpha)
        _ = surface.pixels  # made here, whose cost is known, and not by the first small thing that is drawn
        self._surfaces[job.surface_id] = surface
        self.bytes += surface.size

    def _delete(self, surface_id: int) -> None:
        surface = self.find(surface_id)
        del self._surfaces[surface_id]
        self._unmap(surface)
        self._codecs.forget(surface)
        self.bytes -= surface.size

    def _map(self, surface: Surface, mapping: OnDesktop | OnWindow) -> None:
        """Show a surface on top of the others, and all of it at the next occasion."""
        if surface.surface_id not in self._mapped and len(self._mapped) >= self.limits.shown:
            raise DecodeError(f"more than {self.limits.shown} surfaces are shown")
        self._unmap(surface)
        surface.mapping = mapping
        self._mapped[surface.surface_id] = surface
        self._cover(surface, 1)
        surface.add_damage(surface.bounds)

    def _unmap(self, surface: Surface) -> None:
        self._cover(surface, -1)
        surface.mapping = None
        self._mapped.pop(surface.surface_id, None)

    def _start_fill(self, job: FillSurface) -> Drawing:
        surface = self.find(job.surface_id)
        places = seen_of(job.rects, surface.bounds)
        self._check_overdraw(len(job.rects), places, surface)
        self.counts.fills += len(job.rects)
        color = int.from_bytes(job.color[:4], "little") | (0 if surface.has_alpha else _OPAQUE)
        return _step(surface, places, partial(_fill, surface, places, color))

    def _start_copy(self, job: CopySurface) -> Drawing:
        origin, surface = self.find(job.source_id), self.find(job.surface_id)
        _check_source(job.source, origin)
        if job.source.is_empty:
            return Drawing()
        places = self._places(surface, job.source, job.points)
        self.counts.copies += len(job.points)
        return _step(surface, places, partial(_copy, origin, surface, job.source, places))

    def _start_store(self, job: StoreCached) -> Drawing:
        surface = self.find(job.surface_id)
        _check_source(job.rect, surface)
        rect = Rect(0, 0, 0, 0) if job.rect.is_empty else job.rect
        bitmap = CachedBitmap(job.key, rect.width, rect.height, surface.has_alpha)
        self.cache.store(job.slot, bitmap)
        self.counts.stored += 1
        return Drawing([], Step(partial(_store, surface, rect, bitmap)))

    def _start_cached(self, job: DrawCached) -> Drawing:
        surface, bitmap = self.find(job.surface_id), self.cache.find(job.slot)
        places = self._places(surface, Rect(0, 0, bitmap.width, bitmap.height), job.points)
        self.counts.cache_hits += len(job.points)
        return _step(surface, places, partial(_draw_cached, surface, bitmap, places))

    def _places(self, surface: Surface, source: Rect, points: Sequence[Point]) -> list[Place]:
        """Where on a surface a bitmap is seen."""
        places = places_of(points, source.width, source.height, surface.bounds)
        self._check_overdraw(len(points), places, surface)
        return places

    def _check_overdraw(self, count: int, places: Sequence[Edges | Place], surface: Surface) -> None:
        if count > self.limits.rectangles:
            raise DecodeError(f"more than {self.limits.rectangles} rectangles")
        area = sum((right - left) * (bottom - top) for left, top, right, bottom, *_ in places)
        if area > self.limits.overdraw * surface.area:
            raise DecodeError(f"a surface of {surface.area} pixels of which {area} are drawn at once")


def _check_source(rect: Rect, surface: Surface) -> None:
    # Nobody knows what would lie there, and FreeRDP 2.11 refuses it too.
    if not surface.bounds.contains(rect):
        raise DecodeError(f"{rect} is not in a surface of {surface.width}x{surface.height} pixels")


def _step(surface: Surface, places: Sequence[Edges | Place], work: partial[None]) -> Drawing:
    """Note where a surface changes: of many places that is their bounding box, as it would be of any that are apart."""
    if len(places) > MANY:
        left, top = (min(map(itemgetter(side), places)) for side in (0, 1))
        right, bottom = (max(map(itemgetter(side), places)) for side in (2, 3))
        places = [(left, top, right, bottom)]
    for left, top, right, bottom, *_ in places:
        surface.add_damage(Rect.from_edges(left, top, right, bottom))
    return Drawing([], Step(work))


def _fill(surface: Surface, places: list[Edges], color: int) -> None:
    words = surface.words
    for left, top, right, bottom in places:
        words[top:bottom, left:right] = color


def _copy(origin: Surface, surface: Surface, source: Rect, places: list[Place]) -> None:
    pixels = origin.words[source.top : source.bottom, source.left : source.right]
    if origin is surface and len(places) > 1:
        pixels = pixels.copy()  # else the first copy may lie on what the next is made of
    _draw(surface, pixels, places, has_alpha=origin.has_alpha)


def _store(surface: Surface, rect: Rect, bitmap: CachedBitmap) -> None:
    bitmap.pixels = surface.pixels[rect.top : rect.bottom, rect.left : rect.right].copy()


def _draw_cached(surface: Surface, bitmap: CachedBitmap, places: list[Place]) -> None:
    assert bitmap.pixels is not None  # it was stored before
    if bitmap.size:
        _draw(surface, bitmap.pixels.view("<u4")[..., 0], places, has_alpha=bitmap.has_alpha)


def _draw(surface: Surface, pixels: NDArray[np.uint32], places: list[Place], *, has_alpha: bool) -> None:
    """Put pixels at places of a surface."""
    words = surface.words
    for left, top, right, bottom, x, y in places:
        target = words[top:bottom, left:right]
        # numpy sees to it that what lies upon each other is copied as if it did not.
        target[:] = pixels[y : y + bottom - top, x : x + right - left]
        if has_alpha and not surface.has_alpha:
            target |= _OPAQUE
