"""The plain twin and the compiled kernel give the same, bit by bit, whatever they are given."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.codecs import whole_updates
from tests.codecs.pictures import noise
from tests.codecs.twins import pair

CONTROLS = st.integers(0, 255) | st.sampled_from((0x13, 0x20, 0x31, 0x52, 0x04, 0x10, 0x41))
STREAMS = st.binary(max_size=80) | st.lists(CONTROLS, max_size=80).map(bytes)
HEADERS = st.sampled_from((0x00, 0x10, 0x20, 0x30, 0x33, 0x3B, 0x13, 0x1F, 0x27, 0x2B, 0x08, 0x39)).map(
    lambda v: bytes((v,))
)


@given(HEADERS, STREAMS, st.integers(1, 12), st.integers(1, 6), st.booleans(), st.booleans())
def test_decoding_agrees(header: bytes, data: bytes, width: int, height: int, top_down: bool, keep_alpha: bool) -> None:
    plain, compiled = pair("planar")
    one, two = bytearray(b"\x5a" * 64 * 8), bytearray(b"\x5a" * 64 * 8)
    arguments = (64, 2, 1, 11, 5, width, height, top_down, keep_alpha)
    status = plain.decode_into(header + data, one, *arguments)
    assert compiled.decode_into(header + data, two, *arguments) == status
    assert one == two


@given(STREAMS, st.integers(1, 70), st.integers(1, 6))
def test_planes_agree(data: bytes, width: int, height: int) -> None:
    plain, compiled = pair("planar")
    one, two = bytearray(width * height), bytearray(width * height)
    assert plain.decode_plane(data, width, height, one) == compiled.decode_plane(data, width, height, two)
    assert one == two


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(1, 60)), min_size=1, max_size=30), st.integers(1, 120))
def test_encoding_agrees_and_comes_back(runs: list[tuple[int, int]], width: int) -> None:
    plain, compiled = pair("planar")
    values = b"".join(bytes((value,)) * count for value, count in runs)
    height = -(-len(values) // width)
    plane = values.ljust(width * height, b"\1")
    stream = plain.encode_plane(plane, width, height)
    assert compiled.encode_plane(plane, width, height) == stream
    out = bytearray(len(plane))
    assert compiled.decode_plane(stream, width, height, out) == len(stream)
    assert out == plane


@given(
    st.binary(min_size=96, max_size=96),
    st.integers(1, 6),
    st.integers(1, 4),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
    st.integers(0, 7),
    st.booleans(),
)
def test_pictures_agree(
    data: bytes, width: int, height: int, options: tuple[bool, bool, bool], level: int, subsampling: bool
) -> None:
    plain, compiled = pair("planar")
    arguments = (24, 0, 0, width, height, *options, level, subsampling and level > 0)
    assert plain.encode(data, *arguments) == compiled.encode(data, *arguments)


@given(
    st.lists(st.tuples(whole_updates.ROWS, st.integers(0, 7), st.none() | st.integers(0, 99)), max_size=5),
    st.lists(whole_updates.WRONG_ROWS, max_size=1),
    st.booleans(),
    st.booleans(),
)
def test_decoding_many_agrees(
    bitmaps: list[tuple[tuple[int, ...], int, int | None]],
    wrong: list[tuple[int, ...]],
    top_down: bool,
    keep_alpha: bool,
) -> None:
    _, compiled = pair("planar")
    streams, rows = [], [row for row, *_ in bitmaps]
    for (*_, width, height), level, damaged in bitmaps:
        picture = noise(width, height) & np.uint8(0x81)
        options = (level % 2 > 0, False, level % 3 > 0, level, level > 3)
        data = bytearray(compiled.encode(picture, width * 4, 0, 0, width, height, *options))
        if damaged is not None:
            data[damaged % len(data)] ^= 1 << damaged % 8
        streams.append(bytes(data))
    answer = whole_updates.decode_alike("planar", streams, rows, top_down, keep_alpha)
    if all(damaged is None for *_, damaged in bitmaps):
        assert answer == len(bitmaps)
    # One more, which is not a bitmap or does not go there.
    whole_updates.decode_alike("planar", [b"\x30\x13\1", *streams], wrong + rows, top_down, keep_alpha)
    whole_updates.decode_alike("planar", [*streams, *streams[:1]], rows + wrong, top_down, keep_alpha)


@given(
    whole_updates.RECTANGLES, st.tuples(st.booleans(), st.booleans(), st.booleans()), st.integers(0, 8), st.booleans()
)
def test_encoding_many_agrees(
    rows: list[tuple[int, ...]], options: tuple[bool, bool, bool], level: int, subsampling: bool
) -> None:
    whole_updates.encode_alike("planar", noise(12, 13), rows, *options, level, subsampling)


def test_bitmaps_larger_than_the_stack_agree() -> None:
    plain, compiled = pair("planar")
    width, height = 90, 80
    data = bytes((x * y + c * x // 7) & 0xFF for y in range(height) for x in range(width) for c in range(4))
    options = (True, False, True, 0, False)
    stream = compiled.encode(data, width * 4, 0, 0, width, height, *options)
    assert plain.encode(data, width * 4, 0, 0, width, height, *options) == stream
    one, two = bytearray(len(data)), bytearray(len(data))
    arguments = (width * 4, 0, 0, width, height, width, height, False, True)
    assert plain.decode_into(stream, one, *arguments) == compiled.decode_into(stream, two, *arguments) == width * height
    assert one == two == data
