"""RDP 8.0 bulk compression in plain Python, [MS-RDPEGFX] 3.1.9.1: LZ77 with a static Huffman code."""

from __future__ import annotations

import struct
from typing import Final

from trio_rdp.codecs.plain.buffers import Readable, view
from trio_rdp.codecs.status import INVALID, OVERRUN, TRUNCATED

__all__ = ["DISTANCES", "LITERALS", "Decompressor"]

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
        self.history, self.segment, self.kind = history, segment, kind
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
