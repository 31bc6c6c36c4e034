"""The plain twin and the compiled kernel give the same, bit by bit, whatever they are given."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.codecs.twins import pair

ENTROPY = st.sampled_from((1, 4))
STREAMS = (
    st.binary(max_size=200)
    | st.lists(st.sampled_from((0, 255, 0x55, 0x80)), max_size=90).map(bytes)
    | st.builds(lambda n, tail: b"\xff" * n + tail, st.integers(0, 600), st.binary(max_size=20))
    | st.builds(lambda n, tail: bytes(n) + tail, st.integers(0, 600), st.binary(max_size=20))
)
FACTORS = st.binary(min_size=10, max_size=10).map(lambda data: bytes(value % 15 + 1 for value in data))
WIDTH, HEIGHT = 150, 140


def plane_of(seed: int) -> bytes:
    """A plane with extremes, of which some high bands are zeros."""
    source = random.Random(seed)
    extremes = (0, 1, -1, 32767, -32768, 16384, -16385)
    values = [source.choice(extremes) if source.random() < 0.5 else source.randrange(-2000, 2000) for _ in range(4096)]
    for bit, (start, end) in enumerate(((0, 3072), (3072, 3840), (3840, 4032), (4033, 4096))):
        if seed >> bit & 1:
            values[start:end] = [0] * (end - start)
    return struct.pack("=4096h", *values)


@given(STREAMS, st.integers(1, 4096) | st.just(4096), ENTROPY)
def test_coefficients_agree(data: bytes, count: int, entropy: int) -> None:
    plain, compiled = pair("rfx")
    assert plain.decode_coefficients(data, count, entropy) == compiled.decode_coefficients(data, count, entropy)


@given(st.lists(st.just(0) | st.integers(-9, 9) | st.integers(-32768, 32767), max_size=300), ENTROPY, st.booleans())
def test_encoding_coefficients_agrees_and_comes_back(values: list[int], entropy: int, cramped: bool) -> None:
    plain, compiled = pair("rfx")
    data = struct.pack(f"={len(values)}h", *values)
    room = 40 if cramped else 1 << 20
    out = plain.encode_coefficients_of(data, entropy, room)
    assert compiled.encode_coefficients_of(data, entropy, room) == out
    if not isinstance(out, int):
        assert compiled.decode_coefficients(out, len(values), entropy) == data


@pytest.mark.parametrize("seed", range(16))
def test_planes_agree(seed: int) -> None:
    plain, compiled = pair("rfx")
    plane = plane_of(seed)
    assert plain.join(plane) == compiled.join(plane)
    assert plain.split(plane) == compiled.split(plane)
    factors = bytes(random.Random(seed).choices(range(1, 16), k=10))
    assert plain.quantize(plane, factors) == compiled.quantize(plane, factors)
    assert plain.dequantize(plane, factors) == compiled.dequantize(plane, factors)
    planes = plane_of(seed + 16), plane_of(seed + 32)
    assert plain.to_bgrx(plane, *planes) == compiled.to_bgrx(plane, *planes)
    pixels = random.Random(seed).randbytes(4 * 4096)
    assert plain.from_bgrx(pixels) == compiled.from_bgrx(pixels)


def tile_of(planes: tuple[bytes, bytes, bytes], column: int, row: int, quants: tuple[int, int, int], pad: int) -> bytes:
    sizes = [len(plane) for plane in planes]
    size = 19 + sum(sizes) + pad
    return struct.pack("<HI3B5H", 0xCAC3, size, *quants, column, row, *sizes) + b"".join(planes) + bytes(pad)


TILES = st.builds(
    tile_of,
    st.tuples(STREAMS, STREAMS, STREAMS),
    st.integers(0, 3) | st.just(65535),
    st.integers(0, 3) | st.just(65535),
    st.tuples(*[st.integers(0, 1)] * 3),
    st.integers(0, 3),
)
RECTS = st.lists(st.tuples(*[st.integers(0, 150)] * 4), max_size=4)


@given(st.lists(TILES, max_size=3), st.binary(min_size=20, max_size=20), RECTS, ENTROPY)
def test_drawing_agrees(tiles: list[bytes], factors: bytes, rects: list[tuple[int, ...]], entropy: int) -> None:
    plain, compiled = pair("rfx")
    factors = bytes(value % 15 + 1 for value in factors)
    data = b"".join(tiles)
    table = plain.scan_tiles(data, len(tiles), factors)
    assert compiled.scan_tiles(data, len(tiles), factors) == compiled.scan_tiles(data, -1, factors) == table
    clips = b"".join(struct.pack("<4H", *rect) for rect in rects)
    one, two = bytearray(b"\x5a" * 4 * WIDTH * HEIGHT), bytearray(b"\x5a" * 4 * WIDTH * HEIGHT)
    arguments = 4 * WIDTH, 3, 2, WIDTH - 7, HEIGHT - 5
    for first, last in ((0, len(tiles) // 2), (len(tiles) // 2, len(tiles))):
        head = data, table, first, last, factors, entropy, clips
        assert plain.draw(*head, one, *arguments) == compiled.draw(*head, two, *arguments) == last - first
    assert one == two


@given(st.lists(TILES, min_size=1, max_size=3).map(b"".join), st.data())
def test_damaged_tiles_agree(data: bytes, draw: st.DataObject) -> None:
    plain, compiled = pair("rfx")
    damaged = bytearray(data)
    for place in draw.draw(st.lists(st.integers(0, len(data) - 1), min_size=1, max_size=3)):
        damaged[place] = draw.draw(st.integers(0, 255))
    whole = bytes(damaged[: draw.draw(st.integers(0, len(data)))])
    for count in (-1, 0, 1, 3, 1000):
        table = plain.scan_tiles(whole, count, bytes(10))
        assert compiled.scan_tiles(whole, count, bytes(10)) == table
    # A table that belongs to other bytes.
    table = struct.pack("=4I", draw.draw(st.integers(0, 300)), 0, draw.draw(st.integers(0, 1 << 32 - 1)), 0)
    one, two = bytearray(4 * 64 * 64), bytearray(4 * 64 * 64)
    head = whole, table, 0, 2, bytes([7] * 10), 4, struct.pack("<4H", 0, 0, 64, 64)
    assert plain.draw(*head, one, 256, 0, 0, 64, 64) == compiled.draw(*head, two, 256, 0, 0, 64, 64)
    assert one == two


@given(
    st.integers(0, 99),
    st.sampled_from(("noise", "flat", "lines")),
    st.integers(1, 140),
    st.integers(1, 80),
    FACTORS,
    ENTROPY,
)
def test_encoding_agrees(seed: int, kind: str, width: int, height: int, factors: bytes, entropy: int) -> None:
    plain, compiled = pair("rfx")
    source = random.Random(seed)
    pixels = {
        "noise": lambda: source.randbytes(600 * 90),
        "flat": lambda: bytes(value for _ in range(150 * 90) for value in (seed, 7, 255, source.randrange(256))),
        "lines": lambda: bytes(source.choice((0, 255)) for _ in range(300)) * 2 * 90,
    }[kind]()
    factors = bytes(max(factor, 6) for factor in factors)
    tiles = struct.pack("<4H", 0, 0, (width - 1) // 64, (height - 1) // 64)
    arguments = 600, 5, 4, width, height, tiles, factors, entropy
    out = plain.encode_tiles(pixels, *arguments)
    assert compiled.encode_tiles(pixels, *arguments) == out
    assert len(plain.scan_tiles(out, -1, factors)) == 16


def test_noise_at_its_loudest_fits() -> None:
    plain, compiled = pair("rfx")
    pixels = bytes(random.Random(5).choice((0, 255)) for _ in range(4 * 4096))
    for entropy in (1, 4):
        out = plain.encode_tiles(pixels, 256, 0, 0, 64, 64, bytes(4), bytes([6] * 10), entropy)
        assert compiled.encode_tiles(pixels, 256, 0, 0, 64, 64, bytes(4), bytes([6] * 10), entropy) == out
        assert len(out) < 3 * 8192


def test_what_is_refused() -> None:
    surface = bytearray(4 * 64 * 64)
    for kernel in pair("rfx"):
        with pytest.raises(ValueError, match="surface"):
            kernel.draw(b"", b"", 0, 0, bytes([6] * 10), 4, b"", surface, 256, 1, 0, 64, 64)
        with pytest.raises(ValueError, match="no such tiles"):
            kernel.draw(b"", bytes(8), 0, 2, bytes([6] * 10), 4, b"", surface, 256, 0, 0, 64, 64)
        with pytest.raises(ValueError, match="from 1 to 15"):
            kernel.draw(b"", b"", 0, 0, bytes(10), 4, b"", surface, 256, 0, 0, 64, 64)
        with pytest.raises(ValueError, match="from 6 to 15"):
            kernel.encode_tiles(surface, 256, 0, 0, 64, 64, b"", bytes([5] * 10), 4)
        with pytest.raises(ValueError, match="10, from 6"):
            kernel.encode_tiles(surface, 256, 0, 0, 64, 64, b"", bytes([6] * 20), 4)
        with pytest.raises(ValueError, match="outside"):
            kernel.encode_tiles(surface, 256, 0, 0, 64, 64, b"\1\0\0\0", bytes([6] * 10), 4)
        with pytest.raises(ValueError, match="surface"):
            kernel.encode_tiles(surface, 256, 0, 1, 64, 64, b"", bytes([6] * 10), 4)
        with pytest.raises(ValueError, match="plane"):
            kernel.join(bytes(8190))
        with pytest.raises(ValueError, match="factors"):
            kernel.quantize(bytes(8192), bytes(10))
        with pytest.raises(ValueError, match="tile"):
            kernel.from_bgrx(bytes(4))
