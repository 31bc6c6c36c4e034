"""`Painter`: runs a session's paint jobs in their order, on a private picture, and shows finished frames on the screen.

Small work is done on the loop; more goes to worker threads through the process's scheduler, in slices, so that many
sessions share the processor.  RemoteFX is drawn in several threads at once: each gets its share of all the tiles of a
slice, whatever the number of messages in which they came.  As waking a thread costs as much as a few tiles, a frame
that is coming in is left to wait until there is enough for a slice.  Delta codecs cannot skip, so nothing is dropped
but what was for a desktop of before a resize.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
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
from trio_rdp.graphics.surface_bits import Drawing, Piece, layers, shares
from trio_rdp.screen import Screen
from trio_rdp.wire.errors import DecodeError

__all__ = ["DecodeStatistics", "Painter", "PainterStatistics"]

_SLICE_SECONDS = 0.002
_COMPILED_RATE = 4e-9  # seconds a pixel, before anything was measured
_PLAIN_RATE = 2e-7
_JOB_SECONDS = 5e-6  # of Python around a bitmap, however small
_READING_RATE = 5e-10  # seconds a byte, to find the tiles of a divisible job
_READING_SECONDS = 3e-5  # of Python for each of them
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


def _start(image: DecodedImage, jobs: list[PaintJob]) -> tuple[list[Drawing], float]:
    before = time.thread_time()
    drawings = [image.start(job) for job in jobs]
    return drawings, time.thread_time() - before


def _draw(share: list[Piece]) -> float:
    before = time.thread_time()
    for drawing, first, last in share:
        drawing.draw(first, last)
    return time.thread_time() - before


@dataclass(frozen=True, slots=True)
class _Slice:
    """Jobs to be painted in one go: the seconds that they may take, and whether threads may share their tiles."""

    jobs: list[PaintJob]
    seconds: float
    is_divisible: bool


class Painter:
    """The picture behind one screen; `shown` is called with the id of each frame that is on the screen."""

    def __init__(self, screen: Screen, scheduler: EncodeScheduler, limit: int, shown: Callable[[int], None]) -> None:
        self._screen = screen
        self._scheduler = scheduler
        self._limit = limit
        self._shown = shown
        self._image = DecodedImage(screen.width, screen.height)
        self._jobs: deque[tuple[PaintJob, float]] = deque()  # each with the seconds that it may take
        self._seconds = 0.0  # all of them
        self._is_coming = False  # the rest of a frame
        self._enough = _SLICE_SECONDS * scheduler.workers
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
        seconds = self._estimate(job)
        self._jobs.append((job, seconds))
        self._seconds += seconds
        if isinstance(job, BeginFrame | EndFrame):
            self._is_coming = isinstance(job, BeginFrame)
        self._pending += _size(job)
        if self._pending > self._peak:
            self._peak = self._pending

    def flush(self) -> None:
        """Paint what is queued: now if it is little, else in the task that runs `run`.

        The beginning of a frame may wait for more of it.  Raises `DecodeError` for jobs that cannot be painted.
        """
        if self._busy or not self._is_worthwhile():
            return
        if self._seconds > INLINE_SECONDS:
            self._work.set()
            return
        while self._jobs:
            jobs = self._take_slice().jobs
            self._finish(jobs, _paint(self._image, jobs))

    def _is_worthwhile(self) -> bool:
        """Whether there is something to do that would not better be done together with what comes next."""
        if self._is_coming and self._seconds < self._enough and self._pending <= self._limit // 2:
            return False
        return bool(self._jobs)

    async def wait_idle(self) -> None:
        """Wait until everything that was submitted is painted, be it the beginning of a frame."""
        self._is_coming = False
        self._work.set()
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
        self._seconds = 0.0
        self._is_coming = False
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
            while self._is_worthwhile():
                part, image = self._take_slice(), self._image
                self._busy = True
                try:
                    if part.is_divisible and part.seconds > INLINE_SECONDS:
                        painted = await self._paint_tiles(image, part)
                    else:
                        painted = await self._scheduler.run(partial(_paint, image, part.jobs), part.seconds)
                finally:
                    self._busy = False
                if image is self._image:
                    self._finish(part.jobs, painted)

    async def _paint_tiles(self, image: DecodedImage, part: _Slice) -> _Painted:
        """Paint a slice with all the workers there are, in turns of about 2 ms; none is left when this returns."""
        reading = sum(map(_size, part.jobs)) * self._reading_rate + len(part.jobs) * _READING_SECONDS
        drawings, spent = await self._scheduler.run(partial(_start, image, part.jobs), reading)
        workers = self._scheduler.workers
        turns = (int(part.seconds / (_SLICE_SECONDS * workers)) + 1) * workers  # the same for each
        failures: list[DecodeError] = []

        async def draw(share: list[Piece]) -> None:
            nonlocal spent
            try:
                seconds = await self._scheduler.run(partial(_draw, share), _SLICE_SECONDS)
                spent += seconds
            except DecodeError as exc:
                failures.append(exc)

        for layer in layers(drawings):
            async with trio.open_nursery() as nursery:
                for share in shares(layer, turns):
                    nursery.start_soon(draw, share)
            if failures:
                raise failures[0]
        each = spent / max(sum(drawing.tiles for drawing in drawings), 1)
        return _Painted(
            [rect for drawing in drawings for rect in drawing.damage],
            [(max(drawing.tiles, 1), each * drawing.tiles) for drawing in drawings],
        )

    def _estimate(self, job: PaintJob) -> float:
        """About how many seconds a job takes."""
        if not isinstance(job, DrawBitmap | DrawSurfaceBits):
            return 0.0
        return _JOB_SECONDS + job.cost * self._rates.get(job.codec, self._first_rate)

    def _take_slice(self) -> _Slice:
        """Jobs for about 2 ms of each worker that can take part, up to the end of a frame; of one kind."""
        part: list[PaintJob] = []
        seconds, budget = 0.0, _SLICE_SECONDS
        is_divisible: bool | None = None
        while self._jobs and seconds < budget:
            job, estimate = self._jobs[0]
            if isinstance(job, DrawBitmap | DrawSurfaceBits):
                if is_divisible is None:
                    is_divisible = isinstance(job, DrawSurfaceBits) and job.is_divisible
                    budget *= self._scheduler.workers if is_divisible else 1
                elif is_divisible != (isinstance(job, DrawSurfaceBits) and job.is_divisible):
                    break
            part.append(job)
            seconds += estimate
            self._jobs.popleft()
            if isinstance(job, EndFrame):
                break
        self._seconds = self._seconds - seconds if self._jobs else 0.0
        return _Slice(part, seconds, bool(is_divisible))

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
