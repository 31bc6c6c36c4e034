"""The client's machine against the server's: the whole connection, frame by frame and one byte at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.protocol.pairs import CLIENT, SERVER, Pair, connect
from trio_rdp.pdu.client_info import InfoFlags
from trio_rdp.pdu.error_info import ErrorInfo
from trio_rdp.protocol import secure_settings
from trio_rdp.protocol.client_connector import ClientConnector
from trio_rdp.protocol.config import DesktopSize, Monitor, Security
from trio_rdp.protocol.events import ErrorInfoReceived
from trio_rdp.protocol.server_acceptor import ServerAcceptor
from trio_rdp.protocol.states import ClientConnectorState, ServerAcceptorState
from trio_rdp.wire.errors import AuthenticationFailed, NegotiationFailed

PIECES = pytest.mark.parametrize("piece", [0, 1, 7], ids=["whole", "bytes", "sevens"])


@PIECES
@pytest.mark.parametrize(
    ("security", "marks"),
    [
        (Security.NONE, ["login"]),
        (Security.TLS, ["client tls", "server tls", "login"]),
        (Security.NLA, ["client tls", "client credssp", "server tls", "server credssp", "login"]),
    ],
)
def test_every_security(security: Security, marks: list[str], piece: int) -> None:
    pair = Pair(replace(CLIENT, security=security), replace(SERVER, security=security), piece=piece)
    result, accepted = pair.connect()
    assert sorted(pair.marks) == sorted(marks)
    assert pair.connector.state is ClientConnectorState.CONNECTED
    assert pair.acceptor.state is ServerAcceptorState.ACCEPTED
    assert result.selected_protocol == accepted.selected_protocol
    assert result.share_id == accepted.envelopes.share_id
    assert result.user_channel_id == accepted.user_channel_id
    assert result.desktop_size == accepted.desktop_size == DesktopSize(1280, 800)
    assert result.activation.color_depth == accepted.color_depth == 32
    assert not accepted.ignored
    assert not result.inbox.ignored


def test_the_states_of_the_server_in_their_order() -> None:
    pair = Pair(replace(CLIENT, security=Security.NLA), replace(SERVER, security=Security.NLA))
    pair.connect()
    # Everything but CONSUMED, and the last one, in which the loop ends.
    assert pair.server_states == [state for state in ServerAcceptorState if state.name not in ("CONSUMED", "ACCEPTED")]


@PIECES
@pytest.mark.parametrize("names", [(), ("cliprdr", "rdpsnd", "drdynvc"), tuple(f"ch{at}" for at in range(31))])
def test_static_channels(names: tuple[str, ...], piece: int) -> None:
    result, accepted = connect(
        CLIENT, replace(SERVER, static_channels=names[:2], builtin_channels=()), piece=piece, static_channels=names
    )
    assert list(result.static_channels) == list(names)
    assert accepted.static_channels == {name: result.static_channels[name] for name in names[:2]}
    ids = [*result.static_channels.values(), result.io_channel_id, result.user_channel_id, result.message_channel_id]
    assert len(set(ids)) == len(ids)


def test_a_client_that_joins_every_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    from trio_rdp.pdu.gcc_client import ClientEarlyCapabilityFlags
    from trio_rdp.protocol import basic_settings

    skips = Pair(replace(CLIENT, static_channels=("cliprdr",)))
    skips.connect()
    flags = basic_settings._EARLY_CAPABILITIES.without(ClientEarlyCapabilityFlags.SUPPORT_SKIP_CHANNELJOIN)
    monkeypatch.setattr(basic_settings, "_EARLY_CAPABILITIES", flags)
    joins = Pair(replace(CLIENT, static_channels=("cliprdr",)))
    result, accepted = joins.connect()
    assert not accepted.settings.skips_channel_join
    assert skips.acceptor.result.settings.skips_channel_join
    assert joins.upstream.bytes_carried == skips.upstream.bytes_carried + 4 * 12
    assert result.static_channels == accepted.settings.static_channels


@PIECES
def test_network_detection(piece: int) -> None:
    pair = Pair(CLIENT, replace(SERVER, detect_network=True), piece=piece)
    result, accepted = pair.connect()
    network = accepted.network
    assert network.base_rtt is not None
    assert network.base_rtt > 0
    assert network.bandwidth is not None
    assert network.bandwidth > 0
    told = result.inbox.network.characteristics
    assert told.base_rtt == round(network.base_rtt)
    assert told.bandwidth == round(network.bandwidth)


@pytest.mark.parametrize(
    ("config", "asked", "given"),
    [
        (SERVER, DesktopSize(1023, 767), DesktopSize(1023, 767)),
        (SERVER, DesktopSize(10, 10), DesktopSize(200, 200)),
        (replace(SERVER, maximum_size=DesktopSize(800, 600)), DesktopSize(1920, 1080), DesktopSize(800, 600)),
        (replace(SERVER, desktop_size=DesktopSize(640, 480)), DesktopSize(1920, 1080), DesktopSize(640, 480)),
    ],
)
def test_desktop_sizes(config: object, asked: DesktopSize, given: DesktopSize) -> None:
    assert isinstance(config, type(SERVER))
    result, accepted = connect(CLIENT, config, desktop_size=asked)
    assert result.desktop_size == accepted.desktop_size == given


@pytest.mark.parametrize("depth", [8, 15, 16, 24, 32])
def test_color_depths(depth: int) -> None:
    result, accepted = connect(color_depth=depth)
    assert result.activation.color_depth == accepted.color_depth == depth


def test_a_layout_of_monitors_is_told() -> None:
    monitors = (Monitor(width=800, height=600, is_primary=True), Monitor(left=800, width=640, height=600))
    result, accepted = connect(desktop_size=DesktopSize(1440, 600), monitors=monitors)
    assert accepted.desktop_size == DesktopSize(1440, 600)
    assert len(result.conversation.early) == 1  # the Monitor Layout PDU, for the session


def test_login_is_checked_and_seen() -> None:
    seen: list[tuple[str, str, str]] = []

    def check(acceptor: ServerAcceptor) -> None:
        info = acceptor.client_info
        seen.append((info.domain, info.user_name, info.password))
        acceptor.accept_login()

    Pair(check_login=check).connect()
    assert seen == [("LAB", "ada", "secret")]


def test_a_refused_client_hears_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secure_settings, "_ALWAYS", secure_settings._ALWAYS.without(InfoFlags.LOGONERRORS))
    pair = Pair(check_login=lambda acceptor: acceptor.refuse_login(ErrorInfo.SERVER_INSUFFICIENT_PRIVILEGES))
    # The client's error; the server's own waits behind its last words.
    with pytest.raises(AuthenticationFailed, match="may not log on"):
        pair.connect()
    assert pair.connector.events() == [ErrorInfoReceived(ErrorInfo.SERVER_INSUFFICIENT_PRIVILEGES)]
    with pytest.raises(AuthenticationFailed, match="refused"):
        pair.acceptor.step(b"anything")
    assert pair.acceptor.state is ServerAcceptorState.CONSUMED


def test_protocols_that_do_not_meet() -> None:
    pair = Pair(replace(CLIENT, security=Security.TLS), replace(SERVER, security=Security.NLA))
    with pytest.raises(NegotiationFailed):
        pair.connect()


def test_a_connector_is_used_once() -> None:
    pair = Pair()
    pair.connect()
    assert isinstance(pair.connector, ClientConnector)
    assert pair.connector.next_pdu_hint is None
    assert pair.acceptor.next_pdu_hint is None
