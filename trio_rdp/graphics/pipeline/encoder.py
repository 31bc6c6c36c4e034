"""`PipelineEncoder`: how a server decides what of a picture goes to a pipeline client, and in which way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.codecs.view import View
from trio_rdp.graphics.content import Hints
from trio_rdp.graphics.differences import TILE, SentTiles
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.jobs import (
    CreateSurface,
    DeleteSurface,
    DrawSurface,
    MapSurface,
    MonitorArea,
    PipelineCodec,
    PipelineJob,
    ResetGraphics,
)
from trio_rdp.graphics.pipeline.plan import CodecCount, FramePlan, Part, PipelineStatistics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CACHE_BYTES", "CACHE_SLOTS", "CODECS", "PipelineEncoder"]

CODECS: Final = (
    BitmapCodec.CLEARCODEC,
    BitmapCodec.PLANAR,
    BitmapCodec.PROGRESSIVE,
    BitmapCodec.RAW,
)
"""What every client takes that is no thin one."""

CACHE_BYTES: Final = 100 << 20
CACHE_SLOTS: Final = 25_600

_MAIN: Final = 1


def _no_clock() -> float:
    return 0.0


class PipelineEncoder:
    """Encodes a picture of `width` x `height` pixels for one client of the graphics pipeline.

    `codecs` are those that both sides take; `mixes_avc` says that H.264 may be in one frame with others (from version
    10.4 on), `cache_bytes` and `cache_slots` what the bitmap cache of the confirmed version holds.  `clock` measures
    the seconds in the statistics.
    """

    def __init__(
        self,
        width: int,
        height: int,
        *,
        codecs: Iterable[BitmapCodec] = CODECS,
        quality: Quality = Quality.MEDIUM,
        mixes_avc: bool = True,
        cache_bytes: int = CACHE_BYTES,
        cache_slots: int = CACHE_SLOTS,
        clock: Callable[[], float] = _no_clock,
    ) -> None:
        from trio_rdp.codecs import clearcodec_encoder

        self.usable: tuple[BitmapCodec, ...] = tuple(codecs)
        """The codecs that both sides take."""
        self.codec: BitmapCodec | None = None
        """The one for everything; None where each part gets what suits it."""
        self.quality = quality
        self.percent: int = 100
        """How much of `quality` the line affords now, 1 to 100."""
        self.statistics: PipelineStatistics = PipelineStatistics()
        self._clock = clock
        self._mixes_avc = mixes_avc
        self._clear = clearcodec_encoder.Encoder()
        self._begin_size(width, height)

    def _begin_size(self, width: int, height: int) -> None:
        self.bounds: Rect = Rect(0, 0, width, height)
        self.hints: Hints = Hints(width, height)
        """What the program has said of parts of the picture."""
        self._sent = SentTiles(width, height)

    @property
    def surface_id(self) -> int:
        """The surface that is the desktop."""
        return _MAIN

    def setup(self, monitors: Sequence[MonitorArea] = ()) -> list[PipelineJob]:
        """Give what comes before the first frame, and is in none; `monitors` is by default the whole desktop."""
        width, height = self.bounds.width, self.bounds.height
        return [
            ResetGraphics(width, height, tuple(monitors) or (MonitorArea(self.bounds, is_primary=True),)),
            CreateSurface(_MAIN, width, height),
            MapSurface(_MAIN, 0, 0),
        ]

    def resize(self, width: int, height: int, monitors: Sequence[MonitorArea] = ()) -> list[PipelineJob]:
        """Give what makes the desktop another one, between two frames; everything is sent anew then."""
        self._begin_size(width, height)
        return [DeleteSurface(_MAIN), *self.setup(monitors)]

    def forget(self, rects: Iterable[Rect] | None = None) -> None:
        """Take parts of the picture, by default all, for never sent; they are sent once they are damage too."""
        self._sent.forget(rects)

    def begin(self, pixels: NDArray[np.uint8], damage: Iterable[Rect], now: float) -> FramePlan:
        """Look what of `damage` the client does not show, and decide how it gets it; may run in any thread.

        `pixels` is contiguous uint8 (height, width, 4) B G R X, and nobody may draw on it up to `finish`.  `damage`
        must hold all that was drawn since the last call.  From here on nothing may be left out: all parts are to be
        encoded, and what `finish` gives to be sent, in this order.
        """
        changes = self._sent.changes(pixels, damage)
        self._sent.commit(changes)
        plan = FramePlan()
        for rect in changes.rects:
            work = partial(self._encode_clear, pixels, [rect])
            plan.parts.append(Part(BitmapCodec.CLEARCODEC, _tiles(rect), rect.area, "clearcodec", work, self._clock))
        return plan

    def finish(self, plan: FramePlan) -> list[PipelineJob]:
        """Give the jobs of a plan whose parts are encoded, to be sent between the beginning and the end of a frame.

        Where `plan.frames` has two lists then, these are the same jobs for two frames.
        """
        for part in plan.parts:
            count = self.statistics.codecs.setdefault(part.codec, CodecCount())
            count.tiles += part.tiles
            count.seconds += part.seconds
            count.bytes += sum(len(job.data) for job in part.jobs if isinstance(job, DrawSurface))
            self.statistics.tiles_sent += part.tiles
        jobs = [*plan.before, *(job for part in plan.parts for job in part.jobs), *plan.after]
        plan.frames = [jobs] if jobs else []
        return jobs

    @property
    def refinement_due(self) -> float | None:
        """When there is something to send again better; None where the client has everything exactly."""
        return None

    def begin_refinement(self, pixels: NDArray[np.uint8], now: float, most_pixels: int) -> FramePlan:
        """Send something again better, of at most about `most_pixels`; for the rest as `begin`."""
        return FramePlan()

    def access_unit(
        self, rect: Rect, data: bytes, codec: PipelineCodec = PipelineCodec.AVC420, now: float = 0.0
    ) -> list[PipelineJob]:
        """Give the jobs that show a ready-made H.264 picture (a complete bitmap stream) in `rect`."""
        return [DrawSurface(_MAIN, codec, rect, data)]

    def _encode_clear(self, pixels: NDArray[np.uint8], rects: list[Rect]) -> list[PipelineJob]:
        return [
            DrawSurface(
                _MAIN,
                PipelineCodec.CLEARCODEC,
                rect,
                self._clear.encode(View.of(pixels, rect.left, rect.top, rect.width, rect.height)),
            )
            for rect in rects
        ]


def _tiles(rect: Rect) -> int:
    """How many tiles of the grid a rectangle touches."""
    return len(range(rect.left // TILE, (rect.right - 1) // TILE + 1)) * len(
        range(rect.top // TILE, (rect.bottom - 1) // TILE + 1)
    )
