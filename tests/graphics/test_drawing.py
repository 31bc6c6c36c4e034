from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.codecs.view import Place, View
from trio_rdp.graphics.drawing import Bitmaps, Drawing, Step, cells, few, layers, shares
from trio_rdp.graphics.geometry import Rect


def test_nothing_is_left_of_most_jobs() -> None:
    drawing = Drawing([Rect(0, 0, 1, 1)])
    assert drawing.ranges(4) == []
    assert drawing.finish() == [Rect(0, 0, 1, 1)]


class TestBitmaps:
    @staticmethod
    def bitmaps(*places: Place) -> tuple[Bitmaps, list[tuple[bytes, Place]]]:
        """Bitmaps that are numbered, and what of them is drawn."""
        drawn: list[tuple[bytes, Place]] = []

        def decode(bitmaps: Sequence[bytes], at: Sequence[Place], view: View) -> None:
            drawn.extend(zip(bitmaps, at, strict=True))

        return Bitmaps(decode, [bytes([number]) for number in range(len(places))], list(places)), drawn

    def test_any_part_is_drawn_at_its_place(self) -> None:
        places = [(x, 0, 64, 64, 64, 64) for x in range(0, 640, 64)]
        bitmaps, drawn = self.bitmaps(*places)
        assert bitmaps.places == set(range(10))
        assert bitmaps.ranges(4) == [(0, 2), (2, 5), (5, 7), (7, 10)]
        assert len(bitmaps.ranges(100)) == 10
        view = View.whole(bytes(16), 2, 2)
        for first, last in reversed(bitmaps.ranges(4)):
            bitmaps.draw(view, first, last)
        assert sorted(drawn) == [(bytes([number]), place) for number, place in enumerate(places)]
        drawn.clear()
        bitmaps.draw(view)
        assert [data[0] for data, _ in drawn] == list(range(10))

    def test_those_that_may_overlap_are_not_divided(self) -> None:
        bitmaps, _ = self.bitmaps((0, 0, 60, 60, 60, 60), (63, 63, 2, 2, 2, 2))
        assert bitmaps.places == {0, 1, 1 << 16, 1 << 16 | 1}
        assert bitmaps.ranges(2) == [(0, 2)]

    def test_those_that_are_not_seen_are_left_out(self) -> None:
        bitmaps, drawn = self.bitmaps((0, 0, 8, 8, 8, 8), (900, 0, 0, 8, 8, 8), (8, 0, 8, 8, 8, 8))
        bitmaps.draw(View.whole(bytes(16), 2, 2))
        assert [data for data, _ in drawn] == [b"\0", b"\2"]
        assert bitmaps.tile_count == 2
        assert bitmaps.damage == [Rect(0, 0, 16, 8)]

    def test_none(self) -> None:
        bitmaps, drawn = self.bitmaps()
        assert (bitmaps.damage, bitmaps.places, bitmaps.ranges(2)) == ([], set(), [(0, 0)])
        bitmaps.draw(View.whole(bytes(16), 2, 2))
        assert drawn == []

    def test_damage_is_joined_along_rows(self) -> None:
        row = [(x, 64, 64, 32, 64, 32) for x in range(0, 256, 64)]
        bitmaps, _ = self.bitmaps(*row, (256, 64, 64, 31, 64, 64), (0, 0, 5, 5, 8, 8))
        assert bitmaps.damage == [Rect(0, 64, 256, 32), Rect(256, 64, 64, 31), Rect(0, 0, 5, 5)]

    def test_much_damage_is_one_rectangle(self) -> None:
        rects = [Rect(x, 2, 2, 2) for x in range(0, 120, 3)]
        assert few(rects) == [Rect(0, 2, 119, 2)]
        assert few(rects[:32]) == rects[:32]


