from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graphics.pipeline.bitmaps import (
    LOSSLESS,
    LOSSY,
    Picture,
    blocks,
    draw,
    draw_progressive,
    gradient,
    similarity,
)
from tests.graphics.pipeline.surface_model import Model
from trio_rdp.graphics.decoded_image import DecodedImage
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.bitmap_cache import CachedBitmap
from trio_rdp.graphics.pipeline.jobs import (
    BeginPipelineFrame,
    CopySurface,
    CreateSurface,
    DeleteContext,
    DeleteSurface,
    DrawCached,
    DrawProgressive,
    DrawSurface,
    EndPipelineFrame,
    EvictCached,
    FillSurface,
    ImportCached,
    MapSurface,
    MapSurfaceToWindow,
    MonitorArea,
    PipelineCodec,
    PipelineJob,
    ResetGraphics,
    StoreCached,
    UnmapSurface,
)
from trio_rdp.graphics.pipeline.limits import PipelineLimits
from trio_rdp.graphics.pipeline.packed import PackedPoints, PackedRects
from trio_rdp.graphics.pipeline.surface import Surface
from trio_rdp.graphics.pipeline.surfaces import PipelineCounts, Surfaces
from trio_rdp.wire.errors import DecodeError

RED, GREEN = bytes((0, 0, 255, 7)), bytes((0, 255, 0, 9))


def made(*jobs: PipelineJob, limits: PipelineLimits | None = None, has_alpha: bool = False) -> Surfaces:
    """Surfaces of which 1 and 2 have 64 x 48 pixels, after some jobs."""
    surfaces = Surfaces(limits)
    for number in (1, 2):
        surfaces.start(CreateSurface(number, 64, 48, has_alpha)).finish()
    for job in jobs:
        surfaces.start(job).finish()
    return surfaces


def refused(job: PipelineJob, reason: str, surfaces: Surfaces | None = None) -> None:
    with pytest.raises(DecodeError, match=reason):
        (surfaces or made()).start(job).finish()


def pixels(surfaces: Surfaces, number: int) -> Picture:
    return surfaces.find(number).pixels


class TestFills:
    def test_rectangles_are_filled_as_far_as_they_go(self) -> None:
        surfaces = made(FillSurface(1, RED, (Rect(0, 0, 2, 3), Rect(60, 40, 100, 100))))
        found = pixels(surfaces, 1)
        assert found[:3, :2].tolist() == [[[0, 0, 255, 255]] * 2] * 3
        assert (found[40:, 60:, 2] == 255).all()
        assert int(found[..., 2].astype(bool).sum()) == 6 + 32
        assert surfaces.find(1).damage.area == 38
        assert surfaces.counts == PipelineCounts(fills=2)

    def test_opacity_where_there_is_one(self) -> None:
        surfaces = made(FillSurface(1, RED, (Rect(0, 0, 2, 3),)), has_alpha=True)
        assert pixels(surfaces, 1)[0, 0].tolist() == [0, 0, 255, 7]

    def test_overdraw_is_limited(self) -> None:
        whole = Rect(0, 0, 64, 48)
        made(FillSurface(1, RED, (whole,) * 4))
        refused(FillSurface(1, RED, (whole,) * 5), "a surface of 3072 pixels of which 15360 are drawn at once")
        surfaces = made(limits=PipelineLimits(rectangles=3))
        refused(FillSurface(1, RED, (Rect(0, 0, 1, 1),) * 4), "more than 3 rectangles", surfaces)

    def test_no_such_surface(self) -> None:
        refused(FillSurface(9, RED, ()), "no surface has the number 9")


