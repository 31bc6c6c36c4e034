"""Tile hashes and measures in numpy: the same numbers as the compiled kernel makes.

A row of a tile is a list of 64-bit words, two pixels each.  Every word's two pixels are added to two keys, whose sums
are multiplied (the NH hash, as UMAC has it), twice with different keys; all of it modulo 2**64.  Two different rows
agree in either sum once in 2**32, and the two sums are mixed into one number for the row.  Rows follow each other in a
polynomial, so that their order counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from trio_rdp.codecs.plain.buffers import Readable, Writable, check_region, view

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BUCKETS", "MAX_TILE", "MULTIPLIERS", "STEP", "compare_tiles", "hash_tiles", "keys", "measure_tiles"]

MAX_TILE: Final = 256
STEP: Final = 4
BUCKETS: Final = 1024
_MASK: Final = (1 << 64) - 1
MULTIPLIERS: Final = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93)


def keys() -> list[int]:
    """The keys of both sums for every word of the widest row, from a splitmix64 sequence."""
    state, out = 0, []
    for _ in range(MAX_TILE):
        state = (state + 0x9E3779B97F4A7C15) & _MASK
        z = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & _MASK
        out.append(z ^ z >> 31)
    return out


@cache
def _key_arrays() -> tuple[Any, ...]:
    import numpy as np

    words = np.array(keys(), np.uint64)
    low, high = (words & np.uint64(0xFFFFFFFF)).astype(np.uint32), (words >> np.uint64(32)).astype(np.uint32)
    half = MAX_TILE // 2
    return low[:half], high[:half], low[half:], high[half:]


def hash_tiles(
    surface: Readable, stride: int, width: int, height: int, tile: int, marks: Readable, out: Writable
) -> None:
    """Hash every tile whose byte in `marks` is not zero to its 8 bytes of `out`; tiles go row by row."""
    if not 2 <= tile <= MAX_TILE:
        raise ValueError("a tile has 2 to 256 pixels a side")
    source, wanted, target = view(surface), view(marks), view(out)
    check_region(len(source), stride, 0, 0, width, height, 4)
    columns, rows = -(-width // tile), -(-height // tile)
    if len(wanted) < columns * rows or len(target) < 8 * columns * rows:
        raise ValueError("there are more tiles than marks or hashes")
    for index in range(columns * rows):
        if wanted[index]:
            y, x = index // columns * tile, index % columns * tile
            right, bottom = min(x + tile, width), min(y + tile, height)
            lines = (bytes(source[row * stride + x * 4 : row * stride + right * 4]) for row in range(y, bottom))
            target[8 * index : 8 * index + 8] = _hash(lines, right - x).to_bytes(8, "little")


def _hash(lines: Iterator[bytes], width: int) -> int:
    import numpy as np

    words = (width + 1) // 2
    image: NDArray[np.uint32] = np.frombuffer(b"".join(line.ljust(8 * words, b"\0") for line in lines), "<u4")
    low, high = image[0::2].reshape(-1, words), image[1::2].reshape(-1, words)
    a, b, c, d = (key[:words] for key in _key_arrays())
    first = _sum(low + a, high + b)
    second = _sum(low + c, high + d)
    value = width
    for one, two in zip(first, second, strict=True):
        mixed = (one * MULTIPLIERS[0] & _MASK) ^ (two * MULTIPLIERS[1] & _MASK)
        mixed ^= mixed >> 29
        value = (value ^ mixed) * MULTIPLIERS[2] & _MASK
        value ^= value >> 32
    return value


def _sum(left: NDArray[np.uint32], right: NDArray[np.uint32]) -> Sequence[int]:
    import numpy as np

    total: list[int] = (left.astype(np.uint64) * right.astype(np.uint64)).sum(axis=1, dtype=np.uint64).tolist()
    return total


def compare_tiles(
    one: Readable, one_stride: int, two: Readable, two_stride: int, width: int, height: int, tile: int, out: Writable
) -> int:
    """Mark every tile that differs between two surfaces by 1, every other by 0; return how many differ."""
    if not 2 <= tile <= MAX_TILE:
        raise ValueError("a tile has 2 to 256 pixels a side")
    first, second, marks = view(one), view(two), view(out)
    check_region(len(first), one_stride, 0, 0, width, height, 4)
    check_region(len(second), two_stride, 0, 0, width, height, 4)
    columns, rows = -(-width // tile), -(-height // tile)
    if len(marks) < columns * rows:
        raise ValueError("there are more tiles than marks")
    marks[: columns * rows] = bytes(columns * rows)
    for y in range(height):
        for column in range(columns):
            left, right = column * tile * 4, min((column + 1) * tile, width) * 4
            above = first[y * one_stride + left : y * one_stride + right]
            if above != second[y * two_stride + left : y * two_stride + right]:
                marks[y // tile * columns + column] = 1
    return sum(marks[: columns * rows])


def measure_tiles(
    surface: Readable, stride: int, width: int, height: int, tile: int, marks: Readable, out: Writable
) -> None:
    """Measure every tile whose byte in `marks` is not zero to two numbers of 16 bits in `out`; tiles go row by row.

    The first is how many pixels of every fourth row, from the fourth on, look like the one above or to the left of them
    in their tile; the second how many different colours those rows have, about: they are counted in `BUCKETS`.
    """
    import numpy as np

    if not 2 <= tile <= MAX_TILE:
        raise ValueError("a tile has 2 to 256 pixels a side")
    source, wanted, target = view(surface), view(marks), view(out)
    check_region(len(source), stride, 0, 0, width, height, 4)
    columns, rows = -(-width // tile), -(-height // tile)
    if len(wanted) < columns * rows or len(target) < 4 * columns * rows:
        raise ValueError("there are more tiles than marks or measures")
    for index in range(columns * rows):
        if not wanted[index]:
            continue
        y, x = index // columns * tile, index % columns * tile
        right, bottom = min(x + tile, width), min(y + tile, height)
        lines = b"".join(bytes(source[row * stride + x * 4 : row * stride + right * 4]) for row in range(y, bottom))
        colors = np.frombuffer(lines, "<u4").reshape(bottom - y, right - x) & np.uint32(0xFFFFFF)
        here = colors[STEP - 1 :: STEP]
        repeats = here == colors[STEP - 2 :: STEP][: len(here)]
        repeats[:, 1:] |= here[:, 1:] == here[:, :-1]
        # Multiplying spreads colours that differ by little over the upper bits (Knuth's multiplicative hashing).
        buckets = np.unique((here * np.uint32(2654435761)) >> np.uint32(22))
        measures = int(np.count_nonzero(repeats)) | len(buckets) << 16
        target[4 * index : 4 * index + 4] = measures.to_bytes(4, "little")
