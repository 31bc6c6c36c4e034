"""Windowing alternate secondary drawing orders, [MS-RDPERP] 2.2.1.3: which is which."""

from __future__ import annotations

from typing import TypeAlias

from trio_rdp.pdu.desktop_orders import ActivelyMonitoredDesktop, NonMonitoredDesktop
from trio_rdp.pdu.notification_orders import DeletedNotificationIcon, NotificationIcon
from trio_rdp.pdu.window_icons import CachedWindowIcon, WindowIcon
from trio_rdp.pdu.window_order_base import CACHED_ICON, DELETED, ICON, TYPES, UnknownWindowOrder, read_header
from trio_rdp.pdu.window_orders import DeletedWindow, Window
from trio_rdp.wire.cursor import Cursor

__all__ = ["WindowOrder", "decode_window_order"]

_DESKTOP_NONE = 0x01

WindowOrder: TypeAlias = (
    Window
    | WindowIcon
    | CachedWindowIcon
    | DeletedWindow
    | NotificationIcon
    | DeletedNotificationIcon
    | ActivelyMonitoredDesktop
    | NonMonitoredDesktop
    | UnknownWindowOrder
)


def decode_window_order(src: Cursor) -> WindowOrder:
    """Decode the order at `src`, and leave `src` behind it; raises `DecodeError`, but keeps an unknown order."""
    flags, _ = read_header(Cursor(src.buf, src.pos, src.end))
    return _class_of(flags).decode_from(src)


def _class_of(flags: int) -> type[WindowOrder]:
    match flags & TYPES:
        case 0x01000000:
            if flags & DELETED:
                return DeletedWindow
            if flags & ICON and flags & CACHED_ICON:
                return UnknownWindowOrder
            return WindowIcon if flags & ICON else CachedWindowIcon if flags & CACHED_ICON else Window
        case 0x02000000:
            return DeletedNotificationIcon if flags & DELETED else NotificationIcon
        case 0x04000000:
            return NonMonitoredDesktop if flags & _DESKTOP_NONE else ActivelyMonitoredDesktop
        case _:
            return UnknownWindowOrder
