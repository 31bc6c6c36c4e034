"""Windowing alternate secondary drawing orders, [MS-RDPERP] 2.2.1.3: windows, their icons and the desktop.

Bits of FieldsPresentFlags that are not known here are not kept, and what such a bit adds behind the known fields is
ignored.  Which fields are present follows from those that are not None.
"""

from __future__ import annotations

import struct
from typing import Annotated, Any, Self, TypeAlias

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import U8, U16, Codec, Counted, Fixed, Utf16Prefixed, i32, u8, u16, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "MAX_RECTANGLES",
    "TEXT_LIMIT",
    "ActivelyMonitoredDesktop",
    "AppBarEdge",
    "CachedIconInfo",
    "CachedWindowIcon",
    "DeletedNotificationIcon",
    "DeletedWindow",
    "DesktopFlags",
    "IconInfo",
    "NonMonitoredDesktop",
    "NotificationIcon",
    "NotifyIconInfoTip",
    "ShowState",
    "UnknownWindowOrder",
    "Window",
    "WindowIcon",
    "WindowOrder",
    "WindowRectangle",
    "decode_window_order",
]

MAX_RECTANGLES = 8191
"""The most rectangles of a window: as many as an order's 16-bit size has room for."""

TEXT_LIMIT = 520
"""The most bytes of a title or a tip, from 2.2.1.3.1.2.1."""

_CONTROL_FLAGS = 0x2E  # TS_SECONDARY, TS_ALTSEC_WINDOW
_LONGEST = 0xFFFF
_HEADER = struct.Struct("<BHI")

_TYPE_WINDOW, _TYPE_NOTIFY, _TYPE_DESKTOP = 0x01000000, 0x02000000, 0x04000000
_TYPES = _TYPE_WINDOW | _TYPE_NOTIFY | _TYPE_DESKTOP
_NEW, _DELETED, _ICON, _CACHED_ICON = 0x10000000, 0x20000000, 0x40000000, 0x80000000
_ICON_BIG, _ICON_OVERLAY, _ICON_OVERLAY_NULL = 0x00002000, 0x00100000, 0x00200000
_DESKTOP_NONE, _DESKTOP_ZORDER, _DESKTOP_ACTIVEWND = 0x01, 0x10, 0x20


class ShowState(OpenEnum):
    """How a window is shown."""

    HIDDEN = 0x00
    MINIMIZED = 0x02
    MAXIMIZED = 0x03
    SHOWN = 0x05


class AppBarEdge(OpenEnum):
    """The edge at which an application's tool bar is anchored."""

    LEFT = 0x00
    TOP = 0x01
    RIGHT = 0x02
    BOTTOM = 0x03


class DesktopFlags(Flags):
    """What a server does with its desktop (WINDOW_ORDER_FIELD_DESKTOP_*)."""

    HOOKED = Flag(0x00000002)
    ARC_COMPLETED = Flag(0x00000004)
    ARC_BEGAN = Flag(0x00000008)


@pdu
class WindowRectangle(Pdu):
    """Rectangle (TS_RECTANGLE_16), [MS-RDPERP] 2.2.1.2.2, in window coordinates."""

    left: U16
    top: U16
    right: U16
    bottom: U16


@pdu
class IconInfo(Pdu):
    """Icon Info (TS_ICON_INFO), [MS-RDPERP] 2.2.1.2.3; only 1, 4 or 8 `bpp` have a color table."""

    cache_entry: int
    cache_id: int
    bpp: int
    width: int
    height: int
    bits_mask: bytes = b""
    color_table: bytes = b""
    bits_color: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        cache_entry, cache_id, bpp, width, height = struct.unpack("<HBBHH", src.take(8))
        table_size = src.u16() if bpp in (1, 4, 8) else 0
        mask_size, color_size = src.u16(), src.u16()
        return cls(
            cache_entry=cache_entry,
            cache_id=cache_id,
            bpp=bpp,
            width=width,
            height=height,
            bits_mask=src.take(mask_size),
            color_table=src.take(table_size),
            bits_color=src.take(color_size),
        )

    def encode_into(self, dst: bytearray) -> None:
        has_table = self.bpp in (1, 4, 8)
        if self.color_table and not has_table:
            raise EncodeError(f"a color table of {self.bpp} bits per pixel")
        dst += struct.pack("<HBBHH", self.cache_entry, self.cache_id, self.bpp, self.width, self.height)
        if has_table:
            dst += struct.pack("<H", len(self.color_table))
        dst += struct.pack("<HH", len(self.bits_mask), len(self.bits_color))
        dst += self.bits_mask + self.color_table + self.bits_color


@pdu
class CachedIconInfo(Pdu):
    """Cached Icon Info (TS_CACHED_ICON_INFO), [MS-RDPERP] 2.2.1.2.4."""

    cache_entry: U16
    cache_id: U8


