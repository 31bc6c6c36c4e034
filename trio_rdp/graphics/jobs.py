"""Paint jobs: what the peer told us to draw, in wire order, not yet decoded.

The active session turns graphics PDUs into jobs, and the graphics pipeline's channel has jobs of its own, in
`pipeline.jobs`; `DecodedImage.apply` runs them, in whichever thread the driver likes, but one after another and in
their order.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.graphics.pipeline.bitmap_cache import CachedBitmap
from trio_rdp.graphics.pipeline.jobs import PipelineJob
from trio_rdp.graphics.pipeline.limits import PipelineLimits
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
    "ClassicJob",
    "Compression",
    "DrawBitmaps",
    "DrawSurfaceBits",
    "EndFrame",
    "PaintJob",
    "ResetCodecs",
    "ResetPipeline",
    "SetPalette",
    "jobs_from_bitmap_update",
    "jobs_from_palette_update",
    "jobs_from_surface_commands",
]


_PIXELS_PER_BYTE = 8
_MOST_PIXELS: Final = 1 << 18
"""Of the bitmaps of one job, if it has more than one: a part of a millisecond's work."""

CODECS: Final = {
    int(CodecId.NONE): BitmapCodec.RAW,
    int(CodecId.NSCODEC): BitmapCodec.NSCODEC,
    int(CodecId.REMOTEFX): BitmapCodec.REMOTEFX,
    int(CodecId.QOI): BitmapCodec.QOI,
    int(CodecId.QOIZ): BitmapCodec.QOIZ,
}
"""The codecs of surface bits, by the numbers that our clients give them."""


class Compression(enum.Enum):
    """How the pixels of `DrawBitmaps` are stored."""

    RAW = "raw"
    INTERLEAVED = "interleaved"
    PLANAR = "planar"


@dataclass(frozen=True, slots=True)
class DrawBitmaps:
    """Draw bitmaps of a bitmap update, one over the other: all of them of one depth, and stored in the same way.

    What of a bitmap fits its bounds is shown, from its top left corner.
    """

    bitmaps: list[BitmapData]
    compression: Compression
    bits_per_pixel: int

    @property
    def cost(self) -> int:
        """About how many pixels there are to decode."""
        return sum(bitmap.width * bitmap.height for bitmap in self.bitmaps)

    @property
    def size(self) -> int:
        """Bytes of the bitmaps."""
        return sum(len(bitmap.bitmap_data_stream) for bitmap in self.bitmaps)

    @property
    def count(self) -> int:
        """How many bitmaps there are."""
        return len(self.bitmaps)

    @property
    def codec(self) -> BitmapCodec:
        """What decodes them."""
        return BitmapCodec(self.compression.value)


@dataclass(frozen=True, slots=True)
class DrawSurfaceBits:
    """Draw the bitmaps of surface commands, one over the other: all of them in one codec; of RemoteFX it is only one.

    `codec_id` is the number that the client gave the codec, 0 for none.
    """

    commands: list[SetSurfaceBitsCommand | StreamSurfaceBitsCommand]
    codec_id: int

    @property
    def cost(self) -> int:
        """About how many pixels there are to decode."""
        if self.codec_id == CodecId.REMOTEFX:
            # A message is as large as the desktop, however few tiles it brings; usual ones take 300 to 800 bytes.
            return self.size * _PIXELS_PER_BYTE
        return sum(command.bitmap_data.width * command.bitmap_data.height for command in self.commands)

    @property
    def size(self) -> int:
        """Bytes of the bitmaps."""
        return sum(len(command.bitmap_data.bitmap_data) for command in self.commands)

    @property
    def count(self) -> int:
        """How many bitmaps there are."""
        return len(self.commands)

    @property
    def codec(self) -> BitmapCodec | None:
        """What decodes them; None where nothing does."""
        return CODECS.get(self.codec_id)


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


@dataclass(frozen=True, slots=True)
class ResetPipeline:
    """The graphics pipeline begins, or begins anew: without surfaces and contexts, and with an empty cache.

    It stands where a server's capabilities were confirmed, and where the channel was closed.  The desktop keeps its
    picture.  `kept` are the bitmaps of earlier sessions that were offered for `ImportCached`, by their keys.
    """

    limits: PipelineLimits = PipelineLimits()
    kept: Mapping[int, CachedBitmap] = field(default_factory=dict)

    @property
    def cost(self) -> int:
        """Nothing to decode."""
        return 0


ClassicJob: TypeAlias = DrawBitmaps | DrawSurfaceBits | SetPalette | ResetCodecs | BeginFrame | EndFrame
"""What updates of [MS-RDPBCGR] bring."""

PaintJob: TypeAlias = ClassicJob | ResetPipeline | PipelineJob
"""What a picture is told to do: `ClassicJob`s, and those of the graphics pipeline's channel."""


def jobs_from_bitmap_update(update: BitmapUpdate) -> list[ClassicJob]:
    """Give the jobs of a bitmap update, in order."""
    jobs: list[ClassicJob] = []
    kind: tuple[Compression, int] | None = None
    room = 0
    bitmaps: list[BitmapData] = []
    for bitmap in update.rectangles:
        pixels = bitmap.width * bitmap.height
        found = _compression(bitmap), bitmap.bits_per_pixel
        if found != kind or pixels > room:
            kind, room, bitmaps = found, _MOST_PIXELS, []
            jobs.append(DrawBitmaps(bitmaps, *found))
        bitmaps.append(bitmap)
        room -= pixels
    return jobs


def _compression(bitmap: BitmapData) -> Compression:
    if not bitmap.flags & BitmapFlags.BITMAP_COMPRESSION:
        return Compression.RAW
    return Compression.PLANAR if bitmap.bits_per_pixel == 32 else Compression.INTERLEAVED


def jobs_from_palette_update(update: PaletteUpdate) -> list[ClassicJob]:
    """Give the job of a palette update."""
    return [SetPalette(update.palette_entries)]


def jobs_from_surface_commands(update: SurfaceCommands) -> list[ClassicJob]:
    """Give the jobs of an update of surface commands, in order; commands of unknown types have none."""
    jobs: list[ClassicJob] = []
    codec_id, room = -1, 0
    commands: list[SetSurfaceBitsCommand | StreamSurfaceBitsCommand] = []
    for command in update.surface_commands:
        match command:
            case SetSurfaceBitsCommand(bitmap_data=bitmap) | StreamSurfaceBitsCommand(bitmap_data=bitmap):
                pixels = bitmap.width * bitmap.height
                if bitmap.codec_id != codec_id or pixels > room or codec_id == CodecId.REMOTEFX:
                    codec_id, room, commands = bitmap.codec_id, _MOST_PIXELS, []
                    jobs.append(DrawSurfaceBits(commands, codec_id))
                commands.append(command)
                room -= pixels
                continue
            case FrameMarkerCommand(frame_action=FrameAction.BEGIN):
                jobs.append(BeginFrame(command.frame_id))
            case FrameMarkerCommand(frame_action=FrameAction.END):
                jobs.append(EndFrame(command.frame_id))
            case _:
                pass
        codec_id = -1
    return jobs
