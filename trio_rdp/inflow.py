"""`Inflow`: the messages of a channel that wait for its reader, within the bounds of a `ChannelBuffer`."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass

import trio

from trio_rdp.level import Ending
from trio_rdp.protocol.channel_buffer import ChannelBuffer, WhenFull

__all__ = ["ChannelStatistics", "Inflow"]


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChannelStatistics:
    """What waits in a channel for its reader (now, at most, and the bounds), and what went through."""

    name: str
    messages_received: int
    messages_sent: int
    waiting: int
    peak_waiting: int
    waiting_bytes: int
    peak_waiting_bytes: int
    max_messages: int
    max_bytes: int
    when_full: WhenFull
    dropped: int
    """Messages that were dropped, with `WhenFull.DROP_OLDEST`."""
    seconds_held: float
    """How long this channel has held the whole connection, with `WhenFull.WAIT`."""


class Inflow:
    """The messages of one channel on their way to its reader."""

    def __init__(self, name: str, buffer: ChannelBuffer, ending: Ending) -> None:
        self.name: str = name
        self.buffer: ChannelBuffer = buffer
        self.failure: str | None = None
        self.received: int = 0
        self.dropped: int = 0
        self.peak: int = 0
        self.peak_bytes: int = 0
        self.seconds_held: float = 0.0
        self._ending = ending
        self._messages: deque[bytes] = deque()
        self._bytes = 0
        self._is_ended = False
        self._is_closed = False
        self._changed = trio.Event()
        self._room = trio.Event()

    # For the reader of the channel.

    def check_open(self) -> None:
        """Raise when there is no use in asking for more."""
        if self._is_closed:
            raise trio.ClosedResourceError(f"channel {self.name} was closed here")
        if self.failure is not None:
            raise trio.BrokenResourceError(self.failure)

    def take(self) -> bytes:
        """The next message, or raise `trio.WouldBlock` where none waits, and `trio.EndOfChannel` where none will."""
        self.check_open()
        if not self._messages:
            if self._is_ended:
                raise trio.EndOfChannel
            if self._ending.is_over:
                self._ending.raise_unclean()
                raise trio.EndOfChannel
            raise trio.WouldBlock
        message = self._messages.popleft()
        self._bytes -= len(message)
        self._room.set()
        return message

    async def wait_take(self) -> bytes:
        """The next message; cancelling loses none."""
        await trio.lowlevel.checkpoint_if_cancelled()
        while True:
            try:
                message = self.take()
            except trio.WouldBlock:
                await self._changed.wait()
            else:
                await trio.lowlevel.cancel_shielded_checkpoint()
                return message

    def close(self) -> None:
        """Take nothing more: the reader has closed its channel."""
        self._is_closed = True
        self._forget()

    # For the session.

    @property
    def waiting(self) -> int:
        """How many messages wait."""
        return len(self._messages)

    @property
    def waiting_bytes(self) -> int:
        """How many bytes they have."""
        return self._bytes

    @property
    def is_crowded(self) -> bool:
        """Whether more than half of what may wait does."""
        return 2 * len(self._messages) > self.buffer.messages or 2 * self._bytes > self.buffer.bytes

    @property
    def is_holding(self) -> bool:
        """Whether nothing more may be read until this channel's reader has made room."""
        return self.buffer.when_full is WhenFull.WAIT and not self._has_room(1)

    async def wait_room(self) -> None:
        """Wait until another message may come."""
        while self.is_holding:
            self._room = trio.Event()
            await self._room.wait()

    def deliver(self, message: bytes) -> None:
        """Take a message from the peer."""
        if self._is_closed or self.failure is not None:
            return
        if not self._has_room(len(message)):
            if self.buffer.when_full is WhenFull.FAIL:
                reason = f"{len(self._messages)} messages ({self._bytes} bytes) wait and nobody receives them"
                _log.warning("channel %s is given up: %s", self.name, reason)
                self.fail(reason)
                return
            while self.buffer.when_full is WhenFull.DROP_OLDEST and not self._has_room(len(message)):
                self._bytes -= len(self._messages.popleft())
                self.dropped += 1
        self._messages.append(message)
        self.received += 1
        self._bytes += len(message)
        self.peak = max(self.peak, len(self._messages))
        self.peak_bytes = max(self.peak_bytes, self._bytes)
        self.wake()

    def _has_room(self, size: int) -> bool:
        if not self._messages:
            return True
        return len(self._messages) < self.buffer.messages and self._bytes + size <= self.buffer.bytes

    def fail(self, reason: str) -> None:
        """Give the channel up, with what waits in it."""
        if self.failure is None and not self._is_closed:
            self.failure = f"channel {self.name}: {reason}"
            self._forget()

    def end(self) -> None:
        """Nothing more will come: the peer has closed the channel."""
        self._is_ended = True
        self.wake()

    def _forget(self) -> None:
        self._messages.clear()
        self._bytes = 0
        self._room.set()
        self.wake()

    def wake(self) -> None:
        """Let who waits look again."""
        self._changed.set()
        self._changed = trio.Event()

    def statistics(self, sent: int) -> ChannelStatistics:
        """What waits, and what went through."""
        return ChannelStatistics(
            self.name,
            self.received,
            sent,
            len(self._messages),
            self.peak,
            self._bytes,
            self.peak_bytes,
            self.buffer.messages,
            self.buffer.bytes,
            self.buffer.when_full,
            self.dropped,
            self.seconds_held,
        )
