"""Tiles of which only a part is drawn: what is around it is made smooth, as it costs bytes and nobody sees it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from trio_rdp.graphics.differences import TILE
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.areas import tile_span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Margins", "split_whole"]


def split_whole(rects: Iterable[Rect], bounds: Rect) -> tuple[list[Rect], list[Rect]]:
    """Split rectangles into what consists of whole tiles, by itself, and the rest."""
    whole: list[Rect] = []
    rest: list[Rect] = []
    for rect in rects:
        right = rect.right if rect.right == bounds.right else rect.right // TILE * TILE
        bottom = rect.bottom if rect.bottom == bounds.bottom else rect.bottom // TILE * TILE
        left, top = -(-rect.left // TILE) * TILE, -(-rect.top // TILE) * TILE
        if left >= right or top >= bottom:
            rest.append(rect)
            continue
        whole.append(Rect.from_edges(left, top, right, bottom))
        around = (
            Rect.from_edges(rect.left, rect.top, rect.right, top),
            Rect.from_edges(rect.left, top, left, bottom),
            Rect.from_edges(right, top, rect.right, bottom),
            Rect.from_edges(rect.left, bottom, rect.right, rect.bottom),
        )
        rest += [part for part in around if not part.is_empty]
    return whole, rest


class Margins:
    """A picture in which only the tiles asked for last are right; what was never asked for takes no memory."""

    def __init__(self, width: int, height: int) -> None:
        import numpy as np

        self._bounds = Rect(0, 0, width, height)
        self._pixels: NDArray[np.uint8] = np.empty((height, width, 4), np.uint8)

    def smooth(self, pixels: NDArray[np.uint8], rects: Iterable[Rect]) -> NDArray[np.uint8]:
        """Give a picture with the same pixels in `rects`, and their edges around them as far as tiles go."""
        boxes: dict[tuple[int, int], Rect] = {}
        for rect in rects:
            rows, columns = tile_span(rect)
            for row in range(rows.start, rows.stop):
                for column in range(columns.start, columns.stop):
                    part = rect.intersect(Rect(column * TILE, row * TILE, TILE, TILE))
                    had = boxes.get((row, column))
                    boxes[row, column] = part if had is None else had.union(part)
        out = self._pixels
        for (row, column), box in boxes.items():
            tile = Rect(column * TILE, row * TILE, TILE, TILE).intersect(self._bounds)
            across = slice(box.left, box.right)
            out[box.top : box.bottom, across] = pixels[box.top : box.bottom, across]
            out[tile.top : box.top, across] = out[box.top, across]
            out[box.bottom : tile.bottom, across] = out[box.bottom - 1, across]
            down = slice(tile.top, tile.bottom)
            out[down, tile.left : box.left] = out[down, box.left, None]
            out[down, box.right : tile.right] = out[down, box.right - 1, None]
        return out
