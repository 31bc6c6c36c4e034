"""What the encoder gives to the clients of each version, and to those with one decoder: no more than they bear."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.codecs.pictures import text
from tests.graphics.pipeline.encoder_pair import Pair
from tests.graphics.pipeline.model_client import photo
from trio_rdp.codecs import avc
from trio_rdp.codecs.avc_frames import Avc420BitmapStream
from trio_rdp.codecs.avc_units import inspect
from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.codecs.progressive_blocks import Context, ProgressiveBitmapStream, Region
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.encoder import CODECS
from trio_rdp.graphics.pipeline.jobs import (
    CopySurface,
    DeleteContext,
    DeleteSurface,
    DrawCached,
    DrawProgressive,
    DrawSurface,
    EvictCached,
    PipelineCodec,
    PipelineJob,
)
from trio_rdp.graphics.pipeline.plan import FramePlan

WITH_AVC = (*CODECS, BitmapCodec.AVC420, BitmapCodec.AVC444)
THIN = (BitmapCodec.CLEARCODEC, BitmapCodec.PLANAR, BitmapCodec.REMOTEFX, BitmapCodec.RAW)
needs_avc = pytest.mark.skipif(not avc.is_available(), reason="PyAV is not installed")


@needs_avc
def test_version_10_0_knows_the_first_form_of_444_only() -> None:
    pair = Pair(320, 240, codecs=WITH_AVC, takes_avc444v2=False)
    pair.encoder.codec = BitmapCodec.AVC444
    pair.blit(0, 0, photo(320, 240))
    jobs = pair.send()
    assert [job.codec for job in jobs if isinstance(job, DrawSurface)] == [PipelineCodec.AVC444]
    assert pair.quality() > 35


@needs_avc
def test_a_client_with_one_decoder_has_one_video_apart_from_the_desktop() -> None:
    pair = Pair(640, 480, codecs=(*CODECS, BitmapCodec.AVC420), mixes_avc=False, one_decoder=True)
    for number in range(12):
        pair.blit(0, 0, photo(240, 192, number))
        pair.blit(320, 256, photo(240, 192, number + 50))
        jobs = pair.send()
        assert len({job.surface_id for job in jobs if isinstance(job, DrawSurface) and job.surface_id != 1}) <= 1
    assert pair.encoder.statistics.videos == 1
    # One that covers everything is copied too, as such a client draws all of its picture over what is exact.
    for number in range(12):
        pair.blit(0, 0, photo(640, 480, number))
        jobs = pair.send()
    videos = [job for job in jobs if isinstance(job, DrawSurface)]
    assert [(job.codec, job.rect) for job in videos] == [(PipelineCodec.AVC420, Rect(0, 0, 640, 480))]
    assert videos[0].surface_id != 1
    assert isinstance(jobs[-1], CopySurface)
    pair.encoder.codec = BitmapCodec.AVC420
    pair.blit(0, 0, photo(640, 480, 99))
    assert {job.surface_id for job in pair.send() if isinstance(job, DrawSurface)} == {videos[0].surface_id}
    pair.encoder.codec = None
    pair.refine()
    pair.assert_exact()


def test_a_client_with_one_decoder_has_one_transform_and_few_rectangles_in_a_message() -> None:
    pair = Pair(1280, 640, one_decoder=True)
    for percent in (100, 30, 60, 20):
        pair.encoder.percent = percent
        pair.encoder.forget()
        pair.blit(0, 0, photo(1280, 640, percent))
        jobs = [job for job in pair.send() if isinstance(job, DrawProgressive)]
        rects = [Rect(x, y, 40, 14) for x in range(0, 1280, 80) for y in range(0, 640, 64)]
        for rect in rects:
            pair.blit(rect.left, rect.top, photo(40, 14, percent + rect.left)[::-1])
        jobs += [job for job in pair.send(damage=rects) if isinstance(job, DrawProgressive)]
        pair.now += 1.5
        jobs += [
            job
            for job in pair.carry_out(pair.encoder.begin_refinement(pair.buffer.pixels, pair.now, 1 << 16))
            if isinstance(job, DrawProgressive)
        ]
        assert jobs
        for job in jobs:
            blocks = ProgressiveBitmapStream.decode(job.data).progressive_data_blocks
            assert {int(block.flags) for block in blocks if isinstance(block, Context | Region)} == {1}
            assert all(len(block.rects) <= 96 for block in blocks if isinstance(block, Region))
    pair.refine()
    pair.assert_exact()


def test_a_client_with_one_decoder_has_an_empty_cache_after_another_size() -> None:
    pair = Pair(640, 384, one_decoder=True)
    pages = [text(640, 384), text(640, 384)[::-1]]
    for number in range(4):
        pair.blit(0, 0, pages[number % 2])
        pair.send(after=1)
    slots = sorted(pair.client.cache)
    assert slots
    jobs = pair.encoder.resize(640, 384)
    assert [job.slot for job in jobs if isinstance(job, EvictCached)] == slots
    pair.client.apply(jobs)
    pair.encoder.forget()
    pair.blit(0, 0, pages[0])
    pair.buffer.damage.add(pair.buffer.bounds)
    assert not any(isinstance(job, DrawCached) for job in pair.send(after=1))
    pair.assert_exact()


@needs_avc
def test_somebody_elses_video_has_the_only_decoder() -> None:
    pair = Pair(640, 480, codecs=(*CODECS, BitmapCodec.AVC420), one_decoder=True)

    def play(first: int, count: int) -> list[DrawSurface]:
        found = []
        for number in range(first, first + count):
            pair.blit(128, 64, photo(320, 240, number))
            found += [job for job in pair.send() if isinstance(job, DrawSurface)]
        return [job for job in found if job.codec == PipelineCodec.AVC420]

    assert len(play(0, 12)) > 4
    pair.encoder.hold_videos(True)
    assert play(12, 6) == []
    pair.encoder.codec = BitmapCodec.AVC420
    assert play(18, 2) == []
    pair.encoder.codec = None
    pair.encoder.hold_videos(False)
    again = play(20, 12)
    # Nothing refers to what the decoder has seen of the other one.
    assert inspect(Avc420BitmapStream.decode(again[0].data).avc420_encoded_bitstream).key
    pair.refine()
    pair.assert_exact()


@needs_avc
def test_a_video_that_went_on_while_there_was_another_begins_anew() -> None:
    pair = Pair(640, 480, codecs=(*CODECS, BitmapCodec.AVC420), one_decoder=True)
    jobs: list[PipelineJob] = []
    for number in range(13):
        if number == 12:  # nothing was drawn meanwhile
            pair.encoder.hold_videos(True)
            pair.encoder.hold_videos(False)
        pair.blit(128, 64, photo(320, 240, number))
        jobs = pair.send()
    (video,) = (job for job in jobs if isinstance(job, DrawSurface) and job.codec == PipelineCodec.AVC420)
    assert inspect(Avc420BitmapStream.decode(video.data).avc420_encoded_bitstream).key


def film_and_text(pair: Pair) -> FramePlan:
    """Show a film, and give the plan of a picture in which some text has changed, too."""
    pair.blit(0, 0, text(640, 480))
    pair.send()
    for number in range(8):
        pair.blit(128, 64, photo(320, 240, number))
        pair.send()
    pair.blit(128, 64, photo(320, 240, 9))
    pair.blit(0, 400, text(200, 40)[::-1].copy())
    pair.now += 0.04
    plan = pair.encoder.begin(pair.buffer.pixels, pair.buffer.damage.take(), pair.now)
    pair.carry_out(plan)
    return plan


@needs_avc
def test_before_version_10_4_h264_has_frames_of_its_own() -> None:
    pair = Pair(640, 480, codecs=WITH_AVC, mixes_avc=False)
    plan = film_and_text(pair)
    assert len(plan.frames) == 2
    for frame in plan.frames:
        codecs = {job.codec for job in frame if isinstance(job, DrawSurface)}
        assert codecs in ({PipelineCodec.AVC420}, {PipelineCodec.CLEARCODEC})


@needs_avc
def test_h264_in_444_has_frames_of_its_own_in_every_version() -> None:
    pair = Pair(640, 480, codecs=WITH_AVC, quality=Quality.BEST)
    plan = film_and_text(pair)
    assert [_codecs(frame) for frame in plan.frames] == [{PipelineCodec.CLEARCODEC}, {PipelineCodec.AVC444V2}]
    # The picture is copied to the desktop in the frame in which it comes.
    assert isinstance(plan.frames[1][-1], CopySurface)


def _codecs(jobs: Iterable[PipelineJob]) -> set[PipelineCodec]:
    return {job.codec for job in jobs if isinstance(job, DrawSurface)}


def test_a_codec_context_is_deleted_before_its_surface() -> None:
    pair = Pair(320, 240)
    pair.blit(0, 0, text(320, 240))
    pair.send()
    assert not any(isinstance(job, DeleteContext) for job in pair.encoder.resize(400, 300))
    pair = Pair(320, 240)
    pair.blit(0, 0, photo(320, 240))
    (drawn,) = (job for job in pair.send() if isinstance(job, DrawProgressive))
    jobs = pair.encoder.resize(400, 300)
    assert jobs[:2] == [DeleteContext(drawn.surface_id, drawn.context_id), DeleteSurface(drawn.surface_id)]
