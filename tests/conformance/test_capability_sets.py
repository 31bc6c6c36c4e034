"""The shared vectors of capability sets."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.conformance.expected import check_fields, plain
from tests.shared import Case, cases
from trio_rdp.pdu import (
    bitmap_codecs,
    capabilities,
    capabilities_basic,
    capabilities_caches,
    capabilities_extensions,
)
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError
from trio_rdp.wire.pdu import Pdu


def check_set(case_type: str, raw: bytes, fields: dict[str, Any]) -> Pdu:
    """Decode one capability set's data as the type of the vectors, compare it, and give it back."""
    match case_type:
        case "General":
            general = capabilities_basic.GeneralCapabilitySet.decode(raw)
            check_fields(general, fields, major_platform_type="os_major_type", minor_platform_type="os_minor_type")
            return general
        case "Bitmap":
            bitmap = capabilities_basic.BitmapCapabilitySet.decode(raw)
            check_fields(bitmap, fields, pref_bits_per_pix="preferred_bits_per_pixel")
            return bitmap
        case "BitmapCache":
            caches = capabilities_caches.BitmapCacheCapabilitySet.decode(raw)
            for number, cache in enumerate(fields["caches"]):
                assert getattr(caches, f"cache{number}_entries") == cache["entries"]
                assert getattr(caches, f"cache{number}_maximum_cell_size") == cache["max_cell_size"]
            return caches
        case "CacheDefinition" | "CacheEntry":
            definition = capabilities_caches.CacheDefinition.decode(raw)
            check_fields(definition, fields, entries="cache_entries", max_cell_size="cache_maximum_cell_size")
            return definition
        case "CellInfo":
            cell = capabilities_caches.BitmapCacheCellInfo.decode(raw)
            check_fields(cell, fields, is_cache_persistent="k")
            return cell
        case "FrameAcknowledge":
            frames = capabilities_extensions.FrameAcknowledgeCapabilitySet.decode(raw)
            check_fields(frames, fields)
            return frames
        case "LargePointer":
            large = capabilities_extensions.LargePointerCapabilitySet.decode(raw)
            check_fields(large, fields, flags="large_pointer_support_flags")
            return large
        case "NsCodec":
            codec = bitmap_codecs.NsCodecCapabilitySet.decode(raw)
            _check_nscodec(codec, fields)
            return codec
        case "Order":
            order = capabilities_basic.OrderCapabilitySet.decode(raw)
            check_fields(order, fields, text_ansi_code_page="text_ansi_code_page")
            return order
        case "Rail":
            rail = capabilities_extensions.RemoteProgramsCapabilitySet.decode(raw)
            check_fields(rail, fields, support_level="rail_support_level")
            return rail
        case "SurfaceCommands":
            surface = capabilities_extensions.SurfaceCommandsCapabilitySet.decode(raw)
            check_fields(surface, fields, flags="cmd_flags")
            return surface
        case "VirtualChannel":
            channel = capabilities_basic.VirtualChannelCapabilitySet.decode(raw)
            check_fields(channel, fields, chunk_size="vc_chunk_size")
            return channel
        case "WindowList":
            windows = capabilities_extensions.WindowListCapabilitySet.decode(raw)
            check_fields(windows, fields, support_level="wnd_support_level")
            return windows
        case "Input":
            return capabilities_basic.InputCapabilitySet.decode(raw)
        case "CapabilitySet":
            value = capabilities.decode_capability_set(Cursor(raw))
            assert not fields
            return value
    raise AssertionError(f"no such type: {case_type}")


def _check_nscodec(codec: bitmap_codecs.NsCodecCapabilitySet, fields: dict[str, Any]) -> None:
    check_fields(
        codec,
        fields,
        is_dynamic_fidelity_allowed="allow_dynamic_fidelity",
        is_subsampling_allowed="allow_subsampling",
    )


def _check_codec(raw: bytes, fields: dict[str, Any]) -> None:
    codec = bitmap_codecs.BitmapCodec.decode(raw)
    assert codec.codec_id == fields["id"]
    wanted = fields["property"]
    if wanted.get("enum") == "CodecProperty::Ignore":
        assert codec.codec_guid == bitmap_codecs.CODEC_IGNORE
    elif wanted["_type"] == "CodecProperty::NsCodec":
        assert codec.codec_guid == bitmap_codecs.CODEC_NSCODEC
        _check_nscodec(bitmap_codecs.NsCodecCapabilitySet.decode(codec.codec_properties), wanted["value"])
    else:
        assert wanted["_type"] == "CodecProperty::ImageRemoteFx"
        assert codec.codec_guid == bitmap_codecs.CODEC_IMAGE_REMOTEFX
        assert wanted["value"]["_type"] == "RemoteFxContainer::ServerContainer"
        assert codec.codec_properties == bytes(wanted["value"]["value"])
    assert codec.encode() == raw


@pytest.mark.parametrize("case", cases("capability-set"))
def test_capability_set(case: Case) -> None:
    expected, raw = case.expected, case.input
    if expected.get("invalid"):
        with pytest.raises(DecodeError):
            check_set(expected["type"], raw, {})
        return
    if expected["type"] == "Codec":
        _check_codec(raw, expected["fields"])
        return
    if expected["type"] == "Guid":
        first, second, third, *rest = expected["fields"]["values"]
        codec = bitmap_codecs.BitmapCodec.decode(raw + bytes(3))
        assert codec.codec_guid == uuid.UUID(bytes=codec.codec_guid.bytes[:8] + bytes(rest))
        assert codec.codec_guid.fields[:3] == (first, second, third)
        assert codec.encode() == raw + bytes(3)
        return
    pdu = check_set(expected["type"], raw, expected.get("fields", {}))
    for check in expected.get("checks", []):
        # Our own field is the number; the vectors' is nothing where it is zero.
        assert getattr(pdu, check["path"]) == (plain(check["value"]) or 0)
    if case.params["roundtrip"]:
        assert pdu.encode() == raw
