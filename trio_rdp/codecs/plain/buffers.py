"""Buffers for the plain kernels: one view of bytes, and the check that a rectangle lies in a surface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, cast

from trio_rdp.codecs.status import MAX_PIXELS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Readable: TypeAlias = bytes | bytearray | memoryview | NDArray[np.uint8]
    Writable: TypeAlias = bytearray | memoryview | NDArray[np.uint8]
else:
    Readable = Writable = object

__all__ = ["Readable", "Writable", "check_bitmap", "check_region", "view"]

SIDE = 1 << 30


def view(data: Readable) -> memoryview:
    """Look at any contiguous buffer as bytes."""
    # Casting needs a shape without zeros; an empty buffer of any shape is no bytes, which may be written too.
    look = memoryview(cast("Any", data))
    return look.cast("B") if look.nbytes else memoryview(bytearray())


def check_region(length: int, stride: int, x: int, y: int, width: int, height: int, pixel: int) -> None:
    """Raise `ValueError` unless a rectangle lies in a surface of `length` bytes, `stride` bytes to a row."""
    if not all(0 <= value <= SIDE for value in (x, y, width, height, stride)):
        raise ValueError("a coordinate, size or stride is negative or absurd")
    if width and height and ((x + width) * pixel > stride or (y + height - 1) * stride + (x + width) * pixel > length):
        raise ValueError("the rectangle does not lie in the surface")


def check_bitmap(width: int, height: int) -> None:
    """Raise `ValueError` for a bitmap without pixels, or with more than anybody sends in one."""
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise ValueError("a bitmap has 1 to 33554432 pixels")
