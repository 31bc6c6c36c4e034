"""The encode scheduler: one per Trio program, it shares the processor among all displays and all screens.

Work comes in pieces of about 2 ms (bands of tiles).  Each piece waits for its turn; the turn goes to whoever has the
earliest virtual deadline: its arrival, and ten times what the whole picture costs that it is a piece of, so that a
caret is not behind eight full-screen videos, and nobody starves.  The cost of the piece alone would not do: all pieces
cost the same, and where eight videos share a processor, those that wait are older than a piece takes.
"""

from __future__ import annotations

import heapq
import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

import trio

from trio_rdp.codecs import avc_library

__all__ = ["INLINE_SECONDS", "PATIENCE", "EncodeScheduler", "EncodeStatistics", "current_scheduler", "load_h264"]

_T = TypeVar("_T")

INLINE_SECONDS = 0.0002
"""Work that takes less is done on the loop: a thread's round trip costs 45 us, and its wake-up waits for the loop."""

PATIENCE = 0.1
"""The longest that a piece gives way to those that come after it, in seconds."""

_WEIGHT = 10
"""How many times its cost a piece gives way: where eight displays share a worker, also those whose whole picture is one
piece have waited for seven others, and what costs less has to be before them all the same."""

_current: trio.lowlevel.RunVar[EncodeScheduler] = trio.lowlevel.RunVar("trio_rdp.encoding")


@dataclass(frozen=True, slots=True)
class EncodeStatistics:
    """How much work was done, inline and in threads, and how many pieces wait now and waited at most."""

    inline: int
    threaded: int
    waiting: int
    peak_waiting: int


class EncodeScheduler:
    """Hands out turns on `workers` threads."""

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or max(1, os.cpu_count() or 1)
        self._limiter = trio.CapacityLimiter(self._workers)
        self._busy = 0
        self._users = 0
        self._waiting: list[tuple[float, int, trio.Event]] = []
        self._order = itertools.count()
        self._inline = 0
        self._threaded = 0
        self._peak_waiting = 0

    @property
    def workers(self) -> int:
        """How many pieces are done at a time."""
        return self._workers

    @property
    def users(self) -> int:
        """How many have a picture in work, in however many pieces."""
        return self._users

    @contextmanager
    def using(self) -> Iterator[None]:
        """Count as one of the `users` meanwhile, by which others see that they share."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1

    async def run(self, work: Callable[[], _T], seconds: float, whole: float = 0.0) -> _T:
        """Do a piece of work that takes about `seconds`: on the loop if it is short, else in a thread at its turn.

        `whole` is what all pieces of its picture take, unless it is the only one.
        Cancelling before the turn drops the work; a piece that runs is waited for, as it owns its buffers.
        """
        if seconds <= INLINE_SECONDS:
            await trio.lowlevel.checkpoint()
            self._inline += 1
            return work()
        await self._take_turn(max(seconds, min(_WEIGHT * max(seconds, whole), PATIENCE)))
        try:
            self._threaded += 1
            return await trio.to_thread.run_sync(work, limiter=self._limiter)
        finally:
            self._end_turn()

    async def _take_turn(self, seconds: float) -> None:
        if self._busy < self._workers:
            self._busy += 1
            return
        turn = trio.Event()
        entry = (trio.current_time() + seconds, next(self._order), turn)
        heapq.heappush(self._waiting, entry)
        self._peak_waiting = max(self._peak_waiting, len(self._waiting))
        try:
            await turn.wait()
        except trio.Cancelled:
            if turn.is_set():
                self._end_turn()  # it was given to us just now
            else:
                self._waiting.remove(entry)
                heapq.heapify(self._waiting)
            raise

    def _end_turn(self) -> None:
        if self._waiting:
            heapq.heappop(self._waiting)[2].set()  # the turn passes on; `_busy` stays
        else:
            self._busy -= 1

    def statistics(self) -> EncodeStatistics:
        """How much was done, and what waits."""
        return EncodeStatistics(self._inline, self._threaded, len(self._waiting), self._peak_waiting)


def current_scheduler() -> EncodeScheduler:
    """The scheduler of the running Trio program, made at first use."""
    try:
        return _current.get()
    except LookupError:
        scheduler = EncodeScheduler()
        _current.set(scheduler)
        return scheduler


async def load_h264() -> None:
    """Load what makes and shows H.264 in a thread, ahead of the first picture, which would wait for it.

    No worker's turn is taken for it.  Where it is missing, or broken, nothing happens: the first picture says so.
    """
    if avc_library.is_available() and not avc_library.is_loaded():
        with suppress(Exception):  # one built for another numpy raises ValueError
            await trio.to_thread.run_sync(avc_library.import_av)
