from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.codecs import whole_updates
from tests.codecs.twins import twins
from trio_rdp.codecs import pixels
from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.codecs.view import View
from trio_rdp.wire.errors import DecodeError, Truncated


@pytest.fixture(params=twins("pixels"), autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module: ModuleType = request.param
    monkeypatch.setattr(pixels, "kernel", module)
    return module


BLUE, GREEN, RED = b"\xff\0\0\xff", b"\0\xff\0\xff", b"\0\0\xff\xff"


@pytest.mark.parametrize(
    ("kind", "pixel"),
    [
        (PixelFormat.BGRA32, "10 20 30 40"),
        (PixelFormat.ABGR32, "40 10 20 30"),
        (PixelFormat.RGBA32, "30 20 10 40"),
        (PixelFormat.ARGB32, "40 30 20 10"),
        (PixelFormat.BGR24, "10 20 30"),
        (PixelFormat.RGB24, "30 20 10"),
    ],
)
def test_every_format_of_whole_bytes(kind: PixelFormat, pixel: str) -> None:
    surface = bytearray(4)
    pixels.convert_into(bytes.fromhex(pixel), kind, kind.bytes_per_pixel, View(surface, 4, 0, 0, 1, 1))
    assert surface == bytes.fromhex("10 20 30 ff")


@pytest.mark.parametrize(
    ("kind", "colours"),
    [(PixelFormat.RGB16, (RED, GREEN, BLUE)), (PixelFormat.BGR16, (BLUE, GREEN, RED))],
)
def test_sixteen_bits(kind: PixelFormat, colours: tuple[bytes, ...]) -> None:
    data = b"".join(value.to_bytes(2, "little") for value in (0xF800, 0x07E0, 0x001F))
    surface = bytearray(12)
    pixels.convert_into(data, kind, 6, View(surface, 12, 0, 0, 3, 1))
    assert surface == b"".join(colours)


@pytest.mark.parametrize("kind", PixelFormat)
@pytest.mark.parametrize("width", [1, 3, 4, 5, 21, 64])
def test_out_and_in_again(kind: PixelFormat, width: int) -> None:
    picture = np.random.default_rng(3).integers(0, 256, (4, width + 2, 4), np.uint8)
    size = kind.bytes_per_pixel
    stride = width * size + 5
    data = bytearray(b"\x5a" * (3 * stride))
    pixels.convert_from(View.of(picture, 1, 1, width, 3), kind, data, stride)
    assert all(data[row * stride + width * size : (row + 1) * stride] == b"\x5a" * 5 for row in range(3))
    again = np.zeros((3, width, 4), np.uint8)
    pixels.convert_into(data, kind, stride, View.of(again))
    expected = picture[1:, 1 : width + 1].copy()
    expected[..., 3] = 255
    if size == 2:
        # What five or six bits keep.
        assert not ((again ^ expected)[..., [0, 2]] & 0xF8).any()
        assert not ((again ^ expected)[..., 1] & 0xFC).any()
        second = bytearray(b"\x5a" * (3 * stride))
        pixels.convert_from(View.of(again), kind, second, stride)
        assert second == data
    else:
        assert np.array_equal(again, expected)


def test_alpha_is_opaque_on_the_way_out() -> None:
    for kind, expected in (
        (PixelFormat.BGRA32, "10 20 30 ff"),
        (PixelFormat.ABGR32, "ff 10 20 30"),
        (PixelFormat.RGBA32, "30 20 10 ff"),
        (PixelFormat.ARGB32, "ff 30 20 10"),
        (PixelFormat.BGR24, "10 20 30"),
        (PixelFormat.RGB24, "30 20 10"),
    ):
        data = bytearray(kind.bytes_per_pixel)
        pixels.convert_from(View(b"\x10\x20\x30\x07", 4, 0, 0, 1, 1), kind, data, len(data))
        assert data == bytes.fromhex(expected)


def test_images_that_do_not_fit_are_not_filled() -> None:
    source = View(bytes(16), 8, 0, 0, 2, 2)
    for data, stride in ((bytearray(11), 6), (bytearray(12), 5), (bytearray(12), -6)):
        with pytest.raises(ValueError, match=r"surface|negative"):
            pixels.convert_from(source, PixelFormat.BGR24, data, stride)
    with pytest.raises(ValueError, match="surface"):
        pixels.convert_from(View(bytes(15), 8, 0, 0, 2, 2), PixelFormat.BGR24, bytearray(12), 6)
    pixels.convert_from(View(b"", 0, 0, 0, 0, 5), PixelFormat.BGR24, bytearray(), 0)


def test_strides_and_places() -> None:
    # Two by two pixels in rows of 9 bytes, to (1, 1) of a surface of three by three.
    data = bytes(range(1, 7)) + b"pad" + bytes(range(7, 13))
    surface = bytearray(36)
    pixels.convert_into(data, PixelFormat.BGR24, 9, View(surface, 12, 1, 1, 2, 2))
    expected = bytearray(36)
    expected[16:24] = bytes((1, 2, 3, 255, 4, 5, 6, 255))
    expected[28:36] = bytes((7, 8, 9, 255, 10, 11, 12, 255))
    assert surface == expected


def test_arrays_are_buffers_too() -> None:
    image = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    surface = np.zeros((2, 3, 4), np.uint8)
    pixels.convert_into(image, PixelFormat.BGRA32, 12, View(surface, 12, 0, 0, 3, 2))
    assert (surface[..., :3] == image[..., :3]).all()
    assert (surface[..., 3] == 255).all()


@pytest.mark.parametrize(
    ("size", "src_stride", "x", "width", "height"),
    [
        (15, 8, 0, 2, 2),
        (16, 7, 0, 2, 2),
        (16, 8, 1, 2, 2),
        (16, 8, -1, 2, 2),
        (16, 8, 0, -1, 2),
        (16, 8, 0, 2, 1 << 40),
    ],
)
def test_what_does_not_lie_in_its_buffer_is_refused(
    size: int, src_stride: int, x: int, width: int, height: int
) -> None:
    with pytest.raises(ValueError, match=r"surface|negative"):
        pixels.convert_into(bytes(size), PixelFormat.RGBA32, src_stride, View(bytearray(16), 8, x, 0, width, height))


def test_nothing_to_convert() -> None:
    surface = bytearray(b"keep")
    pixels.convert_into(b"", PixelFormat.RGBA32, 0, View(surface, 4, 0, 0, 0, 5))
    pixels.convert_into(b"", PixelFormat.RGBA32, 0, View(surface, 4, 0, 0, 5, 0))
    assert surface == b"keep"


def test_expanding_repeats_the_high_bits() -> None:
    values = range(64)
    data = b"".join((value << 5).to_bytes(2, "little") for value in values)
    surface = bytearray(4 * 64)
    pixels.draw_raw(data, View(surface, 256, 0, 0, 64, 1), 64, 1, 16)
    assert list(surface[1::4]) == [value << 2 | value >> 4 for value in values]
    pixels.draw_raw(data, View(surface, 256, 0, 0, 64, 1), 64, 1, 15)
    assert list(surface[1::4]) == [(value % 32) << 3 | (value % 32) >> 2 for value in values]
    assert list(surface[2::4]) == [0] * 32 + [8] * 32


@pytest.mark.parametrize("bits", [15, 16, 24, 32])
@pytest.mark.parametrize("top_down", [False, True])
def test_raw_bitmaps_there_and_back(bits: int, top_down: bool) -> None:
    picture = bytearray(range(5 * 3 * 4))
    picture[3::4] = b"\xff" * 15
    raw = pixels.encode_raw(View(picture, 20, 1, 0, 3, 3), bits, top_down=top_down)
    pitch = {15: 8, 16: 8, 24: 12, 32: 12}[bits]
    assert len(raw) == 3 * pitch
    surface = bytearray(60)
    pixels.draw_raw(raw, View(surface, 20, 1, 0, 3, 3), 3, 3, bits, top_down=top_down)
    mask = {15: 0xF8, 16: 0xF8, 24: 0xFF, 32: 0xFF}[bits]
    for row in range(3):
        part = slice(row * 20 + 4, row * 20 + 16)
        assert [value & mask for value in surface[part]] == [value & mask for value in picture[part]]
    # Dropping the low bits of what was expanded changes nothing.
    assert pixels.encode_raw(View(surface, 20, 1, 0, 3, 3), bits, top_down=top_down) == raw
    assert pixels.encode_raw(View(surface, 20, 1, 0, 3, 3), bits, top_down=not top_down) != raw


def test_palettes() -> None:
    palette = bytearray(1024)
    palette[4 * 7 : 4 * 7 + 4] = bytes((1, 2, 3, 0))
    surface = bytearray(8)
    # Rows of one byte are padded to four; the bottom row comes first.
    pixels.draw_raw(b"\0xxx\7", View(surface, 4, 0, 0, 1, 2), 1, 2, 8, palette)
    assert surface == bytes((1, 2, 3, 255, 0, 0, 0, 255))


def test_only_the_visible_part_is_drawn() -> None:
    surface = bytearray(16)
    pixels.draw_raw(bytes(range(48)), View(surface, 8, 1, 1, 1, 1), 4, 3, 32)
    assert surface == bytes(12) + bytes((32, 33, 34, 255))


def test_short_data_are_truncated_but_for_the_last_pad() -> None:
    surface = bytearray(b"\xaa" * 24)
    with pytest.raises(Truncated):
        pixels.draw_raw(bytes(20), View(surface, 12, 0, 0, 3, 2), 3, 2, 24)
    assert surface == b"\xaa" * 24
    pixels.draw_raw(bytes(21), View(surface, 12, 0, 0, 3, 2), 3, 2, 24)


def raw_at(bits: int) -> Any:
    """Raw bitmaps of one depth, under the names of the other codecs."""
    palette = bytes(range(256)) * 4 if bits == 8 else None
    return SimpleNamespace(
        compress=lambda view: pixels.encode_raw(view, bits),
        compress_all=lambda view, rects: pixels.encode_raw_all(view, rects, bits),
        decompress_into=lambda data, view, *size: pixels.draw_raw(data, view, size[0], size[1], bits, palette),
        decompress_all=lambda data, places, view: pixels.draw_raw_all(data, places, view, bits, palette),
    )


@pytest.mark.parametrize("bits", [8, 15, 16, 24, 32])
def test_many_raw_bitmaps_are_drawn_as_one_by_one(bits: int) -> None:
    # Any bytes are indices; there are more than enough.
    whole_updates.decodes_as_one_by_one(raw_at(bits), raw_at(max(bits, 15)).compress)


def test_of_many_raw_bitmaps_those_before_the_faulty_one_are_drawn() -> None:
    whole_updates.draws_those_before_the_faulty_one(raw_at(24), [(b"", Truncated), (bytes(2), Truncated)])


@pytest.mark.parametrize("bits", [15, 16, 24, 32])
def test_many_raw_bitmaps_are_encoded_as_one_by_one(bits: int) -> None:
    whole_updates.encodes_as_one_by_one(raw_at(bits))


def test_many_raw_bitmaps_in_places_that_cannot_be() -> None:
    whole_updates.refuses_places_that_cannot_be(raw_at(16))
    whole_updates.refuses_rectangles_that_cannot_be(raw_at(16))


def test_what_many_raw_bitmaps_cannot_be() -> None:
    view = View(bytearray(4), 4, 0, 0, 1, 1)
    with pytest.raises(ValueError, match="4 bits"):
        pixels.draw_raw_all([], [], view, 4)
    with pytest.raises(ValueError, match="8 bits"):
        pixels.encode_raw_all(view, [], 8)
    for palette in (None, bytes(1023)):
        with pytest.raises(ValueError, match="palette"):
            pixels.draw_raw_all([], [], view, 8, palette)


def test_what_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="4 bits"):
        pixels.draw_raw(b"", View(bytearray(4), 4, 0, 0, 1, 1), 1, 1, 4)
    with pytest.raises(ValueError, match="8 bits"):
        pixels.encode_raw(View(bytes(4), 4, 0, 0, 1, 1), 8)
    with pytest.raises(ValueError, match="palette"):
        pixels.draw_raw(b"", View(bytearray(4), 4, 0, 0, 1, 1), 1, 1, 8)
    with pytest.raises(ValueError, match="palette"):
        pixels.draw_raw(bytes(4), View(bytearray(4), 4, 0, 0, 1, 1), 1, 1, 8, bytes(3))
    with pytest.raises(DecodeError):
        pixels.draw_raw(b"", View(bytearray(4), 4, 0, 0, 1, 1), 65535, 65535, 32)
    with pytest.raises(ValueError, match="surface"):
        pixels.draw_raw(bytes(16), View(bytearray(12), 8, 0, 0, 2, 2), 2, 2, 32)
    with pytest.raises(ValueError, match="surface"):
        pixels.encode_raw(View(bytes(16), 8, 1, 0, 2, 2), 32)
