"""What paint jobs cost before they are done: pixels to decode, pixels to move, and bytes while they wait."""

from __future__ import annotations

from typing import Final, get_args

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.graphics.jobs import DrawBitmaps, DrawSurfaceBits, PaintJob, ResetPipeline
from trio_rdp.graphics.pipeline.jobs import (
    BITMAP_CODECS,
    CopySurface,
    DrawCached,
    DrawProgressive,
    DrawSurface,
    FillSurface,
    ImportCached,
    PipelineCodec,
    PipelineJob,
    StoreCached,
)
from trio_rdp.graphics.pipeline.packed import area_of

__all__ = [
    "codec_of",
    "count_of",
    "decoded_pixels",
    "is_pipeline_job",
    "memory_of",
    "moved_pixels",
    "parts_of",
    "size_of",
]

_JOB_SIZE: Final = 256  # bytes of a bitmap, or of a job without one, beside its data; a palette has a few more
_RECT_SIZE: Final = 128  # of a rectangle or a point
_CACHED_PIXELS: Final = 64 * 64  # of a bitmap in the cache, for all that one knows
_PIXELS_PER_BYTE: Final = 8  # of RemoteFX and its kin, which decode few tiles of a bitmap or many
_REGION_SIZE: Final = 10  # bytes of a rectangle of H.264 with its quality
_PIPELINE_JOBS: Final = frozenset((*get_args(PipelineJob), ResetPipeline))
_PIPELINE_CODECS: Final = {int(number): codec for number, codec in BITMAP_CODECS.items()}


def is_pipeline_job(job: PaintJob) -> bool:
    """Whether a job is one of the graphics pipeline."""
    return type(job) in _PIPELINE_JOBS


def codec_of(job: PaintJob) -> BitmapCodec | None:
    """What decodes a job's bitmaps; None where it has none, or in a codec that nobody knows."""
    match job:
        case DrawBitmaps() | DrawSurfaceBits():
            return job.codec
        case DrawSurface():
            return _PIPELINE_CODECS.get(int(job.codec))
        case DrawProgressive():
            return BitmapCodec.PROGRESSIVE
    return None


def decoded_pixels(job: PaintJob) -> int:
    """About how many pixels there are to decode."""
    match job:
        case DrawBitmaps() | DrawSurfaceBits():
            return job.cost
        case DrawSurface(codec=PipelineCodec.REMOTEFX):
            return min(job.rect.area, len(job.data) * _PIXELS_PER_BYTE)
        case DrawSurface():
            return job.rect.area
        case DrawProgressive():
            return len(job.data) * _PIXELS_PER_BYTE
    return 0


def moved_pixels(job: PaintJob) -> int:
    """How many pixels are filled or copied."""
    match job:
        case FillSurface(rects=rects):
            return area_of(rects)
        case CopySurface(source=source, points=points):
            return source.area * len(points)
        case StoreCached(rect=rect):
            return rect.area
        case DrawCached(points=points):
            return _CACHED_PIXELS * len(points)
    return 0


def parts_of(job: PaintJob) -> int:
    """How many rectangles and points a job of the graphics pipeline has, each of which takes a while by itself."""
    match job:
        case (
            FillSurface(rects=parts) | CopySurface(points=parts) | DrawCached(points=parts) | ImportCached(slots=parts)
        ):
            return len(parts)
        case DrawSurface(codec=PipelineCodec.AVC420, data=data):
            return _regions(data[:4], len(data))
        case DrawSurface(codec=PipelineCodec.AVC444 | PipelineCodec.AVC444V2, data=data):
            return _regions(data[4:8], len(data))
    return 0


def _regions(count: bytes, size: int) -> int:
    """How many rectangles stand before a picture of H.264 of so many bytes; there is room for some only."""
    return min(int.from_bytes(count, "little"), size // _REGION_SIZE)


def count_of(job: PaintJob) -> int:
    """How many bitmaps a job has."""
    match job:
        case DrawBitmaps() | DrawSurfaceBits():
            return job.count
        case DrawSurface() | DrawProgressive():
            return 1
    return 0


def size_of(job: PaintJob) -> int:
    """Bytes of a job's bitmaps."""
    match job:
        case DrawBitmaps() | DrawSurfaceBits():
            return job.size
        case DrawSurface() | DrawProgressive():
            return len(job.data)
    return 0


def memory_of(job: PaintJob) -> int:
    """About how many bytes a job takes while it waits.

    What has no data costs memory too: a server could send millions of markers while one picture is painted.
    """
    return _JOB_SIZE * max(count_of(job), 1) + size_of(job) + _RECT_SIZE * parts_of(job)
