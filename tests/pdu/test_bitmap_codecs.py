from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.bitmap_codecs import (
    CODEC_IGNORE,
    CODEC_IMAGE_REMOTEFX,
    CODEC_NSCODEC,
    CODEC_QOI,
    CODEC_QOIZ,
    CODEC_REMOTEFX,
    BitmapCodec,
    BitmapCodecsCapabilitySet,
    CodecId,
    NsCodecCapabilitySet,
    RfxCaptureFlags,
    RfxClientCapsContainer,
    RfxCodecFlags,
    RfxEntropyBits,
    RfxIcap,
)
from trio_rdp.wire.errors import InvalidField, Truncated

# [MS-RDPRFX] 4.2.1
RFX_CONTAINER = bytes.fromhex(
    "31000000"  # length = 49
    "01000000"  # captureFlags = CARDP_CAPS_CAPTURE_NON_CAC
    "25000000"  # capsLength = 37
    "c0cb"  # TS_RFX_CAPS: blockType = CBY_CAPS
    "08000000"  # blockLen = 8
    "0100"  # numCapsets = 1
    "c1cb"  # TS_RFX_CAPSET: blockType = CBY_CAPSET
    "1d000000"  # blockLen = 29
    "01"  # codecId = 1
    "c0cf"  # capsetType = CLY_CAPSET
    "0200"  # numIcaps = 2
    "0800"  # icapLen = 8
    "0001 4000 00 01 01 01"  # TS_RFX_ICAP: version 1.0, tiles of 64, video mode, ICT, DWT 5/3, CLW_ENTROPY_RLGR1
    "0001 4000 00 01 01 04"  # the same with CLW_ENTROPY_RLGR3
)


def test_remotefx_container() -> None:
    container = RfxClientCapsContainer(
        capture_flags=RfxCaptureFlags.NON_CAC,
        icaps=[RfxIcap(entropy_bits=RfxEntropyBits.RLGR1), RfxIcap(entropy_bits=RfxEntropyBits.RLGR3)],
    )
    same(RFX_CONTAINER, container)
    every_truncation_raises(RfxClientCapsContainer, RFX_CONTAINER)
    assert RfxCodecFlags.CODEC_MODE not in container.icaps[0].flags


@pytest.mark.parametrize(
    ("offset", "value", "error"),
    [
        (0, "30", "37 bytes in 48"),  # length
        (8, "24", "needs 8 bytes, 7 left"),  # capsLength
        (12, "c1", "block 0xcbc1 with 1 sets"),  # CBY_CAPS
        (18, "02", "block 0xcbc0 with 2 sets"),  # numCapsets
        (20, "c2", "block 0xcbc2"),  # CBY_CAPSET
        (26, "02", "codec 2"),
        (27, "c1", "set 0xcfc1"),  # CLY_CAPSET
        (29, "ffff", "left"),  # numIcaps
        (31, "00", "properties of no bytes"),  # icapLen
        (31, "07", "needs 8 bytes, 7 left"),
    ],
)
def test_remotefx_container_with_one_field_wrong(offset: int, value: str, error: str) -> None:
    raw = bytearray(RFX_CONTAINER)
    raw[offset : offset + len(value) // 2] = bytes.fromhex(value)
    with pytest.raises((InvalidField, Truncated), match=error):
        RfxClientCapsContainer.decode(bytes(raw))


def test_longer_remotefx_properties_are_read_as_far_as_known() -> None:
    raw = bytearray(RFX_CONTAINER[:41] + b"??" + RFX_CONTAINER[41:] + b"??")
    raw[0], raw[8], raw[22], raw[31] = 0x35, 0x29, 0x21, 10
    assert RfxClientCapsContainer.decode(bytes(raw)) == RfxClientCapsContainer.decode(RFX_CONTAINER)


def test_nscodec() -> None:
    raw = bytes.fromhex("01 00 03")  # fAllowDynamicFidelity = TRUE, fAllowSubsampling = FALSE, colorLossLevel = 3
    same(raw, NsCodecCapabilitySet(allow_dynamic_fidelity=True, allow_subsampling=False, color_loss_level=3))
    every_truncation_raises(NsCodecCapabilitySet, raw)
    assert NsCodecCapabilitySet.decode(b"\1\1\0").color_loss_level == 1
    assert NsCodecCapabilitySet.decode(b"\1\1\xff").color_loss_level == 7


def test_codecs() -> None:
    raw = bytes.fromhex(
        "06"  # bitmapCodecCount = 6
        "b91b8dca0f004f15589fae2d1a87e2d6 01 0300 010103"  # CODEC_GUID_NSCODEC
        "122f777672bd6344afb3b73c9c6f7886 00 0400 00000000"  # CODEC_GUID_REMOTEFX, a server's
        "d4cc44278a9d744e803c0ecbeea19c54 00 0400 00000000"  # CODEC_GUID_IMAGE_REMOTEFX
        "a651439c3535ae42910ccdfce5760b58 00 0000"  # CODEC_GUID_IGNORE
        "f89aae4d99b3f64db43a662fd9c0f5d6 0a 0000"  # QOI, as IronRDP's client numbers it
        "dcc69c2260a8524bb4d8053a22b3892b 0b 0000"  # QOIZ
    )
    codecs = [
        BitmapCodec(codec_guid=CODEC_NSCODEC, codec_id=1, codec_properties=NsCodecCapabilitySet().encode()),
        BitmapCodec(codec_guid=CODEC_REMOTEFX, codec_properties=bytes(4)),
        BitmapCodec(codec_guid=CODEC_IMAGE_REMOTEFX, codec_properties=bytes(4)),
        BitmapCodec(codec_guid=CODEC_IGNORE),
        BitmapCodec(codec_guid=CODEC_QOI, codec_id=CodecId.QOI),
        BitmapCodec(codec_guid=CODEC_QOIZ, codec_id=CodecId.QOIZ),
    ]
    same(raw, BitmapCodecsCapabilitySet(supported_bitmap_codecs=codecs))
    every_truncation_raises(BitmapCodecsCapabilitySet, raw)


@given(st.binary(max_size=80))
def test_any_bytes(raw: bytes) -> None:
    value_or_error(BitmapCodecsCapabilitySet, raw)
    value_or_error(NsCodecCapabilitySet, raw)
    value_or_error(RfxClientCapsContainer, raw)
    value_or_error(RfxClientCapsContainer, RFX_CONTAINER[: len(raw) % 30] + raw)
