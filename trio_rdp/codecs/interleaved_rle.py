"""Interleaved run-length coded bitmaps at 8, 15, 16 and 24 bits per pixel, [MS-RDPBCGR] 2.2.9.1.1.3.1.2.4 and 3.1.9."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trio_rdp.codecs.batches import check_all, table
from trio_rdp.codecs.kernels import interleaved_rle as kernel
from trio_rdp.codecs.status import check, check_size
from trio_rdp.codecs.view import Place, View

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["compress", "compress_all", "decompress", "decompress_all", "decompress_into"]

_PDU = "RleBitmapStream"
_DEPTHS = (8, 15, 16, 24)


def decompress(data: Readable, width: int, height: int, bits_per_pixel: int) -> bytearray:
    """Decode a bitmap to native pixels, rows as in the stream (bottom-up), without padding.

    A pixel takes one byte at 8 bits, two at 15 and 16, three at 24.  What a short stream leaves undrawn is black, as
    Windows and FreeRDP have it; bytes after the last pixel are ignored.  Raises `DecodeError` for any other fault.
    """
    _check_depth(bits_per_pixel)
    check_size(width, height, _PDU)
    out = bytearray(width * height * ((bits_per_pixel + 7) // 8))
    check(kernel.decode(data, width, height, bits_per_pixel, out), _PDU)
    return out


def decompress_into(
    data: Readable,
    view: View,
    width: int,
    height: int,
    bits_per_pixel: int,
    palette: Readable | None = None,
) -> None:
    """Decode a bitmap of `width` x `height` pixels and draw what of it the view has room for, from the top left.

    The fourth byte of each pixel drawn is 255.  `palette` holds 256 BGRX colours and is needed at 8 bits only.  Raises
    `DecodeError`, and then nothing was drawn; `ValueError` when the view does not lie in its surface.  Releases the
    GIL.
    """
    _check_depth(bits_per_pixel)
    check_size(width, height, _PDU)
    if bits_per_pixel == 8 and palette is None:
        raise ValueError("a bitmap of 8 bits per pixel needs a palette")
    status = kernel.decode_into(data, *view, width, height, bits_per_pixel, palette)
    check(status, _PDU)


def decompress_all(
    bitmaps: Sequence[bytes],
    places: Sequence[Place],
    view: View,
    bits_per_pixel: int,
    palette: Readable | None = None,
) -> None:
    """Decode the bitmaps of an update and draw what of each is shown and lies in the view, one over the other.

    All are as in `decompress_into`, and each is decoded even when nothing of it is seen.  Raises `DecodeError`, and
    then those before the faulty one were drawn; `ValueError` when a place is negative, there are not as many as
    bitmaps, or the view does not lie in its surface, and then nothing was.  Releases the GIL, once.
    """
    _check_depth(bits_per_pixel)
    if bits_per_pixel == 8 and palette is None:
        raise ValueError("a bitmap of 8 bits per pixel needs a palette")
    check_all(kernel.decode_all(bitmaps, table(places), *view, bits_per_pixel, palette), places, _PDU)


def compress(view: View, bits_per_pixel: int) -> bytes:
    """Encode a view, at 8 bits per pixel one of a surface of palette indices (one byte each).

    Colours lose their low bits at 15 and 16 bits per pixel.  The result can be larger than the pixels were; then an
    uncompressed bitmap is the better choice.  Releases the GIL.
    """
    _check_depth(bits_per_pixel)
    return kernel.encode(*view, bits_per_pixel)


def compress_all(view: View, rects: Sequence[tuple[int, int, int, int]], bits_per_pixel: int) -> list[bytes]:
    """Encode rectangles (x, y, width, height in the view), each to the bytes that `compress` makes of it.

    Raises `ValueError` for one that is empty or does not lie in the view.  Releases the GIL, about once for every MiB.
    """
    _check_depth(bits_per_pixel)
    return kernel.encode_all(*view, table(rects), bits_per_pixel)


def _check_depth(bits_per_pixel: int) -> None:
    if bits_per_pixel not in _DEPTHS:
        raise ValueError(f"interleaved run-length coding has no {bits_per_pixel} bits per pixel")
