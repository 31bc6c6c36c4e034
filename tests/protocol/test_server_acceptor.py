"""The server's machine rung by rung: its stops, its refusals, and whatever a hostile client may say."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.protocol.pairs import CLIENT, SERVER, Pair, connect, pump
from trio_rdp.pdu import mcs
from trio_rdp.pdu.client_info import InfoFlags
from trio_rdp.pdu.error_info import ErrorInfo, SetErrorInfo
from trio_rdp.pdu.gcc import ConferenceCreateRequest
from trio_rdp.pdu.gcc_client import ClientEarlyCapabilityFlags
from trio_rdp.pdu.session_info import ErrorNotificationData, LogonInfoExtended
from trio_rdp.pdu.share import PduType2, ShareDataHeader
from trio_rdp.pdu.x224 import SecurityProtocol, wrap_data
from trio_rdp.protocol import basic_settings, secure_settings
from trio_rdp.protocol.active_stage import ActiveStage
from trio_rdp.protocol.config import Security
from trio_rdp.protocol.envelopes import disconnect, open_frame
from trio_rdp.protocol.events import ErrorInfoReceived
from trio_rdp.protocol.framing import FrameBuffer
from trio_rdp.protocol.negotiation import Negotiated
from trio_rdp.protocol.network_detection import NetworkCharacteristics
from trio_rdp.protocol.server_acceptor import ServerAcceptor
from trio_rdp.protocol.session_events import LoggedOn, Terminate
from trio_rdp.protocol.states import ServerAcceptorState
from trio_rdp.wire.errors import AuthenticationFailed, LocalProtocolError, RdpError, RemoteProtocolError, SessionClosed


class Stopped(Exception):
    """The pair has come to where a test wants it."""


def at_login(**changes: object) -> Pair:
    """A pair whose server waits for the driver to check the login."""

    def stop(_: ServerAcceptor) -> None:
        raise Stopped

    pair = Pair(replace(CLIENT, **changes), check_login=stop)  # type: ignore[arg-type]
    with pytest.raises(Stopped):
        pair.connect()
    return pair


def test_it_begins_by_listening() -> None:
    acceptor = ServerAcceptor(SERVER)
    assert acceptor.state is ServerAcceptorState.INITIATION_WAIT_REQUEST
    assert acceptor.next_pdu_hint is not None
    assert not acceptor.should_perform_security_upgrade
    assert not acceptor.should_perform_credssp
    assert not acceptor.should_check_login
    with pytest.raises(LocalProtocolError, match="negotiated"):
        _ = acceptor.selected_protocol
    with pytest.raises(LocalProtocolError, match="who it is"):
        _ = acceptor.client_info
    with pytest.raises(LocalProtocolError, match="no result"):
        _ = acceptor.result


def test_nothing_happens_out_of_turn() -> None:
    acceptor = ServerAcceptor(SERVER)
    for method in (
        acceptor.mark_security_upgrade_as_done,
        acceptor.mark_credssp_as_done,
        acceptor.accept_login,
        acceptor.refuse_login,
        acceptor.step,
    ):
        with pytest.raises(LocalProtocolError, match="INITIATION_WAIT_REQUEST"):
            method()
    assert acceptor.state is ServerAcceptorState.INITIATION_WAIT_REQUEST


def test_it_waits_for_tls_and_credssp() -> None:
    pair = Pair(replace(CLIENT, security=Security.NLA), replace(SERVER, security=Security.AUTO))
    acceptor = pair.acceptor
    acceptor.step(pair.connector.step())
    acceptor.step()
    assert acceptor.selected_protocol == SecurityProtocol.HYBRID_EX
    assert acceptor.should_perform_security_upgrade
    with pytest.raises(LocalProtocolError, match="SECURITY_UPGRADE"):
        acceptor.step(b"anything")
    acceptor.mark_security_upgrade_as_done()
    assert acceptor.should_perform_credssp
    acceptor.mark_credssp_as_done()
    assert acceptor.state is ServerAcceptorState.BASIC_SETTINGS_WAIT_INITIAL


def test_the_login_stop() -> None:
    acceptor = at_login().acceptor
    assert acceptor.should_check_login
    assert acceptor.state is ServerAcceptorState.LOGIN
    assert acceptor.next_pdu_hint is None
    with pytest.raises(LocalProtocolError, match="LOGIN"):
        acceptor.step()
    assert acceptor.client_info.user_name == "ada"
    acceptor.accept_login()
    assert not acceptor.should_check_login
    assert acceptor.state is ServerAcceptorState.CONNECT_TIME_AUTO_DETECTION


def _last_words(acceptor: ServerAcceptor) -> list[mcs.DomainPdu]:
    buffer, found = FrameBuffer(acceptor.step()), list[mcs.DomainPdu]()
    while (pdu := buffer.next_pdu()) is not None:
        found.append(open_frame(pdu[1]))
    return found


@pytest.fixture
def no_logon_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that does not show logon errors, and so is refused at once."""
    monkeypatch.setattr(secure_settings, "_ALWAYS", secure_settings._ALWAYS.without(InfoFlags.LOGONERRORS))


@pytest.mark.usefixtures("no_logon_errors")
def test_a_refusal_is_told_before_it_is_raised() -> None:
    acceptor = at_login().acceptor
    acceptor.refuse_login(ErrorInfo.SERVER_INSUFFICIENT_PRIVILEGES)
    assert not acceptor.should_check_login
    with pytest.raises(LocalProtocolError):
        acceptor.refuse_login()
    told, ended = _last_words(acceptor)
    assert isinstance(told, mcs.SendDataIndication)
    header = ShareDataHeader.decode(told.user_data)
    assert header.pdu_type2 == PduType2.SET_ERROR_INFO
    assert SetErrorInfo.decode(header.payload).error_info == ErrorInfo.SERVER_INSUFFICIENT_PRIVILEGES
    assert ended == mcs.DisconnectProviderUltimatum(reason=mcs.Reason.PROVIDER_INITIATED)
    with pytest.raises(AuthenticationFailed, match="refused"):
        _ = acceptor.result
    with pytest.raises(LocalProtocolError, match="CONSUMED"):
        acceptor.step()


