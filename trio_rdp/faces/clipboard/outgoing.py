"""`ClipboardOutgoing`: the messages of a clipboard on their way out, in the order in which the machine made them."""

from __future__ import annotations

from collections import deque

import trio

from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.wire.errors import RemoteProtocolError

__all__ = ["ClipboardOutgoing"]


class ClipboardOutgoing:
    """A queue with room for `most_bytes`, and one task, `run`, that empties it.

    Who wants to send waits for room and puts without another checkpoint between, so that what the machine knows is what
    is on the wire.  What is owed for the receive loop's messages is put without waiting, up to `most_messages`.
    """

    def __init__(self, channel: MessageChannel, most_bytes: int, most_messages: int) -> None:
        self._channel = channel
        self._most_bytes = most_bytes
        self._most_messages = most_messages
        self._queue: deque[bytes] = deque()
        self._changed = trio.Event()
        self.bytes: int = 0
        self.peak_bytes: int = 0
        self.is_closed: bool = False

    def put(self, message: bytes) -> None:
        """Queue a message; raises `RemoteProtocolError` where the peer reads none of the answers that it wants."""
        if len(self._queue) >= self._most_messages:
            raise RemoteProtocolError(f"{len(self._queue)} messages wait for a peer that reads none")
        self._queue.append(message)
        self.bytes += len(message)
        self.peak_bytes = max(self.peak_bytes, self.bytes)
        self._wake()

    async def wait_room(self) -> None:
        """Wait until a message may be put, or the queue is closed; there is no checkpoint behind that."""
        await trio.lowlevel.checkpoint()
        # Half of the places are for what cannot wait.
        while not self.is_closed and (self.bytes >= self._most_bytes or 2 * len(self._queue) >= self._most_messages):
            await self._changed.wait()

    def close(self) -> None:
        """Drop what waits, and wake everybody."""
        self.is_closed = True
        self._queue.clear()
        self.bytes = 0
        self._wake()

    async def run(self) -> None:
        """Send what is put, until the channel takes no more: why, its receiver says."""
        while True:
            while not self._queue:
                await self._changed.wait()
            message = self._queue[0]
            try:
                await self._channel.send(message)
            except (trio.ClosedResourceError, trio.BrokenResourceError):
                return
            self._queue.popleft()
            self.bytes -= len(message)
            self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
