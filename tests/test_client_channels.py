"""What a client's session does with channels; dynamic ones have tests of their own."""

from __future__ import annotations

from dataclasses import replace

import pytest
import trio
import trio.testing

from trio_rdp.protocol.channel_buffer import ChannelBuffer, WhenFull
from trio_rdp.protocol.config import ClientConfig, Security, ServerConfig
from trio_rdp.testing import open_session_pair
from trio_rdp.wire.errors import LocalProtocolError

CLIENT = ClientConfig(username="user", security=Security.NONE, static_channels=("talk",))
SERVER = ServerConfig(security=Security.NONE, static_channels=("TALK",))


async def test_a_static_channel() -> None:
    async with open_session_pair(client_config=CLIENT, server_config=SERVER) as (client, server):
        ours, theirs = client.channel("talk"), server.channel("Talk")
        await ours.send(b"hello")
        assert await theirs.receive() == b"hello"
        await theirs.send(bytes(100_000))
        assert await ours.receive() == bytes(100_000)
        with pytest.raises(LocalProtocolError, match="there is no static channel 'other'"):
            client.channel("other")
        buffer = ChannelBuffer(1, 10, WhenFull.DROP_OLDEST)
        assert client.channel("talk", buffer=buffer) is ours
        assert ours.inflow.buffer is buffer


async def test_flow_control_of_the_server() -> None:
    """Suspended channels say nothing; input goes on."""
    async with open_session_pair(client_config=CLIENT, server_config=SERVER) as (client, server):
        server.suspend_channels()
        await trio.testing.wait_all_tasks_blocked(0.01)
        await client.channel("talk").send(b"later")
        await client.keyboard.type("x")
        await server.input.receive()
        with trio.move_on_after(0.05) as scope:
            await server.channel("talk").receive()
        assert scope.cancelled_caught
        server.suspend_channels(False)
        assert await server.channel("talk").receive() == b"later"


async def test_the_server_finds_the_client_answering_its_echo() -> None:
    async with open_session_pair(client_config=CLIENT, server_config=SERVER) as (client, server):
        assert await server.echo.ping(b"payload") > 0
        assert client.echo.statistics().answered == 1


async def test_many_sessions_may_have_the_same_names() -> None:
    async with open_session_pair(client_config=replace(CLIENT, static_channels=())) as (client, _):
        assert client.statistics().channels == ()
