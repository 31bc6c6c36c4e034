from __future__ import annotations

import threading
from types import ModuleType
from typing import TypeAlias

import numpy as np
import pytest

from tests.codecs.twins import FORMS, use
from trio_rdp.codecs import progressive
from trio_rdp.codecs.plain import rlgr
from trio_rdp.codecs.plain.srl import BitWriter, SrlWriter
from trio_rdp.codecs.progressive_blocks import (
    Block,
    BlockType,
    ComponentCodecQuant,
    Context,
    FrameBegin,
    FrameEnd,
    ProgressiveBitmapStream,
    ProgressiveCodecQuant,
    Rectangle,
    Region,
    RegionFlags,
    Sync,
    Tile,
    TileFirst,
    TileFlags,
    TileSimple,
    TileUpgrade,
    UnknownBlock,
    put_block,
)
from trio_rdp.codecs.status import INVALID
from trio_rdp.codecs.view import View
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated

Surface: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]"

WIDE = RegionFlags.DWT_REDUCE_EXTRAPOLATE
QUANT = ComponentCodecQuant.of(bytes((6,)) * 10)
ALL = (0, 0, 128, 128)


@pytest.fixture(params=FORMS, autouse=True)
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    use(request.param, monkeypatch, progressive)


def plane(grey: int, wide: bool = True) -> list[int]:
    """The coefficients of a plane of one value, in steps of a grey level: all in LL3, the first a difference to 0."""
    size = 81 if wide else 64
    return [0] * (4096 - size) + [grey] + [0] * (size - 1)


def stream(values: list[int]) -> bytes:
    return rlgr.encode(values, rlgr.RLGR1)


def grey_tile(x: int, y: int, grey: int, flags: int = 0) -> TileSimple:
    """A tile of one grey: the luma is sent less 128."""
    return TileSimple(x_idx=x, y_idx=y, flags=TileFlags(flags), y_data=stream(plane(grey)))


def region(tiles: list[Tile], *rects: Rectangle, passes: tuple[int, ...] = (), flags: RegionFlags = WIDE) -> Region:
    return Region(
        flags=flags,
        rects=list(rects or (ALL,)),
        quant_vals=[QUANT],
        quant_prog_vals=[
            ProgressiveCodecQuant(
                quality=50,
                y_quant_values=ComponentCodecQuant.of(bytes((bits,)) * 10),
                cb_quant_values=ComponentCodecQuant.of(bytes((bits,)) * 10),
                cr_quant_values=ComponentCodecQuant.of(bytes((bits,)) * 10),
            )
            for bits in passes
        ],
        tiles=tiles,
    )


def message(*regions: Region) -> bytes:
    blocks: list[Block] = [FrameBegin(frame_index=0, region_count=len(regions)), *regions, FrameEnd()]
    return ProgressiveBitmapStream(progressive_data_blocks=blocks).encode()


def screen() -> Surface:
    return np.zeros((128, 128, 4), np.uint8)


def greys(surface: Surface) -> list[int]:
    """The colours of the four tiles' first pixels, of which each tile is full."""
    tiles = surface.reshape(2, 64, 2, 64, 4).transpose(0, 2, 1, 3, 4).reshape(4, -1, 4)
    assert (tiles == tiles[:, :1]).all()
    assert (tiles[:, 0, :1] == tiles[:, 0, :3]).all()
    return [int(tile[0][0]) for tile in tiles]


def test_tiles_of_one_grey() -> None:
    decoder, surface = progressive.Decoder(128, 128), screen()
    data = message(region([grey_tile(0, 0, 0), grey_tile(1, 0, 72), grey_tile(0, 1, -28), grey_tile(1, 1, 300)]))
    assert decoder.decode_into(data, View.of(surface)) == [ALL]
    assert greys(surface) == [128, 200, 100, 255]
    assert (surface[:, :, 3] == 255).all()


def test_both_transforms() -> None:
    decoder, surface = progressive.Decoder(128, 128), screen()
    classic = TileSimple(x_idx=0, y_idx=0, y_data=stream(plane(30, wide=False)))
    decoder.decode_into(message(region([classic], flags=RegionFlags(0))), View.of(surface))
    assert (surface[:64, :64, :3] == 158).all()


def test_only_rectangles_are_drawn_and_only_once_decoded_tiles() -> None:
    decoder, surface = progressive.Decoder(100, 90), np.zeros((90, 100, 4), np.uint8)
    data = message(region([grey_tile(0, 0, 0), grey_tile(1, 1, 50)], (60, 10, 2, 70), (62, 60, 65535, 65535)))
    # What lies outside of the surface is cut off.
    assert decoder.decode_into(data, View.of(surface)) == [(60, 10, 2, 70), (62, 60, 38, 30)]
    expected = np.zeros((90, 100), np.uint8)
    expected[10:64, 60:62] = 128
    expected[60:64, 62:64] = 128
    expected[64:90, 64:100] = 178
    assert (surface[:, :, 0] == expected).all()


