"""The plain twin and the compiled kernel give the same, bit by bit, whatever they are given."""

from __future__ import annotations

import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.codecs import whole_updates
from tests.codecs.pictures import noise
from tests.codecs.twins import pair
from trio_rdp.codecs.plain import nscodec as twin
from trio_rdp.codecs.status import OVERRUN, TRUNCATED

RUNS = st.lists(st.tuples(st.integers(0, 255), st.integers(1, 300)), min_size=1, max_size=30)
SEGMENTS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 9)).map(lambda pair: bytes((pair[0], pair[0], pair[1])))
    | st.integers(0, 3).map(lambda value: bytes((value,)))
    | st.tuples(st.integers(0, 3), st.integers(0, 70)).map(
        lambda pair: bytes((pair[0], pair[0], 255)) + struct.pack("<I", pair[1])
    ),
    max_size=12,
).map(b"".join)
PLANES = SEGMENTS.flatmap(lambda plane: st.just(plane + b"\1\2\3\4") | st.just(plane)) | st.binary(max_size=70)


def both(data: bytes, width: int, height: int, *options: bool) -> int:
    """Decode with both, which must draw and answer the same."""
    plain, compiled = pair("nscodec")
    one, two = bytearray(b"\x5a" * 80 * 8), bytearray(b"\x5a" * 80 * 8)
    arguments = (80, 2, 1, 12, 5, width, height, *options)
    status: int = plain.decode_into(data, one, *arguments)
    assert compiled.decode_into(data, two, *arguments) == status
    assert one == two
    if status < 0:
        assert one == b"\x5a" * 80 * 8
    return status


@given(
    st.tuples(PLANES, PLANES, PLANES, PLANES | st.just(b"")),
    st.sampled_from((0, 1, 2, 3, 7, 8)),
    st.integers(0, 2),
    st.integers(1, 14),
    st.integers(1, 6),
    st.booleans(),
    st.booleans(),
)
def test_decoding_agrees(
    planes: tuple[bytes, ...],
    level: int,
    subsampling: int,
    width: int,
    height: int,
    top_down: bool,
    keep_alpha: bool,
) -> None:
    data = struct.pack("<4I2B2x", *map(len, planes), level, subsampling) + b"".join(planes)
    both(data, width, height, top_down, keep_alpha)


@given(st.binary(max_size=120), st.integers(1, 14), st.integers(1, 6))
def test_decoding_noise_agrees(data: bytes, width: int, height: int) -> None:
    both(data, width, height, True, True)


@given(
    RUNS,
    st.integers(1, 40),
    st.integers(1, 7),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.data(),
)
def test_encoding_agrees_and_damage_too(
    runs: list[tuple[int, int]],
    width: int,
    level: int,
    subsampling: bool,
    alpha: bool,
    top_down: bool,
    more: st.DataObject,
) -> None:
    plain, compiled = pair("nscodec")
    values = b"".join(bytes((value,)) * count for value, count in runs)
    height = -(-len(values) // (width * 4))
    picture = values.ljust(width * height * 4, b"\1")
    arguments = (width * 4, 0, 0, width, height, level, subsampling, alpha, top_down)
    data = plain.encode(picture, *arguments)
    assert compiled.encode(picture, *arguments) == data
    assert both(data, width, height, top_down, alpha) == width * height
    damaged = bytearray(data)
    damaged[more.draw(st.integers(0, len(data) - 1))] = more.draw(st.integers(0, 255))
    both(bytes(damaged), width, height, top_down, alpha)


@given(
    st.lists(st.tuples(whole_updates.ROWS, st.booleans(), st.none() | st.integers(0, 60)), max_size=5),
    st.lists(whole_updates.WRONG_ROWS, max_size=1),
    st.booleans(),
    st.booleans(),
)
def test_decoding_many_agrees(
    bitmaps: list[tuple[tuple[int, ...], bool, int | None]],
    wrong: list[tuple[int, ...]],
    top_down: bool,
    keep_alpha: bool,
) -> None:
    _, compiled = pair("nscodec")
    streams, rows = [], [row for row, *_ in bitmaps]
    for (*_, width, height), subsampling, damaged in bitmaps:
        picture = noise(width, height) if subsampling else np.zeros((height, width, 4), np.uint8)
        data = bytearray(compiled.encode(picture, width * 4, 0, 0, width, height, 2, subsampling, True, True))
        if damaged is not None:
            data[damaged % len(data)] ^= 1 << damaged % 8
        streams.append(bytes(data))
    answer = whole_updates.decode_alike("nscodec", streams, rows, top_down, keep_alpha)
    if all(damaged is None for *_, damaged in bitmaps):
        assert answer == len(bitmaps)
    # One more, which is not a bitmap or does not go there.
    whole_updates.decode_alike("nscodec", [b"\1" * 40, *streams], wrong + rows, top_down, keep_alpha)
    whole_updates.decode_alike("nscodec", [*streams, *streams[:1]], rows + wrong, top_down, keep_alpha)


@given(whole_updates.RECTANGLES, st.integers(0, 8), st.booleans(), st.booleans(), st.booleans())
def test_encoding_many_agrees(
    rows: list[tuple[int, ...]], level: int, subsampling: bool, alpha: bool, top_down: bool
) -> None:
    whole_updates.encode_alike("nscodec", noise(12, 13), rows, level, subsampling, alpha, top_down)


def test_planes_alone() -> None:
    assert twin.encode_plane(b"") == b""
    assert twin.encode_plane(b"aaaa") == b"aaaa"
    assert twin.encode_plane(b"a" * 8) == b"aa\2aaaa"
    assert twin.decode_plane(memoryview(b"aa\2aaaa"), 8) == (0, b"a" * 8)
    assert twin.decode_plane(memoryview(b"aa\3aaaa"), 8) == (OVERRUN, b"")
    assert twin.decode_plane(memoryview(b"aa\2aaa"), 8) == (TRUNCATED, b"")
    assert twin.plane_sizes(15, 9, True) == [(16, 9), (8, 5), (8, 5), (15, 9)]
    assert twin.plane_sizes(15, 9, False) == [(15, 9)] * 4
