"""`PlanRunner`: has the parts of a pipeline frame encoded on the scheduler's workers, in pieces of about 2 ms."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, TypeVar

import trio

from trio_rdp.codecs import avc_library
from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.codecs.kernels import form_of
from trio_rdp.codecs.kernels import planar as planar_kernel
from trio_rdp.encoding import INLINE_SECONDS, EncodeScheduler
from trio_rdp.graphics.pipeline.plan import FramePlan, Part

__all__ = ["PlanRunner"]

_T = TypeVar("_T")

_SLICE_SECONDS: Final = 0.002
_LONE_SLICE_SECONDS: Final = 0.008  # while nobody else wants a worker: every hand-off costs time
_COMPILED_RATE: Final = 1.2e-8  # seconds a pixel, before anything was measured
_PLAIN_RATE: Final = 1e-6
_LOOKING: Final = 0.1  # of a pixel's encoding is looking whether it changed
_SMOOTHING: Final = 0.2


class PlanRunner:
    """Runs plans of one display, one at a time, and learns what they cost."""

    def __init__(self, scheduler: EncodeScheduler) -> None:
        self._scheduler = scheduler
        self._rate = _PLAIN_RATE if form_of(planar_kernel) == "plain" else _COMPILED_RATE
        self._rates: dict[BitmapCodec, float] = {}

    async def look(self, work: Callable[[], _T], pixels: int) -> _T:
        """Do work that looks at so many pixels."""
        return await self._scheduler.run(work, pixels * self._rate * _LOOKING)

    async def run(self, work: Callable[[], _T], seconds: float) -> _T:
        """Do work that takes about so long."""
        return await self._scheduler.run(work, seconds)

    async def encode(self, plan: FramePlan) -> None:
        """Encode all parts: those of one order in turn, the others in any; to be shielded by the caller."""
        whole = sum(map(self._cost, plan.parts))
        chains = deque(self._chains(plan.parts))
        if not chains:
            return
        failure: Exception | None = None

        async def work() -> None:
            nonlocal failure
            try:
                while chains and failure is None:
                    for piece in chains.popleft():
                        seconds = sum(map(self._cost, piece))
                        await self._scheduler.run(partial(_encode, piece), seconds, whole)
            except Exception as exc:
                failure = exc

        if whole <= INLINE_SECONDS or len(chains) == 1:
            await work()
        else:
            async with trio.open_nursery() as nursery:
                for _ in range(min(self._scheduler.workers, len(chains))):
                    nursery.start_soon(work)
        if failure is not None:
            raise failure
        self._learn(plan.parts)

    def _cost(self, part: Part) -> float:
        seconds = part.pixels * self._rates.get(part.codec, self._rate)
        is_loading = part.codec.is_h264 and not avc_library.is_loaded()
        return seconds + avc_library.LOADING_SECONDS if is_loading else seconds

    def _chains(self, parts: Iterable[Part]) -> list[list[list[Part]]]:
        """Pieces that must follow each other, in as many rows as may be done at once."""
        most = _SLICE_SECONDS if self._scheduler.users > 1 else _LONE_SLICE_SECONDS
        free: list[Part] = []
        ordered: dict[str, list[Part]] = {}
        for part in parts:
            if part.order is None:
                free.append(part)
            else:
                ordered.setdefault(part.order, []).append(part)
        if self._scheduler.users <= 1 and free:
            share = sum(map(self._cost, free)) / (2 * self._scheduler.workers)
            most = min(most, max(_SLICE_SECONDS, share))
        # What must be done in turn takes longest, so it begins first.
        chains = [self._pieces(one, most) for one in ordered.values()]
        return chains + [[piece] for piece in self._pieces(free, most)]

    def _pieces(self, parts: Iterable[Part], most: float) -> list[list[Part]]:
        pieces: list[list[Part]] = []
        room = 0.0
        for part in parts:
            cost = self._cost(part)
            if cost > room or not pieces:
                pieces.append([])
                room = most
            pieces[-1].append(part)
            room -= cost
        return pieces

    def _learn(self, parts: Iterable[Part]) -> None:
        spent: dict[BitmapCodec, tuple[float, int]] = {}
        for part in parts:
            seconds, pixels = spent.get(part.codec, (0.0, 0))
            spent[part.codec] = seconds + part.seconds, pixels + part.pixels
        for codec, (seconds, pixels) in spent.items():
            if pixels and seconds:
                known = self._rates.get(codec, self._rate)
                self._rates[codec] = known + _SMOOTHING * (min(seconds / pixels, 10 * known) - known)


def _encode(parts: Iterable[Part]) -> None:
    for part in parts:
        part.encode()
