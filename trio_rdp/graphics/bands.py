"""Damage cut into pieces of work: bands of tiles, so that many displays can share a processor in short turns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trio_rdp.graphics.differences import TILE
from trio_rdp.graphics.geometry import Rect

__all__ = ["Band", "cut_bands"]


@dataclass(frozen=True, slots=True)
class Band:
    """A piece of damage: its rectangles, and how many tiles they touch."""

    rects: tuple[Rect, ...]
    tiles: int

    @property
    def pixels(self) -> int:
        """At most how many pixels there are to look at and to encode."""
        return self.tiles * TILE * TILE


def cut_bands(damage: Iterable[Rect], bounds: Rect, tiles: int) -> list[Band]:
    """Cut damage, as far as it is in `bounds`, into bands of at most `tiles` tiles, from top to bottom.

    All damage of a tile is in one band, because its hash covers all of it (see `differences.SentTiles`).
    """
    clipped = [clip for rect in damage if not (clip := rect.intersect(bounds)).is_empty]
    bands: list[Band] = []
    rects: list[Rect] = []
    room = tiles
    for columns, row in _runs(clipped):
        while columns:
            taken = min(columns.stop - columns.start, room)
            cell = Rect(columns.start * TILE, row * TILE, taken * TILE, TILE)
            rects += [part for rect in clipped if not (part := rect.intersect(cell)).is_empty]
            columns, room = columns[taken:], room - taken
            if not room:
                bands.append(Band(tuple(rects), tiles))
                rects, room = [], tiles
    if rects:
        bands.append(Band(tuple(rects), tiles - room))
    return bands


def _runs(rects: list[Rect]) -> Iterator[tuple[range, int]]:
    """Neighbouring columns of tiles that are touched, row by row."""
    rows: dict[int, set[int]] = {}
    for rect in rects:
        columns = range(rect.left // TILE, (rect.right - 1) // TILE + 1)
        for row in range(rect.top // TILE, (rect.bottom - 1) // TILE + 1):
            rows.setdefault(row, set()).update(columns)
    for row, touched in sorted(rows.items()):
        start = previous = None
        for column in sorted(touched):
            if start is None or previous is None:
                start = column
            elif column != previous + 1:
                yield range(start, previous + 1), row
                start = column
            previous = column
        assert start is not None
        assert previous is not None
        yield range(start, previous + 1), row
