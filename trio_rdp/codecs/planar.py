"""RDP 6.0 (planar) bitmaps, [MS-RDPEGDI] 2.2.2.5.1: how bitmaps of 32 bits per pixel are compressed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trio_rdp.codecs.batches import check_all, table
from trio_rdp.codecs.kernels import planar as kernel
from trio_rdp.codecs.status import check, check_size
from trio_rdp.codecs.view import Place, View

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = [
    "compress",
    "compress_all",
    "compress_plane",
    "decompress",
    "decompress_all",
    "decompress_into",
    "decompress_plane",
]

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


def decompress_all(
    bitmaps: Sequence[bytes],
    places: Sequence[Place],
    view: View,
    *,
    top_down: bool = False,
    keep_alpha: bool = False,
) -> None:
    """Decode the bitmaps of an update and draw what of each is shown and lies in the view, one over the other.

    All are as in `decompress_into`, and each is decoded even when nothing of it is seen.  Raises `DecodeError`, and
    then those before the faulty one were drawn; `ValueError` when a place is negative, there are not as many as
    bitmaps, or the view does not lie in its surface, and then nothing was.  Releases the GIL, once.
    """
    check_all(kernel.decode_all(bitmaps, table(places), *view, top_down, keep_alpha), places, _PDU)


def compress(
    view: View,
    *,
    alpha: bool = False,
    top_down: bool = False,
    run_length: bool = True,
    color_loss_level: int = 0,
    subsampling: bool = False,
) -> bytes:
    """Encode a view: in planes of colours, without loss, or with a `color_loss_level` of 1 to 7 in luma and chroma.

    Run-length coded noise grows (rows of 64 pixels by a twelfth); raw planes, without `run_length`, are two bytes
    longer than their pixels.  Alpha is exact.

    Even at level 1 colours may come back wrong by three; each level more doubles that.  Text, gradients and noise keep
    a PSNR of 52, 49, 43, 38, 31, 26 and 19 dB at the levels 1 to 7.  `subsampling`, with a level only, sends one sample
    of chroma for every four: gradients keep 49, 46, 43, 37, 32, 26 and 19 dB, coloured text 26 dB up to level 5.

    The client must have said what it takes: bitmaps without `alpha` (DRAW_ALLOW_SKIP_ALPHA), colour loss
    (DRAW_ALLOW_DYNAMIC_COLOR_FIDELITY), subsampling (DRAW_ALLOW_COLOR_SUBSAMPLING).  Releases the GIL.
    """
    return kernel.encode(*view, alpha, top_down, run_length, color_loss_level, subsampling)


def compress_all(
    view: View,
    rects: Sequence[tuple[int, int, int, int]],
    *,
    alpha: bool = False,
    top_down: bool = False,
    run_length: bool = True,
    color_loss_level: int = 0,
    subsampling: bool = False,
) -> list[bytes]:
    """Encode rectangles (x, y, width, height in the view), each to the bytes that `compress` makes of it.

    Raises `ValueError` for one that is empty or does not lie in the view.  Releases the GIL, about once for every MiB.
    """
    return kernel.encode_all(*view, table(rects), alpha, top_down, run_length, color_loss_level, subsampling)


def decompress_plane(data: Readable, width: int, height: int) -> bytearray:
    """Decode one run-length coded plane without its header; raises `DecodeError`."""
    check_size(width, height, _PDU)
    out = bytearray(width * height)
    check(kernel.decode_plane(data, width, height, out), _PDU)
    return out


def compress_plane(plane: Readable, width: int, height: int) -> bytes:
    """Encode one plane of bytes in runs, [MS-RDPEGDI] 3.1.9.2."""
    return kernel.encode_plane(plane, width, height)
