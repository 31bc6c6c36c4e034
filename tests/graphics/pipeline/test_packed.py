"""What is made of many at once is what is made of each."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.packed import (
    Packed,
    PackedEdges,
    PackedPoints,
    PackedRects,
    area_of,
    places_of,
    seen_of,
)

u16 = st.integers(0, 0xFFFF) | st.integers(0, 40)
i16 = st.integers(-0x8000, 0x7FFF) | st.integers(-40, 40)
edges = st.lists(st.tuples(u16, u16, u16, u16), max_size=12)
points = st.lists(st.tuples(i16, i16), max_size=12)
bounds = st.builds(Rect, st.just(0), st.just(0), st.integers(1, 50), st.integers(1, 50))


def packed_edges(values: Sequence[tuple[int, int, int, int]]) -> bytes:
    return b"".join(PackedEdges.item.pack(*value) for value in values)


def packed_points(values: Sequence[tuple[int, int]]) -> bytes:
    return b"".join(PackedPoints.item.pack(*value) for value in values)


@given(edges, bounds)
def test_rectangles(values: list[tuple[int, int, int, int]], area: Rect) -> None:
    data = packed_edges(values)
    rects = tuple(Rect.from_edges(*value) for value in values)
    assert PackedEdges(data) == values
    assert PackedRects(data) == rects == tuple(PackedRects(data))
    assert area_of(PackedRects(data)) == area_of(rects) == sum(rect.area for rect in rects)
    assert seen_of(PackedRects(data), area) == seen_of(rects, area)


@given(points, st.integers(0, 60), st.integers(0, 60), bounds)
def test_points(values: list[tuple[int, int]], width: int, height: int, area: Rect) -> None:
    packed = PackedPoints(packed_points(values))
    assert packed == values
    places = places_of(packed, width, height, area)
    assert places == places_of(values, width, height, area)
    for left, top, right, bottom, x, y in places:
        assert 0 <= left < right <= area.width
        assert 0 <= top < bottom <= area.height
        assert (left - x, top - y) in values


def test_they_are_sequences_like_others() -> None:
    values = [(1, -2), (3, 4), (5, 6)]
    packed = PackedPoints(packed_points(values))
    assert (packed[0], packed[-1], packed[1:]) == ((1, -2), (5, 6), ((3, 4), (5, 6)))
    with pytest.raises(IndexError):
        packed[3]
    assert (5, 6) in packed
    assert hash(packed) == hash(tuple(values))
    assert packed == PackedPoints(packed.data)
    assert packed != PackedPoints(packed.data[4:])
    assert packed != values[:2]
    assert packed != 3
    assert repr(packed) == "<PackedPoints of 3>"
    assert isinstance(packed, Packed)
