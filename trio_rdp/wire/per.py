"""Packed Encoding Rules, [X691], ALIGNED variant, as far as MCS domain PDUs and GCC need them.

Every value here starts and ends on a byte boundary; the few fields of T.125 and T.124 that do not are read by the PDUs.
"""

from __future__ import annotations

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField

__all__ = [
    "read_choice",
    "read_enumerated",
    "read_integer",
    "read_length",
    "read_numeric_string",
    "read_object_identifier",
    "read_octet_string",
    "read_u16",
    "write_choice",
    "write_enumerated",
    "write_integer",
    "write_length",
    "write_numeric_string",
    "write_object_identifier",
    "write_octet_string",
    "write_u16",
]

MAX_LENGTH = 0x3FFF
"""What the two-byte form of a length holds; longer values would be fragments, which no RDP peer writes."""


def read_length(src: Cursor) -> int:
    """Read a length of one or two bytes."""
    length = src.u8()
    if length < 0x80:
        return length
    if length >= 0xC0:
        raise InvalidField("a fragmented value", offset=src.pos - 1)
    return (length & 0x3F) << 8 | src.u8()


def write_length(dst: bytearray, length: int) -> None:
    """Append a length in as few bytes as it needs."""
    if length < 0x80:
        dst.append(length)
    elif length <= MAX_LENGTH:
        dst += (0x8000 | length).to_bytes(2, "big")
    else:
        raise EncodeError(f"length {length} exceeds {MAX_LENGTH}")


def read_choice(src: Cursor) -> int:
    """Read the index of a CHOICE that fills its byte."""
    return src.u8()


def write_choice(dst: bytearray, value: int) -> None:
    """Append the index of a CHOICE that fills its byte."""
    dst.append(value)


def read_enumerated(src: Cursor, count: int) -> int:
    """Read an ENUMERATED value of `count` that fills its byte."""
    value = src.u8()
    if value >= count:
        raise InvalidField(f"value {value} of an enumeration of {count}", offset=src.pos - 1)
    return value


def write_enumerated(dst: bytearray, value: int, count: int) -> None:
    """Append an ENUMERATED value of `count` that fills its byte."""
    if not 0 <= value < count:
        raise EncodeError(f"value {value} of an enumeration of {count}")
    dst.append(value)


def read_u16(src: Cursor, minimum: int = 0) -> int:
    """Read a constrained 16-bit INTEGER whose smallest value is `minimum`."""
    return src.u16_be() + minimum


def write_u16(dst: bytearray, value: int, minimum: int = 0) -> None:
    """Append a constrained 16-bit INTEGER whose smallest value is `minimum`."""
    if not minimum <= value <= minimum + 0xFFFF:
        raise EncodeError(f"{value} is outside of {minimum}..{minimum + 0xFFFF}")
    dst += (value - minimum).to_bytes(2, "big")


def read_integer(src: Cursor) -> int:
    """Read an INTEGER (0..MAX) of one to four bytes behind its length."""
    length = read_length(src)
    if not 1 <= length <= 4:
        raise InvalidField(f"an INTEGER of {length} bytes", offset=src.pos)
    return int.from_bytes(src.take(length), "big")


def write_integer(dst: bytearray, value: int) -> None:
    """Append an INTEGER (0..MAX) in one, two or four bytes: the sizes that every peer reads."""
    for size in (1, 2, 4):
        if 0 <= value < 1 << 8 * size:
            dst.append(size)
            dst += value.to_bytes(size, "big")
            return
    raise EncodeError(f"{value} does not fit 32 bits")


def read_object_identifier(src: Cursor) -> tuple[int, ...]:
    """Read an OBJECT IDENTIFIER of one byte an arc, as those of T.124 are, as its arcs."""
    octets = src.take(read_length(src))
    if not octets or any(octet >= 0x80 for octet in octets):
        raise InvalidField(f"OBJECT IDENTIFIER {octets.hex()}", offset=src.pos - len(octets))
    first = min(octets[0] // 40, 2)
    return (first, octets[0] - 40 * first, *octets[1:])


def write_object_identifier(dst: bytearray, arcs: tuple[int, ...]) -> None:
    """Append an OBJECT IDENTIFIER of one byte an arc."""
    numbers = (40 * arcs[0] + arcs[1], *arcs[2:])
    if any(not 0 <= number < 0x80 for number in numbers):
        raise EncodeError(f"OBJECT IDENTIFIER {arcs} needs more than a byte an arc")
    write_length(dst, len(numbers))
    dst += bytes(numbers)


def read_numeric_string(src: Cursor, minimum: int) -> str:
    """Read a NumericString of at least `minimum` digits, two of them a byte."""
    length = read_length(src) + minimum
    start = src.pos
    packed = src.take((length + 1) // 2)
    digits = "".join(f"{octet:02x}" for octet in packed)[:length]
    if not (digits.isdigit() or not digits):
        raise InvalidField(f"{digits!r} in a NumericString", offset=start)
    return digits


def write_numeric_string(dst: bytearray, value: str, minimum: int) -> None:
    """Append a NumericString of at least `minimum` digits."""
    if len(value) < minimum or (value and not (value.isascii() and value.isdigit())):
        raise EncodeError(f"{value!r} is no NumericString of at least {minimum} digits")
    write_length(dst, len(value) - minimum)
    dst += bytes.fromhex(value + "0" * (len(value) % 2))


def read_octet_string(src: Cursor, minimum: int = 0) -> bytes:
    """Read an OCTET STRING of at least `minimum` bytes."""
    return src.take(read_length(src) + minimum)


def write_octet_string(dst: bytearray, value: bytes, minimum: int = 0) -> None:
    """Append an OCTET STRING of at least `minimum` bytes."""
    if len(value) < minimum:
        raise EncodeError(f"needs at least {minimum} bytes, got {len(value)}")
    write_length(dst, len(value) - minimum)
    dst += value
