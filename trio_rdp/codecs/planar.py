"""RDP 6.0 (planar) bitmaps, [MS-RDPEGDI] 2.2.2.5.1: how bitmaps of 32 bits per pixel are compressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_rdp.codecs.kernels import planar as kernel
from trio_rdp.codecs.status import check, check_size
from trio_rdp.codecs.view import View

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["compress", "compress_plane", "decompress", "decompress_into", "decompress_plane"]

_PDU = "Rdp6BitmapStream"


def decompress(data: Readable, width: int, height: int) -> bytearray:
    """Decode a bitmap to BGRA, rows in the order of the stream; without an alpha plane alpha is 255.

    Takes every form: run-length coded or raw, colour planes or luma and chroma at any colour loss level, subsampled or
    not.  Raises `DecodeError`.
    """
    check_size(width, height, _PDU)
    out = bytearray(width * height * 4)
    check(kernel.decode_into(data, out, width * 4, 0, 0, width, height, width, height, True, True), _PDU)
    return out


def decompress_into(
    data: Readable,
    view: View,
    width: int,
    height: int,
    *,
    top_down: bool = False,
    keep_alpha: bool = False,
) -> None:
    """Decode a bitmap of `width` x `height` pixels and draw what of it the view has room for, from the top left.

    Bitmap updates come bottom-up, the graphics pipeline's come `top_down`.  The fourth byte of each pixel drawn is 255,
    or its alpha with `keep_alpha`.  Raises `DecodeError`, and then nothing was drawn; `ValueError` when the view does
    not lie in its surface.  Releases the GIL.
    """
    check_size(width, height, _PDU)
    status = kernel.decode_into(data, *view, width, height, top_down, keep_alpha)
    check(status, _PDU)


def compress(
    view: View,
    *,
    alpha: bool = False,
    top_down: bool = False,
) -> bytes:
    """Encode a view in run-length coded planes, without loss.

    Noise grows (rows of 64 pixels by a twelfth); then an uncompressed bitmap is the better choice.  Without `alpha` the
    client must have said that it takes bitmaps without (DRAW_ALLOW_SKIP_ALPHA).  Releases the GIL.
    """
    return kernel.encode(*view, alpha, top_down)


def decompress_plane(data: Readable, width: int, height: int) -> bytearray:
    """Decode one run-length coded plane without its header; raises `DecodeError`."""
    check_size(width, height, _PDU)
    out = bytearray(width * height)
    check(kernel.decode_plane(data, width, height, out), _PDU)
    return out


def compress_plane(plane: Readable, width: int, height: int) -> bytes:
    """Encode one plane of bytes in runs, [MS-RDPEGDI] 3.1.9.2."""
    return kernel.encode_plane(plane, width, height)
