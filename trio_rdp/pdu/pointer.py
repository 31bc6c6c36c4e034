"""Pointer updates, [MS-RDPBCGR] 2.2.9.1.1.4 and, for large ones, 2.2.9.1.2.1.11.

The bodies are the same on both paths; `ServerPointerUpdate` is the slow path's envelope.
"""

from __future__ import annotations

import struct
from typing import Annotated, Any, Self, TypeAlias

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError
from trio_rdp.wire.fields import U16, Rest, u16, u32
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "CachedPointerUpdate",
    "ColorPointerUpdate",
    "LargePointerUpdate",
    "NewPointerUpdate",
    "Point",
    "PointerMessageType",
    "PointerPositionUpdate",
    "PointerUpdate",
    "ServerPointerUpdate",
    "SystemPointerType",
    "SystemPointerUpdate",
    "UnknownPointerUpdate",
]

_COLOR = struct.Struct("<7H")
_LARGE = struct.Struct("<6H2I")


class PointerMessageType(OpenEnum):
    """What a slow-path pointer update holds (TS_PTRMSGTYPE_*)."""

    SYSTEM = 0x0001
    POSITION = 0x0003
    COLOR = 0x0006
    CACHED = 0x0007
    POINTER = 0x0008


class SystemPointerType(OpenEnum):
    """Which of the system's pointers to show (SYSPTR_*)."""

    NULL = 0x00000000
    DEFAULT = 0x00007F00


@pdu
class Point(Pdu):
    """Point (TS_POINT16), [MS-RDPBCGR] 2.2.9.1.1.4.1."""

    x_pos: U16
    y_pos: U16


@pdu
class PointerPositionUpdate(Pdu):
    """Pointer Position Update (TS_POINTERPOSATTRIBUTE), [MS-RDPBCGR] 2.2.9.1.1.4.2."""

    position: Point


@pdu
class SystemPointerUpdate(Pdu):
    """System Pointer Update (TS_SYSTEMPOINTERATTRIBUTE), [MS-RDPBCGR] 2.2.9.1.1.4.3.

    On the fast path the update code says which (2.2.9.1.2.1.5 and 2.2.9.1.2.1.6), and there is no data.
    """

    system_pointer_type: Annotated[SystemPointerType, u32]


@pdu
class ColorPointerUpdate(Pdu):
    """Color Pointer Update (TS_COLORPOINTERATTRIBUTE), [MS-RDPBCGR] 2.2.9.1.1.4.4.

    Both masks are bottom-up, their rows padded to two bytes; the XOR mask has 24 bits a pixel unless a New Pointer
    Update says otherwise, the AND mask one.
    """

    cache_index: int
    hot_spot: Point
    width: int
    height: int
    xor_mask_data: bytes = b""
    and_mask_data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        pos = src.pos
        src.skip(_COLOR.size)
        cache_index, x, y, width, height, and_size, xor_size = _COLOR.unpack_from(src.buf, pos)
        return cls(
            cache_index=cache_index,
            hot_spot=Point(x_pos=x, y_pos=y),
            width=width,
            height=height,
            xor_mask_data=src.take(xor_size),
            and_mask_data=src.take(and_size),
        )

    def encode_into(self, dst: bytearray) -> None:
        dst += _COLOR.pack(
            self.cache_index,
            self.hot_spot.x_pos,
            self.hot_spot.y_pos,
            self.width,
            self.height,
            len(self.and_mask_data),
            len(self.xor_mask_data),
        )
        dst += self.xor_mask_data
        dst += self.and_mask_data


@pdu
class NewPointerUpdate(Pdu):
    """New Pointer Update (TS_POINTERATTRIBUTE), [MS-RDPBCGR] 2.2.9.1.1.4.5."""

    xor_bpp: U16
    color_ptr_attr: ColorPointerUpdate


@pdu
class CachedPointerUpdate(Pdu):
    """Cached Pointer Update (TS_CACHEDPOINTERATTRIBUTE), [MS-RDPBCGR] 2.2.9.1.1.4.6."""

    cache_index: U16


@pdu
class LargePointerUpdate(Pdu):
    """Fast-Path Large Pointer Update (TS_FP_LARGEPOINTERATTRIBUTE), [MS-RDPBCGR] 2.2.9.1.2.1.11, its data."""

    xor_bpp: int
    cache_index: int
    hot_spot: Point
    width: int
    height: int
    xor_mask_data: bytes = b""
    and_mask_data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        pos = src.pos
        src.skip(_LARGE.size)
        xor_bpp, cache_index, x, y, width, height, and_size, xor_size = _LARGE.unpack_from(src.buf, pos)
        return cls(
            xor_bpp=xor_bpp,
            cache_index=cache_index,
            hot_spot=Point(x_pos=x, y_pos=y),
            width=width,
            height=height,
            xor_mask_data=src.take(xor_size),
            and_mask_data=src.take(and_size),
        )

    def encode_into(self, dst: bytearray) -> None:
        dst += _LARGE.pack(
            self.xor_bpp,
            self.cache_index,
            self.hot_spot.x_pos,
            self.hot_spot.y_pos,
            self.width,
            self.height,
            len(self.and_mask_data),
            len(self.xor_mask_data),
        )
        dst += self.xor_mask_data
        dst += self.and_mask_data


@pdu
class UnknownPointerUpdate(Pdu):
    """A slow-path pointer update of a type that the document does not name."""

    message_type: Annotated[PointerMessageType, u16]
    pointer_attribute_data: Annotated[bytes, Rest()] = b""


PointerUpdate: TypeAlias = (
    SystemPointerUpdate
    | PointerPositionUpdate
    | ColorPointerUpdate
    | NewPointerUpdate
    | CachedPointerUpdate
    | LargePointerUpdate
)

_CLASSES: dict[int, Any] = {
    PointerMessageType.SYSTEM: SystemPointerUpdate,
    PointerMessageType.POSITION: PointerPositionUpdate,
    PointerMessageType.COLOR: ColorPointerUpdate,
    PointerMessageType.CACHED: CachedPointerUpdate,
    PointerMessageType.POINTER: NewPointerUpdate,
}
_TYPES: dict[type, int] = {cls: int(code) for code, cls in _CLASSES.items()}


@pdu
class ServerPointerUpdate(Pdu):
    """Server Pointer Update PDU (TS_POINTER_PDU), [MS-RDPBCGR] 2.2.9.1.1.4, behind its share data header."""

    pointer_attribute_data: PointerUpdate | UnknownPointerUpdate

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        message_type = src.u16()
        src.skip(2)
        kind = _CLASSES.get(message_type)
        if kind is None:
            return cls(
                pointer_attribute_data=UnknownPointerUpdate(
                    message_type=PointerMessageType(message_type), pointer_attribute_data=src.rest()
                )
            )
        return cls(pointer_attribute_data=kind.decode_from(src))

    def encode_into(self, dst: bytearray) -> None:
        update = self.pointer_attribute_data
        if isinstance(update, UnknownPointerUpdate):
            dst += struct.pack("<H2x", update.message_type)
            dst += update.pointer_attribute_data
            return
        message_type = _TYPES.get(type(update))
        if message_type is None:
            raise EncodeError(f"{type(update).__name__} has no slow-path form")
        dst += struct.pack("<H2x", message_type)
        update.encode_into(dst)
