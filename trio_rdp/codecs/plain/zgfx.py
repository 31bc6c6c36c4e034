"""RDP 8.0 bulk compression in plain Python, [MS-RDPEGFX] 3.1.9.1: LZ77 with a static Huffman code."""

from __future__ import annotations

import struct
from typing import Final

from trio_rdp.codecs.plain.buffers import Readable, view
from trio_rdp.codecs.status import INVALID, OVERRUN, TRUNCATED

__all__ = ["DISTANCES", "LITERALS", "Compressor", "Decompressor"]

SINGLE, MULTIPART = 0xE0, 0xE1
COMPRESSED = 0x20

# The literals that have a short code, each with its code and the bits of it; all others have nine bits.
LITERALS: Final = {0x00: (24, 5), 0x01: (25, 5), 0x02: (52, 6), 0x03: (53, 6), 0xFF: (54, 6)}
LITERALS.update(
    {value: (110 + number, 7) for number, value in enumerate((*range(0x04, 0x0C), *range(0x3A, 0x41), 0x80))}
)
LITERALS.update({value: (252 + number, 8) for number, value in enumerate((0x0C, 0x38, 0x39, 0x66))})

# Prefix, bits of it, bits of value, base distance.
DISTANCES: Final = (
    (17, 5, 5, 0),
    (18, 5, 7, 32),
    (19, 5, 9, 160),
    (20, 5, 10, 672),
    (21, 5, 12, 1696),
    (44, 6, 14, 5792),
    (45, 6, 15, 22176),
    (92, 7, 18, 54944),
    (93, 7, 20, 317088),
    (188, 8, 20, 1365664),
    (189, 8, 21, 2414240),
)

# By eight bits, the first of which is set: bits of the prefix, bits of value or -1, and base distance or literal.
_TOKENS: Final[dict[int, tuple[int, int, int]]] = {}
for _value, (_code, _size) in LITERALS.items():
    for _rest in range(1 << (8 - _size)):
        _TOKENS[_code << (8 - _size) | _rest] = (_size, -1, _value)
for _code, _size, _bits, _base in DISTANCES:
    for _rest in range(1 << (8 - _size)):
        _TOKENS[_code << (8 - _size) | _rest] = (_size, _bits, _base)


