"""A set of pixels as few rectangles: what was damaged since somebody last looked.

It is kept in the canonical form of all window systems: horizontal bands from top to bottom, in each of them spans from
left to right that do not touch, and no two touching bands with the same spans.
"""

from __future__ import annotations

from trio_rdp.graphics.geometry import Rect

__all__ = ["MAX_RECTANGLES", "Region"]

MAX_RECTANGLES = 32
"""How many rectangles a region has before it becomes their bounding box (X servers do the same with their damage)."""

_Spans = tuple[tuple[int, int], ...]
_Band = tuple[int, int, _Spans]


def _merge(spans: _Spans, left: int, right: int) -> _Spans:
    """Add one span to a row of them; those that it overlaps or touches become one with it."""
    before, behind = [], []
    for span in spans:
        if span[1] < left:
            before.append(span)
        elif span[0] > right:
            behind.append(span)
        else:
            left, right = min(left, span[0]), max(right, span[1])
    return (*before, (left, right), *behind)


def _append(bands: list[_Band], top: int, bottom: int, spans: _Spans) -> None:
    """Put one band under the others, or make the last one higher."""
    if top >= bottom or not spans:
        return
    if bands and bands[-1][1] == top and bands[-1][2] == spans:
        bands[-1] = (bands[-1][0], bottom, spans)
    else:
        bands.append((top, bottom, spans))


class Region:
    """A union of rectangles, of at most `limit` of them: one more, and it is their bounding box."""

    __slots__ = ("_bands", "_limit")

    def __init__(self, *, limit: int = MAX_RECTANGLES) -> None:
        self._bands: list[_Band] = []
        self._limit = limit

    def __bool__(self) -> bool:
        return bool(self._bands)

    def __len__(self) -> int:
        return sum(len(spans) for _, _, spans in self._bands)

    @property
    def rects(self) -> list[Rect]:
        """The rectangles, from top to bottom and left to right; no two of them overlap."""
        return [Rect(x0, top, x1 - x0, bottom - top) for top, bottom, spans in self._bands for x0, x1 in spans]

    @property
    def extents(self) -> Rect:
        """The bounding box; an empty rectangle of an empty region."""
        if not self._bands:
            return Rect(0, 0, 0, 0)
        return Rect.from_edges(
            min(spans[0][0] for _, _, spans in self._bands),
            self._bands[0][0],
            max(spans[-1][1] for _, _, spans in self._bands),
            self._bands[-1][1],
        )

    @property
    def area(self) -> int:
        """How many pixels it has."""
        return sum((bottom - top) * (x1 - x0) for top, bottom, spans in self._bands for x0, x1 in spans)

    def add(self, rect: Rect) -> None:
        """Add the pixels of `rect`; of an empty one, nothing."""
        left, top, right, bottom = rect.left, rect.top, rect.left + rect.width, rect.top + rect.height
        if left >= right or top >= bottom:
            return
        # Bands that do not even touch `rect` stay as they are; nearly always those are nearly all.
        bands, first = self._bands, 0
        while first < len(bands) and bands[first][1] < top:
            first += 1
        last = first
        while last < len(bands) and bands[last][0] <= bottom:
            last += 1
        added: list[_Band] = []
        y = top
        for upper, lower, spans in bands[first:last]:
            # INVARIANT: what `rect` has above row `y` is in `added` already.
            if y < upper:
                _append(added, y, min(upper, bottom), ((left, right),))
                y = min(upper, bottom)
            _append(added, upper, min(lower, top), spans)
            if max(upper, top) < min(lower, bottom):
                y = min(lower, bottom)
                _append(added, max(upper, top), y, _merge(spans, left, right))
            _append(added, max(upper, bottom), lower, spans)
        _append(added, y, bottom, ((left, right),))
        bands[first:last] = added
        if len(self) > self._limit:
            box = self.extents
            self._bands = [(box.top, box.bottom, ((box.left, box.right),))]

    def intersect(self, rect: Rect) -> None:
        """Keep only the pixels that are in `rect`."""
        bands: list[_Band] = []
        for top, bottom, spans in self._bands:
            cut = [(max(x0, rect.left), min(x1, rect.right)) for x0, x1 in spans]
            _append(
                bands, max(top, rect.top), min(bottom, rect.bottom), tuple(span for span in cut if span[0] < span[1])
            )
        self._bands = bands

    def clear(self) -> None:
        """Forget everything."""
        self._bands = []

    def take(self) -> list[Rect]:
        """Give the rectangles and forget them."""
        rects, self._bands = self.rects, []
        return rects
