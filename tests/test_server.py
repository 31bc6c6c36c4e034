from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import trio
import trio.testing

from tests.identities import identity
from tests.robustness.peers import client_config, join_until, living_tasks, until
from trio_rdp.admission import admit
from trio_rdp.client import Session, open_session
from trio_rdp.credentials import Accounts
from trio_rdp.graphics.geometry import Rect
from trio_rdp.pdu.error_info import ErrorInfo
from trio_rdp.pdu.gcc_client import ClientEarlyCapabilityFlags
from trio_rdp.pdu.session_info import LogonInfoVersion2
from trio_rdp.protocol import basic_settings
from trio_rdp.protocol.config import CredentialsSource, DesktopSize, Monitor, Security, ServerConfig
from trio_rdp.protocol.input_events import InputEvent, MonitorLayoutChanged, UnicodePressed, UnicodeReleased
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.states import ClientConnectorState
from trio_rdp.server import Handler, ServerSession, serve
from trio_rdp.testing import open_session_pair
from trio_rdp.transport import TlsIdentity
from trio_rdp.wire.errors import AuthenticationFailed, ConnectFailed, LocalProtocolError, RdpError, SessionClosed

CLIENT = replace(client_config(), static_channels=("echo",))
SERVER = ServerConfig(security=Security.NONE, static_channels=("echo",), detect_network=False)


class Server:
    def __init__(self, port: int, scope: trio.CancelScope) -> None:
        self.port = port
        self.scope = scope

    def connect(self, **changes: str) -> AbstractAsyncContextManager[Session]:
        settings = replace(CLIENT, **changes)  # type: ignore[arg-type]
        return open_session("127.0.0.1", self.port, config=settings)


@asynccontextmanager
async def serving(
    handler: Handler,
    config: ServerConfig = SERVER,
    *,
    credentials: CredentialsSource | Accounts | None = None,
    on_handler_error: Callable[[ServerSession, Exception], None] | None = None,
    identity: TlsIdentity | None = None,
) -> AsyncIterator[Server]:
    """A server on loopback, cancelled at the end of the block; its errors come out bare."""
    error: Exception | None = None
    before = living_tasks()
    try:
        async with trio.open_nursery() as nursery:
            start = partial(
                serve,
                handler,
                0,
                config=config,
                credentials=credentials,
                on_handler_error=on_handler_error,
                identity=identity,
            )
            listeners = await nursery.start(start)
            yield Server(listeners[0].socket.getsockname()[1], nursery.cancel_scope)
            nursery.cancel_scope.cancel()
    except ExceptionGroup as group:
        error = group
        while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
    if error is not None:
        raise error
    assert living_tasks() == before


@asynccontextmanager
async def serving_apart(handler: Handler) -> AsyncIterator[Server]:
    """A server that the block may cancel, and go on."""
    scope = trio.CancelScope()

    async def run(task_status: trio.TaskStatus[list[trio.SocketListener]]) -> None:
        with scope:
            await serve(handler, 0, config=SERVER, task_status=task_status)

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(run)
        yield Server(listeners[0].socket.getsockname()[1], scope)
        scope.cancel()


async def until_connected(server: Server) -> None:
    """Try until there is room."""
    while True:
        try:
            async with server.connect():
                return
        except SessionClosed:
            await trio.sleep(0.01)


async def listen(session: ServerSession) -> None:
    """The handler that only waits for its client to leave."""
    async for _ in session.input:
        pass


