"""Which layouts [MS-RDPEDISP] allows."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels.disp import DisplayControlMonitor, MonitorFlags, Orientation
from trio_rdp.channels.monitor_layout import bounding_size, find_fault, find_ignored, without_ignored


def monitor(width: int = 800, height: int = 600, **fields: Any) -> DisplayControlMonitor:
    return DisplayControlMonitor(width=width, height=height, **fields)


def primary(width: int = 800, height: int = 600, **fields: Any) -> DisplayControlMonitor:
    return monitor(width, height, flags=MonitorFlags.PRIMARY, **fields)


GOOD = {
    "one": [primary()],
    "smallest": [primary(200, 200)],
    "largest": [primary(8192, 8192)],
    "odd height": [primary(800, 601)],
    "side by side": [primary(), monitor(left=800)],
    "to the left": [primary(), monitor(left=-800)],
    "above": [monitor(top=-600), primary()],
    "shifted": [primary(), monitor(left=800, top=599)],
    "at one point": [primary(), monitor(left=800, top=600)],
    "at the opposite point": [primary(), monitor(left=-800, top=-600)],
    "in a row": [primary(), monitor(left=800), monitor(left=1600)],
    "in two pairs": [primary(), monitor(left=800), monitor(left=5000), monitor(left=5800)],
}
BAD = {
    "none": ([], "0 monitors"),
    "too many": ([primary(), *(monitor(left=800 * at) for at in range(1, 5))], "5 monitors"),
    "narrow": ([primary(198)], "198x600"),
    "low": ([primary(800, 199)], "800x199"),
    "wide": ([primary(8194)], "8194x600"),
    "high": ([primary(800, 8193)], "800x8193"),
    "endless": ([primary(0xFFFFFFFE, 0xFFFFFFFF)], "4294967294x4294967295"),
    "odd": ([primary(801)], "801 pixels wide"),
    "no primary": ([monitor()], "0 monitors are primary"),
    "two primaries": ([primary(), primary(left=800)], "2 monitors are primary"),
    "primary elsewhere": ([primary(left=100), monitor(left=900)], r"at \(100, 0\)"),
    "the same twice": ([primary(), monitor()], "0 and 1 overlap"),
    "inside": ([primary(), monitor(200, 200, left=100, top=100)], "0 and 1 overlap"),
    "overlap": ([primary(), monitor(left=798, top=599)], "0 and 1 overlap"),
    "apart": ([primary(), monitor(left=801)], "monitor 0 touches no other"),
    "apart below": ([primary(), monitor(top=601)], "monitor 0 touches no other"),
    "one apart": ([primary(), monitor(left=800), monitor(left=1601)], "monitor 2 touches no other"),
    "far": ([primary(), monitor(left=0x7FFFFFFF)], "monitor 0 touches no other"),
    "second is odd": ([primary(), monitor(301, left=800)], "monitor 1"),
}


@pytest.mark.parametrize("name", GOOD)
def test_allowed(name: str) -> None:
    assert find_fault(GOOD[name], 4) is None
    assert find_ignored(GOOD[name]) is None


@pytest.mark.parametrize("name", BAD)
def test_not_allowed(name: str) -> None:
    monitors, reason = BAD[name]
    fault = find_fault(monitors, 4)
    assert fault is not None
    assert re.search(reason, fault)


IGNORED: dict[str, tuple[dict[str, Any], str]] = {
    "orientation": ({"orientation": Orientation(45)}, "orientation 45"),
    "thin": ({"physical_width": 9, "physical_height": 300}, "9x300 mm"),
    "no height": ({"physical_width": 300}, "300x0 mm"),
    "thick": ({"physical_width": 300, "physical_height": 10_001}, "300x10001 mm"),
    "small scale": ({"desktop_scale_factor": 99}, "desktop_scale_factor 99"),
    "large scale": ({"desktop_scale_factor": 501}, "desktop_scale_factor 501"),
    "device scale": ({"desktop_scale_factor": 200, "device_scale_factor": 150}, "device_scale_factor 150"),
    "no scale": ({"desktop_scale_factor": 0, "device_scale_factor": 0}, "desktop_scale_factor 0"),
}


@pytest.mark.parametrize("name", IGNORED)
def test_what_is_out_of_range_counts_as_not_said(name: str) -> None:
    fields, reason = IGNORED[name]
    one = primary(**fields)
    assert find_fault([one], 4) is None
    assert reason in str(find_ignored([one]))
    assert without_ignored(one) == primary()


def test_what_is_in_range_is_kept() -> None:
    one = primary(
        orientation=Orientation.PORTRAIT_FLIPPED,
        physical_width=10,
        physical_height=10_000,
        desktop_scale_factor=500,
        device_scale_factor=180,
    )
    assert find_ignored([one]) is None
    assert without_ignored(one) == one


def test_bounding_size() -> None:
    assert bounding_size([primary()]) == (800, 600)
    assert bounding_size([primary(), monitor(left=-1024, top=-300, width=1024, height=768)]) == (1824, 900)


@given(
    st.integers(200, 8192).map(lambda side: side & ~1),
    st.integers(200, 8192),
    st.sampled_from([(1, 0), (0, 1), (-1, 0), (0, -1)]),
    st.integers(-9000, 9000),
)
def test_a_second_monitor_beside_the_first(width: int, height: int, side: tuple[int, int], along: int) -> None:
    """Along a side it may be anywhere up to the corners, but no further; one pixel off, or in, is wrong."""
    across, down = side
    left = along if down else (800 if across > 0 else -width)
    top = along if across else (600 if down > 0 else -height)
    touches = -width <= left <= 800 and -height <= top <= 600
    two = [primary(), monitor(width, height, left=left, top=top)]
    assert (find_fault(two, 4) is None) == touches
    away = [primary(), monitor(width, height, left=left + across, top=top + down)]
    assert "touches no other" in str(find_fault(away, 4))
