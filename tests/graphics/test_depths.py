from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.codecs.pixels import convert_into
from trio_rdp.codecs.view import View
from trio_rdp.graphics.depths import fixed_palette, to_format, to_indices

PIXEL = np.array([[[0x10, 0x20, 0x30, 0xFF]]], np.uint8)  # blue, green, red, alpha


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        (PixelFormat.BGRA32, "102030ff"),
        (PixelFormat.ABGR32, "ff102030"),
        (PixelFormat.RGBA32, "302010ff"),
        (PixelFormat.ARGB32, "ff302010"),
        (PixelFormat.BGR24, "102030"),
        (PixelFormat.RGB24, "302010"),
        (PixelFormat.RGB16, "0231"),  # 00110 001000 00010
        (PixelFormat.BGR16, "0611"),  # 00010 001000 00110
    ],
)
def test_formats(layout: PixelFormat, expected: str) -> None:
    found = to_format(PIXEL, layout)
    assert found.shape == (1, 1, layout.bytes_per_pixel)
    assert found.tobytes().hex() == expected


def test_a_copy() -> None:
    assert not np.shares_memory(to_format(PIXEL, PixelFormat.BGRA32), PIXEL)


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(4))), st.sampled_from(PixelFormat))
def test_what_goes_out_comes_in(pixels: np.ndarray, layout: PixelFormat) -> None:
    height, width = pixels.shape[:2]
    back = np.zeros_like(pixels)
    source = to_format(pixels, layout).tobytes()
    convert_into(source, layout, width * layout.bytes_per_pixel, View(back.reshape(-1), width * 4, 0, 0, width, height))
    difference = np.abs(back[..., :3].astype(int) - pixels[..., :3])
    assert difference.max() <= (7 if layout.bytes_per_pixel == 2 else 0)
    assert (back[..., 3] == 255).all()


def test_the_palette_is_full_and_has_black_and_white() -> None:
    palette = fixed_palette()
    assert len(palette) == 768
    assert bytes(3) in (palette[:3], palette[648:651])
    assert palette[-3:] == b"\xff\xff\xff"


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(4))))
def test_nearest_colors(pixels: np.ndarray) -> None:
    palette = np.frombuffer(fixed_palette(), np.uint8).reshape(256, 3)
    shown = palette[to_indices(pixels)][..., ::-1].astype(int)
    assert np.abs(shown - pixels[..., :3]).max() <= 26


def test_greys_are_finer() -> None:
    greys = np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 4, axis=2)
    palette = np.frombuffer(fixed_palette(), np.uint8).reshape(256, 3)
    assert np.abs(palette[to_indices(greys)].astype(int) - greys[..., :3]).max() <= 4
