"""The frames in which H.264 travels, [MS-RDPEGFX] 2.2.4.4 to 2.2.4.6; `trio_rdp.codecs.avc` decodes what is in them."""

from __future__ import annotations

import enum
import struct
from typing import Annotated, Final, Self, TypeAlias

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import Rest
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "MAX_REGION_RECTS",
    "Avc420BitmapStream",
    "Avc420Metablock",
    "Avc420QuantQuality",
    "Avc444BitmapStream",
    "Mode",
    "Rectangle",
    "Subframes",
    "with_length",
]

MAX_REGION_RECTS: Final = 32_768
"""The most rectangles of one frame: a 4K desktop in macroblocks.  Windows and FreeRDP send one to a few dozen."""

Rectangle: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom, the latter two exclusive (RDPGFX_RECT16, [MS-RDPEGFX] 2.2.1.2)."""

# An access unit delimiter: primary_pic_type 7, any slices.
_DELIMITER: Final = b"\x09\xf0"
_LEAST_LENGTH: Final = 512

_RECT = struct.Struct("<HHHH")
_ENTRY = _RECT.size + 2
_MAX_SIZE = (1 << 30) - 1


class Mode(enum.Enum):
    """How a picture's chroma travels; the values are the versions of the auxiliary view, 0 where there is none."""

    AVC420 = 0
    AVC444 = 1
    AVC444V2 = 2


@pdu
class Avc420QuantQuality(Pdu):
    """RDPGFX_AVC420_QUANT_QUALITY, [MS-RDPEGFX] 2.2.4.4.2: how well a rectangle was encoded.

    `qp` is the quantization parameter, `p` says that the rectangle gets better with later frames, and `quality_val`
    goes from 0 to 100.
    """

    qp: int
    p: bool = False
    quality_val: int = 100

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        value = src.u8()
        return cls(qp=value & 0x3F, p=bool(value & 0x80), quality_val=src.u8())

    def encode_into(self, dst: bytearray) -> None:
        if not 0 <= self.qp <= 0x3F or not 0 <= self.quality_val <= 0xFF:
            raise EncodeError(f"a quantization parameter of {self.qp}, a quality of {self.quality_val}")
        dst += bytes((self.qp | (0x80 if self.p else 0), self.quality_val))


@pdu
class Avc420Metablock(Pdu):
    """RFX_AVC420_METABLOCK, [MS-RDPEGFX] 2.2.4.4.1: which rectangles of a frame are to be drawn, and their quality."""

    region_rects: list[Rectangle]
    quant_quality_vals: list[Avc420QuantQuality]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        offset = src.pos
        count = src.u32()
        if count > MAX_REGION_RECTS:
            raise InvalidField(f"{count} rectangles exceed {MAX_REGION_RECTS}", offset=offset)
        block = src.sub(count * _ENTRY)
        rects: list[Rectangle] = [_RECT.unpack(block.take(_RECT.size)) for _ in range(count)]
        return cls(region_rects=rects, quant_quality_vals=[Avc420QuantQuality.decode_from(block) for _ in rects])

    def encode_into(self, dst: bytearray) -> None:
        count = len(self.region_rects)
        if count > MAX_REGION_RECTS or count != len(self.quant_quality_vals):
            raise EncodeError(f"{count} rectangles with {len(self.quant_quality_vals)} qualities")
        dst += struct.pack("<I", count)
        try:
            for rect in self.region_rects:
                dst += _RECT.pack(*rect)
        except struct.error as exc:
            raise EncodeError(f"a rectangle that does not fit: {exc}") from exc
        for quality in self.quant_quality_vals:
            quality.encode_into(dst)


@pdu
class Avc420BitmapStream(Pdu):
    """RFX_AVC420_BITMAP_STREAM, [MS-RDPEGFX] 2.2.4.4: one frame in H.264's byte stream format."""

    avc420_meta_data: Avc420Metablock
    avc420_encoded_bitstream: Annotated[bytes, Rest()] = b""


def with_length(stream: bytes) -> bytes:
    """Give an AVC420 bitmap stream whose picture can be read in byte stream format and as units with lengths, too.

    IronRDP's decoder (ironrdp-egfx of 2026, OpenH264) takes a picture for units that each stand behind its length, four
    bytes, puts start codes in place of these, and ends the session where that is no picture.  So there is one length
    here, of everything, and a delimiter, which all that follows looks to it as if it belonged to.  Decoders of the byte
    stream format begin with the first start code.
    """
    start = 4 + _ENTRY * int.from_bytes(stream[:4], "little")
    units = _DELIMITER + stream[start:]
    # Lengths from 256 on would begin with a start code.  Zero bytes may follow the last unit.
    units = units.ljust(_LEAST_LENGTH, b"\0")
    return b"".join((stream[:start], len(units).to_bytes(4, "big"), units))


class Subframes(OpenEnum):
    """Which views of a picture are in a frame (LC): the main one is called luma, the auxiliary one chroma."""

    LUMA_AND_CHROMA = 0
    LUMA = 1
    CHROMA = 2


@pdu
class Avc444BitmapStream(Pdu):
    """RFX_AVC444_BITMAP_STREAM, [MS-RDPEGFX] 2.2.4.5, and RFX_AVC444V2_BITMAP_STREAM, 2.2.4.6, which are alike.

    A single view is the first stream, whichever it is.
    """

    lc: Subframes
    avc420_encoded_bitstream1: Avc420BitmapStream
    avc420_encoded_bitstream2: Avc420BitmapStream | None = None

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        offset = src.pos
        info = src.u32()
        lc = Subframes(info >> 30)
        if lc not in (Subframes.LUMA_AND_CHROMA, Subframes.LUMA, Subframes.CHROMA):
            raise InvalidField("an LC that must not occur", offset=offset)
        if lc != Subframes.LUMA_AND_CHROMA:
            # The size is that of a luma stream, or 0 for chroma; all that follows is the one stream anyway.
            return cls(lc=lc, avc420_encoded_bitstream1=Avc420BitmapStream.decode_from(src))
        first = Avc420BitmapStream.decode_from(src.sub(info & _MAX_SIZE))
        return cls(
            lc=lc,
            avc420_encoded_bitstream1=first,
            avc420_encoded_bitstream2=Avc420BitmapStream.decode_from(src),
        )

    def encode_into(self, dst: bytearray) -> None:
        second = self.avc420_encoded_bitstream2
        if (second is not None) != (self.lc == Subframes.LUMA_AND_CHROMA):
            raise EncodeError(f"{self.lc!r} {'with' if second else 'without'} a second stream")
        first = self.avc420_encoded_bitstream1.encode()
        if len(first) > _MAX_SIZE:
            raise EncodeError(f"a stream of {len(first)} bytes")
        # "If no YUV420 frame is present, then this field MUST be set to zero."
        size = 0 if self.lc == Subframes.CHROMA else len(first)
        dst += struct.pack("<I", size | self.lc << 30)
        dst += first
        if second is not None:
            second.encode_into(dst)
