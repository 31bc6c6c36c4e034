"""Fingers, pens and the advanced mouse of a client's session, as its server's handler sees them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import trio
import trio.testing

from trio_rdp.protocol.config import ClientConfig, Security, ServerConfig
from trio_rdp.protocol.input_events import (
    MouseButton,
    MouseMoved,
    MouseMovedBy,
    MousePressed,
    MouseReleased,
    WheelTurned,
)
from trio_rdp.testing import open_session_pair
from trio_rdp.wire.errors import LocalProtocolError

CLIENT = ClientConfig(username="user", security=Security.NONE, enable_touch=True, enable_advanced_mouse=True)
SERVER = ServerConfig(security=Security.NONE)


async def test_a_finger_and_a_pen() -> None:
    async with open_session_pair(client_config=CLIENT, server_config=SERVER) as (client, server):
        touch = server.touch
        assert server.touch is touch
        await client.touch.swipe((0, 0), (9, 9), duration=0, steps=3)
        async with client.touch.pen(5, 6) as pen:
            await pen.draw((7, 8), pressure=100)
        seen = [(point.action.value, point.x) for _ in range(9) for point in (await touch.receive()).points]
        assert seen == [
            *[("down", 0), ("move", 3), ("move", 6), ("move", 9), ("up", 9)],
            *[("hover", 5), ("hover", 7), ("down", 7), ("up", 7)],
        ]
        await touch.suspend()
        while not client.touch.is_suspended:
            await trio.testing.wait_all_tasks_blocked(0.01)


async def test_a_handler_that_iterates() -> None:
    async with open_session_pair(client_config=CLIENT, server_config=SERVER) as (client, server):
        actions: list[str] = []

        async def watch() -> None:
            async for event in server.touch:
                actions.extend(point.action.value for point in event.points)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch)
            await client.touch.tap(3, 4, hold=0)
            while len(actions) < 2:
                await trio.testing.wait_all_tasks_blocked(0.01)
            nursery.cancel_scope.cancel()
        assert actions == ["down", "up"]


async def test_a_client_that_was_not_told_to_touch() -> None:
    config = replace(CLIENT, enable_touch=False, enable_advanced_mouse=False)
    async with open_session_pair(client_config=config, server_config=SERVER) as (client, server):
        with pytest.raises(LocalProtocolError):
            await client.touch.tap(1, 1)
        with pytest.raises(LocalProtocolError):
            await server.touch.receive()
        with pytest.raises(LocalProtocolError):
            await server.advanced_mouse.wait_open()
        await client.mouse.move(3, 4)
        assert await server.input.receive() == MouseMoved(3, 4)


async def test_the_mouse_uses_the_channel_when_it_is_there() -> None:
    async with open_session_pair(client_config=CLIENT, server_config=SERVER) as (client, server):
        await client.mouse.move(1, 2)
        assert await server.input.receive() == MouseMoved(1, 2)
        assert client.advanced_mouse.statistics().messages_sent == 0
        host = server.advanced_mouse
        assert server.advanced_mouse is host
        await client.advanced_mouse.wait_ready()
        await client.mouse.click(3, 4, button=MouseButton.X2)
        await client.mouse.move_by(-5, 6)
        await client.mouse.scroll(1)
        assert [await server.input.receive() for _ in range(5)] == [
            MouseMoved(3, 4),
            MousePressed(MouseButton.X2, 3, 4),
            MouseReleased(MouseButton.X2, 3, 4),
            MouseMovedBy(-5, 6),
            WheelTurned(120, 3, 4),
        ]
        assert host.statistics().received == 5


async def test_buttons_come_up_when_the_client_leaves() -> None:
    async with open_session_pair(client_config=CLIENT, server_config=SERVER) as (client, server):
        assert server.advanced_mouse
        await client.advanced_mouse.wait_ready()
        await client.mouse.down()
        assert await server.input.receive() == MousePressed(MouseButton.LEFT, 0, 0)
        client.mouse.release_all_nowait()
        assert await server.input.receive() == MouseReleased(MouseButton.LEFT, 0, 0)
