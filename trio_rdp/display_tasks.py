"""`DisplayTasks`: what a display does between its program and its client: turns, pace, repaints, sizes, roads."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import trio

from trio_rdp.channels.rdpgfx.server import GraphicsServerEvent
from trio_rdp.display_roads import DisplayRoads
from trio_rdp.encoding import current_scheduler
from trio_rdp.graphics.framebuffer import Framebuffer
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.jobs import MonitorArea
from trio_rdp.graphics.pipeline.pacing import FramePacer
from trio_rdp.graphics.region import Region
from trio_rdp.graphics_sender import GraphicsSender, PipelineLink
from trio_rdp.level import Ending, Level
from trio_rdp.pdu.altsec_orders import encode_altsec_orders
from trio_rdp.pdu.fastpath import FRAGMENT_SIZE
from trio_rdp.pdu.windowing import WindowOrder
from trio_rdp.pixel_sender import PixelSender
from trio_rdp.pointer_sender import PointerSender
from trio_rdp.protocol.config import DesktopSize, Monitor
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.server_stage import ServerStage
from trio_rdp.wire.errors import DeadlineExceeded, LocalProtocolError, SessionClosed
from trio_rdp.writer import Writer

__all__ = ["DisplayTasks", "ResizeRequest"]

_MOST_MONITORS = 16  # of a message, [MS-RDPEGFX] 2.2.2.14


@dataclass(slots=True, eq=False)
class ResizeRequest:
    """Somebody waits for another size."""

    size: DesktopSize
    is_done: bool = False
    error: LocalProtocolError | None = None


class DisplayTasks:
    """A display's inner side; `run` is its task."""

    def __init__(
        self,
        stage: ServerStage,
        writer: Writer,
        limits: Limits,
        ending: Ending,
        monitors: Callable[[], Iterable[Monitor]] = tuple,
    ) -> None:
        """`monitors` gives the client's, as it described them last."""
        self._stage = stage
        self._monitors = monitors
        self._told_monitors: tuple[MonitorArea, ...] = ()
        self._writer = writer
        self._limits = limits
        self._ending = ending
        self._level = Level(ending)
        self._turn = trio.Lock()
        self._resizes: deque[ResizeRequest] = deque()
        self._attention = trio.Event()
        self._is_suppressed = False
        self._is_sending = False
        self._owes = False  # the display itself is to send what is damaged
        self._stale = Region()  # what the client asked for again
        self._waiting: list[Rect] = []  # what was damaged before the frame that is open
        self._frames = self._frames_unsent = self._waits = self._resized = 0
        size = stage.desktop_size
        self._framebuffer = Framebuffer(size.width, size.height)
        self._framebuffer.damage.add(self._framebuffer.bounds)
        self._pixels = PixelSender(stage, writer.graphics, current_scheduler(), self._level)
        self._roads = DisplayRoads(self._pixels, self._level)
        self._look_at = math.inf  # when `run` wakes up by itself, to refine
        self._pointer = PointerSender(stage, writer.input)

    @property
    def _size(self) -> DesktopSize:
        return DesktopSize(self._framebuffer.width, self._framebuffer.height)

    async def run(self) -> None:
        """Resize, and send what is to be sent without a frame; runs until cancelled or over.

        Raises `DeadlineExceeded` when the client does not answer a reactivation in time.
        """
        try:
            while True:
                with trio.move_on_at(self._look_at):
                    await self._attention.wait()
                self._attention = trio.Event()
                await self._attend()
        except SessionClosed:
            # Whoever ended the session has said why.
            if not self._ending.is_over:
                raise

    async def _attend(self) -> None:
        if self._roads.is_changing:
            async with self._turn:
                await self._change_road()
        while self._resizes:
            async with self._turn:
                if self._resizes:  # its caller may have been cancelled meanwhile
                    await self._resize(self._resizes.popleft())
        if self._owes or self._stale:
            async with self._turn:
                await self._repaint()
        await self._refine()

    def suppress(self, is_suppressed: bool) -> None:
        """The client wants no output, or wants it again."""
        self._is_suppressed = is_suppressed
        if is_suppressed and self._roads.pipeline is not None:
            self._roads.pipeline.interrupt_videos()
        if not is_suppressed:
            self._owes = True
            self._attention.set()
        self._level.notify()

    def refresh(self, rects: tuple[Rect, ...]) -> None:
        """The client wants parts of the desktop again."""
        for rect in rects:
            self._stale.add(rect)
        self._attention.set()

    def frame_acknowledged(self, frame_id: int) -> None:
        """The client has drawn a frame, and with it those before."""
        self._pixels.acknowledge(frame_id)
        self._level.notify()

    def expect_pipeline(self) -> None:
        """The client is asked to open the graphics pipeline, which it has said it knows."""
        self._roads.expect()

    def pipeline_opened(self, link: PipelineLink, *, round_trip: float | None, bandwidth: float | None) -> None:
        """The graphics pipeline is there, and takes over; what was measured of the line is as for `line_measured`."""
        pacer = FramePacer(round_trip=round_trip, bandwidth=bandwidth)
        self._roads.open(GraphicsSender(link, pacer, self._writer.graphics, current_scheduler(), self._level))
        self._attention.set()
        self._level.notify()

    def pipeline_said(self, event: GraphicsServerEvent) -> None:
        """The client has said something on the pipeline."""
        pipeline = self._roads.latest_pipeline
        if pipeline is not None:
            pipeline.heard(event, trio.current_time())
            self._level.notify()

    def line_measured(self, round_trip: float | None, bandwidth: float | None) -> None:
        """The line was measured: seconds, and bytes a second."""
        if (pipeline := self._roads.latest_pipeline) is not None:
            pipeline.pacer.measured(round_trip=round_trip, bandwidth=bandwidth)

    def pipeline_closed(self) -> None:
        """The graphics pipeline will not come, or is closed."""
        self._roads.close()
        self._attention.set()
        self._level.notify()

    def reactivated(self) -> None:
        """The client has taken the desktop's new size."""
        size = self._stage.desktop_size
        self._framebuffer.resize(size.width, size.height)
        self._stale.clear()
        self._pixels.begin_share()
        self._roads.choose()
        self._pointer.begin_share()
        self._owes = True
        self._attention.set()
        self._level.notify()

    async def send_orders(self, orders: Iterable[WindowOrder]) -> None:
        """Queue what is said of windows, ahead of pixels as pointers are; cancelling queues all of it or nothing."""
        room = min(self._stage.max_update_size, FRAGMENT_SIZE) - 2  # behind their count
        updates = encode_altsec_orders(orders, most=room)
        async with self._pointer.turn:
            await self._writer.input.put([self._stage.prepare_update(update) for update in updates])

    async def send_last(self) -> None:
        """Queue all that was drawn, whatever the client's pace, as the session is being left."""
        if self._roads.pipeline is not None:
            self._roads.pipeline.pacer.let_go()
            self._level.notify()
        while self._owes or self._is_sending or self._roads.is_changing:
            if self._is_suppressed or self._ending.is_over:
                return
            await self._level.wait_beyond(self._level.count)

    async def wait_shown(self) -> None:
        """Wait until the client has acknowledged what was sent through the pipeline, if it does that."""
        while (pipeline := self._roads.pipeline) is not None and pipeline.unacknowledged and not pipeline.is_over:
            await self._level.wait_beyond(self._level.count)

    def end(self) -> None:
        """Wake everybody who waits, as the session is over."""
        self._level.notify()

    # Turns.

    def _check_no_frame(self, what: str) -> None:
        if self._turn.statistics().owner is trio.lowlevel.current_task():
            raise LocalProtocolError(f"{what} inside a frame would wait for itself")

    async def _open_frame(self) -> None:
        self._ending.raise_closed()
        self._check_no_frame("a frame")
        while True:
            await self._turn.acquire()
            try:
                await self._wait_ready()
                self._ending.raise_closed()
                if not self._roads.is_changing:
                    self._waiting = self._framebuffer.damage.take()
                    return
            except BaseException:
                self._turn.release()
                raise
            self._turn.release()
            while self._roads.is_changing:  # which is for `run` to do
                await self._level.wait_beyond(self._level.count)

    async def _close_frame(self, *, should_send: bool) -> None:
        try:
            drawn = self._framebuffer.damage.rects
            for rect in self._waiting:
                self._framebuffer.damage.add(rect)
            if should_send:
                self._frames += 1
                self._frames_unsent += self._is_suppressed
                if self._roads.pipeline is not None and not self._is_suppressed:
                    self._roads.pipeline.drawn(drawn)
                await self._commit()
        finally:
            self._turn.release()

    async def _wait_ready(self) -> None:
        """Wait until the client can take another frame, or wants none, or the road changes."""
        await self._roads.wait_expected(self._limits.graphics_opening)
        while not (self._is_suppressed or self._roads.is_changing):
            if not self._writer.is_graphics_drained:
                self._waits += 1
                await self._writer.wait_graphics_drained()
            elif self._roads.sender.is_ahead:
                self._waits += 1
                await self._roads.sender.wait_acknowledged(self._limits.frame_acknowledgement)
            else:
                return

    async def _repaint(self) -> None:
        """Send what is damaged, and what the client asked for again."""
        await self._wait_ready()
        if self._is_suppressed or self._roads.is_changing:
            return
        stale = self._stale.take()
        self._roads.sender.forget(stale)
        for rect in stale:
            self._framebuffer.damage.add(rect)
        self._owes = False
        await self._commit()

    async def _commit(self) -> None:
        """Send what changed.  INVARIANT: the turn is ours, so that nobody else draws or sends meanwhile."""
        sender = self._roads.sender
        if self._is_suppressed or not (self._framebuffer.damage or sender.owes):
            await trio.lowlevel.checkpoint()
            return
        self._is_sending = True
        try:
            await sender.send(self._framebuffer, lambda: not self._is_suppressed)
        finally:
            self._is_sending = False
            self._level.notify()
        if self._roads.pipeline is not None:
            if self._framebuffer.damage:
                # The line carries no more at once: the rest follows, with what changes until then.
                self._owes = True
                self._attention.set()
            due = self._roads.pipeline.refinement_due
            if due is not None and due < self._look_at:
                self._attention.set()

    async def _refine(self) -> None:
        """Send again better what has not changed for a while, a part at a time: frames of the program go between."""
        while (pipeline := self._roads.pipeline) is not None and not self._is_suppressed:
            due = pipeline.refinement_due
            self._look_at = math.inf if due is None else due
            if self._look_at > trio.current_time() or self._owes or self._resizes or self._roads.is_changing:
                return
            async with self._turn:
                await self._wait_ready()
                if (
                    not (pipeline.is_over or self._is_suppressed or self._roads.is_changing)
                    and not self._framebuffer.damage
                ):
                    await pipeline.refine(self._framebuffer)
        self._look_at = math.inf

    # The graphics pipeline.

    async def _change_road(self) -> None:
        """Take to the graphics pipeline, or back, and send everything anew.  INVARIANT: the turn is ours."""
        async with self._pointer.turn:
            self._told_monitors = self._monitor_areas(self._size)
            await self._roads.change(self._size.width, self._size.height, self._told_monitors)
            if self._roads.pipeline is None and self._size != self._stage.desktop_size:
                # It had been resized by the pipeline, of which the share knows nothing.
                await self._reactivate_in_size()
            await self._roads.sender.settle()  # the client hears at once that it is confirmed
            self._framebuffer.damage.add(self._framebuffer.bounds)
            self._owes |= self._frames > 0  # a picture that nobody has drawn is none
            self._attention.set()
            self._level.notify()

    async def _reactivate_in_size(self) -> None:
        try:
            farewell = self._stage.deactivate(self._size)
        except LocalProtocolError:
            size = self._stage.desktop_size
            self._framebuffer.resize(size.width, size.height)
            self._stage.showing = None
            return
        await self._writer.input.put([farewell])
        await self._wait_reactivated()
        await self._pointer.show_again()

    def _monitor_areas(self, size: DesktopSize) -> tuple[MonitorArea, ...]:
        """The client's monitors, where these are the desktop."""
        areas = [
            MonitorArea(Rect(one.left, one.top, one.width, one.height), one.is_primary) for one in self._monitors()
        ]
        whole = Region()
        for area in areas:
            whole.add(area.rect)
        if len(areas) <= _MOST_MONITORS and (whole.extents.width, whole.extents.height) == (size.width, size.height):
            return tuple(areas)
        return (MonitorArea(Rect(0, 0, size.width, size.height), is_primary=True),)

    # Reactivations.

    async def _resize(self, request: ResizeRequest) -> None:
        """Reactivate, holding both turns, so that nothing is painted meanwhile."""
        async with self._pointer.turn:
            if request.size == self._shown_size and not self._has_other_monitors:
                self._finish(request)
                return
            try:
                if (pipeline := self._roads.pipeline) is not None and not pipeline.is_over:
                    self._stage.check_size(request.size)
                    self._resize_pipeline(pipeline, request)
                    return
                farewell = self._stage.deactivate(request.size)
            except LocalProtocolError as exc:
                self._finish(request, exc)
                return
            # What waits belongs to the picture of before; pointers have to be out first, so this takes their lane.
            self._writer.graphics.clear()
            await self._writer.input.put([farewell])
            await self._wait_reactivated()
            self._resized += 1
            self._finish(request)
            await self._pointer.show_again()

    @property
    def _shown_size(self) -> DesktopSize:
        """The size that the client's desktop has."""
        return self._stage.desktop_size if self._roads.pipeline is None else self._size

    @property
    def _has_other_monitors(self) -> bool:
        """Whether the client was told of other monitors, by the pipeline, than it has now."""
        return self._roads.pipeline is not None and self._told_monitors != self._monitor_areas(self._size)

    def _resize_pipeline(self, pipeline: GraphicsSender, request: ResizeRequest) -> None:
        """Resize without a reactivation: the message goes out before the picture, which is sent anew."""
        size = request.size
        self._told_monitors = self._monitor_areas(size)
        pipeline.resize(size.width, size.height, self._told_monitors)
        self._framebuffer.resize(size.width, size.height)
        self._stage.showing = size
        self._stale.clear()
        self._resized += 1
        self._owes = True
        self._attention.set()
        self._finish(request)

    def _finish(self, request: ResizeRequest, error: LocalProtocolError | None = None) -> None:
        request.is_done, request.error = True, error
        self._level.notify()

    async def _wait_reactivated(self) -> None:
        with trio.move_on_after(self._limits.reactivation) as scope:
            while not self._stage.is_active:
                await self._level.wait_beyond(self._level.count)
        if scope.cancelled_caught:
            raise DeadlineExceeded("reactivation", self._limits.reactivation)
