"""How windows are moved and resized, [MS-RDPERP] 2.2.2.7."""

from __future__ import annotations

import struct
from typing import ClassVar, Self

from trio_rdp.channels.rail.base import OrderType, RailOrder
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import InvalidField
from trio_rdp.wire.fields import I16, U32
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import pdu

__all__ = [
    "MinMaxInfo",
    "MoveSizeEnd",
    "MoveSizeStart",
    "MoveSizeType",
    "WindowMove",
    "WindowSnap",
    "decode_local_move_size",
]

_MOVE_SIZE = struct.Struct("<IHHhh")


class MoveSizeType(OpenEnum):
    """Which edge or corner is being moved, or what with (RAIL_WMSZ_*)."""

    LEFT = 0x0001
    RIGHT = 0x0002
    TOP = 0x0003
    TOPLEFT = 0x0004
    TOPRIGHT = 0x0005
    BOTTOM = 0x0006
    BOTTOMLEFT = 0x0007
    BOTTOMRIGHT = 0x0008
    MOVE = 0x0009
    KEYMOVE = 0x000A
    KEYSIZE = 0x000B


@pdu
class MinMaxInfo(RailOrder):
    """Server Min Max Info (TS_RAIL_ORDER_MINMAXINFO), [MS-RDPERP] 2.2.2.7.1."""

    order_type: ClassVar[OrderType] = OrderType.MINMAXINFO

    window_id: U32
    max_width: I16
    max_height: I16
    max_pos_x: I16
    max_pos_y: I16
    min_track_width: I16
    min_track_height: I16
    max_track_width: I16
    max_track_height: I16


@pdu
class MoveSizeStart(RailOrder):
    """Server Move/Size Start (TS_RAIL_ORDER_LOCALMOVESIZE), [MS-RDPERP] 2.2.2.7.2.

    The position is that of the last button press; for `MoveSizeType.MOVE` the pointer's offset in the window.
    """

    order_type: ClassVar[OrderType] = OrderType.LOCALMOVESIZE

    window_id: int
    move_size_type: MoveSizeType
    pos_x: int
    pos_y: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        window_id, is_start, move_size_type, pos_x, pos_y = _MOVE_SIZE.unpack(src.take(_MOVE_SIZE.size))
        if not is_start:
            raise InvalidField("the end of a move", field="is_move_size_start", offset=src.pos)
        return cls(window_id=window_id, move_size_type=MoveSizeType(move_size_type), pos_x=pos_x, pos_y=pos_y)

    def encode_into(self, dst: bytearray) -> None:
        dst += _MOVE_SIZE.pack(self.window_id, 1, self.move_size_type, self.pos_x, self.pos_y)


@pdu
class MoveSizeEnd(RailOrder):
    """Server Move/Size End (TS_RAIL_ORDER_LOCALMOVESIZE), [MS-RDPERP] 2.2.2.7.3; where the window is now."""

    order_type: ClassVar[OrderType] = OrderType.LOCALMOVESIZE

    window_id: int
    move_size_type: MoveSizeType
    top_left_x: int
    top_left_y: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        window_id, is_start, move_size_type, left, top = _MOVE_SIZE.unpack(src.take(_MOVE_SIZE.size))
        if is_start:
            raise InvalidField("the start of a move", field="is_move_size_start", offset=src.pos)
        return cls(window_id=window_id, move_size_type=MoveSizeType(move_size_type), top_left_x=left, top_left_y=top)

    def encode_into(self, dst: bytearray) -> None:
        dst += _MOVE_SIZE.pack(self.window_id, 0, self.move_size_type, self.top_left_x, self.top_left_y)


@pdu
class WindowMove(RailOrder):
    """Client Window Move (TS_RAIL_ORDER_WINDOWMOVE), [MS-RDPERP] 2.2.2.7.4; with its margins."""

    order_type: ClassVar[OrderType] = OrderType.WINDOWMOVE

    window_id: U32
    left: I16
    top: I16
    right: I16
    bottom: I16


@pdu
class WindowSnap(RailOrder):
    """Client Window Snap (TS_RAIL_ORDER_SNAP_ARRANGE), [MS-RDPERP] 2.2.2.7.5; with its margins."""

    order_type: ClassVar[OrderType] = OrderType.SNAP_ARRANGE

    window_id: U32
    left: I16
    top: I16
    right: I16
    bottom: I16


def decode_local_move_size(data: bytes) -> MoveSizeStart | MoveSizeEnd:
    """Decode one of the two messages that share an order type; `data` is whole."""
    is_end = data[8:10] == b"\0\0"  # behind the header and WindowId
    return MoveSizeEnd.decode(data) if is_end else MoveSizeStart.decode(data)
