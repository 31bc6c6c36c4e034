from __future__ import annotations

from functools import partial

import pytest

from tests.protocol import scripted_server
from tests.protocol.ladder import Ladder
from tests.protocol.licensing_server import LICENSE, LicensingServer, certificate
from tests.protocol.scripted_server import (
    FIRST,
    IO,
    MESSAGE,
    SECOND,
    SHARE_ID,
    USER,
    attach_confirm,
    autodetect,
    channel,
    confirm,
    connect_response,
    connected,
    data,
    deactivate_all,
    demand,
    error_info,
    failure,
    finalization,
    font_map,
    heartbeat,
    join_confirm,
    joined_channel,
    license_valid,
    licensing,
    multitransport,
    synchronize,
    ultimatum,
    unsecured,
    up_to_capabilities,
    up_to_finalization,
    up_to_licensing,
)
from tests.protocol.test_licensing import Cache
from trio_rdp.pdu.autodetect import (
    BandwidthMeasureResults,
    BandwidthMeasureStart,
    BandwidthMeasureStop,
    RequestType,
    RttMeasureRequest,
    RttMeasureResponse,
    decode_response,
)
from trio_rdp.pdu.client_info import ClientInfo
from trio_rdp.pdu.error_info import ErrorInfo
from trio_rdp.pdu.gcc_client import EncryptionMethod
from trio_rdp.pdu.gcc_server import EncryptionLevel, ServerEarlyCapabilityFlags, ServerSecurityData
from trio_rdp.pdu.mcs import SendDataIndication
from trio_rdp.pdu.security import SecurityFlags
from trio_rdp.pdu.share import PduType2
from trio_rdp.pdu.x224 import NegotiationFailureCode, NegotiationResponseFlags, SecurityProtocol
from trio_rdp.protocol.client_connector import ClientConnector
from trio_rdp.protocol.config import ClientConfig, DesktopSize, Monitor, Security
from trio_rdp.protocol.envelopes import open_frame
from trio_rdp.protocol.events import ErrorInfoReceived, HeartbeatReceived, MultitransportDeclined
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.states import ClientConnectorState as S
from trio_rdp.wire.errors import (
    AuthenticationFailed,
    LocalProtocolError,
    NegotiationFailed,
    RemoteProtocolError,
    SessionClosed,
)

RDP, SSL, HYBRID_EX = (
    SecurityProtocol(value) for value in (SecurityProtocol.RDP, SecurityProtocol.SSL, SecurityProtocol.HYBRID_EX)
)
ASKED = SecurityProtocol(SecurityProtocol.SSL | SecurityProtocol.HYBRID | SecurityProtocol.HYBRID_EX)
SKIP = int(ServerEarlyCapabilityFlags.SKIP_CHANNELJOIN_SUPPORTED)
PLAIN = ClientConfig(security=Security.NONE, username="ada", password="secret")


def test_the_whole_ladder_with_nla() -> None:
    connector = ClientConnector(ClientConfig(username="ada", password="secret", static_channels=("cliprdr", "rdpsnd")))
    ladder = Ladder(connector)
    assert not connector.is_negotiated
    ladder.sends(S.CONNECTION_INITIATION_SEND_REQUEST)
    ladder.receives(S.CONNECTION_INITIATION_WAIT_CONFIRM, confirm(HYBRID_EX))
    assert connector.is_negotiated
    assert connector.selected_protocol == HYBRID_EX
    assert connector.state is S.ENHANCED_SECURITY_UPGRADE
    assert connector.should_perform_security_upgrade
    assert not connector.should_perform_credssp
    connector.mark_security_upgrade_as_done()
    assert connector.state is S.CREDSSP
    assert connector.should_perform_credssp
    assert connector.next_pdu_hint is None
    connector.mark_credssp_as_done()
    ladder.sends(S.BASIC_SETTINGS_EXCHANGE_SEND_INITIAL)
    answer = connect_response(requested=ASKED, channels=(FIRST, SECOND))
    ladder.receives(S.BASIC_SETTINGS_EXCHANGE_WAIT_RESPONSE, answer)
    ladder.sends(S.CHANNEL_CONNECTION)
    ladder.receives(S.CHANNEL_CONNECTION, attach_confirm())
    for channel_id in (USER, IO, MESSAGE, FIRST, SECOND):
        assert joined_channel(ladder.sends(S.CHANNEL_CONNECTION)) == channel_id
        ladder.receives(S.CHANNEL_CONNECTION, join_confirm(channel_id))
    info = ClientInfo.decode(unsecured(ladder.sends(S.SECURE_SETTINGS_EXCHANGE), SecurityFlags.INFO_PKT))
    assert (info.user_name, info.password) == ("ada", "secret")
    assert ladder.sends(S.CONNECT_TIME_AUTO_DETECTION) == b""
    ladder.receives(S.LICENSING_EXCHANGE, license_valid())
    assert ladder.sends(S.MULTITRANSPORT_BOOTSTRAPPING) == b""
    ladder.receives(S.CAPABILITIES_EXCHANGE, demand(1600, 900))
    ladder.sends(S.CAPABILITIES_EXCHANGE)
    ladder.sends(S.CONNECTION_FINALIZATION)
    for frame in finalization():
        ladder.receives(S.CONNECTION_FINALIZATION, frame)
    assert connector.state is S.CONNECTED
    result = ladder.ends()
    assert result.selected_protocol == HYBRID_EX
    assert (result.io_channel_id, result.user_channel_id, result.message_channel_id) == (IO, USER, MESSAGE)
    assert result.static_channels == {"cliprdr": FIRST, "rdpsnd": SECOND}
    assert (result.share_id, result.desktop_size) == (SHARE_ID, DesktopSize(1600, 900))
    assert result.refresh_rect_support
    assert result.suppress_output_support
    assert result.enable_server_pointer
    assert result.compression_type == connector.config.compression_type
    assert result.input_flags == result.activation.input_flags
    assert result.monitor_layout == ()
    assert "secret" not in repr(result)


