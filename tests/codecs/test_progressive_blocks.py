from __future__ import annotations

import pytest

from trio_rdp.codecs.progressive_blocks import (
    BlockType,
    ComponentCodecQuant,
    Context,
    ContextFlags,
    FrameBegin,
    FrameEnd,
    ProgressiveBitmapStream,
    ProgressiveCodecQuant,
    Region,
    RegionFlags,
    Sync,
    TileFirst,
    TileFlags,
    TileSimple,
    TileUpgrade,
    UnknownBlock,
    linear_bands,
    next_block,
)
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated

QUANT = ComponentCodecQuant(ll3=6, hl3=6, lh3=6, hh3=7, hl2=8, lh2=8, hh2=9, hl1=9, lh1=9, hh1=10)

STREAM = bytes.fromhex(
    "c0cc 0c000000"  # WBT_SYNC
    "caacccca 0001"  # magic, version 1.0
    "c3cc 0a000000"  # WBT_CONTEXT
    "00 4000 01"  # ctxId, tileSize, RFX_SUBBAND_DIFFING
    "c1cc 0c000000"  # WBT_FRAME_BEGIN
    "07000000 0100"  # frameIndex, regionCount
    "c4cc 86000000"  # WBT_REGION
    "40 0100 01 01 01 0300 57000000"  # tileSize, numRects, numQuant, numProgQuant, reduce-extrapolate, numTiles, size
    "0100 0200 3000 4000"  # a rectangle: x, y, width, height
    "66 76 88 99 a9"  # quantVals: LL3 HL3, LH3 HH3, HL2 LH2, HH2 HL1, LH1 HH1, the low four bits first
    "19"  # quality
    "0000000000 1111111111 2222222222"  # yQuantValues, cbQuantValues, crQuantValues
    "c5cc 1c000000"  # WBT_TILE_SIMPLE
    "00 00 00 0100 0200 01"  # quantisations, xIdx, yIdx, RFX_TILE_DIFFERENCE
    "0100 0200 0300 0000"  # yLen, cbLen, crLen, tailLen
    "aa bbbb cccccc"
    "c6cc 1e000000"  # WBT_TILE_PROGRESSIVE_FIRST
    "00 00 00 0000 0000 00 00"  # ..., flags, progressiveQuality
    "0100 0000 0200 0400"
    "aa cccc 00000000"
    "c7cc 1d000000"  # WBT_TILE_PROGRESSIVE_UPGRADE
    "00 00 00 0000 0000 ff"  # ..., full quality
    "0100 0100 0000 0000 0100 0000"  # lengths of SRL and raw data for each component
    "11 22 33"
    "c2cc 06000000"  # WBT_FRAME_END
)


def test_a_stream_of_every_block() -> None:
    blocks = [
        Sync(),
        Context(flags=ContextFlags.SUBBAND_DIFFING),
        FrameBegin(frame_index=7, region_count=1),
        Region(
            flags=RegionFlags.DWT_REDUCE_EXTRAPOLATE,
            rects=[(1, 2, 48, 64)],
            quant_vals=[QUANT],
            quant_prog_vals=[
                ProgressiveCodecQuant(
                    quality=25,
                    y_quant_values=ComponentCodecQuant.of(bytes(10)),
                    cb_quant_values=ComponentCodecQuant.of(bytes((1,)) * 10),
                    cr_quant_values=ComponentCodecQuant.of(bytes((2,)) * 10),
                )
            ],
            tiles=[
                TileSimple(
                    x_idx=1,
                    y_idx=2,
                    flags=TileFlags.DIFFERENCE,
                    y_data=b"\xaa",
                    cb_data=b"\xbb\xbb",
                    cr_data=b"\xcc\xcc\xcc",
                ),
                TileFirst(
                    x_idx=0, y_idx=0, progressive_quality=0, y_data=b"\xaa", cr_data=b"\xcc\xcc", tail_data=bytes(4)
                ),
                TileUpgrade(x_idx=0, y_idx=0, y_srl_data=b"\x11", y_raw_data=b"\x22", cr_srl_data=b"\x33"),
            ],
        ),
        FrameEnd(),
    ]
    stream = ProgressiveBitmapStream.decode(STREAM)
    assert stream.progressive_data_blocks == blocks
    assert stream.encode() == STREAM


@pytest.mark.parametrize("size", range(1, len(STREAM)))
def test_cut_streams(size: int) -> None:
    try:
        stream = ProgressiveBitmapStream.decode(STREAM[:size])
    except Truncated:
        return
    # Cut between two blocks.
    assert STREAM.startswith(stream.encode())


def test_bands_in_the_order_of_a_plane() -> None:
    # HL1, LH1, HH1, HL2, LH2, HH2, HL3, LH3, HH3, LL3.
    assert QUANT.bands() == bytes((9, 9, 10, 8, 8, 9, 6, 6, 7, 6))
    assert ComponentCodecQuant.of(QUANT.bands()) == QUANT
    other = ComponentCodecQuant.of(bytes(range(10)))
    assert linear_bands(QUANT.encode() + other.encode()) == QUANT.bands() + bytes(range(10))
    with pytest.raises(EncodeError):
        ComponentCodecQuant.of(bytes((16,)) * 10).encode()


def test_unknown_blocks_are_kept() -> None:
    data = bytes.fromhex("c9cc 08000000 0102")
    stream = ProgressiveBitmapStream.decode(data)
    assert stream.progressive_data_blocks == [UnknownBlock(block_type=0xCCC9, data=b"\1\2")]
    assert stream.encode() == data


@pytest.mark.parametrize(
    "data",
    [
        "c2cc 05000000",  # shorter than its own header
        "c3cc 0a000000 00 2000 00",  # tiles of 32 pixels
        "c4cc 12000000 20 0000 00 00 00 0000 00000000",
        "c4cc 18000000 40 0000 00 00 00 0100 06000000 c2cc 06000000",  # the end of a frame among the tiles
    ],
)
def test_blocks_that_cannot_be(data: str) -> None:
    with pytest.raises(InvalidField):
        ProgressiveBitmapStream.decode(bytes.fromhex(data))


def test_blocks_are_counted() -> None:
    with pytest.raises(DecodeError, match="more than"):
        ProgressiveBitmapStream.decode(bytes.fromhex("c2cc 06000000") * 65_537)


def test_a_block_ends_where_it_says() -> None:
    block_type, block = next_block(Cursor(bytes.fromhex("c1cc 08000000 0102 ffff")))
    assert block_type == BlockType.FRAME_BEGIN
    assert block.rest() == b"\1\2"
