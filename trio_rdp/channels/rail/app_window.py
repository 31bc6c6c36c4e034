"""A remote program's window and notification icon as values, and the orders that make one out of another.

Both sides use them: a client reads orders into them (`WindowList`), a server writes the orders of what has changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from trio_rdp.channels.rail.window_move import MoveSizeType
from trio_rdp.graphics.app_icon import AppIcon
from trio_rdp.graphics.geometry import Rect
from trio_rdp.pdu.notification_orders import NotificationIcon, NotifyIconInfoTip
from trio_rdp.pdu.window_icons import WindowIcon
from trio_rdp.pdu.window_orders import AppBarEdge, ShowState, Window, WindowRectangle
from trio_rdp.pdu.windowing import WindowOrder

__all__ = [
    "AppWindow",
    "Balloon",
    "LocalMove",
    "Margins",
    "SizeLimits",
    "TrayIcon",
    "WindowStyle",
    "icon_orders",
    "window_orders",
]

_NOWHERE = Rect(0, 0, 0, 0)
_LONGEST = 0xFFFF  # of a side, in window coordinates


class WindowStyle:
    """The usual styles of windows (WS_*, WS_EX_*), which `style` and `extended_style` are made of."""

    POPUP = 0x80000000
    VISIBLE = 0x10000000
    DISABLED = 0x08000000
    CLIP_SIBLINGS = 0x04000000
    CLIP_CHILDREN = 0x02000000
    CAPTION = 0x00C00000
    BORDER = 0x00800000
    SYSTEM_MENU = 0x00080000
    THICK_FRAME = 0x00040000
    MINIMIZE_BOX = 0x00020000
    MAXIMIZE_BOX = 0x00010000
    OVERLAPPED_WINDOW = CAPTION | SYSTEM_MENU | THICK_FRAME | MINIMIZE_BOX | MAXIMIZE_BOX

    EX_TOPMOST = 0x00000008
    EX_TOOL_WINDOW = 0x00000080
    EX_WINDOW_EDGE = 0x00000100
    EX_APP_WINDOW = 0x00040000
    EX_LAYERED = 0x00080000
    EX_NO_ACTIVATE = 0x08000000


@dataclass(frozen=True, slots=True)
class Margins:
    """Pixels around a window in which the pointer still moves its edges."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """How a window may be sized and placed while its client moves it ([MS-RDPERP] 2.2.2.7.1), in pixels."""

    max_width: int
    max_height: int
    max_x: int
    max_y: int
    min_track_width: int
    min_track_height: int
    max_track_width: int
    max_track_height: int


@dataclass(frozen=True, slots=True)
class LocalMove:
    """A move or resize that the client does by itself: which edge, and the pixel where the mouse began."""

    kind: MoveSizeType
    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppWindow:
    """One window; positions are pixels of the desktop, those of `shape` and `visible_shape` of the window."""

    id: int
    title: str = ""
    rect: Rect = _NOWHERE
    """Where it is, without `resize_margins`."""
    client_rect: Rect | None = None
    """Where its content is, without a size where the server does not tell one; None for the whole of `rect`."""
    client_offset: tuple[int, int] | None = None
    """Where its content begins, counted from the window's own corner; None where that follows from the others."""
    shape: tuple[Rect, ...] | None = None
    """What it is made of; None for the whole of `rect`."""
    visible_offset: tuple[int, int] = (0, 0)
    visible_shape: tuple[Rect, ...] | None = None
    """What other windows leave to be seen, counted from `visible_offset`; None for the whole of `rect`."""
    show_state: ShowState = ShowState(ShowState.SHOWN)
    style: int = WindowStyle.OVERLAPPED_WINDOW | WindowStyle.VISIBLE
    extended_style: int = 0
    owner_id: int = 0
    """The window in whose front it stays, as a dialog does; 0 for none."""
    root_parent_id: int = 0
    resize_margins: Margins = Margins()
    icon: AppIcon | None = field(default=None, repr=False)
    """The large one, for switching between programs."""
    small_icon: AppIcon | None = field(default=None, repr=False)
    """The small one, for title and task bars."""
    overlay_icon: AppIcon | None = field(default=None, repr=False)
    """What is drawn over the icon in the task bar."""
    overlay_description: str = ""
    is_off_taskbar: bool = False
    """Whether it has no button, or tab, in the task bar."""
    enforces_z_order: bool = False
    """Whether the server's order of windows is the client's too."""
    is_client_rendered: bool = False
    app_bar_edge: AppBarEdge | None = None
    """The edge of the desktop that it is anchored at, for a tool bar."""
    application_id: str = ""
    """By which windows are grouped; empty until it was asked for."""
    process_id: int = 0
    process_image_name: str = ""
    is_cloaked: bool = False
    """Whether it is there and cannot be seen, as on another virtual desktop."""
    size_limits: SizeLimits | None = None
    local_move: LocalMove | None = None
    """What the server asks the client to move by itself, until `RemoteApps.move` says where the window is now."""
    tab_group: int | None = None
    """The window in whose group of task bar tabs this one is a tab."""
    tab_before: int = 0
    """The tab that stands behind this one; 0 for none."""
    tab_properties: int = 0

    @property
    def is_minimized(self) -> bool:
        """Whether it shows nothing but its button."""
        return self.show_state == ShowState.MINIMIZED

    @property
    def visible(self) -> tuple[Rect, ...]:
        """What can be seen of it, in pixels of the desktop."""
        if self.visible_shape is None:
            return (self.rect,)
        left, top = self.visible_offset
        return tuple(Rect(one.left + left, one.top + top, one.width, one.height) for one in self.visible_shape)


