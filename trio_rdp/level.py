"""`Level`: how a task waits for "something is different now" without a queue that could grow."""

from __future__ import annotations

import trio

from trio_rdp.wire.errors import AuthenticationFailed, SessionClosed

__all__ = ["Ending", "Level"]


class Ending:
    """How a session ended, as its parts see it: not yet, cleanly (a disconnect that one side asked for), or not."""

    __slots__ = ("error", "is_clean", "is_over")

    def __init__(self) -> None:
        self.is_over: bool = False
        self.is_clean: bool = False
        self.error: SessionClosed | None = None

    def end(self, error: SessionClosed, *, is_clean: bool) -> None:
        """Note the end; the first one counts."""
        if not self.is_over:
            self.is_over, self.is_clean, self.error = True, is_clean, error

    def raise_closed(self) -> None:
        """Raise `SessionClosed` if the session is over, however it ended."""
        if self.error is not None:
            raise SessionClosed(self.error.reason, self.error.code) from self.error.__cause__

    def raise_refusal(self) -> None:
        """Raise `AuthenticationFailed` if that is why the session is over."""
        if self.error is not None and isinstance(self.error.__cause__, AuthenticationFailed):
            raise self.error.__cause__

    def raise_unclean(self) -> None:
        """Raise `SessionClosed` if the session ended otherwise than by a disconnect."""
        if not self.is_clean:
            self.raise_closed()


class Level:
    """A count of changes, and a way to wait until it is beyond what one has seen."""

    __slots__ = ("_changed", "_ending", "count")

    def __init__(self, ending: Ending) -> None:
        self.count: int = 0
        self._ending = ending
        self._changed = trio.Event()

    def notify(self) -> None:
        """Something changed, or the session ended (which counts as no change): wake everybody who waits."""
        if not self._ending.is_over:
            self.count += 1
        self._changed.set()
        self._changed = trio.Event()

    async def wait_beyond(self, seen: int) -> int:
        """Wait until there were more than `seen` changes; returns their count.

        Raises `SessionClosed` when the session is over and there was none.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        while self.count <= seen:
            self._ending.raise_closed()
            await self._changed.wait()
        await trio.lowlevel.cancel_shielded_checkpoint()
        return self.count
