"""The client's pointer: the shape that the server last asked for, where it put it, and the cache of earlier shapes."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from trio_rdp.graphics.pointer_shape import PointerShape, decode_masks
from trio_rdp.pdu.pointer import (
    CachedPointerUpdate,
    ColorPointerUpdate,
    LargePointerUpdate,
    NewPointerUpdate,
    PointerPositionUpdate,
    PointerUpdate,
    SystemPointerType,
    SystemPointerUpdate,
)
from trio_rdp.wire.errors import InvalidField

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["DEFAULT_CACHE_SIZE", "PointerCache", "PointerKind", "PointerState", "decode_pointer"]

DEFAULT_CACHE_SIZE = 32
"""Shapes that a client keeps.  IronRDP offers 32; mstsc, in [MS-RDPBCGR] 4.1.13, 25."""


class PointerKind(enum.Enum):
    """What the server wants to be seen of the pointer."""

    DEFAULT = "default"
    HIDDEN = "hidden"
    SHAPE = "shape"


class PointerCache:
    """`size` places for shapes, which the server fills and names by their index."""

    def __init__(self, size: int = DEFAULT_CACHE_SIZE) -> None:
        self.size = size
        self._shapes: dict[int, PointerShape] = {}

    def __len__(self) -> int:
        return len(self._shapes)

    def store(self, index: int, shape: PointerShape) -> None:
        """Keep a shape; raise `DecodeError` for a place that the cache does not have."""
        if not 0 <= index < self.size:
            raise InvalidField(f"place {index} of a pointer cache of {self.size}", field="cache_index")
        self._shapes[index] = shape

    def load(self, index: int) -> PointerShape:
        """Give the shape at a place; raise `DecodeError` where none is."""
        shape = self._shapes.get(index)
        if shape is None:
            raise InvalidField(f"no pointer at place {index} of the cache", field="cache_index")
        return shape

    def clear(self) -> None:
        """Forget every shape."""
        self._shapes.clear()


class PointerState:
    """What a client shows of the pointer.

    `shape` is set while `kind` is SHAPE, `position` since the server first moved the pointer.  `palette`, uint8
    (256, 4), is for shapes of 8 bits per pixel.
    """

    def __init__(self, cache_size: int = DEFAULT_CACHE_SIZE) -> None:
        self.cache: PointerCache = PointerCache(cache_size)
        self.kind: PointerKind = PointerKind.DEFAULT
        self.shape: PointerShape | None = None
        self.position: tuple[int, int] | None = None
        self.palette: NDArray[np.uint8] | None = None

    def apply(self, update: PointerUpdate) -> None:
        """Do what an update says; raise `DecodeError` for one that cannot be, and then nothing has changed."""
        match update:
            case PointerPositionUpdate(position=point):
                self.position = (point.x_pos, point.y_pos)
            case SystemPointerUpdate(system_pointer_type=kind):
                # An unknown system pointer is somebody's idea of a better arrow.
                hidden = kind == SystemPointerType.NULL
                self.kind, self.shape = PointerKind.HIDDEN if hidden else PointerKind.DEFAULT, None
            case CachedPointerUpdate(cache_index=index):
                self._show(self.cache.load(index))
            case ColorPointerUpdate() | NewPointerUpdate() | LargePointerUpdate():
                shape = decode_pointer(update, self.palette)
                index = (update.color_ptr_attr if isinstance(update, NewPointerUpdate) else update).cache_index
                self.cache.store(index, shape)
                self._show(shape)

    def _show(self, shape: PointerShape) -> None:
        if shape.width and shape.height:
            self.kind, self.shape = PointerKind.SHAPE, shape
        else:
            self.kind, self.shape = PointerKind.HIDDEN, None

    def reset(self) -> None:
        """Start again as after a new activation: the default pointer, nothing cached."""
        self.cache.clear()
        self.kind, self.shape = PointerKind.DEFAULT, None


def decode_pointer(
    update: ColorPointerUpdate | NewPointerUpdate | LargePointerUpdate, palette: NDArray[np.uint8] | None = None
) -> PointerShape:
    """Give the shape in an update; raise `DecodeError` where there is none (see `decode_masks`)."""
    attributes: ColorPointerUpdate | LargePointerUpdate
    if isinstance(update, NewPointerUpdate):
        attributes, depth = update.color_ptr_attr, update.xor_bpp
    elif isinstance(update, LargePointerUpdate):
        attributes, depth = update, update.xor_bpp
    else:
        attributes, depth = update, 24
    return decode_masks(
        attributes.xor_mask_data,
        attributes.and_mask_data,
        attributes.width,
        attributes.height,
        depth,
        hotspot=(attributes.hot_spot.x_pos, attributes.hot_spot.y_pos),
        palette=palette,
    )
