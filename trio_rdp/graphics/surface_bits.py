"""The codecs of surface bits, with what they remember from one bitmap to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from trio_rdp.codecs.view import Place, View
from trio_rdp.graphics.drawing import Bitmaps, Drawing, few
from trio_rdp.graphics.geometry import Rect
from trio_rdp.pdu.bitmap_codecs import CodecId
from trio_rdp.wire.errors import InvalidField

if TYPE_CHECKING:
    from trio_rdp.codecs import qoiz, rfx

__all__ = ["SurfaceDecoders"]


class SurfaceDecoders:
    """The decoders of one session, each made when it is first needed."""

    def __init__(self) -> None:
        self._remotefx: rfx.Decoder | None = None
        self._qoiz: qoiz.Decoder | None = None

    def reset(self) -> None:
        """Forget everything, as the peer does."""
        self._remotefx = self._qoiz = None

    def start_remotefx(self, data: bytes, view: View) -> Drawing:
        """Read a message of RemoteFX, of which `view` is as much of the picture as it may change.

        Raises `DecodeError`.
        """
        from trio_rdp.codecs import rfx

        if self._remotefx is None:
            self._remotefx = rfx.Decoder()
        picture = self._remotefx.read(data)
        bounds = Rect(view.x, view.y, view.width, view.height)
        rects = [Rect(view.x + x, view.y + y, width, height).intersect(bounds) for x, y, width, height in picture.rects]
        return Drawing(few([rect for rect in rects if not rect.is_empty]), picture, view)

    def start(self, codec_id: int, bitmaps: list[bytes], places: list[Place], view: View) -> Drawing:
        """Take bitmaps of a codec other than RemoteFX, to be drawn on `view`, which is the whole picture.

        Where nothing of them is seen, bitmaps of QOIZ are inflated all the same, as the next build on them; those that
        stand alone are not looked at.  Raises `DecodeError`, and `InvalidField` for a number without a codec.
        """
        decode: Callable[[Sequence[bytes], Sequence[Place], View], None]
        if codec_id == CodecId.NSCODEC:
            from trio_rdp.codecs import nscodec

            decode = nscodec.decompress_all
        elif codec_id == CodecId.QOI:
            from trio_rdp.codecs import qoi

            decode = qoi.decompress_all
        elif codec_id == CodecId.QOIZ:
            from trio_rdp.codecs import qoi, qoiz

            if self._qoiz is None:
                self._qoiz = qoiz.Decoder()
            decode = qoi.decompress_all
            bitmaps = [self._qoiz.inflate(data, *place[4:]) for data, place in zip(bitmaps, places, strict=True)]
        else:
            raise InvalidField(f"no codec has the number {codec_id}", field="codecID")
        drawn = Bitmaps(decode, bitmaps, places)
        return Drawing(drawn.damage, drawn, view)