class TestSession:
    async def test_what_it_knows_of_its_client(self) -> None:
        monitors = (
            Monitor(left=0, top=0, width=640, height=480, is_primary=True),
            Monitor(left=640, top=0, width=640, height=480),
        )
        client_side = replace(
            CLIENT, domain="LAB", client_name="desk", desktop_size=DesktopSize(1280, 480), monitors=monitors
        )
        async with open_session_pair(client_config=client_side, server_config=SERVER) as (_, server):
            assert (server.username, server.domain, server.client_name) == ("ada", "LAB", "desk")
            assert server.client_address == ""
            assert server.size == DesktopSize(1280, 480)
            assert [monitor.left for monitor in server.monitors] == [0, 640]
            assert server.input.receive_nowait() == MonitorLayoutChanged(server.monitors)
            assert server.network.average_rtt is None or server.network.average_rtt >= 0
            found = server.statistics()
            assert [channel.name for channel in found.channels] == ["echo"]
            assert found.writer.bytes_sent >= 0
            with pytest.raises(LocalProtocolError, match="cliprdr"):
                server.channel("cliprdr")

    async def test_the_client_is_told_who_logged_on(self) -> None:
        client_side = replace(CLIENT, domain="LAB")
        async with open_session_pair(client_config=client_side, server_config=SERVER) as (client, _):
            with trio.fail_after(20):
                while client.info.logon is None:
                    await client.info.wait_changed()
            assert client.info.logon == LogonInfoVersion2(domain="LAB", user_name="ada")

    async def test_input_that_the_handler_leaves_is_limited(self) -> None:
        server_side = replace(SERVER, limits=Limits(input_events=4))
        sessions: list[ServerSession] = []

        async def type_on() -> None:
            async with open_session_pair(client_config=CLIENT, server_config=server_side) as (client, server):
                sessions.append(server)
                await client.keyboard.type("more than four")
                await client.wait_closed()

        with trio.fail_after(10), pytest.raises(SessionClosed):
            await type_on()
        assert "4 input events wait" in str(sessions[0].reason)

    async def test_the_address_of_a_socket(self) -> None:
        addresses: list[str] = []

        async def handler(session: ServerSession) -> None:
            addresses.append(session.client_address)

        async with serving(handler) as server, server.connect() as client:
            await client.wait_closed()
        assert addresses == ["127.0.0.1"]

    @pytest.mark.parametrize("security", [Security.TLS, Security.NLA])
    async def test_an_identity_of_the_configuration(self, security: Security) -> None:
        config = replace(SERVER, security=security, identity=identity(1))
        async with (
            serving(listen, config, credentials={"ada": "secret"}) as server,
            open_session("127.0.0.1", server.port, config=replace(CLIENT, security=security)) as client,
        ):
            assert client.certificate == identity(1).certificate

    async def test_credentials_of_the_configuration(self) -> None:
        config = replace(SERVER, security=Security.NLA, identity=identity(1), credentials={"ada": "secret"})
        assert "secret" not in repr(config)
        async with (
            serving(listen, config) as server,
            open_session("127.0.0.1", server.port, config=replace(CLIENT, security=Security.NLA)) as client,
        ):
            assert client.certificate == identity(1).certificate

    async def test_an_identity_that_does_no_tls(self) -> None:
        class Bare:
            certificate = b""
            public_key = b""

        config = replace(SERVER, security=Security.TLS, identity=Bare())
        with pytest.raises(LocalProtocolError, match="TlsIdentity"):
            await serve(listen, 0, config=config)

    @pytest.mark.parametrize("source", [("ada", "secret"), "secret", {"ada": 5}])
    async def test_credentials_that_are_none(self, source: Any) -> None:
        with pytest.raises(LocalProtocolError, match="credentials"):
            await serve(listen, 0, credentials=source)

    async def test_a_port_that_is_taken(self) -> None:
        async with serving(listen) as server:
            with pytest.raises(ConnectFailed, match=f"cannot listen on 127.0.0.1:{server.port}"):
                await serve(listen, server.port, config=SERVER)

    async def test_nla_needs_credentials(self) -> None:
        with pytest.raises(LocalProtocolError, match="credentials"):
            await serve(listen, 0)


