"""`DisplayControl` against `DisplayControlHost`, and against peers that ask for what cannot be, or say nothing."""

from __future__ import annotations

import logging

import pytest
import trio
import trio.testing

from tests.robustness.test_cancel import cancelled_at
from trio_rdp.channels.disp import DisplayControlMonitor, DisplayControlMonitorLayout, MonitorFlags, Orientation
from trio_rdp.faces.display_control import DisplayControl, DisplayControlHost, LayoutLimits
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.config import Monitor
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, SessionClosed

LIMITS = Limits()
NAME = "Microsoft::Windows::RDS::DisplayControl"
TWO = (
    Monitor(width=1920, height=1080, is_primary=True, physical_width=500, physical_height=300),
    Monitor(left=1920, top=-840, width=1080, height=1920, orientation=90, desktop_scale_factor=150),
)
# What xrdp 0.9.21 says that it takes, and what xfreerdp 2.11 asks for when its window is resized.
XRDP = bytes.fromhex("05000000 14000000 10000000 00100000 00080000")
XFREERDP = bytes.fromhex(
    "02000000 38000000 28000000 01000000"  # one monitor
    "01000000 00000000 00000000 20030000 58020000"  # primary, at (0, 0), of 800x600 pixels
    "fe000000 cb000000 00000000 00000000 00000000"  # 254x203 mm, not turned, and scale factors of 0 per cent
)


class Layouts:
    """What a server's handler was given; it may be made to wait."""

    def __init__(self) -> None:
        self.seen: list[tuple[Monitor, ...]] = []
        self.may_go_on = trio.Event()
        self.may_go_on.set()

    async def __call__(self, monitors: tuple[Monitor, ...]) -> None:
        self.seen.append(monitors)
        await self.may_go_on.wait()


def paired(nursery: trio.Nursery, limits: Limits = LIMITS) -> tuple[DisplayControl, DisplayControlHost, Layouts]:
    layouts = Layouts()
    client, host = DisplayControl(limits), DisplayControlHost(limits, layouts)
    ours, theirs = channel_pair(NAME)
    nursery.start_soon(client.run, ours)
    nursery.start_soon(host.run, theirs)
    return client, host, layouts


def hosted(nursery: trio.Nursery) -> tuple[DisplayControlHost, Layouts, MessageChannel]:
    """A server's side, and the client's end of its channel."""
    layouts, (ours, theirs) = Layouts(), channel_pair(NAME)
    host = DisplayControlHost(LIMITS, layouts)
    nursery.start_soon(host.run, ours)
    return host, layouts, theirs


async def test_a_whole_layout(nursery: trio.Nursery) -> None:
    client, host, layouts = paired(nursery)
    assert client.layout_limits is None
    await client.set_layout(TWO)
    assert client.layout_limits == await client.wait_ready() == LayoutLimits(16, 8192 * 4320)
    await trio.testing.wait_all_tasks_blocked()
    assert layouts.seen == [TWO]
    assert host.monitors == TWO
    statistics = host.statistics()
    assert (statistics.received, statistics.superseded, statistics.impossible, statistics.failed) == (1, 0, 0, 0)
    nursery.cancel_scope.cancel()


