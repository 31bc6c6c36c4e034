"""The plain twin and the compiled kernel give the same, bit by bit."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.codecs import whole_updates
from tests.codecs.twins import pair
from trio_rdp.codecs.plain.pixels import pack_row, unpack_row

SMALL = st.integers(1, 9)
EVERY_16_BITS = b"".join(value.to_bytes(2, "little") for value in range(65536))


@pytest.mark.parametrize("number", [6, 7])
def test_every_value_of_sixteen_bits_converts_alike(number: int) -> None:
    plain, compiled = pair("pixels")
    one, two = bytearray(4 * 65536), bytearray(4 * 65536)
    plain.convert(EVERY_16_BITS, number, 131072, one, 4 * 65536, 0, 0, 65536, 1)
    compiled.convert(EVERY_16_BITS, number, 131072, two, 4 * 65536, 0, 0, 65536, 1)
    assert one == two


@pytest.mark.parametrize("bits", [15, 16])
def test_every_value_comes_back(bits: int) -> None:
    row = bytes(unpack_row(EVERY_16_BITS, bits))
    kept = bytearray(EVERY_16_BITS)
    if bits == 15:
        kept[1::2] = bytes(value & 0x7F for value in kept[1::2])
    assert pack_row(row, bits) == kept


@given(st.binary(min_size=400, max_size=400), st.integers(0, 7), SMALL, SMALL, st.integers(0, 3))
def test_converting_agrees(data: bytes, number: int, width: int, height: int, extra: int) -> None:
    plain, compiled = pair("pixels")
    source_stride = width * 4 + extra
    one, two = bytearray(48 * 12), bytearray(48 * 12)
    arguments = (width, height)
    plain.convert(data, number, source_stride, one, 48, 2, 3, *arguments)
    compiled.convert(data, number, source_stride, two, 48, 2, 3, *arguments)
    assert one == two


@given(st.binary(max_size=400), st.sampled_from((8, 15, 16, 24, 32)), SMALL, SMALL, SMALL, SMALL, st.booleans())
def test_raw_bitmaps_agree(
    data: bytes, bits: int, width: int, height: int, visible_width: int, visible_height: int, top_down: bool
) -> None:
    plain, compiled = pair("pixels")
    palette = bytes(value * 11 & 0xFF for value in range(1024))
    one, two = bytearray(49 * 12), bytearray(49 * 12)
    arguments = (49, 2, 3, visible_width, visible_height, width, height, bits, palette, top_down)
    assert plain.raw(data, one, *arguments) == compiled.raw(data, two, *arguments)
    assert one == two


@given(
    st.lists(st.tuples(whole_updates.ROWS | whole_updates.WRONG_ROWS, st.binary(max_size=330)), max_size=4),
    st.sampled_from((8, 15, 16, 24, 32)),
    st.booleans(),
)
def test_many_raw_bitmaps_agree(bitmaps: list[tuple[tuple[int, ...], bytes]], bits: int, top_down: bool) -> None:
    palette = bytes(value * 11 & 0xFF for value in range(1024))
    table = array("i", [value for row, _ in bitmaps for value in row])
    surfaces, answers = [], []
    for kernel in pair("pixels"):
        surface = bytearray(b"\x5a" * 97 * 24)
        arguments = (surface, 97, 2, 1, 20, 20, bits, palette, top_down)
        try:
            answers.append(kernel.raw_all([data for _, data in bitmaps], table, *arguments))
        except ValueError:
            answers.append(None)
        surfaces.append(surface)
    assert answers[0] == answers[1]
    assert surfaces[0] == surfaces[1]
    for row in range(24):
        columns = slice(2 * 4, 22 * 4) if 1 <= row < 21 else slice(0)
        beside = surfaces[0][row * 97 : (row + 1) * 97]
        beside[columns] = b""
        assert beside == b"\x5a" * len(beside)


@given(whole_updates.RECTANGLES, st.sampled_from((15, 16, 24, 32)), st.booleans())
def test_encoding_many_agrees(rows: list[tuple[int, ...]], bits: int, top_down: bool) -> None:
    data = bytes(value * 13 & 0xFF for value in range(53 * 12))
    table = array("i", [value for row in rows for value in row])
    answers: list[list[bytes] | None] = []
    for kernel in pair("pixels"):
        try:
            answers.append(kernel.encode_raw_all(data, 53, 1, 2, 10, 10, table, bits, top_down))
        except ValueError:
            answers.append(None)
    assert answers[0] == answers[1]


@given(st.binary(min_size=480, max_size=480), st.sampled_from((15, 16, 24, 32)), SMALL, SMALL, st.booleans())
def test_encoding_agrees(data: bytes, bits: int, width: int, height: int, top_down: bool) -> None:
    plain, compiled = pair("pixels")
    arguments = (41, 1, 2, width, height, bits, top_down)
    assert plain.encode_raw(data, *arguments) == compiled.encode_raw(data, *arguments)


@given(st.binary(min_size=640, max_size=640), st.integers(0, 7), st.integers(1, 9), SMALL, st.integers(0, 3))
def test_converting_back_agrees(data: bytes, number: int, width: int, height: int, extra: int) -> None:
    plain, compiled = pair("pixels")
    one, two = bytearray(b"\x5a" * 600), bytearray(b"\x5a" * 600)
    for kernel, target in ((plain, one), (compiled, two)):
        kernel.convert_back(data, 45, 1, 2, width, height, target, number, width * 4 + extra)
    assert one == two
