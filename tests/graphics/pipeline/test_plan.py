"""A part encodes itself, and tells how long that took."""

from __future__ import annotations

import itertools

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.graphics.pipeline.jobs import EvictCached, PipelineJob
from trio_rdp.graphics.pipeline.plan import FramePlan, Part


def test_a_part_keeps_what_came_of_it() -> None:
    clock = itertools.count(5.0, 0.25)
    jobs: list[PipelineJob] = [EvictCached(1)]
    part = Part(BitmapCodec.PLANAR, 2, 700, None, lambda: jobs, lambda: next(clock))
    assert part.jobs == []
    part.encode()
    assert part.jobs == jobs
    assert part.seconds == 0.25


def test_a_plan_is_empty_until_something_is_to_be_done() -> None:
    plan = FramePlan()
    assert plan.is_empty
    assert plan.pixels == 0
    plan.parts.append(Part(BitmapCodec.PLANAR, 2, 700, None, list, lambda: 0.0))
    assert not plan.is_empty
    assert plan.pixels == 700
    assert not FramePlan(after=[EvictCached(1)]).is_empty