class TestCopies:
    @pytest.mark.parametrize("codec", [*LOSSLESS, *LOSSY])
    def test_they_see_what_every_codec_drew(self, codec: PipelineCodec) -> None:
        picture = gradient(64, 48)
        surfaces = made(draw(codec, picture), CopySurface(1, 2, Rect(8, 8, 40, 30), ((1, 2),)))
        found = pixels(surfaces, 2)[2:32, 1:41]
        assert similarity(found, picture[8:38, 8:48]) > (90 if codec in LOSSLESS else 30)

    @pytest.mark.parametrize("codec", [*LOSSLESS, *LOSSY])
    def test_the_cache_sees_what_every_codec_drew(self, codec: PipelineCodec) -> None:
        picture = gradient(64, 48)
        surfaces = made(draw(codec, picture), StoreCached(1, 5, 1, Rect(8, 8, 40, 30)), DrawCached(1, 2, ((1, 2),)))
        found = pixels(surfaces, 2)[2:32, 1:41]
        assert similarity(found, picture[8:38, 8:48]) > (90 if codec in LOSSLESS else 30)

    def test_they_see_progressive_pictures(self) -> None:
        picture = gradient(64, 48)
        surfaces = made(draw_progressive(picture), CopySurface(1, 2, Rect(0, 0, 64, 48), ((0, 0),)))
        assert similarity(pixels(surfaces, 2), picture) > 30
        assert surfaces.find(2).damage.rects == [Rect(0, 0, 64, 48)]

    @pytest.mark.parametrize("point", [(0, 1), (1, 0), (3, 2), (-3, -2), (5, -7)])
    def test_scrolling_a_surface_in_itself(self, point: tuple[int, int]) -> None:
        picture = blocks(64, 48)
        x, y = point
        source = Rect(10, 10, 40, 30)
        surfaces = made(
            draw(PipelineCodec.UNCOMPRESSED, picture), CopySurface(1, 1, source, ((source.left + x, source.top + y),))
        )
        found = pixels(surfaces, 1)[10 + y : 40 + y, 10 + x : 50 + x]
        assert np.array_equal(found, picture[10:40, 10:50])

    def test_many_points_get_the_same(self) -> None:
        picture = blocks(64, 48)
        surfaces = made(
            draw(PipelineCodec.UNCOMPRESSED, picture), CopySurface(1, 1, Rect(0, 0, 8, 8), ((4, 4), (30, 30), (60, 44)))
        )
        found = pixels(surfaces, 1)
        assert np.array_equal(found[30:38, 30:38], picture[:8, :8])
        assert np.array_equal(found[44:, 60:], picture[:4, :4])
        assert surfaces.counts.copies == 3

    def test_points_may_lie_outside(self) -> None:
        surfaces = made(
            FillSurface(1, RED, (Rect(0, 0, 64, 48),)),
            CopySurface(1, 2, Rect(0, 0, 10, 10), ((-5, -6), (60, 45), (500, 500), (-50, 0))),
        )
        found = pixels(surfaces, 2)[..., 2].astype(bool)
        assert int(found.sum()) == 5 * 4 + 4 * 3
        assert found[:4, :5].all()
        assert found[45:, 60:].all()

    def test_what_is_taken_may_not(self) -> None:
        refused(CopySurface(1, 2, Rect(60, 40, 5, 5), ((0, 0),)), "not in a surface of 64x48 pixels")
        refused(StoreCached(1, 1, 1, Rect(0, 44, 4, 5)), "not in a surface of 64x48 pixels")

    def test_opacity_goes_with_them_where_there_is_one(self) -> None:
        surfaces = Surfaces()
        for job in (
            CreateSurface(1, 8, 8, has_alpha=True),
            CreateSurface(2, 8, 8),
            CreateSurface(3, 8, 8, has_alpha=True),
            FillSurface(1, RED, (Rect(0, 0, 8, 8),)),
            StoreCached(1, 1, 1, Rect(0, 0, 4, 8)),
            CopySurface(1, 2, Rect(0, 0, 4, 8), ((0, 0),)),
            CopySurface(1, 3, Rect(0, 0, 4, 8), ((0, 0),)),
            DrawCached(1, 2, ((4, 0),)),
            DrawCached(1, 3, ((4, 0),)),
        ):
            surfaces.start(job).finish()
        assert pixels(surfaces, 2).tolist() == [[[0, 0, 255, 255]] * 8] * 8
        assert pixels(surfaces, 3).tolist() == [[[0, 0, 255, 7]] * 8] * 8

    def test_overdraw_is_limited(self) -> None:
        whole = Rect(0, 0, 64, 48)
        refused(CopySurface(1, 2, whole, ((0, 0),) * 5), "drawn at once")
        refused(DrawCached(1, 2, ((0, 0),) * 5), "drawn at once", made(StoreCached(1, 1, 1, whole)))

    def test_nothing_is_copied_of_an_empty_rectangle(self) -> None:
        surfaces = made(
            CopySurface(1, 2, Rect(70, 70, 0, 4), ((0, 0),)),
            CopySurface(1, 2, Rect(70, 70, -3, 4), ((0, 0),)),
            StoreCached(1, 1, 1, Rect(5, 5, -3, 4)),
            DrawCached(1, 2, ((0, 0),)),
        )
        assert not surfaces.find(2).damage
        assert surfaces.cache.bytes == 0


