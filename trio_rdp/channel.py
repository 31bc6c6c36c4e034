"""`StaticChannel`: a static virtual channel as a `trio.abc.Channel[bytes]`, message by message."""

from __future__ import annotations

from collections.abc import Callable

import trio

from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.inflow import ChannelStatistics, Inflow
from trio_rdp.protocol.channel_frames import ChannelFrames
from trio_rdp.writer import Lane

__all__ = ["StaticChannel"]


class StaticChannel(MessageChannel):
    """One end of a static virtual channel: whole messages in, whole messages out.

    What waits for its reader is bounded; see `ChannelBuffer`.  When the channel alone fails, `send` and `receive` raise
    `trio.BrokenResourceError` with the reason.  After a clean end of the session `receive` raises `trio.EndOfChannel`.
    """

    def __init__(self, inflow: Inflow, lane: Lane, frames: Callable[[str], ChannelFrames]) -> None:
        self.name: str = inflow.name
        self._inflow = inflow
        self._lane = lane
        self._frames = frames
        self._sent = 0

    async def send(self, value: bytes) -> None:
        """Queue one message for the peer, when there is room; cancelling queues all of it or nothing.

        Raises `SessionClosed` when the session is over, and `trio.ClosedResourceError` after `aclose`.
        """
        self._inflow.check_open()
        try:
            await self._lane.put((self._frames(self.name).message(bytes(value)),))
        except trio.BrokenResourceError:
            self._inflow.check_open()  # what ended it while this waited
            raise
        self._sent += 1

    def send_nowait(self, value: bytes) -> None:
        """Queue one message, or raise `trio.WouldBlock` where there is no room, and else as `send` does."""
        self._inflow.check_open()
        self._lane.put_nowait((self._frames(self.name).message(bytes(value)),))
        self._sent += 1

    async def receive(self) -> bytes:
        """The next message; cancelling loses none."""
        return await self._inflow.wait_take()

    def receive_nowait(self) -> bytes:
        """The next message, or raise `trio.WouldBlock` where none waits, and else as `receive` does."""
        return self._inflow.take()

    async def aclose(self) -> None:
        """Stop listening: static channels last as long as their session, so the peer is not told."""
        self._inflow.close()
        self._lane.retire()
        await trio.lowlevel.checkpoint()

    def fail(self, reason: str) -> None:
        """Give the channel up; the session goes on, and the peer is not told."""
        self._inflow.fail(reason)
        self._lane.retire()

    def deliver(self, message: bytes) -> None:
        """Take a message from the peer: for the session."""
        self._inflow.deliver(message)
        if self._inflow.failure is not None:
            self._lane.retire()

    def statistics(self) -> ChannelStatistics:
        """What waits, and what went through."""
        return self._inflow.statistics(self._sent)

    @property
    def inflow(self) -> Inflow:
        """What waits for the reader: for the session."""
        return self._inflow
