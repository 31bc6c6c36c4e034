"""Many rectangles or points of one job, kept as they are on the wire, and where they lie on a surface.

A message may have 65,535 of them, from which a session's loop would make objects for a tenth of a second.  So only who
draws them looks at each; whoever else counts them, or adds up what they cover.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias, TypeVar, overload

from trio_rdp.graphics.geometry import Rect

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "MANY",
    "Edges",
    "Packed",
    "PackedEdges",
    "PackedPoints",
    "PackedRects",
    "Place",
    "area_of",
    "places_of",
    "seen_of",
]

MANY: Final = 64
"""So many are worth it; fewer are a tuple."""

_T = TypeVar("_T")

Edges: TypeAlias = tuple[int, int, int, int]
"""Left, top, right and bottom, the latter two exclusive."""

Place: TypeAlias = tuple[int, int, int, int, int, int]
"""Left, top, right and bottom of what is seen of a bitmap, and where in the bitmap that begins: x and y."""


class Packed(Sequence[_T]):
    """A sequence over `data`, bytes of which each item is made when it is looked at; equal to any other of the same."""

    __slots__ = ("data",)

    item: ClassVar[struct.Struct]

    def __init__(self, data: bytes) -> None:
        self.data: bytes = data

    @staticmethod
    def _make(*values: int) -> _T:
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self.data) // self.item.size

    def __iter__(self) -> Iterator[_T]:
        return (self._make(*values) for values in self.item.iter_unpack(self.data))

    @overload
    def __getitem__(self, index: int) -> _T: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[_T]: ...

    def __getitem__(self, index: int | slice) -> _T | Sequence[_T]:
        if isinstance(index, slice):
            return tuple(self)[index]
        return self._make(*self.item.unpack_from(self.data, range(len(self))[index] * self.item.size))

    def __eq__(self, other: object) -> bool:
        if type(other) is type(self):
            return bool(self.data == other.data)
        return len(self) == len(other) and all(map(_same, self, other)) if isinstance(other, Sequence) else False

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)}>"


class PackedPoints(Packed[tuple[int, int]]):
    """Points: x and y, which may be negative."""

    __slots__ = ()
    item: ClassVar[struct.Struct] = struct.Struct("<hh")

    @staticmethod
    def _make(*values: int) -> tuple[int, int]:
        x, y = values
        return x, y


class PackedEdges(Packed[Edges]):
    """Rectangles as they are sent: left, top, right and bottom, the latter two exclusive."""

    __slots__ = ()
    item: ClassVar[struct.Struct] = struct.Struct("<HHHH")

    @staticmethod
    def _make(*values: int) -> Edges:
        left, top, right, bottom = values
        return left, top, right, bottom


class PackedRects(Packed[Rect]):
    """The same as `Rect`s; edges in the wrong order make an empty one."""

    __slots__ = ()
    item: ClassVar[struct.Struct] = PackedEdges.item

    @staticmethod
    def _make(*values: int) -> Rect:
        return Rect.from_edges(*values)


def _same(one: object, other: object) -> bool:
    return one == other


def _array(packed: Packed[_T], kind: str) -> NDArray[np.int64]:
    """The numbers of all items, one row each."""
    import numpy as np

    return np.frombuffer(packed.data, kind).reshape(len(packed), packed.item.size // 2).astype(np.int64)


def area_of(rects: Sequence[Rect]) -> int:
    """How many pixels rectangles have, those that several have as often."""
    if isinstance(rects, PackedRects):
        left, top, right, bottom = _array(rects, "<u2").T
        return int(((right - left).clip(0) * (bottom - top).clip(0)).sum())
    return sum(rect.area for rect in rects)


def seen_of(rects: Sequence[Rect], bounds: Rect) -> list[Edges]:
    """Give the edges of what of rectangles lies in `bounds`, in their order; nothing of those that lie outside."""
    if isinstance(rects, PackedRects):
        import numpy as np

        least, most = (bounds.left, bounds.top), (bounds.right, bounds.bottom)
        edges = np.clip(_array(rects, "<u2"), (*least, *least), (*most, *most))
        return list(zip(*edges[(edges[:, :2] < edges[:, 2:]).all(axis=1)].T.tolist(), strict=True))
    seen = (rect.intersect(bounds) for rect in rects)
    return [(one.left, one.top, one.right, one.bottom) for one in seen if not one.is_empty]


def places_of(points: Sequence[tuple[int, int]], width: int, height: int, bounds: Rect) -> list[Place]:
    """Give what is in `bounds` of a bitmap of `width` x `height` with its top left corner at points, in their order."""
    if isinstance(points, PackedPoints):
        import numpy as np

        corners = _array(points, "<i2")
        first = np.maximum(corners, (bounds.left, bounds.top))
        last = np.minimum(corners + np.array((width, height)), (bounds.right, bounds.bottom))
        rows = np.concatenate((first, last, first - corners), axis=1)
        return list(zip(*rows[(first < last).all(axis=1)].T.tolist(), strict=True))
    places: list[Place] = []
    for x, y in points:
        seen = Rect(x, y, width, height).intersect(bounds)
        if not seen.is_empty:
            places.append((seen.left, seen.top, seen.right, seen.bottom, seen.left - x, seen.top - y))
    return places
