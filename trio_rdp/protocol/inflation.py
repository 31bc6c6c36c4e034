"""What a server has compressed, on the fast path, the slow path and static channels: one history for all of them.

[MS-RDPBCGR] 3.1.8: the headers differ in where they carry the flags, the state behind them is the connection's.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from trio_rdp.codecs.bulk import BulkDecompressor
from trio_rdp.pdu.channel import ChannelFlags
from trio_rdp.protocol.config import CompressionType

__all__ = ["Inflater", "InflationStatistics"]

_CHUNK_HEADER = struct.Struct("<II")
_CHUNK_FLAGS = int(
    ChannelFlags.COMPRESSED | ChannelFlags.AT_FRONT | ChannelFlags.FLUSHED | ChannelFlags.COMPRESSION_TYPE_MASK
)
_CHUNK_HISTORY = int(ChannelFlags.COMPRESSED | ChannelFlags.AT_FRONT | ChannelFlags.FLUSHED)
_CHUNK_SHIFT = 16
_HISTORY = _CHUNK_HISTORY >> _CHUNK_SHIFT
_TYPE = 0x0F


@dataclass(slots=True)
class InflationStatistics:
    """What came compressed in one way: packets, their bytes, and what became of those."""

    packets: int = 0
    compressed_bytes: int = 0
    bytes: int = 0


class Inflater:
    """Decompresses packets, which must be given in the order in which they came."""

    def __init__(self) -> None:
        self._bulk = BulkDecompressor()
        self._counted: dict[int, InflationStatistics] = {}

    def inflate(self, flags: int, data: bytes) -> bytes:
        """Give the data of a packet with these compression flags; raises `DecodeError` and `RemoteProtocolError`."""
        if not flags & _HISTORY:
            return data
        inflated = self._bulk.decompress(flags, data)
        counted = self._counted.get(flags & _TYPE)
        if counted is None:
            counted = self._counted[flags & _TYPE] = InflationStatistics()
        counted.packets += 1
        counted.compressed_bytes += len(data)
        counted.bytes += len(inflated)
        return inflated

    def inflate_chunk(self, chunk: bytes) -> bytes:
        """Give a channel's chunk as if it had not been compressed, [MS-RDPBCGR] 2.2.6.1.1; raises as `inflate`."""
        if len(chunk) < _CHUNK_HEADER.size:
            return chunk
        length, flags = _CHUNK_HEADER.unpack_from(chunk)
        if not flags & _CHUNK_HISTORY:
            return chunk
        # The flags are those of the other paths, 16 bits further up.
        data = self.inflate((flags & _CHUNK_FLAGS) >> _CHUNK_SHIFT, chunk[_CHUNK_HEADER.size :])
        return _CHUNK_HEADER.pack(length, flags & ~_CHUNK_FLAGS) + data

    def statistics(self) -> dict[CompressionType, InflationStatistics]:
        """What came compressed, by the type of compression."""
        return {CompressionType(kind): replace(counted) for kind, counted in self._counted.items()}
