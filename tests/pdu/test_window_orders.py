from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.pdu.window_orders import (
    TEXT_LIMIT,
    ActivelyMonitoredDesktop,
    AppBarEdge,
    CachedIconInfo,
    CachedWindowIcon,
    DeletedNotificationIcon,
    DeletedWindow,
    DesktopFlags,
    IconInfo,
    NonMonitoredDesktop,
    NotificationIcon,
    NotifyIconInfoTip,
    ShowState,
    UnknownWindowOrder,
    Window,
    WindowIcon,
    WindowOrder,
    WindowRectangle,
    decode_window_order,
)
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated

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

ORDERS: list[tuple[str, WindowOrder]] = [
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
    ("2e 0b00 00000021 24000300", DeletedWindow(window_id=0x30024)),  # 4.1.1.2
    (
        # 4.1.1.5, with the ids of its explanation: ActiveWindowId, NumWindowIds, WindowIds
        "2e 1400 30000004 a0000100 02 66000200 a0000100",
        ActivelyMonitoredDesktop(active_window_id=0x100A0, window_ids=[0x20066, 0x100A0]),
    ),
    ("2e 0700 01000004", NonMonitoredDesktop()),  # 4.1.1.6
    ("2e 0700 0a000004", ActivelyMonitoredDesktop(flags=DesktopFlags.HOOKED | DesktopFlags.ARC_BEGAN)),
    ("2e 0800 10000004 00", ActivelyMonitoredDesktop(window_ids=[])),
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
    (
        # CacheEntry, CacheId, Bpp, Width, Height, CbBitsMask, CbBitsColor, BitsMask, BitsColor
        "2e 1d00 00200051 24000300 0500 01 20 0100 0100 0200 0400 8000 01020304",
        WindowIcon(
            window_id=0x30024,
            is_new=True,
            is_big=True,
            icon_info=IconInfo(
                cache_entry=5,
                cache_id=1,
                bpp=32,
                width=1,
                height=1,
                bits_mask=b"\x80\0",
                bits_color=b"\1\2\3\4",
            ),
        ),
    ),
    (
        # ... with CbColorTable before the other sizes, and ColorTable between BitsMask and BitsColor
        "2e 2000 00001041 24000300 0500 01 08 0100 0100 0300 0200 0200 8000 aabbcc 0100",
        WindowIcon(
            window_id=0x30024,
            is_overlay=True,
            icon_info=IconInfo(
                cache_entry=5,
                cache_id=1,
                bpp=8,
                width=1,
                height=1,
                bits_mask=b"\x80\0",
                color_table=b"\xaa\xbb\xcc",
                bits_color=b"\1\0",
            ),
        ),
    ),
    (
        "2e 0e00 00200081 24000300 0500 01",  # CacheEntry, CacheId
        CachedWindowIcon(window_id=0x30024, is_big=True, cached_icon=CachedIconInfo(cache_entry=5, cache_id=1)),
    ),
    ("2e 0f00 00000022 f4010300 01000000", DeletedNotificationIcon(window_id=0x301F4, notify_icon_id=1)),
    (
        # Version, ToolTip, InfoTip (Timeout, InfoFlags, InfoTipText, Title), State, CachedIcon
        "2e 2e00 0f000092 8e000100 d29c0000 04000000 02004100 10270000 01000000 02004200 02004300 01000000 0500 01",
        NotificationIcon(
            window_id=0x1008E,
            notify_icon_id=0x9CD2,
            is_new=True,
            version=4,
            tool_tip="A",
            info_tip=NotifyIconInfoTip(timeout=10_000, info_flags=1, info_tip_text="B", title="C"),
            state=1,
            cached_icon=CachedIconInfo(cache_entry=5, cache_id=1),
        ),
    ),
    (
        "2e 1b00 00000042 8e000100 d29c0000 0500 01 20 0100 0100 0000 0000",
        NotificationIcon(
            window_id=0x1008E,
            notify_icon_id=0x9CD2,
            icon=IconInfo(cache_entry=5, cache_id=1, bpp=32, width=1, height=1),
        ),
    ),
    ("2e 0900 00000008 aabb", UnknownWindowOrder(fields_present_flags=0x08000000, data=b"\xaa\xbb")),
]


