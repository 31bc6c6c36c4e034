"""NSCodec bitmaps, [MS-RDPNSC] 2.2.2: luma, two planes of chroma that may have lost colours, and alpha."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trio_rdp.codecs.batches import check_all, table
from trio_rdp.codecs.kernels import nscodec as kernel
from trio_rdp.codecs.status import check, check_size
from trio_rdp.codecs.view import Place, View

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["compress", "compress_all", "decompress_all", "decompress_into"]

_PDU = "NSCODEC_BITMAP_STREAM"


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

    The document says nothing about the order of rows.  Those of surface commands and of cached bitmaps come bottom-up:
    FreeRDP 2.11 and weston 10 write and read them so.  Those inside ClearCodec come `top_down`.

    The fourth byte of each pixel drawn is 255, or its alpha with `keep_alpha`.  Raises `DecodeError`, and then nothing
    was drawn; `ValueError` when the view does not lie in its surface.  Releases the GIL.
    """
    check_size(width, height, _PDU)
    check(kernel.decode_into(data, *view, width, height, top_down, keep_alpha), _PDU)


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
    color_loss_level: int = 3,
    subsampling: bool = True,
    alpha: bool = False,
    top_down: bool = False,
) -> bytes:
    """Encode a view; the result is at most 20 bytes longer than its planes.

    Even at level 1 without subsampling colours may come back wrong by two; each level more doubles that.  Levels are 1
    to 7, at most what the client allows in its NSCodec capability, as is `subsampling`.  Alpha is exact.  Releases the
    GIL.
    """
    return kernel.encode(*view, color_loss_level, subsampling, alpha, top_down)


def compress_all(
    view: View,
    rects: Sequence[tuple[int, int, int, int]],
    *,
    color_loss_level: int = 3,
    subsampling: bool = True,
    alpha: bool = False,
    top_down: bool = False,
) -> list[bytes]:
    """Encode rectangles (x, y, width, height in the view), each to the bytes that `compress` makes of it.

    Raises `ValueError` for one that is empty or does not lie in the view.  Releases the GIL, about once for every MiB.
    """
    return kernel.encode_all(*view, table(rects), color_loss_level, subsampling, alpha, top_down)