@dataclass(frozen=True, slots=True)
class Balloon:
    """What a notification icon says in a balloon, for `timeout` seconds; `flags` say which sign stands beside it."""

    text: str
    title: str = ""
    timeout: float = 10.0
    flags: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrayIcon:
    """One notification icon; `window_id` and `id` together are its name."""

    window_id: int
    id: int
    tool_tip: str = ""
    balloon: Balloon | None = None
    version: int = 4
    """Of Windows' ways of notifying: 0, 3 or 4."""
    is_hidden: bool = False
    icon: AppIcon | None = field(default=None, repr=False)

    @property
    def key(self) -> tuple[int, int]:
        """Its name."""
        return self.window_id, self.id


def window_orders(before: AppWindow | None, after: AppWindow) -> list[WindowOrder]:
    """The orders that open a window, or turn it into another; none where the client sees no difference.

    Raises `EncodeError` when they are encoded, for what does not fit, such as a title of more than 260 characters.
    """
    base = AppWindow(id=after.id) if before is None else before
    fields = _window_fields(after) if before is None else _changed(_window_fields(before), _window_fields(after))
    orders: list[WindowOrder] = []
    is_overlay_gone = base.overlay_icon is not None and after.overlay_icon is None
    if fields or before is None or is_overlay_gone:
        orders.append(
            Window(window_id=after.id, is_new=before is None, icon_overlay_null=is_overlay_gone, **_flat(fields))
        )
    orders += _picture_orders(base, after)
    return orders


def _picture_orders(before: AppWindow, after: AppWindow) -> list[WindowOrder]:
    """The orders of a window's own icons, all of them where one is new, and of the one over them.

    FreeRDP 2.11 takes the first one to replace all, and the others to be further sizes, by the flag for what is new.
    """
    icons = [(after.icon, True), (after.small_icon, False)]
    orders: list[WindowOrder] = []
    if after.icon not in (None, before.icon) or after.small_icon not in (None, before.small_icon):
        for icon, is_big in icons:
            if icon is not None:
                orders.append(WindowIcon(window_id=after.id, is_new=not orders, is_big=is_big, icon_info=icon.info))
    if after.overlay_icon is not None and after.overlay_icon != before.overlay_icon:
        orders.append(WindowIcon(window_id=after.id, is_overlay=True, icon_info=after.overlay_icon.info))
    return orders


