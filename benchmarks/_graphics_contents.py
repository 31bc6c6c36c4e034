"""What is shown: pictures of 1920x1080 that change step by step, the same steps every time, whoever draws them.

typing    a text editor into which 20 characters a second are typed
scrolling a page of text that is scrolled by three lines, 20 times a second
drag      a window with text that is moved over a photograph, 30 steps a second
video     a film of 1280x720 in a window of the desktop, 30 frames a second
film      the same, over the whole screen
noise     random pixels over the whole screen, 30 frames a second
both      two characters a second typed beside the film in its window
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from _frames import HEIGHT, WIDTH, frame, text_corpus
from _graphics_video import film

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["NAMES", "Box", "Content", "Track", "make_content"]

Box = tuple[int, int, int, int]
"""Left, top, width and height."""

NAMES = ("typing", "scrolling", "drag", "video", "film", "noise", "both")
_PAPER, _INK = (255, 255, 255), (25, 25, 30)
_LINE = 18


@dataclass(frozen=True)
class Track:
    """Something that changes: `step` draws a step, counted from 1, and gives what it touched."""

    rate: float
    """Steps a second."""
    mark: tuple[int, int]
    """Where the number of the step is drawn."""
    step: Callable[[NDArray[np.uint8], int], list[Box]]


@dataclass(frozen=True)
class Content:
    """A picture to begin with, what changes in it, and the part by which its quality is judged."""

    base: NDArray[np.uint8]
    tracks: tuple[Track, ...]
    area: Box


def make_content(name: str, folder: Path) -> Content:
    """Make one of `NAMES`; the folder has the film."""
    makers: dict[str, Callable[[Path], Content]] = {
        "typing": lambda _: _typing(),
        "scrolling": lambda _: _scrolling(),
        "drag": lambda _: _drag(),
        "video": _video,
        "film": _full_film,
        "noise": lambda _: _noise(),
        "both": _both,
    }
    return makers[name](folder)


def _typing() -> Content:
    page = (400, 96, 1104, 864)
    base = _with_page(page, _lines(1)[:20])
    track = Track(20, (page[0] + 16, page[1] + 16), _typist((page[0] + 16, page[1] + 440), page[2] - 32))
    return Content(base, (track,), page)


def _scrolling() -> Content:
    page = (192, 64, 1536, 944)
    step, most = 3 * _LINE, 100
    text = _page((page[2], page[3] + most * step), [line for number in range(7) for line in _lines(10 + number)])
    base = frame("desktop").copy()
    base[page[1] - 32 : page[1], page[0] : page[0] + page[2], :3] = 225

    def scroll(picture: NDArray[np.uint8], index: int) -> list[Box]:
        top = _there_and_back(index, most + 1) * step
        _put(picture, page, text[top : top + page[3]])
        return [page]

    scroll(base, 0)
    return Content(base, (Track(20, (page[0] + 16, page[1] - 16), scroll),), page)


def _drag() -> Content:
    width, height = 816, 576
    base = frame("photo").copy()
    base[HEIGHT - 40 :] = frame("desktop")[HEIGHT - 40 :]
    window = np.full((height, width, 4), 255, np.uint8)
    window[:30, :, :3] = (235, 230, 228)
    window[30:] = _page((width, height - 30), _lines(2)[:30])
    window[[0, -1], :, :3] = window[:, [0, -1], :3] = 96
    background = base.copy()

    def place(index: int) -> tuple[int, int]:
        return round(560 + 500 * math.sin(index / 31)), round(240 + 200 * math.sin(index / 23))

    def move(picture: NDArray[np.uint8], index: int) -> list[Box]:
        (old_x, old_y), (x, y) = place(index - 1), place(index)
        left, top = min(x, old_x), min(y, old_y)
        box = (left, top, abs(x - old_x) + width, abs(y - old_y) + height)
        _put(picture, box, background[top : top + box[3], left : left + box[2]])
        _put(picture, (x, y, width, height), window)
        return [box]

    _put(base, (*place(0), width, height), window)
    return Content(base, (Track(30, (16, 16), move),), (0, 40, WIDTH, HEIGHT - 80))


def _video(folder: Path) -> Content:
    window = (320, 160, 1280, 720)
    track = Track(30, (320, 144), _projector(folder, window))
    return Content(_first(frame("desktop"), track), (track,), window)


def _full_film(folder: Path) -> Content:
    track = Track(30, (16, 16), _projector(folder, (0, 0, WIDTH, HEIGHT)))
    return Content(_first(frame("desktop"), track), (track,), (0, 32, WIDTH, HEIGHT - 32))


def _noise() -> Content:
    one, other = (np.random.RandomState(seed).randint(0, 256, WIDTH * HEIGHT * 4, np.uint8) for seed in (5, 6))
    one[3::4], other[3::4] = 255, 0
    other = np.concatenate([other, other[: 1 << 22]])

    def step(picture: NDArray[np.uint8], index: int) -> list[Box]:
        # Two noises at ever other places beside each other: nothing moves, and nothing comes back.
        start = index * 4 * 4099 % (1 << 22)
        np.bitwise_xor(one, other[start : start + one.size], out=picture.reshape(-1))
        return [(0, 0, WIDTH, HEIGHT)]

    track = Track(30, (16, 16), step)
    return Content(_first(frame("desktop"), track), (track,), (0, 32, WIDTH, HEIGHT - 32))


def _both(folder: Path) -> Content:
    window, page = (16, 64, 1280, 720), (1328, 96, 560, 640)
    showing = Track(30, (16, 48), _projector(folder, window))
    typing = Track(2, (page[0] + 16, page[1] + 16), _typist((page[0] + 16, page[1] + 240), page[2] - 32))
    return Content(_first(_with_page(page, _lines(3)[:10]), showing), (showing, typing), window)


def _first(picture: NDArray[np.uint8], track: Track) -> NDArray[np.uint8]:
    """A copy of a picture on which a track has begun."""
    copy = picture.copy()
    track.step(copy, 0)
    return copy


def _projector(folder: Path, window: Box) -> Callable[[NDArray[np.uint8], int], list[Box]]:
    left, top, width, height = window
    x, y = (WIDTH - width) // 2, (HEIGHT - height) // 2
    pictures = film(folder)[:, y : y + height, x : x + width]
    # The lowest bits are random, as those of a camera are: a picture that comes back is not the same.
    size = width * height * 4
    grain = np.random.RandomState(7).randint(0, 2, size + (1 << 20), np.uint8)
    grain[3::4] = 0

    def step(picture: NDArray[np.uint8], index: int) -> list[Box]:
        start = index * 4 * 1021 % (1 << 20)
        shown = picture[top : top + height, left : left + width]
        still = pictures[_there_and_back(index, len(pictures))]
        np.bitwise_xor(still, grain[start : start + size].reshape(height, width, 4), out=shown)
        return [window]

    return step


def _typist(corner: tuple[int, int], width: int) -> Callable[[NDArray[np.uint8], int], list[Box]]:
    """Types from a corner on, with a caret behind the last character."""
    places: list[tuple[str, int, int]] = []
    x, y = 0, corner[1]
    for character in " ".join(_lines(4)):
        advance = _glyph(character).shape[1]
        if x + advance > width:
            x, y = 0, y + _LINE
        places.append((character, corner[0] + x, y))
        x += advance

    def step(picture: NDArray[np.uint8], index: int) -> list[Box]:
        character, x, y = places[index - 1]
        glyph = _glyph(character)
        boxes = [(x, y, glyph.shape[1] + 2, _LINE)]
        _put(picture, (x, y, glyph.shape[1], _LINE), glyph)
        picture[y : y + _LINE, x + glyph.shape[1] : x + glyph.shape[1] + 2, :3] = 0
        if index > 1 and places[index - 2][2] != y:
            before, left, top = places[index - 2]
            caret = (left + _glyph(before).shape[1], top, 2, _LINE)
            _put(picture, caret, np.full((_LINE, 2, 4), 255, np.uint8))
            boxes.append(caret)
        return boxes

    return step


def _with_page(page: Box, lines: list[str]) -> NDArray[np.uint8]:
    picture = frame("desktop").copy()
    _put(picture, page, _page(page[2:], lines, 40))
    return picture


def _page(size: tuple[int, int], lines: list[str], top: int = 4) -> NDArray[np.uint8]:
    from PIL import Image, ImageDraw

    image = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((16, top + number * _LINE), line, font=_font(), fill=_INK)
    return _bgrx(image)


@cache
def _glyph(character: str) -> NDArray[np.uint8]:
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (max(round(_font().getlength(character)), 3), _LINE), _PAPER)
    ImageDraw.Draw(image).text((0, 0), character, font=_font(), fill=_INK)
    return _bgrx(image)


@cache
def _font() -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size=14)


@cache
def _lines(number: int) -> list[str]:
    return text_corpus(number + 1)[number].decode("utf-16le").split("\r\n")


def _bgrx(image: Any) -> NDArray[np.uint8]:
    pixels = np.full((image.height, image.width, 4), 255, np.uint8)
    pixels[..., :3] = np.asarray(image, np.uint8)[..., ::-1]
    return pixels


def _put(picture: NDArray[np.uint8], box: Box, pixels: NDArray[np.uint8]) -> None:
    left, top, width, height = box
    picture[top : top + height, left : left + width] = pixels


def _there_and_back(index: int, count: int) -> int:
    """0, 1 ... count - 1, count - 2 ... 0, 1 ..."""
    place = index % (2 * count - 2)
    return min(place, 2 * count - 2 - place)
