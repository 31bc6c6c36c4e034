"""H.264 that our encoder did not make, for the fuzzers: what Microsoft, FreeRDP and other settings of libx264 give.

`python -m tests.fuzz.h264_seeds` makes the files in `seeds/h264` anew: the settings that no RDP server was seen to use,
but a peer may.
"""

from __future__ import annotations

import random
import struct
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.conformance.avc_streams import CODEC_IDS, message_of, streams
from tests.protocol.replay import play, recording
from tests.shared import capture_names
from trio_rdp.codecs import zgfx
from trio_rdp.codecs.avc import Mode
from trio_rdp.codecs.avc_frames import (
    Avc420BitmapStream,
    Avc420Metablock,
    Avc420QuantQuality,
    Avc444BitmapStream,
    Subframes,
)
from trio_rdp.protocol.session_events import ChannelData

__all__ = ["other_encoders"]

FOLDER: Final = Path(__file__).parent / "seeds" / "h264"

SIZE: Final = 64, 48
PICTURES: Final = 4

SETTINGS: Final = {
    "baseline-in-slices": ("baseline", "cabac=0:slices=3:ref=1:weightp=0:8x8dct=0:bframes=0"),
    "main-in-small-packets": ("main", "cabac=1:slice-max-size=120:no-deblock=1:bframes=0"),
    "high-refreshed-in-columns": ("high", "cabac=1:8x8dct=1:ref=4:intra-refresh=1:keyint=3:bframes=0"),
    "high-interlaced": ("high", "interlaced=1:cabac=0:bframes=0"),
    "high-with-pictures-out-of-order": ("high", "bframes=2:b-adapt=0:rc-lookahead=3:sync-lookahead=0"),
    "high-without-loss": ("high444", "qp=0:bframes=0"),
}

_MOST = 60_000  # bytes of one seed: mutations have 65,536 at most


def other_encoders(mode: Mode) -> Iterator[list[bytes]]:
    """Conversations in one mode; without the shared folder those of this one alone."""
    for path in sorted(FOLDER.iterdir()):
        yield list(_frames(_units(path.read_bytes()), mode))
    for path in streams():
        steps = [message_of(step) for step in ET.parse(path).getroot().iterfind("TestData")]
        yield _few([message for message, its_mode in steps if its_mode is mode])
    for name in capture_names():
        if "avc" in name:
            yield _few([message for message, its_mode in _captured(name) if its_mode is mode])


def _few(messages: list[bytes]) -> list[bytes]:
    """As many as make a seed."""
    sizes = np.cumsum([len(message) for message in messages])
    return messages[: int((sizes <= _MOST).sum())]


def _units(data: bytes) -> Iterator[bytes]:
    """The pictures in a file, each behind its length."""
    at = 0
    while at < len(data):
        (size,) = struct.unpack_from("<H", data, at)
        yield data[at + 2 : at + 2 + size]
        at += 2 + size


def _frames(units: Iterator[bytes], mode: Mode) -> Iterator[bytes]:
    """Frame pictures: where there are two views, each second one is chroma."""
    for number, unit in enumerate(units):
        block = Avc420Metablock(region_rects=[(0, 0, *SIZE)], quant_quality_vals=[Avc420QuantQuality(qp=20)])
        stream = Avc420BitmapStream(avc420_meta_data=block, avc420_encoded_bitstream=unit)
        if mode is Mode.AVC420:
            yield stream.encode()
        else:
            lc = Subframes.CHROMA if number % 2 else Subframes.LUMA
            yield Avc444BitmapStream(lc=lc, avc420_encoded_bitstream1=stream).encode()


def _captured(name: str) -> Iterator[tuple[bytes, Mode]]:
    """The bitmaps of a captured session's graphics channel (RDPGFX_WIRE_TO_SURFACE_PDU_1, [MS-RDPEGFX] 2.2.2.1)."""
    inflater = zgfx.Decompressor()
    for message in _graphics(name):
        data = inflater.decompress(message)
        at = 0
        while at < len(data):
            command, _, size = struct.unpack_from("<HHI", data, at)
            if command == 1:
                (codec_id,) = struct.unpack_from("<H", data, at + 10)
                if codec_id in CODEC_IDS:
                    yield data[at + 25 : at + size], CODEC_IDS[codec_id]
            at += size


def _graphics(name: str) -> Iterator[bytes]:
    """What came on the dynamic channel of the graphics, [MS-RDPEDYC] 2.2.2.1 and 2.2.3."""
    channel, total, message = b"", 0, b""
    for output in play(recording(name))[1]:
        if not isinstance(output, ChannelData) or output.name != "drdynvc":
            continue
        data = output.message
        command, number, rest = data[0] >> 4, data[1 : 1 + (1 << (data[0] & 3))], data[1 + (1 << (data[0] & 3)) :]
        if command == 1 and b"Graphics" in rest:
            channel = number
        elif command in (2, 3) and number == channel:
            wide = 1 << (data[0] >> 2 & 3) if command == 2 else 0
            total = int.from_bytes(rest[:wide], "little") or total
            message += rest[wide:]
            if len(message) >= total:
                yield message
                total, message = 0, b""


def _make(profile: str, parameters: str) -> bytes:
    """Encode a few small pictures with libx264."""
    import av

    width, height = SIZE
    context: Any = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base = Fraction(1, 30)
    context.thread_count = 1
    fixed = "annexb=1:repeat-headers=1:threads=1:" if "keyint" in parameters else "annexb=1:repeat-headers=1:keyint=4:"
    context.options = {"preset": "medium", "profile": profile, "x264-params": fixed + parameters}
    source = random.Random(3)
    packets = []
    for number in range(PICTURES):
        frame: Any = av.VideoFrame(width, height, "yuv420p")
        for plane in frame.planes:
            rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
            rows[:] = np.add.outer(np.arange(plane.height) * 3, np.arange(plane.line_size) * 2 + number)
            rows[source.randrange(12) :: 12, number::3] = 235
        frame.pts = number
        packets += context.encode(frame)
    packets += context.encode(None)
    return b"".join(struct.pack("<H", packet.size) + bytes(packet) for packet in packets)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for title, setting in SETTINGS.items():
        (FOLDER / title).write_bytes(_make(*setting))
