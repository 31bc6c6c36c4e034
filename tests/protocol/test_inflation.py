from __future__ import annotations

import struct

import pytest

from trio_rdp.channels.static import Dechunker
from trio_rdp.pdu.channel import ChannelFlags
from trio_rdp.protocol.config import CompressionType
from trio_rdp.protocol.inflation import Inflater, InflationStatistics
from trio_rdp.wire.errors import DecodeError, RemoteProtocolError

# [MS-RDPBCGR] 3.1.8.4.1.2, MPPC with 8 KiB: ASCII stands for itself.
LITERALS = b"abc"
COPY_3_FROM_3 = bytes([0b11110000, 0b11000000])  # 1111, the offset 3 in six bits, and 0 for a match of three bytes


def chunk(flags: int, data: bytes, total: int) -> bytes:
    return struct.pack("<II", total, flags) + data


def test_what_is_not_compressed_stays_as_it_is() -> None:
    inflater = Inflater()
    assert inflater.inflate(0x03, b"abc") == b"abc"
    plain = chunk(ChannelFlags.FIRST | ChannelFlags.LAST | 0x30000, b"abc", 3)
    assert inflater.inflate_chunk(plain) is plain
    assert inflater.inflate_chunk(b"short") == b"short"  # its reader says what is wrong with it
    assert not inflater.statistics()


def test_one_history_for_channels_and_the_rest() -> None:
    inflater = Inflater()
    assert inflater.inflate(0x60, LITERALS) == b"abc"
    ends = ChannelFlags.FIRST | ChannelFlags.LAST
    inflated = inflater.inflate_chunk(chunk(ends | ChannelFlags.COMPRESSED, COPY_3_FROM_3, 3))
    assert Dechunker().feed(inflated) == b"abc"
    assert inflater.inflate(0x20, COPY_3_FROM_3) == b"abc"
    assert inflater.statistics() == {CompressionType.K8: InflationStatistics(packets=3, compressed_bytes=7, bytes=9)}


@pytest.mark.parametrize("flags", [ChannelFlags.FLUSHED, ChannelFlags.AT_FRONT])
def test_a_chunk_may_change_the_history_alone(flags: int) -> None:
    inflater = Inflater()
    assert inflater.inflate(0x61, LITERALS) == b"abc"
    sent = chunk(ChannelFlags.FIRST | ChannelFlags.LAST | flags | 0x10000, b"xyz", 3)
    assert Dechunker().feed(inflater.inflate_chunk(sent)) == b"xyz"
    assert inflater.statistics()[CompressionType.K64].packets == 2


def test_flags_of_the_channel_stay() -> None:
    flags = ChannelFlags.FIRST | ChannelFlags.SHOW_PROTOCOL
    inflated = Inflater().inflate_chunk(chunk(flags | ChannelFlags.COMPRESSED | 0x10000, LITERALS, 9))
    assert struct.unpack_from("<II", inflated) == (9, flags)
    assert inflated[8:] == b"abc"


def test_what_cannot_be() -> None:
    with pytest.raises(DecodeError):
        Inflater().inflate(0x21, b"\xff" * 8)
    with pytest.raises(RemoteProtocolError, match="type 7"):
        Inflater().inflate_chunk(chunk(ChannelFlags.COMPRESSED | 0x70000, b"?", 1))
