"""Each monitor shows its part of the desktop, and nothing else is copied."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graphics.pipeline.model_client import ModelClient, photo
from trio_rdp.codecs import avc, progressive_encoder, rfx
from trio_rdp.codecs.view import View
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.decision import MAIN
from trio_rdp.graphics.pipeline.jobs import (
    CopySurface,
    CreateSurface,
    DeleteSurface,
    DrawCached,
    DrawProgressive,
    DrawSurface,
    EvictCached,
    FillSurface,
    MapSurface,
    MonitorArea,
    PipelineCodec,
    PipelineJob,
    ResetGraphics,
    StoreCached,
)
from trio_rdp.graphics.pipeline.outputs import Outputs

BOUNDS = Rect(0, 0, 600, 500)
LEFT, RIGHT = Rect(0, 100, 300, 400), Rect(300, 0, 300, 500)
TWO = (MonitorArea(Rect(-300, 100, 300, 400)), MonitorArea(Rect(0, 0, 300, 500), is_primary=True))


def copied(*jobs: PipelineJob) -> list[tuple[int, Rect, Sequence[tuple[int, int]]]]:
    found = Outputs(BOUNDS, TWO).copies(jobs)
    for job in found:
        assert isinstance(job, CopySurface)
        assert job.source_id == MAIN
    return [(job.surface_id, job.source, job.points) for job in found if isinstance(job, CopySurface)]


def whole(rect: Rect) -> list[tuple[int, Rect, Sequence[tuple[int, int]]]]:
    """What is copied of a rectangle."""
    return copied(FillSurface(MAIN, b"1234", (rect,)))


def areas(*rects: Rect) -> tuple[MonitorArea, ...]:
    return tuple(MonitorArea(rect) for rect in rects)


def test_one_surface_for_each_monitor() -> None:
    outputs = Outputs(BOUNDS, TWO)
    assert outputs.setup() == [
        CreateSurface(2, 300, 400),
        CreateSurface(3, 300, 500),
        MapSurface(2, 0, 100),
        MapSurface(3, 300, 0),
    ]
    assert outputs.delete() == [DeleteSurface(2), DeleteSurface(3)]


@pytest.mark.parametrize(
    "monitors",
    [
        (),
        areas(BOUNDS),
        areas(BOUNDS, Rect(0, 0, 0, 500)),
        areas(BOUNDS, BOUNDS),
        areas(Rect(0, 0, 301, 500), RIGHT),  # they overlap
        areas(Rect(0, 0, 300, 499), Rect(300, 0, 299, 499)),  # they are not the desktop
    ],
)
def test_the_desktop_itself_is_shown(monitors: tuple[MonitorArea, ...]) -> None:
    outputs = Outputs(BOUNDS, monitors)
    assert outputs.setup() == [MapSurface(MAIN, 0, 0)]
    assert outputs.delete() == outputs.copies([FillSurface(MAIN, b"1234", (BOUNDS,))]) == []


def test_monitors_that_would_take_too_much_memory() -> None:
    large = [Rect(3840 * number, 0, 3840, 2160) for number in range(4)]
    assert len(Outputs(Rect(0, 0, 11520, 2160), areas(*large[:3])).setup()) == 6
    assert len(Outputs(Rect(0, 0, 15360, 2160), areas(*large)).setup()) == 1


def test_as_many_monitors_as_there_may_be() -> None:
    stairs = [Rect(40 * number, 7 * number, 40, 100) for number in range(16)]
    assert len(Outputs(Rect(0, 0, 640, 205), areas(*stairs)).delete()) == 16


def test_what_is_copied() -> None:
    assert whole(Rect(10, 120, 20, 30)) == [(2, Rect(10, 120, 20, 30), ((10, 20),))]
    assert whole(Rect(290, 90, 20, 30)) == [
        (2, Rect(290, 100, 10, 20), ((290, 0),)),
        (3, Rect(300, 90, 10, 30), ((0, 90),)),
    ]
    assert whole(Rect(0, 0, 300, 100)) == []  # where no monitor is
    drawn = DrawSurface(MAIN, PipelineCodec.CLEARCODEC, Rect(310, 5, 6, 7), b"")
    assert copied(drawn) == whole(drawn.rect)
    assert copied(CopySurface(9, MAIN, Rect(1, 2, 30, 40), ((305, 5), (400, 300)))) == [
        (3, Rect(305, 5, 30, 40), ((5, 5),)),
        (3, Rect(400, 300, 30, 40), ((100, 300),)),
    ]
    # All tiles that are kept have this size, but at the edges, where more than they is copied.
    assert copied(DrawCached(7, MAIN, ((320, 64),))) == whole(Rect(320, 64, 64, 64))


def test_what_draws_nothing_on_the_desktop() -> None:
    assert not copied(
        StoreCached(MAIN, 5, 6, BOUNDS),
        EvictCached(6),
        DeleteSurface(MAIN),
        CreateSurface(0x100, 300, 300),
        FillSurface(0x100, b"1234", (BOUNDS,)),
        DrawSurface(0x100, PipelineCodec.AVC420, BOUNDS, b"not looked at"),
        CopySurface(MAIN, 0x100, BOUNDS, ((0, 0),)),
    )


def test_what_messages_of_codecs_draw() -> None:
    picture, rects = photo(600, 500), [(310, 70, 60, 50), (450, 300, 10, 11)]
    expected = copied(FillSurface(MAIN, b"1234", tuple(Rect(*rect) for rect in rects)))
    assert len(expected) == 2
    encoder = progressive_encoder.Encoder(600, 500)
    data = encoder.encode(View.of(picture), rects, quality=progressive_encoder.Quality.LOW, progressive=True)
    assert copied(DrawProgressive(MAIN, 1, data)) == expected
    data = rfx.Encoder(600, 500).encode(View.of(picture), rects)
    assert copied(DrawSurface(MAIN, PipelineCodec.REMOTEFX, BOUNDS, data)) == expected
    upgraded = {rect for _, rect, _ in copied(DrawProgressive(MAIN, 1, encoder.upgrade()))}
    assert all(any(upper.contains(lower) for upper in upgraded) for _, lower, _ in expected)


@pytest.mark.skipif(not avc.is_available(), reason="PyAV is not installed")
@pytest.mark.parametrize("codec", [PipelineCodec.AVC420, PipelineCodec.AVC444, PipelineCodec.AVC444V2])
def test_what_pictures_of_films_draw(codec: PipelineCodec) -> None:
    encoder = avc.Encoder(600, 500, avc.Mode[codec.name])
    for rects in ([(0, 0, 600, 500)], [(310, 70, 370, 120), (450, 300, 460, 310)]):
        data = encoder.encode(View.of(photo(600, 500)), rects)
        expected = copied(FillSurface(MAIN, b"1234", tuple(Rect.from_edges(*rect) for rect in rects)))
        assert copied(DrawSurface(MAIN, codec, BOUNDS, data)) == expected


def test_many_rectangles_become_the_one_around_them() -> None:
    many = tuple(Rect(310 + 4 * (number % 20), 8 * number, 2, 2) for number in range(60))
    found = copied(FillSurface(MAIN, b"1234", many))
    assert len(found) <= 32
    shown = np.zeros((500, 600), np.bool_)
    for _, source, _ in found:
        shown[source.top : source.bottom, source.left : source.right] = True
    assert all(shown[one.top : one.bottom, one.left : one.right].all() for one in many)


@st.composite
def layouts(draw: st.DrawFn) -> list[Rect]:
    """Monitors side by side or one above the other, with gaps and steps, the first one's corner anywhere."""
    monitors, left, top = list[Rect](), draw(st.integers(-900, 0)), draw(st.integers(-900, 0))
    is_row = draw(st.booleans())
    for _ in range(draw(st.integers(1, 5))):
        width, height, step = draw(st.tuples(*[st.integers(1, 60)] * 2, st.integers(0, 20)))
        monitors.append(Rect(left, top + step, width, height) if is_row else Rect(left + step, top, width, height))
        left, top = (left + width + draw(st.integers(0, 1)), top) if is_row else (left, top + height)
    return monitors


