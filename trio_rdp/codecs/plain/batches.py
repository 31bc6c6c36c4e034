"""Whole updates in plain Python: bitmaps at their places in a view, and the rectangles of one, one after the other."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from typing import Final

from trio_rdp.codecs.plain.buffers import Readable, check_bitmap, check_region, view
from trio_rdp.codecs.status import INVALID, MAX_PIXELS

__all__ = ["decode_each", "encode_each"]

# The columns of the tables, each a 32-bit number: x, y, shown width and height, width and height; x, y, width, height.
_PLACE: Final = 6
_RECTANGLE: Final = 4


def _rows(table: array[int], columns: int) -> list[list[int]]:
    values = memoryview(table).tolist()
    if len(values) % columns:
        raise ValueError(f"a row of the table has {columns} numbers")
    return [values[start : start + columns] for start in range(0, len(values), columns)]


def decode_each(
    decode_into: Callable[..., int],
    bitmaps: Iterable[bytes],
    table: array[int],
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
    *options: object,
) -> int:
    """Draw bitmaps, each at its place in the view; return their count, or the status of the first that is wrong.

    Those before it are drawn.  Of each at most as much is drawn as is to be shown, and as lies in the view.
    """
    bitmaps = tuple(bitmaps)
    if any(type(data) is not bytes for data in bitmaps):
        raise TypeError("bitmaps are bytes")
    places = _rows(table, _PLACE)
    if len(places) != len(bitmaps):
        raise ValueError("as many places as bitmaps")
    if any(min(place[:4]) < 0 for place in places):
        raise ValueError("a place is negative")
    check_region(len(view(surface)), stride, x, y, width, height, 4)
    for data, (left, top, shown_width, shown_height, columns, rows) in zip(bitmaps, places, strict=True):
        if columns < 1 or rows < 1 or columns * rows > MAX_PIXELS:
            return INVALID
        shown_width, shown_height = min(shown_width, columns, width - left), min(shown_height, rows, height - top)
        if shown_width <= 0 or shown_height <= 0:
            left = top = shown_width = shown_height = 0
        place = (x + left, y + top, shown_width, shown_height, columns, rows)
        status = decode_into(data, surface, stride, *place, *options)
        if status < 0:
            return status
    return len(bitmaps)


def encode_each(
    encode: Callable[..., bytes],
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
    pixel: int,
    table: array[int],
    *options: object,
) -> list[bytes]:
    """Encode each rectangle of the view by itself; `pixel` is the bytes of one in the surface."""
    rectangles = _rows(table, _RECTANGLE)
    for left, top, columns, rows in rectangles:
        check_bitmap(columns, rows)
        if left < 0 or top < 0 or columns > width - left or rows > height - top:
            raise ValueError("a rectangle does not lie in the view")
    check_region(len(view(surface)), stride, x, y, width, height, pixel)
    return [encode(surface, stride, x + left, y + top, *size, *options) for left, top, *size in rectangles]
