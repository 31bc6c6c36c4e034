"""The bitmap codecs that a peer offers, [MS-RDPBCGR] 2.2.7.2.10, with the properties of [MS-RDPNSC] and [MS-RDPRFX].

QOI and QOIZ are extensions of IronRDP's, without properties.
"""

from __future__ import annotations

import struct
import uuid
from typing import Annotated, ClassVar, Self

from trio_rdp.pdu.capabilities_base import CapabilitySet, CapabilitySetType, bool8
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import InvalidField
from trio_rdp.wire.fields import U8, Counted, Fixed, Prefixed, u8, u16
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "CODEC_IGNORE",
    "CODEC_IMAGE_REMOTEFX",
    "CODEC_NSCODEC",
    "CODEC_QOI",
    "CODEC_QOIZ",
    "CODEC_REMOTEFX",
    "BitmapCodec",
    "BitmapCodecsCapabilitySet",
    "CodecId",
    "NsCodecCapabilitySet",
    "RfxCaptureFlags",
    "RfxClientCapsContainer",
    "RfxCodecFlags",
    "RfxEntropyBits",
    "RfxIcap",
]

CODEC_NSCODEC = uuid.UUID("ca8d1bb9-000f-154f-589f-ae2d1a87e2d6")
CODEC_REMOTEFX = uuid.UUID("76772f12-bd72-4463-afb3-b73c9c6f7886")
CODEC_IMAGE_REMOTEFX = uuid.UUID("2744ccd4-9d8a-4e74-803c-0ecbeea19c54")
CODEC_IGNORE = uuid.UUID("9c4351a6-3535-42ae-910c-cdfce5760b58")
CODEC_QOI = uuid.UUID("4dae9af8-b399-4df6-b43a-662fd9c0f5d6")
CODEC_QOIZ = uuid.UUID("229cc6dc-a860-4b52-b4d8-053a22b3892b")

_guid = Fixed("16s", decoder=lambda raw: uuid.UUID(bytes_le=raw), encoder=lambda guid: guid.bytes_le)
# [MS-RDPNSC] 2.2.1 allows 1 to 7; FreeRDP and IronRDP take what is outside for the nearest.
_color_loss_level = Fixed("B", decoder=lambda level: min(max(level, 1), 7))

_CBY_CAPS = 0xCBC0
_CBY_CAPSET = 0xCBC1
_CLY_CAPSET = 0xCFC0
_RFX_CODEC_ID = 1
_CONTAINER = struct.Struct("<III")
_CAPS = struct.Struct("<HIH")
_CAPSET = struct.Struct("<HIBHHH")


class CodecId(OpenEnum):
    """The numbers that clients give their codecs, by which surface commands come back.

    Only NSCodec's is the document's (2.2.7.2.10.1.1); the others are FreeRDP's and IronRDP's.  0 stands for pixels as
    they are.
    """

    NONE = 0x00
    NSCODEC = 0x01
    REMOTEFX = 0x03
    QOI = 0x0A
    QOIZ = 0x0B


@pdu
class NsCodecCapabilitySet(Pdu):
    """NSCodec Capability Set (TS_NSCODEC_CAPABILITYSET), [MS-RDPNSC] 2.2.1."""

    allow_dynamic_fidelity: Annotated[bool, bool8] = True
    allow_subsampling: Annotated[bool, bool8] = True
    color_loss_level: Annotated[int, _color_loss_level] = 3


class RfxCaptureFlags(Flags):
    """How a server may use RemoteFX."""

    NON_CAC = Flag(0x00000001)


class RfxCodecFlags(Flags):
    """Operational flags of a RemoteFX decoder: image mode only, where set."""

    CODEC_MODE = Flag(0x02)


class RfxEntropyBits(OpenEnum):
    """The entropy coder."""

    RLGR1 = 0x01
    RLGR3 = 0x04


@pdu
class RfxIcap(Pdu):
    """TS_RFX_ICAP, [MS-RDPRFX] 2.2.1.1.1.1.1: one set of properties that the decoder supports."""

    version: Annotated[int, u16] = 0x0100
    tile_size: Annotated[int, u16] = 64
    flags: Annotated[RfxCodecFlags, u8] = RfxCodecFlags(0)
    col_conv_bits: U8 = 1
    transform_bits: U8 = 1
    entropy_bits: Annotated[RfxEntropyBits, u8]


@pdu
class RfxClientCapsContainer(Pdu):
    """TS_RFX_CLNT_CAPS_CONTAINER, [MS-RDPRFX] 2.2.1.1, with the one TS_RFX_CAPSET of its TS_RFX_CAPS."""

    capture_flags: RfxCaptureFlags = RfxCaptureFlags(0)
    icaps: list[RfxIcap]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        start = src.pos
        length, capture_flags, caps_length = _CONTAINER.unpack(src.take(_CONTAINER.size))
        if length < _CONTAINER.size + caps_length:
            raise InvalidField(f"{caps_length} bytes in {length}", pdu=cls.__name__, field="length", offset=start)
        caps = src.sub(caps_length)
        block_type, _, num_capsets = _CAPS.unpack(caps.take(_CAPS.size))
        if block_type != _CBY_CAPS or num_capsets != 1:
            raise InvalidField(f"block {block_type:#x} with {num_capsets} sets", pdu=cls.__name__, field="caps_data")
        block_type, _, codec_id, capset_type, num_icaps, icap_length = _CAPSET.unpack(caps.take(_CAPSET.size))
        if (block_type, codec_id, capset_type) != (_CBY_CAPSET, _RFX_CODEC_ID, _CLY_CAPSET):
            raise InvalidField(f"block {block_type:#x}, codec {codec_id}, set {capset_type:#x}", pdu=cls.__name__)
        if icap_length == 0 and num_icaps:
            raise InvalidField("properties of no bytes", pdu=cls.__name__, field="icap_len", offset=caps.pos)
        icaps = [RfxIcap.decode_from(caps.sub(icap_length)) for _ in range(num_icaps)]
        return cls(capture_flags=RfxCaptureFlags(capture_flags), icaps=icaps)

    def encode_into(self, dst: bytearray) -> None:
        icaps = b"".join(icap.encode() for icap in self.icaps)
        capset_length = _CAPSET.size + len(icaps)
        caps_length = _CAPS.size + capset_length
        dst += _CONTAINER.pack(_CONTAINER.size + caps_length, self.capture_flags, caps_length)
        dst += _CAPS.pack(_CBY_CAPS, _CAPS.size, 1)
        dst += _CAPSET.pack(_CBY_CAPSET, capset_length, _RFX_CODEC_ID, _CLY_CAPSET, len(self.icaps), 8)
        dst += icaps


@pdu
class BitmapCodec(Pdu):
    """Bitmap Codec (TS_BITMAPCODEC), [MS-RDPBCGR] 2.2.7.2.10.1.1.

    `codec_properties` are what the codec's own document says: from a client `NsCodecCapabilitySet` or
    `RfxClientCapsContainer`, from a server for RemoteFX bytes without meaning.  They are decoded by who wants them.
    """

    codec_guid: Annotated[uuid.UUID, _guid]
    codec_id: U8 = 0
    codec_properties: Annotated[bytes, Prefixed(u16)] = b""


@pdu
class BitmapCodecsCapabilitySet(CapabilitySet):
    """Bitmap Codecs Capability Set (TS_BITMAPCODECS_CAPABILITYSET), [MS-RDPBCGR] 2.2.7.2.10."""

    kind: ClassVar[CapabilitySetType] = CapabilitySetType.BITMAP_CODECS

    supported_bitmap_codecs: Annotated[list[BitmapCodec], Counted(u8)]
