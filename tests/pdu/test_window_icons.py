from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.pdu.window_icons import CachedIconInfo, CachedWindowIcon, IconInfo, WindowIcon
from trio_rdp.wire.errors import EncodeError, InvalidField

ORDERS: list[tuple[str, WindowIcon | CachedWindowIcon]] = [
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
]


@pytest.mark.parametrize(("raw", "order"), ORDERS)
def test_orders(raw: str, order: WindowIcon | CachedWindowIcon) -> None:
    same(bytes.fromhex(raw), order)
    every_truncation_raises(type(order), bytes.fromhex(raw))


def test_kinds_are_told_apart() -> None:
    for raw in ("2e 0e00 00200081 24000300 0500 01", "2e 0e00 002000c1 24000300 0500 01"):
        with pytest.raises(InvalidField, match="fields 0x"):
            WindowIcon.decode(bytes.fromhex(raw))
    with pytest.raises(InvalidField, match="fields 0x"):
        CachedWindowIcon.decode(bytes.fromhex("2e 0e00 00200041 24000300 0500 01"))


def test_what_does_not_fit() -> None:
    with pytest.raises(EncodeError, match="a color table of 32 bits"):
        IconInfo(cache_entry=0, cache_id=0, bpp=32, width=1, height=1, color_table=b"?").encode()
