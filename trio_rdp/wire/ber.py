"""Basic Encoding Rules, [X690], as far as RDP needs them: MCS Connect Initial and Response, CredSSP, certificates.

A tag is the number that its identifier octets make, so that code reads like a dump: 0x30 is SEQUENCE, 0x7F65 is
APPLICATION 101.  Readers take what peers send (lengths and integers longer than necessary); writers write DER.
"""

from __future__ import annotations

import datetime

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField

__all__ = [
    "BOOLEAN",
    "ENUMERATED",
    "IA5_STRING",
    "INTEGER",
    "OBJECT_IDENTIFIER",
    "OCTET_STRING",
    "PRINTABLE_STRING",
    "SEQUENCE",
    "UTC_TIME",
    "UTF8_STRING",
    "application",
    "context",
    "read_boolean",
    "read_element",
    "read_enumerated",
    "read_header",
    "read_integer",
    "read_length",
    "read_object_identifier",
    "read_octet_string",
    "read_tag",
    "read_text",
    "read_unsigned",
    "read_utc_time",
    "write_boolean",
    "write_element",
    "write_enumerated",
    "write_header",
    "write_integer",
    "write_length",
    "write_object_identifier",
    "write_octet_string",
]

BOOLEAN, INTEGER, OCTET_STRING, OBJECT_IDENTIFIER, ENUMERATED = 0x01, 0x02, 0x04, 0x06, 0x0A
UTF8_STRING, PRINTABLE_STRING, IA5_STRING, UTC_TIME = 0x0C, 0x13, 0x16, 0x17
SEQUENCE = 0x30

MAX_TAG_OCTETS = 3
MAX_INTEGER_OCTETS = 64
MAX_OID_OCTETS = 64

_TEXT_ENCODINGS = {UTF8_STRING: "utf-8", PRINTABLE_STRING: "ascii", IA5_STRING: "ascii"}


def context(number: int) -> int:
    """The tag of a constructed, context-specific element, which ASN.1 writes `[number]`."""
    return 0xA0 | number


def application(number: int) -> int:
    """The tag of a constructed application element, which ASN.1 writes `[APPLICATION number]`."""
    return 0x60 | number if number < 31 else 0x7F00 | number


def read_tag(src: Cursor) -> int:
    """Read identifier octets."""
    tag = src.u8()
    if tag & 0x1F == 0x1F:
        for _ in range(MAX_TAG_OCTETS - 1):
            octet = src.u8()
            tag = tag << 8 | octet
            if octet < 0x80:
                return tag
        raise InvalidField(f"tag {tag:#x}... has too many octets", offset=src.pos)
    return tag


def read_length(src: Cursor) -> int:
    """Read length octets of the definite form, which [MS-RDPBCGR] 2.2.1.3 prescribes."""
    length = src.u8()
    if length < 0x80:
        return length
    octets = length & 0x7F
    if not 1 <= octets <= 4:
        raise InvalidField(f"a length of {octets} octets", offset=src.pos - 1)
    return int.from_bytes(src.take(octets), "big")


def write_length(dst: bytearray, length: int) -> None:
    """Append length octets."""
    if length < 0x80:
        dst.append(length)
    else:
        octets = (length.bit_length() + 7) // 8
        dst.append(0x80 | octets)
        dst += length.to_bytes(octets, "big")


def read_header(src: Cursor) -> tuple[int, int]:
    """Read an element's tag and length, and leave `src` before its content."""
    return read_tag(src), read_length(src)