def icon_orders(before: TrayIcon | None, after: TrayIcon) -> list[WindowOrder]:
    """The orders that show a notification icon, or turn it into another."""
    if before == after:
        return []
    order = NotificationIcon(window_id=after.window_id, notify_icon_id=after.id, is_new=before is None)
    base = TrayIcon(window_id=after.window_id, id=after.id, version=-1) if before is None else before
    if after.version != base.version:
        order.version = after.version
    if after.tool_tip != base.tool_tip:
        order.tool_tip = after.tool_tip
    if after.balloon != base.balloon:
        balloon = after.balloon or Balloon("", timeout=0)
        order.info_tip = NotifyIconInfoTip(
            timeout=round(1000 * balloon.timeout),
            info_flags=balloon.flags,
            info_tip_text=balloon.text,
            title=balloon.title,
        )
    if after.is_hidden != base.is_hidden:
        order.state = int(after.is_hidden)
    if after.icon is not None and after.icon != base.icon:
        order.icon = after.icon.info
    return [order]


# Fields that share a bit of the order stand together.
_Fields = dict[tuple[str, ...], tuple[Any, ...]]


def _window_fields(window: AppWindow) -> _Fields:
    rect, margins = window.rect, window.resize_margins
    client = window.client_rect or Rect(rect.left, rect.top, 0, 0)
    # FreeRDP 2.11 takes the one from the other to know where the window is, and cuts the window off elsewhere.
    client_offset = window.client_offset or (client.left - rect.left, client.top - rect.top)
    whole = (Rect(0, 0, rect.width, rect.height),)
    is_all_visible = window.visible_shape is None
    fields: _Fields = {
        ("owner_window_id",): (window.owner_id,),
        ("style", "extended_style"): (window.style, window.extended_style),
        ("show_state",): (window.show_state,),
        ("title_info",): (window.title,),
        ("client_offset_x", "client_offset_y"): (client.left, client.top),
        ("window_left_resize_margin", "window_right_resize_margin"): (margins.left, margins.right),
        ("window_top_resize_margin", "window_bottom_resize_margin"): (margins.top, margins.bottom),
        ("window_offset_x", "window_offset_y"): (rect.left, rect.top),
        ("window_client_delta_x", "window_client_delta_y"): client_offset,
        ("window_width", "window_height"): (rect.width, rect.height),
        ("window_rects",): (_wire_rects(whole if window.shape is None else window.shape),),
        ("visible_offset_x", "visible_offset_y"): (rect.left, rect.top) if is_all_visible else window.visible_offset,
        ("visibility_rects",): (_wire_rects(whole if window.visible_shape is None else window.visible_shape),),
        ("enforce_server_zorder",): (window.enforces_z_order,),
    }
    if not client.is_empty:
        fields["client_area_width", "client_area_height"] = client.width, client.height
    rare: list[tuple[str, Any, Any]] = [
        ("rp_content", window.is_client_rendered, False),
        ("root_parent_handle", window.root_parent_id, 0),
        ("overlay_description", window.overlay_description, ""),
        ("taskbar_button", int(window.is_off_taskbar), 0),
        ("app_bar_state", window.app_bar_edge is not None, False),
        ("app_bar_edge", window.app_bar_edge, None),
    ]
    for name, value, usual in rare:
        if value != usual:
            fields[name,] = (value,)
    return fields


_USUAL: _Fields = {
    ("rp_content",): (False,),
    ("root_parent_handle",): (0,),
    ("overlay_description",): ("",),
    ("taskbar_button",): (0,),
    ("app_bar_state",): (False,),
}


def _changed(before: _Fields, after: _Fields) -> _Fields:
    changed = {names: values for names, values in after.items() if before.get(names) != values}
    gone = {names: _USUAL[names] for names in before if names not in after and names in _USUAL}
    return changed | gone


def _flat(fields: _Fields) -> dict[str, Any]:
    return {name: value for names, values in fields.items() for name, value in zip(names, values, strict=True)}


def _wire_rects(rects: Iterable[Rect]) -> list[WindowRectangle]:
    return [
        WindowRectangle(left=one.left, top=one.top, right=min(one.right, _LONGEST), bottom=min(one.bottom, _LONGEST))
        for one in rects
    ]
