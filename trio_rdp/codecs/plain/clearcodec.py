"""Decoding ClearCodec in plain Python, [MS-RDPEGFX] 2.2.4.1: layers of runs, columns and bitmaps, and storages."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from trio_rdp.codecs.plain import nscodec
from trio_rdp.codecs.plain.buffers import Readable, check_bitmap, check_region, view
from trio_rdp.codecs.status import INVALID, OVERRUN, TRUNCATED

__all__ = ["Decoder"]

GLYPH_INDEX, GLYPH_HIT, CACHE_RESET = 0x01, 0x02, 0x04
RAW, NSCODEC, RLEX = 0, 1, 2

# Slots of the storages, [MS-RDPEGFX] 3.3.1.9, 3.3.1.10 and 3.3.1.12, and the pixels of a slot.
GLYPHS, VBARS, SHORT_VBARS = 4000, 32768, 16384
MAX_GLYPH, MAX_VBAR = 1024, 52

# How many times over the bitmap's area its subcodecs may draw; otherwise thirty bytes could ask for 33 million pixels,
# and be sent a thousand times in one message.  Encoders have no reason to draw a pixel twice in one layer.
MAX_OVERDRAW: Final = 4

_PAYLOAD: Final = struct.Struct("<III")
_BAND: Final = struct.Struct("<HHHH3s")
_SUBCODEC: Final = struct.Struct("<HHHHIB")
_BLACK: Final = b"\0\0\0\xff"


class _Broken(Exception):
    """The message cannot be decoded any further."""

    def __init__(self, status: int) -> None:
        self.status = status


class _Source:
    """Reads a part of a message."""

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.pos = 0

    def __bool__(self) -> bool:
        return self.pos < len(self.data)

    def take(self, size: int) -> memoryview:
        if len(self.data) - self.pos < size:
            raise _Broken(TRUNCATED)
        self.pos += size
        return self.data[self.pos - size : self.pos]

    def unpack(self, layout: struct.Struct) -> tuple[int, ...]:
        return layout.unpack(self.take(layout.size))

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def run(self) -> int:
        """Read run length factors 1 to 3."""
        run = self.number(1)
        if run == 0xFF:
            run = self.number(2)
            if run == 0xFFFF:
                run = self.number(4)
        return run


class _Canvas:
    """The part of a surface in which a message draws; what lies outside of it is lost."""

    def __init__(self, target: memoryview, start: int, stride: int, columns: int, rows: int) -> None:
        self.target, self.start, self.stride = target, start, stride
        self.columns, self.rows = columns, rows

    def draw(self, x: int, y: int, pixels: bytes) -> None:
        """Draw pixels beside each other."""
        if y < self.rows:
            line = pixels[: max(self.columns - x, 0) * 4]
            place = self.start + y * self.stride + x * 4
            self.target[place : place + len(line)] = line

    def read(self, width: int, height: int) -> bytes:
        """Read a rectangle from the top left, black where it leaves the canvas."""
        lines = []
        for y in range(height):
            place = self.start + y * self.stride
            line = self.target[place : place + min(width, self.columns) * 4] if y < self.rows else b""
            lines.append(bytes(line) + _BLACK * (width - len(line) // 4))
        return b"".join(lines)


class _Pen:
    """Draws pixels from left to right and top to bottom of a rectangle."""

    def __init__(self, canvas: _Canvas, x: int, y: int, width: int, height: int) -> None:
        self.canvas, self.x, self.y, self.width = canvas, x, y, width
        self.drawn, self.total = 0, width * height

    def draw(self, pixel: bytes, count: int) -> None:
        while count:
            row, column = divmod(self.drawn, self.width)
            piece = min(count, self.width - column)
            if self.y + row < self.canvas.rows:
                self.canvas.draw(self.x + column, self.y + row, pixel * piece)
            self.drawn += piece
            count -= piece


def _bgrx(triplet: memoryview | bytes) -> bytes:
    return bytes(triplet) + b"\xff"


class Decoder:
    """The storages of one session, and the number of the next message."""

    def __init__(self) -> None:
        self._expected = -1
        self._vbars: dict[int, bytes] = {}
        self._vbar_cursor = 0
        self._shorts: dict[int, bytes] = {}
        self._short_cursor = 0
        self._glyphs: dict[int, bytes] = {}

    def decode_into(
        self,
        data: Readable,
        surface: Readable,
        stride: int,
        x: int,
        y: int,
        visible_width: int,
        visible_height: int,
        width: int,
        height: int,
    ) -> int:
        """Decode a message and draw the visible part of its bitmap at `x`, `y`: the number of pixels, or a status."""
        check_bitmap(width, height)
        columns, rows = min(visible_width, width), min(visible_height, height)
        target = view(surface)
        check_region(len(target), stride, x, y, columns, rows, 4)
        try:
            self._message(
                _Source(view(data)), _Canvas(target, y * stride + x * 4, stride, columns, rows), width, height
            )
        except _Broken as exc:
            return exc.status
        return width * height

    def _message(self, source: _Source, canvas: _Canvas, width: int, height: int) -> None:
        flags, number = source.take(2)
        # The document has the first message be number 0; FreeRDP 2.11 takes any number for the first, and for the first
        # after RDPGFX_RESET_GRAPHICS_PDU.  So numbers may begin anew at any time, which harms nobody.
        expected, self._expected = self._expected, (number + 1) & 0xFF
        if number and expected not in (-1, number):
            raise _Broken(INVALID)
        if flags & CACHE_RESET:
            self._vbar_cursor = self._short_cursor = 0
        if not flags & GLYPH_INDEX:
            if flags & GLYPH_HIT:
                raise _Broken(INVALID)
            if source:
                self._layers(source, canvas, width, height)
            return
        index = source.number(2)
        if index >= GLYPHS or width * height > MAX_GLYPH:
            raise _Broken(INVALID)
        if flags & GLYPH_HIT:
            # The pixels of a glyph have no dimensions (4.1.1.5).
            glyph = self._glyphs.get(index, b"")
            if len(glyph) < width * height * 4:
                raise _Broken(INVALID)
        else:
            whole = memoryview(bytearray(canvas.read(width, height)))
            self._layers(source, _Canvas(whole, 0, width * 4, width, height), width, height)
            glyph = self._glyphs[index] = bytes(whole)
        for row in range(height):
            canvas.draw(0, row, glyph[row * width * 4 : (row + 1) * width * 4])

    def _layers(self, source: _Source, canvas: _Canvas, width: int, height: int) -> None:
        """Draw the three layers of a CLEARCODEC_COMPOSITE_PAYLOAD."""
        counts = source.unpack(_PAYLOAD)
        if sum(counts) > len(source.data) - source.pos:
            raise _Broken(TRUNCATED)
        residual, bands, subcodecs = (_Source(source.take(count)) for count in counts)
        pen = _Pen(canvas, 0, 0, width, height)
        while residual:
            pixel, run = _bgrx(residual.take(3)), residual.run()
            if run > pen.total - pen.drawn:
                raise _Broken(OVERRUN)
            pen.draw(pixel, run)
        while bands:
            self._band(bands, canvas)
        room = MAX_OVERDRAW * width * height
        while subcodecs:
            room -= _subcodec(subcodecs, canvas, width, height, room)

    def _band(self, source: _Source, canvas: _Canvas) -> None:
        x_start, x_end, y_start, y_end, triplet = _BAND.unpack(source.take(_BAND.size))
        height = y_end - y_start + 1
        if x_end < x_start or not 1 <= height <= MAX_VBAR:
            raise _Broken(INVALID)
        for x in range(x_start, x_end + 1):
            pixels = self._vbar(source, height, _bgrx(triplet))
            for row in range(height):
                canvas.draw(x, y_start + row, pixels[row * 4 : row * 4 + 4])

    def _vbar(self, source: _Source, height: int, background: bytes) -> bytes:
        """Read one column of a band."""
        header = source.number(2)
        if header & 0x8000:
            # Its height MUST be the band's; FreeRDP 2.11 draws black for what is not there, as after a reset.
            return (self._vbars.get(header & 0x7FFF, b"") + _BLACK * height)[: height * 4]
        if header & 0x4000:
            short = self._shorts.get(header & 0x3FFF, b"")
            on = source.number(1)
        else:
            on, off = header & 0xFF, header >> 8
            if not on <= off <= MAX_VBAR:
                raise _Broken(INVALID)
            pixels = source.take(3 * (off - on))
            short = b"".join(_bgrx(pixels[at : at + 3]) for at in range(0, len(pixels), 3))
            self._shorts[self._short_cursor] = short
            self._short_cursor = (self._short_cursor + 1) % SHORT_VBARS
        vbar = (background * on + short + background * height)[: height * 4]
        self._vbars[self._vbar_cursor] = vbar
        self._vbar_cursor = (self._vbar_cursor + 1) % VBARS
        return vbar


def _subcodec(source: _Source, canvas: _Canvas, bitmap_width: int, bitmap_height: int, room: int) -> int:
    """Draw one small bitmap; return its pixels."""
    x, y, width, height, count, codec = source.unpack(_SUBCODEC)
    data = source.take(count)
    if x + width > bitmap_width or y + height > bitmap_height or width * height > room:
        raise _Broken(INVALID)
    if not width * height:
        return 0
    if codec == RAW:
        _raw(data, canvas, x, y, width, height)
    elif codec == NSCODEC:
        picture = bytearray(width * height * 4)
        status = nscodec.decode_into(data, picture, width * 4, 0, 0, width, height, width, height, True, False)
        if status < 0:
            raise _Broken(status)
        for row in range(height):
            canvas.draw(x, y + row, bytes(picture[row * width * 4 : (row + 1) * width * 4]))
    elif codec == RLEX:
        pen = _Pen(canvas, x, y, width, height)
        for pixel, run in _rlex(_Source(data)):
            if run > pen.total - pen.drawn:
                raise _Broken(OVERRUN)
            pen.draw(pixel, run)
    else:
        raise _Broken(INVALID)
    return width * height


def _raw(data: memoryview, canvas: _Canvas, x: int, y: int, width: int, height: int) -> None:
    if len(data) != 3 * width * height:
        raise _Broken(TRUNCATED if len(data) < 3 * width * height else INVALID)
    for row in range(height):
        line = data[row * width * 3 : (row + 1) * width * 3]
        pixels = bytearray(b"\xff") * (4 * width)
        for channel in range(3):
            pixels[channel::4] = line[channel::3]
        canvas.draw(x, y + row, bytes(pixels))


def _rlex(source: _Source) -> Iterator[tuple[bytes, int]]:
    """Read runs of colours; the pixels of a suite are runs of one."""
    count = source.number(1)
    if not 1 <= count <= 0x7F:
        raise _Broken(INVALID)
    palette = [_bgrx(source.take(3)) for _ in range(count)]
    # floor(log2(count - 1)) + 1; one colour has no logarithm, and one bit.
    bits = max((count - 1).bit_length(), 1)
    while source:
        head = source.number(1)
        stop, depth = head & ((1 << bits) - 1), head >> bits
        if stop >= count or depth > stop:
            raise _Broken(INVALID)
        run = source.run()
        yield palette[stop - depth], run
        for colour in palette[stop - depth : stop + 1]:
            yield colour, 1
