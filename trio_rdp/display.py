"""`Display`: what a server shows one client, frame by frame.

    async with session.display.frame() as frame:
        frame.blit(Rect(0, 0, 320, 80), pixels)

Entering waits until the client is ready for another picture, so that a slow one gets fewer and always the newest;
drawing never waits; leaving sends what changed.  The framebuffer is the truth: what could not be sent stays damage in
it, and goes out with the next frame.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

import trio

from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.encoding import current_scheduler
from trio_rdp.graphics.content import Hint
from trio_rdp.graphics.framebuffer import Framebuffer
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pointer_shape import PointerShape
from trio_rdp.graphics.region import Region
from trio_rdp.level import Ending, Level
from trio_rdp.pdu.altsec_orders import encode_altsec_orders
from trio_rdp.pdu.fastpath import FRAGMENT_SIZE
from trio_rdp.pdu.pointer import SystemPointerType
from trio_rdp.pdu.windowing import WindowOrder
from trio_rdp.pixel_sender import CodecStatistics, PixelSender
from trio_rdp.pointer_sender import PointerSender
from trio_rdp.protocol.config import DesktopSize
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.server_stage import ServerStage
from trio_rdp.wire.errors import DeadlineExceeded, LocalProtocolError, SessionClosed
from trio_rdp.writer import LaneStatistics, Writer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Display", "DisplayStatistics", "Frame"]


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


class Frame:
    """One picture in the making, by `Display.frame`; coordinates are pixels of the desktop, and all drawing is clipped.

    After an exception in the block, what was drawn until then stays, and is sent with the next frame.
    """

    def __init__(self, display: Display) -> None:
        self._display = display
        self._is_open = False

    @property
    def size(self) -> DesktopSize:
        """The desktop's size, which stays as it is for as long as the frame is open."""
        return self._display.size

    @property
    def bounds(self) -> Rect:
        """The whole desktop."""
        return self._display._framebuffer.bounds

    def blit(
        self,
        rect: Rect,
        pixels: bytes | bytearray | memoryview | NDArray[np.uint8],
        format: PixelFormat = PixelFormat.BGRA32,  # noqa: A002
        stride: int | None = None,
        *,
        hint: Hint | None = None,
    ) -> None:
        """Draw `rect.width` x `rect.height` pixels, top row first, `stride` bytes apart (by default without gaps).

        An array is uint8 (height, width, bytes per pixel).  A `hint` says how to send them, as method `hint` does.
        Raises `ValueError` when there are too few bytes.
        """
        self._canvas().blit(rect, pixels, format, stride)
        if hint is not None:
            self.hint(rect, hint)

    def hint(self, rect: Rect, hint: Hint) -> None:
        """Say how to send a part of the desktop, from now on and until something else is said or the desktop resized.

        `Content.PHOTO` and `Content.TEXT` spare the measurement and its mistakes, a `BitmapCodec` outweighs the choice
        altogether where the client takes that codec, `Content.AUTO` takes back what was said.  It holds for the tiles
        of 64 x 64 pixels of which at least a half is in `rect`.
        """
        self._canvas()
        self._display._pixels.hints.set(rect, hint)

    def copy(self, source: Rect, to: tuple[int, int]) -> None:
        """Copy a rectangle so that its top left corner comes to `to`; the two may overlap."""
        self._canvas().copy(source, *to)

    def fill(self, rect: Rect, color: tuple[int, int, int]) -> None:
        """Fill a rectangle with one colour: red, green and blue, each 0 to 255."""
        red, green, blue = color
        self._canvas().fill(rect, red << 16 | green << 8 | blue)

    def _canvas(self) -> Framebuffer:
        if not self._is_open:
            raise LocalProtocolError("this frame is not open: drawing belongs into its `async with` block")
        return self._display._framebuffer

    async def __aenter__(self) -> Self:
        await self._display._open_frame()
        self._is_open = True
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_open = False
        await self._display._close_frame(should_send=exc is None)


@dataclass(slots=True, eq=False)
class _Resize:
    size: DesktopSize
    is_done: bool = False
    error: LocalProtocolError | None = None


