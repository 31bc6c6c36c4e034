"""A client that turns bad at every phase of a connection: only its own session ends, in time, and nothing is left."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import partial

import pytest
import trio
import trio.testing

from tests.identities import identity
from tests.robustness.peers import (
    CONNECT_INITIAL_OF_4_GB,
    FAST_PATH_OF_0,
    FAST_PATH_OF_1,
    IN_SESSION,
    LIMITS,
    PASSWORD,
    TPKT_OF_0,
    TPKT_OF_1,
    TS_REQUEST_OF_0,
    TS_REQUEST_OF_1,
    TS_REQUEST_OF_4_GB,
    USER,
    Act,
    Peer,
    accounts,
    client_config,
    close,
    garbage,
    is_closed,
    join_until,
    living_tasks,
    no_task_left,
    say,
    say_nothing,
    server_config,
    until,
)
from trio_rdp.admission import admit
from trio_rdp.client import open_session
from trio_rdp.framed import Framed
from trio_rdp.handshake import single_sequence_step
from trio_rdp.pdu.fastpath_input import FastPathInput
from trio_rdp.pdu.input import UnicodeKeyboardEvent
from trio_rdp.protocol.client_connector import ClientConnector
from trio_rdp.protocol.config import Credentials, DesktopSize, Security
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.states import ClientConnectorState as C
from trio_rdp.server import ServerSession, serve
from trio_rdp.wire.errors import (
    AuthenticationFailed,
    DeadlineExceeded,
    InvalidField,
    NegotiationFailed,
    RdpError,
    RemoteProtocolError,
    SessionClosed,
    Truncated,
)

NONE, TLS, NLA = Security.NONE, Security.TLS, Security.NLA

PHASES = {
    "connected": (C.CONNECTION_INITIATION_SEND_REQUEST, NONE),
    "in TLS": (C.ENHANCED_SECURITY_UPGRADE, TLS),
    "in CredSSP": (C.CREDSSP, NLA),
    "MCS connect over TLS": (C.BASIC_SETTINGS_EXCHANGE_SEND_INITIAL, TLS),
    "MCS connect after CredSSP": (C.BASIC_SETTINGS_EXCHANGE_SEND_INITIAL, NLA),
    "MCS connect": (C.BASIC_SETTINGS_EXCHANGE_WAIT_RESPONSE, NONE),
    "channel joins": (C.CHANNEL_CONNECTION, NONE),
    "client info": (C.SECURE_SETTINGS_EXCHANGE, NONE),
    "licensing": (C.LICENSING_EXCHANGE, NONE),
    "capabilities": (C.CAPABILITIES_EXCHANGE, NONE),
    "finalization": (C.CONNECTION_FINALIZATION, NONE),
    "active": (C.CONNECTED, NONE),
    "reactivation": (C.CONNECTED, NONE),
}


async def play(ours: trio.abc.Stream, phase: str, act: Act) -> None:
    """Be a client that is good until a phase."""
    state, security = PHASES[phase]
    peer = await join_until(ours, state, security)
    await act(peer)


async def meet(phase: str, act: Act, *, limits: Limits = LIMITS) -> tuple[BaseException, float]:
    """Admit a client that is good until a phase; gives how it failed, and after how long."""
    _, security = PHASES[phase]
    ours, theirs = trio.testing.memory_stream_pair()
    started = trio.current_time()

    async def host() -> None:
        config = replace(server_config(security), limits=limits)
        session = ServerSession(await admit(theirs, config, accounts(), identity()), "")
        async with session._running():
            if phase == "reactivation":
                await session.display.resize(800, 600)
            with trio.fail_after(60):
                await trio.sleep_forever()

    error: BaseException
    async with no_task_left(), trio.open_nursery() as nursery:
        nursery.start_soon(play, ours, phase, act)
        with pytest.raises(RdpError) as caught:
            await host()
        error = caught.value
        elapsed = trio.current_time() - started
        nursery.cancel_scope.cancel()
    assert await is_closed(theirs)
    if isinstance(error, SessionClosed) and error.__cause__ is not None and phase in IN_SESSION:
        error = error.__cause__
    return error, elapsed


@pytest.mark.parametrize("phase", PHASES)
async def test_it_closes(phase: str, autojump_clock: trio.testing.MockClock) -> None:
    error, elapsed = await meet(phase, close)
    if phase == "in CredSSP":
        assert isinstance(error, RemoteProtocolError | AuthenticationFailed)
    else:
        assert isinstance(error, SessionClosed | trio.BrokenResourceError), error
    assert elapsed == 0


@pytest.mark.parametrize("phase", PHASES)
async def test_it_sends_garbage(phase: str, autojump_clock: trio.testing.MockClock) -> None:
    error, elapsed = await meet(phase, say(garbage()))
    assert type(error) is (NegotiationFailed if phase == "in TLS" else InvalidField)
    assert elapsed < 1


@pytest.mark.parametrize("data", [TPKT_OF_0, TPKT_OF_1, FAST_PATH_OF_0, FAST_PATH_OF_1])
@pytest.mark.parametrize("phase", [phase for phase in PHASES if phase != "in TLS"])
async def test_it_sends_a_length_of_0_or_1(phase: str, data: bytes, autojump_clock: trio.testing.MockClock) -> None:
    error, elapsed = await meet(phase, say(data))
    assert type(error) is InvalidField
    assert elapsed < 1


@pytest.mark.parametrize(
    ("data", "expected"),
    [(TS_REQUEST_OF_0, Truncated), (TS_REQUEST_OF_1, Truncated), (TS_REQUEST_OF_4_GB, InvalidField)],
)
async def test_it_sends_such_lengths_in_credssp(
    data: bytes, expected: type[RdpError], autojump_clock: trio.testing.MockClock
) -> None:
    error, _ = await meet("in CredSSP", say(data))
    assert type(error) is expected


@pytest.mark.parametrize("phase", ["MCS connect over TLS", "MCS connect after CredSSP"])
async def test_it_sends_a_length_of_4_gb(phase: str, autojump_clock: trio.testing.MockClock) -> None:
    error, _ = await meet(phase, say(CONNECT_INITIAL_OF_4_GB))
    assert type(error) is Truncated


@pytest.mark.parametrize(
    ("phase", "name", "seconds"),
    [
        ("connected", "negotiation", 1),
        ("in TLS", "TLS handshake", 2),
        ("in CredSSP", "authentication", 3),
        *((phase, "connection sequence", 4) for phase in list(PHASES)[3:-2]),
        ("reactivation", "reactivation", 5),
    ],
)
async def test_it_says_nothing(phase: str, name: str, seconds: float, autojump_clock: trio.testing.MockClock) -> None:
    error, elapsed = await meet(phase, say_nothing)
    assert isinstance(error, DeadlineExceeded)
    assert error.phase == name
    assert elapsed == pytest.approx(seconds, abs=0.01)


async def send_input_without_end(peer: Peer) -> None:
    typed = FastPathInput(fp_input_events=[UnicodeKeyboardEvent(unicode_code=0x41)]).encode()
    with contextlib.suppress(trio.BrokenResourceError):
        while True:
            await peer.stream.send_all(typed)


async def test_it_types_more_than_the_handler_takes(autojump_clock: trio.testing.MockClock) -> None:
    error, _ = await meet("active", send_input_without_end)
    assert type(error) is RemoteProtocolError
    assert "1024 input events wait" in str(error)


async def test_what_it_sends_early_is_bad(autojump_clock: trio.testing.MockClock) -> None:
    async def send_early(peer: Peer) -> None:
        # Input may come before the connection stands: it is kept, and read when the session starts.
        await peer.stream.send_all(b"\x04\x03\xff")
        await finish(peer)

    error, _ = await meet("finalization", send_early)
    assert isinstance(error, SessionClosed)
    assert isinstance(error.__cause__, InvalidField)


async def test_it_says_goodbye_early(autojump_clock: trio.testing.MockClock) -> None:
    error, _ = await meet("finalization", say(bytes.fromhex("03000009 02f080 2180")))
    assert isinstance(error, SessionClosed)
    assert "the client disconnected" in error.reason


@pytest.mark.parametrize("width", [0, 1, 65_535])
async def test_its_desktop_is_of_any_size(width: int, autojump_clock: trio.testing.MockClock) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    bad = ClientConnector(replace(client_config(), desktop_size=DesktopSize(width, width)))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(finish, Peer(Framed(ours), bad))
        admitted = await admit(theirs, server_config(), accounts(), identity())
    size = admitted.connection.desktop_size
    limits = server_config().limits
    assert 200 <= size.width <= limits.desktop_side
    assert 200 <= size.height <= limits.desktop_side
    assert size.width * size.height <= limits.desktop_pixels


async def finish(peer: Peer) -> None:
    """Go on to the end of the connection sequence, as far as the other side lets."""
    with contextlib.suppress(SessionClosed):
        while not peer.machine.state.is_terminal:
            await single_sequence_step(peer.framed, peer.machine)


async def test_a_server_survives_all_of_them() -> None:
    """Real sockets: every bad client at once, and a good one that does not notice."""
    limits = Limits(
        negotiation=0.5, tls_handshake=0.5, authentication=0.5, connection_sequence=0.5, close_grace=0.2, handshakes=500
    )
    sessions: list[ServerSession] = []

    async def handler(session: ServerSession) -> None:
        sessions.append(session)
        async for _ in session.input:
            pass

    async def misbehave(port: int, phase: str, act: Act) -> None:
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        with contextlib.suppress(RdpError, trio.BrokenResourceError):
            try:
                peer = await join_until(stream, *PHASES[phase])
                stream_now = peer.stream
                await act(peer)
                if act is say_nothing and phase in IN_SESSION:
                    return
                while await stream_now.receive_some():  # until the server has closed it
                    pass
            except trio.ClosedResourceError:
                pass
            finally:
                await trio.aclose_forcefully(stream)

    before = living_tasks()
    config = replace(server_config(NONE | TLS | NLA), limits=limits)
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(
            partial(serve, handler, 0, credentials=Credentials(USER, PASSWORD), config=config, identity=identity())
        )
        port = listeners[0].socket.getsockname()[1]
        serving = living_tasks()
        good = replace(client_config(NLA), limits=Limits())
        async with open_session("127.0.0.1", port, config=good) as session:
            with trio.fail_after(20):
                async with trio.open_nursery() as bad:
                    for phase in PHASES:
                        for act in (close, say_nothing, say(garbage()), say(TPKT_OF_0), say(FAST_PATH_OF_1)):
                            bad.start_soon(misbehave, port, phase, act)
            await session.keyboard.type("x")
            await session.request_refresh()
        await until(lambda: living_tasks() <= serving)
        nursery.cancel_scope.cancel()
    assert living_tasks() == before
    assert len(sessions) > 1
    for session_ in sessions:
        assert await is_closed(session_._framed.stream)
