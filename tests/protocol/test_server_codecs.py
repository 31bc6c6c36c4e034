"""What a server offers, and what it makes of what clients say of their codecs."""

from __future__ import annotations

import uuid

import pytest

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.graphics.surface_encoder import SurfaceCodec
from trio_rdp.pdu import bitmap_codecs as pdu
from trio_rdp.pdu.bitmap_codecs import (
    BitmapCodecsCapabilitySet,
    NsCodecCapabilitySet,
    RfxClientCapsContainer,
    RfxCodecFlags,
    RfxEntropyBits,
    RfxIcap,
)
from trio_rdp.protocol.client_capabilities import client_capability_sets
from trio_rdp.protocol.config import ClientConfig, DesktopSize, ServerConfig
from trio_rdp.protocol.server_codecs import advertised_codecs, read_codecs

RLGR1, RLGR3 = RfxIcap(entropy_bits=RfxEntropyBits.RLGR1), RfxIcap(entropy_bits=RfxEntropyBits.RLGR3)
IMAGE = RfxIcap(entropy_bits=RfxEntropyBits.RLGR3, flags=RfxCodecFlags(RfxCodecFlags.CODEC_MODE))


def remotefx(*icaps: RfxIcap, guid: uuid.UUID = pdu.CODEC_REMOTEFX, codec_id: int = 3) -> pdu.BitmapCodec:
    properties = RfxClientCapsContainer(icaps=list(icaps)).encode()
    return pdu.BitmapCodec(codec_guid=guid, codec_id=codec_id, codec_properties=properties)


def read(*codecs: pdu.BitmapCodec) -> dict[BitmapCodec, SurfaceCodec]:
    decoded = BitmapCodecsCapabilitySet.decode(BitmapCodecsCapabilitySet(supported_bitmap_codecs=list(codecs)).encode())
    return read_codecs(decoded)


def test_what_is_offered() -> None:
    (offer,) = advertised_codecs(ServerConfig().codecs)
    assert [codec.codec_guid for codec in offer.supported_bitmap_codecs] == [
        pdu.CODEC_REMOTEFX,
        pdu.CODEC_IMAGE_REMOTEFX,
        pdu.CODEC_NSCODEC,
        pdu.CODEC_QOIZ,
        pdu.CODEC_QOI,
    ]
    # "All the bytes in this field MUST be set to 0", [MS-RDPRFX] 2.2.1.2.
    assert not any(offer.supported_bitmap_codecs[0].codec_properties)
    assert NsCodecCapabilitySet.decode(offer.supported_bitmap_codecs[2].codec_properties).color_loss_level == 3


def test_nothing_to_offer() -> None:
    assert advertised_codecs([BitmapCodec.PLANAR, BitmapCodec.RAW]) == []
    assert read_codecs(None) == {}


def test_our_own_client() -> None:
    config = ClientConfig(
        codecs=(BitmapCodec.REMOTEFX, BitmapCodec.NSCODEC, BitmapCodec.QOI, BitmapCodec.QOIZ),
        nscodec_color_loss_level=4,
        nscodec_subsampling=True,
    )
    sets = client_capability_sets(config, DesktopSize(800, 600))
    (codecs,) = [one for one in sets if isinstance(one, BitmapCodecsCapabilitySet)]
    assert read_codecs(codecs) == {
        BitmapCodec.REMOTEFX: SurfaceCodec(codec_id=3, entropy=RfxEntropyBits.RLGR3),
        BitmapCodec.NSCODEC: SurfaceCodec(codec_id=1, color_loss_level=4, subsampling=True),
        BitmapCodec.QOI: SurfaceCodec(codec_id=10),
        BitmapCodec.QOIZ: SurfaceCodec(codec_id=11),
    }


@pytest.mark.parametrize(
    ("icaps", "entropy", "is_image_mode"),
    [
        ([RLGR1], RfxEntropyBits.RLGR1, False),
        ([RLGR1, RLGR3], RfxEntropyBits.RLGR3, False),
        ([RLGR1, IMAGE], RfxEntropyBits.RLGR3, True),
        ([RfxIcap(entropy_bits=RfxEntropyBits(9)), RLGR1], RfxEntropyBits.RLGR1, False),
        ([RfxIcap(entropy_bits=RfxEntropyBits.RLGR3, tile_size=32), RLGR1], RfxEntropyBits.RLGR1, False),
    ],
)
def test_remotefx(icaps: list[RfxIcap], entropy: RfxEntropyBits, is_image_mode: bool) -> None:
    assert read(remotefx(*icaps)) == {
        BitmapCodec.REMOTEFX: SurfaceCodec(codec_id=3, entropy=entropy, is_image_mode=is_image_mode)
    }


def test_remotefx_for_images_only() -> None:
    (taken,) = read(remotefx(RLGR1, guid=pdu.CODEC_IMAGE_REMOTEFX, codec_id=4)).values()
    assert taken.is_image_mode
    # Offered in both ways, video mode spares the headers.
    both = read(remotefx(RLGR1), remotefx(RLGR1, guid=pdu.CODEC_IMAGE_REMOTEFX, codec_id=4))
    assert both == read(remotefx(RLGR1))


@pytest.mark.parametrize(
    "offered",
    [
        remotefx(),
        remotefx(RfxIcap(entropy_bits=RfxEntropyBits(9))),
        pdu.BitmapCodec(codec_guid=pdu.CODEC_REMOTEFX, codec_id=3, codec_properties=b"nonsense"),
        pdu.BitmapCodec(codec_guid=pdu.CODEC_NSCODEC, codec_id=1, codec_properties=b""),
        pdu.BitmapCodec(codec_guid=pdu.CODEC_IGNORE, codec_id=7),
        pdu.BitmapCodec(codec_guid=pdu.CODEC_QOI, codec_id=0),
        pdu.BitmapCodec(codec_guid=uuid.UUID(int=5), codec_id=9),
    ],
)
def test_what_cannot_be_used(offered: pdu.BitmapCodec) -> None:
    assert read(offered) == {}
    assert list(read(offered, remotefx(RLGR1))) == [BitmapCodec.REMOTEFX]


def test_nscodec_without_losses() -> None:
    properties = NsCodecCapabilitySet(allow_dynamic_fidelity=False, allow_subsampling=False, color_loss_level=5)
    (taken,) = read(
        pdu.BitmapCodec(codec_guid=pdu.CODEC_NSCODEC, codec_id=1, codec_properties=properties.encode())
    ).values()
    assert (taken.color_loss_level, taken.subsampling) == (1, False)
