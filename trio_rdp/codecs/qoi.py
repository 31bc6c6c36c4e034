"""QOI bitmaps ("Quite OK Image", qoiformat.org), which IronRDP carries in surface bits under a codec GUID of its own.

One image is one surface command: the whole format with header and end marker, three channels, top-down.  IronRDP's
server writes three channels whatever it is given, because its clients before 2026 draw nothing of four.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_rdp.codecs.kernels import qoi as kernel
from trio_rdp.codecs.status import check, check_size
from trio_rdp.codecs.view import View

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["compress", "decompress_into"]

_PDU = "QoiImage"


def decompress_into(data: Readable, view: View, width: int, height: int, *, keep_alpha: bool = False) -> None:
    """Decode an image of `width` x `height` pixels and draw what of it the view has room for, from the top left.

    The fourth byte of each pixel drawn is 255, or its alpha with `keep_alpha`.  Raises `DecodeError`, also for an image
    of another size; the rows above the fault may have been drawn by then.  Raises `ValueError` when the view does not
    lie in its surface.  Releases the GIL.
    """
    check_size(width, height, _PDU)
    check(kernel.decode_into(data, *view, width, height, keep_alpha), _PDU)


def compress(view: View, *, alpha: bool = False) -> bytes:
    """Encode a view without loss, in three channels, or in four with `alpha`.

    At most 22 bytes and four (with alpha five) to a pixel.  Releases the GIL.
    """
    return kernel.encode(*view, alpha)