class Decompressor:
    """One direction's history of `history` bytes, and the longest output of a segment: `segment` bytes."""

    def __init__(self, history: int, segment: int, kind: int) -> None:
        self.history: int = history
        self.segment: int = segment
        self.kind: int = kind
        self._window = bytearray()

    def decompress(self, data: Readable, limit: int) -> bytes | int:
        """Return the data of a whole RDP_SEGMENTED_DATA, of which there may be `limit` bytes, or a status."""
        source = bytes(view(data))
        if not source:
            return TRUNCATED
        start = len(self._window)
        if source[0] == SINGLE:
            status = self._decode(source[1:])
            if status > limit:
                return OVERRUN
        elif source[0] == MULTIPART:
            status = self._parts(source, limit)
        else:
            return INVALID
        if status < 0:
            del self._window[start:]
            return status
        out = bytes(self._window[start:])
        del self._window[: max(len(self._window) - self.history, 0)]
        return out

    def _parts(self, source: bytes, limit: int) -> int:
        if len(source) < 7:
            return TRUNCATED
        count, size = struct.unpack_from("<HI", source, 1)
        if size > limit:
            return OVERRUN
        if count * 5 > len(source) - 7:
            return TRUNCATED
        if size > count * self.segment:
            return INVALID
        at, done = 7, 0
        for _ in range(count):
            if len(source) - at < 4:
                return TRUNCATED
            (length,) = struct.unpack_from("<I", source, at)
            at += 4
            if length > len(source) - at:
                return TRUNCATED
            status = self._decode(source[at : at + length])
            if status < 0:
                return status
            at += length
            done += status
            if done > size:
                return OVERRUN
        return done if done == size else INVALID

    def _decode(self, data: bytes) -> int:
        """Decode one segment to the end of the window; how many bytes it gave, or a status."""
        if not data:
            return TRUNCATED
        if data[0] & 0x0F != self.kind:
            return INVALID
        if not data[0] & COMPRESSED:
            if len(data) - 1 > self.segment:
                return OVERRUN
            self._window += data[1:]
            return len(data) - 1
        if len(data) < 2:
            return TRUNCATED
        # "The five high-order bits in the last byte of the compressed segment are reserved."
        bits = (len(data) - 2) * 8 - (data[-1] & 7)
        if bits < 0:
            return INVALID
        return self._tokens(_Bits(data[1:-1]), bits)

    def _tokens(self, src: _Bits, bits: int) -> int:
        window = self._window
        end = len(window) + self.segment
        while src.at < bits:
            head = src.peek(9)
            if head < 256:
                size, extra, base = 9, -1, head
            elif head >> 1 in _TOKENS:
                size, extra, base = _TOKENS[head >> 1]
            else:
                return INVALID
            src.at += size
            if extra < 0:
                if src.at > bits:
                    return TRUNCATED
                if len(window) >= end:
                    return OVERRUN
                window.append(base)
                continue
            distance = base + src.take(extra)
            status = self._copy(src, bits, distance, end) if distance else self._raw(src, bits, end)
            if status < 0:
                return status
        return len(window) - (end - self.segment)

    def _raw(self, src: _Bits, bits: int, end: int) -> int:
        """A distance of zero: bytes as they are, which begin at a whole byte."""
        count = src.take(15)
        if src.at > bits:
            return TRUNCATED
        src.at = -(-src.at // 8) * 8
        if count and src.at + 8 * count > bits:
            return TRUNCATED
        if count > end - len(self._window):
            return OVERRUN
        self._window += src.data[src.at // 8 : src.at // 8 + count]
        src.at += 8 * count
        return 0

    def _copy(self, src: _Bits, bits: int, distance: int, end: int) -> int:
        """Copy from the history: "the number of bytes that have been output since the first of the bytes"."""
        window = self._window
        ones = 0
        while ones < 15 and src.peek(ones + 1) & 1:
            ones += 1
        if ones > 14:
            return INVALID
        src.at += ones + 1
        count = (2 << ones) + src.take(ones + 1) if ones else 3
        if src.at > bits:
            return TRUNCATED
        if distance > min(len(window), self.history):
            return INVALID
        if count > end - len(window):
            return OVERRUN
        piece = bytes(window[-distance:][:count])
        window += (piece * (count // len(piece) + 1))[:count]
        return 0


class _Bits:
    """Bits, the most significant first; behind the end there are zeros."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def peek(self, count: int) -> int:
        byte, shift = divmod(self.at, 8)
        piece = self.data[byte : byte + 5].ljust(5, b"\0")
        return int.from_bytes(piece, "big") >> (40 - shift - count) & ((1 << count) - 1)

    def take(self, count: int) -> int:
        value = self.peek(count)
        self.at += count
        return value


# --------------------------------------------------------------------------------------------------------- encoding

# The places that remember where eight, four and three bytes were seen last: bits of their number, and how many places
# there are for each.
EIGHTS, FOURS, THREES = (15, 2), (14, 2), (12, 1)
# A match of so many bytes is taken without a look at the next byte.
GOOD = 48
# A match of three bytes pays up to here.
NEAR = 22175
# Literals that may pay as an unencoded run.
RAW = 40
# Of a segment of so many bytes this many are looked at to see whether it is compressed already.  Were all values as
# frequent, the squares of the frequencies would add up to 5,120; in RemoteFX they do to 7,000 and more.
SURELY, SAMPLES, DENSE, STRIDE = 4096, 1024, 6144, 32
# How far the window of the compiled kernel grows beyond a history; when it moves, what was seen where is the same.
WINDOW = 1 << 21

_SIZES: Final = [LITERALS.get(value, (value, 9))[1] for value in range(256)]


class Compressor:
    """One direction's history of `history` bytes, cut in segments of up to `segment` bytes."""

    def __init__(self, history: int, segment: int, kind: int) -> None:
        self.history: int = history
        self.segment: int = segment
        self.kind: int = kind
        self._window = bytearray()
        # Positions count from the beginning of the window, and zero stands for nothing too.
        self._eights = [0] * (EIGHTS[1] << EIGHTS[0])
        self._fours = [0] * (FOURS[1] << FOURS[0])
        self._threes = [0] * (THREES[1] << THREES[0])
        self._hashed = 0

    def compress(self, data: Readable, store: bool) -> bytes:
        """Return a whole RDP_SEGMENTED_DATA; with `store` nothing is compressed, but remembered."""
        source = bytes(view(data))
        pieces = [source[at : at + self.segment] for at in range(0, len(source), self.segment)] or [b""]
        if len(pieces) > 65535:
            raise ValueError("more data than 65535 segments hold")
        if len(pieces) == 1:
            return bytes((SINGLE,)) + self._segment(source, store)
        out = bytearray(struct.pack("<BHI", MULTIPART, len(pieces), len(source)))
        for piece in pieces:
            segment = self._segment(piece, store)
            out += struct.pack("<I", len(segment)) + segment
        return bytes(out)

    def _segment(self, data: bytes, store: bool) -> bytes:
        self._make_room()
        start = len(self._window)
        self._window += data
        if not store and not self._is_dense(start):
            stream = self._deflate(start)
            if len(stream) < len(data):
                return bytes((COMPRESSED | self.kind,)) + stream
        return bytes((self.kind,)) + data

    def _make_room(self) -> None:
        if len(self._window) + self.segment <= self.history + min(WINDOW, 4 * self.history):
            return
        back = len(self._window) - self.history
        del self._window[:back]
        for places in (self._eights, self._fours, self._threes):
            places[:] = [max(place - back, 0) for place in places]
        self._hashed -= back

    def _is_dense(self, start: int) -> bool:
        """Whether the segment looks compressed already: no byte is frequent, and nothing in it was seen before."""
        window, size = self._window, len(self._window) - start
        if size < SURELY:
            return False
        step = size // SAMPLES
        counts = [0] * 256
        for value in window[start : start + step * SAMPLES : step]:
            counts[value] += 1
        if sum(count * count for count in counts) > DENSE:
            return False
        seen = False
        for i in range(start, len(window) - 7, STRIDE):
            at = self._eights[_hashes(window, i)[0]]
            seen = seen or (at < i and window[at : at + 8] == window[i : i + 8])
            self._remember(i)
        return not seen

    def _remember(self, i: int) -> None:
        eight, four, three = _hashes(self._window, i)
        for places, at in ((self._eights, eight), (self._fours, four)):
            places[at + 1] = places[at]
            places[at] = i
        self._threes[three] = i

    def _find(self, i: int, cost: list[int], start: int) -> tuple[int, int, int]:
        """The match at `i` that saves the most bits: bits saved, length, distance."""
        window = self._window
        eight, four, three = _hashes(window, i)
        best = (0, 0, 0)
        for at in (eight, eight + 1):
            if window[self._eights[at] : self._eights[at] + 8] == window[i : i + 8]:
                best = self._consider(i, self._eights[at], cost, start, best)
        if best[1] < 16:
            for at in (four, four + 1):
                if window[self._fours[at] : self._fours[at] + 4] == window[i : i + 4]:
                    best = self._consider(i, self._fours[at], cost, start, best)
            if not best[1] and i - self._threes[three] <= NEAR:
                best = self._consider(i, self._threes[three], cost, start, best)
        return best

    def _consider(
        self, i: int, candidate: int, cost: list[int], start: int, best: tuple[int, int, int]
    ) -> tuple[int, int, int]:
        window, distance = self._window, i - candidate
        if not 0 < distance <= self.history:
            return best
        length = 0
        while i + length < len(window) and window[candidate + length] == window[i + length]:
            length += 1
        if length < 3 or length <= best[1]:
            return best
        saved = cost[i - start + length] - cost[i - start] - _match(length, distance)[1]
        return (saved, length, distance) if saved > best[0] else best

    def _deflate(self, start: int) -> bytes:
        window = self._window
        end, last = len(window), len(window) - 8
        cost = [0]
        for value in window[start:]:
            cost.append(cost[-1] + _SIZES[value])
        out = _Writer()
        for i in range(max(self._hashed, start - 7, 0), min(start, last + 1)):
            self._remember(i)
        anchor = i = start
        misses = 0
        while i <= last:
            match = self._find(i, cost, start)
            self._remember(i)
            if not match[1]:
                misses += 1
                i += 1 + (misses >> 6)
                continue
            while match[1] < GOOD and i < last:
                other = self._find(i + 1, cost, start)
                if other[0] <= match[0]:
                    break
                i += 1
                self._remember(i)
                match = other
            _, length, distance = match
            # Bytes that were passed over may belong to it.
            while i > anchor and i - distance > 0 and window[i - 1] == window[i - 1 - distance]:
                i -= 1
                length += 1
            out.literals(window[anchor:i], cost[i - start] - cost[anchor - start])
            out.put(*_match(length, distance))
            anchor = i + length
            for place in range(i + 1, min(anchor, last + 1), 1 if length < 64 else 4):
                self._remember(place)
            i = anchor
            misses = 0
        out.literals(window[anchor:], cost[-1] - cost[anchor - start])
        self._hashed = min(i, end)
        unused = out.align()
        return bytes(out.data) + bytes((unused,))


def _hashes(window: bytearray, i: int) -> tuple[int, int, int]:
    """Where eight, four and three bytes are remembered."""
    eight = int.from_bytes(window[i : i + 8], "little")
    four = eight & 0xFFFFFFFF
    return (
        (eight * 0x9E3779B97F4A7C15 & (1 << 64) - 1) >> (64 - EIGHTS[0]) << 1,
        (four * 2654435761 & 0xFFFFFFFF) >> (32 - FOURS[0]) << 1,
        ((four << 8) * 2654435761 & 0xFFFFFFFF) >> (32 - THREES[0]),
    )


def _match(length: int, distance: int) -> tuple[int, int]:
    """The bits of a match, and how many they are."""
    prefix, size, extra, base = next(row for row in reversed(DISTANCES) if distance >= row[3])
    code, bits = prefix << extra | distance - base, size + extra
    if length == 3:
        return code << 1, bits + 1
    power = length.bit_length() - 1
    ones = (1 << power) - 2
    return (code << power | ones) << power | length - (1 << power), bits + 2 * power


class _Writer:
    """Bits, the most significant first."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._bits = 0
        self._have = 0

    def put(self, code: int, size: int) -> None:
        self._bits = self._bits << size | code
        self._have += size
        while self._have >= 8:
            self._have -= 8
            self.data.append(self._bits >> self._have)
            self._bits &= (1 << self._have) - 1

    def align(self) -> int:
        """Fill the last byte with zeros; how many."""
        unused = -self._have % 8
        self.put(0, unused)
        return unused

    def literals(self, values: bytes | bytearray, cost: int) -> None:
        # An unencoded run has 25 bits before it, and up to seven to the next whole byte.
        if len(values) >= RAW and cost > 8 * len(values) + 32:
            for at in range(0, len(values), 32767):
                piece = values[at : at + 32767]
                self.put(DISTANCES[0][0] << 20 | len(piece), 25)
                self.align()
                self.data += piece
            return
        for value in values:
            self.put(*LITERALS.get(value, (value, 9)))
