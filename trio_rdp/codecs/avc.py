"""H.264 pictures in YUV 4:2:0 (AVC420) and 4:4:4 (AVC444, AVC444v2), [MS-RDPEGFX] 3.3.8.3, decoded and encoded by PyAV.

PyAV comes with the extra `h264`: its wheels hold FFmpeg's decoder and libx264, which is under the GPL.  It is imported
at the first picture.
"""

from __future__ import annotations

import enum
import importlib
import importlib.util
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from trio_rdp.codecs import color
from trio_rdp.codecs.avc_frames import (
    Avc420BitmapStream,
    Avc420Metablock,
    Avc420QuantQuality,
    Avc444BitmapStream,
    Rectangle,
    Subframes,
)
from trio_rdp.codecs.color import Yuv
from trio_rdp.codecs.status import MAX_PIXELS
from trio_rdp.codecs.view import View
from trio_rdp.wire.errors import DecodeError, InvalidField

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["MAX_OVERDRAW", "Decoder", "Encoder", "Mode", "is_available"]

MAX_OVERDRAW: Final = 4
"""How many times a picture the rectangles of one frame may cover in all; peers' do not lie upon each other."""

_MACROBLOCK: Final = 16
_TICK: Final = Fraction(1, 30)  # libx264 wants one; without rate control it means nothing


class Mode(enum.Enum):
    """How a picture's chroma travels; the values are the versions of the auxiliary view, 0 where there is none."""

    AVC420 = 0
    AVC444 = 1
    AVC444V2 = 2


def is_available() -> bool:
    """Whether PyAV is installed; it is not imported."""
    return importlib.util.find_spec("av") is not None


def _import_av() -> Any:
    try:
        return importlib.import_module("av")
    except ModuleNotFoundError as exc:
        raise ModuleNotFoundError('H.264 needs PyAV: pip install "trio-rdp[h264]"', name=exc.name) from exc


