"""Alternate secondary drawing orders, [MS-RDPEGDI] 2.2.2.2.1.3: off-screen bitmaps, target surfaces and frames here,
windows in `windowing`, and the updates that carry them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import ClassVar, Self, TypeAlias

from trio_rdp.pdu.orders import OrdersUpdate
from trio_rdp.pdu.windowing import WindowOrder, decode_window_order
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import Counted, u16
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "MAX_DELETED_BITMAPS",
    "SCREEN_BITMAP_SURFACE",
    "AltsecOrder",
    "AltsecOrderType",
    "CreateOffscreenBitmap",
    "FrameMarker",
    "FrameMarkerAction",
    "SwitchSurface",
    "UnknownAltsecOrder",
    "decode_altsec_order",
    "decode_altsec_orders",
    "encode_altsec_orders",
]

SCREEN_BITMAP_SURFACE = 0xFFFF
"""The `bitmap_id` of the screen."""

MAX_DELETED_BITMAPS = 0x8000
"""The most entries of a delete list: as many as there are ids of off-screen bitmaps."""

_CLASS = 0x02  # TS_SECONDARY without TS_STANDARD
_CLASS_MASK = 0x03
_UPDATE_SIZE = 16_000  # one update in one fast-path PDU
_MOST_ORDERS = 0xFFFF
_DELETES = 0x8000

_delete_list = Counted(u16, u16, limit=MAX_DELETED_BITMAPS)


class AltsecOrderType(OpenEnum):
    """What an order is (TS_ALTSEC_*)."""

    SWITCH_SURFACE = 0x00
    CREATE_OFFSCR_BITMAP = 0x01
    STREAM_BITMAP_FIRST = 0x02
    STREAM_BITMAP_NEXT = 0x03
    CREATE_NINEGRID_BITMAP = 0x04
    GDIP_FIRST = 0x05
    GDIP_NEXT = 0x06
    GDIP_END = 0x07
    GDIP_CACHE_FIRST = 0x08
    GDIP_CACHE_NEXT = 0x09
    GDIP_CACHE_END = 0x0A
    WINDOW = 0x0B
    COMPDESK_FIRST = 0x0C
    FRAME_MARKER = 0x0D


class FrameMarkerAction(OpenEnum):
    """Which end of a frame a marker marks (TS_FRAME_*)."""

    START = 0x00000000
    END = 0x00000001


@pdu
class CreateOffscreenBitmap(Pdu):
    """Create Offscreen Bitmap (CREATE_OFFSCR_BITMAP_ORDER), [MS-RDPEGDI] 2.2.2.2.1.3.2; sizes are in pixels.

    `delete_list` is None where the order has none, which is less than an empty one.
    """

    order_type: ClassVar[AltsecOrderType] = AltsecOrderType.CREATE_OFFSCR_BITMAP

    offscreen_bitmap_id: int
    cx: int
    cy: int
    delete_list: list[int] | None = None

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        _read_header(src, cls.order_type)
        flags, cx, cy = src.u16(), src.u16(), src.u16()
        delete_list = _delete_list.decode_from(src) if flags & _DELETES else None
        return cls(offscreen_bitmap_id=flags & ~_DELETES, cx=cx, cy=cy, delete_list=delete_list)

    def encode_into(self, dst: bytearray) -> None:
        if not 0 <= self.offscreen_bitmap_id < _DELETES:
            raise EncodeError(f"off-screen bitmap {self.offscreen_bitmap_id} does not fit 15 bits")
        flags = self.offscreen_bitmap_id | (0 if self.delete_list is None else _DELETES)
        dst += struct.pack("<BHHH", _header(self.order_type), flags, self.cx, self.cy)
        if self.delete_list is not None:
            _delete_list.encode_into(dst, self.delete_list)


@pdu
class SwitchSurface(Pdu):
    """Switch Surface (SWITCH_SURFACE_ORDER), [MS-RDPEGDI] 2.2.2.2.1.3.3."""

    order_type: ClassVar[AltsecOrderType] = AltsecOrderType.SWITCH_SURFACE

    bitmap_id: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        _read_header(src, cls.order_type)
        return cls(bitmap_id=src.u16())

    def encode_into(self, dst: bytearray) -> None:
        dst += struct.pack("<BH", _header(self.order_type), self.bitmap_id)


@pdu
class FrameMarker(Pdu):
    """Frame Marker (FRAME_MARKER), [MS-RDPEGDI] 2.2.2.2.1.3.7."""

    order_type: ClassVar[AltsecOrderType] = AltsecOrderType.FRAME_MARKER

    action: FrameMarkerAction

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        _read_header(src, cls.order_type)
        return cls(action=FrameMarkerAction(src.u32()))

    def encode_into(self, dst: bytearray) -> None:
        dst += struct.pack("<BI", _header(self.order_type), self.action)


@pdu
class UnknownAltsecOrder(Pdu):
    """An order that is not known here, with all that follows it: only who knows an order knows where it ends."""

    order_type: AltsecOrderType
    data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        return cls(order_type=_read_header(src), data=src.rest())

    def encode_into(self, dst: bytearray) -> None:
        dst += struct.pack("<B", _header(self.order_type))
        dst += self.data


AltsecOrder: TypeAlias = CreateOffscreenBitmap | SwitchSurface | FrameMarker | WindowOrder | UnknownAltsecOrder

_ORDERS: dict[int, type[CreateOffscreenBitmap | SwitchSurface | FrameMarker]] = {
    cls.order_type: cls for cls in (CreateOffscreenBitmap, SwitchSurface, FrameMarker)
}


def decode_altsec_order(src: Cursor) -> AltsecOrder:
    """Decode the order at `src`, and leave `src` behind it; raises `DecodeError`, but keeps an unknown order.

    The order must be an alternate secondary one.
    """
    order_type = src.peek_u8() >> 2
    if order_type == AltsecOrderType.WINDOW:
        return decode_window_order(src)
    return _ORDERS.get(order_type, UnknownAltsecOrder).decode_from(src)


def decode_altsec_orders(update: OrdersUpdate) -> tuple[list[AltsecOrder], int]:
    """Decode the orders of an update up to the first one of another class, and count those that are left.

    Who does not know primary and secondary orders cannot tell where they end.  Raises `DecodeError`.
    """
    src = Cursor(update.order_data)
    orders: list[AltsecOrder] = []
    for left in range(update.number_orders, 0, -1):
        if src.peek_u8() & _CLASS_MASK != _CLASS:
            return orders, left
        order = decode_altsec_order(src)
        orders.append(order)
        if isinstance(order, UnknownAltsecOrder):
            return orders, left - 1
    return orders, 0


def encode_altsec_orders(orders: Iterable[AltsecOrder], *, most: int = _UPDATE_SIZE) -> list[OrdersUpdate]:
    """Put orders into updates of at most `most` bytes of orders; a single larger order gets an update of its own."""
    updates: list[OrdersUpdate] = []
    data, count = bytearray(), 0
    for order in orders:
        encoded = order.encode()
        if count and (len(data) + len(encoded) > most or count == _MOST_ORDERS):
            updates.append(OrdersUpdate(number_orders=count, order_data=bytes(data)))
            data, count = bytearray(), 0
        data += encoded
        count += 1
    if count:
        updates.append(OrdersUpdate(number_orders=count, order_data=bytes(data)))
    return updates


def _read_header(src: Cursor, expected: int | None = None) -> AltsecOrderType:
    start = src.pos
    control_flags = src.u8()
    order_type = AltsecOrderType(control_flags >> 2)
    if control_flags & _CLASS_MASK != _CLASS or expected not in (None, order_type):
        raise InvalidField(f"control flags {control_flags:#x}", field="control_flags", offset=start)
    return order_type


def _header(order_type: int) -> int:
    return order_type << 2 | _CLASS
