"""Matrices of options, and the choice of them that continuous integration has time for."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import pytest

__all__ = ["matrix"]


def matrix(*, where: Callable[[dict[str, Any]], bool] = lambda row: True, **axes: Sequence[Any]) -> list[Any]:
    """Give every combination of the axes' values, as parameters in the order of the axes.

    Rows that meet every pair of values of any two axes once stay plain, so that `-m interop` runs them; the rest are
    marked `interop_full`.  `where` leaves out combinations that make no sense.
    """
    rows = [row for values in itertools.product(*axes.values()) if where(row := dict(zip(axes, values, strict=True)))]
    chosen = _pairwise(rows)
    return [
        pytest.param(
            *row.values(),
            id="-".join(f"{name}={value}" for name, value in row.items()),
            marks=() if index in chosen else pytest.mark.interop_full,
        )
        for index, row in enumerate(rows)
    ]


def _pairwise(rows: list[dict[str, Any]]) -> set[int]:
    """Greedily choose rows until every pair that occurs has occurred."""
    pairs = [set(itertools.combinations(map(repr, row.items()), min(2, len(row)))) for row in rows]
    missing = set().union(*pairs)
    chosen: set[int] = set()
    while missing:
        best = max(range(len(rows)), key=lambda index: (len(pairs[index] & missing), -index))
        chosen.add(best)
        missing -= pairs[best]
    return chosen
