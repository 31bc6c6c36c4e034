from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu import capabilities_extensions as sets
from trio_rdp.pdu.capabilities_base import CapabilitySet
from trio_rdp.wire.errors import EncodeError, InvalidField

CLASSES = [
    value
    for value in vars(sets).values()
    if isinstance(value, type) and issubclass(value, CapabilitySet) and value is not CapabilitySet
]


def test_multifragment_update() -> None:
    raw = bytes.fromhex("00003f00")
    same(raw, sets.MultifragmentUpdateCapabilitySet(max_request_size=0x3F0000))
    every_truncation_raises(sets.MultifragmentUpdateCapabilitySet, raw)


def test_large_pointer() -> None:
    flags = sets.LargePointerSupportFlags
    same(bytes.fromhex("0300"), sets.LargePointerCapabilitySet(large_pointer_support_flags=flags(3)))
    assert flags.UP_TO_384X384 in sets.LargePointerCapabilitySet.decode(b"\2\0").large_pointer_support_flags
    every_truncation_raises(sets.LargePointerCapabilitySet, bytes(2))


def test_desktop_composition() -> None:
    level = sets.CompDeskSupportLevel.SUPPORTED
    same(bytes.fromhex("0100"), sets.DesktopCompositionCapabilitySet(comp_desk_support_level=level))
    every_truncation_raises(sets.DesktopCompositionCapabilitySet, bytes(2))


def test_surface_commands() -> None:
    raw = bytes.fromhex("52000000 00000000")  # cmdFlags, reserved
    flags = sets.CommandFlags
    same(
        raw,
        sets.SurfaceCommandsCapabilitySet(
            cmd_flags=flags.SET_SURFACE_BITS | flags.FRAME_MARKER | flags.STREAM_SURFACE_BITS
        ),
    )
    every_truncation_raises(sets.SurfaceCommandsCapabilitySet, raw)


def test_frame_acknowledge() -> None:
    same(bytes.fromhex("02000000"), sets.FrameAcknowledgeCapabilitySet(max_unacknowledged_frame_count=2))
    every_truncation_raises(sets.FrameAcknowledgeCapabilitySet, bytes(4))


def test_remote_programs() -> None:
    level = sets.RailSupportLevel.SUPPORTED | sets.RailSupportLevel.HANDSHAKE_EX_SUPPORTED
    same(bytes.fromhex("81000000"), sets.RemoteProgramsCapabilitySet(rail_support_level=level))
    same(bytes(4), sets.RemoteProgramsCapabilitySet())
    every_truncation_raises(sets.RemoteProgramsCapabilitySet, bytes(4))


def test_remote_programs_are_supported_at_all_or_not() -> None:
    with pytest.raises(InvalidField, match="DOCKED_LANGBAR_SUPPORTED\\) without SUPPORTED"):
        sets.RemoteProgramsCapabilitySet.decode(b"\2\0\0\0")
    with pytest.raises(InvalidField, match="1 bytes too many"):
        sets.RemoteProgramsCapabilitySet.decode(bytes(5))


def test_window_list() -> None:
    raw = bytes.fromhex("02000000 03 0c00")
    level = sets.WindowSupportLevel.SUPPORTED_EX
    same(
        raw,
        sets.WindowListCapabilitySet(wnd_support_level=level, num_icon_caches=3, num_icon_cache_entries=12),
    )
    every_truncation_raises(sets.WindowListCapabilitySet, raw)


def test_window_list_is_strict() -> None:
    with pytest.raises(InvalidField, match="windowing support level 0x3"):
        sets.WindowListCapabilitySet.decode(bytes.fromhex("03000000 00 0000"))
    with pytest.raises(InvalidField, match="1 bytes too many"):
        sets.WindowListCapabilitySet.decode(bytes(8))
    with pytest.raises(EncodeError):
        sets.WindowListCapabilitySet(num_icon_caches=256).encode()


@given(st.sampled_from(CLASSES), st.binary(max_size=12))
def test_any_bytes(cls: type[CapabilitySet], raw: bytes) -> None:
    value_or_error(cls, raw)
