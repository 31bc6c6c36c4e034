"""A server's display and a client that shows it, in one process: real stages and a real writer over a stream in memory,
so that a test can stop the client from reading, and look at every update on its way.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import numpy as np
import trio
import trio.testing

from tests.graphics.paint_jobs import place_of
from tests.protocol.pairs import CLIENT, SERVER, connect
from trio_rdp.display import Display
from trio_rdp.graphics.decoded_image import DecodedImage
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import DrawBitmaps, PaintJob
from trio_rdp.graphics.pointer import PointerState
from trio_rdp.graphics.pointer_shape import PointerShape
from trio_rdp.level import Ending
from trio_rdp.pdu.pointer import PointerUpdate as AnyPointerUpdate
from trio_rdp.protocol.active_stage import ActiveStage
from trio_rdp.protocol.config import BitmapCodec, DesktopSize
from trio_rdp.protocol.framing import Action, FrameBuffer
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.server_events import FrameAcknowledged, OutputSuppressed, Reactivated, RefreshRequested
from trio_rdp.protocol.server_stage import ServerStage
from trio_rdp.protocol.session_events import Activated, GraphicsUpdate, PointerUpdate, ResponseFrame
from trio_rdp.wire.errors import SessionClosed
from trio_rdp.writer import Writer


class Link:
    """Both ends; `told` are paint jobs and pointers in the order in which they came."""

    def __init__(
        self,
        width: int = 200,
        height: int = 150,
        *,
        depth: int = 32,
        limits: Limits | None = None,
        server: dict[str, Any] | None = None,
        acknowledges: bool = True,
        channels: tuple[str, ...] = (),
        takes: tuple[BitmapCodec, ...] = (),
        **capabilities: Any,
    ) -> None:
        """`takes` are the client's codecs, `capabilities` fields of what the server takes its capabilities for."""
        size = DesktopSize(width, height)
        client = replace(CLIENT, desktop_size=size, color_depth=depth, static_channels=channels, codecs=takes)
        config = replace(SERVER, minimum_size=DesktopSize(1, 1), **server or {})
        result, accepted = connect(client, config)
        activation = accepted.activation
        believed = replace(activation.capabilities, **capabilities)
        self.stage = ServerStage(replace(accepted, activation=replace(activation, capabilities=believed)))
        self.client = ActiveStage(result, acknowledge_frames=acknowledges)
        self.client.start()
        self.image = DecodedImage(width, height)
        self.pointer = PointerState(100)
        self.told: list[PaintJob | AnyPointerUpdate] = []
        self.limits = limits or Limits()
        self.ending = Ending()
        stream, self._far = trio.testing.lockstep_stream_pair()
        self.writer = Writer(stream, self.limits)
        self.display = Display(self.stage, self.writer, self.limits, self.ending)
        self.is_mute = False
        self._may_read = trio.Event()
        self._may_read.set()

    def encode_inline(self) -> None:
        """Make encoding look cheap, so that it is done on the loop: a clock that jumps must not jump over threads."""
        self.display._pixels._rate = 1e-15

    def encode_tile_by_tile(self) -> None:
        """Make each tile look expensive, so that it is a piece of its own, and done in a thread."""
        self.display._pixels._rate = 1.0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Link]:
        """Let both ends work."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.writer.run)
            nursery.start_soon(self.display.run)
            nursery.start_soon(self._receive)
            yield self
            nursery.cancel_scope.cancel()

    def pause_reading(self) -> None:
        self._may_read = trio.Event()

    def resume_reading(self) -> None:
        self._may_read.set()

    async def settle(self) -> None:
        """Wait until the display has sent all that it owes, and the client shows it."""
        while True:
            while self._is_painting:  # maybe in a thread
                await trio.lowlevel.checkpoint()
            await trio.testing.wait_all_tasks_blocked(0.002)
            if not self._is_painting and not any(lane.bytes for lane in self.writer.statistics().lanes):
                return

    @property
    def _is_painting(self) -> bool:
        display = self.display
        owes = (display._owes or bool(display._stale)) and not display.is_suppressed
        return owes or display._turn.locked()

    def say(self, frames: bytes) -> None:
        """Let the client say something to the server's session."""
        buffer = FrameBuffer(frames)
        while (frame := buffer.next_pdu()) is not None:
            for output in self.stage.process(*frame):
                match output:
                    case ResponseFrame(data=data):
                        self.writer.send_control(data)
                    case FrameAcknowledged(frame_id=frame_id):
                        self.display.frame_acknowledged(frame_id)
                    case RefreshRequested(rects=rects):
                        self.display.refresh(rects)
                    case OutputSuppressed(is_suppressed=is_suppressed):
                        self.display.suppress(is_suppressed)
                    case Reactivated():
                        self.display.reactivated()

    def end(self, reason: str = "the client left") -> None:
        error = SessionClosed(reason)
        self.ending.end(error, is_clean=False)
        self.writer.close(error)
        self.display.end()

    @property
    def is_in_step(self) -> bool:
        """Whether the client shows the server's picture, pixel by pixel."""
        return np.array_equal(self.image.pixels, self.display.snapshot())

    async def _receive(self) -> None:
        buffer = FrameBuffer()
        while True:
            await self._may_read.wait()
            buffer.receive_data(await self._far.receive_some(4_000))
            while (frame := buffer.next_pdu()) is not None:
                self._show(*frame)

    def _show(self, action: Action, frame: bytes) -> None:
        for output in self.client.process(action, frame):
            match output:
                case GraphicsUpdate(job=job):
                    self.told.append(job)
                    self.image.apply(job)
                case PointerUpdate(update=update):
                    self.told.append(update)
                    self.pointer.apply(update)
                case Activated(activation=activation):
                    size = activation.desktop_size
                    self.image.resize(size.width, size.height)
                    self.pointer.reset()
                case ResponseFrame(data=data) if not self.is_mute:
                    self.say(data)


class StepCounter(trio.abc.Instrument):
    """Cancels a scope when a task has run a number of steps, so that a test can cancel at every checkpoint."""

    def __init__(self, scope: trio.CancelScope, steps: int) -> None:
        self._task = trio.lowlevel.current_task()
        self._scope = scope
        self._left = steps

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        if task is self._task:
            self._left -= 1
            if self._left == 0:
                self._scope.cancel()


@contextlib.contextmanager
def cancelled_after(steps: int) -> Any:
    """A scope that is cancelled when this task has waited `steps` times."""
    with trio.CancelScope() as scope:
        counter = StepCounter(scope, steps)
        if steps == 0:
            scope.cancel()
        trio.lowlevel.add_instrument(counter)
        try:
            yield scope
        finally:
            trio.lowlevel.remove_instrument(counter)


def noise(width: int, height: int, seed: int = 1) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 4), dtype=np.uint8)


RAW: dict[str, Any] = {"codecs": (BitmapCodec.RAW,)}
SHAPE = PointerShape(noise(20, 20) | np.uint8(128), (3, 4))


async def paint(link: Link, color: tuple[int, int, int] = (1, 2, 3), rect: Rect | None = None) -> None:
    async with link.display.frame() as frame:
        frame.fill(frame.bounds if rect is None else rect, color)


def color_at(link: Link, x: int = 0, y: int = 0) -> tuple[int, ...]:
    return tuple(int(value) for value in link.image.pixels[y, x, 2::-1])


def places(link: Link) -> list[Rect]:
    """Where the bitmaps of bitmap updates were to be drawn, in their order."""
    return [place_of(bitmap) for job in link.told if isinstance(job, DrawBitmaps) for bitmap in job.bitmaps]
