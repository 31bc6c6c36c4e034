"""The layouts in which a program may hand over pixels."""

from __future__ import annotations

import enum

__all__ = ["PixelFormat"]


class PixelFormat(enum.Enum):
    """How one pixel lies in memory: the names give the bytes in order, and A is alpha or nothing.

    The two 16-bit formats are little-endian numbers, named from the high bits down: `RGB16` has red in bits 11 to 15,
    green in 5 to 10 and blue in 0 to 4 (RGB565, what RDP sends at 16 bits per pixel); `BGR16` has blue in bits 11 to
    15, green in 5 to 10 and red in 0 to 4.
    """

    BGRA32 = "BGRA32"
    ABGR32 = "ABGR32"
    RGBA32 = "RGBA32"
    ARGB32 = "ARGB32"
    BGR24 = "BGR24"
    RGB24 = "RGB24"
    BGR16 = "BGR16"
    RGB16 = "RGB16"

    @property
    def bytes_per_pixel(self) -> int:
        """How many bytes one pixel takes."""
        return int(self.value[-2:]) // 8