def test_tls_without_credssp_and_without_joins() -> None:
    connector = ClientConnector(ClientConfig())
    ladder = Ladder(connector)
    ladder.sends(S.CONNECTION_INITIATION_SEND_REQUEST)
    ladder.receives(S.CONNECTION_INITIATION_WAIT_CONFIRM, confirm(SSL))
    connector.mark_security_upgrade_as_done()
    ladder.sends(S.BASIC_SETTINGS_EXCHANGE_SEND_INITIAL)
    ladder.receives(S.BASIC_SETTINGS_EXCHANGE_WAIT_RESPONSE, connect_response(requested=ASKED, flags=SKIP))
    ladder.sends(S.CHANNEL_CONNECTION)
    ladder.receives(S.CHANNEL_CONNECTION, attach_confirm())
    ladder.sends(S.SECURE_SETTINGS_EXCHANGE)


def test_without_security() -> None:
    connector = connected(ClientConfig(security=Security.NONE))
    assert connector.result.selected_protocol == RDP


def test_monitors_are_for_servers_that_take_extended_client_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monitors = (Monitor(width=800, height=600, is_primary=True),)
    config = ClientConfig(security=Security.NONE, monitors=monitors, desktop_size=DesktopSize(800, 600))
    assert connected(config).result.monitor_layout == monitors
    monkeypatch.setattr(scripted_server, "confirm", partial(confirm, flags=NegotiationResponseFlags(0)))
    assert connected(config).result.monitor_layout == ()


class TestOutOfTurn:
    def test_marks_name_the_state(self) -> None:
        connector = ClientConnector(ClientConfig())
        with pytest.raises(LocalProtocolError, match="ENHANCED_SECURITY_UPGRADE but in CONNECTION_INITIATION_SEND"):
            connector.mark_security_upgrade_as_done()
        with pytest.raises(LocalProtocolError, match="CREDSSP but in CONNECTION_INITIATION_SEND_REQUEST"):
            connector.mark_credssp_as_done()
        with pytest.raises(LocalProtocolError, match="nothing is negotiated in state CONNECTION_INITIATION_SEND"):
            _ = connector.selected_protocol

    def test_nothing_is_stepped_over(self) -> None:
        connector = ClientConnector(ClientConfig())
        connector.step()
        connector.step(confirm(HYBRID_EX))
        for stop in ("ENHANCED_SECURITY_UPGRADE", "CREDSSP"):
            with pytest.raises(LocalProtocolError, match=stop):
                connector.step()
            if stop == "ENHANCED_SECURITY_UPGRADE":
                connector.mark_security_upgrade_as_done()

    def test_a_channel_is_added_before_the_first_step(self) -> None:
        connector = ClientConnector(PLAIN, server_name="desk").with_static_channel("cliprdr")
        assert connector.config.static_channels == ("cliprdr",)
        connector.step()
        with pytest.raises(LocalProtocolError, match="no channel can be added in state CONNECTION_INITIATION_WAIT"):
            connector.with_static_channel("rdpsnd")
        with pytest.raises(LocalProtocolError, match="static channel name"):
            ClientConnector(PLAIN).with_static_channel("")


