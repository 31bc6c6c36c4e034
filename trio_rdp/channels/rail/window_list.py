"""`WindowList`: a client's picture of all windows and notification icons of its server, [MS-RDPERP] 3.2.5.1.6 to 8.

Orders for windows that are not there are passed over, as the document wants it, and counted.  What is kept is bounded:
too many windows or icons are a breach of the protocol, too many rectangles become the one around them, and pictures
beyond the bound are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeAlias

from trio_rdp.channels.rail.app_window import AppWindow, Balloon, Margins, TrayIcon
from trio_rdp.graphics.app_icon import AppIcon
from trio_rdp.graphics.geometry import Rect
from trio_rdp.pdu.desktop_orders import ActivelyMonitoredDesktop, DesktopFlags, NonMonitoredDesktop
from trio_rdp.pdu.notification_orders import DeletedNotificationIcon, NotificationIcon
from trio_rdp.pdu.window_icons import CachedIconInfo, CachedWindowIcon, IconInfo, WindowIcon
from trio_rdp.pdu.window_orders import DeletedWindow, Window, WindowRectangle
from trio_rdp.pdu.windowing import WindowOrder
from trio_rdp.wire.errors import InvalidField, RemoteProtocolError

__all__ = [
    "DesktopChanged",
    "TrayIconChanged",
    "TrayIconClosed",
    "TrayIconOpened",
    "WindowBounds",
    "WindowChanged",
    "WindowClosed",
    "WindowEvent",
    "WindowList",
    "WindowOpened",
]

_LONGEST = 0xFFFF  # of a window's side, as rectangles count


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowBounds:
    """How much a list keeps."""

    windows: int = 512
    tray_icons: int = 128
    rectangles: int = 256
    """Of one window's shape; of more, the rectangle around them is kept."""
    icon_bytes: int = 16 << 20
    """Of all pictures; a further one is left out."""
    icon_caches: int = 0
    icon_cache_entries: int = 0


@dataclass(frozen=True, slots=True)
class WindowOpened:
    """There is another window."""

    window: AppWindow


@dataclass(frozen=True, slots=True)
class WindowChanged:
    """A window is not as it was."""

    window: AppWindow


@dataclass(frozen=True, slots=True)
class WindowClosed:
    """A window is no longer there; this is how it was last."""

    window: AppWindow


@dataclass(frozen=True, slots=True)
class TrayIconOpened:
    """There is another notification icon."""

    icon: TrayIcon


@dataclass(frozen=True, slots=True)
class TrayIconChanged:
    """A notification icon is not as it was."""

    icon: TrayIcon


@dataclass(frozen=True, slots=True)
class TrayIconClosed:
    """A notification icon is no longer there."""

    icon: TrayIcon


@dataclass(frozen=True, slots=True)
class DesktopChanged:
    """The order of the windows, the active one, or whether the server describes them at all, is another."""


WindowEvent: TypeAlias = (
    WindowOpened | WindowChanged | WindowClosed | TrayIconOpened | TrayIconChanged | TrayIconClosed | DesktopChanged
)


