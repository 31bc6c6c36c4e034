from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trio_rdp.graphics.pointer_shape import MAX_SIDE, PointerShape, decode_masks, encode_masks
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated

BLACK, WHITE, CLEAR = [0, 0, 0, 255], [255, 255, 255, 255], [0, 0, 0, 0]


def shapes(max_side: int = 40) -> st.SearchStrategy[PointerShape]:
    sides = st.integers(1, max_side)
    arrays = st.tuples(sides, sides).flatmap(lambda size: hnp.arrays(np.uint8, (*size, 4)))
    return st.builds(PointerShape, arrays)


def test_one_bit() -> None:
    # Two rows of three pixels, top-down as only at this depth, each row padded to two bytes.
    shape = decode_masks(bytes.fromhex("6000 4000"), bytes.fromhex("2000 8000"), 3, 2, 1)
    # Top row: XOR 011, AND 001, so that the last pixel inverts the screen, and is drawn as a checker's black.
    assert shape.pixels[0].tolist() == [BLACK, WHITE, BLACK]
    # Bottom row: XOR 010, AND 100.
    assert shape.pixels[1].tolist() == [CLEAR, WHITE, BLACK]


def test_inverting_pixels_are_a_checker() -> None:
    shape = decode_masks(b"\xff\xff" * 4, b"\xff\xff" * 4, 4, 4, 1)
    assert shape.pixels.tolist() == [[BLACK, WHITE, BLACK, WHITE], [WHITE, BLACK, WHITE, BLACK]] * 2


def test_four_bits_high_nibble_first() -> None:
    palette = np.zeros((256, 4), np.uint8)
    palette[1], palette[2], palette[3] = (1, 2, 3, 0), (4, 5, 6, 0), (7, 8, 9, 0)
    shape = decode_masks(b"\x12\x30", b"\0\0", 3, 1, 4, palette=palette)
    assert shape.pixels.tolist() == [[[1, 2, 3, 255], [4, 5, 6, 255], [7, 8, 9, 255]]]
    assert decode_masks(b"\x1f\0", b"", 2, 1, 4).pixels.tolist() == [[[17, 17, 17, 255], WHITE]]


def test_eight_bits() -> None:
    palette = np.zeros((256, 4), np.uint8)
    palette[200] = (10, 20, 30, 0)
    assert decode_masks(b"\xc8\x00", b"\0\0", 1, 1, 8, palette=palette).pixels.tolist() == [[[10, 20, 30, 255]]]
    assert decode_masks(b"\xc8\x00", b"\0\0", 1, 1, 8).pixels.tolist() == [[[200, 200, 200, 255]]]


@pytest.mark.parametrize("depth", [15, 16])
def test_sixteen_bits_are_five_each(depth: int) -> None:
    shape = decode_masks(b"\x00\x7c\xe0\x03\x1f\x00", b"", 3, 1, depth)
    assert shape.pixels.tolist() == [[[0, 0, 255, 255], [0, 255, 0, 255], [255, 0, 0, 255]]]


def test_a_row_of_fifteen_bits_has_two_bytes_a_pixel() -> None:
    for width in (15, 16, 17, 64):
        row = bytes.fromhex("1f00") * width
        for depth in (15, 16):
            shape = decode_masks(row, b"", width, 1, depth)
            assert shape.pixels.tolist() == [[[255, 0, 0, 255]] * width]
        with pytest.raises(Truncated):
            decode_masks(row[:-1], b"", width, 1, 15)


def test_twenty_four_bits_rows_are_padded_to_two_bytes() -> None:
    # The document's example: a row of three pixels takes ten bytes.
    shape = decode_masks(bytes(range(30)), b"", 3, 3, 24)
    assert shape.pixels[0, 0].tolist() == [20, 21, 22, 255]
    assert shape.pixels[2, 2].tolist() == [6, 7, 8, 255]


def test_alpha_counts_and_the_and_mask_does_not() -> None:
    shape = decode_masks(bytes([1, 2, 3, 128]), b"\x80\x00", 1, 1, 32)
    assert shape.pixels.tolist() == [[[1, 2, 3, 128]]]


def test_a_32_bit_pointer_without_any_alpha_uses_the_and_mask() -> None:
    shape = decode_masks(bytes([1, 2, 3, 0, 0, 0, 0, 0]), b"\x40\x00", 2, 1, 32)
    assert shape.pixels.tolist() == [[[1, 2, 3, 255], CLEAR]]


def test_hotspots_outside_move_in() -> None:
    assert decode_masks(b"\0\0", b"\0\0", 3, 1, 1, hotspot=(2, 0)).hotspot == (2, 0)
    assert decode_masks(b"\0\0", b"\0\0", 3, 1, 1, hotspot=(3, 99)).hotspot == (2, 0)


