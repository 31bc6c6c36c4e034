from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graphics.paint_jobs import draw_bitmap, draw_surface_bits
from trio_rdp.codecs import interleaved_rle, nscodec, planar, qoi, qoiz
from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.codecs.view import View
from trio_rdp.graphics import decoded_image
from trio_rdp.graphics.decoded_image import DecodedImage
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import (
    BeginFrame,
    Compression,
    DrawBitmaps,
    DrawSurfaceBits,
    EndFrame,
    PaintJob,
    ResetPipeline,
    SetPalette,
)
from trio_rdp.graphics.pipeline.jobs import (
    BeginPipelineFrame,
    CreateSurface,
    EndPipelineFrame,
    FillSurface,
    MapSurface,
    MapSurfaceToWindow,
    ResetGraphics,
)
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated


def raw32(rect: Rect, color: int, width: int | None = None, height: int | None = None) -> DrawBitmaps:
    """A raw bitmap of one shade of grey."""
    width, height = rect.width if width is None else width, rect.height if height is None else height
    return draw_bitmap(rect, width, height, 32, Compression.RAW, bytes([color]) * (width * height * 4))


def test_at_first_black() -> None:
    image = DecodedImage(4, 2)
    assert (image.width, image.height, image.bounds) == (4, 2, Rect(0, 0, 4, 2))
    assert (image.snapshot() == [0, 0, 0, 255]).all()


@pytest.mark.parametrize("size", [(0, 5), (65535, 65535), (40000, 1)])
def test_sizes_are_limited(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="a picture of"):
        DecodedImage(*size)
    with pytest.raises(ValueError, match="a picture of"):
        DecodedImage(1, 1).resize(*size)


def test_raw_rows_are_bottom_up_and_padded() -> None:
    image = DecodedImage(3, 2)
    # Two rows of three 16-bit pixels and two bytes of padding: below red, above green.
    data = b"\x00\xf8" * 3 + b"\xaa\xaa" + b"\xe0\x07" * 3 + b"\xbb\xbb"
    assert image.apply(draw_bitmap(Rect(0, 0, 3, 2), 3, 2, 16, Compression.RAW, data)) == [Rect(0, 0, 3, 2)]
    assert (image.pixels[0] == [0, 255, 0, 255]).all()
    assert (image.pixels[1] == [0, 0, 255, 255]).all()


def test_palette() -> None:
    image = DecodedImage(4, 1)
    job = draw_bitmap(image.bounds, 4, 1, 8, Compression.RAW, bytes([0, 1, 2, 255]))
    image.apply(job)
    assert image.pixels[0, :, 0].tolist() == [0, 1, 2, 255]  # shades of grey until the server says more
    assert image.apply(SetPalette(b"\x01\x02\x03\x04\x05\x06")) == []
    assert image.pixels[0, 0].tolist() == [0, 0, 0, 255]  # what was drawn stays
    image.apply(job)
    assert image.pixels[0].tolist() == [[3, 2, 1, 255], [6, 5, 4, 255], [2, 2, 2, 255], [255, 255, 255, 255]]
    assert image.palette[:2].tolist() == [[3, 2, 1, 255], [6, 5, 4, 255]]


@given(st.binary(max_size=800))
def test_whatever_the_palette(entries: bytes) -> None:
    image = DecodedImage(1, 1)
    image.apply(SetPalette(entries))
    assert image.palette.shape == (256, 4)
    assert (image.palette[:, 3] == 255).all()


def test_frame_markers_draw_nothing() -> None:
    image = DecodedImage(4, 4)
    assert image.apply(BeginFrame(1)) == image.apply(EndFrame(1)) == []


def test_only_what_fits_the_rectangle_is_shown() -> None:
    image = DecodedImage(10, 10)
    assert image.apply(raw32(Rect(1, 1, 3, 2), 9, width=4, height=4)) == [Rect(1, 1, 3, 2)]
    assert image.pixels[..., 0].sum() == 6 * 9
    # A rectangle larger than its bitmap is not stretched.
    image = DecodedImage(10, 10)
    assert image.apply(raw32(Rect(1, 1, 9, 9), 9, width=4, height=4)) == [Rect(1, 1, 4, 4)]
    assert image.pixels[..., 0].sum() == 16 * 9


def test_interleaved_and_planar() -> None:
    picture = np.zeros((8, 8, 4), np.uint8)
    picture[2:6, 1:7] = 248
    flat = picture.reshape(-1)
    for depth, compression, data in (
        (16, Compression.INTERLEAVED, interleaved_rle.compress(View(flat, 32, 0, 0, 8, 8), 16)),
        (32, Compression.PLANAR, planar.compress(View(flat, 32, 0, 0, 8, 8))),
    ):
        image = DecodedImage(10, 9)
        assert image.apply(draw_bitmap(Rect(1, 1, 7, 8), 8, 8, depth, compression, data)) == [Rect(1, 1, 7, 8)]
        shown = image.pixels[1:, 1:8].astype(int)
        assert np.abs(shown[..., :3] - picture[:, :7, :3]).max() <= 7
        assert not image.pixels[0, :, :3].any()
        assert not image.pixels[:, [0, 8, 9], :3].any()
        assert (image.pixels[..., 3] == 255).all()


