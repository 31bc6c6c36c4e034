"""What a display tells of its work: `DisplayStatistics`, and `GraphicsStatistics` of the graphics pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from trio_rdp.channels.rdpgfx.capabilities import CapabilityVersion as GraphicsVersion
from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.picture_sender import CodecStatistics
from trio_rdp.writer import LaneStatistics

__all__ = ["DisplayStatistics", "GraphicsStatistics", "added"]


@dataclass(frozen=True, slots=True)
class GraphicsStatistics:
    """What went through the graphics pipeline, and at what pace; times in seconds.

    What is counted is of the whole session, however often the client opens the channel or begins anew.  The rest is of
    now: nothing is known of it, and nothing waits, while the classic road carries the picture.
    """

    version: GraphicsVersion | None
    """The capability set that the client and we agreed on; None while the classic road carries the picture."""
    frames: int
    """Frames that were sent; refinements are some of them."""
    acknowledged: int
    """Those of them that the client has said it shows."""
    merged: int
    """Frames of the program, some of `DisplayStatistics.frames`, that the client never showed by themselves.

    The line was too slow for all that had changed, and the rest of it went later, together with the next one.  Those
    that were drawn while the client wanted no output are not among them.
    """
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

    def after(self, earlier: GraphicsStatistics) -> GraphicsStatistics:
        """Give these, with what was counted earlier in the session."""
        return replace(
            self,
            frames=self.frames + earlier.frames,
            acknowledged=self.acknowledged + earlier.acknowledged,
            merged=self.merged + earlier.merged,
            refinements=self.refinements + earlier.refinements,
            bytes=self.bytes + earlier.bytes,
            strange_acknowledgements=self.strange_acknowledgements + earlier.strange_acknowledgements,
            fills=self.fills + earlier.fills,
            copies=self.copies + earlier.copies,
            cache_hits=self.cache_hits + earlier.cache_hits,
            refined_tiles=self.refined_tiles + earlier.refined_tiles,
        )

    def closed(self) -> GraphicsStatistics:
        """Give what was counted, of a pipeline that carries the picture no more."""
        return replace(
            self,
            version=None,
            unacknowledged=0,
            most_unacknowledged=0,
            is_suspended=False,
            queue_depth=0,
            round_trip=None,
            bandwidth=None,
            percent=100,
        )


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
    """Of the graphics pipeline; None as long as bitmap updates and surface commands have carried everything."""


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
