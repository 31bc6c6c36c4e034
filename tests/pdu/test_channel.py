from __future__ import annotations

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.pdu.channel import ChannelFlags, ChannelHeader


def test_the_documents_own_example() -> None:
    """[MS-RDPBCGR] 4.4: a Virtual Channel PDU of "cliprdr", decrypted."""
    raw = bytes.fromhex(
        "08000000"  # length = 8 bytes
        "03000000"  # flags = CHANNEL_FLAG_FIRST | CHANNEL_FLAG_LAST
        "0300010000000000"  # channel data
    )
    header = ChannelHeader(length=8, flags=ChannelFlags.FIRST | ChannelFlags.LAST)
    same(raw[:8], header)
    assert ChannelHeader.decode(raw) == header
    every_truncation_raises(ChannelHeader, raw[:8])


def test_compression_and_unknown_bits_are_kept() -> None:
    flags = ChannelFlags.COMPRESSED | ChannelFlags.AT_FRONT | 0x00020000 | 0x80000000
    header = ChannelHeader(length=1600, flags=flags)
    assert ChannelHeader.decode(header.encode()).flags == flags
    assert flags.compression_type == 2
    assert ChannelFlags.COMPRESSED in flags
    assert ChannelFlags.FLUSHED not in flags
