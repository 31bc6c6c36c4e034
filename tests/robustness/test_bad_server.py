"""A server that turns bad at every phase of a connection: the client fails with the right error, in time, and whole."""

from __future__ import annotations

from dataclasses import replace

import pytest
import trio
import trio.testing

from tests.robustness.peers import (
    CONNECT_RESPONSE_OF_4_GB,
    FAST_PATH_OF_0,
    FAST_PATH_OF_1,
    IN_SESSION,
    LIMITS,
    TPKT_OF_0,
    TPKT_OF_1,
    TS_REQUEST_OF_0,
    TS_REQUEST_OF_1,
    TS_REQUEST_OF_4_GB,
    Act,
    Peer,
    client_config,
    close,
    garbage,
    host_until,
    is_closed,
    no_task_left,
    say,
    say_nothing,
)
from trio_rdp.client import open_session_over
from trio_rdp.framed import StreamEnded
from trio_rdp.protocol.config import ClientConfig, DesktopSize, Security, ServerConfig
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.server_acceptor import AcceptedConnection
from trio_rdp.protocol.server_stage import ServerStage
from trio_rdp.protocol.states import ServerAcceptorState as S
from trio_rdp.security.credssp import NtlmFormRefused
from trio_rdp.wire.errors import (
    DeadlineExceeded,
    InvalidField,
    NegotiationFailed,
    RdpError,
    RemoteProtocolError,
    SessionClosed,
    Truncated,
)

NONE, TLS, NLA = Security.NONE, Security.TLS, Security.NLA
HUGE = Limits(desktop_side=65_535, desktop_pixels=1 << 32)

PHASES = {
    "connected": (S.INITIATION_WAIT_REQUEST, NONE),
    "in TLS": (S.SECURITY_UPGRADE, TLS),
    "in CredSSP": (S.CREDSSP, NLA),
    "MCS connect over TLS": (S.BASIC_SETTINGS_WAIT_INITIAL, TLS),
    "MCS connect": (S.BASIC_SETTINGS_SEND_RESPONSE, NONE),
    "channel joins": (S.CHANNEL_CONNECTION, NONE),
    "client info": (S.LOGIN, NONE),
    "licensing": (S.LICENSING_EXCHANGE, NONE),
    "capabilities": (S.CAPABILITIES_SEND_SERVER, NONE),
    "confirmation": (S.CAPABILITIES_WAIT_CONFIRM, NONE),
    "finalization": (S.CONNECTION_FINALIZATION, NONE),
    "active": (S.ACCEPTED, NONE),
    "reactivation": (S.ACCEPTED, NONE),
}


def stage_of(peer: Peer) -> ServerStage:
    result = peer.machine.result
    assert isinstance(result, AcceptedConnection)
    return ServerStage(result)


async def stay(stream: trio.abc.Stream, config: ClientConfig) -> None:
    async with open_session_over(stream, config=config):
        with trio.fail_after(60):
            await trio.sleep_forever()


async def meet(phase: str, act: Act, *, config: ClientConfig | None = None) -> tuple[BaseException, float]:
    """Connect to a server that is good until a phase; gives how the client failed, and after how long."""
    state, security = PHASES[phase]
    ours, theirs = trio.testing.memory_stream_pair()
    settings = config or replace(client_config(security), limits=LIMITS)

    async def host() -> None:
        peer = await host_until(theirs, state, security)
        if phase == "reactivation":
            await peer.stream.send_all(stage_of(peer).deactivate(DesktopSize(800, 600)))
        await act(peer)

    started = trio.current_time()
    error: BaseException
    async with no_task_left(), trio.open_nursery() as nursery:
        nursery.start_soon(host)
        with pytest.raises(RdpError) as caught:
            await stay(ours, settings)
        error = caught.value
    assert await is_closed(ours)
    if isinstance(error, SessionClosed) and error.__cause__ is not None and phase in IN_SESSION:
        error = error.__cause__
    return error, trio.current_time() - started


@pytest.mark.parametrize("phase", PHASES)
async def test_it_closes(phase: str, autojump_clock: trio.testing.MockClock) -> None:
    error, elapsed = await meet(phase, close)
    if phase == "in CredSSP":
        assert type(error) is NtlmFormRefused
    elif phase == "reactivation":
        assert isinstance(error, SessionClosed | trio.BrokenResourceError)  # whichever task sees it first
    else:
        assert type(error) in (SessionClosed, StreamEnded)
    assert elapsed == 0


