from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.graphics.depths import to_format
from trio_rdp.graphics.framebuffer import Framebuffer
from trio_rdp.graphics.geometry import Rect


def noise(width: int, height: int, seed: int = 1) -> np.ndarray:
    """A picture of nothing, with an alpha that must not matter."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)


def test_at_first_black_and_undamaged() -> None:
    buffer = Framebuffer(5, 3)
    assert (buffer.width, buffer.height, buffer.bounds) == (5, 3, Rect(0, 0, 5, 3))
    assert (buffer.pixels == [0, 0, 0, 255]).all()
    assert not buffer.damage


@pytest.mark.parametrize("layout", list(PixelFormat))
@pytest.mark.parametrize("gap", [0, 5])
def test_blit_from_bytes(layout: PixelFormat, gap: int) -> None:
    buffer, picture = Framebuffer(20, 10), noise(7, 4)
    rows = to_format(picture, layout).reshape(4, -1)
    stride = rows.shape[1] + gap
    source = b"".join(row.tobytes() + bytes(gap) for row in rows)[: stride * 4 - gap]
    buffer.blit(Rect(3, 2, 7, 4), source, layout, stride)
    tolerance = 7 if layout.bytes_per_pixel == 2 else 0
    shown = buffer.pixels[2:6, 3:10].astype(int)
    assert np.abs(shown[..., :3] - picture[..., :3]).max() <= tolerance
    assert (buffer.pixels[..., 3] == 255).all()
    assert buffer.damage.take() == [Rect(3, 2, 7, 4)]
    buffer.fill(Rect(3, 2, 7, 4), 0)
    assert not buffer.pixels[..., :3].any()  # nothing was drawn outside


@pytest.mark.parametrize("layout", [PixelFormat.BGRA32, PixelFormat.RGB24])
def test_blit_from_arrays(layout: PixelFormat) -> None:
    whole = noise(20, 20)
    part = to_format(whole, layout)[3:18:2, ::-3]
    buffer = Framebuffer(20, 20)
    buffer.blit(Rect(1, 1, part.shape[1], part.shape[0]), part, layout)
    assert (buffer.pixels[1:9, 1:8, :3] == whole[3:18:2, ::-3, :3]).all()
    assert (buffer.pixels[..., 3] == 255).all()


@pytest.mark.parametrize("layout", [PixelFormat.BGRA32, PixelFormat.RGB24])
def test_blit_from_arrays_however_their_rows_lie(layout: PixelFormat) -> None:
    whole = to_format(noise(20, 20), layout)
    shapes = [whole, whole[3:18, 2:9], whole[::2, 5:], whole[::-1], whole[4:5, 1:7], whole[2:9, 3:4]]
    shapes += [np.broadcast_to(whole[:1], whole.shape), np.asfortranarray(whole), whole[:0], np.array(whole[:, :10])]
    for part in shapes:
        part.flags.writeable = False
        expected = Framebuffer(24, 24)
        expected.blit(Rect(-2, 3, part.shape[1], part.shape[0]), part.tobytes(), layout)
        buffer = Framebuffer(24, 24)
        buffer.blit(Rect(-2, 3, part.shape[1], part.shape[0]), part, layout)
        assert (buffer.pixels == expected.pixels).all()


@given(
    st.integers(-8, 12),
    st.integers(-8, 12),
    st.integers(0, 9),
    st.integers(0, 9),
    st.sampled_from([PixelFormat.BGRA32, PixelFormat.RGB24]),
    st.booleans(),
)
def test_blit_clips(left: int, top: int, width: int, height: int, layout: PixelFormat, as_array: bool) -> None:
    buffer, picture = Framebuffer(10, 8), noise(width, height)
    source = to_format(picture, layout)
    buffer.blit(Rect(left, top, width, height), source if as_array else source.tobytes(), layout)
    expected = np.zeros((8, 10, 3), np.uint8)
    for y in range(8):
        for x in range(10):
            if left <= x < left + width and top <= y < top + height:
                expected[y, x] = picture[y - top, x - left, :3]
    assert (buffer.pixels[..., :3] == expected).all()
    clip = Rect(left, top, width, height).intersect(buffer.bounds)
    assert buffer.damage.take() == ([] if clip.is_empty else [clip])


def test_blit_refuses_what_does_not_fit() -> None:
    buffer = Framebuffer(10, 10)
    with pytest.raises(ValueError, match="do not fit"):
        buffer.blit(Rect(0, 0, 2, 2), bytes(15))
    with pytest.raises(ValueError, match="do not fit"):
        buffer.blit(Rect(0, 0, 2, 2), bytes(99), stride=7)
    with pytest.raises(ValueError, match="no picture"):
        buffer.blit(Rect(0, 0, 2, 2), noise(3, 2))
    with pytest.raises(ValueError, match="no picture"):
        buffer.blit(Rect(0, 0, 2, 2), noise(2, 2), PixelFormat.RGB24)
    assert not buffer.damage
    buffer.blit(Rect(0, 0, 0, 0), b"")
    assert not buffer.damage


def test_fill() -> None:
    buffer = Framebuffer(10, 10)
    buffer.fill(Rect(8, 8, 5, 5), 0x112233)
    assert (buffer.pixels[8:, 8:] == [0x33, 0x22, 0x11, 255]).all()
    assert not buffer.pixels[:8, :, :3].any()
    assert buffer.damage.take() == [Rect(8, 8, 2, 2)]
    buffer.fill(Rect(20, 20, 5, 5), 0xFFFFFF)
    assert not buffer.damage


@given(
    st.integers(-5, 12),
    st.integers(-5, 12),
    st.integers(0, 12),
    st.integers(0, 12),
    st.integers(-5, 12),
    st.integers(-5, 12),
)
def test_copy(left: int, top: int, width: int, height: int, to_left: int, to_top: int) -> None:
    buffer = Framebuffer(10, 8)
    buffer.blit(buffer.bounds, noise(10, 8))
    buffer.damage.clear()
    before = buffer.snapshot()
    buffer.copy(Rect(left, top, width, height), to_left, to_top)
    expected = before.copy()
    for y in range(8):
        for x in range(10):
            sx, sy = x - to_left + left, y - to_top + top
            inside = left <= sx < left + width and top <= sy < top + height
            if inside and 0 <= sx < 10 and 0 <= sy < 8:
                expected[y, x] = before[sy, sx]
    assert (buffer.pixels == expected).all()
    touched = np.zeros((8, 10), bool)
    for rect in buffer.damage.take():
        touched[rect.top : rect.bottom, rect.left : rect.right] = True
    assert (touched | (expected == before).all(axis=2)).all()


def test_resize() -> None:
    buffer = Framebuffer(10, 8)
    buffer.blit(buffer.bounds, noise(10, 8))
    before = buffer.snapshot()
    buffer.resize(6, 12)
    assert (buffer.width, buffer.height) == (6, 12)
    assert (buffer.pixels[:8] == before[:, :6]).all()
    assert (buffer.pixels[8:] == [0, 0, 0, 255]).all()
    assert buffer.damage.take() == [Rect(0, 0, 6, 12)]


def test_sizes_are_limited() -> None:
    with pytest.raises(ValueError, match="a picture of"):
        Framebuffer(65535, 65535)
    with pytest.raises(ValueError, match="a picture of"):
        Framebuffer(1, 1).resize(0, 1)


def test_snapshots_are_copies() -> None:
    buffer = Framebuffer(2, 2)
    picture = buffer.snapshot()
    buffer.fill(buffer.bounds, 0xFFFFFF)
    assert not picture[..., :3].any()
