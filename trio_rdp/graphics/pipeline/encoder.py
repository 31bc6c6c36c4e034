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
from trio_rdp.graphics.differences import TILE
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline import choice
from trio_rdp.graphics.pipeline.areas import BLOCK, block_span, cover, inner_span, subtract
from trio_rdp.graphics.pipeline.bitmap_memory import BitmapMemory
from trio_rdp.graphics.pipeline.choice import Choice
from trio_rdp.graphics.pipeline.jobs import (
    CopySurface,
    CreateSurface,
    DeleteSurface,
    DrawProgressive,
    DrawSurface,
    FillSurface,
    MapSurface,
    MonitorArea,
    PipelineCodec,
    PipelineJob,
    ResetGraphics,
)
from trio_rdp.graphics.pipeline.motion import SentBlocks
from trio_rdp.graphics.pipeline.parts import PartMaker
from trio_rdp.graphics.pipeline.plan import CodecCount, FramePlan, PipelineStatistics
from trio_rdp.graphics.pipeline.refinement import Refinement
from trio_rdp.graphics.pipeline.shown import Look, Shown
from trio_rdp.graphics.pipeline.tile_cache import TileCache, fill_tiles, per_tile
from trio_rdp.graphics.pipeline.video import VideoArea, VideoAreas

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CACHE_BYTES", "CACHE_SLOTS", "CODECS", "PipelineEncoder"]

CODECS: Final = (BitmapCodec.CLEARCODEC, BitmapCodec.PLANAR, BitmapCodec.PROGRESSIVE, BitmapCodec.RAW)
"""What every client takes that is no thin one."""

CACHE_BYTES: Final = 100 << 20
CACHE_SLOTS: Final = 25_600

