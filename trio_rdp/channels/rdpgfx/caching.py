"""The bitmap cache, [MS-RDPEGFX] 2.2.2.6 to 2.2.2.8, and what a client has kept of one, 2.2.2.16 and 2.2.2.17."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Annotated, ClassVar, Final, Self

from trio_rdp.channels.rdpgfx.header import (
    POINT,
    GraphicsCommand,
    GraphicsPdu,
    Point,
    Rectangle,
    read_points,
    write_array,
)
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError
from trio_rdp.wire.fields import U16, U32, U64, Counted, u16
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "MAX_OFFERED",
    "CacheEntryMetadata",
    "CacheImportOfferPdu",
    "CacheImportReplyPdu",
    "CacheToSurfacePdu",
    "EvictCacheEntryPdu",
    "SurfaceToCachePdu",
]

MAX_OFFERED: Final = 5461
"""The most entries of an offer: "This value MUST be less than 5462", [MS-RDPEGFX] 2.2.2.16."""

_SURFACE_TO_CACHE: Final = struct.Struct("<HQH4H")


@pdu
class SurfaceToCachePdu(GraphicsPdu):
    """RDPGFX_SURFACE_TO_CACHE_PDU, [MS-RDPEGFX] 2.2.2.6; the first slot is 1."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.SURFACE_TO_CACHE

    surface_id: int
    cache_key: int
    cache_slot: int
    rect_src: Rectangle

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        surface_id, key, slot, *rect = _SURFACE_TO_CACHE.unpack(src.take(_SURFACE_TO_CACHE.size))
        left, top, right, bottom = rect
        return cls(surface_id=surface_id, cache_key=key, cache_slot=slot, rect_src=(left, top, right, bottom))

    def encode_into(self, dst: bytearray) -> None:
        dst += _SURFACE_TO_CACHE.pack(self.surface_id, self.cache_key, self.cache_slot, *self.rect_src)


@pdu
class CacheToSurfacePdu(GraphicsPdu):
    """RDPGFX_CACHE_TO_SURFACE_PDU, [MS-RDPEGFX] 2.2.2.7."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.CACHE_TO_SURFACE

    cache_slot: int
    surface_id: int
    dest_pts: Sequence[Point]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        return cls(cache_slot=src.u16(), surface_id=src.u16(), dest_pts=read_points(src))

    def encode_into(self, dst: bytearray) -> None:
        dst += struct.pack("<HH", self.cache_slot, self.surface_id)
        write_array(dst, POINT, self.dest_pts)


@pdu
class EvictCacheEntryPdu(GraphicsPdu):
    """RDPGFX_EVICT_CACHE_ENTRY_PDU, [MS-RDPEGFX] 2.2.2.8."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.EVICT_CACHE_ENTRY

    cache_slot: U16


@pdu
class CacheEntryMetadata(Pdu):
    """RDPGFX_CACHE_ENTRY_METADATA, [MS-RDPEGFX] 2.2.2.16.1; the length is that of the bitmap, in bytes."""

    cache_key: U64
    bitmap_length: U32


@pdu
class CacheImportOfferPdu(GraphicsPdu):
    """RDPGFX_CACHE_IMPORT_OFFER_PDU, [MS-RDPEGFX] 2.2.2.16."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.CACHE_IMPORT_OFFER

    cache_entries: Annotated[list[CacheEntryMetadata], Counted(u16, limit=MAX_OFFERED)]


@pdu
class CacheImportReplyPdu(GraphicsPdu):
    """RDPGFX_CACHE_IMPORT_REPLY_PDU, [MS-RDPEGFX] 2.2.2.17: the slots of the first entries that were offered."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.CACHE_IMPORT_REPLY

    cache_slots: list[int]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        count = src.u16()
        return cls(cache_slots=list(struct.unpack(f"<{count}H", src.take(count * 2))))

    def encode_into(self, dst: bytearray) -> None:
        count = len(self.cache_slots)
        if count > 0xFFFF:
            raise EncodeError(f"{count} slots exceed 65535")
        dst += struct.pack(f"<H{count}H", count, *self.cache_slots)
