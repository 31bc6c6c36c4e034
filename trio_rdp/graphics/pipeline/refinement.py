"""What was sent with loss and stands still is sent again, better, until it is exact."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from trio_rdp.codecs.progressive_encoder import PASSES
from trio_rdp.graphics.differences import TILE
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.areas import BLOCK, cover, inner_span, tile_span
from trio_rdp.graphics.pipeline.shown import FOREIGN, Shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["QUIET", "Refinement"]

QUIET: Final = 1.0
"""Seconds without change after which something is sent again."""

_SIDE: Final = TILE // BLOCK

_BUSY: Final = 64
"""Blocks that change in a picture while a program draws, and no one just types."""
_CALM: Final = 0.3
"""Seconds after such a picture in which there may be another one."""
_SPACING: Final = 1.0
"""Seconds between two refinements meanwhile, of at most `_LITTLE` pixels each: of a photograph, about 65 KB/s."""
_LITTLE: Final = 0x8000


class Refinement:
    """Chooses what of a picture gets better next."""

    def __init__(self, shown: Shown) -> None:
        import numpy as np

        self._shown = shown
        bounds = shown.bounds
        self._busy = self._last = float("-inf")
        # How many passes of Progressive each tile still gets, as long as nobody else draws on it.
        self._passes: NDArray[np.uint8] = np.zeros((-(-bounds.height // TILE), -(-bounds.width // TILE)), np.uint8)

    @property
    def due(self) -> float | None:
        """When something has stood still for long enough."""
        lossy = self._shown.lossy & (self._shown.hashes > FOREIGN)
        if not lossy.any():
            return None
        quiet = float(self._shown.touched[lossy].min()) + QUIET
        return max(quiet, min(self._busy + _CALM, self._last + _SPACING))

    def changed(self, blocks: int, now: float) -> None:
        """So much has changed: what moves comes before what stands still, which gets better in small pieces then."""
        if blocks >= _BUSY:
            self._busy = now

    def drop_passes(self, rects: Iterable[Rect]) -> None:
        """Somebody else draws there, or what was drawn is not known any more."""
        for rect in rects:
            clip = rect.intersect(self._shown.bounds)
            if not clip.is_empty:
                self._passes[tile_span(clip)] = 0

    def drop_tiles(self, tiles: NDArray[np.bool_]) -> None:
        """Somebody else draws these whole tiles."""
        self._passes[tiles] = 0

    def begin_passes(self, rects: Iterable[Rect]) -> None:
        """The tiles that lie in rectangles had their first pass."""
        for rect in rects:
            self._passes[inner_span(rect, self._shown.bounds, TILE)] = len(PASSES) - 1

    def choose(self, pixels: NDArray[np.uint8], now: float, most_pixels: int) -> tuple[list[Rect], list[Rect]]:
        """Choose tiles for their next pass, and where there are none, rectangles to be sent without loss.

        What has been drawn on since it was sent is left to the next frame.
        """
        shown = self._shown
        if now < self._busy + _CALM:
            most_pixels = min(most_pixels, _LITTLE)
        self._last = now
        still = shown.lossy & (shown.hashes > FOREIGN) & (shown.touched <= now - QUIET)
        if not still.any():
            return [], []
        if self._passes.any():
            tiles = self._rough(still, max(most_pixels // (TILE * TILE), 1))
            if tiles:
                return tiles, []
        wanted = self._first(still, most_pixels)
        look = shown.look(pixels, cover(wanted, shown.bounds))
        stale = wanted & look.changed
        shown.touched[stale] = now
        wanted &= ~stale
        rects: list[Rect] = []
        for rect in cover(wanted, shown.bounds):
            # What lies between may be drawn on already, and would be neither here nor there.
            if (look.hashes[_span(rect)] == shown.hashes[_span(rect)]).all():
                rects.append(rect)
            else:
                rects += _singles(wanted, rect, shown.bounds)
        return [], rects

    def _rough(self, still: NDArray[np.bool_], most: int) -> list[Rect]:
        import numpy as np

        rows, columns = self._passes.shape
        padded = np.ones((rows * _SIDE, columns * _SIDE), np.bool_)
        padded[: still.shape[0], : still.shape[1]] = still
        ready = padded.reshape(rows, _SIDE, columns, _SIDE).all(axis=(1, 3)) & (self._passes > 0)
        places = np.argwhere(ready)
        if not len(places):
            return []
        # Those furthest behind come first.
        order = np.argsort(-self._passes[ready].astype(np.int16), kind="stable")[:most]
        tiles = []
        for row, column in places[order].tolist():
            self._passes[row, column] -= 1
            tiles.append(Rect(column * TILE, row * TILE, TILE, TILE).intersect(self._shown.bounds))
        return tiles

    def _first(self, still: NDArray[np.bool_], most_pixels: int) -> NDArray[np.bool_]:
        """As many blocks as there is room for, whole rows of tiles where possible."""
        import numpy as np

        rows, columns = -(-still.shape[0] // _SIDE), -(-still.shape[1] // _SIDE)
        padded = np.zeros((rows * _SIDE, columns * _SIDE), np.bool_)
        padded[: still.shape[0], : still.shape[1]] = still
        counts = padded.reshape(rows, _SIDE, columns, _SIDE).sum(axis=(1, 3)).reshape(-1)
        room = np.cumsum(counts) * BLOCK * BLOCK <= most_pixels
        room[np.flatnonzero(counts)[0]] = True
        tiles = room.reshape(rows, columns).repeat(_SIDE, axis=0).repeat(_SIDE, axis=1)
        return np.asarray(still & tiles[: still.shape[0], : still.shape[1]])


def _span(rect: Rect) -> tuple[slice, slice]:
    return (
        slice(rect.top // BLOCK, -(-rect.bottom // BLOCK)),
        slice(rect.left // BLOCK, -(-rect.right // BLOCK)),
    )


def _singles(wanted: NDArray[np.bool_], rect: Rect, bounds: Rect) -> list[Rect]:
    """Each block by itself."""
    import numpy as np

    rows, columns = _span(rect)
    return [
        Rect((columns.start + column) * BLOCK, (rows.start + row) * BLOCK, BLOCK, BLOCK).intersect(bounds)
        for row, column in np.argwhere(wanted[rows, columns]).tolist()
    ]
