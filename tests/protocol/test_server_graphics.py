from __future__ import annotations

import pytest

from trio_rdp.channels.rdpgfx.capabilities import CapabilityFlags, CapabilityVersion
from trio_rdp.channels.rdpgfx.events import Confirmed
from trio_rdp.codecs import avc
from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.protocol.config import ServerConfig
from trio_rdp.protocol.server_graphics import pipeline_codecs

NEW = Confirmed(CapabilityVersion.VERSION_107)
NO_AVC = Confirmed(CapabilityVersion.VERSION_107, CapabilityFlags(CapabilityFlags.AVC_DISABLED))
THIN = Confirmed(CapabilityVersion.VERSION_8, CapabilityFlags(CapabilityFlags.THINCLIENT))
LOSSLESS = (BitmapCodec.CLEARCODEC, BitmapCodec.PLANAR, BitmapCodec.RAW)


def test_all_that_a_new_client_takes() -> None:
    h264 = (BitmapCodec.AVC444, BitmapCodec.AVC420) if avc.is_available() else ()
    assert pipeline_codecs(ServerConfig().codecs, NEW) == (*h264, BitmapCodec.PROGRESSIVE, *LOSSLESS)


def test_what_older_and_thinner_ones_take() -> None:
    assert pipeline_codecs(ServerConfig().codecs, NO_AVC) == (BitmapCodec.PROGRESSIVE, *LOSSLESS)
    assert pipeline_codecs(ServerConfig().codecs, THIN) == (BitmapCodec.REMOTEFX, *LOSSLESS)


@pytest.mark.parametrize(
    ("allowed", "found"),
    [
        ((BitmapCodec.QOIZ, BitmapCodec.RAW), ()),
        ((BitmapCodec.INTERLEAVED,), ()),
        ((BitmapCodec.RAW,), (BitmapCodec.RAW,)),
        ((BitmapCodec.REMOTEFX,), (BitmapCodec.REMOTEFX,)),
        ((BitmapCodec.PLANAR, BitmapCodec.QOI), (BitmapCodec.PLANAR,)),
    ],
)
@pytest.mark.parametrize("confirmed", [None, NEW])
def test_what_a_configuration_allows(
    allowed: tuple[BitmapCodec, ...], found: tuple[BitmapCodec, ...], confirmed: Confirmed | None
) -> None:
    assert pipeline_codecs(allowed, confirmed) == found
