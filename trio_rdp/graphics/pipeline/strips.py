"""Strips of a picture, cut where a photograph ends: what a window leaves behind, and its edge beside it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from trio_rdp.graphics.differences import TILE
from trio_rdp.graphics.geometry import Rect

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["cut_strips"]

_MOST_PIXELS: Final = 0x20000  # that are looked at in one picture: about 1 ms
_LEAST: Final = 512  # pixels of a strip that is worth it
_REPEATED: Final = 0.25
"""Of a line of text, at least, and of one of a photograph, at most."""
_MOST_RUNS: Final = 4  # more, and it is no edge but something that is like a photograph here and there


def cut_strips(pixels: NDArray[np.uint8], rects: Iterable[Rect]) -> list[Rect]:
    """Cut rectangles that are narrower or lower than a tile along lines at which photographs begin or end."""
    room = _MOST_PIXELS
    out: list[Rect] = []
    for rect in rects:
        if min(rect.width, rect.height) >= TILE or rect.area < _LEAST or rect.area > room:
            out.append(rect)
            continue
        room -= rect.area
        out += _cut(pixels, rect)
    return out


def _cut(pixels: NDArray[np.uint8], rect: Rect) -> list[Rect]:
    import numpy as np

    colors = pixels[rect.top : rect.bottom, rect.left : rect.right].view(np.uint32)[..., 0] & np.uint32(0xFFFFFF)
    is_tall = rect.height > rect.width
    lines = colors.T if is_tall else colors
    # Of each line along the strip, how many pixels repeat the one before, or the one on either side across it.
    repeats = lines[:, 1:] == lines[:, :-1]
    across = lines[1:, 1:] == lines[:-1, 1:]
    repeats[1:] |= across
    repeats[:-1] |= across
    repeated = repeats.mean(axis=1) >= _REPEATED
    edges = [0, *(np.flatnonzero(repeated[1:] != repeated[:-1]) + 1).tolist(), len(repeated)]
    if not 2 < len(edges) <= _MOST_RUNS + 1:
        return [rect]
    runs = itertools.pairwise(edges)
    if is_tall:
        return [Rect(rect.left + first, rect.top, last - first, rect.height) for first, last in runs]
    return [Rect(rect.left, rect.top + first, rect.width, last - first) for first, last in runs]
