"""Encoding ClearCodec in plain Python, [MS-RDPEGFX] 2.2.4.1: what each part of a bitmap is best encoded with.

A bitmap is cut into cells of up to 64 by 64 pixels.  The bytes that a cell would take decide: runs of the residual
layer, a palette (RLEX), pixels or NSCodec for what has many colours, and for text columns that the peer has stored.
"""

from __future__ import annotations

import struct
from collections import Counter
from itertools import groupby, pairwise
from typing import Final, NamedTuple

from trio_rdp.codecs.plain import nscodec
from trio_rdp.codecs.plain.buffers import Readable, check_bitmap, check_region, view
from trio_rdp.codecs.plain.clearcodec import (
    GLYPH_HIT,
    GLYPH_INDEX,
    GLYPHS,
    MAX_GLYPH,
    MAX_VBAR,
    NSCODEC,
    RAW,
    RLEX,
    SHORT_VBARS,
    VBARS,
)

__all__ = ["Encoder"]

CELL: Final = 64
MAX_PALETTE: Final = 0x7F
SUBCODEC_HEADER, BAND_HEADER = 13, 11

# A cell with too many colours is cut where its palette is full, but one that does for fewer rows than this is no use;
# then so many rows at once do without.
SHORTEST, COLOURFUL = 8, 32

# One pixel in so many must begin a run for a cell to be looked at as text.
TEXT: Final = 24

_MULTIPLIER, _MASK = 0x9E3779B1, 0xFFFFFFFF


def _run_length(run: int) -> bytes:
    if run < 0xFF:
        return bytes((run,))
    return struct.pack("<BH", 0xFF, run) if run < 0xFFFF else struct.pack("<BHI", 0xFF, 0xFFFF, run)


def _triplet(colour: int) -> bytes:
    return colour.to_bytes(3, "little")


def _runs(pixels: list[int]) -> list[tuple[int, int]]:
    return [(colour, len(list(run))) for colour, run in groupby(pixels)]


class _Line(NamedTuple):
    """Rows of a cell with something on the background, from its first to its last column."""

    x: int
    y: int
    height: int
    columns: list[tuple[int, ...]]


def _hash(pixels: tuple[int, ...]) -> int:
    value = 0
    for pixel in pixels:
        value = (value ^ pixel) * _MULTIPLIER & _MASK
    return value


def _mix(*values: int) -> int:
    result = 0
    for value in values:
        result = (result ^ value) * _MULTIPLIER & _MASK
        result ^= result >> 15
    return result


class _Store:
    """What the peer has in one storage, found by hash: in each of `places` the last slot whose hash fell there."""

    def __init__(self, slots: int, shift: int) -> None:
        self.slots, self.shift = slots, shift
        self.cursor = 0
        self.places: dict[int, int] = {}
        self.hashes: dict[int, int] = {}
        self.contents: dict[int, object] = {}

    def guess(self, key: int) -> bool:
        """Whether something of this hash is there."""
        slot = self.places.get(key >> self.shift)
        return slot is not None and self.hashes[slot] == key

    def find(self, key: int, content: object) -> int:
        """The slot of this very content, or -1."""
        slot = self.places.get(key >> self.shift, -1)
        return slot if slot >= 0 and self.contents[slot] == content else -1

    def add(self, key: int, content: object) -> int:
        slot = self.cursor
        self.cursor = (slot + 1) % self.slots
        self.places[key >> self.shift] = slot
        self.hashes[slot] = key
        self.contents[slot] = content
        return slot


class _Cell:
    """A part of the bitmap, and what the residual layer has to draw there: its pixels, one colour, or anything."""

    def __init__(self, x: int, y: int, width: int, height: int, pixels: list[int]) -> None:
        self.x, self.y, self.width, self.height, self.pixels = x, y, width, height, pixels
        self.drawn_elsewhere = False
        self.background: int | None = None

    def row(self, y: int) -> list[int]:
        return self.pixels[(y - self.y) * self.width : (y - self.y + 1) * self.width]


