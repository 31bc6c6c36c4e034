"""More than fits through: slow clients, busy ends, stuck clients; everything stays bounded, and nothing locks up.

Real sockets and the real clock: no assertion here is about how fast anything is.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import numpy as np
import trio

from tests.identities import identity
from tests.robustness.peers import PASSWORD, USER, client_config, join_until, living_tasks, until
from trio_rdp.channel import StaticChannel
from trio_rdp.client import Session, open_session, open_session_over
from trio_rdp.graphics.geometry import Rect
from trio_rdp.protocol.config import DesktopSize, Security, ServerConfig
from trio_rdp.protocol.input_events import UnicodePressed
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.states import ClientConnectorState
from trio_rdp.server import Handler, ServerSession, serve
from trio_rdp.wire.errors import DeadlineExceeded, SessionClosed

SIZE = DesktopSize(640, 480)
CLIENT = replace(client_config(), desktop_size=SIZE)
SLOW_RATE = 10_000  # bytes a second
SECONDS = 10.0
MIB = 1 << 20


class SlowStream(trio.abc.Stream):
    """Reads so many bytes a second, until it may read freely."""

    def __init__(self, stream: trio.SocketStream, rate: int) -> None:
        self.transport_stream = stream
        self.rate: int | None = rate

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        if self.rate is None:
            return await self.transport_stream.receive_some(max_bytes)
        piece = self.rate // 20
        await trio.sleep(piece / self.rate)
        return await self.transport_stream.receive_some(piece)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self.transport_stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self.transport_stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self.transport_stream.aclose()


async def dial(port: int, *, receive_buffer: int = 4096) -> trio.SocketStream:
    """Connect with a small receive buffer, which has to be set before."""
    sock = trio.socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    await sock.connect(("127.0.0.1", port))
    return trio.SocketStream(sock)


@asynccontextmanager
async def serving(
    handler: Handler, config: ServerConfig, accounts: dict[str, str] | None = None
) -> AsyncIterator[tuple[int, trio.CancelScope]]:
    """A server on loopback: its port, and the scope that cancels it."""
    credentials = accounts or {USER: PASSWORD}
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(
            partial(serve, handler, 0, credentials=credentials, config=config, identity=identity())
        )
        yield listeners[0].socket.getsockname()[1], nursery.cancel_scope
        nursery.cancel_scope.cancel()


async def paint_noise(session: ServerSession, rate: float = 60) -> None:
    """A picture that no codec makes small, `rate` times a second."""
    noise = np.random.default_rng(1).integers(0, 256, (SIZE.height, SIZE.width, 4), dtype=np.uint8)
    at = 0
    while True:
        at += 1
        async with session.display.frame() as frame:
            frame.blit(Rect(0, 0, SIZE.width, SIZE.height), np.roll(noise, at * 4, axis=1))
        await trio.sleep(1 / rate)


def assert_bounded(session: ServerSession | Session) -> None:
    found = session.statistics()
    for lane in found.writer.lanes:
        assert lane.peak_bytes <= lane.limit
    for channel in found.channels:
        assert channel.peak_waiting <= channel.max_messages
        assert channel.peak_waiting_bytes <= channel.max_bytes


async def test_a_slow_client_costs_little_and_sees_the_newest_picture() -> None:
    arrived: list[str] = []
    sessions: list[ServerSession] = []

    async def handler(session: ServerSession) -> None:
        sessions.append(session)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(paint_noise, session)
            async for event in session.input:
                if isinstance(event, UnicodePressed):
                    arrived.append(event.character)
                if event == UnicodePressed("."):
                    break
            nursery.cancel_scope.cancel()
        async with session.display.frame() as frame:
            frame.fill(Rect(0, 0, SIZE.width, SIZE.height), (10, 20, 30))
            frame.fill(Rect(100, 100, 50, 50), (200, 100, 50))
        await session.input.receive()

    config = ServerConfig(security=Security.NONE, limits=Limits(write_progress=20), detect_network=False)
    async with serving(handler, config) as (port, _):
        stream = SlowStream(await dial(port), SLOW_RATE)
        async with open_session_over(stream, config=CLIENT) as client:
            tracemalloc.start()
            try:
                sizes = []
                for _ in range(20):
                    await trio.sleep(SECONDS / 20)
                    sizes.append(tracemalloc.get_traced_memory()[0])
                    await client.keyboard.type("x")
                await until(lambda: arrived.count("x") >= 15)
                frames = sessions[0].display.statistics().frames
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
            # A few pictures of 1.2 MB are on their way through numpy, the encoder and the lane, and never more.
            assert peak < 40 * MIB
            assert abs(sizes[-1] - sizes[len(sizes) // 2]) < 4 * MIB
            assert frames < 60  # it was offered 600
            assert_bounded(sessions[0])
            await client.keyboard.type(".")
            stream.rate = None
            with trio.fail_after(30):
                while client.screen.pixel(0, 0) != (10, 20, 30) or client.screen.pixel(639, 479) != (10, 20, 30):
                    await client.screen.wait_changed()
            assert np.array_equal(client.screen.snapshot(), sessions[0].display.snapshot())


async def test_a_server_with_a_slow_client_is_cancelled_within_the_grace() -> None:
    painted = trio.Event()

    async def handler(session: ServerSession) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(paint_noise, session)
            await until(lambda: session.display.statistics().waits > 0)
            painted.set()

    async def watch(port: int) -> None:
        stream = SlowStream(await dial(port), SLOW_RATE)
        with contextlib.suppress(SessionClosed):  # it hears the goodbye, or no more of it
            async with open_session_over(stream, config=CLIENT) as client:
                await client.wait_closed()

    config = ServerConfig(security=Security.NONE, limits=Limits(close_grace=0.5), detect_network=False)
    async with trio.open_nursery() as watching:
        async with serving(handler, config) as (port, scope):
            watching.start_soon(watch, port)
            await painted.wait()
            started = trio.current_time()
            scope.cancel()
        assert trio.current_time() - started < 0.5 + 2
        watching.cancel_scope.cancel()


async def test_a_client_that_reads_nothing_is_given_up() -> None:
    ended: list[BaseException | None] = []

    async def handler(session: ServerSession) -> None:
        try:
            await paint_noise(session)
        finally:
            assert session.reason is not None
            ended.append(session.reason.__cause__)

    config = ServerConfig(security=Security.NONE, limits=Limits(write_progress=0.5), detect_network=False)
    async with serving(handler, config) as (port, _):
        stream = await dial(port)
        await join_until(stream, ClientConnectorState.CONNECTED)
        await until(lambda: bool(ended))
        await stream.aclose()
    assert isinstance(ended[0], DeadlineExceeded)
    assert ended[0].phase == "sending"


async def test_two_ends_that_send_as_fast_as_they_can_never_lock_up() -> None:
    """Both sockets are full in both directions, all the time; what counts is that everything goes on."""
    sessions: list[ServerSession] = []
    got: Counter[str] = Counter()
    message = bytes(30_000)

    async def send(name: str, channel: StaticChannel) -> None:
        while True:
            await channel.send(message)
            got[f"{name} sent"] += 1

    async def receive(name: str, channel: StaticChannel) -> None:
        async for received in channel:
            assert received == message
            got[f"{name} received"] += 1

    async def handler(session: ServerSession) -> None:
        sessions.append(session)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(send, "server", session.channel("a"))
            nursery.start_soon(receive, "server", session.channel("b"))
            nursery.start_soon(paint_noise, session, 1000)
            async for _ in session.input:
                got["input"] += 1
            nursery.cancel_scope.cancel()

    async def move(client: Session) -> None:
        for step in itertools.count():
            await client.mouse.move(step % SIZE.width, step % SIZE.height)
            await client.keyboard.type("x")

    async def watch(client: Session) -> None:
        async for _ in client.screen:
            got["damage"] += 1

    config = ServerConfig(security=Security.TLS, static_channels=("a", "b"), detect_network=False)
    ours = replace(CLIENT, security=Security.TLS, static_channels=("a", "b"))
    async with serving(handler, config) as (port, _), open_session("127.0.0.1", port, config=ours) as client:
        with trio.fail_after(60):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(send, "client", client.channel("b"))
                nursery.start_soon(receive, "client", client.channel("a"))
                nursery.start_soon(move, client)
                nursery.start_soon(watch, client)
                for _ in range(4):  # in each period each of them goes on
                    before = got.copy()
                    await trio.sleep(0.3)
                    for name in ("server received", "client received", "input", "damage"):
                        await until(lambda name=name, before=before: got[name] > before[name])  # type: ignore[misc]
                nursery.cancel_scope.cancel()
        assert_bounded(client)
        assert_bounded(sessions[0])


async def test_seven_clients_do_not_notice_a_stuck_one() -> None:
    before = living_tasks()
    stuck: list[str] = []
    frames: Counter[str] = Counter()

    async def handler(session: ServerSession) -> None:
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(paint_noise, session)
                async for _ in session.input:
                    pass
                nursery.cancel_scope.cancel()
        finally:
            assert_bounded(session)
            if session.reason is not None and isinstance(session.reason.__cause__, DeadlineExceeded):
                stuck.append(session.username)

    async def watch(name: str, port: int, done: trio.Event) -> None:
        config = replace(CLIENT, username=name, desktop_size=DesktopSize(320, 240))
        async with open_session("127.0.0.1", port, config=config) as client:
            async for _ in client.screen:
                frames[name] += 1
                if done.is_set():
                    break

    names = [f"user{number}" for number in range(7)]
    limits = Limits(write_progress=1)
    config = ServerConfig(security=Security.NONE, limits=limits, detect_network=False)
    accounts = dict.fromkeys([*names, "stuck"], PASSWORD)
    async with serving(handler, config, accounts) as (port, _):
        hung = await dial(port)
        await join_until(hung, ClientConnectorState.CONNECTED, config=replace(CLIENT, username="stuck"))
        done = trio.Event()
        with trio.fail_after(60):
            async with trio.open_nursery() as nursery:
                for name in names:
                    nursery.start_soon(watch, name, port, done)
                await until(lambda: bool(stuck))
                await until(lambda: min(frames[name] for name in names) > 2)
                by_then = frames.copy()
                await until(lambda: all(frames[name] >= by_then[name] + 3 for name in names))
                done.set()
        await hung.aclose()
    assert stuck == ["stuck"]
    assert living_tasks() == before
