"""ClearCodec's structures, [MS-RDPEGFX] 2.2.4.1: to build messages and to look into them.

`trio_rdp.codecs.clearcodec` decodes and encodes pictures, and its kernels read and write the bytes themselves.
"""

from __future__ import annotations

import struct
from collections.abc import Sized
from typing import NamedTuple, Self, TypeAlias

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "MAX_ITEMS",
    "MAX_PALETTE",
    "Band",
    "BitmapStream",
    "BitmapStreamFlags",
    "CompositePayload",
    "RgbRunSegment",
    "Rlex",
    "RlexRgbTriplet",
    "RlexSegment",
    "ShortVbarCacheHit",
    "ShortVbarCacheMiss",
    "Subcodec",
    "SubcodecId",
    "Vbar",
    "VbarCacheHit",
]

MAX_ITEMS = 1 << 20
"""The most segments, bands or subcodecs in one list; a kernel takes as many as the message has bytes for."""

MAX_PALETTE = 0x7F

_BAND = struct.Struct("<HHHHBBB")
_SUBCODEC = struct.Struct("<HHHHIB")


class BitmapStreamFlags(Flags):
    """Glyph and control flags (CLEARCODEC_FLAG_*)."""

    GLYPH_INDEX = Flag(0x01)
    GLYPH_HIT = Flag(0x02)
    CACHE_RESET = Flag(0x04)


class SubcodecId(OpenEnum):
    """How a subcodec's bitmap is encoded."""

    RAW = 0x00
    NSCODEC = 0x01
    RLEX = 0x02


class VbarCacheHit(NamedTuple):
    """A column from the V-bar storage (VBAR_CACHE_HIT), [MS-RDPEGFX] 2.2.4.1.1.2.1.1.1."""

    vbar_index: int


class ShortVbarCacheHit(NamedTuple):
    """The inner part of a column from its storage (SHORT_VBAR_CACHE_HIT), [MS-RDPEGFX] 2.2.4.1.1.2.1.1.2."""

    short_vbar_index: int
    short_vbar_y_on: int


class ShortVbarCacheMiss(NamedTuple):
    """The inner part of a column, three bytes a pixel (SHORT_VBAR_CACHE_MISS), [MS-RDPEGFX] 2.2.4.1.1.2.1.1.3.

    Where it ends, shortVBarYOff, follows from its pixels.
    """

    short_vbar_y_on: int
    short_vbar_pixels: bytes


Vbar: TypeAlias = VbarCacheHit | ShortVbarCacheHit | ShortVbarCacheMiss
"""One column of a band (CLEARCODEC_VBAR), [MS-RDPEGFX] 2.2.4.1.1.2.1.1."""


def _take_run_length(src: Cursor) -> int:
    """Read run length factors 1 to 3."""
    run = src.u8()
    if run == 0xFF:
        run = src.u16()
        if run == 0xFFFF:
            run = src.u32()
    return run


def _put_run_length(dst: bytearray, run: int) -> None:
    if run < 0xFF:
        dst += struct.pack("<B", run)
    elif run < 0xFFFF:
        dst += struct.pack("<BH", 0xFF, run)
    else:
        dst += struct.pack("<BHI", 0xFF, 0xFFFF, run)


def _more(src: Cursor, items: Sized) -> bool:
    if len(items) == MAX_ITEMS and src.remaining:
        raise InvalidField(f"more than {MAX_ITEMS} items", offset=src.pos)
    return src.remaining > 0


@pdu
class RgbRunSegment(Pdu):
    """CLEARCODEC_RGB_RUN_SEGMENT, [MS-RDPEGFX] 2.2.4.1.1.1.1."""

    blue_value: int
    green_value: int
    red_value: int
    run_length: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        blue, green, red = src.take(3)
        return cls(blue_value=blue, green_value=green, red_value=red, run_length=_take_run_length(src))

    def encode_into(self, dst: bytearray) -> None:
        dst += struct.pack("<BBB", self.blue_value, self.green_value, self.red_value)
        _put_run_length(dst, self.run_length)


