"""`GraphicsSender`: sends a framebuffer's damage to one client through the graphics pipeline, [MS-RDPEGFX].

The picture is pulled, not pushed: a frame is made when the line and the client are ready for one, of what has changed
by then.  From the moment in which it is looked what that is, up to the message that says it, nothing may be left out,
as the encoder, the compressor and the client keep count of each other; that time is shielded from cancellation, and
bounded by what a frame may cost.  The message then waits for room, and whoever is cancelled, it is sent next.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import trio

from trio_rdp.channels.rdpgfx.capabilities import CapabilityVersion as GraphicsVersion
from trio_rdp.channels.rdpgfx.events import (
    AcknowledgementResumed,
    AcknowledgementSuspended,
    CacheOffered,
    FrameAcknowledged,
)
from trio_rdp.channels.rdpgfx.server import GraphicsServerEvent
from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.display_statistics import GraphicsStatistics
from trio_rdp.encoding import EncodeScheduler
from trio_rdp.graphics.content import Hints
from trio_rdp.graphics.differences import count_tiles
from trio_rdp.graphics.framebuffer import Framebuffer
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.encoder import PipelineEncoder
from trio_rdp.graphics.pipeline.handed_video import MOST_VIDEOS, HandedVideos
from trio_rdp.graphics.pipeline.jobs import BeginPipelineFrame, EndPipelineFrame, ImportCached, MonitorArea, PipelineJob
from trio_rdp.graphics.pipeline.pacing import FramePacer
from trio_rdp.graphics.pipeline.plan import FramePlan
from trio_rdp.graphics.pipeline.portions import apart, portion
from trio_rdp.level import Level
from trio_rdp.picture_sender import CodecStatistics
from trio_rdp.plan_runner import PlanRunner
from trio_rdp.wire.errors import LocalProtocolError
from trio_rdp.writer import Item, Lane

__all__ = ["GraphicsSender", "PipelineLink"]

_ZGFX_RATE: Final = 1.0e-8  # seconds a byte
_REFINED_PIXELS: Final = 0x40000  # of one frame that makes better what is shown: frames do not wait for it long
_REFINED_DENSITY: Final = 2.0  # bytes of a pixel of a photograph, exactly
_LEAST_PIXELS: Final = 64 * 64 * 4
_LEAST_REFINED: Final = 64 * 64
_APART: Final = 0.02  # seconds of the line that a film's picture may take before others do not wait for it
_MOST_VIDEO_BYTES: Final = 1 << 24  # more than any picture takes
_SMOOTHING: Final = 0.5
_BYTES_PER_PIXEL: Final = 0.3  # before anything was sent


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineLink:
    """A channel of the graphics pipeline that is open, and what the client confirmed for it."""

    version: GraphicsVersion
    opening: bytes
    """The first message: the confirmation."""
    codecs: tuple[BitmapCodec, ...]
    """What both sides take, the best one first."""
    takes_h264: bool
    """Whether the client takes H.264, which this side may be unable to encode."""
    mixes_avc: bool
    """Whether H.264 may be in one frame with other codecs."""
    takes_avc444v2: bool = True
    """Whether H.264 in 4:4:4 may have its second form."""
    one_decoder: bool = False
    """Whether the client may have one decoder of H.264 for all surfaces."""
    cache_bytes: int
    cache_slots: int
    encode: Callable[[Sequence[PipelineJob]], bytes]
    """Makes one compressed message of jobs, in a thread; calls must not overlap, and be in the order of sending.

    Gives nothing once the client has begun anew, which is the end of this link.
    """
    items: Callable[[bytes], list[Item]]
    """What a message becomes in a lane."""
    measure: Callable[[float], tuple[bytes, bytes] | None] = lambda _now: None
    """What to send before and after a frame to have the client measure the bandwidth, where it is time for that."""


class GraphicsSender:
    """Sends to one client; `begin` comes first."""

    def __init__(
        self, link: PipelineLink, pacer: FramePacer, lane: Lane, scheduler: EncodeScheduler, level: Level
    ) -> None:
        self.tiles_unchanged: int = 0
        self.bytes_encoded: int = 0
        self.is_over: bool = False
        """Whether the channel is closed: what is sent goes nowhere."""
        self.pacer = pacer
        self._link = link
        self._lane = lane
        self._scheduler = scheduler
        self._level = level
        self._runner = PlanRunner(scheduler)
        self._videos = HandedVideos(1 if link.one_decoder else MOST_VIDEOS)
        self._encoder = self._make_encoder(1, 1)
        self._owed: list[Item] = [*link.items(link.opening)]
        self._owed_frames: list[tuple[int, int, float, bool]] = []
        self._before: list[PipelineJob] = []  # in front of the next frame, so that nobody sees a desktop without one
        self._frame_id = 0
        self._frames = self._merged = self._refinements = 0
        self._unsent: list[Rect] = []  # of what the program has drawn last
        self._density = _BYTES_PER_PIXEL

    def _make_encoder(self, width: int, height: int) -> PipelineEncoder:
        link = self._link
        return PipelineEncoder(
            width,
            height,
            codecs=link.codecs,
            mixes_avc=link.mixes_avc,
            takes_avc444v2=link.takes_avc444v2,
            cache_bytes=link.cache_bytes,
            cache_slots=link.cache_slots,
            one_decoder=link.one_decoder,
            clock=time.thread_time,
        )

    def begin(self, width: int, height: int, monitors: Sequence[MonitorArea]) -> None:
        """Make the client's desktop, of which it shows nothing yet."""
        self._encoder = self._make_encoder(width, height)
        self._before += self._encoder.setup(monitors)

    def resize(self, width: int, height: int, monitors: Sequence[MonitorArea]) -> None:
        """Make it another one; everything is to be sent anew then."""
        self._before += [*self._videos.forget(), *self._encoder.resize(width, height, monitors)]

    def end(self) -> None:
        """The channel is closed."""
        self.is_over = True
        self._owed.clear()
        self._owed_frames.clear()
        self.pacer.suspend()

    # The choice of codecs.

    @property
    def hints(self) -> Hints:
        """How parts of the picture are to be sent."""
        return self._encoder.hints

    @hints.setter
    def hints(self, hints: Hints) -> None:
        self._encoder.hints = hints

    @property
    def usable_codecs(self) -> tuple[BitmapCodec, ...]:
        """The codecs that both sides take, the best one first."""
        return self._encoder.usable

    @property
    def codec(self) -> BitmapCodec | None:
        """The codec for everything; None where each part gets what suits it.  Set it to a usable one."""
        return self._encoder.codec

    @codec.setter
    def codec(self, codec: BitmapCodec | None) -> None:
        self._encoder.codec = codec

    @property
    def quality(self) -> Quality:
        """How much the lossy codecs may lose, from now on."""
        return self._encoder.quality

    @quality.setter
    def quality(self, quality: Quality) -> None:
        self._encoder.quality = quality

    @property
    def takes_h264(self) -> bool:
        """Whether the client decodes H.264."""
        return self._link.takes_h264

    # Pacing.

    @property
    def unacknowledged(self) -> int:
        """Frames that the client has yet to acknowledge."""
        return self.pacer.unacknowledged

    @property
    def is_ahead(self) -> bool:
        """Whether an acknowledgement has to come before the next frame."""
        return self.pacer.is_ahead_at(trio.current_time())

    async def wait_acknowledged(self, seconds: float) -> None:
        """Wait for what may be an acknowledgement; frames of `seconds` ago count as acknowledged."""
        oldest = self.pacer.oldest
        if oldest is None:
            return
        with trio.move_on_at(oldest + seconds) as scope:
            await self._level.wait_beyond(self._level.count)
        if scope.cancelled_caught:
            self.pacer.give_up(trio.current_time(), seconds)

    def heard(self, event: GraphicsServerEvent, now: float) -> None:
        """The client has said something."""
        match event:
            case FrameAcknowledged(frame_id=frame_id, queue_depth=queue_depth):
                self.pacer.acknowledge(frame_id, queue_depth, now)
            case AcknowledgementSuspended():
                self.pacer.suspend()
            case AcknowledgementResumed():
                self.pacer.resume()
            case CacheOffered():
                # What an earlier session left there is worth less than knowing what is in the cache.  Said with the
                # next frame: one may be being encoded now.
                if (answer := ImportCached(())) not in self._before:
                    self._before.insert(0, answer)

    # Sending.

    def forget(self, rects: Iterable[Rect] | None) -> None:
        """Take parts of the picture, or all of it, for never sent; they are sent once they are damage too."""
        self._encoder.forget(rects)

    @property
    def owes(self) -> bool:
        """Whether something is encoded that could not be queued, or access units of a program wait."""
        return bool(self._owed or self._videos)

    def add_video(self, rect: Rect, data: bytes) -> bool:
        """Take an access unit of H.264 for a rectangle; False where one with a key picture has to come first."""
        if not self.takes_h264:
            raise LocalProtocolError("the client takes no H.264")
        return self._videos.add(rect, data)

    def interrupt_videos(self) -> None:
        """Drop access units that wait, as the client wants no output."""
        self._videos.interrupt()

    async def settle(self) -> None:
        """Queue what is owed."""
        await self._flush()

    def drawn(self, rects: list[Rect]) -> None:
        """The program has drawn another picture, in these rectangles, which `send` is to send."""
        if rects:
            self._merged += bool(self._unsent)
            self._unsent = rects

    async def send(self, framebuffer: Framebuffer, should_go_on: Callable[[], bool]) -> None:
        """Take the damage, or as much of it as the line carries soon, and send what the client does not show of it.

        What is left is damage again, as is all of it when this fails or is cancelled before its time.
        """
        await self._flush()
        if self.is_over or not should_go_on():
            return
        damage = self._take(framebuffer)
        if damage:
            self._videos.drawn_over(damage)
            pixels, now, waiting = framebuffer.pixels, trio.current_time(), framebuffer.damage.rects
            look = partial(self._encoder.begin, pixels, damage, now, waiting)
            with self._putting_back(framebuffer, damage):
                sent = self.tiles_sent
                await self._send_plan(look, sum(rect.area for rect in damage))
                left = framebuffer.damage.rects
                self._unsent = [one for one in self._unsent if not all(one.intersect(rect).is_empty for rect in left)]
                self.tiles_unchanged += max(0, count_tiles(damage) - (self.tiles_sent - sent))
        if self._videos:
            # A film that goes on later does so with a key picture, though nothing was drawn meanwhile.
            self._encoder.hold_videos(self._link.one_decoder)
            jobs = self._videos.take(self._encoder.surface_id)
            self._encoder.drawn_over(self._videos.rects)
            with trio.CancelScope(shield=True):
                await self._owe_frame(jobs, trio.current_time())
        await self._flush()

    @property
    def refinement_due(self) -> float | None:
        """When something can be sent again better; None where the client shows everything exactly."""
        return None if self.is_over else self._encoder.refinement_due

    async def refine(self, framebuffer: Framebuffer) -> None:
        """Send a part of what was sent with loss again, better."""
        await self._flush()
        if self.is_over:
            return
        # What was lossy costs more now.
        most = int(min(_REFINED_PIXELS, self.pacer.frame_bytes / 2 / _REFINED_DENSITY))
        look = partial(
            self._encoder.begin_refinement, framebuffer.pixels, trio.current_time(), max(most, _LEAST_REFINED)
        )
        before = self._frames
        await self._send_plan(look, 0)
        self._refinements += self._frames - before
        await self._flush()

    def _take(self, framebuffer: Framebuffer) -> list[Rect]:
        """Take the damage: on a slow line as much as it carries soon, so that what changes next is not behind it."""
        damage = framebuffer.damage.take()
        most = self.pacer.frame_bytes / self._density
        if sum(rect.area for rect in damage) <= max(most, _LEAST_PIXELS):
            return damage
        taken, left = portion(damage, int(max(most, _LEAST_PIXELS)))
        for rect in left:
            framebuffer.damage.add(rect)
        return taken

    async def _send_plan(self, look: Callable[[], FramePlan], pixels: int) -> None:
        """Have a plan made, which may be cancelled until it is, then encode it, and owe what comes of it."""
        self._encoder.percent = self.pacer.percent
        self._encoder.hold_videos(self._link.one_decoder and bool(self._videos.rects))
        most = min(self.pacer.frame_bytes, _MOST_VIDEO_BYTES)
        self._encoder.max_video_bytes = max(int(most / max(self._encoder.statistics.videos, 1)), 1)
        with self._scheduler.using():
            started = trio.current_time()
            plan = await self._runner.look(look, pixels)
            with trio.CancelScope(shield=True):
                await self._runner.encode(plan)
                self._encoder.finish(plan)
                size = 0
                frames = plan.frames
                if len(frames) == 1:
                    frames = apart(
                        frames[0], math.inf if (bandwidth := self.pacer.bandwidth) is None else bandwidth * _APART
                    )
                for number, jobs in enumerate(frames, 1):
                    size += await self._owe_frame(jobs, started, is_part=number < len(frames))
        if pixels >= _LEAST_PIXELS:
            self._density += _SMOOTHING * (max(size / pixels, 1e-3) - self._density)

    async def _owe_frame(self, jobs: list[PipelineJob], started: float, *, is_part: bool = False) -> int:
        """Put jobs into a frame that is to be queued; gives its bytes."""
        frame_id = self._frame_id
        self._frame_id = (frame_id + 1) & 0xFFFFFFFF
        begun = [*self._before, BeginPipelineFrame(frame_id, _timestamp())]
        self._before.clear()
        guess = sum(len(getattr(job, "data", b"")) for job in jobs)
        work = partial(self._encode, begun, jobs, EndPipelineFrame(frame_id))
        message = await self._runner.run(work, guess * _ZGFX_RATE)
        if self.is_over or not message:
            return 0
        marks = self._link.measure(trio.current_time())
        if marks is not None:
            self._owed.append(marks[0])
        self._owe(message)
        if marks is not None:
            self._owed.append(marks[1])
        self._owed_frames.append((frame_id, len(message), trio.current_time() - started, is_part))
        self._frames += 1
        return len(message)

    def _encode(self, begun: list[PipelineJob], jobs: list[PipelineJob], end: EndPipelineFrame) -> bytes:
        return self._link.encode([*begun, *jobs, *self._encoder.outputs.copies(jobs), end])

    def _owe(self, message: bytes) -> None:
        self._owed += self._link.items(message)
        self.bytes_encoded += len(message)

    async def _flush(self) -> None:
        """Queue what is owed, when there is room; cancelling leaves all of it owed."""
        if not self._owed:
            return
        await self._lane.put(self._owed)
        self._owed.clear()
        now = trio.current_time()
        for frame_id, size, took, is_part in self._owed_frames:
            self.pacer.sent(frame_id, size, now, took, is_part=is_part)
        self._owed_frames.clear()

    @contextlib.contextmanager
    def _putting_back(self, framebuffer: Framebuffer, damage: Iterable[Rect]) -> Iterator[None]:
        try:
            yield
        except BaseException as exc:
            if not isinstance(exc, trio.Cancelled):
                # What the encoder takes for sent may be lost; a cancellation comes before it has begun.
                self._encoder.forget(damage)
            for rect in damage:
                framebuffer.damage.add(rect)
            raise

    # What was done.

    @property
    def codecs(self) -> dict[BitmapCodec, CodecStatistics]:
        """What was sent, by its codec."""
        counts = self._encoder.statistics.codecs.items()
        return {codec: CodecStatistics(count.tiles, count.bytes, count.seconds) for codec, count in counts}

    @property
    def late_acknowledgements(self) -> int:
        """Frames that were given up waiting for."""
        return self.pacer.late

    @property
    def tiles_sent(self) -> int:
        """Tiles, whole or in part."""
        return self._encoder.statistics.tiles_sent

    def statistics(self) -> GraphicsStatistics:
        """What was sent, and at what pace."""
        pacer, encoder = self.pacer, self._encoder.statistics
        return GraphicsStatistics(
            version=self._link.version,
            frames=self._frames,
            acknowledged=pacer.acknowledged,
            merged=self._merged,
            refinements=self._refinements,
            bytes=self.bytes_encoded,
            unacknowledged=pacer.unacknowledged,
            most_unacknowledged=pacer.most_frames,
            is_suspended=pacer.is_suspended,
            queue_depth=pacer.queue_depth,
            strange_acknowledgements=pacer.strange,
            round_trip=pacer.round_trip,
            bandwidth=pacer.bandwidth,
            percent=pacer.percent,
            fills=encoder.fills,
            copies=encoder.copies,
            cache_hits=encoder.cache_hits,
            refined_tiles=encoder.refined_tiles,
        )


def _timestamp() -> int:
    """The time of day in UTC as frames have it, [MS-RDPEGFX] 2.2.2.11."""
    now = time.time()
    of_day = time.gmtime(now)
    return of_day.tm_hour << 22 | of_day.tm_min << 16 | of_day.tm_sec << 10 | int(now * 1000) % 1000