_text = Utf16Prefixed(u16, terminated=False, limit=TEXT_LIMIT)


@pdu
class NotifyIconInfoTip(Pdu):
    """Notification Icon Balloon Tooltip (TS_NOTIFY_ICON_INFOTIP), [MS-RDPERP] 2.2.1.3.2.2.3; in milliseconds."""

    timeout: Annotated[int, u32]
    info_flags: Annotated[int, u32]
    info_tip_text: Annotated[str, _text]
    title: Annotated[str, _text]


class _Rectangles(Counted):
    """Rectangles behind their number."""

    def __init__(self) -> None:
        super().__init__(u16, limit=MAX_RECTANGLES)
        self.item = WindowRectangle


class _Nested(Codec):
    """A structure inside an order."""

    def __init__(self, cls: type[Pdu]) -> None:
        self.cls = cls

    def decode_from(self, src: Cursor) -> Pdu:
        return self.cls.decode_from(src)

    def encode_into(self, dst: bytearray, value: Pdu) -> None:
        value.encode_into(dst)


_Field = tuple[int, str, Codec]
_bool = Fixed("B", decoder=bool, encoder=bool)
_rectangles = _Rectangles()

# The bit that says that a field is present, in the order of the fields.
_WINDOW_FIELDS: list[_Field] = [
    (0x00000002, "owner_window_id", u32),
    (0x00000008, "style", u32),
    (0x00000008, "extended_style", u32),
    (0x00000010, "show_state", Fixed("B", decoder=ShowState)),
    (0x00000004, "title_info", _text),
    (0x00004000, "client_offset_x", i32),
    (0x00004000, "client_offset_y", i32),
    (0x00010000, "client_area_width", u32),
    (0x00010000, "client_area_height", u32),
    (0x00000080, "window_left_resize_margin", u32),
    (0x00000080, "window_right_resize_margin", u32),
    (0x08000000, "window_top_resize_margin", u32),
    (0x08000000, "window_bottom_resize_margin", u32),
    (0x00020000, "rp_content", _bool),
    (0x00040000, "root_parent_handle", u32),
    (0x00000800, "window_offset_x", i32),
    (0x00000800, "window_offset_y", i32),
    (0x00008000, "window_client_delta_x", i32),
    (0x00008000, "window_client_delta_y", i32),
    (0x00000400, "window_width", u32),
    (0x00000400, "window_height", u32),
    (0x00000100, "window_rects", _rectangles),
    (0x00001000, "visible_offset_x", i32),
    (0x00001000, "visible_offset_y", i32),
    (0x00000200, "visibility_rects", _rectangles),
    (0x00400000, "overlay_description", _text),
    (0x00800000, "taskbar_button", u8),
    (0x00080000, "enforce_server_zorder", _bool),
    (0x00000040, "app_bar_state", _bool),
    (0x00000001, "app_bar_edge", Fixed("B", decoder=AppBarEdge)),
]
_NOTIFY_FIELDS: list[_Field] = [
    (0x00000008, "version", u32),
    (0x00000001, "tool_tip", _text),
    (0x00000002, "info_tip", _Nested(NotifyIconInfoTip)),
    (0x00000004, "state", u32),
    (_ICON, "icon", _Nested(IconInfo)),
    (_CACHED_ICON, "cached_icon", _Nested(CachedIconInfo)),
]


@pdu
class Window(Pdu):
    """New or Existing Window, [MS-RDPERP] 2.2.1.3.1.2.1.

    Fields of one bit (the two of a size, an offset, a pair of margins or styles) are both there or both None.
    """

    window_id: int
    is_new: bool = False
    icon_overlay_null: bool = False
    owner_window_id: int | None = None
    style: int | None = None
    extended_style: int | None = None
    show_state: ShowState | None = None
    title_info: str | None = None
    client_offset_x: int | None = None
    client_offset_y: int | None = None
    client_area_width: int | None = None
    client_area_height: int | None = None
    window_left_resize_margin: int | None = None
    window_right_resize_margin: int | None = None
    window_top_resize_margin: int | None = None
    window_bottom_resize_margin: int | None = None
    rp_content: bool | None = None
    root_parent_handle: int | None = None
    window_offset_x: int | None = None
    window_offset_y: int | None = None
    window_client_delta_x: int | None = None
    window_client_delta_y: int | None = None
    window_width: int | None = None
    window_height: int | None = None
    window_rects: list[WindowRectangle] | None = None
    visible_offset_x: int | None = None
    visible_offset_y: int | None = None
    visibility_rects: list[WindowRectangle] | None = None
    overlay_description: str | None = None
    taskbar_button: int | None = None
    enforce_server_zorder: bool | None = None
    app_bar_state: bool | None = None
    app_bar_edge: AppBarEdge | None = None

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        flags, body = _open(src, _TYPE_WINDOW, 0, _DELETED | _ICON | _CACHED_ICON)
        return cls(
            window_id=body.u32(),
            is_new=bool(flags & _NEW),
            icon_overlay_null=bool(flags & _ICON_OVERLAY_NULL),
            **_read_fields(body, flags, _WINDOW_FIELDS),
        )

    def encode_into(self, dst: bytearray) -> None:
        flags, fields = _written(self, _WINDOW_FIELDS)
        flags |= _TYPE_WINDOW | _NEW * self.is_new | _ICON_OVERLAY_NULL * self.icon_overlay_null
        _write(dst, flags, struct.pack("<I", self.window_id) + fields)


