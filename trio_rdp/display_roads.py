"""`DisplayRoads`: the two roads that a picture can take to a client, and the change from one to the other.

Bitmap updates and surface commands every client takes.  The graphics pipeline is better, where the client opens its
channel: from then on it carries everything, and nothing goes by the first road, until the channel is closed.
"""

from __future__ import annotations

from collections.abc import Sequence

import trio

from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.display_statistics import GraphicsStatistics, added
from trio_rdp.graphics.pipeline.jobs import MonitorArea
from trio_rdp.graphics_sender import GraphicsSender
from trio_rdp.level import Level
from trio_rdp.picture_sender import CodecStatistics, PictureSender
from trio_rdp.pixel_sender import PixelSender

__all__ = ["DisplayRoads"]


class DisplayRoads:
    """Knows which road is in use; `change` is for who has the display's turn."""

    def __init__(self, pixels: PixelSender, level: Level) -> None:
        self.pixels = pixels
        self.pipeline: GraphicsSender | None = None
        self.codec: BitmapCodec | None = None
        """What the program wants everything in; a road that does not have it chooses by itself."""
        self._level = level
        self._next: GraphicsSender | None = None
        self._expected_until: float | None = None
        self._expects = False
        self._counted: dict[BitmapCodec, CodecStatistics] = {}  # of pipelines that are closed
        self._before: GraphicsStatistics | None = None
        self._tiles_sent = self._tiles_unchanged = self._bytes = self._late = 0

    @property
    def sender(self) -> PictureSender:
        """Who sends now."""
        return self.pixels if self.pipeline is None else self.pipeline

    @property
    def latest_pipeline(self) -> GraphicsSender | None:
        """The pipeline that the client speaks of, which may be yet to take over."""
        return self.pipeline if self._next is None else self._next

    # The pipeline's coming and going.

    def expect(self) -> None:
        """The client was asked for the pipeline, and may well have it."""
        self._expects = True

    def open(self, sender: GraphicsSender) -> None:
        """The pipeline is there, or the client has begun it anew."""
        if self.pipeline is not None:
            self.pipeline.end()
        self._expects = False
        self._next = sender

    def close(self) -> None:
        """The pipeline is closed, or will not come."""
        self._expects = False
        self._next = None
        if self.pipeline is not None:
            self.pipeline.end()

    async def wait_expected(self, seconds: float) -> None:
        """Wait for a pipeline that may come, for so long since the first call: a picture sent before is sent twice."""
        if self._expects and self._expected_until is None:
            self._expected_until = trio.current_time() + seconds
        while self._expects and self._expected_until is not None:
            with trio.move_on_at(self._expected_until) as scope:
                await self._level.wait_beyond(self._level.count)
            if scope.cancelled_caught:
                self._expects = False

    @property
    def is_changing(self) -> bool:
        """Whether `change` has something to do."""
        return self._next is not None or (self.pipeline is not None and self.pipeline.is_over)

    async def change(self, width: int, height: int, monitors: Sequence[MonitorArea]) -> None:
        """Take the other road, for a picture of this size; everything is to be sent anew then.

        Cancelling leaves it at the one before.
        """
        if self.pipeline is not None and self.pipeline.is_over:
            self._leave_pipeline(self.pipeline)
        if self._next is not None:
            quality, hints = self.sender.quality, self.sender.hints
            await self.sender.settle()
            sender, self._next = self._next, None
            if sender is not None:  # it may have closed meanwhile
                sender.begin(width, height, monitors)
                sender.quality, sender.hints = quality, hints
                self.pipeline = sender
        self.choose()

    def _leave_pipeline(self, gone: GraphicsSender) -> None:
        if (statistics := self.statistics()) is not None:
            self._before = statistics.closed()
        self._counted = added(self._counted, gone.codecs)
        self._tiles_sent += gone.tiles_sent
        self._tiles_unchanged += gone.tiles_unchanged
        self._bytes += gone.bytes_encoded
        self._late += gone.late_acknowledgements
        self.pixels.quality = gone.quality
        self.pixels.forget(None)
        self.pipeline = None

    def choose(self) -> None:
        """Apply `codec` to who sends now, if it has that."""
        self.sender.codec = self.codec if self.codec in self.sender.usable_codecs else None

    def set_quality(self, quality: Quality) -> None:
        """Set the quality, on both roads."""
        self.pixels.quality = self.sender.quality = quality

    # What both have done.

    def statistics(self) -> GraphicsStatistics | None:
        """What the pipeline has done in this session; None where there was none."""
        if self.pipeline is None:
            return self._before
        now = self.pipeline.statistics()
        return now if self._before is None else now.after(self._before)

    @property
    def codecs(self) -> dict[BitmapCodec, CodecStatistics]:
        """What was sent, by its codec."""
        now = {} if self.pipeline is None else self.pipeline.codecs
        return added(added(self.pixels.codecs, self._counted), now)

    @property
    def tiles_sent(self) -> int:
        """Tiles, whole or in part."""
        return self.pixels.tiles_sent + self._tiles_sent + (self.pipeline.tiles_sent if self.pipeline else 0)

    @property
    def tiles_unchanged(self) -> int:
        """Tiles that were looked at in vain."""
        now = self.pipeline.tiles_unchanged if self.pipeline else 0
        return self.pixels.tiles_unchanged + self._tiles_unchanged + now

    @property
    def bytes_encoded(self) -> int:
        """Bytes that were queued, before bulk compression."""
        return self.pixels.bytes_encoded + self._bytes + (self.pipeline.bytes_encoded if self.pipeline else 0)

    @property
    def late_acknowledgements(self) -> int:
        """Frames that were given up waiting for."""
        now = self.pipeline.late_acknowledgements if self.pipeline else 0
        return self.pixels.late_acknowledgements + self._late + now
