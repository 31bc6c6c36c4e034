"""Pictures on an X display through ctypes: one process that draws them by turns, and a look at a single pixel.

python _x11.py FRAME    draws two full frames by turns on $DISPLAY until its input ends
"""

from __future__ import annotations

import ctypes
import os
import select
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Screen"]

_Z_PIXMAP = 2
_ALL_PLANES = ctypes.c_ulong(-1).value


class Screen:
    """The root window of an X display."""

    def __init__(self, name: str) -> None:
        library = ctypes.CDLL("libX11.so.6")
        for function, result in (("XOpenDisplay", ctypes.c_void_p), ("XCreateImage", ctypes.c_void_p),
                                 ("XGetImage", ctypes.c_void_p), ("XDefaultRootWindow", ctypes.c_ulong),
                                 ("XDefaultVisual", ctypes.c_void_p), ("XCreateGC", ctypes.c_void_p),
                                 ("XGetPixel", ctypes.c_ulong)):  # fmt: skip
            getattr(library, function).restype = result
        self._library: Any = library
        self._display = ctypes.c_void_p(library.XOpenDisplay(name.encode()))
        if not self._display:
            raise OSError(f"no display {name}")
        self._root = ctypes.c_ulong(library.XDefaultRootWindow(self._display))
        self._context = ctypes.c_void_p(library.XCreateGC(self._display, self._root, ctypes.c_ulong(0), None))

    def image(self, pixels: NDArray[np.uint8]) -> ctypes.c_void_p:
        """Make an X image of a contiguous picture, uint8 (height, width, 4) B G R X, which must stay."""
        height, width = pixels.shape[:2]
        visual = ctypes.c_void_p(self._library.XDefaultVisual(self._display, 0))
        data = ctypes.c_void_p(pixels.ctypes.data)
        return ctypes.c_void_p(
            self._library.XCreateImage(self._display, visual, 24, _Z_PIXMAP, 0, data, width, height, 32, width * 4)
        )

    def put(self, image: ctypes.c_void_p, width: int, height: int) -> None:
        """Draw an image at the upper left corner, and wait until the server has it."""
        arguments = (self._display, self._root, self._context, image, 0, 0, 0, 0, width, height)
        self._library.XPutImage(*arguments)
        self._library.XSync(self._display, 0)

    def pixel(self, x: int, y: int) -> int:
        """Look at one pixel."""
        found = self._library.XGetImage(self._display, self._root, x, y, 1, 1, ctypes.c_ulong(_ALL_PLANES), _Z_PIXMAP)
        image = ctypes.c_void_p(found)
        value: int = self._library.XGetPixel(image, 0, 0)
        self._library.XDestroyImage(image)
        return value


def main(name: str) -> None:
    import numpy as np
    from _frames import HEIGHT, WIDTH, frame

    screen = Screen(os.environ["DISPLAY"])
    one = frame(name)
    pictures = [np.ascontiguousarray(one), np.ascontiguousarray(np.roll(one, 3 * 18, 0))]
    images = [screen.image(picture) for picture in pictures]
    number = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        pictures[number % 2][:16, :16, :3] = (number >> 3 & 255, number * 5 & 255, number * 37 & 255)
        screen.put(images[number % 2], WIDTH, HEIGHT)
        number += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
