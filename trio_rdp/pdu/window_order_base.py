"""What all windowing alternate secondary drawing orders have in common, [MS-RDPERP] 2.2.1.3."""

from __future__ import annotations

import struct
from typing import Any, Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import Codec, Utf16Prefixed, u16
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "CACHED_ICON",
    "DELETED",
    "ICON",
    "NEW",
    "TEXT_LIMIT",
    "TYPES",
    "TYPE_DESKTOP",
    "TYPE_NOTIFY",
    "TYPE_WINDOW",
    "Field",
    "UnknownWindowOrder",
    "open_order",
    "read_fields",
    "read_header",
    "text",
    "write_order",
    "written_fields",
]

TEXT_LIMIT = 520
"""The most bytes of a title or a tip, from 2.2.1.3.1.2.1."""

TYPE_WINDOW, TYPE_NOTIFY, TYPE_DESKTOP = 0x01000000, 0x02000000, 0x04000000
TYPES = TYPE_WINDOW | TYPE_NOTIFY | TYPE_DESKTOP
NEW, DELETED, ICON, CACHED_ICON = 0x10000000, 0x20000000, 0x40000000, 0x80000000

_CONTROL_FLAGS = 0x2E  # TS_SECONDARY, TS_ALTSEC_WINDOW
_LONGEST = 0xFFFF
_HEADER = struct.Struct("<BHI")

text: Utf16Prefixed = Utf16Prefixed(u16, terminated=False, limit=TEXT_LIMIT)

Field = tuple[int, str, Codec]
"""The bit that says that a field is present, its name, and how it lies in the order."""


@pdu
class UnknownWindowOrder(Pdu):
    """An order of a type that is not known here, kept as it came."""

    fields_present_flags: int
    data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        flags, body = read_header(src)
        return cls(fields_present_flags=flags, data=body.rest())

    def encode_into(self, dst: bytearray) -> None:
        write_order(dst, self.fields_present_flags, self.data)


def read_header(src: Cursor) -> tuple[int, Cursor]:
    """Read FieldsPresentFlags, and give the bytes behind them that OrderSize counts; `src` is then behind the order."""
    start = src.pos
    control_flags, size, flags = _HEADER.unpack(src.take(_HEADER.size))
    if control_flags != _CONTROL_FLAGS:
        raise InvalidField(f"control flags {control_flags:#x}", field="header", offset=start)
    if size < _HEADER.size:
        raise InvalidField(f"an order of {size} bytes", field="order_size", offset=start + 1)
    return flags, src.sub(size - _HEADER.size)


def open_order(src: Cursor, kind: int, state: int, mask: int) -> tuple[int, Cursor]:
    """Read a header whose flags name this `kind`, and of the bits of `mask` just those of `state`."""
    start = src.pos
    flags, body = read_header(src)
    if flags & TYPES != kind or flags & mask != state:
        raise InvalidField(f"fields {flags:#x}", field="fields_present_flags", offset=start + 3)
    return flags, body


def write_order(dst: bytearray, flags: int, body: bytes | bytearray) -> None:
    """Append an order; raises `EncodeError` for one that is too long."""
    size = _HEADER.size + len(body)
    if size > _LONGEST:
        raise EncodeError(f"an order of {size} bytes exceeds {_LONGEST}")
    dst += _HEADER.pack(_CONTROL_FLAGS, size, flags)
    dst += body


def read_fields(src: Cursor, flags: int, fields: list[Field]) -> dict[str, Any]:
    """Read the fields of which the flags say that they are there."""
    return {name: codec.decode_from(src) for bit, name, codec in fields if flags & bit}


def written_fields(order: Pdu, fields: list[Field]) -> tuple[int, bytearray]:
    """Write the fields that are not None, and give their flags; raises `EncodeError` for half of a pair."""
    flags, absent, dst = 0, 0, bytearray()
    for bit, name, codec in fields:
        value = getattr(order, name)
        if value is None:
            absent |= bit
        else:
            flags |= bit
            codec.encode_into(dst, value)
    if flags & absent:
        raise EncodeError(f"only one of two fields that are present together, {flags & absent:#x}")
    return flags, dst
