"""Uncompressed bitmaps, [MS-RDPBCGR] 2.2.9.1.1.3.1.2.2, and the pixel formats of programs, to and from BGRX surfaces.

A surface is any writable contiguous buffer with `stride` bytes to a row, top-down, four bytes to a pixel: B, G, R, 255.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_rdp.codecs.kernels import pixels as kernel
from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.codecs.status import check, check_size

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable, Writable

__all__ = ["convert_into", "draw_raw", "encode_raw"]

_PDU = "BitmapData"
_NUMBERS = {member: number for number, member in enumerate(PixelFormat)}


def draw_raw(
    data: Readable,
    surface: Writable,
    stride: int,
    x: int,
    y: int,
    visible_width: int,
    visible_height: int,
    width: int,
    height: int,
    bits_per_pixel: int,
    palette: Readable | None = None,
    *,
    top_down: bool = False,
) -> None:
    """Draw the top left visible part of an uncompressed bitmap of 8, 15, 16, 24 or 32 bits per pixel at `x`, `y`.

    "Uncompressed bitmap data is formatted as a bottom-up, left-to-right series of pixels [...]. Each row contains a
    multiple of four bytes"; surface bits come `top_down`.  `palette` holds 256 BGRX colours, for 8 bits only.  Raises
    `Truncated`, and then nothing was drawn; `ValueError` when the visible part does not lie in the surface.  Releases
    the GIL.
    """
    _check_depth(bits_per_pixel, (8, 15, 16, 24, 32))
    check_size(width, height, _PDU)
    if bits_per_pixel == 8 and palette is None:
        raise ValueError("a bitmap of 8 bits per pixel needs a palette")
    status = kernel.raw(
        data, surface, stride, x, y, visible_width, visible_height, width, height, bits_per_pixel, palette, top_down
    )
    check(status, _PDU)


def encode_raw(
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
    bits_per_pixel: int,
    *,
    top_down: bool = False,
) -> bytes:
    """Make an uncompressed bitmap of 15, 16, 24 or 32 bits per pixel, rows padded to four bytes, from a rectangle.

    Releases the GIL.
    """
    _check_depth(bits_per_pixel, (15, 16, 24, 32))
    return kernel.encode_raw(surface, stride, x, y, width, height, bits_per_pixel, top_down)


def convert_into(
    pixels: Readable,
    format: PixelFormat,  # noqa: A002
    src_stride: int,
    surface: Writable,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
) -> None:
    """Draw a top-down image of any `PixelFormat` at `x`, `y` of a BGRX surface; alpha is dropped.

    Raises `ValueError` when the image does not lie in `pixels`, or its place not in the surface.  Releases the GIL.
    """
    kernel.convert(pixels, _NUMBERS[format], src_stride, surface, stride, x, y, width, height)


def _check_depth(bits_per_pixel: int, depths: tuple[int, ...]) -> None:
    if bits_per_pixel not in depths:
        raise ValueError(f"no uncompressed bitmaps of {bits_per_pixel} bits per pixel here")
