from __future__ import annotations

from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.activation import ConfirmActive, DeactivateAll, DemandActive
from trio_rdp.pdu.capabilities import AnyCapabilitySet, CapabilitySet, CapabilitySetType, UnknownCapabilitySet
from trio_rdp.pdu.capabilities_basic import (
    BitmapCapabilitySet,
    FontCapabilitySet,
    GeneralCapabilitySet,
    InputCapabilitySet,
    OrderCapabilitySet,
    OsMajorType,
    PointerCapabilitySet,
    ShareCapabilitySet,
    VirtualChannelCapabilitySet,
)
from trio_rdp.pdu.capabilities_extensions import RemoteProgramsCapabilitySet, WindowListCapabilitySet
from trio_rdp.pdu.share import PduType, ShareControlHeader
from trio_rdp.wire.errors import EncodeError, Truncated

# [MS-RDPBCGR] 4.1.12: Server Demand Active PDU, decrypted.  Windows fills padding with whatever its memory held.
DEMAND_ACTIVE = bytes.fromhex(
    "6701 1100 ea03"  # totalLength = 359 bytes, PDUTYPE_DEMANDACTIVEPDU, pduSource = 1002
    "ea030100"  # shareID
    "0400 5101"  # lengthSourceDescriptor = 4 bytes, lengthCombinedCapabilities = 337 bytes
    "52445000"  # sourceDescriptor = "RDP"
    "0d00 0000"  # numberCapabilities = 13, pad2Octets
    "0900 0800 ea03 dce2"  # Share: nodeID = 1002, pad2octets
    "0100 1800 0100 0300 0002 0000 0000 1d04 0000 0000 0000 01 01"  # General
    "1400 0800 02000000"  # Virtual Channel: VCCAPS_COMPR_CS_8K, no VCChunkSize
    "1600 2800 00000000 70f613f3 01000000 01000000180000009cf6 13f361a682800000 0000005091bf"  # Draw GDI+
    "0e00 0400"  # Font, without its data
    "0200 1c00 1800 0100 0100 0100 0005 0004 0000 0100 0100 00 00 0100 0000"  # Bitmap
    "0300 5800 00000000000000000000000000000000 40420f00 0100 1400 0000 0100 0000 2200"  # Order
    "0101010101000001010101010000000101010101010101000101010100000000 a106 0000 40420f00 40420f00 0100 0000 0000 0000"
    "0a00 0800 0600 0000"  # Color Table Cache
    "1200 0800 01 00 0000"  # Bitmap Cache Host Support
    "0800 0a00 0100 1900 1900"  # Pointer
    "0d00 5800 3500 0000 a1060000 40420f00 0cf613f3 935a37f3"  # Input
    "009030e1341c38f340f613f3040000004c54dce20850dce2010000000850dce2"  # imeFileName, uninitialized
    "0000000038f613f32e0538f30850dce22cf613f30000000008000a0001001900"
    "1700 0800 00000000"  # Remote Programs: TS_RAIL_LEVEL_DEFAULT
    "1800 0b00 00000000 00 0000"  # Window List: TS_WINDOW_LEVEL_DEFAULT, no caches
    "00000000"  # sessionId = 0
)


S = TypeVar("S", bound=CapabilitySet)


def find(sets: list[AnyCapabilitySet], kind: type[S]) -> S:
    return next(value for value in sets if isinstance(value, kind))


