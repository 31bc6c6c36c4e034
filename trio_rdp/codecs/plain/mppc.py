"""MPPC bulk compression in plain Python, [MS-RDPBCGR] 3.1.8.4: one packet into or out of a history."""

from __future__ import annotations

from typing import Final

from trio_rdp.codecs.plain.buffers import Readable, Writable, view
from trio_rdp.codecs.status import INVALID, OVERRUN, TRUNCATED

__all__ = ["LONGEST", "PLACES", "SLACK", "compress", "decompress"]

LONGEST: Final = (8192 - 4, 65536 - 4)
"""How many bytes a packet has at most, by the kind of history: as FreeRDP's compressor stops short of the end."""
PLACES: Final = 2 << 13
SLACK: Final = 8

# By the number of ones that begin a copy-tuple: how many ones there are with the zero that ends them, how many bits of
# offset follow, and what is added to it.
_OFFSETS_8K = {2: (3, 13, 320), 3: (4, 8, 64), 4: (4, 6, 0)}
_OFFSETS_64K = {2: (3, 16, 2368), 3: (4, 11, 320), 4: (5, 8, 64), 5: (5, 6, 0)}

# The same the other way round: the least offset, the code of its prefix, how many bits that has, how many follow.
_CODES_8K = ((320, 0b110, 3, 13), (64, 0b1110, 4, 8), (0, 0b1111, 4, 6))
_CODES_64K = ((2368, 0b110, 3, 16), (320, 0b1110, 4, 11), (64, 0b11110, 5, 8), (0, 0b11111, 5, 6))


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


def compress(data: Readable, history: Writable, places: Writable, offset: int, out: Writable) -> int:
    """Put a packet into `history` at `offset` and compress it to `out`, of which the last `SLACK` bytes are not used.

    Return how many bytes that took; OVERRUN when there was no room for them, and then all that was given must begin
    anew.  `places` remembers where three bytes were seen last, in native 16-bit numbers.
    """
    packet, window, table, sink = view(data), view(history), view(places).cast("H"), view(out)
    size = len(window)
    if size not in (8192, 65536) or len(table) != PLACES // 2 or len(sink) < SLACK:
        raise ValueError("a history has 8192 or 65536 bytes, and a table 16384")
    end = offset + len(packet)
    if offset < 0 or end > size - 4:
        raise ValueError("the packet does not fit into the history")
    window[offset:end] = packet
    codes = _CODES_8K if size == 8192 else _CODES_64K
    bits, width, at = 0, 0, offset
    parts: list[bytes] = []
    while at < end:
        place = _place(window, at)
        seen, table[place] = table[place], at
        # What was sent in this packet or before it lies behind, or ahead of the packet's end, a lap ago.
        known = seen < at or seen >= end
        if known and at + 3 <= end and window[seen : seen + 3] == window[at : at + 3]:
            most = min(end - at, size - seen)
            count = 3
            while count < most and window[seen + count] == window[at + count]:
                count += 1
            code, taken = _tuple((at - seen) % size, count, codes)
            # Two places stand for all inside a match; more of them cost more time than they save bytes.
            for inner in (at + 1, at + count - 2):
                table[_place(window, inner)] = inner
            at += count
        else:
            literal = window[at]
            code, taken = (literal, 8) if literal < 0x80 else (0x80 + literal, 9)
            at += 1
        bits = bits << taken | code
        width += taken
        if width >= 4096:
            parts.append((bits >> (width & 7)).to_bytes(width >> 3, "big"))
            width &= 7
            bits &= (1 << width) - 1
    parts.append((bits << (-width % 8)).to_bytes((width + 7) >> 3, "big"))
    result = b"".join(parts)
    if len(result) > len(sink) - SLACK:
        return OVERRUN
    sink[: len(result)] = result
    return len(result)


def _place(window: memoryview, at: int) -> int:
    number = int.from_bytes(window[at : at + 3], "little")
    return (number * 506832829 & 0xFFFFFFFF) >> 19


def _tuple(distance: int, count: int, codes: tuple[tuple[int, int, int, int], ...]) -> tuple[int, int]:
    """The bits of a copy-tuple, and how many there are."""
    least, code, width, extra = next(entry for entry in codes if entry[0] <= distance)
    code = code << extra | distance - least
    width += extra
    if count == 3:
        return code << 1, width + 1
    lead = count.bit_length() - 2
    length = ((1 << lead) - 1) << (lead + 2) | count - (2 << lead)
    return code << (2 * lead + 2) | length, width + 2 * lead + 2
