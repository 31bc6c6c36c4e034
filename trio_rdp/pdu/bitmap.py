"""Bitmap updates, [MS-RDPBCGR] 2.2.9.1.1.3.1.2, and the header of RDP 6.0 bitmap streams, [MS-RDPEGDI] 2.2.2.5.1."""

from __future__ import annotations

import struct
from typing import Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated
from trio_rdp.wire.fields import U16
from trio_rdp.wire.numbers import Flag, Flags
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["BitmapData", "BitmapFlags", "BitmapUpdate", "CompressedDataHeader", "Rdp6BitmapStream"]

_UPDATETYPE_BITMAP = 1
_FIELDS = struct.Struct("<9H")
_COMPRESSION, _NO_HEADER = 0x0001, 0x0400


class BitmapFlags(Flags):
    """How a bitmap's data is packed."""

    BITMAP_COMPRESSION = Flag(_COMPRESSION)
    NO_BITMAP_COMPRESSION_HDR = Flag(_NO_HEADER)


@pdu
class CompressedDataHeader(Pdu):
    """Compressed Data Header (TS_CD_HEADER), [MS-RDPBCGR] 2.2.9.1.1.3.1.2.3."""

    cb_comp_first_row_size: U16 = 0
    cb_comp_main_body_size: U16
    cb_scan_width: U16
    cb_uncompressed_size: U16


@pdu
class BitmapData(Pdu):
    """Bitmap Data (TS_BITMAP_DATA), [MS-RDPBCGR] 2.2.9.1.1.3.1.2.2.

    The right and bottom bounds are inclusive.  `bitmap_compr_hdr` is there exactly where the flags ask for it.
    """

    dest_left: int
    dest_top: int
    dest_right: int
    dest_bottom: int
    width: int
    height: int
    bits_per_pixel: int
    flags: BitmapFlags = BitmapFlags(0)
    bitmap_compr_hdr: CompressedDataHeader | None = None
    bitmap_data_stream: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        pos = src.pos
        src.skip(18)
        left, top, right, bottom, width, height, bits_per_pixel, flags, size = _FIELDS.unpack_from(src.buf, pos)
        header = None
        if flags & _COMPRESSION and not flags & _NO_HEADER:
            if size < 8:
                raise InvalidField(f"{size} bytes do not hold the header", field="bitmapLength", offset=pos + 16)
            header = CompressedDataHeader.decode_from(src)
            size -= 8
        return cls(
            dest_left=left,
            dest_top=top,
            dest_right=right,
            dest_bottom=bottom,
            width=width,
            height=height,
            bits_per_pixel=bits_per_pixel,
            flags=BitmapFlags(flags),
            bitmap_compr_hdr=header,
            bitmap_data_stream=src.take(size),
        )

    def encode_into(self, dst: bytearray) -> None:
        header, flags = self.bitmap_compr_hdr, int(self.flags)
        if (header is not None) != (flags & _COMPRESSION != 0 and not flags & _NO_HEADER):
            raise EncodeError(f"{self.flags!r} {'without' if header is None else 'with'} a compressed data header")
        dst += _FIELDS.pack(
            self.dest_left,
            self.dest_top,
            self.dest_right,
            self.dest_bottom,
            self.width,
            self.height,
            self.bits_per_pixel,
            flags,
            len(self.bitmap_data_stream) + (0 if header is None else 8),
        )
        if header is not None:
            header.encode_into(dst)
        dst += self.bitmap_data_stream


@pdu
class BitmapUpdate(Pdu):
    """Bitmap Update Data (TS_UPDATE_BITMAP_DATA), [MS-RDPBCGR] 2.2.9.1.1.3.1.2.1, the same on both paths."""

    rectangles: list[BitmapData]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        src.skip(2)
        count = src.u16()
        if count * _FIELDS.size > src.remaining:
            need = count * _FIELDS.size
            raise Truncated(f"{count} rectangles need {need} bytes, {src.remaining} left", offset=src.pos)
        return cls(rectangles=[BitmapData.decode_from(src) for _ in range(count)])

    def encode_into(self, dst: bytearray) -> None:
        dst += struct.pack("<HH", _UPDATETYPE_BITMAP, len(self.rectangles))
        for rectangle in self.rectangles:
            rectangle.encode_into(dst)


@pdu
class Rdp6BitmapStream(Pdu):
    """RDP 6.0 Bitmap Compressed Bitmap Stream (RDP6_BITMAP_STREAM), [MS-RDPEGDI] 2.2.2.5.1.

    `color_planes` are the alpha plane (unless `no_alpha`), then luma or red, orange chroma or green, green chroma or
    blue: run-length encoded where `rle` says so, one behind the other.  A color loss level of 0 means ARGB.
    """

    color_loss_level: int = 0
    chroma_subsampling: bool = False
    rle: bool = False
    no_alpha: bool = False
    color_planes: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        header = src.u8()
        rle = bool(header & 0x10)
        size = src.remaining
        if not rle:
            if not size:
                raise Truncated("planes that are not run-length encoded need a pad", field="Pad", offset=src.pos)
            size -= 1
        stream = cls(
            color_loss_level=header & 0x7,
            chroma_subsampling=bool(header & 0x08),
            rle=rle,
            no_alpha=bool(header & 0x20),
            color_planes=src.take(size),
        )
        src.skip(src.remaining)
        return stream

    def encode_into(self, dst: bytearray) -> None:
        if not 0 <= self.color_loss_level <= 7:
            raise EncodeError(f"a color loss level of {self.color_loss_level} is not within 0 to 7")
        dst.append(self.color_loss_level | self.chroma_subsampling << 3 | self.rle << 4 | self.no_alpha << 5)
        dst += self.color_planes
        if not self.rle:
            dst.append(0)
