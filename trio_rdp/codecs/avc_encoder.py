"""H.264 pictures in YUV 4:2:0 (AVC420) and 4:4:4 (AVC444, AVC444v2), [MS-RDPEGFX] 3.3.8.3, encoded by libx264.

What PyAV lets change while an encoder runs is the bit rate, and what lies beside a frame.  So libx264 runs at a
constant bit rate with a buffer of one picture (`max_bytes`), and its quantization parameter goes no lower than
`_FINEST`; a region of interest as large as the picture adds to that what `quality` asks for.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from trio_rdp.codecs import color
from trio_rdp.codecs.avc_frames import (
    Avc420BitmapStream,
    Avc420Metablock,
    Avc420QuantQuality,
    Avc444BitmapStream,
    Mode,
    Rectangle,
    Subframes,
)
from trio_rdp.codecs.avc_library import import_av, planes_of
from trio_rdp.codecs.color import Yuv
from trio_rdp.codecs.status import MAX_PIXELS
from trio_rdp.codecs.view import View

__all__ = ["Encoder"]

_MACROBLOCK: Final = 16
_RATE: Final = 10  # pictures a second, as libx264 has it: each finds its buffer full, as if a tenth had passed
_TICK: Final = Fraction(1, _RATE)
_FINEST: Final = 11
_COARSEST: Final = 51
_LEAST: Final = 1_000  # bytes: less than that libx264 does not keep to
_MOST: Final = 24 << 20  # bytes: more than any picture, and a bit rate of less than 2**31
_LAMBDA: Final = 118  # FF_QP2LAMBDA, in which FFmpeg says how coarse a picture became

# The most macroblocks of a picture, and the level that allows 60 of those a second, [ITU-H.264] table A-1.
_LEVELS: Final = ((1_620, "3.1"), (3_600, "3.2"), (8_704, "4.2"), (22_080, "5.1"), (36_864, "5.2"), (139_264, "6.1"))


class Encoder:
    """H.264 for a surface of one size, by libx264 without delay: each picture comes out at once.

    `quality` goes from 1 to 100; the quantization parameter is 51 less four tenths of it.  `max_bytes` is the most that
    a frame should take, whatever the quality: what does not fit is coarser, and gets better with the next frames.  Both
    may be set between frames, and cost nothing then.  `preset` is libx264's.

    The first picture stands alone, each later one refers to those before.  FFmpeg's context is made at the first.
    """

    def __init__(
        self,
        width: int,
        height: int,
        mode: Mode = Mode.AVC420,
        *,
        quality: int = 75,
        max_bytes: int | None = None,
        threads: int = 1,
        preset: str = "superfast",
    ) -> None:
        if width < 1 or height < 1 or width > 0xFFFF or height > 0xFFFF or width * height > MAX_PIXELS:
            raise ValueError(f"a picture of {width} x {height} pixels")
        self._size = width, height
        self._whole = width + -width % _MACROBLOCK, height + -height % _MACROBLOCK
        self._mode = mode
        self._threads = threads
        self._preset = preset
        self._av: Any = None
        self._context: Any = None
        self._frames: list[Any] = []
        self._graphs: dict[int, Any] = {}
        self._full: Yuv | None = None
        self._count = 0
        self._alone = True
        self._qp = self._wanted = _FINEST
        # How many bytes the next picture may have.
        self._room = 0
        self.quality = quality
        self.max_bytes = max_bytes

    @property
    def quality(self) -> int:
        """How good pictures get, from 1 to 100; holds from the next frame on."""
        return self._quality

    @quality.setter
    def quality(self, quality: int) -> None:
        if not 1 <= quality <= 100:
            raise ValueError(f"a quality of {quality} is not between 1 and 100")
        self._quality = quality
        self._wanted = round(_COARSEST - 0.4 * quality)

    @property
    def max_bytes(self) -> int | None:
        """The most that a frame should take, 1,000 bytes at the least; None for no limit.

        Lowered, it holds at the next frame; raised, it at most doubles with each.
        """
        return self._max_bytes

    @max_bytes.setter
    def max_bytes(self, most: int | None) -> None:
        if most is not None and most < 1:
            raise ValueError(f"a frame of {most} bytes")
        self._max_bytes = most

    @property
    def qp(self) -> int:
        """The quantization parameter that the last picture had, on average."""
        return self._qp

    @property
    def limited(self) -> bool:
        """Whether `max_bytes` made the last picture coarser than `quality` asks for: the next one would be better."""
        return self._qp > self._wanted

    def reset(self) -> None:
        """Let the next picture stand alone, as a decoder needs that lost or forgot those before."""
        self._alone = True

    def encode(
        self, view: View, rects: Sequence[Rectangle] | None = None, subframes: Subframes = Subframes.LUMA_AND_CHROMA
    ) -> bytes:
        """Encode a view of the encoder's size: a complete AVC420 or AVC444 bitmap stream.

        `rects` (left, top, right, bottom) are what the client shall draw, by default everything: what changed since the
        last frame.  Pixels elsewhere are not looked at, but for the first frame.  AVC444 may leave out the chroma of a
        picture and send it later, alone.  Raises `ModuleNotFoundError` without PyAV.  FFmpeg and the conversion release
        the GIL.
        """
        if (view.width, view.height) != self._size:
            raise ValueError(f"a view of {view.width} x {view.height}, the encoder is for {self._size}")
        region = [(0, 0, *self._size)] if rects is None else list(rects)
        fresh = self._context is None
        if fresh:
            self._av = import_av()
            self._open()
        changed = None if fresh or rects is None else region
        if self._mode is Mode.AVC420:
            color.split_yuv(view, planes_of(self._frames[0]), changed)
            return self._stream(0, region).encode()
        self._separate(view, changed)
        if subframes == Subframes.CHROMA:
            return Avc444BitmapStream(lc=subframes, avc420_encoded_bitstream1=self._stream(1, region)).encode()
        both = subframes == Subframes.LUMA_AND_CHROMA
        first = self._stream(0, region, 2 if both else 1)
        second = self._stream(1, region, 2) if both else None
        frame = Avc444BitmapStream(lc=subframes, avc420_encoded_bitstream1=first, avc420_encoded_bitstream2=second)
        return frame.encode()

    def _separate(self, view: View, changed: Sequence[Rectangle] | None) -> None:
        """Fill both views."""
        main, auxiliary = map(planes_of, self._frames)
        if self._full is None:
            self._full = Yuv.blank(main.width, main.height, half=False)
        # Luma goes where the main view has it.
        full = self._full._replace(y=main.y, y_stride=main.y_stride)
        color.split_yuv(view, full, changed)
        rows = None
        if changed is not None:
            height = self._size[1]
            top = min(max(min((rect[1] for rect in changed), default=0), 0), height)
            bottom = min(max(max((rect[3] for rect in changed), default=0), top), height)
            # Below the last row lie its repetitions.
            rows = top, main.height if bottom + 1 >= height else bottom
        color.separate(full, main, auxiliary, self._mode.value, rows)

    def _stream(self, number: int, region: list[Rectangle], sharing: int = 1) -> Avc420BitmapStream:
        """Encode the main view, or the auxiliary one, as one of so many that share a frame's bytes."""
        data = self._encode(self._frames[number], sharing)
        quality = Avc420QuantQuality(qp=self._qp, p=self.limited, quality_val=self._quality)
        block = Avc420Metablock(region_rects=region, quant_quality_vals=[quality] * len(region))
        return Avc420BitmapStream(avc420_meta_data=block, avc420_encoded_bitstream=data)

    def _encode(self, source: Any, sharing: int) -> bytes:
        most = _MOST if self._max_bytes is None else min(max(self._max_bytes // sharing, _LEAST), _MOST)
        # A buffer that grows does so empty: its first picture would be next to nothing.
        self._room = min(most, 2 * self._room)
        self._context.bit_rate = self._room * 8 * _RATE
        source.pts = self._count
        self._count += 1
        frame = self._graded(source)
        types = self._av.video.frame.PictureType
        frame.pict_type = types.I if self._alone else types.NONE
        self._alone = False
        packets = self._context.encode(frame)
        coarser = max((_coarseness(packet) for packet in packets), default=0)
        self._qp = min(self._wanted + coarser, _COARSEST)
        return b"".join(bytes(packet) for packet in packets)

    def _graded(self, frame: Any) -> Any:
        """The same frame with a region of interest around it: how much coarser than `_FINEST` it shall be."""
        graph = self._graphs.get(self._wanted)
        if graph is None:
            graph = self._graphs[self._wanted] = self._graph(self._wanted - _FINEST)
        graph.push(frame)
        return graph.pull()

    def _graph(self, coarser: int) -> Any:
        graph = self._av.filter.Graph()
        width, height = self._whole
        source = graph.add_buffer(width=width, height=height, format=self._frames[0].format, time_base=_TICK)
        # In parts of the whole range of the quantization parameter, 51.
        region = graph.add("addroi", f"x=0:y=0:w=iw:h=ih:qoffset={coarser}/51")
        graph.link_nodes(source, region, graph.add("buffersink"))
        graph.configure()
        return graph

    def _open(self) -> None:
        width, height = self._whole
        self._room = _MOST if self._max_bytes is None else min(max(self._max_bytes, _LEAST), _MOST)
        context = self._av.CodecContext.create("libx264", "w")
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base = _TICK
        context.thread_type = "SLICE"
        context.thread_count = self._threads
        context.bit_rate = self._room * 8 * _RATE
        macroblocks = width * height // _MACROBLOCK**2
        level = next(name for most, name in _LEVELS if macroblocks <= most)
        parameters = ["annexb=1", "repeat-headers=1", "keyint=infinite", "scenecut=0", "fullrange=on"]
        parameters += ["colorprim=bt709", "transfer=bt709", "colormatrix=bt709", f"level={level}"]
        # Regions of interest need adaptive quantization, which by itself makes text coarser than what is flat: 3 dB
        # worse at equal bytes.  A weak filter of edges leaves text 2 dB better, and costs video nothing.
        parameters += [f"qpmin={_FINEST}", "aq-mode=1", "aq-strength=0.02", "deblock=-2,-2"]
        if self._mode is not Mode.AVC420:
            # The views take turns: each is predicted from the last of its kind, which is the last but one.
            parameters.append("ref=2")
        context.options = {
            "preset": self._preset,
            "tune": "zerolatency",
            # The same as the bit rate, which then goes for both; a buffer this small is made as large as a picture.
            "maxrate": str(context.bit_rate),
            "bufsize": "1000",
            "forced-idr": "1",
            "x264-params": ":".join(parameters),
        }
        count = 1 if self._mode is Mode.AVC420 else 2
        self._frames = [self._av.VideoFrame(width, height, "yuv420p") for _ in range(count)]
        self._graphs = {}
        self._context = context
        self._alone = True


def _coarseness(packet: Any) -> int:
    """How far libx264 went above its finest quantization parameter; 0 where an older PyAV does not say."""
    if not hasattr(packet, "get_sidedata"):
        return 0
    said = bytes(packet.get_sidedata("quality_stats"))[:4]
    return max(round(int.from_bytes(said, "little") / _LAMBDA) - _FINEST, 0)