_MAIN: Final = 1
_FIRST_VIDEO: Final = 0x100
_MOVED: Final = 8
"""Blocks that must change before anything is taken for moved."""
_TINY: Final = 4_096  # pixels of a rectangle that is looked at for one colour
_AVC: Final = (PipelineCodec.AVC420, PipelineCodec.AVC444, PipelineCodec.AVC444V2)


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
        self._clear = clearcodec_encoder.Encoder()
        self._memory = BitmapMemory(cache_bytes, cache_slots)
        self._cache = TileCache(_MAIN, self._memory)
        self._begin_size(width, height)

    def _begin_size(self, width: int, height: int) -> None:
        self.bounds: Rect = Rect(0, 0, width, height)
        self.hints: Hints = Hints(width, height)
        """What the program has said of parts of the picture."""
        self._shown = Shown(width, height)
        self._sent = SentBlocks(width, height)
        self._parts = PartMaker(_MAIN, self.bounds, self._clear, self._clock)
        self._videos = VideoAreas(self.bounds)
        self._refinement = Refinement(self._shown)
        self._surfaces: dict[int, int] = {}  # of videos, by their keys

    @property
    def surface_id(self) -> int:
        """The surface that is the desktop."""
        return _MAIN

    @property
    def statistics(self) -> PipelineStatistics:
        """What was done so far."""
        counted, cache = self._statistics, self._cache
        counted.cache_stores, counted.cache_hits = cache.stores, cache.hits
        counted.cache_evictions, counted.cached = cache.evictions, len(self._memory)
        counted.videos = len(self._videos.areas)
        return counted

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
        surfaces = [_MAIN, *self._surfaces.values()]
        self._begin_size(width, height)
        return [*(DeleteSurface(surface) for surface in surfaces), *self.setup(monitors)]

    def forget(self, rects: Iterable[Rect] | None = None) -> None:
        """Take parts of the picture, by default all, for never sent; they are sent once they are damage too."""
        known = None if rects is None else list(rects)
        self._shown.forget(known)
        self._sent.forget(known)
        self._refinement.drop_passes([self.bounds] if known is None else known)

    def drawn_over(self, rects: Iterable[Rect]) -> None:
        """Say that the client shows something there that is not in the picture, such as somebody's video.

        What is drawn in the picture is sent over it; nothing of it is kept, copied as exact, or made better.
        """
        for rect in rects:
            self._shown.set_foreign(rect)
            self._sent.forget([rect])
            self._refinement.drop_passes([rect])

    # A frame.

    def begin(
        self, pixels: NDArray[np.uint8], damage: Iterable[Rect], now: float, waiting: Iterable[Rect] = ()
    ) -> FramePlan:
        """Look what of `damage` the client does not show, and decide how it gets it; may run in any thread.

        `pixels` is contiguous uint8 (height, width, 4) B G R X, and nobody may draw on it up to `finish`.  `damage` and
        `waiting`, which is left for another frame, must hold all that was drawn since the last call.  From here on
        nothing may be left out: all parts are to be encoded, and what `finish` gives to be sent, in this order.
        """
        look = self._shown.look(pixels, damage)
        plan = FramePlan()
        if look.changed.any():
            _Frame(self, plan, pixels, look, now).decide()
            # Of a block that was drawn on outside of the damage, the hash promises too much.
            drawn = cover(look.changed, self.bounds)
            for rect in waiting:
                self.forget(both for one in drawn if not (both := _touching(rect, one)).is_empty)
        self._statistics.tiles_sent += int((per_tile(look.changed) > 0).sum())
        return plan

    def finish(self, plan: FramePlan) -> list[PipelineJob]:
        """Give the jobs of a plan whose parts are encoded, to be sent between the beginning and the end of a frame.

        Where `plan.frames` has two lists then, these are the same jobs for two frames.
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
        """Put jobs in one frame, or in two where H.264 must be alone."""
        first = next((number for number, job in enumerate(jobs) if _is_avc(job)), 0)
        if self._mixes_avc or not any(isinstance(job, (DrawSurface, DrawProgressive)) for job in jobs[:first]):
            return [jobs] if jobs else []
        # INVARIANT: parts of videos are the last ones.
        return [jobs[:first], jobs[first:]]

    # Refinement.

    @property
    def refinement_due(self) -> float | None:
        """When there is something to send again better; None where the client has everything exactly."""
        return self._refinement.due

    def begin_refinement(self, pixels: NDArray[np.uint8], now: float, most_pixels: int) -> FramePlan:
        """Send something again better, of at most about `most_pixels`; for the rest as `begin`."""
        plan = FramePlan()
        for area in self._videos.expire(now) if self.codec is None else ():
            self._end_video(area, plan)
        passes, exact = self._refinement.choose(pixels, now, most_pixels)
        if passes:
            plan.parts.append(self._parts.upgrade(passes))
        if exact:
            codec = Choice.of(self.usable, self.codec, self.quality, self.percent).lossless
            plan.parts += self._parts.lossless(codec, pixels, exact)
            self._refinement.drop_passes(exact)
            self._shown.set_exact(exact)
        for part in plan.parts:
            part.refines = True
        return plan

    # Somebody's own H.264.

    def access_unit(
        self, rect: Rect, data: bytes, codec: PipelineCodec = PipelineCodec.AVC420, surface_id: int = _MAIN
    ) -> list[PipelineJob]:
        """Give the jobs that show a ready-made H.264 picture, a complete bitmap stream, in `rect`.

        Its surface is the desktop's, for a picture as large as that, or another one of the size of `rect` that there is
        already.  What is drawn over it later is right; it is never made better.
        """
        self.drawn_over([rect])
        jobs: list[PipelineJob] = [DrawSurface(surface_id, codec, Rect(0, 0, rect.width, rect.height), data)]
        if surface_id != _MAIN:
            jobs.append(CopySurface(surface_id, _MAIN, Rect(0, 0, rect.width, rect.height), ((rect.left, rect.top),)))
        return jobs

    def _end_video(self, area: VideoArea, plan: FramePlan) -> None:
        surface = self._surfaces.pop(area.key, None)
        if surface is not None:
            plan.before.append(DeleteSurface(surface))

    def _surface_of(self, area: VideoArea, plan: FramePlan) -> int:
        """The surface of a video, which is made now if it is new."""
        if area.is_main:
            return _MAIN
        if area.key not in self._surfaces:
            taken = set(self._surfaces.values())
            surface = next(number for number in range(_FIRST_VIDEO, 0xFFFF) if number not in taken)
            self._surfaces[area.key] = surface
            plan.before.append(CreateSurface(surface, area.rect.width, area.rect.height))
        return self._surfaces[area.key]


class _Frame:
    """The decisions of one frame."""

    def __init__(
        self, encoder: PipelineEncoder, plan: FramePlan, pixels: NDArray[np.uint8], look: Look, now: float
    ) -> None:
        self.encoder = encoder
        self.plan = plan
        self.pixels = pixels
        self.look = look
        self.now = now
        self.shown = encoder._shown
        self.bounds = encoder.bounds
        self.choice = Choice.of(encoder.usable, encoder.codec, encoder.quality, encoder.percent)
        self.left = look.changed.copy()
        """The blocks that are still to be dealt with."""

    def decide(self) -> None:
        """Fill the plan, and take all of it for sent."""
        encoder, look, shown, now = self.encoder, self.look, self.shown, self.now
        changes = shown.tighten(cover(look.changed, self.bounds), look)
        area = sum(rect.area for rect in changes)
        kinds = self._kinds(area)
        videos = self._videos(kinds, changes)
        targets = self._copies(changes) if encoder.codec is None or not videos else []
        overwritten = look.changed & ~_around(targets, self.left.shape)
        for one, _ in videos:
            overwritten[block_span(one.rect)] = False
        # Before anything is looked up in the cache, because what is kept now may push something out.
        kept = encoder._cache.keep_overwritten(shown, overwritten, now)
        tiles = per_tile(self.left) > 0
        filled = self._fills(tiles)
        self.left[_blocks_of(filled, self.left.shape)] = False
        drawn, cached = encoder._cache.draw(shown, look, tiles & ~filled)
        self.left[_blocks_of(cached, self.left.shape)] = False
        self.plan.before = [*kept, *self.plan.before, *drawn]
        self._exact(_tile_rects(filled | cached, self.bounds))
        rest = shown.tighten(cover(self.left, self.bounds), look) if self.left.any() else []
        rest = subtract(rest, [one.rect for one, _ in videos] + targets)
        self._encode(rest, kinds)
        shown.commit(look, now)
        encoder._sent.commit(self.pixels, changes)
        if encoder.codec is None or encoder.codec.is_lossless:
            self.plan.after += encoder._cache.keep_repeated(shown, tiles & ~filled & ~cached)
        for one, rects in videos:
            self._show_video(one, rects)

    def _kinds(self, area: int) -> NDArray[np.uint8] | None:
        """What the tiles show that changed; None where all are alike."""
        if (area < choice.SMALL and not self.encoder._videos.areas and not self.encoder.hints) or (
            self.choice.lossy is None and self.choice.video is None and not self.encoder.hints
        ):
            return None
        wanted = per_tile(self.look.changed) > 1
        if self.encoder.hints:
            wanted = per_tile(self.look.changed) > 0
        return choice.see_tiles(self.pixels, wanted, self.encoder.hints, self.encoder.usable)

    def _videos(self, kinds: NDArray[np.uint8] | None, changes: list[Rect]) -> list[tuple[VideoArea, list[Rect]]]:
        """Take out what goes as video: the areas, and the rectangles of each that changed."""
        encoder, videos = self.encoder, self.encoder._videos
        if self.choice.video is None:
            for area in videos.clear() if videos.areas else []:
                encoder._end_video(area, self.plan)
            return []
        if encoder.codec is self.choice.video:
            main = videos.main(self.now)
            for area in [one for one in videos.areas if one is not main]:
                videos.areas.remove(area)
                encoder._end_video(area, self.plan)
        elif kinds is not None:
            tiles = per_tile(self.look.changed) > 1
            photos = kinds == choice.PHOTO
            ended = videos.update(self.look.changed, self.shown.touched, tiles, photos, changes, self.now)
            for area in ended:
                encoder._end_video(area, self.plan)
        found = []
        for area in videos.areas:
            rects = [part for rect in changes if not (part := rect.intersect(area.rect)).is_empty]
            if rects:
                area.surface_id = encoder._surface_of(area, self.plan)
                self.left[block_span(area.rect)] = False
                found.append((area, rects))
        return found

    def _copies(self, changes: list[Rect]) -> list[Rect]:
        """Copy what moved, and take it out."""
        if int(self.left.sum()) < _MOVED:
            return []
        motion = self.encoder._sent.find(self.pixels, [rect for rect in changes if self.left[block_span(rect)].any()])
        if motion is None:
            return []
        before = self.shown.lossy.copy()
        targets = []
        for source, (x, y) in motion.copies:
            target = Rect(x, y, source.width, source.height)
            targets.append(target)
            self.plan.before.append(CopySurface(_MAIN, _MAIN, source, ((x, y),)))
            _move_loss(before, self.shown.lossy, source, target, self.bounds)
            self.left[inner_span(target, self.bounds)] = False
        self.encoder._refinement.drop_passes(targets)
        self.encoder._statistics.copies += len(targets)
        return targets

    def _fills(self, tiles: NDArray[np.bool_]) -> NDArray[np.bool_]:
        fills, filled = fill_tiles(_MAIN, self.pixels, self.look, tiles, self.bounds)
        self.plan.before += fills
        self.encoder._statistics.fills += sum(len(fill.rects) for fill in fills)
        return filled

    def _encode(self, rects: list[Rect], kinds: NDArray[np.uint8] | None) -> None:
        """Have the rest encoded."""
        encoder, chosen = self.encoder, self.choice
        if chosen.lossless is BitmapCodec.CLEARCODEC and len(rects) <= _MOVED:
            rects = self._plain_fills(rects)
        if not rects:
            return
        if encoder.codec is not None and not encoder.codec.is_lossless and chosen.lossy is not None:
            divided = {choice.PHOTO: rects}
        elif kinds is None:
            divided = {choice.TEXT: rects}
        else:
            divided = choice.divide(rects, kinds)
        for kind, some in divided.items():
            codec = encoder.usable[kind - choice.CODECS] if kind >= choice.CODECS else chosen.lossless
            if kind == choice.PHOTO:
                codec = chosen.lossy or chosen.lossless
            if codec.is_lossless:
                self.plan.parts += encoder._parts.lossless(codec, self.pixels, some)
                self._exact(some)
            else:
                self._lossy(codec, some)

    def _plain_fills(self, rects: list[Rect]) -> list[Rect]:
        """Fill small rectangles of one colour, such as where a caret was; gives the others."""
        import numpy as np

        others = []
        for rect in rects:
            part = self.pixels[rect.top : rect.bottom, rect.left : rect.right].view(np.uint32)
            if rect.area <= _TINY and (part == part[0, 0]).all():
                self.plan.before.append(FillSurface(_MAIN, self.pixels[rect.top, rect.left].tobytes(), (rect,)))
                self.encoder._statistics.fills += 1
                self._exact([rect])
            else:
                others.append(rect)
        return others

    def _lossy(self, codec: BitmapCodec, rects: list[Rect]) -> None:
        encoder = self.encoder
        self.plan.parts += encoder._parts.lossy(codec, self.pixels, rects, encoder.quality, encoder.percent)
        self.shown.set_lossy(rects)
        encoder._refinement.drop_passes(rects)
        if codec is BitmapCodec.PROGRESSIVE and encoder._parts.in_passes(encoder.percent):
            encoder._refinement.begin_passes(rects)

    def _exact(self, rects: list[Rect]) -> None:
        self.shown.set_exact(rects)
        self.encoder._refinement.drop_passes(rects)

    def _show_video(self, area: VideoArea, rects: list[Rect]) -> None:
        encoder = self.encoder
        codec = area.codec if area.codec is not None and encoder.codec is None else self.choice.video
        assert codec is not None
        area.codec = codec
        self.plan.parts.append(
            encoder._parts.video(
                area,
                codec,
                self.pixels,
                rects,
                encoder.quality,
                encoder.percent,
                encoder.max_video_bytes,
            )
        )
        self.shown.set_lossy(rects)
        encoder._refinement.drop_passes(rects)
        encoder._statistics.video_pictures += 1
        if not area.is_main:
            self.plan.after += [
                CopySurface(
                    area.surface_id,
                    _MAIN,
                    rect.moved(-area.rect.left, -area.rect.top),
                    ((rect.left, rect.top),),
                )
                for rect in rects
            ]


def _is_avc(job: PipelineJob) -> bool:
    return isinstance(job, DrawSurface) and job.codec in _AVC


def _touching(waiting: Rect, damage: Rect) -> Rect:
    """The blocks that two rectangles both touch."""
    return waiting.aligned(BLOCK).intersect(damage.aligned(BLOCK))


def _blocks_of(tiles: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Mark the blocks of tiles."""
    side = TILE // BLOCK
    return tiles.repeat(side, axis=0).repeat(side, axis=1)[: shape[0], : shape[1]]


