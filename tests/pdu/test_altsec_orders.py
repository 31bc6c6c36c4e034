from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.pdu.altsec_orders import (
    MAX_DELETED_BITMAPS,
    SCREEN_BITMAP_SURFACE,
    AltsecOrder,
    AltsecOrderType,
    CreateOffscreenBitmap,
    FrameMarker,
    FrameMarkerAction,
    SwitchSurface,
    UnknownAltsecOrder,
    decode_altsec_order,
    decode_altsec_orders,
    encode_altsec_orders,
)
from trio_rdp.pdu.orders import OrdersUpdate
from trio_rdp.pdu.window_orders import DeletedWindow
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated

# header and the fields; the first two are [MS-RDPEGDI] 4.3.1 and 4.3.2
ORDERS: list[tuple[str, AltsecOrder]] = [
    (
        "06 0080 6001 1000 0100 0200",  # flags, cx, cy, cIndices, indices
        CreateOffscreenBitmap(offscreen_bitmap_id=0, cx=352, cy=16, delete_list=[2]),
    ),
    ("02 ffff", SwitchSurface(bitmap_id=SCREEN_BITMAP_SURFACE)),
    ("06 ff7f 6001 1000", CreateOffscreenBitmap(offscreen_bitmap_id=0x7FFF, cx=352, cy=16)),
    ("06 0180 6001 1000 0000", CreateOffscreenBitmap(offscreen_bitmap_id=1, cx=352, cy=16, delete_list=[])),
    ("36 00000000", FrameMarker(action=FrameMarkerAction.START)),
    ("36 01000000", FrameMarker(action=FrameMarkerAction.END)),
]


@pytest.mark.parametrize(("raw", "order"), ORDERS)
def test_orders(raw: str, order: AltsecOrder) -> None:
    same(bytes.fromhex(raw), order)
    every_truncation_raises(type(order), bytes.fromhex(raw))
    src = Cursor(bytes.fromhex(raw) + b"\x02")
    assert decode_altsec_order(src) == order
    assert src.remaining == 1


def test_unknown_orders_take_the_rest() -> None:
    raw = bytes.fromhex("32 0b00 00000021")
    unknown = UnknownAltsecOrder(order_type=AltsecOrderType.COMPDESK_FIRST, data=raw[1:])
    same(raw, unknown)
    src = Cursor(raw)
    assert decode_altsec_order(src) == unknown
    assert src.remaining == 0
    with pytest.raises(Truncated):
        decode_altsec_order(src)


def test_windows_are_orders_too() -> None:
    src = Cursor(bytes.fromhex("2e 0b00 00000021 24000300 02"))
    assert decode_altsec_order(src) == DeletedWindow(window_id=0x30024)
    assert src.remaining == 1


def test_updates() -> None:
    orders: list[AltsecOrder] = [DeletedWindow(window_id=7), SwitchSurface(bitmap_id=1), DeletedWindow(window_id=8)]
    (update,) = encode_altsec_orders(orders)
    assert update.number_orders == 3
    assert decode_altsec_orders(update) == (orders, 0)
    split = encode_altsec_orders(orders, most=14)
    assert [one.number_orders for one in split] == [2, 1]
    assert [order for one in split for order in decode_altsec_orders(one)[0]] == orders
    assert [one.number_orders for one in encode_altsec_orders(orders, most=1)] == [1, 1, 1]
    assert encode_altsec_orders([]) == []
    many: list[AltsecOrder] = [SwitchSurface(bitmap_id=1)] * 0x10000
    assert [one.number_orders for one in encode_altsec_orders(many, most=1 << 20)] == [0xFFFF, 1]


def test_updates_with_orders_of_other_classes() -> None:
    deleted = DeletedWindow(window_id=7)
    mixed = OrdersUpdate(number_orders=3, order_data=deleted.encode() + b"\x09\x00" + deleted.encode())
    assert decode_altsec_orders(mixed) == ([deleted], 2)
    unknown = OrdersUpdate(number_orders=2, order_data=b"\x32" + deleted.encode())
    orders, left = decode_altsec_orders(unknown)
    assert (type(orders[0]), left) == (UnknownAltsecOrder, 1)
    with pytest.raises(Truncated):
        decode_altsec_orders(OrdersUpdate(number_orders=2, order_data=deleted.encode()))
    assert decode_altsec_orders(OrdersUpdate(number_orders=0, order_data=b"anything")) == ([], 0)


def test_orders_of_other_classes() -> None:
    for control_flags in (0x00, 0x01, 0x03):
        with pytest.raises(InvalidField, match=f"control flags {control_flags:#x}"):
            decode_altsec_order(Cursor(bytes([control_flags]) + bytes(8)))
    with pytest.raises(InvalidField, match="control flags 0x36"):
        SwitchSurface.decode(bytes.fromhex("36 00000000"))


def test_limits() -> None:
    full = CreateOffscreenBitmap(offscreen_bitmap_id=1, cx=1, cy=1, delete_list=list(range(MAX_DELETED_BITMAPS)))
    assert CreateOffscreenBitmap.decode(full.encode()) == full
    with pytest.raises(EncodeError, match="32769 items exceed 32768"):
        CreateOffscreenBitmap(offscreen_bitmap_id=1, cx=1, cy=1, delete_list=[0] * 32769).encode()
    with pytest.raises(InvalidField, match="32769 items exceed 32768"):
        CreateOffscreenBitmap.decode(bytes.fromhex("06 0180 0100 0100 0180") + bytes(2 * 32769))
    for wrong in (-1, 0x8000):
        with pytest.raises(EncodeError, match="does not fit 15 bits"):
            CreateOffscreenBitmap(offscreen_bitmap_id=wrong, cx=1, cy=1).encode()


@given(st.binary(max_size=30))
def test_any_bytes(raw: bytes) -> None:
    try:
        order = decode_altsec_order(Cursor(raw))
    except DecodeError:
        return
    assert decode_altsec_order(Cursor(order.encode())) == order
