"""FILETIMEs, which count 100 ns from 1601, and times in nanoseconds from 1970, as `os.stat` gives them."""

from __future__ import annotations

__all__ = ["filetime_from_ns", "ns_from_filetime"]

_EPOCH = 116_444_736_000_000_000
_LARGEST = (1 << 63) - 1


def filetime_from_ns(ns: int) -> int:
    """The FILETIME of a time; what lies before 1601 or beyond a signed 64-bit number becomes the nearest."""
    return max(0, min(ns // 100 + _EPOCH, _LARGEST))


def ns_from_filetime(filetime: int) -> int:
    """The time of a FILETIME."""
    return (filetime - _EPOCH) * 100
