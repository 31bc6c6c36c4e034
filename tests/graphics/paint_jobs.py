"""Paint jobs of one bitmap, as tests want them."""

from __future__ import annotations

from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import Compression, DrawBitmaps, DrawSurfaceBits
from trio_rdp.pdu.bitmap import BitmapData, BitmapFlags
from trio_rdp.pdu.surface import ExtendedBitmapData, SetSurfaceBitsCommand

__all__ = ["draw_bitmap", "draw_surface_bits", "place_of"]


def draw_bitmap(
    rect: Rect, width: int, height: int, bits_per_pixel: int, compression: Compression, data: bytes
) -> DrawBitmaps:
    compressed = BitmapFlags.BITMAP_COMPRESSION | BitmapFlags.NO_BITMAP_COMPRESSION_HDR
    bitmap = BitmapData(
        dest_left=rect.left,
        dest_top=rect.top,
        dest_right=rect.right - 1,
        dest_bottom=rect.bottom - 1,
        width=width,
        height=height,
        bits_per_pixel=bits_per_pixel,
        flags=BitmapFlags(0) if compression is Compression.RAW else compressed,
        bitmap_data_stream=data,
    )
    return DrawBitmaps([bitmap], compression, bits_per_pixel)


def draw_surface_bits(
    rect: Rect, width: int, height: int, bits_per_pixel: int, codec_id: int, data: bytes
) -> DrawSurfaceBits:
    bitmap = ExtendedBitmapData(bpp=bits_per_pixel, codec_id=codec_id, width=width, height=height, bitmap_data=data)
    command = SetSurfaceBitsCommand(
        dest_left=rect.left,
        dest_top=rect.top,
        dest_right=rect.right,
        dest_bottom=rect.bottom,
        bitmap_data=bitmap,
    )
    return DrawSurfaceBits([command], codec_id)


def place_of(bitmap: BitmapData) -> Rect:
    """Where a bitmap is drawn."""
    return Rect.from_edges(bitmap.dest_left, bitmap.dest_top, bitmap.dest_right + 1, bitmap.dest_bottom + 1)
