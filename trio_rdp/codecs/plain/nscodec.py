"""NSCodec in plain Python, [MS-RDPNSC] 2.2.2 and 3.1.8: planes of luma, chroma and alpha, run-length coded or raw."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from trio_rdp.codecs.plain.batches import decode_each, encode_each
from trio_rdp.codecs.plain.buffers import Readable, check_bitmap, check_region, view
from trio_rdp.codecs.status import INVALID, OVERRUN, TRUNCATED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["decode_all", "decode_into", "encode", "encode_all"]

_HEADER: Final = struct.Struct("<IIIIBBxx")
_LONG: Final = struct.Struct("<I")

# "The last 4 bytes of the stream are always left unencoded."
_END: Final = 4


def plane_sizes(width: int, height: int, subsampling: bool) -> list[tuple[int, int]]:
    """Give columns and rows of the four planes: luma, orange chroma, green chroma, alpha."""
    if not subsampling:
        return [(width, height)] * 4
    wide = (width + 7) & ~7
    return [(wide, height), *[(wide // 2, (height + 1) // 2)] * 2, (width, height)]


def decode_plane(src: memoryview, size: int) -> tuple[int, bytes]:
    """Expand a run-length coded plane of `size` bytes: 0 or a status, and the plane."""
    out = bytearray()
    pos = 0
    while size - len(out) > _END:
        if pos >= len(src):
            return TRUNCATED, b""
        value = src[pos]
        pos += 1
        # A literal is not followed by its like, unless it is the last one before the raw end.
        if size - len(out) == _END + 1:
            out.append(value)
            break
        if pos >= len(src):
            return TRUNCATED, b""
        if src[pos] != value:
            out.append(value)
            continue
        pos += 1
        if pos >= len(src):
            return TRUNCATED, b""
        run = src[pos] + 2
        pos += 1
        if run == 0xFF + 2:
            if len(src) - pos < _LONG.size:
                return TRUNCATED, b""
            (run,) = _LONG.unpack_from(src, pos)
            pos += _LONG.size
        if run > size - len(out) - _END:
            return OVERRUN, b""
        out += bytes((value,)) * run
    if len(src) - pos < _END:
        return TRUNCATED, b""
    return 0, bytes(out + src[pos : pos + _END])


def _planes(src: memoryview, width: int, height: int) -> tuple[int, list[bytes], int]:
    """Decode the four planes: 0 or a status, the planes (no alpha is an empty one), the shift that restores chroma."""
    if len(src) < _HEADER.size:
        return TRUNCATED, [], 0
    *counts, level, subsampling = _HEADER.unpack_from(src)
    if not 1 <= level <= 7:
        return INVALID, [], 0
    planes = []
    pos = _HEADER.size
    for number, (columns, rows) in enumerate(plane_sizes(width, height, bool(subsampling))):
        size, count = columns * rows, counts[number]
        if count > size or (count == 0 and number != 3):
            return INVALID, [], 0
        if count > len(src) - pos:
            return TRUNCATED, [], 0
        part = src[pos : pos + count]
        pos += count
        status, plane = decode_plane(part, size) if 0 < count < size else (0, bytes(part))
        if status < 0:
            return status, [], 0
        planes.append(plane)
    # Chroma is halved by the inverse transformation, so it is shifted by one less than it was reduced.
    return 0, planes, level - 1


def decode_into(
    data: Readable,
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    visible_width: int,
    visible_height: int,
    width: int,
    height: int,
    top_down: bool,
    keep_alpha: bool,
) -> int:
    """Decode, and draw the visible part at `x`, `y`; nothing is drawn when a status is returned."""
    import numpy as np

    check_bitmap(width, height)
    columns, rows = min(visible_width, width), min(visible_height, height)
    target = view(surface)
    check_region(len(target), stride, x, y, columns, rows, 4)
    source = view(data)
    status, planes, shift = _planes(source, width, height)
    if status < 0:
        return status
    subsampling = bool(source[17])
    sizes = plane_sizes(width, height, subsampling)
    luma, orange, green = (
        np.frombuffer(plane, np.uint8).reshape(size[::-1]) for plane, size in zip(planes[:3], sizes[:3], strict=True)
    )
    # "Shifting the reduced values back toward the high-order bit": the bits above the eighth are lost.
    co, cg = (((plane << shift).astype(np.uint8).view(np.int8)).astype(np.int16) for plane in (orange, green))
    if subsampling:
        co, cg = (plane.repeat(2, 0).repeat(2, 1)[:height, :width] for plane in (co, cg))
    y_ = luma[:, :width].astype(np.int16)
    picture = np.full((height, width, 4), 255, np.uint8)
    for channel, values in enumerate((y_ - co - cg, y_ + cg, y_ + co - cg)):
        picture[..., channel] = values.clip(0, 255)
    if keep_alpha and planes[3]:
        picture[..., 3] = np.frombuffer(planes[3], np.uint8).reshape(height, width)
    if not top_down:
        picture = picture[::-1]
    for row in range(rows):
        place = (y + row) * stride + x * 4
        target[place : place + columns * 4] = picture[row, :columns].tobytes()
    return width * height


def decode_all(
    bitmaps: Sequence[bytes],
    table: array[int],
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
    top_down: bool,
    keep_alpha: bool,
) -> int:
    """Decode bitmaps, each to its place; return their count, or the status of the first that is wrong."""
    return decode_each(decode_into, bitmaps, table, surface, stride, x, y, width, height, top_down, keep_alpha)


# --------------------------------------------------------------------------------------------------------- encoding


def encode(
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
    color_loss_level: int,
    subsampling: bool,
    with_alpha: bool,
    top_down: bool,
) -> bytes:
    """Encode a rectangle of a BGRA surface."""
    import numpy as np

    check_bitmap(width, height)
    _check_level(color_loss_level)
    source = view(surface)
    check_region(len(source), stride, x, y, width, height, 4)
    lines = [bytes(source[(y + row) * stride + x * 4 :][: width * 4]) for row in range(height)]
    picture = np.frombuffer(b"".join(lines), np.uint8).reshape(height, width, 4)
    if not top_down:
        picture = picture[::-1]
    blue, green, red = (picture[..., channel].astype(np.int32) for channel in range(3))
    luma = (red + 2 * green + blue + 2) >> 2
    orange_chroma, green_chroma = red - blue, 2 * green - red - blue
    if subsampling:
        luma = np.pad(luma, ((0, 0), (0, -width % 8)), "edge")
    planes = [
        luma.astype(np.uint8).tobytes(),
        _reduce(orange_chroma, 0, color_loss_level, subsampling),
        _reduce(green_chroma, 1, color_loss_level, subsampling),
        picture[..., 3].tobytes() if with_alpha else b"",
    ]
    coded = [encode_plane(plane) for plane in planes]
    header = _HEADER.pack(*map(len, coded), color_loss_level, subsampling)
    return b"".join((header, *coded))


def encode_all(
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
    table: array[int],
    color_loss_level: int,
    subsampling: bool,
    with_alpha: bool,
    top_down: bool,
) -> list[bytes]:
    """Encode each rectangle of a view by itself."""
    _check_level(color_loss_level)
    options = (color_loss_level, subsampling, with_alpha, top_down)
    return encode_each(encode, surface, stride, x, y, width, height, 4, table, *options)


def _check_level(level: int) -> None:
    if not 1 <= level <= 7:
        raise ValueError("a colour loss level is 1 to 7")


def _reduce(chroma: NDArray[np.int32], doubled: int, level: int, subsampling: bool) -> bytes:
    """Take `level` low bits from chroma, rounding, after averaging two by two pixels if wanted.

    "Adding zeros at the high-order bits": what is left of nine bits is sent without copies of its sign.
    """
    import numpy as np

    bits = level + doubled
    if subsampling:
        height, width = chroma.shape
        # Doubling an odd edge makes the average of four that of two.
        chroma = np.pad(chroma, ((0, height % 2), (0, -width % 8)), "edge")
        chroma = chroma[0::2, 0::2] + chroma[0::2, 1::2] + chroma[1::2, 0::2] + chroma[1::2, 1::2]
        bits += 2
    reduced = (chroma + (1 << bits >> 1)) >> bits
    # Rounding up must not reach what would come back as the most negative value.
    plane: NDArray[np.uint8] = (np.minimum(reduced, 255 >> level) & 511 >> level).astype(np.uint8)
    return plane.tobytes()


def encode_plane(plane: bytes) -> bytes:
    """Encode a plane in runs, [MS-RDPNSC] 3.1.8.1.1; give it back as it is unless that makes it shorter."""
    out = bytearray()
    i, end = 0, len(plane) - _END
    while i < end:
        value = plane[i]
        run = i + 1
        while run < end and plane[run] == value:
            run += 1
        run -= i
        i += run
        if run == 1:
            out.append(value)
        elif run < 256:
            out += bytes((value, value, run - 2))
        else:
            out += bytes((value, value, 0xFF)) + _LONG.pack(run)
        if len(out) + _END >= len(plane):
            return plane
    return bytes(out + plane[i:]) if end > 0 else plane
