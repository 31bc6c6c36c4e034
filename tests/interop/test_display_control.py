"""Other sizes in the middle of a session: our client with xrdp, whose X follows, and our server with xfreerdp."""

from __future__ import annotations

import re
from functools import partial

import pytest

from tests.interop.conftest import Peers
from tests.interop.display import Display, xorg, xvfb
from tests.interop.pictures import pattern
from tests.interop.processes import wait_for
from tests.interop.serving import paint, serving, wait_equal
from tests.interop.sessions import connected, wait_shows
from tests.interop.xfreerdp import NO_GFX_NO_RFX, OK, xfreerdp
from tests.interop.xrdp import xrdp
from trio_rdp.client import Session
from trio_rdp.protocol.config import DesktopSize, Monitor
from trio_rdp.protocol.input_events import MonitorLayoutChanged
from trio_rdp.protocol.limits import Limits
from trio_rdp.server import ServerSession
from trio_rdp.wire.errors import LocalProtocolError, RequestRefused


async def x_size(display: Display) -> tuple[int, int]:
    """What the session's own programs see."""
    said = (await display.run("xdpyinfo")).decode()
    found = re.search(r"dimensions: +(\d+)x(\d+) pixels", said)
    assert found is not None
    return int(found[1]), int(found[2])


def has_size(session: Session | ServerSession, size: DesktopSize) -> bool:
    return session.size == size


async def test_xrdp_follows(peers: Peers) -> None:
    """The X server inside has the new size, and what it shows is what we show."""
    with xorg(peers.folder) as display, xrdp(peers.folder, display) as server:
        async with connected(server) as session:
            limits = await session.display_control.wait_ready()
            assert limits.max_monitors == 16
            for width, height in ((800, 600), (1280, 960), (1024, 768)):
                assert await session.resize(width, height) == DesktopSize(width, height)
                assert await x_size(display) == (width, height)
                display.paint_sync(pattern(width, height, f"{width} x {height}"))
                await wait_shows(session, await display.picture(width, height), peers.folder)
            with pytest.raises(LocalProtocolError, match="801 pixels wide"):
                await session.resize(801, 600)
            with display.notepad() as notepad:
                await notepad.focus()
                await session.keyboard.type("still here")
                await notepad.wait_text("still here")


async def test_xrdp_is_told_of_several_monitors_and_keeps_its_session(peers: Peers) -> None:
    """It makes one desktop of them, as large as both."""
    with xorg(peers.folder) as display, xrdp(peers.folder, display) as server:
        display.paint_sync(pattern(1024, 768, "one"))
        async with connected(server) as session:
            # xrdp 0.9.21 that has not reached its X yet passes over a layout.
            await wait_shows(session, await display.picture(), peers.folder)
            two = (
                Monitor(width=640, height=480, is_primary=True),
                Monitor(left=640, top=0, width=640, height=480, physical_width=300, physical_height=200),
            )
            await session.display_control.set_layout(two)
            await wait_for(partial(has_size, session, DesktopSize(1280, 480)), "the size of both")
            assert await x_size(display) == (1280, 480)


@pytest.mark.interop_full
async def test_a_server_that_does_not_resize(peers: Peers) -> None:
    """freerdp-shadow shows a display as it is, and has no channel for that."""
    async with connected(peers.shadow(), limits=Limits(resize=1)) as session:
        with pytest.raises((RequestRefused, LocalProtocolError)):
            await session.resize(800, 600)
        assert session.size == DesktopSize(1024, 768)


async def test_xfreerdp_resizes_its_window(client_display: Display) -> None:
    """Our display takes the window's size, and both show the same."""
    async with (
        serving() as served,
        xfreerdp(client_display, served.port, "/disp", "/dynamic-resolution", NO_GFX_NO_RFX) as client,
    ):
        session = (await served.guest()).session
        await wait_equal(client, session)
        host = session.accept_layouts()
        await host.wait_open()
        window = await client.wait_window()
        for width, height in ((800, 600), (1201, 901), (640, 480)):
            await client_display.xdotool("windowsize", window.id, width, height)
            size = DesktopSize(width & ~1, height & ~1)  # xfreerdp asks for even numbers, and its window follows
            await wait_for(partial(has_size, session, size), f"a desktop of {size}")
            await paint(session, pattern(size.width, size.height, f"{width} x {height}"))
            await wait_equal(client, session)
            assert [(one.width, one.height, one.is_primary) for one in session.monitors] == [
                (size.width, size.height, True)
            ]
        assert host.statistics().failed == host.statistics().impossible == 0
        assert await client.close() == OK


@pytest.mark.interop_full
async def test_xfreerdp_and_a_handler_that_hears_of_layouts(client_display: Display) -> None:
    async with (
        serving() as served,
        xfreerdp(client_display, served.port, "/disp", "/dynamic-resolution", NO_GFX_NO_RFX) as client,
    ):
        guest = await served.guest()
        await wait_equal(client, guest.session)
        await guest.session.accept_layouts().wait_open()
        window = await client.wait_window()
        await client_display.xdotool("windowsize", window.id, 900, 700)
        await wait_for(partial(has_size, guest.session, DesktopSize(900, 700)), "a desktop of that size")
        await wait_for(lambda: MonitorLayoutChanged(guest.session.monitors) in guest.events, "the event")


async def test_xfreerdp_with_two_monitors(peers: Peers) -> None:
    """Our display is as large as both, and its handler knows where each stands."""
    with xvfb(peers.folder, 1600, 700) as display:
        display.run_sync("xrandr", "--setmonitor", "left", "900/300x700/200+0+0", "screen")
        display.run_sync("xrandr", "--setmonitor", "right", "700/250x700/200+900+0", "none")
        async with serving() as served, xfreerdp(display, served.port, "/multimon", "/f") as client:
            session = (await served.guest()).session
            assert session.size == DesktopSize(1600, 700)
            assert [(one.left, one.top, one.width, one.height, one.is_primary) for one in session.monitors] == [
                (0, 0, 900, 700, True),
                (900, 0, 700, 700, False),
            ]
            await wait_equal(client, session)
            guest = served.guests[0]
            await wait_for(lambda: MonitorLayoutChanged(session.monitors) in guest.events, "the event")
