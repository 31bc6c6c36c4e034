"""H.264 pictures in YUV 4:2:0 (AVC420) and 4:4:4 (AVC444, AVC444v2), [MS-RDPEGFX] 3.3.8.3, decoded by PyAV.

The encoder is `trio_rdp.codecs.avc_encoder`'s, and is here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from trio_rdp.codecs import color
from trio_rdp.codecs.avc_encoder import Encoder
from trio_rdp.codecs.avc_frames import Avc420BitmapStream, Avc444BitmapStream, Mode, Rectangle, Subframes
from trio_rdp.codecs.avc_library import import_av, is_available
from trio_rdp.codecs.avc_means import has_means
from trio_rdp.codecs.avc_order import in_order
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


class Decoder:
    """The H.264 of one surface: pictures follow from those before, so they must be given in order.

    `max_pixels` is the largest picture that a stream may announce.  `reverse_filter` says whether the main view of
    AVC444 has the means of four chroma samples, as the document wants it; Microsoft's own test streams of AVC444v2 have
    every fourth sample instead.  By default the pictures tell.  FFmpeg's context is made at the first one.
    """

    def __init__(self, *, threads: int = 1, max_pixels: int = MAX_PIXELS, reverse_filter: bool | None = None) -> None:
        self._threads = threads
        self._max_pixels = max_pixels
        self._reverse_filter = reverse_filter
        self._av: Any = None
        self._context: Any = None
        self._main: Yuv | None = None
        self._chroma: tuple[bytearray, bytearray] | None = None
        self._has_means = True

    def reset(self) -> None:
        """Forget all pictures: the next one must be one that stands alone."""
        self._context = self._main = self._chroma = None
        self._has_means = True

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
        if self._reverse_filter is None:
            self._has_means = has_means((u, v), main.width, rows, self._has_means)
        means = self._has_means if self._reverse_filter is None else self._reverse_filter
        color.draw_yuv(full, view, rects, means=means)
        return rects

    def _decode(self, data: bytes) -> Yuv | None:
        """Decode one picture; None when there are no bytes, which FFmpeg would take for the end."""
        if not data:
            return None
        if self._context is None:
            self._av = import_av()
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
        data = in_order(data)
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
