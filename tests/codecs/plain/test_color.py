"""The plain twin and the compiled kernel give the same, bit by bit, whatever they are given."""

from __future__ import annotations

import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.codecs.twins import pair

SIZES = st.integers(1, 66)
SEEDS = st.integers(0, 1000)


@given(
    SIZES,
    SIZES,
    st.sampled_from((0, 1, 2)),
    SEEDS,
    st.lists(st.tuples(*(st.integers(-9, 70) for _ in range(4))), max_size=3),
)
def test_drawing_agrees(width: int, height: int, kind: int, seed: int, rects: list[tuple[int, int, int, int]]) -> None:
    plain, compiled = pair("color")
    source = np.random.default_rng(seed)
    half, means = kind == 1, kind == 2
    columns, rows = ((width + 1) // 2, (height + 1) // 2) if half else (width, height)
    luma = source.bytes(height * (width + 3))
    blue, red = source.bytes(rows * (columns + 1)), source.bytes(rows * (columns + 1))
    one, two = bytearray(72 * 4 * 70), bytearray(72 * 4 * 70)
    packed = b"".join(struct.pack("<4i", *rect) for rect in rects) + struct.pack("<4i", 0, 0, 1 << 30, 1 << 30) + b"abc"
    arguments = (luma, blue, red, width + 3, columns + 1, width, height, half, means)
    plain.draw(*arguments, one, 288, 3, 2, 64, 60, packed)
    compiled.draw(*arguments, two, 288, 3, 2, 64, 60, packed)
    assert one == two


@given(SIZES, SIZES, st.integers(0, 5), st.integers(0, 5), st.booleans(), SEEDS)
def test_splitting_agrees(width: int, height: int, more: int, taller: int, half: bool, seed: int) -> None:
    plain, compiled = pair("color")
    pixels = np.random.default_rng(seed).bytes((width + 2) * 4 * (height + 1))
    columns, rows = width + more, height + taller
    if half:
        columns, rows = columns + columns % 2, rows + rows % 2
    narrow, low = (columns // 2, rows // 2) if half else (columns, rows)
    results = []
    for kernel in (plain, compiled):
        planes = bytearray((columns + 1) * rows), bytearray((narrow + 2) * low), bytearray((narrow + 2) * low)
        kernel.split(
            pixels, (width + 2) * 4, 1, 1, width, height, *planes, columns + 1, narrow + 2, columns, rows, half
        )
        results.append(planes)
    assert results[0] == results[1]


@given(st.integers(1, 3), st.integers(1, 3), st.sampled_from((1, 2)), SEEDS, st.booleans())
def test_views_agree(across: int, down: int, version: int, seed: int, smooth: bool) -> None:
    plain, compiled = pair("color")
    width, height = 16 * across, 16 * down
    half, low = width // 2 + 1, height // 2
    source = np.random.default_rng(seed)
    u, v = (source.integers(100, 120 if smooth else 256, width * height, np.uint8).tobytes() for _ in range(2))
    separated, combined = [], []
    for kernel in (plain, compiled):
        parts = [bytearray(half * low), bytearray(half * low), bytearray((width + 1) * height)]
        parts += [bytearray(half * low), bytearray(half * low)]
        mean_u, mean_v, luma, blue, red = parts
        planes = (u, v, width, height, version, mean_u, mean_v, half, luma, blue, red, width + 1, half)
        kernel.separate(*planes, 0, height)
        separated.append(parts)
        full = bytearray(width * height), bytearray(width * height)
        aux = (luma, blue, red, width + 1, half)
        kernel.combine(mean_u, mean_v, half, *aux, width, height, version, *full, 3, height - 5)
        combined.append(full)
    assert separated[0] == separated[1]
    assert combined[0] == combined[1]


@given(st.integers(1, 20), st.integers(1, 5), SEEDS)
def test_ycbcr_agrees(width: int, height: int, seed: int) -> None:
    plain, compiled = pair("color")
    source = np.random.default_rng(seed)
    planes = [source.bytes(width * height * 2) for _ in range(3)]
    pixels = source.bytes(24 * 4 * 6)
    drawn, split = [], []
    for kernel in (plain, compiled):
        surface = bytearray(24 * 4 * 6)
        kernel.draw_ycbcr(*planes, surface, 96, 2, 1, width, height)
        drawn.append(surface)
        parts = [bytearray(width * height * 2) for _ in range(3)]
        kernel.split_ycbcr(pixels, 96, 2, 1, width, height, *parts)
        split.append(parts)
    assert drawn[0] == drawn[1]
    assert split[0] == split[1]
