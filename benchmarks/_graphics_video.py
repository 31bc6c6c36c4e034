"""A moving picture that looks like a film: made of the photograph of `_frames.py` alone, the same every time.

A camera pans, zooms and turns by fractions of a pixel over a photograph, and something blurred at its edges passes.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from _frames import HEIGHT, WIDTH, frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FRAMES", "film", "make_film"]

FRAMES = 40
_RADIUS = 190


def make_film(folder: Path) -> None:
    """Write the film into a folder, where `film` finds it: 332 MB."""
    from PIL import Image

    photo = np.ascontiguousarray(frame("photo")[..., 2::-1])
    far = Image.fromarray(photo).resize((WIDTH * 4 // 3, HEIGHT * 4 // 3), Image.Resampling.BICUBIC)
    near = Image.fromarray(np.ascontiguousarray(255 - photo[::-1, ::-1]))
    rows, columns = np.mgrid[-_RADIUS:_RADIUS, -_RADIUS:_RADIUS]
    distance = np.sqrt(rows**2 + columns**2)
    soft = Image.fromarray((255 * np.clip((_RADIUS - distance) / 30, 0, 1)).astype(np.uint8))
    whole = np.lib.format.open_memmap(_path(folder), "w+", np.uint8, (FRAMES, HEIGHT, WIDTH, 4))
    for number in range(FRAMES):
        picture = far.transform((WIDTH, HEIGHT), Image.Transform.AFFINE, _camera(number), Image.Resampling.BILINEAR)
        angle = 2 * math.pi * number / 90
        x, y = round(960 + 420 * math.cos(angle)) - _RADIUS, round(540 + 240 * math.sin(angle)) - _RADIUS
        source = near.crop((300 + 3 * number, 200, 300 + 3 * number + 2 * _RADIUS, 200 + 2 * _RADIUS))
        picture.paste(source, (x, y), soft)
        whole[number, ..., :3] = np.asarray(picture)[..., ::-1]
        whole[number, ..., 3] = 255
    whole.flush()


def film(folder: Path) -> NDArray[np.uint8]:
    """The film that is in a folder: uint8 (FRAMES, 1080, 1920, 4), B G R and 255."""
    pictures: NDArray[np.uint8] = np.load(_path(folder), mmap_mode="r")
    return pictures


def _camera(number: int) -> tuple[float, ...]:
    """Where the pixels of a frame come from: the coefficients of an affine map."""
    zoom, angle = 1 - 0.002 * number, 0.0012 * number
    cosine, sine = zoom * math.cos(angle), zoom * math.sin(angle)
    return cosine, -sine, 130 + 3.3 * number, sine, cosine, 60 + 1.7 * number


def _path(folder: Path) -> Path:
    return folder / "film.npy"