class Display:
    """A client's desktop, from the server's side; every method raises `SessionClosed` when the session is over."""

    def __init__(self, stage: ServerStage, writer: Writer, limits: Limits, ending: Ending) -> None:
        self._stage = stage
        self._writer = writer
        self._limits = limits
        self._ending = ending
        self._level = Level(ending)
        self._turn = trio.Lock()
        self._resizes: deque[_Resize] = deque()
        self._attention = trio.Event()
        self._is_suppressed = False
        self._owes = False  # the display itself is to send what is damaged
        self._stale = Region()  # what the client asked for again
        self._frames = self._frames_unsent = self._waits = self._resized = 0
        size = stage.desktop_size
        self._framebuffer = Framebuffer(size.width, size.height)
        self._framebuffer.damage.add(self._framebuffer.bounds)
        self._pixels = PixelSender(stage, writer.graphics, current_scheduler(), self._level)
        self._pointer = PointerSender(stage, writer.input)

    @property
    def width(self) -> int:
        """In pixels."""
        return self._framebuffer.width

    @property
    def height(self) -> int:
        """In pixels."""
        return self._framebuffer.height

    @property
    def size(self) -> DesktopSize:
        """Width and height."""
        return DesktopSize(self.width, self.height)

    @property
    def is_suppressed(self) -> bool:
        """Whether the client wants no output now: its window is minimized."""
        return self._is_suppressed

    @property
    def codecs(self) -> tuple[BitmapCodec, ...]:
        """The codecs that the client takes and the configuration allows, the best one first."""
        return self._pixels.usable_codecs

    @property
    def codec(self) -> BitmapCodec | None:
        """The codec for what is sent from now on, one of `codecs`; None, at first, lets the content decide.

        Only a `BitmapCodec` given to `Frame.hint` outweighs it.  Setting another one raises `LocalProtocolError`.
        After a resize it still holds, if the client still takes it.
        """
        return self._pixels.codec

    @codec.setter
    def codec(self, codec: BitmapCodec | None) -> None:
        if codec is not None and codec not in self.codecs:
            name, names = getattr(codec, "name", codec), ", ".join(one.name for one in self.codecs)
            raise LocalProtocolError(f"codec {name} is not usable with this client; there are {names}")
        self._pixels.codec = codec

    @property
    def quality(self) -> Quality:
        """How much lossy codecs may lose of what is sent from now on; at first what the configuration says."""
        return self._pixels.quality

    @quality.setter
    def quality(self, quality: Quality) -> None:
        if not isinstance(quality, Quality):
            raise TypeError(f"quality {quality!r} is no Quality")
        self._pixels.quality = quality

    def snapshot(self) -> NDArray[np.uint8]:
        """Copy the picture as it was drawn: uint8 (height, width, 4), BGRX with alpha 255."""
        return self._framebuffer.snapshot()

    def frame(self) -> Frame:
        """Draw the next frame: `async with display.frame() as frame`.

        Entering waits for its turn, as there is one frame at a time, then until the socket has taken the last picture
        and, where the client acknowledges frames, until it is not too far behind.  While the client wants no output it
        waits for neither: drawing goes on and is sent, by itself, once the client wants to see it.

        Leaving sends what differs from what the client shows.  If it is cancelled or fails, what was not sent is sent
        with the next frame.
        """
        return Frame(self)

    async def wait_unsuppressed(self) -> None:
        """Wait until the client wants output, for programs that would rather not draw for nobody."""
        await trio.lowlevel.checkpoint()
        self._ending.raise_closed()
        while self._is_suppressed:
            await self._level.wait_beyond(self._level.count)

    async def resize(self, width: int, height: int) -> None:
        """Change the desktop's size, by a reactivation; returns when the client has confirmed it.

        What fits stays at the top left, the rest is black, and everything is sent anew.  Concurrent calls take turns.
        Raises `LocalProtocolError` for a size that is not allowed, and for a client that cannot resize; the session
        ends when the client does not answer within `Limits.reactivation`.  Cancelling it before its turn changes
        nothing; afterwards the desktop is resized all the same.
        """
        self._ending.raise_closed()
        self._check_no_frame("a resize")
        request = _Resize(DesktopSize(width, height))
        self._resizes.append(request)
        self._attention.set()
        try:
            while not request.is_done:
                await self._level.wait_beyond(self._level.count)
        finally:
            if request in self._resizes:
                self._resizes.remove(request)
        if request.error is not None:
            raise request.error

    async def set_pointer(self, shape: PointerShape) -> None:
        """Show a pointer; one that the client has cached costs a few bytes.

        Larger ones than the client takes are made smaller.  `PointerShape.from_rgba` makes shapes of RGBA pixels,
        `graphics.pointer_shape.decode_masks` of the masks of Windows cursors.
        """
        self._ending.raise_closed()
        await self._pointer.show(shape)

    async def hide_pointer(self) -> None:
        """Show no pointer."""
        self._ending.raise_closed()
        await self._pointer.show(SystemPointerType.NULL)

    async def default_pointer(self) -> None:
        """Show the client's own pointer."""
        self._ending.raise_closed()
        await self._pointer.show(SystemPointerType.DEFAULT)

    async def move_pointer(self, x: int, y: int) -> None:
        """Put the client's pointer at (x, y), or at the nearest pixel of the desktop."""
        self._ending.raise_closed()
        await self._pointer.move(min(max(x, 0), self.width - 1), min(max(y, 0), self.height - 1))

    def statistics(self) -> DisplayStatistics:
        """What was sent, and what waits."""
        return DisplayStatistics(
            self._frames,
            self._frames_unsent,
            self._pixels.tiles_sent,
            self._pixels.tiles_unchanged,
            self._pixels.bytes_encoded,
            {codec: replace(counted) for codec, counted in self._pixels.codecs.items()},
            self._waits,
            self._pixels.unacknowledged,
            self._pixels.late_acknowledgements,
            self._resized,
            self._writer.graphics.statistics(),
        )

    # What follows is for the session.

    async def run(self) -> None:
        """Resize, and send what is to be sent without a frame; runs until cancelled or over.

        Raises `DeadlineExceeded` when the client does not answer a reactivation in time.
        """
        try:
            while True:
                await self._attention.wait()
                self._attention = trio.Event()
                await self._attend()
        except SessionClosed:
            # Whoever ended the session has said why.
            if not self._ending.is_over:
                raise

    async def _attend(self) -> None:
        while self._resizes:
            async with self._turn:
                if self._resizes:  # its caller may have been cancelled meanwhile
                    await self._resize(self._resizes.popleft())
        if self._owes or self._stale:
            async with self._turn:
                await self._repaint()

    def suppress(self, is_suppressed: bool) -> None:
        """The client wants no output, or wants it again."""
        self._is_suppressed = is_suppressed
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

    def reactivated(self) -> None:
        """The client has taken the desktop's new size."""
        size = self._stage.desktop_size
        self._framebuffer.resize(size.width, size.height)
        self._stale.clear()
        self._pixels.begin_share()
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
        await self._turn.acquire()
        try:
            await self._wait_ready()
            self._ending.raise_closed()
        except BaseException:
            self._turn.release()
            raise

    async def _close_frame(self, *, should_send: bool) -> None:
        try:
            if should_send:
                self._frames += 1
                self._frames_unsent += self._is_suppressed
                await self._commit()
        finally:
            self._turn.release()

    async def _wait_ready(self) -> None:
        """Wait until the client can take another frame, or wants none."""
        while not self._is_suppressed:
            if not self._writer.is_graphics_drained:
                self._waits += 1
                await self._writer.wait_graphics_drained()
            elif self._pixels.is_ahead:
                self._waits += 1
                await self._pixels.wait_acknowledged(self._limits.frame_acknowledgement)
            else:
                return

    async def _repaint(self) -> None:
        """Send what is damaged, and what the client asked for again."""
        await self._wait_ready()
        if self._is_suppressed:
            return
        stale = self._stale.take()
        self._pixels.forget(stale)
        for rect in stale:
            self._framebuffer.damage.add(rect)
        self._owes = False
        await self._commit()

    async def _commit(self) -> None:
        """Send what changed.  INVARIANT: the turn is ours, so that nobody else draws or sends meanwhile."""
        if self._is_suppressed or not (self._framebuffer.damage or self._pixels.owes):
            await trio.lowlevel.checkpoint()
            return
        await self._pixels.send(self._framebuffer, lambda: not self._is_suppressed)

    # Reactivations.

    async def _resize(self, request: _Resize) -> None:
        """Reactivate, holding both turns, so that nothing is painted meanwhile."""
        async with self._pointer.turn:
            if request.size == self._stage.desktop_size:
                self._finish(request)
                return
            try:
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

    def _finish(self, request: _Resize, error: LocalProtocolError | None = None) -> None:
        request.is_done, request.error = True, error
        self._level.notify()

    async def _wait_reactivated(self) -> None:
        with trio.move_on_after(self._limits.reactivation) as scope:
            while not self._stage.is_active:
                await self._level.wait_beyond(self._level.count)
        if scope.cancelled_caught:
            raise DeadlineExceeded("reactivation", self._limits.reactivation)