class WindowList:
    """What a server has told of its windows; `apply` takes its orders and says what they changed."""

    def __init__(self, bounds: WindowBounds | None = None) -> None:
        self.bounds: WindowBounds = bounds or WindowBounds()
        self._windows: dict[int, AppWindow] = {}
        self._tray: dict[tuple[int, int], TrayIcon] = {}
        self._cache: dict[tuple[int, int], AppIcon] = {}
        self._icon_bytes = 0
        self.windows: Mapping[int, AppWindow] = MappingProxyType(self._windows)
        self.tray_icons: Mapping[tuple[int, int], TrayIcon] = MappingProxyType(self._tray)
        self.z_order: tuple[int, ...] = ()
        """Ids of windows from the top."""
        self.active_window_id: int | None = None
        self.is_monitored: bool = False
        """Whether the server describes its desktop: not while it shows one that is secure."""
        self.is_synchronized: bool = False
        """Whether the server has described all that there was when it began."""
        self.ignored: int = 0
        """Orders that were passed over."""
        self.icons_left_out: int = 0

    def apply(self, order: WindowOrder) -> list[WindowEvent]:
        """Take one order; raises `RemoteProtocolError` where there would be more windows or icons than allowed."""
        match order:
            case Window():
                return self._change_window(order)
            case WindowIcon(icon_info=info) | CachedWindowIcon(cached_icon=info):
                return self._change_icon(order, info)
            case DeletedWindow(window_id=window_id):
                return self._close(window_id)
            case NotificationIcon():
                return self._change_tray_icon(order)
            case DeletedNotificationIcon():
                return self._close_tray_icon((order.window_id, order.notify_icon_id))
            case ActivelyMonitoredDesktop():
                return self._monitor(order)
            case NonMonitoredDesktop():
                events = self.clear()
                self.is_monitored = False
                return [*events, DesktopChanged()]
            case _:
                self.ignored += 1
                return []

    def note(self, window_id: int, **changes: Any) -> list[WindowEvent]:
        """Note what was told of a window otherwise than by an order; nothing for one that is not there."""
        window = self._windows.get(window_id)
        if window is None:
            self.ignored += 1
            return []
        return self._replace(window, replace(window, **changes))

    def clear(self) -> list[WindowEvent]:
        """Forget everything, as at the beginning of a synchronization."""
        events: list[WindowEvent] = [WindowClosed(window) for window in self._windows.values()]
        events += [TrayIconClosed(icon) for icon in self._tray.values()]
        self._windows.clear()
        self._tray.clear()
        self._icon_bytes = 0
        self.z_order, self.active_window_id = (), None
        self.is_synchronized = False
        return events

    # Windows.

    def _change_window(self, order: Window) -> list[WindowEvent]:
        before = self._windows.get(order.window_id)
        if before is None:
            if not order.is_new:
                self.ignored += 1
                return []
            if len(self._windows) >= self.bounds.windows:
                raise RemoteProtocolError(f"the server opens more than {self.bounds.windows} windows")
            window = self._windows[order.window_id] = self._changed(AppWindow(id=order.window_id), order)
            return [WindowOpened(window)]
        return self._replace(before, self._changed(before, order))

    def _replace(self, before: AppWindow, after: AppWindow) -> list[WindowEvent]:
        if after == before:
            return []
        self._windows[after.id] = after
        return [WindowChanged(after)]

    def _changed(self, window: AppWindow, order: Window) -> AppWindow:
        rect, margins = window.rect, window.resize_margins
        changes: dict[str, Any] = {
            "rect": _moved(rect, order.window_offset_x, order.window_offset_y, order.window_width, order.window_height),
            "resize_margins": Margins(
                _either(order.window_left_resize_margin, margins.left),
                _either(order.window_top_resize_margin, margins.top),
                _either(order.window_right_resize_margin, margins.right),
                _either(order.window_bottom_resize_margin, margins.bottom),
            ),
        }
        simple = {
            "title": order.title_info,
            "show_state": order.show_state,
            "style": order.style,
            "extended_style": order.extended_style,
            "owner_id": order.owner_window_id,
            "root_parent_id": order.root_parent_handle,
            "overlay_description": order.overlay_description,
            "enforces_z_order": order.enforce_server_zorder,
            "is_client_rendered": order.rp_content,
        }
        changes |= {name: value for name, value in simple.items() if value is not None}
        if order.client_offset_x is not None or order.client_area_width is not None:
            changes["client_rect"] = _moved(
                window.client_rect or Rect(rect.left, rect.top, 0, 0),
                order.client_offset_x,
                order.client_offset_y,
                order.client_area_width,
                order.client_area_height,
            )
        if order.window_client_delta_x is not None:
            changes["client_offset"] = order.window_client_delta_x, order.window_client_delta_y
        if order.window_rects is not None:
            changes["shape"] = self._rects(order.window_rects)
        if order.visible_offset_x is not None:
            changes["visible_offset"] = order.visible_offset_x, order.visible_offset_y
        if order.visibility_rects is not None:
            changes["visible_shape"] = self._rects(order.visibility_rects)
        if order.taskbar_button is not None:
            changes["is_off_taskbar"] = bool(order.taskbar_button)
        if order.app_bar_edge is not None:
            changes["app_bar_edge"] = order.app_bar_edge
        if order.app_bar_state is False:
            changes["app_bar_edge"] = None
        if order.icon_overlay_null:
            changes["overlay_icon"] = self._exchange(window.overlay_icon, None)
        return replace(window, **changes)

    def _close(self, window_id: int) -> list[WindowEvent]:
        window = self._windows.pop(window_id, None)
        if window is None:
            self.ignored += 1
            return []
        for icon in (window.icon, window.small_icon, window.overlay_icon):
            self._exchange(icon, None)
        return [WindowClosed(window)]

    def _rects(self, rects: Iterable[WindowRectangle]) -> tuple[Rect, ...]:
        found = [Rect.from_edges(one.left, one.top, one.right, one.bottom) for one in rects]
        if len(found) <= self.bounds.rectangles:
            return tuple(found)
        left, top = min(one.left for one in found), min(one.top for one in found)
        return (Rect.from_edges(left, top, max(one.right for one in found), max(one.bottom for one in found)),)

    # Pictures.

    def _change_icon(self, order: WindowIcon | CachedWindowIcon, info: IconInfo | CachedIconInfo) -> list[WindowEvent]:
        icon = self._find_icon(info)
        window = self._windows.get(order.window_id)
        if icon is None or window is None:
            self.ignored += 1
            return []
        name = "overlay_icon" if order.is_overlay else "icon" if order.is_big else "small_icon"
        return self.note(order.window_id, **{name: self._exchange(getattr(window, name), icon)})

    def _find_icon(self, info: IconInfo | CachedIconInfo) -> AppIcon | None:
        """The icon that is meant, kept in the cache where it is to be; None for one that is none, or unknown."""
        key = info.cache_id, info.cache_entry
        if isinstance(info, CachedIconInfo):
            return self._cache.get(key)
        try:
            icon = AppIcon.of(info)
        except InvalidField:
            return None
        if info.cache_id < self.bounds.icon_caches and info.cache_entry < self.bounds.icon_cache_entries:
            self._cache[key] = icon
        return icon

    def _exchange(self, before: AppIcon | None, after: AppIcon | None) -> AppIcon | None:
        """The picture that takes the place of another, if there is room for it."""
        self._icon_bytes -= 0 if before is None else before.size
        if after is None:
            return None
        if self._icon_bytes + after.size > self.bounds.icon_bytes:
            self.icons_left_out += 1
            return None
        self._icon_bytes += after.size
        return after

    # Notification icons.

    def _change_tray_icon(self, order: NotificationIcon) -> list[WindowEvent]:
        key = order.window_id, order.notify_icon_id
        before = self._tray.get(key)
        if before is None:
            if not order.is_new:
                self.ignored += 1
                return []
            if len(self._tray) >= self.bounds.tray_icons:
                raise RemoteProtocolError(f"the server shows more than {self.bounds.tray_icons} notification icons")
        base = before or TrayIcon(window_id=order.window_id, id=order.notify_icon_id)
        changes: dict[str, Any] = {}
        if order.version is not None:
            changes["version"] = order.version
        if order.tool_tip is not None:
            changes["tool_tip"] = order.tool_tip
        if order.info_tip is not None:
            tip = order.info_tip
            # A balloon without a text is one that is taken away.
            balloon = Balloon(tip.info_tip_text, tip.title, tip.timeout / 1000, tip.info_flags)
            changes["balloon"] = balloon if tip.info_tip_text else None
        if order.state is not None:
            changes["is_hidden"] = order.state == 1
        info = order.icon or order.cached_icon
        if info is not None and (icon := self._find_icon(info)) is not None:
            changes["icon"] = self._exchange(base.icon, icon)
        after = self._tray[key] = replace(base, **changes)
        if before is None:
            return [TrayIconOpened(after)]
        return [] if after == before else [TrayIconChanged(after)]

    def _close_tray_icon(self, key: tuple[int, int]) -> list[WindowEvent]:
        icon = self._tray.pop(key, None)
        if icon is None:
            self.ignored += 1
            return []
        self._exchange(icon.icon, None)
        return [TrayIconClosed(icon)]

    # The desktop.

    def _monitor(self, order: ActivelyMonitoredDesktop) -> list[WindowEvent]:
        events: list[WindowEvent] = []
        before = self._desktop()
        if DesktopFlags.ARC_BEGAN in order.flags and DesktopFlags.HOOKED in order.flags:
            events += self.clear()
        if DesktopFlags.HOOKED in order.flags:
            self.is_monitored = True
        if DesktopFlags.ARC_COMPLETED in order.flags:
            self.is_synchronized = True
        if order.window_ids is not None:
            self.z_order = tuple(order.window_ids)
        if order.active_window_id is not None:
            self.active_window_id = order.active_window_id
        if self._desktop() != before:
            events.append(DesktopChanged())
        return events

    def _desktop(self) -> tuple[Any, ...]:
        return self.is_monitored, self.is_synchronized, self.z_order, self.active_window_id


def _either(new: int | None, old: int) -> int:
    return old if new is None else new


def _moved(rect: Rect, left: int | None, top: int | None, width: int | None, height: int | None) -> Rect:
    return Rect(
        _either(left, rect.left),
        _either(top, rect.top),
        min(_either(width, rect.width), _LONGEST),
        min(_either(height, rect.height), _LONGEST),
    )
