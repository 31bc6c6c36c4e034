"""Whole updates for the faces of the codecs: the tables that kernels read, and the errors made of what they answer."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import chain

from trio_rdp.codecs.status import check, check_size
from trio_rdp.codecs.view import Place

__all__ = ["check_all", "table"]


def table(rows: Iterable[Iterable[int]]) -> array[int]:
    """Put places, or rectangles, into one array of 32-bit numbers; `ValueError` for one that has no room there."""
    try:
        # Of a list, which tells its length, an array is made in half the time.
        return array("i", list(chain.from_iterable(rows)))
    except OverflowError:
        raise ValueError("a place beyond 32 bits") from None


def check_all(status: int, places: Sequence[Place], pdu: str) -> None:
    """Raise what a negative status stands for, or which bitmap's size is the fault."""
    if status < 0:
        for *_, width, height in places:
            check_size(width, height, pdu)
        check(status, pdu)