class Decoder:
    """The H.264 of one surface: pictures follow from those before, so they must be given in order.

    `max_pixels` is the largest picture that a stream may announce.  `reverse_filter` says that the main view of AVC444
    has the means of four chroma samples, as the document wants it; Microsoft's own test streams of AVC444v2 have every
    fourth sample instead.  FFmpeg's context is made at the first picture.
    """

    def __init__(self, *, threads: int = 1, max_pixels: int = MAX_PIXELS, reverse_filter: bool = True) -> None:
        self._threads = threads
        self._max_pixels = max_pixels
        self._reverse_filter = reverse_filter
        self._av: Any = None
        self._context: Any = None
        self._main: Yuv | None = None
        self._chroma: tuple[bytearray, bytearray] | None = None

    def reset(self) -> None:
        """Forget all pictures: the next one must be one that stands alone."""
        self._context = self._main = self._chroma = None

    def decode_into(self, data: Readable, view: View, mode: Mode = Mode.AVC420) -> list[Rectangle]:
        """Decode a frame and draw its region rectangles, as far as the view has room; list what was drawn.

        Raises `DecodeError` (of two views, the first may be drawn by then), `ModuleNotFoundError` without PyAV.
        FFmpeg and the drawing release the GIL.
        """
        if mode is Mode.AVC420:
            return self._draw_luma(Avc420BitmapStream.decode(bytes(data)), view)
        frame = Avc444BitmapStream.decode(bytes(data))
        first, second = frame.avc420_encoded_bitstream1, frame.avc420_encoded_bitstream2
        if frame.lc == Subframes.CHROMA:
            return self._draw_chroma(first, view, mode)
        if second is None:
            return self._draw_luma(first, view)
        both = first.avc420_meta_data.region_rects == second.avc420_meta_data.region_rects
        drawn = self._draw_luma(first, view, hidden=both and len(second.avc420_encoded_bitstream) > 0)
        return list(dict.fromkeys([*drawn, *self._draw_chroma(second, view, mode)]))

    def _draw_luma(self, stream: Avc420BitmapStream, view: View, *, hidden: bool = False) -> list[Rectangle]:
        """Draw the main view alone; not when it is `hidden` by the chroma that follows at once."""
        planes = self._decode(stream.avc420_encoded_bitstream)
        if planes is None:
            return []
        self._main = planes
        if hidden:
            return []
        rects = _clipped(stream, view, planes)
        color.draw_yuv(planes, view, rects)
        return rects

    def _draw_chroma(self, stream: Avc420BitmapStream, view: View, mode: Mode) -> list[Rectangle]:
        """Draw the last main view with the chroma of this auxiliary one."""
        auxiliary = self._decode(stream.avc420_encoded_bitstream)
        if auxiliary is None:
            return []
        main = self._main
        if main is None or main[5:7] != auxiliary[5:7]:
            raise InvalidField("chroma without a luma of its size", pdu="Avc444BitmapStream")
        rects = _clipped(stream, view, main)
        if not rects:
            return []
        size = main.width * main.height
        if self._chroma is None or len(self._chroma[0]) != size:
            self._chroma = bytearray(size), bytearray(size)
        u, v = self._chroma
        rows = min(rect[1] for rect in rects), max(rect[3] for rect in rects)
        color.combine(main, auxiliary, u, v, mode.value, rows)
        full = Yuv(main.y, u, v, main.y_stride, main.width, main.width, main.height, half=False)
        color.draw_yuv(full, view, rects, means=self._reverse_filter)
        return rects

    def _decode(self, data: bytes) -> Yuv | None:
        """Decode one picture; None when there are no bytes, which FFmpeg would take for the end."""
        if not data:
            return None
        if self._context is None:
            self._av = _import_av()
            self._context = self._open()
        try:
            pictures = self._context.decode(self._packet(data))
        except self._av.error.FFmpegError as exc:
            raise DecodeError(f"H.264: {exc}", pdu="Avc420BitmapStream") from exc
        if not pictures:
            raise InvalidField("H.264 data without a picture", pdu="Avc420BitmapStream")
        picture = pictures[-1]
        if picture.format.name not in ("yuv420p", "yuvj420p"):
            raise InvalidField(f"H.264 in {picture.format.name}, not 4:2:0", pdu="Avc420BitmapStream")
        # "The width and height [...] MUST be aligned to a multiple of 16": views are combined by macroblocks.
        if picture.width % _MACROBLOCK or picture.height % _MACROBLOCK:
            raise InvalidField(f"a picture of {picture.width} x {picture.height}", pdu="Avc420BitmapStream")
        y, u, v = picture.planes
        if u.line_size != v.line_size:
            raise DecodeError("the planes of U and V lie differently", pdu="Avc420BitmapStream")
        return Yuv(y, u, v, y.line_size, u.line_size, picture.width, picture.height, half=True)

    def _packet(self, data: bytes) -> Any:
        """Copy data into a packet of FFmpeg's own, which has zeros behind them."""
        # libavcodec may read 64 bytes (AV_INPUT_BUFFER_PADDING_SIZE) behind a packet's end; 62.28.102, of PyAV 18.1,
        # does read a few, of valid pictures too.  From PyAV 17.0 on `Packet(data)` points at Python's bytes, behind
        # which nothing is set aside: at the end of mapped memory that is a segmentation fault.
        packet = self._av.Packet(len(data))
        packet.update(data)
        return packet

    def _open(self) -> Any:
        context = self._av.CodecContext.create("h264", "r")
        context.thread_type = "SLICE"  # threads for whole pictures would each keep one back
        context.thread_count = self._threads
        # What a stream would crop is cropped by the region's rectangles.
        context.options = {"flags": "low_delay", "apply_cropping": "0", "max_pixels": str(self._max_pixels)}
        return context


def _clipped(stream: Avc420BitmapStream, view: View, planes: Yuv) -> list[Rectangle]:
    """The rectangles of a region, as far as there are samples and room."""
    right, bottom = min(view.width, planes.width), min(view.height, planes.height)
    rects = [(left, top, min(r, right), min(b, bottom)) for left, top, r, b in stream.avc420_meta_data.region_rects]
    rects = [rect for rect in rects if rect[0] < rect[2] and rect[1] < rect[3]]
    # Without a limit a third of a megabyte of rectangles has a whole screen drawn 32,768 times.
    if sum((r - left) * (b - top) for left, top, r, b in rects) > MAX_OVERDRAW * right * bottom:
        raise InvalidField("the rectangles of a region lie upon each other", pdu="Avc420BitmapStream")
    return rects


