"""Blocks of a picture as few rectangles, and rectangles without others: what a frame's areas are divided with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from trio_rdp.graphics.differences import TILE
from trio_rdp.graphics.geometry import Rect

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BLOCK", "block_span", "count_tiles", "cover", "inner_span", "per_tile", "pieces", "subtract", "tile_span"]

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
    touched: NDArray[np.bool_] = np.logical_or.reduce(mask, axis=1)
    bands = set((np.flatnonzero(touched) // _BAND * _BAND).tolist())
    for first in range(min(bands, default=0), max(bands, default=-1) + 1, _BAND):
        runs: dict[tuple[int, int], Rect] = {}
        if first in bands:
            band = mask[first : first + _BAND]
            columns = np.flatnonzero(band.any(axis=0))
            cuts = np.flatnonzero(np.diff(columns) > _GAP)
            starts = columns[np.concatenate(([0], cuts + 1))].tolist()
            ends = (columns[np.concatenate((cuts, [-1]))] + 1).tolist()
            for left, right in zip(starts, ends, strict=True):
                rows = np.flatnonzero(band[:, left:right].any(axis=1))
                top, bottom = first + int(rows[0]), first + int(rows[-1]) + 1
                above = open_runs.pop((left, right), None)
                if above is not None and above.bottom == top:
                    runs[left, right] = Rect.from_edges(left, above.top, right, bottom)
                else:
                    if above is not None:
                        found.append(above)
                    runs[left, right] = Rect.from_edges(left, top, right, bottom)
        found += open_runs.values()
        open_runs = runs
    found += open_runs.values()
    return [
        Rect(rect.left * BLOCK, rect.top * BLOCK, rect.width * BLOCK, rect.height * BLOCK).intersect(bounds)
        for rect in found
    ]


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
