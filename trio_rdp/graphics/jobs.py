"""Paint jobs: what the peer told us to draw, in wire order, not yet decoded.

The active session turns graphics PDUs into jobs; `DecodedImage.apply` runs them, in whichever thread the driver likes,
but one after another and in their order.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.graphics.geometry import Rect
from trio_rdp.pdu.bitmap import BitmapData, BitmapFlags, BitmapUpdate
from trio_rdp.pdu.bitmap_codecs import CodecId
from trio_rdp.pdu.palette import PaletteUpdate
from trio_rdp.pdu.surface import (
    FrameAction,
    FrameMarkerCommand,
    SetSurfaceBitsCommand,
    StreamSurfaceBitsCommand,
    SurfaceCommands,
)

__all__ = [
    "CODECS",
    "BeginFrame",
    "Compression",
    "DrawBitmap",
    "DrawSurfaceBits",
    "EndFrame",
    "PaintJob",
    "ResetCodecs",
    "SetPalette",
    "jobs_from_bitmap_update",
    "jobs_from_palette_update",
    "jobs_from_surface_commands",
]


_PIXELS_PER_BYTE = 8

CODECS: Final = {
    int(CodecId.NONE): BitmapCodec.RAW,
    int(CodecId.NSCODEC): BitmapCodec.NSCODEC,
    int(CodecId.REMOTEFX): BitmapCodec.REMOTEFX,
    int(CodecId.QOI): BitmapCodec.QOI,
    int(CodecId.QOIZ): BitmapCodec.QOIZ,
}
"""The codecs of surface bits, by the numbers that our clients give them."""


class Compression(enum.Enum):
    """How the pixels of a `DrawBitmap` are stored."""

    RAW = "raw"
    INTERLEAVED = "interleaved"
    PLANAR = "planar"


@dataclass(frozen=True, slots=True)
class DrawBitmap:
    """Draw one bitmap of a bitmap update.

    The bitmap has `width` x `height` pixels; what of it fits `rect` is shown, from its top left corner.
    """

    rect: Rect
    width: int
    height: int
    bits_per_pixel: int
    compression: Compression
    data: bytes

    @property
    def cost(self) -> int:
        """About how many pixels there are to decode."""
        return self.width * self.height

    @property
    def codec(self) -> BitmapCodec:
        """What decodes it."""
        return BitmapCodec(self.compression.value)


@dataclass(frozen=True, slots=True)
class DrawSurfaceBits:
    """Draw the bitmap of a surface command; `codec_id` is the number that the client gave its codec, 0 for none."""

    rect: Rect
    width: int
    height: int
    bits_per_pixel: int
    codec_id: int
    data: bytes

    @property
    def cost(self) -> int:
        """About how many pixels there are to decode."""
        pixels = self.width * self.height
        # RemoteFX may bring more tiles than a bitmap of this size has; usual ones take 300 to 800 bytes.
        return max(pixels, len(self.data) * _PIXELS_PER_BYTE) if self.is_divisible else pixels

    @property
    def codec(self) -> BitmapCodec | None:
        """What decodes it; None where nothing does."""
        return CODECS.get(self.codec_id)

    @property
    def is_divisible(self) -> bool:
        """Whether its tiles may be drawn in several threads at once."""
        return self.codec_id == CodecId.REMOTEFX


@dataclass(frozen=True, slots=True)
class SetPalette:
    """From now on, 8-bit pixels mean these colours.  What was drawn stays as it is.

    `entries` are triplets of red, green and blue, from entry 0 on; entries that are not there keep their colour.
    """

    entries: bytes

    @property
    def cost(self) -> int:
        """Nothing to decode."""
        return 0


@dataclass(frozen=True, slots=True)
class ResetCodecs:
    """What the codecs of surface bits remember is void: the peer's side begins anew, as after a reactivation."""

    @property
    def cost(self) -> int:
        """Nothing to decode."""
        return 0


@dataclass(frozen=True, slots=True)
class BeginFrame:
    """What follows, up to the `EndFrame`, is to be shown at once."""

    frame_id: int

    @property
    def cost(self) -> int:
        """Nothing to decode."""
        return 0


@dataclass(frozen=True, slots=True)
class EndFrame:
    """The frame is complete, and may be acknowledged once it is drawn."""

    frame_id: int

    @property
    def cost(self) -> int:
        """Nothing to decode."""
        return 0


PaintJob = DrawBitmap | DrawSurfaceBits | SetPalette | ResetCodecs | BeginFrame | EndFrame


def jobs_from_bitmap_update(update: BitmapUpdate) -> list[PaintJob]:
    """Give the jobs of a bitmap update, in order."""
    return [_draw_bitmap(bitmap) for bitmap in update.rectangles]


def _draw_bitmap(bitmap: BitmapData) -> DrawBitmap:
    data, compression = bitmap.bitmap_data_stream, Compression.RAW
    if bitmap.flags & BitmapFlags.BITMAP_COMPRESSION:
        compression = Compression.PLANAR if bitmap.bits_per_pixel == 32 else Compression.INTERLEAVED
        if bitmap.bitmap_compr_hdr is not None:
            data = data[: bitmap.bitmap_compr_hdr.cb_comp_main_body_size]
    return DrawBitmap(
        # The bounds are inclusive; in the wrong order they show nothing.
        rect=Rect.from_edges(bitmap.dest_left, bitmap.dest_top, bitmap.dest_right + 1, bitmap.dest_bottom + 1),
        width=bitmap.width,
        height=bitmap.height,
        bits_per_pixel=bitmap.bits_per_pixel,
        compression=compression,
        data=data,
    )


def jobs_from_palette_update(update: PaletteUpdate) -> list[PaintJob]:
    """Give the job of a palette update."""
    return [SetPalette(update.palette_entries)]


def jobs_from_surface_commands(update: SurfaceCommands) -> list[PaintJob]:
    """Give the jobs of an update of surface commands, in order; commands of unknown types have none."""
    jobs: list[PaintJob] = []
    for command in update.surface_commands:
        match command:
            case SetSurfaceBitsCommand() | StreamSurfaceBitsCommand():
                bitmap = command.bitmap_data
                jobs.append(
                    DrawSurfaceBits(
                        # destRight and destBottom "SHOULD be ignored" ([MS-RDPBCGR] 2.2.9.2.1).
                        rect=Rect(command.dest_left, command.dest_top, bitmap.width, bitmap.height),
                        width=bitmap.width,
                        height=bitmap.height,
                        bits_per_pixel=bitmap.bpp,
                        codec_id=bitmap.codec_id,
                        data=bitmap.bitmap_data,
                    )
                )
            case FrameMarkerCommand(frame_action=FrameAction.BEGIN):
                jobs.append(BeginFrame(command.frame_id))
            case FrameMarkerCommand(frame_action=FrameAction.END):
                jobs.append(EndFrame(command.frame_id))
            case _:
                pass
    return jobs
