"""Drawing on a picture in memory, uint8 (height, width, 4) B G R X: gradients, cards, rings, text and a plasma.

Colours are (red, green, blue).  Whatever lies outside of the picture is cut off.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from trio_rdp.graphics.geometry import Rect

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Color",
    "Plasma",
    "advance",
    "blank",
    "blend",
    "disc",
    "draw_text",
    "fill",
    "gradient",
    "line_height",
    "part",
    "ring",
    "rounded",
    "text_width",
]

Color = tuple[int, int, int]

# Pillow's own font knows ASCII and little more; where the machine has one of these, they stand in.
_FURTHER_FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial.ttf")
_UNASSIGNED = "\uffff"


def blank(width: int, height: int) -> NDArray[np.uint8]:
    """Make a black picture."""
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[:, :, 3] = 255
    return pixels


def part(pixels: NDArray[np.uint8], rect: Rect) -> NDArray[np.uint8]:
    """Look at a part of a picture; `rect` must lie inside."""
    return pixels[rect.top : rect.bottom, rect.left : rect.right]


def _clip(pixels: NDArray[np.uint8], rect: Rect) -> Rect:
    return rect.intersect(Rect(0, 0, pixels.shape[1], pixels.shape[0]))


def fill(pixels: NDArray[np.uint8], rect: Rect, color: Color) -> None:
    """Fill a rectangle."""
    part(pixels, _clip(pixels, rect))[:, :, :3] = color[::-1]


def gradient(pixels: NDArray[np.uint8], first: Color, second: Color) -> None:
    """Fill the picture with a gradient from its top left corner to its bottom right one."""
    height, width = pixels.shape[:2]
    share = (np.linspace(0, 0.5, height)[:, None] + np.linspace(0, 0.5, width)[None, :])[:, :, None]
    start, end = np.array(first[::-1], float), np.array(second[::-1], float)
    # Without noise of half a step, eyes see bands.
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (height, width, 1))
    pixels[:, :, :3] = np.clip(np.rint(start + (end - start) * share + noise), 0, 255)


def blend(
    pixels: NDArray[np.uint8], left: int, top: int, mask: NDArray[np.uint8], color: Color, within: Rect | None = None
) -> Rect:
    """Put a colour through a mask of 0 (nothing) to 255, only inside `within`; give the rectangle that was touched."""
    height, width = mask.shape
    rect = _clip(pixels, Rect(left, top, width, height))
    if within is not None:
        rect = rect.intersect(within)
    if rect.is_empty:
        return rect
    share = mask[rect.top - top : rect.bottom - top, rect.left - left : rect.right - left].astype(np.uint16)[:, :, None]
    target = part(pixels, rect)[:, :, :3]
    ink = np.array(color[::-1], np.uint16)
    target[:] = (target * (255 - share) + ink * share + 127) // 255
    return rect


def _mask(inside: NDArray[np.float64], strength: int = 255) -> NDArray[np.uint8]:
    """A mask of how far inside of a line each pixel is, with an edge one pixel wide."""
    return (np.clip(inside + 0.5, 0, 1) * strength).astype(np.uint8)


@functools.lru_cache(maxsize=64)
def rounded(width: int, height: int, radius: int, strength: int = 255) -> NDArray[np.uint8]:
    """A mask of a rectangle with round corners."""
    x = (np.abs(np.arange(width) - (width - 1) / 2) - (width / 2 - radius))[None, :]
    y = (np.abs(np.arange(height) - (height - 1) / 2) - (height / 2 - radius))[:, None]
    outside = np.hypot(np.maximum(x, 0), np.maximum(y, 0)) + np.minimum(np.maximum(x, y), 0)
    return _mask(radius - outside, strength)


def _distances(radius: int) -> NDArray[np.float64]:
    at = np.arange(2 * radius) - radius + 0.5
    distances: NDArray[np.float64] = np.hypot(at[None, :], at[:, None])
    return distances


@functools.lru_cache(maxsize=256)
def ring(radius: int, thickness: int, strength: int = 255) -> NDArray[np.uint8]:
    """A mask of a circle's line, `2 * radius` pixels wide."""
    return _mask(thickness / 2 - np.abs(_distances(radius) - (radius - thickness / 2 - 0.5)), strength)


@functools.lru_cache(maxsize=64)
def disc(radius: int, strength: int = 255) -> NDArray[np.uint8]:
    """A mask of a full circle, `2 * radius` pixels wide."""
    return _mask(radius - 0.5 - _distances(radius), strength)


if TYPE_CHECKING:
    _Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@functools.cache
def _fonts(size: int) -> tuple[_Font, ...]:
    fonts: list[_Font] = [ImageFont.load_default(size)]
    for name in _FURTHER_FONTS:
        try:
            fonts.append(ImageFont.truetype(name, size))
        except OSError:
            continue
    return tuple(fonts)


