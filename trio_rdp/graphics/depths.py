"""Pictures in other pixel formats, and in the 256 colours of clients that ask for 8 bits per pixel."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from trio_rdp.codecs.pixel_format import PixelFormat

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["fixed_palette", "to_format", "to_indices"]

_LEVELS = 6  # of each colour in the cube
_GREYS = 256 - _LEVELS**3  # what the cube leaves free

_ORDERS = {
    PixelFormat.BGRA32: (0, 1, 2, 3),
    PixelFormat.ABGR32: (3, 0, 1, 2),
    PixelFormat.RGBA32: (2, 1, 0, 3),
    PixelFormat.ARGB32: (3, 2, 1, 0),
    PixelFormat.BGR24: (0, 1, 2),
    PixelFormat.RGB24: (2, 1, 0),
}


def to_format(pixels: NDArray[np.uint8], format: PixelFormat) -> NDArray[np.uint8]:  # noqa: A002
    """Copy a picture, uint8 (height, width, 4) B G R A, into another format: uint8 (height, width, bytes per pixel)."""
    import numpy as np

    order = _ORDERS.get(format)
    if order is not None:
        return pixels.copy() if format is PixelFormat.BGRA32 else np.ascontiguousarray(pixels[..., order])
    high, low = (2, 0) if format is PixelFormat.RGB16 else (0, 2)
    wide = pixels.astype(np.uint16)
    packed = wide[..., high] >> 3 << 11 | wide[..., 1] >> 2 << 5 | wide[..., low] >> 3
    return packed.astype("<u2")[..., None].view(np.uint8)


@functools.cache
def fixed_palette() -> bytes:
    """Give the palette that `to_indices` counts in, triplets of red, green and blue.

    It is a cube of six levels a colour, then forty shades of grey: edges of letters are mostly grey.
    """
    levels = [255 * i // (_LEVELS - 1) for i in range(_LEVELS)]
    cube = b"".join(bytes((red, green, blue)) for red in levels for green in levels for blue in levels)
    return cube + b"".join(bytes((255 * i // (_GREYS - 1),) * 3) for i in range(_GREYS))


def to_indices(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give the nearest entry of the fixed palette for each pixel of a picture, uint8 (height, width)."""
    import numpy as np

    level, grey = _tables()
    blue, green, red = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    indices = level[red] * np.uint8(_LEVELS**2) + level[green] * np.uint8(_LEVELS) + level[blue]
    return np.where((red == green) & (green == blue), grey[green], indices)


@functools.cache
def _tables() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """For each value of a colour, its level in the cube and the place of its shade of grey."""
    import numpy as np

    values = np.arange(256)
    level = (values * (_LEVELS - 1) + 127) // 255
    grey = _LEVELS**3 + (values * (_GREYS - 1) + 127) // 255
    return level.astype(np.uint8), grey.astype(np.uint8)
