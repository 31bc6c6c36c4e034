"""A client asks for another size, and its server follows: `Session.resize` and `ServerSession.accept_layouts`."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import trio
import trio.testing

from tests.robustness.test_cancel import cancelled_at
from trio_rdp.client import Session
from trio_rdp.graphics.geometry import Rect
from trio_rdp.protocol.config import ClientConfig, DesktopSize, Monitor, Security, ServerConfig
from trio_rdp.protocol.input_events import MonitorLayoutChanged
from trio_rdp.protocol.limits import Limits
from trio_rdp.server import ServerSession
from trio_rdp.testing import open_session_pair
from trio_rdp.wire.errors import LocalProtocolError, RequestRefused

CLIENT = ClientConfig(
    username="user",
    security=Security.NONE,
    desktop_size=DesktopSize(640, 480),
    codecs=(),
    limits=Limits(resize=10),
)
SERVER = ServerConfig(security=Security.NONE)


@contextlib.asynccontextmanager
async def paired(
    client_config: ClientConfig = CLIENT, server_config: ServerConfig = SERVER
) -> AsyncIterator[tuple[Session, ServerSession]]:
    async with open_session_pair(client_config=client_config, server_config=server_config) as (client, server):
        await paint(server)
        while not client.screen.is_painted:
            await client.screen.wait_changed()
        yield client, server


async def paint(server: ServerSession) -> None:
    """A colour that says how wide the desktop is."""
    async with server.display.frame() as frame:
        frame.fill(frame.bounds, (frame.bounds.width % 256, frame.bounds.width // 256, 9))


def is_painted(client: Session) -> bool:
    width, height = client.size.width, client.size.height
    whole = client.screen.snapshot()
    assert whole.shape[:2] == (height, width)
    return client.screen.pixel(width - 1, height - 1) == (width % 256, width // 256, 9)


async def test_the_desktop_follows_and_the_picture_is_there() -> None:
    async with paired() as (client, server):
        server.accept_layouts()
        for width, height in ((800, 600), (1024, 300), (640, 480)):
            assert await client.resize(width, height) == DesktopSize(width, height)
            assert (client.size, server.size) == (DesktopSize(width, height),) * 2
            assert (client.screen.width, client.screen.height) == (width, height)
            assert server.monitors == (Monitor(width=width, height=height, is_primary=True),)
            await paint(server)
            await client.screen.wait_settled(0.05)
            assert is_painted(client)
        assert server.display.statistics().resizes == 3


async def test_the_handler_hears_of_it_and_paints() -> None:
    async with paired() as (client, server):
        server.accept_layouts()

        async def repaint() -> None:
            async for event in server.input:
                assert isinstance(event, MonitorLayoutChanged)
                await paint(server)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(repaint)
            await client.resize(1000, 700)
            while not is_painted(client):
                await client.screen.wait_changed()
            nursery.cancel_scope.cancel()


async def test_a_handler_of_its_own_may_choose_another_size() -> None:
    async with paired() as (client, server):
        seen = []

        async def on_layout(monitors: tuple[Monitor, ...]) -> None:
            seen.append(monitors)
            await server.display.resize(monitors[0].width // 2, monitors[0].height // 2)

        host = server.accept_layouts(on_layout)
        assert await client.resize(800, 600, scale=150) == DesktopSize(400, 300)
        assert seen == [(Monitor(width=800, height=600, is_primary=True, desktop_scale_factor=150),)]
        assert host.monitors == server.monitors == seen[0]
        with pytest.raises(trio.WouldBlock):
            server.input.receive_nowait()


async def test_several_monitors() -> None:
    async with paired() as (client, server):
        server.accept_layouts()
        monitors = (
            Monitor(width=600, height=400, is_primary=True),
            Monitor(left=-300, top=-100, width=300, height=500, orientation=90),
        )
        await client.display_control.set_layout(monitors)
        assert await server.input.receive() == MonitorLayoutChanged(monitors)
        assert server.monitors == monitors
        assert server.size == DesktopSize(900, 500)


async def test_a_size_that_the_servers_configuration_does_not_allow() -> None:
    config = replace(SERVER, maximum_size=DesktopSize(700, 500), minimum_size=DesktopSize(300, 300))
    async with paired(server_config=config) as (client, server):
        server.accept_layouts()
        assert await client.resize(1000, 400) == DesktopSize(700, 400)
        assert await client.resize(200, 200) == DesktopSize(300, 300)


async def test_a_server_that_has_shown_nothing_yet(autojump_clock: trio.testing.MockClock) -> None:
    async with open_session_pair(client_config=CLIENT, server_config=SERVER) as (client, server):
        server.accept_layouts()
        with pytest.raises(RequestRefused, match=r"shows no picture at all, .* within 10 s"):
            await client.resize(800, 600)
        assert server.monitors == ()  # it was not asked


async def test_a_server_that_does_nothing(autojump_clock: trio.testing.MockClock) -> None:
    async with paired() as (client, server):

        async def nothing(monitors: tuple[Monitor, ...]) -> None:
            pass

        server.accept_layouts(nothing)
        with pytest.raises(RequestRefused, match=r"shows no desktop of 800x600 within 10 s"):
            await client.resize(800, 600)
        assert client.size == DesktopSize(640, 480)


async def test_a_server_that_has_no_display_control() -> None:
    async with paired(replace(CLIENT, limits=Limits(resize=0.3))) as (client, _):
        with pytest.raises(RequestRefused):
            await client.resize(800, 600)
    async with paired(replace(CLIENT, enable_dynamic_channels=False)) as (client, _):
        with pytest.raises(LocalProtocolError):
            await client.resize(800, 600)


async def test_a_size_that_cannot_be() -> None:
    async with paired() as (client, server):
        server.accept_layouts()
        with pytest.raises(LocalProtocolError, match="801 pixels wide"):
            await client.resize(801, 600)


async def test_the_same_size_is_there_already() -> None:
    async with paired() as (client, server):
        server.accept_layouts()
        assert await client.resize(640, 480) == DesktopSize(640, 480)
        assert isinstance(await server.input.receive(), MonitorLayoutChanged)
        assert server.display.statistics().resizes == 0


async def test_a_client_that_does_not_resize() -> None:
    """Only a client of others: ours always does."""
    async with paired(replace(CLIENT, enable_dynamic_channels=False)) as (_, server):
        host = server.accept_layouts()
        with pytest.raises(LocalProtocolError):
            await host.wait_open()
        assert server.monitors == ()


async def test_layouts_are_accepted_once() -> None:
    async with paired() as (_, server):
        server.accept_layouts()
        with pytest.raises(LocalProtocolError, match="accepted already"):
            server.accept_layouts()


async def test_cancelled_at_every_checkpoint_both_sides_stay_usable() -> None:
    async with paired() as (client, server):
        server.accept_layouts()
        await client.display_control.wait_ready()
        for checkpoint in range(100):
            async with cancelled_at(checkpoint) as scope:
                await client.resize(700 + 2 * checkpoint, 500)
            await paint(server)
            if not scope.cancelled_caught:
                break
        assert not scope.cancelled_caught
        await client.resize(800, 600)
        assert client.size == DesktopSize(800, 600)
        assert Rect(0, 0, 800, 600).area == client.screen.width * client.screen.height
