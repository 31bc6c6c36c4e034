"""Drawings: paint jobs that were begun, and the tiles that are left of them, for several threads at a time."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from trio_rdp.codecs.view import Place, View
from trio_rdp.graphics.geometry import Rect

__all__ = ["Bitmaps", "Drawing", "Piece", "Step", "Tiles", "cells", "few", "layers", "shares"]

_MOST_DAMAGE = 32  # rectangles; a message of RemoteFX may have 65,535
_TILE = 64
_FINE = 4  # a drawing that is more than this part of a share is cut


class Tiles(Protocol):
    """What `rfx.Picture` and `Bitmaps` have in common."""

    tile_count: int

    @property
    def places(self) -> set[int]:
        """The cells of a grid of 64 x 64 pixels that are drawn on: row in the upper half, column in the lower."""

    def ranges(self, count: int) -> list[tuple[int, int]]:
        """Give up to `count` ranges of tiles that may be drawn at the same time in any order."""

    def draw(self, view: View, first: int = 0, last: int | None = None) -> None:
        """Draw some of the tiles."""


class Bitmaps:
    """Bitmaps that stand alone: `decode` draws any number of them on a view, each at its place.

    Those of which nothing is shown are left out.
    """

    def __init__(
        self,
        decode: Callable[[Sequence[bytes], Sequence[Place], View], None],
        bitmaps: list[bytes],
        places: list[Place],
    ) -> None:
        self._decode = decode
        if not all(place[2] and place[3] for place in places):
            seen = [number for number, place in enumerate(places) if place[2] and place[3]]
            bitmaps, places = [bitmaps[number] for number in seen], [places[number] for number in seen]
        self._bitmaps = bitmaps
        self._places = places
        self.tile_count: int = len(bitmaps)

    @functools.cached_property
    def _cells(self) -> list[int]:
        """For each bitmap the cells that it touches; neighbours that share one are both there."""
        return cells(Rect(*place[:4]) for place in self._places)

    @functools.cached_property
    def places(self) -> set[int]:
        """The cells of the grid that bitmaps touch."""
        return set(self._cells)

    def ranges(self, count: int) -> list[tuple[int, int]]:
        """Give up to `count` ranges, about equal in number; where bitmaps may overlap it is a single one."""
        if count > 1 and len(self.places) < len(self._cells):
            count = 1
        pieces = max(min(count, self.tile_count), 1)
        return list(itertools.pairwise(self.tile_count * number // pieces for number in range(pieces + 1)))

    def draw(self, view: View, first: int = 0, last: int | None = None) -> None:
        """Draw some of the bitmaps, in their order.  Raises `DecodeError`."""
        self._decode(self._bitmaps[first:last], self._places[first:last], view)

    @property
    def damage(self) -> list[Rect]:
        """What they change, neighbours in a row joined."""
        found: list[Rect] = []
        start = end = upper = size = -1
        for x, y, width, height, *_ in self._places:
            if x == end and y == upper and height == size:
                end += width
                continue
            if start >= 0:
                found.append(Rect(start, upper, end - start, size))
            start, end, upper, size = x, x + width, y, height
        if start >= 0:
            found.append(Rect(start, upper, end - start, size))
        return few(found)


class Step:
    """Something that is done as a whole, and while nobody else draws: a copy, a bitmap whose codec remembers others.

    It knows where it draws, and asks nobody for a view.
    """

    tile_count: int = 1
    places: set[int] = set()

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work

    def ranges(self, count: int) -> list[tuple[int, int]]:
        """Give its only range."""
        return [(0, 1)]

    def draw(self, view: View | None, first: int = 0, last: int | None = None) -> None:
        """Do it.  Raises `DecodeError`."""
        if first == 0 and last != 0:
            self._work()


def cells(rects: Iterable[Rect]) -> list[int]:
    """List the cells of the grid that each rectangle touches: row in the upper half, column in the lower."""
    found: list[int] = []
    for rect in rects:
        x, y = rect.left, rect.top
        for row in range(y // _TILE, (y + rect.height - 1) // _TILE + 1):
            found += range(row << 16 | x // _TILE, (row << 16 | (x + rect.width - 1) // _TILE) + 1)
    return found


def few(rects: list[Rect]) -> list[Rect]:
    """Give the rectangles, or their bounding box when there are many."""
    return [functools.reduce(Rect.union, rects)] if len(rects) > _MOST_DAMAGE else rects


@dataclass(frozen=True, slots=True)
class Drawing:
    """A job that was begun: what it changes, and the tiles that are left to be drawn on `view`."""

    damage: list[Rect] = field(default_factory=list)
    picture: Tiles | Step | None = None
    view: View | None = None
    surface: int = -1
    """The surface of the graphics pipeline on which tiles are drawn; -1 is the desktop."""

    @property
    def tiles(self) -> int:
        """How many tiles are left."""
        return 0 if self.picture is None else self.picture.tile_count

    @property
    def origin(self) -> tuple[int, int] | None:
        """Where in the surface the first tile has its place."""
        return None if self.view is None else (self.view.x, self.view.y)

    def ranges(self, count: int) -> list[tuple[int, int]]:
        """Give up to `count` ranges of tiles for `draw`, which together are all of them; none when nothing is left."""
        return [] if self.picture is None else self.picture.ranges(count)

    def draw(self, first: int, last: int) -> None:
        """Draw some of the tiles; threads may draw different ranges at the same time.

        Until all of them are drawn nothing else may be done with the picture.  Raises `DecodeError`.
        """
        if isinstance(self.picture, Step):
            self.picture.draw(None, first, last)
        elif self.picture is not None:
            assert self.view is not None
            self.picture.draw(self.view, first, last)

    def finish(self) -> list[Rect]:
        """Draw all of the tiles; give the rectangles that the job changed."""
        self.draw(0, self.tiles)
        return self.damage


Piece: TypeAlias = tuple[Drawing, int, int]
"""Some tiles of a drawing: from the first up to the last, exclusive."""


def layers(drawings: Iterable[Drawing]) -> list[list[Drawing]]:
    """Group drawings, in their order: the tiles of one group may be drawn in any order, and at the same time.

    Drawings without tiles are left out.  `Step`s that follow each other are a group, to be done in order.
    """
    found: list[list[Drawing]] = []
    taken: dict[int, tuple[tuple[int, int] | None, set[int]]] = {}  # by the surface
    is_open = False
    for drawing in drawings:
        if drawing.picture is None:
            continue
        if isinstance(drawing.picture, Step):
            if not found or not isinstance(found[-1][0].picture, Step):
                found.append([])
            found[-1].append(drawing)
            is_open = False
            continue
        places = drawing.picture.places
        origin, others = taken.get(drawing.surface, (drawing.origin, set()))
        # Tiles of pictures with different origins may overlap without having the same place.
        if not is_open or drawing.origin != origin or not others.isdisjoint(places):
            found.append([])
            taken.clear()
            is_open, others = True, set()
        found[-1].append(drawing)
        others |= places
        taken[drawing.surface] = drawing.origin, others
    return found


def shares(layer: list[Drawing], count: int) -> list[list[Piece]]:
    """Divide the tiles of drawings of one layer into up to `count` about equal shares; of steps that is one."""
    if isinstance(layer[0].picture, Step):
        return [[(drawing, 0, 1) for drawing in layer]]
    total = sum(drawing.tiles for drawing in layer)
    found: dict[int, list[Piece]] = {}
    before = 0
    for drawing in layer:
        for first, last in drawing.ranges(count if drawing.tiles * count * _FINE > total else 1):
            if first < last:
                # To the share in which the middle of the piece lies.
                number = (2 * before + last - first) * count // (2 * total)
                found.setdefault(number, []).append((drawing, first, last))
                before += last - first
    return list(found.values())
