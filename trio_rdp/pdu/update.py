"""Graphics updates whatever their path: the slow path's envelope, [MS-RDPBCGR] 2.2.9.1.1.3.1, and which PDU lies in a
fast-path update of which code, 2.2.9.1.2.1.
"""

from __future__ import annotations

import struct
from typing import Annotated, Any, Self, TypeAlias

from trio_rdp.pdu.bitmap import BitmapUpdate
from trio_rdp.pdu.fastpath import UpdateCode
from trio_rdp.pdu.orders import OrdersUpdate
from trio_rdp.pdu.palette import PaletteUpdate
from trio_rdp.pdu.pointer import (
    CachedPointerUpdate,
    ColorPointerUpdate,
    LargePointerUpdate,
    NewPointerUpdate,
    PointerPositionUpdate,
    PointerUpdate,
    SystemPointerType,
    SystemPointerUpdate,
)
from trio_rdp.pdu.surface import SurfaceCommands
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError
from trio_rdp.wire.fields import Rest, u16
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "GraphicsUpdate",
    "SynchronizeUpdate",
    "UnknownUpdate",
    "Update",
    "UpdateType",
    "decode_update",
    "encode_update",
]


class UpdateType(OpenEnum):
    """What a slow-path graphics update holds (UPDATETYPE_*)."""

    ORDERS = 0x0000
    BITMAP = 0x0001
    PALETTE = 0x0002
    SYNCHRONIZE = 0x0003


@pdu
class SynchronizeUpdate(Pdu):
    """Synchronize Update (TS_UPDATE_SYNC), [MS-RDPBCGR] 2.2.9.1.1.3.1.3: "SHOULD be ignored", and without content."""


@pdu
class UnknownUpdate(Pdu):
    """An update of a type (on the fast path: of an update code) that the document does not name."""

    update_type: Annotated[UpdateType, u16]
    update_data: Annotated[bytes, Rest()] = b""


Update: TypeAlias = (
    BitmapUpdate | SurfaceCommands | PointerUpdate | PaletteUpdate | OrdersUpdate | SynchronizeUpdate | UnknownUpdate
)
"""What either path can bring."""


@pdu
class GraphicsUpdate(Pdu):
    """Slow-Path Graphics Update (TS_GRAPHICS_UPDATE), [MS-RDPBCGR] 2.2.9.1.1.3.1, behind its share data header."""

    update: OrdersUpdate | BitmapUpdate | PaletteUpdate | SynchronizeUpdate | UnknownUpdate

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        start = src.pos
        update_type = src.u16()
        if update_type == UpdateType.ORDERS:
            src.skip(2)
            number_orders = src.u16()
            src.skip(2)
            return cls(update=OrdersUpdate(number_orders=number_orders, order_data=src.rest()))
        if update_type == UpdateType.SYNCHRONIZE:
            # The pad behind the type has no meaning; whether it is there neither.
            src.skip(min(2, src.remaining))
            return cls(update=SynchronizeUpdate())
        src.pos = start  # the other structures begin with the type themselves
        if update_type == UpdateType.BITMAP:
            return cls(update=BitmapUpdate.decode_from(src))
        if update_type == UpdateType.PALETTE:
            return cls(update=PaletteUpdate.decode_from(src))
        return cls(update=UnknownUpdate.decode_from(src))

    def encode_into(self, dst: bytearray) -> None:
        update = self.update
        if isinstance(update, OrdersUpdate):
            dst += struct.pack("<H2xH2x", UpdateType.ORDERS, update.number_orders)
            dst += update.order_data
        elif isinstance(update, SynchronizeUpdate):
            dst += struct.pack("<H2x", UpdateType.SYNCHRONIZE)
        else:
            update.encode_into(dst)


_CLASSES: dict[int, Any] = {
    UpdateCode.ORDERS: OrdersUpdate,
    UpdateCode.BITMAP: BitmapUpdate,
    UpdateCode.PALETTE: PaletteUpdate,
    UpdateCode.SYNCHRONIZE: SynchronizeUpdate,
    UpdateCode.SURFCMDS: SurfaceCommands,
    UpdateCode.PTR_POSITION: PointerPositionUpdate,
    UpdateCode.COLOR: ColorPointerUpdate,
    UpdateCode.CACHED: CachedPointerUpdate,
    UpdateCode.POINTER: NewPointerUpdate,
    UpdateCode.LARGE_POINTER: LargePointerUpdate,
}
_SYSTEM_POINTERS: dict[int, SystemPointerType] = {
    UpdateCode.PTR_NULL: SystemPointerType.NULL,
    UpdateCode.PTR_DEFAULT: SystemPointerType.DEFAULT,
}
_CODES: dict[type, UpdateCode] = {cls: UpdateCode(code) for code, cls in _CLASSES.items()}
_SYSTEM_POINTER_CODES = {value: UpdateCode(code) for code, value in _SYSTEM_POINTERS.items()}


def decode_update(update_code: int, data: bytes) -> Update:
    """Decode the data of a fast-path update, whole and inflated; an unknown code gives an `UnknownUpdate`.

    Raises `DecodeError`.
    """
    kind = _CLASSES.get(update_code)
    if kind is not None:
        update: Update = kind.decode(data)
        return update
    pointer_type = _SYSTEM_POINTERS.get(update_code)
    if pointer_type is not None:
        return SystemPointerUpdate(system_pointer_type=pointer_type)
    return UnknownUpdate(update_type=UpdateType(update_code), update_data=data)


def encode_update(update: Update) -> tuple[UpdateCode, bytes]:
    """Give the code and the data that an update has on the fast path; raises `EncodeError` where it has none."""
    if isinstance(update, SystemPointerUpdate):
        code = _SYSTEM_POINTER_CODES.get(update.system_pointer_type)
        if code is None:
            raise EncodeError(f"system pointer {int(update.system_pointer_type):#x} has no fast-path form")
        return code, b""
    if isinstance(update, UnknownUpdate):
        if update.update_type > 0xF:
            raise EncodeError(f"update code {int(update.update_type):#x} does not fit 4 bits")
        return UpdateCode(update.update_type), update.update_data
    return _CODES[type(update)], update.encode()
