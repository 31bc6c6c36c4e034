"""Everything that the encoder gives is carried out by a client; its picture is compared with the one that was drawn."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.codecs.pictures import noise, psnr, text
from tests.graphics.pipeline.encoder_pair import Pair
from tests.graphics.pipeline.model_client import photo
from trio_rdp.codecs import avc
from trio_rdp.codecs.avc_frames import Avc444BitmapStream
from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.codecs.view import View
from trio_rdp.graphics.content import Content
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.encoder import CODECS, PipelineEncoder
from trio_rdp.graphics.pipeline.jobs import (
    CopySurface,
    DrawCached,
    DrawProgressive,
    DrawSurface,
    FillSurface,
    MonitorArea,
    PipelineCodec,
    PipelineJob,
    StoreCached,
)

WITH_AVC = (*CODECS, BitmapCodec.AVC420, BitmapCodec.AVC444)
THIN = (BitmapCodec.CLEARCODEC, BitmapCodec.PLANAR, BitmapCodec.REMOTEFX, BitmapCodec.RAW)
needs_avc = pytest.mark.skipif(not avc.is_available(), reason="PyAV is not installed")


def data_size(jobs: Iterable[PipelineJob]) -> int:
    """About how many bytes jobs have on the wire, before ZGFX."""
    total = 0
    for job in jobs:
        if isinstance(job, DrawSurface):
            total += 25 + len(job.data)
        elif isinstance(job, DrawProgressive):
            total += 21 + len(job.data)
        elif isinstance(job, FillSurface):
            total += 16 + 8 * len(job.rects)
        elif isinstance(job, CopySurface):
            total += 22 + 4 * len(job.points)
        elif isinstance(job, StoreCached):
            total += 28
        elif isinstance(job, DrawCached):
            total += 14 + 4 * len(job.points)
    return total


def test_shows_text_exactly_and_says_nothing_twice() -> None:
    pair = Pair(300, 200)
    pair.blit(0, 0, text(300, 200))
    pair.send()
    pair.assert_exact()
    assert pair.encoder.refinement_due is None
    pair.buffer.damage.add(pair.buffer.bounds)
    plan = pair.encoder.begin(pair.buffer.pixels, pair.buffer.damage.take(), pair.now)
    assert plan.is_empty


def test_fills_what_has_one_colour() -> None:
    pair = Pair(640, 384)
    pair.buffer.fill(pair.buffer.bounds, 0x336699)
    jobs = pair.send()
    assert data_size(jobs) < 100
    assert isinstance(jobs[0], FillSurface)
    pair.assert_exact()
    pair.buffer.fill(Rect(100, 70, 2, 16), 0)
    jobs = pair.send()
    assert [type(job) for job in jobs] == [FillSurface]
    pair.assert_exact()


def test_sends_photographs_with_loss_and_makes_them_exact_later() -> None:
    pair = Pair(320, 256)
    pair.blit(0, 0, photo(320, 256))
    jobs = pair.send()
    assert any(isinstance(job, DrawProgressive) for job in jobs)
    assert pair.quality() > 35
    assert pair.encoder.refinement_due == pair.now + 1.0
    assert pair.refine(64 * 64) > 10
    pair.assert_exact()


def test_photographs_come_in_passes_on_a_slow_line() -> None:
    pair = Pair(320, 256)
    pair.encoder.percent = 20
    pair.blit(0, 0, photo(320, 256))
    pair.send()
    pair.now += 1.0
    jobs = pair.carry_out(pair.encoder.begin_refinement(pair.buffer.pixels, pair.now, 1 << 20))
    assert [type(job) for job in jobs] == [DrawProgressive]
    assert pair.quality() > 35
    # What is drawn over a tile that waits for its next pass stays.
    pair.blit(70, 70, text(30, 30))
    pair.send()
    pair.refine()
    pair.assert_exact()
    assert pair.encoder.statistics.refined_tiles > 20


def test_thin_clients_get_remotefx() -> None:
    pair = Pair(320, 256, codecs=THIN)
    pair.blit(0, 0, photo(320, 256))
    jobs = pair.send()
    assert {job.codec for job in jobs if isinstance(job, DrawSurface)} >= {PipelineCodec.REMOTEFX}
    assert pair.quality() > 35
    pair.refine()
    pair.assert_exact()


def test_a_mixed_picture_gets_each_codec_where_it_belongs() -> None:
    pair = Pair(512, 384)
    pair.blit(0, 0, text(512, 384))
    pair.blit(131, 70, photo(250, 200))
    pair.send()
    assert np.array_equal(pair.client.picture[:64], pair.drawn[:64])
    assert pair.quality() > 35
    assert {BitmapCodec.CLEARCODEC, BitmapCodec.PROGRESSIVE} <= pair.encoder.statistics.codecs.keys()
    pair.refine()
    pair.assert_exact()


def test_scrolled_text_is_copied() -> None:
    pair = Pair(400, 400)
    page = text(400, 600)
    pair.blit(0, 0, page[:400])
    first = data_size(pair.send())
    pair.blit(0, 0, np.ascontiguousarray(page[36:436]))
    jobs = pair.send()
    pair.assert_exact()
    assert any(isinstance(job, CopySurface) for job in jobs)
    assert data_size(jobs) < first / 4
    assert pair.encoder.statistics.copies >= 1


def test_a_dragged_window_is_copied_with_its_errors() -> None:
    pair = Pair(512, 384)
    pair.blit(0, 0, text(512, 384))
    ground = pair.buffer.pixels.copy()
    window = photo(200, 150)
    pair.blit(50, 60, window)
    pair.send()
    for step in range(1, 6):
        pair.blit(0, 0, ground)
        pair.blit(50 + 13 * step, 60 + 7 * step, window)
        pair.send(0.5)
        assert pair.quality() > 30
    pair.refine()
    pair.assert_exact()


def test_what_comes_back_is_drawn_from_the_cache() -> None:
    pair = Pair(512, 384)
    pages = [text(512, 384), text(512, 384)[::-1].copy()]
    sizes = []
    for number in range(4):
        pair.blit(0, 0, pages[number % 2])
        sizes.append(data_size(pair.send(2.0)))
        pair.assert_exact()
    assert sizes[3] < sizes[1] / 5
    statistics = pair.encoder.statistics
    assert statistics.cache_hits > 0
    assert statistics.cached == len(pair.client.cache)


def test_a_tiny_cache_is_never_overrun() -> None:
    pair = Pair(512, 384, cache_bytes=5 * 64 * 64 * 4, cache_slots=4)
    pages = [text(512, 384), text(512, 384)[::-1].copy(), text(512, 384)[:, ::-1].copy()]
    for number in range(7):
        pair.blit(0, 0, pages[number % 3])
        pair.send(2.0)
        pair.assert_exact()
    assert pair.encoder.statistics.cache_evictions > 0


def test_a_typed_letter_costs_some_bytes() -> None:
    pair = Pair(640, 480)
    pair.buffer.fill(pair.buffer.bounds, 0xFFFFFF)
    pair.send()
    glyphs = [text(9, 16), text(10, 16)]
    total = 0
    for number in range(60):
        glyph = glyphs[number % 2]
        pair.blit(10 + 10 * number, 100, glyph)
        total += data_size(pair.send(0.1))
        pair.assert_exact()
    assert total / 60 < 100


@needs_avc
def test_what_changes_like_a_photograph_becomes_a_video() -> None:
    pair = Pair(640, 480, codecs=WITH_AVC)
    pair.blit(0, 0, text(640, 480))
    pair.send()
    jobs: list[PipelineJob] = []
    for number in range(12):
        pair.blit(101, 57, photo(320, 240, number))
        jobs = pair.send()
        assert pair.quality() > 33
    assert [job.codec for job in jobs if isinstance(job, DrawSurface)] == [PipelineCodec.AVC420]
    assert pair.encoder.statistics.videos == 1
    # Around it nothing was touched.
    assert np.array_equal(pair.client.picture[:57], pair.drawn[:57])
    assert np.array_equal(pair.client.picture[57:297, :101], pair.drawn[57:297, :101])
    pair.refine()
    pair.assert_exact()
    assert pair.encoder.statistics.videos == 0
    assert len(pair.client.surfaces) == 1


@needs_avc
@pytest.mark.parametrize(("width", "height"), [(640, 480), (321, 241)], ids=["apart", "everywhere"])
def test_rectangles_of_a_video_have_even_edges(width: int, height: int) -> None:
    pair = Pair(width, height, codecs=WITH_AVC, quality=Quality.HIGH)
    pair.blit(0, 0, text(width, height))
    pair.send()
    for number in range(10):
        pair.blit(1, 1, photo(319, 239, number))
        jobs = pair.send()
    found = 0
    for job in jobs:
        if isinstance(job, DrawSurface) and job.codec == PipelineCodec.AVC444V2:
            for left, top, right, bottom in Avc444BitmapStream.decode(
                job.data
            ).avc420_encoded_bitstream1.avc420_meta_data.region_rects:
                found += 1
                assert left % 2 == top % 2 == 0
                assert right % 2 == 0 or right == job.rect.width
                assert bottom % 2 == 0 or bottom == job.rect.height
    assert found
    # Beside it nothing was touched that is not said to be lossy.
    pair.refine()
    pair.assert_exact()


@needs_avc
def test_a_video_that_covers_everything_is_on_the_desktop_itself() -> None:
    pair = Pair(320, 240, codecs=WITH_AVC, quality=Quality.HIGH)
    for number in range(10):
        pair.blit(0, 0, photo(320, 240, number))
        jobs = pair.send()
    assert [type(job) for job in jobs] == [DrawSurface]
    assert isinstance(jobs[0], DrawSurface)
    assert jobs[0].codec == PipelineCodec.AVC444V2
    assert pair.quality() > 35
    pair.refine()
    pair.assert_exact()


@needs_avc
@pytest.mark.parametrize("codec", [None, BitmapCodec.AVC420, BitmapCodec.AVC444])
def test_a_video_on_several_monitors(codec: BitmapCodec | None) -> None:
    monitors = [Rect(-200, 0, 200, 256), Rect(0, 0, 248, 100), Rect(0, 100, 248, 156)]
    pair = Pair(448, 256, monitors=monitors, codecs=WITH_AVC)
    pair.encoder.codec = codec
    pair.blit(0, 0, text(448, 256))
    pair.send()
    for number in range(10):
        pair.blit(64, 64, photo(256, 128, number))
        pair.send()
    assert pair.encoder.statistics.video_pictures
    assert pair.quality() > 25
    if codec is None:
        pair.refine()
        pair.assert_exact()


@pytest.mark.parametrize("codec", [*WITH_AVC, BitmapCodec.REMOTEFX])
def test_a_forced_codec_is_the_only_one(codec: BitmapCodec) -> None:
    if codec in (BitmapCodec.AVC420, BitmapCodec.AVC444) and not avc.is_available():
        pytest.skip("PyAV is not installed")
    pair = Pair(320, 256, codecs=(*WITH_AVC, BitmapCodec.REMOTEFX))
    pair.encoder.codec = codec
    for number in range(6):
        pair.blit(0, 0, text(320, 256))
        pair.blit(64, 64, photo(128, 128, number))
        pair.send()
    assert pair.encoder.statistics.codecs.keys() == {codec}
    if codec.is_lossless:
        pair.assert_exact()
    else:
        assert pair.quality() > 26
    pair.refine()
    pair.assert_exact()


def test_hints_outweigh_what_is_seen() -> None:
    pair = Pair(256, 128)
    pair.encoder.hints.set(Rect(0, 0, 64, 128), Content.TEXT)
    pair.encoder.hints.set(Rect(64, 0, 64, 128), Content.PHOTO)
    pair.encoder.hints.set(Rect(128, 0, 64, 128), BitmapCodec.PLANAR)
    pair.blit(0, 0, photo(64, 128))
    pair.blit(64, 0, text(64, 128))
    pair.blit(128, 0, photo(64, 128))
    pair.blit(192, 0, text(64, 128))
    pair.send()
    codecs = pair.encoder.statistics.codecs
    assert {codec: codecs[codec].tiles for codec in codecs} == {
        BitmapCodec.CLEARCODEC: 4,
        BitmapCodec.PROGRESSIVE: 2,
        BitmapCodec.PLANAR: 2,
    }
    assert np.array_equal(pair.client.picture[:, :64], pair.drawn[:, :64])


def test_resizing_begins_anew() -> None:
    pair = Pair(320, 256)
    pair.blit(0, 0, text(320, 256))
    pair.send()
    two = [MonitorArea(Rect(0, 0, 200, 100)), MonitorArea(Rect(0, 100, 200, 200))]
    three = [
        MonitorArea(Rect(0, -30, 50, 300)),
        MonitorArea(Rect(50, -30, 150, 30)),
        MonitorArea(Rect(50, 0, 150, 270)),
    ]
    for monitors in ((), two, three, two, ()):
        pair.buffer.resize(200, 300)
        pair.buffer.damage.add(pair.buffer.bounds)
        pair.client.apply(pair.encoder.resize(200, 300, monitors))
        pair.send()
        pair.blit(30, 80, text(90, 80)[:, ::-1].copy())
        pair.send()
        pair.assert_exact()
        assert len(pair.client.surfaces) == len(monitors) + 1


def test_what_is_forgotten_is_sent_again_once_it_is_damage() -> None:
    pair = Pair(256, 256)
    pair.blit(0, 0, text(256, 256))
    pair.send()
    pair.client.surfaces[1][:] = 7
    pair.encoder.forget([Rect(0, 0, 256, 100)])
    pair.encoder.forget()
    pair.buffer.damage.add(pair.buffer.bounds)
    pair.send()
    pair.assert_exact()


def test_what_is_left_for_later_is_not_lost() -> None:
    pair = Pair(256, 256)
    pair.send()
    pair.blit(0, 0, text(256, 256))
    pair.now += 1
    upper, lower = Rect(0, 0, 256, 71), Rect(0, 71, 256, 185)
    pair.carry_out(pair.encoder.begin(pair.buffer.pixels, [upper], pair.now, [lower]))
    assert np.array_equal(pair.client.picture[:71], pair.drawn[:71])
    pair.carry_out(pair.encoder.begin(pair.buffer.pixels, [lower], pair.now))
    pair.assert_exact()


def test_copies_to_what_is_left_for_later_are_not_forgotten() -> None:
    pair = Pair(320, 256, codecs=(BitmapCodec.CLEARCODEC,))
    pair.blit(0, 0, page := text(320, 256))
    pair.send()
    upper, lower = Rect(0, 19, 250, 64), Rect(0, 83, 250, 118)
    for _ in range(40):
        page[19:201, :250] = np.roll(page[19:201, :250], -4, axis=0)
        pair.blit(0, 0, page)
        pair.carry_out(pair.encoder.begin(pair.buffer.pixels, [upper], pair.now, [lower]))
    pair.send()
    pair.assert_exact()


def test_a_picture_of_another_size_is_refused() -> None:
    encoder = PipelineEncoder(64, 64)
    with pytest.raises(ValueError, match="where 64x64"):
        encoder.begin(np.zeros((64, 65, 4), np.uint8), [Rect(0, 0, 1, 1)], 0.0)


@needs_avc
def test_ready_made_pictures_are_drawn_over_as_any_other() -> None:
    pair = Pair(256, 192)
    pair.blit(0, 0, text(256, 192))
    pair.send()
    picture, bounds = photo(256, 192), pair.buffer.bounds
    data = avc.Encoder(256, 192).encode(View.of(picture))
    pair.encoder.drawn_over([bounds])
    pair.client.apply([DrawSurface(pair.encoder.surface_id, PipelineCodec.AVC420, bounds, data)])
    assert psnr(pair.client.picture, picture[..., :3]) > 35
    assert pair.encoder.refinement_due is None
    pair.blit(33, 41, text(50, 20)[::-1].copy())
    pair.send()
    shown = pair.client.picture
    assert np.array_equal(shown[41:61, 33:83], pair.drawn[41:61, 33:83])
    shown[41:61, 33:83] = picture[41:61, 33:83, :3]
    assert psnr(shown, picture[..., :3]) > 35


_DRAWINGS = st.tuples(
    st.sampled_from(["text", "photo", "noise", "fill", "copy", "old"]),
    st.integers(0, 280),
    st.integers(0, 180),
    st.integers(1, 300),
    st.integers(1, 200),
    st.sampled_from([0.01, 0.2, 0.5, 1.5]),
)


LAYOUTS = [
    [],
    [Rect(0, 0, 150, 200), Rect(150, 0, 150, 200)],
    [Rect(0, 0, 131, 120), Rect(131, -80, 169, 200), Rect(0, -80, 131, 80)],
]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(_DRAWINGS, min_size=1, max_size=12),
    st.sampled_from([20, 60, 100]),
    st.sampled_from([CODECS, THIN, WITH_AVC]),
    st.booleans(),
    st.sampled_from(LAYOUTS),
)
def test_whatever_is_drawn_is_exact_in_the_end(
    drawings: list[tuple[str, int, int, int, int, float]],
    percent: int,
    codecs: tuple[BitmapCodec, ...],
    refines_between: bool,
    monitors: list[Rect],
) -> None:
    if BitmapCodec.AVC420 in codecs and not avc.is_available():
        codecs = CODECS
    pair = Pair(300, 200, monitors=monitors, codecs=codecs, cache_bytes=200_000, cache_slots=9)
    pair.encoder.percent = percent
    first = text(300, 200)
    for kind, x, y, width, height, after in drawings:
        if kind == "text":
            pair.blit(x, y, text(width, height))
        elif kind == "photo":
            pair.blit(x, y, photo(width, height))
        elif kind == "noise":
            pair.blit(x, y, noise(width, height))
        elif kind == "fill":
            pair.buffer.fill(Rect(x, y, width, height), x << 16 | y)
        elif kind == "copy":
            pair.buffer.copy(Rect(x // 2, y // 2, width, height), x, y)
        else:
            pair.blit(0, 0, first)
        pair.send(after)
        due = pair.encoder.refinement_due
        if refines_between and due is not None and due <= pair.now:
            pair.carry_out(pair.encoder.begin_refinement(pair.buffer.pixels, pair.now, 20_000))
        # What is taken for exact is exact.
        exact = ~pair.encoder._context.shown.lossy.repeat(16, axis=0).repeat(16, axis=1)[:200, :300]
        assert np.array_equal(pair.client.picture[exact], pair.drawn[exact])
    pair.refine(30_000)
    pair.assert_exact()
