"""The "Quite OK Image" format in plain Python, qoiformat.org: a header, chunks of pixels, an end marker."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from typing import Final

from trio_rdp.codecs.plain.batches import decode_each, encode_each
from trio_rdp.codecs.plain.buffers import Readable, check_bitmap, check_region, view
from trio_rdp.codecs.status import INVALID, OVERRUN, TRUNCATED

__all__ = ["decode_all", "decode_into", "encode", "encode_all"]

INDEX, DIFF, LUMA, RUN = 0x00, 0x40, 0x80, 0xC0
RGB, RGBA = 0xFE, 0xFF
HEADER: Final = struct.Struct(">4sIIBB")
END: Final = b"\0\0\0\0\0\0\0\1"
LONGEST_RUN: Final = 62


def _place(red: int, green: int, blue: int, alpha: int) -> int:
    return (red * 3 + green * 5 + blue * 7 + alpha * 11) % 64


def decode_into(
    data: Readable,
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    visible_width: int,
    visible_height: int,
    width: int,
    height: int,
    keep_alpha: bool,
) -> int:
    """Decode, and draw the visible part at `x`, `y`; with a status, rows above the fault may have been drawn."""
    check_bitmap(width, height)
    visible_width, visible_height = min(visible_width, width), min(visible_height, height)
    target = view(surface)
    check_region(len(target), stride, x, y, visible_width, visible_height, 4)
    src = view(data)
    if len(src) < HEADER.size:
        return TRUNCATED
    magic, columns, rows, channels, _ = HEADER.unpack_from(src)
    if magic != b"qoif" or (columns, rows) != (width, height) or channels not in (3, 4):
        return INVALID
    seen = [(0, 0, 0, 0)] * 64
    pixel = (0, 0, 0, 255)
    at, run = HEADER.size, 0
    for row in range(height):
        line = bytearray()
        while len(line) < width * 4:
            if not run:
                start = at
                at, run, pixel = _chunk(src, at, pixel, seen)
                if at < 0:
                    return at
                if src[start] >= DIFF:
                    seen[_place(*pixel)] = pixel
            piece = min(run, width - len(line) // 4)
            red, green, blue, alpha = pixel
            line += bytes((blue, green, red, alpha if keep_alpha else 255)) * piece
            run -= piece
        if row < visible_height:
            place = (y + row) * stride + x * 4
            target[place : place + visible_width * 4] = line[: visible_width * 4]
    if run:
        return OVERRUN
    if len(src) - at < len(END):
        return TRUNCATED
    return width * height if bytes(src[at : at + len(END)]) == END else INVALID


def decode_all(
    bitmaps: Sequence[bytes],
    table: array[int],
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
    keep_alpha: bool,
) -> int:
    """Decode bitmaps, each to its place; return their count, or the status of the first that is wrong."""
    return decode_each(decode_into, bitmaps, table, surface, stride, x, y, width, height, keep_alpha)


def _chunk(
    src: memoryview, at: int, pixel: tuple[int, int, int, int], seen: list[tuple[int, int, int, int]]
) -> tuple[int, int, tuple[int, int, int, int]]:
    """Where the next chunk begins, or a status; how many pixels this one gives; and which."""
    # A chunk has up to five bytes; the end marker stands behind every one, so no chunk ends the stream.
    if len(src) - at < 5:
        return TRUNCATED, 0, pixel
    red, green, blue, alpha = pixel
    tag = src[at]
    if tag == RGB:
        return at + 4, 1, (src[at + 1], src[at + 2], src[at + 3], alpha)
    if tag == RGBA:
        return at + 5, 1, (src[at + 1], src[at + 2], src[at + 3], src[at + 4])
    kind, value = tag & 0xC0, tag & 0x3F
    if kind == INDEX:
        return at + 1, 1, seen[value]
    if kind == RUN:
        return at + 1, value + 1, pixel
    if kind == DIFF:
        dr, dg, db = (value >> 4) - 2, (value >> 2 & 3) - 2, (value & 3) - 2
        at += 1
    else:
        dg = value - 32
        dr, db = dg + (src[at + 1] >> 4) - 8, dg + (src[at + 1] & 15) - 8
        at += 2
    return at, 1, (red + dr & 255, green + dg & 255, blue + db & 255, alpha)


def encode(surface: Readable, stride: int, x: int, y: int, width: int, height: int, with_alpha: bool) -> bytes:
    """Encode a rectangle of a BGRA surface; without alpha as three channels."""
    check_bitmap(width, height)
    source = view(surface)
    check_region(len(source), stride, x, y, width, height, 4)
    out = bytearray(HEADER.pack(b"qoif", width, height, 4 if with_alpha else 3, 0))
    seen = [(0, 0, 0, 0)] * 64
    last = (0, 0, 0, 255)
    run = 0
    for row in range(height):
        place = (y + row) * stride + x * 4
        line = bytes(source[place : place + width * 4])
        for blue, green, red, alpha in zip(line[0::4], line[1::4], line[2::4], line[3::4], strict=True):
            pixel = (red, green, blue, alpha if with_alpha else 255)
            if pixel == last:
                run += 1
                if run == LONGEST_RUN:
                    out.append(RUN | run - 1)
                    run = 0
                continue
            if run:
                out.append(RUN | run - 1)
                run = 0
            index = _place(*pixel)
            if seen[index] == pixel:
                out.append(INDEX | index)
            else:
                seen[index] = pixel
                out += _difference(pixel, last)
            last = pixel
    if run:
        out.append(RUN | run - 1)
    return bytes(out + END)


def encode_all(
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
    table: array[int],
    with_alpha: bool,
) -> list[bytes]:
    """Encode each rectangle of a view by itself."""
    return encode_each(encode, surface, stride, x, y, width, height, 4, table, with_alpha)


def _difference(pixel: tuple[int, int, int, int], last: tuple[int, int, int, int]) -> bytes:
    red, green, blue, alpha = pixel
    if alpha != last[3]:
        return bytes((RGBA, red, green, blue, alpha))
    dr, dg, db = ((new - old + 128 & 255) - 128 for new, old in zip(pixel[:3], last[:3], strict=True))
    if -2 <= dr < 2 and -2 <= dg < 2 and -2 <= db < 2:
        return bytes((DIFF | dr + 2 << 4 | dg + 2 << 2 | db + 2,))
    # The differences to green's wrap around too, as the pixel's own do.
    dr, db = (dr - dg + 128 & 255) - 128, (db - dg + 128 & 255) - 128
    if -32 <= dg < 32 and -8 <= dr < 8 and -8 <= db < 8:
        return bytes((LUMA | dg + 32, dr + 8 << 4 | db + 8))
    return bytes((RGB, red, green, blue))
