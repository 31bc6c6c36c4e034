"""`Painter`: runs a session's paint jobs in their order, on a private picture, and shows finished frames on the screen.

Small work is done on the loop; more goes to worker threads through the process's scheduler, in slices, so that many
sessions share the processor.  Several threads draw at once: each gets its share of all the tiles of a slice, whatever
the number of messages in which they came.  As waking a thread costs as much as a few tiles, a frame that is coming in
is left to wait until there is enough for a slice.  Delta codecs cannot skip, so nothing is dropped but what was for
a desktop of before a resize.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import trio

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.codecs.kernels import form_of
from trio_rdp.codecs.kernels import planar as planar_kernel
from trio_rdp.encoding import INLINE_SECONDS, EncodeScheduler
from trio_rdp.graphics.costs import count_of, decoded_pixels, memory_of
from trio_rdp.graphics.decoded_image import DecodedImage
from trio_rdp.graphics.drawing import Drawing, Piece, layers, shares
from trio_rdp.graphics.jobs import (
    BeginFrame,
    DrawBitmaps,
    DrawSurfaceBits,
    EndFrame,
    PaintJob,
    ResetCodecs,
    SetPalette,
)
from trio_rdp.graphics.pipeline.jobs import EndPipelineFrame
from trio_rdp.graphics.region import Region
from trio_rdp.screen import Screen
from trio_rdp.wire.errors import DecodeError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["DecodeStatistics", "Painter", "PainterStatistics"]

_SLICE_SECONDS = 0.002
_LONE_SLICE_SECONDS = 0.008
"""Of each worker, while nobody else wants one: every hand-off costs time.  So long has to wait who comes meanwhile."""
_MOST_PIXELS = 1 << 22
"""Of a slice, however fast they are said to be: what was inflated waits in memory until it is drawn."""
_ENOUGH_SECONDS = 0.004  # of each worker, to begin with a frame of which more is to come
_COMPILED_RATE = 4e-9  # seconds a pixel, before anything was measured
_PLAIN_RATE = 2e-7
_JOB_SECONDS = 1e-5  # of Python around a job, and
_BITMAP_SECONDS = 4e-6  # around each of its bitmaps, however small
_LEAST_RATE = 1e-10  # seconds a pixel: nothing is faster than filling
_SMOOTHING = 0.2
_WORTH_MEASURING = 1024  # pixels: in smaller bitmaps Python takes the time


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


def _overhead(job: PaintJob) -> float:
    """About how many seconds of Python there are before a job's tiles can be drawn."""
    count = count_of(job)
    return _JOB_SECONDS + count * _BITMAP_SECONDS if count else 0.0


class _Begun:
    """Jobs that were begun, and the CPU seconds that each has taken."""

    def __init__(self, image: DecodedImage, jobs: list[PaintJob]) -> None:
        self.drawings: list[Drawing] = []
        self.seconds: dict[int, float] = {}  # by the drawing's identity
        _ = image.pixels  # made, and numpy loaded, before the first codec's time is taken
        before = time.thread_time()
        for job in jobs:
            drawing = image.start(job)
            self.drawings.append(drawing)
            now = time.thread_time()
            self.seconds[id(drawing)] = now - before
            before = now

    def draw(self, pieces: Iterable[Piece]) -> None:
        """Draw some of the tiles; threads may draw different ones at the same time."""
        before = time.thread_time()
        for drawing, first, last in pieces:
            drawing.draw(first, last)
            now = time.thread_time()
            self.seconds[id(drawing)] += now - before
            before = now