@pdu
class WindowIcon(Pdu):
    """Window Icon, [MS-RDPERP] 2.2.1.3.1.2.2; small unless `is_big`, the application's unless `is_overlay`."""

    window_id: int
    is_new: bool = False
    is_big: bool = False
    is_overlay: bool = False
    icon_info: IconInfo

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        flags, body = _open(src, _TYPE_WINDOW, _ICON, _DELETED | _ICON | _CACHED_ICON)
        return cls(window_id=body.u32(), **_icon_bits(flags), icon_info=IconInfo.decode_from(body))

    def encode_into(self, dst: bytearray) -> None:
        body = bytearray(struct.pack("<I", self.window_id))
        self.icon_info.encode_into(body)
        flags = _NEW * self.is_new | _ICON_BIG * self.is_big | _ICON_OVERLAY * self.is_overlay
        _write(dst, _TYPE_WINDOW | _ICON | flags, body)


@pdu
class CachedWindowIcon(Pdu):
    """Cached Icon, [MS-RDPERP] 2.2.1.3.1.2.3; small unless `is_big`, the application's unless `is_overlay`."""

    window_id: int
    is_new: bool = False
    is_big: bool = False
    is_overlay: bool = False
    cached_icon: CachedIconInfo

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        flags, body = _open(src, _TYPE_WINDOW, _CACHED_ICON, _DELETED | _ICON | _CACHED_ICON)
        return cls(window_id=body.u32(), **_icon_bits(flags), cached_icon=CachedIconInfo.decode_from(body))

    def encode_into(self, dst: bytearray) -> None:
        body = bytearray(struct.pack("<I", self.window_id))
        self.cached_icon.encode_into(body)
        flags = _NEW * self.is_new | _ICON_BIG * self.is_big | _ICON_OVERLAY * self.is_overlay
        _write(dst, _TYPE_WINDOW | _CACHED_ICON | flags, body)


@pdu
class DeletedWindow(Pdu):
    """Deleted Window, [MS-RDPERP] 2.2.1.3.1.2.4."""

    window_id: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        _, body = _open(src, _TYPE_WINDOW, _DELETED, _DELETED)
        return cls(window_id=body.u32())

    def encode_into(self, dst: bytearray) -> None:
        _write(dst, _TYPE_WINDOW | _DELETED, struct.pack("<I", self.window_id))


@pdu
class NotificationIcon(Pdu):
    """New or Existing Notification Icons, [MS-RDPERP] 2.2.1.3.2.2.1; `state` is 1 for one that is hidden."""

    window_id: int
    notify_icon_id: int
    is_new: bool = False
    version: int | None = None
    tool_tip: str | None = None
    info_tip: NotifyIconInfoTip | None = None
    state: int | None = None
    icon: IconInfo | None = None
    cached_icon: CachedIconInfo | None = None

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        flags, body = _open(src, _TYPE_NOTIFY, 0, _DELETED)
        return cls(
            window_id=body.u32(),
            notify_icon_id=body.u32(),
            is_new=bool(flags & _NEW),
            **_read_fields(body, flags, _NOTIFY_FIELDS),
        )

    def encode_into(self, dst: bytearray) -> None:
        flags, fields = _written(self, _NOTIFY_FIELDS)
        body = struct.pack("<II", self.window_id, self.notify_icon_id) + fields
        _write(dst, flags | _TYPE_NOTIFY | _NEW * self.is_new, body)


@pdu
class DeletedNotificationIcon(Pdu):
    """Deleted Notification Icons, [MS-RDPERP] 2.2.1.3.2.2.2."""

    window_id: int
    notify_icon_id: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        _, body = _open(src, _TYPE_NOTIFY, _DELETED, _DELETED)
        return cls(window_id=body.u32(), notify_icon_id=body.u32())

    def encode_into(self, dst: bytearray) -> None:
        _write(dst, _TYPE_NOTIFY | _DELETED, struct.pack("<II", self.window_id, self.notify_icon_id))


