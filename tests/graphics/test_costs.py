from __future__ import annotations

import pytest

from tests.graphics.paint_jobs import draw_bitmap
from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.graphics.costs import (
    codec_of,
    count_of,
    decoded_pixels,
    is_pipeline_job,
    memory_of,
    moved_pixels,
    parts_of,
    size_of,
)
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import BeginFrame, Compression, PaintJob, ResetPipeline
from trio_rdp.graphics.pipeline.jobs import (
    BeginPipelineFrame,
    CopySurface,
    DrawCached,
    DrawProgressive,
    DrawSurface,
    FillSurface,
    ImportCached,
    PipelineCodec,
    StoreCached,
)

BITMAP = draw_bitmap(Rect(0, 0, 8, 4), 8, 4, 32, Compression.RAW, bytes(128))
RECT = Rect(0, 0, 100, 50)


@pytest.mark.parametrize(
    ("job", "codec", "pixels", "size"),
    [
        (BITMAP, BitmapCodec.RAW, 32, 128),
        (DrawSurface(1, PipelineCodec.PLANAR, RECT, bytes(9)), BitmapCodec.PLANAR, 5000, 9),
        (DrawSurface(1, PipelineCodec.AVC444V2, RECT, bytes(9)), BitmapCodec.AVC444, 5000, 9),
        (DrawSurface(1, PipelineCodec.REMOTEFX, RECT, bytes(9)), BitmapCodec.REMOTEFX, 72, 9),
        (DrawSurface(1, PipelineCodec.REMOTEFX, RECT, bytes(9999)), BitmapCodec.REMOTEFX, 5000, 9999),
        (DrawSurface(1, PipelineCodec(99), RECT, b""), None, 5000, 0),
        (DrawProgressive(1, 1, bytes(100)), BitmapCodec.PROGRESSIVE, 800, 100),
    ],
)
def test_bitmaps(job: PaintJob, codec: BitmapCodec | None, pixels: int, size: int) -> None:
    assert codec_of(job) is codec
    assert decoded_pixels(job) == pixels
    assert size_of(job) == size
    assert count_of(job) == 1
    assert moved_pixels(job) == 0
    assert memory_of(job) == 256 + size


@pytest.mark.parametrize(
    ("job", "pixels", "memory"),
    [
        (FillSurface(1, b"1234", (RECT, Rect(0, 0, 1, 1))), 5001, 512),
        (CopySurface(1, 2, RECT, ((0, 0), (1, 1), (2, 2))), 15_000, 640),
        (StoreCached(1, 9, 1, RECT), 5000, 256),
        (DrawCached(1, 1, ((0, 0), (1, 1))), 8192, 512),
        (ImportCached(((1, 2), (3, 4))), 0, 512),
        (BeginPipelineFrame(1), 0, 256),
        (BeginFrame(1), 0, 256),
    ],
)
def test_others(job: PaintJob, pixels: int, memory: int) -> None:
    assert moved_pixels(job) == pixels
    assert memory_of(job) == memory
    assert codec_of(job) is None
    assert decoded_pixels(job) == count_of(job) == size_of(job) == 0


@pytest.mark.parametrize(
    ("job", "parts"),
    [
        (FillSurface(1, b"1234", (RECT, RECT)), 2),
        (CopySurface(1, 2, RECT, ((0, 0),)), 1),
        (DrawCached(1, 1, ((0, 0), (1, 1))), 2),
        (ImportCached(((1, 2),)), 1),
        (StoreCached(1, 9, 1, RECT), 0),
        (DrawSurface(1, PipelineCodec.AVC420, RECT, b"\3\0\0\0" + bytes(100)), 3),
        (DrawSurface(1, PipelineCodec.AVC420, RECT, b"\xff\xff\xff\xff" + bytes(100)), 10),
        (DrawSurface(1, PipelineCodec.AVC444V2, RECT, b"\xff\xff\xff\xff\2\0\0\0" + bytes(100)), 2),
        (DrawSurface(1, PipelineCodec.PLANAR, RECT, bytes(100)), 0),
    ],
)
def test_parts(job: PaintJob, parts: int) -> None:
    assert parts_of(job) == parts


def test_whose_jobs_they_are() -> None:
    assert is_pipeline_job(BeginPipelineFrame(1))
    assert is_pipeline_job(ResetPipeline())
    assert not is_pipeline_job(BeginFrame(1))
    assert not is_pipeline_job(BITMAP)
