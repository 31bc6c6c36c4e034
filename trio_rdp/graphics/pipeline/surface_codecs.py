"""Drawing bitmaps of every codec of the graphics pipeline on surfaces, with what the codecs remember."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from trio_rdp.codecs.view import Place, View
from trio_rdp.graphics.drawing import Bitmaps, Drawing, Step, Tiles, cells, few
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.jobs import DrawProgressive, DrawSurface, PipelineCodec
from trio_rdp.graphics.pipeline.surface import Surface
from trio_rdp.wire.errors import DecodeError, InvalidField

if TYPE_CHECKING:
    from trio_rdp.codecs import avc, clearcodec, progressive, rfx

__all__ = ["SurfaceCodecs"]

_LEAST_ROOM: Final = 1 << 20  # pixels
_TILE: Final = 64
_MACROBLOCK: Final = 16
_MOST_BROKEN: Final = 64
"""Pictures of H.264 in a row that cannot be decoded: more are an error."""
_IN_ORDER: Final = -1  # a place that all pictures of one decoder have, so that they are drawn one after the other


class SurfaceCodecs:
    """The decoders of one session; those that belong to a surface are kept there.

    All surfaces for which a codec remembers pictures have at most `context_pixels`.  H.264 is decoded with as many
    `threads` as a picture has slices for.
    """

    def __init__(self, context_pixels: int, threads: int) -> None:
        self.pixels: int = 0
        """Of the surfaces for which a codec remembers pictures."""
        self._most_pixels = context_pixels
        self._threads = threads
        self._clearcodec: clearcodec.Decoder | None = None
        self._remotefx: rfx.Decoder | None = None
        self._progressive: dict[int, progressive.Decoder] = {}  # by the surface

    def begin_frame(self) -> None:
        """Say that a frame begins, which RemoteFX Progressive heeds."""
        for decoder in self._progressive.values():
            decoder.begin_frame()

    def forget(self, surface: Surface) -> None:
        """Forget what codecs remember of a surface."""
        for decoder in (surface.avc, surface.progressive):
            self.pixels -= surface.area if decoder else 0
        surface.avc = surface.progressive = None
        self._progressive.pop(surface.surface_id, None)

    def start(self, job: DrawSurface, surface: Surface) -> Drawing:
        """Take a bitmap to be drawn; what it will change is added to the surface's damage.

        What lies outside the surface is not drawn.  Raises `DecodeError`.
        """
        match job.codec:
            case PipelineCodec.AVC420 | PipelineCodec.AVC444 | PipelineCodec.AVC444V2:
                return self._start_avc(job, surface)
            case PipelineCodec.REMOTEFX:
                return self._start_remotefx(job, surface)
            case PipelineCodec.CLEARCODEC:
                return self._start_clearcodec(job, surface)
            case PipelineCodec.ALPHA:
                return self._start_alpha(job, surface)
            case PipelineCodec.UNCOMPRESSED | PipelineCodec.PLANAR:
                return self._start_bitmap(job, surface)
        raise InvalidField(f"no codec has the number {int(job.codec)}", field="codecId")

    def start_progressive(self, job: DrawProgressive, surface: Surface) -> Drawing:
        """Take a message of RemoteFX Progressive; raises `DecodeError`.

        Its contexts share what is known of a surface's tiles: differences to what another context has drawn are allowed
        ("MUST be preserved [...] until the off-screen surface [...] has been deleted", [MS-RDPEGFX] 3.3.1.3).
        """
        if surface.progressive is None:
            from trio_rdp.codecs import progressive

            self._reserve(surface)
            surface.progressive = progressive.Decoder(surface.width, surface.height)
            surface.progressive.begin_frame()
            self._progressive[surface.surface_id] = surface.progressive
        picture = surface.progressive.read(job.data)
        return _drawing(surface, [Rect(*rect) for rect in picture.rects], _ProgressiveTiles(picture), surface.view())

    def _reserve(self, surface: Surface) -> None:
        """Count a surface for which a codec remembers pictures."""
        if self.pixels + surface.area > self._most_pixels:
            raise DecodeError(f"codec contexts of {self.pixels + surface.area} pixels, of at most {self._most_pixels}")
        self.pixels += surface.area

    def _start_bitmap(self, job: DrawSurface, surface: Surface) -> Drawing:
        """Take a bitmap that stands alone."""
        _check_room(job, surface)
        is_planar = job.codec is PipelineCodec.PLANAR
        seen = job.rect.intersect(surface.bounds)
        place = (seen.left, seen.top, seen.width, seen.height, job.rect.width, job.rect.height)
        picture = Bitmaps(_draw_planar if is_planar else _draw_uncompressed, [job.data], [place])
        return _drawing(surface, [seen], picture, surface.view())

    def _start_remotefx(self, job: DrawSurface, surface: Surface) -> Drawing:
        if self._remotefx is None:
            from trio_rdp.codecs import rfx

            self._remotefx = rfx.Decoder()
        picture = self._remotefx.read(job.data)
        seen = job.rect.intersect(surface.bounds)
        rects = [
            Rect(x, y, width, height).moved(job.rect.left, job.rect.top).intersect(seen)
            for x, y, width, height in picture.rects
        ]
        return _drawing(surface, rects, picture, surface.view(job.rect))

    def _start_clearcodec(self, job: DrawSurface, surface: Surface) -> Drawing:
        # Decoded whatever is seen of it: later bitmaps build on what it stores.
        _check_room(job, surface)
        if self._clearcodec is None:
            from trio_rdp.codecs import clearcodec

            self._clearcodec = clearcodec.Decoder()
        seen = job.rect.intersect(surface.bounds)
        view, width, height = surface.view(job.rect), job.rect.width, job.rect.height
        work = partial(self._clearcodec.decode_into, job.data, view, width, height)
        return _drawing(surface, [seen], Step(work), view)

    def _start_alpha(self, job: DrawSurface, surface: Surface) -> Drawing:
        from trio_rdp.codecs import alpha

        _check_room(job, surface)
        seen = job.rect.intersect(surface.bounds)
        # A surface without opacity has nothing that could change.
        if seen.is_empty or not surface.has_alpha:
            return Drawing()
        surface.add_damage(seen)
        view = surface.view(job.rect)
        return Drawing([], Step(partial(alpha.decompress_into, job.data, view, job.rect.width, job.rect.height)))

    def _start_avc(self, job: DrawSurface, surface: Surface) -> Drawing:
        from trio_rdp.codecs import avc

        # The region's rectangles lie in the surface, not in `rect`: so all peers have it.
        rects = _regions(job)
        if surface.avc is None:
            if not _has_h264():
                raise DecodeError('H.264 needs PyAV: pip install "trio-rdp[h264]"')
            self._reserve(surface)
            room = surface.bounds.aligned(_TILE).area
            surface.avc = avc.Decoder(threads=self._threads, max_pixels=room)
        mode = {
            PipelineCodec.AVC420: avc.Mode.AVC420,
            PipelineCodec.AVC444: avc.Mode.AVC444,
            PipelineCodec.AVC444V2: avc.Mode.AVC444V2,
        }[PipelineCodec(job.codec)]
        rects = [seen for rect in rects if not (seen := rect.intersect(surface.bounds)).is_empty]
        # There may be 32,768 of them, each as large as the surface.
        picture = _AvcPicture(surface, surface.avc, job.data, mode, few(rects))
        return _drawing(surface, rects, picture, surface.view())


def _drawing(surface: Surface, rects: list[Rect], picture: Tiles | Step, view: View) -> Drawing:
    """Make a drawing of colours on rectangles of a surface, which keeps its opacity."""
    rects = [rect for rect in rects if not rect.is_empty]
    for rect in rects:
        surface.add_damage(rect)
    if not surface.has_alpha:
        return Drawing([], picture, view, surface.surface_id)
    # "only the red, green, and blue channels SHOULD be copied to the target surface" (3.3.5.1), and codecs write four.
    work = partial(picture.draw, view, 0, picture.tile_count)
    return Drawing([], Step(partial(_keeping_alpha, surface, rects, work)))


def _keeping_alpha(surface: Surface, rects: list[Rect], draw: Callable[[], None]) -> None:
    box = functools.reduce(Rect.union, rects, Rect(0, 0, 0, 0))
    alpha = surface.pixels[box.top : box.bottom, box.left : box.right, 3]
    before = alpha.copy()
    try:
        draw()
    finally:
        alpha[:] = before


def _check_room(job: DrawSurface, surface: Surface) -> None:
    """Refuse a bitmap that is larger than its surface and would take memory for that: a few bytes can be millions."""
    if job.rect.area > max(surface.area, _LEAST_ROOM):
        raise DecodeError(f"a bitmap of {job.rect.width}x{job.rect.height} for {surface.width}x{surface.height} pixels")


def _draw_uncompressed(bitmaps: Sequence[bytes], places: Sequence[Place], view: View) -> None:
    from trio_rdp.codecs import pixels

    for data, (x, y, shown, rows, width, height) in zip(bitmaps, places, strict=True):
        pixels.draw_raw(data, view.part(x, y, shown, rows), width, height, 32, top_down=True)


def _draw_planar(bitmaps: Sequence[bytes], places: Sequence[Place], view: View) -> None:
    from trio_rdp.codecs import planar

    for data, (x, y, shown, rows, width, height) in zip(bitmaps, places, strict=True):
        planar.decompress_into(data, view.part(x, y, shown, rows), width, height, top_down=True)


def _regions(job: DrawSurface) -> list[Rect]:
    """Say what a picture of H.264 will change, which stands before it."""
    from trio_rdp.codecs.avc_frames import Avc420BitmapStream, Avc444BitmapStream

    if job.codec is PipelineCodec.AVC420:
        streams = [Avc420BitmapStream.decode(job.data)]
    else:
        both = Avc444BitmapStream.decode(job.data)
        streams = [both.avc420_encoded_bitstream1]
        if both.avc420_encoded_bitstream2 is not None:
            streams.append(both.avc420_encoded_bitstream2)
    found = {rect: None for stream in streams for rect in stream.avc420_meta_data.region_rects}
    return [Rect.from_edges(*rect) for rect in found]


@functools.cache
def _has_h264() -> bool:
    from trio_rdp.codecs import avc

    return avc.is_available()


class _ProgressiveTiles:
    """A message of RemoteFX Progressive: its tiles may be drawn beside each other, but not beside another message's."""

    def __init__(self, picture: progressive.Picture) -> None:
        self._picture = picture
        self.tile_count: int = picture.tile_count

    @functools.cached_property
    def places(self) -> set[int]:
        return {_IN_ORDER, *cells(Rect(*rect) for rect in self._picture.rects)}

    def ranges(self, count: int) -> list[tuple[int, int]]:
        return self._picture.ranges(count)

    def draw(self, view: View | None, first: int = 0, last: int | None = None) -> None:
        assert view is not None
        self._picture.draw(view, first, last)


class _AvcPicture:
    """A picture of H.264, which is drawn as a whole; those of other surfaces may be drawn at the same time."""

    def __init__(self, surface: Surface, decoder: avc.Decoder, data: bytes, mode: avc.Mode, rects: list[Rect]) -> None:
        self._surface = surface
        self._decoder = decoder
        self._data = data
        self._mode = mode
        self._rects = rects
        self.tile_count: int = 1

    @functools.cached_property
    def places(self) -> set[int]:
        return {_IN_ORDER, *cells(self._rects)}

    def ranges(self, count: int) -> list[tuple[int, int]]:
        return [(0, 1)]

    def draw(self, view: View | None, first: int = 0, last: int | None = None) -> None:
        assert view is not None
        if first != 0 or last == 0:
            return
        try:
            self._decoder.decode_into(self._data, view, self._mode)
        except DecodeError:
            # Windows (8.1) sends pictures that are broken, says FreeRDP (issue 2850), which passes over all of them.
            self._surface.avc_failures += 1
            if self._surface.avc_failures > _MOST_BROKEN:
                raise
        else:
            self._surface.avc_failures = 0
