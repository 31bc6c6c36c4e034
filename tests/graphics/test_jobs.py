from __future__ import annotations

import pytest

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.graphics.jobs import (
    BeginFrame,
    Compression,
    DrawBitmaps,
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
    SurfaceCommand,
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
    one = bitmap(bits_per_pixel, flags)
    (job,) = jobs_from_bitmap_update(BitmapUpdate(rectangles=[one, one]))
    assert job == DrawBitmaps([one, one], compression, bits_per_pixel)
    assert (job.cost, job.size, job.count, job.codec) == (32, 8, 2, BitmapCodec(compression.value))


def test_a_job_has_bitmaps_of_one_kind_and_not_too_many() -> None:
    raw, small, large = bitmap(16), bitmap(16, 0x401), bitmap(16, 0x401)
    large.width = large.height = 512
    jobs = jobs_from_bitmap_update(BitmapUpdate(rectangles=[raw, small, small, bitmap(24, 0x401), large, small]))
    assert [job.count for job in jobs if isinstance(job, DrawBitmaps)] == [1, 2, 1, 1, 1]
    assert jobs_from_bitmap_update(BitmapUpdate(rectangles=[])) == []


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
    draw = DrawSurfaceBits([SetSurfaceBitsCommand(**bounds, bitmap_data=picture)], 3)
    stream = DrawSurfaceBits([StreamSurfaceBitsCommand(**bounds, bitmap_data=picture)], 3)
    assert jobs == [BeginFrame(7), draw, stream, EndFrame(7)]
    # A message of RemoteFX is as large as the desktop, whatever it brings.
    assert [job.cost for job in jobs] == [0, 32, 32, 0]


def test_surface_commands_of_one_codec_are_one_job() -> None:
    def command(codec_id: int, side: int = 8) -> SetSurfaceBitsCommand:
        bits = ExtendedBitmapData(bpp=32, codec_id=codec_id, width=side, height=side, bitmap_data=b"bits")
        return SetSurfaceBitsCommand(dest_left=0, dest_top=0, dest_right=0, dest_bottom=0, bitmap_data=bits)

    end = FrameMarkerCommand(frame_action=FrameAction.END, frame_id=7)
    commands: list[SurfaceCommand] = [
        command(1),
        command(1),
        command(10),
        end,
        command(10),
        command(10, 512),
        command(10),
    ]
    jobs = jobs_from_surface_commands(SurfaceCommands(surface_commands=commands))
    counts = [(job.codec_id, job.count) if isinstance(job, DrawSurfaceBits) else 0 for job in jobs]
    assert counts == [(1, 2), (10, 1), 0, (10, 1), (10, 1), (10, 1)]
    assert [job.cost for job in jobs] == [128, 64, 0, 64, 512 * 512, 64]


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
    assert DrawSurfaceBits([], codec_id).codec is codec
    assert ResetCodecs().cost == 0
