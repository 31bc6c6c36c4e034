"""`Painter`: runs a session's paint jobs in their order, on a private picture, and shows finished frames on the screen.

Small work is done on the loop; more goes to worker threads through the process's scheduler, in slices, so that many
sessions share the processor.  Several threads draw at once: each gets its share of all the tiles of a slice, whatever
the number of messages in which they came.  As waking a thread costs as much as a few tiles, a frame that is coming in
is left to wait until there is enough for a slice.  Delta codecs cannot skip, so nothing is dropped but what was for
a desktop of before a resize.  The graphics pipeline's surfaces outlive that, as its channel does; what is wrong there
ends the pipeline, and nothing else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import trio

from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.encoding import INLINE_SECONDS, EncodeScheduler
from trio_rdp.graphics.costs import decoded_pixels, is_pipeline_job, memory_of, moved_pixels
from trio_rdp.graphics.decoded_image import DecodedImage
from trio_rdp.graphics.drawing import Piece, layers, shares
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import BeginFrame, EndFrame, PaintJob, ResetCodecs, ResetPipeline
from trio_rdp.graphics.pipeline.bitmap_cache import CachedBitmap
from trio_rdp.graphics.pipeline.costs import PipelineCosts
from trio_rdp.graphics.pipeline.jobs import (
    BeginPipelineFrame,
    CreateSurface,
    DeleteSurface,
    EndPipelineFrame,
    MapSurface,
    MapSurfaceToWindow,
    MonitorArea,
    PipelineJob,
    ResetGraphics,
    UnmapSurface,
)
from trio_rdp.graphics.pipeline.surfaces import PipelineCounts
from trio_rdp.graphics.pipeline.windows import WindowPictures
from trio_rdp.graphics.region import Region
from trio_rdp.paint_slices import Begun, DecodeStatistics, Rates, paint
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
_DONE_AT_ONCE = CreateSurface | DeleteSurface | MapSurface | MapSurfaceToWindow | UnmapSurface | ResetGraphics
_ENOUGH_SECONDS = 0.004  # of each worker, to begin with a frame of which more is to come


@dataclass(frozen=True, slots=True)
class PainterStatistics:
    """What was painted, and what waits: jobs, and their bytes now, at most, and at the bound."""

    jobs: int
    pending_bytes: int
    peak_pending_bytes: int
    limit: int
    reading_stopped: int


class Painter:
    """The picture behind one screen; `shown` is called with the id of each classic frame that is on the screen."""

    def __init__(self, screen: Screen, scheduler: EncodeScheduler, limit: int, shown: Callable[[int], None]) -> None:
        self.on_pipeline_frame: Callable[[EndPipelineFrame], None] | None = None
        """Called with the end of each frame of the graphics pipeline that is on the screen."""
        self.on_pipeline_error: Callable[[DecodeError], None] | None = None
        """Called with what a job of the graphics pipeline failed of: its channel is to be closed.

        Nothing of the frame is shown, and further jobs of the pipeline are dropped up to a `ResetPipeline`; what else
        there is in the session goes on.
        """
        self._screen = screen
        self._scheduler = scheduler
        self._limit = limit
        self._shown = shown
        self._image = DecodedImage(screen.width, screen.height, threads=scheduler.workers, shown=screen.snapshot)
        self._windows = WindowPictures()
        self._jobs: deque[tuple[PaintJob, float]] = deque()  # each with the seconds that it may take
        self._seconds = 0.0  # all of them
        self._is_coming = False  # the rest of a frame
        self._enough = _ENOUGH_SECONDS * scheduler.workers
        self._damage = Region()
        self._in_frame = False
        self._has_failed = False  # the pipeline
        self._is_coming_classic = False
        self._is_coming_pipeline = False
        self._busy = False
        self._work = trio.Event()
        self._room = trio.Event()
        self._rates = Rates()
        self._costs = PipelineCosts(screen.width, screen.height)
        self._done = 0
        self._running: list[PaintJob] = []
        self._pending = 0
        self._of_pipeline = 0  # bytes of those pending
        self._peak = 0
        self._stopped = 0

    def submit(self, job: PaintJob) -> None:
        """Queue a job; `flush` starts the work."""
        if isinstance(job, ResetPipeline):
            self._has_failed = False
        elif self._has_failed and is_pipeline_job(job):
            return
        seconds = self._estimate(job)
        self._jobs.append((job, seconds))
        self._seconds += seconds
        # A peer that has begun anew ends no frame of before.
        if isinstance(job, BeginFrame | EndFrame | ResetCodecs):
            self._is_coming_classic = isinstance(job, BeginFrame)
        elif isinstance(job, BeginPipelineFrame | EndPipelineFrame | ResetPipeline):
            self._is_coming_pipeline = isinstance(job, BeginPipelineFrame)
        # The one path's frame, which may never end, holds up nothing of the other.
        self._is_coming = self._is_coming_pipeline if is_pipeline_job(job) else self._is_coming_classic
        self._count_pending([job], 1)
        if self._pending > self._peak:
            self._peak = self._pending

    def flush(self) -> None:
        """Paint what is queued: now if it is little, else in the task that runs `run`.

        The beginning of a frame may wait for more of it.  Raises `DecodeError` for jobs that cannot be painted, but
        those of the graphics pipeline.
        """
        if self._busy or not self._is_worthwhile():
            return
        if self._seconds > INLINE_SECONDS:
            self._work.set()
            return
        while self._jobs:
            jobs = self._take_slice()[0]
            self._finish(jobs, paint(self._image, jobs))

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
        """Go on with a black picture of another size; what was queued for the old one is dropped.

        That is the classic path's, to which a reactivation belongs.  The graphics pipeline goes on: what waits of it
        is done, and its surfaces are shown again when its next frame ends.
        """
        self._drop(lambda job: not is_pipeline_job(job))
        self._is_coming = self._is_coming_classic = False
        self._in_frame = False
        self._damage.clear()
        # A new picture, not a resized one: a thread may be painting on the old one at this moment.
        self._image = self._image.resized(width, height)
        self._costs.resize(width, height)
        self._screen.resize(width, height)

    def _drop(self, unwanted: Callable[[PaintJob], bool]) -> None:
        """Take jobs out of the queue, and cease to count those that are being done."""
        dropped = [job for job, _ in self._jobs if unwanted(job)]
        self._jobs = deque(found for found in self._jobs if not unwanted(found[0]))
        self._seconds = sum(seconds for _, seconds in self._jobs)
        gone = [job for job in self._running if unwanted(job)]
        self._running = [job for job in self._running if not unwanted(job)]
        self._count_pending(dropped + gone, -1)
        self._make_room()

    async def run(self) -> None:
        """Paint what is too much for the loop; runs until cancelled, and raises `DecodeError` for a bad job."""
        while True:
            await self._work.wait()
            self._work = trio.Event()
            while self._is_worthwhile():
                (jobs, costs), image = self._take_slice(), self._image
                damage: list[Rect] | None = None
                finished: NDArray[np.uint8] | None = None
                self._busy = True
                try:
                    with self._scheduler.using():
                        begun = await self._paint_slice(image, jobs, costs)
                        await self._prepare_windows(image, jobs, begun)
                        if image is self._image and begun.failure is None:
                            damage = self._collect(jobs, begun)
                            finished = await self._copy_ahead(damage)
                finally:
                    self._busy = False
                if image is self._image:
                    self._finish(jobs, begun, damage, finished)
                else:
                    self._finish_for_old(jobs, begun, image)
                del jobs, begun, image  # and with them surfaces that are there no more

    async def _paint_slice(self, image: DecodedImage, jobs: list[PaintJob], costs: list[float]) -> Begun:
        """Paint jobs with all the workers there are, in turns of about 2 ms; none is left when this returns."""
        seconds = sum(costs)
        whole = seconds + self._seconds
        if seconds <= INLINE_SECONDS:
            return await self._scheduler.run(partial(paint, image, jobs), seconds)
        beginning = sum(map(self._beginning, jobs, costs))
        begun = await self._scheduler.run(partial(Begun, image, jobs), beginning, whole)
        workers = self._scheduler.workers
        turns = max(round(seconds / (self._slice_seconds * workers)), 1) * workers  # the same for each
        # Tiles of one job cost about the same, those of different codecs do not.
        each = {id(drawing): cost / max(drawing.tiles, 1) for cost, drawing in zip(costs, begun.drawings, strict=True)}
        failures: list[Exception] = []

        async def draw(share: list[Piece]) -> None:
            cost = sum((last - first) * each.get(id(drawing), seconds) for drawing, first, last in share)
            try:
                await self._scheduler.run(partial(begun.draw, share), cost, whole)
            except Exception as exc:
                failures.append(exc)

        for layer in layers(begun.all_drawings):
            async with trio.open_nursery() as nursery:
                for share in shares(layer, turns):
                    nursery.start_soon(draw, share)
            if failures:
                raise failures[0]
        return begun

    async def _prepare_windows(self, image: DecodedImage, jobs: list[PaintJob], begun: Begun) -> None:
        """Copy in a thread what windows show at the end of a frame for the first time, if that is much."""
        if begun.failure is None and (begun.composition is not None or isinstance(jobs[-1], EndPipelineFrame)):
            windows = self._windows.new(image.surfaces.on_windows)
            seconds = self._rates.moving(sum(surface.area for surface in windows))
            if seconds > INLINE_SECONDS:
                await self._scheduler.run(partial(self._windows.prepare, windows), seconds)

    async def _copy_ahead(self, damage: list[Rect]) -> NDArray[np.uint8] | None:
        """Copy what a frame has changed in a thread, if that is much; None where it is to be copied when it is shown.

        The loop would be held for 1.5 ms by 1920 x 1080 pixels.
        """
        image, screen = self._image, self._screen
        seconds = self._rates.moving(sum(rect.area for rect in damage))
        if seconds <= INLINE_SECONDS or (image.width, image.height) != (screen.width, screen.height):
            return None
        return await self._scheduler.run(screen.ahead(image.pixels, damage), seconds)

    @property
    def _slice_seconds(self) -> float:
        """For how long each worker may be taken."""
        others = self._scheduler.users - (1 if self._busy else 0)
        return _SLICE_SECONDS if others else _LONE_SLICE_SECONDS

    def _make_room(self) -> None:
        self._room.set()
        self._room = trio.Event()

    def _count_pending(self, jobs: list[PaintJob], sign: int) -> None:
        for job in jobs:
            size = sign * memory_of(job)
            self._pending += size
            self._of_pipeline += size if is_pipeline_job(job) else 0

    def _estimate(self, job: PaintJob) -> float:
        """About how many seconds a job takes."""
        seconds = self._rates.estimate(job)
        if isinstance(job, ResetPipeline):
            self._costs.begin(job.kept)
        elif isinstance(job, PipelineJob):
            pixels = self._costs.count(job)
            if not (self._is_coming_pipeline or isinstance(job, EndPipelineFrame)):
                pixels += self._costs.composed_pixels
            seconds += self._rates.moving(pixels)
        return seconds

    def _beginning(self, job: PaintJob, cost: float) -> float:
        """About how many seconds it takes to begin a job: all of them where that leaves nothing to be drawn."""
        return cost if isinstance(job, _DONE_AT_ONCE) else self._rates.overhead(job)

    def _take_slice(self) -> tuple[list[PaintJob], list[float]]:
        """Jobs for some ms of each worker, up to the end of a frame, and the seconds that each may take."""
        jobs: list[PaintJob] = []
        costs: list[float] = []
        seconds, budget, pixels = 0.0, self._slice_seconds * self._scheduler.workers, 0
        while self._jobs and seconds < budget and pixels < _MOST_PIXELS:
            if jobs and isinstance(self._jobs[0][0], ResetPipeline):
                break
            job, estimate = self._jobs.popleft()
            jobs.append(job)
            costs.append(estimate)
            seconds += estimate
            pixels += decoded_pixels(job) + moved_pixels(job)
            if isinstance(job, EndFrame | EndPipelineFrame | ResetGraphics | ResetPipeline):
                break
        self._seconds = self._seconds - seconds if self._jobs else 0.0
        self._running = list(jobs)
        return jobs, costs

    def _finish(
        self,
        jobs: list[PaintJob],
        begun: Begun,
        damage: list[Rect] | None = None,
        finished: NDArray[np.uint8] | None = None,
    ) -> None:
        """Count painted jobs, and show the frame if it is whole; `damage` and `finished` where they are known."""
        self._count(jobs, begun)
        if begun.failure is not None:
            self._fail_pipeline(begun.failure)
        if damage is None:
            damage = self._collect(jobs, begun)
        if begun.failure is None and (begun.composition is not None or isinstance(jobs[-1], EndPipelineFrame)):
            self._windows.show(self._image.surfaces.on_windows)
        self._show(damage, finished)
        self._tell(jobs, begun)

    def _collect(self, jobs: list[PaintJob], begun: Begun) -> list[Rect]:
        """Note what jobs have changed, and give what of it is to be shown now."""
        damage = [] if begun.composition is None else begun.composition.damage
        for job, drawing in zip(jobs, begun.drawings, strict=True):
            if is_pipeline_job(job):
                damage = [*damage, *drawing.damage]
                continue
            for rect in drawing.damage:
                self._damage.add(rect)
            if isinstance(job, BeginFrame | EndFrame | ResetCodecs):
                self._in_frame = isinstance(job, BeginFrame)
        if begun.failure is not None:
            damage = []
        if self._damage and not self._in_frame:
            for rect in damage:
                self._damage.add(rect)
            damage = self._damage.take()
        return damage

    def _finish_for_old(self, jobs: list[PaintJob], begun: Begun, image: DecodedImage) -> None:
        """Count what was painted while the picture was replaced; the graphics pipeline's part is not lost."""
        self._count(jobs, begun)
        self._image.surfaces = image.surfaces
        if begun.failure is not None:
            self._fail_pipeline(begun.failure)
        elif isinstance(jobs[-1], ResetGraphics):
            self._image.start(jobs[-1])
        if not self._image.surfaces.in_frame:
            self._windows.show(self._image.surfaces.on_windows)
            self._show(self._image.compose().finish())
        self._tell([job for job in jobs if is_pipeline_job(job)], begun)

    def _count(self, jobs: list[PaintJob], begun: Begun) -> None:
        self._done += len(jobs)
        # Of a picture that was replaced meanwhile, the classic path's jobs are counted no more.
        self._count_pending(self._running, -1)
        self._running = []
        self._make_room()
        for job, drawing in zip(jobs, begun.drawings, strict=True):
            self._rates.measure(job, drawing.tiles, begun.seconds[id(drawing)])

    def _show(self, damage: list[Rect], finished: NDArray[np.uint8] | None = None) -> None:
        """Show what of the picture has changed; a new size with the frame it is for."""
        image, screen = self._image, self._screen
        if (image.width, image.height) != (screen.width, screen.height):
            self._damage.clear()
            if image.surfaces.in_frame:
                return
            screen.resize(image.width, image.height)
            damage = [image.bounds] if damage else []
        if damage:
            screen.show(image.pixels, damage, finished)

    def _tell(self, jobs: list[PaintJob], begun: Begun) -> None:
        """Say which frames are shown."""
        for job in jobs:
            if isinstance(job, EndFrame):
                self._shown(job.frame_id)
            elif isinstance(job, EndPipelineFrame) and begun.failure is None and self.on_pipeline_frame is not None:
                self.on_pipeline_frame(job)

    def _fail_pipeline(self, error: DecodeError) -> None:
        """End the graphics pipeline, up to a `ResetPipeline`: the picture is as it was before the frame."""
        self._image.drop_pipeline(self._screen.snapshot)
        kept: deque[tuple[PaintJob, float]] = deque()
        self._has_failed = True
        self._costs.resize(self._image.width, self._image.height)
        self._is_coming = self._is_coming_classic
        for job, seconds in self._jobs:
            self._has_failed = self._has_failed and not isinstance(job, ResetPipeline)
            if self._has_failed and is_pipeline_job(job):
                self._count_pending([job], -1)
            else:
                kept.append((job, seconds))
        self._jobs = kept
        self._seconds = sum(seconds for _, seconds in kept)
        self._is_coming_pipeline = self._is_coming_pipeline and not self._has_failed
        self._make_room()
        if self.on_pipeline_error is not None:
            self.on_pipeline_error(error)

    @property
    def pipeline_pending(self) -> int:
        """Bytes of the graphics pipeline's jobs that wait: what a frame's acknowledgement says of the queue."""
        return self._of_pipeline

    @property
    def pipeline_surfaces(self) -> tuple[int, int]:
        """How many surfaces there are, and their bytes."""
        surfaces = self._image.surfaces
        return len(surfaces), surfaces.bytes

    @property
    def pipeline_monitors(self) -> tuple[MonitorArea, ...]:
        """The monitors that the server last told of by the graphics pipeline."""
        return self._image.surfaces.monitors

    @property
    def pipeline_counts(self) -> PipelineCounts:
        """What was done on surfaces beside drawing bitmaps, in this session."""
        return replace(self._image.surfaces.counts)

    @property
    def cached_bitmaps(self) -> list[CachedBitmap]:
        """What is in the graphics pipeline's cache, the latest at the end."""
        return [bitmap for bitmap in self._image.surfaces.cache.bitmaps if bitmap.pixels is not None]

    def window(self, window_id: int) -> NDArray[np.uint8] | None:
        """Copy what is shown in a window of a remote program, uint8 (height, width, 4), B G R and opacity.

        Whole frames only, as on the screen.  None where no surface is mapped to it, or nothing was shown there yet.
        """
        return self._windows.pixels(window_id)

    @property
    def image(self) -> DecodedImage:
        """The private picture (its palette is what pointers of 8 bits per pixel mean)."""
        return self._image

    def statistics(self) -> PainterStatistics:
        """What was painted, and what waits."""
        return PainterStatistics(self._done, self._pending, self._peak, self._limit, self._stopped)

    def decoded(self) -> dict[BitmapCodec, DecodeStatistics]:
        """What was decoded, by the codec."""
        return self._rates.decoded()
