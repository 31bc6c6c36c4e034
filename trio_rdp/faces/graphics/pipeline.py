"""`GraphicsPipeline`: the channel by which modern servers draw, as its client sees it.

Nobody has to do anything for it: what it brings is on the session's screen.  What breaks in it, and what goes beyond
its budgets, closes the channel and nothing else; the screen then shows what the server sends by the classic path.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

import trio

from trio_rdp.channels.rail.app_window import AppWindow
from trio_rdp.channels.rdpgfx import CHANNEL_NAME
from trio_rdp.channels.rdpgfx.caching import MAX_OFFERED
from trio_rdp.channels.rdpgfx.capabilities import CapabilityFlags, CapabilityVersion
from trio_rdp.channels.rdpgfx.client import GraphicsClient
from trio_rdp.channels.rdpgfx.events import Confirmed
from trio_rdp.codecs.kernels import form_of
from trio_rdp.codecs.kernels import zgfx as zgfx_kernel
from trio_rdp.codecs.zgfx import MAX_OUTPUT
from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.faces.graphics.kept_bitmaps import KeptBitmaps
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.graphics.jobs import PaintJob, ResetPipeline
from trio_rdp.graphics.pipeline.bitmap_cache import CachedBitmap
from trio_rdp.graphics.pipeline.jobs import (
    DrawSurface,
    EndPipelineFrame,
    ImportCached,
    MonitorArea,
    PipelineJob,
)
from trio_rdp.protocol.channel_buffer import ChannelBuffer, WhenFull
from trio_rdp.protocol.config import ClientConfig
from trio_rdp.wire.errors import DecodeError, LocalProtocolError, RdpError, RemoteProtocolError, SessionClosed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trio_rdp.graphics.pipeline.surfaces import PipelineCounts

__all__ = ["GraphicsPainter", "GraphicsPipeline", "GraphicsStatistics", "RunInTurn"]

_MESSAGES: Final = 4096  # that wait, however short they are
_COMPILED_RATE: Final = 2e-9  # seconds a byte to inflate, before anything was measured
_PLAIN_RATE: Final = 1e-6
_SMOOTHING: Final = 0.2
_WORTH_MEASURING: Final = 4096  # bytes
_MULTIPART: Final = 0xE1

RunInTurn = Callable[[Callable[[], bytes], float], Awaitable[bytes]]
"""Does work that takes so many seconds: on the loop, or in a thread when its turn comes."""


class GraphicsPainter(Protocol):
    """What carries the jobs out, in their order, and tells how it went; a session's is its `Painter`."""

    on_pipeline_frame: Callable[[EndPipelineFrame], None] | None
    """Called when a frame is on the screen."""
    on_pipeline_error: Callable[[DecodeError], None] | None
    """Called with what is wrong with a job; nothing more of the pipeline is done then, up to a `ResetPipeline`."""

    def submit(self, job: PaintJob) -> None:
        """Queue a job."""

    async def wait_room(self) -> None:
        """Wait while too much is queued."""

    @property
    def pipeline_pending(self) -> int:
        """Bytes of jobs that wait, about."""
        ...

    @property
    def pipeline_surfaces(self) -> tuple[int, int]:
        """How many surfaces there are, and their bytes."""
        ...

    @property
    def pipeline_counts(self) -> PipelineCounts:
        """What was done on surfaces in this session, beside drawing bitmaps."""
        ...

    @property
    def pipeline_monitors(self) -> tuple[MonitorArea, ...]:
        """The monitors that the server last told of."""
        ...

    @property
    def cached_bitmaps(self) -> list[CachedBitmap]:
        """What is in the cache, the latest at the end."""
        ...

    def window(self, window_id: int) -> NDArray[np.uint8] | None:
        """A copy of what is shown in a window, uint8 (height, width, 4), B G R and opacity; None without a picture."""
        ...


