from __future__ import annotations

import itertools
import threading

import pytest

from trio_rdp.codecs import avc_library
from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.encoding import EncodeScheduler
from trio_rdp.graphics.pipeline.jobs import PipelineJob
from trio_rdp.graphics.pipeline.plan import FramePlan, Part
from trio_rdp.plan_runner import PlanRunner


class Work:
    """Parts that note in which order they were done."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.clock = itertools.count()
        self.threads: set[int] = set()

    def part(self, number: int, pixels: int, order: str | None, codec: BitmapCodec = BitmapCodec.PLANAR) -> Part:
        def work() -> list[PipelineJob]:
            self.done.append(number)
            self.threads.add(threading.get_ident())
            return []

        return Part(codec, 1, pixels, order, work, lambda: next(self.clock) * 1e-3)


@pytest.mark.parametrize("pixels", [1, 1_000_000])
@pytest.mark.parametrize("workers", [1, 3])
async def test_all_is_done_and_what_has_an_order_in_that(pixels: int, workers: int) -> None:
    work = Work()
    orders = [None, "a", "b", None, "a", "a", "b", None, "a"]
    plan = FramePlan(parts=[work.part(number, pixels, order) for number, order in enumerate(orders)])
    scheduler = EncodeScheduler(workers)
    with scheduler.using():
        await PlanRunner(scheduler).encode(plan)
    assert sorted(work.done) == list(range(9))
    for order in "ab":
        wanted = [number for number, one in enumerate(orders) if one == order]
        assert [number for number in work.done if number in wanted] == wanted
    assert (threading.get_ident() in work.threads) == (pixels == 1)


async def test_nothing_to_do() -> None:
    scheduler = EncodeScheduler(1)
    await PlanRunner(scheduler).encode(FramePlan())
    assert scheduler.statistics().inline == scheduler.statistics().threaded == 0


async def test_it_learns_what_a_codec_costs() -> None:
    work, scheduler = Work(), EncodeScheduler(1)
    runner = PlanRunner(scheduler)
    await runner.encode(FramePlan(parts=[work.part(0, 1000, None)]))
    assert scheduler.statistics().inline == 1
    for _ in range(100):  # each seems to take a millisecond
        await runner.encode(FramePlan(parts=[work.part(0, 1000, None)]))
    assert scheduler.statistics().threaded > 90


async def test_a_part_that_fails() -> None:
    def fail() -> list[PipelineJob]:
        raise ZeroDivisionError

    runner, work = PlanRunner(EncodeScheduler(2)), Work()
    bad = Part(BitmapCodec.PLANAR, 1, 10_000_000, None, fail, lambda: 0.0)
    with pytest.raises(ZeroDivisionError):
        await runner.encode(FramePlan(parts=[work.part(0, 10_000_000, "a"), bad]))


async def test_other_work() -> None:
    runner = PlanRunner(EncodeScheduler(1))
    assert await runner.look(lambda: 3, 100) == 3
    assert await runner.run(lambda: 4, 1.0) == 4


async def test_what_has_to_be_loaded_is_not_loaded_on_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    for is_loaded in (False, True):
        monkeypatch.setattr(avc_library, "is_loaded", lambda found=is_loaded: found)
        work = Work()
        await PlanRunner(EncodeScheduler(1)).encode(FramePlan(parts=[work.part(0, 1, None, BitmapCodec.AVC420)]))
        assert (threading.get_ident() in work.threads) == is_loaded
