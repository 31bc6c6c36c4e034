"""Interleaved run-length coding in plain Python, [MS-RDPBCGR] 2.2.9.1.1.3.1.2.4 and 3.1.9.

Rows go bottom-up and orders know nothing of rows, but for the row above, which is `width` pixels back.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from trio_rdp.codecs.plain.batches import decode_each, encode_each
from trio_rdp.codecs.plain.buffers import Readable, Writable, check_bitmap, check_region, view
from trio_rdp.codecs.plain.pixels import pack_row, palette_of, unpack_row
from trio_rdp.codecs.status import INVALID, OVERRUN, TRUNCATED

__all__ = ["decode", "decode_all", "decode_into", "encode", "encode_all"]

# The orders, by what the header's high bits say; a MEGA_MEGA header is brought to the same numbers.
BACKGROUND, FOREGROUND, IMAGE, COLOR_RUN, COLOR_IMAGE, SET_FOREGROUND, SET_IMAGE, DITHERED = 0, 1, 2, 3, 4, 12, 13, 14
SPECIAL_1, SPECIAL_2, WHITE, BLACK = 0xF9, 0xFA, 0xFD, 0xFE


def _white(bits_per_pixel: int) -> bytes:
    # Sources disagree on 15 bits per pixel, some have 0xFFFF; "0111 1111 1111 1111", says the document (GetColorWhite).
    return {8: b"\xff", 15: b"\xff\x7f", 16: b"\xff\xff", 24: b"\xff\xff\xff"}[bits_per_pixel]


def _xor(above: bytes | bytearray, pixel: bytes) -> bytes:
    """Change each pixel of a run by one colour; one big number does it for all."""
    ink = pixel * (len(above) // len(pixel))
    return (int.from_bytes(above, "little") ^ int.from_bytes(ink, "little")).to_bytes(len(above), "little")


class _Canvas:
    """The pixels so far, in stream order, and what the orders do to them."""

    def __init__(self, width: int, total: int, bits_per_pixel: int) -> None:
        self.wide = (bits_per_pixel + 7) // 8
        self.row = width * self.wide
        self.total = total
        self.out = bytearray()
        self.first = True
        self.fg = _white(bits_per_pixel)

    @property
    def room(self) -> int:
        return self.total - len(self.out) // self.wide

    def copy(self, run: int, pixel: bytes) -> None:
        """Draw what stands in the row above, changed by `pixel`; above the first row all is black."""
        left = run * self.wide
        if self.first:
            self.out += pixel * run
            return
        while left:
            start = len(self.out) - self.row
            piece = self.out[start : start + min(left, self.row)]
            self.out += _xor(piece, pixel)
            left -= len(piece)

    def image(self, bits: int, count: int) -> None:
        black = bytes(self.wide)
        for k in range(count):
            self.copy(1, self.fg if bits >> k & 1 else black)


def _header(src: memoryview, pos: int) -> tuple[int, int, int]:
    """Read an order's header: its code, its run, and where its data begin; or a status as the code."""
    head = src[pos]
    if head >= 0xF0:
        if head in (SPECIAL_1, SPECIAL_2, WHITE, BLACK):
            return head, 0, pos + 1
        if head > 0xF8 or head == 0xF5:
            return INVALID, 0, pos
        if len(src) - pos < 3:
            return TRUNCATED, 0, pos
        code = head - 0xF0
        return (code + 6 if code >= 6 else code), src[pos + 1] | src[pos + 2] << 8, pos + 3
    code, mask = (head >> 5, 31) if head < 0xC0 else (head >> 4, 15)
    run = head & mask
    counts_eights = code in (IMAGE, SET_IMAGE)
    if run:
        return code, run * 8 if counts_eights else run, pos + 1
    if len(src) - pos < 2:
        return TRUNCATED, 0, pos
    return code, src[pos + 1] + (1 if counts_eights else mask + 1), pos + 2


