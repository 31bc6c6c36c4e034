"""What a display tells of its work: `DisplayStatistics`, and `GraphicsStatistics` of the graphics pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trio_rdp.channels.rdpgfx.capabilities import CapabilityVersion as GraphicsVersion
from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.picture_sender import CodecStatistics
from trio_rdp.writer import LaneStatistics

__all__ = ["DisplayStatistics", "GraphicsStatistics", "added"]


@dataclass(frozen=True, slots=True)
class GraphicsStatistics:
    """What went through the graphics pipeline, and at what pace; times in seconds."""

    version: GraphicsVersion
    """The capability set that the client and we agreed on."""
    frames: int
    """Frames that were sent; refinements are some of them."""
    acknowledged: int
    """Those of them that the client has said it shows."""
    merged: int
    """Frames that took a part of what had changed, as the line is too slow for all of it at once: the rest goes later,
    with what changes meanwhile.  `DisplayStatistics.frames` says how many the program drew."""
    refinements: int
    """Frames that only made better what was shown."""
    bytes: int
    """Of all messages, compressed."""
    unacknowledged: int
    most_unacknowledged: int
    """How many frames may wait for their acknowledgement now."""
    is_suspended: bool
    """Whether the client has asked to send no acknowledgements."""
    queue_depth: int
    """Bytes that the client has said wait to be decoded there."""
    strange_acknowledgements: int
    """Those for frames that did not wait for one."""
    round_trip: float | None
    """Between a frame and its acknowledgement, at best of late."""
    bandwidth: float | None
    """Bytes per second that the line was seen to carry."""
    percent: int
    """How much of `Display.quality` the line affords, 1 to 100."""
    fills: int
    """Rectangles of one colour."""
    copies: int
    """Rectangles that had moved."""
    cache_hits: int
    """Bitmaps that the client had kept."""
    refined_tiles: int


@dataclass(frozen=True, slots=True)
class DisplayStatistics:
    """What a display has sent, and what it waited for."""

    frames: int
    """Frames that a program has drawn."""
    frames_unsent: int
    """Those of them that were drawn while the client wanted no output."""
    tiles_sent: int
    """Tiles, whole or in part."""
    tiles_unchanged: int
    """Tiles that were drawn on and look as before."""
    bytes_encoded: int
    """Before bulk compression; `ServerSession.statistics` says what became of them."""
    codecs: dict[BitmapCodec, CodecStatistics]
    """Tiles, bytes and seconds of each codec that was used."""
    waits: int
    """How often a frame waited for the socket, or for acknowledgements."""
    unacknowledged: int
    """Frames that the client has yet to acknowledge."""
    late_acknowledgements: int
    """Frames that were not acknowledged within `Limits.frame_acknowledgement`."""
    resizes: int
    graphics: LaneStatistics
    """The lane in which encoded updates wait for the socket."""
    pipeline: GraphicsStatistics | None = None
    """Of the graphics pipeline, while that carries the picture; None while bitmap updates and surface commands do."""


def added(
    one: Mapping[BitmapCodec, CodecStatistics], other: Mapping[BitmapCodec, CodecStatistics]
) -> dict[BitmapCodec, CodecStatistics]:
    """Give new counts, of both together."""
    total: dict[BitmapCodec, CodecStatistics] = {}
    for counts in (one, other):
        for codec, count in counts.items():
            sum_of = total.setdefault(codec, CodecStatistics())
            sum_of.tiles += count.tiles
            sum_of.bytes += count.bytes
            sum_of.seconds += count.seconds
    return total
