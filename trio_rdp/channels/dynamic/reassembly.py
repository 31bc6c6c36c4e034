"""How the data PDUs of a dynamic channel become messages, [MS-RDPEDYC] 3.1.5.2."""

from __future__ import annotations

from trio_rdp.channels.dynamic.data import DataPdu, DvcDataCompressed, DvcDataFirst, DvcDataFirstCompressed
from trio_rdp.channels.pending import PendingBytes
from trio_rdp.codecs import zgfx
from trio_rdp.wire.errors import RemoteProtocolError

__all__ = ["MESSAGE_LIMIT", "Reassembler"]

Buffer = bytes | bytearray | memoryview

MESSAGE_LIMIT = 16 * 1024 * 1024
"""The largest message a channel takes unless told otherwise, as for static ones.

FreeRDP and IronRDP take whatever 32 bits declare.
"""

# RDP8_BULK_ENCODED_DATA's header, compressed or not: the type of RDP 8.0 Lite.
_BARE_SEGMENTS = (0x06, 0x26)
_SINGLE = b"\xe0"


class Reassembler:
    """Joins the data PDUs of one channel, in one direction, to messages, and inflates what is compressed.

    An unfinished message never exceeds what it declared, nor `limit`, nor what `pending_bytes`, which channels share,
    has left; memory grows with what has arrived, not with what was declared.
    """

    __slots__ = ("_buffer", "_decompressor", "_pending_bytes", "_total", "limit")

    def __init__(self, limit: int = MESSAGE_LIMIT, pending_bytes: PendingBytes | None = None) -> None:
        self.limit: int = limit
        self._pending_bytes = PendingBytes() if pending_bytes is None else pending_bytes
        self._buffer: bytearray | None = None
        self._total = 0
        self._decompressor: zgfx.Decompressor | None = None

    @property
    def pending(self) -> int:
        """How many bytes of a message wait for the rest."""
        return 0 if self._buffer is None else len(self._buffer)

    def feed(self, pdu: DataPdu) -> bytes | None:
        """Take one PDU; give the message that it completes, or None.

        A first block drops a message that was never completed, as FreeRDP does, and may be the whole message.  Data
        that continues nothing is a message (3.1.5.2.3).  Raises `RemoteProtocolError`, after which the channel's
        traffic means nothing, for a message beyond a limit, for more data than declared and for what does not inflate.
        """
        try:
            return self._feed(pdu)
        except RemoteProtocolError:
            self.close()
            raise

    def close(self) -> None:
        """Forget the unfinished message and the history of what was compressed, as the channel closes."""
        self._drop()
        self._decompressor = None

    def _feed(self, pdu: DataPdu) -> bytes | None:
        if isinstance(pdu, (DvcDataFirst, DvcDataFirstCompressed)):
            self._drop()
            if pdu.length > self.limit:
                raise RemoteProtocolError(f"a channel message of {pdu.length} bytes exceeds {self.limit}")
            self._buffer = bytearray()
            self._total = pdu.length
        is_message = self._buffer is None
        room = self.limit if is_message else self._total - self.pending
        data = pdu.data
        if isinstance(pdu, (DvcDataFirstCompressed, DvcDataCompressed)):
            data = self._inflate(data, room)
        if len(data) > room:
            what = f", more than {self.limit}" if is_message else f" that declares {self._total}"
            raise RemoteProtocolError(f"{self.pending + len(data)} bytes of a channel message{what}")
        return data if is_message else self._append(data)

    @property
    def room(self) -> int:
        """How many bytes `extend` takes at most; none between messages."""
        if self._buffer is None:
            return 0
        return max(0, min(self._total - len(self._buffer) - 1, self._pending_bytes.room))

    def extend(self, data: Buffer) -> bool:
        """Add to an unfinished message, without a PDU; False, and nothing is done, where that is not plainly right.

        Then, and at a message's end, `feed` says what is.
        """
        buffer, size = self._buffer, len(data)
        if buffer is None or size > self.room:
            return False
        buffer += data
        self._pending_bytes.take(size)
        return True

    def _append(self, data: bytes) -> bytes | None:
        buffer = self._buffer
        assert buffer is not None
        size = len(buffer) + len(data)
        if size < self._total:
            self._pending_bytes.take(len(data))
            buffer += data
            return None
        self._drop()
        if not buffer:
            return data
        buffer += data
        return bytes(buffer)

    def _inflate(self, data: bytes, room: int) -> bytes:
        if data[:1] and data[0] in _BARE_SEGMENTS:
            # So ends the document's example (4.3.4), against 2.2.3.4: a segment without the descriptor before it.
            data = _SINGLE + data
        if self._decompressor is None:
            self._decompressor = zgfx.Decompressor(zgfx.Kind.RDP8_LITE)
        self._decompressor.limit = room
        return self._decompressor.decompress(data)

    def _drop(self) -> None:
        if self._buffer is not None:
            self._pending_bytes.give_back(len(self._buffer))
            self._buffer = None
