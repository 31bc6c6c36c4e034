"""RDP 6.0 bitmap compression in plain Python, [MS-RDPEGDI] 2.2.2.5.1 and 3.1.9: planes, run-length coded or not."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final

from trio_rdp.codecs.plain.batches import decode_each, encode_each
from trio_rdp.codecs.plain.buffers import Readable, Writable, check_bitmap, check_region, view
from trio_rdp.codecs.status import INVALID, OVERRUN, TRUNCATED

__all__ = ["decode_all", "decode_into", "decode_plane", "encode", "encode_all", "encode_plane"]

# FormatHeader.
CLL, CS, RLE, NA = 0x07, 0x08, 0x10, 0x20

# A delta as it is sent (sign in the lowest bit) by the byte that is added to the row above, and back.
_FROM_WIRE: Final = bytes((value >> 1) ^ (-(value & 1) & 0xFF) for value in range(256))
_TO_WIRE: Final = bytes(_FROM_WIRE.index(value) for value in range(256))


def decode_plane(data: Readable, width: int, height: int, out: Writable) -> int:
    """Decode one run-length coded plane; return the bytes that it took, or a status."""
    check_bitmap(width, height)
    src, target = view(data), view(out)
    if len(target) < width * height:
        raise ValueError("the output is too small")
    used, plane = _decode_plane(src, 0, width, height)
    if used >= 0:
        target[: width * height] = plane
    return used


def _decode_plane(src: memoryview, pos: int, width: int, height: int) -> tuple[int, bytearray]:
    """Decode the plane that begins at `pos`: where the next one begins, or a status, and the plane."""
    plane = bytearray()
    above = bytes(width)
    for y in range(height):
        row = bytearray()
        value = 0
        while len(row) < width:
            if pos >= len(src):
                return TRUNCATED, plane
            control = src[pos]
            pos += 1
            run, raw = control & 15, control >> 4
            # 1 and 2 are no runs but say that a long one follows: 16 or 32 and what else would count raw bytes.
            if run in (1, 2):
                run, raw = 16 * run + raw, 0
            if not control:
                return INVALID, plane
            if raw + run > width - len(row):
                return OVERRUN, plane
            if raw:
                if len(src) - pos < raw:
                    return TRUNCATED, plane
                row += src[pos : pos + raw]
                pos += raw
                value = row[-1]
            row += bytes((value,)) * run
        if y:
            deltas = row.translate(_FROM_WIRE)
            row = bytearray((delta + old) & 0xFF for delta, old in zip(deltas, above, strict=True))
        plane += row
        above = bytes(row)
    return pos, plane


def _planes(src: memoryview, width: int, height: int) -> tuple[int, list[bytearray]]:
    """Decode alpha and the three colour planes, at their full size; or a status."""
    if not len(src):
        return TRUNCATED, []
    header = src[0]
    if header & CS and not header & CLL:
        return INVALID, []
    small = ((width + 1) // 2, (height + 1) // 2) if header & CS else (width, height)
    sizes = [(width, height), small, small]
    planes = []
    if header & NA:
        planes.append(bytearray(b"\xff") * (width * height))
    else:
        sizes.insert(0, (width, height))
    pos = 1
    for columns, rows in sizes:
        if header & RLE:
            pos, plane = _decode_plane(src, pos, columns, rows)
            if pos < 0:
                return pos, []
        else:
            plane = bytearray(src[pos : pos + columns * rows])
            pos += columns * rows
            if len(plane) < columns * rows:
                return TRUNCATED, []
        if (columns, rows) != (width, height):
            plane = _enlarge(plane, columns, width, height)
        planes.append(plane)
    return header, planes


def _enlarge(plane: bytearray, columns: int, width: int, height: int) -> bytearray:
    """Give every sample of a chroma plane to two by two pixels."""
    return bytearray(plane[y // 2 * columns + x // 2] for y in range(height) for x in range(width))


def _clamp(value: int) -> int:
    return min(max(value, 0), 255)


def _to_rgb(header: int, planes: list[bytearray]) -> list[bytearray]:
    """Bring luma, orange and green chroma to red, green and blue.

    A chroma sample has lost `CLL` of its nine bits; shifted back by one less it is half of itself, as the inverse
    transformation wants it.  "Client decoders MUST swap the B and R components" of what servers make of "24 bpp RGB
    bitmaps" (3.1.9.1.2): streams without alpha.  Sources disagree on those with alpha; they are not of 24 bits, so the
    document's matrix stands as it is.
    """
    shift = (header & CLL) - 1
    half = [(value << shift & 0xFF) - (value << shift & 0x80) * 2 for value in range(256)]
    red, green, blue = bytearray(), bytearray(), bytearray()
    for luma, orange, chroma in zip(*planes, strict=True):
        co, cg = half[orange], half[chroma]
        red.append(_clamp(luma + co - cg))
        green.append(_clamp(luma + cg))
        blue.append(_clamp(luma - co - cg))
    return [blue, green, red] if header & NA else [red, green, blue]


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
    check_bitmap(width, height)
    visible_width, visible_height = min(visible_width, width), min(visible_height, height)
    target = view(surface)
    check_region(len(target), stride, x, y, visible_width, visible_height, 4)
    header, planes = _planes(view(data), width, height)
    if header < 0:
        return header
    alpha, colours = planes[0], planes[1:]
    if header & CLL:
        colours = _to_rgb(header, colours)
    if not keep_alpha:
        alpha = bytearray(b"\xff") * (width * height)
    for row in range(visible_height):
        start = (row if top_down else height - 1 - row) * width
        line = bytearray(4 * visible_width)
        for channel, plane in enumerate((colours[2], colours[1], colours[0], alpha)):
            line[channel::4] = plane[start : start + visible_width]
        place = (y + row) * stride + x * 4
        target[place : place + visible_width * 4] = line
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
    with_alpha: bool,
    top_down: bool,
    run_length: bool,
    level: int,
    subsampling: bool,
) -> bytes:
    """Encode a rectangle of a BGRA surface in planes of alpha (if any), then of colours, or of luma and chroma."""
    check_bitmap(width, height)
    _check_level(level, subsampling)
    source = view(surface)
    check_region(len(source), stride, x, y, width, height, 4)
    rows = range(height) if top_down else range(height - 1, -1, -1)
    pixels = b"".join(bytes(source[(y + row) * stride + x * 4 :][: width * 4]) for row in rows)
    small = ((width + 1) // 2, (height + 1) // 2) if subsampling else (width, height)
    planes = [(pixels[3::4], width, height)] if with_alpha else []
    if level:
        luma, orange, green = _from_rgb(pixels, width, height, level, subsampling, swapped=not with_alpha)
        planes += [(luma, width, height), (orange, *small), (green, *small)]
    else:
        planes += [(pixels[channel::4], width, height) for channel in (2, 1, 0)]
    header = (RLE if run_length else 0) | (0 if with_alpha else NA) | (CS if subsampling else 0) | level
    out = bytearray((header,))
    for plane, columns, low in planes:
        out += encode_plane(plane, columns, low) if run_length else plane
    # "An 8-bit, unsigned integer field containing padding values [...] only present" behind raw planes.
    return bytes(out) if run_length else bytes(out) + b"\0"


def encode_all(
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
    table: array[int],
    with_alpha: bool,
    top_down: bool,
    run_length: bool,
    level: int,
    subsampling: bool,
) -> list[bytes]:
    """Encode each rectangle of a view by itself."""
    _check_level(level, subsampling)
    options = (with_alpha, top_down, run_length, level, subsampling)
    return encode_each(encode, surface, stride, x, y, width, height, 4, table, *options)


def _check_level(level: int, subsampling: bool) -> None:
    if not 0 <= level <= 7 or (subsampling and not level):
        raise ValueError("a colour loss level is 0 to 7, and 1 at least with subsampling")


def _from_rgb(
    pixels: bytes, width: int, height: int, level: int, subsampling: bool, *, swapped: bool
) -> tuple[bytes, bytes, bytes]:
    """Give luma, orange and green chroma, which lose `level` bits; red and blue change places if decoders do that."""
    blue, green, red = pixels[0::4], pixels[1::4], pixels[2::4]
    luma = bytes((r + 2 * g + b + 2) >> 2 for b, g, r in zip(blue, green, red, strict=True))
    sign = -1 if swapped else 1
    orange = [sign * (r - b) for b, r in zip(blue, red, strict=True)]
    doubled = [2 * g - r - b for b, g, r in zip(blue, green, red, strict=True)]
    if not subsampling:
        return luma, _reduce(orange, level, level), _reduce(doubled, level + 1, level)
    orange, doubled = (_fours(plane, width, height) for plane in (orange, doubled))
    return luma, _reduce(orange, level + 2, level), _reduce(doubled, level + 3, level)


def _fours(plane: list[int], width: int, height: int) -> list[int]:
    """Add up two by two samples; at an odd edge the last ones count twice."""
    sums = []
    for y in range(0, height, 2):
        for x in range(0, width, 2):
            columns, rows = (x, min(x + 1, width - 1)), (y, min(y + 1, height - 1))
            sums.append(sum(plane[row * width + column] for row in rows for column in columns))
    return sums


def _reduce(chroma: list[int], bits: int, level: int) -> bytes:
    """Take the lowest bits away, rounding; "adding zeros at the high-order bits" leaves no copies of the sign.

    Rounding up must not reach what would come back as the most negative value.
    """
    half = 1 << bits >> 1
    return bytes(min((value + half) >> bits, 255 >> level) & 511 >> level for value in chroma)


def encode_plane(plane: Readable, width: int, height: int) -> bytes:
    """Encode one plane in runs."""
    check_bitmap(width, height)
    source = bytes(view(plane))
    if len(source) < width * height:
        raise ValueError("the plane is too small")
    out = bytearray()
    above = b""
    for start in range(0, width * height, width):
        row = source[start : start + width]
        if above:
            deltas = bytes((value - old) & 0xFF for value, old in zip(row, above, strict=True)).translate(_TO_WIRE)
            _encode_row(deltas, out)
        else:
            _encode_row(row, out)
        above = row
    return bytes(out)


def _encode_row(row: bytes, out: bytearray) -> None:
    """Encode one row: raw bytes up to the next run of three or more, then the run."""
    i, width, value = 0, len(row), 0
    while i < width:
        start = i
        run = _run(row, i, value)
        while run < 3 and i < width:
            value = row[i]
            i += 1
            run = _run(row, i, value)
        _encode_segment(row[start:i], value, run if run >= 3 else 0, out)
        i += run if run >= 3 else 0


def _run(row: bytes, i: int, value: int) -> int:
    end = i
    while end < len(row) and row[end] == value:
        end += 1
    return end - i


def _encode_segment(raw: bytes, value: int, run: int, out: bytearray) -> None:
    while len(raw) > 15:
        out.append(0xF0)
        out += raw[:15]
        raw = raw[15:]
    if raw:
        short = min(run, 15)
        out.append(len(raw) << 4 | short)
        out += raw
        run -= short
    while run >= 3:
        if run >= 32:
            piece = min(run, 47)
            out.append((piece - 32) << 4 | 2)
        elif run >= 16:
            piece = run
            out.append((piece - 16) << 4 | 1)
        else:
            piece = run
            out.append(piece)
        run -= piece
    # One or two are too few for a run of their own.
    if run:
        out.append(run << 4)
        out += bytes((value,)) * run
