"""The graphics output buffer, [MS-RDPEGFX] 3.3.1.7: a desktop's picture, put together of the surfaces shown there.

Usually that is one surface as large as the desktop.  Then its pixels are the picture, and nothing is copied.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from trio_rdp.graphics.drawing import Drawing, Step
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.scaling import scale
from trio_rdp.graphics.pipeline.surface import OnDesktop, Surface, black, place_of
from trio_rdp.graphics.region import Region

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Shown = Callable[[], NDArray[np.uint8]]

__all__ = ["Desktop"]


class Desktop:
    """A picture of `width` x `height` pixels, at first black."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._own: NDArray[np.uint8] | None = None
        self._surface: Surface | None = None
        self._may_share = True
        self._is_new = True
        self._left = Region()

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The picture: uint8 (height, width, 4), B G R and an alpha of 255; made when first looked at."""
        if self._surface is not None:
            return self._surface.pixels
        if self._own is None:
            self._own = black(self.width, self.height)
        return self._own

    @property
    def bounds(self) -> Rect:
        """The whole picture."""
        return Rect(0, 0, self.width, self.height)

    @property
    def surface(self) -> Surface | None:
        """The surface whose pixels the picture is, if there is one."""
        return self._surface

    def separate(self, shown: Shown | None = None) -> None:
        """Let the picture be one of its own from here on, as somebody draws on it who means no surface.

        In the middle of a frame `shown` says what was seen before it: what was drawn of it is seen when it ends.
        """
        self._part(shown)
        self._may_share = False

    def replace(self, pixels: NDArray[np.uint8]) -> None:
        """Let the picture be this one, uint8 of its size."""
        self._own, self._surface = pixels, None

    def map_anew(self, shown: Shown | None = None) -> None:
        """Heed that another surface is shown, or one elsewhere, or no more: what is seen stays.

        In the middle of a frame `shown` says what was seen before it.  Where nobody knows, what was drawn in it on a
        surface whose pixels were the picture stays too, and is the frame's damage.
        """
        if self._surface is not None:
            for rect in self._surface.damage.rects:
                self._left.add(rect)
            self._part(shown)
        self._may_share = True

    def _part(self, shown: Shown | None) -> None:
        """Let the picture be no surface any more."""
        if self._surface is None:
            return
        pixels = None if shown is None else shown()
        if pixels is None or pixels.shape != self._surface.pixels.shape:
            pixels = self._surface.pixels.copy()
        self._own, self._surface = pixels, None

    def compose(self, surfaces: Sequence[Surface]) -> Drawing:
        """Show what has changed on the surfaces that are shown here, those that were mapped last on top.

        The drawing's damage is what of the picture changes.
        """
        whole = self._choose(surfaces)
        damage, self._left = self._left, Region()
        for surface in surfaces:
            rects = [surface.bounds] if self._is_new or surface is whole else surface.damage.rects
            surface.damage.clear()
            for rect in rects:
                damage.add(surface.place(rect).intersect(self.bounds))
        self._is_new = False
        if self._surface is not None or not damage:
            return Drawing(damage.rects)
        places = [(surface, surface.mapping) for surface in surfaces if isinstance(surface.mapping, OnDesktop)]
        return Drawing(damage.rects, Step(partial(_draw, self.pixels, places, damage.rects)))

    def _choose(self, surfaces: Sequence[Surface]) -> Surface | None:
        """Let the only surface be the picture, if it may; give it when it was not before."""
        if self._surface is not None or not self._may_share or len(surfaces) != 1:
            return None
        (surface,) = surfaces
        if surface.has_alpha or surface.mapping != OnDesktop(0, 0, self.width, self.height):
            return None
        if (surface.width, surface.height) != (self.width, self.height):
            return None
        self._surface, self._own = surface, None
        return surface


def _draw(picture: NDArray[np.uint8], places: list[tuple[Surface, OnDesktop]], rects: list[Rect]) -> None:
    for rect in rects:
        for surface, mapping in places:
            size = surface.width, surface.height
            seen = place_of(surface.bounds, size, mapping).intersect(rect)
            if seen.is_empty:
                continue
            part = seen.moved(-mapping.x, -mapping.y)
            if size == (mapping.width, mapping.height):
                shown = surface.pixels[part.top : part.bottom, part.left : part.right]
            else:
                shown = scale(surface.pixels, mapping.width, mapping.height, part)
            target = picture[seen.top : seen.bottom, seen.left : seen.right]
            target[:] = shown
            if surface.has_alpha:
                target[..., 3] = 255
