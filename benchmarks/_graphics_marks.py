"""A number that is drawn into a picture, and read back from what a codec left of it.

Its bits stand side by side in cells of 8x8 pixels, after a black and a white one by which a mark is known.  They are in
Gray code, so that a number and the next differ in a single cell: the mark adds little to what changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BITS", "HEIGHT", "WIDTH", "draw", "read"]

CELL = 8
BITS = 16
WIDTH, HEIGHT = (BITS + 2) * CELL, CELL


def draw(picture: NDArray[np.uint8], place: tuple[int, int], number: int) -> tuple[int, int, int, int]:
    """Draw a number with its upper left corner at `place`; gives left, top, width and height of the mark."""
    left, top = place
    gray = number ^ number >> 1
    for cell, is_white in enumerate([False, True, *(bool(gray >> bit & 1) for bit in range(BITS))]):
        x = left + cell * CELL
        picture[top : top + CELL, x : x + CELL, :3] = 235 if is_white else 20
    return left, top, WIDTH, HEIGHT


def read(picture: NDArray[np.uint8]) -> int:
    """Read the number of a picture that is all mark; -1 where there is none."""
    inner = picture[2 : CELL - 2, :, 1].reshape(CELL - 4, BITS + 2, CELL)[:, :, 2 : CELL - 2]
    cells = [bool(value > 127) for value in inner.mean((0, 2))]
    if cells[0] or not cells[1]:
        return -1
    gray = sum(1 << bit for bit, is_white in enumerate(cells[2:]) if is_white)
    number, shift = gray, 1
    while shift < BITS:
        number ^= number >> shift
        shift *= 2
    return number
