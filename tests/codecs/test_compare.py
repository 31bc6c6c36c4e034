from __future__ import annotations

import random
from array import array
from types import ModuleType

import numpy as np
import pytest

from tests.codecs.twins import twins
from trio_rdp.codecs import compare


@pytest.fixture(params=twins("compare"), autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module: ModuleType = request.param
    monkeypatch.setattr(compare, "kernel", module)
    return module


WIDTH, HEIGHT, STRIDE = 150, 100, 608


@pytest.fixture
def surface() -> bytearray:
    return bytearray(random.Random(4).randbytes(STRIDE * HEIGHT))


def test_the_grid_covers_the_surface() -> None:
    assert compare.grid(150, 100) == (3, 2)
    assert compare.grid(128, 64) == (2, 1)
    assert compare.grid(0, 0) == (0, 0)


def test_one_changed_byte_changes_its_tile_alone(surface: bytearray) -> None:
    sent = compare.tile_hashes(surface, STRIDE, WIDTH, HEIGHT)
    assert len(set(sent)) == 6
    for x, y, tile in ((0, 0, 0), (63, 63, 0), (64, 0, 1), (149, 0, 2), (149, 99, 5), (0, 64, 3)):
        for channel in range(4):
            place = y * STRIDE + x * 4 + channel
            surface[place] ^= 1
            changed = compare.changed_tiles(surface, STRIDE, WIDTH, HEIGHT, sent)
            assert [index for index, _ in changed] == [tile]
            assert changed[0][1] == compare.tile_hashes(surface, STRIDE, WIDTH, HEIGHT)[tile]
            surface[place] ^= 1
    assert compare.changed_tiles(surface, STRIDE, WIDTH, HEIGHT, sent) == []


def test_what_lies_between_the_rows_does_not_count(surface: bytearray) -> None:
    sent = compare.tile_hashes(surface, STRIDE, WIDTH, HEIGHT)
    surface[STRIDE - 1] ^= 0xFF
    assert compare.changed_tiles(surface, STRIDE, WIDTH, HEIGHT, sent) == []


def test_the_order_of_rows_and_pixels_counts() -> None:
    a, b = b"\1\2\3\xff" * 8, b"\4\5\6\xff" * 8
    hashes = {compare.tile_hashes(rows, 32, 8, 2, 8)[0] for rows in (a + b, b + a)}
    mixed = b"\1\2\3\xff\4\5\6\xff" * 4
    hashes |= {compare.tile_hashes(rows + a, 32, 8, 2, 8)[0] for rows in (mixed, mixed[4:] + mixed[:4])}
    hashes |= {compare.tile_hashes(a, 16, 4, 2, 8)[0], compare.tile_hashes(a, 28, 7, 1, 8)[0]}
    assert len(hashes) == 6


def test_only_what_the_rectangles_touch_is_looked_at(surface: bytearray) -> None:
    sent = compare.tile_hashes(surface, STRIDE, WIDTH, HEIGHT)
    surface[:] = bytes(len(surface))
    look = [(60, 0, 4, 1), (-5, 64, 6, 5), (500, 0, 5, 5), (0, 0, 0, 10), (0, 0, 10, 0)]
    changed = compare.changed_tiles(surface, STRIDE, WIDTH, HEIGHT, sent, rects=look)
    assert [index for index, _ in changed] == [0, 3]
    out = array("Q", [1] * 6)
    compare.tile_hashes(surface, STRIDE, WIDTH, HEIGHT, rects=[(64, 64, 65, 1)], out=out)
    assert [value == 1 for value in out] == [True] * 4 + [False] * 2


def test_hashes_of_many_like_tiles_differ() -> None:
    # One pixel of every colour of a ramp, in a black tile.
    rows = b"".join(bytes((value & 0xFF, value >> 8, 0, 255)) + bytes(12) for value in range(4096))
    assert len(set(compare.tile_hashes(rows, len(rows), 4 * 4096, 1, 4))) == 4096


def test_sizes_are_checked(surface: bytearray) -> None:
    with pytest.raises(ValueError, match="tile"):
        compare.tile_hashes(surface, STRIDE, WIDTH, HEIGHT, 1)
    with pytest.raises(ValueError, match="tile"):
        compare.tile_hashes(surface, STRIDE, WIDTH, HEIGHT, 257)
    with pytest.raises(ValueError, match="surface"):
        compare.tile_hashes(surface, STRIDE, WIDTH, HEIGHT + 1)
    with pytest.raises(ValueError, match="tiles"):
        compare.tile_hashes(surface, STRIDE, WIDTH, HEIGHT, out=array("Q", [0] * 5))


@pytest.mark.parametrize("tile", [2, 7, 64])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (63, 65), (130, 20)])
def test_two_frames(width: int, height: int, tile: int) -> None:
    source = np.random.default_rng(4)
    one = source.integers(0, 256, (height, width + 1, 4), np.uint8)
    two = np.zeros((height, width + 3, 4), np.uint8)
    two[:, :width] = one[:, :width]
    strides = one.strides[0], two.strides[0]
    columns, rows = compare.grid(width, height, tile)
    assert compare.different_tiles(one, strides[0], two, strides[1], width, height, tile) == bytes(columns * rows)
    # What stands beside the frames does not count; the fourth byte does.
    one[:, width:] = 9
    expected = bytearray(columns * rows)
    for _ in range(3):
        two[int(source.integers(height)), int(source.integers(width)), 3] ^= 1
    for index in range(columns * rows):
        top, left = index // columns * tile, index % columns * tile
        part = slice(top, min(top + tile, height)), slice(left, min(left + tile, width))
        expected[index] = int((one[part] != two[part]).any())
    assert compare.different_tiles(one, strides[0], two, strides[1], width, height, tile) == expected


def test_frames_that_do_not_fit(kernel: ModuleType) -> None:
    with pytest.raises(ValueError, match="surface"):
        compare.different_tiles(bytes(16), 8, bytes(15), 8, 2, 2)
    with pytest.raises(ValueError, match="256"):
        compare.different_tiles(bytes(16), 8, bytes(16), 8, 2, 2, 257)
    with pytest.raises(ValueError, match="marks"):
        kernel.compare_tiles(bytes(16), 8, bytes(16), 8, 2, 2, 2, bytearray())


def test_measures() -> None:
    pixels = np.zeros((130, 200, 4), np.uint8)
    pixels[:64, 64:128] = np.random.default_rng(2).integers(0, 256, (64, 64, 4))
    pixels[..., 3] = np.random.default_rng(3).integers(0, 256, (130, 200))  # does not count
    pixels[64:128:2, :64, 1] = 200
    marks = bytearray(b"\1" * 12)
    marks[4] = 0
    measures = compare.measure_tiles(pixels, pixels.strides[0], 200, 130, marks)
    pairs = list(zip(measures[::2], measures[1::2], strict=True))
    assert pairs[0] == (64 * 16, 1)
    assert pairs[1][0] < 3
    assert 500 < pairs[1][1] < compare.BUCKETS
    assert pairs[4] == (0, 0)
    assert pairs[5] == (63 * 16 + 16, 1)
    assert pairs[3] == (8 * 16, 1)
    assert pairs[8] == (0, 0)  # two rows: none of them is looked at
