"""What the tiles of a picture hold, for the choice between lossless and lossy codecs: measured, or told by a program.

Text and user interfaces repeat pixels and have few colours; photographs do neither.  Every fourth row is looked at,
for whole rows of tiles at a time.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.graphics.differences import TILE
from trio_rdp.graphics.geometry import Rect

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Content", "Hint", "Hints", "find_photos"]


class Content(enum.Enum):
    """What a part of a picture shows."""

    AUTO = "auto"
    """It is measured, tile by tile, whenever the tile is sent."""
    TEXT = "text"
    """Text, user interfaces, drawings: sent without loss."""
    PHOTO = "photo"
    """Photographs and video: sent with the first lossy codec that the client takes."""


Hint = Content | BitmapCodec
"""How to send a part: by what it shows, or in a certain codec, as far as the client takes that."""

_HINTS: tuple[Hint, ...] = (Content.AUTO, Content.TEXT, Content.PHOTO, *BitmapCodec)
_STEP = 4  # every fourth row is looked at

# Of the pixels looked at.  Desktops repeat 60 % and more, also under the smoothed edges of letters; photographs repeat
# 30 % and less, but for their white skies.
_REPEATED = 0.4
# Beneath it, dithered areas and drawings full of edges are told from photographs by their colours, out of 1,024 pixels.
_COLORS = 64
_BUCKETS = 1024


def find_photos(pixels: NDArray[np.uint8], tiles: Sequence[tuple[int, int]]) -> list[bool]:
    """Say of each tile, a (row, column) of the grid, whether it looks like a photograph.

    `pixels` is contiguous uint8 (height, width, 4); the fourth byte does not count.  Tiles narrower or lower than eight
    pixels are none.
    """
    import numpy as np

    found = dict.fromkeys(tiles, False)
    colors = pixels.reshape(pixels.shape[0], -1).view("<u4")
    for row in sorted({row for row, _ in tiles}):
        columns = [column for other, column in found if other == row]
        first, last = min(columns), max(columns)
        band = colors[row * TILE : (row + 1) * TILE, first * TILE : (last + 1) * TILE]
        if band.shape[0] < 8:
            continue
        here = band[_STEP - 1 :: _STEP] & np.uint32(0xFFFFFF)
        above = band[_STEP - 2 :: _STEP][: len(here)] & np.uint32(0xFFFFFF)
        repeats = here == above
        repeats[:, 1:] |= here[:, 1:] == here[:, :-1]
        starts = np.arange(0, here.shape[1], TILE)
        counts = np.add.reduceat(np.count_nonzero(repeats, axis=0), starts)
        for column in columns:
            index = column - first
            part = here[:, index * TILE : (index + 1) * TILE]
            if part.shape[1] >= 8 and counts[index] < _REPEATED * part.size:
                found[row, column] = _count_colors(part) > _COLORS * part.size // _BUCKETS
    return list(found.values())


def _count_colors(part: NDArray[np.uint32]) -> int:
    """About how many colours there are, at most `_BUCKETS`."""
    import numpy as np

    # Multiplying spreads colours that differ by little over the upper bits (Knuth's multiplicative hashing).
    buckets = (part * np.uint32(2654435761)) >> np.uint32(22)
    return int(np.count_nonzero(np.bincount(buckets.reshape(-1), minlength=_BUCKETS)))


class Hints:
    """What a program has said of the tiles of a picture of `width` x `height` pixels; at first nothing."""

    def __init__(self, width: int, height: int) -> None:
        self._bounds = Rect(0, 0, width, height)
        self._columns, self._rows = -(-width // TILE), -(-height // TILE)
        self._hints = bytearray(self._columns * self._rows)

    def set(self, rect: Rect, hint: Hint) -> None:
        """Remember a hint for the tiles of which at least a half is in `rect`."""
        clip = rect.intersect(self._bounds)
        if clip.is_empty:
            return
        value = _HINTS.index(hint)
        for row in range(clip.top // TILE, (clip.bottom - 1) // TILE + 1):
            for column in range(clip.left // TILE, (clip.right - 1) // TILE + 1):
                tile = Rect(column * TILE, row * TILE, TILE, TILE).intersect(self._bounds)
                if 2 * tile.intersect(clip).area >= tile.area:
                    self._hints[row * self._columns + column] = value

    def get(self, row: int, column: int) -> Hint:
        """The hint for a tile of the grid; `Content.AUTO` where nothing was said."""
        return _HINTS[self._hints[row * self._columns + column]]

    def __bool__(self) -> bool:
        return any(self._hints)
