"""Blocks of a picture as few rectangles, and rectangles without others: what a frame's areas are divided with."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from trio_rdp.graphics.differences import TILE
from trio_rdp.graphics.geometry import Rect

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "BLOCK",
    "bands",
    "block_span",
    "count_tiles",
    "cover",
    "inner_span",
    "per_tile",
    "pieces",
    "subtract",
    "tile_span",
]

BLOCK = 16
"""The side of a block, in pixels: as finely as changes are seen."""

_GAP = 4  # blocks: what did not change between two that did costs less than another bitmap's header
_BAND = TILE // BLOCK  # blocks of a tile's side


def block_span(rect: Rect) -> tuple[slice, slice]:
    """The rows and columns of the blocks that a rectangle touches."""
    return slice(rect.top // BLOCK, -(-rect.bottom // BLOCK)), slice(rect.left // BLOCK, -(-rect.right // BLOCK))


def tile_span(rect: Rect) -> tuple[slice, slice]:
    """The rows and columns of the tiles that a rectangle touches."""
    return slice(rect.top // TILE, -(-rect.bottom // TILE)), slice(rect.left // TILE, -(-rect.right // TILE))


def inner_span(rect: Rect, bounds: Rect, side: int = BLOCK) -> tuple[slice, slice]:
    """The rows and columns of the blocks of which a rectangle has all pixels that the picture has of them."""
    right = -(-rect.right // side) if rect.right >= bounds.right else rect.right // side
    bottom = -(-rect.bottom // side) if rect.bottom >= bounds.bottom else rect.bottom // side
    top, left = -(-rect.top // side), -(-rect.left // side)
    return slice(top, max(bottom, top)), slice(left, max(right, left))


def cover(mask: NDArray[np.bool_], bounds: Rect) -> list[Rect]:
    """Few rectangles around all blocks of a mask, which do not overlap and hold little else."""
    import numpy as np

    found: list[Rect] = []
    open_runs: dict[tuple[int, int], Rect] = {}
    # A row as one number, in which a bit is a block: runs are short, and numpy slow with what is short.
    packed = np.packbits(mask, axis=1, bitorder="little")
    rows = [int.from_bytes(row.tobytes(), "little") for row in packed]
    for first in range(0, len(rows), _BAND):
        runs: dict[tuple[int, int], Rect] = {}
        band = rows[first : first + _BAND]
        for left, right in _runs(functools.reduce(operator.or_, band)):
            bits = (1 << right) - (1 << left)
            inside = [number for number, row in enumerate(band, first) if row & bits]
            above = open_runs.pop((left, right), None)
            if above is not None and above.bottom == inside[0]:
                runs[left, right] = Rect.from_edges(left, above.top, right, inside[-1] + 1)
            else:
                if above is not None:
                    found.append(above)
                runs[left, right] = Rect.from_edges(left, inside[0], right, inside[-1] + 1)
        found += open_runs.values()
        open_runs = runs
    found += open_runs.values()
    return [
        Rect(rect.left * BLOCK, rect.top * BLOCK, rect.width * BLOCK, rect.height * BLOCK).intersect(bounds)
        for rect in found
    ]


def _runs(row: int) -> Iterator[tuple[int, int]]:
    """Where bits are set, as half-open ranges; small gaps count as set."""
    end = 0
    while row:
        left = end + ((row & -row).bit_length() - 1)
        row >>= left - end
        length = 0
        while True:
            # The length of the ones at the low end, then of the zeros behind them.
            ones = (~row & row + 1).bit_length() - 1
            length += ones
            row >>= ones
            gap = (row & -row).bit_length() - 1
            if not row or gap >= _GAP:
                break
            length += gap
            row >>= gap
        end = left + length
        yield left, end


def subtract(rects: Iterable[Rect], without: Iterable[Rect]) -> list[Rect]:
    """What of some rectangles is in none of others."""
    left = list(rects)
    for hole in without:
        rest: list[Rect] = []
        for rect in left:
            both = rect.intersect(hole)
            if both.is_empty:
                rest.append(rect)
                continue
            rest += (
                part
                for part in (
                    Rect.from_edges(rect.left, rect.top, rect.right, both.top),
                    Rect.from_edges(rect.left, both.top, both.left, both.bottom),
                    Rect.from_edges(both.right, both.top, rect.right, both.bottom),
                    Rect.from_edges(rect.left, both.bottom, rect.right, rect.bottom),
                )
                if not part.is_empty
            )
        left = rest
    return left


def pieces(rects: Iterable[Rect], most_pixels: int) -> Iterator[list[Rect]]:
    """Rectangles in lists of at most about `most_pixels`; larger ones are cut between rows of tiles."""
    piece: list[Rect] = []
    room = most_pixels
    for rect in rects:
        rows = max(most_pixels // rect.width // TILE, 1) * TILE
        for line in range(rect.top // TILE * TILE, rect.bottom, rows):
            part = Rect.from_edges(rect.left, max(rect.top, line), rect.right, min(rect.bottom, line + rows))
            if piece and part.area > room:
                yield piece
                piece, room = [], most_pixels
            piece.append(part)
            room -= part.area
    if piece:
        yield piece


def bands(rects: Iterable[Rect], most_pixels: int) -> Iterator[list[Rect]]:
    """Rectangles in lists of at most about `most_pixels`, of which no two touch the same tile."""
    rows: dict[int, list[Rect]] = {}
    for rect in rects:
        for line in range(rect.top // TILE, -(-rect.bottom // TILE)):
            top, bottom = max(rect.top, line * TILE), min(rect.bottom, (line + 1) * TILE)
            rows.setdefault(line, []).append(Rect.from_edges(rect.left, top, rect.right, bottom))
    band: dict[tuple[int, int, int], Rect] = {}  # by their edges to the left, right and below
    room = most_pixels
    for line in sorted(rows):
        area = sum(rect.area for rect in rows[line])
        if band and area > room:
            yield list(band.values())
            band, room = {}, most_pixels
        for rect in rows[line]:
            above = band.pop((rect.left, rect.right, rect.top), None)
            band[rect.left, rect.right, rect.bottom] = rect if above is None else rect.union(above)
        room -= area
    if band:
        yield list(band.values())


def count_tiles(rects: Iterable[Rect]) -> int:
    """How many tiles rectangles touch, each for itself."""
    return sum(
        (-(-rect.right // TILE) - rect.left // TILE) * (-(-rect.bottom // TILE) - rect.top // TILE) for rect in rects
    )


def per_tile(blocks: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """How many blocks of each tile are marked."""
    import numpy as np

    rows, columns = -(-blocks.shape[0] // _BAND), -(-blocks.shape[1] // _BAND)
    if blocks.shape != (rows * _BAND, columns * _BAND):
        padded = np.zeros((rows * _BAND, columns * _BAND), np.bool_)
        padded[: blocks.shape[0], : blocks.shape[1]] = blocks
        blocks = padded
    # Four blocks are one word, in whose bytes they are counted.
    words = np.ascontiguousarray(blocks).view(np.uint32).reshape(rows, _BAND, columns)
    counts = words[:, 0] + words[:, 1] + words[:, 2] + words[:, 3]
    return np.asarray(counts * np.uint32(0x01010101) >> np.uint32(24))