@pytest.mark.parametrize(("raw", "order"), ORDERS)
def test_orders(raw: str, order: WindowOrder) -> None:
    same(bytes.fromhex(raw), order)
    every_truncation_raises(type(order), bytes.fromhex(raw))
    src = Cursor(bytes.fromhex(raw) + b"\x2e")
    assert decode_window_order(src) == order
    assert src.remaining == 1


def test_a_size_that_ends_inside_a_field() -> None:
    for size in range(7, len(WINDOW)):
        with pytest.raises(Truncated):
            Window.decode(WINDOW[:1] + size.to_bytes(2, "little") + WINDOW[3:])


def test_the_captured_deletion_of_an_icon_says_more_than_it_may() -> None:
    """[MS-RDPERP] 4.1.1.4 has the bits of a tool tip and an icon too, of which nothing is there."""
    order = decode_window_order(Cursor(bytes.fromhex("2e 0f00 01000062 f4010300 00000000")))
    assert order == DeletedNotificationIcon(window_id=0x301F4, notify_icon_id=0)


def test_fields_of_one_bit_stand_together() -> None:
    names = [field.name for field in dataclasses.fields(Window)]
    pairs = [name for name in names if name.endswith(("_x", "_width")) or name == "style"]
    assert len(pairs) == 7
    for name in pairs:
        only: dict[str, Any] = {name: 1}
        with pytest.raises(EncodeError, match="present together"):
            Window(window_id=1, **only).encode()


def test_headers() -> None:
    with pytest.raises(InvalidField, match="control flags 0x36"):
        decode_window_order(Cursor(bytes.fromhex("36 0700 01000004")))
    with pytest.raises(InvalidField, match="an order of 6 bytes"):
        decode_window_order(Cursor(bytes.fromhex("2e 0600 01000004")))
    with pytest.raises(InvalidField, match=r"Window.fields_present_flags: fields 0x21000000"):
        Window.decode(bytes.fromhex("2e 0b00 00000021 24000300"))
    both_icons = decode_window_order(Cursor(bytes.fromhex("2e 0b00 000000c1 24000300")))
    assert isinstance(both_icons, UnknownWindowOrder)


def test_what_does_not_fit() -> None:
    with pytest.raises(EncodeError, match="a color table of 32 bits"):
        IconInfo(cache_entry=0, cache_id=0, bpp=32, width=1, height=1, color_table=b"?").encode()
    with pytest.raises(EncodeError, match="exceeds 65535"):
        Window(window_id=1, window_rects=[WHOLE] * 8191).encode()
    with pytest.raises(EncodeError, match="8192 items exceed 8191"):
        Window(window_id=1, window_rects=[WHOLE] * 8192).encode()
    with pytest.raises(EncodeError, match="length 522 exceeds 520"):
        Window(window_id=1, title_info="a" * (TEXT_LIMIT // 2 + 1)).encode()
    with pytest.raises(EncodeError):
        ActivelyMonitoredDesktop(window_ids=[1] * 256).encode()


@given(st.sampled_from([0, 0x01, 0x02, 0x04, 0x41, 0x81, 0x21, 0x22]), st.binary(min_size=3, max_size=70))
def test_any_bytes(kind: int, body: bytes) -> None:
    raw = b"\x2e" + (4 + len(body)).to_bytes(2, "little") + body[:3] + bytes([kind]) + body[3:]
    try:
        order = decode_window_order(Cursor(raw))
    except DecodeError:
        return
    assert decode_window_order(Cursor(order.encode())) == order
