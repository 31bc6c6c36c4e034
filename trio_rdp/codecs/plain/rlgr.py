"""Adaptive run-length and Golomb-Rice codes in plain Python, [MS-RDPRFX] 3.1.8.1.7: RLGR1 and RLGR3."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from trio_rdp.codecs.plain.buffers import Readable, view

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["RLGR1", "RLGR3", "decode", "encode"]

# CLW_ENTROPY_RLGR1, CLW_ENTROPY_RLGR3.
RLGR1: Final = 1
RLGR3: Final = 4

# KPMAX, LSGR, UP_GR, DN_GR, UQ_GR and DQ_GR, which are one.
HIGHEST: Final = 80
SHIFT: Final = 3
AFTER_RUN: Final = 4
AFTER_VALUE: Final = 6
AFTER_CODE: Final = 3


class _Bits:
    """Bits to read, the highest of each byte first; `EOFError` when there are not as many."""

    def __init__(self, data: Readable) -> None:
        source = bytes(view(data))
        self.text = bin(int.from_bytes(b"\1" + source))[3:]
        self.pos = 0

    def number(self, n: int) -> int:
        text = self.text[self.pos : self.pos + n]
        if len(text) < n:
            raise EOFError
        self.pos += n
        return int(text, 2) if n else 0

    def length(self, bit: str) -> int:
        """Read how often a bit comes, and the other one that ends it."""
        end = self.text.find("1" if bit == "0" else "0", self.pos)
        if end < 0:
            raise EOFError
        n = end - self.pos
        self.pos = end + 1
        return n


def _adapt(parameter: int, delta: int) -> int:
    return min(max(parameter + delta, 0), HIGHEST)


def _after_code(krp: int, ones: int) -> int:
    return _adapt(krp, -2 if ones == 0 else 0 if ones == 1 else ones)


def _read_code(bits: _Bits, krp: int) -> tuple[int, int]:
    """Read a Golomb-Rice code: its value and the parameter for the next."""
    ones = bits.length("1")
    kr = krp >> SHIFT
    return (ones << kr | bits.number(kr)) & 0xFFFFFFFF, _after_code(krp, ones)


def _unfold(value: int) -> int:
    """Twice the magnitude, less one when negative: back to the number."""
    return -((value + 1) >> 1) if value & 1 else value >> 1


def _fold(value: int) -> int:
    return 2 * value if value >= 0 else -2 * value - 1


def _wrap(value: int) -> int:
    return (value + 0x8000 & 0xFFFF) - 0x8000


def decode(data: Readable, count: int, entropy: int) -> list[int]:
    """Decode coefficients, up to `count`; those that the bytes do not hold, or not wholly, are left out."""
    out: list[int] = []
    with contextlib.suppress(EOFError):
        _decode(_Bits(data), count, entropy, out)
    return out[:count]


def _decode(bits: _Bits, count: int, entropy: int, out: list[int]) -> None:
    kp = krp = 1 << SHIFT
    while len(out) < count:
        k = kp >> SHIFT
        if k:
            run = 0
            for _ in range(bits.length("0")):
                run += 1 << (kp >> SHIFT)
                kp = _adapt(kp, AFTER_RUN)
                if run >= count:
                    break
            if run < count - len(out):
                run += bits.number(kp >> SHIFT)
            if run >= count - len(out):
                out += [0] * (count - len(out))
                return
            negative = bits.number(1)
            code, krp = _read_code(bits, krp)
            out += [0] * run
            out.append(_wrap(-code - 1 if negative else code + 1))
            kp = _adapt(kp, -AFTER_VALUE)
            continue
        code, krp = _read_code(bits, krp)
        if entropy == RLGR3:
            # Two numbers: their sum, and then the first in as many bits as the sum has.
            first = bits.number(code.bit_length())
            second = (code - first) & 0xFFFFFFFF
            out += _wrap(_unfold(first)), _wrap(_unfold(second))
            if first and second:
                kp = _adapt(kp, -2 * AFTER_CODE)
            elif not code:
                kp = _adapt(kp, 2 * AFTER_CODE)
        else:
            out.append(_wrap(_unfold(code)))
            kp = _adapt(kp, -AFTER_CODE if code else AFTER_CODE)


def encode(coefficients: Sequence[int], entropy: int) -> bytes:
    """Encode coefficients of 16 bits."""
    bits: list[str] = []
    kp = krp = 1 << SHIFT
    o, count = 0, len(coefficients)
    while o < count:
        k = kp >> SHIFT
        if k:
            start = o
            while o < count and coefficients[o] == 0:
                o += 1
            run = o - start
            while run >= 1 << (kp >> SHIFT):
                bits.append("0")
                run -= 1 << (kp >> SHIFT)
                kp = _adapt(kp, AFTER_RUN)
            # A run that reaches the end is followed by a value too: decoders expect one, and throw it away.
            value = coefficients[o] if o < count else 1
            o += 1
            bits.append(f"1{run:0{kp >> SHIFT}b}{int(value < 0)}")
            krp = _write_code(bits, krp, abs(value) - 1)
            kp = _adapt(kp, -AFTER_VALUE)
        elif entropy == RLGR3:
            first = _fold(coefficients[o])
            second = _fold(coefficients[o + 1]) if o + 1 < count else 0
            o += 2
            krp = _write_code(bits, krp, first + second)
            if first + second:
                bits.append(f"{first:0{(first + second).bit_length()}b}")
                kp = _adapt(kp, -2 * AFTER_CODE if first and second else 0)
            else:
                kp = _adapt(kp, 2 * AFTER_CODE)
        else:
            first = _fold(coefficients[o])
            o += 1
            krp = _write_code(bits, krp, first)
            kp = _adapt(kp, -AFTER_CODE if first else AFTER_CODE)
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return int("0" + text, 2).to_bytes(len(text) // 8)


def _write_code(bits: list[str], krp: int, value: int) -> int:
    kr = krp >> SHIFT
    ones = value >> kr
    bits.append("1" * ones + "0")
    if kr:
        bits.append(f"{value & ((1 << kr) - 1):0{kr}b}")
    return _after_code(krp, ones)