def test_a_client_that_shows_logon_errors_is_told_when_the_connection_stands() -> None:
    pair = Pair(check_login=lambda acceptor: acceptor.refuse_login())
    with pytest.raises(AuthenticationFailed, match="refused"):
        pair.connect()
    assert pair.acceptor.state is ServerAcceptorState.CONSUMED
    while pair.downstream.arrive():
        pass
    outputs, _ = pump(ActiveStage(pair.connector.result), pair.downstream.buffer.take_leftover())
    *_, logon, error, end = outputs
    assert isinstance(logon, LoggedOn)
    assert isinstance(logon.info, LogonInfoExtended)
    assert logon.info.logon_errors is not None
    assert logon.info.logon_errors.error_notification_data == ErrorNotificationData.FAILED_BAD_PASSWORD
    assert error == ErrorInfoReceived(ErrorInfo.SERVER_DENIED_CONNECTION)
    assert isinstance(end, Terminate)
    assert not end.is_clean
    assert isinstance(end.reason.__cause__, AuthenticationFailed)


@pytest.mark.usefixtures("no_logon_errors")
def test_a_client_that_does_not_want_to_know_is_only_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(basic_settings, "_EARLY_CAPABILITIES", ClientEarlyCapabilityFlags(0))
    acceptor = at_login().acceptor
    acceptor.refuse_login()
    assert [type(one) for one in _last_words(acceptor)] == [mcs.DisconnectProviderUltimatum]
    with pytest.raises(AuthenticationFailed):
        acceptor.step()


@pytest.mark.parametrize("detect", [True, False])
def test_a_line_is_measured_only_where_both_want_it(detect: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    flags = basic_settings._EARLY_CAPABILITIES.without(ClientEarlyCapabilityFlags.SUPPORT_NETCHAR_AUTODETECT)
    if detect:
        monkeypatch.setattr(basic_settings, "_EARLY_CAPABILITIES", flags)
    _, accepted = connect(CLIENT, replace(SERVER, detect_network=detect))
    assert accepted.network == NetworkCharacteristics()


def test_the_result_speaks_for_its_parts() -> None:
    result, accepted = connect(CLIENT, replace(SERVER, static_channels=("rdpsnd",)), static_channels=("a", "rdpsnd"))
    assert accepted.selected_protocol == SecurityProtocol.RDP
    assert accepted.io_channel_id == result.io_channel_id
    assert accepted.message_channel_id == result.message_channel_id
    assert accepted.static_channels == {"rdpsnd": result.static_channels["rdpsnd"]}
    assert accepted.capabilities is accepted.activation.capabilities
    assert accepted.ignored == Counter()
    assert "secret" not in repr(accepted)


def _conversation() -> list[bytes]:
    """The client's frames of a whole connection, in order."""
    pair, frames = Pair(replace(CLIENT, static_channels=("cliprdr",))), list[bytes]()
    step = pair.acceptor.step

    def record(data: bytes = b"", *, now: float | None = None) -> bytes:
        if data:
            frames.append(data)
        return step(data, now=now)

    pair.acceptor.step = record  # type: ignore[method-assign]
    pair.connect()
    return frames


def _replay(frames: list[bytes]) -> ServerAcceptor:
    acceptor = ServerAcceptor(SERVER)
    for frame in frames:
        while acceptor.next_pdu_hint is None and not acceptor.state.is_terminal:
            if acceptor.should_check_login:
                acceptor.accept_login()
            else:
                acceptor.step()
        acceptor.step(frame)
    while acceptor.next_pdu_hint is None and not acceptor.state.is_terminal:
        acceptor.step()
    return acceptor


def test_a_conversation_replays() -> None:
    assert _replay(_conversation()).state is ServerAcceptorState.ACCEPTED


@pytest.mark.parametrize("at", range(4, 9))
def test_a_client_may_leave_at_any_time(at: int) -> None:
    frames = _conversation()
    with pytest.raises(SessionClosed):
        _replay([*frames[:at], disconnect(mcs.Reason.USER_REQUESTED)])


def test_hostile_frames_raise_nothing_but_the_librarys_errors() -> None:
    """Every truncation, and changed bytes all over what a client says, at every step."""
    frames = _conversation()
    for at, frame in enumerate(frames):
        changed = [frame[:4] + frame[4:cut] for cut in range(5, len(frame), max(len(frame) // 40, 1))]
        for place in range(4, len(frame), max(len(frame) // 60, 1)):
            changed += [frame[:place] + bytes((frame[place] ^ bit,)) + frame[place + 1 :] for bit in (1, 0x80, 0xFF)]
        for bad in changed:
            try:
                _replay([*frames[:at], bad])
            except RdpError:
                continue


def test_a_client_that_claims_another_protocol() -> None:
    tls = SecurityProtocol(SecurityProtocol.SSL)
    blocks = basic_settings.client_blocks(CLIENT, Negotiated(tls, tls))
    initial = mcs.ConnectInitial(user_data=ConferenceCreateRequest(user_data=blocks.encode()).encode())
    with pytest.raises(RemoteProtocolError, match="downgrade"):
        _replay([_conversation()[0], wrap_data(initial.encode())])