@settings(deadline=None)
@given(layouts(), st.lists(st.lists(st.tuples(*[st.integers(0, 150)] * 2, *[st.integers(1, 90)] * 2), max_size=50)))
def test_monitors_always_show_the_desktop(monitors: list[Rect], frames: list[list[tuple[int, int, int, int]]]) -> None:
    left, top = min(one.left for one in monitors), min(one.top for one in monitors)
    width, height = max(one.right for one in monitors) - left, max(one.bottom for one in monitors) - top
    bounds, client = Rect(0, 0, width, height), ModelClient()
    outputs = Outputs(bounds, areas(*monitors))
    client.apply([ResetGraphics(width, height), CreateSurface(MAIN, width, height), *outputs.setup()])
    seen = np.zeros((height, width, 1), np.uint8)
    for one in monitors:
        seen[one.top - top : one.bottom - top, one.left - left : one.right - left] = 1
    for number, frame in enumerate(frames):
        rects = [cut for rect in frame if not (cut := Rect(*rect).intersect(bounds)).is_empty]
        jobs = [FillSurface(MAIN, bytes((number % 256, 7, 8, 0)), (rect,)) for rect in rects]
        copies = outputs.copies(jobs)
        assert len(copies) <= 32 * len(monitors)
        client.apply([*jobs, *copies])
        assert np.array_equal(client.picture, client.surfaces[MAIN][..., :3] * (seen if outputs.delete() else 1))
