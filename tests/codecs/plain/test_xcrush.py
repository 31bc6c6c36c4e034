"""The plain twin and the compiled kernel give the same, bit by bit, whatever they are given."""

from __future__ import annotations

import random
import struct
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.codecs.twins import pair, twins

SIZE = 2_000_000
MATCHES = st.lists(
    st.tuples(
        st.integers(0, 300) | st.integers(0, 65535),
        st.integers(0, 300) | st.integers(0, 65535),
        st.integers(0, 1000) | st.sampled_from((SIZE - 100, SIZE - 1, SIZE, 1 << 31)),
    ),
    max_size=5,
)


@given(MATCHES, st.integers(-1, 1), st.binary(max_size=700), st.sampled_from((0, 500, SIZE - 200)), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_packet_gives_the_same(
    matches: list[tuple[int, int, int]], more: int, literals: bytes, offset: int, plain: bool
) -> None:
    data = max(len(matches) + more, 0).to_bytes(2, "little")
    # In the order of the output, mostly, or hardly anything would decode.
    data += b"".join(struct.pack("<HHI", *match) for match in sorted(matches, key=lambda match: match[1])) + literals
    results = []
    for kernel in pair("xcrush"):
        history = bytearray(SIZE)
        history[:1000] = random.Random(1).randbytes(1000)
        results.append((kernel.decompress(data, history, offset, plain), history))
    assert results[0] == results[1]


@given(st.lists(st.integers(0, 8), max_size=12), st.integers(0, 3000), st.sampled_from((0, 1000, SIZE - 16016)))
@settings(max_examples=40, deadline=None)
def test_any_data_gives_the_same(pieces: list[int], room: int, offset: int) -> None:
    blocks = [random.Random(seed).randbytes(30 * seed) for seed in range(8)] + [b"ab" * 50]
    data = b"".join(blocks[piece] for piece in pieces)
    results: list[list[int | bytearray]] = []
    for kernel in pair("xcrush"):
        history, places = bytearray(SIZE), bytearray(kernel.PLACES)
        results.append([])
        for number in range(3):
            out = bytearray(room)
            count = kernel.compress(data, history, places, offset + number * len(data), out)
            results[-1] += [count, out]
        results[-1] += [history, places]
    assert results[0] == results[1]


@pytest.mark.parametrize("kernel", twins("xcrush"))
@pytest.mark.parametrize("end", [500, SIZE])
def test_matches_of_any_length_and_distance_touch_nothing_else(kernel: ModuleType, end: int) -> None:
    before = random.Random(3).randbytes(SIZE)
    history = bytearray(before)
    for distance in range(1, 40):
        for length in range(70):
            start = end - length - distance % 3
            near = slice(start - 64, start + length + 64)
            pattern = before[start - distance : start]
            copied = (pattern * 70)[:length]
            expected = before[start - 64 : start] + copied + before[start + length : near.stop]
            data = struct.pack("<HHHI", 1, length, 0, start - distance)
            assert kernel.decompress(data, history, start, False) == start + length
            assert history[near] == expected
            history[near] = before[near]
    assert history == before


def test_both_say_the_same_sizes() -> None:
    for kernel in pair("xcrush"):
        assert (kernel.HISTORY, kernel.LONGEST, kernel.ROOM, kernel.PLACES) == (SIZE, 16382, SIZE - 16, 1 << 18)
