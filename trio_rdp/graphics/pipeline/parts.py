"""The codecs of one desktop at work: rectangles become parts of a plan, which know how to encode themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

from trio_rdp.codecs import clearcodec_encoder, progressive_encoder, rfx
from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.codecs.view import View
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.areas import bands, count_tiles, pieces
from trio_rdp.graphics.pipeline.jobs import DrawProgressive, DrawSurface, PipelineCodec, PipelineJob
from trio_rdp.graphics.pipeline.margins import Margins, split_whole
from trio_rdp.graphics.pipeline.plan import Part

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trio_rdp.graphics.pipeline.video import VideoArea

__all__ = ["PartMaker"]

_PIECE: Final = 0x40000
"""Pixels of a part, at most: about 2 ms."""
_FEW: Final = 96
"""Rectangles of a message, for clients with `one_transform`."""
_ALONE: Final = (BitmapCodec.PLANAR, BitmapCodec.RAW)  # what remembers nothing
_CONTEXT: Final = 1

# From coarse to fine; `Quality.MEDIUM` is what FreeRDP and xrdp send.
_PROGRESSIVE: Final = (
    progressive_encoder.Quality.LOW,
    progressive_encoder.Quality.MEDIUM,
    progressive_encoder.Quality.HIGH,
    progressive_encoder.Quality.BEST,
)
_STEP: Final = {Quality.LOW: 0, Quality.MEDIUM: 2, Quality.HIGH: 3, Quality.BEST: 3}
_VIDEO: Final = {Quality.LOW: 45, Quality.MEDIUM: 68, Quality.HIGH: 82, Quality.BEST: 95}
_ROUGH: Final = 40
"""Below this per cent of the quality photographs come in passes."""
_LOWERED: Final = 70
"""Below this they come coarser."""


class PartMaker:
    """Makes parts for the surface `surface_id` of the size of `bounds`, with encoders that remember what was sent.

    `clear` is the session's, as the client's storages outlive a surface; `avc444` is the form that 4:4:4 has.  With
    `one_transform` all tiles of RemoteFX Progressive have the same, and a message of it few rectangles.
    """

    def __init__(
        self,
        surface_id: int,
        bounds: Rect,
        clear: clearcodec_encoder.Encoder,
        clock: Callable[[], float],
        avc444: PipelineCodec = PipelineCodec.AVC444V2,
        *,
        one_transform: bool = False,
    ) -> None:
        self._surface_id = surface_id
        self._one_transform = one_transform
        self._bounds = bounds
        self._clear = clear
        self._clock = clock
        self._avc444 = avc444
        self.contexts: set[int] = set()
        """The codec contexts that the client has for the surface."""
        self._progressive: progressive_encoder.Encoder | None = None
        self._margins: Margins | None = None
        self._remotefx: tuple[Quality, rfx.Encoder] | None = None

    def lossless(self, codec: BitmapCodec, pixels: NDArray[np.uint8], rects: Iterable[Rect]) -> list[Part]:
        """Have rectangles encoded by ClearCodec, planar, or not at all."""
        work = {
            BitmapCodec.CLEARCODEC: self._draw_clear,
            BitmapCodec.PLANAR: self._draw_planar,
            BitmapCodec.RAW: self._draw_raw,
        }[codec]
        order = None if codec in _ALONE else codec.value
        return [self._part(codec, piece, order, partial(work, pixels, piece)) for piece in pieces(rects, _PIECE)]

    def release(self) -> None:
        """Give back what only encoding what moves needs: up to a picture's memory."""
        self._margins = None

    def in_passes(self, percent: int) -> bool:
        """Whether photographs come rough first."""
        return percent < _ROUGH

    def lossy(
        self,
        codec: BitmapCodec,
        pixels: NDArray[np.uint8],
        rects: Iterable[Rect],
        quality: Quality,
        percent: int,
        *,
        passing: bool = False,
    ) -> list[Part]:
        """Have rectangles encoded by RemoteFX Progressive or RemoteFX; with `passing` the former makes them coarser."""
        if codec is BitmapCodec.REMOTEFX:
            work: Callable[[NDArray[np.uint8], list[Rect]], list[PipelineJob]] = partial(
                self._draw_remotefx, _lowered(quality, percent)
            )
        else:
            in_passes = self.in_passes(percent)
            # The first of several passes takes the same at every quality.
            step = _STEP[quality] if in_passes else max(_STEP[quality] - (percent < _LOWERED or passing), 0)
            work = partial(self._draw_progressive, _PROGRESSIVE[step], in_passes)
        # "Tiles are not repeated" in one frame ([MS-RDPEGFX] 2.2.4.2.1.5).
        cut = pieces if codec is BitmapCodec.REMOTEFX else bands
        return [self._part(codec, piece, codec.value, partial(work, pixels, piece)) for piece in cut(rects, _PIECE)]

    def upgrade(self, rects: list[Rect]) -> Part:
        """Have the next pass of whole tiles encoded."""
        return self._part(BitmapCodec.PROGRESSIVE, rects, BitmapCodec.PROGRESSIVE.value, partial(self._upgrade, rects))

    def video(
        self,
        area: VideoArea,
        codec: BitmapCodec,
        pixels: NDArray[np.uint8],
        rects: list[Rect],
        quality: Quality,
        percent: int,
        max_bytes: int | None,
    ) -> Part:
        """Have a picture of a video encoded, of which `rects` are to be shown."""
        level = max(_VIDEO[quality] * (50 + percent // 2) // 100, 1)
        work = partial(self._draw_video, area, codec, pixels, rects, level, max_bytes)
        # What changed is what costs; the rest of the picture is hardly looked at.
        return self._part(codec, rects, f"video {area.key}", work)

    def _part(
        self, codec: BitmapCodec, rects: list[Rect], order: str | None, work: Callable[[], list[PipelineJob]]
    ) -> Part:
        return Part(codec, count_tiles(rects), sum(rect.area for rect in rects), order, work, self._clock)

    def _draw_clear(self, pixels: NDArray[np.uint8], rects: list[Rect]) -> list[PipelineJob]:
        whole = View.of(pixels)
        return [
            DrawSurface(self._surface_id, PipelineCodec.CLEARCODEC, rect, self._clear.encode(whole.part(*_plain(rect))))
            for rect in rects
        ]

    def _draw_planar(self, pixels: NDArray[np.uint8], rects: list[Rect]) -> list[PipelineJob]:
        from trio_rdp.codecs import planar

        data = planar.compress_all(View.of(pixels), [_plain(rect) for rect in rects], top_down=True)
        return [
            DrawSurface(self._surface_id, PipelineCodec.PLANAR, rect, one)
            for rect, one in zip(rects, data, strict=True)
        ]

    def _draw_raw(self, pixels: NDArray[np.uint8], rects: list[Rect]) -> list[PipelineJob]:
        return [
            DrawSurface(
                self._surface_id,
                PipelineCodec.UNCOMPRESSED,
                rect,
                pixels[rect.top : rect.bottom, rect.left : rect.right].tobytes(),
            )
            for rect in rects
        ]

    def _draw_progressive(
        self,
        quality: progressive_encoder.Quality,
        in_passes: bool,
        pixels: NDArray[np.uint8],
        rects: list[Rect],
    ) -> list[PipelineJob]:
        if self._progressive is None:
            width, height = self._bounds.width, self._bounds.height
            self._progressive = progressive_encoder.Encoder(width, height, reduce_extrapolate=self._one_transform)
        whole, rest = split_whole(rects, self._bounds)
        sources = [(pixels, whole)]
        if rest:
            self._margins = self._margins or Margins(self._bounds.width, self._bounds.height)
            sources.append((self._margins.smooth(pixels, rest), rest))
        jobs: list[PipelineJob] = []
        for source, all_of_it in sources:
            for some in _few(all_of_it) if self._one_transform else (all_of_it,):
                places = map(_plain, some)
                data = self._progressive.encode(View.of(source), places, quality=quality, progressive=in_passes)
                if data:
                    self.contexts.add(_CONTEXT)
                    jobs.append(DrawProgressive(self._surface_id, _CONTEXT, data))
        return jobs

    def _upgrade(self, rects: list[Rect]) -> list[PipelineJob]:
        data = self._progressive.upgrade(map(_plain, rects)) if self._progressive is not None else b""
        return [DrawProgressive(self._surface_id, _CONTEXT, data)] if data else []

    def _draw_remotefx(self, quality: Quality, pixels: NDArray[np.uint8], rects: list[Rect]) -> list[PipelineJob]:
        if self._remotefx is None or self._remotefx[0] is not quality:
            # A stream of its own: it begins with headers, and those make a decoder forget the one before.
            self._remotefx = quality, rfx.Encoder(self._bounds.width, self._bounds.height, quantization=quality)
        data = self._remotefx[1].encode(View.of(pixels), map(_plain, rects))
        return [DrawSurface(self._surface_id, PipelineCodec.REMOTEFX, self._bounds, data)]

    def _draw_video(
        self,
        area: VideoArea,
        codec: BitmapCodec,
        pixels: NDArray[np.uint8],
        rects: list[Rect],
        quality: int,
        max_bytes: int | None,
    ) -> list[PipelineJob]:
        from trio_rdp.codecs import avc

        place = area.rect
        wire = PipelineCodec.AVC420 if codec is BitmapCodec.AVC420 else self._avc444
        if area.encoder is None or area.encoded is not codec:
            mode = {
                PipelineCodec.AVC420: avc.Mode.AVC420,
                PipelineCodec.AVC444: avc.Mode.AVC444,
                PipelineCodec.AVC444V2: avc.Mode.AVC444V2,
            }[wire]
            area.encoder, area.encoded = avc.Encoder(place.width, place.height, mode), codec
        area.encoder.quality = quality
        area.encoder.max_bytes = max_bytes
        data = area.encoder.encode(
            View.of(pixels, *_plain(place)),
            [
                (rect.left - place.left, rect.top - place.top, rect.right - place.left, rect.bottom - place.top)
                for rect in rects
            ],
        )
        return [DrawSurface(area.surface_id, wire, Rect(0, 0, place.width, place.height), data)]


def _few(rects: Iterable[Rect]) -> Iterator[list[Rect]]:
    """Rectangles in lists of few, of which no two touch the same tile.

    IronRDP's client (2026) compares each rectangle with each tile of the frame, a million times at most.
    """
    few: list[Rect] = []
    for row in bands(rects, 0):
        if few and len(few) + len(row) > _FEW:
            yield few
            few = []
        few += row
    if few:
        yield few


def _plain(rect: Rect) -> tuple[int, int, int, int]:
    return rect.left, rect.top, rect.width, rect.height


def _lowered(quality: Quality, percent: int) -> Quality:
    return Quality(max(quality - (percent < _LOWERED) - (percent < _ROUGH), 0))
