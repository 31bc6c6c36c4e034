"""libx264 by PyAV, for pictures of one size without delay, whose quality and size change while it runs.

What PyAV lets change then is the bit rate, and what lies beside a frame.  So libx264 runs at a constant bit rate with a
buffer of one picture, and its quantization parameter goes no lower than `FINEST`; a region of interest as large as the
picture adds what is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from trio_rdp.codecs.avc_library import import_av

__all__ = ["COARSEST", "FINEST", "LEAST", "MACROBLOCK", "MOST", "X264"]

FINEST: Final = 11
COARSEST: Final = 51

LEAST: Final = 1_000
"""Bytes of a picture: less than that libx264 does not keep to."""

MOST: Final = 24 << 20
"""More bytes than any picture has, and a bit rate of less than 2**31."""

MACROBLOCK: Final = 16

_RATE: Final = 10  # pictures a second, as libx264 has it: each finds its buffer full, as if a tenth had passed
_TICK: Final = Fraction(1, _RATE)
_LAMBDA: Final = 118  # FF_QP2LAMBDA, in which FFmpeg says how coarse a picture became

# The most macroblocks of a picture, and the level that allows 60 of those a second, [ITU-H.264] table A-1.  But for 4K
# it allows 30: Windows decodes "up to level 5.1", and what a level says of time is no decoder's concern.
_LEVELS: Final = ((1_620, "3.1"), (3_600, "3.2"), (8_704, "4.2"), (36_864, "5.1"), (139_264, "6.1"))


class X264:
    """An encoder of libx264.

    `frame` is what the next picture is drawn into, of whole macroblocks; what is not drawn is as it was.  Raises
    `ModuleNotFoundError` without PyAV.
    """

    def __init__(self, width: int, height: int, *, threads: int, preset: str, parameters: Sequence[str] = ()) -> None:
        self._av: Any = import_av()
        self._size = width, height
        self._room = MOST
        self._count = 0
        self._graphs: dict[int, Any] = {}
        self.frame: Any = self._av.VideoFrame(width, height, "yuv420p")
        context = self._av.CodecContext.create("libx264", "w")
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base = _TICK
        context.thread_type = "SLICE"
        context.thread_count = threads
        context.bit_rate = self._room * 8 * _RATE
        macroblocks = width * height // MACROBLOCK**2
        level = next(name for most, name in _LEVELS if macroblocks <= most)
        fixed = ["annexb=1", "repeat-headers=1", "keyint=infinite", "scenecut=0", "fullrange=on"]
        fixed += ["colorprim=bt709", "transfer=bt709", "colormatrix=bt709", f"level={level}"]
        # Regions of interest need adaptive quantization, which by itself makes text coarser than what is flat: 3 dB
        # worse at equal bytes.  A weak filter of edges leaves text 2 dB better, and costs video nothing.
        fixed += [f"qpmin={FINEST}", "aq-mode=1", "aq-strength=0.02", "deblock=-2,-2"]
        context.options = {
            "preset": preset,
            "tune": "zerolatency",
            # The same as the bit rate, which then goes for both; a buffer this small is made as large as a picture.
            "maxrate": str(context.bit_rate),
            "bufsize": "1000",
            "forced-idr": "1",
            "x264-params": ":".join([*fixed, *parameters]),
        }
        # At once, while the bit rate is the highest that there will be: above that libx264 never goes, and if they
        # differed when it begins, it would not keep to a lower one.
        context.open()
        self._context = context

    def encode(self, qp: int, most: int, *, alone: bool) -> tuple[bytes, int]:
        """Encode `frame`, `alone` as a key picture: its bytes, and its quantization parameter on average.

        That is `qp`, unless the picture would have more than `most` bytes.  `most` has its effect at once when it is
        lowered; raised, what is allowed at most doubles with each picture.  Releases the GIL.
        """
        # A buffer that grows does so empty: its first picture would be next to nothing.
        self._room = min(max(most, LEAST), MOST, 2 * self._room)
        self._context.bit_rate = self._room * 8 * _RATE
        self.frame.pts = self._count
        self._count += 1
        frame = self._graded(qp)
        types = self._av.video.frame.PictureType
        frame.pict_type = types.I if alone else types.NONE
        packets = self._context.encode(frame)
        coarser = max((_coarseness(packet) for packet in packets), default=0)
        return b"".join(bytes(packet) for packet in packets), min(qp + coarser, COARSEST)

    def _graded(self, qp: int) -> Any:
        """The same frame with a region of interest around it: how much coarser than `FINEST` it shall be."""
        graph = self._graphs.get(qp)
        if graph is None:
            graph = self._graphs[qp] = self._graph(qp - FINEST)
        graph.push(self.frame)
        return graph.pull()

    def _graph(self, coarser: int) -> Any:
        graph = self._av.filter.Graph()
        width, height = self._size
        source = graph.add_buffer(width=width, height=height, format=self.frame.format, time_base=_TICK)
        # In parts of the whole range of the quantization parameter, 51.
        region = graph.add("addroi", f"x=0:y=0:w=iw:h=ih:qoffset={coarser}/51")
        graph.link_nodes(source, region, graph.add("buffersink"))
        graph.configure()
        return graph


def _coarseness(packet: Any) -> int:
    """How far libx264 went above its finest quantization parameter; 0 where an older PyAV does not say."""
    if not hasattr(packet, "get_sidedata"):
        return 0
    said = bytes(packet.get_sidedata("quality_stats"))[:4]
    return max(round(int.from_bytes(said, "little") / _LAMBDA) - FINEST, 0)