@given(
    st.integers(0, 12),
    st.integers(0, 12),
    st.integers(0, 12),
    st.integers(0, 12),
    st.integers(1, 12),
    st.integers(1, 12),
)
def test_nothing_is_drawn_outside(left: int, top: int, width: int, height: int, wide: int, high: int) -> None:
    image = DecodedImage(8, 6)
    damage = image.apply(raw32(Rect(left, top, width, height), 7, width=wide, height=high))
    touched = image.pixels[..., 0] == 7
    assert touched.sum() == sum(rect.area for rect in damage)
    for rect in damage:
        assert image.bounds.contains(rect)
        assert touched[rect.top : rect.bottom, rect.left : rect.right].all()
    visible = Rect(left, top, min(width, wide), min(height, high)).intersect(image.bounds)
    assert touched.sum() == visible.area


@pytest.mark.parametrize("rect", [Rect(10, 0, 5, 5), Rect(0, 10, 5, 5), Rect(65535, 65535, 1, 1), Rect(5, 5, 0, 0)])
def test_jobs_that_show_nothing(rect: Rect) -> None:
    image = DecodedImage(10, 10)
    assert image.apply(raw32(rect, 9, width=5, height=5)) == []


@pytest.mark.parametrize(
    ("compression", "depth"),
    [(Compression.RAW, 12), (Compression.RAW, 0), (Compression.INTERLEAVED, 32), (Compression.INTERLEAVED, 65535)],
)
def test_depths_that_do_not_exist(compression: Compression, depth: int) -> None:
    with pytest.raises(InvalidField, match="bits per pixel"):
        DecodedImage(10, 10).apply(draw_bitmap(Rect(0, 0, 4, 4), 4, 4, depth, compression, bytes(64)))


def test_short_data() -> None:
    with pytest.raises(Truncated):
        DecodedImage(10, 10).apply(draw_bitmap(Rect(0, 0, 4, 4), 4, 4, 32, Compression.RAW, bytes(63)))
    with pytest.raises(DecodeError):
        DecodedImage(10, 10).apply(draw_bitmap(Rect(0, 0, 4, 4), 4, 4, 32, Compression.PLANAR, b""))


def test_huge_bitmaps_of_few_bytes() -> None:
    job = draw_bitmap(Rect(0, 0, 65535, 65535), 65535, 65535, 24, Compression.INTERLEAVED, b"\xf0\xff\xff")
    with pytest.raises(DecodeError):
        DecodedImage(10, 10).apply(job)


def encoded(codec: str, width: int, height: int) -> DrawBitmaps | DrawSurfaceBits:
    rect, view = Rect(0, 0, width, height), View.of(np.zeros((height, width, 4), np.uint8))
    match codec:
        case "interleaved":
            return draw_bitmap(rect, width, height, 16, Compression.INTERLEAVED, interleaved_rle.compress(view, 16))
        case "planar":
            return draw_bitmap(rect, width, height, 32, Compression.PLANAR, planar.compress(view))
        case "nscodec":
            return draw_surface_bits(rect, width, height, 32, 1, nscodec.compress(view))
        case "qoi":
            return draw_surface_bits(rect, width, height, 32, 10, qoi.compress(view))
        case _:
            return draw_surface_bits(rect, width, height, 32, 11, qoiz.Encoder().encode(view))


