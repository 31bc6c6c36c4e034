from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rdpgfx.header import GraphicsPdu, PixelLayout
from trio_rdp.channels.rdpgfx.surfaces import (
    CreateSurfacePdu,
    DeleteSurfacePdu,
    MapSurfaceToOutputPdu,
    MapSurfaceToScaledOutputPdu,
    MapSurfaceToScaledWindowPdu,
    MapSurfaceToWindowPdu,
)

CREATE = bytes.fromhex(
    "09000000 0f000000"  # header
    "0500"  # surfaceId
    "8007"  # width
    "3804"  # height
    "20"  # pixelFormat
)
DELETE = bytes.fromhex("0a000000 0a000000 0500")
OUTPUT = bytes.fromhex(
    "0f000000 14000000"  # header
    "0500 0000"  # surfaceId, reserved
    "0a000000 14000000"  # outputOriginX, outputOriginY
)
WINDOW = bytes.fromhex(
    "15000000 1a000000"  # header
    "0500"  # surfaceId
    "0807060504030201"  # windowId
    "40010000 f0000000"  # mappedWidth, mappedHeight
)
SCALED_OUTPUT = bytes.fromhex(
    "17000000 1c000000"  # header
    "0500 0000"  # surfaceId, reserved
    "0a000000 14000000"  # outputOriginX, outputOriginY
    "000f0000 70080000"  # targetWidth, targetHeight
)
SCALED_WINDOW = bytes.fromhex(
    "18000000 22000000"  # header
    "0500"  # surfaceId
    "0807060504030201"  # windowId
    "40010000 f0000000"  # mappedWidth, mappedHeight
    "80020000 e0010000"  # targetWidth, targetHeight
)
WINDOW_ID = 0x0102030405060708


@pytest.mark.parametrize(
    ("raw", "pdu"),
    [
        (CREATE, CreateSurfacePdu(surface_id=5, width=1920, height=1080, pixel_format=PixelLayout.XRGB_8888)),
        (DELETE, DeleteSurfacePdu(surface_id=5)),
        (OUTPUT, MapSurfaceToOutputPdu(surface_id=5, output_origin_x=10, output_origin_y=20)),
        (
            WINDOW,
            MapSurfaceToWindowPdu(surface_id=5, window_id=WINDOW_ID, mapped_width=320, mapped_height=240),
        ),
        (
            SCALED_OUTPUT,
            MapSurfaceToScaledOutputPdu(
                surface_id=5, output_origin_x=10, output_origin_y=20, target_width=3840, target_height=2160
            ),
        ),
        (
            SCALED_WINDOW,
            MapSurfaceToScaledWindowPdu(
                surface_id=5,
                window_id=WINDOW_ID,
                mapped_width=320,
                mapped_height=240,
                target_width=640,
                target_height=480,
            ),
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, GraphicsPdu) else "",
)
def test_messages_of_surfaces(raw: bytes, pdu: GraphicsPdu) -> None:
    same(raw, pdu)
    every_truncation_raises(type(pdu), raw)


def test_reserved_bytes_are_not_looked_at() -> None:
    assert MapSurfaceToOutputPdu.decode(OUTPUT.replace(b"\5\0\0\0", b"\5\0\xff\xff")).encode() == OUTPUT