def test_a_pointer_of_no_pixels() -> None:
    assert decode_masks(b"", b"", 0, 0, 24, hotspot=(5, 5)).hotspot == (0, 0)


@pytest.mark.parametrize("depth", [0, 2, 12, 33, 65535])
def test_unknown_depths(depth: int) -> None:
    with pytest.raises(InvalidField, match="bits per pixel"):
        decode_masks(bytes(99), bytes(99), 1, 1, depth)


@pytest.mark.parametrize("size", [(MAX_SIDE + 1, 1), (1, MAX_SIDE + 1), (65535, 65535)])
def test_too_large(size: tuple[int, int]) -> None:
    with pytest.raises(InvalidField, match="exceeds 384"):
        decode_masks(b"", b"", *size, 24)


def test_short_masks() -> None:
    with pytest.raises(Truncated, match="needs 20 bytes, has 19"):
        decode_masks(bytes(19), bytes(4), 3, 2, 24)
    with pytest.raises(Truncated, match="needs 4 bytes, has 3"):
        decode_masks(bytes(20), bytes(3), 3, 2, 24)


@given(
    st.binary(max_size=200) | st.binary(min_size=20, max_size=20).map(lambda data: data * 100),
    st.binary(max_size=64) | st.binary(min_size=4, max_size=4).map(lambda data: data * 20),
    st.integers(0, 20),
    st.integers(0, 20),
    st.sampled_from([1, 4, 8, 15, 16, 24, 32, 5]),
)
def test_whatever_the_masks(xor_mask: bytes, and_mask: bytes, width: int, height: int, depth: int) -> None:
    try:
        shape = decode_masks(xor_mask, and_mask, width, height, depth)
    except DecodeError:
        return
    assert (shape.width, shape.height) == (width, height)


@given(shapes())
def test_round_trip_at_32(shape: PointerShape) -> None:
    found = decode_masks(*encode_masks(shape, 32), shape.width, shape.height, 32).pixels
    visible = shape.pixels[..., 3] > 0
    assert (found[visible] == shape.pixels[visible]).all()
    assert not found[~visible].any()


@given(shapes())
def test_round_trip_at_24(shape: PointerShape) -> None:
    found = decode_masks(*encode_masks(shape, 24), shape.width, shape.height, 24).pixels
    visible = shape.pixels[..., 3] >= 128
    assert (found[visible][:, :3] == shape.pixels[visible][:, :3]).all()
    assert (found[..., 3] == np.where(visible, 255, 0)).all()


def test_masks_have_padded_rows() -> None:
    xor_mask, and_mask = encode_masks(PointerShape(np.zeros((3, 3, 4), np.uint8)), 24)
    assert (len(xor_mask), and_mask) == (30, b"\xe0\0" * 3)
    with pytest.raises(ValueError, match="24 or 32"):
        encode_masks(PointerShape(np.zeros((3, 3, 4), np.uint8)), 16)


def test_equality() -> None:
    pixels = np.zeros((2, 2, 4), np.uint8)
    assert PointerShape(pixels) == PointerShape(pixels.copy())
    assert PointerShape(pixels) != PointerShape(pixels, (1, 0))
    assert PointerShape(pixels) != PointerShape(pixels.reshape(1, 4, 4))
    assert PointerShape(pixels) != "pointer"
    assert len({PointerShape(pixels), PointerShape(pixels.copy())}) == 1


def test_what_is_no_shape() -> None:
    with pytest.raises(ValueError, match="height, width, 4"):
        PointerShape(np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(ValueError, match="exceeds"):
        PointerShape(np.zeros((2, 400, 4), np.uint8))


def test_premultiplied() -> None:
    shape = PointerShape(np.array([[[200, 100, 0, 128], [9, 9, 9, 0]]], np.uint8))
    assert shape.premultiplied().tolist() == [[[100, 50, 0, 128], [0, 0, 0, 0]]]


def test_fitted() -> None:
    pixels = np.zeros((64, 32, 4), np.uint8)
    pixels[:32] = 255
    shape = PointerShape(pixels, (31, 32))
    assert shape.fitted(64) is shape
    small = shape.fitted(32)
    assert (small.width, small.height, small.hotspot) == (16, 32, (15, 16))
    assert small.pixels[:16].all()
    assert not small.pixels[16:].any()


def test_from_rgba() -> None:
    shape = PointerShape.from_rgba(bytes.fromhex("010203ff 04050680"), 2, 1, (1, 0))
    assert shape.pixels.tolist() == [[[3, 2, 1, 255], [6, 5, 4, 128]]]
    assert shape.hotspot == (1, 0)
    with pytest.raises(ValueError, match="7 bytes are no 2x1 pixels"):
        PointerShape.from_rgba(bytes(7), 2, 1)
