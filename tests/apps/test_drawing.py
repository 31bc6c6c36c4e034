from __future__ import annotations

import numpy as np
import pytest

from trio_rdp.apps import drawing
from trio_rdp.graphics.geometry import Rect

RED = (255, 0, 0)


def test_fill_uses_red_green_blue_and_stays_inside() -> None:
    pixels = drawing.blank(4, 4)
    drawing.fill(pixels, Rect(2, 2, 10, 10), (1, 2, 3))
    assert pixels[3, 3].tolist() == [3, 2, 1, 255]
    assert pixels[1, 1].tolist() == [0, 0, 0, 255]


def test_blend_mixes_by_the_mask_and_tells_what_it_touched() -> None:
    pixels = drawing.blank(4, 4)
    mask = np.array([[0, 255], [128, 255]], np.uint8)
    assert drawing.blend(pixels, 3, 0, mask, RED) == Rect(3, 0, 1, 2)
    assert pixels[0, 3].tolist() == [0, 0, 0, 255]
    assert pixels[1, 3].tolist() == [0, 0, 128, 255]


@pytest.mark.parametrize(("left", "top"), [(-1, -1), (3, 3), (-5, 0), (0, 50)])
def test_blend_cuts_off_what_lies_outside(left: int, top: int) -> None:
    pixels = drawing.blank(4, 4)
    touched = drawing.blend(pixels, left, top, np.full((2, 2), 255, np.uint8), RED)
    assert (pixels[:, :, 2] == 255).sum() == touched.area


def test_blend_respects_within() -> None:
    pixels = drawing.blank(4, 4)
    drawing.blend(pixels, 0, 0, np.full((4, 4), 255, np.uint8), RED, Rect(1, 1, 2, 2))
    assert (pixels[:, :, 2] == 255).sum() == 4


def test_a_gradient_goes_from_the_first_colour_to_the_second() -> None:
    pixels = drawing.blank(64, 64)
    drawing.gradient(pixels, (10, 20, 30), (200, 100, 50))
    assert np.abs(pixels[0, 0, :3].astype(int) - [30, 20, 10]).max() <= 1
    assert np.abs(pixels[-1, -1, :3].astype(int) - [50, 100, 200]).max() <= 1


def test_masks_are_symmetric_smooth_and_empty_outside() -> None:
    for mask in (drawing.disc(8), drawing.ring(8, 2), drawing.rounded(20, 12, 4)):
        assert np.array_equal(mask, mask[::-1, ::-1])
        assert mask[0, 0] == 0
        assert mask.max() == 255
        assert len(np.unique(mask)) > 2
    assert drawing.disc(8)[8, 8] == 255
    assert drawing.ring(8, 2)[8, 8] == 0
    assert drawing.disc(8, 100).max() == 100
    assert drawing.rounded(20, 12, 0).min() == 255


def test_text_touches_what_it_says_and_nothing_else() -> None:
    pixels = drawing.blank(200, 60)
    touched = drawing.draw_text(pixels, 10, 10, "Hello", 20, (255, 255, 255))
    assert touched.width >= drawing.text_width("Hello", 20)
    assert touched.height == drawing.line_height(20)
    inside = drawing.part(pixels, touched)[:, :, :3]
    assert inside.max() == 255
    assert pixels[:, :, :3].astype(int).sum() == inside.astype(int).sum()


def test_no_text_touches_nothing() -> None:
    assert drawing.draw_text(drawing.blank(9, 9), 0, 0, "", 12, RED).is_empty


def test_characters_that_no_font_has_are_boxes_of_their_size() -> None:
    character = "\U0003fffd"
    assert drawing.advance(character, 20) == 20
    pixels = drawing.blank(40, 40)
    drawing.draw_text(pixels, 0, 0, character, 20, (255, 255, 255))
    assert pixels[:, :, :3].any()


def test_widths_add_up_nearly() -> None:
    text = "The quick brown fox"
    assert abs(sum(drawing.advance(character, 18) for character in text) - drawing.text_width(text, 18)) < 12


def test_the_plasma_moves_and_is_opaque() -> None:
    plasma = drawing.Plasma(40, 30)
    first, later = plasma.render(0.0), plasma.render(1.0)
    assert first.shape == (30, 40, 4)
    assert (first[:, :, 3] == 255).all()
    assert not np.array_equal(first, later)
    assert np.array_equal(first, plasma.render(0.0))
