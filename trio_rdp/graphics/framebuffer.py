"""The picture that a server's display shows: what is drawn on it, and which part of it changed."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.codecs.view import View
from trio_rdp.graphics.decoded_image import black
from trio_rdp.graphics.geometry import Rect, check_size
from trio_rdp.graphics.region import Region

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Framebuffer"]


class Framebuffer:
    """A picture of `width` x `height` pixels, at first black.

    `pixels` is uint8 (height, width, 4), B G R and an alpha of 255.  Every drawing method clips to the picture and adds
    what it touched to `damage`; who writes into `pixels` directly adds it by hand.
    """

    def __init__(self, width: int, height: int) -> None:
        check_size(width, height)
        self._width = width
        self._height = height
        self.damage: Region = Region()

    @property
    def width(self) -> int:
        """In pixels."""
        return self._width

    @property
    def height(self) -> int:
        """In pixels."""
        return self._height

    @functools.cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """The picture itself, made when first drawn on: who only logs in pays nothing for it."""
        return black(self._width, self._height)

    @property
    def bounds(self) -> Rect:
        """The whole picture."""
        return Rect(0, 0, self.width, self.height)

    def blit(
        self,
        rect: Rect,
        pixels: bytes | bytearray | memoryview | NDArray[np.uint8],
        format: PixelFormat = PixelFormat.BGRA32,  # noqa: A002
        stride: int | None = None,
    ) -> None:
        """Draw pixels of any of the eight formats; where they come with alpha, it is ignored.

        `pixels` holds `rect.height` rows, top row first, `stride` bytes apart (by default without gaps).  An array has
        its own strides, and the shape (height, width, channels).  Raises `ValueError` when there are too few bytes.
        """
        import numpy as np

        if isinstance(pixels, np.ndarray):
            self._blit_array(rect, pixels, format)
            return
        size = format.bytes_per_pixel
        row = rect.width * size
        stride = row if stride is None else stride
        source = memoryview(pixels).cast("B")
        if stride < row or len(source) < stride * (rect.height - 1) + row:
            raise ValueError(f"{rect.width}x{rect.height} pixels do not fit {len(source)} bytes in rows of {stride}")
        clip = rect.intersect(self.bounds)
        if clip.is_empty:
            return
        start = (clip.top - rect.top) * stride + (clip.left - rect.left) * size
        self._convert(clip, source[start:], format, stride)

    def _blit_array(self, rect: Rect, array: NDArray[np.uint8], format: PixelFormat) -> None:  # noqa: A002
        import numpy as np

        if array.dtype != np.uint8 or array.shape != (rect.height, rect.width, format.bytes_per_pixel):
            raise ValueError(f"{array.dtype} {array.shape} is no picture of {rect.width}x{rect.height} {format.name}")
        clip = rect.intersect(self.bounds)
        if clip.is_empty:
            return
        x, y = clip.left - rect.left, clip.top - rect.top
        part = array[y : y + clip.height, x : x + clip.width]
        row = clip.width * format.bytes_per_pixel
        if part.strides[1:] != (format.bytes_per_pixel, 1) or part.strides[0] < row:
            part = np.ascontiguousarray(part)
        # One run of bytes from the first pixel to the last, as the kernel takes it, with what lies between the rows.
        stride = part.strides[0] if clip.height > 1 else row
        size = stride * (clip.height - 1) + row
        flat = np.lib.stride_tricks.as_strided(part, shape=(size,), strides=(1,), writeable=False)
        self._convert(clip, flat.data, format, stride)

    def _convert(self, clip: Rect, source: memoryview, format: PixelFormat, stride: int) -> None:  # noqa: A002
        from trio_rdp.codecs.pixels import convert_into

        convert_into(source, format, stride, View.of(self.pixels, clip.left, clip.top, clip.width, clip.height))
        self.damage.add(clip)

    def fill(self, rect: Rect, color: int) -> None:
        """Fill a rectangle with one colour, 0xRRGGBB."""
        clip = rect.intersect(self.bounds)
        if clip.is_empty:
            return
        # Whole pixels at a time: eight times as fast as three of four bytes.
        self._view(clip).view("<u4")[...] = 0xFF000000 | color & 0xFFFFFF
        self.damage.add(clip)

    def copy(self, source: Rect, left: int, top: int) -> None:
        """Copy a rectangle of the picture to another place in it; the two may overlap."""
        dx, dy = left - source.left, top - source.top
        target = source.intersect(self.bounds).moved(dx, dy).intersect(self.bounds)
        if target.is_empty:
            return
        self._view(target)[...] = self._view(target.moved(-dx, -dy)).copy()
        self.damage.add(target)

    def resize(self, width: int, height: int) -> None:
        """Change the size: what fits stays at the top left, the rest is black, and all of it is damage."""
        check_size(width, height)
        both = Rect(0, 0, width, height).intersect(self.bounds)
        self._width = width
        self._height = height
        old = self.__dict__.pop("pixels", None)
        if old is not None:
            self._view(both)[...] = old[: both.height, : both.width]
        self.damage.clear()
        self.damage.add(self.bounds)

    def snapshot(self) -> NDArray[np.uint8]:
        """Give a copy of the picture."""
        return self.pixels.copy()

    def _view(self, rect: Rect) -> NDArray[np.uint8]:
        return self.pixels[rect.top : rect.bottom, rect.left : rect.right]
