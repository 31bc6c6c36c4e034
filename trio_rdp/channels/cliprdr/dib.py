"""Pictures as Windows programs lay them on a clipboard: CF_DIB and CF_DIBV5, a bitmap file without its file header.

The layout is that of a DeviceIndependentBitmap Object, [MS-WMF] 2.2.2.9, with the later headers too.
Each byte of a pixel becomes one plane of the picture, and a colour is what a table of 256 entries makes of each
plane that its mask touches, so that all the work is done by `bytes` as a whole.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated
from trio_rdp.wire.numbers import OpenEnum

__all__ = ["PIXELS_LIMIT", "SIDE_LIMIT", "Compression", "DibImage"]

SIDE_LIMIT = 32_767
"""The most pixels in a row, and the most rows: four times the longest desktop."""

PIXELS_LIMIT = 16 * 1024 * 1024
"""The most pixels in all, 64 MiB of BGRA: with one bit a pixel a message of 2 MiB declares as many."""

_INFO = struct.Struct("<IiiHHIIiiII")
_V5 = struct.Struct("<IiiHHIIiiII IIII I 36x 12x IIII")
_INFO_SIZE, _V2_SIZE, _V3_SIZE, _V4_SIZE, _V5_SIZE = 40, 52, 56, 108, 124
_SRGB = 0x73524742
_INTENT_IMAGES = 4

_MASKS_888 = (0xFF0000, 0xFF00, 0xFF)  # red, green, blue
_MASKS_555 = (0x7C00, 0x03E0, 0x001F)
_ALPHA = 0xFF000000


class Compression(OpenEnum):
    """How the pixels are written (BI_*); only the first and the masks are read here."""

    RGB = 0
    RLE8 = 1
    RLE4 = 2
    BITFIELDS = 3
    JPEG = 4
    PNG = 5
    ALPHABITFIELDS = 6


@dataclass(frozen=True, slots=True)
class DibImage:
    """A picture: `pixels` are BGRA, straight alpha, top row first, without gaps."""

    width: int
    height: int
    pixels: bytes

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read CF_DIB or CF_DIBV5 of 1, 4, 8, 16, 24 or 32 bits a pixel, uncompressed.

        Alpha counts where the header has a mask for it; else the picture is opaque.  Raises `DecodeError`, also for
        what is compressed.
        """
        src = Cursor(data)
        header = _Header.decode_from(src)
        width, height = header.width, abs(header.height)
        palette = src.take(4 * header.palette_size)
        stride = (width * header.bit_count + 31) // 32 * 4
        if stride * height > src.remaining:
            raise Truncated(f"needs {stride * height} bytes, {src.remaining} left", pdu="DibImage", offset=src.pos)
        starts = range(src.pos, src.pos + stride * height, stride)
        used = (width * header.bit_count + 7) // 8
        rows = [data[start : start + used] for start in (starts if header.height < 0 else reversed(starts))]
        if header.bit_count <= 8:
            indexes = b"".join(_unpack(row, header.bit_count, width) for row in rows)
            planes = [indexes.translate(palette[channel::4].ljust(256, b"\0")[:256]) for channel in range(3)]
            planes.append(b"\xff" * len(indexes))
        else:
            packed, step = b"".join(rows), header.bit_count // 8
            parts = [packed[number::step] for number in range(step)]
            red, green, blue, alpha = header.masks
            planes = [_channel(parts, mask) for mask in (blue, green, red)]
            planes.append(_channel(parts, alpha) if alpha else b"\xff" * (width * height))
        pixels = bytearray(4 * width * height)
        for channel, plane in enumerate(planes):
            pixels[channel::4] = plane
        return cls(width, height, bytes(pixels))

    def encode(self) -> bytes:
        """Write CF_DIB with 32 bits a pixel, bottom row first, which every program reads; alpha is not kept."""
        pixels = bytearray(self._bottom_up())
        pixels[3::4] = bytes(len(pixels) // 4)
        header = _INFO.pack(_INFO_SIZE, self.width, self.height, 1, 32, Compression.RGB, len(pixels), 0, 0, 0, 0)
        return header + pixels

    def encode_v5(self) -> bytes:
        """Write CF_DIBV5 with 32 bits a pixel, alpha among them, in sRGB, bottom row first."""
        pixels = self._bottom_up()
        # Not BITFIELDS: some programs look for three masks more behind the header then.
        info = (_V5_SIZE, self.width, self.height, 1, 32, Compression.RGB, len(pixels), 0, 0, 0, 0)
        return _V5.pack(*info, *_MASKS_888, _ALPHA, _SRGB, _INTENT_IMAGES, 0, 0, 0) + pixels

    def _bottom_up(self) -> bytes:
        stride = 4 * self.width
        if not (0 < self.width <= SIDE_LIMIT and 0 < self.height <= SIDE_LIMIT):
            raise EncodeError(f"a picture of {self.width} by {self.height}")
        if len(self.pixels) != stride * self.height:
            raise EncodeError(f"{len(self.pixels)} bytes for {self.width} by {self.height} pixels")
        return b"".join(self.pixels[at : at + stride] for at in range(len(self.pixels) - stride, -1, -stride))


@dataclass(frozen=True, slots=True)
class _Header:
    """What the headers of all versions say; a negative height means that the top row comes first."""

    width: int
    height: int
    bit_count: int
    palette_size: int
    masks: tuple[int, int, int, int]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        start = src.pos
        size, width, height, _, bit_count, kind, _, _, _, used, _ = _INFO.unpack(src.take(_INFO.size))
        if size not in (_INFO_SIZE, _V2_SIZE, _V3_SIZE, _V4_SIZE, _V5_SIZE):
            raise InvalidField(f"a bitmap header of {size} bytes", pdu="DibImage", offset=start)
        if not (0 < width <= SIDE_LIMIT and 0 < abs(height) <= SIDE_LIMIT and width * abs(height) <= PIXELS_LIMIT):
            raise InvalidField(f"a picture of {width} by {height}", pdu="DibImage", offset=start + 4)
        compression = Compression(kind)
        has_masks = compression in (Compression.BITFIELDS, Compression.ALPHABITFIELDS)
        if bit_count not in (1, 4, 8, 16, 24, 32) or not (
            compression == Compression.RGB or (has_masks and bit_count in (16, 32))
        ):
            raise InvalidField(f"{bit_count} bits a pixel, {compression!r}", pdu="DibImage", offset=start + 14)
        own = (0, 0, 0, 0)
        if size > _INFO_SIZE:
            own = (src.u32(), src.u32(), src.u32(), src.u32() if size >= _V3_SIZE else 0)
            src.skip(start + size - src.pos)
        elif has_masks:
            own = (src.u32(), src.u32(), src.u32(), src.u32() if compression == Compression.ALPHABITFIELDS else 0)
        if not has_masks:
            # Without BITFIELDS the colours lie as ever; browsers tell of alpha by its mask alone.
            colors = _MASKS_555 if bit_count == 16 else _MASKS_888
            own = (*colors, own[3] if bit_count == 32 else 0)
        # Behind 16 bits and more stands a palette for screens that have few colours.
        palette_size = used or (1 << bit_count if bit_count <= 8 else 0)
        return cls(width, height, bit_count, palette_size, own)


def _unpack(row: bytes, bit_count: int, width: int) -> bytes:
    """One byte for each index of a row, of which several may share one; the highest bits come first."""
    if bit_count == 8:
        return row
    count, mask = 8 // bit_count, (1 << bit_count) - 1
    parts = bytearray(count * len(row))
    for number in range(count):
        shift = 8 - bit_count * (number + 1)
        parts[number::count] = row.translate(bytes(value >> shift & mask for value in range(256)))
    return bytes(parts[:width])


def _channel(parts: list[bytes], mask: int) -> bytes:
    """One colour of all pixels, as 8 bits, from the bytes of the pixels."""
    shift = (mask & -mask).bit_length() - 1
    width = mask.bit_length() - shift
    if not mask or mask >> shift != (1 << width) - 1 or mask >> 8 * len(parts):
        raise InvalidField(f"mask {mask:#x}", pdu="DibImage")
    merged = 0
    for number, part in enumerate(parts):
        if mask >> 8 * number & 0xFF:
            table = bytes(_to_8_bits(((value << 8 * number) & mask) >> shift, width) for value in range(256))
            # What two bytes give to one colour are different bits of it.
            merged |= int.from_bytes(part.translate(table), "little")
    return merged.to_bytes(len(parts[0]), "little")


def _to_8_bits(value: int, width: int) -> int:
    """Repeat the bits of a colour until there are 8, or take the highest 8: black stays black, and white white."""
    result, left = 0, 8 - width
    while True:
        result |= value << left if left >= 0 else value >> -left
        if left <= 0:
            return result
        left -= width
