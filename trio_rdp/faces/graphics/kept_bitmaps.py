"""`KeptBitmaps`: what a client has of earlier sessions for the cache of the graphics pipeline, and what it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import trio

from trio_rdp.graphics.pipeline.bitmap_cache import CachedBitmap
from trio_rdp.protocol.config import GraphicsCache, KeptBitmap

__all__ = ["KeptBitmaps"]

_PIXEL: Final = 4  # bytes
_GRACE: Final = 2.0  # seconds for a disk, at the end of a session


class KeptBitmaps:
    """One session's use of a `GraphicsCache`; without one there is nothing to offer, and nothing is kept."""

    def __init__(self, cache: GraphicsCache | None) -> None:
        self._cache = cache
        self.loaded: dict[int, CachedBitmap] = {}
        """What the server has taken of the offer, by its keys."""

    async def offer(self, most: int, most_bytes: int) -> list[tuple[int, int]]:
        """Give the keys of bitmaps that are kept, and the bytes of each ([MS-RDPEGFX] 2.2.2.16).

        There are at most `most`, and as many as a cache of `most_bytes` has room for at four bytes a pixel.
        """
        if self._cache is None:
            return []
        found: list[tuple[int, int]] = []
        for one in await trio.to_thread.run_sync(self._cache.entries):
            size = one.width * one.height * _PIXEL
            if size <= most_bytes and len(found) < most:
                found.append((one.key, size))
                most_bytes -= size
        return found

    async def load(self, keys: Sequence[int]) -> bool:
        """Read bitmaps that the server wants into `loaded`; tell whether all of them are there.

        One that another session has dropped since the offer is not.  Cancelling leaves those that were read.
        """
        if self._cache is None:
            return not keys
        kept = await trio.to_thread.run_sync(self._cache.load, keys)
        for key, one in kept.items():
            if (bitmap := await trio.to_thread.run_sync(_unpack, one)) is not None:
                self.loaded[key] = bitmap
        return all(key in self.loaded for key in keys)

    async def keep(self, bitmaps: Sequence[CachedBitmap]) -> None:
        """Keep what is in the cache at the end, of which the latest are the most useful.

        It waits for the disk, also when it is cancelled, for 2 s at most; a slower one goes on by itself.
        """
        if self._cache is None or not bitmaps:
            return
        with trio.move_on_after(_GRACE, shield=True):
            work = partial(_store, self._cache, list(bitmaps))
            await trio.to_thread.run_sync(work, abandon_on_cancel=True)


def _store(cache: GraphicsCache, bitmaps: list[CachedBitmap]) -> None:
    kept = {}
    for one in reversed(bitmaps):
        if one.pixels is not None and one.key not in kept:
            kept[one.key] = KeptBitmap(one.key, one.width, one.height, one.pixels.tobytes())
    cache.store(list(kept.values()))


def _unpack(kept: KeptBitmap) -> CachedBitmap | None:
    import numpy as np

    if len(kept.data) != kept.width * kept.height * _PIXEL:
        return None
    pixels = np.frombuffer(kept.data, np.uint8).reshape(kept.height, kept.width, _PIXEL)
    has_alpha = bool((pixels[:, :, 3] != 0xFF).any())
    return CachedBitmap(kept.key, kept.width, kept.height, pixels=pixels, has_alpha=has_alpha)
