"""Windows, [MS-RDPERP] 2.2.1.3.1.2.1 and 2.2.1.3.1.2.4.

Bits of FieldsPresentFlags that are not known here are not kept, and what such a bit adds behind the known fields is
ignored.  Which fields are present follows from those that are not None.
"""

from __future__ import annotations

import struct
from typing import Self

from trio_rdp.pdu.window_order_base import (
    CACHED_ICON,
    DELETED,
    ICON,
    NEW,
    TYPE_WINDOW,
    Field,
    open_order,
    read_fields,
    text,
    write_order,
    written_fields,
)
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.fields import U16, Counted, Fixed, i32, u8, u16, u32
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["MAX_RECTANGLES", "AppBarEdge", "DeletedWindow", "ShowState", "Window", "WindowRectangle"]

MAX_RECTANGLES = 8191
"""The most rectangles of a window: as many as an order's 16-bit size has room for."""

_ICON_OVERLAY_NULL = 0x00200000


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


@pdu
class WindowRectangle(Pdu):
    """Rectangle (TS_RECTANGLE_16), [MS-RDPERP] 2.2.1.2.2, in window coordinates."""

    left: U16
    top: U16
    right: U16
    bottom: U16


class _Rectangles(Counted):
    """Rectangles behind their number."""

    def __init__(self) -> None:
        super().__init__(u16, limit=MAX_RECTANGLES)
        self.item = WindowRectangle


_bool = Fixed("B", decoder=bool, encoder=bool)
_rectangles = _Rectangles()

# The bit that says that a field is present, in the order of the fields.
_WINDOW_FIELDS: list[Field] = [
    (0x00000002, "owner_window_id", u32),
    (0x00000008, "style", u32),
    (0x00000008, "extended_style", u32),
    (0x00000010, "show_state", Fixed("B", decoder=ShowState)),
    (0x00000004, "title_info", text),
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
    (0x00400000, "overlay_description", text),
    (0x00800000, "taskbar_button", u8),
    (0x00080000, "enforce_server_zorder", _bool),
    (0x00000040, "app_bar_state", _bool),
    (0x00000001, "app_bar_edge", Fixed("B", decoder=AppBarEdge)),
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
        flags, body = open_order(src, TYPE_WINDOW, 0, DELETED | ICON | CACHED_ICON)
        return cls(
            window_id=body.u32(),
            is_new=bool(flags & NEW),
            icon_overlay_null=bool(flags & _ICON_OVERLAY_NULL),
            **read_fields(body, flags, _WINDOW_FIELDS),
        )

    def encode_into(self, dst: bytearray) -> None:
        flags, fields = written_fields(self, _WINDOW_FIELDS)
        flags |= TYPE_WINDOW | NEW * self.is_new | _ICON_OVERLAY_NULL * self.icon_overlay_null
        write_order(dst, flags, struct.pack("<I", self.window_id) + fields)


@pdu
class DeletedWindow(Pdu):
    """Deleted Window, [MS-RDPERP] 2.2.1.3.1.2.4."""

    window_id: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        _, body = open_order(src, TYPE_WINDOW, DELETED, DELETED)
        return cls(window_id=body.u32())

    def encode_into(self, dst: bytearray) -> None:
        write_order(dst, TYPE_WINDOW | DELETED, struct.pack("<I", self.window_id))
