"""A surface of the graphics pipeline: its pixels, what has changed on them, and where they are shown."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from trio_rdp.codecs.view import View
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.region import Region

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trio_rdp.codecs import avc, progressive

__all__ = ["Mapping", "OnDesktop", "OnWindow", "Surface", "black", "place_of"]


@dataclass(frozen=True, slots=True)
class OnDesktop:
    """Shown on the desktop from `x`, `y`, as large as `width` x `height`."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class OnWindow:
    """Shown in a window: `mapped` (width, height) of the surface, and all of it scaled to `target` if that is given."""

    window_id: int
    mapped: tuple[int, int]
    target: tuple[int, int] | None


Mapping: TypeAlias = OnDesktop | OnWindow


class Surface:
    """`width` x `height` pixels, at first black and opaque; the fourth byte stays 255 unless it `has_alpha`."""

    def __init__(self, surface_id: int, width: int, height: int, *, has_alpha: bool) -> None:
        self.surface_id = surface_id
        self.width = width
        self.height = height
        self.has_alpha = has_alpha
        self.damage: Region = Region()
        """What has changed since it was last shown."""
        self.mapping: Mapping | None = None
        self.avc: avc.Decoder | None = None
        self.avc_failures: int = 0
        """Pictures in a row that it could not decode."""
        self.progressive: progressive.Decoder | None = None

    @functools.cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """uint8 (height, width, 4), B G R and opacity; made when first looked at."""
        return black(self.width, self.height)

    @property
    def words(self) -> NDArray[np.uint32]:
        """The same pixels as little-endian numbers."""

        words: NDArray[np.uint32] = self.pixels.view("<u4")[..., 0]
        return words

    @property
    def bounds(self) -> Rect:
        """The whole surface."""
        return Rect(0, 0, self.width, self.height)

    @property
    def area(self) -> int:
        """In pixels."""
        return self.width * self.height

    @property
    def size(self) -> int:
        """In bytes."""
        return self.area * 4

    def view(self, rect: Rect | None = None) -> View:
        """Look at what of a rectangle (by default, everything) lies in the surface."""
        if rect is None:
            return View.of(self.pixels)
        seen = rect.intersect(self.bounds)
        if seen.is_empty:
            seen = Rect(0, 0, 0, 0)
        return View.of(self.pixels, seen.left, seen.top, seen.width, seen.height)

    def add_damage(self, rect: Rect) -> None:
        """Say that a rectangle changes, as far as it lies in the surface."""
        self.damage.add(rect.intersect(self.bounds))

    def place(self, rect: Rect) -> Rect:
        """Where on the desktop a rectangle of a surface that is shown there may be seen."""
        mapping = self.mapping
        assert isinstance(mapping, OnDesktop)
        return place_of(rect, (self.width, self.height), mapping)


def place_of(rect: Rect, size: tuple[int, int], mapping: OnDesktop) -> Rect:
    """Where on the desktop a rectangle of a surface of `size` (width, height) is seen, with what is mixed of it."""
    if (mapping.width, mapping.height) == size:
        return rect.moved(mapping.x, mapping.y)
    width, height = size
    # Where pixels are scaled, each is mixed with those beside it.
    return Rect.from_edges(
        max((rect.left - 1) * mapping.width // width, 0),
        max((rect.top - 1) * mapping.height // height, 0),
        min(-(-(rect.right + 1) * mapping.width // width), mapping.width),
        min(-(-(rect.bottom + 1) * mapping.height // height), mapping.height),
    ).moved(mapping.x, mapping.y)


def black(width: int, height: int) -> NDArray[np.uint8]:
    """Give a black picture: uint8 (height, width, 4), B G R and an alpha of 255."""
    import numpy as np

    pixels = np.full((height, width), 0xFF000000, "<u4")
    return pixels.view(np.uint8).reshape(height, width, 4)
