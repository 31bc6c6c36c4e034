"""RDP 6.0 bulk compression in plain Python, [MS-RDPEGDI] 3.1.8.1: one packet into or out of a history.

Its bits are read from each byte's low end upwards.  A symbol of the first Huffman code is a literal, the end of the
packet, a copy-offset or one of the last four copy-offsets; a length of match from the second code follows an offset.
"""

from __future__ import annotations

from typing import Final

from trio_rdp.codecs.plain.buffers import Readable, Writable, view
from trio_rdp.codecs.status import INVALID, OVERRUN, TRUNCATED

__all__ = ["HISTORY", "LONGEST", "PLACES", "SLACK", "compress", "decompress", "slide"]

HISTORY: Final = 65536
# How much of the history a compressor fills: FreeRDP's decompressor stops short of the end too.
LONGEST: Final = 65528
PLACES: Final = 4 << 13
SLACK: Final = 8
EOS: Final = 256
MOST: Final = 16385
"""The longest length of match that can be said: 2 and fourteen bits."""

# Table 1 and table 4: how many bits each code has, in hexadecimal digits.
WIDTHS: Final = tuple(
    int(digit, 16)
    for digit in "66677777777888888898999988999999899a9999999a9aaa99a9a9a999aa9a99"
    "89999aaa99aaaaaa99aaaaaaa9aaaaaa8aaaaaaaaaaaaaaa9aaaaaaa9aaaaaa9"
    "799a9aaa9aaaaaaa9aaaaaaaaaaaaaaaaaaaaaaaaaadaaaaaabaaaaaaaaaaaaa"
    "9aaaaa9aaaaa9aaa9aaaaaaaaaaaaaaa9aaaaaaaaaaaaa9a899a9aaa9aaa9987"
    "dd77a77666656665656666666666666685677"
)
WIDTHS_OF_LENGTHS: Final = tuple(int(digit) for digit in "42343445455667787889989999999999")
# Tables 3 and 6: how many bits follow a code, and what is added to them.  Table 3 says one more than the offset is.
OFFSETS: Final = tuple((max(n // 2 - 1, 0), n if n < 2 else (2 + n % 2) << (n // 2 - 1)) for n in range(32))
LENGTHS: Final = (
    *((0, 2 + n) for n in range(8)),
    *((1, 10), (1, 12), (1, 14), (1, 16), (2, 18), (2, 22), (2, 26), (2, 30)),
    *((3, 34), (3, 42), (3, 50), (3, 58), (4, 66), (4, 82), (4, 98), (4, 114)),
    *((6, 130), (6, 194), (8, 258), (8, 514), (14, 2), (14, 2)),
)


def canonical(widths: tuple[int, ...]) -> list[int]:
    """Make the codes of table 2 or 5: the canonical Huffman codes of some widths, their first bit lowest."""
    codes, code, last = [0] * len(widths), 0, 0
    for index in sorted(range(len(widths)), key=widths.__getitem__):
        code <<= widths[index] - last
        last = widths[index]
        codes[index] = int(f"{code:0{last}b}"[::-1], 2)
        code += 1
    return codes


_CODES: Final = canonical(WIDTHS)
_CODES_OF_LENGTHS: Final = canonical(WIDTHS_OF_LENGTHS)
_SYMBOLS: Final = {(width, code): n for n, (width, code) in enumerate(zip(WIDTHS, _CODES, strict=True))}
_LENGTH_SYMBOLS: Final = {
    (width, code): n for n, (width, code) in enumerate(zip(WIDTHS_OF_LENGTHS, _CODES_OF_LENGTHS, strict=True))
}


class _Source:
    """The packet's bits, a few bytes at a time; what is not there reads as zeros and makes `left` negative."""

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.at = 0
        self.left = 8 * len(data)

    def take(self, count: int) -> int:
        value = self._look(count)
        self.at += count
        self.left -= count
        return value

    def symbol(self, symbols: dict[tuple[int, int], int], longest: int) -> int:
        """Take one symbol, or give -1 when there is none with these bits."""
        bits = self._look(longest)
        for width in range(1, longest + 1):
            symbol = symbols.get((width, bits & (1 << width) - 1))
            if symbol is not None:
                self.take(width)
                return symbol
        return -1

    def _look(self, count: int) -> int:
        piece = bytes(self.data[self.at >> 3 : (self.at + count + 7) >> 3])
        return int.from_bytes(piece, "little") >> (self.at & 7) & (1 << count) - 1


def decompress(data: Readable, history: Writable, offset: int, recent: Writable) -> int:
    """Decompress a packet to `history` from `offset` on; return the offset behind it, or a status.

    `recent` holds the last four copy-offsets as native 32-bit numbers.  Both may be changed even when a status is
    returned, but the history never beyond its end.
    """
    window, cache = view(history), view(recent).cast("I")
    if len(window) != HISTORY or len(cache) != 4 or not 0 <= offset <= HISTORY:
        raise ValueError("a history has 65536 bytes, an offset in it, and four recent ones")
    source, at = _Source(view(data)), offset
    while True:
        symbol = source.symbol(_SYMBOLS, 13)
        if symbol < 0:
            return TRUNCATED if source.left < 13 else INVALID
        if source.left < 0:
            return TRUNCATED
        if symbol == EOS:
            return at
        if symbol < EOS:
            if at >= HISTORY:
                return OVERRUN
            window[at] = symbol
            at += 1
            continue
        if symbol < 289:
            extra, base = OFFSETS[symbol - 257]
            distance = base + source.take(extra)
            cache[3], cache[2], cache[1] = cache[2], cache[1], cache[0]
        else:
            # "The last four unique copy-offsets": one that is used again changes places with the last.
            distance = cache[symbol - 289]
            cache[symbol - 289] = cache[0]
        cache[0] = distance
        symbol = source.symbol(_LENGTH_SYMBOLS, 9)
        if symbol >= len(LENGTHS):
            return TRUNCATED if source.left < 0 else INVALID
        extra, base = LENGTHS[symbol]
        count = base + source.take(extra)
        if source.left < 0:
            return TRUNCATED
        if not 0 < distance < HISTORY:
            return INVALID
        if count > HISTORY - at:
            return OVERRUN
        for position in range(at - distance, at - distance + count):
            window[at] = window[position % HISTORY]
            at += 1


def compress(data: Readable, history: Writable, places: Writable, offset: int, recent: Writable, out: Writable) -> int:
    """Put a packet into `history` at `offset` and compress it to `out`, of which the last `SLACK` bytes are not used.

    Return how many bytes that took; OVERRUN when there was no room for them, and then all that was given must begin
    anew.  `places` remembers the last two places of three bytes, in native 16-bit numbers.
    """
    packet, window, sink = view(data), view(history), view(out)
    table, cache = view(places).cast("H"), view(recent).cast("I")
    if len(window) != HISTORY or len(table) != PLACES // 2 or len(cache) != 4 or len(sink) < SLACK:
        raise ValueError("a history has 65536 bytes, a table 32768, and there are four recent offsets")
    end = offset + len(packet)
    if offset < 0 or end > LONGEST:
        raise ValueError("the packet does not fit into the history")
    window[offset:end] = packet
    bits, width, at = 0, 0, offset
    parts: list[bytes] = []
    while at < end:
        count, seen = 0, 0
        for candidate in _exchange(table, window, at):
            length = _same(window, candidate, at, min(end - at, MOST)) if candidate < at else 0
            if length >= 3 and length > count:
                count, seen = length, candidate
        if count:
            code, size = _tuple(at - seen, count, cache)
            # Two places stand for all inside a match; more of them cost more time than they save bytes.
            _exchange(table, window, at + 1)
            _exchange(table, window, at + count - 2)
            at += count
        else:
            code, size = _CODES[window[at]], WIDTHS[window[at]]
            at += 1
        bits |= code << width
        width += size
        if width >= 4096:
            parts.append((bits & (1 << (width & ~7)) - 1).to_bytes(width >> 3, "little"))
            bits >>= width & ~7
            width &= 7
    bits |= _CODES[EOS] << width
    width += WIDTHS[EOS]
    parts.append(bits.to_bytes((width + 7) >> 3, "little"))
    result = b"".join(parts)
    if len(result) > len(sink) - SLACK:
        return OVERRUN
    sink[: len(result)] = result
    return len(result)


def slide(places: Writable, shift: int) -> None:
    """Let the places be that many bytes further in front; what falls off the front is forgotten."""
    table = view(places).cast("H")
    for index, place in enumerate(table):
        table[index] = max(place - shift, 0)


def _exchange(table: memoryview, window: memoryview, at: int) -> tuple[int, int]:
    """Give the last two places of the three bytes at a place, the later first, and remember this one."""
    number = int.from_bytes(window[at : at + 3], "little")
    slot = 2 * ((number * 506832829 & 0xFFFFFFFF) >> 19)
    places = table[slot], table[slot + 1]
    table[slot], table[slot + 1] = at, places[0]
    return places


def _same(window: memoryview, seen: int, at: int, most: int) -> int:
    count = 0
    while count < most and window[seen + count] == window[at + count]:
        count += 1
    return count


def _tuple(distance: int, count: int, cache: memoryview) -> tuple[int, int]:
    """The bits of a copy-tuple and how many there are; brings its offset to the front of the recent ones."""
    recent = next((index for index in range(4) if cache[index] == distance), 4)
    if recent < 4:
        code, width = _CODES[289 + recent], WIDTHS[289 + recent]
        cache[recent] = cache[0]
    else:
        index = max(n for n in range(32) if OFFSETS[n][1] <= distance)
        code, width = _CODES[257 + index], WIDTHS[257 + index]
        extra, base = OFFSETS[index]
        code |= distance - base << width
        width += extra
        cache[3], cache[2], cache[1] = cache[2], cache[1], cache[0]
    cache[0] = distance
    index = 28 if count > 769 else max(n for n in range(28) if LENGTHS[n][1] <= count)
    code |= _CODES_OF_LENGTHS[index] << width
    width += WIDTHS_OF_LENGTHS[index]
    extra, base = LENGTHS[index]
    code |= count - base << width
    return code, width + extra
