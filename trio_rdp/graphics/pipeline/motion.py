"""Scrolls and moved windows: what of a new picture a client has already, elsewhere.

There is no second picture to compare with, only hashes of what was sent, block by block.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.jobs import Point

if TYPE_CHECKING:
    from array import array

    import numpy as np
    from numpy.typing import NDArray

    from trio_rdp.codecs.motion import Area, Move

__all__ = ["BLOCK", "Copy", "Motion", "SentBlocks"]

BLOCK = 16
"""The side of a block, in pixels."""

_MAX_RECTANGLES = 256
"""More than these, and what changed is told in tiles of 64 pixels."""
_COARSE = 4

Copy: TypeAlias = tuple[Rect, Point]
"""What is copied, and where its upper left corner comes to."""


@dataclass(frozen=True, slots=True)
class Motion:
    """How much of a new picture is to be had of the old one.

    `copies` are to be carried out one after the other, in place: none reads what an earlier one has overwritten, but
    one may overlap the place that it comes from.  `rest` is what is still to be drawn then, in rectangles that do not
    overlap.
    """

    copies: list[Copy]
    rest: list[Rect]


class SentBlocks:
    """Knows what one client shows of a picture of `width` x `height` pixels, block by block; at first nothing.

    `look`, `find` and `changed` take the new picture (contiguous uint8 (height, width, 4)) and its damage, which must
    hold all that was drawn since the last commit; a block that was never sent, or forgotten, counts whole.  `commit` is
    for when a frame is on its way.  It hashes whole blocks, so where only a part of the damage was sent, `forget` the
    rest after it.  Pixels that a lossy codec drew differ from these: a copy moves its errors with them.  Looking
    releases the GIL, and may run in a thread; it must not overlap `commit` or `forget`.
    """

    def __init__(self, width: int, height: int) -> None:
        from trio_rdp.codecs.motion import BlockHashes

        self.bounds: Rect = Rect(0, 0, width, height)
        self._hashes = BlockHashes(width, height)

    def forget(self, rects: Iterable[Rect] | None = None) -> None:
        """Take the blocks that `rects` touch, by default all, for never sent."""
        self._hashes.forget(None if rects is None else self._areas(rects))

    def commit(self, pixels: NDArray[np.uint8], rects: Iterable[Rect]) -> None:
        """Remember that the client shows `rects` as they are in this picture."""
        self._hashes.update(self._surface(pixels), self.bounds.width * 4, self._areas(rects))

    def changed(self, pixels: NDArray[np.uint8], damage: Iterable[Rect]) -> list[Rect]:
        """Give the part of the damage that lies in blocks which changed; rectangles that do not overlap."""
        areas = self._areas(damage)
        return self._rest(self._changed(pixels, areas), areas, [])

    def find(self, pixels: NDArray[np.uint8], damage: Iterable[Rect]) -> Motion | None:
        """Find what moved; None when nothing did that would be worth copying."""
        motion = self.look(pixels, damage)
        return motion if motion.copies else None

    def look(self, pixels: NDArray[np.uint8], damage: Iterable[Rect]) -> Motion:
        """Do what `find` and `changed` do, at once: without copies, `rest` is what changed."""
        areas = self._areas(damage)
        need = self._changed(pixels, areas)
        left = need[:]
        moves = self._hashes.moves(self._surface(pixels), self.bounds.width * 4, left)
        copies = _in_order(moves)
        return Motion(copies, self._rest(need, areas, copies))

    def _surface(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if pixels.shape != (self.bounds.height, self.bounds.width, 4):
            raise ValueError(
                f"a picture {pixels.shape} where {self.bounds.width}x{self.bounds.height} pixels were sent"
            )
        return pixels.reshape(-1)

    def _areas(self, rects: Iterable[Rect]) -> list[Area]:
        clipped = [rect.intersect(self.bounds) for rect in rects]
        return [(rect.left, rect.top, rect.width, rect.height) for rect in clipped if not rect.is_empty]

    def _changed(self, pixels: NDArray[np.uint8], areas: Iterable[Area]) -> array[int]:
        return self._hashes.changed(self._surface(pixels), self.bounds.width * 4, areas)

    def _rest(self, need: array[int], areas: Sequence[Area], copies: Iterable[Copy]) -> list[Rect]:
        """The changed blocks, as far as they are damaged or were not known, without what copies make right."""
        import numpy as np

        shape = self._hashes.rows, self._hashes.columns
        changed = np.frombuffer(need, np.uint16).reshape(shape) != 0
        if not changed.any():
            return []
        unknown = changed & ~np.frombuffer(self._hashes.known(), np.bool_).reshape(shape)
        targets = [Rect(*point, source.width, source.height) for source, point in copies]
        rects = self._cut(changed, unknown, areas, targets, most=_MAX_RECTANGLES)
        if rects is None:
            rects = self._cut(_coarsened(changed), unknown, areas, targets)
        assert rects is not None
        return rects

    def _cut(
        self,
        changed: NDArray[np.bool_],
        unknown: NDArray[np.bool_],
        areas: Iterable[Area],
        targets: Iterable[Rect],
        *,
        most: int | None = None,
    ) -> list[Rect] | None:
        """Cut changed blocks where damage ends and where copies go to; None for more than `most` rectangles."""
        import numpy as np

        across, down = np.flatnonzero(changed.any(axis=0)), np.flatnonzero(changed.any(axis=1))
        box = Rect.from_edges(
            int(across[0]) * BLOCK, int(down[0]) * BLOCK, int(across[-1] + 1) * BLOCK, int(down[-1] + 1) * BLOCK
        ).intersect(self.bounds)
        damage = [clip for area in areas if not (clip := Rect(*area).intersect(box)).is_empty]
        holes = [clip for rect in targets if not (clip := rect.intersect(box)).is_empty]
        # All edges there are make a grid whose cells are wanted whole, or not at all.
        edges_x = {box.right, *range(box.left, box.right, BLOCK)}
        edges_y = {box.bottom, *range(box.top, box.bottom, BLOCK)}
        for rect in (*damage, *holes):
            edges_x |= {rect.left, rect.right}
            edges_y |= {rect.top, rect.bottom}
        xs, ys = np.array(sorted(edges_x)), np.array(sorted(edges_y))
        rows, columns = ys[:-1] // BLOCK, xs[:-1] // BLOCK
        wanted = changed.take(rows, 0).take(columns, 1)
        if box not in damage:
            damaged = unknown.take(rows, 0).take(columns, 1)
            for rect in damage:
                damaged[_cells(rect, xs, ys)] = True
            wanted &= damaged
        for rect in holes:
            wanted[_cells(rect, xs, ys)] = False
        return _rectangles(wanted, xs, ys, most)


def _cells(rect: Rect, xs: NDArray[np.int64], ys: NDArray[np.int64]) -> tuple[slice, slice]:
    left, right = xs.searchsorted((rect.left, rect.right)).tolist()
    top, bottom = ys.searchsorted((rect.top, rect.bottom)).tolist()
    return slice(top, bottom), slice(left, right)


def _coarsened(blocks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark all blocks of each tile that has a marked one."""
    import numpy as np

    rows, columns = blocks.shape
    padded = np.pad(blocks, ((0, -rows % _COARSE), (0, -columns % _COARSE)))
    tiles = padded.reshape(padded.shape[0] // _COARSE, _COARSE, -1, _COARSE).any(axis=(1, 3))
    return tiles.repeat(_COARSE, axis=0).repeat(_COARSE, axis=1)[:rows, :columns]


def _rectangles(
    wanted: NDArray[np.bool_], xs: NDArray[np.int64], ys: NDArray[np.int64], most: int | None
) -> list[Rect] | None:
    """The marked cells of a grid, as rectangles: bands from top to bottom, spans in them from left to right."""
    import numpy as np

    rows = np.zeros((wanted.shape[0] + 2, wanted.shape[1] + 2), np.bool_)
    rows[1:-1, 1:-1] = wanted
    begins = np.flatnonzero((rows[1:] != rows[:-1]).any(axis=1))
    ends = ys[begins[1:]].tolist()
    # Where a band begins, its spans begin and end at every second change.
    bands = rows[begins + 1]
    changes, places = (bands[:, 1:] != bands[:, :-1]).nonzero()
    if most is not None and len(places) > 2 * most:
        return None
    tops = ys[begins].tolist()
    return [
        Rect(left, tops[band], right - left, ends[band] - tops[band])
        for band, left, right in zip(
            changes[::2].tolist(), xs[places[::2]].tolist(), xs[places[1::2]].tolist(), strict=True
        )
    ]


def _in_order(moves: Sequence[Move]) -> list[Copy]:
    """Order moves so that none reads what an earlier one has written; leave the smallest out where none can be first.

    Those with one vector have such an order always: rectangles that do not overlap can be moved away one by one.
    """
    if not moves:
        return []
    import numpy as np

    left, top, width, height, dx, dy = np.array(moves).T
    # Whether the one of a row writes where the one of a column reads.
    spoils = (np.subtract.outer(left + dx, left + width) < 0) & (np.subtract.outer(left + dx + width, left) > 0)
    spoils &= (np.subtract.outer(top + dy, top + height) < 0) & (np.subtract.outer(top + dy + height, top) > 0)
    np.fill_diagonal(spoils, val=False)
    waiting = list(range(len(moves)))
    ordered: list[Copy] = []
    while waiting:
        free = next((index for index in waiting if not spoils[index, waiting].any()), None)
        if free is None:
            waiting.remove(min(waiting, key=lambda index: moves[index].width * moves[index].height))
        else:
            waiting.remove(free)
            move = moves[free]
            ordered.append((Rect(*move[:4]), (move.x + move.dx, move.y + move.dy)))
    return ordered
