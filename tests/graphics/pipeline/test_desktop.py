from __future__ import annotations

import numpy as np
import pytest

from tests.graphics.pipeline.bitmaps import Picture, blocks, gradient
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.desktop import Desktop
from trio_rdp.graphics.pipeline.scaling import scale
from trio_rdp.graphics.pipeline.surface import OnDesktop, Surface, black


def mapped(
    number: int,
    picture: Picture,
    x: int = 0,
    y: int = 0,
    *,
    target: tuple[int, int] | None = None,
    has_alpha: bool = False,
) -> Surface:
    height, width = picture.shape[:2]
    surface = Surface(number, width, height, has_alpha=has_alpha)
    surface.pixels[:] = picture
    surface.mapping = OnDesktop(x, y, *(target or (width, height)))
    surface.add_damage(surface.bounds)
    return surface


def test_nothing_is_shown_at_first() -> None:
    desktop = Desktop(5, 4)
    assert np.array_equal(desktop.pixels, black(5, 4))
    assert desktop.compose([]).finish() == []


class TestTheWholeDesktop:
    def test_its_pixels_are_the_picture(self) -> None:
        desktop, surface = Desktop(20, 10), mapped(1, blocks(20, 10))
        drawing = desktop.compose([surface])
        assert (drawing.damage, drawing.tiles) == ([Rect(0, 0, 20, 10)], 0)
        assert desktop.pixels is surface.pixels
        surface.add_damage(Rect(3, 4, 5, 6))
        assert desktop.compose([surface]).finish() == [Rect(3, 4, 5, 6)]
        assert desktop.compose([surface]).finish() == []

    @pytest.mark.parametrize(
        "surface",
        [
            mapped(1, gradient(20, 10), 1),
            mapped(1, gradient(20, 11)),
            mapped(1, gradient(10, 5), target=(20, 10)),
            mapped(1, gradient(20, 10), has_alpha=True),
        ],
    )
    def test_others_are_copied(self, surface: Surface) -> None:
        desktop = Desktop(20, 10)
        desktop.compose([surface]).finish()
        assert desktop.surface is None
        assert desktop.pixels[..., :3].any()
        assert (desktop.pixels[..., 3] == 255).all()

    def test_it_stays_when_it_is_shown_no_more(self) -> None:
        desktop, surface = Desktop(20, 10), mapped(1, blocks(20, 10))
        desktop.compose([surface])
        surface.add_damage(Rect(3, 4, 1, 1))
        desktop.map_anew()
        surface.pixels[:] = 7
        assert np.array_equal(desktop.pixels, blocks(20, 10))
        assert desktop.compose([]).finish() == [Rect(3, 4, 1, 1)]  # what was drawn while it was the picture

    def test_who_draws_beside_it_gets_a_picture_of_its_own(self) -> None:
        desktop, surface = Desktop(20, 10), mapped(1, blocks(20, 10))
        desktop.compose([surface])
        desktop.separate()
        desktop.pixels[:5] = 255
        surface.pixels[8, 8] = (1, 2, 3, 255)
        surface.add_damage(Rect(8, 8, 1, 1))
        assert desktop.compose([surface]).finish() == [Rect(8, 8, 1, 1)]
        assert desktop.pixels[8, 8].tolist() == [1, 2, 3, 255]
        assert (desktop.pixels[:5] == 255).all()
        desktop.map_anew()
        assert desktop.compose([surface]).finish() == [surface.bounds]
        assert desktop.surface is surface


class TestSeveral:
    def test_those_mapped_last_are_on_top(self) -> None:
        desktop = Desktop(40, 30)
        below, above = mapped(1, gradient(20, 20), 5, 5), mapped(2, blocks(20, 20), 15, 15)
        desktop.compose([below, above]).finish()
        below.pixels[:] = 9
        below.add_damage(below.bounds)
        assert desktop.compose([below, above]).finish() == [Rect(5, 5, 20, 20)]
        assert np.array_equal(desktop.pixels[15:30, 15:35], blocks(20, 20)[:15])
        assert (desktop.pixels[5:15, 5:25, :3] == 9).all()
        assert not desktop.pixels[:5, :, :3].any()

    def test_what_lies_outside_is_not_shown(self) -> None:
        desktop = Desktop(40, 30)
        assert desktop.compose([mapped(1, blocks(20, 20), 30, 20)]).finish() == [Rect(30, 20, 10, 10)]
        assert desktop.compose([mapped(2, blocks(20, 20), 1 << 31, 20)]).finish() == []

    def test_much_damage_becomes_a_box(self) -> None:
        desktop, surface = Desktop(200, 200), mapped(1, blocks(180, 180), 1, 1)
        desktop.compose([surface]).finish()
        for number in range(33):
            surface.add_damage(Rect(4 * number, 4 * number, 2, 2))
        assert desktop.compose([surface]).finish() == [Rect(1, 1, 130, 130)]


def test_scaled() -> None:
    desktop, surface = Desktop(60, 50), mapped(1, gradient(20, 20), 5, 5, target=(50, 40))
    assert desktop.compose([surface]).finish() == [Rect(5, 5, 50, 40)]
    surface.pixels[7, 7] = 255
    surface.add_damage(Rect(7, 7, 1, 1))
    (rect,) = desktop.compose([surface]).finish()
    assert rect.area < 100
    whole = scale(surface.pixels, 50, 40, Rect(0, 0, 50, 40))
    assert np.array_equal(desktop.pixels[5:45, 5:55], whole)


def test_a_new_one_shows_everything() -> None:
    surface = mapped(1, blocks(20, 10))
    Desktop(20, 10).compose([surface])
    assert Desktop(20, 10).compose([surface]).finish() == [surface.bounds]


def test_another_picture() -> None:
    desktop, surface = Desktop(20, 10), mapped(1, blocks(20, 10))
    desktop.compose([surface])
    desktop.replace(gradient(20, 10))
    assert np.array_equal(desktop.pixels, gradient(20, 10))
