"""The codecs of surface bits, as a server offers them and as it reads what a client has, [MS-RDPBCGR] 2.2.7.2.10."""

from __future__ import annotations

from collections.abc import Iterable

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.graphics.surface_encoder import SurfaceCodec
from trio_rdp.pdu import bitmap_codecs
from trio_rdp.pdu.bitmap_codecs import (
    BitmapCodecsCapabilitySet,
    NsCodecCapabilitySet,
    RfxClientCapsContainer,
    RfxCodecFlags,
    RfxEntropyBits,
    RfxIcap,
)
from trio_rdp.wire.errors import DecodeError

__all__ = ["advertised_codecs", "read_codecs"]

_GUIDS = {
    BitmapCodec.REMOTEFX: (bitmap_codecs.CODEC_REMOTEFX, bitmap_codecs.CODEC_IMAGE_REMOTEFX),
    BitmapCodec.NSCODEC: (bitmap_codecs.CODEC_NSCODEC,),
    BitmapCodec.QOI: (bitmap_codecs.CODEC_QOI,),
    BitmapCodec.QOIZ: (bitmap_codecs.CODEC_QOIZ,),
}
_CODECS = {guid: codec for codec, guids in _GUIDS.items() for guid in guids}

_RESERVED = bytes(4)
"""TS_RFX_SRVR_CAPS_CONTAINER, [MS-RDPRFX] 2.2.1.2: "All the bytes in this field MUST be set to 0"."""


def advertised_codecs(codecs: Iterable[BitmapCodec]) -> list[BitmapCodecsCapabilitySet]:
    """The capability set of a server that may use `codecs`; none, where none of them is for surface bits."""
    properties = {BitmapCodec.REMOTEFX: _RESERVED, BitmapCodec.NSCODEC: NsCodecCapabilitySet().encode()}
    offered = [
        bitmap_codecs.BitmapCodec(codec_guid=guid, codec_properties=properties.get(codec, b""))
        for codec in codecs
        for guid in _GUIDS.get(codec, ())
    ]
    return [BitmapCodecsCapabilitySet(supported_bitmap_codecs=offered)] if offered else []


def read_codecs(capability_set: BitmapCodecsCapabilitySet | None) -> dict[BitmapCodec, SurfaceCodec]:
    """The codecs that a client takes; those with properties that mean nothing are left out, as are unknown ones."""
    found: dict[BitmapCodec, SurfaceCodec] = {}
    for offered in () if capability_set is None else capability_set.supported_bitmap_codecs:
        codec = _CODECS.get(offered.codec_guid)
        # 0 would say that the pixels come as they are; of RemoteFX with and without video mode the first one is taken.
        if codec is None or codec in found or not offered.codec_id:
            continue
        taken = _read(codec, offered)
        if taken is not None:
            found[codec] = taken
    return found


def _read(codec: BitmapCodec, offered: bitmap_codecs.BitmapCodec) -> SurfaceCodec | None:
    try:
        if codec is BitmapCodec.REMOTEFX:
            return _read_remotefx(offered)
        if codec is BitmapCodec.NSCODEC:
            properties = NsCodecCapabilitySet.decode(offered.codec_properties)
            return SurfaceCodec(
                codec_id=offered.codec_id,
                color_loss_level=properties.color_loss_level if properties.allow_dynamic_fidelity else 1,
                subsampling=properties.allow_subsampling,
            )
    except DecodeError:
        return None
    return SurfaceCodec(codec_id=offered.codec_id)


def _read_remotefx(offered: bitmap_codecs.BitmapCodec) -> SurfaceCodec | None:
    icaps = RfxClientCapsContainer.decode(offered.codec_properties).icaps
    usable = [icap for icap in icaps if _is_usable(icap)]
    if not usable:
        return None
    # RLGR3 codes two coefficients at a time and is the smaller one on photographs, which is what we send in it.
    best = next((icap for icap in usable if icap.entropy_bits == RfxEntropyBits.RLGR3), usable[0])
    is_image = RfxCodecFlags.CODEC_MODE in best.flags or offered.codec_guid == bitmap_codecs.CODEC_IMAGE_REMOTEFX
    return SurfaceCodec(codec_id=offered.codec_id, entropy=best.entropy_bits, is_image_mode=is_image)


def _is_usable(icap: RfxIcap) -> bool:
    """Whether these are properties that exist, [MS-RDPRFX] 2.2.1.1.1.1.1: there is one tile size and one transform."""
    return icap.tile_size == 64 and icap.entropy_bits in (RfxEntropyBits.RLGR1, RfxEntropyBits.RLGR3)
