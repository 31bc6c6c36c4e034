"""`View`: a rectangle of a BGRX surface, from which codecs read and into which they draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["Place", "View"]

Place: TypeAlias = tuple[int, int, int, int, int, int]
"""Where a bitmap goes: x and y in a view, at most how much of it is drawn (width, height), and its own size."""


class View(NamedTuple):
    """`width` x `height` pixels at `x`, `y` of a surface: four bytes a pixel (B, G, R and alpha or nothing), top-down.

    `surface` is any contiguous buffer of bytes, writable where something is drawn, with `stride` bytes to a row.
    """

    surface: Readable
    stride: int
    x: int
    y: int
    width: int
    height: int

    @classmethod
    def of(cls, pixels: NDArray[np.uint8], x: int = 0, y: int = 0, width: int = -1, height: int = -1) -> View:
        """Look at a rectangle, by default all, of a contiguous picture: uint8 (height, width, 4).

        Raises `ValueError` for an array of another kind.
        """
        rows, columns = pixels.shape[:2]
        if pixels.dtype.char != "B" or pixels.shape[2:] != (4,) or not pixels.flags.c_contiguous:
            raise ValueError(f"{pixels.dtype} {pixels.shape} is no contiguous picture of four bytes a pixel")
        width = columns - x if width < 0 else width
        height = rows - y if height < 0 else height
        return cls(pixels.reshape(-1), pixels.strides[0], x, y, width, height)

    @classmethod
    def whole(cls, surface: Readable, width: int, height: int) -> View:
        """Look at all of a buffer of `width * height * 4` bytes."""
        return cls(surface, width * 4, 0, 0, width, height)

    def part(self, x: int, y: int, width: int, height: int) -> View:
        """Look at a part, by its place in this view, clipped at the right and at the bottom; it may be empty."""
        width, height = max(min(width, self.width - x), 0), max(min(height, self.height - y), 0)
        return self._replace(x=self.x + x, y=self.y + y, width=width, height=height)