async def test_another_size(nursery: trio.Nursery) -> None:
    client, _, layouts = paired(nursery)
    await client.resize(1600, 900)
    await trio.testing.wait_all_tasks_blocked()
    await client.resize(1600, 900, scale=200)
    await trio.testing.wait_all_tasks_blocked()
    assert layouts.seen == [
        (Monitor(width=1600, height=900, is_primary=True),),
        (Monitor(width=1600, height=900, is_primary=True, desktop_scale_factor=200),),
    ]
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("size", "scale", "reason"),
    [
        ((801, 600), 100, "odd"),
        ((198, 600), 100, "200 to 8192"),
        ((800, 8193), 100, "200 to 8192"),
        ((8192, 8192), 100, "the server takes 35389440"),
        ((800, 600), 99, "desktop_scale_factor 99"),
        ((-800, 600), 100, "200 to 8192"),
    ],
)
async def test_sizes_that_cannot_be(nursery: trio.Nursery, size: tuple[int, int], scale: int, reason: str) -> None:
    client, _, layouts = paired(nursery)
    with pytest.raises(LocalProtocolError, match=reason):
        await client.resize(*size, scale=scale)
    await client.resize(800, 600)
    await trio.testing.wait_all_tasks_blocked()
    assert len(layouts.seen) == 1
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("monitors", "reason"),
    [
        ((), "0 monitors"),
        ((TWO[0], TWO[0]), "2 monitors are primary"),
        ((TWO[1],), "0 monitors are primary"),
        ((TWO[0], Monitor(left=100, width=800, height=600)), "overlap"),
        ((TWO[0], Monitor(left=4000, width=800, height=600)), "touches no other"),
        ((Monitor(width=800, height=600, is_primary=True, orientation=45),), "orientation 45"),
        ((Monitor(width=800, height=600, is_primary=True, device_scale_factor=120),), "device_scale_factor 120"),
        ((Monitor(width=800, height=600, is_primary=True, physical_width=-1),), "-1x0 mm"),
    ],
)
async def test_layouts_that_cannot_be(nursery: trio.Nursery, monitors: tuple[Monitor, ...], reason: str) -> None:
    client, _, layouts = paired(nursery)
    with pytest.raises(LocalProtocolError, match=reason):
        await client.set_layout(monitors)
    await trio.testing.wait_all_tasks_blocked()
    assert layouts.seen == []
    nursery.cancel_scope.cancel()


