"""How long a Trio loop was held at the most by one step of a task."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from trio.lowlevel import Task

__all__ = ["Pauses"]


class Pauses(trio.abc.Instrument):
    """Seconds of the longest step since it was made."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._began = 0.0

    def before_task_step(self, task: Task) -> None:
        self._began = time.perf_counter()

    def after_task_step(self, task: Task) -> None:
        # The step in which the instrument was added has no beginning.
        if self._began:
            self.longest = max(self.longest, time.perf_counter() - self._began)
