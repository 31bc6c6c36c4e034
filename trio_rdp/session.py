"""What a client's and a server's session share: supervision, the reader task, routing to channels, and the end.

Background tasks run shielded, so that a cancelled session still says goodbye, within `Limits.close_grace`.  Whatever
fails in them becomes one flat `SessionClosed`; the nursery never shows.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import trio

from trio_rdp.channel import StaticChannel
from trio_rdp.framed import Framed, StreamEnded
from trio_rdp.level import Ending
from trio_rdp.protocol.framing import Action
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import DeadlineExceeded, SessionClosed
from trio_rdp.writer import Writer

__all__ = ["Supervised", "deadline"]

_log = logging.getLogger(__name__)

_LAST_LOOK = 0.25  # seconds for the peer to close first, so that our closing does not cut off what it still reads


@contextlib.contextmanager
def deadline(phase: str, seconds: float) -> Iterator[None]:
    """Bound a phase of the protocol; raises `DeadlineExceeded` when it takes longer."""
    with trio.move_on_after(seconds) as scope:
        yield
    if scope.cancelled_caught:
        raise DeadlineExceeded(phase, seconds)


class Supervised:
    """A session's tasks, queues and end; the two roles fill in what their frames mean."""

    def __init__(self, framed: Framed, limits: Limits) -> None:
        self._framed = framed
        self._limits = limits
        self._ending = Ending()
        self._writer = Writer(framed.stream, limits)
        self._channels: dict[str, StaticChannel] = {}
        self._tasks = trio.CancelScope(shield=True)
        self._body: trio.CancelScope | None = None
        self._is_leaving = False
        self._reader_done = trio.Event()
        self._writer_done = trio.Event()
        self._frames_received = 0

    # What a role fills in.

    def _receive(self, action: Action, frame: bytes) -> None:
        """Handle one frame; never waits."""
        raise AssertionError

    def _flush(self) -> None:
        """Handle what a batch of frames came to."""

    async def _wait_room(self) -> None:
        """Wait while too much waits to be worked off."""

    def _say_goodbye(self) -> None:
        """Queue what the peer should hear last."""

    def _wake(self) -> None:
        """Wake everybody who waits for something that will not come any more."""
        for channel in self._channels.values():
            channel.wake()

    def _background(self) -> list[Callable[[], Awaitable[None]]]:
        """Further tasks that live as long as the session."""
        return []

    # The tasks.

    @contextlib.asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        """Run the session around a `with` block; leaving it disconnects.

        An exception of the block comes out bare.  When the session fails under it, the block is cancelled and
        `SessionClosed` is raised, with the cause.
        """
        body_error: Exception | None = None
        try:
            async with trio.open_nursery() as nursery:
                self._body = nursery.cancel_scope
                nursery.start_soon(self._run_tasks)
                try:
                    yield
                except Exception as exc:
                    body_error = exc
                finally:
                    await self._leave()
                    self._tasks.cancel()
        finally:
            await trio.aclose_forcefully(self._framed.stream)
        if body_error is not None:
            raise body_error
        if not self._ending.is_clean:
            self._ending.raise_closed()

    async def _run_tasks(self) -> None:
        with self._tasks:
            async with trio.open_nursery() as nursery:
                for task in (self._read, self._write, *self._background()):
                    nursery.start_soon(self._guard, task)

    async def _guard(self, task: Callable[[], Awaitable[None]]) -> None:
        try:
            await task()
        except Exception as exc:
            self._fail(exc)

    async def _read(self) -> None:
        """Read until the end; waits for nothing but the socket, and for room when the peer paints too fast."""
        try:
            while not self._ending.is_over:
                for action, frame in await self._framed.read_pdus():
                    self._frames_received += 1
                    self._receive(action, frame)
                    if self._ending.is_over:
                        break
                self._flush()
                await self._wait_room()
        except StreamEnded:
            if not self._is_leaving:
                raise
        finally:
            self._reader_done.set()

    async def _write(self) -> None:
        try:
            await self._writer.run()
        finally:
            self._writer_done.set()

    # The end.

    def _fail(self, cause: Exception) -> None:
        """End the session because a task failed, and cancel who uses it."""
        if self._is_leaving or self._ending.is_over:
            _log.debug("after the end of the session: %r", cause)
        if isinstance(cause, SessionClosed):
            error = cause
        else:
            error = SessionClosed(f"the session ended: {cause}")
            error.__cause__ = cause
        self._end(error, is_clean=self._is_leaving)
        if self._body is not None and not self._is_leaving:
            self._body.cancel()

    def _end(self, error: SessionClosed, *, is_clean: bool) -> None:
        if self._ending.is_over:
            return
        self._ending.end(error, is_clean=is_clean)
        if is_clean:
            self._writer.finish(error)
        else:
            self._writer.close(error)
        self._wake()

    async def _leave(self) -> None:
        """Say goodbye and let it be written, within the grace; what uses the session afterwards sees its end."""
        self._is_leaving = True
        with trio.move_on_after(self._limits.close_grace, shield=True):
            if not self._ending.is_over:
                with contextlib.suppress(trio.WouldBlock, SessionClosed):
                    self._say_goodbye()
                self._end(SessionClosed("the session was left"), is_clean=True)
            await self._writer_done.wait()
            with trio.move_on_after(_LAST_LOOK):
                await self._reader_done.wait()

    async def wait_closed(self) -> None:
        """Wait until the session is over, however it ends; raises `SessionClosed` if it did not end cleanly."""
        await self._reader_done.wait()
        self._ending.raise_unclean()
