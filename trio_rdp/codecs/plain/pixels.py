"""Pixel formats in plain Python: each conversion is said once, for one row.

Five and six bits become eight by repeating the high bits, so that black stays black and white white; eight become five
or six by dropping the low bits, so that there and back changes nothing.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final

from trio_rdp.codecs.plain.batches import decode_each, encode_each
from trio_rdp.codecs.plain.buffers import Readable, Writable, check_bitmap, check_region, view
from trio_rdp.codecs.status import TRUNCATED

__all__ = [
    "FORMATS",
    "convert",
    "convert_back",
    "encode_raw",
    "encode_raw_all",
    "pack_row",
    "palette_of",
    "raw",
    "raw_all",
    "unpack_row",
]

# Where blue, green and red lie in a pixel of each format of more than 16 bits.
_PLACES: Final = {
    "BGRA32": (0, 1, 2),
    "ABGR32": (1, 2, 3),
    "RGBA32": (2, 1, 0),
    "ARGB32": (3, 2, 1),
    "BGR24": (0, 1, 2),
    "RGB24": (2, 1, 0),
}
# The numbers by which the kernels know the formats.
FORMATS: Final = ("BGRA32", "ABGR32", "RGBA32", "ARGB32", "BGR24", "RGB24", "BGR16", "RGB16")


def _five(value: int) -> int:
    return value << 3 | value >> 2


def _six(value: int) -> int:
    return value << 2 | value >> 4


def _join(blue: bytes | bytearray, green: bytes | bytearray, red: bytes | bytearray) -> bytearray:
    row = bytearray(b"\xff") * (4 * len(blue))
    row[0::4], row[1::4], row[2::4] = blue, green, red
    return row


def _numbers(row: bytes | bytearray | memoryview) -> list[int]:
    return [low | high << 8 for low, high in zip(row[0::2], row[1::2], strict=True)]


def unpack_row(row: bytes | bytearray | memoryview, bits_per_pixel: int, palette: bytes = b"") -> bytearray:
    """Bring a row of native pixels to BGRX with 255 in the fourth byte."""
    if bits_per_pixel == 8:
        return _join(*(bytes(row).translate(palette[channel:1024:4]) for channel in range(3)))
    if bits_per_pixel == 15:
        values = _numbers(row)
        channels = ([_five(v >> shift & 31) for v in values] for shift in (0, 5, 10))
        return _join(*map(bytes, channels))
    if bits_per_pixel == 16:
        return _unpack_565(_numbers(row), 0, 11)
    wide = bits_per_pixel // 8
    return _join(bytes(row[0::wide]), bytes(row[1::wide]), bytes(row[2::wide]))


def _unpack_565(values: list[int], blue: int, red: int) -> bytearray:
    return _join(
        bytes(_five(v >> blue & 31) for v in values),
        bytes(_six(v >> 5 & 63) for v in values),
        bytes(_five(v >> red & 31) for v in values),
    )


def pack_row(row: bytes, bits_per_pixel: int) -> bytes:
    """Bring a row of BGRX to native pixels; at 32 bits it stays as it is."""
    if bits_per_pixel == 32:
        return row
    blue, green, red = row[0::4], row[1::4], row[2::4]
    if bits_per_pixel == 24:
        packed = bytearray(3 * len(blue))
        packed[0::3], packed[1::3], packed[2::3] = blue, green, red
        return bytes(packed)
    if bits_per_pixel == 15:
        values = [(r >> 3) << 10 | (g >> 3) << 5 | b >> 3 for b, g, r in zip(blue, green, red, strict=True)]
    else:
        values = [(r >> 3) << 11 | (g >> 2) << 5 | b >> 3 for b, g, r in zip(blue, green, red, strict=True)]
    return b"".join(value.to_bytes(2, "little") for value in values)


def palette_of(palette: Readable | None, bits_per_pixel: int) -> bytes:
    """Copy a palette, which only pixels of 8 bits have."""
    colours = bytes(view(palette)) if palette is not None and bits_per_pixel == 8 else b""
    if bits_per_pixel == 8 and len(colours) < 1024:
        raise ValueError("a palette has 1024 bytes")
    return colours


def raw(
    data: Readable,
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    visible_width: int,
    visible_height: int,
    width: int,
    height: int,
    bits_per_pixel: int,
    palette: Readable | None,
    top_down: bool,
) -> int:
    """Draw the visible part of an uncompressed bitmap, whose rows begin at multiples of four bytes."""
    check_bitmap(width, height)
    visible_width, visible_height = min(visible_width, width), min(visible_height, height)
    colours = palette_of(palette, bits_per_pixel)
    source, target = view(data), view(surface)
    check_region(len(target), stride, x, y, visible_width, visible_height, 4)
    wide = (bits_per_pixel + 7) // 8
    pitch = (width * wide + 3) & ~3
    if len(source) < (height - 1) * pitch + width * wide:
        return TRUNCATED
    for row in range(visible_height):
        start = (row if top_down else height - 1 - row) * pitch
        place = (y + row) * stride + x * 4
        line = unpack_row(bytes(source[start : start + visible_width * wide]), bits_per_pixel, colours)
        target[place : place + visible_width * 4] = line
    return width * height


def raw_all(
    bitmaps: Sequence[bytes],
    table: array[int],
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
    bits_per_pixel: int,
    palette: Readable | None,
    top_down: bool,
) -> int:
    """Draw uncompressed bitmaps, each at its place; return their count, or the status of the first that is wrong."""
    options = (bits_per_pixel, palette_of(palette, bits_per_pixel), top_down)
    return decode_each(raw, bitmaps, table, surface, stride, x, y, width, height, *options)


def encode_raw(
    surface: Readable, stride: int, x: int, y: int, width: int, height: int, bits_per_pixel: int, top_down: bool
) -> bytes:
    """Make an uncompressed bitmap, whose rows begin at multiples of four bytes."""
    check_bitmap(width, height)
    source = view(surface)
    check_region(len(source), stride, x, y, width, height, 4)
    pad = bytes(-width * ((bits_per_pixel + 7) // 8) % 4)
    rows = range(height) if top_down else reversed(range(height))
    starts = ((y + row) * stride + x * 4 for row in rows)
    return b"".join(pack_row(bytes(source[start : start + width * 4]), bits_per_pixel) + pad for start in starts)


def encode_raw_all(
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
    table: array[int],
    bits_per_pixel: int,
    top_down: bool,
) -> list[bytes]:
    """Make an uncompressed bitmap of each rectangle of a view."""
    return encode_each(encode_raw, surface, stride, x, y, width, height, 4, table, bits_per_pixel, top_down)


def convert(
    pixels: Readable,
    pixel_format: int,
    source_stride: int,
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
) -> None:
    """Draw a top-down image in one of `FORMATS`, given by its place there."""
    name = FORMATS[pixel_format]
    wide = int(name[-2:]) // 8
    source, target = view(pixels), view(surface)
    check_region(len(source), source_stride, 0, 0, width, height, wide)
    check_region(len(target), stride, x, y, width, height, 4)
    for row in range(height):
        line = bytes(source[row * source_stride : row * source_stride + width * wide])
        place = (y + row) * stride + x * 4
        target[place : place + width * 4] = _line_from(line, name, wide)


def _line_from(line: bytes, name: str, wide: int) -> bytearray:
    if wide == 2:
        return _unpack_565(_numbers(line), *((0, 11) if name == "RGB16" else (11, 0)))
    blue, green, red = _PLACES[name]
    return _join(line[blue::wide], line[green::wide], line[red::wide])


def convert_back(
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
    pixels: Writable,
    pixel_format: int,
    target_stride: int,
) -> None:
    """Fill a top-down image in one of `FORMATS`, given by its place there; where there is alpha it is 255."""
    name = FORMATS[pixel_format]
    wide = int(name[-2:]) // 8
    source, target = view(surface), view(pixels)
    check_region(len(source), stride, x, y, width, height, 4)
    check_region(len(target), target_stride, 0, 0, width, height, wide)
    for row in range(height if width else 0):
        place = (y + row) * stride + x * 4
        line = bytes(source[place : place + width * 4])
        target[row * target_stride : row * target_stride + width * wide] = _line_to(line, name, wide)


def _line_to(line: bytes, name: str, wide: int) -> bytes:
    blue, green, red = line[0::4], line[1::4], line[2::4]
    if wide == 2:
        low, high = (blue, red) if name == "RGB16" else (red, blue)
        values = ((h >> 3) << 11 | (g >> 2) << 5 | v >> 3 for v, g, h in zip(low, green, high, strict=True))
        return b"".join(value.to_bytes(2, "little") for value in values)
    out = bytearray(b"\xff") * (wide * len(blue))
    for place, channel in zip(_PLACES[name], (blue, green, red), strict=True):
        out[place::wide] = channel
    return bytes(out)
