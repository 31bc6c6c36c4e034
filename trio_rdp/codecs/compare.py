"""Which tiles of a framebuffer changed: since they were sent, by a 64-bit hash for each, or from another frame."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING

from trio_rdp.codecs.kernels import compare as kernel

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["BUCKETS", "STEP", "TILE", "changed_tiles", "different_tiles", "grid", "measure_tiles", "tile_hashes"]

TILE = 64
STEP = 4
"""Every fourth row of a tile is looked at for `measure_tiles`."""
BUCKETS = 1024
"""As many colours `measure_tiles` counts at most."""


def grid(width: int, height: int, tile: int = TILE) -> tuple[int, int]:
    """Count the columns and rows of tiles of a surface; the last of each may be narrower."""
    return -(-width // tile), -(-height // tile)


def tile_hashes(
    surface: Readable,
    stride: int,
    width: int,
    height: int,
    tile: int = TILE,
    rects: Iterable[tuple[int, int, int, int]] | None = None,
    out: array[int] | None = None,
) -> array[int]:
    """Hash the tiles of a BGRX surface, row by row, in an `array("Q")` with one number for each tile.

    `rects` are (x, y, width, height) in pixels: only tiles that they touch are hashed, and the others keep their number
    in `out` (or are zero).  All four bytes of a pixel count.  Two different tiles have equal hashes by chance, about
    once in 2**60.  Releases the GIL.
    """
    columns, rows = grid(width, height, tile)
    if out is None:
        out = array("Q", bytes(8 * columns * rows))
    kernel.hash_tiles(surface, stride, width, height, tile, _marks(columns, rows, tile, rects), memoryview(out))
    return out


def changed_tiles(
    surface: Readable,
    stride: int,
    width: int,
    height: int,
    sent: array[int],
    tile: int = TILE,
    rects: Iterable[tuple[int, int, int, int]] | None = None,
) -> list[tuple[int, int]]:
    """List the tiles (index, new hash) that `rects` touch and whose hash is not the one in `sent`.

    `sent` is left alone: store a tile's new hash there when the tile is on its way.  Tile `index` stands in row
    `index // columns` and column `index % columns` of `grid`.
    """
    fresh = tile_hashes(surface, stride, width, height, tile, rects, array("Q", sent))
    import numpy as np

    found = np.flatnonzero(np.frombuffer(fresh, np.uint64) != np.frombuffer(sent, np.uint64)).tolist()
    return [(index, fresh[index]) for index in found]


def different_tiles(
    one: Readable, one_stride: int, two: Readable, two_stride: int, width: int, height: int, tile: int = TILE
) -> bytearray:
    """Compare two BGRX surfaces: a byte for each tile, row by row, 1 where they differ and 0 where they do not.

    All four bytes of a pixel count.  Releases the GIL.
    """
    columns, rows = grid(width, height, tile)
    marks = bytearray(columns * rows)
    kernel.compare_tiles(one, one_stride, two, two_stride, width, height, tile, marks)
    return marks


def measure_tiles(
    surface: Readable, stride: int, width: int, height: int, marks: Readable, tile: int = TILE
) -> array[int]:
    """Measure tiles of a BGRX surface: two numbers each in an `array("H")`, zeros for those whose mark is zero.

    The first says how many of the pixels looked at, those of every fourth row from the fourth on, have the colour of
    the one above or to the left of them; the second how many colours they have, about.  Releases the GIL.
    """
    columns, rows = grid(width, height, tile)
    out = array("H", bytes(4 * columns * rows))
    kernel.measure_tiles(surface, stride, width, height, tile, marks, memoryview(out))
    return out


def _marks(columns: int, rows: int, tile: int, rects: Iterable[tuple[int, int, int, int]] | None) -> bytearray:
    """One byte for each tile: whether a rectangle touches it."""
    if rects is None:
        return bytearray(b"\1") * (columns * rows)
    marks = bytearray(columns * rows)
    for x, y, width, height in rects:
        left, right = max(x // tile, 0), min(-(-(x + width) // tile), columns)
        if left >= right or height <= 0 or width <= 0:
            continue
        for row in range(max(y // tile, 0), min(-(-(y + height) // tile), rows)):
            marks[row * columns + left : row * columns + right] = b"\1" * (right - left)
    return marks
