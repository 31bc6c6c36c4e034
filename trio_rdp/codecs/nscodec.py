"""NSCodec bitmaps, [MS-RDPNSC] 2.2.2: luma, two planes of chroma that may have lost colours, and alpha."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_rdp.codecs.kernels import nscodec as kernel
from trio_rdp.codecs.status import check, check_size
from trio_rdp.codecs.view import View

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["compress", "decompress_into"]

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
