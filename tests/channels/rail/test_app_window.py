from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.channels.rail.windows import ICONS, as_seen, tray_icons, windows
from trio_rdp.channels.rail.app_window import (
    AppWindow,
    Balloon,
    Margins,
    TrayIcon,
    WindowStyle,
    icon_orders,
    window_orders,
)
from trio_rdp.channels.rail.window_list import WindowBounds, WindowList
from trio_rdp.graphics.geometry import Rect
from trio_rdp.pdu.notification_orders import NotificationIcon
from trio_rdp.pdu.window_icons import WindowIcon
from trio_rdp.pdu.window_orders import AppBarEdge, ShowState, Window
from trio_rdp.pdu.windowing import WindowOrder, decode_window_order
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError

EDITOR = AppWindow(id=0x10, title="Editor", rect=Rect(100, 50, 640, 480))


def sent(orders: list[WindowOrder]) -> list[WindowOrder]:
    """Orders that went over the wire."""
    return [decode_window_order(Cursor(order.encode())) for order in orders]


def test_a_window_that_opens_says_what_a_client_needs() -> None:
    (order,) = window_orders(None, EDITOR)
    assert isinstance(order, Window)
    assert order.is_new
    assert (order.window_id, order.title_info, order.show_state) == (0x10, "Editor", ShowState.SHOWN)
    assert order.style is not None
    assert order.style & WindowStyle.VISIBLE
    assert (order.window_offset_x, order.window_offset_y, order.window_width, order.window_height) == (
        100,
        50,
        640,
        480,
    )
    for rects in (order.window_rects, order.visibility_rects):
        assert rects is not None
        assert [(one.left, one.top, one.right, one.bottom) for one in rects] == [(0, 0, 640, 480)]
    assert (order.visible_offset_x, order.visible_offset_y) == (100, 50)
    # What only some clients know is told only where it says something.
    assert order.client_area_width is order.rp_content is order.root_parent_handle is order.app_bar_state is None


def test_content_within_a_frame() -> None:
    framed = replace(EDITOR, client_rect=Rect(108, 80, 624, 440))
    (order,) = window_orders(None, framed)
    assert isinstance(order, Window)
    assert (order.client_offset_x, order.client_offset_y) == (108, 80)
    assert (order.window_client_delta_x, order.window_client_delta_y) == (8, 30)
    assert (order.client_area_width, order.client_area_height) == (624, 440)


def test_only_what_changed_is_sent() -> None:
    assert window_orders(EDITOR, EDITOR) == []
    assert window_orders(EDITOR, replace(EDITOR, title="Other")) == [Window(window_id=0x10, title_info="Other")]
    (moved,) = window_orders(EDITOR, replace(EDITOR, rect=Rect(1, 2, 640, 480)))
    assert moved == Window(
        window_id=0x10,
        client_offset_x=1,
        client_offset_y=2,
        window_offset_x=1,
        window_offset_y=2,
        visible_offset_x=1,
        visible_offset_y=2,
    )
    margins = replace(EDITOR, resize_margins=Margins(7, 0, 7, 0))
    assert window_orders(EDITOR, margins) == [
        Window(window_id=0x10, window_left_resize_margin=7, window_right_resize_margin=7)
    ]
    assert window_orders(replace(EDITOR, size_limits=None), replace(EDITOR, application_id="editor")) == []


def test_what_goes_back_to_usual_is_told() -> None:
    bar = replace(EDITOR, app_bar_edge=AppBarEdge.TOP, is_client_rendered=True, overlay_description="busy")
    (order,) = window_orders(bar, EDITOR)
    assert order == Window(window_id=0x10, app_bar_state=False, rp_content=False, overlay_description="")


def test_icons() -> None:
    small, big, overlay = ICONS
    dressed = replace(EDITOR, icon=big, small_icon=small, overlay_icon=overlay)
    _, *pictures = window_orders(None, dressed)
    assert [type(one).__name__ for one in pictures] == ["WindowIcon"] * 3
    assert [order.is_new for order in pictures if isinstance(order, WindowIcon)] == [True, False, False]
    assert window_orders(EDITOR, dressed) == pictures
    assert window_orders(dressed, replace(dressed, small_icon=overlay)) == [
        pictures[0],
        WindowIcon(window_id=0x10, icon_info=overlay.info),
    ]
    assert window_orders(dressed, replace(dressed, overlay_icon=None)) == [
        Window(window_id=0x10, icon_overlay_null=True)
    ]
    assert window_orders(dressed, replace(dressed, icon=None)) == []


def test_too_long_a_title() -> None:
    with pytest.raises(EncodeError, match="exceeds 520"):
        sent(window_orders(None, replace(EDITOR, title="x" * 261)))


@given(st.lists(windows(), min_size=1, max_size=5))
def test_the_client_sees_the_servers_windows(states: list[AppWindow]) -> None:
    client = WindowList(WindowBounds(icon_bytes=1000))
    seen = before = None
    for state in states:
        for order in sent(window_orders(before, state)):
            client.apply(order)
        seen, before = as_seen(state, seen), state
        assert client.windows == {1: seen}
    assert client.ignored == 0


@given(st.lists(tray_icons(), min_size=1, max_size=5))
def test_the_client_sees_the_servers_notification_icons(states: list[TrayIcon]) -> None:
    client = WindowList(WindowBounds(icon_bytes=1000))
    seen = before = None
    for state in states:
        for order in sent(icon_orders(before, state)):
            client.apply(order)
        seen, before = replace(state, icon=state.icon or (None if seen is None else seen.icon)), state
        assert client.tray_icons == {(1, 7): seen}


def test_notification_icons_change_as_little_as_possible() -> None:
    icon = TrayIcon(window_id=1, id=2, tool_tip="mail", icon=ICONS[0])
    assert icon_orders(icon, icon) == []
    (order,) = icon_orders(icon, replace(icon, balloon=Balloon("one new letter")))
    assert isinstance(order, NotificationIcon)
    assert (order.tool_tip, order.icon, order.version, order.is_new) == (None, None, None, False)
    assert order.info_tip is not None
    assert order.info_tip.timeout == 10_000
    assert icon.key == (1, 2)


def test_what_can_be_seen() -> None:
    assert EDITOR.visible == (EDITOR.rect,)
    half = replace(EDITOR, visible_offset=(100, 50), visible_shape=(Rect(0, 0, 320, 480),))
    assert half.visible == (Rect(100, 50, 320, 480),)
    assert not half.is_minimized
    assert replace(half, show_state=ShowState(ShowState.MINIMIZED)).is_minimized
