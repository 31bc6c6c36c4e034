"""What the tiles of a picture hold, for the choice between lossless and lossy codecs: measured, or told by a program.

Text and user interfaces repeat pixels and have few colours; photographs do neither.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.graphics.differences import TILE
from trio_rdp.graphics.geometry import Rect

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Content", "Hint", "Hints", "find_photos", "is_photo"]


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
# Of the pixels looked at.  Desktops repeat 60 % and more, also under the smoothed edges of letters; photographs repeat
# 30 % and less, but for their white skies.
_REPEATED = 0.4
# Beneath it, dithered areas and drawings full of edges are told from photographs by their colours, among 1,024 pixels.
_COLORS = 64
_LEAST = 8  # pixels of a side: less says too little


def find_photos(pixels: NDArray[np.uint8], marks: bytes | bytearray) -> bytearray:
    """Say of each tile of the grid, row by row, whether it is marked and looks like a photograph: 1, else 0.

    `pixels` is contiguous uint8 (height, width, 4); the fourth byte does not count.  Tiles narrower or lower than eight
    pixels are none.
    """
    from trio_rdp.codecs.compare import STEP, grid, measure_tiles

    found = bytearray(len(marks))
    height, width = pixels.shape[:2]
    columns, _ = grid(width, height)
    measures = measure_tiles(pixels.reshape(-1), width * 4, width, height, marks)
    index = -1
    while (index := marks.find(1, index + 1)) >= 0:
        row, column = divmod(index, columns)
        wide, high = min(width - column * TILE, TILE), min(height - row * TILE, TILE)
        looked = high // STEP * wide
        found[index] = min(wide, high) >= _LEAST and is_photo(measures[2 * index], measures[2 * index + 1], looked)
    return found


def is_photo(repeated: int, colors: int, looked: int) -> bool:
    """Say by its measures whether something looks like a photograph, of which so many pixels were looked at."""
    from trio_rdp.codecs.compare import BUCKETS

    return repeated < _REPEATED * looked and colors > _COLORS * looked // BUCKETS


class Hints:
    """What a program has said of the tiles of a picture of `width` x `height` pixels; at first nothing."""

    def __init__(self, width: int, height: int) -> None:
        self._bounds = Rect(0, 0, width, height)
        self._columns, self._rows = -(-width // TILE), -(-height // TILE)
        self._hints = bytearray(self._columns * self._rows)

    def set(self, rect: Rect, hint: Hint) -> None:
        """Remember a hint for the tiles of which at least a half is in `rect`."""
        if hint not in _HINTS:
            raise TypeError(f"hint {hint!r} is no Content and no BitmapCodec")
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