def _cut(cell: _Cell) -> tuple[_Cell, _Cell, list[int]]:
    """Cut a cell where its palette is full: the first part, the rest, and the palette, if there is one."""
    palette = dict.fromkeys(cell.pixels[:1])
    rows = cell.height
    for at, pixel in enumerate(cell.pixels):
        palette[pixel] = None
        if len(palette) > MAX_PALETTE:
            rows = at // cell.width
            break
    if rows < min(cell.height, SHORTEST):
        rows, palette = min(cell.height, COLOURFUL), {}
    elif rows < cell.height:
        # Below a row of one colour, if one is near: where text is not cut through.
        flat = [row for row in range(rows // 2, rows) if len(set(cell.row(cell.y + row))) == 1]
        rows = flat[-1] + 1 if flat else rows
    cut = rows * cell.width
    first = _Cell(cell.x, cell.y, cell.width, rows, cell.pixels[:cut])
    rest = _Cell(cell.x, cell.y + rows, cell.width, cell.height - rows, cell.pixels[cut:])
    return first, rest, list(dict.fromkeys(first.pixels)) if palette else []


class Encoder:
    """What the peer of one session has stored, and the number of the next message.

    A quick one stores nothing there: all of a bitmap is in the residual layer, or pixels where those take less.
    """

    def __init__(self, quick: bool = False) -> None:
        self._quick = quick
        self._number = 0
        self._vbars = _Store(VBARS, 16)
        self._shorts = _Store(SHORT_VBARS, 17)
        self._glyphs = _Store(GLYPHS, 19)
        self._seen: dict[int, int] = {}
        self._bands = bytearray()
        self._subcodecs = bytearray()
        self._ground = -1

    def encode(
        self,
        surface: Readable,
        stride: int,
        x: int,
        y: int,
        width: int,
        height: int,
        color_loss_level: int,
        subsampling: bool,
    ) -> bytes:
        """Encode a rectangle of a BGRX surface; with a colour loss level of 0, or a quick encoder, without loss."""
        check_bitmap(width, height)
        if width > 0xFFFF or height > 0xFFFF:
            raise ValueError("a bitmap is at most 65535 pixels wide and high")
        if not 0 <= color_loss_level <= 7:
            raise ValueError("a colour loss level is 1 to 7, or 0 for none")
        source = view(surface)
        check_region(len(source), stride, x, y, width, height, 4)
        rows = []
        for row in range(y, y + height):
            line = struct.unpack_from(f"<{width}I", source, row * stride + x * 4)
            rows.append([pixel & 0xFFFFFF for pixel in line])
        number, self._number = self._number, (self._number + 1) & 0xFF
        if self._quick:
            return bytes((0, number)) + _quick_payload(rows)
        if width * height > MAX_GLYPH:
            return bytes((0, number)) + self._payload(rows, color_loss_level, subsampling)
        glyph = tuple(pixel for line in rows for pixel in line)
        key = _mix(_hash(glyph), len(glyph))
        index = self._glyphs.find(key, glyph)
        if index >= 0:
            return struct.pack("<BBH", GLYPH_INDEX | GLYPH_HIT, number, index)
        index = self._glyphs.add(key, glyph)
        return struct.pack("<BBH", GLYPH_INDEX, number, index) + self._payload(rows, 0, False)

    def _payload(self, rows: list[list[int]], level: int, subsampling: bool) -> bytes:
        self._bands, self._subcodecs, self._ground = bytearray(), bytearray(), -1
        width, height = len(rows[0]), len(rows)
        across, down = -(-width // CELL), -(-height // CELL)
        xs = [width * step // across for step in range(across + 1)]
        columns: list[list[_Cell]] = [[] for _ in range(across)]
        for top, bottom in pairwise([height * step // down for step in range(down + 1)]):
            for column, (left, right) in zip(columns, pairwise(xs), strict=True):
                pixels = [pixel for line in rows[top:bottom] for pixel in line[left:right]]
                cell = _Cell(left, top, right - left, bottom - top, pixels)
                while cell.pixels:
                    cell, rest, palette = _cut(cell)
                    self._choose(cell, palette, across, level, subsampling)
                    column.append(cell)
                    cell = rest
        residual = _residual([[cell for cell in column for _ in range(cell.height)] for column in columns])
        layers = residual, self._bands, self._subcodecs
        return struct.pack("<III", *map(len, layers)) + b"".join(layers)

    def _choose(self, cell: _Cell, palette: list[int], across: int, level: int, subsampling: bool) -> None:
        """Encode a cell in the way that takes the fewest bytes, or leave it to the residual layer."""
        pixels = cell.pixels
        runs = _runs(pixels)
        residual = 4 * len(runs)
        if across > 1 and self._ground >= 0 and (pixels[0], pixels[-1]) != (self._ground, self._ground):
            # Where neighbours have other colours, runs end at each row.
            residual += 4 * cell.height
        if palette:
            kind, data = RLEX, _rlex(palette, runs)
        else:
            kind, data = NSCODEC, _nscodec(cell, level, subsampling)
        if not 0 < len(data) < 3 * len(pixels):
            kind, data = RAW, b"".join(_triplet(pixel) for pixel in pixels)
        if residual <= SUBCODEC_HEADER + len(data):
            if self._ground < 0:
                self._ground = pixels[0]
            return
        if kind == RLEX and len(runs) * TEXT >= len(pixels) and self._text(cell, palette, SUBCODEC_HEADER + len(data)):
            return
        cell.drawn_elsewhere = True
        self._subcodecs += struct.pack("<HHHHIB", cell.x, cell.y, cell.width, cell.height, len(data), kind) + data

    def _text(self, cell: _Cell, palette: list[int], limit: int) -> bool:
        """Encode what stands on a background in bands, where that promises to take fewer than `limit` bytes."""
        counts = Counter(cell.pixels)
        background = max(palette, key=lambda colour: counts[colour])
        lines = []
        top = 0
        rows = [cell.row(cell.y + row) for row in range(cell.height)]
        for marked, group in groupby(any(pixel != background for pixel in row) for row in rows):
            height = len(list(group))
            if marked:
                if height > MAX_VBAR:
                    return False
                columns = list(zip(*rows[top : top + height], strict=True))
                inked = [x for x, column in enumerate(columns) if any(pixel != background for pixel in column)]
                lines.append(_Line(cell.x + inked[0], cell.y + top, height, columns[inked[0] : inked[-1] + 1]))
            top += height
        price = sum(BAND_HEADER + sum(self._price(column, background) for column in line.columns) for line in lines)
        if price >= limit:
            return False
        for line in lines:
            self._bands += struct.pack(
                "<HHHH", line.x, line.x + len(line.columns) - 1, line.y, line.y + line.height - 1
            )
            self._bands += _triplet(background)
            for column in line.columns:
                self._column(column, background)
        cell.background = background
        if self._ground < 0:
            self._ground = background
        return True

    def _price(self, column: tuple[int, ...], background: int) -> int:
        """What a column costs, and later ones like it: what comes for the second time will come again."""
        on, short = _ink(column, background)
        key = _hash(short)
        if not short or self._vbars.guess(_mix(key, on, len(column), background)):
            return 2
        if self._shorts.guess(key):
            return 3
        place = key >> 18
        was_seen = self._seen.get(place, 0) == key
        self._seen[place] = key
        return 3 if was_seen else 2 + 3 * len(short)

    def _column(self, column: tuple[int, ...], background: int) -> None:
        """Encode a column of a band, and store it as the peer will."""
        on, short = _ink(column, background)
        key = _hash(short)
        vbar_key = _mix(key, on, len(column), background)
        slot = self._vbars.find(vbar_key, column)
        if slot >= 0:
            self._bands += struct.pack("<H", 0x8000 | slot)
            return
        slot = self._shorts.find(key, short)
        if slot >= 0:
            self._bands += struct.pack("<HB", 0x4000 | slot, on)
        else:
            self._shorts.add(key, short)
            self._bands += bytes((on, on + len(short))) + b"".join(map(_triplet, short))
        self._vbars.add(vbar_key, column)


def _quick_payload(rows: list[list[int]]) -> bytes:
    pixels = [pixel for line in rows for pixel in line]
    runs, size = _runs(pixels), 3 * len(pixels)
    if 4 * len(runs) <= SUBCODEC_HEADER + size:
        data = b"".join(_triplet(colour) + _run_length(length) for colour, length in runs)
        return struct.pack("<III", len(data), 0, 0) + data
    header = struct.pack("<HHHHIB", 0, 0, len(rows[0]), len(rows), size, RAW)
    return struct.pack("<III", 0, 0, SUBCODEC_HEADER + size) + header + b"".join(map(_triplet, pixels))


def _ink(column: tuple[int, ...], background: int) -> tuple[int, tuple[int, ...]]:
    """Find where a column's pixels begin that are not the background, and those to the last of them."""
    places = [y for y, pixel in enumerate(column) if pixel != background]
    return (places[0], column[places[0] : places[-1] + 1]) if places else (0, ())


def _rlex(palette: list[int], runs: list[tuple[int, int]]) -> bytes:
    """Encode runs as segments: a run, then a suite of colours that follow each other in the palette."""
    indexes = {colour: index for index, colour in enumerate(palette)}
    bits = max((len(palette) - 1).bit_length(), 1)
    most = (1 << (8 - bits)) - 1
    # "floor(log2(paletteCount - 1)) + 1", the bits of an index, says nothing for one colour: so that is there twice.
    entries = palette * 2 if len(palette) == 1 else palette
    out = bytearray((len(entries),)) + b"".join(map(_triplet, entries))
    at, left = 0, runs[0][1]
    while at < len(runs):
        start = stop = indexes[runs[at][0]]
        run = left - 1
        at, left = at + 1, 0
        while at < len(runs) and stop - start < most and indexes[runs[at][0]] == stop + 1:
            stop += 1
            left = runs[at][1] - 1
            if left:
                break  # what is left of this run begins the next segment
            at += 1
        out.append((stop - start) << bits | stop)
        out += _run_length(run)
        if not left and at < len(runs):
            left = runs[at][1]
    return bytes(out)


def _nscodec(cell: _Cell, level: int, subsampling: bool) -> bytes:
    """Encode a cell with NSCodec, or not at all when nothing may be lost."""
    if not level:
        return b""
    pixels = struct.pack(f"<{len(cell.pixels)}I", *cell.pixels)
    return nscodec.encode(pixels, cell.width * 4, 0, 0, cell.width, cell.height, level, subsampling, False, True)


def _residual(columns: list[list[_Cell]]) -> bytes:
    """Encode what is left to the residual layer in runs, which go on over what other layers draw.

    `columns` has the cell of each row, from left to right.
    """
    out = bytearray()
    current, count = -1, 0
    for y, row in enumerate(zip(*columns, strict=True)):
        for cell in row:
            if cell.drawn_elsewhere:
                count += cell.width
                continue
            background = cell.background
            for colour, length in _runs(cell.row(y)) if background is None else [(background, cell.width)]:
                if colour != current:
                    if current >= 0:
                        out += _triplet(current) + _run_length(count)
                        count = 0
                    current = colour
                count += length
    if current >= 0:
        out += _triplet(current) + _run_length(count)
    return bytes(out)
