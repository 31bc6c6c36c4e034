from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from trio_rdp.codecs.avc_means import has_means

WIDTH, HEIGHT = 96, 64


def chroma(seed: int) -> NDArray[np.uint8]:
    """A plane with hard edges that lie anywhere, as text has them."""
    random = np.random.default_rng(seed)
    plane = np.full((HEIGHT, WIDTH), 128, np.uint8)
    for x, y, wide, high, value in random.integers((0, 0, 3, 3, 0), (WIDTH, HEIGHT, 9, 9, 256), (150, 5)).tolist():
        plane[y : y + high, x : x + wide] = value
    return plane


def with_means(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    out = plane.copy()
    out[::2, ::2] = plane.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).mean((1, 3)) + 0.5
    return out


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("before", [True, False])
def test_pictures_tell(seed: int, before: bool) -> None:
    planes = chroma(seed), chroma(seed + 50)
    assert not has_means(planes, WIDTH, (0, HEIGHT), before)
    assert has_means([with_means(plane) for plane in planes], WIDTH, (0, HEIGHT), before)


@pytest.mark.parametrize("rows", [(0, 0), (0, 1), (7, 9), (0, 2), (HEIGHT - 1, HEIGHT), (HEIGHT, HEIGHT), (0, HEIGHT)])
@pytest.mark.parametrize("before", [True, False])
def test_what_tells_nothing_changes_nothing(rows: tuple[int, int], before: bool) -> None:
    plane = bytes([128]) * (WIDTH * HEIGHT)
    assert has_means([plane, plane], WIDTH, rows, before) is before
    assert has_means([bytes(32)], 16, (0, 2), before) is before
