from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
import trio
import trio.testing

from tests.graphics.paint_jobs import draw_bitmap, draw_surface_bits
from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.codecs.view import View
from trio_rdp.encoding import EncodeScheduler
from trio_rdp.graphics.drawing import Drawing
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import (
    BeginFrame,
    Compression,
    DrawBitmaps,
    EndFrame,
    PaintJob,
    ResetCodecs,
    SetPalette,
)
from trio_rdp.level import Ending
from trio_rdp.painting import Painter
from trio_rdp.screen import Screen
from trio_rdp.wire.errors import DecodeError

MIB = 1 << 20


def draw(left: int, color: int, *, side: int = 4) -> DrawBitmaps:
    """A raw square of one colour, at the top."""
    data = color.to_bytes(4, "little") * side * side
    return draw_bitmap(Rect(left, 0, side, side), side, side, 32, Compression.RAW, data)


class Bench:
    def __init__(self, width: int = 64, height: int = 32, *, limit: int = 64 * MIB, workers: int = 1) -> None:
        self.screen = Screen(width, height, Ending())
        self.shown: list[int] = []
        self.scheduler = EncodeScheduler(workers)
        self.painter = Painter(self.screen, self.scheduler, limit, self.shown.append)

    def submit(self, *jobs: PaintJob) -> None:
        for job in jobs:
            self.painter.submit(job)
        self.painter.flush()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.painter.run)
            yield
            nursery.cancel_scope.cancel()


class TestInline:
    async def test_little_work_is_done_at_once(self) -> None:
        bench = Bench()
        bench.submit(draw(0, 0x112233))
        assert bench.screen.pixel(3, 3) == (0x11, 0x22, 0x33)
        assert bench.painter.statistics().pending_bytes == 0
        assert bench.painter.statistics().jobs == 1

    async def test_a_frame_is_shown_as_a_whole(self) -> None:
        bench = Bench()
        bench.submit(BeginFrame(7), draw(0, 0xFF0000))
        assert not bench.screen.is_painted
        bench.submit(draw(8, 0x00FF00))
        assert not bench.screen.is_painted
        bench.submit(EndFrame(7))
        assert bench.screen.pixel(0, 0) == (255, 0, 0)
        assert bench.screen.pixel(8, 0) == (0, 255, 0)
        assert bench.screen.statistics().frames == 1
        assert bench.shown == [7]

    async def test_what_cannot_be_painted_is_an_error(self) -> None:
        bench = Bench()
        with pytest.raises(DecodeError):
            bench.submit(draw_bitmap(Rect(0, 0, 4, 4), 4, 4, 32, Compression.PLANAR, b"\xff"))


class TestThreads:
    async def test_much_work_is_done_in_threads_and_in_order(self) -> None:
        bench = Bench(1024, 1024)
        async with bench.running():
            for number in range(8):
                bench.submit(BeginFrame(number), draw(0, number * 0x10101, side=1024), EndFrame(number))
            with trio.fail_after(20):
                await bench.painter.wait_idle()
            assert bench.shown == list(range(8))
            assert bench.screen.pixel(1023, 1023) == (7, 7, 7)
            assert bench.scheduler.statistics().threaded > 0

    async def test_an_error_comes_out_of_run(self) -> None:
        bench = Bench(1024, 1024)
        with pytest.RaisesGroup(DecodeError):
            async with bench.running():
                bad = draw_bitmap(Rect(0, 0, 1024, 1024), 1024, 1024, 32, Compression.PLANAR, b"\xff")
                bench.submit(draw(0, 1, side=1024), bad)
                await trio.sleep(20)

    async def test_a_resize_drops_what_was_for_the_old_size(self) -> None:
        bench = Bench(1024, 1024)
        started, go_on = threading.Event(), threading.Event()

        async with bench.running():
            async with trio.open_nursery() as nursery:

                def block() -> None:
                    started.set()
                    go_on.wait(20)

                nursery.start_soon(bench.scheduler.run, block, 1.0)  # the only worker
                await trio.to_thread.run_sync(started.wait)
                bench.submit(draw(0, 0xFFFFFF, side=1024), draw(0, 0xFFFFFF, side=1024))
                await trio.testing.wait_all_tasks_blocked()
                bench.painter.resize(320, 200)
                assert bench.painter.statistics().pending_bytes == 0
                go_on.set()
            bench.submit(draw(0, 0x0000FF))
            with trio.fail_after(20):
                while not bench.screen.is_painted:
                    await bench.screen.wait_changed()
            await bench.painter.wait_idle()
        assert (bench.screen.width, bench.screen.height) == (320, 200)
        assert bench.screen.pixel(0, 0) == (0, 0, 255)
        assert bench.screen.pixel(100, 100) == (0, 0, 0)

    async def test_a_palette_survives_a_resize(self) -> None:
        bench = Bench()
        palette = bytes(range(256)) * 3
        bench.submit(SetPalette(palette[: 256 * 3]))
        before = bench.painter.image.palette.copy()
        bench.painter.resize(100, 100)
        assert np.array_equal(bench.painter.image.palette, before)


