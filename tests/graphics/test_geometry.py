from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

import trio_rdp.graphics
from trio_rdp.graphics.geometry import MAX_SIDE, Rect, check_size


def test_edges() -> None:
    rect = Rect(2, 3, 10, 20)
    assert (rect.right, rect.bottom, rect.area) == (12, 23, 200)
    assert Rect.from_edges(2, 3, 12, 23) == rect


@pytest.mark.parametrize("rect", [Rect(0, 0, 0, 5), Rect(0, 0, 5, 0), Rect(3, 3, -1, 4), Rect.from_edges(5, 5, 2, 9)])
def test_a_rectangle_without_pixels_is_empty(rect: Rect) -> None:
    assert rect.is_empty
    assert rect.area == 0


def test_intersect() -> None:
    assert Rect(0, 0, 10, 10).intersect(Rect(5, 6, 10, 10)) == Rect(5, 6, 5, 4)
    assert Rect(0, 0, 10, 10).intersect(Rect(10, 0, 5, 5)).is_empty
    assert Rect(-5, -5, 10, 10).intersect(Rect(0, 0, 3, 100)) == Rect(0, 0, 3, 5)


def test_union() -> None:
    assert Rect(0, 0, 2, 2).union(Rect(5, 6, 1, 1)) == Rect(0, 0, 6, 7)
    assert Rect(0, 0, 0, 0).union(Rect(5, 6, 1, 1)) == Rect(5, 6, 1, 1)
    assert Rect(5, 6, 1, 1).union(Rect(0, 0, 0, 0)) == Rect(5, 6, 1, 1)


def test_contains() -> None:
    assert Rect(0, 0, 4, 4).contains(Rect(1, 1, 3, 3))
    assert not Rect(0, 0, 4, 4).contains(Rect(1, 1, 4, 3))
    assert Rect(0, 0, 4, 4).contains(Rect(100, 100, 0, 0))


def test_moved() -> None:
    assert Rect(1, 2, 3, 4).moved(-1, 5) == Rect(0, 7, 3, 4)


def test_aligned() -> None:
    assert Rect(65, 1, 10, 64).aligned(64) == Rect(64, 0, 64, 128)
    assert Rect(64, 64, 64, 64).aligned(64) == Rect(64, 64, 64, 64)


def test_split() -> None:
    assert list(Rect(10, 0, 5, 3).split(4, 2)) == [
        Rect(10, 0, 4, 2),
        Rect(14, 0, 1, 2),
        Rect(10, 2, 4, 1),
        Rect(14, 2, 1, 1),
    ]
    assert list(Rect(0, 0, 0, 3).split(4, 4)) == []


@pytest.mark.parametrize("size", [(1, 1), (8192, 8192), (MAX_SIDE, 2000)])
def test_sizes_that_exist(size: tuple[int, int]) -> None:
    check_size(*size)


@pytest.mark.parametrize("size", [(0, 1), (1, 0), (-5, 5), (MAX_SIDE + 1, 1), (65535, 65535), (8192, 8193)])
def test_sizes_that_do_not(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="a picture of"):
        check_size(*size)


def test_no_numpy() -> None:
    # 50 ms that a program pays only when it looks at pixels: no module of the folder imports it by being imported.
    names = sorted(module.name for module in pkgutil.iter_modules(trio_rdp.graphics.__path__, "trio_rdp.graphics."))
    code = f"import sys, {', '.join(names)}; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