class TestEnds:
    async def test_a_handler_that_returns_is_a_clean_end(self) -> None:
        async def handler(session: ServerSession) -> None:
            assert isinstance(await session.input.receive(), UnicodePressed)

        async with serving(handler) as server, server.connect() as client:
            await client.keyboard.type("x")
            assert [message async for message in client.channel("echo")] == []
            assert client.info.error == ErrorInfo.LOGOFF_BY_USER

    async def test_what_it_sent_last_arrives(self) -> None:
        async def handler(session: ServerSession) -> None:
            await session.channel("echo").send(b"x" * 300_000)
            async with session.display.frame() as frame:
                frame.fill(Rect(0, 0, session.size.width, session.size.height), (1, 2, 3))

        async with serving(handler) as server, server.connect() as client:
            assert [len(message) async for message in client.channel("echo")] == [300_000]
            assert client.screen.pixel(1279, 799) == (1, 2, 3)

    async def test_a_client_may_be_told_another_reason(self) -> None:
        async def handler(session: ServerSession) -> None:
            session.end_with(ErrorInfo.IDLE_TIMEOUT)

        async with serving(handler) as server:
            with pytest.raises(SessionClosed) as caught:
                async with server.connect():
                    await trio.sleep_forever()
        assert caught.value.code == ErrorInfo.IDLE_TIMEOUT

    @pytest.mark.parametrize(
        ("code", "who"),
        [(ErrorInfo.LOGOFF_BY_USER, "user requested"), (ErrorInfo.IDLE_TIMEOUT, "provider initiated")],
    )
    async def test_a_client_that_takes_no_error_info_hears_who_ended_it(
        self, code: ErrorInfo, who: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def handler(session: ServerSession) -> None:
            session.end_with(code)

        monkeypatch.setattr(basic_settings, "_EARLY_CAPABILITIES", ClientEarlyCapabilityFlags(0))
        async with serving(handler) as server, server.connect() as client:
            assert [message async for message in client.channel("echo")] == []
            assert client.info.error is None
            with pytest.raises(SessionClosed, match=who):
                await client.keyboard.type("x")

    async def test_a_handler_sees_its_client_leave(self) -> None:
        events: list[InputEvent] = []
        done = trio.Event()

        async def handler(session: ServerSession) -> None:
            events.extend([event async for event in session.input])
            with pytest.raises(SessionClosed):
                async with session.display.frame():
                    pass
            done.set()

        async with serving(handler) as server:
            async with server.connect() as client:
                await client.keyboard.type("é")
            with trio.fail_after(20):
                await done.wait()
        assert events == [UnicodePressed("é"), UnicodeReleased("é")]

    async def test_a_handler_is_cancelled_when_its_client_is_lost(self) -> None:
        cancelled = trio.Event()

        async def handler(session: ServerSession) -> None:
            try:
                await trio.sleep_forever()
            finally:
                cancelled.set()

        async with serving(handler) as server:
            stream = await trio.open_tcp_stream("127.0.0.1", server.port)
            await join_until(stream, ClientConnectorState.CONNECTED)
            await stream.aclose()
            with trio.fail_after(20):
                await cancelled.wait()

    async def test_a_handler_has_a_grace_after_its_client_has_left(
        self, autojump_clock: trio.testing.MockClock
    ) -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        config = replace(SERVER, limits=Limits(handler_grace=5))

        async def join() -> None:
            peer = await join_until(ours, ClientConnectorState.CONNECTED)
            await trio.sleep(10)
            await peer.stream.send_all(bytes.fromhex("03000009 02f080 2180"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(join)
            session = ServerSession(await admit(theirs, config, None, None), "")
            async with session._running():
                await trio.sleep_forever()
            assert trio.current_time() == pytest.approx(15, abs=0.5)

    @pytest.mark.parametrize("depth", [0, 1, 3])
    async def test_session_closed_is_a_normal_end_of_a_handler(
        self, depth: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        ended = trio.Event()

        async def paint(session: ServerSession) -> None:
            while True:
                async with session.display.frame():
                    pass
                await trio.lowlevel.checkpoint()

        async def nest(session: ServerSession, depth: int) -> None:
            if not depth:
                await paint(session)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(nest, session, depth - 1)
                nursery.start_soon(paint, session)

        async def handler(session: ServerSession) -> None:
            try:
                await nest(session, depth)
            finally:
                ended.set()

        with caplog.at_level(logging.INFO, "trio_rdp.server"):
            async with serving(handler) as server:
                async with server.connect():
                    await trio.sleep(0.05)
                with trio.fail_after(20):
                    await ended.wait()
                await until(lambda: bool(caplog.records))
        assert "the session with 127.0.0.1 ended: the client disconnected" in caplog.text

    async def test_another_sessions_end_is_an_error(self) -> None:
        """As in a gateway, whose other side is gone."""

        async def handler(session: ServerSession) -> None:
            raise SessionClosed("the machine behind the gateway")

        async def use() -> None:
            async with serving(handler) as server, server.connect() as client:
                await client.wait_closed()
                await trio.sleep_forever()

        with pytest.raises(SessionClosed, match="gateway"):
            await use()


class TestHandlerErrors:
    async def test_they_end_the_server(self) -> None:
        async def handler(session: ServerSession) -> None:
            raise KeyError("mine")

        with pytest.raises(KeyError, match="mine"):
            async with serving(handler) as server, server.connect():
                await trio.sleep_forever()

    async def test_unless_they_are_wanted(self) -> None:
        seen: list[tuple[str, Exception]] = []

        async def handler(session: ServerSession) -> None:
            if session.username == "ada":
                raise KeyError("mine")
            await listen(session)

        def note(session: ServerSession, exc: Exception) -> None:
            seen.append((session.username, exc))

        async with serving(handler, on_handler_error=note) as server, server.connect(username="eve") as other:
            async with server.connect() as client:
                await client.wait_closed()
                assert client.info.error == ErrorInfo.RPC_INITIATED_DISCONNECT
            await other.keyboard.type("x")
            await until(lambda: bool(seen))
            assert not other.is_over
        assert [(name, str(exc)) for name, exc in seen] == [("ada", "'mine'")]

    async def test_a_group_with_something_else_in_it(self) -> None:
        seen: list[Exception] = []

        async def handler(session: ServerSession) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.fail_late, session)
                nursery.start_soon(listen, session)
                nursery.start_soon(self.see_the_end, session)

        async with serving(handler, on_handler_error=lambda _, exc: seen.append(exc)) as server:
            async with server.connect():
                await trio.sleep(0.05)
            await until(lambda: bool(seen))
        assert isinstance(seen[0], ExceptionGroup)
        assert seen[0].subgroup(KeyError) is not None

    async def fail_late(self, session: ServerSession) -> None:
        await session.wait_closed()
        raise KeyError("mine")

    async def see_the_end(self, session: ServerSession) -> None:
        await session.wait_closed()
        async with session.display.frame():
            pass


class TestCancelling:
    async def test_every_client_is_told(self) -> None:
        ends: list[ErrorInfo | None] = []
        sessions: list[ServerSession] = []

        async def watch(server: Server, number: int) -> None:
            async with server.connect(username=f"user{number}") as client, trio.open_nursery() as nursery:
                nursery.start_soon(type_on, client)
                async for _ in client.screen:
                    pass
                ends.append(client.info.error)

        async def type_on(client: Session) -> None:
            # Whoever closes over bytes that it has not read resets the connection, and its last words with it.
            with suppress(SessionClosed):
                while True:
                    await client.mouse.move(1, 1)
                    await client.keyboard.type("x")

        async def handler(session: ServerSession) -> None:
            sessions.append(session)
            await listen(session)

        with trio.fail_after(20):
            async with serving_apart(handler) as server, trio.open_nursery() as watchers:
                for number in range(5):
                    watchers.start_soon(watch, server, number)
                await until(lambda: len(sessions) == 5)
                await trio.sleep(0.1)
                server.scope.cancel()
        assert ends == [ErrorInfo.RPC_INITIATED_DISCONNECT] * 5

    async def test_a_handler_may_clean_up(self) -> None:
        cleaned = False

        async def handler(session: ServerSession) -> None:
            nonlocal cleaned
            try:
                await trio.sleep_forever()
            finally:
                with trio.CancelScope(shield=True):
                    await session.channel("echo").send(b"goodbye")
                cleaned = True

        async with serving_apart(handler) as server, server.connect() as client:
            await trio.sleep(0.05)
            server.scope.cancel()
            assert [message async for message in client.channel("echo")] == [b"goodbye"]
        assert cleaned


class TestAdmission:
    async def test_sessions_are_limited(self) -> None:
        config = replace(SERVER, limits=Limits(sessions=2))
        async with serving(listen, config) as server, server.connect() as first:
            async with server.connect():
                with pytest.raises(SessionClosed):
                    async with server.connect():
                        pass
                await first.keyboard.type("x")
            with trio.fail_after(20):
                await until_connected(server)

    async def test_also_those_that_log_in_at_the_same_time(self) -> None:
        entered = 0
        gate = trio.Event()
        waiting = 0

        async def find(domain: str, user: str) -> str:
            nonlocal waiting
            waiting += 1
            await gate.wait()
            return "secret"

        async def handler(session: ServerSession) -> None:
            nonlocal entered
            entered += 1
            await listen(session)

        refused: list[SessionClosed] = []
        over = trio.Event()

        async def join(server: Server) -> None:
            try:
                async with server.connect():
                    await over.wait()
            except SessionClosed as exc:
                refused.append(exc)

        config = replace(SERVER, limits=Limits(sessions=2))
        async with serving(handler, config, credentials=find) as server, trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(join, server)
            await until(lambda: waiting == 5)
            gate.set()
            await until(lambda: len(refused) == 3)
            over.set()
        assert entered == 2
        assert [exc.code for exc in refused] == [ErrorInfo.OUT_OF_MEMORY] * 3

    async def test_handshakes_are_limited(self) -> None:
        config = replace(SERVER, limits=Limits(handshakes=3))
        async with serving(listen, config) as server:
            idle = [await trio.open_tcp_stream("127.0.0.1", server.port) for _ in range(3)]
            await trio.sleep(0.05)
            with pytest.raises(SessionClosed):
                async with server.connect():
                    pass
            for stream in idle:
                await stream.aclose()
            with trio.fail_after(20):
                await until_connected(server)

    @pytest.mark.parametrize("security", [Security.TLS, Security.NLA])
    async def test_passwords(self, security: Security) -> None:
        config = replace(SERVER, security=security)
        accounts = Accounts({"ada": "secret", "LAB\\bob": "other"})
        client = replace(CLIENT, security=security)

        async def enter(username: str, password: str) -> str:
            settings = replace(client, username=username, password=password, domain="")
            async with open_session("127.0.0.1", server.port, config=settings) as session:
                return session.config.username

        async with serving(listen, config, credentials=accounts, identity=identity()) as server:
            assert await enter("ADA", "secret") == "ADA"
            assert await enter("LAB\\Bob", "other") == "Bob"
            for username, password in (("ada", "Secret"), ("bob", "other"), ("eve", "")):
                with pytest.raises(AuthenticationFailed):
                    await enter(username, password)
            accounts.replace({"ada": "changed"})
            with pytest.raises(AuthenticationFailed):
                await enter("ada", "secret")
            assert await enter("ada", "changed") == "ada"

    async def test_a_bad_client_is_noted_and_no_more(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO, "trio_rdp.server"):
            async with serving(listen) as server:
                stream = await trio.open_tcp_stream("127.0.0.1", server.port)
                await stream.send_all(b"GET / HTTP/1.1\r\n\r\n")
                await until(lambda: bool(caplog.records))
                await stream.aclose()
        (record,) = caplog.records
        assert isinstance(record.args, tuple)
        assert isinstance(record.args[1], RdpError)
        assert "no session with 127.0.0.1" in caplog.text


class TestHeartbeat:
    async def test_a_client_that_listens_hears_it(self, autojump_clock: trio.testing.MockClock) -> None:
        config = replace(SERVER, heartbeat=2)
        async with open_session_pair(client_config=CLIENT, server_config=config) as (client, server):
            await trio.sleep(21)
            assert client.info.heartbeats >= 10
            assert client.info.heartbeat is not None
            assert client.info.heartbeat.period == 2
            assert server.network.average_rtt is not None
            assert not client.is_over

    async def test_it_can_be_turned_off(self, autojump_clock: trio.testing.MockClock) -> None:
        config = replace(SERVER, heartbeat=0)
        async with open_session_pair(client_config=CLIENT, server_config=config) as (client, _):
            await trio.sleep(1000)
            assert client.info.heartbeats == 0
