"""The painter and the graphics pipeline: whole frames, sizes, failures, and what else is drawn meanwhile."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest
import trio
import trio.testing

from tests.graphics.paint_jobs import draw_bitmap
from tests.graphics.pipeline.bitmaps import Picture, blocks, draw, draw_progressive, gradient, similarity
from trio_rdp.channels.rdpgfx.caching import CacheToSurfacePdu
from trio_rdp.channels.rdpgfx.drawing import SolidFillPdu, SurfaceToSurfacePdu
from trio_rdp.channels.rdpgfx.header import GraphicsPdu
from trio_rdp.channels.rdpgfx.messages import iterate_messages
from trio_rdp.channels.rdpgfx.translation import JOB_MAKERS
from trio_rdp.codecs import avc
from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.codecs.view import View
from trio_rdp.encoding import EncodeScheduler
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import BeginFrame, Compression, DrawBitmaps, EndFrame, PaintJob, ResetPipeline
from trio_rdp.graphics.pipeline.jobs import (
    BeginPipelineFrame,
    CopySurface,
    CreateSurface,
    DeleteSurface,
    DrawCached,
    DrawSurface,
    EndPipelineFrame,
    EvictCached,
    FillSurface,
    MapSurface,
    MapSurfaceToWindow,
    PipelineCodec,
    ResetGraphics,
    StoreCached,
    UnmapSurface,
)
from trio_rdp.graphics.pipeline.limits import PipelineLimits
from trio_rdp.graphics.pipeline.packed import PackedEdges, PackedPoints, PackedRects
from trio_rdp.graphics.pipeline.surfaces import PipelineCounts
from trio_rdp.level import Ending
from trio_rdp.painting import Painter
from trio_rdp.screen import Screen
from trio_rdp.wire.errors import DecodeError

RED, GREEN, BLUE = bytes((0, 0, 255, 0)), bytes((0, 255, 0, 0)), bytes((255, 0, 0, 0))
WHOLE = Rect(0, 0, 64, 32)
BAD = DeleteSurface(99)


def classic(left: int, color: int) -> DrawBitmaps:
    return draw_bitmap(Rect(left, 0, 4, 4), 4, 4, 32, Compression.RAW, color.to_bytes(4, "little") * 16)


class Bench:
    def __init__(self, width: int = 64, height: int = 32, *, workers: int = 1) -> None:
        self.screen = Screen(width, height, Ending())
        self.classic: list[int] = []
        self.frames: list[int] = []
        self.errors: list[DecodeError] = []
        self.scheduler = EncodeScheduler(workers)
        self.painter = Painter(self.screen, self.scheduler, 64 << 20, self.classic.append)
        self.painter.on_pipeline_frame = lambda job: self.frames.append(job.frame_id)
        self.painter.on_pipeline_error = self.errors.append

    def submit(self, *jobs: PaintJob) -> None:
        for job in jobs:
            self.painter.submit(job)
        self.painter.flush()

    def begin(self, *, width: int = 64, height: int = 32) -> None:
        self.submit(ResetGraphics(width, height), CreateSurface(1, width, height), MapSurface(1, 0, 0))

    def frame(self, number: int, *jobs: PaintJob) -> None:
        self.submit(BeginPipelineFrame(number), *jobs, EndPipelineFrame(number))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.painter.run)
            yield
            nursery.cancel_scope.cancel()

    async def idle(self) -> None:
        with trio.fail_after(20):
            await self.painter.wait_idle()

    @property
    def picture(self) -> Picture:
        return self.screen.snapshot()


class TestFrames:
    async def test_they_are_shown_as_a_whole(self) -> None:
        bench = Bench()
        bench.begin()
        bench.submit(BeginPipelineFrame(7), FillSurface(1, RED, (WHOLE,)))
        assert not bench.screen.is_painted
        bench.submit(FillSurface(1, GREEN, (Rect(8, 8, 4, 4),)))
        assert not bench.screen.is_painted
        assert bench.frames == []
        bench.submit(EndPipelineFrame(7))
        assert bench.screen.pixel(0, 0) == (255, 0, 0)
        assert bench.screen.pixel(8, 8) == (0, 255, 0)
        assert bench.screen.statistics().frames == 1
        assert (bench.frames, bench.classic) == ([7], [])

    async def test_only_what_changed_is_copied_and_once(self) -> None:
        bench = Bench()
        bench.begin()
        bench.frame(1, FillSurface(1, RED, (WHOLE,)))
        before = bench.screen.statistics().pixels
        bench.frame(2, FillSurface(1, BLUE, (Rect(8, 8, 4, 4),)), FillSurface(1, GREEN, (Rect(8, 8, 4, 4),)))
        assert bench.screen.statistics().pixels == before + 16
        assert bench.painter.image.pixels is bench.painter.image.surfaces.find(1).pixels
        assert np.array_equal(bench.picture, bench.painter.image.pixels)

    async def test_an_empty_one_is_told_of_too(self) -> None:
        bench = Bench()
        bench.begin()
        bench.frame(1)
        bench.frame(2)
        assert bench.frames == [1, 2]
        assert bench.screen.statistics().frames == 1  # the surface, which was never shown

    async def test_what_is_drawn_outside_is_shown_at_once(self) -> None:
        bench = Bench()
        bench.begin()
        assert not bench.screen.is_painted  # a surface that nobody has drawn on yet hides no picture
        bench.submit(CreateSurface(2, 64, 32), FillSurface(2, RED, (WHOLE,)))
        assert not bench.screen.is_painted
        bench.submit(CopySurface(2, 1, Rect(0, 0, 8, 8), ((4, 4),)))
        assert bench.screen.pixel(4, 4) == (255, 0, 0)
        assert bench.frames == []

    async def test_a_frame_that_never_ends_holds_up_nobody_else(self) -> None:
        bench = Bench()
        bench.begin()
        bench.submit(BeginPipelineFrame(1), FillSurface(1, RED, (WHOLE,)))
        bench.submit(classic(8, 0x0000FF))
        assert bench.screen.pixel(8, 0) == (0, 0, 255)
        bench.submit(BeginFrame(5), classic(0, 0x00FF00), EndFrame(5))
        assert bench.screen.pixel(0, 0) == (0, 255, 0)
        assert bench.screen.pixel(20, 20) == (0, 0, 0)
        assert (bench.frames, bench.classic) == ([], [5])

    async def test_a_large_one_is_copied_in_a_thread_and_seen_whole(self, monkeypatch: pytest.MonkeyPatch) -> None:
        bench = Bench(1024, 768)
        whole, threads, seen = Rect(0, 0, 1024, 768), set(), []
        ahead = bench.screen.ahead

        def noting(pixels: Picture, damage: list[Rect]) -> Callable[[], Picture]:
            copy = ahead(pixels, damage)

            def work() -> Picture:
                threads.add(threading.current_thread())
                finished = copy()
                seen.append(bench.screen.pixel(1000, 700))
                return finished

            return work

        monkeypatch.setattr(bench.screen, "ahead", noting)
        async with bench.running():
            bench.begin(width=1024, height=768)
            for number, color in enumerate((RED, GREEN, BLUE)):
                bench.frame(number, FillSurface(1, color, (whole,)))
                await bench.idle()
                assert bench.frames == list(range(number + 1))
            bench.frame(3, FillSurface(1, RED, (Rect(0, 0, 4, 4),)))
            await bench.idle()
        assert threads
        assert threading.main_thread() not in threads
        assert seen == [(0, 0, 0), (255, 0, 0), (0, 255, 0)]
        assert (bench.screen.pixel(1000, 700), bench.screen.pixel(0, 0)) == ((0, 0, 255), (255, 0, 0))

    async def test_a_large_one_while_the_desktop_gets_another_size(self, monkeypatch: pytest.MonkeyPatch) -> None:
        bench = Bench(1024, 768)
        ahead = bench.screen.ahead

        def resizing(pixels: Picture, damage: list[Rect]) -> Callable[[], Picture]:
            copy = ahead(pixels, damage)
            bench.painter.resize(800, 600)
            monkeypatch.undo()
            return copy

        monkeypatch.setattr(bench.screen, "ahead", resizing)
        async with bench.running():
            bench.begin(width=1024, height=768)
            bench.frame(1, FillSurface(1, RED, (Rect(0, 0, 1024, 768),)))
            await bench.idle()
        assert bench.picture.shape == (600, 800, 4)
        assert bench.screen.pixel(799, 599) == (255, 0, 0)
        assert bench.frames == [1]

    @pytest.mark.parametrize("ends", [False, True])
    async def test_what_is_drawn_the_classic_way_shows_nothing_of_one(self, ends: bool) -> None:
        """So much, so far apart, that its damage is a box with much else in it."""
        bench = Bench(640, 320)
        whole = Rect(0, 0, 640, 320)
        bench.begin(width=640, height=320)
        bench.frame(1, FillSurface(1, BLUE, (whole,)))
        async with bench.running():
            bench.submit(BeginPipelineFrame(2), FillSurface(1, RED, (whole,)))
            await bench.idle()
            if ends:
                bench.submit(ResetPipeline())  # as when the channel closes
            bench.submit(BeginFrame(3), *(classic(16 * number, 0xFF00FF00) for number in range(40)), EndFrame(3))
            await bench.idle()
            assert bench.classic == [3]
            assert {tuple(color) for color in bench.picture[:4, :, :3].reshape(-1, 3).tolist()} == {
                tuple(BLUE[:3]),
                tuple(GREEN[:3]),
            }
            if not ends:
                bench.submit(EndPipelineFrame(2))
                await bench.idle()
                assert bench.screen.pixel(1, 1) == (255, 0, 0)

    @pytest.mark.parametrize("mapped", [1, 2])
    async def test_a_surface_that_is_shown_in_the_middle_of_one_shows_nothing_of_it(self, mapped: int) -> None:
        bench = Bench()
        bench.begin()
        bench.submit(CreateSurface(2, 8, 8))
        bench.frame(1, FillSurface(1, BLUE, (WHOLE,)))
        async with bench.running():
            bench.submit(BeginPipelineFrame(2), FillSurface(1, RED, (WHOLE,)))
            await bench.idle()
            bench.submit(MapSurface(mapped, 0, 0))
            await bench.idle()
        assert (bench.painter.image.pixels[..., 2] == 0).all()
        assert bench.screen.pixel(20, 20) == (0, 0, 255)
        bench.submit(EndPipelineFrame(2))
        assert bench.screen.pixel(20, 20) == (255, 0, 0)

    async def test_after_the_classic_path_the_switch_is_not_seen(self) -> None:
        bench = Bench()
        bench.submit(classic(0, 0xFF0000))
        bench.begin()
        assert bench.screen.pixel(0, 0) == (255, 0, 0)
        bench.frame(1, FillSurface(1, GREEN, (WHOLE,)))
        assert bench.screen.pixel(0, 0) == (0, 255, 0)
        assert bench.screen.statistics().resizes == 0
        bench.submit(classic(8, 0x0000FF))
        bench.frame(2, FillSurface(1, RED, (Rect(20, 0, 4, 4),)))
        assert [bench.screen.pixel(x, 0) for x in (0, 8, 20)] == [(0, 255, 0), (0, 0, 255), (255, 0, 0)]

    async def test_several_surfaces(self) -> None:
        bench = Bench()
        bench.submit(
            CreateSurface(1, 32, 32),
            CreateSurface(2, 8, 8, has_alpha=True),
            MapSurface(1, 0, 0),
            MapSurface(2, 20, 10, (16, 16)),
        )
        bench.frame(1, FillSurface(1, RED, (WHOLE,)), FillSurface(2, GREEN, (WHOLE,)))
        assert bench.screen.pixel(19, 10) == (255, 0, 0)
        assert bench.screen.pixel(35, 25) == (0, 255, 0)
        assert bench.screen.pixel(40, 30) == (0, 0, 0)
        assert (bench.picture[..., 3] == 255).all()
        bench.submit(UnmapSurface(2))
        bench.frame(2, FillSurface(1, BLUE, (WHOLE,)))
        assert bench.screen.pixel(25, 15) == (0, 0, 255)

    async def test_windows(self) -> None:
        bench = Bench()
        bench.submit(CreateSurface(1, 64, 32), MapSurfaceToWindow(1, 77, 10, 10))
        bench.submit(BeginPipelineFrame(1), FillSurface(1, RED, (WHOLE,)))
        assert bench.painter.window(77) is None
        bench.submit(EndPipelineFrame(1))
        bench.submit(BeginPipelineFrame(2), FillSurface(1, GREEN, (WHOLE,)))
        window = bench.painter.window(77)
        assert window is not None
        assert window.tolist() == [[[0, 0, 255, 255]] * 10] * 10
        bench.submit(EndPipelineFrame(2))
        window = bench.painter.window(77)
        assert window is not None
        assert window[9, 9].tolist() == [0, 255, 0, 255]
        assert not bench.screen.is_painted


class TestSizes:
    async def test_a_new_one_comes_in_its_turn(self) -> None:
        bench = Bench()
        bench.begin()
        async with bench.running():
            for number in range(4):
                width = 64 * (number + 1)
                bench.submit(ResetGraphics(width, 32), DeleteSurface(1), CreateSurface(1, width, 32))
                bench.submit(MapSurface(1, 0, 0))
                bench.frame(number, draw(PipelineCodec.PLANAR, gradient(width, 32)))
            await bench.idle()
        assert bench.frames == [0, 1, 2, 3]
        assert bench.picture.shape == (32, 256, 4)
        assert bench.screen.statistics().resizes == 3

    async def test_in_a_frame_it_is_shown_with_it(self) -> None:
        bench = Bench()
        bench.begin()
        bench.frame(1, FillSurface(1, RED, (WHOLE,)))
        bench.submit(BeginPipelineFrame(2), ResetGraphics(100, 50), FillSurface(1, GREEN, (Rect(0, 0, 8, 8),)))
        assert (bench.screen.width, bench.screen.height) == (64, 32)
        assert bench.screen.pixel(0, 0) == (255, 0, 0)
        bench.submit(classic(0, 0x0000FF))  # for a picture that is not there any more
        bench.submit(EndPipelineFrame(2))
        assert (bench.screen.width, bench.screen.height) == (100, 50)
        assert bench.screen.pixel(0, 0) == (0, 255, 0)
        assert bench.screen.pixel(63, 31) == (255, 0, 0)  # surfaces stay
        assert bench.screen.pixel(64, 0) == (0, 0, 0)

    async def test_the_same_one_changes_nothing(self) -> None:
        bench = Bench()
        bench.begin()
        bench.frame(1, FillSurface(1, RED, (WHOLE,)))
        bench.submit(ResetGraphics(64, 32))
        assert bench.screen.pixel(0, 0) == (255, 0, 0)
        assert bench.screen.statistics().resizes == 0

    @pytest.mark.parametrize("size", [(0, 10), (32767, 1), (30000, 30000)])
    async def test_impossible_ones(self, size: tuple[int, int]) -> None:
        bench = Bench()
        async with bench.running():
            bench.submit(ResetGraphics(*size))
            await bench.idle()
        assert "a picture of" in str(bench.errors[0])
        assert bench.screen.width == 64

    async def test_surfaces_survive_a_reactivation(self) -> None:
        bench = Bench()
        bench.begin()
        bench.frame(1, FillSurface(1, RED, (WHOLE,)))
        bench.painter.resize(80, 40)
        assert not bench.picture[..., :3].any()
        bench.frame(2, FillSurface(1, GREEN, (Rect(0, 0, 8, 8),)))
        assert bench.screen.pixel(0, 0) == (0, 255, 0)
        assert bench.screen.pixel(63, 31) == (255, 0, 0)
        assert bench.screen.width == 80
        assert bench.frames == [1, 2]

    async def test_what_waits_survives_it_too(self) -> None:
        bench = Bench()
        async with bench.running():
            started, go_on = threading.Event(), threading.Event()

            def block() -> None:
                started.set()
                assert go_on.wait(20)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(bench.scheduler.run, block, 1.0)  # the only worker
                await trio.to_thread.run_sync(started.wait)
                bench.begin(width=512, height=512)
                bench.frame(1, draw(PipelineCodec.PLANAR, blocks(512, 512)))
                bench.submit(ResetGraphics(300, 512))
                bench.frame(2, draw(PipelineCodec.PLANAR, blocks(512, 512, 1)))
                await trio.testing.wait_all_tasks_blocked()
                waiting = bench.painter.pipeline_pending
                assert waiting > 0
                bench.painter.resize(320, 200)
                bench.submit(classic(0, 0xFFFFFF))
                assert bench.painter.pipeline_pending == waiting
                go_on.set()
            await bench.idle()
        assert bench.frames == [1, 2]
        assert bench.picture.shape == (512, 300, 4)
        assert np.array_equal(bench.picture[8:, 8:], blocks(512, 512, 1)[8:, 8:300])
        assert bench.painter.statistics().pending_bytes == bench.painter.pipeline_pending == 0


class TestFailures:
    async def test_one_ends_the_pipeline_and_nothing_else(self) -> None:
        bench = Bench()
        bench.begin()
        bench.frame(1, FillSurface(1, RED, (WHOLE,)))
        bench.submit(
            BeginFrame(5),
            classic(0, 0x0000FF),
            BeginPipelineFrame(2),
            FillSurface(1, GREEN, (WHOLE,)),
            BAD,
            FillSurface(1, GREEN, (WHOLE,)),
            EndPipelineFrame(2),
            EndFrame(5),
        )
        assert [str(error) for error in bench.errors] == ["no surface has the number 99"]
        assert (bench.frames, bench.classic) == ([1], [5])
        assert bench.screen.pixel(0, 0) == (0, 0, 255)
        assert bench.screen.pixel(9, 9) == (255, 0, 0)  # not half a frame
        bench.frame(3, BAD)
        bench.submit(classic(8, 0xFFFFFF))
        assert len(bench.errors) == 1
        assert bench.screen.pixel(8, 0) == (255, 255, 255)
        assert bench.screen.pixel(9, 9) == (255, 0, 0)
        assert bench.painter.statistics().pending_bytes == bench.painter.pipeline_pending == 0
        assert bench.painter.pipeline_surfaces == (0, 0)

    async def test_it_may_begin_anew(self) -> None:
        bench = Bench()
        bench.submit(BAD, ResetPipeline())
        bench.begin()
        bench.frame(1, FillSurface(1, RED, (WHOLE,)))
        assert (bench.frames, len(bench.errors)) == ([1], 1)
        assert bench.screen.pixel(0, 0) == (255, 0, 0)

    async def test_what_follows_in_the_queue_begins_anew(self) -> None:
        bench = Bench(256, 256)
        async with bench.running():
            bench.begin(width=256, height=256)
            bench.frame(1, draw(PipelineCodec.PLANAR, blocks(256, 256)), BAD)
            bench.submit(ResetPipeline(), ResetPipeline(PipelineLimits(cache_slots=25_600)))
            bench.begin(width=256, height=256)
            bench.frame(2, draw(PipelineCodec.PLANAR, blocks(256, 256)))
            await bench.idle()
        assert (bench.frames, len(bench.errors)) == ([2], 1)
        assert np.array_equal(bench.picture, blocks(256, 256))
        assert bench.painter.image.surfaces.limits == PipelineLimits(cache_slots=25_600)

    async def test_in_threads(self) -> None:
        bench = Bench(512, 512, workers=2)
        async with bench.running():
            bench.begin(width=512, height=512)
            bench.frame(1, draw(PipelineCodec.PLANAR, blocks(512, 512)))
            good = draw(PipelineCodec.PLANAR, blocks(512, 512, 1))
            half = DrawSurface(1, PipelineCodec.PLANAR, good.rect, good.data[: len(good.data) // 2])
            bench.frame(2, good, half, classic(0, 0xFFFFFF))
            await bench.idle()
            bench.submit(classic(8, 0xFFFFFF))
            await bench.idle()
        assert (bench.frames, len(bench.errors)) == ([1], 1)
        assert np.array_equal(bench.picture[8:], blocks(512, 512)[8:])
        assert bench.screen.pixel(8, 0) == (255, 255, 255)

    async def test_in_the_middle_of_another_size(self) -> None:
        bench = Bench()
        bench.begin()
        bench.frame(1, FillSurface(1, RED, (WHOLE,)))
        bench.submit(BeginPipelineFrame(2), ResetGraphics(100, 50), BAD, EndPipelineFrame(2))
        assert len(bench.errors) == 1
        assert bench.picture.shape == (32, 64, 4)
        bench.submit(classic(0, 0xFFFFFF))
        assert bench.screen.pixel(0, 0) == (255, 255, 255)
        assert bench.screen.pixel(9, 9) == (255, 0, 0)

    async def test_classic_ones_are_as_before(self) -> None:
        bench = Bench()
        bench.begin()
        with pytest.raises(DecodeError):
            bench.submit(draw_bitmap(Rect(0, 0, 4, 4), 4, 4, 32, Compression.PLANAR, b"\xff"))

    async def test_a_channel_that_begins_anew_leaves_the_picture(self) -> None:
        bench = Bench()
        bench.begin()
        bench.frame(1, FillSurface(1, RED, (WHOLE,)))
        bench.submit(ResetPipeline())
        bench.submit(classic(0, 0xFFFFFF))
        assert bench.screen.pixel(9, 9) == (255, 0, 0)
        assert np.array_equal(bench.picture, bench.painter.image.pixels)
        assert bench.painter.pipeline_surfaces == (0, 0)


class TestThreads:
    async def test_order_is_kept_and_tiles_are_shared(self) -> None:
        bench = Bench(512, 384, workers=2)
        async with bench.running():
            bench.begin(width=512, height=384)
            for number in range(3):
                bench.frame(
                    number,
                    draw_progressive(gradient(512, 384, number)),
                    StoreCached(1, 1, 1, Rect(0, 0, 128, 128)),
                    FillSurface(1, RED, (Rect(0, 0, 128, 128),)),
                    draw(PipelineCodec.PLANAR, blocks(128, 128, number), 64, 64),
                    CopySurface(1, 1, Rect(0, 0, 100, 100), ((200, 200),)),
                    DrawCached(1, 1, ((384, 0),)),
                )
            await bench.idle()
        wanted = gradient(512, 384, 2)
        corner = wanted[:128, :128].copy()
        wanted[:128, :128] = (0, 0, 255, 255)
        wanted[64:192, 64:192] = blocks(128, 128, 2)
        wanted[200:300, 200:300] = wanted[:100, :100].copy()
        wanted[:128, 384:] = corner
        assert similarity(bench.picture, wanted) > 35
        assert np.array_equal(bench.picture[64:192, 64:192], blocks(128, 128, 2))
        assert bench.frames == [0, 1, 2]
        decoded = bench.painter.decoded()
        assert decoded[BitmapCodec.PROGRESSIVE].tiles == 3 * 48
        assert decoded[BitmapCodec.PLANAR].bitmaps == 3
        assert bench.painter.pipeline_counts == PipelineCounts(frames=3, fills=3, copies=3, stored=3, cache_hits=3)
        assert [bitmap.key for bitmap in bench.painter.cached_bitmaps] == [1]
        assert bench.painter.pipeline_surfaces == (1, 512 * 384 * 4)

    @pytest.mark.parametrize(
        "jobs",
        [
            pytest.param([EvictCached(1)] * 100, id="nothing to draw"),
            pytest.param([FillSurface(1, RED, ())] * 100, id="no rectangles"),
            pytest.param([FillSurface(1, RED, (Rect(0, 0, 1, 1),) * 100)], id="many rectangles"),
            pytest.param([CopySurface(1, 1, Rect(0, 0, 1, 1), ((1, 1),) * 100)], id="many points"),
            pytest.param([MapSurface(1, 0, 0)], id="a picture that is copied"),
            pytest.param([CreateSurface(2, 2000, 500)], id="a large surface"),
            pytest.param([ResetGraphics(2000, 500)], id="a large desktop"),
            pytest.param([MapSurfaceToWindow(1, 7, 1000, 700)], id="a large window"),
            pytest.param([DrawCached(1, 1, ((0, 0),))], id="a large bitmap"),
        ],
    )
    async def test_what_takes_a_while_is_not_done_on_the_loop(self, jobs: list[PaintJob]) -> None:
        bench = Bench(1000, 700)
        async with bench.running():
            bench.begin(width=1000, height=700)
            bench.frame(1, StoreCached(1, 1, 1, Rect(0, 0, 1000, 500)))
            await bench.idle()
            done = bench.painter.statistics().jobs
            bench.submit(BeginPipelineFrame(2), *jobs, EndPipelineFrame(2))
            assert bench.painter.statistics().jobs == done
            await bench.idle()
            assert bench.painter.statistics().jobs == done + len(jobs) + 2
        assert not bench.errors

    async def test_a_picture_among_many_small_things_is_not_decoded_on_the_loop(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench, threads = Bench(512, 512, workers=2), set[int]()
        decode_into = avc.Decoder.decode_into

        def decode(self: avc.Decoder, data: bytes, view: View, mode: avc.Mode) -> object:
            threads.add(threading.get_ident())
            return decode_into(self, data, view, mode)

        monkeypatch.setattr(avc.Decoder, "decode_into", decode)
        picture = draw(PipelineCodec.AVC420, gradient(512, 512))
        async with bench.running():
            bench.begin(width=512, height=512)
            bench.frame(1, *[FillSurface(1, RED, (Rect(0, 0, 1, 1),))] * 300, picture)
            await bench.idle()
        assert threads
        assert threading.get_ident() not in threads
        assert similarity(bench.picture, gradient(512, 512)) > 30


@pytest.mark.parametrize(
    "pdu",
    [
        SolidFillPdu(
            surface_id=1, fill_pixel=RED, fill_rects=[(number % 60, 0, number % 60 + 1, 9) for number in range(65_535)]
        ),
        CacheToSurfacePdu(cache_slot=1, surface_id=1, dest_pts=[(number % 60, 3) for number in range(65_535)]),
        SurfaceToSurfacePdu(
            surface_id_src=1,
            surface_id_dest=1,
            rect_src=(0, 0, 1, 1),
            dest_pts=[(number % 60, 5) for number in range(65_535)],
        ),
    ],
)
async def test_of_many_rectangles_the_loop_looks_at_none(pdu: GraphicsPdu, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    for kind in (PackedEdges, PackedPoints, PackedRects):
        monkeypatch.setattr(kind, "_make", staticmethod(lambda *values: looked.append(values)))
    bench = Bench()
    bench.begin()
    (message,) = iterate_messages(pdu.encode())
    bench.submit(StoreCached(1, 5, 1, Rect(0, 0, 1, 1)), BeginPipelineFrame(1))
    bench.painter.submit(JOB_MAKERS[type(message)](message))
    bench.painter.submit(EndPipelineFrame(1))
    bench.painter.flush()
    assert not looked
    assert bench.frames == []  # as it is left to a thread