def test_a_smaller_view_cuts_off() -> None:
    decoder, surface = progressive.Decoder(128, 128), screen()
    data = message(region([grey_tile(0, 0, 72), grey_tile(1, 1, 72)]))
    decoder.decode_into(data, View.of(surface, 8, 4, 70, 66))
    expected = np.zeros((128, 128), np.uint8)
    expected[4:68, 8:72] = 200
    expected[68:70, 72:78] = 200
    assert (surface[:, :, 0] == expected).all()


def test_a_later_regions_rectangles_share_the_tiles_of_an_earlier_one() -> None:
    decoder, surface = progressive.Decoder(128, 128), screen()
    first = region([grey_tile(0, 0, 72), grey_tile(1, 0, 72)], (0, 0, 64, 64))
    second = region([grey_tile(0, 1, 72), grey_tile(1, 1, 72)], (64, 0, 64, 64), (0, 64, 128, 64))
    decoder.decode_into(message(first, second), View.of(surface))
    assert greys(surface) == [200] * 4


def test_rectangles_show_tiles_of_earlier_messages_of_the_frame() -> None:
    decoder, surface = progressive.Decoder(128, 128), screen()

    def decode(rect: Rectangle, *tiles: Tile) -> list[int]:
        decoder.decode_into(message(region(list(tiles), rect)), View.of(surface))
        return greys(surface)

    # Nobody told where frames begin.
    decode((0, 0, 64, 64), grey_tile(0, 0, 72), grey_tile(1, 0, 72))
    assert decode(ALL, grey_tile(0, 1, 0)) == [200, 0, 128, 0]
    decoder.begin_frame()
    assert decode((0, 64, 64, 64), grey_tile(0, 1, 10), grey_tile(1, 1, 20)) == [200, 0, 138, 0]
    assert decode((64, 64, 64, 64)) == [200, 0, 138, 148]
    surface[:] = 0
    assert decode(ALL, grey_tile(0, 0, 30)) == [158, 0, 138, 148]
    decoder.begin_frame()
    surface[:] = 0
    assert decode(ALL, grey_tile(0, 0, 40)) == [168, 0, 0, 0]


def test_a_difference_adds_to_what_was_there() -> None:
    decoder, surface = progressive.Decoder(128, 128), screen()
    for grey in (40, 20, -10):
        decoder.decode_into(message(region([grey_tile(0, 0, grey, flags=1), grey_tile(1, 0, grey)])), View.of(surface))
    assert greys(surface) == [178, 118, 0, 0]
    # A whole tile begins anew, and so does everything after a reset.
    decoder.decode_into(message(region([grey_tile(0, 0, 5)])), View.of(surface))
    assert greys(surface)[0] == 133
    decoder.reset()
    decoder.decode_into(message(region([grey_tile(0, 0, 7, flags=1)])), View.of(surface))
    assert greys(surface)[0] == 135


def upgrade(raw: int, bits: int, quality: int) -> TileUpgrade:
    """An upgrade of the luma: no element but those of LL3 has new bits, and of these all have the same."""
    runs, numbers = SrlWriter(), BitWriter()
    for _ in range(4096 - 81):
        runs.put(0, bits)
    for _ in range(81):
        numbers.put(raw, bits)
    return TileUpgrade(
        x_idx=0, y_idx=0, progressive_quality=quality, y_srl_data=runs.finish(), y_raw_data=numbers.finish()
    )


def test_passes_refine_a_tile() -> None:
    # 77 is 0b1001101; the first pass leaves out five bits, the second two, the third none.
    decoder, surface = progressive.Decoder(128, 128), screen()
    first = TileFirst(x_idx=0, y_idx=0, progressive_quality=0, y_data=stream(plane(0b10)))
    decoder.decode_into(message(region([first], passes=(5, 2))), View.of(surface))
    assert greys(surface)[0] == 128 + 0b1000000
    decoder.decode_into(message(region([upgrade(0b011, 3, 1)], passes=(5, 2))), View.of(surface))
    assert greys(surface)[0] == 128 + 0b1001100
    decoder.decode_into(message(region([upgrade(0b01, 2, 0xFF)])), View.of(surface))
    assert greys(surface)[0] == 128 + 77
    # Nothing is missing any more: an upgrade has no bits to read.
    decoder.decode_into(message(region([upgrade(0b11, 2, 0xFF)])), View.of(surface))
    assert greys(surface)[0] == 128 + 77


