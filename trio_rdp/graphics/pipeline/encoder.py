"""`PipelineEncoder`: how a server decides what of a picture goes to a pipeline client, and in which way.

Of what changed, moved parts are copied, tiles of one colour filled, tiles that the client keeps drawn from its cache;
what changes like a photograph again and again goes as video, other photographs with loss, everything else without.
What was sent with loss is sent again, better, once it stands still, until it is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from trio_rdp.codecs import clearcodec_encoder
from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.graphics.content import Hints
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.areas import per_tile
from trio_rdp.graphics.pipeline.bitmap_memory import BitmapMemory
from trio_rdp.graphics.pipeline.decision import MAIN, Context, Decision, Settings
from trio_rdp.graphics.pipeline.jobs import (
    CreateSurface,
    DeleteContext,
    DeleteSurface,
    DrawProgressive,
    DrawSurface,
    EvictCached,
    MonitorArea,
    PipelineCodec,
    PipelineJob,
    ResetGraphics,
)
from trio_rdp.graphics.pipeline.motion import SentBlocks
from trio_rdp.graphics.pipeline.outputs import Outputs
from trio_rdp.graphics.pipeline.parts import PartMaker
from trio_rdp.graphics.pipeline.photo_map import PhotoMap
from trio_rdp.graphics.pipeline.plan import CodecCount, FramePlan, PipelineStatistics
from trio_rdp.graphics.pipeline.portions import is_video
from trio_rdp.graphics.pipeline.refinement import Refinement
from trio_rdp.graphics.pipeline.shown import Shown
from trio_rdp.graphics.pipeline.tile_cache import TileCache
from trio_rdp.graphics.pipeline.video import MOST_AREAS, VideoAreas

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CACHE_BYTES", "CACHE_SLOTS", "CODECS", "PipelineEncoder"]

CODECS: Final = (BitmapCodec.CLEARCODEC, BitmapCodec.PLANAR, BitmapCodec.PROGRESSIVE, BitmapCodec.RAW)
"""What every client takes that is no thin one."""

CACHE_BYTES: Final = 100 << 20
CACHE_SLOTS: Final = 25_600


def _no_clock() -> float:
    return 0.0


class PipelineEncoder:
    """Encodes a picture of `width` x `height` pixels for one client of the graphics pipeline.

    `codecs` are those that both sides take; `mixes_avc` says that H.264 in 4:2:0 may be in one frame with others (from
    version 10.4 on), `takes_avc444v2` that 4:4:4 may have its second form (from 10.1 on), `cache_bytes` and
    `cache_slots` what the bitmap cache of the confirmed version holds.  `clock` measures the seconds in the statistics.

    `one_decoder` is for clients that may have one decoder of H.264 for all surfaces, and draw all of each picture, as
    IronRDP's (2026) of version 8.1 does: there is one video at a time then, on a surface of its own in any case.  That
    client also has one transform for all tiles of a codec context, and forgets its bitmap cache with `ResetGraphics`.
    """

    def __init__(
        self,
        width: int,
        height: int,
        *,
        codecs: Iterable[BitmapCodec] = CODECS,
        quality: Quality = Quality.MEDIUM,
        mixes_avc: bool = True,
        takes_avc444v2: bool = True,
        cache_bytes: int = CACHE_BYTES,
        cache_slots: int = CACHE_SLOTS,
        one_decoder: bool = False,
        clock: Callable[[], float] = _no_clock,
    ) -> None:
        self.usable: tuple[BitmapCodec, ...] = tuple(codecs)
        """The codecs that both sides take."""
        self.codec: BitmapCodec | None = None
        """The one for every bitmap; None where each part gets what suits it."""
        self.quality = quality
        """How much lossy codecs may lose, from now on."""
        self.percent: int = 100
        """How much of `quality` the line affords now, 1 to 100."""
        self.max_video_bytes: int | None = None
        """The most that a picture of a video should take; None for no limit."""
        self._statistics = PipelineStatistics()
        self._clock = clock
        self._mixes_avc = mixes_avc
        self._one_decoder = one_decoder
        self._holds_videos = False
        self._avc444 = PipelineCodec.AVC444V2 if takes_avc444v2 else PipelineCodec.AVC444
        self._clear = clearcodec_encoder.Encoder()
        self._memory = BitmapMemory(cache_bytes, cache_slots)
        self._cache = TileCache(MAIN, self._memory)
        self._begin_size(width, height)

    def _begin_size(self, width: int, height: int) -> None:
        self.bounds: Rect = Rect(0, 0, width, height)
        self.hints: Hints = Hints(width, height)
        """What the program has said of parts of the picture."""
        self.outputs: Outputs = Outputs(self.bounds)
        """The surfaces of monitors, to which each frame's jobs are followed by copies."""
        self._begun: Context | None = None

    @property
    def _context(self) -> Context:
        # Made with the first picture, as who only logs in shall pay nothing for it.
        if self._begun is None:
            self._begun = self._make_context()
        return self._begun

    def _make_context(self) -> Context:
        shown = Shown(self.bounds.width, self.bounds.height)
        return Context(
            shown=shown,
            sent=SentBlocks(self.bounds.width, self.bounds.height),
            parts=PartMaker(MAIN, self.bounds, self._clear, self._clock, self._avc444, one_transform=self._one_decoder),
            cache=self._cache,
            statistics=self._statistics,
            videos=VideoAreas(self.bounds, 1 if self._one_decoder else MOST_AREAS, apart=self._one_decoder),
            refinement=Refinement(shown),
            photos=PhotoMap(self.bounds),
        )

    @property
    def surface_id(self) -> int:
        """The surface that has the desktop's picture."""
        return MAIN

    @property
    def statistics(self) -> PipelineStatistics:
        """What was done so far."""
        counted, cache = self._statistics, self._cache
        counted.cache_stores, counted.cache_hits = cache.stores, cache.hits
        counted.cache_evictions, counted.cached = cache.evictions, len(self._memory)
        counted.videos = 0 if self._begun is None else len(self._begun.videos.areas)
        return counted

    def setup(self, monitors: Sequence[MonitorArea] = ()) -> list[PipelineJob]:
        """Give what comes before the first frame, and is in none; `monitors` is by default the whole desktop."""
        width, height = self.bounds.width, self.bounds.height
        self.outputs = Outputs(self.bounds, monitors)
        return [
            ResetGraphics(width, height, tuple(monitors) or (MonitorArea(self.bounds, is_primary=True),)),
            CreateSurface(MAIN, width, height),
            *self.outputs.setup(),
        ]

    def resize(self, width: int, height: int, monitors: Sequence[MonitorArea] = ()) -> list[PipelineJob]:
        """Give what makes the desktop another one, between two frames; everything is sent anew then."""
        jobs: list[PipelineJob] = []
        if self._begun is not None:
            # "If the server determines that a specific context will no longer be used", it says so (3.3.1.1).
            jobs += [DeleteContext(MAIN, context) for context in self._begun.parts.contexts]
            jobs += [DeleteSurface(surface) for surface in self._begun.surfaces.values()]
        if self._one_decoder:
            jobs += [EvictCached(slot) for slot in self._memory.clear()]
        jobs += [*self.outputs.delete(), DeleteSurface(MAIN)]
        self._begin_size(width, height)
        return jobs + self.setup(monitors)

    def forget(self, rects: Iterable[Rect] | None = None) -> None:
        """Take parts of the picture, by default all, for never sent; they are sent once they are damage too."""
        if self._begun is None:
            return  # nothing was sent
        self._begun.forget([self.bounds] if rects is None else list(rects))

    def drawn_over(self, rects: Iterable[Rect]) -> None:
        """Say that the client shows something there that is not in the picture, such as somebody's video.

        What is drawn in the picture is sent over it; nothing of it is kept, copied as exact, or made better.
        """
        for rect in rects:
            self._context.shown.set_foreign(rect)
            self._context.sent.forget([rect])
            self._context.refinement.drop_passes([rect])

    # A frame.

    def begin(
        self, pixels: NDArray[np.uint8], damage: Iterable[Rect], now: float, waiting: Iterable[Rect] = ()
    ) -> FramePlan:
        """Look what of `damage` the client does not show, and decide how it gets it; may run in any thread.

        `pixels` is contiguous uint8 (height, width, 4) B G R X, and nobody may draw on it up to `finish`.  `damage` and
        `waiting`, which is left for another frame, must hold all that was drawn since the last call.  From here on
        nothing may be left out: all parts are to be encoded, and what `finish` gives to be sent, in this order.
        """
        look = self._context.shown.look(pixels, damage)
        plan = FramePlan()
        if look.changed.any():
            self._context.refinement.changed(int(look.changed.sum()), now)
            Decision(self._context, self._settings(), plan, pixels, look, now, tuple(waiting)).decide()
        self._statistics.tiles_sent += int((per_tile(look.changed) > 0).sum())
        return plan

    def finish(self, plan: FramePlan) -> list[PipelineJob]:
        """Give the jobs of a plan whose parts are encoded, to be sent between the beginning and the end of a frame.

        The `outputs` are to show what they draw.  Where `plan.frames` has two lists then, these are the same jobs for
        two frames.
        """
        for part in plan.parts:
            count = self._statistics.codecs.setdefault(part.codec, CodecCount())
            count.tiles += part.tiles
            count.seconds += part.seconds
            count.bytes += sum(len(job.data) for job in part.jobs if isinstance(job, (DrawSurface, DrawProgressive)))
            self._statistics.refined_tiles += part.tiles * part.refines
        jobs = [*plan.before, *(job for part in plan.parts for job in part.jobs), *plan.after]
        plan.frames = self._framed(plan, jobs)
        return jobs

    def _framed(self, plan: FramePlan, jobs: list[PipelineJob]) -> list[list[PipelineJob]]:
        """Put jobs in one frame, or in two where H.264 must be alone, as that in 4:4:4 always must."""
        first = next((number for number, job in enumerate(jobs) if is_video(job)), 0)
        has_avc444 = any(isinstance(job, DrawSurface) and job.codec.is_avc444 for job in jobs[first:])
        mixes = self._mixes_avc and not has_avc444
        if mixes or not any(isinstance(job, (DrawSurface, DrawProgressive)) for job in jobs[:first]):
            return [jobs] if jobs else []
        # INVARIANT: parts of videos are the last ones.
        return [jobs[:first], jobs[first:]]

    def _settings(self) -> Settings:
        usable, codec = self.usable, self.codec
        if self._holds_videos:
            usable = tuple(one for one in usable if not one.is_h264)
            codec = None if codec is None or codec.is_h264 else codec
        return Settings(usable, codec, self.quality, self.percent, self.max_video_bytes, self.hints)

    def hold_videos(self, is_held: bool) -> None:
        """Make no H.264 meanwhile, as the client's only decoder is somebody else's; after that with a key picture."""
        if is_held and not self._holds_videos:
            for area in self._context.videos.areas:
                if area.encoder is not None:
                    area.encoder.reset()
        self._holds_videos = is_held

    # Refinement.

    @property
    def refinement_due(self) -> float | None:
        """When there is something to send again better; None where the client has everything exactly."""
        return None if self._begun is None else self._begun.refinement.due

    def begin_refinement(self, pixels: NDArray[np.uint8], now: float, most_pixels: int) -> FramePlan:
        """Send something again better, of at most about `most_pixels`; for the rest as `begin`."""
        plan = FramePlan()
        self._context.parts.release()
        for area in self._context.videos.expire(now) if self.codec is None else ():
            self._context.end_video(area, plan)
        passes, exact = self._context.refinement.choose(pixels, now, most_pixels)
        if passes:
            plan.parts.append(self._context.parts.upgrade(passes))
        if exact:
            plan.parts += self._context.parts.lossless(self._settings().choice.exact, pixels, exact)
            self._context.refinement.drop_passes(exact)
            self._context.shown.set_exact(exact)
        for part in plan.parts:
            part.refines = True
        return plan