def write_header(dst: bytearray, tag: int, length: int) -> None:
    """Append an element's tag and length."""
    dst += tag.to_bytes((tag.bit_length() + 7) // 8, "big")
    write_length(dst, length)


def read_element(src: Cursor, tag: int) -> Cursor:
    """Read over an element that must have this tag, and give a cursor over its content."""
    start = src.pos
    found, length = read_header(src)
    if found != tag:
        raise InvalidField(f"tag {found:#x} instead of {tag:#x}", offset=start)
    return src.sub(length)


def write_element(dst: bytearray, tag: int, content: bytes | bytearray) -> None:
    """Append an element."""
    write_header(dst, tag, len(content))
    dst += content


def read_boolean(src: Cursor) -> bool:
    """Read a BOOLEAN; whatever is not zero is true."""
    content = read_element(src, BOOLEAN)
    if content.remaining != 1:
        raise InvalidField(f"a BOOLEAN of {content.remaining} octets", offset=content.pos)
    return content.u8() != 0


def write_boolean(dst: bytearray, value: bool) -> None:
    """Append a BOOLEAN."""
    write_element(dst, BOOLEAN, b"\xff" if value else b"\x00")


def _integer_octets(src: Cursor, tag: int) -> bytes:
    content = read_element(src, tag)
    if not 1 <= content.remaining <= MAX_INTEGER_OCTETS:
        raise InvalidField(f"an INTEGER of {content.remaining} octets", offset=content.pos)
    return content.rest()


def read_integer(src: Cursor, tag: int = INTEGER) -> int:
    """Read an INTEGER, which is signed."""
    return int.from_bytes(_integer_octets(src, tag), "big", signed=True)


def read_unsigned(src: Cursor, tag: int = INTEGER) -> int:
    """Read an INTEGER whose writer may have forgotten the sign.

    Windows writes 65535 as FF FF in its domain parameters ([MS-RDPBCGR] 4.1.3), where BER wants 00 FF FF.
    """
    return int.from_bytes(_integer_octets(src, tag), "big")


def write_integer(dst: bytearray, value: int, tag: int = INTEGER) -> None:
    """Append an INTEGER in as few octets as its sign allows."""
    magnitude = value if value >= 0 else ~value
    octets = magnitude.bit_length() // 8 + 1
    if octets > MAX_INTEGER_OCTETS:
        raise EncodeError(f"an INTEGER of {octets} octets exceeds {MAX_INTEGER_OCTETS}")
    write_element(dst, tag, value.to_bytes(octets, "big", signed=True))


def read_enumerated(src: Cursor) -> int:
    """Read an ENUMERATED value."""
    return read_unsigned(src, ENUMERATED)


def write_enumerated(dst: bytearray, value: int) -> None:
    """Append an ENUMERATED value."""
    write_integer(dst, value, ENUMERATED)


def read_octet_string(src: Cursor) -> bytes:
    """Read an OCTET STRING."""
    return read_element(src, OCTET_STRING).rest()


def write_octet_string(dst: bytearray, value: bytes) -> None:
    """Append an OCTET STRING."""
    write_element(dst, OCTET_STRING, value)


def read_object_identifier(src: Cursor) -> tuple[int, ...]:
    """Read an OBJECT IDENTIFIER as its arcs."""
    content = read_element(src, OBJECT_IDENTIFIER)
    octets = content.rest()
    if not octets or len(octets) > MAX_OID_OCTETS or octets[-1] >= 0x80:
        raise InvalidField(f"an OBJECT IDENTIFIER of {len(octets)} octets that does not end", offset=content.pos)
    numbers, number = [], 0
    for octet in octets:
        number = number << 7 | octet & 0x7F
        if octet < 0x80:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return (first, numbers[0] - 40 * first, *numbers[1:])


def write_object_identifier(dst: bytearray, arcs: tuple[int, ...]) -> None:
    """Append an OBJECT IDENTIFIER."""
    if len(arcs) < 2:
        raise EncodeError(f"an OBJECT IDENTIFIER of {len(arcs)} arcs")
    content = bytearray()
    for number in (40 * arcs[0] + arcs[1], *arcs[2:]):
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(0x80 | number & 0x7F)
        content += bytes(reversed(groups))
    write_element(dst, OBJECT_IDENTIFIER, content)


def read_text(src: Cursor) -> str:
    """Read a UTF8String, PrintableString or IA5String."""
    start = src.pos
    tag, length = read_header(src)
    encoding = _TEXT_ENCODINGS.get(tag)
    if encoding is None:
        raise InvalidField(f"tag {tag:#x} is no text", offset=start)
    try:
        return src.take(length).decode(encoding)
    except UnicodeDecodeError as exc:
        raise InvalidField(f"text that is not {encoding}: {exc.reason}", offset=start) from None


def read_utc_time(src: Cursor) -> datetime.datetime:
    """Read a UTCTime in the one form that DER allows, YYMMDDhhmmssZ; years below 50 are those of this century."""
    content = read_element(src, UTC_TIME)
    start = content.pos
    text = content.rest().decode("latin-1")
    if len(text) != 13 or not (text[:12].isascii() and text[:12].isdigit()) or text[12] != "Z":
        raise InvalidField(f"{text!r} is no UTCTime", offset=start)
    year, month, day, hour, minute, second = (int(text[i : i + 2]) for i in range(0, 12, 2))
    year += 2000 if year < 50 else 1900
    try:
        return datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.UTC)
    except ValueError as exc:
        raise InvalidField(f"{text!r} is no UTCTime: {exc}", offset=start) from None
