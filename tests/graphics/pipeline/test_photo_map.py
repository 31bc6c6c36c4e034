"""Where photographs were seen."""

from __future__ import annotations

import numpy as np

from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.photo_map import PhotoMap


def test_tiles_beside_photographs_are_near() -> None:
    seen = PhotoMap(Rect(0, 0, 640, 200))
    photos, others = np.zeros((4, 10), np.bool_), np.zeros((4, 10), np.bool_)
    assert not seen.is_near(Rect(0, 0, 640, 200))
    photos[1, 4] = True
    seen.learn(photos, others)
    assert seen.is_near(Rect(192, 0, 1, 1))
    assert seen.is_near(Rect(0, 191, 193, 1))
    assert not seen.is_near(Rect(0, 0, 192, 200))
    assert not seen.is_near(Rect(0, 192, 640, 8))
    seen.learn(others, photos)
    assert not seen.is_near(Rect(0, 0, 640, 200))


def test_a_tile_may_be_added_for_the_next_time() -> None:
    seen = PhotoMap(Rect(0, 0, 640, 200))
    none = np.zeros((4, 10), np.bool_)
    seen.add(0, 0)
    seen.learn(none, none)
    assert seen.is_near(Rect(64, 64, 1, 1))