class Tiles:
    """A picture of eight tiles that are drawn when it is said so."""

    def __init__(self, painter: Painter, monkeypatch: pytest.MonkeyPatch, side: int = 1024) -> None:
        self.places: set[int] = set(range(8))
        self.tile_count = 8
        self.job = draw_surface_bits(Rect(0, 0, side, side), side, side, 32, 3, bytes(side * side // 64))
        self.image = painter.image
        self.started = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.drawn: list[tuple[int, int]] = []
        self.error: Exception | None = None
        start, drawing = self.image.start, Drawing([Rect(0, 0, side, side)], self, View.of(self.image.pixels))
        monkeypatch.setattr(self.image, "start", lambda job: drawing if job is self.job else start(job))

    def ranges(self, count: int) -> list[tuple[int, int]]:
        assert count >= 2
        return [(0, 3), (3, 6), (6, 8)]

    def draw(self, view: View, first: int = 0, last: int | None = None) -> None:
        assert last is not None
        self.started.release()
        assert self.go_on.wait(20)
        self.drawn.append((first, last))
        if self.error is not None and first:
            raise self.error
        self.image.pixels[first * 128 : last * 128] = first

    async def wait_started(self, count: int) -> None:
        for _ in range(count):
            assert await trio.to_thread.run_sync(self.started.acquire, True, 20)


class TestTiles:
    async def test_threads_share_them_while_the_loop_goes_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        bench = Bench(1024, 1024, workers=2)
        tiles = Tiles(bench.painter, monkeypatch)
        async with bench.running():
            bench.submit(BeginFrame(1), tiles.job, EndFrame(1))
            # None of them returns before the other has begun.
            await tiles.wait_started(2)
            bench.submit(BeginFrame(2), draw(0, 0x010203), EndFrame(2))
            await trio.testing.wait_all_tasks_blocked()
            assert bench.shown == []  # and so nothing is acknowledged
            assert not bench.screen.is_painted
            tiles.go_on.set()
            with trio.fail_after(20):
                await bench.painter.wait_idle()
        assert bench.shown == [1, 2]
        assert sorted(first for first, _ in tiles.drawn) == [0, *sorted(last for _, last in tiles.drawn)[:-1]]
        assert max(last for _, last in tiles.drawn) == 8
        assert bench.screen.pixel(0, 0) == (1, 2, 3)  # what came later is above
        found = bench.painter.decoded()[BitmapCodec.REMOTEFX]
        assert (found.bitmaps, found.tiles, found.bytes) == (1, 8, 1 << 14)

    async def test_an_error_in_one_of_them_comes_when_all_are_done(self, monkeypatch: pytest.MonkeyPatch) -> None:
        bench = Bench(1024, 1024, workers=2)
        tiles = Tiles(bench.painter, monkeypatch)
        tiles.error = DecodeError("a bad tile")
        tiles.go_on.set()
        with pytest.RaisesGroup(pytest.RaisesExc(DecodeError, match="a bad tile")):
            async with bench.running():
                bench.submit(tiles.job)
                await trio.sleep(20)
        assert sorted(tiles.drawn)[:2] == [(0, 3), (3, 6)]

    async def test_a_small_one_is_drawn_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        bench = Bench(64, 64)
        tiles = Tiles(bench.painter, monkeypatch, 64)
        tiles.go_on.set()
        bench.submit(tiles.job)
        assert tiles.drawn == [(0, 8)]

    async def test_messages_of_one_frame_share_a_round(self, monkeypatch: pytest.MonkeyPatch) -> None:
        bench = Bench(1024, 1024, workers=2)
        tiles = Tiles(bench.painter, monkeypatch)
        tiles.go_on.set()
        again = Tiles(bench.painter, monkeypatch)
        again.places = set(range(8, 16))
        again.go_on.set()
        async with bench.running():
            bench.painter.submit(BeginFrame(1))
            bench.submit(tiles.job, again.job, EndFrame(1))
            with trio.fail_after(20):
                await bench.painter.wait_idle()
        assert sorted(tiles.drawn) == sorted(again.drawn) == [(0, 3), (3, 6), (6, 8)]
        assert bench.painter.decoded()[BitmapCodec.REMOTEFX].bitmaps == 2

    async def test_one_above_another_is_drawn_after_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        bench = Bench(1024, 1024, workers=2)
        below, above = Tiles(bench.painter, monkeypatch), Tiles(bench.painter, monkeypatch)
        above.go_on.set()
        async with bench.running():
            bench.submit(BeginFrame(1), below.job, above.job, EndFrame(1))
            await below.wait_started(2)
            await trio.testing.wait_all_tasks_blocked()
            assert above.drawn == []
            below.go_on.set()
            with trio.fail_after(20):
                await bench.painter.wait_idle()
        assert len(above.drawn) == 3


class TestPatience:
    async def test_the_beginning_of_a_frame_waits_for_more(self) -> None:
        bench = Bench()
        async with bench.running():
            bench.submit(BeginFrame(1), draw(0, 0x112233))
            await trio.testing.wait_all_tasks_blocked()
            assert bench.painter.statistics().jobs == 0
            bench.submit(EndFrame(1))
            assert bench.shown == [1]

    async def test_but_not_for_ever(self) -> None:
        bench = Bench()
        async with bench.running():
            bench.submit(BeginFrame(1), draw(0, 0x112233))
            with trio.fail_after(20):
                await bench.painter.wait_idle()  # as at the end of a session
            assert bench.painter.statistics().jobs == 2
            assert not bench.screen.is_painted

    async def test_and_not_until_reading_stops(self) -> None:
        bench = Bench(limit=8192)
        async with bench.running():
            bench.submit(BeginFrame(1), *[SetPalette(b"") for _ in range(64)])
            with trio.fail_after(20):
                await bench.painter.wait_room()
            assert bench.painter.statistics().jobs == 65

    async def test_nor_for_a_frame_of_before_a_reactivation(self) -> None:
        bench = Bench()
        bench.submit(BeginFrame(1), draw(0, 0x112233))
        assert bench.painter.statistics().jobs == 0
        bench.submit(ResetCodecs())
        bench.submit(draw(4, 0x445566))
        assert bench.painter.statistics().pending_bytes == 0
        assert bench.screen.pixel(4, 0) == (0x44, 0x55, 0x66)

    async def test_many_may_wait_until_it_is_idle(self) -> None:
        bench = Bench(1024, 1024)
        async with trio.open_nursery() as nursery:
            bench.submit(draw(0, 1, side=1024))
            for _ in range(3):
                nursery.start_soon(bench.painter.wait_idle)
            await trio.testing.wait_all_tasks_blocked()
            with trio.fail_after(20):
                async with bench.running():
                    await bench.painter.wait_idle()
        assert bench.painter.statistics().jobs == 1


class TestStatistics:
    async def test_codecs(self) -> None:
        bench = Bench()
        bench.submit(draw(0, 1), draw(4, 2), SetPalette(b""), EndFrame(1))
        found = bench.painter.decoded()
        assert set(found) == {BitmapCodec.RAW}
        raw = found[BitmapCodec.RAW]
        assert (raw.bitmaps, raw.tiles, raw.bytes) == (2, 2, 128)
        assert raw.seconds >= 0
        bench.submit(draw(0, 1))
        assert raw.bitmaps == 2  # what was given is a copy


class TestBounds:
    async def test_reading_stops_while_too_much_waits(self, autojump_clock: trio.testing.MockClock) -> None:
        bench = Bench(1024, 1024, limit=MIB)
        await bench.painter.wait_room()
        bench.submit(draw(0, 1, side=1024))
        with trio.move_on_after(1) as scope:
            await bench.painter.wait_room()
        assert scope.cancelled_caught
        found = bench.painter.statistics()
        assert (found.reading_stopped, found.limit) == (1, MIB)
        assert found.peak_pending_bytes >= 4 * MIB

    async def test_it_goes_on_when_there_is_room(self) -> None:
        bench = Bench(1024, 1024, limit=MIB)
        bench.submit(draw(0, 1, side=1024))
        async with bench.running():
            with trio.fail_after(20):
                await bench.painter.wait_room()
        assert bench.painter.statistics().reading_stopped == 1

    async def test_bitmaps_without_data_count_too(self) -> None:
        bench = Bench(1024, 1024, limit=MIB)
        empty = draw_bitmap(Rect(0, 0, 0, 0), 0, 0, 32, Compression.PLANAR, b"").bitmaps
        bench.painter.submit(DrawBitmaps(empty * 10_000, Compression.PLANAR, 32))
        assert bench.painter.statistics().pending_bytes >= 10_000 * 64

    async def test_a_slice_is_bounded_whatever_seemed_fast(self, monkeypatch: pytest.MonkeyPatch) -> None:
        bench = Bench(1024, 1024)
        taken: list[int] = []
        take = bench.painter._take_slice

        def spy() -> tuple[list[PaintJob], list[float]]:
            jobs, seconds = take()
            taken.append(len(jobs))
            return jobs, seconds

        monkeypatch.setattr(bench.painter, "_take_slice", spy)
        unseen = draw_bitmap(Rect(2000, 0, 512, 512), 512, 512, 32, Compression.PLANAR, b"")
        async with bench.running():
            for _ in range(60):
                bench.submit(unseen)
            await bench.painter.wait_idle()
            taken.clear()
            bench.painter._rates._rates[BitmapCodec.RAW] = 1e-10
            bench.painter.submit(BeginFrame(1))
            bench.submit(*[draw(0, 1, side=1024) for _ in range(9)], EndFrame(1))
            with trio.fail_after(20):
                await bench.painter.wait_idle()
        assert BitmapCodec.PLANAR not in bench.painter._rates._rates  # what is not seen says nothing
        assert sum(taken) == 11
        assert max(taken) <= 5

    async def test_jobs_without_data_count_too(self) -> None:
        bench = Bench(1024, 1024, limit=MIB)
        bench.painter.submit(draw(0, 1, side=256))
        before = bench.painter.statistics().pending_bytes
        for number in range(10_000):
            bench.painter.submit(EndFrame(number))
        assert bench.painter.statistics().pending_bytes - before >= 10_000 * 64
