"""What goes first, and what comes in a frame of its own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.jobs import (
    CopySurface,
    CreateSurface,
    DrawSurface,
    FillSurface,
    PipelineCodec,
    PipelineJob,
)
from trio_rdp.graphics.pipeline.portions import apart, portion
from trio_rdp.graphics.region import Region

WHOLE = Rect(0, 0, 64, 64)
CHARACTER = DrawSurface(1, PipelineCodec.CLEARCODEC, Rect(0, 0, 8, 16), bytes(50))
FILM = DrawSurface(256, PipelineCodec.AVC420, WHOLE, bytes(9_000))
SHOWN = CopySurface(256, 1, WHOLE, ((100, 100),))


def test_the_small_ones_go_first() -> None:
    caret, picture = Rect(5, 5, 2, 16), Rect(0, 64, 1000, 800)
    taken, left = portion([picture, caret], 100_000)
    assert taken == [caret, Rect(0, 64, 1000, 64)]
    assert left == [Rect(0, 128, 1000, 736)]


def test_there_is_always_something() -> None:
    assert portion([Rect(0, 0, 2000, 500)], 0) == ([Rect(0, 0, 2000, 64)], [Rect(0, 64, 2000, 436)])
    assert portion([Rect(0, 0, 2000, 5)], 0) == ([Rect(0, 0, 2000, 5)], [])


_RECTS = st.builds(Rect, st.integers(0, 500), st.integers(0, 500), st.integers(1, 500), st.integers(1, 500))


@given(st.lists(_RECTS, min_size=1, max_size=8), st.integers(0, 500_000))
def test_nothing_is_lost(rects: list[Rect], room: int) -> None:
    taken, left = portion(rects, room)
    assert taken
    before, after = Region(), Region()
    for rect in rects:
        before.add(rect)
    for rect in taken + left:
        after.add(rect)
    assert before.area == after.area
    assert sum(rect.area for rect in taken + left) == sum(rect.area for rect in rects)


def test_a_character_does_not_wait_for_a_film() -> None:
    jobs: list[PipelineJob] = [CHARACTER, FILM, SHOWN]
    assert apart(jobs, 2_000) == [[CHARACTER], [FILM, SHOWN]]
    assert apart(jobs, 10_000) == [jobs]
    moved = CopySurface(1, 1, WHOLE, ((0, 64),))
    assert len(apart([moved, FILM, SHOWN], 0)) == 2
    assert len(apart([FillSurface(1, bytes(4), (WHOLE,)), FILM, SHOWN], 0)) == 2


def test_nothing_comes_alone() -> None:
    film: list[PipelineJob] = [CreateSurface(256, 64, 64), FILM, SHOWN]
    texts: list[PipelineJob] = [CHARACTER, SHOWN]
    for jobs in (film, film[1:], texts, film[:0]):
        assert apart(jobs, 0) == [jobs]