class Encoder:
    """H.264 for a surface of one size, by libx264 without delay: each picture comes out at once.

    `quality` goes from 1 to 100: libx264's constant rate factor is 51 less four tenths of it.  `preset` is libx264's.
    The first picture stands alone, each later one refers to those before.  FFmpeg's context is made at the first.
    """

    def __init__(
        self,
        width: int,
        height: int,
        mode: Mode = Mode.AVC420,
        *,
        quality: int = 75,
        threads: int = 1,
        preset: str = "veryfast",
    ) -> None:
        if width < 1 or height < 1 or width > 0xFFFF or height > 0xFFFF or width * height > MAX_PIXELS:
            raise ValueError(f"a picture of {width} x {height} pixels")
        if not 1 <= quality <= 100:
            raise ValueError(f"a quality of {quality} is not between 1 and 100")
        self._size = width, height
        self._mode = mode
        self._quality = quality
        self._crf = round(51 - 0.4 * quality)
        self._threads = threads
        self._preset = preset
        self._av: Any = None
        self._context: Any = None
        self._frames: list[Any] = []
        self._full: Yuv | None = None
        self._count = 0
        self._alone = True

    def reset(self) -> None:
        """Let the next picture stand alone, as a decoder needs that lost or forgot those before."""
        self._alone = True

    def encode(
        self, view: View, rects: Sequence[Rectangle] | None = None, subframes: Subframes = Subframes.LUMA_AND_CHROMA
    ) -> bytes:
        """Encode a view of the encoder's size: a complete AVC420 or AVC444 bitmap stream.

        `rects` (left, top, right, bottom) are what the client shall draw, by default everything.  AVC444 may leave out
        the chroma of a picture and send it later, alone.  Raises `ModuleNotFoundError` without PyAV.  FFmpeg and the
        conversion release the GIL.
        """
        if (view.width, view.height) != self._size:
            raise ValueError(f"a view of {view.width} x {view.height}, the encoder is for {self._size}")
        region = [(0, 0, *self._size)] if rects is None else list(rects)
        if self._context is None:
            self._av = _import_av()
            self._open()
        if self._mode is Mode.AVC420:
            color.split_yuv(view, _planes(self._frames[0]))
            return self._stream(0, region).encode()
        self._separate(view)
        if subframes == Subframes.CHROMA:
            return Avc444BitmapStream(lc=subframes, avc420_encoded_bitstream1=self._stream(1, region)).encode()
        first = self._stream(0, region)
        second = self._stream(1, region) if subframes == Subframes.LUMA_AND_CHROMA else None
        frame = Avc444BitmapStream(lc=subframes, avc420_encoded_bitstream1=first, avc420_encoded_bitstream2=second)
        return frame.encode()

    def _separate(self, view: View) -> None:
        """Fill both views."""
        main, auxiliary = map(_planes, self._frames)
        if self._full is None:
            self._full = Yuv.blank(main.width, main.height, half=False)
        # Luma goes where the main view has it.
        full = self._full._replace(y=main.y, y_stride=main.y_stride)
        color.split_yuv(view, full)
        color.separate(full, main, auxiliary, self._mode.value)

    def _stream(self, number: int, region: list[Rectangle]) -> Avc420BitmapStream:
        """Encode the main view, or the auxiliary one."""
        frame = self._frames[number]
        types = self._av.video.frame.PictureType
        frame.pict_type = types.I if self._alone else types.NONE
        self._alone = False
        frame.pts = self._count
        self._count += 1
        data = b"".join(bytes(packet) for packet in self._context.encode(frame))
        quality = Avc420QuantQuality(qp=self._crf, quality_val=self._quality)
        block = Avc420Metablock(region_rects=region, quant_quality_vals=[quality] * len(region))
        return Avc420BitmapStream(avc420_meta_data=block, avc420_encoded_bitstream=data)

    def _open(self) -> None:
        width, height = (-(-side // _MACROBLOCK) * _MACROBLOCK for side in self._size)
        context = self._av.CodecContext.create("libx264", "w")
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base = _TICK
        context.thread_type = "SLICE"
        context.thread_count = self._threads
        parameters = ["annexb=1", "repeat-headers=1", "keyint=infinite", "scenecut=0", "fullrange=on"]
        parameters += ["colorprim=bt709", "transfer=bt709", "colormatrix=bt709"]
        if self._mode is not Mode.AVC420:
            # The views take turns: each is predicted from the last of its kind, which is the last but one.
            parameters.append("ref=2")
        context.options = {
            "preset": self._preset,
            "tune": "zerolatency",
            "crf": str(self._crf),
            "forced-idr": "1",
            "x264-params": ":".join(parameters),
        }
        count = 1 if self._mode is Mode.AVC420 else 2
        self._frames = [self._av.VideoFrame(width, height, "yuv420p") for _ in range(count)]
        self._context = context
        self._alone = True


def _planes(frame: Any) -> Yuv:
    """The planes of a frame of FFmpeg's, to be written to."""
    y, u, v = frame.planes
    return Yuv(y, u, v, y.line_size, u.line_size, frame.width, frame.height, half=True)
