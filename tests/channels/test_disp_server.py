"""`DisplayControlServer`: what it says that it takes, and what it takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels.disp import (
    DisplayControlMonitor,
    DisplayControlMonitorLayout,
    MonitorFlags,
    Orientation,
    decode_disp_from_server,
)
from trio_rdp.channels.disp_client import DisplayControlClient
from trio_rdp.channels.disp_server import DisplayControlServer, LayoutImpossible, LayoutRequested
from trio_rdp.wire.errors import DecodeError, RemoteProtocolError


def one(width: int = 800, height: int = 600, left: int = 0) -> DisplayControlMonitor:
    flags = MonitorFlags.PRIMARY if left == 0 else MonitorFlags(0)
    return DisplayControlMonitor(flags=flags, width=width, height=height, left=left)


def layout(*monitors: DisplayControlMonitor) -> bytes:
    return DisplayControlMonitorLayout(monitors=list(monitors)).encode()


def test_a_client_asks_for_two_monitors() -> None:
    client, server = DisplayControlClient(), DisplayControlServer(16, 8192, 8192 * 4320)
    (accepted,) = client.receive(server.start())
    assert (accepted.max_monitors, accepted.max_area) == (16, 8192 * 4320)
    monitors = (one(), one(640, 480, 800))
    assert server.receive(client.layout(monitors)) == [LayoutRequested(monitors)]


@given(st.integers(1, 100), st.integers(1, 20_000), st.integers(1, 1 << 28))
def test_no_more_is_promised_than_there_is(max_monitors: int, max_side: int, max_area: int) -> None:
    capabilities = decode_disp_from_server(DisplayControlServer(max_monitors, max_side, max_area).start())
    assert getattr(capabilities, "max_num_monitors", 0) == min(max_monitors, 64)
    promised = getattr(capabilities, "max_monitor_area", 0)
    least = min(max_monitors, 64) * max(max_side // 4, 1)
    assert promised <= max(max_area, least)
    assert promised > max_area - least or promised == least


def test_what_is_out_of_range_is_as_if_not_said() -> None:
    server = DisplayControlServer(16, 8192, 8192 * 4320)
    odd = one()
    odd.orientation, odd.desktop_scale_factor, odd.physical_width = Orientation(7), 0, 3
    assert server.receive(layout(odd)) == [LayoutRequested((one(),))]


def test_too_large_for_this_server() -> None:
    server = DisplayControlServer(4, 2000, 1_000_000)
    assert server.receive(layout(one(1000, 1000))) == [LayoutRequested((one(1000, 1000),))]
    for monitors in ([one(1002, 1000)], [one(2002, 200)], [one(800, 200), one(800, 600, 800), one(402, 200, 1600)]):
        (event,) = server.receive(layout(*monitors))
        assert isinstance(event, LayoutImpossible)
        assert "too large" in event.reason


@pytest.mark.parametrize(
    "monitors",
    [[], [one(801)], [one(1 << 31, 1 << 31)], [one(), one(left=100)], [one(), one(left=900)], [one()] * 5],
    ids=lambda monitors: f"{len(monitors)}",
)
def test_layouts_that_are_not_allowed(monitors: list[DisplayControlMonitor]) -> None:
    with pytest.raises(RemoteProtocolError, match="a layout that is not allowed"):
        DisplayControlServer(4, 8192, 1 << 25).receive(layout(*monitors))


def test_unknown_messages_are_passed_over() -> None:
    assert DisplayControlServer(4, 8192, 1 << 25).receive(bytes.fromhex("09000000 08000000")) == []


@pytest.mark.parametrize("message", [b"", layout(one())[:-1], DisplayControlServer(1, 1, 1).start()])
def test_nonsense(message: bytes) -> None:
    with pytest.raises(DecodeError):
        DisplayControlServer(4, 8192, 1 << 25).receive(message)
