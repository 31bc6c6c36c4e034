from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from tests.graphics.paint_jobs import draw_bitmap
from trio_rdp.codecs import avc_library
from trio_rdp.encoding import INLINE_SECONDS
from trio_rdp.graphics.decoded_image import DecodedImage
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import Compression, PaintJob
from trio_rdp.graphics.pipeline.jobs import (
    BeginPipelineFrame,
    CreateSurface,
    DeleteSurface,
    DrawSurface,
    EndPipelineFrame,
    FillSurface,
    MapSurface,
    PipelineCodec,
)
from trio_rdp.paint_slices import Begun, DecodeStatistics, Rates, paint
from trio_rdp.wire.errors import DecodeError

RED = bytes((0, 0, 255, 0))
BITMAP = draw_bitmap(Rect(0, 0, 64, 64), 64, 64, 32, Compression.RAW, bytes(64 * 64 * 4))


def test_the_time_of_each_job() -> None:
    image, ticks = DecodedImage(64, 64), itertools.count()
    begun = Begun(image, [BITMAP, BITMAP], clock=lambda: float(next(ticks)))
    begun.draw((drawing, 0, 1) for drawing in begun.drawings)
    assert list(begun.seconds.values()) == [2.0, 2.0]  # to begin it, and to draw it


def test_what_is_drawn_outside_of_frames_is_composed() -> None:
    image = DecodedImage(64, 64)
    setup: list[PaintJob] = [CreateSurface(1, 8, 8), MapSurface(1, 4, 4)]
    assert paint(image, setup).composition is None
    begun = paint(image, [FillSurface(1, RED, (Rect(0, 0, 2, 2),))])
    assert begun.composition is not None
    assert begun.composition.damage == [Rect(4, 4, 8, 8)]
    assert begun.all_drawings[-1] is begun.composition
    assert image.pixels[4, 4].tolist() == [0, 0, 255, 255]
    frame: list[PaintJob] = [BeginPipelineFrame(1), FillSurface(1, RED, (Rect(0, 0, 2, 2),)), EndPipelineFrame(1)]
    assert paint(image, frame).composition is None


def test_a_failure_of_the_pipeline_is_its_own() -> None:
    image = DecodedImage(64, 64)
    begun = paint(image, [CreateSurface(1, 8, 8), DeleteSurface(9), DeleteSurface(1), BITMAP, DeleteSurface(8)])
    assert str(begun.failure) == "no surface has the number 9"
    assert len(image.surfaces) == 1  # what came later was not done
    assert begun.drawings[3].damage == [Rect(0, 0, 64, 64)]


def test_so_is_one_of_drawing() -> None:
    image = DecodedImage(64, 64)
    bad = DrawSurface(1, PipelineCodec.PLANAR, Rect(0, 0, 8, 8), b"\xff")
    begun = paint(image, [CreateSurface(1, 8, 8), bad, FillSurface(1, RED, (Rect(0, 0, 8, 8),)), BITMAP])
    assert isinstance(begun.failure, DecodeError)
    assert not image.surfaces.find(1).pixels[..., :3].any()


def test_others_are_raised() -> None:
    bad = draw_bitmap(Rect(0, 0, 4, 4), 4, 4, 32, Compression.PLANAR, b"\xff")
    with pytest.raises(DecodeError):
        paint(DecodedImage(64, 64), [bad])


class TestRates:
    def test_estimates_follow_what_was_measured(self) -> None:
        rates = Rates()
        before = rates.estimate(BITMAP)
        for _ in range(50):
            rates.measure(BITMAP, 1, 1e-6)
        assert rates.overhead(BITMAP) < rates.estimate(BITMAP) < before
        (found,) = rates.decoded().values()
        assert found == DecodeStatistics(50, 50, 50 * 64 * 64 * 4, found.seconds)
        assert found.seconds == pytest.approx(5e-5)

    def test_small_ones_say_nothing(self) -> None:
        rates, job = Rates(), DrawSurface(1, PipelineCodec.PLANAR, Rect(0, 0, 8, 8), b"")
        before = rates.estimate(job)
        rates.measure(job, 1, 1.0)
        assert rates.estimate(job) == before
        rates.measure(replace(job, rect=Rect(0, 0, 640, 80)), 0, 1.0)  # nothing of it was seen
        assert rates.estimate(job) == before

    def test_others_cost_what_python_takes_for_each_part(self) -> None:
        rates = Rates()
        one, many = (FillSurface(1, RED, (Rect(0, 0, 1, 1),) * count) for count in (1, 1001))
        assert rates.estimate(many) - rates.estimate(one) == pytest.approx(1000 * 1e-5)
        rates.measure(many, 0, 1.0)
        assert rates.decoded() == {}
        assert rates.estimate(EndPipelineFrame(1)) == pytest.approx(1e-5)
        assert rates.moving(1_000_000) > 0

    def test_codecs_that_nobody_knows(self) -> None:
        rates, job = Rates(), DrawSurface(1, PipelineCodec(99), Rect(0, 0, 100, 100), b"")
        rates.measure(job, 0, 1.0)
        assert rates.decoded() == {}


def test_what_has_to_be_loaded_takes_longer_than_the_loop_has_time_for(monkeypatch: pytest.MonkeyPatch) -> None:
    film = DrawSurface(1, PipelineCodec.AVC420, Rect(0, 0, 8, 8), bytes(20))
    text = DrawSurface(1, PipelineCodec.CLEARCODEC, Rect(0, 0, 8, 8), bytes(20))
    for is_loaded in (False, True):
        monkeypatch.setattr(avc_library, "is_loaded", lambda found=is_loaded: found)
        assert (Rates().estimate(film) > INLINE_SECONDS) == (not is_loaded)
        assert Rates().estimate(text) < INLINE_SECONDS
