"""Plays a content on time onto somebody's picture, and notes when each step was there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import _graphics_marks as marks
from _graphics_contents import Box, Content

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Play", "replay"]


class Play:
    """One run of a content; step `index` of each of its tracks bears the number `first + index`."""

    def __init__(self, content: Content, picture: NDArray[np.uint8], first: int) -> None:
        self._content = content
        self._picture = picture
        self._first = first
        self._due: list[float] = []
        self.times: list[list[float]] = [[] for _ in content.tracks]
        self.drawing = 0.0
        """Processor seconds that the drawing took, which is nobody's to pay for."""
        picture[:] = content.base
        for track in content.tracks:
            marks.draw(picture, track.mark, first)

    def start(self) -> None:
        now = time.monotonic()
        self._due = [now + 1 / track.rate for track in self._content.tracks]

    @property
    def due(self) -> float:
        """When the next step is to be drawn."""
        return min(self._due)

    def step(self) -> list[Box]:
        """Draw that step; gives what it touched."""
        began = time.thread_time()
        number = self._due.index(self.due)
        track = self._content.tracks[number]
        index = len(self.times[number]) + 1
        boxes = track.step(self._picture, index)
        boxes.append(marks.draw(self._picture, track.mark, self._first + index))
        self.drawing += time.thread_time() - began
        now = time.monotonic()
        self.times[number].append(now)
        # Who comes late goes on from there: what was missed is not caught up with.
        self._due[number] = max(self._due[number] + 1 / track.rate, now)
        return boxes


def replay(content: Content, first: int, last: list[int]) -> NDArray[np.uint8]:
    """The picture after so many steps of each track, as `Play` leaves it."""
    picture = content.base.copy()
    for track, count in zip(content.tracks, last, strict=True):
        for index in range(1, count + 1):
            track.step(picture, index)
    for track, count in zip(content.tracks, last, strict=True):
        marks.draw(picture, track.mark, first + count)
    return picture
