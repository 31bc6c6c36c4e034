"""What a client shows, block by block."""

from __future__ import annotations

import numpy as np
import pytest

from tests.codecs.pictures import noise, solid
from trio_rdp.codecs.compare import tile_hashes
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.areas import cover
from trio_rdp.graphics.pipeline.shown import FOREIGN, UNKNOWN, Shown, solid_hash

ALL = [Rect(0, 0, 100, 70)]


def known() -> tuple[Shown, np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    shown, pixels = Shown(100, 70), noise(100, 70)
    shown.commit(shown.look(pixels, ALL), 1.0)
    return shown, pixels


def test_blocks_change_where_they_are_looked_at() -> None:
    shown, pixels = known()
    assert not shown.look(pixels, ALL).changed.any()
    pixels[20, 40] ^= 1
    assert not shown.look(pixels, [Rect(0, 32, 100, 38), Rect(90, 0, 50, 50), Rect(200, 0, 9, 9)]).changed.any()
    look = shown.look(pixels, ALL)
    assert np.argwhere(look.changed).tolist() == [[1, 2]]
    shown.commit(look, 5.0)
    assert shown.touched[1, 2] == 5.0
    assert shown.touched[0, 0] == 1.0
    with pytest.raises(ValueError, match="where 100x70"):
        shown.look(noise(99, 70), ALL)


def test_only_damage_is_sent_of_what_is_known() -> None:
    shown, pixels = known()
    pixels[20:24, 40:44] ^= 1
    damage = [Rect(40, 20, 2, 4), Rect(42, 20, 2, 4)]
    look = shown.look(pixels, damage)
    around = cover(look.changed, shown.bounds)
    assert around == [Rect(32, 16, 16, 16)]
    assert shown.tighten(around, look) == [Rect(40, 20, 4, 4)]
    shown.forget([Rect(47, 31, 1, 1)])
    assert shown.tighten(around, shown.look(pixels, damage)) == around
    shown.set_foreign(Rect(47, 31, 1, 1))
    assert shown.tighten(around, shown.look(pixels, damage)) == damage


def test_what_is_forgotten_or_foreign_is_neither_here_nor_there() -> None:
    shown, pixels = known()
    shown.set_foreign(Rect(0, 0, 20, 20))
    assert (shown.hashes[:2, :2] == FOREIGN).all()
    assert shown.lossy.sum() == 4
    shown.forget([Rect(-5, -5, 10, 10), Rect(300, 0, 5, 5)])
    assert shown.hashes[0, 0] == UNKNOWN
    assert shown.lossy.sum() == 3
    assert shown.look(pixels, ALL).changed.sum() == 4
    shown.forget()
    assert (shown.hashes == UNKNOWN).all()


def test_loss_touches_and_exactness_fills() -> None:
    shown, _ = known()
    shown.set_lossy([Rect(10, 10, 30, 10)])
    assert shown.lossy[:2, :3].all()
    assert shown.lossy.sum() == 6
    shown.set_exact([Rect(0, 0, 31, 32)])
    assert np.argwhere(~shown.lossy[:2, :3]).tolist() == [[0, 0], [1, 0]]
    shown.set_exact([Rect(0, 0, 100, 70)])
    assert not shown.lossy.any()


def test_keys_follow_the_content_of_tiles() -> None:
    shown = Shown(200, 150)
    pixels = noise(200, 150)
    pixels[64:128, 64:128] = pixels[0:64, 0:64]
    look = shown.look(pixels, [shown.bounds])
    every = slice(0, 3), slice(0, 4)
    keys = shown.tile_keys(every, look.hashes)
    assert keys[0, 0] == keys[1, 1]
    assert len(set(keys.ravel().tolist())) == 11
    shown.commit(look, 0.0)
    assert np.array_equal(shown.tile_keys(every), keys)
    assert shown.tile_keys((slice(1, 2), slice(1, 3))).tolist() == keys[1:2, 1:3].tolist()
    pixels[:16, :16], pixels[:16, 16:32] = pixels[:16, 16:32].copy(), pixels[:16, :16].copy()
    assert shown.tile_keys(every, shown.look(pixels, [shown.bounds]).hashes)[0, 0] != keys[0, 0]


def test_the_hash_of_one_colour() -> None:
    picture = solid(16, 16)
    assert solid_hash(picture[0, 0].tobytes()) == tile_hashes(picture.reshape(-1), 64, 16, 16, 16)[0]
    for number in range(5000):
        solid_hash(number.to_bytes(4, "little"))
