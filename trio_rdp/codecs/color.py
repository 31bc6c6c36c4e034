"""Colour spaces: planes of YUV and of RemoteFX's YCbCr, to and from BGRX surfaces.

YUV is full-range BT.709, [MS-RDPEGFX] 3.3.8.3.1, with chroma for every pixel (4:4:4) or for every four (4:2:0).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from trio_rdp.codecs.kernels import color as kernel
from trio_rdp.codecs.plain.buffers import view as bytes_of
from trio_rdp.codecs.view import View

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable, Writable

__all__ = ["Yuv", "combine", "draw_ycbcr", "draw_yuv", "separate", "split_ycbcr", "split_yuv"]


class Yuv(NamedTuple):
    """Three planes of samples, rows `y_stride` and `uv_stride` bytes apart; with `half` chroma is of every four."""

    y: Writable
    u: Writable
    v: Writable
    y_stride: int
    uv_stride: int
    width: int
    height: int
    half: bool

    @classmethod
    def blank(cls, width: int, height: int, *, half: bool) -> Yuv:
        """Make planes that hold nothing yet."""
        columns, rows = ((width + 1) // 2, (height + 1) // 2) if half else (width, height)
        luma, blue, red = bytearray(width * height), bytearray(columns * rows), bytearray(columns * rows)
        return cls(luma, blue, red, width, columns, width, height, half)


def draw_yuv(
    planes: Yuv,
    view: View,
    rects: Iterable[tuple[int, int, int, int]] | None = None,
    *,
    means: bool = False,
) -> None:
    """Draw `rects` (left, top, right, bottom, in both), by default everything, as far as there are samples and room.

    A chroma sample of 4:2:0 is that of all four pixels.  With `means`, where those of 4:4:4 came from `combine`, the
    upper left of four samples is worked out from their mean if it differs from that by 30 or more: "a cutoff threshold
    of 30 is used for this purpose", [MS-RDPEGFX] 3.3.8.3.2.  Releases the GIL.
    """
    edges = [(0, 0, planes.width, planes.height)] if rects is None else rects
    packed = b"".join(struct.pack("<4i", *rect) for rect in edges)
    y, u, v, y_stride, uv_stride, width, height, half = planes
    kernel.draw(y, u, v, y_stride, uv_stride, width, height, half, means, *view, packed)


def split_yuv(view: View, planes: Yuv, rects: Iterable[tuple[int, int, int, int]] | None = None) -> None:
    """Fill planes that are as large as the view or larger, where its last column and row are repeated.

    With `rects` (left, top, right, bottom), only the samples of what is in these.  The chroma of 4:2:0 is that of the
    mean of four pixels; such planes have an even width and height.  Releases the GIL.
    """
    y, u, v, y_stride, uv_stride, width, height, half = planes
    if rects is None:
        kernel.split(*view, y, u, v, y_stride, uv_stride, width, height, half)
        return
    if width < view.width or height < view.height:
        raise ValueError("planes are as large as the picture, and even where chroma is halved")
    luma, blue, red = bytes_of(y), bytes_of(u), bytes_of(v)
    for rect in rects:
        # Whole fours; at the right and at the bottom all that repeats the last column and row.
        left, top = max(rect[0], 0) & ~1, max(rect[1], 0) & ~1
        right, bottom = rect[2] + 1 & ~1, rect[3] + 1 & ~1
        right, bottom = width if right >= view.width else right, height if bottom >= view.height else bottom
        columns, rows = min(right, view.width) - left, min(bottom, view.height) - top
        if columns <= 0 or rows <= 0:
            continue
        part = view._replace(x=view.x + left, y=view.y + top, width=columns, height=rows)
        at = top * y_stride + left
        chroma = (top >> 1) * uv_stride + (left >> 1) if half else top * uv_stride + left
        sizes = y_stride, uv_stride, right - left, bottom - top, half
        kernel.split(*part, luma[at:], blue[chroma:], red[chroma:], *sizes)


def combine(
    main: Yuv, auxiliary: Yuv, u: Writable, v: Writable, version: int, rows: tuple[int, int] | None = None
) -> None:
    """Fill `u` and `v`, full planes without gaps, from the two 4:2:0 views of a picture, or some rows of them.

    Luma is the main view's.  `version` is 1 for AVC444 and 2 for AVC444v2; the views are whole macroblocks of 16.  The
    upper left of four samples is their mean still: draw with `means`.  Releases the GIL.
    """
    _check_alike(main, auxiliary)
    top, bottom = rows or (0, main.height)
    y, blue, red, y_stride, uv_stride, width, height, _ = auxiliary
    kernel.combine(
        main.u, main.v, main.uv_stride, y, blue, red, y_stride, uv_stride, width, height, version, u, v, top, bottom
    )


def separate(full: Yuv, main: Yuv, auxiliary: Yuv, version: int, rows: tuple[int, int] | None = None) -> None:
    """Fill the chroma of the main view, and the auxiliary view, from 4:4:4 planes without gaps, or some rows of them.

    Luma is the same in `full` and `main`, and is left to the caller.  Releases the GIL.
    """
    _check_alike(main, auxiliary)
    if full.half or (full.width, full.height, full.uv_stride) != (main.width, main.height, main.width):
        raise ValueError("the full planes are 4:4:4, as large as the views and without gaps")
    top, bottom = rows or (0, main.height)
    y, blue, red, y_stride, uv_stride, width, height, _ = auxiliary
    chroma = main.u, main.v, main.uv_stride
    kernel.separate(full.u, full.v, width, height, version, *chroma, y, blue, red, y_stride, uv_stride, top, bottom)


def _check_alike(main: Yuv, auxiliary: Yuv) -> None:
    if not main.half or not auxiliary.half or main[5:7] != auxiliary[5:7]:
        raise ValueError("the views are 4:2:0 and of one size")


def draw_ycbcr(y: Readable, cb: Readable, cr: Readable, view: View) -> None:
    """Draw planes of RemoteFX's components: signed 16-bit numbers, 32nds, luma less 128, [MS-RDPRFX] 3.1.8.2.5."""
    kernel.draw_ycbcr(y, cb, cr, *view)


def split_ycbcr(view: View) -> tuple[bytearray, bytearray, bytearray]:
    """Give the planes of RemoteFX's components of a view, [MS-RDPRFX] 3.1.8.1.3."""
    planes = tuple(bytearray(view.width * view.height * 2) for _ in range(3))
    kernel.split_ycbcr(*view, *planes)
    return planes[0], planes[1], planes[2]
