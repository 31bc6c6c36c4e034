"""What surfaces show in the windows of remote programs: pictures of whole frames, apart from the desktop."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.scaling import scale
from trio_rdp.graphics.pipeline.surface import OnWindow, Surface

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["WindowPictures", "window_pixels"]


class _Shown(NamedTuple):
    surface: Surface
    mapping: OnWindow
    pixels: NDArray[np.uint8]


class WindowPictures:
    """A copy of each surface that is mapped to a window, as it was when a frame ended; as large as those surfaces."""

    def __init__(self) -> None:
        self._shown: dict[int, _Shown] = {}
        self._copies: dict[Surface, NDArray[np.uint8]] = {}

    def new(self, surfaces: list[Surface]) -> list[Surface]:
        """Give those of surfaces that are mapped to windows of which there is no copy yet."""
        return [one for one in surfaces if not self._is_known(one)]

    def prepare(self, surfaces: list[Surface]) -> None:
        """Copy surfaces for the next `show`, which takes less time then; in any thread, while none is drawn on."""
        self._copies = {surface: surface.pixels.copy() for surface in surfaces}

    def _is_known(self, surface: Surface) -> bool:
        mapping = surface.mapping
        assert isinstance(mapping, OnWindow)
        shown = self._shown.get(mapping.window_id)
        return shown is not None and shown.surface is surface

    def show(self, surfaces: list[Surface]) -> None:
        """Take over what has changed on surfaces that are mapped to windows; others are shown no more."""
        if not surfaces and not self._shown:
            return
        before, self._shown = self._shown, {}
        copies, self._copies = self._copies, {}
        for surface in surfaces:
            mapping = surface.mapping
            assert isinstance(mapping, OnWindow)
            shown = before.get(mapping.window_id)
            if shown is None or shown.surface is not surface:
                found = copies.get(surface)
                pixels = surface.pixels.copy() if found is None else found
            else:
                pixels = shown.pixels
                for rect in surface.damage.rects:
                    part = slice(rect.top, rect.bottom), slice(rect.left, rect.right)
                    pixels[part] = surface.pixels[part]
            surface.damage.clear()
            self._shown[mapping.window_id] = _Shown(surface, mapping, pixels)

    def pixels(self, window_id: int) -> NDArray[np.uint8] | None:
        """Copy what is shown in a window, uint8 (height, width, 4); None where that is nothing."""
        shown = self._shown.get(window_id)
        return None if shown is None else window_pixels(shown.pixels, shown.mapping)


def window_pixels(pixels: NDArray[np.uint8], mapping: OnWindow) -> NDArray[np.uint8]:
    """Copy what of a surface's pixels is shown in a window, scaled as it says there."""
    width, height = mapping.mapped
    if mapping.target is None:
        return pixels[:height, :width].copy()
    return scale(pixels, *mapping.target, Rect(0, 0, *mapping.target))
