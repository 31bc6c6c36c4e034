"""`Joiner`: the unfinished message of one channel, which both kinds of channels put together from pieces."""

from __future__ import annotations

from trio_rdp.channels.pending import PendingBytes
from trio_rdp.wire.errors import RemoteProtocolError

__all__ = ["MESSAGE_LIMIT", "Joiner"]

MESSAGE_LIMIT = 16 * 1024 * 1024
"""The largest message a channel takes unless told otherwise.

FreeRDP and IronRDP take whatever 32 bits declare.  The largest messages in use are clipboard pictures: 16 MiB is one
of 2048 by 2048 pixels; rdpdr stays below 1 MiB, everything else below 64 KiB.
"""

Buffer = bytes | bytearray | memoryview


class Joiner:
    """Joins pieces to messages.

    An unfinished message never exceeds what it declared, nor `limit`, nor what `pending_bytes`, which channels share,
    has left; memory grows with what has arrived, not with what was declared.
    """

    __slots__ = ("_buffer", "_pending_bytes", "_total", "limit")

    def __init__(self, limit: int = MESSAGE_LIMIT, pending_bytes: PendingBytes | None = None) -> None:
        self.limit: int = limit
        self._pending_bytes = PendingBytes() if pending_bytes is None else pending_bytes
        self._buffer: bytearray | None = None
        self._total = 0

    @property
    def pending(self) -> int:
        """How many bytes of a message wait for the rest."""
        return 0 if self._buffer is None else len(self._buffer)

    @property
    def room(self) -> int:
        """How many bytes `extend` takes at most; none between messages."""
        if self._buffer is None:
            return 0
        return max(0, min(self._total - len(self._buffer) - 1, self._pending_bytes.room))

    def extend(self, data: Buffer) -> bool:
        """Add to an unfinished message, without a header; False, and nothing is done, where that is not plainly right.

        Then, and at a message's end, a whole PDU says what is.
        """
        if self._buffer is None or len(data) > self.room:
            return False
        self._pending_bytes.take(len(data))
        self._buffer += data
        return True

    def drop(self) -> None:
        """Forget an unfinished message."""
        if self._buffer is not None:
            self._pending_bytes.give_back(len(self._buffer))
            self._buffer = None

    def _begin(self, total: int) -> None:
        """Begin a message of so many bytes."""
        self.drop()
        self._buffer = bytearray()
        self._total = total

    def _add(self, data: Buffer, is_last: bool) -> bytes | None:
        """Add what is known not to be too much; gives the message when that was its last piece."""
        buffer = self._buffer
        assert buffer is not None
        if not is_last:
            try:
                self._pending_bytes.take(len(data))
            except RemoteProtocolError:
                self.drop()
                raise
            buffer += data
            return None
        self.drop()
        buffer += data
        return bytes(buffer)
