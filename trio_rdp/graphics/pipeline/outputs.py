"""`Outputs`: the surfaces of a desktop of several monitors, each of which shows its part of the surface `MAIN`.

Microsoft's clients for Windows (10) and macOS draw a surface that covers several monitors into each of them, as users
of xrdp saw in 2021 and 2024 (neutrinolabs/xrdp#1422, #2871).  Since then xrdp (0.10) maps one to each monitor, as
gnome-remote-desktop (48.1) does.  `MAIN` is then shown nowhere: it stays what everything is encoded for, and what a
frame draws there is copied, at its end, to the monitors that show it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from trio_rdp.codecs import progressive_blocks, rfx_messages
from trio_rdp.codecs.avc_frames import Avc420BitmapStream, Avc444BitmapStream
from trio_rdp.graphics.differences import TILE
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.decision import MAIN
from trio_rdp.graphics.pipeline.jobs import (
    CopySurface,
    CreateSurface,
    DeleteSurface,
    DrawCached,
    DrawProgressive,
    DrawSurface,
    FillSurface,
    MapSurface,
    MonitorArea,
    PipelineCodec,
    PipelineJob,
)
from trio_rdp.graphics.region import Region
from trio_rdp.wire.cursor import Cursor

__all__ = ["Outputs"]

_FIRST: Final = MAIN + 1

_MOST_COPIES: Final = 32
"""Rectangles of a monitor in one frame; more become the one around them."""
_MOST_RECTS: Final = 1024  # of 16 monitors, however they lie
_MOST_PIXELS: Final = 3 << 24
"""Of all these surfaces: three quarters of what clients such as ours keep (256 MiB); three 4K monitors have as many."""


class Outputs:
    """The surfaces of one desktop, `bounds`, with these monitors; none where `MAIN` itself is shown.

    It is where there is one monitor, and where monitors overlap, are not the desktop, or would take too much memory.
    """

    def __init__(self, bounds: Rect, monitors: Sequence[MonitorArea] = ()) -> None:
        self._places = dict(enumerate(_places(bounds, [one.rect for one in monitors]), _FIRST))

    def setup(self) -> list[PipelineJob]:
        """Give what shows the desktop, once `MAIN` is there."""
        if not self._places:
            return [MapSurface(MAIN, 0, 0)]
        jobs: list[PipelineJob] = [CreateSurface(one, place.width, place.height) for one, place in self._places.items()]
        return [*jobs, *(MapSurface(one, place.left, place.top) for one, place in self._places.items())]

    def delete(self) -> list[PipelineJob]:
        """Give what deletes the surfaces."""
        return [DeleteSurface(one) for one in self._places]

    def copies(self, jobs: Iterable[PipelineJob]) -> list[PipelineJob]:
        """Give what shows what the jobs of a frame draw, to be carried out behind them in this frame."""
        if not self._places:
            return []
        regions = {one: Region(limit=_MOST_COPIES) for one in self._places}
        for job in jobs:
            for rect in _drawn(job):
                for one, place in self._places.items():
                    regions[one].add(rect.intersect(place))
        return [
            CopySurface(MAIN, one, rect, ((rect.left - place.left, rect.top - place.top),))
            for one, place in self._places.items()
            for rect in regions[one].rects
        ]


def _places(bounds: Rect, monitors: list[Rect]) -> list[Rect]:
    """Where monitors with surfaces of their own are on the desktop, whose upper left corner is 0, 0 here.

    Their own numbers begin at the primary one's corner ([MS-RDPBCGR] 2.2.1.3.6.1), and may be negative.
    """
    if len(monitors) < 2 or any(one.is_empty for one in monitors):
        return []
    left, top = min(one.left for one in monitors), min(one.top for one in monitors)
    places = [one.moved(-left, -top) for one in monitors]
    whole = Region(limit=_MOST_RECTS)
    for one in places:
        whole.add(one)
    pixels = sum(one.area for one in places)
    is_desktop = whole.extents == bounds and whole.area == pixels
    return places if is_desktop and bounds.area + pixels <= _MOST_PIXELS else []


def _drawn(job: PipelineJob) -> Iterable[Rect]:
    """Where a job draws on `MAIN`, or more than that."""
    if getattr(job, "surface_id", MAIN) != MAIN:
        return ()
    match job:
        case FillSurface(rects=rects):
            return rects
        case CopySurface(source=source, points=points):
            return [Rect(x, y, source.width, source.height) for x, y in points]
        case DrawCached(points=points):
            return [Rect(x, y, TILE, TILE) for x, y in points]
        case DrawProgressive(data=data):
            return _of_progressive(data)
        case DrawSurface(codec=PipelineCodec.REMOTEFX, data=data):
            return _of_remotefx(data)
        case DrawSurface(codec=codec, data=data) if codec.is_avc:
            return _of_avc(codec, data)
        case DrawSurface(rect=rect):
            return (rect,)
        case _:
            return ()


def _of_progressive(data: bytes) -> Iterable[Rect]:
    src = Cursor(data)
    while src.remaining:
        kind, block = progressive_blocks.next_block(src)
        if kind == progressive_blocks.BlockType.REGION:
            yield from (Rect(*rect) for rect in progressive_blocks.RegionHead.decode_from(block).rects)


def _of_remotefx(data: bytes) -> Iterable[Rect]:
    src = Cursor(data)
    while src.remaining:
        kind, block = rfx_messages.read_block(src)
        if kind == rfx_messages.BlockType.REGION:
            for rect in rfx_messages.RfxRegion.decode_from(block).rects:
                yield Rect(rect.x, rect.y, rect.width, rect.height)


def _of_avc(codec: PipelineCodec, data: bytes) -> Iterable[Rect]:
    if codec.is_avc444:
        both = Avc444BitmapStream.decode(data)
        views = [both.avc420_encoded_bitstream1, both.avc420_encoded_bitstream2]
    else:
        views = [Avc420BitmapStream.decode(data)]
    for view in views:
        if view is not None:
            yield from (Rect.from_edges(*rect) for rect in view.avc420_meta_data.region_rects)
