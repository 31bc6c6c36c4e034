from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.graphics.pipeline.bitmaps import gradient
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.scaling import scale
from trio_rdp.graphics.pipeline.surface import OnDesktop, Surface, black, place_of


def test_a_new_one_is_black_and_opaque() -> None:
    surface = Surface(3, 5, 2, has_alpha=True)
    assert surface.pixels.shape == (2, 5, 4)
    assert surface.pixels.tolist() == [[[0, 0, 0, 255]] * 5] * 2
    assert np.array_equal(surface.pixels, black(5, 2))
    assert (surface.area, surface.size, surface.bounds) == (10, 40, Rect(0, 0, 5, 2))


def test_pixels_as_numbers() -> None:
    surface = Surface(3, 5, 2, has_alpha=False)
    surface.words[1, 2] = 0xFF112233
    assert surface.pixels[1, 2].tolist() == [0x33, 0x22, 0x11, 255]


def test_views_are_clipped() -> None:
    surface = Surface(3, 5, 2, has_alpha=False)
    assert surface.view()[2:] == (0, 0, 5, 2)
    assert surface.view(Rect(3, 1, 9, 9))[2:] == (3, 1, 2, 1)
    assert surface.view(Rect(300, 1, 9, 9))[2:] == (0, 0, 0, 0)


def test_damage_is_clipped() -> None:
    surface = Surface(3, 5, 2, has_alpha=False)
    surface.add_damage(Rect(-1, -1, 3, 2))
    surface.add_damage(Rect(9, 9, 3, 2))
    assert surface.damage.rects == [Rect(0, 0, 2, 1)]


def test_where_it_is_shown() -> None:
    surface = Surface(3, 5, 2, has_alpha=False)
    surface.mapping = OnDesktop(10, 20, 5, 2)
    assert surface.place(Rect(1, 1, 2, 1)) == Rect(11, 21, 2, 1)
    surface.mapping = OnDesktop(10, 20, 10, 2)
    assert surface.place(surface.bounds) == Rect(10, 20, 10, 2)


sizes = st.integers(1, 60)


@given(sizes, sizes, sizes, sizes, st.data())
def test_all_that_changes_of_a_scaled_one(w: int, h: int, width: int, height: int, data: st.DataObject) -> None:
    rect = Rect(x := data.draw(st.integers(0, w - 1)), y := data.draw(st.integers(0, h - 1)), 0, 0)
    rect = Rect(x, y, data.draw(st.integers(1, w - x)), data.draw(st.integers(1, h - y)))
    before = gradient(w, h)
    after = before.copy()
    after[rect.top : rect.bottom, rect.left : rect.right] ^= 255
    whole = Rect(0, 0, width, height)
    changed = (scale(before, width, height, whole) != scale(after, width, height, whole)).any(axis=-1)
    place = place_of(rect, (w, h), OnDesktop(0, 0, width, height))
    assert whole.contains(place)
    changed[place.top : place.bottom, place.left : place.right] = False
    assert not changed.any()
