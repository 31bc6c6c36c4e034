"""The shared vectors of the graphics pipeline, and what both sides of the captures said on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.captures.record_pipeline import pipeline_messages
from tests.channels.rdpgfx.test_messages import check_same
from tests.conformance.expected import plain
from tests.shared import Case, capture, captures, cases
from trio_rdp.channels import rdpgfx
from trio_rdp.channels.rdpgfx import (
    CacheImportReplyPdu,
    CacheToSurfacePdu,
    CapsAdvertisePdu,
    CapsConfirmPdu,
    CreateSurfacePdu,
    EvictCacheEntryPdu,
    FrameAcknowledgePdu,
    GraphicsPdu,
    MapSurfaceToOutputPdu,
    MapSurfaceToScaledOutputPdu,
    SolidFillPdu,
    StartFramePdu,
    SurfaceToCachePdu,
    SurfaceToSurfacePdu,
    WireToSurface1Pdu,
    WireToSurface2Pdu,
    decode_messages,
)
from trio_rdp.codecs.avc_frames import Avc444BitmapStream, Subframes
from trio_rdp.codecs.zgfx import Decompressor
from trio_rdp.wire.cursor import Cursor

# What the vectors that we made say of a message, by the class that it must be.
_BUILT: dict[type[GraphicsPdu], Callable[[Any], dict[str, Any]]] = {
    CacheToSurfacePdu: lambda p: {
        "cmd": "CACHETOSURFACE",
        "cache_slot": p.cache_slot,
        "surface_id": p.surface_id,
        "points": [list(point) for point in p.dest_pts],
    },
    CapsAdvertisePdu: lambda p: {
        "cmd": "CAPSADVERTISE",
        "caps": [{"version": int(one.version), "data": one.caps_data.hex()} for one in p.caps_sets],
    },
    CapsConfirmPdu: lambda p: {
        "cmd": "CAPSCONFIRM",
        "version": int(p.caps_set.version),
        "flags": int(p.caps_set.flags),
    },
    CreateSurfacePdu: lambda p: {
        "cmd": "CREATESURFACE",
        "surface_id": p.surface_id,
        "width": p.width,
        "height": p.height,
        "pixel_format": int(p.pixel_format),
    },
    EvictCacheEntryPdu: lambda p: {"cmd": "EVICTCACHEENTRY", "cache_slot": p.cache_slot},
    FrameAcknowledgePdu: lambda p: {
        "cmd": "FRAMEACKNOWLEDGE",
        "queue_depth": p.queue_depth,
        "frame_id": p.frame_id,
        "total_frames_decoded": p.total_frames_decoded,
    },
    MapSurfaceToScaledOutputPdu: lambda p: {
        "cmd": "MAPSURFACETOSCALEDOUTPUT",
        "surface_id": p.surface_id,
        "output_origin": [p.output_origin_x, p.output_origin_y],
        "target": [p.target_width, p.target_height],
    },
    SolidFillPdu: lambda p: {
        "cmd": "SOLIDFILL",
        "surface_id": p.surface_id,
        "fill_pixel_bgrx": list(p.fill_pixel),
        "rects": [list(rect) for rect in p.fill_rects],
    },
    StartFramePdu: lambda p: {
        "cmd": "STARTFRAME",
        "frame_id": p.frame_id,
        "timestamp": {"hour": p.hours, "minute": p.minutes, "second": p.seconds, "millisecond": p.milliseconds},
    },
    SurfaceToSurfacePdu: lambda p: {
        "cmd": "SURFACETOSURFACE",
        "source": p.surface_id_src,
        "destination": p.surface_id_dest,
        "rect": list(p.rect_src),
        "points": [list(point) for point in p.dest_pts],
    },
    WireToSurface1Pdu: lambda p: {
        "cmd": "WIRETOSURFACE_1",
        "surface_id": p.surface_id,
        "codec_id": int(p.codec_id),
        "pixel_format": int(p.pixel_format),
        "rect": list(p.dest_rect),
        "bitmap_data": p.bitmap_data.hex(),
    },
    WireToSurface2Pdu: lambda p: {
        "cmd": "WIRETOSURFACE_2",
        "surface_id": p.surface_id,
        "codec_id": int(p.codec_id),
        "codec_context_id": p.codec_context_id,
        "pixel_format": int(p.pixel_format),
        "bitmap_data": p.bitmap_data.hex(),
    },
}


def _rectangle(field: Any) -> tuple[int, ...]:
    return tuple(field[edge] for edge in ("left", "top", "right", "bottom"))


def _points(fields: Any) -> list[tuple[int, int]]:
    return [(point["x"], point["y"]) for point in fields]


def _frame_time(field: Any) -> int:
    return int(field["milliseconds"] | field["seconds"] << 10 | field["minutes"] << 16 | field["hours"] << 22)


def _color(field: Any) -> bytes:
    return bytes(field[one] for one in ("b", "g", "r", "xa"))


# The bodies that IronRDP's tests have: our class, our names of its fields, and how their values are meant.
_BODIES: dict[str, tuple[type[GraphicsPdu], dict[str, tuple[str, Callable[[Any], Any]]]]] = {
    "CacheImportReplyPdu": (CacheImportReplyPdu, {"cache_slots": ("cache_slots", list)}),
    "CacheToSurfacePdu": (CacheToSurfacePdu, {"destination_points": ("dest_pts", _points)}),
    "CreateSurfacePdu": (CreateSurfacePdu, {}),
    "MapSurfaceToOutputPdu": (MapSurfaceToOutputPdu, {}),
    "SolidFillPdu": (
        SolidFillPdu,
        {"fill_pixel": ("fill_pixel", _color), "rectangles": ("fill_rects", lambda v: [_rectangle(r) for r in v])},
    ),
    "StartFramePdu": (StartFramePdu, {"timestamp": ("timestamp", _frame_time)}),
    "SurfaceToCachePdu": (SurfaceToCachePdu, {"source_rectangle": ("rect_src", _rectangle)}),
    "SurfaceToSurfacePdu": (
        SurfaceToSurfacePdu,
        {
            "source_surface_id": ("surface_id_src", int),
            "destination_surface_id": ("surface_id_dest", int),
            "source_rectangle": ("rect_src", _rectangle),
            "destination_points": ("dest_pts", _points),
        },
    ),
    "WireToSurface2Pdu": (WireToSurface2Pdu, {}),
}


@pytest.mark.parametrize("case", cases("egfx-pdu"))
def test_egfx_pdu(case: Case) -> None:
    raw, expected = case.input, case.expected
    if "cmd" in expected:
        (pdu,) = decode_messages(raw)
        assert isinstance(pdu, GraphicsPdu)
        assert _BUILT[type(pdu)](pdu) == expected
        assert pdu.encode() == raw
        return
    fields = expected["fields"]
    kind = fields["_type"]
    if kind == "Avc444BitmapStream":
        _check_avc444(raw, fields)
    elif kind == "CapabilitiesConfirmPdu":
        confirm = _decode_body(CapsConfirmPdu, raw)
        chosen = fields["capability"]
        assert (int(confirm.caps_set.version), confirm.caps_set.caps_data.hex()) == (chosen["version"], chosen["data"])
    elif kind == "GfxPdu::FrameAcknowledge":
        value = fields["value"]
        assert value["queue_depth"] == {"enum": "QueueDepth::Unavailable"}
        wanted = FrameAcknowledgePdu(
            queue_depth=rdpgfx.QUEUE_DEPTH_UNAVAILABLE,
            frame_id=value["frame_id"],
            total_frames_decoded=value["total_frames_decoded"],
        )
        assert decode_messages(raw) == [wanted]
        assert wanted.encode() == raw
    else:
        cls, names = _BODIES[kind]
        body = _decode_body(cls, raw)
        for name, field in fields.items():
            if name != "_type":
                ours, meaning = names.get(name, (name, plain))
                assert getattr(body, ours) == meaning(field), name


def _decode_body(cls: type[Any], raw: bytes) -> Any:
    """Decode what follows a header, and see that it comes out as it went in."""
    src = Cursor(raw)
    pdu = cls.decode_from(src)
    assert not src.remaining
    again = bytearray()
    pdu.encode_into(again)
    assert again == raw
    return pdu


def _check_avc444(raw: bytes, fields: Any) -> None:
    frame = Avc444BitmapStream.decode(raw)
    assert frame.lc == fields["encoding"]["value"] == Subframes.CHROMA
    assert frame.avc420_encoded_bitstream2 is fields["stream2"] is None
    stream, wanted = frame.avc420_encoded_bitstream1, fields["stream1"]
    block = stream.avc420_meta_data
    assert block.region_rects == [_rectangle(rect) for rect in wanted["rectangles"]]
    assert [(one.qp, one.p, one.quality_val) for one in block.quant_quality_vals] == [
        (one["quantization_parameter"], one["progressive"], one["quality"]) for one in wanted["quant_qual_vals"]
    ]
    assert stream.avc420_encoded_bitstream == plain(wanted["data"])
    # The size that stands first is the luma stream's, of which there is none: written as 0, whatever a peer says.
    assert frame.encode() == (Subframes.CHROMA << 30).to_bytes(4, "little") + raw[4:]


@pytest.mark.parametrize("name", [one for one in captures() if one.id == "missing" or "gfx" in one.id])
def test_captures(name: str) -> None:
    from_client, from_server = pipeline_messages(*capture(name)[:2])
    assert len(from_client) > 1
    assert len(from_server) > 4
    for transmission in from_client:
        check_same(bytes, transmission)
    inflate = Decompressor().decompress
    for transmission in from_server:
        check_same(inflate, transmission)
