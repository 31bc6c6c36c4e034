"""What a server's picture becomes before it is sent: jobs that are known at once, and parts still to be encoded.

plan = encoder.begin(pixels, damage, now)
for part in plan.parts:                     # in threads, those with one `order` after each other
    part.encode()
jobs = encoder.finish(plan)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.graphics.pipeline.jobs import PipelineJob

__all__ = ["CodecCount", "FramePlan", "Part", "PipelineStatistics"]


@dataclass(slots=True)
class CodecCount:
    """What one codec has made: tiles of 64 x 64 pixels, whole or in part, bytes of bitmaps, seconds of a processor."""

    tiles: int = 0
    bytes: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class PipelineStatistics:
    """What an encoder has done so far."""

    codecs: dict[BitmapCodec, CodecCount] = field(default_factory=dict)
    tiles_sent: int = 0
    """Tiles, whole or in part, that went out in any way but refinement."""
    fills: int = 0
    """Rectangles of one colour."""
    copies: int = 0
    """Moved rectangles."""
    cache_stores: int = 0
    cache_hits: int = 0
    cache_evictions: int = 0
    cached: int = 0
    """Bitmaps that the client keeps now."""
    refined_tiles: int = 0
    """Tiles that were sent again in better quality."""
    video_pictures: int = 0
    videos: int = 0
    """Areas that go as video now."""


@dataclass(slots=True, eq=False)
class Part:
    """A piece of encoding: it may be done in any thread, and `jobs` is what comes of it."""

    codec: BitmapCodec
    tiles: int
    pixels: int
    """How many there are to encode; what the piece costs grows with it."""
    order: str | None
    """Parts with one key must be encoded one after the other, in the order of the plan; those without, need not."""
    work: Callable[[], list[PipelineJob]]
    clock: Callable[[], float]
    jobs: list[PipelineJob] = field(default_factory=list)
    seconds: float = 0.0
    refines: bool = False

    def encode(self) -> None:
        """Do it, once; never fails for what pixels are."""
        started = self.clock()
        self.jobs = self.work()
        self.seconds = self.clock() - started


@dataclass(slots=True, eq=False)
class FramePlan:
    """One picture: `before`, what comes of the `parts`, and `after`, to be carried out in this order."""

    before: list[PipelineJob] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    after: list[PipelineJob] = field(default_factory=list)
    frames: list[list[PipelineJob]] = field(default_factory=list)
    """Set by `PipelineEncoder.finish`: its jobs, in one frame or two.

    Two where the client takes no H.264 in one frame with other codecs: before version 10.4 of [MS-RDPEGFX] none, and
    none in 4:4:4.
    """

    @property
    def is_empty(self) -> bool:
        """Whether the client shows everything already: nothing will come of it."""
        return not (self.before or self.parts or self.after)

    @property
    def pixels(self) -> int:
        """How many pixels there are to encode."""
        return sum(part.pixels for part in self.parts)
