"""QOI bitmaps ("Quite OK Image", qoiformat.org), which IronRDP carries in surface bits under a codec GUID of its own.

One image is one surface command: the whole format with header and end marker, three channels, top-down.  IronRDP's
server writes three channels whatever it is given, because its clients before 2026 draw nothing of four.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trio_rdp.codecs.batches import check_all, table
from trio_rdp.codecs.kernels import qoi as kernel
from trio_rdp.codecs.status import check, check_size
from trio_rdp.codecs.view import Place, View

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["compress", "compress_all", "decompress_all", "decompress_into"]

_PDU = "QoiImage"


def decompress_into(data: Readable, view: View, width: int, height: int, *, keep_alpha: bool = False) -> None:
    """Decode an image of `width` x `height` pixels and draw what of it the view has room for, from the top left.

    The fourth byte of each pixel drawn is 255, or its alpha with `keep_alpha`.  Raises `DecodeError`, also for an image
    of another size; the rows above the fault may have been drawn by then.  Raises `ValueError` when the view does not
    lie in its surface.  Releases the GIL.
    """
    check_size(width, height, _PDU)
    check(kernel.decode_into(data, *view, width, height, keep_alpha), _PDU)


def decompress_all(
    bitmaps: Sequence[bytes],
    places: Sequence[Place],
    view: View,
    *,
    keep_alpha: bool = False,
) -> None:
    """Decode the bitmaps of an update and draw what of each is shown and lies in the view, one over the other.

    All are as in `decompress_into`, and each is decoded even when nothing of it is seen.  Raises `DecodeError`, and
    then those before the faulty one were drawn, and perhaps rows of that one; `ValueError` when a place is negative,
    there are not as many as bitmaps, or the view does not lie in its surface, and then nothing was.  Releases the GIL,
    once.
    """
    check_all(kernel.decode_all(bitmaps, table(places), *view, keep_alpha), places, _PDU)


def compress(view: View, *, alpha: bool = False) -> bytes:
    """Encode a view without loss, in three channels, or in four with `alpha`.

    At most 22 bytes and four (with alpha five) to a pixel.  Releases the GIL.
    """
    return kernel.encode(*view, alpha)


def compress_all(
    view: View,
    rects: Sequence[tuple[int, int, int, int]],
    *,
    alpha: bool = False,
) -> list[bytes]:
    """Encode rectangles (x, y, width, height in the view), each to the bytes that `compress` makes of it.

    Raises `ValueError` for one that is empty or does not lie in the view.  Releases the GIL, about once for every MiB.
    """
    return kernel.encode_all(*view, table(rects), alpha)
