from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trio_rdp.graphics.bitmap_encoder import MIN_UPDATE_SIZE, BitmapEncoder
from trio_rdp.graphics.decoded_image import DecodedImage
from trio_rdp.graphics.depths import fixed_palette, to_indices
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import jobs_from_bitmap_update, jobs_from_palette_update
from trio_rdp.pdu.bitmap import BitmapFlags, BitmapUpdate

DEPTHS = (8, 15, 16, 24, 32)


def drawing(width: int, height: int, seed: int = 1) -> np.ndarray:
    """Something like a desktop: areas of one colour, a gradient, and noise."""
    random = np.random.default_rng(seed)
    pixels = np.zeros((height, width, 4), np.uint8)
    for _ in range(6):
        left, top = random.integers(0, width), random.integers(0, height)
        pixels[top : top + 20, left : left + 30, :3] = random.integers(0, 256, 3)
    pixels[: height // 3, : width // 2, 1] = np.arange(width // 2) % 256
    pixels[-height // 4 :, -width // 4 :, :3] = random.integers(0, 256, (1, 1, 3), np.uint8)
    noise = random.integers(0, 256, (height, width, 3), np.uint8)
    pixels[height // 2 :, width // 2 :, :3] = noise[height // 2 :, width // 2 :]
    pixels[..., 3] = 255
    return pixels


def rounded(pixels: np.ndarray, depth: int) -> np.ndarray:
    """What a client of that depth can show."""
    if depth == 8:
        palette = np.frombuffer(fixed_palette(), np.uint8).reshape(256, 3)
        return palette[to_indices(pixels)][..., ::-1]
    if depth in (15, 16):
        five = pixels[..., :3] >> 3
        shown = five << 3 | five >> 2
        if depth == 16:
            six = pixels[..., 1] >> 2
            shown[..., 1] = six << 2 | six >> 4
        return shown
    return pixels[..., :3]


def shown(encoder: BitmapEncoder, updates: list[BitmapUpdate], width: int, height: int) -> np.ndarray:
    """Send the updates through their bytes to a client."""
    image = DecodedImage(width, height)
    if encoder.palette is not None:
        for job in jobs_from_palette_update(encoder.palette):
            image.apply(job)
    for update in updates:
        for job in jobs_from_bitmap_update(BitmapUpdate.decode(update.encode())):
            image.apply(job)
    return image.pixels


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize("compress", [False, True])
def test_whole_pictures(depth: int, header: bool, compress: bool) -> None:
    encoder = BitmapEncoder(depth, compression_header=header, compress=compress)
    picture = drawing(199, 131)  # neither side is a multiple of anything
    updates = encoder.encode(picture, [Rect(0, 0, 199, 131)])
    assert (shown(encoder, updates, 199, 131)[..., :3] == rounded(picture, depth)).all()
    compressed = [b for update in updates for b in update.rectangles if b.flags & BitmapFlags.BITMAP_COMPRESSION]
    assert bool(compressed) == compress
    assert all((bitmap.bitmap_compr_hdr is not None) == header for bitmap in compressed)


@settings(max_examples=60)
@given(
    st.sampled_from(DEPTHS),
    st.integers(1, 90),
    st.integers(1, 70),
    st.integers(0, 99),
    st.booleans(),
    st.lists(st.builds(Rect, st.integers(-5, 80), st.integers(-5, 60), st.integers(0, 80), st.integers(0, 80))),
)
def test_parts(depth: int, width: int, height: int, seed: int, header: bool, rects: list[Rect]) -> None:
    encoder = BitmapEncoder(depth, compression_header=header)
    picture = drawing(width, height, seed)
    found = shown(encoder, encoder.encode(picture, rects), width, height)[..., :3]
    expected = rounded(picture, depth)
    sent = np.zeros((height, width), bool)
    for rect in rects:
        clip = rect.intersect(Rect(0, 0, width, height))
        sent[clip.top : clip.bottom, clip.left : clip.right] = True
    assert (found[sent] == expected[sent]).all()
    # What else was drawn, to reach multiples of four, is the picture too.
    assert ((found == expected).all(axis=2) | (found == 0).all(axis=2)).all()


@settings(max_examples=40)
@given(st.sampled_from(DEPTHS), st.booleans(), st.integers(MIN_UPDATE_SIZE, 70_000))
def test_updates_are_no_larger_than_the_limit(depth: int, header: bool, limit: int) -> None:
    encoder = BitmapEncoder(depth, compression_header=header, max_update_size=limit)
    picture = drawing(150, 90)
    updates = encoder.encode(picture, [Rect(0, 0, 150, 90)])
    assert max(len(update.encode()) for update in updates) <= limit
    assert (shown(encoder, updates, 150, 90)[..., :3] == rounded(picture, depth)).all()


def test_bitmaps_keep_the_rules() -> None:
    encoder = BitmapEncoder(16, compression_header=True)
    picture = drawing(131, 131)
    bitmaps = [b for update in encoder.encode(picture, [Rect(1, 1, 130, 130)]) for b in update.rectangles]
    for bitmap in bitmaps:
        assert bitmap.width % 4 == 0
        assert bitmap.width <= 64
        assert bitmap.height <= 64
        assert bitmap.dest_right < 131
        assert bitmap.dest_right - bitmap.dest_left + 1 <= bitmap.width
        assert bitmap.dest_bottom - bitmap.dest_top + 1 == bitmap.height
        if bitmap.bitmap_compr_hdr is not None:
            assert bitmap.bitmap_compr_hdr.cb_comp_first_row_size == 0
            assert bitmap.bitmap_compr_hdr.cb_comp_main_body_size == len(bitmap.bitmap_data_stream)
            assert bitmap.bitmap_compr_hdr.cb_scan_width == bitmap.width
            assert bitmap.bitmap_compr_hdr.cb_uncompressed_size == bitmap.width * bitmap.height * 2


@pytest.mark.parametrize("width", [4, 8, 66, 127, 130])
@pytest.mark.parametrize("depth", [8, 16, 32])
def test_bitmaps_are_as_wide_as_what_they_draw_on_pictures_of_any_width(depth: int, width: int) -> None:
    """IronRDP panics otherwise."""
    encoder, pixels = BitmapEncoder(depth), drawing(width, 70)
    updates = encoder.encode(pixels, [Rect(0, 0, width, 70)])
    for bitmap in (bitmap for update in updates for bitmap in update.rectangles):
        assert bitmap.width == bitmap.dest_right - bitmap.dest_left + 1
    assert np.array_equal(shown(encoder, updates, width, 70)[..., :3], rounded(pixels, depth))


def test_noise_is_sent_raw() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 4), np.uint8)
    for depth in (16, 24):
        encoder = BitmapEncoder(depth, max_update_size=20_000)
        (bitmap,) = encoder.encode_tiles(noise, [Rect(0, 0, 64, 64)])
        assert bitmap.flags == 0
        assert len(bitmap.bitmap_data_stream) == 64 * 64 * depth // 8


def test_flat_areas_are_small() -> None:
    picture = np.full((64, 64, 4), 200, np.uint8)
    for depth in DEPTHS:
        (bitmap,) = BitmapEncoder(depth, max_update_size=20_000).encode_tiles(picture, [Rect(0, 0, 64, 64)])
        assert len(bitmap.bitmap_data_stream) < 600


def test_grouping_fills_updates() -> None:
    encoder = BitmapEncoder(24)
    picture = np.zeros((768, 1024, 4), np.uint8)
    updates = encoder.encode(picture, [Rect(0, 0, 1024, 768)])
    assert sum(len(update.rectangles) for update in updates) == 16 * len(range(0, 768, 64))
    assert len(updates) == 1


def test_nothing_to_send() -> None:
    assert BitmapEncoder(24).encode(np.zeros((9, 9, 4), np.uint8), [Rect(20, 0, 5, 5), Rect(0, 0, 0, 5)]) == []


def test_only_8_bits_have_a_palette() -> None:
    palette = BitmapEncoder(8).palette
    assert palette is not None
    assert len(palette.palette_entries) == 768
    assert BitmapEncoder(16).palette is None


def test_what_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="no 12 bits"):
        BitmapEncoder(12)
    with pytest.raises(ValueError, match="less than"):
        BitmapEncoder(16, max_update_size=MIN_UPDATE_SIZE - 1)
