"""H.264 pictures in YUV 4:2:0 (AVC420) and 4:4:4 (AVC444, AVC444v2), [MS-RDPEGFX] 3.3.8.3, encoded by libx264."""

from __future__ import annotations

from collections.abc import Sequence

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
from trio_rdp.codecs.avc_library import planes_of
from trio_rdp.codecs.avc_views import Interleaver
from trio_rdp.codecs.avc_x264 import COARSEST, FINEST, MACROBLOCK, MOST, X264
from trio_rdp.codecs.color import Yuv
from trio_rdp.codecs.status import MAX_PIXELS
from trio_rdp.codecs.view import View

__all__ = ["Encoder"]


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
        self._mode = mode
        self._threads = threads
        self._preset = preset
        self._views: list[X264] = []
        # Of which views there is a picture to refer to.
        self._known: set[int] = set()
        self._interleaver = Interleaver()
        self._full: Yuv | None = None
        self._alone = True
        self._qp = self._wanted = FINEST
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
        self._wanted = round(COARSEST - 0.4 * quality)

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
        """The quantization parameter that the last picture, or view of one, had on average."""
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
        fresh = not self._views
        if fresh:
            self._open()
        changed = None if fresh or rects is None else region
        if self._mode is Mode.AVC420:
            color.split_yuv(view, planes_of(self._views[0].frame), changed)
            return self._stream(0, region, self._most).encode()
        self._separate(view, changed)
        if subframes == Subframes.CHROMA:
            chroma = self._stream(1, region, self._most)
            return Avc444BitmapStream(lc=subframes, avc420_encoded_bitstream1=chroma).encode()
        if subframes == Subframes.LUMA:
            luma = self._stream(0, region, self._most)
            return Avc444BitmapStream(lc=subframes, avc420_encoded_bitstream1=luma).encode()
        luma = self._stream(0, region, self._most * 2 // 3)
        left = self._most - len(luma.avc420_encoded_bitstream)
        chroma = self._stream(1, region, max(left, self._most // 3))
        frame = Avc444BitmapStream(lc=subframes, avc420_encoded_bitstream1=luma, avc420_encoded_bitstream2=chroma)
        return frame.encode()

    def _separate(self, view: View, changed: Sequence[Rectangle] | None) -> None:
        """Fill both views."""
        main, auxiliary = (planes_of(one.frame) for one in self._views)
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

    def _stream(self, number: int, region: list[Rectangle], most: int) -> Avc420BitmapStream:
        """Encode the main view, or the auxiliary one."""
        begins = self._alone
        if begins:
            self._known.clear()
            self._alone = False
        is_known = number in self._known and (len(self._views) == 1 or self._interleaver.knows(number))
        data, self._qp = self._views[number].encode(self._wanted, most, alone=not is_known)
        self._known.add(number)
        if len(self._views) > 1:
            data = self._interleaver.add(data, number, alone=begins)
        quality = Avc420QuantQuality(qp=self._qp, p=self.limited, quality_val=self._quality)
        block = Avc420Metablock(region_rects=region, quant_quality_vals=[quality] * len(region))
        return Avc420BitmapStream(avc420_meta_data=block, avc420_encoded_bitstream=data)

    @property
    def _most(self) -> int:
        return MOST if self._max_bytes is None else self._max_bytes

    def _open(self) -> None:
        width, height = (-(-side // MACROBLOCK) * MACROBLOCK for side in self._size)
        single = self._mode is Mode.AVC420
        self._interleaver = Interleaver()
        self._views = [
            X264(
                width,
                height,
                threads=self._threads,
                preset=self._preset,
                parameters=() if single else Interleaver.PARAMETERS,
            )
            for _ in range(1 if single else 2)
        ]
