"""The header of static virtual channel traffic, [MS-RDPBCGR] 2.2.6.1.1."""

from __future__ import annotations

from typing import Annotated

from trio_rdp.wire.fields import U32, u32
from trio_rdp.wire.numbers import Flag, Flags
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["CHANNEL_CHUNK_LENGTH", "ChannelFlags", "ChannelHeader"]

CHANNEL_CHUNK_LENGTH = 1600
"""The most data behind one header, unless the Virtual Channel Capability Set of both sides says otherwise."""


class ChannelFlags(Flags):
    """Where a chunk stands in its message, and how it is compressed (CHANNEL_FLAG_*, CHANNEL_PACKET_*)."""

    FIRST = Flag(0x00000001)
    LAST = Flag(0x00000002)
    SHOW_PROTOCOL = Flag(0x00000010)
    SUSPEND = Flag(0x00000020)
    RESUME = Flag(0x00000040)
    SHADOW_PERSISTENT = Flag(0x00000080)
    COMPRESSED = Flag(0x00200000)
    AT_FRONT = Flag(0x00400000)
    FLUSHED = Flag(0x00800000)
    COMPRESSION_TYPE_MASK = Flag(0x000F0000)

    @property
    def compression_type(self) -> int:
        """The compression package (PACKET_COMPR_TYPE_*): 0 for 8K, 1 for 64K, 2 for RDP 6.0, 3 for RDP 6.1."""
        return int(self) >> 16 & 0xF


@pdu
class ChannelHeader(Pdu):
    """Channel PDU Header (CHANNEL_PDU_HEADER), [MS-RDPBCGR] 2.2.6.1.1.

    `length` is that of the whole message, uncompressed, over all of its chunks.
    """

    length: U32
    flags: Annotated[ChannelFlags, u32]
