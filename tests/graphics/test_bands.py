from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.graphics.bands import Band, cut_bands
from trio_rdp.graphics.differences import TILE
from trio_rdp.graphics.geometry import Rect

RECTS = st.builds(Rect, st.integers(-99, 500), st.integers(-99, 400), st.integers(0, 300), st.integers(0, 300))
BOUNDS = Rect(0, 0, 450, 350)


def pixels(rects: tuple[Rect, ...] | list[Rect]) -> set[tuple[int, int]]:
    step = 7  # every seventh pixel is enough, and 49 times as fast
    return {
        (x, y)
        for rect in rects
        for x in range(-(-rect.left // step) * step, rect.right, step)
        for y in range(-(-rect.top // step) * step, rect.bottom, step)
    }


def touched(rects: tuple[Rect, ...]) -> set[tuple[int, int]]:
    return {
        (column, row)
        for rect in rects
        for column in range(rect.left // TILE, (rect.right - 1) // TILE + 1)
        for row in range(rect.top // TILE, (rect.bottom - 1) // TILE + 1)
    }


def test_nothing() -> None:
    assert cut_bands([], BOUNDS, 4) == []
    assert cut_bands([Rect(500, 0, 9, 9), Rect(5, 5, 0, 9)], BOUNDS, 4) == []


def test_a_caret_is_one_band_of_one_tile() -> None:
    (band,) = cut_bands([Rect(70, 66, 2, 16)], BOUNDS, 40)
    assert band == Band((Rect(70, 66, 2, 16),), 1)
    assert band.pixels == TILE * TILE


def test_small_damage_in_many_places_is_one_piece() -> None:
    rects = [Rect(10, 10, 2, 2), Rect(300, 10, 2, 2), Rect(20, 200, 2, 2)]
    assert cut_bands(rects, BOUNDS, 40) == [Band(tuple(rects), 3)]


def test_a_row_of_tiles_is_cut_between_tiles() -> None:
    bands = cut_bands([Rect(10, 5, 300, 20)], BOUNDS, 2)
    assert bands == [
        Band((Rect(10, 5, 118, 20),), 2),
        Band((Rect(128, 5, 128, 20),), 2),
        Band((Rect(256, 5, 54, 20),), 1),
    ]


def test_gaps_in_a_row_cost_nothing() -> None:
    bands = cut_bands([Rect(0, 0, 64, 64), Rect(256, 0, 64, 64)], BOUNDS, 2)
    assert bands == [Band((Rect(0, 0, 64, 64), Rect(256, 0, 64, 64)), 2)]


@given(st.lists(RECTS, max_size=6), st.integers(1, 60))
def test_bands_cover_the_damage_and_share_no_tile(rects: list[Rect], tiles: int) -> None:
    bands = cut_bands(rects, BOUNDS, tiles)
    clipped = [rect.intersect(BOUNDS) for rect in rects]
    assert pixels([rect for band in bands for rect in band.rects]) == pixels(clipped)
    seen: set[tuple[int, int]] = set()
    for band in bands:
        own = touched(band.rects)
        assert 0 < len(own) == band.tiles <= tiles
        assert not own & seen
        seen |= own