class Places:
    """A picture with tiles at some places, which may be divided or not."""

    def __init__(self, *places: int, is_divisible: bool = True) -> None:
        self.places: set[int] = set(places)
        self.tile_count = len(self.places)
        self.is_divisible = is_divisible

    def draw(self, view: View, first: int = 0, last: int | None = None) -> None:
        raise AssertionError("nothing is drawn here")

    def ranges(self, count: int) -> list[tuple[int, int]]:
        count = min(count, len(self.places))
        edges = [len(self.places) * number // count for number in range(count + 1)]
        return list(itertools.pairwise(edges)) if self.is_divisible else [(0, len(self.places))]


def drawing(*places: int, origin: tuple[int, int] = (0, 0), is_divisible: bool = True) -> Drawing:
    view = View.whole(bytes(16), 2, 2)._replace(x=origin[0], y=origin[1])
    return Drawing([], Places(*places, is_divisible=is_divisible), view)


class TestLayers:
    def test_what_has_no_place_in_common_is_one(self) -> None:
        drawings = [drawing(1, 2), drawing(3), drawing(4, 5)]
        assert layers([drawings[0], Drawing(), *drawings[1:]]) == [drawings]

    def test_what_is_above_something_comes_after_it(self) -> None:
        below, beside, above, more = drawing(1, 2), drawing(3), drawing(4, 2), drawing(1)
        assert layers([below, beside, above, more]) == [[below, beside], [above, more]]

    def test_other_origins_may_overlap(self) -> None:
        first, second = drawing(1), drawing(2, origin=(8, 0))
        assert layers([first, second]) == [[first], [second]]

    def test_nothing(self) -> None:
        assert layers([Drawing()]) == []


class TestSteps:
    def test_they_follow_each_other_and_nothing_is_beside_them(self) -> None:
        one, other = Drawing([], Step(lambda: None)), Drawing([], Step(lambda: None))
        before, behind = drawing(1), drawing(2)
        assert layers([before, one, other, behind]) == [[before], [one, other], [behind]]
        assert shares([one, other], 4) == [[(one, 0, 1), (other, 0, 1)]]

    def test_each_is_done_once(self) -> None:
        done: list[int] = []
        step = Drawing([Rect(0, 0, 1, 1)], Step(lambda: done.append(1)))
        assert step.ranges(3) == [(0, 1)]
        step.draw(0, 0)
        assert done == []
        assert step.finish() == [Rect(0, 0, 1, 1)]
        assert done == [1]


def test_tiles_of_other_surfaces_lie_upon_nobody() -> None:
    first, second, third = (replace(drawing(1), surface=number) for number in (-1, 1, 1))
    elsewhere = replace(drawing(2, origin=(8, 0)), surface=2)
    assert layers([first, second, elsewhere, third]) == [[first, second, elsewhere], [third]]


def test_cells_that_rectangles_touch() -> None:
    assert cells([Rect(60, 0, 5, 64), Rect(0, 63, 1, 2)]) == [0, 1, 0, 1 << 16]


class TestShares:
    @given(st.lists(st.integers(1, 60), min_size=1, max_size=12), st.integers(1, 8))
    def test_every_tile_is_in_one_of_them(self, sizes: list[int], count: int) -> None:
        layer = [drawing(*range(size)) for size in sizes]
        found = shares(layer, count)
        assert len(found) <= count
        for one in layer:
            ranges = sorted((first, last) for share in found for each, first, last in share if each is one)
            assert [tile for first, last in ranges for tile in range(first, last)] == list(range(one.tiles))

    def test_they_are_about_equal(self) -> None:
        found = shares([drawing(*range(17)) for _ in range(5)], 2)
        sizes = [sum(last - first for _, first, last in share) for share in found]
        assert sum(sizes) == 85
        assert max(sizes) - min(sizes) <= 17

    def test_what_cannot_be_divided_is_not(self) -> None:
        whole = drawing(*range(40), is_divisible=False)
        assert shares([whole], 4) == [[(whole, 0, 40)]]

    def test_far_more_than_there_are_tiles(self) -> None:
        assert len(shares([drawing(1, 2), drawing(3)], 10**12)) == 3
