"""What of a picture a client does not have yet: a hash for each tile of what was sent, instead of a second picture."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.region import Region

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["TILE", "Changes", "SentTiles", "count_tiles"]

TILE = 64
"""The side of a tile, in pixels: as large as the largest bitmap that is sent."""

_MAX_RECTANGLES = 4_096  # of one frame; more are sent as their bounding box


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be sent: `rects`, and the hashes that tiles, by their index, have once it is sent."""

    rects: list[Rect]
    hashes: list[tuple[int, int]]


class SentTiles:
    """Knows what one client shows of a picture of `width` x `height` pixels, tile by tile; at first nothing.

    `changes` looks and `commit` remembers: in between stand encoding, and the decision to send at all.  Changes that
    are dropped must come again: give their `rects` as damage with the next.  Several threads may look at parts
    that have no tile in common.
    """

    def __init__(self, width: int, height: int) -> None:
        self.bounds: Rect = Rect(0, 0, width, height)
        self._columns, rows = -(-width // TILE), -(-height // TILE)
        self._sent = array("Q", bytes(8 * self._columns * rows))  # 0: not sent

    def changes(self, pixels: NDArray[np.uint8], damage: Iterable[Rect]) -> Changes:
        """Give the part of `damage` that differs from what was sent; `pixels` is contiguous uint8 (height, width, 4).

        A tile that was never sent, or forgotten, is sent whole.  Of the others only their damage is, which must
        therefore hold all that was drawn since the last commit.
        """
        from trio_rdp.codecs.compare import changed_tiles

        if pixels.shape != (self.bounds.height, self.bounds.width, 4):
            raise ValueError(
                f"a picture {pixels.shape} where {self.bounds.width}x{self.bounds.height} pixels were sent"
            )
        clipped = [clip for rect in damage if not (clip := rect.intersect(self.bounds)).is_empty]
        sent = array("Q", self._sent)  # another part may be committed meanwhile
        hashes = changed_tiles(
            pixels.reshape(-1),
            self.bounds.width * 4,
            self.bounds.width,
            self.bounds.height,
            sent,
            TILE,
            [(rect.left, rect.top, rect.width, rect.height) for rect in clipped],
        )
        region = Region(limit=_MAX_RECTANGLES)
        known = {index for index, _ in hashes if sent[index]}
        for rect in clipped:
            for run in self._runs(known, rect):
                region.add(run.intersect(rect))
        unknown = {index for index, _ in hashes if not sent[index]}
        for run in self._runs(unknown, self.bounds) if unknown else ():
            region.add(run)
        return Changes(region.take(), hashes)

    def _runs(self, tiles: set[int], rect: Rect) -> Iterator[Rect]:
        """Neighbours among the tiles that touch `rect`, joined along their rows."""
        columns = range(rect.left // TILE, (rect.right - 1) // TILE + 1)
        for row in range(rect.top // TILE, (rect.bottom - 1) // TILE + 1):
            start = None
            for column in (*columns, -1):
                inside = column >= 0 and row * self._columns + column in tiles
                if inside and start is None:
                    start = column
                elif not inside and start is not None:
                    end = columns.stop if column < 0 else column
                    run = Rect.from_edges(start * TILE, row * TILE, end * TILE, (row + 1) * TILE)
                    yield run.intersect(self.bounds)
                    start = None

    def commit(self, changes: Changes) -> None:
        """Remember that changes are on their way."""
        for index, value in changes.hashes:
            self._sent[index] = value

    def forget(self, rects: Iterable[Rect] | None = None) -> None:
        """Take the tiles that `rects` touch (by default all) for never sent, as when the client asks for a repaint."""
        every = set(range(len(self._sent)))
        for rect in [self.bounds] if rects is None else rects:
            clip = rect.intersect(self.bounds)
            for run in self._runs(every, clip) if not clip.is_empty else ():
                first = run.top // TILE * self._columns + run.left // TILE
                for index in range(first, first + -(-run.width // TILE)):
                    self._sent[index] = 0


def count_tiles(rects: Iterable[Rect]) -> int:
    """Say how many tiles of the grid rectangles touch."""
    touched: set[int] = set()
    for rect in rects:
        for row in range(rect.top // TILE, (rect.bottom - 1) // TILE + 1):
            touched.update(range(row << 16 | rect.left // TILE, (row << 16 | (rect.right - 1) // TILE) + 1))
    return len(touched)
