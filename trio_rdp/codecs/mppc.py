"""MPPC bulk decompression with its history, [MS-RDPBCGR] 3.1.8: RDP 4.0 (8 KiB) and RDP 5.0 (64 KiB)."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from trio_rdp.codecs.kernels import mppc as kernel
from trio_rdp.codecs.status import check

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["AT_FRONT", "COMPRESSED", "FLUSHED", "Decompressor", "Kind"]

COMPRESSED = 0x20
AT_FRONT = 0x40
FLUSHED = 0x80


class Kind(enum.IntEnum):
    """The two sizes of history, by their PACKET_COMPR_TYPE."""

    RDP4 = 0
    RDP5 = 1


class Decompressor:
    """One direction's history; packets must be given in the order in which they came.

    A packet gives at most as many bytes as the history has, whatever it says.  After an error the history is undefined
    until the peer flushes it.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind: Kind = Kind(kind)
        self._history = bytearray(65536 if kind else 8192)
        self._offset = 0

    def decompress(self, data: Readable, flags: int) -> bytes:
        """Return a packet's data; the low four bits of `flags` are not looked at.  Raises `DecodeError`."""
        if flags & FLUSHED:
            self._history[:] = bytes(len(self._history))
            self._offset = 0
        if flags & AT_FRONT:
            self._offset = 0
        if not flags & COMPRESSED:
            return bytes(data)
        end = check(kernel.decompress(data, self._history, self._offset), "CompressedData")
        start, self._offset = self._offset, end
        return bytes(memoryview(self._history)[start:end])
