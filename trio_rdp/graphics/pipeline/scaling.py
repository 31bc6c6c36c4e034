"""Scaling pictures for surfaces that are shown larger or smaller than they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_rdp.graphics.geometry import Rect

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["scale"]

_ROWS: Final = 64  # at a time: what is computed with stays in the cache


def scale(source: NDArray[np.uint8], width: int, height: int, part: Rect) -> NDArray[np.uint8]:
    """Give a part of a picture that is scaled to `width` x `height`; `part` lies in that.

    Each pixel is mixed of the four that are nearest to its middle.  Releases the GIL now and then.
    """
    import numpy as np

    rows, columns = source.shape[:2]
    left, right, across = _mix(part.left, part.width, width, columns)
    upper, lower, down = _mix(part.top, part.height, height, rows)
    out = np.empty((part.height, part.width, 4), np.uint8)
    for start in range(0, part.height, _ROWS):
        band = slice(start, start + _ROWS)
        above = _between(source[upper[band, None], left], source[upper[band, None], right], across[None, :, None])
        below = _between(source[lower[band, None], left], source[lower[band, None], right], across[None, :, None])
        out[band] = _between(above, below, down[band, None, None])
    return out


def _mix(
    first: int, count: int, size: int, source: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint16]]:
    """Along one side, for pixels from `first` on: the two that each is mixed of, and how much of the second, of 256."""
    import numpy as np

    # In 256ths of a source pixel, between the middles of pixels.
    middles = ((2 * np.arange(first, first + count, dtype=np.int64) + 1) * source * 128) // size - 128
    middles = np.clip(middles, 0, (source - 1) * 256)
    before = middles >> 8
    return before, np.minimum(before + 1, source - 1), (middles & 255).astype(np.uint16)


def _between(
    one: NDArray[np.uint8] | NDArray[np.uint16],
    other: NDArray[np.uint8] | NDArray[np.uint16],
    share: NDArray[np.uint16],
) -> NDArray[np.uint16]:
    import numpy as np

    mixed: NDArray[np.uint16] = (one * (np.uint16(256) - share) + other * share + np.uint16(128)) >> np.uint16(8)
    return mixed
