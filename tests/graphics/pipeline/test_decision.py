"""What is decided for one frame; pictures are compared in the tests of the encoder."""

from __future__ import annotations

import numpy as np

from tests.codecs.pictures import solid, text
from tests.graphics.pipeline.model_client import photo
from trio_rdp.codecs import clearcodec_encoder
from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.graphics.content import Hints
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.bitmap_memory import BitmapMemory
from trio_rdp.graphics.pipeline.decision import MAIN, Context, Decision, Settings
from trio_rdp.graphics.pipeline.jobs import (
    CopySurface,
    CreateSurface,
    DeleteSurface,
    DrawCached,
    FillSurface,
    StoreCached,
)
from trio_rdp.graphics.pipeline.motion import SentBlocks
from trio_rdp.graphics.pipeline.parts import PartMaker
from trio_rdp.graphics.pipeline.photo_map import PhotoMap
from trio_rdp.graphics.pipeline.plan import FramePlan, PipelineStatistics
from trio_rdp.graphics.pipeline.refinement import Refinement
from trio_rdp.graphics.pipeline.shown import Shown
from trio_rdp.graphics.pipeline.tile_cache import TileCache
from trio_rdp.graphics.pipeline.video import VideoArea, VideoAreas

BOUNDS = Rect(0, 0, 320, 256)
USABLE = (BitmapCodec.CLEARCODEC, BitmapCodec.PROGRESSIVE, BitmapCodec.AVC420)
Picture = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


def context() -> Context:
    shown = Shown(320, 256)
    return Context(
        shown,
        SentBlocks(320, 256),
        PartMaker(MAIN, BOUNDS, clearcodec_encoder.Encoder(), lambda: 0.0),
        TileCache(MAIN, BitmapMemory(1 << 20, 100)),
        PipelineStatistics(),
        VideoAreas(BOUNDS),
        Refinement(shown),
        PhotoMap(shown.bounds),
    )


def decide(
    known: Context,
    pixels: Picture,
    now: float,
    codec: BitmapCodec | None = None,
    damage: Rect = BOUNDS,
    waiting: tuple[Rect, ...] = (),
) -> FramePlan:
    plan = FramePlan()
    settings = Settings(USABLE, codec, Quality.MEDIUM, 100, None, Hints(320, 256))
    Decision(known, settings, plan, pixels, known.shown.look(pixels, [damage]), now, waiting).decide()
    return plan


def codecs(plan: FramePlan) -> set[BitmapCodec]:
    return {part.codec for part in plan.parts}


def test_each_part_gets_what_suits_it() -> None:
    known = context()
    pixels = solid(320, 256)
    pixels[:64] = text(320, 64)
    pixels[64:192, :128] = photo(128, 128)
    plan = decide(known, pixels, 1.0)
    assert codecs(plan) == {BitmapCodec.CLEARCODEC, BitmapCodec.PROGRESSIVE}
    assert [type(job) for job in plan.before] == [FillSurface]
    assert known.shown.lossy.sum() == 64
    assert not known.shown.look(pixels, [BOUNDS]).changed.any()


def test_what_is_overwritten_is_kept_before_anything_is_drawn() -> None:
    known = context()
    pages = [text(320, 256), np.ascontiguousarray(text(320, 256)[::-1])]
    decide(known, pages[0], 1.0)
    plan = decide(known, pages[1], 3.0)
    assert {type(job) for job in plan.before} == {StoreCached}
    plan = decide(known, pages[0], 5.0)
    kinds = [type(job) for job in plan.before]
    assert kinds == sorted(kinds, key=[StoreCached, DrawCached].index)
    assert DrawCached in kinds
    assert plan.parts == []


def test_copies_bring_their_errors_along() -> None:
    known = context()
    pixels = text(320, 256)
    pixels[0:128, 0:128] = photo(128, 128)
    decide(known, pixels, 1.0)
    assert np.array_equal(np.argwhere(known.shown.lossy).max(axis=0), (7, 7))
    moved = text(320, 256)
    moved[40:168, 56:184] = pixels[0:128, 0:128]
    plan = decide(known, moved, 1.1)
    copies = [job for job in plan.before if isinstance(job, CopySurface)]
    assert [(job.source, job.points) for job in copies] == [(Rect(0, 0, 128, 128), ((56, 40),))]
    assert known.shown.lossy[3:10, 4:11].all()
    assert known.statistics.copies == 1


def test_surfaces_of_videos_come_and_go() -> None:
    known, plan = context(), FramePlan()
    small = VideoArea(3, Rect(0, 0, 64, 64), is_main=False, last=0.0, checked=0.0)
    other = VideoArea(4, Rect(64, 0, 64, 32), is_main=False, last=0.0, checked=0.0)
    whole = VideoArea(5, BOUNDS, is_main=True, last=0.0, checked=0.0)
    first = known.surface_of(small, plan)
    assert known.surface_of(small, plan) == first
    second = known.surface_of(other, plan)
    assert known.surface_of(whole, plan) == MAIN
    for area in (small, small, whole):
        known.end_video(area, plan)
    assert plan.before == [CreateSurface(first, 64, 64), CreateSurface(second, 64, 32), DeleteSurface(first)]


def test_a_forced_stream_ends_where_another_codec_is_forced() -> None:
    known = context()
    decide(known, photo(320, 256), 1.0)
    plan = decide(known, photo(320, 256, 1), 2.0, BitmapCodec.AVC420)
    assert codecs(plan) == {BitmapCodec.AVC420}
    assert len(known.videos.areas) == 1
    plan = decide(known, photo(320, 256, 2), 3.0, BitmapCodec.CLEARCODEC)
    assert codecs(plan) == {BitmapCodec.CLEARCODEC}
    assert known.videos.areas == []
    assert not known.shown.lossy.any()


def test_what_a_window_uncovers_is_told_from_the_window() -> None:
    known = context()
    behind = photo(320, 256)
    window = np.full((150, 170, 4), 240, np.uint8)
    window[10:-10:7, 10:-10:3] = 30
    first, second = behind.copy(), behind.copy()
    first[40:190, 60:230] = window
    second[40:190, 70:240] = window
    decide(known, first, 1.0)
    plan = decide(known, second, 2.0, damage=Rect(60, 40, 180, 150))
    assert known.statistics.copies
    drawn = [part for part in plan.parts if part.codec is BitmapCodec.PROGRESSIVE]
    # Most of ten columns of the photograph, and none of the window.
    assert 1000 <= sum(part.pixels for part in drawn) <= 10 * 150
    assert sum(part.pixels for part in plan.parts) < 150 * 170 / 2


def test_nothing_is_kept_of_which_a_part_still_waits() -> None:
    known = context()
    one, other = text(320, 256), text(320, 256)[::-1].copy()
    upper, lower = Rect(0, 0, 320, 7), Rect(0, 7, 320, 249)
    for number in range(4):
        pixels = other if number % 2 else one
        plan = decide(known, pixels, 0.1 * number, damage=upper, waiting=(lower,))
        # The first row of tiles, whose hashes are those of the whole picture.
        assert not any(isinstance(job, StoreCached) and job.rect.top == 0 for job in plan.after)
        decide(known, pixels, 0.1 * number + 0.05, damage=lower)
    assert (known.shown.hashes > 1).all()
