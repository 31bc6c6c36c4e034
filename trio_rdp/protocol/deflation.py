"""What a server compresses, on the fast path, the slow path and static channels: one history for all of them.

[MS-RDPBCGR] 3.1.8: the headers differ in where they carry the flags, the state behind them is the connection's.  It
follows the order on the wire, and that is known only when bytes are committed: until then they wait as `Outgoing`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from trio_rdp.codecs.bulk import BulkCompressor
from trio_rdp.codecs.kernels import form_of
from trio_rdp.codecs.kernels import mppc as kernel
from trio_rdp.pdu.channel import ChannelFlags
from trio_rdp.pdu.client_info import InfoFlags
from trio_rdp.protocol.config import CompressionType

__all__ = ["CompressionStatistics", "Deflater", "Outgoing", "agreed_compression"]

_CHUNK_HEADER = struct.Struct("<II")
_CHUNK_SHIFT = 16
_LONGEST_OF_8K = 8_192 - 64
"""Bytes of a packet with 8 KiB of history: "any data that is being compressed MUST be smaller" (3.1.8.1)."""

_SHORTEST = 64  # bytes of a packet that says something of those to come
_LEAST_GAIN = 16  # a sixteenth of a packet pays for the time that it takes
_PATIENCE = 4  # packets that gained less, before the next ones are let pass
_LONGEST_PAUSE = 32  # packets

assert ChannelFlags.COMPRESSED == 0x20 << _CHUNK_SHIFT


@dataclass(frozen=True, slots=True)
class CompressionStatistics:
    """What was given to a bulk compressor, and what came out."""

    type: CompressionType | None
    """None where nothing is compressed."""
    packets: int
    """Those that were let pass among them, because the ones before had not become smaller."""
    packets_compressed: int
    """Those of them that became smaller."""
    bytes: int
    compressed_bytes: int


class Outgoing:
    """Frames that wait for the wire, as many bytes as they have uncompressed; each is committed once, or dropped."""

    __slots__ = ("_commit", "_size")

    def __init__(self, size: int, commit: Callable[[], bytes | bytearray]) -> None:
        self._size = size
        self._commit = commit

    def __len__(self) -> int:
        return self._size

    def commit(self) -> bytes | bytearray:
        """Give the bytes, which are the next on the wire."""
        return self._commit()


class Deflater:
    """Compresses packets of one connection, in the order in which they go to the wire; without a type, nothing."""

    def __init__(self, kind: CompressionType | None) -> None:
        # Plain Python would compress a hundred kilobytes a second: then the line is better filled with what is there.
        self.kind: CompressionType | None = None if form_of(kernel) == "plain" else kind
        self._bulk = None if self.kind is None else BulkCompressor(self.kind)
        self._packets = self._compressed = self._bytes = self._compressed_bytes = 0
        self._failures = self._pause = 0

    @property
    def longest(self) -> int:
        """Bytes of a packet that can be compressed."""
        return _LONGEST_OF_8K if self.kind is CompressionType.K8 else 0xFFFF

    def deflate(self, data: bytes) -> tuple[int, bytes]:
        """Give a packet's compression flags, zero for none, and its bytes."""
        if self._bulk is None:
            return 0, data
        if self._pause:
            self._pause -= 1
            flags, compressed = 0, data
        else:
            flags, compressed = self._bulk.compress(data)
            if _SHORTEST <= len(data) <= self.longest:
                self._learn(len(data), len(compressed))
        self._packets += 1
        self._compressed += len(compressed) < len(data)
        self._bytes += len(data)
        self._compressed_bytes += len(compressed)
        return flags, compressed

    def _learn(self, size: int, compressed: int) -> None:
        """Let packets pass by for a while, ever longer, when those before got hardly smaller: noise, or dense data."""
        if compressed <= size - size // _LEAST_GAIN:
            self._failures = 0
            return
        self._failures += 1
        if self._failures >= _PATIENCE:
            self._pause = min(self._failures, _LONGEST_PAUSE)

    def deflate_chunk(self, chunk: bytes) -> bytes:
        """Give a static channel's chunk, header and data, with its data compressed ([MS-RDPBCGR] 2.2.6.1.1)."""
        flags, data = self.deflate(chunk[_CHUNK_HEADER.size :])
        if not flags:
            return chunk
        length, own = _CHUNK_HEADER.unpack_from(chunk)
        # The flags are those of the other paths, 16 bits further up; the length stays that of the message.
        return _CHUNK_HEADER.pack(length, own | flags << _CHUNK_SHIFT) + data

    def reset(self) -> None:
        """Begin a new history; the next packet tells the client to do so too."""
        if self._bulk is not None:
            self._bulk.reset()

    def statistics(self) -> CompressionStatistics:
        """What was compressed, and to how much."""
        return CompressionStatistics(self.kind, self._packets, self._compressed, self._bytes, self._compressed_bytes)


def agreed_compression(flags: InfoFlags, allowed: CompressionType | None) -> CompressionType | None:
    """The lesser of what a client reads, by the flags of its Client Info PDU, and what the server allows."""
    wanted = flags.compression_type
    if wanted is None or allowed is None:
        return None
    # A client that names a type from the future reads all that exist: it is the highest that it supports.
    return CompressionType(min(int(wanted), int(allowed)))
