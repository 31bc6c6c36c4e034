"""Tiles that cost no bitmap."""

from __future__ import annotations

import numpy as np

from tests.codecs.pictures import noise
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.bitmap_memory import BitmapMemory
from trio_rdp.graphics.pipeline.jobs import DrawCached, EvictCached, FillSurface, StoreCached
from trio_rdp.graphics.pipeline.shown import Shown
from trio_rdp.graphics.pipeline.tile_cache import TileCache, fill_tiles, tile_rect

SIZE = 200, 150
BOUNDS = Rect(0, 0, *SIZE)
EVERY = np.ones((3, 4), np.bool_)


def sent(now: float = 0.0) -> tuple[Shown, np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    shown, pixels = Shown(*SIZE), noise(*SIZE)
    shown.commit(shown.look(pixels, [BOUNDS]), now)
    return shown, pixels


def test_tiles_end_with_the_picture() -> None:
    assert tile_rect(2, 3, BOUNDS) == Rect(192, 128, 8, 22)


def test_tiles_of_one_colour_are_filled_together() -> None:
    shown, pixels = sent()
    pixels[:128, :128] = (1, 2, 3, 255)
    pixels[:64, 128:192] = (7, 7, 7, 255)
    pixels[64:128, 64:128] = pixels[64, 64]
    pixels[70, 70] = 0
    fills, filled = fill_tiles(5, pixels, shown.look(pixels, [BOUNDS]), EVERY, BOUNDS)
    assert fills == [
        FillSurface(5, b"\1\2\3\xff", (Rect(0, 0, 128, 64), Rect(0, 64, 64, 64))),
        FillSurface(5, b"\7\7\7\xff", (Rect(128, 0, 64, 64),)),
    ]
    assert np.argwhere(filled).tolist() == [[0, 0], [0, 1], [0, 2], [1, 0]]


def test_tiles_that_repeat_a_block_are_not_of_one_colour() -> None:
    shown, pixels = sent()
    pixels[:64, :64] = np.tile(noise(16, 16), (4, 4, 1))
    fills, filled = fill_tiles(5, pixels, shown.look(pixels, [BOUNDS]), EVERY, BOUNDS)
    assert fills == []
    assert not filled.any()


def test_what_stood_and_is_overwritten_is_kept_and_found() -> None:
    shown, pixels = sent(now=1.0)
    cache = TileCache(1, BitmapMemory(1 << 20, 100))
    changed = np.zeros((10, 13), np.bool_)
    changed[:4, :4] = True
    changed[0, 4] = True
    assert cache.keep_overwritten(shown, changed, 1.1) == []
    (job,) = cache.keep_overwritten(shown, changed, 2.0)
    assert isinstance(job, StoreCached)
    assert (job.surface_id, job.slot, job.rect) == (1, 1, Rect(0, 0, 64, 64))
    assert cache.keep_overwritten(shown, changed, 2.0) == []
    # It comes back at another place.
    pixels[64:128, 64:128] = pixels[:64, :64]
    look = shown.look(pixels, [BOUNDS])
    jobs, drawn = cache.draw(shown, look, EVERY)
    assert jobs == [DrawCached(1, 1, ((0, 0), (64, 64)))]
    assert np.argwhere(drawn).tolist() == [[0, 0], [1, 1]]
    assert (cache.stores, cache.hits, cache.evictions) == (1, 2, 0)


def test_what_is_inexact_or_foreign_is_not_kept() -> None:
    shown, _ = sent()
    cache = TileCache(1, BitmapMemory(1 << 20, 100))
    shown.set_lossy([Rect(0, 0, 1, 1)])
    shown.set_foreign(Rect(64, 0, 1, 1))
    shown.forget([Rect(128, 0, 1, 1)])
    changed = np.zeros((10, 13), np.bool_)
    changed[:4, :12] = True
    assert cache.keep_overwritten(shown, changed, 9.0) == []
    assert cache.draw(shown, shown.look(noise(*SIZE), []), EVERY)[0] == []


def test_what_is_sent_a_second_time_is_kept() -> None:
    shown, _ = sent()
    cache = TileCache(1, BitmapMemory(64 * 64 * 4, 100))
    tiles = np.zeros((3, 4), np.bool_)
    tiles[0, :2] = True
    assert cache.keep_repeated(shown, tiles) == []
    jobs = cache.keep_repeated(shown, tiles)
    assert [type(job) for job in jobs] == [StoreCached, EvictCached, StoreCached]
    assert cache.evictions == 1
