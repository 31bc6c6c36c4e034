"""`AppIcon`: the picture of a remote program's window or notification icon, [MS-RDPERP] 2.2.1.2.3.

On the wire it is a Windows icon: a mask of one bit a pixel, whose set bits are transparent, and a picture in colour,
both bottom-up, their rows padded to four bytes as those of a DIB ("stride of DIB bitmaps": 64 bytes for the mask of
16x16 pixels in the document's example, 4.1.1.3).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from trio_rdp.pdu.window_icons import IconInfo
from trio_rdp.wire.errors import InvalidField

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MAX_SIDE", "UNCACHED", "AppIcon"]

MAX_SIDE = 256
"""Pixels of a side; the document's largest icons have 96, Windows' own 256."""

UNCACHED = 0xFF
"""The `cache_id` of an icon that is not kept: the document's 0xFFFF, as much of it as fits the field."""

_DEPTHS = (1, 4, 8, 16, 24, 32)


@dataclass(frozen=True, slots=True)
class AppIcon:
    """An icon as its server sent it, and as pixels on request."""

    width: int
    height: int
    bpp: int
    mask: bytes
    colors: bytes
    palette: bytes = b""

    @classmethod
    def of(cls, info: IconInfo) -> Self:
        """Take an icon off the wire; raises `InvalidField` where its parts are no icon together."""
        if info.bpp not in _DEPTHS or not (0 < info.width <= MAX_SIDE and 0 < info.height <= MAX_SIDE):
            raise InvalidField(f"an icon of {info.width}x{info.height} pixels, {info.bpp} bits each")
        self = cls(info.width, info.height, info.bpp, info.bits_mask, info.bits_color, info.color_table)
        for bits, depth in ((self.mask, 1), (self.colors, self.bpp)):
            if bits and len(bits) < (self.width * depth + 7) // 8 * self.height:
                raise InvalidField(f"{len(bits)} bytes for {self.width}x{self.height} pixels of {depth} bits")
        return self

    @classmethod
    def from_pixels(cls, pixels: NDArray[np.uint8]) -> Self:
        """Make an icon of uint8 (height, width, 4), B G R A with straight alpha; raises `ValueError` for others."""
        import numpy as np

        if pixels.ndim != 3 or pixels.shape[2] != 4 or pixels.dtype != np.uint8:
            raise ValueError(f"an icon is uint8 (height, width, 4), not {pixels.dtype} {pixels.shape}")
        height, width = int(pixels.shape[0]), int(pixels.shape[1])
        if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
            raise ValueError(f"an icon of {width}x{height} pixels; a side has 1 to {MAX_SIDE}")
        mask = np.zeros((height, (width + 31) // 32 * 4), np.uint8)
        packed = np.packbits(pixels[..., 3] == 0, axis=1)
        mask[:, : packed.shape[1]] = packed
        return cls(width, height, 32, mask[::-1].tobytes(), pixels[::-1].tobytes())

    @property
    def info(self) -> IconInfo:
        """The icon for the wire, not to be cached; raises `EncodeError` when encoded, where it exceeds 64 KiB."""
        return IconInfo(
            cache_entry=0xFFFF,
            cache_id=UNCACHED,
            bpp=self.bpp,
            width=self.width,
            height=self.height,
            bits_mask=self.mask,
            color_table=self.palette,
            bits_color=self.colors,
        )

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self.mask) + len(self.colors) + len(self.palette)

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The picture as uint8 (height, width, 4), B G R A with straight (not premultiplied) alpha; made anew."""
        import numpy as np

        pixels = np.zeros((self.height, self.width, 4), np.uint8)
        alpha = None
        if self.colors:
            colors = self._colors()
            pixels[..., : colors.shape[2]] = colors
            if self.bpp == 32 and colors[..., 3].any():
                alpha = colors[..., 3]  # the mask is for those who know no alpha
        if alpha is None:
            pixels[..., 3] = 255
            if self.mask:
                bits = np.unpackbits(self._rows(self.mask), axis=1)[:, : self.width]
                pixels[..., 3] = (1 - bits) * np.uint8(255)
        return pixels

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file, in the format that its name says (needs the extra `image`)."""
        from PIL import Image

        Image.fromarray(self.pixels[..., (2, 1, 0, 3)], "RGBA").save(path)

    def _rows(self, bits: bytes) -> NDArray[np.uint8]:
        """The rows from the top; how long they are follows from how many bytes there are."""
        import numpy as np

        stride = len(bits) // self.height
        return np.frombuffer(bits, np.uint8, stride * self.height).reshape(self.height, stride)[::-1]

    def _colors(self) -> NDArray[np.uint8]:
        import numpy as np

        rows = self._rows(self.colors)
        match self.bpp:
            case 1 | 4 | 8:
                bits = np.unpackbits(rows, axis=1)[:, : self.width * self.bpp].reshape(self.height, self.width, -1)
                indices = bits @ (1 << np.arange(self.bpp - 1, -1, -1))
                return self._palette()[indices]
            case 16:
                values = np.ascontiguousarray(rows[:, : self.width * 2]).view("<u2")
                five = np.stack((values & 31, values >> 5 & 31, values >> 10 & 31), axis=2)  # X1 R5 G5 B5
                return (five << 3 | five >> 2).astype(np.uint8)
            case _:
                depth = self.bpp // 8
                return rows[:, : self.width * depth].reshape(self.height, self.width, depth)

    def _palette(self) -> NDArray[np.uint8]:
        """B G R of every index: those of the table (four bytes each, the last one reserved), black beyond it."""
        import numpy as np

        table = np.zeros((1 << self.bpp, 4), np.uint8)
        given = np.frombuffer(self.palette, np.uint8, len(self.palette) // 4 * 4).reshape(-1, 4)[: len(table)]
        table[: len(given)] = given
        return table[:, :3]
