"""A server of the graphics pipeline whose jobs are almost right: pixels or a `DecodeError`, and within the limits."""

from __future__ import annotations

import functools
import random
import time
from dataclasses import fields, replace

import numpy as np
import pytest

from tests.fuzz.mutation import mutate
from tests.graphics.pipeline.bitmaps import AVC_MODES, LOSSLESS, blocks, draw, draw_progressive, gradient
from trio_rdp.codecs import avc, clearcodec
from trio_rdp.codecs.view import View
from trio_rdp.graphics.decoded_image import DecodedImage
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import ResetPipeline
from trio_rdp.graphics.pipeline.bitmap_cache import CachedBitmap
from trio_rdp.graphics.pipeline.jobs import (
    BeginPipelineFrame,
    CopySurface,
    CreateSurface,
    DeleteContext,
    DeleteSurface,
    DrawCached,
    DrawSurface,
    EndPipelineFrame,
    EvictCached,
    FillSurface,
    ImportCached,
    MapSurface,
    MapSurfaceToWindow,
    PipelineCodec,
    PipelineJob,
    ResetGraphics,
    StoreCached,
    UnmapSurface,
)
from trio_rdp.graphics.pipeline.limits import PipelineLimits
from trio_rdp.wire.errors import DecodeError

SIDE = 128
LIMITS = PipelineLimits(
    surface_bytes=1 << 20, surface_side=512, surfaces=6, context_pixels=1 << 16, cache_bytes=1 << 18, cache_slots=8
)
EDGES = (0, 1, -1, 2, 8, 63, 64, 127, 128, 129, 511, 512, 513, 0x7FFF, 0x8000, 0xFFFF, 1 << 31, (1 << 32) - 1)
EACH = 2000  # conversations, when there is time


@functools.cache
def conversation() -> tuple[PipelineJob, ...]:
    """Every job that there is, and every codec."""
    clear = clearcodec.Encoder()
    codecs = [*LOSSLESS[:2], PipelineCodec.REMOTEFX, PipelineCodec.ALPHA, *(AVC_MODES if avc.is_available() else ())]
    return (
        ResetGraphics(SIDE, SIDE),
        CreateSurface(1, SIDE, SIDE),
        MapSurface(1, 0, 0),
        CreateSurface(2, SIDE, SIDE, has_alpha=True),
        BeginPipelineFrame(1),
        *(draw(codec, gradient(SIDE, SIDE, 5), surface_id=number) for codec in codecs for number in (1, 2)),
        *(
            DrawSurface(1, PipelineCodec.CLEARCODEC, Rect(left, 9, 30, 20), clear.encode(View.of(blocks(30, 20, 3))))
            for left in (9, 60)
        ),
        draw_progressive(blocks(SIDE, SIDE)),
        draw_progressive(gradient(SIDE, SIDE), surface_id=2),
        EndPipelineFrame(1),
        MapSurface(2, 30, 30, (50, 200)),
        CreateSurface(3, 20, 30),
        MapSurfaceToWindow(3, 7, 20, 30, (10, 10)),
        FillSurface(3, b"\1\2\3\4", (Rect(0, 0, 20, 30), Rect(5, 5, 2, 2))),
        BeginPipelineFrame(2),
        CopySurface(1, 1, Rect(0, 0, 60, 60), ((1, 1), (30, 4))),
        CopySurface(1, 2, Rect(5, 5, 30, 30), ((90, -4),)),
        StoreCached(1, 99, 1, Rect(0, 0, 64, 64)),
        DrawCached(1, 2, ((0, 0), (64, 64))),
        ImportCached(((2, 5),)),
        DrawCached(2, 3, ((4, 4),)),
        EvictCached(1),
        draw(PipelineCodec.PLANAR, blocks(40, 40), 20, 20),
        DeleteContext(1, 1),
        EndPipelineFrame(2),
        UnmapSurface(1),
        DeleteSurface(2),
        EndPipelineFrame(3),
    )


