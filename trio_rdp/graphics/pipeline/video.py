"""Areas of a picture that go as video: found by how often photographs in them change, and encoded as H.264.

An area keeps its place while it changes, because each new one begins with a picture that stands alone.  It is encoded
on a surface of its own, as large as the area, for FreeRDP's clients draw H.264 from a surface's corner only; what
changed is copied from there.  One that covers nearly everything is the desktop's surface itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.graphics.differences import TILE
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.areas import BLOCK, block_span, per_tile, tile_span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trio_rdp.codecs.avc import Encoder

__all__ = ["MOST_AREAS", "VideoArea", "VideoAreas"]

MOST_AREAS: Final = 4

_CHANGES: Final = 4
"""Changes of a photograph within `_WINDOW` that make it a video."""
_WINDOW: Final = 1.0
_ENDED: Final = 0.9
"""Seconds without change, less than what refinement waits for."""
_LEAST_TILES: Final = 6  # smaller ones cost less as photographs than H.264 needs to begin
_LEAST_SIDE: Final = 48  # what decoders in hardware take, such as NVIDIA's
_MOST_PIXELS: Final = 36_864 * 256
"""Of level 5.1, [ITU-H.264] table A-1: Windows decodes pictures "up to level 5.1", and no larger ones."""
_NEARLY_ALL: Final = 0.7
_SHRINK: Final = 0.5
_SHRINK_SECONDS: Final = 2.0
_MOST_DULL: Final = 8
"""Pictures in a row that hardly have a photograph in them any more."""


@dataclass(slots=True, eq=False)
class VideoArea:
    """An area, whose edges are those of blocks or of the picture; `key` tells it from all others."""

    key: int
    rect: Rect
    is_main: bool
    last: float
    checked: float
    dull: int = 0
    encoder: Encoder | None = None
    codec: BitmapCodec | None = None
    """Which H.264 it gets, chosen with its first picture."""
    encoded: BitmapCodec | None = None
    """Which one `encoder` makes."""
    surface_id: int = 0


class VideoAreas:
    """Finds the areas of a picture of the given size, `most` at a time; `apart` keeps all off the desktop's surface."""

    def __init__(self, bounds: Rect, most: int = MOST_AREAS, *, apart: bool = False) -> None:
        import numpy as np

        self._bounds = bounds
        self._most = most
        self._apart = apart
        shape = -(-bounds.height // TILE), -(-bounds.width // TILE)
        self._times: NDArray[np.float64] = np.full((_CHANGES, *shape), -np.inf)
        self._next = 0
        self.areas: list[VideoArea] = []

    def update(
        self,
        changed: NDArray[np.bool_],
        touched: NDArray[np.float64],
        tiles: NDArray[np.bool_],
        photos: NDArray[np.bool_],
        rects: Sequence[Rect],
        now: float,
    ) -> list[VideoArea]:
        """Learn of a picture, and give the areas that are no more.

        `changed` says of blocks whether they change now, `touched` when they did so before; `tiles` which tiles were
        looked at, and `photos` which of them are photographs.  `rects` are all changes, as exactly as they are known.
        """
        times = self._times
        # The oldest of the last changes makes room for this one.
        rows, columns = photos.nonzero()
        if len(rows):
            times[:-1, rows, columns] = times[1:, rows, columns]
            times[-1, rows, columns] = now
        ended = [area for area in self.areas if not self._goes_on(area, changed, touched, tiles, photos, now)]
        self.areas = [area for area in self.areas if area not in ended]
        if len(rows):
            outside = changed.copy()
            for area in self.areas:
                outside[block_span(area.rect)] = False
            hot = photos & (now - times[0] <= _WINDOW) & (per_tile(outside) > 0)
            if hot.any():
                ended += self._begin(hot, changed | (now - touched <= _WINDOW), rects, now)
        return ended

    def clear(self) -> list[VideoArea]:
        """End all areas, and forget what was learned."""
        ended, self.areas = self.areas, []
        self._times.fill(float("-inf"))
        return ended

    def main(self, now: float) -> VideoArea:
        """The area that is the whole desktop, which it becomes now if there is none."""
        for area in self.areas:
            if area.rect == self._bounds:
                area.last = now
                return area
        return self._add(self._bounds, now)

    def expire(self, now: float) -> list[VideoArea]:
        """Give the areas in which nothing changes any more."""
        ended = [area for area in self.areas if now - area.last >= _ENDED]
        self.areas = [area for area in self.areas if area not in ended]
        return ended

    def _goes_on(
        self,
        area: VideoArea,
        changed: NDArray[np.bool_],
        touched: NDArray[np.float64],
        tiles: NDArray[np.bool_],
        photos: NDArray[np.bool_],
        now: float,
    ) -> bool:
        span = block_span(area.rect)
        if not changed[span].any():
            return now - area.last <= _WINDOW
        area.last = now
        inside = tile_span(area.rect)
        looked, seen = int(tiles[inside].sum()), int(photos[inside].sum())
        area.dull = area.dull + 1 if 4 * seen < looked else 0
        if area.dull >= _MOST_DULL:
            return False
        if now - area.checked >= _SHRINK_SECONDS:
            area.checked = now
            alive = changed[span] | (now - touched[span] <= _SHRINK_SECONDS)
            return bool(alive.sum() >= _SHRINK * alive.size)
        return True

    def _begin(
        self, hot: NDArray[np.bool_], alive: NDArray[np.bool_], rects: Sequence[Rect], now: float
    ) -> list[VideoArea]:
        """Make areas of tiles that became video; those that grow by it begin anew."""
        ended: list[VideoArea] = []
        for box in _boxes(hot):
            rect = _shrunk(box.intersect(self._bounds), alive)
            # At its edges a video may have little of a tile.
            for change in rects:
                if 2 * change.intersect(rect).area > change.area:
                    rect = rect.union(change.aligned(BLOCK).intersect(self._bounds))
            # Of what a slow line gets in parts, each part began by itself: those that touch are one.
            near = Rect(rect.left - 1, rect.top - 1, rect.width + 2, rect.height + 2)
            merged = [area for area in self.areas if not area.rect.aligned(TILE).intersect(near).is_empty]
            for area in merged:
                rect = rect.union(area.rect)
            # What the larger one overlaps now too.
            while more := [a for a in self.areas if a not in merged and not a.rect.intersect(rect).is_empty]:
                merged += more
                for area in more:
                    rect = rect.union(area.rect)
            is_all = rect.area >= _NEARLY_ALL * self._bounds.area and self._bounds.area <= _MOST_PIXELS
            is_small = rect.area < _LEAST_TILES * TILE * TILE or min(rect.width, rect.height) < _LEAST_SIDE
            if (is_small and not is_all) or rect.area > _MOST_PIXELS:
                continue
            if not merged and len(self.areas) >= self._most:
                continue
            self.areas = [area for area in self.areas if area not in merged]
            ended += merged
            if is_all:
                ended += self.areas
                self.areas = []
                rect = self._bounds
            self._add(rect, now)
            if rect == self._bounds:
                break
        return ended

    def _add(self, rect: Rect, now: float) -> VideoArea:
        self._next += 1
        area = VideoArea(self._next, rect, rect == self._bounds and not self._apart, now, now)
        self.areas.append(area)
        return area


def _boxes(tiles: NDArray[np.bool_]) -> Iterable[Rect]:
    """Pixels around the tiles that hang together, corners included; boxes that overlap are one."""
    left = set(zip(*(numbers.tolist() for numbers in tiles.nonzero()), strict=True))
    boxes: list[Rect] = []
    while left:
        start = left.pop()
        waiting, box = [start], Rect(start[1], start[0], 1, 1)
        while waiting:
            row, column = waiting.pop()
            box = box.union(Rect(column, row, 1, 1))
            for y in (row - 1, row, row + 1):
                for x in (column - 1, column, column + 1):
                    if (y, x) in left:
                        left.remove((y, x))
                        waiting.append((y, x))
        while over := [one for one in boxes if not one.intersect(box).is_empty]:
            boxes = [one for one in boxes if one not in over]
            for one in over:
                box = box.union(one)
        boxes.append(box)
    return [Rect(box.left * TILE, box.top * TILE, box.width * TILE, box.height * TILE) for box in boxes]


def _shrunk(rect: Rect, alive: NDArray[np.bool_]) -> Rect:
    """What blocks of a rectangle changed lately, as one rectangle."""
    import numpy as np

    rows, columns = block_span(rect)
    part = alive[rows, columns]
    down, across = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    if not len(down):
        return rect
    return Rect.from_edges(
        (columns.start + int(across[0])) * BLOCK,
        (rows.start + int(down[0])) * BLOCK,
        (columns.start + int(across[-1]) + 1) * BLOCK,
        (rows.start + int(down[-1]) + 1) * BLOCK,
    ).intersect(rect)
