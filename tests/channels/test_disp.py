from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.disp import (
    MAX_MONITORS,
    DisplayControlCapabilities,
    DisplayControlMonitor,
    DisplayControlMonitorLayout,
    DisplayControlType,
    MonitorFlags,
    Orientation,
    UnknownDisplayControl,
    decode_disp_from_client,
    decode_disp_from_server,
)
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated

CAPABILITIES = bytes.fromhex(
    "05000000"  # Type
    "14000000"  # Length, header included
    "10000000"  # MaxNumMonitors
    "00200000"  # MaxMonitorAreaFactorA
    "00200000"  # MaxMonitorAreaFactorB
)
LAYOUT = bytes.fromhex(
    "02000000"  # Type
    "38000000"  # Length
    "28000000"  # MonitorLayoutSize
    "01000000"  # NumMonitors
    "01000000"  # Flags
    "0000000000000000"  # Left, Top
    "8007000038040000"  # Width, Height
    "f40100002c010000"  # PhysicalWidth, PhysicalHeight
    "5a000000"  # Orientation
    "96000000"  # DesktopScaleFactor
    "8c000000"  # DeviceScaleFactor
)


def test_capabilities() -> None:
    pdu = DisplayControlCapabilities(
        max_num_monitors=16, max_monitor_area_factor_a=8192, max_monitor_area_factor_b=8192
    )
    same(CAPABILITIES, pdu)
    assert pdu.max_monitor_area == 1 << 30
    assert decode_disp_from_server(CAPABILITIES) == pdu
    every_truncation_raises(DisplayControlCapabilities, CAPABILITIES)


def test_a_monitor_layout() -> None:
    monitor = DisplayControlMonitor(
        flags=MonitorFlags.PRIMARY,
        width=1920,
        height=1080,
        physical_width=500,
        physical_height=300,
        orientation=Orientation.PORTRAIT,
        desktop_scale_factor=150,
        device_scale_factor=140,
    )
    pdu = DisplayControlMonitorLayout(monitors=[monitor])
    same(LAYOUT, pdu)
    same(LAYOUT[16:], monitor)
    assert decode_disp_from_client(LAYOUT) == pdu
    every_truncation_raises(DisplayControlMonitorLayout, LAYOUT)
    none = DisplayControlMonitorLayout(monitors=[])
    same(none.encode(), none)


def test_unknown_values_of_a_monitor_are_kept() -> None:
    raw = bytearray(LAYOUT)
    raw[16:20], raw[44] = b"\xff\xff\xff\xff", 91
    pdu = DisplayControlMonitorLayout.decode(bytes(raw))
    assert pdu.monitors[0].flags == 0xFFFFFFFF
    assert not pdu.monitors[0].orientation.is_known
    same(bytes(raw), pdu)


def test_directions_are_not_mixed() -> None:
    with pytest.raises(InvalidField, match="type 0x2, not 0x5"):
        decode_disp_from_server(LAYOUT)
    with pytest.raises(InvalidField, match="type 0x5, not 0x2"):
        decode_disp_from_client(CAPABILITIES)


def test_unknown_types_are_kept() -> None:
    raw = bytes.fromhex("07000000 0a000000 aabb")
    unknown = UnknownDisplayControl(type=DisplayControlType(7), data=b"\xaa\xbb")
    same(raw, unknown)
    assert decode_disp_from_server(raw) == decode_disp_from_client(raw) == unknown
    every_truncation_raises(UnknownDisplayControl, raw)


def test_lengths_that_are_wrong() -> None:
    with pytest.raises(InvalidField, match="a length of 7 bytes"):
        decode_disp_from_server(CAPABILITIES[:4] + b"\x07" + CAPABILITIES[5:])
    with pytest.raises(InvalidField, match="4 bytes more than the layout has"):
        decode_disp_from_server(CAPABILITIES[:4] + b"\x18" + CAPABILITIES[5:] + bytes(4))
    with pytest.raises(InvalidField, match="1 bytes more than the layout has"):
        decode_disp_from_client(LAYOUT[:4] + b"\x39" + LAYOUT[5:] + bytes(1))
    with pytest.raises(Truncated):
        decode_disp_from_client(LAYOUT[:4] + b"\x37" + LAYOUT[5:])
    with pytest.raises(InvalidField, match="monitors of 39 bytes"):
        decode_disp_from_client(LAYOUT[:8] + b"\x27" + LAYOUT[9:])
    # What stands behind the declared length is ignored.
    assert decode_disp_from_server(CAPABILITIES + b"more") == decode_disp_from_server(CAPABILITIES)


def test_too_many_monitors() -> None:
    with pytest.raises(InvalidField, match="4294967295 monitors exceed 64"):
        decode_disp_from_client(LAYOUT[:12] + b"\xff\xff\xff\xff" + LAYOUT[16:])
    monitors = [DisplayControlMonitor(width=200, height=200)] * (MAX_MONITORS + 1)
    with pytest.raises(EncodeError, match="65 monitors exceed 64"):
        DisplayControlMonitorLayout(monitors=monitors).encode()
    most = DisplayControlMonitorLayout(monitors=monitors[1:])
    same(most.encode(), most)


@given(st.integers(0, 6), st.integers(0, 80), st.binary(max_size=80))
def test_any_bytes(kind: int, length: int, rest: bytes) -> None:
    raw = kind.to_bytes(4, "little") + length.to_bytes(4, "little") + rest
    for decode in (decode_disp_from_server, decode_disp_from_client):
        try:
            pdu = decode(raw)
        except DecodeError:
            continue
        assert decode(pdu.encode()) == pdu
    value_or_error(DisplayControlMonitor, rest)