@pytest.mark.parametrize("codec", ["interleaved", "planar", "nscodec", "qoi", "qoiz"])
def test_memory_is_bounded_by_the_pictures_size(codec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Up to so many pixels the picture's size does not matter.
    monkeypatch.setattr(decoded_image, "_LEAST_ROOM", 1000)
    assert DecodedImage(3, 2).apply(encoded(codec, 20, 50)) == [Rect(0, 0, 3, 2)]
    # Beyond that the picture's tiles count.
    assert DecodedImage(3, 2).apply(encoded(codec, 32, 128)) == [Rect(0, 0, 3, 2)]
    with pytest.raises(DecodeError, match="a bitmap of 17x241 pixels for a picture of 3x2"):
        DecodedImage(3, 2).apply(encoded(codec, 17, 241))
    assert DecodedImage(65, 2).apply(encoded(codec, 17, 241)) == [Rect(0, 0, 17, 2)]


def test_a_megapixel_is_never_too_much() -> None:
    job = draw_bitmap(Rect(0, 0, 1024, 1024), 1024, 1024, 16, Compression.INTERLEAVED, b"")
    assert DecodedImage(3, 2).apply(job) == [Rect(0, 0, 3, 2)]
    job = draw_bitmap(Rect(0, 0, 1025, 1024), 1025, 1024, 16, Compression.INTERLEAVED, b"")
    with pytest.raises(DecodeError, match="for a picture of 3x2"):
        DecodedImage(3, 2).apply(job)


def test_pixels_as_they_are_take_no_memory() -> None:
    assert DecodedImage(3, 2).apply(raw32(Rect(0, 0, 1024, 2048), 9)) == [Rect(0, 0, 3, 2)]
    bits = draw_surface_bits(Rect(0, 0, 1024, 2048), 1024, 2048, 32, 0, bytes(1024 * 2048 * 4))
    assert DecodedImage(3, 2).apply(bits) == [Rect(0, 0, 3, 2)]


@given(
    st.sampled_from(Compression),
    st.sampled_from([8, 15, 16, 24, 32, 4]),
    st.integers(0, 20),
    st.integers(0, 20),
    st.binary(max_size=300),
)
def test_whatever_the_data(compression: Compression, depth: int, width: int, height: int, data: bytes) -> None:
    image = DecodedImage(12, 12)
    try:
        damage = image.apply(draw_bitmap(Rect(2, 2, 8, 8), width, height, depth, compression, data))
    except DecodeError:
        damage = []
        assert (image.pixels == [0, 0, 0, 255]).all()
    image.pixels[2:10, 2:10] = [0, 0, 0, 255]
    assert (image.pixels == [0, 0, 0, 255]).all()
    for rect in damage:
        assert Rect(2, 2, 8, 8).contains(rect)


def test_surface_bits_without_a_codec() -> None:
    image = DecodedImage(4, 4)
    data = bytes([1, 2, 3, 0]) * 2 + bytes([4, 5, 6, 0]) * 2
    assert image.apply(draw_surface_bits(Rect(1, 1, 2, 2), 2, 2, 32, 0, data)) == [Rect(1, 1, 2, 2)]
    assert (image.pixels[1, 1:3] == [4, 5, 6, 255]).all()
    assert (image.pixels[2, 1:3] == [1, 2, 3, 255]).all()


def test_surface_bits_that_are_not_there() -> None:
    with pytest.raises(InvalidField, match="number 99"):
        DecodedImage(4, 4).apply(draw_surface_bits(Rect(0, 0, 2, 2), 2, 2, 32, 99, bytes(16)))
    with pytest.raises(InvalidField, match="24 bits"):
        DecodedImage(4, 4).apply(draw_surface_bits(Rect(0, 0, 2, 2), 2, 2, 24, 0, bytes(16)))


def test_resize() -> None:
    image = DecodedImage(4, 4)
    image.apply(raw32(image.bounds, 9))
    image.resize(6, 2)
    assert (image.width, image.height) == (6, 2)
    assert not image.pixels[..., :3].any()


def test_snapshots() -> None:
    image = DecodedImage(2, 1, PixelFormat.RGB24)
    picture = image.snapshot()
    image.apply(draw_bitmap(image.bounds, 2, 1, 32, Compression.RAW, bytes([1, 2, 3, 0, 4, 5, 6, 0])))
    assert not picture.any()
    assert image.tobytes() == bytes([3, 2, 1, 6, 5, 4])
    assert image.tobytes(PixelFormat.BGRA32) == bytes([1, 2, 3, 255, 4, 5, 6, 255])
    assert image.snapshot(PixelFormat.RGB16).shape == (1, 2, 2)


def test_save(tmp_path: Path) -> None:
    image = DecodedImage(2, 1)
    image.apply(draw_bitmap(image.bounds, 2, 1, 32, Compression.RAW, bytes([1, 2, 3, 0, 4, 5, 6, 0])))
    image.save(tmp_path / "picture.png")
    from PIL import Image

    with Image.open(tmp_path / "picture.png") as picture:
        assert picture.mode == "RGB"
        assert np.array(picture).tolist() == [[[3, 2, 1], [6, 5, 4]]]


def test_no_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(RuntimeError, match=r"trio-rdp\[image\]"):
        DecodedImage(2, 1).to_image()


class TestPipeline:
    """The graphics pipeline by hand; what surfaces can do is in `pipeline`."""

    RED, GREEN = bytes((0, 0, 255, 0)), bytes((0, 255, 0, 0))

    def begun(self, *jobs: PaintJob) -> DecodedImage:
        image = DecodedImage(32, 16)
        for job in (ResetPipeline(), CreateSurface(1, 32, 16), MapSurface(1, 0, 0), *jobs):
            image.apply(job)
        return image

    def test_a_frame(self) -> None:
        image = self.begun(BeginPipelineFrame(1))
        assert image.apply(FillSurface(1, self.RED, (Rect(0, 0, 8, 8),))) == []
        assert image.apply(EndPipelineFrame(1)) == [Rect(0, 0, 32, 16)]  # all of a surface that was never shown
        assert image.snapshot(PixelFormat.RGB24)[0, 0].tolist() == [255, 0, 0]
        assert image.pixels is image.surfaces.find(1).pixels
        image.apply(BeginPipelineFrame(2))
        image.apply(FillSurface(1, self.GREEN, (Rect(4, 4, 2, 2),)))
        assert image.apply(EndPipelineFrame(2)) == [Rect(4, 4, 2, 2)]

    def test_outside_of_frames(self) -> None:
        image = self.begun()
        assert image.apply(FillSurface(1, self.RED, (Rect(0, 0, 8, 8),))) == [Rect(0, 0, 32, 16)]
        assert image.apply(FillSurface(1, self.RED, (Rect(0, 0, 8, 8),))) == [Rect(0, 0, 8, 8)]
        assert not image.is_due

    def test_another_size(self) -> None:
        image = self.begun(FillSurface(1, self.RED, (Rect(0, 0, 8, 8),)), ResetGraphics(40, 20))
        assert (image.width, image.height, image.pixels.shape) == (40, 20, (20, 40, 4))
        assert not image.pixels[..., :3].any()
        assert image.apply(EndPipelineFrame(1)) == [Rect(0, 0, 32, 16)]
        image.resize(30, 20)
        assert image.apply(EndPipelineFrame(2)) == [Rect(0, 0, 30, 16)]
        with pytest.raises(DecodeError, match="a picture of 0x20"):
            image.apply(ResetGraphics(0, 20))

    def test_beside_the_classic_path(self) -> None:
        image = self.begun(FillSurface(1, self.RED, (Rect(0, 0, 32, 16),)))
        image.apply(raw32(Rect(0, 0, 4, 4), 9))
        assert image.surfaces.find(1).pixels[0, 0].tolist() == [0, 0, 255, 255]
        assert image.pixels[0, 0].tolist() == [9, 9, 9, 255]
        assert image.pixels[8, 8].tolist() == [0, 0, 255, 255]

    def test_one_that_goes_on_at_another_size(self) -> None:
        image = self.begun(FillSurface(1, self.RED, (Rect(0, 0, 32, 16),)))
        image.apply(SetPalette(bytes(range(9))))
        other = image.resized(50, 50)
        assert np.array_equal(other.palette, image.palette)
        assert not other.pixels[..., :3].any()
        assert other.apply(EndPipelineFrame(1)) == [Rect(0, 0, 32, 16)]

    def test_a_dropped_pipeline_leaves_what_was_shown(self) -> None:
        image = self.begun(FillSurface(1, self.RED, (Rect(0, 0, 32, 16),)))
        shown = image.pixels.copy()
        image.apply(BeginPipelineFrame(1))
        image.apply(FillSurface(1, self.GREEN, (Rect(0, 0, 32, 16),)))
        image.drop_pipeline(lambda: shown)
        assert image.pixels[0, 0].tolist() == [0, 0, 255, 255]
        assert len(image.surfaces) == 0
        assert not image.surfaces.in_frame
        image.drop_pipeline(lambda: np.zeros((1, 1, 4), np.uint8))  # it is known here what is shown
        assert image.width == 32

    @pytest.mark.parametrize("size", [(8193, 10), (8192, 4321), (32767, 1), (0, 1)])
    def test_a_desktop_that_is_too_large(self, size: tuple[int, int]) -> None:
        image = DecodedImage(8, 8)
        with pytest.raises(DecodeError, match=r"a (desktop|picture) of"):
            image.apply(ResetGraphics(*size))
        assert (image.width, image.height) == (8, 8)

    def test_surfaces_that_lie_upon_each_other(self) -> None:
        image = DecodedImage(20, 10)
        for number in range(1, 10):
            image.apply(CreateSurface(number, 1, 1))
        for number in range(1, 9):
            image.apply(MapSurface(number, 0, 0, (20, 10)))
        image.apply(MapSurface(8, 0, 0, (20, 10)))  # which is the same again
        with pytest.raises(DecodeError, match="cover the desktop more than 8 times"):
            image.apply(MapSurface(9, 0, 0, (20, 10)))
        image.apply(ResetPipeline())
        image.apply(CreateSurface(1, 10, 10))
        image.apply(MapSurface(1, 0, 0, (20, 10)))
        image.apply(ResetGraphics(1, 1))  # of which it covers all

    def test_windows(self) -> None:
        image = self.begun(MapSurfaceToWindow(1, 7, 4, 4))
        window = image.window(7)
        assert window is not None
        assert window.shape == (4, 4, 4)
        assert image.window(8) is None
