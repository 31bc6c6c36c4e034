"""Blocks become few rectangles that hold them all, and rectangles are cut without losing a pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.areas import (
    BLOCK,
    bands,
    block_span,
    count_tiles,
    cover,
    inner_span,
    per_tile,
    pieces,
    subtract,
    tile_span,
)

BOUNDS = Rect(0, 0, 300, 200)


def painted(rects: list[Rect]) -> NDArray[np.int64]:
    """How often each pixel is in a rectangle."""
    count = np.zeros((BOUNDS.height, BOUNDS.width), np.int64)
    for rect in rects:
        assert not rect.is_empty
        assert BOUNDS.contains(rect)
        count[rect.top : rect.bottom, rect.left : rect.right] += 1
    return count


rectangles = st.builds(Rect, st.integers(0, 250), st.integers(0, 150), st.integers(1, 50), st.integers(1, 50))


@given(st.sets(st.tuples(st.integers(0, 12), st.integers(0, 18)), max_size=40))
def test_a_cover_holds_all_blocks_and_no_pixel_twice(blocks: set[tuple[int, int]]) -> None:
    mask = np.zeros((13, 19), np.bool_)
    for block in blocks:
        mask[block] = True
    count = painted(cover(mask, BOUNDS))
    assert count.max() <= 1
    whole = mask.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)[:200, :300]
    assert (count[whole] == 1).all()


def test_a_cover_joins_what_lies_near_and_nothing_else() -> None:
    mask = np.zeros((13, 19), np.bool_)
    mask[1, [0, 4]] = True
    mask[1, 12] = True
    assert cover(mask, BOUNDS) == [Rect(0, 16, 80, 16), Rect(192, 16, 16, 16)]
    mask[:] = True
    assert cover(mask, BOUNDS) == [BOUNDS]


@given(st.lists(rectangles, max_size=4), st.lists(rectangles, max_size=4))
def test_what_is_subtracted_is_gone_and_the_rest_is_there(rects: list[Rect], without: list[Rect]) -> None:
    expected = np.where(painted(without) > 0, 0, painted(rects))
    assert np.array_equal(painted(subtract(rects, without)), expected)


@given(st.lists(rectangles, max_size=5), st.sampled_from([64, 3000, 100_000]))
def test_pieces_are_all_of_it(rects: list[Rect], most: int) -> None:
    lists = list(pieces(rects, most))
    assert np.array_equal(painted([rect for piece in lists for rect in piece]), painted(rects))
    assert all(sum(rect.area for rect in piece) <= max(most, 64 * 50) for piece in lists)


@given(st.lists(rectangles, max_size=8), st.integers(1, 20_000))
def test_bands_are_all_of_it_and_share_no_tile(rects: list[Rect], most: int) -> None:
    apart = [part for number, rect in enumerate(rects) for part in subtract([rect], rects[:number])]
    lists = list(bands(apart, most))
    assert np.array_equal(painted([rect for band in lists for rect in band]), painted(apart))
    tiles = [
        {(row, column) for rect in band for row in _range(rect, 0) for column in _range(rect, 1)} for band in lists
    ]
    assert sum(map(len, tiles)) == len(set().union(*tiles))
    for band in lists:
        assert sum(rect.area for rect in band) <= most or len({row for rect in band for row in _range(rect, 0)}) == 1


def _range(rect: Rect, axis: int) -> range:
    span = tile_span(rect)[axis]
    return range(span.start, span.stop)


def test_bands_are_whole_again() -> None:
    assert list(bands([Rect(10, 10, 200, 180), Rect(220, 70, 5, 9)], 1 << 20)) == [
        [Rect(220, 70, 5, 9), Rect(10, 10, 200, 180)]
    ]


def test_large_rectangles_are_cut_between_rows_of_tiles() -> None:
    lists = list(pieces([Rect(10, 10, 200, 180)], 64 * 200))
    assert lists == [[Rect(10, 10, 200, 54)], [Rect(10, 64, 200, 64)], [Rect(10, 128, 200, 62)]]


@pytest.mark.parametrize(
    ("rect", "outer", "inner"),
    [
        (Rect(16, 16, 32, 16), (1, 2, 1, 3), (1, 2, 1, 3)),
        (Rect(15, 17, 34, 14), (1, 2, 0, 4), (2, 2, 1, 3)),
        (Rect(280, 190, 20, 10), (11, 13, 17, 19), (12, 13, 18, 19)),
    ],
)
def test_spans(rect: Rect, outer: tuple[int, int, int, int], inner: tuple[int, int, int, int]) -> None:
    rows, columns = block_span(rect)
    assert (rows.start, rows.stop, columns.start, columns.stop) == outer
    rows, columns = inner_span(rect, BOUNDS)
    assert (rows.start, rows.stop, columns.start, columns.stop) == inner


def test_tiles_are_counted_as_far_as_they_are_touched() -> None:
    assert tile_span(Rect(60, 0, 8, 64)) == (slice(0, 1), slice(0, 2))
    assert count_tiles([Rect(60, 60, 8, 8), Rect(0, 0, 64, 64)]) == 5


def test_blocks_are_counted_in_tiles() -> None:
    blocks = np.random.default_rng(1).integers(0, 2, (10, 13)).astype(np.bool_)
    expected = [[int(blocks[y : y + 4, x : x + 4].sum()) for x in range(0, 13, 4)] for y in range(0, 10, 4)]
    assert per_tile(blocks).tolist() == expected
    assert per_tile(np.ones((8, 8), np.bool_)).tolist() == [[16, 16], [16, 16]]
