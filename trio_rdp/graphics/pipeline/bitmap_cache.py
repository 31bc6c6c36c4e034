"""The bitmap cache of the graphics pipeline, [MS-RDPEGFX] 3.3.1.4: bitmaps of any size in numbered slots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trio_rdp.wire.errors import DecodeError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BitmapCache", "CachedBitmap"]

_PIXEL = 4  # bytes


@dataclass(slots=True, eq=False)
class CachedBitmap:
    """A bitmap of the cache: `pixels` are uint8 (height, width, 4), B G R and opacity.

    `key` is the server's name for it, which outlives the session.  Until the surface that it was taken of is drawn,
    `pixels` is None: only who draws looks at it.
    """

    key: int
    width: int
    height: int
    has_alpha: bool = False
    pixels: NDArray[np.uint8] | None = None

    @property
    def size(self) -> int:
        """In bytes."""
        return self.width * self.height * _PIXEL


class BitmapCache:
    """Slots 1 to `slots`, whose bitmaps have `limit` bytes in all.

    What was offered of earlier sessions is in `kept`, by key.
    """

    def __init__(self, slots: int, limit: int, kept: Mapping[int, CachedBitmap]) -> None:
        self.slots = slots
        self.limit = limit
        self.bytes: int = 0
        self._kept = kept
        self._bitmaps: dict[int, CachedBitmap] = {}

    def __len__(self) -> int:
        return len(self._bitmaps)

    @property
    def bitmaps(self) -> list[CachedBitmap]:
        """Those that were stored last at the end."""
        return list(self._bitmaps.values())

    def store(self, slot: int, bitmap: CachedBitmap) -> None:
        """Put a bitmap in a slot, in place of what is there.

        Raises `DecodeError` for a slot that there is not, and when the cache would be too large.
        """
        self._check(slot)
        before = self._bitmaps.get(slot)
        total = self.bytes + bitmap.size - (before.size if before else 0)
        if total > self.limit:
            raise DecodeError(f"a bitmap cache of {total} bytes, of at most {self.limit}")
        self._bitmaps.pop(slot, None)
        self._bitmaps[slot] = bitmap
        self.bytes = total

    def find(self, slot: int) -> CachedBitmap:
        """Give what is in a slot; raises `DecodeError` when that is nothing."""
        self._check(slot)
        try:
            return self._bitmaps[slot]
        except KeyError:
            raise DecodeError(f"slot {slot} of the bitmap cache is empty") from None

    def evict(self, slot: int) -> None:
        """Empty a slot; one that is empty stays so.  Raises `DecodeError` for a slot that there is not."""
        self._check(slot)
        if bitmap := self._bitmaps.pop(slot, None):
            self.bytes -= bitmap.size

    def import_kept(self, slot: int, key: int) -> None:
        """Put a bitmap of an earlier session in a slot; raises `DecodeError` for one that was not offered."""
        bitmap = self._kept.get(key)
        if bitmap is None:
            raise DecodeError(f"no bitmap {key:#x} was offered for the cache")
        self.store(slot, bitmap)

    def _check(self, slot: int) -> None:
        if not 1 <= slot <= self.slots:
            raise DecodeError(f"slot {slot} of a bitmap cache with {self.slots}")
