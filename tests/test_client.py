from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import trio
import trio.testing

from tests.identities import identity
from tests.interop.pictures import pattern, psnr
from tests.robustness.peers import Peer, client_config, host_until, living_tasks
from trio_rdp import painting, transport
from trio_rdp.client import Session, open_session, open_session_over
from trio_rdp.codecs import rfx
from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.framed import Framed
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pointer import PointerKind
from trio_rdp.handshake import accept_begin, mark_as_upgraded
from trio_rdp.pdu.error_info import ErrorInfo
from trio_rdp.pdu.mcs import Reason
from trio_rdp.pdu.pointer import SystemPointerType, SystemPointerUpdate
from trio_rdp.protocol.config import OPTIONAL_CODECS, BitmapCodec, ClientConfig, DesktopSize, Security, ServerConfig
from trio_rdp.protocol.framing import TS_REQUEST_HINT
from trio_rdp.protocol.input_events import UnicodePressed
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.server_acceptor import AcceptedConnection, ServerAcceptor
from trio_rdp.protocol.server_stage import ServerStage
from trio_rdp.protocol.states import ServerAcceptorState
from trio_rdp.security.ntstatus import NtStatus
from trio_rdp.security.tsrequest import TsRequest
from trio_rdp.testing import open_session_pair
from trio_rdp.transport import upgrade_server
from trio_rdp.wire.errors import (
    AuthenticationFailed,
    ConnectFailed,
    DeadlineExceeded,
    LocalProtocolError,
    SessionClosed,
)

# The classic path: the graphics pipeline has tests of its own, in `test_session_graphics.py`.
CONFIG = replace(client_config(), static_channels=("echo", "spare"), enable_graphics_pipeline=False)
SERVER = ServerConfig(security=Security.NONE, static_channels=("echo",), detect_network=False)


