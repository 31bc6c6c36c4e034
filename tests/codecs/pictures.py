"""Small pictures to encode: uint8 (height, width, 4), the fourth byte alpha."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

BGRX: TypeAlias = NDArray[np.uint8]


def noise(width: int, height: int) -> BGRX:
    """Random bytes."""
    return np.random.default_rng(width * 1000 + height).integers(0, 256, (height, width, 4), np.uint8)


def gradient(width: int, height: int) -> BGRX:
    """Smooth in each channel."""
    y, x = np.mgrid[0:height, 0:width]
    channels = (x + y + 40, 2 * x + 20, 230 - x, 255 - y)
    return np.stack([np.clip(values, 0, 255) for values in channels], axis=-1).astype(np.uint8)


def text(width: int, height: int) -> BGRX:
    """Lines of something like words, in three colours on a light ground; opaque."""
    source = np.random.default_rng(width + height)
    picture = np.full((height, width, 4), (250, 252, 255, 255), np.uint8)
    for top in range(2, height - 8, 12):
        ink = source.choice(np.array(((20, 20, 20, 255), (160, 60, 30, 255), (30, 90, 40, 255)), np.uint8))
        glyphs = source.integers(0, 2, (12, 8, 5)).astype(bool)
        for left in range(3, width - 6, 6):
            if source.random() < 0.85:
                picture[top : top + 8, left : left + 5][glyphs[source.integers(12)]] = ink
    return picture


def solid(width: int, height: int) -> BGRX:
    """One colour."""
    return np.full((height, width, 4), (90, 120, 30, 255), np.uint8)


def psnr(one: BGRX, two: BGRX) -> float:
    """The peak signal-to-noise ratio of the colours in decibels, at most 99."""
    error = float(np.mean((one[..., :3].astype(float) - two[..., :3]) ** 2))
    return 99.0 if error == 0 else min(99.0, float(10 * np.log10(255**2 / error)))
