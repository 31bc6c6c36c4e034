"""Pipeline jobs: what a server of the graphics pipeline has its client do with surfaces, [MS-RDPEGFX] 2.2.2.

Both roles speak in these.  A client's machine makes them of messages and its surfaces carry them out, in their order;
a server's encoder makes them of a picture and its machine puts them into messages.  They hold what is on the wire and
nothing is checked yet but that it could be read: whether a surface exists is for who carries them out to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.graphics.geometry import Rect
from trio_rdp.wire.numbers import OpenEnum

__all__ = [
    "BITMAP_CODECS",
    "BeginPipelineFrame",
    "CopySurface",
    "CreateSurface",
    "DeleteContext",
    "DeleteSurface",
    "DrawCached",
    "DrawProgressive",
    "DrawSurface",
    "EndPipelineFrame",
    "EvictCached",
    "FillSurface",
    "ImportCached",
    "MapSurface",
    "MapSurfaceToWindow",
    "MonitorArea",
    "PipelineCodec",
    "PipelineJob",
    "Point",
    "ResetGraphics",
    "StoreCached",
    "UnmapSurface",
]

Point: TypeAlias = tuple[int, int]
"""x and y, in pixels."""


class PipelineCodec(OpenEnum):
    """How a bitmap of `DrawSurface` is stored (codecId), [MS-RDPEGFX] 2.2.2.1."""

    UNCOMPRESSED = 0x0000
    REMOTEFX = 0x0003
    CLEARCODEC = 0x0008
    PLANAR = 0x000A
    AVC420 = 0x000B
    ALPHA = 0x000C
    AVC444 = 0x000E
    AVC444V2 = 0x000F

    @property
    def is_avc444(self) -> bool:
        """Whether it is H.264 in 4:4:4, in either form."""
        return self in _AVC444

    @property
    def is_avc(self) -> bool:
        """Whether it is H.264."""
        return self in _AVC444 or self is PipelineCodec.AVC420


_AVC444: Final = frozenset((PipelineCodec.AVC444, PipelineCodec.AVC444V2))


BITMAP_CODECS: Final = {
    PipelineCodec.UNCOMPRESSED: BitmapCodec.RAW,
    PipelineCodec.REMOTEFX: BitmapCodec.REMOTEFX,
    PipelineCodec.CLEARCODEC: BitmapCodec.CLEARCODEC,
    PipelineCodec.PLANAR: BitmapCodec.PLANAR,
    PipelineCodec.AVC420: BitmapCodec.AVC420,
    PipelineCodec.ALPHA: BitmapCodec.ALPHA,
    PipelineCodec.AVC444: BitmapCodec.AVC444,
    PipelineCodec.AVC444V2: BitmapCodec.AVC444,
}
"""What the codecs are called in statistics and in configurations."""


@dataclass(frozen=True, slots=True)
class MonitorArea:
    """One monitor of `ResetGraphics`: its place on the desktop, whose upper left corner may be at negative numbers."""

    rect: Rect
    is_primary: bool = False


@dataclass(frozen=True, slots=True)
class ResetGraphics:
    """The desktop has another size, and other monitors (at most 16)."""

    width: int
    height: int
    monitors: tuple[MonitorArea, ...] = ()


@dataclass(frozen=True, slots=True)
class CreateSurface:
    """Make a surface; `has_alpha` says that the fourth byte of its pixels is opacity (PIXEL_FORMAT_ARGB_8888)."""

    surface_id: int
    width: int
    height: int
    has_alpha: bool = False


@dataclass(frozen=True, slots=True)
class DeleteSurface:
    """Forget a surface, with its codec contexts."""

    surface_id: int


@dataclass(frozen=True, slots=True)
class MapSurface:
    """Show a surface on the desktop from `x`, `y`; scaled to `target` (width, height) where that is not None."""

    surface_id: int
    x: int
    y: int
    target: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class MapSurfaceToWindow:
    """Show a surface in a window of a remote program, of which it covers `width` x `height`; scaled where `target`."""

    surface_id: int
    window_id: int
    width: int
    height: int
    target: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class UnmapSurface:
    """Show a surface nowhere any more (a mapping to the window 0 on the wire)."""

    surface_id: int


@dataclass(frozen=True, slots=True)
class DrawSurface:
    """Draw a bitmap on a surface (RDPGFX_WIRE_TO_SURFACE_PDU_1); `rect` is where, and how large the bitmap is."""

    surface_id: int
    codec: PipelineCodec
    rect: Rect
    data: bytes
    has_alpha: bool = False


@dataclass(frozen=True, slots=True)
class DrawProgressive:
    """Draw a message of RemoteFX Progressive on a surface, in one of its codec contexts (..._WIRE_TO_SURFACE_PDU_2)."""

    surface_id: int
    context_id: int
    data: bytes
    has_alpha: bool = False


@dataclass(frozen=True, slots=True)
class DeleteContext:
    """Forget a codec context of a surface."""

    surface_id: int
    context_id: int


@dataclass(frozen=True, slots=True)
class FillSurface:
    """Fill rectangles with one colour, the bytes B, G, R and opacity; a tuple of them, or `PackedRects` of many."""

    surface_id: int
    color: bytes
    rects: Sequence[Rect]


@dataclass(frozen=True, slots=True)
class CopySurface:
    """Copy a rectangle of a surface to points of another, or the same: there are its upper left corners then.

    `points` is a tuple, or `PackedPoints` of many; so it is with `DrawCached`.
    """

    source_id: int
    surface_id: int
    source: Rect
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class StoreCached:
    """Keep a rectangle of a surface in a slot of the bitmap cache, of which slot 1 is the first.

    `key` names the bitmap beyond this session.
    """

    surface_id: int
    key: int
    slot: int
    rect: Rect


@dataclass(frozen=True, slots=True)
class DrawCached:
    """Draw a bitmap of the cache at points of a surface."""

    slot: int
    surface_id: int
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class EvictCached:
    """Empty a slot of the cache."""

    slot: int


@dataclass(frozen=True, slots=True)
class ImportCached:
    """Fill slots of the cache with what a client has kept of earlier sessions: (slot, key) of each."""

    slots: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class BeginPipelineFrame:
    """What follows, up to the `EndPipelineFrame`, is to be shown at once.  `timestamp` is the server's, as sent."""

    frame_id: int
    timestamp: int = 0


@dataclass(frozen=True, slots=True)
class EndPipelineFrame:
    """The frame is complete, and may be acknowledged once it is drawn."""

    frame_id: int


PipelineJob: TypeAlias = (
    ResetGraphics
    | CreateSurface
    | DeleteSurface
    | MapSurface
    | MapSurfaceToWindow
    | UnmapSurface
    | DrawSurface
    | DrawProgressive
    | DeleteContext
    | FillSurface
    | CopySurface
    | StoreCached
    | DrawCached
    | EvictCached
    | ImportCached
    | BeginPipelineFrame
    | EndPipelineFrame
)
