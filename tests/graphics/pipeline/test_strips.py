"""Strips of a picture, cut where a photograph ends."""

from __future__ import annotations

import numpy as np

from tests.codecs.pictures import text
from tests.graphics.pipeline.model_client import photo
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.strips import cut_strips


def test_strips_are_cut_where_a_window_ends() -> None:
    picture = photo(400, 300)
    picture[:, 210:] = 230
    assert cut_strips(picture, [Rect(200, 20, 30, 200)]) == [Rect(200, 20, 10, 200), Rect(210, 20, 20, 200)]
    picture = photo(400, 300)
    picture[:50] = 230
    assert cut_strips(picture, [Rect(8, 40, 300, 21)]) == [Rect(8, 40, 300, 10), Rect(8, 50, 300, 11)]


def test_what_is_alike_is_not_cut() -> None:
    for picture in photo(400, 300), text(400, 300), np.zeros((300, 400, 4), np.uint8):
        for rect in Rect(3, 5, 300, 20), Rect(3, 5, 20, 280), Rect(3, 5, 100, 100), Rect(3, 5, 10, 10):
            assert cut_strips(picture, [rect]) == [rect]


def test_what_changes_often_is_no_edge() -> None:
    picture = photo(400, 300)
    for left in range(0, 60, 20):
        picture[:, left : left + 10] = left
    assert cut_strips(picture, [Rect(0, 0, 60, 200)]) == [Rect(0, 0, 60, 200)]


def test_only_so_much_is_looked_at() -> None:
    picture = photo(2000, 300)
    picture[30:] = 0
    rects = [Rect(0, 0, 2000, 60)] * 3
    assert cut_strips(picture, rects) == [Rect(0, 0, 2000, 30), Rect(0, 30, 2000, 30), *rects[1:]]
