"""Integers of a variable size, [MS-RDPEI] 2.2.2.1 to 2.2.2.5."""

from __future__ import annotations

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError
from trio_rdp.wire.fields import Codec

__all__ = [
    "EIGHT_BYTE_UNSIGNED",
    "FOUR_BYTE_SIGNED",
    "FOUR_BYTE_UNSIGNED",
    "TWO_BYTE_SIGNED",
    "TWO_BYTE_UNSIGNED",
    "VariableInteger",
]


class VariableInteger(Codec):
    """An integer in as few bytes as it needs: their number in the first bits, then perhaps a sign, then big-endian.

    A reader takes more bytes than necessary too.  Both zeros of the signed forms are 0.
    """

    def __init__(self, largest_size: int, *, signed: bool = False) -> None:
        self.size_bits: int = largest_size.bit_length() - 1
        self.signed = signed
        self.largest_size = largest_size

    def _value_bits(self, size: int) -> int:
        return 8 * size - self.size_bits - self.signed

    @property
    def largest(self) -> int:
        """The largest value; the smallest is its opposite, or 0."""
        return (1 << self._value_bits(self.largest_size)) - 1

    def decode_from(self, src: Cursor) -> int:
        size = (src.peek_u8() >> (8 - self.size_bits)) + 1
        number = int.from_bytes(src.take(size), "big")
        bits = self._value_bits(size)
        value = number & (1 << bits) - 1
        return -value if self.signed and number >> bits & 1 else value

    def encode_into(self, dst: bytearray, value: int) -> None:
        magnitude = abs(value)
        if magnitude > self.largest or (value < 0 and not self.signed):
            raise EncodeError(f"{value} does not fit {'-' * self.signed}{self.largest:#x}")
        size = 1
        while magnitude >> self._value_bits(size):
            size += 1
        bits = self._value_bits(size)
        sign = int(value < 0) << bits
        dst += ((size - 1) << (8 * size - self.size_bits) | sign | magnitude).to_bytes(size, "big")


TWO_BYTE_UNSIGNED: VariableInteger = VariableInteger(2)
"""TWO_BYTE_UNSIGNED_INTEGER, [MS-RDPEI] 2.2.2.1."""
TWO_BYTE_SIGNED: VariableInteger = VariableInteger(2, signed=True)
"""TWO_BYTE_SIGNED_INTEGER, [MS-RDPEI] 2.2.2.2."""
FOUR_BYTE_UNSIGNED: VariableInteger = VariableInteger(4)
"""FOUR_BYTE_UNSIGNED_INTEGER, [MS-RDPEI] 2.2.2.3."""
FOUR_BYTE_SIGNED: VariableInteger = VariableInteger(4, signed=True)
"""FOUR_BYTE_SIGNED_INTEGER, [MS-RDPEI] 2.2.2.4."""
EIGHT_BYTE_UNSIGNED: VariableInteger = VariableInteger(8)
"""EIGHT_BYTE_UNSIGNED_INTEGER, [MS-RDPEI] 2.2.2.5."""
