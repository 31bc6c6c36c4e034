from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rdpgfx.drawing import (
    DeleteEncodingContextPdu,
    ProgressiveCodec,
    SolidFillPdu,
    SurfaceToSurfacePdu,
    WireToSurface1Pdu,
    WireToSurface2Pdu,
)
from trio_rdp.channels.rdpgfx.header import PixelLayout
from trio_rdp.graphics.pipeline.jobs import PipelineCodec
from trio_rdp.wire.errors import EncodeError, Truncated

WIRE_TO_SURFACE_1 = bytes.fromhex(
    "01000000 1c000000"  # header
    "0200"  # surfaceId
    "0800"  # codecId
    "21"  # pixelFormat
    "0100020040000300"  # destRect
    "03000000"  # bitmapDataLength
    "616263"  # bitmapData
)
WIRE_TO_SURFACE_2 = bytes.fromhex(
    "02000000 18000000"  # header
    "0200"  # surfaceId
    "0900"  # codecId
    "04000000"  # codecContextId
    "20"  # pixelFormat
    "03000000"  # bitmapDataLength
    "616263"  # bitmapData
)
SOLID_FILL = bytes.fromhex(
    "04000000 20000000"  # header
    "0500"  # surfaceId
    "010203ff"  # fillPixel
    "0200"  # fillRectCount
    "00000000 0a000a00"  # fillRects
    "14001e00 28003200"
)
SURFACE_TO_SURFACE = bytes.fromhex(
    "05000000 1e000000"  # header
    "0100"  # surfaceIdSrc
    "0200"  # surfaceIdDest
    "0100020040000300"  # rectSrc
    "0200"  # destPtsCount
    "0500 0600"  # destPts
    "ffff feff"
)


def test_wire_to_surface_1() -> None:
    pdu = WireToSurface1Pdu(
        surface_id=2,
        codec_id=PipelineCodec.CLEARCODEC,
        pixel_format=PixelLayout.ARGB_8888,
        dest_rect=(1, 2, 64, 3),
        bitmap_data=b"abc",
    )
    same(WIRE_TO_SURFACE_1, pdu)
    every_truncation_raises(WireToSurface1Pdu, WIRE_TO_SURFACE_1)


def test_a_bitmap_that_is_shorter_than_it_says() -> None:
    with pytest.raises(Truncated):
        WireToSurface1Pdu.decode(WIRE_TO_SURFACE_1.replace(b"\3\0\0\0abc", b"\4\0\0\0abc"))
    with pytest.raises(Truncated):
        WireToSurface2Pdu.decode(WIRE_TO_SURFACE_2.replace(b"\3\0\0\0abc", b"\xff\xff\xff\xffabc"))


def test_wire_to_surface_2() -> None:
    pdu = WireToSurface2Pdu(surface_id=2, codec_context_id=4, pixel_format=PixelLayout.XRGB_8888, bitmap_data=b"abc")
    assert pdu.codec_id is ProgressiveCodec.CAPROGRESSIVE
    same(WIRE_TO_SURFACE_2, pdu)
    every_truncation_raises(WireToSurface2Pdu, WIRE_TO_SURFACE_2)


def test_delete_encoding_context() -> None:
    raw = bytes.fromhex("03000000 0e000000 0200 04000000")
    same(raw, DeleteEncodingContextPdu(surface_id=2, codec_context_id=4))
    every_truncation_raises(DeleteEncodingContextPdu, raw)


def test_solid_fill() -> None:
    pdu = SolidFillPdu(surface_id=5, fill_pixel=b"\1\2\3\xff", fill_rects=[(0, 0, 10, 10), (20, 30, 40, 50)])
    same(SOLID_FILL, pdu)
    every_truncation_raises(SolidFillPdu, SOLID_FILL)
    with pytest.raises(EncodeError, match="a colour of 3 bytes"):
        SolidFillPdu(surface_id=5, fill_pixel=b"abc", fill_rects=[]).encode()


def test_surface_to_surface() -> None:
    pdu = SurfaceToSurfacePdu(surface_id_src=1, surface_id_dest=2, rect_src=(1, 2, 64, 3), dest_pts=[(5, 6), (-1, -2)])
    same(SURFACE_TO_SURFACE, pdu)
    every_truncation_raises(SurfaceToSurfacePdu, SURFACE_TO_SURFACE)


def test_more_rectangles_or_points_than_there_are_bytes() -> None:
    with pytest.raises(Truncated):
        SolidFillPdu.decode(SOLID_FILL.replace(b"\xff\2\0", b"\xff\3\0"))
    with pytest.raises(Truncated):
        SurfaceToSurfacePdu.decode(SURFACE_TO_SURFACE.replace(b"\2\0\5\0", b"\xff\xff\5\0"))
