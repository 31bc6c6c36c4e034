"""The packets of isochronous transfers, in requests and results alike, [MS-RDPEUSB] 2.2.9.8 and 2.2.10.5."""

from __future__ import annotations

import struct
from typing import Any

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import U32, Codec
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["ISO_PACKETS_LIMIT", "ErrorCount", "IsoPacketDescriptor", "IsoPackets"]

ISO_PACKETS_LIMIT = 1024
"""The most packets of one transfer: 128 ms of a fast device; the document names no limit."""

_PACKET_SIZE = 12
_COUNTS = struct.Struct("<II")


@pdu
class IsoPacketDescriptor(Pdu):
    """USBD_ISO_PACKET_DESCRIPTOR: where a packet is in the buffer, and how it went."""

    offset: U32
    length: U32 = 0
    status: U32 = 0


class ErrorCount(Codec):
    """The number of errors, which stands behind the number of packets and before them: it is read without moving."""

    def decode_from(self, src: Cursor) -> int:
        _, errors = _COUNTS.unpack(src.take(_COUNTS.size))
        src.pos -= _COUNTS.size
        return int(errors)

    def encode_into(self, dst: bytearray, value: int) -> None:
        dst += _COUNTS.pack(0, value)


class IsoPackets(Codec):
    """The list behind an `ErrorCount`, before which it puts its length."""

    def decode_from(self, src: Cursor) -> list[IsoPacketDescriptor]:
        count, _ = _COUNTS.unpack(src.take(_COUNTS.size))
        if count > ISO_PACKETS_LIMIT:
            raise InvalidField(f"{count} packets exceed {ISO_PACKETS_LIMIT}", offset=src.pos)
        body = src.sub(count * _PACKET_SIZE)
        return [IsoPacketDescriptor.decode_from(body) for _ in range(count)]

    def encode_into(self, dst: bytearray, value: list[Any]) -> None:
        if len(value) > ISO_PACKETS_LIMIT:
            raise EncodeError(f"{len(value)} packets exceed {ISO_PACKETS_LIMIT}")
        struct.pack_into("<I", dst, len(dst) - _COUNTS.size, len(value))
        for packet in value:
            packet.encode_into(dst)
