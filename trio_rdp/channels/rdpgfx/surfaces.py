"""Surfaces, and where they are shown, [MS-RDPEGFX] 2.2.2.9, 2.2.2.10, 2.2.2.15, 2.2.2.20, 2.2.2.22 and 2.2.2.23."""

from __future__ import annotations

from typing import Annotated, ClassVar

from trio_rdp.channels.rdpgfx.header import GraphicsCommand, GraphicsPdu, PixelLayout
from trio_rdp.wire.fields import U16, U32, U64, Pad, u8, u16
from trio_rdp.wire.pdu import pdu

__all__ = [
    "CreateSurfacePdu",
    "DeleteSurfacePdu",
    "MapSurfaceToOutputPdu",
    "MapSurfaceToScaledOutputPdu",
    "MapSurfaceToScaledWindowPdu",
    "MapSurfaceToWindowPdu",
]


@pdu
class CreateSurfacePdu(GraphicsPdu):
    """RDPGFX_CREATE_SURFACE_PDU, [MS-RDPEGFX] 2.2.2.9."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.CREATE_SURFACE

    surface_id: U16
    width: U16
    height: U16
    pixel_format: Annotated[PixelLayout, u8]


@pdu
class DeleteSurfacePdu(GraphicsPdu):
    """RDPGFX_DELETE_SURFACE_PDU, [MS-RDPEGFX] 2.2.2.10."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.DELETE_SURFACE

    surface_id: U16


@pdu
class MapSurfaceToOutputPdu(GraphicsPdu):
    """RDPGFX_MAP_SURFACE_TO_OUTPUT_PDU, [MS-RDPEGFX] 2.2.2.15."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.MAP_SURFACE_TO_OUTPUT

    surface_id: Annotated[int, u16, Pad(2)]
    output_origin_x: U32
    output_origin_y: U32


@pdu
class MapSurfaceToWindowPdu(GraphicsPdu):
    """RDPGFX_MAP_SURFACE_TO_WINDOW_PDU, [MS-RDPEGFX] 2.2.2.20."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.MAP_SURFACE_TO_WINDOW

    surface_id: U16
    window_id: U64
    mapped_width: U32
    mapped_height: U32


@pdu
class MapSurfaceToScaledOutputPdu(GraphicsPdu):
    """RDPGFX_MAP_SURFACE_TO_SCALED_OUTPUT_PDU, [MS-RDPEGFX] 2.2.2.22."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.MAP_SURFACE_TO_SCALED_OUTPUT

    surface_id: Annotated[int, u16, Pad(2)]
    output_origin_x: U32
    output_origin_y: U32
    target_width: U32
    target_height: U32


@pdu
class MapSurfaceToScaledWindowPdu(GraphicsPdu):
    """RDPGFX_MAP_SURFACE_TO_SCALED_WINDOW_PDU, [MS-RDPEGFX] 2.2.2.23."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.MAP_SURFACE_TO_SCALED_WINDOW

    surface_id: U16
    window_id: U64
    mapped_width: U32
    mapped_height: U32
    target_width: U32
    target_height: U32
