"""The pictures and the texts on which codecs are measured: fixed, and made from numpy and Pillow's own font alone.

desktop   wallpaper, task bar, icons, three windows with text, a picture in one of them
photo     coloured noise of many scales, hard edges, and the noise of a sensor
solid     a flat user interface: panels, buttons, lines, hardly any text
scroll    a screen full of text, which was scrolled by three lines
noise     random bytes
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HEIGHT", "NAMES", "WIDTH", "frame", "text_corpus", "tiles"]

WIDTH, HEIGHT = 1920, 1080
NAMES = ("desktop", "photo", "solid", "scroll", "noise")

_WORDS = [
    "the",
    "server",
    "sends",
    "a",
    "frame",
    "marker",
    "and",
    "the",
    "client",
    "acknowledges",
    "it",
    "after",
    "the",
    "last",
    "tile",
    "was",
    "drawn",
    "so",
    "that",
    "neither",
    "side",
    "queues",
    "more",
    "than",
    "two",
    "frames",
    "of",
    "graphics",
    "data",
    "def",
    "async",
    "class",
    "return",
    "await",
    "nursery",
    "cancel",
    "scope",
    "memory",
    "channel",
    "yield",
    "None",
    "True",
    "0x1f",
    "42",
    "1080",
    "1920",
    "3.1415",
    "[ok]",
    "(warn)",
    "{json:",
    "null}",
    "/usr/lib/python3",
    "--help",
    "|",
    "grep",
    "Quarterly",
    "report",
    "draft",
    "budget",
    "review",
    "meeting",
    "notes",
    "customer",
    "invoice",
    "total",
    "amount",
]


def frame(name: str) -> NDArray[np.uint8]:
    """A frame by its name: contiguous uint8 (1080, 1920, 4), B G R and 255."""
    makers: dict[str, Callable[[], NDArray[np.uint8]]] = {
        "desktop": _desktop,
        "photo": _photo,
        "solid": _solid,
        "scroll": _scroll,
        "noise": _noise,
    }
    return makers[name]()


def tiles(side: int = 64) -> Iterator[tuple[int, int, int, int]]:
    """The grid that covers a frame, as left, top, width and height."""
    for y in range(0, HEIGHT, side):
        for x in range(0, WIDTH, side):
            yield x, y, min(side, WIDTH - x), min(side, HEIGHT - y)


def text_corpus(pieces: int = 130, size: int = 8000) -> list[bytes]:
    """Text in UTF-16, as a clipboard or an order would carry it."""
    return ["\r\n".join(_lines(1000 + number, 60)).encode("utf-16le")[:size] for number in range(pieces)]


def _lines(seed: int, count: int, words: tuple[int, int] = (4, 14)) -> list[str]:
    random = np.random.RandomState(seed)
    lines = []
    for _ in range(count):
        length = random.randint(*words)
        indent = "    " * random.randint(0, 4)
        lines.append(indent + " ".join(_WORDS[index] for index in random.randint(0, len(_WORDS), length)))
    return lines


@functools.cache
def _font(size: int) -> Any:
    return ImageFont.load_default(size=size)


def _bgrx(image: Image.Image) -> NDArray[np.uint8]:
    pixels = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    pixels[..., :3] = np.asarray(image, np.uint8)[..., ::-1]
    return pixels


Color = tuple[int, int, int]


def _window(
    image: Image.Image,
    box: tuple[int, int, int, int],
    title: str,
    lines: list[str],
    colors: tuple[Color, list[Color]],
    size: int = 13,
    step: int = 17,
) -> None:
    left, top, right, bottom = box
    background, inks = colors
    draw = ImageDraw.Draw(image)
    draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), fill=(90, 90, 96))
    draw.rectangle((left, top, right, top + 29), fill=(228, 230, 235))
    draw.text((left + 10, top + 7), title, font=_font(13), fill=(40, 40, 40))
    for number, color in enumerate(((232, 80, 70), (240, 190, 60), (90, 190, 90))):
        x = right - 24 - 22 * number
        draw.ellipse((x, top + 8, x + 14, top + 22), fill=color)
    body = Image.new("RGB", (right - left + 1, bottom - top - 29), background)
    page = ImageDraw.Draw(body)
    for number, line in enumerate(lines):
        page.text((10, 8 + number * step), line, font=_font(size), fill=inks[number % len(inks)])
    image.paste(body, (left, top + 30))


@functools.cache
def _desktop() -> NDArray[np.uint8]:
    down = np.linspace(0, 1, HEIGHT)[:, None, None]
    right = np.linspace(0, 1, WIDTH)[None, :, None]
    blend = 0.7 * down + 0.3 * right
    wallpaper = np.array((24, 52, 92), float) * (1 - blend) + np.array((96, 150, 190), float) * blend
    image = Image.fromarray(np.clip(wallpaper + 0.5, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for number, name in enumerate(["Files", "Mail", "Web", "Term", "Edit", "Music", "Trash", "Disk", "Help"]):
        y = 24 + number * 100
        draw.rounded_rectangle((28, y, 76, y + 48), 8, fill=(40 + 20 * number, 200 - 15 * number, 120 + 10 * number))
        draw.ellipse((40, y + 10, 64, y + 36), fill=(245, 245, 245))
        draw.text((22, y + 54), name, font=_font(13), fill=(255, 255, 255))
    paper, shell = (255, 255, 255), (18, 20, 24)
    inks: list[Color] = [(220, 220, 220), (120, 220, 120), (220, 220, 220), (110, 160, 250)]
    _window(image, (150, 60, 1060, 820), "notes.txt - Editor", _lines(11, 46), (paper, [(20, 20, 20)]))
    _window(image, (900, 150, 1860, 700), "trio@host: ~/src", _lines(12, 32), (shell, inks))
    report = _lines(13, 20, (6, 12))
    _window(image, (420, 560, 1420, 1010), "Report - Browser", report, ((250, 250, 252), [(30, 30, 60)]), 16, 21)
    image.paste(Image.fromarray(np.ascontiguousarray(_photo()[:300, :400, 2::-1])), (1000, 640))
    draw.rectangle((0, 1040, WIDTH - 1, HEIGHT - 1), fill=(32, 34, 40))
    for number in range(8):
        draw.rounded_rectangle((10 + number * 170, 1045, 170 + number * 170, 1075), 4, fill=(58, 62, 72))
        draw.text((24 + number * 170, 1052), f"Window {number}", font=_font(13), fill=(235, 235, 235))
    draw.text((1800, 1052), "12:34  Fri", font=_font(14), fill=(235, 235, 235))
    return _bgrx(image)


def _bilinear(grid: NDArray[np.float64]) -> NDArray[np.float64]:
    rows, columns = grid.shape
    y = np.linspace(0, rows - 1.001, HEIGHT)
    x = np.linspace(0, columns - 1.001, WIDTH)
    top, left = y.astype(int), x.astype(int)
    down, right = (y - top)[:, None], (x - left)[None, :]
    upper = grid[top][:, left] * (1 - right) + grid[top][:, left + 1] * right
    lower = grid[top + 1][:, left] * (1 - right) + grid[top + 1][:, left + 1] * right
    blended: NDArray[np.float64] = upper * (1 - down) + lower * down
    return blended


@functools.cache
def _photo() -> NDArray[np.uint8]:
    random = np.random.RandomState(77)

    def octaves(first: int, count: int, fading: float) -> NDArray[np.float64]:
        total = np.zeros((HEIGHT, WIDTH))
        for octave in range(count):
            side = first * 2**octave
            total += _bilinear(random.standard_normal((side + 2, side * 16 // 9 + 2))) / fading**octave
        return total

    base = octaves(3, 8, 1.7)
    picture = np.stack([base * 34 + 118 + 18 * octaves(2, 5, 1.8) for _ in range(3)], -1)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    for _ in range(40):
        x, y, radius = random.randint(0, WIDTH), random.randint(0, HEIGHT), random.randint(20, 160)
        inside = (columns - x) ** 2 + (rows - y) ** 2 < radius * radius
        picture[inside] = picture[inside] * 0.55 + random.randint(0, 255, 3) * 0.45
    picture += random.standard_normal(picture.shape) * 2
    pixels = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    pixels[..., :3] = np.clip(picture + 0.5, 0, 255).astype(np.uint8)
    return pixels


@functools.cache
def _solid() -> NDArray[np.uint8]:
    image = Image.new("RGB", (WIDTH, HEIGHT), (240, 240, 240))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, WIDTH, 56), fill=(0, 90, 158))
    draw.rectangle((0, 57, 300, HEIGHT), fill=(250, 250, 250))
    draw.line((300, 57, 300, HEIGHT), fill=(200, 200, 200))
    random = np.random.RandomState(5)
    for number in range(14):
        fill = (225, 235, 245) if number == 3 else (250, 250, 250)
        draw.rectangle((12, 80 + 68 * number, 288, 132 + 68 * number), fill=fill, outline=(230, 230, 230))
        draw.text((28, 98 + 68 * number), f"Settings {number}", font=_font(15), fill=(30, 30, 30))
    for number in range(25):
        x, y = 330 + number % 5 * 312, 90 + number // 5 * 194
        draw.rectangle((x, y, x + 290, y + 172), fill=(255, 255, 255), outline=(210, 210, 210))
        red, green, blue = (int(value) for value in random.randint(40, 220, 3))
        draw.rectangle((x + 16, y + 16, x + 76, y + 76), fill=(red, green, blue))
        draw.rectangle((x + 190, y + 128, x + 276, y + 158), fill=(0, 120, 212))
        draw.text((x + 92, y + 20), f"Panel {number}", font=_font(15), fill=(30, 30, 30))
    return _bgrx(image)


@functools.cache
def _scroll() -> NDArray[np.uint8]:
    step, scrolled = 18, 54
    image = Image.new("RGB", (WIDTH, HEIGHT + scrolled), (30, 30, 34))
    draw = ImageDraw.Draw(image)
    count = (HEIGHT + scrolled) // step
    inks = [(212, 212, 212), (156, 220, 254), (206, 145, 120), (106, 153, 85), (212, 212, 212)]
    left, right = _lines(21, count, (10, 24)), _lines(22, count, (4, 10))
    for number in range(count):
        y = number * step + 2
        draw.text((4, y), f"{number + 1:4}", font=_font(13), fill=(130, 130, 130))
        draw.text((52, y), left[number], font=_font(13), fill=inks[number % 5])
        draw.text((1330, y), right[number], font=_font(13), fill=inks[(number + 2) % 5])
    return _bgrx(image.crop((0, scrolled, WIDTH, HEIGHT + scrolled)))


@functools.cache
def _noise() -> NDArray[np.uint8]:
    pixels = np.random.RandomState(99).randint(0, 256, (HEIGHT, WIDTH, 4)).astype(np.uint8)
    pixels[..., 3] = 255
    return pixels
