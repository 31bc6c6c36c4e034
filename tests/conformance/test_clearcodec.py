"""ClearCodec against every shared vector, with every form of the kernels: pixels, and the structures of messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.codecs.twins import FORMS, use
from tests.shared import Case, cases
from trio_rdp.codecs import clearcodec
from trio_rdp.codecs.clearcodec_messages import (
    BitmapStream,
    BitmapStreamFlags,
    CompositePayload,
    Rlex,
    ShortVbarCacheHit,
    ShortVbarCacheMiss,
    SubcodecId,
    Vbar,
    VbarCacheHit,
)
from trio_rdp.codecs.view import View


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", cases("clearcodec-decode"))
def test_clearcodec_decode(case: Case, form: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    use(form, monkeypatch, clearcodec)
    decoder = clearcodec.Decoder()
    messages = case.params.get("messages")
    for number, message in enumerate(messages or [case.params]):
        width, height = message["width"], message["height"]
        data = case.file(f"input_{number}" if messages else "input")
        expected = np.frombuffer(case.file(f"expected_{number}" if messages else "expected"), np.uint8)
        out = np.zeros((height, width, 4), np.uint8)
        decoder.decode_into(data, View.of(out), width, height)
        difference = out[..., :3].astype(int) - expected.reshape(height, width, 3)
        assert np.abs(difference).max() <= case.params.get("max_abs_diff", 0)


def described(vbar: Vbar) -> dict[str, Any]:
    """A column as the vectors describe it."""
    match vbar:
        case VbarCacheHit(index):
            return {"kind": "cache-hit", "index": index}
        case ShortVbarCacheHit(index, on):
            return {"kind": "short-cache-hit", "index": index, "y_on": on}
        case ShortVbarCacheMiss(on, pixels):
            off = on + len(pixels) // 3
            return {"kind": "short-cache-miss", "y_on": on, "y_off": off, "pixels_bgr": pixels.hex()}


def described_payload(payload: CompositePayload) -> dict[str, Any]:
    layers = [b"".join(item.encode() for item in layer) for layer in payload.layers()]
    return {
        "residual_byte_count": len(layers[0]),
        "bands_byte_count": len(layers[1]),
        "subcodec_byte_count": len(layers[2]),
        "residual": [
            {"bgr": bytes((run.blue_value, run.green_value, run.red_value)).hex(), "run": run.run_length}
            for run in payload.residual_data
        ],
        "bands": [
            {
                "x_start": band.x_start,
                "x_end": band.x_end,
                "y_start": band.y_start,
                "y_end": band.y_end,
                "background_bgr": bytes((band.blue_bkg, band.green_bkg, band.red_bkg)).hex(),
                "vbars": [described(vbar) for vbar in band.vbars],
            }
            for band in payload.bands_data
        ],
        "subcodecs": [
            {
                "x": one.x_start,
                "y": one.y_start,
                "width": one.width,
                "height": one.height,
                "subcodec_id": one.sub_codec_id,
                "data": one.bitmap_data.hex(),
            }
            for one in payload.subcodec_data
        ],
    }


# What the vectors' accessors are called here.
ACCESSORS: dict[str, Callable[[Any], Any]] = {
    "is_cache_reset()": lambda stream: bool(stream.flags & BitmapStreamFlags.CACHE_RESET),
    "has_glyph_index()": lambda stream: stream.glyph_index is not None,
    "is_glyph_hit()": lambda stream: bool(stream.flags & BitmapStreamFlags.GLYPH_HIT),
    "seq_number": lambda stream: stream.seq_number,
    "glyph_index": lambda stream: stream.glyph_index,
    "composite.is_none()": lambda stream: stream.composite_payload is None,
    "composite.residual_data.is_empty()": lambda stream: not stream.composite_payload.residual_data,
    "composite.bands_data.is_empty()": lambda stream: not stream.composite_payload.bands_data,
    "composite.subcodec_data.is_empty()": lambda stream: not stream.composite_payload.subcodec_data,
    "composite.residual_data": lambda stream: list(
        b"".join(run.encode() for run in stream.composite_payload.residual_data)
    ),
}


@pytest.mark.parametrize("case", cases("clearcodec-pdu"))
def test_clearcodec_pdu(case: Case) -> None:
    stream = BitmapStream.decode(case.input)
    assert stream.encode() == case.input
    expected = case.expected
    if "checks" in expected:
        for check in expected["checks"]:
            assert ACCESSORS[check["path"]](stream) == check["value"]
        return
    ours = {"flags": stream.flags, "seq_number": stream.seq_number}
    if stream.glyph_index is not None:
        ours["glyph_index"] = stream.glyph_index
    if stream.composite_payload is not None:
        ours |= described_payload(stream.composite_payload)
        for one in stream.composite_payload.subcodec_data:
            if one.sub_codec_id == SubcodecId.RLEX:
                assert Rlex.decode(one.bitmap_data).encode() == one.bitmap_data
    assert ours == expected
