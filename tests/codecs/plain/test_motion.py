"""The plain twin and the compiled kernel give the same, bit by bit."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.codecs import pictures
from tests.codecs.pictures import BGRX
from tests.codecs.twins import pair
from trio_rdp.codecs.plain.motion import BLOCK, COLUMN_FACTOR, ROW_FACTOR, strong_keys, weak_keys

RANDOMS = st.randoms(use_true_random=False)


def test_keys() -> None:
    assert len(set(strong_keys())) == 2 * BLOCK * BLOCK
    assert all(0 < key < 1 << 32 for key in strong_keys())
    assert len(set(weak_keys())) == BLOCK * BLOCK
    assert weak_keys()[-1] == 1
    # Powers of numbers that are 3 or 5 modulo 8 have the longest periods.
    assert ROW_FACTOR % 8 == 5
    assert COLUMN_FACTOR % 8 == 3


def surface_of(random: Random, stride: int, height: int) -> bytes:
    few = [random.getrandbits(8) for _ in range(random.choice([1, 2, 256]))]
    return bytes(random.choices(few, k=stride * height))


@given(st.integers(1, 50), st.integers(1, 40), st.integers(0, 9), RANDOMS)
def test_hashes_agree(width: int, height: int, extra: int, random: Random) -> None:
    stride = width * 4 + extra
    surface = surface_of(random, stride, height)
    blocks = -(-width // BLOCK) * -(-height // BLOCK)
    marks = bytes(random.getrandbits(1) for _ in range(blocks))
    results = []
    for form in pair("motion"):
        strong, weak, need = bytearray(b"\x5a" * 8 * blocks), bytearray(b"\x5a" * 4 * blocks), bytearray(2 * blocks)
        form.hash_blocks(surface, stride, width, height, marks, strong, weak)
        changed = form.changed_blocks(surface, stride, width, height, b"\1" * blocks, strong, need)
        assert changed == blocks - sum(marks)
        results.append((strong, weak, need))
    assert results[0] == results[1]


def kinds(random: Random, width: int, height: int) -> BGRX:
    tile = pictures.noise(random.randrange(1, 40), random.randrange(1, 40))
    repeated = np.tile(tile, (height // len(tile) + 1, width // tile.shape[1] + 1, 1))[:height, :width]
    sparse = (pictures.noise(width, height) > 250) * np.uint8(200)
    picture: BGRX = random.choice(
        [
            pictures.noise(width, height),
            pictures.text(width, height),
            pictures.gradient(width, height),
            repeated,
            sparse,
        ]
    )
    return np.ascontiguousarray(picture)


def moved(random: Random, old: BGRX) -> BGRX:
    """A picture of which some parts are parts of the old one, and one perhaps is new."""
    height, width = old.shape[:2]
    new = old.copy()
    for turn in range(random.randrange(5)):
        w, h = random.randint(1, width), random.randint(1, height)
        x, y, u, v = (random.randint(0, room) for room in (width - w, height - h, width - w, height - h))
        new[v : v + h, u : u + w] = old[y : y + h, x : x + w] if turn < 3 else pictures.noise(w, h)
    return new


@settings(max_examples=60)
@given(st.integers(31, 200), st.integers(31, 150), RANDOMS)
def test_searches_agree(width: int, height: int, random: Random) -> None:
    old = kinds(random, width, height)
    new = moved(random, old)
    check_searches(old, new, random)


def check_searches(old: BGRX, new: BGRX, random: Random) -> None:
    height, width = old.shape[:2]
    blocks = -(-width // BLOCK) * -(-height // BLOCK)
    capacity = random.choice([0, 1, 32])
    results = []
    for form in pair("motion"):
        strong, weak = bytearray(8 * blocks), bytearray(4 * blocks)
        need, moves = bytearray(2 * blocks), bytearray(24 * capacity)
        form.hash_blocks(old.reshape(-1), width * 4, width, height, b"\1" * blocks, strong, weak)
        form.changed_blocks(new.reshape(-1), width * 4, width, height, b"\1" * blocks, strong, need)
        count = form.find_moves(new.reshape(-1), width * 4, width, height, strong, weak, need, moves)
        results.append((count, bytes(need), bytes(moves)))
    assert results[0] == results[1]


def test_searches_of_a_page_agree() -> None:
    page = pictures.text(500, 400)
    for distance in (1, 18, 96):
        check_searches(page[:304].copy(), page[distance : distance + 304].copy(), Random(distance))


@settings(max_examples=30)
@given(st.integers(31, 90), st.integers(31, 90), st.integers(0, 1 << 32))
def test_searches_in_nonsense_agree(width: int, height: int, seed: int) -> None:
    blocks, random = -(-width // BLOCK) * -(-height // BLOCK), Random(seed)
    surface = surface_of(random, width * 4, height)
    strong = random.randbytes(8 * blocks)
    # Weak hashes that all belong in the table's first slot.
    inverse = pow(0x9E3779B1, -1, 1 << 32)
    hashes = [random.choice([random.getrandbits(32), index * inverse]) & 0xFFFFFFFF for index in range(blocks)]
    weak = np.array(hashes, "<u4").tobytes()
    needed = random.randbytes(2 * blocks)
    results = []
    for form in pair("motion"):
        need, moves = bytearray(needed), bytearray(24 * 32)
        count = form.find_moves(surface, width * 4, width, height, strong, weak, need, moves)
        results.append((count, bytes(need), bytes(moves)))
    assert results[0] == results[1]


@pytest.mark.parametrize("form", [0, 1])
def test_what_edges_cut_off_may_be_marked_as_needed(form: int) -> None:
    kernel = pair("motion")[form]
    need, moves = bytearray(b"\xff" * 2 * 9), bytearray(24)
    surface = pictures.noise(33, 33).reshape(-1)
    strong, weak = bytearray(72), bytearray(36)
    kernel.hash_blocks(surface, 132, 33, 33, bytes([1] * 9), strong, weak)
    assert kernel.find_moves(surface, 132, 33, 33, strong, weak, need, moves) == 0
