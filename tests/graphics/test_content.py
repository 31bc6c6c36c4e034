"""What looks like a photograph and what does not: always the same answer for the same pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.graphics import content
from trio_rdp.graphics.content import Content, Hints
from trio_rdp.graphics.geometry import Rect

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
GRID = [(row, column) for row in range(2) for column in range(3)]


def find_photos(pixels: Pixels, tiles: list[tuple[int, int]]) -> list[bool]:
    columns = -(-pixels.shape[1] // 64)
    marks = bytearray(columns * -(-pixels.shape[0] // 64))
    for row, column in tiles:
        marks[row * columns + column] = 1
    found = content.find_photos(pixels, marks)
    assert all(mark or not photo for mark, photo in zip(marks, found, strict=True))
    return [bool(found[row * columns + column]) for row, column in tiles]


def bgrx(rgb: Any) -> Pixels:
    pixels = np.full((*np.asarray(rgb).shape[:2], 4), 7, np.uint8)
    pixels[..., :3] = np.asarray(rgb)[..., ::-1]
    return pixels


def text(foreground: str = "black", background: str = "white") -> Pixels:
    image = Image.new("RGB", (192, 128), background)
    draw = ImageDraw.Draw(image)
    for line in range(9):
        draw.text((2, 14 * line), "the client acknowledges every frame " * 2, fill=foreground)
    return bgrx(image)


def flat() -> Pixels:
    return bgrx(np.full((128, 192, 3), 90, np.uint8))


def buttons() -> Pixels:
    image = Image.new("RGB", (192, 128), "silver")
    draw = ImageDraw.Draw(image)
    for at in range(0, 192, 24):
        draw.rectangle((at, 8, at + 18, 30), fill="white", outline="gray")
        draw.line((at, 0, 191 - at, 127), fill="navy")
    draw.text((96, 70), "Save", anchor="mm", font=ImageFont.load_default(size=40))
    return bgrx(image)


def dithered() -> Pixels:
    """Two colours by turns, in both directions."""
    rows, columns = np.indices((128, 192))
    return bgrx(np.where(((rows + columns) % 2 == 0)[..., None], (10, 20, 30), (200, 210, 220)))


def slope() -> Pixels:
    """A smooth gradient down the window, as title bars have it."""
    return bgrx(np.repeat(np.linspace(0, 255, 128)[:, None, None], 192, axis=1).repeat(3, axis=2).astype(np.uint8))


def photograph() -> Pixels:
    random = np.random.default_rng(5)
    soft = Image.fromarray(random.integers(0, 256, (10, 14, 3), np.uint8)).resize((192, 128), Image.Resampling.BICUBIC)
    return bgrx((np.asarray(soft) + random.normal(0, 2, (128, 192, 3))).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("make", [text, flat, buttons, dithered, slope])
def test_what_is_none(make: Any) -> None:
    assert find_photos(make(), GRID) == [False] * 6


def test_colored_text_is_none() -> None:
    assert not any(find_photos(text("#205080", "#f0e8d0"), GRID))


def test_what_is_one() -> None:
    assert find_photos(photograph(), GRID) == [True] * 6


def test_each_tile_for_itself_in_any_order() -> None:
    pixels = text()
    pixels[64:, 64:128] = photograph()[64:, 64:128]
    tiles = [(1, 2), (1, 1), (0, 0), (1, 0)]
    assert find_photos(pixels, tiles) == [False, True, False, False]
    assert find_photos(pixels, []) == []


def test_the_fourth_byte_does_not_count() -> None:
    pixels = flat()
    pixels[..., 3] = np.random.default_rng(1).integers(0, 256, (128, 192))
    assert not any(find_photos(pixels, GRID))


@pytest.mark.parametrize(("width", "height"), [(192, 71), (192, 5), (67, 128), (1, 1), (100, 100)])
def test_tiles_at_the_edges(width: int, height: int) -> None:
    pixels = np.ascontiguousarray(photograph()[:height, :width])
    tiles = [(row, column) for row in range(-(-height // 64)) for column in range(-(-width // 64))]
    # Seven rows or columns are too few to tell.
    expected = [min(height - 64 * row, width - 64 * column, 64) >= 8 for row, column in tiles]
    assert find_photos(pixels, tiles) == expected


class TestHints:
    def test_nothing_was_said(self) -> None:
        hints = Hints(200, 130)
        assert not hints
        assert hints.get(2, 3) is Content.AUTO

    def test_tiles_that_are_in_it_by_half(self) -> None:
        hints = Hints(200, 130)
        hints.set(Rect(32, 0, 32 + 64 + 31, 64), Content.PHOTO)
        assert [hints.get(0, column) for column in range(4)] == [
            Content.PHOTO,
            Content.PHOTO,
            Content.AUTO,
            Content.AUTO,
        ]
        assert hints.get(1, 1) is Content.AUTO
        assert hints

    def test_edges_count_as_far_as_there_are_pixels(self) -> None:
        hints = Hints(200, 130)
        hints.set(Rect(196, 128, 500, 500), BitmapCodec.QOI)
        assert hints.get(2, 3) is BitmapCodec.QOI
        assert hints.get(1, 3) is Content.AUTO

    def test_the_last_word_counts(self) -> None:
        hints = Hints(200, 130)
        hints.set(Rect(0, 0, 200, 130), Content.TEXT)
        hints.set(Rect(0, 0, 64, 64), BitmapCodec.RAW)
        hints.set(Rect(-9, -9, 5, 5), Content.PHOTO)
        assert (hints.get(0, 0), hints.get(0, 1)) == (BitmapCodec.RAW, Content.TEXT)
        hints.set(Rect(0, 0, 200, 130), Content.AUTO)
        assert not hints
