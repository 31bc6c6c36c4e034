"""The capability sets of caches: [MS-RDPBCGR] 2.2.7.1.4, 2.2.7.1.8, 2.2.7.1.9, 2.2.7.2.1, and [MS-RDPEGDI] 2.2.1."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from trio_rdp.pdu.capabilities_base import CapabilitySet, CapabilitySetType, bool32
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import U16, U32, Codec, Pad, u8, u16, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "BitmapCacheCapabilitySet",
    "BitmapCacheCellInfo",
    "BitmapCacheHostSupportCapabilitySet",
    "BitmapCacheRev2CapabilitySet",
    "CacheDefinition",
    "CacheFlags",
    "ColorTableCacheCapabilitySet",
    "DrawGdiPlusCapabilitySet",
    "DrawNineGridCacheCapabilitySet",
    "DrawNineGridSupportLevel",
    "GdiPlusCacheChunkSize",
    "GdiPlusCacheEntries",
    "GdiPlusImageCacheProperties",
    "GlyphCacheCapabilitySet",
    "GlyphSupportLevel",
    "OffscreenCapabilitySet",
]

GLYPH_CACHES = 10
MAX_CELL_CACHES = 5


@pdu
class BitmapCacheCapabilitySet(CapabilitySet):
    """Bitmap Cache Capability Set, Revision 1 (TS_BITMAPCACHE_CAPABILITYSET), [MS-RDPBCGR] 2.2.7.1.4.1."""

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.BITMAP_CACHE

    cache0_entries: Annotated[int, Pad(24), u16] = 0
    cache0_maximum_cell_size: U16 = 0
    cache1_entries: U16 = 0
    cache1_maximum_cell_size: U16 = 0
    cache2_entries: U16 = 0
    cache2_maximum_cell_size: U16 = 0


class CacheFlags(Flags):
    """Properties of all bitmap caches."""

    PERSISTENT_KEYS_EXPECTED = Flag(0x0001)
    ALLOW_CACHE_WAITING_LIST = Flag(0x0002)


@pdu
class BitmapCacheCellInfo(Pdu):
    """Bitmap Cache Cell Info (TS_BITMAPCACHE_CELL_CACHE_INFO), [MS-RDPBCGR] 2.2.7.1.4.2.1.

    `k` says that the cache outlives the connection, so that the server must send keys.
    """

    num_entries: int
    k: bool = False

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        word = src.u32()
        return cls(num_entries=word & 0x7FFFFFFF, k=bool(word >> 31))

    def encode_into(self, dst: bytearray) -> None:
        if not 0 <= self.num_entries <= 0x7FFFFFFF:
            raise EncodeError(f"{self.num_entries} entries do not fit 31 bits")
        dst += (self.num_entries | self.k << 31).to_bytes(4, "little")


class _CellInfos(Codec):
    """A count and always five cells, of which only the counted ones mean anything."""

    def decode_from(self, src: Cursor) -> list[BitmapCacheCellInfo]:
        count = src.u8()
        if count > MAX_CELL_CACHES:
            raise InvalidField(f"{count} bitmap caches exceed {MAX_CELL_CACHES}", offset=src.pos - 1)
        return [BitmapCacheCellInfo.decode_from(src) for _ in range(MAX_CELL_CACHES)][:count]

    def encode_into(self, dst: bytearray, value: list[BitmapCacheCellInfo]) -> None:
        if len(value) > MAX_CELL_CACHES:
            raise EncodeError(f"{len(value)} bitmap caches exceed {MAX_CELL_CACHES}")
        dst.append(len(value))
        for cell in value:
            cell.encode_into(dst)
        dst += bytes(4 * (MAX_CELL_CACHES - len(value)))


@pdu
class BitmapCacheRev2CapabilitySet(CapabilitySet):
    """Bitmap Cache Capability Set, Revision 2 (TS_BITMAPCACHE_CAPABILITYSET_REV2), [MS-RDPBCGR] 2.2.7.1.4.2.

    `bitmap_cache_cell_info` holds one item for each cache that there is, at most five.
    """

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.BITMAP_CACHE_REV2

    cache_flags: Annotated[CacheFlags, u16, Pad(1)] = CacheFlags(0)
    bitmap_cache_cell_info: Annotated[list[BitmapCacheCellInfo], _CellInfos(), Pad(12)]


@pdu
class BitmapCacheHostSupportCapabilitySet(CapabilitySet):
    """Bitmap Cache Host Support Capability Set (TS_BITMAPCACHE_HOSTSUPPORT_CAPABILITYSET), [MS-RDPBCGR] 2.2.7.2.1."""

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.BITMAP_CACHE_HOST_SUPPORT

    cache_version: Annotated[int, u8, Pad(3)] = 1


class GlyphSupportLevel(OpenEnum):
    """Which orders that cache glyphs are supported."""

    NONE = 0x0000
    PARTIAL = 0x0001
    FULL = 0x0002
    ENCODE = 0x0003


@pdu
class CacheDefinition(Pdu):
    """Cache Definition (TS_CACHE_DEFINITION), [MS-RDPBCGR] 2.2.7.1.8.1; the cell size is in bytes."""

    cache_entries: U16
    cache_maximum_cell_size: U16


class _GlyphCaches(Codec):
    def decode_from(self, src: Cursor) -> list[CacheDefinition]:
        return [CacheDefinition.decode_from(src) for _ in range(GLYPH_CACHES)]

    def encode_into(self, dst: bytearray, value: list[CacheDefinition]) -> None:
        if len(value) != GLYPH_CACHES:
            raise EncodeError(f"there are {GLYPH_CACHES} glyph caches, not {len(value)}")
        for cache in value:
            cache.encode_into(dst)


@pdu
class GlyphCacheCapabilitySet(CapabilitySet):
    """Glyph Cache Capability Set (TS_GLYPHCACHE_CAPABILITYSET), [MS-RDPBCGR] 2.2.7.1.8."""

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.GLYPH_CACHE

    glyph_cache: Annotated[list[CacheDefinition], _GlyphCaches()]
    frag_cache: CacheDefinition
    glyph_support_level: Annotated[GlyphSupportLevel, u16, Pad(2)] = GlyphSupportLevel.NONE


@pdu
class OffscreenCapabilitySet(CapabilitySet):
    """Offscreen Bitmap Cache Capability Set (TS_OFFSCREEN_CAPABILITYSET), [MS-RDPBCGR] 2.2.7.1.9.

    The cache's size is in kilobytes.
    """

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.OFFSCREEN_CACHE

    offscreen_support_level: Annotated[bool, bool32] = False
    offscreen_cache_size: U16 = 0
    offscreen_cache_entries: U16 = 0


@pdu
class ColorTableCacheCapabilitySet(CapabilitySet):
    """Color Table Cache Capability Set (TS_COLORTABLE_CAPABILITYSET), [MS-RDPEGDI] 2.2.1.1."""

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.COLOR_CACHE

    color_table_cache_size: Annotated[int, u16, Pad(2)] = 6


class DrawNineGridSupportLevel(OpenEnum):
    """Which orders that draw nine-grids are supported."""

    NO_SUPPORT = 0x00000000
    SUPPORTED = 0x00000001
    SUPPORTED_REV2 = 0x00000002


@pdu
class DrawNineGridCacheCapabilitySet(CapabilitySet):
    """DrawNineGrid Cache Capability Set (TS_DRAW_NINEGRID_CAPABILITYSET), [MS-RDPEGDI] 2.2.1.2.

    The cache's size is in kilobytes.
    """

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.DRAW_NINEGRID_CACHE

    draw_nine_grid_support_level: Annotated[DrawNineGridSupportLevel, u32] = DrawNineGridSupportLevel.NO_SUPPORT
    draw_nine_grid_cache_size: U16 = 0
    draw_nine_grid_cache_entries: U16 = 0


@pdu
class GdiPlusCacheEntries(Pdu):
    """GDI+ Cache Entries (TS_GDIPLUS_CACHE_ENTRIES), [MS-RDPEGDI] 2.2.1.3.1."""

    gdip_graphics_cache_entries: U16 = 0
    gdip_brush_cache_entries: U16 = 0
    gdip_pen_cache_entries: U16 = 0
    gdip_image_cache_entries: U16 = 0
    gdip_image_attributes_cache_entries: U16 = 0


@pdu
class GdiPlusCacheChunkSize(Pdu):
    """GDI+ Cache Chunk Size (TS_GDIPLUS_CACHE_CHUNK_SIZE), [MS-RDPEGDI] 2.2.1.3.2."""

    gdip_graphics_cache_chunk_size: U16 = 0
    gdip_object_brush_cache_chunk_size: U16 = 0
    gdip_object_pen_cache_chunk_size: U16 = 0
    gdip_object_image_attributes_cache_chunk_size: U16 = 0


@pdu
class GdiPlusImageCacheProperties(Pdu):
    """GDI+ Image Cache Properties (TS_GDIPLUS_IMAGE_CACHE_PROPERTIES), [MS-RDPEGDI] 2.2.1.3.3."""

    gdip_object_image_cache_chunk_size: U16 = 0
    gdip_object_image_cache_total_size: U16 = 0
    gdip_object_image_cache_max_size: U16 = 0


@pdu
class DrawGdiPlusCapabilitySet(CapabilitySet):
    """Draw GDI+ Capability Set (TS_DRAW_GDIPLUS_CAPABILITYSET), [MS-RDPEGDI] 2.2.1.3.

    Windows servers leave all but the support level uninitialized.
    """

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.DRAW_GDIPLUS

    draw_gdi_plus_support_level: U32 = 0
    gdip_version: U32 = 0
    draw_gdiplus_cache_level: U32 = 0
    gdip_cache_entries: GdiPlusCacheEntries
    gdip_cache_chunk_size: GdiPlusCacheChunkSize
    gdip_image_cache_properties: GdiPlusImageCacheProperties
