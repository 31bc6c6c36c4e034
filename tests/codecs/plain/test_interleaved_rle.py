"""The plain twin and the compiled kernel give the same, bit by bit, whatever they are given."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.codecs import whole_updates
from tests.codecs.pictures import noise
from tests.codecs.twins import pair
from trio_rdp.codecs.status import TRUNCATED

DEPTHS = st.sampled_from((8, 15, 16, 24))
# Streams of real headers get further than noise does.
HEADS = st.integers(0, 255) | st.sampled_from((0x00, 0x01, 0x25, 0x41, 0x82, 0x63, 0xC2, 0xD1, 0xE1, 0xF0, 0xF9, 0xFD))
STREAMS = st.binary(max_size=60) | st.lists(HEADS, max_size=60).map(bytes)


@given(STREAMS, st.integers(1, 20), st.integers(1, 12), DEPTHS)
def test_decoding_agrees(data: bytes, width: int, height: int, bits: int) -> None:
    plain, compiled = pair("interleaved_rle")
    size = width * height * ((bits + 7) // 8)
    one, two = bytearray(b"\x5a" * size), bytearray(b"\x5a" * size)
    status = plain.decode(data, width, height, bits, one)
    assert compiled.decode(data, width, height, bits, two) == status
    assert one == two
    assert TRUNCATED - 3 < status <= width * height


@given(STREAMS, st.integers(1, 20), st.integers(1, 12), DEPTHS, st.data())
def test_drawing_agrees(data: bytes, width: int, height: int, bits: int, draw: st.DataObject) -> None:
    plain, compiled = pair("interleaved_rle")
    x, y = draw.draw(st.integers(0, 3)), draw.draw(st.integers(0, 3))
    visible_width, visible_height = draw.draw(st.integers(0, 22)), draw.draw(st.integers(0, 13))
    stride = 4 * 24 + draw.draw(st.integers(0, 5))
    palette = bytes(value * 7 & 0xFF for value in range(1024))
    one, two = bytearray(b"\x5a" * stride * 16), bytearray(b"\x5a" * stride * 16)
    arguments = (stride, x, y, visible_width, visible_height, width, height, bits, palette)
    assert plain.decode_into(data, one, *arguments) == compiled.decode_into(data, two, *arguments)
    assert one == two


@given(st.lists(st.tuples(whole_updates.ROWS | whole_updates.WRONG_ROWS, STREAMS), max_size=5), DEPTHS)
def test_drawing_many_agrees(bitmaps: list[tuple[tuple[int, ...], bytes]], bits: int) -> None:
    palette = bytes(value * 7 & 0xFF for value in range(1024))
    streams, rows = [data for _, data in bitmaps], [row for row, _ in bitmaps]
    whole_updates.decode_alike("interleaved_rle", streams, rows, bits, palette)  # type: ignore[arg-type]


@given(whole_updates.RECTANGLES, DEPTHS)
def test_encoding_many_agrees(rows: list[tuple[int, ...]], bits: int) -> None:
    whole_updates.encode_alike("interleaved_rle", noise(12, 13) & np.uint8(0x81), rows, bits)


@st.composite
def pictures(draw: st.DrawFn) -> tuple[int, int, bytes]:
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 12))
    colours = draw(st.lists(st.binary(min_size=4, max_size=4), min_size=1, max_size=4))
    runs = draw(st.lists(st.tuples(st.sampled_from(colours), st.integers(1, 40)), min_size=1, max_size=40))
    flat = b"".join(colour * count for colour, count in runs)
    return width, height, (flat * (width * height * 4 // len(flat) + 1))[: width * height * 4]


@given(pictures(), DEPTHS)
def test_encoding_agrees_and_decodes_to_the_picture(picture: tuple[int, int, bytes], bits: int) -> None:
    plain, compiled = pair("interleaved_rle")
    width, height, data = picture
    stride = width if bits == 8 else width * 4
    stream = plain.encode(data, stride, 0, 0, width, height, bits)
    assert compiled.encode(data, stride, 0, 0, width, height, bits) == stream
    size = width * height * ((bits + 7) // 8)
    out = bytearray(size)
    assert compiled.decode(stream, width, height, bits, out) == width * height
    if bits == 8:
        assert out == b"".join(data[row * width : (row + 1) * width] for row in reversed(range(height)))
    if bits == 24:
        rows = [data[row * stride : (row + 1) * stride] for row in reversed(range(height))]
        assert out[0::3] == b"".join(row[0::4] for row in rows)
        assert out[2::3] == b"".join(row[2::4] for row in rows)


def test_long_orders_agree() -> None:
    # Longer than 65,535 pixels: runs, images and mixtures all come in two pieces.
    plain, compiled = pair("interleaved_rle")
    width, height = 300, 300
    ramp = b"".join((value * 2654435761 & 0xFFFFFFFF).to_bytes(4, "little") for value in range(width * height))
    dots = b"".join(
        b"\xff\xff\xff\0" if value % 5 == value // width % 3 else bytes(4) for value in range(width * height)
    )
    for data in (bytes(width * height * 4), b"\1\2\3\4" * (width * height), ramp, dots):
        for bits in (16, 24):
            stream = plain.encode(data, width * 4, 0, 0, width, height, bits)
            assert compiled.encode(data, width * 4, 0, 0, width, height, bits) == stream
            one, two = bytearray(width * height * 3), bytearray(width * height * 3)
            assert plain.decode(stream, width, height, bits, one) == width * height
            assert compiled.decode(stream, width, height, bits, two) == width * height
            assert one == two
            if bits == 24:
                assert one[: width * 3 : 3] == data[-width * 4 :: 4]
