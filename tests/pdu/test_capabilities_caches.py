"""Sets of the document's own example, [MS-RDPBCGR] 4.1.13, without type and length, where it has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu import capabilities_caches as sets
from trio_rdp.pdu.capabilities_base import CapabilitySet
from trio_rdp.wire.errors import EncodeError, InvalidField

CLASSES = [
    value
    for value in vars(sets).values()
    if isinstance(value, type) and issubclass(value, CapabilitySet) and value is not CapabilitySet
]


def test_bitmap_cache() -> None:
    raw = bytes(24) + bytes.fromhex(  # pad1 to pad6
        "c800 0002"  # Cache0Entries = 200, Cache0MaximumCellSize = 512
        "5802 0008"  # Cache1Entries = 600, Cache1MaximumCellSize = 2048
        "e803 0020"  # Cache2Entries = 1000, Cache2MaximumCellSize = 8192
    )
    caches = sets.BitmapCacheCapabilitySet(
        cache0_entries=200,
        cache0_maximum_cell_size=512,
        cache1_entries=600,
        cache1_maximum_cell_size=2048,
        cache2_entries=1000,
        cache2_maximum_cell_size=8192,
    )
    same(raw, caches)
    every_truncation_raises(sets.BitmapCacheCapabilitySet, raw)


REV2 = bytes.fromhex(
    "0300"  # CacheFlags = PERSISTENT_KEYS_EXPECTED_FLAG | ALLOW_CACHE_WAITING_LIST_FLAG
    "00"  # Pad2
    "03"  # NumCellCaches = 3
    "78000000"  # BitmapCache0CellInfo: 120 entries
    "78000000"  # BitmapCache1CellInfo: 120 entries
    "fb090080"  # BitmapCache2CellInfo: 2555 entries, persistent
    "00000000"  # BitmapCache3CellInfo
    "00000000"  # BitmapCache4CellInfo
    "000000000000000000000000"  # Pad3
)


def test_bitmap_cache_rev2() -> None:
    cell = sets.BitmapCacheCellInfo
    same(
        REV2,
        sets.BitmapCacheRev2CapabilitySet(
            cache_flags=sets.CacheFlags.PERSISTENT_KEYS_EXPECTED | sets.CacheFlags.ALLOW_CACHE_WAITING_LIST,
            bitmap_cache_cell_info=[cell(num_entries=120), cell(num_entries=120), cell(num_entries=2555, k=True)],
        ),
    )
    every_truncation_raises(sets.BitmapCacheRev2CapabilitySet, REV2)


def test_there_are_at_most_five_cell_caches() -> None:
    with pytest.raises(InvalidField, match="6 bitmap caches exceed 5"):
        sets.BitmapCacheRev2CapabilitySet.decode(REV2[:3] + b"\x06" + REV2[4:])
    cells = [sets.BitmapCacheCellInfo(num_entries=1)] * 6
    with pytest.raises(EncodeError, match="6 bitmap caches exceed 5"):
        sets.BitmapCacheRev2CapabilitySet(bitmap_cache_cell_info=cells).encode()


def test_cell_info() -> None:
    same(b"\xff\xff\xff\xff", sets.BitmapCacheCellInfo(num_entries=0x7FFFFFFF, k=True))
    every_truncation_raises(sets.BitmapCacheCellInfo, bytes(4))
    with pytest.raises(EncodeError):
        sets.BitmapCacheCellInfo(num_entries=0x80000000).encode()


def test_bitmap_cache_host_support() -> None:
    same(bytes.fromhex("01 00 0000"), sets.BitmapCacheHostSupportCapabilitySet())
    every_truncation_raises(sets.BitmapCacheHostSupportCapabilitySet, bytes(4))


def test_glyph_cache() -> None:
    raw = bytes.fromhex(
        "fe000400 fe000400 fe000800 fe000800 fe001000 fe002000 fe004000 fe008000 fe000001 40000008"  # GlyphCache
        "00010001"  # FragCache: 256 entries of 256 bytes
        "0300"  # GlyphSupportLevel = GLYPH_SUPPORT_ENCODE
        "0000"  # pad2octets
    )
    sizes = [4, 4, 8, 8, 16, 32, 64, 128, 256]
    caches = [sets.CacheDefinition(cache_entries=254, cache_maximum_cell_size=size) for size in sizes]
    caches.append(sets.CacheDefinition(cache_entries=64, cache_maximum_cell_size=2048))
    fragments = sets.CacheDefinition(cache_entries=256, cache_maximum_cell_size=256)
    glyphs = sets.GlyphCacheCapabilitySet(
        glyph_cache=caches, frag_cache=fragments, glyph_support_level=sets.GlyphSupportLevel.ENCODE
    )
    same(raw, glyphs)
    every_truncation_raises(sets.GlyphCacheCapabilitySet, raw)
    with pytest.raises(EncodeError, match="there are 10 glyph caches, not 1"):
        sets.GlyphCacheCapabilitySet(glyph_cache=[fragments], frag_cache=fragments).encode()


def test_offscreen() -> None:
    raw = bytes.fromhex("01000000 001e 6400")  # offscreenSupportLevel = TRUE, 7680 kB, 100 entries
    same(
        raw,
        sets.OffscreenCapabilitySet(
            offscreen_support_level=True, offscreen_cache_size=7680, offscreen_cache_entries=100
        ),
    )
    every_truncation_raises(sets.OffscreenCapabilitySet, raw)


def test_color_table_cache() -> None:
    same(bytes.fromhex("0600 0000"), sets.ColorTableCacheCapabilitySet())
    every_truncation_raises(sets.ColorTableCacheCapabilitySet, bytes(4))


def test_draw_nine_grid_cache() -> None:
    raw = bytes.fromhex("02000000 000a 0001")  # DRAW_NINEGRID_SUPPORTED_REV2, 2560 kB, 256 entries
    same(
        raw,
        sets.DrawNineGridCacheCapabilitySet(
            draw_nine_grid_support_level=sets.DrawNineGridSupportLevel.SUPPORTED_REV2,
            draw_nine_grid_cache_size=2560,
            draw_nine_grid_cache_entries=256,
        ),
    )
    every_truncation_raises(sets.DrawNineGridCacheCapabilitySet, raw)


def test_draw_gdi_plus() -> None:
    """[MS-RDPBCGR] 4.1.12, where the server leaves most fields uninitialized."""
    raw = bytes.fromhex(
        "00000000"  # drawGdiplusSupportLevel = TS_DRAW_GDIPLUS_DEFAULT
        "70f613f3"  # GdipVersion
        "01000000"  # drawGdiplusCacheLevel = TS_DRAW_GDIPLUS_CACHE_LEVEL_ONE
        "0100 0000 1800 0000 9cf6"  # GdipCacheEntries: graphics, brush, pen, image, image attributes
        "13f3 61a6 8280 0000"  # GdipCacheChunkSize: graphics, brush, pen, image attributes
        "0000 0050 91bf"  # GdipImageCacheProperties: chunk size, total size, max size
    )
    same(
        raw,
        sets.DrawGdiPlusCapabilitySet(
            gdip_version=0xF313F670,
            draw_gdiplus_cache_level=1,
            gdip_cache_entries=sets.GdiPlusCacheEntries(
                gdip_graphics_cache_entries=1, gdip_pen_cache_entries=24, gdip_image_attributes_cache_entries=0xF69C
            ),
            gdip_cache_chunk_size=sets.GdiPlusCacheChunkSize(
                gdip_graphics_cache_chunk_size=0xF313,
                gdip_object_brush_cache_chunk_size=0xA661,
                gdip_object_pen_cache_chunk_size=0x8082,
            ),
            gdip_image_cache_properties=sets.GdiPlusImageCacheProperties(
                gdip_object_image_cache_total_size=0x5000, gdip_object_image_cache_max_size=0xBF91
            ),
        ),
    )
    every_truncation_raises(sets.DrawGdiPlusCapabilitySet, raw)


@given(st.sampled_from(CLASSES), st.binary(max_size=60))
def test_any_bytes(cls: type[CapabilitySet], raw: bytes) -> None:
    value_or_error(cls, raw)
