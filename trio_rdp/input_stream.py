"""`InputStream`: what a client's user does, as a Trio receive channel of a server's session.

async for event in session.input:
    match event:
        case KeyPressed(key=Key.ESCAPE):
            break
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import trio

from trio_rdp.level import Ending
from trio_rdp.protocol.input_events import InputEvent, MonitorLayoutChanged, MouseMoved, MouseMovedBy
from trio_rdp.wire.errors import RemoteProtocolError

__all__ = ["InputStatistics", "InputStream"]


@dataclass(frozen=True, slots=True)
class InputStatistics:
    """What came: events received, those of them that became one with the event before, and how many wait.

    `waiting` is now, `peak_waiting` the most there ever were, `limit` the bound.
    """

    received: int
    coalesced: int
    waiting: int
    peak_waiting: int
    limit: int


class InputStream(trio.abc.ReceiveChannel[InputEvent]):
    """Events in the order in which they happened.

    Mouse moves that wait coalesce, never across another event: a position with the next position, relative moves by
    adding them up; so do layouts of monitors.  After a clean end of the session `receive` gives what still waits and
    then raises `trio.EndOfChannel`; otherwise it raises `SessionClosed`.
    """

    def __init__(self, limit: int, ending: Ending) -> None:
        self._limit = limit
        self._ending = ending
        self._events: deque[InputEvent] = deque()
        self._arrived: trio.Event | None = None
        self._is_closed = False
        self._received = 0
        self._coalesced = 0
        self._peak = 0

    async def receive(self) -> InputEvent:
        """The next event; cancelling loses none."""
        await trio.lowlevel.checkpoint_if_cancelled()
        while True:
            try:
                event = self.receive_nowait()
            except trio.WouldBlock:
                if self._arrived is None:
                    self._arrived = trio.Event()
                await self._arrived.wait()
            else:
                await trio.lowlevel.cancel_shielded_checkpoint()
                return event

    def receive_nowait(self) -> InputEvent:
        """The next event; raises `trio.WouldBlock` where none waits."""
        if self._is_closed:
            raise trio.ClosedResourceError("this input was closed here")
        if self._events:
            return self._events.popleft()
        if self._ending.is_over:
            self._ending.raise_unclean()
            raise trio.EndOfChannel
        raise trio.WouldBlock

    async def aclose(self) -> None:
        """Stop listening: what the client's user does from now on is dropped."""
        self._is_closed = True
        self._events.clear()
        self.end()
        await trio.lowlevel.checkpoint()

    def statistics(self) -> InputStatistics:
        """What came, and what waits."""
        return InputStatistics(self._received, self._coalesced, len(self._events), self._peak, self._limit)

    # What follows is for the session.

    @property
    def waiting(self) -> int:
        """How many events wait."""
        return len(self._events)

    @property
    def is_crowded(self) -> bool:
        """Whether more than half of what may wait does."""
        return 2 * len(self._events) > self._limit

    def deliver(self, event: InputEvent) -> None:
        """Take an event from the client.

        Raises `RemoteProtocolError` when more wait than the limit: what would be lost may be the release of a key.
        """
        if self._is_closed:
            return
        self._received += 1
        joined = _join(self._events[-1], event) if self._events else None
        if joined is not None:
            self._coalesced += 1
            self._events[-1] = joined
            return
        if len(self._events) >= self._limit:
            raise RemoteProtocolError(f"{self._limit} input events wait and the handler receives none")
        self._events.append(event)
        self._peak = max(self._peak, len(self._events))
        self.end()

    def end(self) -> None:
        """Let who waits look again: an event came, or the session is over."""
        if self._arrived is not None:
            self._arrived.set()
            self._arrived = None


def _join(last: InputEvent, event: InputEvent) -> InputEvent | None:
    """One event for two, where they are moves of the same kind, or layouts."""
    if isinstance(event, MouseMoved) and isinstance(last, MouseMoved):
        return event
    if isinstance(event, MonitorLayoutChanged) and isinstance(last, MonitorLayoutChanged):
        return event
    if isinstance(event, MouseMovedBy) and isinstance(last, MouseMovedBy):
        return MouseMovedBy(last.dx + event.dx, last.dy + event.dy)
    return None