class TestRefused:
    def test_negotiation(self) -> None:
        ladder = Ladder(ClientConnector(ClientConfig()))
        ladder.sends(S.CONNECTION_INITIATION_SEND_REQUEST)
        frame = failure(NegotiationFailureCode.HYBRID_REQUIRED_BY_SERVER)
        ladder.fails(NegotiationFailed, None, S.CONNECTION_INITIATION_WAIT_CONFIRM, frame)

    def test_a_downgrade_that_shows_late(self) -> None:
        connector = ClientConnector(ClientConfig())
        ladder = Ladder(connector)
        ladder.sends(S.CONNECTION_INITIATION_SEND_REQUEST)
        ladder.receives(S.CONNECTION_INITIATION_WAIT_CONFIRM, confirm(SSL))
        connector.mark_security_upgrade_as_done()
        ladder.sends(S.BASIC_SETTINGS_EXCHANGE_SEND_INITIAL)
        frame = connect_response(requested=SSL)  # somebody in between took the others away
        ladder.fails(NegotiationFailed, "a downgrade", S.BASIC_SETTINGS_EXCHANGE_WAIT_RESPONSE, frame)

    def test_encryption(self) -> None:
        ladder = Ladder(ClientConnector(PLAIN))
        ladder.sends(S.CONNECTION_INITIATION_SEND_REQUEST)
        ladder.receives(S.CONNECTION_INITIATION_WAIT_CONFIRM, confirm(RDP))
        ladder.sends(S.BASIC_SETTINGS_EXCHANGE_SEND_INITIAL)
        security = ServerSecurityData(
            encryption_method=EncryptionMethod(2),
            encryption_level=EncryptionLevel.HIGH,
            server_random=bytes(32),
            server_certificate=certificate(),
        )
        ladder.fails(
            NegotiationFailed,
            "does not speak",
            S.BASIC_SETTINGS_EXCHANGE_WAIT_RESPONSE,
            connect_response(security=security),
        )

    def test_a_login_that_fails_has_its_reason(self) -> None:
        connector = ClientConnector(PLAIN)
        up_to_licensing(connector)
        ladder = Ladder(connector)
        ladder.receives(S.LICENSING_EXCHANGE, error_info(ErrorInfo.SERVER_DENIED_CONNECTION))
        assert connector.events() == [ErrorInfoReceived(ErrorInfo.SERVER_DENIED_CONNECTION)]
        ladder.fails(AuthenticationFailed, "refused", S.LICENSING_EXCHANGE, ultimatum())

    def test_another_end_has_its_reason(self) -> None:
        connector = ClientConnector(PLAIN)
        up_to_licensing(connector)
        ladder = Ladder(connector)
        ladder.receives(S.LICENSING_EXCHANGE, error_info(ErrorInfo.OUT_OF_MEMORY))
        error = ladder.fails(SessionClosed, None, S.LICENSING_EXCHANGE, ultimatum())
        assert isinstance(error, SessionClosed)
        assert error.code == ErrorInfo.OUT_OF_MEMORY

    def test_a_desktop_beyond_the_limits(self) -> None:
        connector = ClientConnector(ClientConfig(security=Security.NONE, limits=Limits(desktop_side=1000)))
        up_to_capabilities(connector)
        Ladder(connector).fails(RemoteProtocolError, "1024x768", S.CAPABILITIES_EXCHANGE, demand(1024, 768))


