from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.region import MAX_RECTANGLES, Region

SMALL = st.builds(Rect, st.integers(0, 15), st.integers(0, 15), st.integers(0, 9), st.integers(0, 9))


def pixels(rects: list[Rect]) -> set[tuple[int, int]]:
    return {(x, y) for rect in rects for x in range(rect.left, rect.right) for y in range(rect.top, rect.bottom)}


def test_neighbours_become_one() -> None:
    region = Region()
    for tile in Rect(0, 0, 256, 128).split(64, 64):
        region.add(tile)
    assert region.rects == [Rect(0, 0, 256, 128)]


def test_take_empties() -> None:
    region = Region()
    assert not region
    region.add(Rect(1, 2, 3, 4))
    assert region
    assert region.take() == [Rect(1, 2, 3, 4)]
    assert not region
    assert region.take() == []
    assert region.extents.is_empty


def test_empty_rectangles_are_not_damage() -> None:
    region = Region()
    region.add(Rect(5, 5, 0, 9))
    assert not region


def test_clear() -> None:
    region = Region()
    region.add(Rect(1, 2, 3, 4))
    region.clear()
    assert region.area == 0


def test_too_many_become_the_bounding_box() -> None:
    region = Region()
    for i in range(MAX_RECTANGLES):
        region.add(Rect(10 * i, 10 * i, 5, 5))
    assert len(region) == MAX_RECTANGLES
    region.add(Rect(1000, 0, 1, 1))
    assert region.take() == [Rect.from_edges(0, 0, 1001, 10 * MAX_RECTANGLES - 5)]


@given(st.lists(SMALL, max_size=12))
def test_union_has_the_pixels_of_all_and_canonical_form(rects: list[Rect]) -> None:
    region = Region(limit=1000)
    for rect in rects:
        region.add(rect)
    found = region.rects
    assert pixels(found) == pixels(rects)
    assert region.area == sum(rect.area for rect in found) == len(pixels(rects))
    # The same set of pixels has one form, whatever the order was.
    other = Region(limit=1000)
    for rect in reversed(rects):
        other.add(rect)
    assert other.rects == found


@given(st.lists(SMALL, max_size=8), SMALL)
def test_intersect(rects: list[Rect], clip: Rect) -> None:
    region = Region(limit=1000)
    for rect in rects:
        region.add(rect)
    region.intersect(clip)
    assert pixels(region.rects) == pixels(rects) & pixels([clip])


@given(st.lists(SMALL, max_size=60), st.integers(1, 6))
def test_bounded(rects: list[Rect], limit: int) -> None:
    region = Region(limit=limit)
    for rect in rects:
        region.add(rect)
        assert len(region) <= limit
    assert pixels(region.rects) >= pixels(rects)
