"""`DisplayControlClient`: what it may ask a server for."""

from __future__ import annotations

import pytest

from trio_rdp.channels.disp import DisplayControlCapabilities, DisplayControlMonitor, MonitorFlags, Orientation
from trio_rdp.channels.disp import decode_disp_from_client as decode
from trio_rdp.channels.disp_client import DisplayControlClient, LayoutLimits
from trio_rdp.wire.errors import DecodeError, EncodeError, LocalProtocolError

CAPABILITIES = DisplayControlCapabilities(
    max_num_monitors=2, max_monitor_area_factor_a=1000, max_monitor_area_factor_b=500
).encode()


def one(width: int = 800, height: int = 600) -> DisplayControlMonitor:
    return DisplayControlMonitor(flags=MonitorFlags.PRIMARY, width=width, height=height)


def test_a_layout_waits_for_the_capabilities() -> None:
    client = DisplayControlClient()
    assert client.layout_limits is None
    with pytest.raises(LocalProtocolError, match="has not said yet"):
        client.layout([one()])
    assert client.receive(CAPABILITIES) == [LayoutLimits(2, 1_000_000)]
    assert client.layout_limits == LayoutLimits(2, 1_000_000)
    sent = decode(client.layout([one()]))
    assert getattr(sent, "monitors", None) == [one()]


def test_capabilities_may_come_again() -> None:
    client = DisplayControlClient()
    client.receive(CAPABILITIES)
    again = DisplayControlCapabilities(max_num_monitors=1, max_monitor_area_factor_a=1, max_monitor_area_factor_b=1)
    client.receive(again.encode())
    assert client.layout_limits == LayoutLimits(1, 1)


def test_the_server_has_limits() -> None:
    client = DisplayControlClient()
    client.receive(CAPABILITIES)
    client.layout([one(1000, 1000)])
    with pytest.raises(LocalProtocolError, match="1002000 pixels, and the server takes 1000000"):
        client.layout([one(1002, 1000)])
    with pytest.raises(LocalProtocolError, match="3 monitors, of which there may be 1 to 2"):
        client.layout([one()] * 3)


def test_the_document_has_limits() -> None:
    client = DisplayControlClient()
    client.receive(CAPABILITIES)
    with pytest.raises(LocalProtocolError, match="odd"):
        client.layout([one(801)])
    turned = one()
    turned.orientation = Orientation(1)
    with pytest.raises(LocalProtocolError, match="orientation 1"):
        client.layout([turned])
    far = [DisplayControlMonitor(width=200, height=200, left=left) for left in (1 << 31, (1 << 31) + 200)]
    client.receive(
        DisplayControlCapabilities(
            max_num_monitors=4, max_monitor_area_factor_a=1000, max_monitor_area_factor_b=500
        ).encode()
    )
    beside = DisplayControlMonitor(width=200, height=200, left=800)
    with pytest.raises(EncodeError):
        client.layout([one(), beside, *far])


def test_unknown_messages_are_passed_over() -> None:
    client = DisplayControlClient()
    assert client.receive(bytes.fromhex("09000000 0c000000 01020304")) == []
    assert client.layout_limits is None


@pytest.mark.parametrize("message", [b"", CAPABILITIES[:-1], bytes.fromhex("02000000 10000000 28000000 00000000")])
def test_nonsense(message: bytes) -> None:
    with pytest.raises(DecodeError):
        DisplayControlClient().receive(message)