class TestCache:
    def test_it_keeps_what_was_there(self) -> None:
        surfaces = made(
            FillSurface(1, RED, (Rect(0, 0, 64, 48),)),
            StoreCached(1, 77, 4096, Rect(0, 0, 8, 8)),
            FillSurface(1, GREEN, (Rect(0, 0, 64, 48),)),
            DrawCached(4096, 1, ((8, 8), (16, 16))),
        )
        assert pixels(surfaces, 1)[8, 8].tolist() == [0, 0, 255, 255]
        assert pixels(surfaces, 1)[0, 0].tolist() == [0, 255, 0, 255]
        assert (surfaces.counts.stored, surfaces.counts.cache_hits) == (1, 2)
        assert [bitmap.key for bitmap in surfaces.cache.bitmaps] == [77]

    def test_it_survives_its_surface(self) -> None:
        surfaces = made(
            FillSurface(1, RED, (Rect(0, 0, 64, 48),)),
            StoreCached(1, 77, 1, Rect(0, 0, 8, 8)),
            DeleteSurface(1),
            DrawCached(1, 2, ((0, 0),)),
        )
        assert pixels(surfaces, 2)[7, 7].tolist() == [0, 0, 255, 255]

    def test_its_limits(self) -> None:
        refused(DrawCached(7, 1, ()), "slot 7 of the bitmap cache is empty")
        refused(StoreCached(1, 1, 0, Rect(0, 0, 1, 1)), "slot 0 of a bitmap cache with 4096")
        refused(StoreCached(1, 1, 4097, Rect(0, 0, 1, 1)), "slot 4097")
        refused(EvictCached(0), "slot 0")
        surfaces = made(StoreCached(1, 1, 1, Rect(0, 0, 64, 48)), limits=PipelineLimits(cache_bytes=64 * 48 * 4))
        refused(StoreCached(1, 1, 2, Rect(0, 0, 1, 1)), "a bitmap cache of 12292 bytes, of at most 12288", surfaces)
        surfaces.start(EvictCached(1)).finish()
        surfaces.start(StoreCached(1, 1, 2, Rect(0, 0, 1, 1))).finish()
        refused(DrawCached(1, 1, ()), "empty", surfaces)

    def test_bitmaps_of_earlier_sessions(self) -> None:
        kept = CachedBitmap(77, 2, 2, pixels=np.full((2, 2, 4), 9, np.uint8), has_alpha=True)
        surfaces = Surfaces(kept={77: kept})
        made = CreateSurface(1, 8, 8), CreateSurface(2, 8, 8, has_alpha=True), ImportCached(((3, 77),))
        for job in (*made, DrawCached(3, 1, ((0, 0),)), DrawCached(3, 2, ((0, 0),))):
            surfaces.start(job).finish()
        assert pixels(surfaces, 1)[1, 1].tolist() == [9, 9, 9, 255]
        assert pixels(surfaces, 2)[1, 1].tolist() == [9, 9, 9, 9]
        refused(ImportCached(((3, 78),)), "no bitmap 0x4e was offered", surfaces)


