"""Tiles of which only a part is drawn."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.graphics.pipeline.model_client import photo
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.margins import Margins, split_whole

BOUNDS = Rect(0, 0, 300, 200)


@given(st.integers(0, 299), st.integers(0, 199), st.integers(1, 300), st.integers(1, 200))
def test_whole_tiles_are_told_from_the_rest(x: int, y: int, width: int, height: int) -> None:
    rect = Rect(x, y, width, height).intersect(BOUNDS)
    whole, rest = split_whole([rect], BOUNDS)
    drawn = np.zeros((200, 300), np.uint8)
    for part in whole + rest:
        drawn[part.top : part.bottom, part.left : part.right] += 1
    wanted = np.zeros_like(drawn)
    wanted[rect.top : rect.bottom, rect.left : rect.right] = 1
    assert (drawn == wanted).all()
    for part in whole:
        assert part.left % 64 == part.top % 64 == 0
        assert part.right % 64 == 0 or part.right == 300
        assert part.bottom % 64 == 0 or part.bottom == 200


def test_what_is_around_is_the_edge_repeated() -> None:
    picture = photo(300, 200)
    smooth = Margins(300, 200).smooth(picture, [Rect(70, 10, 20, 30), Rect(256, 190, 40, 10)])
    assert (smooth[10:40, 70:90] == picture[10:40, 70:90]).all()
    assert (smooth[10:40, 64:70] == picture[10:40, 70, None]).all()
    assert (smooth[10:40, 90:128] == picture[10:40, 89, None]).all()
    assert (smooth[0:10, 64:128] == smooth[10, 64:128]).all()
    assert (smooth[40:64, 64:128] == smooth[39, 64:128]).all()
    assert (smooth[192:, 296:300] == picture[192:, 295, None]).all()


def test_two_parts_of_a_tile_have_what_is_between_them() -> None:
    picture = photo(300, 200)
    smooth = Margins(300, 200).smooth(picture, [Rect(0, 0, 10, 64), Rect(30, 0, 10, 64)])
    assert (smooth[:64, :40] == picture[:64, :40]).all()
    assert (smooth[:64, 40:64] == picture[:64, 39, None]).all()
