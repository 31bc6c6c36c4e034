from __future__ import annotations

import pytest

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import (
    BeginFrame,
    Compression,
    DrawBitmap,
    DrawSurfaceBits,
    EndFrame,
    ResetCodecs,
    SetPalette,
    jobs_from_bitmap_update,
    jobs_from_palette_update,
    jobs_from_surface_commands,
)
from trio_rdp.pdu.bitmap import BitmapData, BitmapFlags, BitmapUpdate, CompressedDataHeader
from trio_rdp.pdu.palette import PaletteUpdate
from trio_rdp.pdu.surface import (
    ExtendedBitmapData,
    FrameAction,
    FrameMarkerCommand,
    SetSurfaceBitsCommand,
    StreamSurfaceBitsCommand,
    SurfaceCommands,
    SurfaceCommandType,
    UnknownSurfaceCommand,
)


def bitmap(bits_per_pixel: int, flags: int = 0, data: bytes = b"data", header: int | None = None) -> BitmapData:
    return BitmapData(
        dest_left=1,
        dest_top=2,
        dest_right=3,
        dest_bottom=5,
        width=4,
        height=4,
        bits_per_pixel=bits_per_pixel,
        flags=BitmapFlags(flags),
        bitmap_compr_hdr=None
        if header is None
        else CompressedDataHeader(cb_comp_main_body_size=header, cb_scan_width=4, cb_uncompressed_size=0),
        bitmap_data_stream=data,
    )


@pytest.mark.parametrize(
    ("bits_per_pixel", "flags", "compression"),
    [
        (32, 0, Compression.RAW),
        (16, 0x400, Compression.RAW),
        (16, 0x401, Compression.INTERLEAVED),
        (8, 0x401, Compression.INTERLEAVED),
        (32, 0x401, Compression.PLANAR),
    ],
)
def test_bitmaps(bits_per_pixel: int, flags: int, compression: Compression) -> None:
    (job,) = jobs_from_bitmap_update(BitmapUpdate(rectangles=[bitmap(bits_per_pixel, flags)]))
    assert job == DrawBitmap(Rect(1, 2, 3, 4), 4, 4, bits_per_pixel, compression, b"data")
    assert job.cost == 16


def test_the_header_says_how_much_is_bitmap() -> None:
    update = BitmapUpdate(rectangles=[bitmap(16, 1, b"datapad", 4), bitmap(16, 1, b"data", 65535)])
    assert [job.data for job in jobs_from_bitmap_update(update) if isinstance(job, DrawBitmap)] == [b"data"] * 2


def test_bounds_in_the_wrong_order() -> None:
    data = bitmap(16)
    data.dest_right = 0
    (job,) = jobs_from_bitmap_update(BitmapUpdate(rectangles=[data]))
    assert isinstance(job, DrawBitmap)
    assert job.rect.is_empty


def test_palette() -> None:
    (job,) = jobs_from_palette_update(PaletteUpdate(palette_entries=b"\1\2\3"))
    assert job == SetPalette(b"\1\2\3")
    assert job.cost == 0


def test_surface_commands() -> None:
    picture = ExtendedBitmapData(bpp=32, codec_id=3, width=10, height=20, bitmap_data=b"bits")
    bounds = {"dest_left": 5, "dest_top": 6, "dest_right": 0, "dest_bottom": 999}
    jobs = jobs_from_surface_commands(
        SurfaceCommands(
            surface_commands=[
                FrameMarkerCommand(frame_action=FrameAction.BEGIN, frame_id=7),
                SetSurfaceBitsCommand(**bounds, bitmap_data=picture),
                StreamSurfaceBitsCommand(**bounds, bitmap_data=picture),
                FrameMarkerCommand(frame_action=FrameAction.END, frame_id=7),
                FrameMarkerCommand(frame_action=FrameAction(9), frame_id=7),
                UnknownSurfaceCommand(cmd_type=SurfaceCommandType(99), cmd_data=b""),
            ]
        )
    )
    # The right and bottom bounds are ignored: the picture knows its size.
    draw = DrawSurfaceBits(Rect(5, 6, 10, 20), 10, 20, 32, 3, b"bits")
    assert jobs == [BeginFrame(7), draw, draw, EndFrame(7)]
    assert [job.cost for job in jobs] == [0, 200, 200, 0]


@pytest.mark.parametrize(
    ("codec_id", "codec"),
    [
        (0, BitmapCodec.RAW),
        (1, BitmapCodec.NSCODEC),
        (3, BitmapCodec.REMOTEFX),
        (10, BitmapCodec.QOI),
        (11, BitmapCodec.QOIZ),
        (2, None),
    ],
)
def test_codecs(codec_id: int, codec: BitmapCodec | None) -> None:
    job = DrawSurfaceBits(Rect(0, 0, 1, 1), 1, 1, 32, codec_id, b"")
    assert job.codec is codec
    assert job.is_divisible == (codec is BitmapCodec.REMOTEFX)
    assert DrawBitmap(job.rect, 1, 1, 32, Compression.PLANAR, b"").codec is BitmapCodec.PLANAR
    assert ResetCodecs().cost == 0
