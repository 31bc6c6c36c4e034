"""The rectangle that every graphics module speaks of: pixels, half-open, y down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["MAX_PIXELS", "MAX_SIDE", "Rect", "check_size"]

MAX_SIDE = 32_766
"""The longest side of any picture, in pixels: the longest that [MS-RDPEGFX] 2.2.2.14 lets a server ask for."""

MAX_PIXELS = 8_192 * 8_192
"""The largest picture: a square as large as a monitor of [MS-RDPEDISP] 2.2.2.2.1 may be; in memory it takes 256 MiB."""


def check_size(width: int, height: int) -> None:
    """Raise `ValueError` for a picture that has no pixels, or more than the limits above allow."""
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS):
        raise ValueError(f"a picture of {width}x{height} pixels")


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle of pixels: `left <= x < right` and `top <= y < bottom`.

    It is empty when its width or height is zero or less; two empty rectangles at different places are not equal.
    """

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def from_edges(cls, left: int, top: int, right: int, bottom: int) -> Rect:
        """Make a rectangle of its edges, `right` and `bottom` exclusive; edges in the wrong order make an empty one."""
        return cls(left, top, max(right - left, 0), max(bottom - top, 0))

    @property
    def right(self) -> int:
        """The first column behind the rectangle."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """The first row below the rectangle."""
        return self.top + self.height

    @property
    def area(self) -> int:
        """How many pixels it has."""
        return max(self.width, 0) * max(self.height, 0)

    @property
    def is_empty(self) -> bool:
        """Whether it has no pixel."""
        return self.width <= 0 or self.height <= 0

    def contains(self, other: Rect) -> bool:
        """Say whether every pixel of `other` is in this rectangle; an empty one is in every rectangle."""
        return other.is_empty or (
            self.left <= other.left
            and self.top <= other.top
            and other.right <= self.right
            and other.bottom <= self.bottom
        )

    def intersect(self, other: Rect) -> Rect:
        """Give the pixels that both have; an empty rectangle when there are none."""
        return Rect.from_edges(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def union(self, other: Rect) -> Rect:
        """Give the smallest rectangle that holds both."""
        if other.is_empty:
            return self
        if self.is_empty:
            return other
        return Rect.from_edges(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def moved(self, dx: int, dy: int) -> Rect:
        """Give the same rectangle `dx` pixels to the right and `dy` down."""
        return Rect(self.left + dx, self.top + dy, self.width, self.height)

    def aligned(self, size: int) -> Rect:
        """Give the smallest rectangle around it whose edges are multiples of `size`."""
        return Rect.from_edges(
            self.left // size * size,
            self.top // size * size,
            -(-self.right // size) * size,
            -(-self.bottom // size) * size,
        )

    def split(self, width: int, height: int) -> Iterator[Rect]:
        """Cut it into pieces of at most `width` x `height` from its top left corner, row by row."""
        for top in range(self.top, self.bottom, height):
            for left in range(self.left, self.right, width):
                yield Rect.from_edges(left, top, min(left + width, self.right), min(top + height, self.bottom))
