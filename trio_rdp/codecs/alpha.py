"""Alpha bitmaps (ALPHACODEC_BITMAP_STREAM), [MS-RDPEGFX] 2.2.4.3: the opacity of pixels, and nothing else of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_rdp.codecs.kernels import alpha as kernel
from trio_rdp.codecs.status import check, check_size
from trio_rdp.codecs.view import View

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["compress", "decompress_into"]

_PDU = "AlphaCodecBitmapStream"


def decompress_into(data: Readable, view: View, width: int, height: int) -> None:
    """Decode `width` x `height` bytes of opacity to the fourth bytes of what the view has room for, from the top left.

    Colours stay as they are.  Raises `DecodeError`, and then nothing was changed; `ValueError` when the view does not
    lie in its surface.  Releases the GIL.
    """
    check_size(width, height, _PDU)
    check(kernel.decode_into(data, *view, width, height), _PDU)


def compress(view: View) -> bytes:
    """Encode the fourth bytes of a view in runs, or raw where that is shorter: four bytes more than pixels at most."""
    return kernel.encode(*view)