class TestAnyMoment:
    def test_the_network_is_measured_while_connecting(self) -> None:
        connector = ClientConnector(PLAIN)
        up_to_licensing(connector)
        ladder = Ladder(connector)
        answer = ladder.receives(S.LICENSING_EXCHANGE, autodetect(RttMeasureRequest(sequence_number=1)), now=1.0)
        body = unsecured(answer, SecurityFlags.AUTODETECT_RSP)
        assert decode_response(body) == RttMeasureResponse(sequence_number=1)
        start = BandwidthMeasureStart(sequence_number=2, request_type=RequestType.BANDWIDTH_START_CONNECT_TIME)
        stop = BandwidthMeasureStop(
            sequence_number=3, request_type=RequestType.BANDWIDTH_STOP_CONNECT_TIME, payload=bytes(100)
        )
        ladder.receives(S.LICENSING_EXCHANGE, autodetect(start), now=1.0)
        answer = ladder.receives(S.LICENSING_EXCHANGE, autodetect(stop), now=1.5)
        results = decode_response(unsecured(answer, SecurityFlags.AUTODETECT_RSP))
        assert isinstance(results, BandwidthMeasureResults)
        assert (results.time_delta, results.byte_count) == (500, 100)

    def test_measuring_does_not_go_on_for_ever(self) -> None:
        connector = ClientConnector(ClientConfig(security=Security.NONE, limits=Limits(connection_steps=20)))
        up_to_licensing(connector)
        sent = 0
        with pytest.raises(RemoteProtocolError, match="more than 20 messages in state LICENSING_EXCHANGE"):  # noqa: PT012
            while sent < 100:
                connector.step(autodetect(RttMeasureRequest(sequence_number=1)))
                sent += 1
        assert sent < 20

    def test_transports_are_declined_and_hearts_beat(self) -> None:
        connector = ClientConnector(PLAIN)
        up_to_capabilities(connector)
        ladder = Ladder(connector)
        assert ladder.receives(S.CAPABILITIES_EXCHANGE, multitransport(9)) != b""
        ladder.receives(S.CAPABILITIES_EXCHANGE, heartbeat(60, 2, 5))
        assert connector.events() == [MultitransportDeclined(9), HeartbeatReceived(60, 2, 5)]

    def test_gnome_deactivates_once(self) -> None:
        connector = ClientConnector(PLAIN)
        up_to_finalization(connector)
        ladder = Ladder(connector)
        ladder.receives(S.CONNECTION_FINALIZATION, synchronize())
        ladder.receives(S.CONNECTION_FINALIZATION, deactivate_all())
        ladder.receives(S.CAPABILITIES_EXCHANGE, demand(1280, 720))
        ladder.sends(S.CAPABILITIES_EXCHANGE)
        ladder.sends(S.CONNECTION_FINALIZATION)
        for frame in finalization():
            ladder.receives(S.CONNECTION_FINALIZATION, frame)
        assert ladder.ends().desktop_size == DesktopSize(1280, 720)

    def test_what_comes_before_the_font_map_is_kept(self) -> None:
        connector = ClientConnector(ClientConfig(security=Security.NONE, static_channels=("cliprdr",)))
        up_to_finalization(connector)
        ladder = Ladder(connector)
        early = [channel(FIRST, b"chunk"), b"\x00\x05\x03\x00\x00", data(PduType2.SAVE_SESSION_INFO, bytes(8))]
        for frame in early:
            ladder.receives(S.CONNECTION_FINALIZATION, frame)
        for frame in finalization():
            ladder.receives(S.CONNECTION_FINALIZATION, frame)
        assert ladder.ends().conversation.early == early

    def test_what_shares_a_message_with_the_font_map_is_kept(self) -> None:
        connector = ClientConnector(PLAIN)
        up_to_finalization(connector)
        denied = data(PduType2.SHUTDOWN_DENIED, b"")
        both = [open_frame(frame) for frame in (font_map(), denied)]
        joined = b"".join(pdu.user_data for pdu in both if isinstance(pdu, SendDataIndication))
        ladder = Ladder(connector)
        ladder.receives(S.CONNECTION_FINALIZATION, channel(IO, joined))
        assert ladder.ends().conversation.early == [denied]

    def test_but_not_more_of_it_than_the_limit(self) -> None:
        connector = ClientConnector(ClientConfig(security=Security.NONE, limits=Limits(early_bytes=20)))
        up_to_finalization(connector)
        ladder = Ladder(connector)
        ladder.receives(S.CONNECTION_FINALIZATION, b"\x00\x05\x03\x00\x00")
        ladder.fails(RemoteProtocolError, "more than 1 messages", S.CONNECTION_FINALIZATION, channel(FIRST, bytes(20)))


class TestLicensing:
    def test_a_licence_is_obtained_and_cached(self) -> None:
        cache, server = Cache(), LicensingServer()
        connector = ClientConnector(
            ClientConfig(security=Security.NONE, username="ada", license_cache=cache, hardware_id=(1, 2, 3, 4)),
            server_name="desk.example",
        )
        up_to_licensing(connector)
        ladder = Ladder(connector)
        ladder.receives(S.LICENSING_EXCHANGE, licensing(server.request()))
        server.hear_request(unsecured(ladder.sends(S.LICENSING_EXCHANGE), SecurityFlags.LICENSE_PKT))
        ladder.receives(S.LICENSING_EXCHANGE, licensing(server.challenge()))
        server.hear_response(unsecured(ladder.sends(S.LICENSING_EXCHANGE), SecurityFlags.LICENSE_PKT))
        assert server.hardware_id[4:] == b"\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0"
        ladder.receives(S.LICENSING_EXCHANGE, licensing(server.license()))
        assert connector.state is S.MULTITRANSPORT_BOOTSTRAPPING
        assert cache.licenses == {"desk.example": LICENSE}

    def test_a_server_without_licensing(self) -> None:
        connector = ClientConnector(PLAIN)
        up_to_licensing(connector)
        ladder = Ladder(connector)
        ladder.receives(S.LICENSING_EXCHANGE, demand(640, 480))
        ladder.sends(S.MULTITRANSPORT_BOOTSTRAPPING)
        ladder.sends(S.CAPABILITIES_EXCHANGE)
        ladder.sends(S.CONNECTION_FINALIZATION)
        for frame in finalization():
            ladder.receives(S.CONNECTION_FINALIZATION, frame)
        assert ladder.ends().desktop_size == DesktopSize(640, 480)
