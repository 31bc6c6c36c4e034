from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial

import pytest
import trio
import trio.testing

from trio_rdp.codecs import avc_library
from trio_rdp.encoding import INLINE_SECONDS, PATIENCE, EncodeScheduler, current_scheduler, load_h264

LONG = 10 * INLINE_SECONDS


class Work:
    """Pieces of work that note their order, and wait for `gate` in their thread."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.gate = threading.Event()
        self.threads: set[int] = set()

    def piece(self, name: str) -> Callable[[], str]:
        def run() -> str:
            assert self.gate.wait(10)
            self.threads.add(threading.get_ident())
            self.done.append(name)
            return name

        return run


async def test_short_work_is_done_on_the_loop() -> None:
    scheduler = EncodeScheduler(1)
    with trio.testing.assert_checkpoints():
        assert await scheduler.run(threading.get_ident, INLINE_SECONDS) == threading.get_ident()
    assert (scheduler.statistics().inline, scheduler.statistics().threaded) == (1, 0)


async def test_long_work_is_done_in_a_thread() -> None:
    scheduler = EncodeScheduler(1)
    assert await scheduler.run(threading.get_ident, LONG) != threading.get_ident()
    assert (scheduler.statistics().inline, scheduler.statistics().threaded) == (0, 1)


async def test_small_pieces_go_first() -> None:
    scheduler, work = EncodeScheduler(1), Work()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(scheduler.run, work.piece("running"), LONG)
        await trio.testing.wait_all_tasks_blocked()
        for name, seconds in (("video", 9.0), ("window", 5.0), ("caret", 1.0), ("word", 2.0)):
            nursery.start_soon(scheduler.run, work.piece(name), seconds)
            await trio.testing.wait_all_tasks_blocked()
        assert scheduler.statistics().waiting == 4
        work.gate.set()
    assert work.done == ["running", "caret", "word", "window", "video"]
    assert (scheduler.statistics().waiting, scheduler.statistics().peak_waiting) == (0, 4)


async def test_a_caret_goes_before_eight_videos_that_share_a_worker(mock_clock: trio.testing.MockClock) -> None:
    scheduler, done = EncodeScheduler(1), list[str]()
    piece, whole, pieces = 0.002, 0.025, 12

    def run(name: str, seconds: float) -> None:
        trio.from_thread.run_sync(mock_clock.jump, seconds)
        done.append(name)

    async def play(name: str) -> None:
        for _ in range(pieces):
            await scheduler.run(partial(run, name, piece), piece, whole)

    async with trio.open_nursery() as nursery:
        for number in range(8):
            nursery.start_soon(play, f"video {number}")
        while len(done) < 40:
            await trio.lowlevel.checkpoint()
        # Each of those that wait was there before the caret, and longer than a piece takes.
        before = len(done)
        await scheduler.run(partial(run, "caret", piece / 2), piece / 2)
    # One may have run when it came, and one may have been given its turn.
    assert done.index("caret") - before <= 2
    # The videos go on in turns: none is more than a piece ahead of another.
    videos = [name for name in done if name != "caret"]
    assert len(videos) == 8 * pieces
    for turn in range(pieces):
        assert len(set(videos[8 * turn : 8 * turn + 8])) == 8


async def test_less_work_goes_before_eight_displays_of_a_piece_each(mock_clock: trio.testing.MockClock) -> None:
    scheduler, done = EncodeScheduler(1), list[str]()
    piece = 0.002

    def run(name: str, seconds: float) -> None:
        trio.from_thread.run_sync(mock_clock.jump, seconds)
        done.append(name)

    async def play(name: str) -> None:
        for _ in range(12):
            await scheduler.run(partial(run, name, piece), piece)

    async def paint(name: str) -> None:
        await scheduler.run(partial(run, name, piece), piece, 0.05)

    async with trio.open_nursery() as nursery:
        for number in range(8):
            nursery.start_soon(play, f"window {number}")
        while len(done) < 16:
            await trio.lowlevel.checkpoint()
        nursery.start_soon(paint, "photograph")
        # The oldest of those that wait has waited for seven others, and the photograph is for all of them to pass ...
        before = len(done)
        await scheduler.run(partial(run, "caret", piece / 4), piece / 4)
    assert done.index("caret") - before <= 2
    # ... but for a tenth of a second.
    assert 16 + 30 < done.index("photograph") < 16 + 60


async def test_patience_has_an_end(mock_clock: trio.testing.MockClock) -> None:
    scheduler, work = EncodeScheduler(1), Work()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(scheduler.run, work.piece("running"), LONG)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(scheduler.run, work.piece("video"), LONG, 60.0)
        await trio.testing.wait_all_tasks_blocked()
        for name in ("first caret", "second caret"):
            nursery.start_soon(scheduler.run, work.piece(name), LONG)
            await trio.testing.wait_all_tasks_blocked()
            mock_clock.jump(PATIENCE)
        work.gate.set()
    assert work.done == ["running", "first caret", "video", "second caret"]


async def test_but_nobody_starves(mock_clock: trio.testing.MockClock) -> None:
    scheduler, work = EncodeScheduler(1), Work()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(scheduler.run, work.piece("running"), LONG)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(scheduler.run, work.piece("video"), 5.0)
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(10)
        nursery.start_soon(scheduler.run, work.piece("caret"), 1.0)
        await trio.testing.wait_all_tasks_blocked()
        work.gate.set()
    assert work.done == ["running", "video", "caret"]


async def test_equal_pieces_go_in_their_order(mock_clock: trio.testing.MockClock) -> None:
    scheduler, work = EncodeScheduler(1), Work()
    async with trio.open_nursery() as nursery:
        for name in "abcdef":
            nursery.start_soon(scheduler.run, work.piece(name), 1.0)
            await trio.testing.wait_all_tasks_blocked()
        work.gate.set()
    assert work.done == list("abcdef")


def test_there_is_a_worker_for_each_processor() -> None:
    assert EncodeScheduler(3).workers == 3
    assert EncodeScheduler().workers == os.cpu_count()


async def test_as_many_at_once_as_there_are_workers() -> None:
    scheduler, work = EncodeScheduler(3), Work()
    async with trio.open_nursery() as nursery:
        for name in "abcde":
            nursery.start_soon(scheduler.run, work.piece(name), LONG)
        await trio.testing.wait_all_tasks_blocked()
        assert (scheduler.statistics().threaded, scheduler.statistics().waiting) == (3, 2)
        work.gate.set()
    assert sorted(work.done) == list("abcde")


async def test_a_cancelled_wait_drops_its_work() -> None:
    scheduler, work = EncodeScheduler(1), Work()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(scheduler.run, work.piece("running"), LONG)
        await trio.testing.wait_all_tasks_blocked()
        with trio.move_on_after(0):
            await scheduler.run(work.piece("dropped"), LONG)
        assert scheduler.statistics().waiting == 0
        nursery.start_soon(scheduler.run, work.piece("next"), LONG)
        work.gate.set()
    assert work.done == ["running", "next"]


async def test_a_turn_that_comes_with_the_cancellation_is_passed_on() -> None:
    scheduler, work = EncodeScheduler(1), Work()
    scopes = [trio.CancelScope() for _ in range(3)]

    async def cancellable(number: int) -> None:
        with scopes[number]:
            await scheduler.run(work.piece(str(number)), LONG * (number + 1))

    async def end_and_cancel() -> None:
        # Both orders of "the turn comes" and "it is cancelled", before the tasks run again.
        scheduler._end_turn()
        scopes[0].cancel()
        scopes[1].cancel()
        await trio.lowlevel.checkpoint()

    await scheduler._take_turn(LONG)
    async with trio.open_nursery() as nursery:
        for number in range(3):
            nursery.start_soon(cancellable, number)
            await trio.testing.wait_all_tasks_blocked()
        work.gate.set()
        await end_and_cancel()
    assert work.done[-1:] == ["2"]
    assert scheduler._busy == 0
    assert await scheduler.run(work.piece("still works"), LONG) == "still works"


async def test_a_turn_given_to_who_is_cancelled_already_is_passed_on() -> None:
    scheduler = EncodeScheduler(1)
    scope = trio.CancelScope()

    async def waits() -> None:
        with scope:
            await scheduler.run(lambda: pytest.fail("was cancelled"), LONG)

    await scheduler._take_turn(LONG)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(waits)
        await trio.testing.wait_all_tasks_blocked()
        scope.cancel()
        scheduler._end_turn()
    assert scheduler._busy == 0
    assert await scheduler.run(lambda: 1, LONG) == 1


async def test_errors_come_out_and_the_turn_goes_on() -> None:
    scheduler = EncodeScheduler(1)
    for seconds in (0.0, LONG):
        with pytest.raises(ZeroDivisionError):
            await scheduler.run(lambda: 1 // 0, seconds)
    assert await scheduler.run(lambda: 1, LONG) == 1


async def test_work_that_runs_is_waited_for() -> None:
    scheduler, work = EncodeScheduler(1), Work()
    async with trio.open_nursery() as nursery:

        async def run() -> None:
            with trio.CancelScope() as scope:
                nursery.start_soon(cancel_later, scope)
                await scheduler.run(work.piece("whole"), LONG)

        async def cancel_later(scope: trio.CancelScope) -> None:
            await trio.testing.wait_all_tasks_blocked()
            scope.cancel()
            await trio.testing.wait_all_tasks_blocked()
            assert work.done == []
            work.gate.set()

        nursery.start_soon(run)
    assert work.done == ["whole"]


async def test_a_program_has_one_scheduler() -> None:
    assert current_scheduler() is current_scheduler()


def test_each_program_has_its_own() -> None:
    async def get() -> EncodeScheduler:
        await trio.lowlevel.checkpoint()
        return current_scheduler()

    assert trio.run(get) is not trio.run(get)


async def test_users_are_counted_while_they_use_it() -> None:
    scheduler = EncodeScheduler(2)
    assert scheduler.users == 0
    with scheduler.using(), scheduler.using():
        assert scheduler.users == 2
    with pytest.raises(ValueError, match="oops"), scheduler.using():
        raise ValueError("oops")
    assert scheduler.users == 0


class TestLoadingH264:
    async def test_it_is_done_in_a_thread_and_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        threads: list[int] = []
        monkeypatch.setattr(avc_library, "is_available", lambda: True)
        monkeypatch.setattr(avc_library, "is_loaded", lambda: bool(threads))
        monkeypatch.setattr(avc_library, "import_av", lambda: threads.append(threading.get_ident()))
        await load_h264()
        await load_h264()
        assert len(threads) == 1
        assert threads != [threading.get_ident()]

    async def test_where_it_is_missing_nothing_is_tried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tried: list[bool] = []
        monkeypatch.setattr(avc_library, "is_available", lambda: False)
        monkeypatch.setattr(avc_library, "is_loaded", lambda: False)
        monkeypatch.setattr(avc_library, "import_av", lambda: tried.append(True))
        await load_h264()
        assert not tried

    @pytest.mark.parametrize("error", [ImportError("libavcodec.so.62: no such file"), ValueError("dtype size changed")])
    async def test_what_is_broken_is_left_to_the_first_picture(
        self, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        def broken() -> None:
            raise error

        monkeypatch.setattr(avc_library, "is_available", lambda: True)
        monkeypatch.setattr(avc_library, "is_loaded", lambda: False)
        monkeypatch.setattr(avc_library, "import_av", broken)
        await load_h264()
