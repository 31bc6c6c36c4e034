"""Icons of windows, [MS-RDPERP] 2.2.1.2.3, 2.2.1.2.4, 2.2.1.3.1.2.2 and 2.2.1.3.1.2.3."""

from __future__ import annotations

import struct
from typing import Self

from trio_rdp.pdu.window_order_base import CACHED_ICON, DELETED, ICON, NEW, TYPE_WINDOW, open_order, write_order
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError
from trio_rdp.wire.fields import U8, U16
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["CachedIconInfo", "CachedWindowIcon", "IconInfo", "WindowIcon"]

_ICON_BIG, _ICON_OVERLAY = 0x00002000, 0x00100000


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
        flags, body = open_order(src, TYPE_WINDOW, ICON, DELETED | ICON | CACHED_ICON)
        return cls(window_id=body.u32(), **_icon_bits(flags), icon_info=IconInfo.decode_from(body))

    def encode_into(self, dst: bytearray) -> None:
        body = bytearray(struct.pack("<I", self.window_id))
        self.icon_info.encode_into(body)
        flags = NEW * self.is_new | _ICON_BIG * self.is_big | _ICON_OVERLAY * self.is_overlay
        write_order(dst, TYPE_WINDOW | ICON | flags, body)


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
        flags, body = open_order(src, TYPE_WINDOW, CACHED_ICON, DELETED | ICON | CACHED_ICON)
        return cls(window_id=body.u32(), **_icon_bits(flags), cached_icon=CachedIconInfo.decode_from(body))

    def encode_into(self, dst: bytearray) -> None:
        body = bytearray(struct.pack("<I", self.window_id))
        self.cached_icon.encode_into(body)
        flags = NEW * self.is_new | _ICON_BIG * self.is_big | _ICON_OVERLAY * self.is_overlay
        write_order(dst, TYPE_WINDOW | CACHED_ICON | flags, body)


def _icon_bits(flags: int) -> dict[str, bool]:
    return {
        "is_new": bool(flags & NEW),
        "is_big": bool(flags & _ICON_BIG),
        "is_overlay": bool(flags & _ICON_OVERLAY),
    }
