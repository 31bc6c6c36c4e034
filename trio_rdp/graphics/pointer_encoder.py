"""A server's pointer shapes as updates that the client takes, by its capabilities and out of its cache."""

from __future__ import annotations

from collections import OrderedDict

from trio_rdp.graphics.pointer_shape import PointerShape, encode_masks
from trio_rdp.pdu.pointer import (
    CachedPointerUpdate,
    ColorPointerUpdate,
    LargePointerUpdate,
    NewPointerUpdate,
    Point,
    PointerUpdate,
)

__all__ = ["MAX_CACHED", "PointerEncoder"]

MAX_CACHED = 128
"""The most shapes that are remembered of one client, whatever it offers (IronRDP's server offers 2,048)."""

_SMALL, _MEDIUM, _LARGE = 32, 96, 384  # pixels a side, [MS-RDPBCGR] 2.2.7.2.7


class PointerEncoder:
    """Encodes shapes for one client.

    `color_cache_size` and `cache_size` are those of its Pointer Capability Set, `large_96` and `large_384` the flags of
    its Large Pointer Capability Set.  With a `cache_size` of zero it knows only 24-bit pointers without alpha.
    """

    max_side: int
    """The largest width and height, in pixels, that reach the client unchanged."""

    def __init__(
        self, *, color_cache_size: int, cache_size: int, large_96: bool = False, large_384: bool = False
    ) -> None:
        self._new = cache_size > 0
        # INVARIANT: indices of both kinds of update are below both sizes, whichever of the two the client counts in.
        sizes = [size for size in (color_cache_size, cache_size) if size > 0]
        self._size = min(*sizes, MAX_CACHED) if sizes else 0
        self._large = large_384 and self._new
        self._ordinary_side = _MEDIUM if large_96 else _SMALL
        self.max_side = _LARGE if self._large else self._ordinary_side
        self._indices: OrderedDict[bytes, int] = OrderedDict()

    def encode(self, shape: PointerShape) -> PointerUpdate:
        """Give the update that shows a shape: a cached one where the client has it.

        A shape larger than the client takes is made smaller.  The update counts as sent: the next call relies on it.
        """
        shape = shape.fitted(self.max_side)
        key = shape.key
        index = self._indices.get(key)
        if index is not None:
            self._indices.move_to_end(key)
            return CachedPointerUpdate(cache_index=index)
        return self._encode_new(shape, self._take_index(key))

    def forget(self) -> None:
        """Take the client's cache for empty, as after a new activation."""
        self._indices.clear()

    def _take_index(self, key: bytes) -> int:
        """A free place of the cache, or the one that was not used for longest."""
        if not self._size:
            return 0
        index = len(self._indices) if len(self._indices) < self._size else self._indices.popitem(last=False)[1]
        self._indices[key] = index
        return index

    def _encode_new(self, shape: PointerShape, index: int) -> PointerUpdate:
        depth = 32 if self._new else 24
        xor_mask, and_mask = encode_masks(shape, depth)
        hot_spot = Point(x_pos=shape.hotspot[0], y_pos=shape.hotspot[1])
        if max(shape.width, shape.height) > self._ordinary_side:
            return LargePointerUpdate(
                xor_bpp=depth,
                cache_index=index,
                hot_spot=hot_spot,
                width=shape.width,
                height=shape.height,
                xor_mask_data=xor_mask,
                and_mask_data=and_mask,
            )
        attributes = ColorPointerUpdate(
            cache_index=index,
            hot_spot=hot_spot,
            width=shape.width,
            height=shape.height,
            xor_mask_data=xor_mask,
            and_mask_data=and_mask,
        )
        return NewPointerUpdate(xor_bpp=depth, color_ptr_attr=attributes) if self._new else attributes
