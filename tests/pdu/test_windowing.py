from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.pdu.desktop_orders import ActivelyMonitoredDesktop, NonMonitoredDesktop
from trio_rdp.pdu.notification_orders import DeletedNotificationIcon, NotificationIcon
from trio_rdp.pdu.window_icons import CachedIconInfo, CachedWindowIcon, IconInfo, WindowIcon
from trio_rdp.pdu.window_order_base import UnknownWindowOrder
from trio_rdp.pdu.window_orders import DeletedWindow, Window
from trio_rdp.pdu.windowing import WindowOrder, decode_window_order
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated

ICON = IconInfo(cache_entry=0, cache_id=0, bpp=32, width=1, height=1)
ORDERS: list[WindowOrder] = [
    Window(window_id=1, is_new=True, title_info="A"),
    WindowIcon(window_id=1, icon_info=ICON),
    CachedWindowIcon(window_id=1, cached_icon=CachedIconInfo(cache_entry=0, cache_id=0)),
    DeletedWindow(window_id=1),
    NotificationIcon(window_id=1, notify_icon_id=2, icon=ICON),
    DeletedNotificationIcon(window_id=1, notify_icon_id=2),
    ActivelyMonitoredDesktop(window_ids=[1]),
    NonMonitoredDesktop(),
    UnknownWindowOrder(fields_present_flags=0x08000000),
]


@pytest.mark.parametrize("order", ORDERS)
def test_every_kind_is_found(order: WindowOrder) -> None:
    src = Cursor(order.encode() + b"\x2e")
    assert decode_window_order(src) == order
    assert src.remaining == 1
    with pytest.raises(Truncated):
        decode_window_order(Cursor(order.encode()[:-1]))


def test_an_order_with_both_icons_is_unknown() -> None:
    order = decode_window_order(Cursor(bytes.fromhex("2e 0b00 000000c1 24000300")))
    assert isinstance(order, UnknownWindowOrder)


def test_other_orders_are_refused() -> None:
    with pytest.raises(InvalidField, match="control flags 0x36"):
        decode_window_order(Cursor(bytes.fromhex("36 0700 01000004")))


@given(st.sampled_from([0, 0x01, 0x02, 0x04, 0x41, 0x81, 0x21, 0x22]), st.binary(min_size=3, max_size=70))
def test_any_bytes(kind: int, body: bytes) -> None:
    raw = b"\x2e" + (4 + len(body)).to_bytes(2, "little") + body[:3] + bytes([kind]) + body[3:]
    try:
        order = decode_window_order(Cursor(raw))
    except DecodeError:
        return
    assert decode_window_order(Cursor(order.encode())) == order