def test_demand_active() -> None:
    header = ShareControlHeader.decode(DEMAND_ACTIVE)
    assert header.pdu_type is PduType.DEMAND_ACTIVE is DemandActive.pdu_type
    demand = DemandActive.decode(header.payload)
    assert demand.share_id == 0x000103EA
    assert demand.source_descriptor == b"RDP\0"
    assert demand.session_id == 0
    kind = CapabilitySetType
    assert [value.kind for value in demand.capability_sets] == [
        *(kind.SHARE, kind.GENERAL, kind.VIRTUAL_CHANNEL, kind.DRAW_GDIPLUS, kind.FONT, kind.BITMAP, kind.ORDER),
        *(kind.COLOR_CACHE, kind.BITMAP_CACHE_HOST_SUPPORT, kind.POINTER, kind.INPUT, kind.RAIL, kind.WINDOW),
    ]
    sets = demand.capability_sets
    assert find(sets, ShareCapabilitySet).node_id == 1002
    assert find(sets, GeneralCapabilitySet).os_major_type is OsMajorType.WINDOWS
    assert find(sets, VirtualChannelCapabilitySet).vc_chunk_size is None
    assert find(sets, FontCapabilitySet).font_support_flags is None
    bitmap = find(sets, BitmapCapabilitySet)
    assert (bitmap.desktop_width, bitmap.desktop_height, bitmap.preferred_bits_per_pixel) == (1280, 1024, 24)
    assert find(sets, OrderCapabilitySet).desktop_save_size == 1_000_000
    assert find(sets, PointerCapabilitySet).pointer_cache_size == 25
    assert find(sets, InputCapabilitySet).input_flags == 0x35
    assert find(sets, RemoteProgramsCapabilitySet).rail_support_level == 0
    assert find(sets, WindowListCapabilitySet).num_icon_caches == 0


def test_demand_active_encodes_to_the_same_but_for_padding() -> None:
    raw = DEMAND_ACTIVE[6:]
    encoded = DemandActive.decode(raw).encode()
    assert DemandActive.decode(encoded) == DemandActive.decode(raw)
    assert len(encoded) == len(raw)
    share, order, ime = raw.index(b"\xdc\xe2"), raw.index(b"\3\0\x58\0") + 4, raw.index(b"\x00\x90\x30\xe1")
    padding = {*range(share, share + 2), *range(order + 16, order + 20), *range(order + 68, order + 72), order + 76}
    differences = {at for at in range(len(raw)) if encoded[at] != raw[at]}
    # The input method's name ends at its first null character, behind 7 uninitialized ones.
    assert differences <= padding | set(range(ime + 14, ime + 64))


CONFIRM_ACTIVE = bytes.fromhex(
    "ec01 1300 ef03"  # totalLength = 492 bytes, PDUTYPE_CONFIRMACTIVEPDU, pduSource = 1007
    "ea030100"  # shareID
    "ea03"  # originatorID = 1002
    "0600 d601"  # lengthSourceDescriptor = 6 bytes, lengthCombinedCapabilities = 470 bytes
    "4d5354534300"  # sourceDescriptor = "MSTSC"
    "1200 0000"  # numberCapabilities = 18, pad2Octets
    "0100 1800 0100 0300 0002 0000 0000 1d04 0000 0000 0000 00 00"  # General
    "0200 1c00 1800 0100 0100 0100 0005 0004 0000 0100 0100 00 00 0100 0000"  # Bitmap
    "0300 5800 00000000000000000000000000000000 00000000 0100 1400 0000 0100 0000 2a00"  # Order
    "0101010101000001010100010000000101010101010101000101010000000000 a106 0000 00000000 00840300 0000 0000 e404 0000"
    "1300 2800 0300 00 03 78000000 78000000 fb090080 00000000 00000000 000000000000000000000000"  # Bitmap Cache Rev. 2
    "0a00 0800 0600 0000"  # Color Table Cache
    "0700 0c00 0000 0000 0000 0000"  # Window Activation
    "0500 0c00 0000 0000 0200 0200"  # Control
    "0800 0a00 0100 1400 1500"  # Pointer
    "0900 0800 0000 0000"  # Share
    "0d00 5800 1500 2000 09040000 04000000 00000000 0c000000"  # Input, with padding of 0x0020
    "0000000000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000000"
    "0c00 0800 0100 0000"  # Sound
    "0e00 0800 0100 0000"  # Font
    "1000 3400 fe000400 fe000400 fe000800 fe000800 fe001000 fe002000 fe004000 fe008000 fe000001 40000008"  # Glyph Cache
    "00010001 0300 0000"
    "0f00 0800 01000000"  # Brush
    "1100 0c00 01000000 001e 6400"  # Offscreen Bitmap Cache
    "1400 0800 01000000"  # Virtual Channel
    "1500 0c00 02000000 000a 0001"  # DrawNineGrid Cache
    "1600 2800 00000000 00000000 00000000 00000000000000000000 0000000000000000 000000000000"  # Draw GDI+
)


