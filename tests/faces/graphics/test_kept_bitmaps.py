from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pytest

from trio_rdp.faces.graphics import kept_bitmaps
from trio_rdp.faces.graphics.kept_bitmaps import KeptBitmaps
from trio_rdp.graphics.pipeline.bitmap_cache import CachedBitmap
from trio_rdp.protocol.config import KeptBitmap


class Memory:
    """A `GraphicsCache` in memory."""

    def __init__(self, *bitmaps: KeptBitmap) -> None:
        self.bitmaps = {one.key: one for one in bitmaps}

    def entries(self) -> Sequence[KeptBitmap]:
        return list(self.bitmaps.values())

    def load(self, keys: Collection[int]) -> Mapping[int, KeptBitmap]:
        return {key: self.bitmaps[key] for key in keys if key in self.bitmaps}

    def store(self, bitmaps: Sequence[KeptBitmap]) -> None:
        self.bitmaps = {one.key: one for one in bitmaps}


def kept(key: int, width: int = 2, height: int = 3) -> KeptBitmap:
    return KeptBitmap(key, width, height, bytes([key]) * (width * height * 4))


def cached(key: int, value: int) -> CachedBitmap:
    return CachedBitmap(key, 4, 2, pixels=np.full((2, 4, 4), value, np.uint8))


async def test_without_a_cache_there_is_nothing() -> None:
    bitmaps = KeptBitmaps(None)
    assert await bitmaps.offer(10, 1000) == []
    assert await bitmaps.load([])
    assert not await bitmaps.load([1])
    await bitmaps.keep([cached(1, 1)])


async def test_as_many_are_offered_as_there_is_room_for() -> None:
    bitmaps = KeptBitmaps(Memory(kept(1), kept(2, 100, 100), kept(3), kept(4), kept(5)))
    assert await bitmaps.offer(10, 100) == [(1, 24), (3, 24), (4, 24), (5, 24)]
    assert await bitmaps.offer(2, 100) == [(1, 24), (3, 24)]
    assert await bitmaps.offer(10, 50) == [(1, 24), (3, 24)]


async def test_what_the_server_takes_is_loaded() -> None:
    bitmaps = KeptBitmaps(Memory(kept(1), kept(2), KeptBitmap(3, 4, 4, b"short")))
    assert await bitmaps.load([2])
    assert bitmaps.loaded.keys() == {2}
    pixels = bitmaps.loaded[2].pixels
    assert pixels is not None
    assert pixels.shape == (3, 2, 4)
    assert (pixels == 2).all()
    assert bitmaps.loaded[2].has_alpha
    assert not await bitmaps.load([1, 9])
    assert not await bitmaps.load([3])
    assert bitmaps.loaded.keys() == {1, 2}


async def test_pixels_without_transparency_are_known_as_such() -> None:
    bitmaps = KeptBitmaps(Memory(KeptBitmap(7, 1, 2, b"\1\2\3\xff" * 2)))
    assert await bitmaps.load([7])
    assert not bitmaps.loaded[7].has_alpha


async def test_the_latest_are_kept_first() -> None:
    memory = Memory()
    await KeptBitmaps(memory).keep([cached(1, 1), CachedBitmap(2, 1, 1), cached(3, 3), cached(1, 7)])
    assert [(one.key, one.data[0]) for one in memory.entries()] == [(1, 7), (3, 3)]
    assert [(one.width, one.height) for one in memory.entries()] == [(4, 2), (4, 2)]
    await KeptBitmaps(memory).keep([])
    assert len(memory.bitmaps) == 2


async def test_a_disk_that_takes_too_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_bitmaps, "_GRACE", 0.01)

    class Slow(Memory):
        def store(self, bitmaps: Sequence[KeptBitmap]) -> None:
            time.sleep(0.2)
            done.append(1)

    done: list[int] = []
    await KeptBitmaps(Slow()).keep([cached(1, 1)])
    assert not done
