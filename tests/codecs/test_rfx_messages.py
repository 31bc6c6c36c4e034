"""The document's examples, [MS-RDPRFX] 4.2.2 and 4.2.3, field by field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.codecs.rfx_messages import (
    MAX_RECTS,
    BlockType,
    Entropy,
    OperatingMode,
    RfxChannel,
    RfxChannels,
    RfxCodecQuant,
    RfxCodecVersion,
    RfxCodecVersions,
    RfxContext,
    RfxFrameBegin,
    RfxFrameEnd,
    RfxRect,
    RfxRegion,
    RfxSync,
    RfxTile,
    RfxTileSet,
    append_block,
    read_block,
)
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated
from trio_rdp.wire.pdu import Pdu

QUANT = RfxCodecQuant(ll3=6, lh3=6, hl3=6, hh3=6, lh2=7, hl2=7, hh2=8, lh1=8, hl1=8, hh1=9)
TILE = RfxTile(x_idx=1, y_idx=2, y_data=b"\xf0\xf1", cb_data=b"", cr_data=b"\xf2")
TILE_BYTES = (
    "00 00 00"  # quantIdxY, quantIdxCb, quantIdxCr
    "0100 0200"  # xIdx, yIdx
    "0200 0000 0100"  # YLen, CbLen, CrLen
    "f0f1 f2"
)
EXAMPLES: dict[BlockType, tuple[Pdu, str]] = {
    BlockType.SYNC: (
        RfxSync(),
        (
            "caacccca"  # magic = WF_MAGIC
            "0001"
        ),  # version = 1.0
    ),
    BlockType.CODEC_VERSIONS: (
        RfxCodecVersions(codecs=[RfxCodecVersion()]),
        (
            "01"  # numCodecs
            "01"  # codecId
            "0001"
        ),  # version
    ),
    BlockType.CHANNELS: (
        RfxChannels(channels=[RfxChannel(width=64, height=64)]),
        (
            "01"  # numChannels
            "00"  # channelId
            "4000 4000"
        ),  # width, height
    ),
    BlockType.CONTEXT: (
        RfxContext(et=Entropy.RLGR3),
        (
            "01"  # codecId
            "ff"  # channelId
            "00"  # ctxId
            "4000"  # tileSize
            "2828"
        ),  # flags = VIDEO_MODE, cct = 1, xft = 1, et = RLGR3, qt = 1; the example sets the reserved bit too
    ),
    BlockType.FRAME_BEGIN: (
        RfxFrameBegin(),
        (
            "01 00"  # codecId, channelId
            "00000000"  # frameIdx
            "0100"
        ),  # numRegions
    ),
    BlockType.REGION: (
        RfxRegion(region_flags=0xCD, rects=[RfxRect(x=0, y=0, width=64, height=64)]),
        (
            "01 00"
            "cd"  # regionFlags: lrf = 1, and reserved bits
            "0100"  # numRects
            "0000 0000 4000 4000"  # x, y, width, height
            "c1ca"  # regionType = CBT_REGION
            "0100"
        ),  # numTilesets
    ),
    BlockType.EXTENSION: (
        RfxTileSet(et=Entropy.RLGR3, quant_vals=[QUANT], num_tiles=1, tiles=bytes.fromhex("c3ca16000000" + TILE_BYTES)),
        "01 00"
        "c2ca"  # subtype = CBT_TILESET
        "0000"  # idx
        "5150"  # properties: lt = 1, flags = VIDEO_MODE, cct = 1, xft = 1, et = RLGR3, qt = 1
        "01"  # numQuant
        "40"  # tileSize
        "0100"  # numTiles
        "16000000"  # tilesDataSize
        "66 66 77 88 98"  # LL3, LH3, HL3, HH3, LH2, HL2, HH2, LH1, HL1, HH1: the first of each two is the lower half
        "c3ca 16000000" + TILE_BYTES,  # blockType = CBT_TILE, blockLen
    ),
    BlockType.FRAME_END: (RfxFrameEnd(), "01 00"),
}


@pytest.mark.parametrize("kind", EXAMPLES, ids=lambda kind: kind.name)
def test_examples(kind: BlockType) -> None:
    message, text = EXAMPLES[kind]
    data = bytes.fromhex(text)
    same(data, message)
    every_truncation_raises(type(message), data)
    out = bytearray()
    append_block(out, kind, message)
    assert out == kind.to_bytes(2, "little") + (len(data) + 6).to_bytes(4, "little") + data
    found, content = read_block(Cursor(bytes(out)))
    assert found is kind
    assert type(message).decode_from(content) == message


def test_a_tile() -> None:
    same(bytes.fromhex(TILE_BYTES), TILE)
    every_truncation_raises(RfxTile, bytes.fromhex(TILE_BYTES))
    tile_set = EXAMPLES[BlockType.EXTENSION][0]
    assert isinstance(tile_set, RfxTileSet)
    assert list(tile_set.read_tiles()) == [TILE]


def test_the_examples_of_properties() -> None:
    # The context of 4.2.2 with its reserved bit, and image mode with RLGR1.
    assert RfxContext.decode(bytes.fromhex("01ff00400028a8")) == RfxContext(et=Entropy.RLGR3)
    image = RfxContext(flags=OperatingMode.CODEC_MODE, et=Entropy.RLGR1)
    same(bytes.fromhex("01ff0040002a22"), image)
    assert not RfxContext.decode(bytes.fromhex("01ff0040002a3e")).et.is_known


def test_the_ten_factors() -> None:
    assert QUANT.factors == bytes((6, 6, 6, 6, 7, 7, 8, 8, 8, 9))
    distinct = RfxCodecQuant.decode(bytes.fromhex("21 43 65 87 a9"))
    assert distinct.factors == bytes(range(1, 11))
    assert (distinct.ll3, distinct.lh3, distinct.hh1) == (1, 2, 10)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ("c0cc 05000000", InvalidField),  # shorter than its own header
        ("c0cc 0d000000 caacccca0001", Truncated),
        ("c0cc 0c", Truncated),
    ],
)
def test_blocks_that_cannot_be(data: str, error: type[DecodeError]) -> None:
    with pytest.raises(error):
        read_block(Cursor(bytes.fromhex(data)))


def test_what_cannot_be() -> None:
    with pytest.raises(InvalidField, match="extension 0xcac9"):
        RfxTileSet.decode(bytes.fromhex("01 00 c9ca 0000 5150 00 40 0000 00000000"))
    with pytest.raises(InvalidField, match="among tiles"):
        list(RfxTileSet(et=Entropy.RLGR1, quant_vals=[], num_tiles=1, tiles=bytes.fromhex("c0cc06000000")).read_tiles())
    with pytest.raises(DecodeError):
        RfxRegion.decode(bytes.fromhex("01 00 01 0110") + bytes(8 * (MAX_RECTS + 1) + 4))
    with pytest.raises(EncodeError):
        RfxCodecQuant(ll3=16, lh3=6, hl3=6, hh3=6, lh2=7, hl2=7, hh2=8, lh1=8, hl1=8, hh1=9).encode()
    with pytest.raises(EncodeError):
        RfxContext(cct=4, et=Entropy.RLGR3).encode()


@given(st.sampled_from([type(message) for message, _ in EXAMPLES.values()] + [RfxTile]), st.binary(max_size=64))
def test_any_bytes(cls: type[Pdu], data: bytes) -> None:
    value_or_error(cls, data)
