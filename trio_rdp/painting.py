"""`Painter`: runs a session's paint jobs in their order, on a private picture, and shows finished frames on the screen.

Small work is done on the loop; more goes to worker threads through the process's scheduler, in slices, so that many
sessions share the processor.  Delta codecs cannot skip, so nothing is dropped but what was for a desktop of before a
resize.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import trio

from trio_rdp.codecs.kernels import form_of
from trio_rdp.codecs.kernels import planar as planar_kernel
from trio_rdp.encoding import INLINE_SECONDS, EncodeScheduler
from trio_rdp.graphics.decoded_image import DecodedImage
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import BeginFrame, DrawBitmap, DrawSurfaceBits, EndFrame, PaintJob, SetPalette
from trio_rdp.graphics.region import Region
from trio_rdp.screen import Screen

__all__ = ["Painter", "PainterStatistics"]

_SLICE_SECONDS = 0.002
_COMPILED_RATE = 4e-9  # seconds a pixel, before anything was measured
_PLAIN_RATE = 2e-7
_SMOOTHING = 0.2
_JOB_SIZE = 256  # bytes of a job beside its data; a palette has a few more


@dataclass(frozen=True, slots=True)
class PainterStatistics:
    """What was painted, and what waits: jobs, and their bytes now, at most, and at the bound."""

    jobs: int
    pending_bytes: int
    peak_pending_bytes: int
    limit: int
    reading_stopped: int


def _size(job: PaintJob) -> int:
    # A marker costs memory too: a server could send millions while one picture is painted.
    return _JOB_SIZE + (len(job.data) if isinstance(job, DrawBitmap | DrawSurfaceBits) else 0)


def _apply(image: DecodedImage, jobs: list[PaintJob]) -> list[Rect]:
    damage: list[Rect] = []
    for job in jobs:
        damage += image.apply(job)
    return damage


class Painter:
    """The picture behind one screen; `shown` is called with the id of each frame that is on the screen."""

    def __init__(self, screen: Screen, scheduler: EncodeScheduler, limit: int, shown: Callable[[int], None]) -> None:
        self._screen = screen
        self._scheduler = scheduler
        self._limit = limit
        self._shown = shown
        self._image = DecodedImage(screen.width, screen.height)
        self._jobs: deque[PaintJob] = deque()
        self._damage = Region()
        self._in_frame = False
        self._busy = False
        self._work = trio.Event()
        self._room = trio.Event()
        self._rate = _PLAIN_RATE if form_of(planar_kernel) == "plain" else _COMPILED_RATE
        self._palette: SetPalette | None = None
        self._done = 0
        self._pending = 0
        self._peak = 0
        self._stopped = 0

    def submit(self, job: PaintJob) -> None:
        """Queue a job; `flush` starts the work."""
        self._jobs.append(job)
        self._pending += _size(job)
        if self._pending > self._peak:
            self._peak = self._pending

    def flush(self) -> None:
        """Paint what is queued: now if it is little, else in the task that runs `run`.

        Raises `DecodeError` for jobs that cannot be painted.
        """
        if not self._jobs or self._busy:
            return
        if self._seconds(self._jobs) > INLINE_SECONDS:
            self._work.set()
            return
        while self._jobs:
            jobs = self._take_slice()
            self._finish(jobs, _apply(self._image, jobs))

    async def wait_idle(self) -> None:
        """Wait until everything that was submitted is painted."""
        while self._pending:
            self._room = trio.Event()
            await self._room.wait()

    async def wait_room(self) -> None:
        """Wait while more than the limit waits to be painted: this is where reading stops."""
        if self._pending > self._limit:
            self._stopped += 1
            while self._pending > self._limit:
                self._room = trio.Event()
                await self._room.wait()

    def resize(self, width: int, height: int) -> None:
        """Go on with a black picture of another size; what was queued for the old one is dropped."""
        self._jobs.clear()
        self._pending = 0
        self._room.set()
        self._in_frame = False
        self._damage.clear()
        # A new picture, not a resized one: a thread may be painting on the old one at this moment.
        self._image = DecodedImage(width, height)
        if self._palette is not None:
            self._image.apply(self._palette)
        self._screen.resize(width, height)

    async def run(self) -> None:
        """Paint what is too much for the loop; runs until cancelled, and raises `DecodeError` for a bad job."""
        while True:
            await self._work.wait()
            self._work = trio.Event()
            while self._jobs:
                jobs, image = self._take_slice(), self._image
                self._busy = True
                try:
                    await self._paint(image, jobs)
                finally:
                    self._busy = False

    async def _paint(self, image: DecodedImage, jobs: list[PaintJob]) -> None:
        started = trio.current_time()
        damage = await self._scheduler.run(partial(_apply, image, jobs), self._seconds(jobs))
        cost = sum(job.cost for job in jobs)
        if cost:
            # A thread that had to wait for its turn looks slow; what is smoothed is good enough to cut slices by.
            measured = (trio.current_time() - started) / cost
            self._rate += _SMOOTHING * (min(measured, 10 * self._rate) - self._rate)
        if image is self._image:
            self._finish(jobs, damage)

    def _seconds(self, jobs: deque[PaintJob] | list[PaintJob]) -> float:
        return sum(job.cost for job in jobs) * self._rate

    def _take_slice(self) -> list[PaintJob]:
        """Jobs for about 2 ms, up to the end of a frame."""
        jobs: list[PaintJob] = []
        budget = _SLICE_SECONDS / self._rate
        while self._jobs and budget > 0:
            job = self._jobs.popleft()
            jobs.append(job)
            budget -= job.cost
            if isinstance(job, EndFrame):
                break
        return jobs

    def _finish(self, jobs: list[PaintJob], damage: list[Rect]) -> None:
        """Count painted jobs, and show the frame if it is whole."""
        self._done += len(jobs)
        self._pending -= sum(map(_size, jobs))
        self._room.set()
        for rect in damage:
            self._damage.add(rect)
        for job in jobs:
            if isinstance(job, BeginFrame):
                self._in_frame = True
            elif isinstance(job, EndFrame):
                self._in_frame = False
            elif isinstance(job, SetPalette):
                self._palette = job
        if not self._in_frame and self._damage:
            self._screen.show(self._image.pixels, self._damage.take())
        for job in jobs:
            if isinstance(job, EndFrame):
                self._shown(job.frame_id)

    @property
    def image(self) -> DecodedImage:
        """The private picture (its palette is what pointers of 8 bits per pixel mean)."""
        return self._image

    def statistics(self) -> PainterStatistics:
        """What was painted, and what waits."""
        return PainterStatistics(self._done, self._pending, self._peak, self._limit, self._stopped)
