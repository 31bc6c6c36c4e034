"""The TPKT header, [T123] section 8, which delimits everything on the wire that is neither fast-path nor CredSSP."""

from __future__ import annotations

import struct

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["HEADER_SIZE", "MAX_PAYLOAD", "MIN_PACKET", "VERSION", "TpktHeader", "wrap"]

VERSION = 3
HEADER_SIZE = 4
MIN_PACKET = 7
"""The smallest X.224 TPDU has three bytes."""
MAX_PAYLOAD = 0xFFFF - HEADER_SIZE

_HEADER = struct.Struct(">BxH")


@pdu
class TpktHeader(Pdu):
    """TPKT Header, [T123] section 8.

    `packet_length` is in bytes and counts the header.
    """

    packet_length: int

    @classmethod
    def decode_from(cls, src: Cursor) -> TpktHeader:
        start = src.pos
        version, packet_length = _HEADER.unpack(src.take(HEADER_SIZE))
        if version != VERSION:
            raise InvalidField(f"version {version} instead of {VERSION}", pdu=cls.__name__, offset=start)
        if packet_length < MIN_PACKET:
            raise InvalidField(f"packet length {packet_length} below {MIN_PACKET}", pdu=cls.__name__, offset=start + 2)
        return cls(packet_length=packet_length)

    def encode_into(self, dst: bytearray) -> None:
        if not MIN_PACKET <= self.packet_length <= 0xFFFF:
            raise EncodeError(f"packet length {self.packet_length} is outside of {MIN_PACKET}..65535")
        dst += _HEADER.pack(VERSION, self.packet_length)


def wrap(tpdu: bytes) -> bytes:
    """Put a TPKT header before an X.224 TPDU."""
    if len(tpdu) > MAX_PAYLOAD:
        raise EncodeError(f"{len(tpdu)} bytes do not fit a TPKT packet")
    return _HEADER.pack(VERSION, HEADER_SIZE + len(tpdu)) + tpdu
