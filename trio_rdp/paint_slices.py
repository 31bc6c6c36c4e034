"""Slices of paint jobs: begun in order, then drawn by as many threads as like; and what jobs may take, as measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from trio_rdp.codecs import avc_library
from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.codecs.kernels import form_of
from trio_rdp.codecs.kernels import planar as planar_kernel
from trio_rdp.graphics.costs import codec_of, count_of, decoded_pixels, is_pipeline_job, parts_of, size_of
from trio_rdp.graphics.decoded_image import DecodedImage
from trio_rdp.graphics.drawing import Drawing, Piece
from trio_rdp.graphics.jobs import DrawBitmaps, DrawSurfaceBits, PaintJob
from trio_rdp.wire.errors import DecodeError

__all__ = ["Begun", "DecodeStatistics", "Rates", "paint"]

_COMPILED_RATE: Final = 4e-9  # seconds a pixel, before anything was measured
_PLAIN_RATE: Final = 2e-7
_MOVING_RATE: Final = 5e-10  # of filling and copying
_JOB_SECONDS: Final = 1e-5  # of Python around a job, and
_BITMAP_SECONDS: Final = 4e-6  # around each of its bitmaps, however small, and
_PART_SECONDS: Final = 1e-5  # around each rectangle or point of the graphics pipeline
_LEAST_RATE: Final = 1e-10  # seconds a pixel: nothing is faster than filling
_SMOOTHING: Final = 0.2
_WORTH_MEASURING: Final = 1024  # pixels: in smaller bitmaps Python takes the time


@dataclass(slots=True)
class DecodeStatistics:
    """What one codec has decoded: bitmaps, their tiles (a bitmap without tiles is one), bytes, and CPU seconds."""

    bitmaps: int = 0
    tiles: int = 0
    bytes: int = 0
    seconds: float = 0.0


class Begun:
    """Jobs that were begun, and the CPU seconds that each has taken.

    What goes wrong with a job of the graphics pipeline is its `failure`, and ends none of the others; of that channel
    nothing more is done.
    """

    def __init__(
        self, image: DecodedImage, jobs: list[PaintJob], clock: Callable[[], float] = time.thread_time
    ) -> None:
        self.drawings: list[Drawing] = []  # one for each job
        self.composition: Drawing | None = None
        self.seconds: dict[int, float] = {}  # by the drawing's identity
        self.failure: DecodeError | None = None
        self._clock = clock
        self._of_pipeline: set[int] = set()  # identities
        if any(isinstance(job, DrawBitmaps | DrawSurfaceBits) for job in jobs):
            _ = image.pixels  # made, and numpy loaded, before the first codec's time is taken
        before = clock()
        for job in jobs:
            drawing = self._start(image, job)
            self.drawings.append(drawing)
            now = clock()
            self.seconds[id(drawing)] = now - before
            before = now
        if self.failure is None and image.is_due:
            self.composition = image.compose()
            self.seconds[id(self.composition)] = 0.0
            self._of_pipeline.add(id(self.composition))

    @property
    def all_drawings(self) -> list[Drawing]:
        """Those of the jobs, and what shows them."""
        return self.drawings if self.composition is None else [*self.drawings, self.composition]

    def draw(self, pieces: Iterable[Piece]) -> None:
        """Draw some of the tiles; threads may draw different ones at the same time."""
        before = self._clock()
        for drawing, first, last in pieces:
            is_pipeline = id(drawing) in self._of_pipeline
            if is_pipeline and self.failure is not None:
                continue
            try:
                drawing.draw(first, last)
            except DecodeError as exc:
                if not is_pipeline:
                    raise
                self.failure = exc
            now = self._clock()
            self.seconds[id(drawing)] += now - before
            before = now

    def _start(self, image: DecodedImage, job: PaintJob) -> Drawing:
        if not is_pipeline_job(job):
            return image.start(job)
        drawing = Drawing()
        if self.failure is None:
            try:
                drawing = image.start(job)
            except DecodeError as exc:
                self.failure = exc
        self._of_pipeline.add(id(drawing))
        return drawing


def paint(image: DecodedImage, jobs: list[PaintJob]) -> Begun:
    """Do all of a slice at once."""
    begun = Begun(image, jobs)
    begun.draw((drawing, 0, drawing.tiles) for drawing in begun.all_drawings)
    return begun


class Rates:
    """How fast each codec was until now, and what it has decoded."""

    def __init__(self) -> None:
        self._first = _PLAIN_RATE if form_of(planar_kernel) == "plain" else _COMPILED_RATE
        self._rates: dict[BitmapCodec | None, float] = {}
        self._decoded: dict[BitmapCodec, DecodeStatistics] = {}

    def overhead(self, job: PaintJob) -> float:
        """About how many seconds of Python there are before a job's tiles can be drawn."""
        count = count_of(job)
        seconds = _JOB_SECONDS + count * _BITMAP_SECONDS if count or is_pipeline_job(job) else 0.0
        return seconds + parts_of(job) * _PART_SECONDS

    def moving(self, pixels: int) -> float:
        """About how many seconds it takes to copy pixels."""
        return pixels * _MOVING_RATE

    def estimate(self, job: PaintJob) -> float:
        """About how many seconds a job takes, but for what it copies."""
        seconds = self.overhead(job)
        if pixels := decoded_pixels(job):
            codec = codec_of(job)
            seconds += pixels * self._rates.get(codec, self._first)
            if codec is not None and codec.is_h264 and not avc_library.is_loaded():
                seconds += avc_library.LOADING_SECONDS
        return seconds

    def measure(self, job: PaintJob, tiles: int, seconds: float) -> None:
        """Note what a job's bitmaps, if it has any, have taken."""
        codec, count = codec_of(job), count_of(job)
        if codec is None:
            return
        found = self._decoded.get(codec)
        if found is None:
            found = self._decoded[codec] = DecodeStatistics()
        found.bitmaps += count
        found.tiles += max(tiles, count)
        found.bytes += size_of(job)
        found.seconds += seconds
        cost = decoded_pixels(job)
        # Bitmaps that are not seen cost nothing, and say nothing of the others.
        if cost >= _WORTH_MEASURING and tiles >= count:
            rate = self._rates.get(codec, self._first)
            measured = max(min(seconds / cost, 10 * rate), _LEAST_RATE)
            self._rates[codec] = rate + _SMOOTHING * (measured - rate)

    def decoded(self) -> dict[BitmapCodec, DecodeStatistics]:
        """What was decoded, by the codec."""
        return {codec: replace(found) for codec, found in self._decoded.items()}