def test_confirm_active() -> None:
    """[MS-RDPBCGR] 4.1.13: Client Confirm Active PDU, decrypted."""
    header = ShareControlHeader.decode(CONFIRM_ACTIVE)
    assert header.pdu_type is PduType.CONFIRM_ACTIVE is ConfirmActive.pdu_type
    confirm = ConfirmActive.decode(header.payload)
    assert confirm.share_id == 0x000103EA
    assert confirm.originator_id == 1002
    assert confirm.source_descriptor == b"MSTSC\0"
    assert len(confirm.capability_sets) == 18
    assert not any(isinstance(value, UnknownCapabilitySet) for value in confirm.capability_sets)
    canonical = header.payload.replace(b"\x15\0\x20\0", b"\x15\0\0\0")
    assert confirm.encode() == canonical
    every_truncation_raises(ConfirmActive, canonical)


def test_demand_active_may_end_before_its_session_id() -> None:
    raw = bytes.fromhex("ea030100 0400 0c00 52445000 0100 0000 09000800ea030000")
    demand = DemandActive(share_id=66538, capability_sets=[ShareCapabilitySet(node_id=1002)], session_id=None)
    same(raw, demand)
    every_truncation_raises(DemandActive, raw)
    same(raw + bytes(4), DemandActive(share_id=66538, capability_sets=demand.capability_sets))
    with pytest.raises(Truncated):
        DemandActive.decode(raw + bytes(3))


def test_capability_sets_longer_than_the_pdu_are_refused() -> None:
    with pytest.raises(Truncated, match="13 bytes of capability sets, 12 left"):
        DemandActive.decode(bytes.fromhex("ea030100 0400 0d00 52445000 0100 0000 09000800ea030000"))


def test_capability_sets_that_do_not_fit_are_not_encoded() -> None:
    huge: list[AnyCapabilitySet] = [UnknownCapabilitySet(kind=CapabilitySetType(0x7777), data=bytes(40_000))] * 2
    with pytest.raises(EncodeError, match="do not fit"):
        ConfirmActive(share_id=1, capability_sets=huge).encode()


def test_deactivate_all() -> None:
    raw = bytes.fromhex(
        "ea030100"  # shareID
        "0100"  # lengthSourceDescriptor = 1
        "00"  # sourceDescriptor
    )
    same(raw, DeactivateAll(share_id=0x000103EA))
    every_truncation_raises(DeactivateAll, raw[:4], start=1)
    every_truncation_raises(DeactivateAll, raw, start=5)


def test_deactivate_all_may_end_early() -> None:
    assert DeactivateAll.decode(b"") == DeactivateAll(share_id=0, source_descriptor=b"")
    assert DeactivateAll.decode(b"\1\0\0\0") == DeactivateAll(share_id=1, source_descriptor=b"")


@given(st.binary(max_size=80), st.integers(0, len(CONFIRM_ACTIVE)))
def test_any_bytes(raw: bytes, cut: int) -> None:
    for cls, whole in ((DemandActive, DEMAND_ACTIVE), (ConfirmActive, CONFIRM_ACTIVE), (DeactivateAll, b"")):
        value_or_error(cls, raw)
        value_or_error(cls, whole[6:cut] + raw)
        value_or_error(cls, whole[6:cut] + raw + whole[cut + len(raw) :])
