"""Tiles that are not encoded at all: of one colour, or kept by the client from earlier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_rdp.graphics.differences import TILE
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.areas import BLOCK, per_tile
from trio_rdp.graphics.pipeline.bitmap_memory import BitmapMemory
from trio_rdp.graphics.pipeline.jobs import DrawCached, EvictCached, FillSurface, PipelineJob, Point, StoreCached
from trio_rdp.graphics.pipeline.shown import FOREIGN, Look, Shown, solid_hash

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["TileCache", "fill_tiles", "tile_rect"]

_SIDE: Final = TILE // BLOCK
_STOOD: Final = 0.3
"""Seconds that a tile must have stood to be worth keeping when it is overwritten."""
_MUCH: Final = 4
"""Blocks of a tile that change: with fewer, it hardly comes back as it was."""


def tile_rect(row: int, column: int, bounds: Rect) -> Rect:
    """The pixels of a tile."""
    return Rect(column * TILE, row * TILE, TILE, TILE).intersect(bounds)


def fill_tiles(
    surface_id: int, pixels: NDArray[np.uint8], look: Look, tiles: NDArray[np.bool_], bounds: Rect
) -> tuple[list[FillSurface], NDArray[np.bool_]]:
    """Fill the marked tiles that have one colour, as far as they are whole; says which."""
    import numpy as np

    filled = np.zeros_like(tiles)
    # A tile whose blocks have one hash repeats one block, which has one colour if its hash says so.
    rows, columns = bounds.height // TILE, bounds.width // TILE
    blocks = look.hashes[: rows * _SIDE, : columns * _SIDE].reshape(rows, _SIDE, columns, _SIDE)
    alike = (blocks == blocks[:, :1, :, :1]).all(axis=(1, 3)) & tiles[:rows, :columns]
    colors: dict[bytes, list[Rect]] = {}
    first, start, last = b"", (-1, -1), (-1, -1)
    for row, column in [*np.argwhere(alike).tolist(), (-1, -1)]:
        color = b""
        if row >= 0:
            color = pixels[row * TILE, column * TILE].tobytes()
            if solid_hash(color) != int(blocks[row, 0, column, 0]):
                continue
            filled[row, column] = True
        if color != first or (row, column - 1) != last:
            if first:
                width, left, top = (last[1] - start[1] + 1) * TILE, start[1] * TILE, start[0] * TILE
                colors.setdefault(first, []).append(Rect(left, top, width, TILE))
            first, start = color, (row, column)
        last = row, column
    return [FillSurface(surface_id, color, tuple(_stacked(rects))) for color, rects in colors.items()], filled


def _stacked(rects: list[Rect]) -> list[Rect]:
    """Join rectangles that stand upon each other, given row by row."""
    out: list[Rect] = []
    last: dict[tuple[int, int], int] = {}
    for rect in rects:
        above = last.get((rect.left, rect.width))
        if above is not None and out[above].bottom == rect.top:
            out[above] = out[above].union(rect)
        else:
            last[rect.left, rect.width] = len(out)
            out.append(rect)
    return out


class TileCache:
    """Keeps tiles of a surface in a client's bitmap cache, and finds them there."""

    def __init__(self, surface_id: int, memory: BitmapMemory) -> None:
        self._surface_id = surface_id
        self._memory = memory
        self.stores: int = 0
        self.hits: int = 0
        self.evictions: int = 0

    def keep_overwritten(self, shown: Shown, changed: NDArray[np.bool_], now: float) -> list[PipelineJob]:
        """Keep tiles that stood for a while, exactly, and of which much changes now; before the look is committed."""
        import numpy as np

        tiles = per_tile(changed) >= _MUCH
        if not tiles.any():
            return []
        bad = shown.lossy | (shown.hashes <= FOREIGN) | (shown.touched > now - _STOOD)
        return self._keep(shown, tiles & (per_tile(bad) == 0), np.zeros_like(tiles))

    def keep_repeated(self, shown: Shown, tiles: NDArray[np.bool_]) -> list[PipelineJob]:
        """Keep those of the tiles just sent that were sent before, as far as they are exact."""
        import numpy as np

        bad = shown.lossy | (shown.hashes <= FOREIGN)
        return self._keep(shown, tiles & (per_tile(bad) == 0), np.ones_like(tiles))

    def _keep(self, shown: Shown, tiles: NDArray[np.bool_], only_seen: NDArray[np.bool_]) -> list[PipelineJob]:
        import numpy as np

        jobs: list[PipelineJob] = []
        rows, columns = np.nonzero(tiles)
        if not len(rows):
            return jobs
        span = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns.min()), int(columns.max()) + 1)
        keys = shown.tile_keys(span)[rows - span[0].start, columns - span[1].start].tolist()
        for row, column, key in zip(rows.tolist(), columns.tolist(), keys, strict=True):
            if key in self._memory or (only_seen[row, column] and not self._memory.see(key)):
                continue
            rect = tile_rect(row, column, shown.bounds)
            slot, evicted = self._memory.store(key, rect.area * 4)
            jobs += [EvictCached(one) for one in evicted]
            self.evictions += len(evicted)
            if slot is not None:
                jobs.append(StoreCached(self._surface_id, key, slot, rect))
                self.stores += 1
        return jobs

    def draw(self, shown: Shown, look: Look, tiles: NDArray[np.bool_]) -> tuple[list[PipelineJob], NDArray[np.bool_]]:
        """Draw those of the marked tiles that the client keeps as they are to look now; says which."""
        import numpy as np

        drawn = np.zeros_like(tiles)
        rows, columns = np.nonzero(tiles)
        if not len(self._memory) or not len(rows):
            return [], drawn
        span = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns.min()), int(columns.max()) + 1)
        keys = shown.tile_keys(span, look.hashes)[rows - span[0].start, columns - span[1].start].tolist()
        points: dict[int, list[Point]] = {}
        for row, column, key in zip(rows.tolist(), columns.tolist(), keys, strict=True):
            slot = self._memory.find(key)
            if slot is not None:
                drawn[row, column] = True
                points.setdefault(slot, []).append((column * TILE, row * TILE))
                self.hits += 1
        return [DrawCached(slot, self._surface_id, tuple(places)) for slot, places in points.items()], drawn
