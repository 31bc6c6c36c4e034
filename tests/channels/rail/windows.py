"""Windows and icons as any program may have them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from trio_rdp.channels.rail.app_window import AppWindow, Balloon, Margins, TrayIcon
from trio_rdp.graphics.app_icon import AppIcon
from trio_rdp.graphics.geometry import Rect
from trio_rdp.pdu.window_orders import AppBarEdge, ShowState

__all__ = ["ICONS", "as_seen", "tray_icons", "windows"]

ICONS = [AppIcon(1, 1, 32, b"", bytes([shade] * 4)) for shade in (1, 2, 3)]

_character = st.characters(codec="utf-16-le", exclude_characters="\0")
_coordinate = st.integers(-32_000, 32_000)
_side = st.integers(0, 0xFFFF)
_small = st.integers(0, 1000)
_rect = st.builds(Rect, _coordinate, _coordinate, _side, _side)
_inner = st.builds(Rect, _small, _small, _small, _small)
_shape = st.none() | st.lists(_inner, max_size=4).map(tuple)
_u32 = st.integers(0, 0xFFFFFFFF)
_icon = st.none() | st.sampled_from(ICONS)


def windows(window_id: int = 1) -> st.SearchStrategy[AppWindow]:
    """Any window."""
    return st.builds(
        AppWindow,
        id=st.just(window_id),
        title=st.text(_character, max_size=60),
        rect=_rect,
        client_rect=st.none()
        | st.builds(Rect, _coordinate, _coordinate, st.integers(1, 0xFFFF), st.integers(1, 0xFFFF)),
        client_offset=st.none() | st.tuples(_coordinate, _coordinate),
        shape=_shape,
        visible_offset=st.tuples(_coordinate, _coordinate),
        visible_shape=_shape,
        show_state=st.sampled_from(list(ShowState)),
        style=_u32,
        extended_style=_u32,
        owner_id=_u32,
        root_parent_id=_u32,
        resize_margins=st.builds(Margins, _small, _small, _small, _small),
        icon=_icon,
        small_icon=_icon,
        overlay_icon=_icon,
        overlay_description=st.text(_character, max_size=9),
        is_off_taskbar=st.booleans(),
        enforces_z_order=st.booleans(),
        is_client_rendered=st.booleans(),
        app_bar_edge=st.none() | st.sampled_from(list(AppBarEdge)),
    )


def tray_icons(window_id: int = 1) -> st.SearchStrategy[TrayIcon]:
    """Any notification icon."""
    text = st.text(_character, max_size=20)
    balloon = st.builds(Balloon, text.filter(bool), text, st.integers(0, 30).map(float), st.integers(0, 0x23))
    return st.builds(
        TrayIcon,
        window_id=st.just(window_id),
        id=st.just(7),
        tool_tip=text,
        balloon=st.none() | balloon,
        version=st.sampled_from([0, 3, 4]),
        is_hidden=st.booleans(),
        icon=_icon,
    )


def as_seen(window: AppWindow, before: AppWindow | None) -> AppWindow:
    """A server's window as its client sees it: what is whole is told, and only overlay icons can be taken away."""
    rect = window.rect
    whole = (Rect(0, 0, rect.width, rect.height),)
    is_whole = window.visible_shape is None
    client = window.client_rect or Rect(rect.left, rect.top, 0, 0)
    if client.is_empty and before is not None and before.client_rect is not None:
        client = replace(before.client_rect, left=client.left, top=client.top)  # a size stays where none is told
    return replace(
        window,
        client_rect=client,
        client_offset=window.client_offset or (client.left - rect.left, client.top - rect.top),
        shape=whole if window.shape is None else window.shape,
        visible_shape=whole if is_whole else window.visible_shape,
        visible_offset=(rect.left, rect.top) if is_whole else window.visible_offset,
        icon=window.icon or (None if before is None else before.icon),
        small_icon=window.small_icon or (None if before is None else before.small_icon),
    )