def _paint(image: DecodedImage, jobs: list[PaintJob]) -> _Begun:
    begun = _Begun(image, jobs)
    begun.draw((drawing, 0, drawing.tiles) for drawing in begun.drawings)
    return begun


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
        self._enough = _ENOUGH_SECONDS * scheduler.workers
        self._damage = Region()
        self._in_frame = False
        self._busy = False
        self._work = trio.Event()
        self._room = trio.Event()
        is_plain = form_of(planar_kernel) == "plain"
        self._first_rate = _PLAIN_RATE if is_plain else _COMPILED_RATE
        self._rates: dict[BitmapCodec | None, float] = {}
        self._decoded: dict[BitmapCodec, DecodeStatistics] = {}
        self._palette: SetPalette | None = None
        self._done = 0
        self.on_pipeline_frame: Callable[[EndPipelineFrame], None] | None = None
        """Called with the end of each frame of the graphics pipeline that is on the screen."""
        self.on_pipeline_error: Callable[[DecodeError], None] | None = None
        """Called with what a job of the graphics pipeline failed of: its channel is to be closed.

        Nothing of the frame is shown, and further jobs of the pipeline are dropped up to a `ResetPipeline`; what else
        there is in the session goes on.
        """
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
        elif isinstance(job, ResetCodecs):
            self._is_coming = False  # the peer has begun anew, and ends no frame of before
        self._pending += memory_of(job)
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
            jobs, _ = self._take_slice()
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
            await self._room.wait()

    async def wait_room(self) -> None:
        """Wait while more than the limit waits to be painted: this is where reading stops."""
        if self._pending > self._limit:
            self._stopped += 1
            while self._pending > self._limit:
                await self._room.wait()

    def resize(self, width: int, height: int) -> None:
        """Go on with a black picture of another size; what was queued for the old one is dropped."""
        self._jobs.clear()
        self._seconds = 0.0
        self._is_coming = False
        self._pending = 0
        self._make_room()
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
                (jobs, seconds), image = self._take_slice(), self._image
                self._busy = True
                try:
                    with self._scheduler.using():
                        begun = await self._paint_slice(image, jobs, seconds)
                finally:
                    self._busy = False
                if image is self._image:
                    self._finish(jobs, begun)

    async def _paint_slice(self, image: DecodedImage, jobs: list[PaintJob], seconds: float) -> _Begun:
        """Paint jobs with all the workers there are, in turns of about 2 ms; none is left when this returns."""
        whole = seconds + self._seconds
        if seconds <= INLINE_SECONDS:
            return await self._scheduler.run(partial(_paint, image, jobs), seconds)
        begun = await self._scheduler.run(partial(_Begun, image, jobs), sum(map(_overhead, jobs)), whole)
        workers = self._scheduler.workers
        turns = max(round(seconds / (self._slice_seconds * workers)), 1) * workers  # the same for each
        each = seconds / max(sum(drawing.tiles for drawing in begun.drawings), 1)
        failures: list[Exception] = []

        async def draw(share: list[Piece]) -> None:
            tiles = sum(last - first for _, first, last in share)
            try:
                await self._scheduler.run(partial(begun.draw, share), tiles * each, whole)
            except Exception as exc:
                failures.append(exc)

        for layer in layers(begun.drawings):
            async with trio.open_nursery() as nursery:
                for share in shares(layer, turns):
                    nursery.start_soon(draw, share)
            if failures:
                raise failures[0]
        return begun

    @property
    def _slice_seconds(self) -> float:
        """For how long each worker may be taken."""
        others = self._scheduler.users - (1 if self._busy else 0)
        return _SLICE_SECONDS if others else _LONE_SLICE_SECONDS

    def _make_room(self) -> None:
        self._room.set()
        self._room = trio.Event()

    def _estimate(self, job: PaintJob) -> float:
        """About how many seconds a job takes."""
        if not isinstance(job, DrawBitmaps | DrawSurfaceBits):
            return 0.0
        return _overhead(job) + job.cost * self._rates.get(job.codec, self._first_rate)

    def _take_slice(self) -> tuple[list[PaintJob], float]:
        """Jobs for some ms of each worker, up to the end of a frame, and the seconds that they may take."""
        jobs: list[PaintJob] = []
        seconds, budget, pixels = 0.0, self._slice_seconds * self._scheduler.workers, 0
        while self._jobs and seconds < budget and pixels < _MOST_PIXELS:
            job, estimate = self._jobs.popleft()
            jobs.append(job)
            seconds += estimate
            pixels += decoded_pixels(job)
            if isinstance(job, EndFrame):
                break
        self._seconds = self._seconds - seconds if self._jobs else 0.0
        return jobs, seconds

    def _finish(self, jobs: list[PaintJob], begun: _Begun) -> None:
        """Count painted jobs, and show the frame if it is whole."""
        self._done += len(jobs)
        self._pending -= sum(map(memory_of, jobs))
        self._make_room()
        for job, drawing in zip(jobs, begun.drawings, strict=True):
            for rect in drawing.damage:
                self._damage.add(rect)
            if isinstance(job, DrawBitmaps | DrawSurfaceBits):
                self._measure(job, drawing.tiles, begun.seconds[id(drawing)])
            elif isinstance(job, SetPalette):
                self._palette = job
            else:
                self._in_frame = isinstance(job, BeginFrame)
        if not self._in_frame and self._damage:
            self._screen.show(self._image.pixels, self._damage.take())
        for job in jobs:
            if isinstance(job, EndFrame):
                self._shown(job.frame_id)

    def _measure(self, job: DrawBitmaps | DrawSurfaceBits, tiles: int, seconds: float) -> None:
        codec = job.codec
        assert codec is not None  # it was drawn
        found = self._decoded.get(codec)
        if found is None:
            found = self._decoded[codec] = DecodeStatistics()
        found.bitmaps += job.count
        found.tiles += max(tiles, job.count)
        found.bytes += job.size
        found.seconds += seconds
        cost = job.cost
        # Bitmaps that are not seen cost nothing, and say nothing of the others.
        if cost >= _WORTH_MEASURING and tiles >= job.count:
            rate = self._rates.get(codec, self._first_rate)
            measured = max(min(seconds / cost, 10 * rate), _LEAST_RATE)
            self._rates[codec] = rate + _SMOOTHING * (measured - rate)

    @property
    def pipeline_pending(self) -> int:
        """Bytes of the graphics pipeline's jobs that wait: what a frame's acknowledgement says of the queue."""
        return 0

    def window(self, window_id: int) -> NDArray[np.uint8] | None:
        """Copy what is shown in a window of a remote program, uint8 (height, width, 4), B G R and opacity.

        None where no surface is mapped to it.
        """
        return None

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
