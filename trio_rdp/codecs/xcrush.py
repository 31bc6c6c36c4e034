"""RDP 6.1 bulk compression (XCRUSH) with its two histories, [MS-RDPEGDI] 3.1.8.2.

The first level takes long matches out of 2,000,000 bytes of history; what is left goes through RDP 5.0's compression.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_rdp.codecs import mppc
from trio_rdp.codecs.kernels import xcrush as kernel
from trio_rdp.codecs.mppc import COMPRESSED, FLUSHED, SHORTEST
from trio_rdp.codecs.plain.buffers import view
from trio_rdp.codecs.status import OVERRUN, check
from trio_rdp.wire.errors import InvalidField, Truncated

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["TYPE", "Compressor", "Decompressor"]

TYPE: Final = 3
_HISTORY = 2_000_000
_PDU = "RDP61_COMPRESSED_DATA"

_L1_COMPRESSED = 0x01
_L1_NO_COMPRESSION = 0x02
_L1_PACKET_AT_FRONT = 0x04
_L1_INNER_COMPRESSION = 0x10


class Decompressor:
    """One direction's histories; packets must be given in the order in which they came.

    A packet gives at most as many bytes as the larger history has, whatever it says.  After an error the histories are
    undefined until the peer flushes them.
    """

    def __init__(self) -> None:
        self._history = bytearray(_HISTORY)
        self._look = memoryview(self._history)
        self._inner = mppc.Decompressor(mppc.Kind.RDP5)
        self._offset = 0
        self._written = 0  # as far as the history may hold something

    def decompress(self, data: Readable, flags: int) -> bytes:
        """Return a packet's data; the low four bits of `flags` are not looked at.  Raises `DecodeError`."""
        if flags & FLUSHED:
            self._clear()
        if not flags & COMPRESSED:
            return bytes(data)
        if len(data) < 2:
            raise Truncated("a packet without its two flag bytes", pdu=_PDU)
        level_1, packet = data[0], (memoryview(data) if type(data) is bytes else view(data))[2:]
        if not level_1 & (_L1_COMPRESSED | _L1_NO_COMPRESSION):
            raise InvalidField(f"level 1 flags 0x{level_1:02x} are neither compressed nor not", pdu=_PDU)
        if level_1 & _L1_INNER_COMPRESSION:
            packet = self._inner.look(packet, data[1])
        if level_1 & _L1_PACKET_AT_FRONT:
            # "MUST be reinitialized (by filling it with zeros)", says 2.2.2.4.1; "this is a simple reset of the history
            # offset", says 3.1.8.2.2.2, and so does FreeRDP 2.11: what is left of the lap before stays.
            self._offset = 0
        start = self._offset
        end = kernel.decompress(packet, self._history, start, level_1 & _L1_NO_COMPRESSION != 0)
        if end < 0:
            self._written = _HISTORY
            check(end, _PDU)
        if end > self._written:
            self._written = end
        self._offset = end
        return self._look[start:end].tobytes()

    def reset(self) -> None:
        """Forget both histories."""
        self._clear()
        self._inner.reset()

    def _clear(self) -> None:
        # Only what was written: a flush in each of many small packets shall not cost two megabytes each.
        self._history[: self._written] = bytes(self._written)
        self._offset = self._written = 0


class Compressor:
    """One direction's histories; packets must be sent in the order in which they were compressed.

    The histories, two megabytes, are made for the first packet that needs them.
    """

    def __init__(self) -> None:
        self._history = bytearray()
        self._places = bytearray()
        self._inner = mppc.Compressor(mppc.Kind.RDP5)
        self._offset = 0
        self._flags = 0
        self._level_1 = _L1_PACKET_AT_FRONT

    def compress(self, data: Readable) -> tuple[int, bytes]:
        """Return a packet's compression flags, their type among them, and its bytes.

        Data that is too short or too long, or that would not shrink, comes back as it is, with 0: that leaves the
        peer's histories alone.  Releases the GIL.
        """
        size = len(data) if type(data) is bytes else view(data).nbytes
        if size < SHORTEST or size > kernel.LONGEST:
            return 0, bytes(data)
        if not self._history:
            self._history = bytearray(_HISTORY)
            self._places = bytearray(kernel.PLACES)
        if self._offset + size > kernel.ROOM:
            self._start_again()
        out = bytearray(size - 1)
        count = kernel.compress(data, self._history, self._places, self._offset, out)
        level_1, rest = _L1_NO_COMPRESSION, data
        if count != OVERRUN:
            level_1, rest = _L1_COMPRESSED, memoryview(out)[:count]
        level_2, packet = self._inner.compress(rest)
        if level_2:
            level_1 |= _L1_INNER_COMPRESSION
        if len(packet) + 2 > size:
            # As if it had never been: the first level writes its next packet over this one, the second starts anew.
            self._inner.reset()
            return 0, bytes(data)
        header = bytes((self._level_1 | level_1, level_2))
        flags, self._flags, self._level_1 = self._flags | COMPRESSED | TYPE, 0, 0
        self._offset += size
        return flags, header + packet

    def reset(self) -> None:
        """Forget the histories; the next compressed packet tells the peer to do so too."""
        self._start_again()
        self._inner.reset()
        self._flags = FLUSHED

    def _start_again(self) -> None:
        self._places[:] = bytes(len(self._places))
        self._offset, self._level_1 = 0, _L1_PACKET_AT_FRONT