@pdu
class ActivelyMonitoredDesktop(Pdu):
    """Actively Monitored Desktop, [MS-RDPERP] 2.2.1.3.3.2.1; at most 255 windows, from the top."""

    flags: DesktopFlags = DesktopFlags(0)
    active_window_id: int | None = None
    window_ids: list[int] | None = None

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        flags, body = _open(src, _TYPE_DESKTOP, 0, _DESKTOP_NONE)
        return cls(
            flags=DesktopFlags(flags & _DESKTOP_FLAGS),
            active_window_id=body.u32() if flags & _DESKTOP_ACTIVEWND else None,
            window_ids=_window_ids.decode_from(body) if flags & _DESKTOP_ZORDER else None,
        )

    def encode_into(self, dst: bytearray) -> None:
        flags, body = _TYPE_DESKTOP | self.flags & _DESKTOP_FLAGS, bytearray()
        if self.active_window_id is not None:
            flags |= _DESKTOP_ACTIVEWND
            u32.encode_into(body, self.active_window_id)
        if self.window_ids is not None:
            flags |= _DESKTOP_ZORDER
            _window_ids.encode_into(body, self.window_ids)
        _write(dst, flags, body)


_DESKTOP_FLAGS = int(DesktopFlags.HOOKED | DesktopFlags.ARC_COMPLETED | DesktopFlags.ARC_BEGAN)
_window_ids = Counted(u8, u32)


@pdu
class NonMonitoredDesktop(Pdu):
    """Non-Monitored Desktop, [MS-RDPERP] 2.2.1.3.3.2.2."""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        _open(src, _TYPE_DESKTOP, _DESKTOP_NONE, _DESKTOP_NONE)
        return cls()

    def encode_into(self, dst: bytearray) -> None:
        _write(dst, _TYPE_DESKTOP | _DESKTOP_NONE, b"")


@pdu
class UnknownWindowOrder(Pdu):
    """An order of a type that is not known here, kept as it came."""

    fields_present_flags: int
    data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        flags, body = _read_header(src)
        return cls(fields_present_flags=flags, data=body.rest())

    def encode_into(self, dst: bytearray) -> None:
        _write(dst, self.fields_present_flags, self.data)


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
    flags, _ = _read_header(Cursor(src.buf, src.pos, src.end))
    return _class_of(flags).decode_from(src)


def _class_of(flags: int) -> type[WindowOrder]:
    match flags & _TYPES:
        case 0x01000000:
            if flags & _DELETED:
                return DeletedWindow
            if flags & _ICON and flags & _CACHED_ICON:
                return UnknownWindowOrder
            return WindowIcon if flags & _ICON else CachedWindowIcon if flags & _CACHED_ICON else Window
        case 0x02000000:
            return DeletedNotificationIcon if flags & _DELETED else NotificationIcon
        case 0x04000000:
            return NonMonitoredDesktop if flags & _DESKTOP_NONE else ActivelyMonitoredDesktop
        case _:
            return UnknownWindowOrder


def _read_header(src: Cursor) -> tuple[int, Cursor]:
    start = src.pos
    control_flags, size, flags = _HEADER.unpack(src.take(_HEADER.size))
    if control_flags != _CONTROL_FLAGS:
        raise InvalidField(f"control flags {control_flags:#x}", field="header", offset=start)
    if size < _HEADER.size:
        raise InvalidField(f"an order of {size} bytes", field="order_size", offset=start + 1)
    return flags, src.sub(size - _HEADER.size)


def _open(src: Cursor, kind: int, state: int, mask: int) -> tuple[int, Cursor]:
    start = src.pos
    flags, body = _read_header(src)
    if flags & _TYPES != kind or flags & mask != state:
        raise InvalidField(f"fields {flags:#x}", field="fields_present_flags", offset=start + 3)
    return flags, body


def _write(dst: bytearray, flags: int, body: bytes | bytearray) -> None:
    size = _HEADER.size + len(body)
    if size > _LONGEST:
        raise EncodeError(f"an order of {size} bytes exceeds {_LONGEST}")
    dst += _HEADER.pack(_CONTROL_FLAGS, size, flags)
    dst += body


def _read_fields(src: Cursor, flags: int, fields: list[_Field]) -> dict[str, Any]:
    return {name: codec.decode_from(src) for bit, name, codec in fields if flags & bit}


def _written(order: Pdu, fields: list[_Field]) -> tuple[int, bytearray]:
    flags, absent, dst = 0, 0, bytearray()
    for bit, name, codec in fields:
        value = getattr(order, name)
        if value is None:
            absent |= bit
        else:
            flags |= bit
            codec.encode_into(dst, value)
    if flags & absent:
        raise EncodeError(f"only one of two fields that are present together, {flags & absent:#x}")
    return flags, dst


def _icon_bits(flags: int) -> dict[str, bool]:
    return {
        "is_new": bool(flags & _NEW),
        "is_big": bool(flags & _ICON_BIG),
        "is_overlay": bool(flags & _ICON_OVERLAY),
    }
