from __future__ import annotations

import numpy as np

from tests.graphics.pipeline.bitmaps import blocks, gradient
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.surface import OnWindow, Surface
from trio_rdp.graphics.pipeline.windows import WindowPictures, window_pixels


def mapped(window_id: int, *, target: tuple[int, int] | None = None) -> Surface:
    surface = Surface(window_id, 20, 10, has_alpha=True)
    surface.pixels[:] = blocks(20, 10)
    surface.mapping = OnWindow(window_id, (18, 9), target)
    return surface


def test_they_show_what_they_showed_at_the_end_of_a_frame() -> None:
    pictures, surface = WindowPictures(), mapped(7)
    assert pictures.pixels(7) is None
    pictures.show([surface])
    surface.pixels[:] = gradient(20, 10)
    found = pictures.pixels(7)
    assert found is not None
    assert np.array_equal(found, blocks(20, 10)[:9, :18])
    surface.add_damage(Rect(0, 0, 5, 5))
    pictures.show([surface])
    found = pictures.pixels(7)
    assert found is not None
    assert np.array_equal(found[:5, :5], gradient(20, 10)[:5, :5])
    assert np.array_equal(found[5:], blocks(20, 10)[5:9, :18])
    assert not surface.damage
    pictures.show([])
    assert pictures.pixels(7) is None
    pictures.show([])


def test_another_surface_takes_its_place() -> None:
    pictures, other = WindowPictures(), mapped(7)
    pictures.show([mapped(7)])
    other.pixels[:] = 1
    pictures.show([other])
    found = pictures.pixels(7)
    assert found is not None
    assert (found == 1).all()


def test_copies_that_were_made_before() -> None:
    pictures, surface = WindowPictures(), mapped(7)
    assert pictures.new([surface]) == [surface]
    pictures.prepare([surface])
    surface.pixels[:] = 1
    pictures.show([surface])
    found = pictures.pixels(7)
    assert found is not None
    assert np.array_equal(found, blocks(20, 10)[:9, :18])
    assert pictures.new([surface]) == []
    assert pictures.new([mapped(7)]) != []


def test_scaled() -> None:
    surface = mapped(7, target=(40, 20))
    assert isinstance(surface.mapping, OnWindow)
    assert window_pixels(surface.pixels, surface.mapping).shape == (20, 40, 4)
