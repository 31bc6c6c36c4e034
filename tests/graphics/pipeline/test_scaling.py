from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.graphics.pipeline.bitmaps import gradient, similarity
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.scaling import scale

sizes = st.integers(1, 200)


def test_the_same_size_is_the_same_picture() -> None:
    picture = gradient(33, 17)
    assert np.array_equal(scale(picture, 33, 17, Rect(0, 0, 33, 17)), picture)


def test_twice_as_large() -> None:
    picture = np.zeros((1, 2, 4), np.uint8)
    picture[0, 1] = 200
    assert scale(picture, 4, 1, Rect(0, 0, 4, 1))[0, :, 0].tolist() == [0, 50, 150, 200]


def test_a_gradient_stays_one() -> None:
    large, small = gradient(90, 60), scale(gradient(90, 60), 45, 30, Rect(0, 0, 45, 30))
    assert similarity(scale(small, 90, 60, Rect(0, 0, 90, 60)), large) > 40


@given(sizes, sizes, sizes, sizes, st.data())
def test_any_part_is_that_of_the_whole(columns: int, rows: int, width: int, height: int, data: st.DataObject) -> None:
    picture = gradient(columns, rows)
    whole = scale(picture, width, height, Rect(0, 0, width, height))
    assert whole.shape == (height, width, 4)
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    part = Rect(left, top, data.draw(st.integers(0, width - left)), data.draw(st.integers(0, height - top)))
    found = scale(picture, width, height, part)
    assert np.array_equal(found, whole[part.top : part.bottom, part.left : part.right])
    assert whole.min() >= picture.min()
    assert whole.max() <= picture.max()