@pdu
class Band(Pdu):
    """CLEARCODEC_BAND, [MS-RDPEGFX] 2.2.4.1.1.2.1; the ends are inclusive."""

    x_start: int
    x_end: int
    y_start: int
    y_end: int
    blue_bkg: int
    green_bkg: int
    red_bkg: int
    vbars: list[Vbar]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        x_start, x_end, y_start, y_end, blue, green, red = _BAND.unpack(src.take(_BAND.size))
        if x_end < x_start or y_end < y_start:
            raise InvalidField(f"columns {x_start} to {x_end}, rows {y_start} to {y_end}", offset=src.pos)
        return cls(
            x_start=x_start,
            x_end=x_end,
            y_start=y_start,
            y_end=y_end,
            blue_bkg=blue,
            green_bkg=green,
            red_bkg=red,
            vbars=[_take_vbar(src) for _ in range(x_start, x_end + 1)],
        )

    def encode_into(self, dst: bytearray) -> None:
        if len(self.vbars) != self.x_end - self.x_start + 1 or self.y_end < self.y_start:
            raise EncodeError(f"{len(self.vbars)} columns from {self.x_start} to {self.x_end}")
        dst += _BAND.pack(
            self.x_start, self.x_end, self.y_start, self.y_end, self.blue_bkg, self.green_bkg, self.red_bkg
        )
        for vbar in self.vbars:
            _put_vbar(dst, vbar)


def _take_vbar(src: Cursor) -> Vbar:
    header = src.u16()
    if header & 0x8000:
        return VbarCacheHit(header & 0x7FFF)
    if header & 0x4000:
        return ShortVbarCacheHit(header & 0x3FFF, src.u8())
    on, off = header & 0xFF, header >> 8
    if off < on:
        raise InvalidField(f"a column from {on} to {off}", offset=src.pos)
    return ShortVbarCacheMiss(on, src.take(3 * (off - on)))


