"""`Display`: what a server shows one client, frame by frame.

    async with session.display.frame() as frame:
        frame.blit(Rect(0, 0, 320, 80), pixels)

Entering waits until the client is ready for another picture, so that a slow one gets fewer and always the newest;
drawing never waits; leaving sends what changed.  The framebuffer is the truth: what could not be sent stays damage in
it, and goes out with the next frame.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

import trio

from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.display_statistics import DisplayStatistics
from trio_rdp.display_tasks import DisplayTasks, ResizeRequest
from trio_rdp.graphics.content import Hint
from trio_rdp.graphics.framebuffer import Framebuffer
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pointer_shape import PointerShape
from trio_rdp.pdu.pointer import SystemPointerType
from trio_rdp.protocol.config import DesktopSize
from trio_rdp.wire.errors import LocalProtocolError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Display", "DisplayStatistics", "Frame"]


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
        self._display._roads.sender.hints.set(rect, hint)

    def copy(self, source: Rect, to: tuple[int, int]) -> None:
        """Copy a rectangle so that its top left corner comes to `to`; the two may overlap."""
        self._canvas().copy(source, *to)

    def fill(self, rect: Rect, color: tuple[int, int, int]) -> None:
        """Fill a rectangle with one colour: red, green and blue, each 0 to 255."""
        red, green, blue = color
        self._canvas().fill(rect, red << 16 | green << 8 | blue)

    def h264(self, rect: Rect, data: bytes) -> bool:
        """Show an access unit of H.264, in byte stream format (Annex B), in a rectangle as large as its picture.

        It goes to the client as it is, for a capture pipeline that has encoded it already; what follows in the same
        `rect` is the same stream.  Gives whether it will be shown: False asks for a key picture (IDR) with its
        parameter sets, as the client has only begun to look, at this size, or has looked away.

        Nobody decodes it here.  So in `Display.snapshot`, and where the client asks for a repaint, there is what was
        drawn in `rect` otherwise, until the next unit comes.  What is drawn into it afterwards is shown over it, until
        the next unit; drawing over all of it ends the stream.

        Raises `LocalProtocolError` where the client takes none (see `Display.takes_h264`), for a rectangle that is not
        on the desktop, and for more than 8 streams, or one below version 10 of the pipeline, whose clients may have
        one decoder; `ValueError` for what is no H.264 that clients decode, or of
        another size.
        """
        bounds = self._canvas().bounds
        if rect.is_empty or rect.intersect(bounds) != rect:
            raise LocalProtocolError(f"a video in {rect}, of a desktop of {bounds.width}x{bounds.height}")
        pipeline = self._display._roads.pipeline
        if pipeline is None:
            raise LocalProtocolError("the client takes no H.264: there is no graphics pipeline")
        return not self._display.is_suppressed and pipeline.add_video(rect, bytes(data))

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


class Display(DisplayTasks):
    """A client's desktop, from the server's side; every method raises `SessionClosed` when the session is over."""

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
        return self._roads.sender.usable_codecs

    @property
    def codec(self) -> BitmapCodec | None:
        """The codec for what is sent from now on, one of `codecs`; None, at first, lets the content decide.

        Only a `BitmapCodec` given to `Frame.hint` outweighs it.  Setting another one raises `LocalProtocolError`.
        After a resize it still holds, if the client still takes it.
        """
        return self._roads.sender.codec

    @codec.setter
    def codec(self, codec: BitmapCodec | None) -> None:
        if codec is not None and codec not in self.codecs:
            name, names = getattr(codec, "name", codec), ", ".join(one.name for one in self.codecs)
            raise LocalProtocolError(f"codec {name} is not usable with this client; there are {names}")
        self._roads.codec = codec
        self._roads.choose()

    @property
    def quality(self) -> Quality:
        """How much lossy codecs may lose of what is sent from now on; at first what the configuration says."""
        return self._roads.sender.quality

    @quality.setter
    def quality(self, quality: Quality) -> None:
        if not isinstance(quality, Quality):
            raise TypeError(f"quality {quality!r} is no Quality")
        self._roads.set_quality(quality)

    @property
    def has_pipeline(self) -> bool:
        """Whether the graphics pipeline carries the picture, and not bitmap updates and surface commands."""
        return self._roads.pipeline is not None

    @property
    def takes_h264(self) -> bool:
        """Whether the client takes H.264 now, and so `Frame.h264`."""
        return self._roads.pipeline is not None and self._roads.pipeline.takes_h264

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
        """Change the desktop's size; returns when the client has confirmed it, or will before it shows anything else.

        The graphics pipeline only needs to say so; without it the connection is reactivated.

        What fits stays at the top left, the rest is black, and everything is sent anew.  Concurrent calls take turns.
        Raises `LocalProtocolError` for a size that is not allowed, and for a client that cannot resize; the session
        ends when the client does not answer within `Limits.reactivation`.  Cancelling it before its turn changes
        nothing; afterwards the desktop is resized all the same.
        """
        self._ending.raise_closed()
        self._check_no_frame("a resize")
        request = ResizeRequest(DesktopSize(width, height))
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
        roads = self._roads
        return DisplayStatistics(
            self._frames,
            self._frames_unsent,
            roads.tiles_sent,
            roads.tiles_unchanged,
            roads.bytes_encoded,
            roads.codecs,
            self._waits,
            roads.sender.unacknowledged,
            roads.late_acknowledgements,
            self._resized,
            self._writer.graphics.statistics(),
            roads.statistics(),
        )
