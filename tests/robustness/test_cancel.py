"""A program that is cancelled at any moment of a connection and of a session leaves nothing behind."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
import trio
import trio.testing

from tests.identities import identity
from tests.robustness.peers import (
    accounts,
    client_config,
    host_until,
    is_closed,
    join_until,
    living_tasks,
    server_config,
)
from tests.robustness.test_bad_client import PHASES as CLIENT_PHASES
from tests.robustness.test_bad_server import PHASES as SERVER_PHASES
from trio_rdp.admission import admit
from trio_rdp.client import Session, open_session_over
from trio_rdp.dynamic_channel import DynamicChannel, DynamicChannelListener
from trio_rdp.graphics.geometry import Rect
from trio_rdp.protocol.config import Security
from trio_rdp.protocol.limits import Limits
from trio_rdp.server import ServerSession
from trio_rdp.testing import open_session_pair
from trio_rdp.wire.errors import RdpError

MOST_CHECKPOINTS = 2000


class Countdown(trio.abc.Instrument):
    """Cancels a scope when one task has been run for the k-th time."""

    def __init__(self, scope: trio.CancelScope, task: trio.lowlevel.Task, left: int) -> None:
        self.scope = scope
        self.task = task
        self.left = left

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        if task is self.task and not self.scope.cancel_called:
            self.left -= 1
            if self.left < 0:
                self.scope.cancel()


@contextlib.asynccontextmanager
async def cancelled_at(checkpoint: int) -> AsyncIterator[trio.CancelScope]:
    """Cancel the block when its task goes on after so many checkpoints."""
    with trio.CancelScope() as scope:
        countdown = Countdown(scope, trio.lowlevel.current_task(), checkpoint)
        trio.lowlevel.add_instrument(countdown)
        try:
            yield scope
        finally:
            trio.lowlevel.remove_instrument(countdown)


Attempt = Callable[[trio.abc.Stream], Awaitable[None]]


async def cancel_everywhere(attempt: Attempt, other: Attempt) -> int:
    """Cancel an attempt at its first checkpoint, its second, and so on until it succeeds; gives how many it has."""
    for checkpoint in range(MOST_CHECKPOINTS):
        ours, theirs = trio.testing.memory_stream_pair()
        before = living_tasks()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(other, theirs)
            async with cancelled_at(checkpoint) as scope:
                await attempt(ours)
            assert await is_closed(ours)
            nursery.cancel_scope.cancel()
        assert living_tasks() == before
        if not scope.cancelled_caught:
            return checkpoint
    raise AssertionError(f"more than {MOST_CHECKPOINTS} checkpoints")


async def be_a_client(stream: trio.abc.Stream) -> None:
    config = replace(client_config(Security.NLA), limits=Limits(close_grace=0.1))
    async with open_session_over(stream, config=config) as session:
        await session.keyboard.type("x")
        await session.screen.wait_changed()


async def be_a_server(stream: trio.abc.Stream) -> None:
    config = replace(server_config(Security.NLA), limits=Limits(close_grace=0.1), detect_network=True)
    admitted = await admit(stream, config, accounts(), identity())
    session = ServerSession(admitted, "")
    async with session._running():
        async with session.display.frame() as frame:
            frame.fill(Rect(0, 0, 100, 100), (1, 2, 3))
        await session.input.receive()


async def tolerantly(attempt: Attempt, stream: trio.abc.Stream) -> None:
    with contextlib.suppress(RdpError):
        await attempt(stream)


async def test_a_client_at_every_checkpoint() -> None:
    async def other(stream: trio.abc.Stream) -> None:
        await tolerantly(be_a_server, stream)

    assert await cancel_everywhere(be_a_client, other) > 20


async def test_a_server_at_every_checkpoint() -> None:
    async def other(stream: trio.abc.Stream) -> None:
        await tolerantly(be_a_client, stream)

    assert await cancel_everywhere(be_a_server, other) > 20


@pytest.mark.parametrize("phase", SERVER_PHASES)
async def test_a_client_in_every_phase(phase: str, autojump_clock: trio.testing.MockClock) -> None:
    """The server is silent there, and stays so."""
    state, security = SERVER_PHASES[phase]
    ours, theirs = trio.testing.memory_stream_pair()
    before = living_tasks()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(host_until, theirs, state, security)
        with trio.move_on_after(0.5) as scope:
            async with open_session_over(ours, config=client_config(security)):
                await trio.sleep_forever()
        assert scope.cancelled_caught
        assert await is_closed(ours)
        nursery.cancel_scope.cancel()
    assert living_tasks() == before


@pytest.mark.parametrize("phase", CLIENT_PHASES)
async def test_a_server_in_every_phase(phase: str, autojump_clock: trio.testing.MockClock) -> None:
    state, security = CLIENT_PHASES[phase]
    ours, theirs = trio.testing.memory_stream_pair()
    before = living_tasks()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(join_until, ours, state, security)
        with trio.move_on_after(0.5) as scope:
            session = ServerSession(await admit(theirs, server_config(security), accounts(), identity()), "")
            async with session._running():
                await trio.sleep_forever()
        assert scope.cancelled_caught
        assert await is_closed(theirs)
        nursery.cancel_scope.cancel()
    assert living_tasks() == before


async def test_within_the_grace_when_the_other_side_reads_nothing(autojump_clock: trio.testing.MockClock) -> None:
    """Goodbye cannot be written: leaving takes `close_grace` and no longer."""
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(join_until, ours, *CLIENT_PHASES["active"])
        config = replace(server_config(), limits=Limits(close_grace=3))
        session = ServerSession(await admit(theirs, config, accounts(), identity()), "")
        stuck = trio.Event()
        assert isinstance(theirs, trio.StapledStream)
        assert isinstance(theirs.send_stream, trio.testing.MemorySendStream)
        theirs.send_stream.send_all_hook = stuck.wait
        with trio.move_on_after(1):
            async with session._running():
                await trio.sleep_forever()
        assert trio.current_time() == pytest.approx(4, abs=0.5)
        assert await is_closed(theirs)


USES: dict[str, Callable[[Session, ServerSession], Awaitable[object]]] = {
    "type": lambda client, server: client.keyboard.type("hello"),
    "click": lambda client, server: client.mouse.click(3, 4),
    "damage": lambda client, server: client.screen.__aiter__().__anext__(),
    "settled": lambda client, server: client.screen.wait_settled(),
    "refresh": lambda client, server: client.request_refresh(),
    "channel send": lambda client, server: client.channel("echo").send(b"x" * 5000),
    "channel receive": lambda client, server: client.channel("echo").receive(),
    "input": lambda client, server: server.input.receive(),
    "frame": lambda client, server: _paint(server),
    "resize": lambda client, server: server.display.resize(640, 480),
    "pointer": lambda client, server: server.display.hide_pointer(),
    "closed": lambda client, server: client.wait_closed(),
}


async def _paint(server: ServerSession) -> None:
    async with server.display.frame() as frame:
        frame.fill(Rect(0, 0, 50, 50), (9, 9, 9))
        await trio.lowlevel.checkpoint()


DYNAMIC_USES: dict[str, Callable[[ServerSession, DynamicChannel, DynamicChannelListener], Awaitable[object]]] = {
    "open": lambda server, channel, listener: _open(server, listener),
    "send": lambda server, channel, listener: channel.send(b"x" * 5000),
    "receive": lambda server, channel, listener: channel.receive(),
    "accept": lambda server, channel, listener: listener.accept(),
}


async def _open(server: ServerSession, listener: DynamicChannelListener) -> None:
    async with await server.open_channel("more"), await listener.accept():
        pass


@pytest.mark.parametrize("use", DYNAMIC_USES)
@pytest.mark.parametrize("on_client", [True, False])
async def test_a_cancelled_call_leaves_dynamic_channels_whole(use: str, on_client: bool) -> None:
    async with open_session_pair(client_config=client_config(), server_config=server_config()) as (client, server):
        talks, more = client.listen("talk"), client.listen("more")
        theirs = await server.open_channel("talk")
        ours = await talks.accept()
        before = {channel.name for channel in server.statistics().channels}
        one, other = (ours, theirs) if on_client else (theirs, ours)
        for checkpoint in range(30):
            async with cancelled_at(checkpoint) as scope:
                with trio.move_on_after(0.01):
                    await DYNAMIC_USES[use](server, one, more)
            await trio.testing.wait_all_tasks_blocked(0.001)
            with trio.move_on_after(0.001):  # what was opened, and its opener cancelled, is closed by now
                await more.accept()
            with trio.fail_after(20):
                await one.send(b"ping")
                while await other.receive() != b"ping":
                    pass
                await other.send(b"pong")
                assert await one.receive() == b"pong"
            if not scope.cancelled_caught:
                break
        else:
            raise AssertionError("no end of checkpoints")
        assert {channel.name for channel in server.statistics().channels} == before
        assert server._dynamics._opening == {}


@pytest.mark.parametrize("use", USES)
async def test_a_cancelled_call_leaves_the_session_whole(use: str) -> None:
    """Whatever is cancelled, at each of its checkpoints, both directions work afterwards."""
    config = replace(client_config(), static_channels=("echo",))
    async with open_session_pair(client_config=config, server_config=server_config()) as (client, server):
        for checkpoint in range(12):
            async with cancelled_at(checkpoint) as scope:
                with trio.move_on_after(0.01):
                    await USES[use](client, server)
            if not scope.cancelled_caught:
                break
        with trio.fail_after(10):
            await client.channel("echo").send(b"ping")
            while await server.channel("echo").receive() != b"ping":
                pass
            await server.channel("echo").send(b"pong")
            while await client.channel("echo").receive() != b"pong":
                pass
            await client.keyboard.type("z")
            while "z" not in str(await server.input.receive()):
                pass
            async with server.display.frame() as frame:
                frame.fill(Rect(0, 0, 60, 60), (7, 8, 9))
            while client.screen.pixel(1, 1) != (7, 8, 9):
                await client.screen.wait_changed()
