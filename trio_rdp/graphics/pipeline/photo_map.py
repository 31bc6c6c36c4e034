"""Where photographs were seen in a picture: near them, pieces of tiles are looked at by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_rdp.graphics.differences import TILE
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.areas import tile_span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PhotoMap"]


class PhotoMap:
    """Remembers of each tile whether it showed a photograph when it was last looked at as a whole, or in part."""

    def __init__(self, bounds: Rect) -> None:
        import numpy as np

        shape = -(-bounds.height // TILE), -(-bounds.width // TILE)
        self._seen: NDArray[np.bool_] = np.zeros(shape, np.bool_)
        self._near: NDArray[np.bool_] = np.zeros(shape, np.bool_)

    def learn(self, photos: NDArray[np.bool_], others: NDArray[np.bool_]) -> None:
        """Mark tiles as photographs, and others as none."""
        import numpy as np

        self._seen = self._seen & ~others | photos
        padded = np.pad(self._seen, 1)
        tall = padded[:-2] | padded[1:-1] | padded[2:]
        self._near = tall[:, :-2] | tall[:, 1:-1] | tall[:, 2:]

    def add(self, row: int, column: int) -> None:
        """Mark one tile as a photograph, in part at least."""
        self._seen[row, column] = True

    def is_near(self, rect: Rect) -> bool:
        """Whether a rectangle touches a tile that was a photograph when `learn` was last called, or one beside it."""
        return bool(self._near[tile_span(rect)].any())
