from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.channels.rail.windows import ICONS
from trio_rdp.channels.rail.app_window import AppWindow, TrayIcon, icon_orders, window_orders
from trio_rdp.channels.rail.window_list import (
    DesktopChanged,
    TrayIconChanged,
    TrayIconClosed,
    TrayIconOpened,
    WindowBounds,
    WindowChanged,
    WindowClosed,
    WindowEvent,
    WindowList,
    WindowOpened,
)
from trio_rdp.graphics.geometry import Rect
from trio_rdp.pdu.desktop_orders import ActivelyMonitoredDesktop, DesktopFlags, NonMonitoredDesktop
from trio_rdp.pdu.notification_orders import DeletedNotificationIcon, NotificationIcon
from trio_rdp.pdu.window_icons import CachedIconInfo, CachedWindowIcon, IconInfo, WindowIcon
from trio_rdp.pdu.window_order_base import UnknownWindowOrder
from trio_rdp.pdu.window_orders import DeletedWindow, Window, WindowRectangle
from trio_rdp.pdu.windowing import WindowOrder, decode_window_order
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, RemoteProtocolError

BEGIN = ActivelyMonitoredDesktop(flags=DesktopFlags.ARC_BEGAN | DesktopFlags.HOOKED)
END = ActivelyMonitoredDesktop(flags=DesktopFlags(DesktopFlags.ARC_COMPLETED))


def opened(*ids: int, bounds: WindowBounds | None = None) -> WindowList:
    found = WindowList(bounds)
    for window_id in ids:
        found.apply(Window(window_id=window_id, is_new=True, title_info=f"window {window_id}"))
    return found


def test_open_change_close() -> None:
    found = WindowList()
    (event,) = found.apply(Window(window_id=1, is_new=True, title_info="A", window_width=10, window_height=20))
    assert event == WindowOpened(AppWindow(id=1, title="A", rect=Rect(0, 0, 10, 20)))
    (event,) = found.apply(Window(window_id=1, window_offset_x=-5, window_offset_y=6))
    assert event == WindowChanged(AppWindow(id=1, title="A", rect=Rect(-5, 6, 10, 20)))
    assert found.apply(Window(window_id=1, window_offset_x=-5, window_offset_y=6)) == []
    (event,) = found.apply(DeletedWindow(window_id=1))
    assert isinstance(event, WindowClosed)
    assert found.windows == {}


def test_orders_for_windows_that_are_not_there_are_passed_over() -> None:
    """[MS-RDPERP] 3.2.5.1.6: "If no such window can be found, the client SHOULD ignore the order"."""
    found = WindowList()
    icon = IconInfo(cache_entry=0, cache_id=0, bpp=32, width=1, height=1)
    orders: list[WindowOrder] = [
        Window(window_id=1, title_info="?"),
        DeletedWindow(window_id=1),
        WindowIcon(window_id=1, icon_info=icon),
        CachedWindowIcon(window_id=1, cached_icon=CachedIconInfo(cache_entry=0, cache_id=0)),
        NotificationIcon(window_id=1, notify_icon_id=1, tool_tip="?"),
        DeletedNotificationIcon(window_id=1, notify_icon_id=1),
        UnknownWindowOrder(fields_present_flags=0),
    ]
    for number, order in enumerate(orders, 1):
        assert found.apply(order) == []
        assert found.ignored == number
    assert found.note(1, application_id="?") == []


def test_a_window_that_is_opened_again_is_the_same() -> None:
    found = opened(1)
    (event,) = found.apply(Window(window_id=1, is_new=True, owner_window_id=2))
    assert event == WindowChanged(AppWindow(id=1, title="window 1", owner_id=2))