def changed(source: random.Random, value: object) -> object:
    """A field's value that is another now."""
    if isinstance(value, PipelineCodec):
        return PipelineCodec(source.choice((*AVC_MODES, *LOSSLESS, PipelineCodec.ALPHA, PipelineCodec(99))))
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return source.choice((value + 1, value - 1, source.choice(EDGES), source.randrange(1, 4)))
    if isinstance(value, bytes):
        return mutate(source, value, value[::-1])
    if isinstance(value, Rect):
        numbers = [value.left, value.top, value.right, value.bottom]
        numbers[source.randrange(4)] = source.choice((*EDGES[:16], source.randrange(SIDE))) & 0xFFFF
        return Rect(numbers[0], numbers[1], numbers[2] - numbers[0], numbers[3] - numbers[1])
    if isinstance(value, tuple):
        parts = [changed(source, part) if source.random() < 0.5 else part for part in value]
        is_list = not any(isinstance(part, int) for part in parts)
        return tuple(parts * 300 if is_list and source.random() < 0.1 else parts)
    return value if value is None else source.choice((None, value))


def disturbed(source: random.Random) -> list[PipelineJob]:
    """A conversation with jobs that are lost, doubled, swapped or changed."""
    jobs = list(conversation())
    for _ in range(source.randint(1, 6)):
        at, other = source.randrange(len(jobs)), source.randrange(len(jobs))
        match source.randrange(7):
            case 0:
                del jobs[at]
            case 1:
                jobs.insert(other, jobs[at])
            case 2:
                jobs[at], jobs[other] = jobs[other], jobs[at]
            case _:
                job = jobs[at]
                name = source.choice([field.name for field in fields(job)])
                jobs[at] = replace(job, **{name: changed(source, getattr(job, name))})  # type: ignore[arg-type]
    return jobs


def attack(source: random.Random) -> None:
    kept = {5: CachedBitmap(5, 3, 3, pixels=np.full((3, 3, 4), 255, np.uint8))}
    image = DecodedImage(SIDE, SIDE)
    image.apply(ResetPipeline(LIMITS, kept))
    failures = 0
    for job in disturbed(source):
        if isinstance(job, ResetGraphics) and max(job.width, job.height) > 600:
            continue  # it may be large, and would only take time
        try:
            damage = image.apply(job)
        except DecodeError:
            failures += 1
            continue  # what a client would end there must do no harm either
        assert all(image.bounds.contains(rect) and not rect.is_empty for rect in damage)
        assert len(damage) <= 64
        check(image)
    image.apply(ResetPipeline())
    assert image.pixels.shape == (image.height, image.width, 4)


def check(image: DecodedImage) -> None:
    surfaces = image.surfaces
    assert surfaces.bytes <= LIMITS.surface_bytes
    assert len(surfaces) <= LIMITS.surfaces
    assert 0 <= surfaces.cache.bytes <= LIMITS.cache_bytes
    assert surfaces.cache.bytes == sum(bitmap.size for bitmap in surfaces.cache.bitmaps)
    assert (image.pixels[..., 3] == 255).all()
    window = image.window(7)
    assert window is None or max(window.shape) <= LIMITS.surface_side


def test_the_conversation_itself() -> None:
    image = DecodedImage(SIDE, SIDE)
    image.apply(ResetPipeline(LIMITS, {5: CachedBitmap(5, 3, 3, pixels=np.full((3, 3, 4), 255, np.uint8))}))
    for job in conversation():
        image.apply(job)
        check(image)


def test_a_few_others() -> None:
    source = random.Random("surfaces")
    for _ in range(40):
        attack(source)


@pytest.mark.fuzz
def test_surfaces(fuzz_seconds: float) -> None:
    number = random.SystemRandom().randrange(2**32)
    deadline = time.monotonic() + fuzz_seconds
    least = EACH if fuzz_seconds >= 60 else 1
    while least > 0 or time.monotonic() < deadline:
        try:
            attack(random.Random(number))
        except Exception as exc:
            raise AssertionError(f"attack(random.Random({number}))") from exc
        number, least = number + 1, least - 1
