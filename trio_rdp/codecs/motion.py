"""What of a picture changed, and what of that only moved: two hashes for each block of 16 x 16 pixels that was sent."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from trio_rdp.codecs.kernels import motion as kernel

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["BLOCK", "MAX_MOVES", "Area", "BlockHashes", "Move"]

BLOCK = 16
"""The side of a block, in pixels."""
MAX_MOVES = 32

_MOVE = 24  # bytes of a move as the kernel gives it
_INTEGERS = next(code for code in "il" if array(code).itemsize == 4)
_UNSIGNED = _INTEGERS.upper()

Area: TypeAlias = tuple[int, int, int, int]
"""x, y, width and height, in pixels."""


class Move(NamedTuple):
    """The old picture's pixels from `x`, `y` on are in the new one `dx` pixels to the right and `dy` down."""

    x: int
    y: int
    width: int
    height: int
    dx: int
    dy: int


class BlockHashes:
    """The hashes of one picture's blocks; at first of none of them, as if it had never been seen.

    Surfaces are BGRX, and all four bytes of a pixel count.  What stands at the right and lower edge may be narrower,
    and is never moved.  Every call but `forget` releases the GIL; `changed` may run in several threads at once.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width: int = width
        self.height: int = height
        self.columns: int = -(-width // BLOCK)
        self.rows: int = -(-height // BLOCK)
        self._strong = array("Q", bytes(8 * self.columns * self.rows))  # 0: not known
        self._weak = array(_UNSIGNED, bytes(4 * self.columns * self.rows))

    def update(self, surface: Readable, stride: int, areas: Iterable[Area]) -> None:
        """Hash the blocks that `areas` touch."""
        kernel.hash_blocks(
            surface,
            stride,
            self.width,
            self.height,
            self._marks(areas),
            memoryview(self._strong),
            memoryview(self._weak),
        )

    def forget(self, areas: Iterable[Area] | None = None) -> None:
        """Take the blocks that `areas` touch, or all, for never seen."""
        import numpy as np

        strong = np.frombuffer(self._strong, np.uint64)
        if areas is None:
            strong[:] = 0
        else:
            strong[np.frombuffer(self._marks(areas), np.bool_)] = 0

    def known(self) -> bytes:
        """Give a byte for each block, row by row: 1 for those that were hashed and not forgotten."""
        import numpy as np

        known: bytes = (np.frombuffer(self._strong, np.uint64) != 0).tobytes()
        return known

    def changed(self, surface: Readable, stride: int, areas: Iterable[Area]) -> array[int]:
        """Compare the blocks that `areas` touch with their hashes.

        Gives an `array("H")` with a number for each block, row by row: where it changed or was not known, a bit for
        each 4 x 4 pixels that it has, and else 0.
        """
        need = array("H", bytes(2 * self.columns * self.rows))
        marks = self._marks(areas)
        kernel.changed_blocks(
            surface, stride, self.width, self.height, marks, memoryview(self._strong), memoryview(need)
        )
        return need

    def moves(self, surface: Readable, stride: int, need: array[int]) -> list[Move]:
        """Find at most `MAX_MOVES` moves, each of the old picture as it was, that make much of `need` right.

        Everything where a move brings it has the hash, in all 64 bits, that it has in the new picture.  `need` is what
        `changed` gave; what the moves make right is taken from it.  Looks first at some places, so that a picture in
        which nothing moved costs little more than that.
        """
        found = array(_INTEGERS, bytes(_MOVE * MAX_MOVES))
        count = kernel.find_moves(
            surface,
            stride,
            self.width,
            self.height,
            memoryview(self._strong),
            memoryview(self._weak),
            memoryview(need),
            memoryview(found),
        )
        if count < 0:
            raise MemoryError
        return [Move(*found[6 * index : 6 * index + 6]) for index in range(count)]

    def _marks(self, areas: Iterable[Area]) -> bytearray:
        """One byte for each block: whether an area touches it."""
        marks = bytearray(self.columns * self.rows)
        for x, y, width, height in areas:
            left, right = max(x // BLOCK, 0), min(-(-(x + width) // BLOCK), self.columns)
            if left >= right or height <= 0 or width <= 0:
                continue
            ones = b"\1" * (right - left)
            for row in range(max(y // BLOCK, 0), min(-(-(y + height) // BLOCK), self.rows)):
                marks[row * self.columns + left : row * self.columns + right] = ones
        return marks
