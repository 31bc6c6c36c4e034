"""MPPC bulk compression with its history, [MS-RDPBCGR] 3.1.8: RDP 4.0 (8 KiB) and RDP 5.0 (64 KiB)."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from trio_rdp.codecs.kernels import mppc as kernel
from trio_rdp.codecs.plain.buffers import view
from trio_rdp.codecs.status import OVERRUN, check

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["AT_FRONT", "COMPRESSED", "FLUSHED", "SHORTEST", "Compressor", "Decompressor", "Kind"]

COMPRESSED = 0x20
AT_FRONT = 0x40
FLUSHED = 0x80

# What does not shrink costs the history, and what is so short hardly shrinks.  FreeRDP leaves 50 bytes and less alone.
SHORTEST = 51


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
        self._look = memoryview(self._history)
        self._offset = 0

    def decompress(self, data: Readable, flags: int) -> bytes:
        """Return a packet's data; the low four bits of `flags` are not looked at.  Raises `DecodeError`."""
        return self.look(data, flags).tobytes()

    def look(self, data: Readable, flags: int) -> memoryview:
        """Decompress a packet without copying it: what is returned is good until the next packet."""
        if flags & FLUSHED:
            self.reset()
        if flags & AT_FRONT:
            self._offset = 0
        if not flags & COMPRESSED:
            return view(data)
        start = self._offset
        end = kernel.decompress(data, self._history, start)
        self._offset = end if end >= 0 else check(end, "CompressedData")
        return self._look[start:end]

    def reset(self) -> None:
        """Forget the history, as the peer does when it flushes."""
        self._history[:] = bytes(len(self._history))
        self._offset = 0


class Compressor:
    """One direction's history; packets must be sent in the order in which they were compressed.

    The history is made for the first packet that needs it.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind: Kind = Kind(kind)
        self._size = 65536 if kind else 8192
        self._history = bytearray()
        self._places = bytearray()
        self._offset = 0
        self._flags = AT_FRONT

    def compress(self, data: Readable) -> tuple[int, bytes]:
        """Return a packet's compression flags, their type among them, and its bytes.

        Data that is too short or too long comes back as it is, with 0: that leaves the peer's history alone.  Data that
        would not shrink comes back as it is, with FLUSHED: both histories start anew, as [MS-RDPBCGR] 3.1.8.2 says.
        Releases the GIL.
        """
        size = len(data) if type(data) is bytes else view(data).nbytes
        if size < SHORTEST or size > kernel.LONGEST[self.kind]:
            return 0, bytes(data)
        if not self._history:
            self._history = bytearray(self._size)
            self._places = bytearray(kernel.PLACES)
        flags, offset = self._flags, self._offset
        if offset + size > kernel.LONGEST[self.kind]:
            flags, offset = flags | AT_FRONT, 0
        out = bytearray(size - 1 + kernel.SLACK)
        count = kernel.compress(data, self._history, self._places, offset, out)
        if count == OVERRUN:
            self.reset()
            return FLUSHED | self.kind, bytes(data)
        self._offset, self._flags = offset + size, 0
        return flags | COMPRESSED | self.kind, bytes(memoryview(out)[:count])

    def reset(self) -> None:
        """Forget the history; the next compressed packet tells the peer to do so too."""
        self._history[:] = bytes(len(self._history))
        self._places[:] = bytes(len(self._places))
        self._offset, self._flags = 0, FLUSHED | AT_FRONT
