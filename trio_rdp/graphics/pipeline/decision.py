"""What becomes of the parts of one picture: copied, filled, drawn from the cache, or encoded, and in which codec."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.graphics.content import Content, Hints
from trio_rdp.graphics.differences import TILE
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline import choice
from trio_rdp.graphics.pipeline.areas import BLOCK, block_span, cover, inner_span, per_tile, subtract, tile_span
from trio_rdp.graphics.pipeline.choice import Choice
from trio_rdp.graphics.pipeline.jobs import CopySurface, CreateSurface, DeleteSurface, FillSurface
from trio_rdp.graphics.pipeline.margins import split_whole
from trio_rdp.graphics.pipeline.motion import SentBlocks
from trio_rdp.graphics.pipeline.parts import PartMaker
from trio_rdp.graphics.pipeline.photo_map import PhotoMap
from trio_rdp.graphics.pipeline.plan import FramePlan, PipelineStatistics
from trio_rdp.graphics.pipeline.refinement import Refinement
from trio_rdp.graphics.pipeline.shown import Look, Shown
from trio_rdp.graphics.pipeline.strips import cut_strips
from trio_rdp.graphics.pipeline.tile_cache import TileCache, fill_tiles
from trio_rdp.graphics.pipeline.video import VideoArea, VideoAreas

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MAIN", "Context", "Decision", "Settings"]

MAIN: Final = 1
"""The surface that is the desktop."""

_FIRST_VIDEO: Final = 0x100
_MOVED: Final = 8
"""Blocks that must change before anything is taken for moved."""
_LIVELY: Final = 8
"""Blocks of a tile of 16 that change in a video; where a window passes, it is a row or a column of them."""
_TINY: Final = 4_096  # pixels of a rectangle that is looked at for one colour
_FEW: Final = 8  # rectangles of which each is


@dataclass(frozen=True, slots=True)
class Settings:
    """What a frame is to be sent with, as in `PipelineEncoder`."""

    usable: tuple[BitmapCodec, ...]
    codec: BitmapCodec | None
    quality: Quality
    percent: int
    max_video_bytes: int | None
    hints: Hints

    @property
    def choice(self) -> Choice:
        """The codecs for text, photographs and video."""
        return Choice.of(self.usable, self.codec, self.quality, self.percent)


@dataclass(slots=True, eq=False)
class Context:
    """What is known of one desktop of a client."""

    shown: Shown
    sent: SentBlocks
    parts: PartMaker
    cache: TileCache
    statistics: PipelineStatistics
    videos: VideoAreas
    refinement: Refinement
    photos: PhotoMap
    surfaces: dict[int, int] = field(default_factory=dict)
    """Of videos, by their keys."""

    def forget(self, rects: list[Rect]) -> None:
        """Take parts of the picture for never sent."""
        self.shown.forget(rects)
        self.sent.forget(rects)
        self.refinement.drop_passes(rects)

    def end_video(self, area: VideoArea, plan: FramePlan) -> None:
        """Delete the surface of a video, if it has one of its own."""
        surface = self.surfaces.pop(area.key, None)
        if surface is not None:
            plan.before.append(DeleteSurface(surface))

    def surface_of(self, area: VideoArea, plan: FramePlan) -> int:
        """The surface of a video, which is made now if it is new."""
        if area.is_main:
            return MAIN
        if area.key not in self.surfaces:
            taken = set(self.surfaces.values())
            surface = next(number for number in range(_FIRST_VIDEO, 0xFFFF) if number not in taken)
            self.surfaces[area.key] = surface
            plan.before.append(CreateSurface(surface, area.rect.width, area.rect.height))
        return self.surfaces[area.key]


class Decision:
    """The decisions of one frame, which fill a plan."""

    def __init__(
        self,
        context: Context,
        settings: Settings,
        plan: FramePlan,
        pixels: NDArray[np.uint8],
        look: Look,
        now: float,
        waiting: tuple[Rect, ...] = (),
    ) -> None:
        self._context = context
        self._settings = settings
        self._plan = plan
        self._pixels = pixels
        self._look = look
        self._now = now
        self._waiting = waiting
        """What was drawn, and is left for another frame."""
        self._shown = context.shown
        self._bounds = context.shown.bounds
        self._choice = settings.choice
        self._is_moving = False
        self._left = look.changed.copy()
        """The blocks that are still to be dealt with."""

    def decide(self) -> None:
        """Fill the plan, and take all of it for sent."""
        context, look, shown, now = self._context, self._look, self._shown, self._now
        changes = shown.tighten(cover(look.changed, self._bounds), look)
        area = sum(rect.area for rect in changes)
        kinds = self._kinds(area)
        sources, targets = self._copies(changes)
        self._is_moving = bool(targets)
        videos = self._videos(kinds, changes, sources + targets)
        overwritten = look.changed & ~_around(targets, self._left.shape)
        for one, _ in videos:
            overwritten[block_span(one.rect)] = False
        # Before anything is looked up in the cache, because what is kept now may push something out.
        kept = context.cache.keep_overwritten(shown, overwritten, now)
        tiles = per_tile(self._left) > 0
        filled = self._fills(tiles)
        self._left[_blocks_of(filled, self._left.shape)] = False
        drawn, cached = context.cache.draw(shown, look, tiles & ~filled)
        self._left[_blocks_of(cached, self._left.shape)] = False
        self._plan.before = [*kept, *self._plan.before, *drawn]
        shown.lossy[_blocks_of(filled | cached, self._left.shape)] = False
        context.refinement.drop_tiles(filled | cached)
        rest = shown.tighten(cover(self._left, self._bounds), look) if self._left.any() else []
        rest = subtract(rest, [one.rect for one, _ in videos] + targets)
        self._encode(rest, kinds)
        shown.commit(look, now)
        context.sent.commit(self._pixels, changes)
        context.forget(self._half_drawn(targets))
        if self._settings.codec is None or self._settings.codec.is_lossless:
            self._plan.after += context.cache.keep_repeated(shown, tiles & ~filled & ~cached)
        for one, rects in videos:
            self._show_video(one, rects)

    def _kinds(self, area: int) -> NDArray[np.uint8] | None:
        """What the tiles show that changed; None where all are alike."""
        if (area < choice.SMALL and not self._context.videos.areas and not self._settings.hints) or (
            self._choice.lossy is None and self._choice.video is None and not self._settings.hints
        ):
            return None
        wanted = per_tile(self._look.changed) > 1
        if self._settings.hints:
            wanted = per_tile(self._look.changed) > 0
        return choice.see_tiles(self._pixels, wanted, self._settings.hints, self._settings.usable)

    def _videos(
        self, kinds: NDArray[np.uint8] | None, changes: list[Rect], moved: list[Rect]
    ) -> list[tuple[VideoArea, list[Rect]]]:
        """Take out what goes as video: the areas, and the rectangles of each that changed.

        A photograph from which something moves away, or over which it comes, is no video for that.
        """
        context, videos = self._context, self._context.videos
        if self._choice.video is None:
            for area in videos.clear() if videos.areas else []:
                context.end_video(area, self._plan)
            return []
        if self._settings.codec is self._choice.video:
            main = videos.main(self._now)
            for area in [one for one in videos.areas if one is not main]:
                videos.areas.remove(area)
                context.end_video(area, self._plan)
        elif kinds is not None:
            tiles = per_tile(self._look.changed) > 1
            photos = (kinds == choice.PHOTO) & (per_tile(self._look.changed) >= _LIVELY)
            for rect in moved:
                photos[tile_span(rect)] = False
            ended = videos.update(self._look.changed, self._shown.touched, tiles, photos, changes, self._now)
            for area in ended:
                context.end_video(area, self._plan)
        found = []
        for area in videos.areas:
            rects = [part for rect in changes if not (part := rect.intersect(area.rect)).is_empty]
            if rects:
                area.surface_id = context.surface_of(area, self._plan)
                self._left[block_span(area.rect)] = False
                found.append((area, rects))
        return found

    def _copies(self, changes: list[Rect]) -> tuple[list[Rect], list[Rect]]:
        """Copy what moved, and take it out; gives from where and where to."""
        is_video = self._settings.codec is not None and self._settings.codec is self._choice.video
        left = self._left & ~_around([area.rect for area in self._context.videos.areas], self._left.shape)
        if is_video or int(left.sum()) < _MOVED:
            return [], []
        motion = self._context.sent.find(self._pixels, [rect for rect in changes if left[block_span(rect)].any()])
        if motion is None:
            return [], []
        before = self._shown.lossy.copy()
        targets = []
        for source, (x, y) in motion.copies:
            target = Rect(x, y, source.width, source.height)
            targets.append(target)
            self._plan.before.append(CopySurface(MAIN, MAIN, source, ((x, y),)))
            _move_loss(before, self._shown.lossy, source, target, self._bounds)
            self._left[inner_span(target, self._bounds)] = False
        self._context.refinement.drop_passes(targets)
        self._context.statistics.copies += len(targets)
        return [source for source, _ in motion.copies], targets

    def _half_drawn(self, targets: list[Rect]) -> list[Rect]:
        """The blocks of which the client shows neither what it did nor what is in the picture.

        Of a block that was drawn on outside of the damage, the hash promises too much; and where a copy comes to what
        waits, its block is no longer the old one, of which the next copies would be made.
        """
        drawn = [*cover(self._look.changed, self._bounds), *targets] if self._waiting else []
        both = (rect.aligned(BLOCK).intersect(one.aligned(BLOCK)) for rect in self._waiting for one in drawn)
        return [rect for rect in both if not rect.is_empty]

    def _fills(self, tiles: NDArray[np.bool_]) -> NDArray[np.bool_]:
        fills, filled = fill_tiles(MAIN, self._pixels, self._look, tiles, self._bounds)
        self._plan.before += fills
        self._context.statistics.fills += sum(len(fill.rects) for fill in fills)
        return filled

    def _encode(self, rects: list[Rect], kinds: NDArray[np.uint8] | None) -> None:
        """Have the rest encoded."""
        context, chosen = self._context, self._choice
        if chosen.lossless is BitmapCodec.CLEARCODEC and len(rects) <= _FEW:
            rects = self._plain_fills(rects)
        if not rects:
            return
        if self._settings.codec is not None and not self._settings.codec.is_lossless and chosen.lossy is not None:
            divided = {choice.PHOTO: rects}
        elif kinds is None:
            divided = {choice.TEXT: rects}
        else:
            whole = per_tile(self._look.changed) == (TILE // BLOCK) ** 2
            context.photos.learn(kinds == choice.PHOTO, whole & (kinds == choice.TEXT))
            divided = choice.divide(self._cut(rects, kinds), kinds, self._see_piece)
        for kind, some in divided.items():
            codec = self._settings.usable[kind - choice.CODECS] if kind >= choice.CODECS else chosen.lossless
            if kind == choice.PHOTO:
                codec = chosen.lossy or chosen.lossless
            if codec.is_lossless:
                self._plan.parts += context.parts.lossless(codec, self._pixels, some)
                self._exact(some)
            else:
                self._lossy(codec, some)

    def _cut(self, rects: list[Rect], kinds: NDArray[np.uint8]) -> list[Rect]:
        """Cut rectangles where photographs end, also within tiles that have only a part of one."""
        parts: list[Rect] = []
        far: list[Rect] = []
        for rect in rects:
            if not self._context.photos.is_near(rect):
                far.append(rect)
            elif min(rect.width, rect.height) < TILE or not (kinds[tile_span(rect)] == choice.PHOTO).any():
                parts.append(rect)
            else:
                whole, rest = split_whole([rect], self._bounds)
                parts += whole + rest
        return cut_strips(self._pixels, parts) + far

    def _see_piece(self, piece: Rect, kind: int) -> int:
        row, column = piece.top // TILE, piece.left // TILE
        if self._settings.hints and self._settings.hints.get(row, column) is not Content.AUTO:
            return kind
        if kind == choice.TEXT and not self._context.photos.is_near(piece):
            return kind
        seen = choice.see_piece(self._pixels, piece, kind)
        if seen == choice.PHOTO:
            self._context.photos.add(row, column)
        return seen

    def _plain_fills(self, rects: list[Rect]) -> list[Rect]:
        """Fill small rectangles of one colour, such as where a caret was; gives the others."""
        import numpy as np

        others = []
        for rect in rects:
            part = self._pixels[rect.top : rect.bottom, rect.left : rect.right].view(np.uint32)
            if rect.area <= _TINY and (part == part[0, 0]).all():
                self._plan.before.append(FillSurface(MAIN, self._pixels[rect.top, rect.left].tobytes(), (rect,)))
                self._context.statistics.fills += 1
                self._exact([rect])
            else:
                others.append(rect)
        return others

    def _lossy(self, codec: BitmapCodec, rects: list[Rect]) -> None:
        context = self._context
        self._plan.parts += context.parts.lossy(
            codec,
            self._pixels,
            rects,
            self._settings.quality,
            self._settings.percent,
            # What a window uncovers tile by tile, is sent again for each of its steps.
            passing=self._is_moving,
        )
        self._shown.set_lossy(rects)
        context.refinement.drop_passes(rects)
        if codec is BitmapCodec.PROGRESSIVE and context.parts.in_passes(self._settings.percent):
            context.refinement.begin_passes(rects)

    def _exact(self, rects: list[Rect]) -> None:
        self._shown.set_exact(rects)
        self._context.refinement.drop_passes(rects)

    def _show_video(self, area: VideoArea, rects: list[Rect]) -> None:
        context = self._context
        codec = area.codec if area.codec is not None and self._settings.codec is None else self._choice.video
        assert codec is not None
        area.codec = codec
        # FreeRDP (2.11.7) writes beyond its planes where rectangles of 4:4:4 have odd edges that are not the picture's.
        even = [rect.aligned(2).intersect(area.rect) for rect in rects]
        if area.is_main:
            rects = even
        self._plan.parts.append(
            context.parts.video(
                area,
                codec,
                self._pixels,
                even,
                self._settings.quality,
                self._settings.percent,
                self._settings.max_video_bytes,
            )
        )
        self._shown.set_lossy(rects)
        context.refinement.drop_passes(rects)
        context.statistics.video_pictures += 1
        if not area.is_main:
            self._plan.after += [
                CopySurface(
                    area.surface_id,
                    MAIN,
                    rect.moved(-area.rect.left, -area.rect.top),
                    ((rect.left, rect.top),),
                )
                for rect in rects
            ]


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
