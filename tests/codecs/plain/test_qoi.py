"""The plain twin and the compiled kernel give the same, bit by bit, whatever they are given."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from tests.codecs import whole_updates
from tests.codecs.pictures import noise
from tests.codecs.twins import pair

CHUNKS = st.lists(
    st.one_of(
        st.integers(0, 255).map(lambda v: bytes((v,))),
        st.tuples(st.sampled_from((0xFE, 0xFF)), st.binary(min_size=3, max_size=4)).map(
            lambda pair: bytes((pair[0],)) + pair[1]
        ),
        st.sampled_from((b"\0", b"\xc0", b"\xc5", b"\xfd", b"\x6a", b"\xa0\x88")),
    ),
    max_size=60,
).map(b"".join)


@given(
    CHUNKS,
    st.integers(1, 12),
    st.integers(1, 6),
    st.sampled_from((0, 0, 0, 3)),
    st.integers(3, 4),
    st.booleans(),
    st.booleans(),
)
def test_decoding_agrees(
    chunks: bytes, width: int, height: int, cut: int, channels: int, keep_alpha: bool, end: bool
) -> None:
    plain, compiled = pair("qoi")
    data = b"qoif" + struct.pack(">IIBB", width, height, channels, 0) + chunks + (b"\0\0\0\0\0\0\0\1" if end else b"")
    data = data[: len(data) - cut]
    one, two = bytearray(b"\x5a" * 64 * 8), bytearray(b"\x5a" * 64 * 8)
    arguments = (64, 2, 1, 11, 5, width, height, keep_alpha)
    status = plain.decode_into(data, one, *arguments)
    assert compiled.decode_into(data, two, *arguments) == status
    if status > 0:
        assert one == two


@given(
    st.binary(min_size=96, max_size=96)
    | st.lists(st.sampled_from(b"\0\1\2\x7f\xff"), min_size=96, max_size=96).map(bytes),
    st.integers(1, 6),
    st.integers(1, 4),
    st.booleans(),
)
def test_encoding_agrees(data: bytes, width: int, height: int, alpha: bool) -> None:
    plain, compiled = pair("qoi")
    arguments = (24, 0, 0, width, height, alpha)
    assert plain.encode(data, *arguments) == compiled.encode(data, *arguments)


@given(
    st.lists(st.tuples(whole_updates.ROWS, st.booleans(), st.none() | st.integers(0, 60)), max_size=5),
    st.lists(whole_updates.WRONG_ROWS, max_size=1),
    st.booleans(),
)
def test_decoding_many_agrees(
    bitmaps: list[tuple[tuple[int, ...], bool, int | None]], wrong: list[tuple[int, ...]], keep_alpha: bool
) -> None:
    _, compiled = pair("qoi")
    streams, rows = [], [row for row, *_ in bitmaps]
    for (*_, width, height), flat, damaged in bitmaps:
        picture = noise(width, height) // (64 if flat else 1)
        data = bytearray(compiled.encode(picture, width * 4, 0, 0, width, height, True))
        if damaged is not None:
            data[damaged % len(data)] ^= 1 << damaged % 8
        streams.append(bytes(data))
    answer = whole_updates.decode_alike("qoi", streams, rows, keep_alpha, torn=True)
    if all(damaged is None for *_, damaged in bitmaps):
        assert answer == len(bitmaps)
    # One more, which is not a bitmap or does not go there.
    whole_updates.decode_alike("qoi", [b"\1" * 40, *streams], wrong + rows, keep_alpha, torn=True)
    whole_updates.decode_alike("qoi", [*streams, *streams[:1]], rows + wrong, keep_alpha, torn=True)


@given(whole_updates.RECTANGLES, st.booleans())
def test_encoding_many_agrees(rows: list[tuple[int, ...]], alpha: bool) -> None:
    whole_updates.encode_alike("qoi", noise(12, 13), rows, alpha)