def test_a_difference_is_refined_by_its_own_signs() -> None:
    # [MS-RDPEGFX] 4.1.2: the sign of what came since the difference began tells how an element is upgraded.
    decoder, surface = progressive.Decoder(128, 128), screen()
    decoder.decode_into(message(region([grey_tile(0, 0, 100)])), View.of(surface))
    first = TileFirst(x_idx=0, y_idx=0, flags=TileFlags.DIFFERENCE, progressive_quality=0, y_data=stream(plane(-2)))
    decoder.decode_into(message(region([first], passes=(4,))), View.of(surface))
    assert greys(surface)[0] == 228 - 32
    decoder.decode_into(message(region([upgrade(0b1111, 4, 0xFF)])), View.of(surface))
    assert greys(surface)[0] == 228 - 32 + 15


def test_passes_of_one_tile_in_one_message() -> None:
    decoder, surface = progressive.Decoder(128, 128), screen()
    first = TileFirst(x_idx=0, y_idx=0, progressive_quality=0, y_data=stream(plane(1)))
    picture = decoder.read(message(region([first], passes=(3,)), region([upgrade(5, 3, 0xFF)])))
    assert picture.tile_count == 1
    picture.draw(View.of(surface))
    assert greys(surface)[0] == 128 + 13


def test_tiles_may_be_drawn_in_parts_by_several_threads() -> None:
    decoder, surface = progressive.Decoder(128, 128), screen()
    picture = decoder.read(message(region([grey_tile(n % 2, n // 2, 10 * n) for n in range(4)])))
    assert picture.tile_count == 4
    assert picture.ranges(2) == [(0, 2), (2, 4)]
    assert picture.ranges(9) == [(0, 1), (1, 2), (2, 3), (3, 4)]
    picture.draw(View.of(surface), 1, 2)
    assert greys(surface) == [0, 138, 0, 0]
    threads = [threading.Thread(target=picture.draw, args=(View.of(surface), n, n + 1)) for n in (0, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert greys(surface) == [128, 138, 148, 158]
    with pytest.raises(ValueError, match="tiles"):
        picture.draw(View.of(surface), 3, 5)
    with pytest.raises(ValueError, match="surface"):
        picture.draw(View(bytearray(10), 64, 0, 0, 16, 16))


def test_what_is_not_of_a_frame_is_ignored() -> None:
    decoder, surface = progressive.Decoder(128, 128), screen()
    outside = region([grey_tile(0, 0, 72)])
    blocks: list[Block] = [
        Sync(),
        Context(),
        outside,
        FrameBegin(frame_index=0, region_count=5),
        UnknownBlock(block_type=0xCCC9, data=b"?"),
        FrameEnd(),
        FrameEnd(),
        outside,
    ]
    data = ProgressiveBitmapStream(progressive_data_blocks=blocks).encode()
    assert decoder.decode_into(data, View.of(surface)) == []
    assert not surface.any()
    assert decoder.decode_into(b"", View.of(surface)) == []
    assert decoder.read(b"").ranges(4) == [(0, 0)]


@pytest.mark.parametrize(
    ("tiles", "error"),
    [
        ([TileSimple(x_idx=2, y_idx=0)], InvalidField),  # outside of the surface
        ([TileSimple(x_idx=0, y_idx=2)], InvalidField),
        ([TileSimple(x_idx=0, y_idx=0, quant_idx_cr=1)], InvalidField),
        ([TileFirst(x_idx=0, y_idx=0, progressive_quality=1)], InvalidField),
        ([TileUpgrade(x_idx=0, y_idx=0)], InvalidField),  # of a tile that never came
    ],
)
def test_tiles_that_cannot_be(tiles: list[Tile], error: type[DecodeError]) -> None:
    decoder, surface = progressive.Decoder(128, 128), screen()
    good: list[Tile] = [grey_tile(1, 1, 0)]
    with pytest.raises(error):
        decoder.decode_into(message(region(good + tiles, passes=(0,))), View.of(surface))
    assert not surface.any()


def test_cut_messages_draw_nothing() -> None:
    decoder, surface = progressive.Decoder(128, 128), screen()
    data = message(region([grey_tile(0, 0, 72), grey_tile(1, 1, 72)]))
    for size in range(13, len(data) - 6):
        with pytest.raises(Truncated):
            decoder.decode_into(data[:size], View.of(surface))
    # The region says that it has more tiles than its bytes hold.
    cut = bytearray(data)
    cut[12 + 6 + 6] = 3
    with pytest.raises(DecodeError):
        decoder.decode_into(cut, View.of(surface))
    assert not surface.any()


def test_a_message_that_fails_leaves_the_decoder_as_it_was() -> None:
    decoder, surface = progressive.Decoder(128, 128), screen()
    decoder.begin_frame()
    decoder.decode_into(message(region([grey_tile(0, 0, 72)])), View.of(surface))
    upgrade = message(region([TileUpgrade(x_idx=1, y_idx=1)], (64, 64, 64, 64)))
    two = message(region([grey_tile(0, 0, 10), grey_tile(1, 1, 72)]), region([grey_tile(1, 0, 72)], passes=(0,)))
    # All of the first region is there; of the second one a part, behind which stands FRAME_END with six bytes.
    start = len(message(region([grey_tile(0, 0, 10), grey_tile(1, 1, 72)]))) - 6
    for size in range(start + 1, len(two) - 6):
        with pytest.raises(Truncated):
            decoder.decode_into(two[:size], View.of(surface))
    with pytest.raises(InvalidField):
        decoder.decode_into(message(region([grey_tile(1, 1, 72)]), region([grey_tile(9, 0, 0)])), View.of(surface))
    # None of its tiles has begun, neither for upgrades nor for the frame, and those that had are what they were.
    with pytest.raises(InvalidField):
        decoder.decode_into(upgrade, View.of(surface))
    surface[:] = 0
    decoder.decode_into(message(region([])), View.of(surface))
    assert greys(surface) == [200, 0, 0, 0]
    decoder.decode_into(two, View.of(surface))
    decoder.decode_into(upgrade, View.of(surface))
    assert greys(surface) == [138, 200, 0, 200]


def test_a_region_that_fails_begins_no_tile() -> None:
    kernel: ModuleType = vars(progressive)["kernel"]
    quants = bytes(10)
    good = tile_block(grey_tile(0, 0, 1)) + tile_block(grey_tile(1, 0, 1))
    bad = tile_block(grey_tile(1, 1, 1)) + tile_block(grey_tile(0, 0, 1)) + tile_block(grey_tile(9, 9, 1))
    upgrade = tile_block(TileUpgrade(x_idx=1, y_idx=1))
    data = good + bad + upgrade
    plan = kernel.Plan(data, kernel.Tiles(128, 128))
    assert plan.add(0, len(good), 2, quants, b"", True) == 2
    assert plan.add(len(good), len(good + bad), 3, quants, b"", True) == INVALID
    assert plan.add(len(good + bad), len(data), 1, quants, b"", True) == INVALID
    # What began with an earlier region has still begun.
    other = kernel.Plan(good + tile_block(TileUpgrade(x_idx=0, y_idx=0)), plan.tiles)
    assert other.add(len(good), len(good) + 26, 1, quants, b"", True) == INVALID
    assert other.add(0, len(good), 2, quants, b"", True) == 2
    assert other.add(len(good), len(good) + 26, 1, quants, b"", True) == 1
    assert other.finish(b"") == 2


def tile_block(tile: Tile) -> bytes:
    """A tile as it stands in a region."""
    kind = BlockType.TILE_SIMPLE if isinstance(tile, TileSimple) else BlockType.TILE_PROGRESSIVE_UPGRADE
    out = bytearray()
    put_block(out, kind, tile.encode())
    return bytes(out)


def test_rectangles_that_lie_upon_each_other_are_limited() -> None:
    decoder, surface = progressive.Decoder(128, 128), screen()
    decoder.decode_into(message(region([grey_tile(0, 0, 72)], *[ALL] * progressive.MAX_OVERDRAW)), View.of(surface))
    with pytest.raises(InvalidField, match="rectangles"):
        decoder.decode_into(
            message(region([grey_tile(0, 0, 0)], *[ALL] * (progressive.MAX_OVERDRAW + 1))), View.of(surface)
        )
    assert greys(surface)[0] == 200


def test_blocks_and_surfaces_are_limited() -> None:
    with pytest.raises(InvalidField, match="blocks"):
        progressive.Decoder(64, 64).read(bytes.fromhex("c2cc 06000000") * 65_537)
    for size in ((0, 5), (65535, 65535)):
        with pytest.raises(DecodeError):
            progressive.Decoder(*size)


def test_noise_is_a_value_too() -> None:
    # Streams of any bytes: what a tile keeps of them is bounded, and every upgrade finds something to build upon.
    random = np.random.RandomState(5)
    decoder, surface = progressive.Decoder(64, 64), np.zeros((64, 64, 4), np.uint8)
    noise = [random.bytes(length) for length in (9000, 9000, 9000, 300, 300, 300)]
    tile = TileFirst(x_idx=0, y_idx=0, progressive_quality=0, y_data=noise[0], cb_data=noise[1], cr_data=noise[2])
    decoder.decode_into(message(region([tile], passes=(6,))), View.of(surface))
    more = TileUpgrade(
        x_idx=0, y_idx=0, y_srl_data=noise[3], y_raw_data=noise[4], cb_srl_data=noise[5], cr_raw_data=noise[3]
    )
    decoder.decode_into(message(region([more])), View.of(surface))
    assert len(np.unique(surface)) > 100
