"""The plain twin and the compiled kernel give the same, bit by bit, whatever they are given."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.codecs.twins import pair

SEGMENTS = st.lists(
    st.tuples(st.integers(0, 255), st.integers(0, 20)).map(bytes)
    | st.tuples(st.integers(0, 255), st.integers(0, 20)).map(lambda v: bytes((v[0], 255, v[1], 0)))
    | st.tuples(st.integers(0, 255), st.integers(0, 20)).map(lambda v: bytes((v[0], 255, 255, 255, v[1], 0, 0, 0))),
    max_size=20,
).map(b"".join)
HEADERS = st.sampled_from((b"LA\1\0", b"LA\1\0", b"LA\0\0", b"LA\0\1", b"LB\0\0", b"LA\1"))


@given(HEADERS, SEGMENTS | st.binary(max_size=80), st.integers(1, 12), st.integers(1, 6))
def test_decoding_agrees(header: bytes, data: bytes, width: int, height: int) -> None:
    plain, compiled = pair("alpha")
    one, two = bytearray(b"\x5a" * 64 * 8), bytearray(b"\x5a" * 64 * 8)
    arguments = (64, 2, 1, 11, 5, width, height)
    status = plain.decode_into(header + data, one, *arguments)
    assert compiled.decode_into(header + data, two, *arguments) == status
    assert one == two


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(1, 400)), min_size=1, max_size=12), st.integers(1, 60))
def test_encoding_agrees(runs: list[tuple[int, int]], width: int) -> None:
    plain, compiled = pair("alpha")
    values = b"".join(bytes((0, 0, 0, value)) * count for value, count in runs)
    height = -(-len(values) // (4 * width))
    surface = values.ljust(width * height * 4, b"\1")
    arguments = (width * 4, 0, 0, width, height)
    assert plain.encode(surface, *arguments) == compiled.encode(surface, *arguments)