@dataclass(frozen=True, slots=True)
class GraphicsStatistics:
    """What the graphics pipeline was given, and what it keeps; `SessionStatistics.codecs` says what was decoded.

    What is counted is of the whole session, however often the server opens the channel; what is agreed and kept is of
    the channel that is open now, and none without one.
    """

    version: CapabilityVersion | None
    """What was agreed; None until then, and without the channel."""
    flags: CapabilityFlags
    """What was agreed with it."""
    frames: int
    """Frames that came whole."""
    shown: int
    """Those of them that are, or were, on the screen."""
    acknowledged: int
    """Those of them of which the server was told; none while that is suspended."""
    bytes_received: int
    """Of all messages, as they came, compressed."""
    bytes_inflated: int
    queue_depth: int
    """Bytes that wait to be inflated and decoded now, as the server is told with each frame."""
    peak_queue_depth: int
    """The most that there were."""
    ignored: int
    """Messages that were passed over, as they mean nothing here."""
    surfaces: int
    """Surfaces that there are, shown or not."""
    surface_bytes: int
    cached: int
    """Bitmaps in the cache."""
    cached_bytes: int
    fills: int
    """Rectangles that were filled with a colour."""
    copies: int
    """Places to which something was copied from a surface."""
    cache_hits: int
    """Places in which a bitmap of the cache was drawn."""


