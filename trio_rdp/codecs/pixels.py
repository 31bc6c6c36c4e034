"""Uncompressed bitmaps, [MS-RDPBCGR] 2.2.9.1.1.3.1.2.2, and the pixel formats of programs, to and from BGRX surfaces.

A surface is any writable contiguous buffer with `stride` bytes to a row, top-down, four bytes to a pixel: B, G, R, 255.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trio_rdp.codecs.batches import check_all, table
from trio_rdp.codecs.kernels import pixels as kernel
from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.codecs.status import check, check_size
from trio_rdp.codecs.view import Place, View

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable, Writable

__all__ = ["convert_from", "convert_into", "draw_raw", "draw_raw_all", "encode_raw", "encode_raw_all"]

_PDU = "BitmapData"
_NUMBERS = {member: number for number, member in enumerate(PixelFormat)}


def draw_raw(
    data: Readable,
    view: View,
    width: int,
    height: int,
    bits_per_pixel: int,
    palette: Readable | None = None,
    *,
    top_down: bool = False,
) -> None:
    """Draw what of an uncompressed bitmap, 8, 15, 16, 24 or 32 bits per pixel, the view has room for.

    "Uncompressed bitmap data is formatted as a bottom-up, left-to-right series of pixels [...]. Each row contains a
    multiple of four bytes"; surface bits come `top_down`.  `palette` holds 256 BGRX colours, for 8 bits only.  Raises
    `Truncated`, and then nothing was drawn; `ValueError` when the view does not lie in its surface.  Releases the GIL.
    """
    _check_depth(bits_per_pixel, (8, 15, 16, 24, 32))
    check_size(width, height, _PDU)
    if bits_per_pixel == 8 and palette is None:
        raise ValueError("a bitmap of 8 bits per pixel needs a palette")
    status = kernel.raw(data, *view, width, height, bits_per_pixel, palette, top_down)
    check(status, _PDU)


def draw_raw_all(
    bitmaps: Sequence[bytes],
    places: Sequence[Place],
    view: View,
    bits_per_pixel: int,
    palette: Readable | None = None,
) -> None:
    """Draw what of each uncompressed bitmap of an update is shown and lies in the view, one over the other.

    All are as in `draw_raw`, bottom-up, and each must be whole even when nothing of it is seen.  Raises `DecodeError`,
    and then those before the faulty one were drawn; `ValueError` when a place is negative, there are not as many as
    bitmaps, or the view does not lie in its surface, and then nothing was.  Releases the GIL, once.
    """
    _check_depth(bits_per_pixel, (8, 15, 16, 24, 32))
    if bits_per_pixel == 8 and palette is None:
        raise ValueError("a bitmap of 8 bits per pixel needs a palette")
    check_all(kernel.raw_all(bitmaps, table(places), *view, bits_per_pixel, palette, False), places, _PDU)


def encode_raw(
    view: View,
    bits_per_pixel: int,
    *,
    top_down: bool = False,
) -> bytes:
    """Make an uncompressed bitmap of 15, 16, 24 or 32 bits per pixel, rows padded to four bytes, of a view.

    Releases the GIL.
    """
    _check_depth(bits_per_pixel, (15, 16, 24, 32))
    return kernel.encode_raw(*view, bits_per_pixel, top_down)


def encode_raw_all(view: View, rects: Sequence[tuple[int, int, int, int]], bits_per_pixel: int) -> list[bytes]:
    """Make an uncompressed bitmap, bottom-up, of each rectangle (x, y, width, height in the view).

    Each is what `encode_raw` makes of it.  Raises `ValueError` for a rectangle that is empty or does not lie in the
    view.  Releases the GIL, once.
    """
    _check_depth(bits_per_pixel, (15, 16, 24, 32))
    return kernel.encode_raw_all(*view, table(rects), bits_per_pixel, False)


def convert_into(
    pixels: Readable,
    format: PixelFormat,  # noqa: A002
    src_stride: int,
    view: View,
) -> None:
    """Draw a top-down image of any `PixelFormat`, as large as the view; alpha is dropped.

    Raises `ValueError` when the image does not lie in `pixels`, or the view not in its surface.  Releases the GIL.
    """
    kernel.convert(pixels, _NUMBERS[format], src_stride, *view)


def convert_from(
    view: View,
    format: PixelFormat,  # noqa: A002
    pixels: Writable,
    dst_stride: int,
) -> None:
    """Fill `pixels` with a top-down image in any `PixelFormat` of the view; alpha is 255, and gaps are left alone.

    Raises `ValueError` when the image does not lie in `pixels`, or the view not in its surface.  Releases the GIL.
    """
    kernel.convert_back(*view, pixels, _NUMBERS[format], dst_stride)


def _check_depth(bits_per_pixel: int, depths: tuple[int, ...]) -> None:
    if bits_per_pixel not in depths:
        raise ValueError(f"no uncompressed bitmaps of {bits_per_pixel} bits per pixel here")
