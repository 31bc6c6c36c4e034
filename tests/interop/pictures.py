"""Pictures as arrays of height x width x RGB: what displays show, what peers are given to show, how they compare."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

__all__ = [
    "BUSY",
    "Picture",
    "compare",
    "crop",
    "difference",
    "parse_xwd",
    "pattern",
    "photo",
    "psnr",
    "rounding",
    "save",
]

Picture = npt.NDArray[np.uint8]

XWD_VERSION = 7
Z_PIXMAP = 2
BUSY = (slice(200, 328), slice(-320, -32))
"""Rows and columns of a pattern with noise and lines of one pixel, of which codecs that halve chroma show little."""


def parse_xwd(data: bytes) -> Picture:
    """Read an X window dump of a 24-bit display, as `xwd` writes it."""
    header = np.frombuffer(data, ">u4", 25)
    size, version, form, _depth, width, height = (int(value) for value in header[:6])
    byte_order, bits_per_pixel, stride = (int(header[index]) for index in (7, 11, 12))
    colours = int(header[19])
    if (version, form) != (XWD_VERSION, Z_PIXMAP) or bits_per_pixel not in (24, 32):
        raise ValueError(f"not a true colour dump: version {version}, format {form}, {bits_per_pixel} bits")
    start = size + 12 * colours
    rows = np.frombuffer(data, np.uint8, stride * height, start).reshape(height, stride)
    # 24 bits a pixel is what xwd makes of a display that has windows of several visuals, as rdesktop's is.
    pixels = rows[:, : width * bits_per_pixel // 8].reshape(height, width, bits_per_pixel // 8)
    return np.ascontiguousarray(pixels[:, :, -3:] if byte_order else pixels[:, :, 2::-1])


def pattern(width: int, height: int, title: str) -> Picture:
    """A picture that shows what went wrong: gradients, flat squares in the corners, noise, thin lines, text."""
    across = np.linspace(0, 255, width)[None, :]
    down = np.linspace(0, 255, height)[:, None]
    picture = np.empty((height, width, 3), np.uint8)
    picture[:, :, 0] = (across + 0 * down) * 0.8
    picture[:, :, 1] = (0 * across + down) * 0.7
    picture[:, :, 2] = 200 - (across + down) * 0.35
    picture[200:328, width - 160 : width - 32] = np.random.default_rng(1).integers(0, 256, (128, 128, 3))
    picture[200:328:2, width - 320 : width - 192] = 255
    picture[200:328, width - 320 : width - 192 : 4] = 0
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    squares = {
        "red": (0, 0),
        "lime": (width - 100, 0),
        "blue": (0, height - 100),
        "yellow": (width - 100, height - 100),
    }
    for colour, (left, top) in squares.items():
        draw.rectangle((left, top, left + 99, top + 99), fill=colour)
    draw.text((width / 2, height / 4), title, fill="white", anchor="mm", font=ImageFont.load_default(size=48))
    return np.asarray(image)


def crop(picture: Picture, width: int, height: int) -> Picture:
    """The upper left part: a session's desktop on the larger display of its client."""
    return picture[:height, :width]


def rounding(bits_per_pixel: int) -> int:
    """How far a channel may be off at a colour depth: a pixel rounds down to 5 bits, and comes back filled up."""
    return {32: 0, 24: 0, 16: 8, 15: 8, 8: 64}[bits_per_pixel]


def difference(one: Picture, other: Picture) -> int:
    """The largest difference of any channel of any pixel; 256 when the sizes differ."""
    if one.shape != other.shape:
        return 256
    return int(np.abs(one.astype(np.int16) - other.astype(np.int16)).max(initial=0))


def compare(shown: Picture, wanted: Picture) -> str:
    """Say how a picture differs from the one that was wanted: where, how much, how alike they are all the same."""
    if shown.shape != wanted.shape:
        return f"{shown.shape[1]}x{shown.shape[0]} pixels instead of {wanted.shape[1]}x{wanted.shape[0]}"
    off = np.abs(shown.astype(np.int16) - wanted).max(axis=2)
    rows, columns = np.nonzero(off)
    if not len(rows):
        return "no difference"
    y, x = int(rows[0]), int(columns[0])
    return (
        f"{len(rows)} pixels off by up to {off.max()}, in x {columns.min()}..{columns.max()}, y {y}..{rows.max()}; "
        f"at ({x}, {y}) {shown[y, x].tolist()} instead of {wanted[y, x].tolist()}; {psnr(shown, wanted):.1f} dB"
    )


def psnr(one: Picture, other: Picture) -> float:
    """How alike two pictures are, in dB: 35 is hardly told apart, 100 is equal."""
    error = float(np.square(one.astype(float) - other).mean())
    return 100.0 if error == 0 else float(10 * np.log10(255**2 / error))


def photo(width: int, height: int, seed: int = 1) -> Picture:
    """Something like a photograph: soft shapes of many sizes with a hard horizon, and the noise of a sensor."""
    random = np.random.default_rng(seed)
    picture = np.zeros((height, width, 3), np.float32)
    for size in (256, 64, 16, 4):
        coarse = random.integers(0, 256, (height // size + 2, width // size + 2, 3), np.uint8)
        fine = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
        picture += np.asarray(fine, np.float32) * (size / 340)
    horizon = (height * 2 // 3 + 20 * np.sin(np.arange(width) / 40)).astype(int)
    picture[np.arange(height)[:, None] > horizon] *= 0.5
    picture += random.normal(0, 1, picture.shape)
    return picture.clip(0, 255).astype(np.uint8)


def save(picture: Picture, path: Path) -> None:
    Image.fromarray(picture).save(path)
