"""What is made of the times and pictures of both ends: latencies, frames a second, how alike two pictures are."""

from __future__ import annotations

import bisect
import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from _graphics_contents import Box
    from numpy.typing import NDArray

__all__ = ["EXACT", "Figures", "Latencies", "latencies", "psnr", "shown"]

EXACT = 99.0
"""What stands for the PSNR of pictures that are the same, in dB."""

Seen = list[tuple[float, int]]
"""When which number came in sight."""


@dataclass(frozen=True)
class Latencies:
    """Seconds from a change until it is in sight: itself, or the picture of a later one that has it too."""

    median: float
    p99: float
    unseen: int
    """Changes that never came in sight."""


@dataclass(frozen=True)
class Figures:
    """What one pair did with one content."""

    seconds: float
    steps: int
    frames: int
    """Different pictures that were seen."""
    latencies: tuple[Latencies, ...]
    """Of each track of the content."""
    bytes_moving: int
    bytes_rest: int
    """What came after the last step."""
    server_cpu: float
    """Seconds, while it moved."""
    client_cpu: float
    psnr_moving: float | None
    psnr_rest: float
    server_growth: int
    """Bytes of memory that the server took beyond what it had at the beginning."""
    server_pause: float | None = None
    """The longest that a loop was held, of ours."""
    client_pause: float | None = None
    codec_seconds: float | None = None


def latencies(times: list[float], seen: Seen, first: int, since: float = 0.0) -> Latencies:
    """Match the steps' times with what was seen; step `index` has the number `first + index`, from 1 on.

    Steps before `since` do not count.
    """
    best: list[tuple[int, float]] = []  # ever larger numbers, and when they came
    for when, number in seen:
        if number > (best[-1][0] if best else first) and number <= first + len(times):
            best.append((number, when))
    numbers = [number for number, _ in best]
    counted = [(first + index, time) for index, time in enumerate(times, 1) if time >= since]
    found = []
    for number, time in counted:
        place = bisect.bisect_left(numbers, number)
        if place < len(best):
            found.append(best[place][1] - time)
    if not found:
        return Latencies(math.inf, math.inf, len(counted))
    found.sort()
    p99 = found[min(math.ceil(0.99 * len(found)), len(found)) - 1]
    return Latencies(statistics.median(found), p99, len(counted) - len(found))


def shown(seen: Seen, first: int, until: float) -> int:
    """How many different pictures behind the first came in sight until then."""
    return len({number for when, number in seen if number > first and when <= until})


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8], box: Box) -> float:
    """Peak signal to noise of a part of two pictures, over red, green and blue, in dB."""
    left, top, width, height = box
    part = np.s_[top : top + height, left : left + width, :3]
    error = np.square(one[part].astype(np.int16) - other[part], dtype=np.int32).mean()
    return EXACT if not error else min(10 * math.log10(255**2 / float(error)), EXACT)