class TestSurfaces:
    def test_they_are_made_and_deleted(self) -> None:
        surfaces = made()
        assert (len(surfaces), surfaces.bytes) == (2, 2 * 64 * 48 * 4)
        surfaces.start(DeleteSurface(1)).finish()
        assert (len(surfaces), surfaces.bytes) == (1, 64 * 48 * 4)
        refused(FillSurface(1, RED, ()), "no surface has the number 1", surfaces)
        surfaces.start(CreateSurface(1, 4, 4)).finish()
        assert pixels(surfaces, 1).shape == (4, 4, 4)

    def test_a_number_is_given_once(self) -> None:
        refused(CreateSurface(1, 4, 4), "surface 1 exists already")

    @pytest.mark.parametrize("size", [(0, 1), (1, 0), (16385, 1), (1, 16385)])
    def test_sides(self, size: tuple[int, int]) -> None:
        refused(CreateSurface(3, *size), "a surface of")
        made(CreateSurface(3, 16384, 1))

    def test_budgets(self) -> None:
        surfaces = made(CreateSurface(3, 64, 46), limits=PipelineLimits(surface_bytes=3 * 64 * 48 * 4))
        refused(CreateSurface(4, 43, 3), "surfaces of 36868 bytes, of at most 36864", surfaces)
        surfaces.start(DeleteSurface(3)).finish()
        surfaces.start(CreateSurface(4, 43, 3)).finish()
        refused(CreateSurface(3, 1, 1), "more than 2 surfaces", made(limits=PipelineLimits(surfaces=2)))

    def test_so_many_are_shown(self) -> None:
        surfaces = made(MapSurface(1, 0, 0), MapSurface(1, 5, 5), limits=PipelineLimits(shown=1))
        refused(MapSurface(2, 0, 0), "more than 1 surfaces are shown", surfaces)
        refused(MapSurfaceToWindow(2, 7, 4, 4), "more than 1 surfaces are shown", surfaces)
        surfaces.start(UnmapSurface(1)).finish()
        surfaces.start(MapSurfaceToWindow(2, 7, 4, 4)).finish()

    def test_what_does_not_exist(self) -> None:
        for job in (
            DeleteSurface(9),
            MapSurface(9, 0, 0),
            MapSurfaceToWindow(9, 1, 4, 4),
            UnmapSurface(9),
            DrawProgressive(9, 1, b""),
            DrawSurface(9, PipelineCodec.PLANAR, Rect(0, 0, 1, 1), b""),
            CopySurface(9, 1, Rect(0, 0, 1, 1), ()),
            CopySurface(1, 9, Rect(0, 0, 1, 1), ()),
            StoreCached(9, 1, 1, Rect(0, 0, 1, 1)),
        ):
            refused(job, "no surface has the number 9")

    def test_contexts_may_be_deleted_in_use_and_twice(self) -> None:
        surfaces = made(draw_progressive(gradient(64, 48)), DeleteContext(1, 1), DeleteContext(1, 1))
        surfaces.start(draw_progressive(blocks(64, 48))).finish()
        surfaces.start(DeleteContext(9, 1)).finish()

    def test_mappings(self) -> None:
        surfaces = made(MapSurface(1, 3, 4), MapSurfaceToWindow(2, 99, 10, 100))
        assert [surface.surface_id for surface in surfaces.on_desktop] == [1]
        assert [surface.surface_id for surface in surfaces.on_windows] == [2]
        window = surfaces.window(99)
        assert window is not None
        assert window.shape == (48, 10, 4)
        assert surfaces.window(98) is None
        surfaces.start(MapSurface(2, 0, 0)).finish()
        surfaces.start(MapSurface(1, 3, 4)).finish()  # and above the other now
        assert [surface.surface_id for surface in surfaces.on_desktop] == [2, 1]
        surfaces.start(UnmapSurface(2)).finish()
        surfaces.start(DeleteSurface(1)).finish()
        assert not surfaces.on_desktop

    def test_windows_may_be_scaled(self) -> None:
        surfaces = made(MapSurfaceToWindow(2, 99, 10, 100, (128, 96)), FillSurface(2, RED, (Rect(0, 0, 64, 48),)))
        window = surfaces.window(99)
        assert window is not None
        assert window.shape == (96, 128, 4)
        assert window[95, 127].tolist() == [0, 0, 255, 255]
        for target in ((0, 5), (5, 0), (16385, 5), (5, 1 << 31)):
            refused(MapSurfaceToWindow(2, 99, 10, 100, target), "a window scaled to")

    def test_monitors(self) -> None:
        monitors = (MonitorArea(Rect(0, 0, 10, 10), is_primary=True),)
        assert made(ResetGraphics(10, 10, monitors)).monitors == monitors

    def test_frames_are_counted(self) -> None:
        surfaces = made(BeginPipelineFrame(1))
        assert surfaces.in_frame
        surfaces.start(EndPipelineFrame(1)).finish()
        assert not surfaces.in_frame
        assert surfaces.counts.frames == 1