@pytest.mark.parametrize("phase", PHASES)
async def test_it_sends_garbage(phase: str, autojump_clock: trio.testing.MockClock) -> None:
    error, elapsed = await meet(phase, say(garbage()))
    assert type(error) is (NegotiationFailed if phase == "in TLS" else InvalidField)
    assert elapsed == 0


@pytest.mark.parametrize("data", [TPKT_OF_0, TPKT_OF_1, FAST_PATH_OF_0, FAST_PATH_OF_1])
@pytest.mark.parametrize("phase", [phase for phase in PHASES if phase != "in TLS"])
async def test_it_sends_a_length_of_0_or_1(phase: str, data: bytes, autojump_clock: trio.testing.MockClock) -> None:
    error, elapsed = await meet(phase, say(data))
    assert type(error) is InvalidField
    assert elapsed == 0


@pytest.mark.parametrize(
    ("data", "expected"),
    [(TS_REQUEST_OF_0, Truncated), (TS_REQUEST_OF_1, Truncated), (TS_REQUEST_OF_4_GB, InvalidField)],
)
async def test_it_sends_such_lengths_in_credssp(
    data: bytes, expected: type[RdpError], autojump_clock: trio.testing.MockClock
) -> None:
    error, _ = await meet("in CredSSP", say(data))
    assert type(error) is expected


@pytest.mark.parametrize("phase", ["MCS connect", "MCS connect over TLS"])
async def test_it_sends_a_length_of_4_gb(phase: str, autojump_clock: trio.testing.MockClock) -> None:
    error, _ = await meet(phase, say(CONNECT_RESPONSE_OF_4_GB))
    assert type(error) is Truncated


async def test_it_sends_a_picture_of_4_gb(autojump_clock: trio.testing.MockClock) -> None:
    command = bytes.fromhex("0600 0000 0000 4000 4000 20 00 00 00 4000 4000 ffffffff")
    update = b"\x04" + len(command).to_bytes(2, "little") + command
    error, _ = await meet("active", say(b"\0" + (2 + len(update)).to_bytes(1, "big") + update))
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


async def test_a_session_may_be_silent_for_hours(autojump_clock: trio.testing.MockClock) -> None:
    async def leave_late(peer: Peer) -> None:
        await trio.sleep(36_000)
        await peer.stream.send_all(stage_of(peer).disconnect())

    ours, theirs = trio.testing.memory_stream_pair()

    async def host() -> None:
        await leave_late(await host_until(theirs, S.ACCEPTED))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(host)
        async with open_session_over(ours, config=client_config()) as session:
            await session.wait_closed()
    assert trio.current_time() >= 36_000


async def test_it_trickles_one_byte_at_a_time(autojump_clock: trio.testing.MockClock) -> None:
    async def trickle(peer: Peer) -> None:
        for byte in b"\x03\0\xff\xff" + bytes(100):
            await peer.stream.send_all(bytes([byte]))
            await trio.sleep(0.9)

    ours, theirs = trio.testing.memory_stream_pair()

    async def host() -> None:
        await trickle(await host_until(theirs, S.LICENSING_EXCHANGE))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(host)
        with pytest.raises(DeadlineExceeded) as caught:
            async with open_session_over(ours, config=replace(client_config(), limits=LIMITS)):
                pass
        assert caught.value.phase == "connection sequence"
        nursery.cancel_scope.cancel()


async def test_its_desktop_is_65535_pixels_wide_and_high(autojump_clock: trio.testing.MockClock) -> None:
    ours, theirs = trio.testing.memory_stream_pair()

    async def host() -> None:
        server = ServerConfig(security=NONE, desktop_size=DesktopSize(65_535, 65_535), limits=HUGE)
        with pytest.raises(SessionClosed):
            await host_until(theirs, S.ACCEPTED, config=server)

    async with no_task_left(), trio.open_nursery() as nursery:
        nursery.start_soon(host)
        with pytest.raises(RemoteProtocolError, match="65535"):
            async with open_session_over(ours, config=client_config()):
                pass
    assert await is_closed(ours)


async def test_it_resizes_to_65535_pixels(autojump_clock: trio.testing.MockClock) -> None:
    async def resize(peer: Peer) -> None:
        result = peer.machine.result
        assert isinstance(result, AcceptedConnection)
        stage = ServerStage(replace(result, config=replace(result.config, limits=HUGE)))
        await peer.stream.send_all(stage.deactivate(DesktopSize(65_535, 65_535)))

    error, _ = await meet("active", resize)
    assert isinstance(error, RemoteProtocolError)
    assert "65535" in str(error)