async def test_a_call_waits_for_the_channel_and_for_the_server(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    client, (ours, theirs) = DisplayControl(LIMITS), channel_pair(NAME)
    nursery.start_soon(client.resize, 640, 480)
    await trio.sleep(1)
    nursery.start_soon(client.run, ours)
    await trio.sleep(1)
    with pytest.raises(trio.WouldBlock):
        theirs.receive_nowait()
    await theirs.send(XRDP)
    expected = DisplayControlMonitor(flags=MonitorFlags.PRIMARY, width=640, height=480)
    assert DisplayControlMonitorLayout.decode(await theirs.receive()).monitors == [expected]
    assert client.layout_limits == LayoutLimits(16, 16 * 4096 * 2048)
    await theirs.aclose()


async def test_a_server_that_speaks_nonsense_loses_the_channel(nursery: trio.Nursery) -> None:
    client, (ours, theirs) = DisplayControl(LIMITS), channel_pair(NAME)
    nursery.start_soon(client.run, ours)
    await theirs.send(XRDP)
    await theirs.send(XRDP[:-1])
    with pytest.raises(trio.EndOfChannel):
        await theirs.receive()
    with pytest.raises(ChannelClosed):
        await client.resize(640, 480)
    assert client.layout_limits is None


async def test_who_waits_is_told_of_the_end(nursery: trio.Nursery) -> None:
    client, (ours, theirs) = DisplayControl(LIMITS), channel_pair(NAME)
    nursery.start_soon(client.run, ours)

    async def resize() -> None:
        with pytest.raises(ChannelClosed):
            await client.resize(640, 480)

    nursery.start_soon(resize)
    await trio.testing.wait_all_tasks_blocked()
    await theirs.aclose()


async def test_without_the_channel() -> None:
    client = DisplayControl(LIMITS)
    client.unavailable("the server does not have it")
    with pytest.raises(LocalProtocolError, match="the server does not have it"):
        await client.resize(640, 480)


async def test_cancelled_at_every_checkpoint_it_stays_whole(nursery: trio.Nursery) -> None:
    client, _, layouts = paired(nursery)
    for checkpoint in range(50):
        async with cancelled_at(checkpoint) as scope:
            await client.resize(640, 480)
        await client.resize(800, 600)
        await trio.testing.wait_all_tasks_blocked()
        assert layouts.seen[-1][0].width == 800
        if not scope.cancelled_caught:
            break
    assert not scope.cancelled_caught
    assert checkpoint >= 1
    nursery.cancel_scope.cancel()


async def test_only_the_latest_layout_waits_for_the_handler(nursery: trio.Nursery) -> None:
    client, host, layouts = paired(nursery)
    layouts.may_go_on = trio.Event()
    await client.resize(400, 600)
    await trio.testing.wait_all_tasks_blocked()
    for width in range(402, 900, 2):
        await client.resize(width, 600)
    await trio.testing.wait_all_tasks_blocked()
    assert host.statistics().waiting == 1
    layouts.may_go_on.set()
    await trio.testing.wait_all_tasks_blocked()
    assert [monitors[0].width for monitors in layouts.seen] == [400, 898]
    statistics = host.statistics()
    assert (statistics.received, statistics.superseded, statistics.waiting) == (250, 248, 0)
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize("error", [ZeroDivisionError("one by zero"), SessionClosed("too late")])
async def test_a_handler_that_fails_is_called_again(
    nursery: trio.Nursery, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    seen = []

    async def fail(monitors: tuple[Monitor, ...]) -> None:
        seen.append(monitors)
        raise error

    client, host = DisplayControl(LIMITS), DisplayControlHost(LIMITS, fail)
    ours, theirs = channel_pair(NAME)
    nursery.start_soon(client.run, ours)
    nursery.start_soon(host.run, theirs)
    for _ in range(2):
        await client.resize(640, 480)
        await trio.testing.wait_all_tasks_blocked()
    assert len(seen) == 2
    is_failure = isinstance(error, ZeroDivisionError)
    assert host.statistics().failed == 2 * is_failure
    assert (caplog.records != [] and caplog.records[0].levelno == logging.ERROR) == is_failure
    nursery.cancel_scope.cancel()


async def test_a_client_that_asks_for_what_is_not_allowed_loses_the_channel(nursery: trio.Nursery) -> None:
    host, layouts, theirs = hosted(nursery)
    await theirs.receive()
    odd = DisplayControlMonitor(flags=MonitorFlags.PRIMARY, width=801, height=600)
    await theirs.send(DisplayControlMonitorLayout(monitors=[odd]).encode())
    with pytest.raises(trio.EndOfChannel):
        await theirs.receive()
    with pytest.raises(ChannelClosed, match="801 pixels wide"):
        await host.wait_open()
    assert layouts.seen == []


async def test_what_xfreerdp_asks_for(nursery: trio.Nursery) -> None:
    host, layouts, theirs = hosted(nursery)
    await theirs.receive()
    await theirs.send(XFREERDP)
    await trio.testing.wait_all_tasks_blocked()
    expected = Monitor(width=800, height=600, is_primary=True, physical_width=254, physical_height=203)
    assert layouts.seen == [(expected,)]
    assert host.statistics().failed == 0
    await theirs.aclose()


async def test_a_desktop_that_is_too_large_changes_nothing(nursery: trio.Nursery) -> None:
    host, layouts, theirs = hosted(nursery)
    await theirs.receive()
    huge = DisplayControlMonitor(flags=MonitorFlags.PRIMARY, width=8192, height=8192)
    await theirs.send(DisplayControlMonitorLayout(monitors=[huge]).encode())
    fine = DisplayControlMonitor(
        flags=MonitorFlags.PRIMARY, width=640, height=480, orientation=Orientation(3), desktop_scale_factor=7
    )
    await theirs.send(DisplayControlMonitorLayout(monitors=[fine]).encode())
    await trio.testing.wait_all_tasks_blocked()
    assert layouts.seen == [(Monitor(width=640, height=480, is_primary=True),)]
    assert host.statistics().impossible == 1
    await theirs.aclose()


async def test_a_client_that_vanishes_while_the_handler_works(nursery: trio.Nursery) -> None:
    host, layouts, theirs = hosted(nursery)
    layouts.may_go_on = trio.Event()
    for width in (640, 800):
        one = DisplayControlMonitor(flags=MonitorFlags.PRIMARY, width=width, height=480)
        await theirs.send(DisplayControlMonitorLayout(monitors=[one]).encode())
        await trio.testing.wait_all_tasks_blocked()
    await theirs.aclose()
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(ChannelClosed):
        await host.wait_open()
    assert host.statistics().waiting == 0
    assert len(layouts.seen) == 1