def _put_vbar(dst: bytearray, vbar: Vbar) -> None:
    match vbar:
        case VbarCacheHit(index) if 0 <= index < 0x8000:
            dst += struct.pack("<H", 0x8000 | index)
        case ShortVbarCacheHit(index, on) if 0 <= index < 0x4000:
            dst += struct.pack("<HB", 0x4000 | index, on)
        case ShortVbarCacheMiss(on, pixels) if len(pixels) % 3 == 0 and on + len(pixels) // 3 < 0x40:
            dst += struct.pack("<BB", on, on + len(pixels) // 3) + pixels
        case _:
            raise EncodeError(f"not a column: {vbar}")


@pdu
class Subcodec(Pdu):
    """CLEARCODEC_SUBCODEC, [MS-RDPEGFX] 2.2.4.1.1.3.1."""

    x_start: int
    y_start: int
    width: int
    height: int
    sub_codec_id: SubcodecId
    bitmap_data: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        x_start, y_start, width, height, size, sub_codec_id = _SUBCODEC.unpack(src.take(_SUBCODEC.size))
        return cls(
            x_start=x_start,
            y_start=y_start,
            width=width,
            height=height,
            sub_codec_id=SubcodecId(sub_codec_id),
            bitmap_data=src.take(size),
        )

    def encode_into(self, dst: bytearray) -> None:
        data = self.bitmap_data
        dst += _SUBCODEC.pack(self.x_start, self.y_start, self.width, self.height, len(data), self.sub_codec_id)
        dst += data


class RlexRgbTriplet(NamedTuple):
    """A colour of a palette (RLEX_RGB_TRIPLET), [MS-RDPEGFX] 2.2.4.1.1.3.1.1.1."""

    blue: int = 0
    green: int = 0
    red: int = 0


class RlexSegment(NamedTuple):
    """A run and a suite (CLEARCODEC_SUBCODEC_RLEX_SEGMENT), [MS-RDPEGFX] 2.2.4.1.1.3.1.1.2."""

    stop_index: int = 0
    suite_depth: int = 0
    run_length: int = 0


@pdu
class Rlex(Pdu):
    """CLEARCODEC_SUBCODEC_RLEX, [MS-RDPEGFX] 2.2.4.1.1.3.1.1: the data of a subcodec."""

    palette_entries: list[RlexRgbTriplet]
    segments: list[RlexSegment]

    @property
    def index_bits(self) -> int:
        """How many bits of a segment's first byte are its stop index."""
        # floor(log2(count - 1)) + 1; one colour has no logarithm, and one bit.
        return max((len(self.palette_entries) - 1).bit_length(), 1)

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        count = src.u8()
        if not 1 <= count <= MAX_PALETTE:
            raise InvalidField(f"a palette of {count}", offset=src.pos)
        value = cls(palette_entries=[RlexRgbTriplet(*src.take(3)) for _ in range(count)], segments=[])
        bits = value.index_bits
        while _more(src, value.segments):
            head = src.u8()
            value.segments.append(RlexSegment(head & ((1 << bits) - 1), head >> bits, _take_run_length(src)))
        return value

    def encode_into(self, dst: bytearray) -> None:
        if not 1 <= len(self.palette_entries) <= MAX_PALETTE:
            raise EncodeError(f"a palette of {len(self.palette_entries)}")
        dst.append(len(self.palette_entries))
        for triplet in self.palette_entries:
            dst += struct.pack("<BBB", *triplet)
        bits = self.index_bits
        for stop, depth, run in self.segments:
            if stop >> bits or depth >> (8 - bits):
                raise EncodeError(f"stop index {stop} and suite depth {depth} with {bits} bits for the index")
            dst.append(depth << bits | stop)
            _put_run_length(dst, run)


@pdu
class CompositePayload(Pdu):
    """CLEARCODEC_COMPOSITE_PAYLOAD, [MS-RDPEGFX] 2.2.4.1.1: the three layers."""

    residual_data: list[RgbRunSegment]
    bands_data: list[Band]
    subcodec_data: list[Subcodec]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        counts = src.u32(), src.u32(), src.u32()
        residual, bands, subcodecs = (src.sub(count) for count in counts)
        value = cls(residual_data=[], bands_data=[], subcodec_data=[])
        while _more(residual, value.residual_data):
            value.residual_data.append(RgbRunSegment.decode_from(residual))
        while _more(bands, value.bands_data):
            value.bands_data.append(Band.decode_from(bands))
        while _more(subcodecs, value.subcodec_data):
            value.subcodec_data.append(Subcodec.decode_from(subcodecs))
        return value

    def encode_into(self, dst: bytearray) -> None:
        layers = [b"".join(item.encode() for item in layer) for layer in self.layers()]
        dst += struct.pack("<III", *map(len, layers)) + b"".join(layers)

    def layers(self) -> tuple[list[RgbRunSegment], list[Band], list[Subcodec]]:
        """Give the layers in the order in which they are drawn."""
        return self.residual_data, self.bands_data, self.subcodec_data


@pdu
class BitmapStream(Pdu):
    """CLEARCODEC_BITMAP_STREAM, [MS-RDPEGFX] 2.2.4.1.

    That there is an index, and that there is a payload, is seen from `glyph_index` and `composite_payload`; `flags` has
    the first of them too.
    """

    flags: BitmapStreamFlags = BitmapStreamFlags(0)
    seq_number: int
    glyph_index: int | None = None
    composite_payload: CompositePayload | None = None

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        flags, seq_number = BitmapStreamFlags(src.u8()), src.u8()
        value = cls(flags=flags, seq_number=seq_number)
        if flags & BitmapStreamFlags.GLYPH_INDEX:
            value.glyph_index = src.u16()
        elif flags & BitmapStreamFlags.GLYPH_HIT:
            raise InvalidField("a glyph without its index", offset=src.pos)
        if src.remaining and not flags & BitmapStreamFlags.GLYPH_HIT:
            value.composite_payload = CompositePayload.decode_from(src)
        return value

    def encode_into(self, dst: bytearray) -> None:
        flags = self.flags
        if bool(flags & BitmapStreamFlags.GLYPH_INDEX) != (self.glyph_index is not None):
            raise EncodeError(f"flags {flags!r} with glyph index {self.glyph_index}")
        dst += struct.pack("<BB", flags, self.seq_number)
        if self.glyph_index is not None:
            dst += struct.pack("<H", self.glyph_index)
        if self.composite_payload is not None:
            self.composite_payload.encode_into(dst)
