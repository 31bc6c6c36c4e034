"""`DynamicChannel` and `DynamicChannelListener`: channels that open and close during a session, in Trio's terms.

await trio.serve_listeners(handler, [session.listen("MyChannel")])  # on a client
async with await session.open_channel("MyChannel") as channel: ...  # on a server
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import trio

from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.inflow import ChannelStatistics, Inflow
from trio_rdp.protocol.channel_buffer import ChannelBuffer
from trio_rdp.writer import Item, Lane

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DynamicChannel", "DynamicChannelListener"]


class DynamicChannel(MessageChannel):
    """One end of a dynamic virtual channel, [MS-RDPEDYC]: whole messages in, whole messages out.

    When the peer closes it, `receive` raises `trio.EndOfChannel` after what has come, and `send` raises
    `trio.BrokenResourceError`; both do that when the channel alone fails.
    """

    def __init__(
        self,
        channel_id: int,
        inflow: Inflow,
        lane: Lane,
        encode: Callable[[bytes], list[Item]],
        close: Callable[[int], None],
    ) -> None:
        self.channel_id: int = channel_id
        self.name: str = inflow.name
        self._inflow = inflow
        self._lane = lane
        self._encode = encode
        self._close = close
        self._sent = 0
        self._is_ended = False

    async def send(self, value: bytes) -> None:
        """Queue one message for the peer, when there is room; cancelling queues all of it or nothing.

        Raises `SessionClosed` when the session is over, and `trio.ClosedResourceError` after `aclose`.
        """
        self._check()
        try:
            await self._lane.put(self._encode(bytes(value)))
        except trio.BrokenResourceError:
            self._check()  # what ended it while this waited
            raise
        self._sent += 1

    def send_nowait(self, value: bytes) -> None:
        """Queue one message, or raise `trio.WouldBlock` where there is no room, and else as `send` does."""
        self._check()
        self._lane.put_nowait(self._encode(bytes(value)))
        self._sent += 1

    def items(self, value: bytes) -> list[Item]:
        """What a message becomes in a lane, for who has one of his own; all that is sent has to go there then."""
        return self._encode(value)

    def _check(self) -> None:
        self._inflow.check_open()
        if self._is_ended:
            raise trio.BrokenResourceError(f"channel {self.name}: the peer has closed it")

    async def receive(self) -> bytes:
        """The next message; cancelling loses none."""
        return await self._inflow.wait_take()

    def receive_nowait(self) -> bytes:
        """The next message, or raise `trio.WouldBlock` where none waits, and else as `receive` does."""
        return self._inflow.take()

    async def aclose(self) -> None:
        """Close the channel on both sides, behind what was sent; never waits for the peer."""
        self.close()
        await trio.lowlevel.checkpoint()

    def close(self) -> None:
        """As `aclose`, without a checkpoint."""
        self._inflow.close()
        self._close(self.channel_id)

    def fail(self, reason: str) -> None:
        """Give the channel up, and close it on both sides; the session goes on."""
        self._inflow.fail(reason)
        self._close(self.channel_id)

    @property
    def waiting_bytes(self) -> int:
        """Bytes of messages that wait to be received."""
        return self._inflow.waiting_bytes

    def statistics(self) -> ChannelStatistics:
        """What waits, and what went through."""
        return self._inflow.statistics(self._sent)

    # What follows is for the session.

    @property
    def inflow(self) -> Inflow:
        """What waits for the reader."""
        return self._inflow

    @property
    def lane(self) -> Lane:
        """What waits to be sent."""
        return self._lane

    def ended(self, reason: str | None = None) -> None:
        """The channel is closed by the peer, or, with a reason, because of what it sent."""
        self._is_ended = True
        if reason is None:
            self._inflow.end()
        else:
            self._inflow.fail(reason)
        self._lane.wake()


class DynamicChannelListener(trio.abc.Listener[DynamicChannel]):
    """Takes the channels of one name that a server opens; made by `Session.listen`.

    Channels that wait for `accept` are bounded by `Limits.dynamic_backlog`; more are refused, and after `aclose` all.
    """

    def __init__(self, name: str, buffer: ChannelBuffer, backlog: int, close: Callable[[DynamicChannelListener], None]):
        self.name: str = name
        self.buffer: ChannelBuffer = buffer
        self._backlog = backlog
        self._close = close
        self._waiting: deque[DynamicChannel] = deque()
        self._changed = trio.Event()
        self._is_closed = False
        self._end: Exception | None = None

    async def accept(self) -> DynamicChannel:
        """The next channel that the server opens; cancelling loses none.

        Raises `SessionClosed` when the session is over, and `trio.ClosedResourceError` after `aclose`.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        while not self._waiting:
            if self._is_closed:
                raise trio.ClosedResourceError(f"nobody listens to {self.name} any more")
            if self._end is not None:
                raise self._end.with_traceback(None)
            await self._changed.wait()
        channel = self._waiting.popleft()
        await trio.lowlevel.cancel_shielded_checkpoint()
        return channel

    async def aclose(self) -> None:
        """Refuse what the server opens from now on, and close what waits to be accepted."""
        if not self._is_closed:
            self._is_closed = True
            self._close(self)
            for channel in self._waiting:
                channel.close()
            self._waiting.clear()
            self._wake()
        await trio.lowlevel.checkpoint()

    # What follows is for the session.

    @property
    def is_full(self) -> bool:
        """Whether no more channels may wait."""
        return len(self._waiting) >= self._backlog

    def deliver(self, channel: DynamicChannel) -> None:
        """A channel was opened."""
        self._waiting.append(channel)
        self._wake()

    def ended(self, error: Exception) -> None:
        """There will be no more channels."""
        self._end = error
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