def _shape(font: _Font, character: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(character)
    return mask.size, bytes(mask)


@functools.lru_cache(maxsize=4096)
def _font_for(character: str, size: int) -> _Font | None:
    """The first font that has the character; what a font lacks looks like a character that nobody has."""
    for font in _fonts(size):
        if character == " " or _shape(font, character) != _shape(font, _UNASSIGNED):
            return font
    return None


@functools.lru_cache(maxsize=4096)
def advance(character: str, size: int) -> float:
    """How many pixels further the next character of a line starts."""
    font = _font_for(character, size)
    return float(size) if font is None else font.getlength(character)


def line_height(size: int) -> int:
    """How many pixels a line of text takes from top to bottom."""
    return size + max(size // 3, 3)


def _runs(text: str, size: int) -> Iterator[tuple[str, _Font | None, float]]:
    """Pieces of a text that one font draws, so that it can kern, and their widths."""
    for font, run in itertools.groupby(text, lambda character: _font_for(character, size)):
        piece = "".join(run)
        yield piece, font, len(piece) * float(size) if font is None else font.getlength(piece)


@functools.lru_cache(maxsize=1024)
def text_width(text: str, size: int) -> int:
    """How many pixels a line of text takes from left to right."""
    return -int(-sum(width for _, _, width in _runs(text, size)) // 1)


@functools.lru_cache(maxsize=1024)
def _text_mask(text: str, size: int) -> NDArray[np.uint8]:
    image = Image.new("L", (text_width(text, size) + 2, line_height(size)))
    draw = ImageDraw.Draw(image)
    x = 0.0
    for piece, font, width in _runs(text, size):
        if font is None:
            for number, character in enumerate(piece):
                _draw_unknown(draw, round(x) + number * size, size, character)
        else:
            draw.text((x, size), piece, 255, font, anchor="ls")
        x += width
    return np.asarray(image)


def _draw_unknown(draw: ImageDraw.ImageDraw, left: int, size: int, character: str) -> None:
    """A box with the code point, for what no font here has."""
    draw.rectangle((left + 1, 2, left + size - 3, size), outline=160)
    number = f"{ord(character):04X}"
    small = ImageFont.load_default(max(size // 3, 6))
    half = (len(number) + 1) // 2
    for row, digits in enumerate((number[:half], number[half:])):
        draw.text((left + size // 2 - 1, 2 + (size - 2) * (2 * row + 1) // 4), digits, 255, small, anchor="mm")


def draw_text(
    pixels: NDArray[np.uint8], left: int, top: int, text: str, size: int, color: Color, within: Rect | None = None
) -> Rect:
    """Write one line of text whose box starts at (left, top); give the rectangle that was touched."""
    return blend(pixels, left, top, _text_mask(text, size), color, within) if text else Rect(left, top, 0, 0)


_PALETTE_STOPS = np.array(
    [(14, 116, 220), (79, 70, 229), (168, 60, 220), (240, 80, 150), (250, 160, 60), (60, 190, 190), (14, 116, 220)],
    float,
)
_BAND = 8  # steps of the palette that share a colour


class Plasma:
    """A picture that flows: three waves added up, looked up in a round palette of bands."""

    def __init__(self, width: int, height: int) -> None:
        x, y = np.arange(width), np.arange(height)
        self._x, self._y = x * 256 // 230, y * 256 // 170
        distance = np.hypot(x[None, :] - width * 0.35, (y[:, None] - height * 0.6) * 1.3)
        self._distance = (distance * 1.4).astype(np.uint8)
        self._wave = (np.sin(np.arange(256) * (2 * np.pi / 256)) * 42 + 42).astype(np.uint8)
        # Bands, because a smooth picture that moves is what codecs without loss are worst at.
        at = np.arange(256) // _BAND * _BAND * ((len(_PALETTE_STOPS) - 1) / 256)
        stops = np.arange(len(_PALETTE_STOPS))
        palette = np.full((256, 4), 255, np.uint8)
        for channel in range(3):
            palette[:, 2 - channel] = np.interp(at, stops, _PALETTE_STOPS[:, channel])
        self._palette = palette.view(np.uint32)[:, 0]

    def render(self, seconds: float) -> NDArray[np.uint8]:
        """The picture at a moment."""
        step = int(seconds * 60)
        across = self._wave[(self._x + step) & 255]
        down = self._wave[(self._y - step // 2) & 255]
        around = np.take(self._wave, self._distance - np.uint8((2 * step) & 255))
        # The sum wraps at 256, as does the palette.
        index = around + across[None, :] + down[:, None] + np.uint8((step // 3) & 255)
        pixels: NDArray[np.uint8] = np.take(self._palette, index).view(np.uint8).reshape(*index.shape, 4)
        return pixels
