"""Microsoft's H.264 streams among the shared vectors, as they lie in the XML files of its test suite."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Final

from tests.shared import REQUIRED, ROOT
from trio_rdp.codecs.avc import Mode
from trio_rdp.codecs.avc_frames import (
    Avc420BitmapStream,
    Avc420Metablock,
    Avc420QuantQuality,
    Avc444BitmapStream,
    Subframes,
)

__all__ = ["CODEC_IDS", "STREAMS", "message_of", "number", "streams"]

STREAMS: Final = ROOT / "vectors" / "avc"

CODEC_IDS: Final = {0x0B: Mode.AVC420, 0x0E: Mode.AVC444, 0x0F: Mode.AVC444V2}
"""The numbers of the codecs, [MS-RDPEGFX] 2.2.2.1."""


def streams() -> list[Path]:
    """The files, none where the shared folder is not."""
    found = sorted(STREAMS.glob("*.xml"))
    assert found or not REQUIRED
    return found


def number(element: ET.Element, path: str) -> int:
    return int(element.findtext(path) or "", 0)


def message_of(test: ET.Element) -> tuple[bytes, Mode]:
    """The frame of one step of a file."""
    mode = CODEC_IDS[number(test, "CodecId")]
    if mode is Mode.AVC420:
        element = test.find("AVC420BitmapStream")
        assert element is not None
        return _stream_of(element).encode(), mode
    element = test.find("AVC444BitmapStream" if mode is Mode.AVC444 else "AVC444v2BitmapStream")
    assert element is not None
    parts = [_stream_of(part) for name in "12" for part in element.iterfind(f"AVC420EncodedBitstream{name}")]
    frame = Avc444BitmapStream(
        lc=Subframes(number(element, "LC")),
        avc420_encoded_bitstream1=parts[0],
        avc420_encoded_bitstream2=parts[1] if len(parts) > 1 else None,
    )
    return frame.encode(), mode


def _stream_of(element: ET.Element) -> Avc420BitmapStream:
    rects, qualities = [], []
    for rect in element.iter("Rect"):
        rects.append(tuple(number(rect, edge) for edge in ("Left", "Top", "Right", "Bottom")))
        qualities.append(
            Avc420QuantQuality(qp=number(rect, "Quality/QpVal"), quality_val=number(rect, "Quality/QualityVal"))
        )
    return Avc420BitmapStream(
        avc420_meta_data=Avc420Metablock(region_rects=rects, quant_quality_vals=qualities),  # type: ignore[arg-type]
        avc420_encoded_bitstream=bytes.fromhex(element.findtext("AVC420EncodedBitstream") or ""),
    )
