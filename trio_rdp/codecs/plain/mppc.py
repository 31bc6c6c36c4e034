"""MPPC bulk decompression in plain Python, [MS-RDPBCGR] 3.1.8.4: one packet into a history."""

from __future__ import annotations

from trio_rdp.codecs.plain.buffers import Readable, Writable, view
from trio_rdp.codecs.status import INVALID, OVERRUN, TRUNCATED

__all__ = ["decompress"]

# By the number of ones that begin a copy-tuple: how many ones there are with the zero that ends them, how many bits of
# offset follow, and what is added to it.
_OFFSETS_8K = {2: (3, 13, 320), 3: (4, 8, 64), 4: (4, 6, 0)}
_OFFSETS_64K = {2: (3, 16, 2368), 3: (4, 11, 320), 4: (5, 8, 64), 5: (5, 6, 0)}


class _Bits:
    """The packet as one big number, most significant bit first."""

    def __init__(self, data: bytes) -> None:
        self.number = int.from_bytes(data, "big")
        self.left = 8 * len(data)

    def take(self, count: int) -> int:
        """Take bits; what is not there reads as zeros and makes `left` negative."""
        self.left -= count
        mask = (1 << count) - 1
        return (self.number >> self.left if self.left >= 0 else self.number << -self.left) & mask

    def ones(self, most: int) -> int:
        """Count leading ones without taking them, `most` at most."""
        count = 0
        while count < most and count < self.left and self.number >> (self.left - 1 - count) & 1:
            count += 1
        return count


def _piece(data: memoryview, at: int, size: int) -> tuple[_Bits, int]:
    """The bits of a stretch of the packet: shifting all of a long packet for every symbol would be quadratic."""
    return _Bits(bytes(data[at : at + size])), at + size


def decompress(data: Readable, history: Writable, offset: int) -> int:
    """Decompress a packet to `history` from `offset` on; return the offset behind it, or a status.

    The history's size tells the kind: 8,192 bytes for RDP 4.0, else 65,536 for RDP 5.0.  It may be changed even when a
    status is returned, but never beyond its end.
    """
    packet, window = view(data), view(history)
    size = len(window)
    if size not in (8192, 65536) or not 0 <= offset <= size:
        raise ValueError("a history has 8192 or 65536 bytes, and an offset in it")
    offsets, longest = (_OFFSETS_8K, 11) if size == 8192 else (_OFFSETS_64K, 14)
    at = offset
    bits, rest = _piece(packet, 0, 512)
    # The last byte may be filled up with up to seven zero bits.
    while bits.left >= 8 or rest < len(packet):
        if bits.left < 64 and rest < len(packet):
            taken = rest - (bits.left + 7) // 8
            drop = -bits.left % 8
            bits, rest = _piece(packet, taken, 512)
            bits.take(drop)
            continue
        lead = bits.ones(max(offsets))
        if lead < 2:
            # A literal: its lower seven bits after 0, or after 10 when its high bit is set.
            literal = bits.take(8) if lead == 0 else 0x80 | bits.take(9) & 0x7F
            if bits.left < 0:
                return TRUNCATED
            if at >= size:
                return OVERRUN
            window[at] = literal
            at += 1
            continue
        prefix, width, base = offsets[lead]
        bits.take(prefix)
        distance = base + bits.take(width)
        length = bits.ones(longest + 1)
        if length > longest:
            return INVALID
        bits.take(length + 1)
        count = (2 << length) + bits.take(length + 1) if length else 3
        if bits.left < 0:
            return TRUNCATED
        if count > size - at:
            return OVERRUN
        # "The entire history buffer is immediately regarded as valid", and it is a ring to whoever looks back.
        for source in range(at - distance, at - distance + count):
            window[at] = window[source % size]
            at += 1
    return at
