"""The little of DER ([X.690]) that CredSSP and certificates need: tags below 31, definite lengths, short integers.

Reading is tolerant where Windows and FreeRDP are: a length may use more bytes than it needs.
"""

from __future__ import annotations

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import InvalidField

__all__ = [
    "BIT_STRING",
    "INTEGER",
    "OCTET_STRING",
    "SEQUENCE",
    "context",
    "decode_integer",
    "encode_integer",
    "read",
    "read_any",
    "read_optional",
    "size",
    "write",
]

INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
SEQUENCE = 0x30

_MAX_LENGTH_BYTES = 4
_MAX_INTEGER_BYTES = 9  # 64 bits and a sign; no number in CredSSP is longer


def context(number: int) -> int:
    """The tag of the explicitly tagged field `[number]`."""
    return 0xA0 | number


def size(data: bytes) -> int | None:
    """How many bytes the value at the start of `data` takes, header and all; None when its header is not whole yet.

    Raises `InvalidField` for a length of indefinite form or of more than four bytes.
    """
    if len(data) < 2:
        return None
    first = data[1]
    if first < 0x80:
        return 2 + first
    count = first & 0x7F
    if not 1 <= count <= _MAX_LENGTH_BYTES:
        raise InvalidField(f"a DER length of form {first:#04x}", offset=1)
    if len(data) < 2 + count:
        return None
    return 2 + count + int.from_bytes(data[2 : 2 + count], "big")


def read_any(src: Cursor) -> tuple[int, Cursor]:
    """Read one value: its tag, and a cursor over its contents."""
    tag = src.u8()
    if tag & 0x1F == 0x1F:
        raise InvalidField(f"a DER tag of more than one byte ({tag:#04x})", offset=src.pos - 1)
    first = src.u8()
    if first < 0x80:
        return tag, src.sub(first)
    count = first & 0x7F
    if not 1 <= count <= _MAX_LENGTH_BYTES:
        raise InvalidField(f"a DER length of form {first:#04x}", offset=src.pos - 1)
    return tag, src.sub(int.from_bytes(src.take(count), "big"))


def read(src: Cursor, tag: int) -> Cursor:
    """Read one value that must have this tag, and give a cursor over its contents."""
    start = src.pos
    found, inner = read_any(src)
    if found != tag:
        raise InvalidField(f"DER tag {found:#04x} where {tag:#04x} belongs", offset=start)
    return inner


def read_optional(src: Cursor, tag: int) -> Cursor | None:
    """Read one value when the next one has this tag; else stay and give None."""
    if not src.remaining or src.peek_u8() != tag:
        return None
    return read(src, tag)


def decode_integer(contents: Cursor) -> int:
    """The signed number that the contents of an INTEGER are."""
    raw = contents.rest()
    if not 1 <= len(raw) <= _MAX_INTEGER_BYTES:
        raise InvalidField(f"an INTEGER of {len(raw)} bytes", offset=contents.pos)
    return int.from_bytes(raw, "big", signed=True)


def write(tag: int, *parts: bytes) -> bytes:
    """One value: tag, shortest length, and the parts joined."""
    contents = b"".join(parts)
    length = len(contents)
    if length < 0x80:
        return bytes((tag, length)) + contents
    raw = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(raw))) + raw + contents


def encode_integer(value: int) -> bytes:
    """A whole INTEGER, in the fewest bytes that keep its sign."""
    bits = (value if value >= 0 else ~value).bit_length()
    return write(INTEGER, value.to_bytes(bits // 8 + 1, "big", signed=True))
