from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.pdu.window_order_base import TEXT_LIMIT
from trio_rdp.pdu.window_orders import AppBarEdge, DeletedWindow, ShowState, Window, WindowRectangle
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated

WHOLE = WindowRectangle(left=0, top=0, right=1510, bottom=834)

# [MS-RDPERP] 4.1.1.1, whose dump lacks the last byte that its size and its flags declare
WINDOW = bytes.fromhex(
    "2e"  # Header
    "8100"  # OrderSize
    "9edf0819"  # FieldsPresentFlags
    "58011200"  # WindowId
    "00000000"  # OwnerWindowId
    "0000cf14"  # Style
    "00010000"  # ExtendedStyle
    "05"  # ShowState
    "1a00460069006c00650020004500780070006c006f00720065007200"  # TitleInfo
    "1b010000"  # ClientOffsetX
    "34010000"  # ClientOffsetY
    "07000000"  # WindowLeftResizeMargin
    "07000000"  # WindowRightResizeMargin
    "00000000"  # WindowTopResizeMargin
    "07000000"  # WindowBottomResizeMargin
    "8d000000"  # WindowOffsetX
    "9a000000"  # WindowOffsetY
    "8e000000"  # WindowClientDeltaX
    "9a000000"  # WindowClientDeltaY
    "e6050000"  # WindowWidth
    "42030000"  # WindowHeight
    "0100"  # NumWindowRects
    "00000000e6054203"  # WindowRects
    "8d000000"  # VisibleOffsetX
    "9a000000"  # VisibleOffsetY
    "0100"  # NumVisibilityRects
    "00000000e6054203"  # VisibilityRects
    "00"  # EnforceServerZOrder
)

ORDERS: list[tuple[str, Window | DeletedWindow]] = [
    (
        WINDOW.hex(),
        Window(
            window_id=0x120158,
            is_new=True,
            owner_window_id=0,
            style=0x14CF0000,
            extended_style=0x100,
            show_state=ShowState.SHOWN,
            title_info="File Explorer",
            client_offset_x=283,
            client_offset_y=308,
            window_left_resize_margin=7,
            window_right_resize_margin=7,
            window_top_resize_margin=0,
            window_bottom_resize_margin=7,
            window_offset_x=141,
            window_offset_y=154,
            window_client_delta_x=142,
            window_client_delta_y=154,
            window_width=1510,
            window_height=834,
            window_rects=[WHOLE],
            visible_offset_x=141,
            visible_offset_y=154,
            visibility_rects=[WHOLE],
            enforce_server_zorder=False,
        ),
    ),
    ("2e 0b00 00000021 24000300", DeletedWindow(window_id=0x30024)),  # 4.1.1.2,
    ("2e 0b00 00002001 24000300", Window(window_id=0x30024, icon_overlay_null=True)),
    (
        # ClientAreaWidth, ClientAreaHeight, RPContent, RootParentHandle, OverlayDescription, TaskbarButton,
        # AppBarState, AppBarEdge
        "2e 1f00 4100c701 24000300 80020000 e0010000 01 24000300 02004100 01 01 03",
        Window(
            window_id=0x30024,
            client_area_width=640,
            client_area_height=480,
            rp_content=True,
            root_parent_handle=0x30024,
            overlay_description="A",
            taskbar_button=1,
            app_bar_state=True,
            app_bar_edge=AppBarEdge.BOTTOM,
        ),
    ),
]


@pytest.mark.parametrize(("raw", "order"), ORDERS)
def test_orders(raw: str, order: Window | DeletedWindow) -> None:
    same(bytes.fromhex(raw), order)
    every_truncation_raises(type(order), bytes.fromhex(raw))


def test_a_size_that_ends_inside_a_field() -> None:
    for size in range(7, len(WINDOW)):
        with pytest.raises(Truncated):
            Window.decode(WINDOW[:1] + size.to_bytes(2, "little") + WINDOW[3:])


def test_fields_of_one_bit_stand_together() -> None:
    names = [field.name for field in dataclasses.fields(Window)]
    pairs = [name for name in names if name.endswith(("_x", "_width")) or name == "style"]
    assert len(pairs) == 7
    for name in pairs:
        only: dict[str, Any] = {name: 1}
        with pytest.raises(EncodeError, match="present together"):
            Window(window_id=1, **only).encode()


def test_kinds_are_told_apart() -> None:
    with pytest.raises(InvalidField, match=r"Window.fields_present_flags: fields 0x21000000"):
        Window.decode(bytes.fromhex("2e 0b00 00000021 24000300"))
    with pytest.raises(InvalidField, match="fields 0x1000000"):
        DeletedWindow.decode(bytes.fromhex("2e 0b00 00000001 24000300"))


def test_what_does_not_fit() -> None:
    with pytest.raises(EncodeError, match="exceeds 65535"):
        Window(window_id=1, window_rects=[WHOLE] * 8191).encode()
    with pytest.raises(EncodeError, match="8192 items exceed 8191"):
        Window(window_id=1, window_rects=[WHOLE] * 8192).encode()
    with pytest.raises(EncodeError, match="length 522 exceeds 520"):
        Window(window_id=1, title_info="a" * (TEXT_LIMIT // 2 + 1)).encode()
