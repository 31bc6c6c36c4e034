"""What a server's session does with channels; dynamic ones have tests of their own."""

from __future__ import annotations

from dataclasses import replace

import pytest
import trio

from trio_rdp.graphics.geometry import Rect
from trio_rdp.protocol.channel_buffer import ChannelBuffer
from trio_rdp.protocol.config import ClientConfig, Security, ServerConfig
from trio_rdp.testing import open_session_pair
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, SessionClosed

CLIENT = ClientConfig(username="user", security=Security.NONE, static_channels=("talk", "other"))
SERVER = ServerConfig(security=Security.NONE, static_channels=("talk",))


async def test_channels_that_both_sides_name() -> None:
    async with open_session_pair(client_config=CLIENT, server_config=SERVER) as (_, server):
        buffer = ChannelBuffer(1, 10)
        assert server.channel("talk", buffer=buffer).inflow.buffer is buffer
        with pytest.raises(LocalProtocolError, match="there is no static channel 'other'; both sides have to name it"):
            server.channel("other")


async def test_a_built_in_channel_that_the_server_must_not_use() -> None:
    config = replace(SERVER, builtin_channels=())
    async with open_session_pair(client_config=CLIENT, server_config=config) as (_, server):
        with pytest.raises(LocalProtocolError, match="one side does not take dynamic channels"):
            await server.echo.ping()


async def test_a_face_is_made_once() -> None:
    async with open_session_pair(client_config=CLIENT, server_config=SERVER) as (_, server):
        assert server.echo is server.echo
    with pytest.raises(SessionClosed):
        await server.echo.ping()


async def test_a_face_that_is_first_asked_for_after_the_end() -> None:
    async with open_session_pair(client_config=CLIENT, server_config=SERVER) as (_, server):
        pass
    with pytest.raises(SessionClosed):
        await server.echo.ping()


async def test_the_clipboard_is_shared() -> None:
    config = replace(CLIENT, enable_clipboard=True)
    async with open_session_pair(client_config=config, server_config=SERVER) as (client, server):
        await server.clipboard.offer(text="from the server")
        assert await client.clipboard.read_text() == "from the server"
        await client.clipboard.offer(text="from the client")
        assert await server.clipboard.read_text() == "from the client"
        assert server.clipboard is server.clipboard
    for clipboard in (client.clipboard, server.clipboard):
        with pytest.raises((SessionClosed, ChannelClosed)):
            await clipboard.read_text()


async def test_a_clipboard_that_one_side_does_not_share() -> None:
    async with open_session_pair(client_config=CLIENT, server_config=SERVER) as (client, server):
        with pytest.raises(LocalProtocolError, match="channel cliprdr: enable_clipboard asks for it"):
            await client.clipboard.read_text()
        with pytest.raises(LocalProtocolError, match="one side did not ask for it"):
            await server.clipboard.read_text()


async def test_a_clipboard_that_is_first_asked_for_after_the_end() -> None:
    config = replace(CLIENT, enable_clipboard=True)
    async with open_session_pair(client_config=config, server_config=SERVER) as (_, server):
        pass
    with pytest.raises((SessionClosed, ChannelClosed)):
        await server.clipboard.read_text()


async def test_single_programs() -> None:
    config = replace(CLIENT, enable_remote_apps=True)
    async with open_session_pair(client_config=config, server_config=SERVER) as (client, server):
        assert server.app_host is server.app_host
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.remote_apps.launch, "||clock")
            request = await anext(server.app_host.launches)
            assert request.program == "||clock"
            await request.accept()
        opened = await server.app_host.open_window("Clock", Rect(10, 20, 300, 200))
        seen = await client.remote_apps.windows.wait_for(lambda window: window.title == "Clock")
        assert (seen.id, seen.rect) == (opened.id, opened.rect)
        await server.display.resize(800, 600)
        await server.app_host.change_window(opened, title="Clock, larger")
        await client.remote_apps.windows.wait_for(lambda window: window.title == "Clock, larger")
    with pytest.raises((SessionClosed, ChannelClosed)):
        await client.remote_apps.launch("||clock")


async def test_single_programs_that_one_side_does_not_have() -> None:
    async with open_session_pair(client_config=CLIENT, server_config=SERVER) as (client, server):
        with pytest.raises(LocalProtocolError, match="the client shows a desktop"):
            await anext(server.app_host.launches)
        with pytest.raises(LocalProtocolError, match="enable_remote_apps asks for it"):
            await client.remote_apps.launch("||clock")
    config = replace(CLIENT, enable_remote_apps=True)
    without = replace(SERVER, builtin_channels=())
    async with open_session_pair(client_config=config, server_config=without) as (client, server):
        with pytest.raises(LocalProtocolError, match="the server shows no single programs"):
            await client.remote_apps.launch("||clock")
        with pytest.raises(LocalProtocolError, match="the client shows a desktop"):
            await anext(server.app_host.launches)


async def test_there_is_nothing_to_suspend_without_channels() -> None:
    client_config = replace(CLIENT, static_channels=(), enable_dynamic_channels=False)
    async with open_session_pair(client_config=client_config, server_config=SERVER) as (_, server):
        with pytest.raises(LocalProtocolError, match="there are no static channels"):
            server.suspend_channels()
