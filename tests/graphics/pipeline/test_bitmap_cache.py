from __future__ import annotations

import pytest

from trio_rdp.graphics.pipeline.bitmap_cache import BitmapCache, CachedBitmap
from trio_rdp.wire.errors import DecodeError


def bitmap(key: int = 1, width: int = 4, height: int = 4) -> CachedBitmap:
    return CachedBitmap(key, width, height)


def test_slots_are_filled_replaced_and_emptied() -> None:
    cache = BitmapCache(4, 200, {})
    one, other = bitmap(1), bitmap(2, 8)
    cache.store(1, one)
    cache.store(4, other)
    assert cache.find(1) is one
    assert (len(cache), cache.bytes) == (2, 64 + 128)
    cache.store(4, one)
    assert cache.bytes == 128
    cache.evict(1)
    cache.evict(1)  # it is empty, and stays so
    assert (len(cache), cache.bytes) == (1, 64)
    with pytest.raises(DecodeError, match="slot 1 of the bitmap cache is empty"):
        cache.find(1)


@pytest.mark.parametrize("slot", [0, 5, 65535])
def test_slots_that_there_are_not(slot: int) -> None:
    cache = BitmapCache(4, 200, {})
    for method in (cache.find, cache.evict):
        with pytest.raises(DecodeError, match=f"slot {slot} of a bitmap cache with 4"):
            method(slot)
    with pytest.raises(DecodeError, match="cache with 4"):
        cache.store(slot, bitmap())


def test_it_is_never_too_large() -> None:
    cache = BitmapCache(4, 200, {})
    cache.store(1, bitmap(1, 8))
    with pytest.raises(DecodeError, match="a bitmap cache of 256 bytes, of at most 200"):
        cache.store(2, bitmap(2, 8))
    assert cache.bytes == 128
    cache.store(1, bitmap(3, 10))  # in place of what is there
    assert cache.bytes == 160


def test_what_was_kept_may_be_imported() -> None:
    kept = bitmap(7)
    cache = BitmapCache(4, 200, {7: kept})
    cache.import_kept(2, 7)
    assert cache.find(2) is kept
    assert cache.bitmaps == [kept]
    with pytest.raises(DecodeError, match="no bitmap 0x8 was offered"):
        cache.import_kept(2, 8)


def test_the_latest_are_at_the_end() -> None:
    cache = BitmapCache(4, 1000, {})
    bitmaps = [bitmap(number) for number in range(4)]
    for slot in (1, 2, 3):
        cache.store(slot, bitmaps[slot])
    cache.store(1, bitmaps[0])
    assert cache.bitmaps == [bitmaps[2], bitmaps[3], bitmaps[0]]
