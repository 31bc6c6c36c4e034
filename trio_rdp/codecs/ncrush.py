"""RDP 6.0 bulk compression (NCRUSH) with its history, [MS-RDPEGDI] 3.1.8.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_rdp.codecs.kernels import ncrush as kernel
from trio_rdp.codecs.mppc import AT_FRONT, COMPRESSED, FLUSHED, SHORTEST
from trio_rdp.codecs.plain.buffers import view
from trio_rdp.codecs.status import OVERRUN, check
from trio_rdp.wire.errors import InvalidField

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["TYPE", "Compressor", "Decompressor"]

TYPE: Final = 2
_HISTORY = 65536
_HALF = 32768


class Decompressor:
    """One direction's history; packets must be given in the order in which they came.

    A packet gives at most as many bytes as the history has, whatever it says.  After an error the history is undefined
    until the peer flushes it.
    """

    def __init__(self) -> None:
        self._history = bytearray(_HISTORY)
        self._look = memoryview(self._history)
        self._recent = bytearray(16)
        self._offset = 0

    def decompress(self, data: Readable, flags: int) -> bytes:
        """Return a packet's data; the low four bits of `flags` are not looked at.  Raises `DecodeError`."""
        if flags & FLUSHED:
            self.reset()
        elif flags & AT_FRONT:
            # "Slid back by half its size": of what was sent the last 32,768 bytes stay, as FreeRDP 2.11 understands it.
            if self._offset < _HALF:
                raise InvalidField(f"a history of {self._offset} bytes cannot slide back", pdu="CompressedData")
            self._history[:_HALF] = self._history[self._offset - _HALF : self._offset]
            self._history[_HALF:] = bytes(_HALF)
            self._offset = _HALF
        if not flags & COMPRESSED:
            return bytes(data)
        start = self._offset
        end = kernel.decompress(data, self._history, start, self._recent)
        self._offset = end if end >= 0 else check(end, "CompressedData")
        return self._look[start:end].tobytes()

    def reset(self) -> None:
        """Forget the history, as the peer does when it flushes."""
        self._history[:] = bytes(_HISTORY)
        self._recent[:] = bytes(16)
        self._offset = 0


class Compressor:
    """One direction's history; packets must be sent in the order in which they were compressed.

    The history is made for the first packet that needs it.
    """

    def __init__(self) -> None:
        self._history = bytearray()
        self._places = bytearray()
        self._recent = bytearray(16)
        self._offset = 0
        self._flags = 0

    def compress(self, data: Readable) -> tuple[int, bytes]:
        """Return a packet's compression flags, their type among them, and its bytes.

        Data that is too short or too long comes back as it is, with 0: that leaves the peer's history alone.  Data that
        would not shrink comes back as it is, with FLUSHED: both histories start anew, as [MS-RDPBCGR] 3.1.8.2 says.
        Releases the GIL.
        """
        size = len(data) if type(data) is bytes else view(data).nbytes
        if size < SHORTEST or size > kernel.LONGEST:
            return 0, bytes(data)
        if not self._history:
            self._history = bytearray(_HISTORY)
            self._places = bytearray(kernel.PLACES)
        if self._offset + size > kernel.LONGEST:
            self._make_room(size)
        out = bytearray(size - 1 + kernel.SLACK)
        count = kernel.compress(data, self._history, self._places, self._offset, self._recent, out)
        if count == OVERRUN:
            self.reset()
            return FLUSHED | TYPE, bytes(data)
        flags, self._flags = self._flags | COMPRESSED | TYPE, 0
        self._offset += size
        return flags, bytes(memoryview(out)[:count])

    def reset(self) -> None:
        """Forget the history; the next compressed packet tells the peer to do so too."""
        self._history[:] = bytes(len(self._history))
        self._places[:] = bytes(len(self._places))
        self._recent[:] = bytes(16)
        self._offset, self._flags = 0, FLUSHED

    def _make_room(self, size: int) -> None:
        if self._offset <= _HALF or size > kernel.LONGEST - _HALF:
            self.reset()
            return
        kernel.slide(self._places, self._offset - _HALF)
        self._history[:_HALF] = self._history[self._offset - _HALF : self._offset]
        self._history[_HALF:] = bytes(_HALF)
        self._offset, self._flags = _HALF, self._flags | AT_FRONT