class Host:
    """A server by hand: its stage makes what it says."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        result = peer.machine.result
        assert isinstance(result, AcceptedConnection)
        self.stage = ServerStage(result)

    async def say(self, data: bytes) -> None:
        await self.peer.stream.send_all(data)


@asynccontextmanager
async def hosted(config: ClientConfig = CONFIG, server: ServerConfig = SERVER) -> AsyncIterator[tuple[Session, Host]]:
    ours, theirs = trio.testing.memory_stream_pair()
    hosts: list[Host] = []

    async def host() -> None:
        hosts.append(Host(await host_until(theirs, ServerAcceptorState.ACCEPTED, config=server)))

    error: Exception | None = None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(host)
        try:
            async with open_session_over(ours, config=config) as session:
                await trio.testing.wait_all_tasks_blocked()
                yield session, hosts[0]
        except Exception as exc:
            error = exc
    if error is not None:
        raise error


async def until_it_ends(say: Callable[[Host], bytes], limits: Limits | None = None) -> None:
    """Be in a session, in which the server says something, until it ends."""
    async with hosted(replace(CONFIG, limits=limits or Limits())) as (_, host):
        await host.say(say(host))
        await trio.sleep_forever()


class TestSession:
    async def test_what_it_knows(self) -> None:
        async with hosted() as (session, _):
            assert session.size == DesktopSize(session.screen.width, session.screen.height)
            assert session.certificate is None
            assert session.connection.static_channels.keys() == {"echo", "spare", "drdynvc"}
            found = session.statistics()
            assert [lane.name for lane in found.writer.lanes] == ["control", "input", "echo", "spare", "graphics"]
            assert [channel.name for channel in found.channels] == ["echo", "spare"]
            with pytest.raises(LocalProtocolError, match="cliprdr"):
                session.channel("cliprdr")

    async def test_requests(self) -> None:
        async with open_session_pair(client_config=CONFIG, server_config=SERVER) as (client, server):
            async with server.display.frame() as frame:
                frame.fill(Rect(0, 0, 10, 10), (1, 2, 3))
            await client.screen.wait_changed()
            await client.request_refresh([Rect(0, 0, 5, 5)])
            with trio.fail_after(10):
                await client.screen.wait_changed()
            await client.suppress_output()
            await client.request_shutdown()
            while not server.is_shutdown_requested:
                await trio.lowlevel.checkpoint()
            assert server.display.is_suppressed
            await client.suppress_output(False)
            with trio.fail_after(10):
                await server.display.wait_unsuppressed()

    async def test_a_pointer_and_what_else_the_server_tells(self) -> None:
        async with hosted() as (session, host):
            hide = SystemPointerUpdate(system_pointer_type=SystemPointerType.NULL)
            await host.say(b"".join(host.stage.encode_update(hide)))
            await session.pointer.wait_changed()
            assert session.pointer.kind is PointerKind.HIDDEN
            await host.say(host.stage.save_session_info())
            await session.info.wait_changed()
            assert session.info.logon is not None

    async def test_reading_stops_while_too_much_waits_to_be_painted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(painting, "INLINE_SECONDS", 0.0)  # so that even this little waits for a thread
        config = replace(CONFIG, limits=Limits(undecoded=100))
        async with open_session_pair(client_config=config, server_config=SERVER) as (client, server):
            async with server.display.frame() as frame:
                frame.fill(Rect(0, 0, 10, 10), (1, 2, 3))
            with trio.fail_after(10):
                await client.screen.wait_changed()
            found = client.statistics().painter
            assert found.limit == 100
            assert found.reading_stopped

    async def test_a_failed_channel_ends_only_itself(self) -> None:
        async with hosted() as (session, host):
            message = host.stage.encode_channel("echo", b"hello")[0]
            await host.say(message.replace(b"\x05\0\0\0", b"\xff\xff\xff\xff"))  # a message of 4 GB
            with pytest.raises(trio.BrokenResourceError, match="channel echo"):
                await session.channel("echo").receive()
            await host.say(host.stage.save_session_info())
            await session.info.wait_changed()


class TestCodecs:
    @pytest.mark.parametrize("codec", OPTIONAL_CODECS)
    async def test_each_draws_what_our_server_encodes(self, codec: BitmapCodec) -> None:
        server = replace(SERVER, codecs=(codec,))
        async with open_session_pair(client_config=CONFIG, server_config=server) as (session, host):
            least = 100 if codec.is_lossless else 30  # a sixth of this picture is noise
            for width, height in ((400, 331), (350, 340)):
                if (width, height) != (session.screen.width, session.screen.height):
                    await host.display.resize(width, height)  # from here on both sides' codecs begin anew
                for number in range(2):
                    picture = pattern(width, height, f"{number}")
                    async with host.display.frame() as frame:
                        frame.blit(Rect(0, 0, width, height), picture, format=PixelFormat.RGB24)
                    with trio.fail_after(20):
                        while psnr(session.screen.snapshot()[:, :, 2::-1], picture) < least:
                            await session.screen.wait_changed()
            found = session.statistics().codecs
            assert set(found) == {codec}
            assert found[codec].bytes > 0
            assert found[codec].tiles >= 16

    async def test_the_session_goes_on_while_threads_draw(self, monkeypatch: pytest.MonkeyPatch) -> None:
        server = replace(SERVER, codecs=(BitmapCodec.REMOTEFX,))
        config = replace(CONFIG, desktop_size=DesktopSize(640, 480))
        drawing, go_on = threading.Event(), threading.Event()

        def held(self: rfx.Picture, *arguments: Any) -> None:
            drawing.set()
            assert go_on.wait(20)
            draw(self, *arguments)

        draw = rfx.Picture.draw
        async with open_session_pair(client_config=config, server_config=server) as (session, host):
            session._painter._rates._first = 1.0  # seconds a pixel: nothing is drawn on the loop
            monkeypatch.setattr(rfx.Picture, "draw", held)
            async with host.display.frame() as frame:
                frame.fill(Rect(0, 0, 640, 480), (200, 100, 50))
            with trio.fail_after(20):
                assert await trio.to_thread.run_sync(drawing.wait, 20)
                await host.channel("echo").send(b"meanwhile")
                assert await session.channel("echo").receive() == b"meanwhile"
                await session.keyboard.type("x")
                async for event in host.input:
                    if event == UnicodePressed("x"):
                        break
                assert not session.screen.is_painted
                go_on.set()
                await session.screen.wait_changed()
            assert np.abs(np.subtract(session.screen.pixel(639, 479), (200, 100, 50))).max() < 8


class TestEnds:
    async def test_iteration_ends_on_a_clean_disconnect(self) -> None:
        async with hosted() as (session, host):
            await host.say(host.stage.set_error_info(ErrorInfo.LOGOFF_BY_USER) + host.stage.disconnect())
            async for _ in session.screen:
                raise AssertionError("nothing was painted")
            assert [message async for message in session.channel("echo")] == []
            await session.wait_closed()
            for call in (session.screen.wait_changed, session.pointer.wait_changed, session.info.wait_changed):
                with pytest.raises(SessionClosed):
                    await call()
            with pytest.raises(SessionClosed):
                await session.keyboard.type("x")
            with pytest.raises(SessionClosed):
                await session.channel("echo").send(b"x")

    async def test_any_other_end_cancels_the_block_and_says_why(self) -> None:
        with pytest.raises(SessionClosed, match="nobody used") as caught:
            await until_it_ends(
                lambda host: host.stage.set_error_info(ErrorInfo.IDLE_TIMEOUT) + host.stage.disconnect()
            )
        assert caught.value.code == ErrorInfo.IDLE_TIMEOUT

    async def test_the_servers_domain_disconnects(self) -> None:
        with pytest.raises(SessionClosed, match="domain disconnected"):
            await until_it_ends(lambda host: host.stage.disconnect(Reason.DOMAIN_DISCONNECTED))

    async def test_nested_tasks_see_one_error(self) -> None:
        async def use() -> None:
            async with hosted() as (session, host), trio.open_nursery() as nursery:
                nursery.start_soon(session.channel("echo").receive)
                nursery.start_soon(session.screen.wait_changed)
                nursery.start_soon(host.peer.stream.aclose)

        with pytest.raises(SessionClosed):
            await use()

    async def test_the_last_picture_is_painted_before_the_end(self) -> None:
        size = DesktopSize(1920, 1080)
        seen = None

        async def goodbye(client: Session) -> None:
            nonlocal seen
            async for _ in client.screen:
                pass
            seen = client.screen.pixel(1900, 1000)

        async with open_session_pair(
            client_config=replace(CONFIG, desktop_size=size, enable_graphics_pipeline=False)
        ) as (
            client,
            server,
        ):
            client._painter._rates._first = 1.0  # seconds a pixel: nothing is painted on the loop
            async with server.display.frame() as frame:
                frame.fill(Rect(0, 0, 1920, 1080), (9, 8, 7))
            async with trio.open_nursery() as nursery:
                nursery.start_soon(server._leave)
                await client.wait_closed()
                assert client.statistics().painter.pending_bytes == 0
                await goodbye(client)
        assert seen == (9, 8, 7)

    async def test_leaving_types_to_the_end_and_lets_go_of_every_key(self) -> None:
        typed: list[str] = []
        ours, theirs = trio.testing.memory_stream_pair()

        async def host() -> None:
            async with open_session_pair(streams=(ours, theirs)) as (client, server):
                await client.keyboard.type("bye")
                await client._leave()
                events = [event async for event in server.input]
                typed.extend(event.character for event in events if isinstance(event, UnicodePressed))

        await host()
        assert typed == ["b", "y", "e"]


class TestHeartbeat:
    async def test_a_server_that_falls_silent_is_given_up(self, autojump_clock: trio.testing.MockClock) -> None:
        with pytest.raises(SessionClosed) as caught:
            await until_it_ends(lambda host: host.stage.heartbeat(2, warn_after=2, reconnect_after=3))
        assert isinstance(caught.value.__cause__, DeadlineExceeded)
        assert caught.value.__cause__.phase == "heartbeat"
        assert 10 <= trio.current_time() <= 21

    async def test_whatever_it_says_shows_that_it_lives(self, autojump_clock: trio.testing.MockClock) -> None:
        async with hosted() as (session, host):
            await host.say(host.stage.heartbeat(1, warn_after=1, reconnect_after=1))
            for _ in range(100):
                await trio.sleep(1.5)
                await host.say(host.stage.save_session_info())
            assert session.info.heartbeats == 1

    async def test_a_period_of_zero_promises_nothing(self, autojump_clock: trio.testing.MockClock) -> None:
        async with hosted() as (session, host):
            await host.say(host.stage.heartbeat(0))
            await trio.sleep(10_000)
            assert not session.is_over


class TestReactivation:
    async def test_it_has_a_deadline(self, autojump_clock: trio.testing.MockClock) -> None:
        with pytest.raises(SessionClosed) as caught:
            await until_it_ends(
                lambda host: host.stage.deactivate(DesktopSize(640, 480)), limits=Limits(reactivation=7)
            )
        assert isinstance(caught.value.__cause__, DeadlineExceeded)
        assert caught.value.__cause__.phase == "reactivation"

    async def test_frames_are_not_acknowledged_meanwhile(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with hosted() as (session, host):
            said: list[bytes] = []
            monkeypatch.setattr(session._writer, "send_control", said.append)
            session._frame_shown(1)
            assert len(said) == 1
            await host.say(host.stage.deactivate(DesktopSize(640, 480)))
            await trio.testing.wait_all_tasks_blocked()
            assert len(said) == 2  # Confirm Active, and what follows it
            session._frame_shown(2)
            assert len(said) == 2

    async def test_each_has_its_own(self, autojump_clock: trio.testing.MockClock) -> None:
        config = replace(CONFIG, limits=Limits(reactivation=5))
        async with open_session_pair(client_config=config, server_config=SERVER) as (client, server):
            for width in (640, 800, 1024):
                await server.display.resize(width, 600)
                await trio.sleep(4)
                assert client.size == DesktopSize(width, 600)
            await client.keyboard.type("x")


class TestConnecting:
    async def test_what_is_given_wins_over_the_configuration(self) -> None:
        async def serve_one(stream: trio.SocketStream) -> None:
            acceptor = ServerAcceptor(SERVER)
            framed = Framed(stream)
            await accept_begin(framed, acceptor)
            while not acceptor.should_check_login:
                hint = acceptor.next_pdu_hint
                data = b"" if hint is None else await framed.read_by_hint(hint)
                if written := acceptor.step(data):
                    await framed.write_all(written)
            said.append((acceptor.client_info.user_name, acceptor.client_info.password, acceptor.client_info.domain))

        said: list[tuple[str, str, str]] = []
        config = replace(CONFIG, username="nobody", domain="LAB")
        async with listening(serve_one) as port:
            with pytest.raises(SessionClosed):
                async with open_session("127.0.0.1", port, username="ada", password="pw", config=config):
                    pass
        assert said == [("ada", "pw", "LAB")]

    async def test_a_port_in_the_hosts_name(self) -> None:
        with pytest.raises(LocalProtocolError, match="open_session\\('pc', 3390\\)"):
            async with open_session("pc:3390"):
                pass

    async def test_nobody_listens(self) -> None:
        listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
        port = listener.socket.getsockname()[1]
        await listener.aclose()
        with pytest.raises(ConnectFailed):
            async with open_session("127.0.0.1", port, config=CONFIG):
                pass

    async def test_tcp_has_a_deadline(
        self, monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.testing.MockClock
    ) -> None:
        async def never(host: str, port: int) -> trio.SocketStream:
            await trio.sleep_forever()
            raise AssertionError

        monkeypatch.setattr(trio, "open_tcp_stream", never)
        with pytest.raises(DeadlineExceeded) as caught:
            async with open_session("desk.example", config=replace(CONFIG, limits=Limits(tcp_connect=5.0))):
                pass
        assert caught.value.phase == "connecting"
        assert trio.current_time() == pytest.approx(5.0)

    async def test_tcp_watches_for_a_dead_peer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def close(stream: trio.SocketStream) -> None:
            await stream.aclose()

        patience: list[float] = []
        monkeypatch.setattr(transport, "keep_alive", lambda stream, dead_peer: patience.append(dead_peer))
        async with listening(close) as port:
            with pytest.raises(SessionClosed):
                async with open_session("127.0.0.1", port, config=replace(CONFIG, limits=Limits(dead_peer=7.0))):
                    pass
        assert patience == [7.0]

    async def test_nothing_is_left_of_a_connection_that_failed(self) -> None:
        streams: list[trio.SocketStream] = []

        async def garbage(stream: trio.SocketStream) -> None:
            streams.append(stream)
            await stream.send_all(b"HTTP/1.1 400 Bad Request\r\n")
            while await stream.receive_some():
                pass

        before = living_tasks()
        async with listening(garbage) as port:
            for _ in range(3):
                with pytest.raises(Exception, match="first byte 0x48"):
                    async with open_session("127.0.0.1", port, config=CONFIG):
                        pass
        assert living_tasks() == before
        assert len(streams) == 3


class TestNtlmForm:
    """A server that takes only the other form of NTLM tokens: one more connection, and never a second proof."""

    @staticmethod
    async def serve(stream: trio.SocketStream, answer: Callable[[TsRequest], bytes], seen: list[TsRequest]) -> None:
        acceptor = ServerAcceptor(ServerConfig(security=Security.NLA))
        framed = Framed(stream)
        should_upgrade = await accept_begin(framed, acceptor)
        inner, leftover = framed.into_inner()
        framed = Framed(await upgrade_server(inner, leftover, identity=identity()))
        mark_as_upgraded(should_upgrade, acceptor)
        while True:
            try:
                request = TsRequest.decode(await framed.read_by_hint(TS_REQUEST_HINT))
            except SessionClosed:
                return
            seen.append(request)
            if not (said := answer(request)):
                return
            await framed.write_all(said)

    async def connect(self, answer: Callable[[TsRequest], bytes]) -> tuple[list[TsRequest], int, AuthenticationFailed]:
        seen: list[TsRequest] = []
        connections = 0

        async def handler(stream: trio.SocketStream) -> None:
            nonlocal connections
            connections += 1
            await self.serve(stream, answer, seen)

        async with listening(handler) as port:
            with pytest.raises(AuthenticationFailed) as caught:
                async with open_session("127.0.0.1", port, config=client_config(Security.NLA)):
                    pass
        return seen, connections, caught.value

    async def test_refused_by_its_code(self) -> None:
        code = NtStatus.TOKEN_FORM_REFUSED - (1 << 32)
        seen, connections, error = await self.connect(lambda _: TsRequest(version=6, error_code=code).encode())
        assert connections == 2
        forms = [bytes(request.token or b"")[:7] == b"NTLMSSP" for request in seen]
        assert forms == [True, False]
        assert error.ntstatus == NtStatus.TOKEN_FORM_REFUSED

    async def test_refused_by_closing(self) -> None:
        seen, connections, _ = await self.connect(lambda _: b"")
        assert (connections, len(seen)) == (2, 2)

    async def test_another_error_is_the_answer(self) -> None:
        code = NtStatus.STATUS_LOGON_FAILURE - (1 << 32)
        _, connections, error = await self.connect(lambda _: TsRequest(version=6, error_code=code).encode())
        assert connections == 1
        assert error.ntstatus == NtStatus.STATUS_LOGON_FAILURE

    @pytest.mark.parametrize("code", [None, NtStatus.TOKEN_FORM_REFUSED])
    async def test_never_again_after_the_proof(self, code: int | None) -> None:
        login = login_server()

        def answer(request: TsRequest) -> bytes:
            if request.pub_key_auth is None:
                return TsRequest(version=6, nego_tokens=[login(bytes(request.token or b""))]).encode()
            return b"" if code is None else TsRequest(version=6, error_code=code - (1 << 32)).encode()

        seen, connections, _ = await self.connect(answer)
        assert connections == 1
        assert [request.pub_key_auth is not None for request in seen] == [False, True]

    async def test_without_a_user_no_login_is_sent(self) -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        reached: list[Peer] = []

        async def host() -> None:
            reached.append(await host_until(theirs, ServerAcceptorState.CREDSSP, Security.NLA))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(host)
            config = replace(client_config(Security.NLA), username="", password="")
            with pytest.raises(LocalProtocolError, match="user name"):
                async with open_session_over(ours, config=config):
                    pass
        assert [peer.machine.state for peer in reached] == [ServerAcceptorState.CREDSSP]

    async def test_over_a_stream_there_is_no_second_try(self) -> None:
        ours, theirs = trio.testing.memory_stream_pair()

        async def host() -> None:
            peer = await host_until(theirs, ServerAcceptorState.CREDSSP, Security.NLA)
            await peer.stream.aclose()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(host)
            with pytest.raises(AuthenticationFailed):
                async with open_session_over(ours, config=client_config(Security.NLA)):
                    pass


def login_server() -> Callable[[bytes], bytes]:
    """Makes the challenge of a real server."""
    from trio_rdp.security.credssp import Receive, Send, credssp_server

    def challenge(token: bytes) -> bytes:
        exchange = credssp_server(public_key=b"key")
        turn = exchange.send(None)
        assert isinstance(turn, Receive)
        turn = exchange.send(TsRequest(version=6, nego_tokens=[token]).encode())
        assert isinstance(turn, Send)
        found = TsRequest.decode(turn.data).token
        assert found is not None
        return bytes(found)

    return challenge


@asynccontextmanager
async def listening(handler: Callable[[trio.SocketStream], Awaitable[None]]) -> AsyncIterator[int]:
    """A TCP server on loopback: its port."""

    async def tolerant(stream: trio.SocketStream) -> None:
        try:
            await handler(stream)
        except (SessionClosed, trio.BrokenResourceError):
            return

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, tolerant, 0)
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()