def _decode(src: memoryview, width: int, total: int, bits_per_pixel: int) -> tuple[int, bytearray]:
    canvas = _Canvas(width, total, bits_per_pixel)
    wide, black = canvas.wide, bytes(canvas.wide)
    pos = 0
    insert = False
    while pos < len(src) and canvas.room:
        if canvas.first and len(canvas.out) >= canvas.row:
            canvas.first = insert = False
        code, run, pos = _header(src, pos)
        if code < 0:
            return code, canvas.out
        if code in (SPECIAL_1, SPECIAL_2):
            insert = False
            if canvas.room < 8:
                return OVERRUN, canvas.out
            canvas.image(3 if code == SPECIAL_1 else 5, 8)
            continue
        if code in (WHITE, BLACK):
            insert = False
            canvas.out += _white(bits_per_pixel) if code == WHITE else black
            continue
        if run * (2 if code == DITHERED else 1) > canvas.room:
            return OVERRUN, canvas.out
        if code == BACKGROUND:
            if insert and run:
                canvas.copy(1, canvas.fg)
                run -= 1
            canvas.copy(run, black)
            insert = True
            continue
        insert = False
        colours = {SET_FOREGROUND: 1, SET_IMAGE: 1, COLOR_RUN: 1, DITHERED: 2, COLOR_IMAGE: run}.get(code, 0)
        data = bytes(src[pos : pos + colours * wide])
        if len(data) < colours * wide:
            return TRUNCATED, canvas.out
        pos += len(data)
        if code in (SET_FOREGROUND, SET_IMAGE):
            canvas.fg = data
        if code in (FOREGROUND, SET_FOREGROUND):
            canvas.copy(run, canvas.fg)
        elif code in (IMAGE, SET_IMAGE):
            masks = src[pos : pos + (run + 7) // 8]
            if len(masks) < (run + 7) // 8:
                return TRUNCATED, canvas.out
            pos += len(masks)
            for mask in masks:
                canvas.image(mask, min(run, 8))
                run -= 8
        elif code == COLOR_IMAGE:
            canvas.out += data
        elif code in (COLOR_RUN, DITHERED):
            canvas.out += data * run
        else:
            return INVALID, canvas.out
    written = len(canvas.out) // wide
    return written, canvas.out.ljust(total * wide, b"\0")


def decode(data: Readable, width: int, height: int, bits_per_pixel: int, out: Writable) -> int:
    """Write native pixels in stream order to `out`; return how many the stream held (the rest is black), or a status.

    What follows after the last pixel is not looked at.
    """
    check_bitmap(width, height)
    target = view(out)
    size = width * height * ((bits_per_pixel + 7) // 8)
    if len(target) < size:
        raise ValueError("the output is too small")
    status, pixels = _decode(view(data), width, width * height, bits_per_pixel)
    if status >= 0:
        target[:size] = pixels
    return status


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
    bits_per_pixel: int,
    palette: Readable | None,
) -> int:
    """Decode, and draw the visible part top-down as BGRX at `x`, `y`; nothing is drawn when a status is returned."""
    check_bitmap(width, height)
    visible_width, visible_height = min(visible_width, width), min(visible_height, height)
    colours = palette_of(palette, bits_per_pixel)
    target = view(surface)
    check_region(len(target), stride, x, y, visible_width, visible_height, 4)
    status, pixels = _decode(view(data), width, width * height, bits_per_pixel)
    if status < 0:
        return status
    wide = (bits_per_pixel + 7) // 8
    for row in range(visible_height):
        start = (height - 1 - row) * width * wide
        place = (y + row) * stride + x * 4
        line = unpack_row(pixels[start : start + visible_width * wide], bits_per_pixel, colours)
        target[place : place + visible_width * 4] = line
    return status


def decode_all(
    bitmaps: Sequence[bytes],
    table: array[int],
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
    bits_per_pixel: int,
    palette: Readable | None,
) -> int:
    """Decode bitmaps, each to its place; return their count, or the status of the first that is wrong."""
    options = (bits_per_pixel, palette_of(palette, bits_per_pixel))
    return decode_each(decode_into, bitmaps, table, surface, stride, x, y, width, height, *options)


# --------------------------------------------------------------------------------------------------------- encoding


def encode(surface: Readable, stride: int, x: int, y: int, width: int, height: int, bits_per_pixel: int) -> bytes:
    """Encode a rectangle of a BGRX surface, or of one of palette indices at 8 bits, bottom-up."""
    check_bitmap(width, height)
    source = view(surface)
    unit = 1 if bits_per_pixel == 8 else 4
    check_region(len(source), stride, x, y, width, height, unit)
    wide = (bits_per_pixel + 7) // 8
    pixels: list[int] = []
    for row in reversed(range(height)):
        start = (y + row) * stride + x * unit
        line = bytes(source[start : start + width * unit])
        if unit == 4:
            line = pack_row(line, bits_per_pixel)
        pixels += [int.from_bytes(line[i : i + wide], "little") for i in range(0, len(line), wide)]
    return _Encoder(pixels, width, bits_per_pixel).run()


def encode_all(
    surface: Readable,
    stride: int,
    x: int,
    y: int,
    width: int,
    height: int,
    table: array[int],
    bits_per_pixel: int,
) -> list[bytes]:
    """Encode each rectangle of a view by itself."""
    unit = 1 if bits_per_pixel == 8 else 4
    return encode_each(encode, surface, stride, x, y, width, height, unit, table, bits_per_pixel)


def _head(code: int, mega: int, reach: int, count: int) -> bytes:
    if count < reach:
        return bytes((code | count,))
    if count < reach + 256:
        return bytes((code, count - reach))
    return bytes((mega, count & 0xFF, count >> 8))


def _image_head(code: int, mega: int, reach: int, count: int) -> bytes:
    if count % 8 == 0 and count // 8 < reach:
        return bytes((code | count // 8,))
    if count <= 256:
        return bytes((code, count - 1))
    return bytes((mega, count & 0xFF, count >> 8))


class _Encoder:
    """A greedy encoder: at each pixel the order that saves most, or one more pixel for a colour image."""

    def __init__(self, pixels: Sequence[int], width: int, bits_per_pixel: int) -> None:
        self.p = pixels
        self.w = width
        self.wide = (bits_per_pixel + 7) // 8
        self.fg = int.from_bytes(_white(bits_per_pixel), "little")
        self.out = bytearray()
        self.kept = 0
        self.after_background = False
        self.last_run: tuple[int, int, int] | None = None

    def difference(self, o: int) -> int:
        return self.p[o] ^ self.p[o - self.w] if o >= self.w else self.p[o]

    def pixel(self, value: int) -> bytes:
        return value.to_bytes(self.wide, "little")

    def flush(self, o: int) -> None:
        if self.kept:
            self.out += _head(0x80, 0xF4, 32, self.kept)
            for value in self.p[o - self.kept : o]:
                self.out += self.pixel(value)
            self.kept = 0
            self.after_background = False

    def count(self, o: int, limit: int, difference: int) -> int:
        """How many pixels from `o` on differ by `difference` from those above."""
        n = 0
        while o + n < limit and self.difference(o + n) == difference:
            n += 1
        return n

    def mixture(self, o: int, end: int, fg: int) -> int:
        """How many pixels from `o` on differ from those above by nothing or by `fg`, up to sixteen alike."""
        since, last = o, self.difference(o)
        for i in range(o, end):
            x = self.difference(i)
            if x not in (0, fg):
                return i - o
            if x != last:
                since, last = i, x
            elif i - since >= 15:
                return since - o
        return end - o

    def run(self) -> bytes:
        o, total = 0, len(self.p)
        while o < total:
            if o == self.w:
                self.after_background = False
            # Orders that look at the row above do not cross the end of the first row, which has none.
            end = self.w if o < self.w else total
            order = self.choose(o, min(end, o + 65535), min(total, o + 65535))
            if order is None:
                self.kept += 1
                o += 1
                if self.kept == 65535:
                    self.flush(o)
                continue
            self.flush(o)
            kind, count, fg = order
            self.after_background = kind == BACKGROUND
            o += self.emit(kind, count, fg, o)
        self.flush(o)
        self.spell_out()
        return bytes(self.out)

    def spell_out(self) -> None:
        """Have the last foreground run say its colour, which it had from before, where less than a pixel follows it.

        IronRDP (its web client 0.7.0 of 2026) asks for a pixel behind each such run, whether it reads one or not, and
        draws no bitmap without.
        """
        if self.last_run is None:
            return
        start, end, count = self.last_run
        if len(self.out) - end < self.wide:
            self.out[start:end] = _head(0xC0, 0xF6, 16, count) + self.pixel(self.fg)

    def choose(self, o: int, limit: int, far: int) -> tuple[int, int, int] | None:
        """Find the order for the pixels from `o`: its kind, its length, its foreground; None to keep the pixel."""
        # Breaking off a colour image costs another header, and orders cost the decoder more time than pixels do.
        best = 3 if self.kept else 0
        x = self.difference(o)
        fresh = self.after_background and not self.kept
        if x == 0:
            n = self.count(o, limit, 0)
            if n < 8 and o + n < limit:
                fg = self.difference(o + n)
                m = self.mixture(o, limit, fg)
                if m >= 16:
                    return IMAGE, m & ~7, fg
            # A second background run would begin with a pixel of the foreground colour.
            return None if n * self.wide <= best or fresh else (BACKGROUND, n, 0)
        order = None
        f = self.count(o, limit, x)
        gain = f * self.wide - (1 if x == self.fg else 1 + self.wide)
        if gain > best:
            best, order = gain, (FOREGROUND, f, x)
        c = 1
        while o + c < far and self.p[o + c] == self.p[o]:
            c += 1
        run = c
        gain = c * self.wide - (1 + self.wide)
        if gain > best:
            best, order = gain, (COLOR_RUN, c, 0)
        if c == 1 and o + 3 < far and self.p[o : o + 2] == self.p[o + 2 : o + 4]:
            pairs = 2
            while o + 2 * pairs + 1 < far and self.p[o : o + 2] == self.p[o + 2 * pairs : o + 2 * pairs + 2]:
                pairs += 1
            gain = 2 * pairs * self.wide - (1 + 2 * self.wide)
            if gain > best:
                best, order, run = gain, (DITHERED, pairs, 0), pairs
        if f == 1 and x == self.fg and fresh:
            # A background run right after another begins with one pixel of the foreground colour for nothing.
            n = 1 + self.count(o + 1, limit, 0)
            if n >= 8:
                return BACKGROUND, n, 0
        if f < 8 and run < 8:
            m = self.mixture(o, limit, x)
            if m >= 16:
                return IMAGE, m & ~7, x
        return order

    def emit(self, kind: int, count: int, fg: int, o: int) -> int:
        """Write one order; return how many pixels it draws."""
        if kind == BACKGROUND:
            self.out += _head(0x00, 0xF0, 32, count)
        elif kind == FOREGROUND:
            start = len(self.out)
            if fg == self.fg:
                self.out += _head(0x20, 0xF1, 32, count)
                self.last_run = start, len(self.out), count
            else:
                self.out += _head(0xC0, 0xF6, 16, count) + self.pixel(fg)
            self.fg = fg
        elif kind == COLOR_RUN:
            self.out += _head(0x60, 0xF3, 32, count) + self.pixel(self.p[o])
        elif kind == DITHERED:
            self.out += _head(0xE0, 0xF8, 16, count) + self.pixel(self.p[o]) + self.pixel(self.p[o + 1])
            return 2 * count
        else:
            plain = fg == self.fg
            head = _image_head(0x40, 0xF2, 32, count) if plain else _image_head(0xD0, 0xF7, 16, count) + self.pixel(fg)
            self.out += head
            self.fg = fg
            for start in range(o, o + count, 8):
                self.out.append(sum(1 << k for k in range(8) if self.difference(start + k)))
        return count