def _around(rects: Iterable[Rect], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Mark the blocks that rectangles touch."""
    import numpy as np

    marked = np.zeros(shape, np.bool_)
    for rect in rects:
        marked[block_span(rect)] = True
    return marked


def _tile_rects(tiles: NDArray[np.bool_], bounds: Rect) -> list[Rect]:
    """Runs of marked tiles."""
    rects: list[Rect] = []
    for row, column in zip(*(numbers.tolist() for numbers in tiles.nonzero()), strict=True):
        tile = Rect(column * TILE, row * TILE, TILE, TILE).intersect(bounds)
        if rects and rects[-1].top == tile.top and rects[-1].right == tile.left:
            rects[-1] = rects[-1].union(tile)
        else:
            rects.append(tile)
    return rects


def _move_loss(before: NDArray[np.bool_], lossy: NDArray[np.bool_], source: Rect, target: Rect, bounds: Rect) -> None:
    """Mark blocks that something inexact is copied to; those wholly overwritten by what is exact, are exact."""
    import numpy as np

    if not before[block_span(source)].any():
        lossy[inner_span(target, bounds)] = False
        return
    dx, dy = target.left - source.left, target.top - source.top
    rows, columns = block_span(target)
    moved = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.bool_)
    height, width = before.shape
    for down in {-dy // BLOCK, -(dy // BLOCK)}:
        for across in {-dx // BLOCK, -(dx // BLOCK)}:
            y = np.clip(np.arange(rows.start, rows.stop) + down, 0, height - 1)
            x = np.clip(np.arange(columns.start, columns.stop) + across, 0, width - 1)
            moved |= before[np.ix_(y, x)]
    inner = np.zeros_like(before)
    inner[inner_span(target, bounds)] = True
    part = lossy[rows, columns]
    lossy[rows, columns] = moved | (part & ~inner[rows, columns])
