"""What is drawn on surfaces, [MS-RDPEGFX] 2.2.2.1 to 2.2.2.5."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Annotated, ClassVar, Final, Self

from trio_rdp.channels.rdpgfx.header import (
    POINT,
    RECTANGLE,
    GraphicsCommand,
    GraphicsPdu,
    PixelLayout,
    Point,
    Rectangle,
    read_points,
    read_rectangles,
    write_array,
)
from trio_rdp.graphics.pipeline.jobs import PipelineCodec
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError
from trio_rdp.wire.fields import U16, U32, Prefixed, u8, u16, u32
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import pdu

__all__ = [
    "DeleteEncodingContextPdu",
    "ProgressiveCodec",
    "SolidFillPdu",
    "SurfaceToSurfacePdu",
    "WireToSurface1Pdu",
    "WireToSurface2Pdu",
]

_WIRE_TO_SURFACE_1: Final = struct.Struct("<HHB4HI")
_SURFACE_TO_SURFACE: Final = struct.Struct("<HH4H")


class ProgressiveCodec(OpenEnum):
    """How a bitmap of `WireToSurface2Pdu` is stored (codecId), of which there is only one."""

    CAPROGRESSIVE = 0x0009


@pdu
class WireToSurface1Pdu(GraphicsPdu):
    """RDPGFX_WIRE_TO_SURFACE_PDU_1, [MS-RDPEGFX] 2.2.2.1: a bitmap."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.WIRE_TO_SURFACE_1

    surface_id: int
    codec_id: PipelineCodec
    pixel_format: PixelLayout
    dest_rect: Rectangle
    bitmap_data: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        fields = _WIRE_TO_SURFACE_1.unpack(src.take(_WIRE_TO_SURFACE_1.size))
        surface_id, codec_id, pixel_format, left, top, right, bottom, length = fields
        return cls(
            surface_id=surface_id,
            codec_id=PipelineCodec(codec_id),
            pixel_format=PixelLayout(pixel_format),
            dest_rect=(left, top, right, bottom),
            bitmap_data=src.take(length),
        )

    def encode_into(self, dst: bytearray) -> None:
        dst += _WIRE_TO_SURFACE_1.pack(
            self.surface_id, self.codec_id, self.pixel_format, *self.dest_rect, len(self.bitmap_data)
        )
        dst += self.bitmap_data


@pdu
class WireToSurface2Pdu(GraphicsPdu):
    """RDPGFX_WIRE_TO_SURFACE_PDU_2, [MS-RDPEGFX] 2.2.2.2: a bitmap that goes on with those before it."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.WIRE_TO_SURFACE_2

    surface_id: U16
    codec_id: Annotated[ProgressiveCodec, u16] = ProgressiveCodec.CAPROGRESSIVE
    codec_context_id: U32
    pixel_format: Annotated[PixelLayout, u8]
    bitmap_data: Annotated[bytes, Prefixed(u32)]


@pdu
class DeleteEncodingContextPdu(GraphicsPdu):
    """RDPGFX_DELETE_ENCODING_CONTEXT_PDU, [MS-RDPEGFX] 2.2.2.3."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.DELETE_ENCODING_CONTEXT

    surface_id: U16
    codec_context_id: U32


@pdu
class SolidFillPdu(GraphicsPdu):
    """RDPGFX_SOLIDFILL_PDU, [MS-RDPEGFX] 2.2.2.4; `fill_pixel` is B, G, R and opacity (RDPGFX_COLOR32, 2.2.1.3)."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.SOLID_FILL

    surface_id: int
    fill_pixel: bytes
    fill_rects: Sequence[Rectangle]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        return cls(surface_id=src.u16(), fill_pixel=src.take(4), fill_rects=read_rectangles(src))

    def encode_into(self, dst: bytearray) -> None:
        if len(self.fill_pixel) != 4:
            raise EncodeError(f"a colour of {len(self.fill_pixel)} bytes")
        dst += struct.pack("<H", self.surface_id)
        dst += self.fill_pixel
        write_array(dst, RECTANGLE, self.fill_rects)


@pdu
class SurfaceToSurfacePdu(GraphicsPdu):
    """RDPGFX_SURFACE_TO_SURFACE_PDU, [MS-RDPEGFX] 2.2.2.5."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.SURFACE_TO_SURFACE

    surface_id_src: int
    surface_id_dest: int
    rect_src: Rectangle
    dest_pts: Sequence[Point]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        source, dest, *rect = _SURFACE_TO_SURFACE.unpack(src.take(_SURFACE_TO_SURFACE.size))
        left, top, right, bottom = rect
        return cls(
            surface_id_src=source,
            surface_id_dest=dest,
            rect_src=(left, top, right, bottom),
            dest_pts=read_points(src),
        )

    def encode_into(self, dst: bytearray) -> None:
        dst += _SURFACE_TO_SURFACE.pack(self.surface_id_src, self.surface_id_dest, *self.rect_src)
        write_array(dst, POINT, self.dest_pts)
