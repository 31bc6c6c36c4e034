"""Which codecs a server uses in the graphics pipeline: what its configuration allows, and the client takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from trio_rdp.channels.rdpgfx.events import Confirmed
from trio_rdp.codecs import avc
from trio_rdp.codecs.bitmap_codec import BitmapCodec

__all__ = ["pipeline_codecs"]

_ALWAYS: Final = (BitmapCodec.CLEARCODEC, BitmapCodec.PLANAR, BitmapCodec.RAW)
_PIPELINE: Final = (
    *_ALWAYS,
    BitmapCodec.REMOTEFX,
    BitmapCodec.PROGRESSIVE,
    BitmapCodec.AVC420,
    BitmapCodec.AVC444,
)


def pipeline_codecs(allowed: Iterable[BitmapCodec], confirmed: Confirmed | None) -> tuple[BitmapCodec, ...]:
    """Give those of the allowed codecs that both sides have, in their order; before a client has confirmed any, all.

    None where the pipeline would only carry pictures as they are, while something better is allowed outside of it.
    """
    wanted = tuple(allowed)
    found = tuple(codec for codec in wanted if codec in _PIPELINE and _is_taken(codec, confirmed, wanted))
    if found == (BitmapCodec.RAW,) != wanted:
        return ()
    return found


def _is_taken(codec: BitmapCodec, confirmed: Confirmed | None, allowed: tuple[BitmapCodec, ...]) -> bool:
    if confirmed is None or codec in _ALWAYS:
        return True
    match codec:
        case BitmapCodec.REMOTEFX:
            return confirmed.takes_remotefx or BitmapCodec.PROGRESSIVE not in allowed
        case BitmapCodec.PROGRESSIVE:
            return confirmed.takes_progressive
        case BitmapCodec.AVC420:
            return confirmed.takes_avc420 and avc.is_available()
        case _:
            return confirmed.takes_avc444 and avc.is_available()
