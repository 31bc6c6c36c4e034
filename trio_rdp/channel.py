"""`StaticChannel`: a static virtual channel as a `trio.abc.Channel[bytes]`, message by message."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import trio

from trio_rdp.level import Ending
from trio_rdp.message_channel import MessageChannel
from trio_rdp.protocol.deflation import Outgoing
from trio_rdp.protocol.limits import Limits
from trio_rdp.writer import Lane

__all__ = ["ChannelStatistics", "StaticChannel"]


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


class StaticChannel(MessageChannel):
    """One end of a static virtual channel: whole messages in, whole messages out.

    Messages that nobody receives are kept up to `Limits.channel_messages` and `Limits.channel_bytes`; beyond it the
    channel fails, so that one forgotten channel never holds up a session.  `receive` then raises
    `trio.BrokenResourceError` with the reason.  After a clean end of the session it raises `trio.EndOfChannel`.
    """

    def __init__(
        self,
        name: str,
        lane: Lane,
        encode: Callable[[str, bytes], Sequence[bytes | Outgoing]],
        limits: Limits,
        ending: Ending,
    ) -> None:
        self.name: str = name
        self._lane = lane
        self._encode = encode
        self._limits = limits
        self._ending = ending
        self._messages: deque[bytes] = deque()
        self._bytes = 0
        self._arrived = trio.Event()
        self._failure: str | None = None
        self._is_closed = False
        self._received = 0
        self._sent = 0
        self._peak = 0
        self._peak_bytes = 0

    async def send(self, value: bytes) -> None:
        """Queue one message for the peer, when there is room; cancelling queues all of it or nothing.

        Raises `SessionClosed` when the session is over, and `trio.ClosedResourceError` after `aclose`.
        """
        self._check_open()
        await self._lane.put(self._encode(self.name, value))
        self._sent += 1

    def send_nowait(self, value: bytes) -> None:
        """Queue one message, or raise `trio.WouldBlock` where there is no room, and else as `send` does."""
        self._check_open()
        self._lane.put_nowait(self._encode(self.name, value))
        self._sent += 1

    async def receive(self) -> bytes:
        """The next message; cancelling loses none."""
        await trio.lowlevel.checkpoint_if_cancelled()
        while True:
            try:
                message = self.receive_nowait()
            except trio.WouldBlock:
                await self._arrived.wait()
            else:
                await trio.lowlevel.cancel_shielded_checkpoint()
                return message

    def receive_nowait(self) -> bytes:
        """The next message, or raise `trio.WouldBlock` where none waits, and else as `receive` does."""
        self._check_open()
        if not self._messages:
            if self._ending.is_over:
                self._ending.raise_unclean()
                raise trio.EndOfChannel
            raise trio.WouldBlock
        message = self._messages.popleft()
        self._bytes -= len(message)
        return message

    async def aclose(self) -> None:
        """Stop listening: static channels last as long as their session, so the peer is not told."""
        self._is_closed = True
        self._messages.clear()
        self._bytes = 0
        self.wake()
        await trio.lowlevel.checkpoint()

    def statistics(self) -> ChannelStatistics:
        """What waits, and what went through."""
        return ChannelStatistics(
            self.name,
            self._received,
            self._sent,
            len(self._messages),
            self._peak,
            self._bytes,
            self._peak_bytes,
            self._limits.channel_messages,
            self._limits.channel_bytes,
        )

    # What follows is for the session.

    @property
    def waiting(self) -> int:
        """How many messages wait."""
        return len(self._messages)

    @property
    def is_crowded(self) -> bool:
        """Whether more than half of what may wait does."""
        return 2 * len(self._messages) > self._limits.channel_messages or 2 * self._bytes > self._limits.channel_bytes

    def deliver(self, message: bytes) -> None:
        """Take a message from the peer."""
        if self._is_closed or self._failure is not None:
            return
        limits = self._limits
        is_full = len(self._messages) >= limits.channel_messages
        if is_full or (self._messages and self._bytes + len(message) > limits.channel_bytes):
            self.fail(f"{len(self._messages)} messages ({self._bytes} bytes) wait and nobody receives them")
            return
        self._messages.append(message)
        self._received += 1
        self._bytes += len(message)
        self._peak = max(self._peak, len(self._messages))
        self._peak_bytes = max(self._peak_bytes, self._bytes)
        self.wake()

    def fail(self, reason: str) -> None:
        """Give the channel up; the session goes on."""
        self._failure = f"channel {self.name}: {reason}"
        self._messages.clear()
        self._bytes = 0
        self.wake()

    def wake(self) -> None:
        """Let who waits look again."""
        self._arrived.set()
        self._arrived = trio.Event()

    def _check_open(self) -> None:
        if self._is_closed:
            raise trio.ClosedResourceError(f"channel {self.name} was closed here")
        if self._failure is not None:
            raise trio.BrokenResourceError(self._failure)
