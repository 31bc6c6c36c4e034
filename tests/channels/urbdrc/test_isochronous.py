from __future__ import annotations

import pytest

from tests.pdu.laws import same
from trio_rdp.channels.urbdrc.isochronous import ISO_PACKETS_LIMIT, ErrorCount, IsoPacketDescriptor, IsoPackets
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated

LIST = bytes.fromhex(
    "02000000"  # NumberOfPackets
    "01000000"  # ErrorCount
    "00000000 c0000000 00000000"  # Offset, Length, Status
    "c0000000 00000000 010000c0"
)
PACKETS = [IsoPacketDescriptor(offset=0, length=192), IsoPacketDescriptor(offset=192, status=0xC0000001)]


def test_counts_and_packets() -> None:
    src = Cursor(LIST)
    assert ErrorCount().decode_from(src) == 1
    assert src.pos == 0
    assert IsoPackets().decode_from(src) == PACKETS
    assert src.remaining == 0
    dst = bytearray(b"before")
    ErrorCount().encode_into(dst, 1)
    IsoPackets().encode_into(dst, PACKETS)
    assert dst == b"before" + LIST
    same(LIST[8:20], PACKETS[0])


def test_limits() -> None:
    with pytest.raises(InvalidField, match="1025 packets exceed 1024"):
        IsoPackets().decode_from(Cursor(b"\x01\x04\0\0" + bytes(4)))
    with pytest.raises(EncodeError, match="1025 packets exceed 1024"):
        IsoPackets().encode_into(bytearray(8), PACKETS[:1] * (ISO_PACKETS_LIMIT + 1))
    for size in range(len(LIST)):
        with pytest.raises(Truncated):
            IsoPackets().decode_from(Cursor(LIST[:size]))
