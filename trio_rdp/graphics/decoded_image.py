"""The client's picture of the desktop: paint jobs go in, damage and snapshots come out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.codecs.view import Place, View
from trio_rdp.graphics.drawing import Bitmaps, Drawing
from trio_rdp.graphics.geometry import Rect, check_size
from trio_rdp.graphics.jobs import (
    BeginFrame,
    Compression,
    DrawBitmaps,
    DrawSurfaceBits,
    EndFrame,
    PaintJob,
    ResetCodecs,
    ResetPipeline,
    SetPalette,
)
from trio_rdp.graphics.pipeline.desktop import Desktop
from trio_rdp.graphics.pipeline.jobs import (
    DeleteSurface,
    EndPipelineFrame,
    MapSurface,
    MapSurfaceToWindow,
    PipelineJob,
    ResetGraphics,
    UnmapSurface,
)
from trio_rdp.graphics.pipeline.surface import black
from trio_rdp.graphics.pipeline.surfaces import Surfaces
from trio_rdp.graphics.surface_bits import SurfaceDecoders
from trio_rdp.pdu.bitmap_codecs import CodecId
from trio_rdp.wire.errors import DecodeError, InvalidField

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

__all__ = ["DecodedImage", "black"]

# Bitmaps are padded, and those of tiles stand over the picture's edges: nothing of that is larger than these allow.
_TILE: Final = 64
_LEAST_ROOM: Final = 1 << 20  # pixels

_GREY_PALETTE = b"".join(bytes((i, i, i, 255)) for i in range(256))


class DecodedImage:
    """A picture of `width` x `height` pixels, at first black, on which paint jobs draw.

    `format` is what `snapshot` and `tobytes` give unless they are told otherwise.  A new picture has the default
    palette, shades of grey.  H.264 may be decoded in as many as `threads`.  `shown` copies
    the picture as it was before a frame of the graphics pipeline, for who shows whole frames only.
    """

    def __init__(
        self,
        width: int,
        height: int,
        format: PixelFormat = PixelFormat.BGRA32,  # noqa: A002
        *,
        threads: int = 1,
        shown: Callable[[], NDArray[np.uint8]] | None = None,
    ) -> None:
        check_size(width, height)
        self.format = format
        self._desktop = Desktop(width, height)
        self._palette = _GREY_PALETTE
        self._surface_decoders = SurfaceDecoders()
        self._threads = threads
        self._shown = shown
        self.surfaces: Surfaces = Surfaces(threads=threads)
        """Those of the graphics pipeline."""
        self._has_size_of_frame = False

    @property
    def width(self) -> int:
        """In pixels."""
        return self._desktop.width

    @property
    def height(self) -> int:
        """In pixels."""
        return self._desktop.height

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The picture itself: uint8 (height, width, 4), B G R and an alpha of 255; made when first looked at.

        Another array after jobs of the graphics pipeline: where one of its surfaces is the whole desktop, its pixels
        are these.  Then, up to the end of a frame, what was drawn of it is seen here already.
        """
        return self._desktop.pixels

    @property
    def bounds(self) -> Rect:
        """The whole picture."""
        return Rect(0, 0, self.width, self.height)

    @property
    def palette(self) -> NDArray[np.uint8]:
        """A copy of the session's palette, uint8 (256, 4), B G R and 255: pointers of 8 bits per pixel need it."""
        import numpy as np

        return np.frombuffer(self._palette, np.uint8).reshape(256, 4)

    def apply(self, job: PaintJob) -> list[Rect]:
        """Run one job; give the rectangles of the picture that it may have changed.

        What is drawn in a frame of the graphics pipeline is seen, and given here, at its `EndPipelineFrame`, outside of
        frames at once, and a surface that is mapped then with them.  After a `ResetGraphics` the picture may have
        another size, and is black then.

        What lies outside the picture is not drawn.  Raises `DecodeError` when the data are no such bitmap, for codecs
        that are not there, and for bitmaps that are compressed and larger than both the picture, with its sides rounded
        up to 64 pixels, and 1,048,576 pixels; what stood before the faulty bitmap or tile may be drawn then.  Jobs of
        the graphics pipeline raise it also for what is forbidden there; to go on then, it takes a `ResetPipeline`.
        """
        damage = self.start(job).finish()
        return [*damage, *self.compose().finish()] if self.is_due else damage

    def start(self, job: PaintJob) -> Drawing:
        """Do what of a job must be done in order; the tiles that are left may be drawn in several threads at once.

        Raises as `apply` does.
        """
        match job:
            case DrawBitmaps():
                self._desktop.separate(self._shown_before)
                return self._start_bitmaps(job)
            case DrawSurfaceBits():
                self._desktop.separate(self._shown_before)
                return self._start_surface_bits(job)
            case SetPalette(entries):
                self._set_palette(entries)
            case ResetCodecs():
                self._surface_decoders.reset()
            case ResetPipeline(limits=limits, kept=kept):
                self._desktop.map_anew(self._shown_before)
                self.surfaces = Surfaces(limits, kept, threads=self._threads, counts=self.surfaces.counts)
            case BeginFrame() | EndFrame():
                pass
            case _:
                return self._start_pipeline(job)
        return Drawing()

    def _start_pipeline(self, job: PipelineJob) -> Drawing:
        if isinstance(job, ResetGraphics):
            self._check_desktop(job.width, job.height)
        drawing = self.surfaces.start(job)
        match job:
            case ResetGraphics(width=width, height=height):
                # As long as the size is the same, the picture may as well stay: what follows takes its place unseen.
                if (width, height) != (self.width, self.height):
                    self._desktop = Desktop(width, height)
                    _ = self._desktop.pixels  # made here, whose cost is known
                    self._has_size_of_frame = self.surfaces.in_frame
                    self._check_overlap()
            case MapSurface() | MapSurfaceToWindow() | UnmapSurface() | DeleteSurface():
                self._desktop.map_anew(self._shown_before)
                if isinstance(job, MapSurface):
                    self._check_overlap()
            case EndPipelineFrame():
                self._has_size_of_frame = False
                return self.compose()
        return drawing

    def _check_desktop(self, width: int, height: int) -> None:
        limits = self.surfaces.limits
        try:
            check_size(width, height)
        except ValueError as exc:
            raise DecodeError(str(exc)) from exc
        if max(width, height) > limits.desktop_side or width * height > limits.desktop_pixels:
            raise DecodeError(
                f"a desktop of {width}x{height} pixels, of at most {limits.desktop_side} a side and"
                f" {limits.desktop_pixels} in all"
            )

    def _check_overlap(self) -> None:
        """Refuse surfaces that lie upon each other many times: all of them are drawn to show a picture."""
        most = self.surfaces.limits.overlap
        if self.surfaces.covered(self.bounds) > most * self.bounds.area:
            raise DecodeError(f"surfaces cover the desktop more than {most} times")

    @property
    def _shown_before(self) -> Callable[[], NDArray[np.uint8]] | None:
        """What was seen before the frame that is open; None outside of frames, as the picture is seen then."""
        return self._shown if self.surfaces.in_frame else None

    @property
    def is_due(self) -> bool:
        """Whether something was drawn outside of the graphics pipeline's frames that is not shown yet."""
        return self.surfaces.is_due and not self.surfaces.in_frame

    def compose(self) -> Drawing:
        """Show what has changed on the surfaces of the graphics pipeline.

        The drawing is to be drawn when all that was begun before is.  An `EndPipelineFrame` does this, and `apply`
        where it `is_due`.
        """
        self.surfaces.is_due = False
        return self._desktop.compose(self.surfaces.on_desktop)

    def window(self, window_id: int) -> NDArray[np.uint8] | None:
        """Copy what surfaces hold for a window of a remote program now: uint8 (height, width, 4), B G R and opacity.

        None where no surface is mapped to it.
        """
        return self.surfaces.window(window_id)

    def _start_bitmaps(self, job: DrawBitmaps) -> Drawing:
        found: list[bytes] = []
        places: list[Place] = []
        for bitmap in job.bitmaps:
            # The bounds are inclusive; in the wrong order they show nothing.
            right, bottom = bitmap.dest_right + 1, bitmap.dest_bottom + 1
            place = self._place(bitmap.dest_left, bitmap.dest_top, right, bottom, bitmap.width, bitmap.height)
            if place[2] and place[3] and job.compression is not Compression.RAW:
                self._check_room(bitmap.width, bitmap.height)
            data = bitmap.bitmap_data_stream
            if bitmap.bitmap_compr_hdr is not None:
                data = data[: bitmap.bitmap_compr_hdr.cb_comp_main_body_size]
            found.append(data)
            places.append(place)
        return self._draw_bitmaps(job.compression, job.bits_per_pixel, found, places)

    def _draw_bitmaps(
        self, compression: Compression, bits_per_pixel: int, found: list[bytes], places: list[Place]
    ) -> Drawing:
        decode: Callable[[Sequence[bytes], Sequence[Place], View], None]
        if compression is Compression.PLANAR:
            from trio_rdp.codecs import planar

            decode = planar.decompress_all
        elif compression is Compression.INTERLEAVED:
            from trio_rdp.codecs import interleaved_rle

            _check_depth(bits_per_pixel, (8, 15, 16, 24))
            decode = partial(interleaved_rle.decompress_all, bits_per_pixel=bits_per_pixel, palette=self._palette)
        else:
            from trio_rdp.codecs import pixels

            _check_depth(bits_per_pixel, (8, 15, 16, 24, 32))
            decode = partial(pixels.draw_raw_all, bits_per_pixel=bits_per_pixel, palette=self._palette)
        drawn = Bitmaps(decode, found, places)
        return Drawing(drawn.damage, drawn, View.of(self.pixels))

    def _start_surface_bits(self, job: DrawSurfaceBits) -> Drawing:
        if job.codec_id == CodecId.REMOTEFX:
            (command,) = job.commands
            bitmap = command.bitmap_data
            target = Rect(command.dest_left, command.dest_top, bitmap.width, bitmap.height).intersect(self.bounds)
            if target.is_empty:
                target = Rect(0, 0, 0, 0)
            view = View.of(self.pixels, target.left, target.top, target.width, target.height)
            return self._surface_decoders.start_remotefx(bitmap.bitmap_data, view)
        found: list[bytes] = []
        places: list[Place] = []
        for command in job.commands:
            # destRight and destBottom "SHOULD be ignored" ([MS-RDPBCGR] 2.2.9.2.1).
            left, top, bitmap = command.dest_left, command.dest_top, command.bitmap_data
            if job.codec_id == CodecId.NONE:
                _check_depth(bitmap.bpp, (32,))
            else:
                self._check_room(bitmap.width, bitmap.height)
            found.append(bitmap.bitmap_data)
            places.append(self._place(left, top, left + bitmap.width, top + bitmap.height, bitmap.width, bitmap.height))
        if job.codec_id == CodecId.NONE:
            # Pixels as they are lie bottom-up here too: so weston 10 sends them, and so FreeRDP 2.11 draws them.
            return self._draw_bitmaps(Compression.RAW, 32, found, places)
        return self._surface_decoders.start(job.codec_id, found, places, View.of(self.pixels))

    def _place(self, left: int, top: int, right: int, bottom: int, width: int, height: int) -> Place:
        """The place of a bitmap between edges on the picture; nothing is shown where a size is 0."""
        shown = max(min(right, left + width, self.width) - left, 0)
        rows = max(min(bottom, top + height, self.height) - top, 0)
        return left, top, shown, rows, width, height

    def _check_room(self, width: int, height: int) -> None:
        """Refuse a bitmap that takes far more memory than the picture does.

        Codecs decode all of a bitmap, whatever is drawn of it: its rows come from the bottom and build on each other,
        and its planes come one behind the other.  A few bytes can be millions of pixels.
        """
        if width * height > max(self.bounds.aligned(_TILE).area, _LEAST_ROOM):
            raise DecodeError(f"a bitmap of {width}x{height} pixels for a picture of {self.width}x{self.height}")

    def _set_palette(self, entries: bytes) -> None:
        import numpy as np

        colors = np.frombuffer(entries[: len(entries) // 3 * 3], np.uint8).reshape(-1, 3)[:256]
        palette = np.frombuffer(self._palette, np.uint8).reshape(256, 4).copy()
        palette[: len(colors), :3] = colors[:, ::-1]
        self._palette = palette.tobytes()

    def resize(self, width: int, height: int) -> None:
        """Start again with a black picture of another size; the palette stays, what codecs remember does not.

        The graphics pipeline is a channel of its own and stays as it is; its surfaces are shown again when its next
        frame ends.
        """
        check_size(width, height)
        self._surface_decoders.reset()
        self._desktop = Desktop(width, height)

    def resized(self, width: int, height: int) -> DecodedImage:
        """Give a black picture of another size that goes on with this one's palette and surfaces.

        A thread may be drawing on this one meanwhile.
        """
        image = DecodedImage(width, height, self.format, threads=self._threads, shown=self._shown)
        image._palette = self._palette
        image.surfaces = self.surfaces
        return image

    def drop_pipeline(self, shown: Callable[[], NDArray[np.uint8]]) -> None:
        """Forget the surfaces of the graphics pipeline in the middle of a frame, and what was drawn of it.

        `shown` gives what is to be seen instead, where that is not known here.
        """
        if self._desktop.surface is not None or self._has_size_of_frame:
            pixels = shown()
            self._desktop = Desktop(pixels.shape[1], pixels.shape[0])
            self._desktop.replace(pixels)
        self._desktop.map_anew()
        self.surfaces = Surfaces(threads=self._threads, counts=self.surfaces.counts)

    def snapshot(self, format: PixelFormat | None = None) -> NDArray[np.uint8]:  # noqa: A002
        """Give a copy, uint8 (height, width, bytes per pixel)."""
        from trio_rdp.graphics.depths import to_format

        return to_format(self.pixels, self.format if format is None else format)

    def tobytes(self, format: PixelFormat | None = None) -> bytes:  # noqa: A002
        """Give a copy as bytes, top row first, without gaps."""
        return self.snapshot(format).tobytes()

    def to_image(self) -> Image.Image:
        """Give a copy as a Pillow image; raise `RuntimeError` when Pillow is not installed."""
        from trio_rdp.graphics.image_file import to_image

        return to_image(self.pixels)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file, in the format of the name's suffix; raise as `to_image` does."""
        from trio_rdp.graphics.image_file import save_image

        save_image(self.pixels, path)


def _check_depth(bits_per_pixel: int, known: tuple[int, ...]) -> None:
    if bits_per_pixel not in known:
        raise InvalidField(f"a bitmap of {bits_per_pixel} bits per pixel", field="bitsPerPixel")