numbers = st.integers(1, 3)
colors = st.binary(min_size=4, max_size=4)
points = st.lists(st.tuples(st.integers(-12, 30), st.integers(-12, 30)), max_size=3).map(tuple)
sides = st.integers(1, 20)
SIZES = {1: (24, 16), 2: (20, 20), 3: (5, 30)}


@st.composite
def rects_in(draw_from: st.DrawFn, number: int) -> Rect:
    width, height = SIZES[number]
    left, top = draw_from(st.integers(0, width)), draw_from(st.integers(0, height))
    return Rect(left, top, draw_from(st.integers(0, width - left)), draw_from(st.integers(0, height - top)))


@st.composite
def jobs_of(draw_from: st.DrawFn) -> PipelineJob:
    number, other, slot = draw_from(numbers), draw_from(numbers), draw_from(st.integers(1, 2))
    rect = draw_from(rects_in(number))
    moved = rect.moved(draw_from(st.integers(0, 9)), draw_from(st.integers(0, 9)))
    match draw_from(st.integers(0, 9)):
        case 0:
            return FillSurface(number, draw_from(colors), (moved,))
        case 1:
            return CopySurface(number, other, rect, draw_from(points))
        case 2:
            return StoreCached(number, 7, slot, rect)
        case 3:
            return DrawCached(slot, number, draw_from(points))
        case 4:
            return EvictCached(slot)
        case 5:
            return MapSurface(number, draw_from(st.integers(0, 30)), draw_from(st.integers(0, 30)))
        case 6:
            return UnmapSurface(number)
        case 7:
            return BeginPipelineFrame(1)
        case 8:
            return EndPipelineFrame(1)
    size = moved.area * 4
    data = draw_from(st.binary(min_size=size, max_size=size)) if size < 200 else bytes(range(256)) * (size // 256 + 1)
    return DrawSurface(number, PipelineCodec.UNCOMPRESSED, moved, data[:size])


@settings(max_examples=60, deadline=None)
@given(st.lists(jobs_of(), max_size=25), st.tuples(st.booleans(), st.booleans(), st.booleans()), st.booleans())
def test_any_jobs_give_what_the_model_shows(jobs: list[PipelineJob], opacity: tuple[bool, ...], is_whole: bool) -> None:
    """`is_whole`: surface 1 is as large as the desktop."""
    size = SIZES[1] if is_whole else (33, 28)
    image, model = DecodedImage(*size), Model(*size)
    start: list[PipelineJob] = [CreateSurface(n, *SIZES[n], has_alpha) for n, has_alpha in enumerate(opacity, 1)]
    start.append(MapSurface(1, 0, 0))
    for job in [*start, *jobs, EndPipelineFrame(2)]:
        if isinstance(job, DrawSurface) and job.rect.is_empty:
            continue
        if is_whole and model.in_frame and isinstance(job, MapSurface | UnmapSurface):
            continue  # where a surface was the picture, what was drawn on it in this frame is seen all the same
        if isinstance(job, DrawCached) and job.slot not in model.cache:
            with pytest.raises(DecodeError):
                image.apply(job)
            continue
        before = image.pixels.copy()
        damage = image.apply(job)
        model.apply(job)
        if not image.surfaces.in_frame:
            for rect in damage:
                before[rect.top : rect.bottom, rect.left : rect.right] = 0
            unseen = image.pixels.copy()
            for rect in damage:
                unseen[rect.top : rect.bottom, rect.left : rect.right] = 0
            if isinstance(job, EndPipelineFrame):
                assert np.array_equal(image.pixels, model.desktop)
            else:
                assert np.array_equal(before, unseen)
    for number, pixels_of in model.surfaces.items():
        assert np.array_equal(image.surfaces.find(number).pixels, pixels_of)
    assert np.array_equal(image.pixels, model.desktop)


_numbers = st.integers(1, 4)
_places = st.integers(0, 90) | st.just(1 << 31)
_steps = st.one_of(
    st.builds(CreateSurface, _numbers, st.integers(1, 80), st.integers(1, 80)),
    st.builds(MapSurface, _numbers, _places, _places),
    st.builds(MapSurface, _numbers, _places, _places, st.tuples(st.integers(0, 120), st.integers(0, 120))),
    st.builds(MapSurfaceToWindow, _numbers, st.integers(1, 3), st.integers(0, 90), st.integers(0, 90)),
    st.builds(UnmapSurface, _numbers),
    st.builds(DeleteSurface, _numbers),
    st.builds(lambda width, height: Rect(0, 0, width, height), st.integers(1, 100), st.integers(1, 100)),
)


@given(st.lists(_steps, max_size=30))
def test_what_surfaces_cover_is_followed_from_job_to_job(steps: list[PipelineJob | Rect]) -> None:
    surfaces, desktop = Surfaces(PipelineLimits(shown=3)), Rect(0, 0, 60, 50)
    for step in steps:
        if isinstance(step, Rect):
            desktop = step
        else:
            with contextlib.suppress(DecodeError):
                surfaces.start(step).finish()
        plain = sum(one.place(one.bounds).intersect(desktop).area for one in surfaces.on_desktop)
        assert surfaces.covered(desktop) == plain


def test_what_surfaces_cover_is_not_counted_anew_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    surfaces, desktop = made(), Rect(0, 0, 64, 48)
    for number in range(3, 400):
        surfaces.start(CreateSurface(number, 2, 2)).finish()
        surfaces.start(MapSurface(number, 0, 0)).finish()
    assert surfaces.covered(desktop) == 397 * 4
    looked: list[Surface] = []
    place = Surface.place

    def noted(surface: Surface, rect: Rect) -> Rect:
        looked.append(surface)
        return place(surface, rect)

    monkeypatch.setattr(Surface, "place", noted)
    surfaces.start(MapSurface(3, 63, 0)).finish()
    assert surfaces.covered(desktop) == 396 * 4 + 2
    assert len(looked) == 2


def test_many_rectangles_and_points_are_drawn_as_few_are() -> None:
    source = np.random.default_rng(4)
    corners = source.integers(-20, 70, (300, 2))
    points = tuple((x, y) for x, y in corners.tolist())
    edges = [(max(x, 0), max(y, 0), max(x + 3, 0), max(y + 2, 0)) for x, y in points]
    packed_points = PackedPoints(b"".join(PackedPoints.item.pack(*point) for point in points))
    packed_rects = PackedRects(b"".join(PackedRects.item.pack(*edge) for edge in edges))
    small, whole = Rect(5, 6, 7, 8), gradient(64, 48)
    for many, few in (
        (CopySurface(1, 1, small, packed_points), CopySurface(1, 1, small, points)),
        (CopySurface(1, 2, small, packed_points), CopySurface(1, 2, small, points)),
        (DrawCached(1, 1, packed_points), DrawCached(1, 1, points)),
        (FillSurface(1, RED, packed_rects), FillSurface(1, RED, tuple(packed_rects))),
    ):
        assert many == few
        pictures = []
        for job in (many, few):
            surfaces = made(draw(PipelineCodec.UNCOMPRESSED, whole), StoreCached(1, 5, 1, small))
            surface = surfaces.find(job.surface_id)
            before = surface.pixels.copy()
            surface.damage.clear()
            surfaces.start(job).finish()
            changed = (surface.pixels != before).any(axis=2)
            for rect in surface.damage.rects:
                changed[rect.top : rect.bottom, rect.left : rect.right] = False
            assert not changed.any()
            pictures.append((surface.pixels, surfaces.counts))
        (one, counted), (other, counted_too) = pictures
        assert np.array_equal(one, other)
        assert counted == counted_too