def test_a_synchronization_begins_with_nothing() -> None:
    found = opened(1, 2)
    found.apply(NotificationIcon(window_id=1, notify_icon_id=1, is_new=True))
    events = found.apply(BEGIN)
    assert [type(event).__name__ for event in events] == [
        "WindowClosed",
        "WindowClosed",
        "TrayIconClosed",
        "DesktopChanged",
    ]
    assert (found.is_monitored, found.is_synchronized) == (True, False)
    found.apply(Window(window_id=3, is_new=True))
    assert found.apply(END) == [DesktopChanged()]
    assert found.apply(END) == []
    assert found.is_synchronized
    assert list(found.windows) == [3]


def test_a_desktop_that_is_secret() -> None:
    found = opened(1)
    found.apply(BEGIN)
    found.apply(Window(window_id=1, is_new=True))
    closed, changed = found.apply(NonMonitoredDesktop())
    assert isinstance(closed, WindowClosed)
    assert changed == DesktopChanged()
    assert not found.is_monitored
    assert found.apply(ActivelyMonitoredDesktop(flags=DesktopFlags(DesktopFlags.HOOKED))) == [DesktopChanged()]
    assert found.is_monitored


def test_order_and_activity() -> None:
    found = opened(1, 2)
    assert found.apply(ActivelyMonitoredDesktop(active_window_id=2, window_ids=[2, 1])) == [DesktopChanged()]
    assert (found.z_order, found.active_window_id) == ((2, 1), 2)
    assert found.apply(ActivelyMonitoredDesktop(active_window_id=2)) == []
    assert found.apply(ActivelyMonitoredDesktop(window_ids=[])) == [DesktopChanged()]
    assert (found.z_order, found.active_window_id) == ((), 2)


def icon_order(window_id: int, info: IconInfo) -> WindowIcon:
    return WindowIcon(window_id=window_id, icon_info=info)


def test_icons_come_from_caches() -> None:
    found = opened(1, 2, bounds=WindowBounds(icon_caches=1, icon_cache_entries=2))
    info = ICONS[0].info
    info.cache_id, info.cache_entry = 0, 1
    found.apply(icon_order(1, info))
    cached = CachedWindowIcon(window_id=2, is_big=True, cached_icon=CachedIconInfo(cache_entry=1, cache_id=0))
    (event,) = found.apply(cached)
    assert event == WindowChanged(replace(found.windows[2], icon=ICONS[0]))
    assert found.windows[1].small_icon == ICONS[0]
    tray = NotificationIcon(
        window_id=1, notify_icon_id=1, is_new=True, cached_icon=CachedIconInfo(cache_entry=1, cache_id=0)
    )
    assert found.apply(tray) == [TrayIconOpened(TrayIcon(window_id=1, id=1, icon=ICONS[0]))]
    for cache_id, entry in ((1, 0), (0, 2), (0xFF, 0xFFFF)):
        info.cache_id, info.cache_entry = cache_id, entry
        found.apply(icon_order(1, info))
        unknown = CachedIconInfo(cache_entry=entry, cache_id=cache_id)
        assert found.apply(CachedWindowIcon(window_id=2, cached_icon=unknown)) == []


def test_an_icon_that_is_none_is_passed_over() -> None:
    found = opened(1)
    assert found.apply(icon_order(1, IconInfo(cache_entry=0, cache_id=0, bpp=5, width=1, height=1))) == []
    assert found.ignored == 1


def test_pictures_beyond_the_bound_are_left_out() -> None:
    found = opened(1, 2, 3, bounds=WindowBounds(icon_bytes=8))
    for window_id in (1, 2, 3):
        found.apply(icon_order(window_id, ICONS[0].info))
    assert [window.small_icon is None for window in found.windows.values()] == [False, False, True]
    assert found.icons_left_out == 1
    found.apply(DeletedWindow(window_id=1))
    found.apply(icon_order(3, ICONS[1].info))
    assert found.windows[3].small_icon == ICONS[1]
    found.apply(icon_order(3, ICONS[2].info))
    assert found.windows[3].small_icon == ICONS[2]
    found.clear()
    found.apply(Window(window_id=1, is_new=True))
    found.apply(icon_order(1, ICONS[0].info))
    assert found.windows[1].small_icon == ICONS[0]


