from __future__ import annotations

import numpy as np
import pytest

from trio_rdp.codecs.view import View


def test_a_picture_or_a_rectangle_of_one() -> None:
    pixels = np.zeros((3, 5, 4), np.uint8)
    assert View.of(pixels)[1:] == (20, 0, 0, 5, 3)
    view = View.of(pixels, 2, 1, 3, 2)
    assert view[1:] == (20, 2, 1, 3, 2)
    np.asarray(view.surface)[view.y * view.stride + view.x * 4] = 7
    assert pixels[1, 2, 0] == 7


def test_a_buffer_of_pixels() -> None:
    buffer = bytearray(24)
    assert View.whole(buffer, 3, 2) == (buffer, 12, 0, 0, 3, 2)


def test_parts_are_clipped() -> None:
    view = View(bytearray(400), 40, 2, 3, 5, 4)
    assert view.part(1, 1, 2, 2)[2:] == (3, 4, 2, 2)
    assert view.part(4, 3, 64, 64)[2:] == (6, 6, 1, 1)
    assert view.part(5, 0, 64, 64)[4:] == (0, 4)
    assert view.part(9, 9, 1, 1)[4:] == (0, 0)


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4, 4), np.uint16), np.zeros((4, 8, 4), np.uint8)[:, ::2]],
)
def test_of_what_is_no_picture(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="no contiguous picture"):
        View.of(pixels)
