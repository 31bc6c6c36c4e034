"""How the data PDUs of a dynamic channel become messages, [MS-RDPEDYC] 3.1.5.2."""

from __future__ import annotations

from trio_rdp.channels.dynamic.data import DataPdu, DvcDataCompressed, DvcDataFirst, DvcDataFirstCompressed
from trio_rdp.channels.joiner import MESSAGE_LIMIT, Joiner
from trio_rdp.channels.pending import PendingBytes
from trio_rdp.codecs import zgfx
from trio_rdp.wire.errors import RemoteProtocolError

__all__ = ["Reassembler"]

# RDP8_BULK_ENCODED_DATA's header, compressed or not: the type of RDP 8.0 Lite.
_BARE_SEGMENTS = (0x06, 0x26)
_SINGLE = b"\xe0"


class Reassembler(Joiner):
    """Joins the data PDUs of one channel, in one direction, to messages, and inflates what is compressed."""

    __slots__ = ("_decompressor",)

    def __init__(self, limit: int = MESSAGE_LIMIT, pending_bytes: PendingBytes | None = None) -> None:
        super().__init__(limit, pending_bytes)
        self._decompressor: zgfx.Decompressor | None = None

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
        self.drop()
        self._decompressor = None

    def _feed(self, pdu: DataPdu) -> bytes | None:
        if isinstance(pdu, (DvcDataFirst, DvcDataFirstCompressed)):
            if pdu.length > self.limit:
                raise RemoteProtocolError(f"a channel message of {pdu.length} bytes exceeds {self.limit}")
            self._begin(pdu.length)
        is_message = self._buffer is None
        room = self.limit if is_message else self._total - self.pending
        data = pdu.data
        if isinstance(pdu, (DvcDataFirstCompressed, DvcDataCompressed)):
            data = self._inflate(data, room)
        if len(data) > room:
            what = f", more than {self.limit}" if is_message else f" that declares {self._total}"
            raise RemoteProtocolError(f"{self.pending + len(data)} bytes of a channel message{what}")
        return data if is_message else self._add(data, len(data) == room)

    def _inflate(self, data: bytes, room: int) -> bytes:
        if data[:1] and data[0] in _BARE_SEGMENTS:
            # So ends the document's example (4.3.4), against 2.2.3.4: a segment without the descriptor before it.
            data = _SINGLE + data
        if self._decompressor is None:
            self._decompressor = zgfx.Decompressor(zgfx.Kind.RDP8_LITE)
        self._decompressor.limit = room
        return self._decompressor.decompress(data)