def test_overlays() -> None:
    found = opened(1, bounds=WindowBounds(icon_bytes=4))
    found.apply(WindowIcon(window_id=1, is_overlay=True, icon_info=ICONS[0].info))
    assert found.windows[1].overlay_icon == ICONS[0]
    found.apply(Window(window_id=1, icon_overlay_null=True))
    assert found.windows[1].overlay_icon is None
    found.apply(icon_order(1, ICONS[0].info))
    assert found.windows[1].small_icon == ICONS[0]


def test_too_many_windows_and_icons() -> None:
    found = opened(1, 2, bounds=WindowBounds(windows=2, tray_icons=1))
    with pytest.raises(RemoteProtocolError, match="more than 2 windows"):
        found.apply(Window(window_id=3, is_new=True))
    found.apply(Window(window_id=2, is_new=True))
    found.apply(NotificationIcon(window_id=1, notify_icon_id=1, is_new=True))
    with pytest.raises(RemoteProtocolError, match="more than 1 notification icons"):
        found.apply(NotificationIcon(window_id=1, notify_icon_id=2, is_new=True))


def test_too_many_rectangles_become_the_one_around_them() -> None:
    found = opened(1, bounds=WindowBounds(rectangles=2))
    rects = [WindowRectangle(left=at, top=at, right=at + 1, bottom=at + 2) for at in range(3)]
    found.apply(
        Window(window_id=1, window_rects=rects, visibility_rects=rects[:2], visible_offset_x=10, visible_offset_y=0)
    )
    assert found.windows[1].shape == (Rect(0, 0, 3, 4),)
    assert found.windows[1].visible == (Rect(10, 0, 1, 2), Rect(11, 1, 1, 2))
    found.apply(Window(window_id=1, window_rects=[]))
    assert not found.windows[1].shape


def test_sizes_that_no_rectangle_could_say() -> None:
    found = opened(1)
    found.apply(Window(window_id=1, window_width=0xFFFFFFFF, window_height=7))
    assert found.windows[1].rect == Rect(0, 0, 0xFFFF, 7)


def test_notification_icons() -> None:
    found = WindowList()
    mail = TrayIcon(window_id=1, id=2, tool_tip="mail")
    (order,) = icon_orders(None, mail)
    assert found.apply(order) == [TrayIconOpened(mail)]
    (order,) = icon_orders(mail, replace(mail, is_hidden=True))
    assert found.apply(order) == [TrayIconChanged(replace(mail, is_hidden=True))]
    assert found.apply(order) == []
    assert found.apply(DeletedNotificationIcon(window_id=1, notify_icon_id=2)) == [
        TrayIconClosed(replace(mail, is_hidden=True))
    ]


def test_the_picture_cannot_be_changed_from_outside() -> None:
    with pytest.raises(TypeError):
        opened(1).windows[1] = AppWindow(id=1)  # type: ignore[index]


@given(
    st.lists(
        st.tuples(st.sampled_from([1, 2, 4, 0x41, 0x81, 0x21, 0x11, 0x12, 0x52]), st.binary(min_size=3, max_size=60))
    )
)
def test_whatever_the_orders(parts: list[tuple[int, bytes]]) -> None:
    bounds = WindowBounds(windows=2, tray_icons=1, rectangles=2, icon_bytes=100)
    found = WindowList(bounds)
    mirror: dict[int, AppWindow] = {}
    for kind, body in parts:
        raw = b"\x2e" + (4 + len(body)).to_bytes(2, "little") + body[:3] + bytes([kind]) + body[3:]
        try:
            events: list[WindowEvent] = found.apply(decode_window_order(Cursor(raw)))
        except (DecodeError, RemoteProtocolError):
            continue
        for event in events:
            match event:
                case WindowOpened(window) | WindowChanged(window):
                    mirror[window.id] = window
                case WindowClosed(window):
                    del mirror[window.id]
    assert mirror == found.windows
    assert len(found.windows) <= 2
    assert len(found.tray_icons) <= 1
    for window in mirror.values():
        window_orders(None, window)