class GraphicsPipeline(ChannelFace):
    """A client's graphics pipeline, [MS-RDPEGFX] 3.3, which servers open that have one; `ClientConfig` offers it.

    A server may close the channel and open another one at any time; whoever waits goes on with that.
    """

    def __init__(
        self,
        config: ClientConfig,
        painter: GraphicsPainter,
        flush: Callable[[], None],
        run_in_turn: RunInTurn,
        repaint: Callable[[], None],
        expect_h264: Callable[[], None] = lambda: None,
    ) -> None:
        """`flush` has the painter begin, and `repaint` asks the server for the whole picture by the classic path.

        `expect_h264` is called when the server may send that from then on.
        """
        super().__init__(CHANNEL_NAME)
        self.buffer: ChannelBuffer = ChannelBuffer(_MESSAGES, config.limits.undecoded, WhenFull.WAIT)
        """What waits to be inflated: beyond it nothing more is read from the server."""
        self._config = config
        self._painter = painter
        self._flush = flush
        self._run_in_turn = run_in_turn
        self._repaint = repaint
        self._expect_h264 = expect_h264
        self._machine: GraphicsClient | None = None
        self._kept = KeptBitmaps(None)
        self._is_suspended = not config.acknowledge_graphics
        self._failure: RdpError | None = None
        self._scope = trio.CancelScope()  # of the channel's task
        self._has_failed = False
        self._rate = _PLAIN_RATE if form_of(zgfx_kernel) == "plain" else _COMPILED_RATE
        self._inflating = 0  # bytes
        self._frames = 0
        self._shown_frames = 0
        self._acknowledged = 0
        self._received = 0
        self._inflated = 0
        self._ignored = 0
        self._peak = 0

    # For users.

    @property
    def confirmed(self) -> Confirmed | None:
        """What was agreed with the server ([MS-RDPEGFX] 2.2.2.19); None until then, and when there is no channel."""
        return None if self._machine is None else self._machine.confirmed

    @property
    def version(self) -> CapabilityVersion | None:
        """The version that was agreed, written 8, 8.1, or 10 to 10.7; None as `confirmed` is."""
        return None if self.confirmed is None else self.confirmed.version

    @property
    def monitors(self) -> tuple[MonitorArea, ...]:
        """The monitors of the desktop, as the server last told of them ([MS-RDPEGFX] 2.2.2.14).

        In pixels; the upper left corner of the first one need not be at 0, 0.  Empty until then, and without the
        channel.
        """
        return self._painter.pipeline_monitors

    async def wait_ready(self) -> Confirmed:
        """Wait until the server has said what it will use, and give that.

        Raises as `wait_open` does: `LocalProtocolError` where there will be no pipeline, `ChannelClosed` after its end,
        and `SessionClosed` after that of the session.  Cancelling loses nothing.
        """
        await trio.lowlevel.checkpoint()
        while True:
            await self._opened()
            if self.confirmed is not None:
                return self.confirmed
            await self._changed.wait()

    def window(self, window: AppWindow | int) -> NDArray[np.uint8] | None:
        """Copy what the server draws into a window of a remote program: uint8 (height, width, 4), B G R and opacity.

        It is what surfaces that are mapped to the window had when the last frame ended ([MS-RDPEGFX] 2.2.2.20 and
        2.2.2.23), in the size that the server gave it; opacity is 255 unless the surface has its own.  The window is
        one of `Session.remote_apps`, or its id.  None where the server draws nothing by this channel for it; then its
        picture is the part of the screen that is its `AppWindow.rect`.
        """
        return self._painter.window(window if isinstance(window, int) else window.id)

    def suspend_acknowledgements(self, suspend: bool = True) -> None:
        """Tell the server with the next frame that no more are acknowledged, or acknowledge them again.

        A server that hears of no frames sends them as fast as the network takes them ([MS-RDPEGFX] 2.2.2.13).  It holds
        for channels that are opened later, too; `ClientConfig.acknowledge_graphics` is what it is at first.
        """
        self._is_suspended = suspend
        if self._machine is not None:
            self._set_suspended(self._machine)

    async def reset(self) -> None:
        """Begin anew: the server forgets all that it knows of this client's surfaces and caches, and draws again.

        It waits for the channel, and returns when the server is asked ([MS-RDPEGFX] 3.3.5.18); `wait_ready` then waits
        for the answer, and the screen stays as it is until something new is drawn.  Raises `LocalProtocolError` before
        anything is agreed, while the server is being asked, and below version 10.3, otherwise as `wait_open` does.
        Cancelling it before it asks changes nothing, and it never waits after that: a server that has no room for the
        question reads no acknowledgements either, and loses the channel.
        """
        await trio.lowlevel.checkpoint()
        channel = await self._opened()
        if self._machine is None or self.confirmed is None:
            raise LocalProtocolError("the server has agreed to nothing yet")
        # From here on all that comes is passed over up to the answer, so the question has to be sent.
        self._say(channel, self._machine.reset())

    def statistics(self) -> GraphicsStatistics:
        """What came, what was shown, and what is kept; at any time, also when the session is over."""
        confirmed, bitmaps = self.confirmed, self._painter.cached_bitmaps
        surfaces, surface_bytes = self._painter.pipeline_surfaces
        counts = self._painter.pipeline_counts
        return GraphicsStatistics(
            version=None if confirmed is None else confirmed.version,
            flags=CapabilityFlags(0) if confirmed is None else confirmed.flags,
            frames=self._frames,
            shown=self._shown_frames,
            acknowledged=self._acknowledged,
            bytes_received=self._received,
            bytes_inflated=self._inflated,
            queue_depth=self._queue_depth(),
            peak_queue_depth=self._peak,
            ignored=self._ignored + (0 if self._machine is None else self._machine.ignored),
            surfaces=surfaces,
            surface_bytes=surface_bytes,
            cached=len(bitmaps),
            cached_bytes=sum(one.size for one in bitmaps),
            fills=counts.fills,
            copies=counts.copies,
            cache_hits=counts.cache_hits,
        )

    # The channel's task.

    async def _work(self, channel: MessageChannel) -> None:
        config, painter = self._config, self._painter
        machine = self._machine = GraphicsClient(
            versions=config.graphics_versions,
            h264=config.takes_h264,
            is_thin=config.graphics_thin_client,
            has_small_cache=config.graphics_small_cache,
            max_message=config.limits.pipeline_message,
            max_commands=config.limits.pipeline_commands,
            max_frames=config.limits.pipeline_unshown,
        )
        self._set_suspended(machine)
        self._kept = KeptBitmaps(config.graphics_cache)
        self._failure = None
        self._scope = trio.CancelScope()
        try:
            with self._scope:
                painter.on_pipeline_frame = partial(self._shown, channel, machine)
                painter.on_pipeline_error = self._break
                await channel.send(machine.start())
                while True:
                    await self._take(channel, machine, await channel.receive())
            if self._failure is not None:
                raise self._failure
        except (RemoteProtocolError, LocalProtocolError):
            self._has_failed = True
            raise
        finally:
            painter.on_pipeline_frame = painter.on_pipeline_error = None
            await self._kept.keep(painter.cached_bitmaps)
            painter.submit(ResetPipeline())
            self._flush()

    async def _take(self, channel: MessageChannel, machine: GraphicsClient, data: bytes) -> None:
        self._received += len(data)
        self._inflating = len(data)
        self._note_depth()
        try:
            inflated = await self._inflate(machine, data)
        finally:
            self._inflating = 0
        self._inflated += len(inflated)
        for events in machine.iterate(inflated, trio.current_time()):
            for event in events:
                if isinstance(event, Confirmed):
                    await self._begin(channel, machine, event)
                else:
                    await self._submit(machine, event)
            await trio.lowlevel.checkpoint()
        self._note_depth()
        self._flush()
        await self._painter.wait_room()

    async def _inflate(self, machine: GraphicsClient, data: bytes) -> bytes:
        size = _declared(data)

        def work() -> bytes:
            before = time.thread_time()
            inflated = machine.inflate(data)
            if len(inflated) > _WORTH_MEASURING:
                rate = (time.thread_time() - before) / len(inflated)
                self._rate += _SMOOTHING * (min(rate, 10 * self._rate) - self._rate)
            return inflated

        return await self._run_in_turn(work, size * self._rate)

    async def _begin(self, channel: MessageChannel, machine: GraphicsClient, confirmed: Confirmed) -> None:
        """The server has confirmed what may be used, perhaps not for the first time: nothing is left of before."""
        limits = self._config.limits
        bounds = replace(
            limits.pipeline,
            desktop_side=limits.desktop_side,
            desktop_pixels=limits.desktop_pixels,
            cache_bytes=confirmed.cache_bytes,
            cache_slots=confirmed.cache_slots,
        )
        if confirmed.takes_avc420:
            self._expect_h264()
        self._painter.submit(ResetPipeline(bounds, self._kept.loaded))
        self._wake()
        if offered := await self._kept.offer(MAX_OFFERED, confirmed.cache_bytes):
            await channel.send(machine.offer_cache(offered))

    async def _submit(self, machine: GraphicsClient, job: PipelineJob) -> None:
        match job:
            case DrawSurface(codec=codec) if codec.is_avc:
                if machine.confirmed is not None and not machine.confirmed.takes_avc420:
                    raise RemoteProtocolError(f"the server draws in {codec.name}, but H.264 was not agreed on")
            case EndPipelineFrame():
                self._frames += 1
            case ImportCached(slots=slots):
                if not await self._kept.load([key for _, key in slots]):
                    raise LocalProtocolError("bitmaps that were offered are not kept any more")
        self._painter.submit(job)

    def _shown(self, channel: MessageChannel, machine: GraphicsClient, frame: EndPipelineFrame) -> None:
        self._shown_frames += 1
        try:
            messages = machine.acknowledge(frame.frame_id, self._queue_depth(), trio.current_time())
        except LocalProtocolError:
            return  # it was shown before the server began anew
        self._acknowledged += bool(messages) and not self._is_suspended
        for message in messages:
            self._say(channel, message)

    def _say(self, channel: MessageChannel, message: bytes) -> None:
        try:
            channel.send_nowait(message)
        except trio.WouldBlock:
            self._break(RemoteProtocolError("the server reads no acknowledgements"))
        except (trio.BrokenResourceError, trio.ClosedResourceError, SessionClosed):
            return  # which the channel's task finds out itself

    def _break(self, error: RdpError) -> None:
        if self._failure is None:
            self._failure = error
        self._scope.cancel()

    def _set_suspended(self, machine: GraphicsClient) -> None:
        if self._is_suspended:
            machine.suspend()
        else:
            machine.resume()

    def _queue_depth(self) -> int:
        waiting = 0 if self._channel is None else self._channel.waiting_bytes
        return waiting + self._inflating + self._painter.pipeline_pending

    def _note_depth(self) -> None:
        self._peak = max(self._peak, self._queue_depth())

    def _ended(self) -> None:
        if self._has_failed:
            self._has_failed = False
            self._repaint()
        if self._machine is not None:
            self._ignored += self._machine.ignored
            self._machine = None


def _declared(data: bytes) -> int:
    """How many bytes an RDP_SEGMENTED_DATA has inflated, as far as it says."""
    if data[:1] != bytes([_MULTIPART]):
        return min(len(data) * 16, 65_535)
    return min(int.from_bytes(data[3:7], "little"), MAX_OUTPUT)
