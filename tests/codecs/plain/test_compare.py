"""The plain twin and the compiled kernel give the same, bit by bit."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.codecs.twins import pair
from trio_rdp.codecs.plain.compare import MAX_TILE, keys


def test_keys_are_many_and_different() -> None:
    assert len(set(keys())) == MAX_TILE
    assert all(0 < key < 1 << 64 for key in keys())


@given(st.integers(1, 40), st.integers(1, 20), st.integers(2, 32), st.integers(0, 9), st.randoms(use_true_random=False))
def test_hashes_agree(width: int, height: int, tile: int, extra: int, random: Random) -> None:
    plain, compiled = pair("compare")
    stride = width * 4 + extra
    surface = bytes(random.getrandbits(8) for _ in range(stride * height))
    tiles = -(-width // tile) * -(-height // tile)
    marks = bytes(random.getrandbits(1) for _ in range(tiles))
    one, two = bytearray(b"\x5a" * 8 * tiles), bytearray(b"\x5a" * 8 * tiles)
    plain.hash_tiles(surface, stride, width, height, tile, marks, one)
    compiled.hash_tiles(surface, stride, width, height, tile, marks, two)
    assert one == two


@given(st.integers(1, 40), st.integers(1, 20), st.integers(2, 32), st.integers(0, 9), st.randoms(use_true_random=False))
def test_measures_agree(width: int, height: int, tile: int, extra: int, random: Random) -> None:
    plain, compiled = pair("compare")
    stride = width * 4 + extra
    few = [random.getrandbits(8) for _ in range(random.choice([1, 3, 256]))]
    surface = bytes(random.choice(few) for _ in range(stride * height))
    tiles = -(-width // tile) * -(-height // tile)
    marks = bytes(random.getrandbits(1) for _ in range(tiles))
    one, two = bytearray(b"\x5a" * 4 * tiles), bytearray(b"\x5a" * 4 * tiles)
    plain.measure_tiles(surface, stride, width, height, tile, marks, one)
    compiled.measure_tiles(surface, stride, width, height, tile, marks, two)
    assert one == two


def test_measures_of_what_is_not_there() -> None:
    for form in pair("compare"):
        for arguments in (
            (bytes(99), 20, 5, 5, 4, bytes(4), bytearray(16)),
            (bytes(100), 20, 5, 5, 1, bytes(25), bytearray(100)),
            (bytes(100), 20, 5, 5, 4, bytes(3), bytearray(16)),
            (bytes(100), 20, 5, 5, 4, bytes(4), bytearray(15)),
        ):
            with pytest.raises(ValueError):  # noqa: PT011 - each has words of its own
                form.measure_tiles(*arguments)
