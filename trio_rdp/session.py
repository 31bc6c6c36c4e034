"""What a client's and a server's session share: supervision, the reader task, routing to channels, and the end.

Background tasks run shielded, so that a cancelled session still says goodbye, within `Limits.close_grace`.  Whatever
fails in them becomes one flat `SessionClosed`; the nursery never shows.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import ClassVar, Protocol

import trio

from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.framed import Framed, StreamEnded
from trio_rdp.inflow import Inflow
from trio_rdp.level import Ending
from trio_rdp.protocol.channel_buffer import ChannelBuffer
from trio_rdp.protocol.framing import Action
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.stretch import Stretch
from trio_rdp.session_channels import SessionChannels
from trio_rdp.wire.errors import DeadlineExceeded, RdpError, SessionClosed
from trio_rdp.writer import Writer

__all__ = ["Supervised", "deadline", "is_only_the_end"]

_log = logging.getLogger(__name__)

_PATIENCE = 8  # turns of the loop in which a receiver may do something else between two messages
_LAST_LOOK = 0.25  # seconds for the peer to close first, so that our closing does not cut off what it still reads


@contextlib.contextmanager
def deadline(phase: str, seconds: float) -> Iterator[None]:
    """Bound a phase of the protocol; raises `DeadlineExceeded` when it takes longer."""
    with trio.move_on_after(seconds) as scope:
        yield
    if scope.cancelled_caught:
        raise DeadlineExceeded(phase, seconds)


class Queue(Protocol):
    """What a peer fills and a user empties."""

    @property
    def waiting(self) -> int:
        """How many wait."""
        ...

    @property
    def is_crowded(self) -> bool:
        """Whether more than half of what may wait does."""
        ...


def is_only_the_end(exc: BaseException) -> bool:
    """Whether an exception only says that a session is over: `SessionClosed`, bare or as all leaves of groups."""
    if isinstance(exc, BaseExceptionGroup):
        return exc.split(SessionClosed)[1] is None
    return isinstance(exc, SessionClosed)


class Supervised:
    """A session's tasks, queues and end; the two roles fill in what their frames mean."""

    _last_look: ClassVar[float] = _LAST_LOOK
    """The same, after our own goodbye; it is within the grace, whatever it is."""

    def __init__(self, framed: Framed, limits: Limits) -> None:
        self._framed = framed
        self._limits = limits
        self._ending = Ending()
        self._writer = Writer(framed.stream, limits)
        self._channels: SessionChannels = SessionChannels(self._writer, limits, self._ending)
        self._waiting_tasks: list[Callable[[], Awaitable[None]]] = []
        self._task_nursery: trio.Nursery | None = None
        self._holder: Inflow | None = None
        self._stretch: Stretch | None = None
        self._tasks = trio.CancelScope(shield=True)
        self._body: trio.CancelScope | None = None
        self._is_leaving = False
        self._farewell: tuple[SessionClosed, bool] | None = None
        self._heeding = trio.Lock()
        self._settling = trio.CancelScope()
        self._reader_done = trio.Event()
        self._writer_done = trio.Event()
        self._frames_received = 0
        self._crowded: Queue | None = None

    # What a role fills in.

    def _begin(self) -> None:
        """Handle what came while the connection was made."""

    def _receive(self, action: Action, frame: bytes) -> None:
        """Handle one frame; never waits."""
        raise AssertionError

    def _flush(self) -> None:
        """Handle what a batch of frames came to."""

    async def _wait_room(self) -> None:
        """Wait while too much waits to be worked off."""

    async def _settle(self) -> None:
        """Wait until what came before the peer's goodbye is worked off."""

    # Channels.

    def _use(self, face: ChannelFace, name: str, buffer: ChannelBuffer | None = None) -> None:
        """Let a face work on a static channel, if that is there."""
        channel = self._channels.find(name)
        self._channels.faces.append(face)
        if channel is None:
            face.unavailable("one side did not ask for it")
        elif self._ending.is_over:
            face.session_ended(self._ending.error or SessionClosed("the session was left"))
        else:
            if buffer is not None:
                channel.inflow.buffer = buffer
            self._spawn(partial(face.run, channel))

    def _spawn(self, task: Callable[[], Awaitable[None]]) -> None:
        """Run a task as long as the session."""
        if self._task_nursery is None:
            self._waiting_tasks.append(task)
        else:
            self._task_nursery.start_soon(self._guard, task)

    async def _hold(self, inflow: Inflow) -> None:
        """Read nothing more until a channel whose user wanted that has room, or for `Limits.stall`."""
        self._holder, started = inflow, trio.current_time()
        try:
            with trio.move_on_after(self._limits.stall) as scope:
                await inflow.wait_room()
        finally:
            self._holder = None
            inflow.seconds_held += trio.current_time() - started
        if scope.cancelled_caught:
            raise SessionClosed(f"channel {inflow.name} held the connection for {self._limits.stall:g} s")

    @property
    def held_by(self) -> str | None:
        """The channel with `WhenFull.WAIT` whose reader the whole connection waits for, if it does."""
        return None if self._holder is None else self._holder.name

    async def _finish(self) -> None:
        """Wait for what should reach the peer before the goodbye does; within the grace."""

    def _say_goodbye(self) -> None:
        """Queue what the peer should hear last."""

    def _wake(self) -> None:
        """Wake everybody who waits for something that will not come any more."""
        self._channels.wake()

    def _background(self) -> list[Callable[[], Awaitable[None]]]:
        """Further tasks that live as long as the session."""
        return []

    # The tasks.

    @contextlib.asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        """Run the session around a `with` block; leaving it disconnects.

        An exception of the block comes out bare.  When the session fails under it, the block is cancelled and one flat
        `SessionClosed` is raised, with the cause; also where the tasks of the block have seen several.
        """
        raised: BaseException | None = None
        try:
            async with trio.open_nursery() as nursery:
                self._body = nursery.cancel_scope
                nursery.start_soon(self._run_tasks)
                try:
                    await self._guard(self._start)
                    self._ending.raise_refusal()
                    self._ending.raise_unclean()
                    yield
                except Exception as exc:
                    raised = exc
                finally:
                    await self._leave()
                    self._tasks.cancel()
        except BaseExceptionGroup as group:
            # Only the block can have raised what the nursery wraps: a cancellation, or an interrupt from the keyboard.
            raised = group.exceptions[0] if len(group.exceptions) == 1 else group
        finally:
            await trio.aclose_forcefully(self._framed.stream)
        if raised is not None and not (isinstance(raised, ExceptionGroup) and is_only_the_end(raised)):
            raise raised
        # What several tasks of the block saw of the end is one error, or none where the end was clean.
        self._ending.raise_unclean()

    async def _run_tasks(self) -> None:
        with self._tasks:
            async with trio.open_nursery() as nursery:
                self._task_nursery = nursery
                for task in (self._read, self._write, *self._background(), *self._waiting_tasks):
                    nursery.start_soon(self._guard, task)
                self._waiting_tasks.clear()

    async def _guard(self, task: Callable[[], Awaitable[None]]) -> None:
        try:
            await task()
        except Exception as exc:
            if not isinstance(exc, RdpError):
                _log.error("a session broke, which is a mistake of the library", exc_info=exc)
            self._fail(exc)

    async def _start(self) -> None:
        self._begin()
        await self._heed_farewell()

    async def _read(self) -> None:
        """Read until the end; waits for nothing but the socket, and for room when the peer paints too fast."""
        try:
            while not self._ending.is_over:
                stretch = self._stretch
                frames = await self._framed.read_pdus(stretch=stretch)
                if stretch is not None:
                    self._frames_received += stretch.count
                    stretch.count = 0
                await self._receive_all(frames)
                await self._heed_farewell()
                await self._wait_room()
            while self._is_leaving and await self._framed.stream.receive_some():
                pass  # closing over bytes that nobody has read would reset the connection, and our last words with it
        except trio.BrokenResourceError:
            _log.debug("the peer broke the connection while it was closed")
        except SessionClosed as exc:
            # Who has said goodbye may close, also while `_start` still works off what came before that.
            if self._farewell is not None:
                await self._heed_farewell()
            elif not (self._is_leaving and isinstance(exc, StreamEnded)):
                raise
        finally:
            self._reader_done.set()

    async def _receive_all(self, frames: list[tuple[Action, bytes]]) -> None:
        for action, frame in frames:
            if self._ending.is_over or self._farewell is not None:
                break
            self._frames_received += 1
            if self._stretch is not None:
                if self._stretch.take(frame):
                    continue
                self._stretch = None
            self._receive(action, frame)
            if self._crowded is not None:
                await self._let_receive(self._crowded)
                self._crowded = None
            if (inflow := self._channels.take_crowded()) is not None:
                await self._let_receive(inflow)
                if inflow.is_holding:
                    await self._hold(inflow)
        self._flush()

    async def _let_receive(self, queue: Queue) -> None:
        """Let who receives from a queue catch up, for as long as it does: one read may bring more than the queue holds.

        Nobody is waited for: a receiver that does something else keeps the reader for a few turns of the loop.
        """
        idle = 0
        while queue.is_crowded and idle < _PATIENCE:
            waiting = queue.waiting
            await trio.lowlevel.checkpoint()
            idle = 0 if queue.waiting < waiting else idle + 1

    async def _write(self) -> None:
        try:
            await self._writer.run()
        finally:
            self._writer_done.set()

    # The end.

    def _fail(self, cause: Exception) -> None:
        """End the session because a task failed, and cancel who uses it."""
        if self._ending.is_over:
            _log.debug("after the end of the session: %r", cause)
            return
        if self._farewell is not None and isinstance(cause, SessionClosed):
            # A connection that is lost behind a goodbye, maybe while something was sent, is how that one ends.
            reason, is_clean = self._farewell
            self._end(reason, is_clean=is_clean)
            return
        if isinstance(cause, SessionClosed):
            error = cause
        else:
            error = SessionClosed(f"the session ended: {cause}")
            error.__cause__ = cause
        self._end(error, is_clean=self._is_leaving)

    def _terminate(self, reason: SessionClosed, *, is_clean: bool) -> None:
        """The peer has said goodbye; what it sends after that is nobody's concern."""
        self._farewell = reason, is_clean

    async def _heed_farewell(self) -> None:
        if self._farewell is None:
            return
        reason, is_clean = self._farewell
        # One that came while the connection was made is heeded by `_start`, and by the reader when it reads on.
        async with self._heeding:
            if is_clean and not self._ending.is_over:
                with trio.CancelScope() as self._settling:
                    await self._settle()
            self._end(reason, is_clean=is_clean)

    def _end(self, error: SessionClosed, *, is_clean: bool) -> None:
        if self._ending.is_over:
            return
        self._ending.end(error, is_clean=is_clean)
        self._settling.cancel()  # what would be waited for may never come now
        if is_clean:
            self._writer.finish(error)
        else:
            self._writer.close(error)
            if self._body is not None:
                self._body.cancel()
        self._wake()

    async def _leave(self) -> None:
        """Say goodbye and let it be written, within the grace; what uses the session afterwards sees its end."""
        self._is_leaving = True
        with trio.move_on_after(self._limits.close_grace, shield=True):
            if not self._ending.is_over:
                await self._finish()
            last_look = _LAST_LOOK
            if not self._ending.is_over:
                with contextlib.suppress(trio.WouldBlock, SessionClosed):
                    self._say_goodbye()
                self._end(SessionClosed("the session was left"), is_clean=True)
                last_look = self._last_look
            if not self._ending.is_clean:
                return  # there is nobody to talk to
            await self._writer_done.wait()
            with trio.move_on_after(last_look):
                await self._reader_done.wait()

    @property
    def is_over(self) -> bool:
        """Whether the session has ended, or is being left."""
        return self._ending.is_over

    @property
    def reason(self) -> SessionClosed | None:
        """Why the session is over, in plain words; None while it is not."""
        return self._ending.error

    async def wait_closed(self) -> None:
        """Wait until the session is over, however it ends; raises `SessionClosed` if it did not end cleanly."""
        await self._reader_done.wait()
        self._ending.raise_unclean()
