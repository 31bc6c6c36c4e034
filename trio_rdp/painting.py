"""`Painter`: runs a session's paint jobs in their order, on a private picture, and shows finished frames on the screen.

Small work is done on the loop; more goes to worker threads through the process's scheduler, in slices, so that many
sessions share the processor; the tiles of a large picture are drawn in several threads at once.  Delta codecs cannot
skip, so nothing is dropped but what was for a desktop of before a resize.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

import trio

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.codecs.kernels import form_of
from trio_rdp.codecs.kernels import planar as planar_kernel
from trio_rdp.encoding import INLINE_SECONDS, EncodeScheduler
from trio_rdp.graphics.decoded_image import DecodedImage
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import BeginFrame, DrawBitmap, DrawSurfaceBits, EndFrame, PaintJob, SetPalette
from trio_rdp.graphics.region import Region
from trio_rdp.graphics.surface_bits import Drawing
from trio_rdp.screen import Screen
from trio_rdp.wire.errors import DecodeError

__all__ = ["DecodeStatistics", "Painter", "PainterStatistics"]

_SLICE_SECONDS = 0.002
_COMPILED_RATE = 4e-9  # seconds a pixel, before anything was measured
_PLAIN_RATE = 2e-7
_JOB_SECONDS = 5e-6  # of Python around a bitmap, however small
_READING_RATE = 5e-10  # seconds a byte, to find the tiles of a divisible job
_SMOOTHING = 0.2
_WORTH_MEASURING = 1024  # pixels: in smaller bitmaps Python takes the time
_JOB_SIZE = 256  # bytes of a job beside its data; a palette has a few more


@dataclass(slots=True)
class DecodeStatistics:
    """What one codec has decoded: bitmaps, their tiles (a bitmap without tiles is one), bytes, and CPU seconds."""

    bitmaps: int = 0
    tiles: int = 0
    bytes: int = 0
    seconds: float = 0.0


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


@dataclass(frozen=True, slots=True)
class _Painted:
    """What came of jobs: the damage, and of each job the tiles and the CPU seconds that it took."""

    damage: list[Rect]
    measured: list[tuple[int, float]]


def _paint(image: DecodedImage, jobs: list[PaintJob]) -> _Painted:
    painted = _Painted([], [])
    before = time.thread_time()
    for job in jobs:
        drawing = image.start(job)
        painted.damage.extend(drawing.finish())
        now = time.thread_time()
        painted.measured.append((max(drawing.tiles, 1), now - before))
        before = now
    return painted


def _start(image: DecodedImage, job: PaintJob) -> tuple[Drawing, float]:
    before = time.thread_time()
    drawing = image.start(job)
    return drawing, time.thread_time() - before


def _draw(drawing: Drawing, first: int, last: int) -> float:
    before = time.thread_time()
    drawing.draw(first, last)
    return time.thread_time() - before


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
        is_plain = form_of(planar_kernel) == "plain"
        self._first_rate = _PLAIN_RATE if is_plain else _COMPILED_RATE
        self._reading_rate = _READING_RATE * (_PLAIN_RATE / _COMPILED_RATE if is_plain else 1)
        self._rates: dict[BitmapCodec | None, float] = {}
        self._decoded: dict[BitmapCodec, DecodeStatistics] = {}
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
            self._finish(jobs, _paint(self._image, jobs))

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
                    if self._is_divisible(jobs[0]):
                        painted = await self._paint_tiles(image, jobs[0])
                    else:
                        painted = await self._scheduler.run(partial(_paint, image, jobs), self._seconds(jobs))
                finally:
                    self._busy = False
                if image is self._image:
                    self._finish(jobs, painted)

    async def _paint_tiles(self, image: DecodedImage, job: PaintJob) -> _Painted:
        """Paint one job with all the workers there are, in turns of about 2 ms; none is left when this returns."""
        work = partial(_start, image, job)
        drawing, seconds = await self._scheduler.run(work, _size(job) * self._reading_rate)
        workers = self._scheduler.workers
        turns = (int(self._seconds([job]) / (_SLICE_SECONDS * workers)) + 1) * workers  # the same for each
        spent = [seconds]
        failures: list[DecodeError] = []

        async def draw(first: int, last: int) -> None:
            try:
                spent.append(await self._scheduler.run(partial(_draw, drawing, first, last), _SLICE_SECONDS))
            except DecodeError as exc:
                failures.append(exc)

        async with trio.open_nursery() as nursery:
            for first, last in drawing.ranges(turns):
                nursery.start_soon(draw, first, last)
        if failures:
            raise failures[0]
        return _Painted(drawing.damage, [(max(drawing.tiles, 1), sum(spent))])

    def _is_divisible(self, job: PaintJob) -> bool:
        """Whether a job is worth more than one thread."""
        return isinstance(job, DrawSurfaceBits) and job.is_divisible and self._seconds([job]) > INLINE_SECONDS

    def _seconds(self, jobs: Iterable[PaintJob]) -> float:
        return sum(
            _JOB_SECONDS + job.cost * self._rates.get(job.codec, self._first_rate)
            for job in jobs
            if isinstance(job, DrawBitmap | DrawSurfaceBits)
        )

    def _take_slice(self) -> list[PaintJob]:
        """Jobs for about 2 ms, up to the end of a frame; one that is divisible is alone."""
        jobs: list[PaintJob] = []
        budget = _SLICE_SECONDS
        while self._jobs and budget > 0:
            job = self._jobs[0]
            is_divisible = self._is_divisible(job)
            if is_divisible and jobs:
                break
            jobs.append(self._jobs.popleft())
            budget -= self._seconds([job])
            if is_divisible or isinstance(job, EndFrame):
                break
        return jobs

    def _finish(self, jobs: list[PaintJob], painted: _Painted) -> None:
        """Count painted jobs, and show the frame if it is whole."""
        self._done += len(jobs)
        self._pending -= sum(map(_size, jobs))
        self._room.set()
        self._measure(jobs, painted.measured)
        for rect in painted.damage:
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

    def _measure(self, jobs: list[PaintJob], measured: list[tuple[int, float]]) -> None:
        for job, (tiles, seconds) in zip(jobs, measured, strict=True):
            if not isinstance(job, DrawBitmap | DrawSurfaceBits):
                continue
            codec = job.codec
            assert codec is not None  # it was drawn
            found = self._decoded.get(codec)
            if found is None:
                found = self._decoded[codec] = DecodeStatistics()
            found.bitmaps += 1
            found.tiles += tiles
            found.bytes += len(job.data)
            found.seconds += seconds
            if job.cost >= _WORTH_MEASURING:
                rate = self._rates.get(codec, self._first_rate)
                self._rates[codec] = rate + _SMOOTHING * (min(seconds / job.cost, 10 * rate) - rate)

    @property
    def image(self) -> DecodedImage:
        """The private picture (its palette is what pointers of 8 bits per pixel mean)."""
        return self._image

    def statistics(self) -> PainterStatistics:
        """What was painted, and what waits."""
        return PainterStatistics(self._done, self._pending, self._peak, self._limit, self._stopped)

    def decoded(self) -> dict[BitmapCodec, DecodeStatistics]:
        """What was decoded, by the codec."""
        return {codec: replace(found) for codec, found in self._decoded.items()}
