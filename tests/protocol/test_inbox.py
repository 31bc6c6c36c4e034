from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.protocol.ladder import Ladder
from tests.protocol.scripted_server import (
    FIRST,
    IO,
    MESSAGE,
    SERVER,
    SHARE_ID,
    USER,
    autodetect,
    channel,
    connect_response,
    control,
    cooperate,
    data,
    deactivate_all,
    demand,
    domain,
    error_info,
    font_map,
    heartbeat,
    join_confirm,
    license_valid,
    multitransport,
    opened,
    secured,
    ultimatum,
    unsecured,
)
from trio_rdp.pdu import mcs, tpkt
from trio_rdp.pdu.autodetect import RttMeasureRequest, RttMeasureResponse, UnknownAutoDetect, decode_response
from trio_rdp.pdu.error_info import ErrorInfo
from trio_rdp.pdu.licensing import LicensingPdu, valid_client
from trio_rdp.pdu.multitransport import HrResponse, InitiateMultitransportResponse
from trio_rdp.pdu.security import SecurityFlags
from trio_rdp.pdu.share import PduType, PduType2, ShareControlHeader, ShareDataHeader
from trio_rdp.pdu.x224 import DisconnectRequest, SecurityProtocol
from trio_rdp.protocol.basic_settings import BasicSettings, exchange_basic_settings
from trio_rdp.protocol.config import ClientConfig
from trio_rdp.protocol.envelopes import Envelopes, open_frame
from trio_rdp.protocol.events import ErrorInfoReceived, HeartbeatReceived, MultitransportDeclined
from trio_rdp.protocol.handshake import Conversation, Handshake, State
from trio_rdp.protocol.inbox import ClientInbox, disconnect_reason
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.negotiation import Negotiated
from trio_rdp.protocol.states import ClientConnectorState
from trio_rdp.wire.errors import AuthenticationFailed, DecodeError, RemoteProtocolError, SessionClosed

STATE = ClientConnectorState.LICENSING_EXCHANGE


def settings() -> BasicSettings:
    rdp = SecurityProtocol(SecurityProtocol.RDP)
    ladder = Ladder.of(exchange_basic_settings(ClientConfig(static_channels=("cliprdr",)), Negotiated(rdp, rdp)))
    ladder.machine.step()
    ladder.machine.step(connect_response(channels=[FIRST]))
    found: BasicSettings = ladder.ends()
    return found


class Desk:
    """An inbox, and a ladder on which it receives one thing after another."""

    def __init__(
        self, what: Callable[[ClientInbox], Callable[[State], Handshake[object]]], limits: Limits | None = None
    ) -> None:
        self.conversation = Conversation(limits or Limits())
        self.inbox = ClientInbox(self.conversation, Envelopes(False, USER, IO, MESSAGE, SHARE_ID), settings())
        self.got: list[object] = []
        receive = what(self.inbox)

        def forever() -> Handshake[None]:
            while True:
                self.got.append((yield from receive(STATE)))

        self.ladder = Ladder.of(forever(), self.conversation)

    def receives(self, frame: bytes, *, now: float | None = None) -> bytes:
        return self.ladder.receives(STATE, frame, now=now)


def messages(limits: Limits | None = None) -> Desk:
    return Desk(lambda inbox: inbox.receive, limits)


def shares() -> Desk:
    return Desk(lambda inbox: inbox.receive_share)


def licences() -> Desk:
    return Desk(lambda inbox: inbox.receive_licensing)


class TestAnyMoment:
    def test_messages_of_the_io_channel(self) -> None:
        desk = messages()
        desk.receives(channel(IO, b"message"))
        assert desk.got == [b"message"]

    def test_a_round_trip_is_answered(self) -> None:
        desk = messages()
        answer = desk.receives(autodetect(RttMeasureRequest(sequence_number=5)))
        assert opened(answer).channel_id == MESSAGE
        body = unsecured(answer, SecurityFlags.AUTODETECT_RSP)
        assert decode_response(body) == RttMeasureResponse(sequence_number=5)
        assert desk.got == []

    def test_an_unknown_request_is_counted(self) -> None:
        desk = messages()
        unknown = UnknownAutoDetect(header_type_id=0, sequence_number=1, type=0x7777)
        assert desk.receives(secured(SecurityFlags.AUTODETECT_REQ, unknown.encode(), MESSAGE)) == b""
        assert desk.inbox.ignored == {"auto-detect request": 1}

    def test_a_udp_transport_is_declined(self) -> None:
        desk = messages()
        answer = desk.receives(multitransport(7))
        response = InitiateMultitransportResponse.decode(unsecured(answer, SecurityFlags.TRANSPORT_RSP))
        assert response == InitiateMultitransportResponse(request_id=7, hr_response=HrResponse.E_ABORT)
        assert desk.ladder.machine.events() == [MultitransportDeclined(7)]

    def test_a_heartbeat(self) -> None:
        desk = messages()
        assert desk.receives(heartbeat(30, 2, 4)) == b""
        assert desk.ladder.machine.events() == [HeartbeatReceived(30, 2, 4)]

    def test_what_the_message_channel_may_bring_later(self) -> None:
        desk = messages()
        desk.receives(secured(SecurityFlags.INFO_PKT, b"", MESSAGE))
        desk.receives(domain(mcs.AttachUserConfirm()))
        desk.receives(join_confirm(IO))
        assert desk.inbox.ignored == {
            "message channel PDU of an unknown kind": 1,
            "AttachUserConfirm": 1,
            "ChannelJoinConfirm": 1,
        }

    def test_what_comes_too_early_is_kept(self) -> None:
        desk = messages()
        frames = [channel(FIRST, b"chunk"), b"\x00\x05\x03\x00\x00", channel(4711, b"?")]
        for frame in frames:
            desk.receives(frame)
        assert desk.conversation.early == frames
        assert desk.got == []

    def test_but_not_without_end(self) -> None:
        desk = messages(Limits(early_events=2))
        desk.receives(channel(FIRST, b"1"))
        desk.receives(b"\x00\x05\x03\x00\x00")
        desk.ladder.fails(RemoteProtocolError, "more than 2 messages", STATE, channel(FIRST, b"3"))

    def test_the_server_disconnects(self) -> None:
        desk = messages()
        frame = ultimatum(mcs.Reason.PROVIDER_INITIATED)
        desk.ladder.fails(SessionClosed, r"\(provider initiated\)", STATE, frame)
        desk = messages()
        desk.ladder.fails(SessionClosed, r"X\.224", STATE, tpkt.wrap(DisconnectRequest().encode()))

    @pytest.mark.parametrize("flags", [SecurityFlags.AUTODETECT_REQ, SecurityFlags.HEARTBEAT])
    def test_bytes_without_meaning(self, flags: SecurityFlags) -> None:
        messages().ladder.fails(DecodeError, None, STATE, secured(flags, b"\1", MESSAGE))


class TestShares:
    def test_those_of_the_handshake_are_received(self) -> None:
        desk = shares()
        for frame in (demand(), deactivate_all(), cooperate(), font_map()):
            desk.receives(frame)
        controls = [one.pdu_type for one in desk.got if isinstance(one, ShareControlHeader)]
        datas = [one.pdu_type2 for one in desk.got if isinstance(one, ShareDataHeader)]
        assert controls == [PduType.DEMAND_ACTIVE, PduType.DEACTIVATE_ALL]
        assert datas == [PduType2.CONTROL, PduType2.FONT_MAP]

    def test_two_in_one_message(self) -> None:
        desk = shares()
        both = b"".join(one.user_data for one in map(_indication, (cooperate(), font_map())))
        desk.receives(channel(IO, both))
        assert len(desk.got) == 2

    def test_one_may_be_given_back(self) -> None:
        desk = shares()
        desk.receives(deactivate_all())
        share = desk.got.pop()
        assert isinstance(share, ShareControlHeader)
        desk.inbox.give_back(share)
        desk.receives(font_map())
        assert desk.got[0] is not None

    def test_error_info_is_remembered(self) -> None:
        desk = shares()
        desk.receives(error_info(ErrorInfo.LOGOFF_BY_USER))
        assert desk.inbox.error_info == ErrorInfo.LOGOFF_BY_USER
        assert desk.ladder.machine.events() == [ErrorInfoReceived(ErrorInfo.LOGOFF_BY_USER)]
        error = desk.ladder.fails(SessionClosed, None, STATE, ultimatum())
        assert isinstance(error, SessionClosed)
        assert error.code == ErrorInfo.LOGOFF_BY_USER
        assert error.reason == disconnect_reason(mcs.Reason.USER_REQUESTED, ErrorInfo.LOGOFF_BY_USER).reason

    def test_those_of_the_session_are_kept(self) -> None:
        desk = shares()
        frame = data(PduType2.SAVE_SESSION_INFO, bytes(8))
        desk.receives(frame)
        assert desk.conversation.early == [frame]
        assert desk.got == []

    def test_unknown_ones_are_counted(self) -> None:
        desk = shares()
        desk.receives(control(PduType(0xB), b"abcd"))
        assert desk.inbox.ignored == {"share PDU UNKNOWN_0xb": 1}

    def test_a_redirection_is_not_followed(self) -> None:
        frame = control(PduType.SERVER_REDIRECTION, bytes(32))
        shares().ladder.fails(SessionClosed, "redirects", STATE, frame)


def _indication(frame: bytes) -> mcs.SendDataIndication:
    pdu = open_frame(frame)
    assert isinstance(pdu, mcs.SendDataIndication)
    return pdu


class TestLicensing:
    def test_a_licensing_message(self) -> None:
        desk = licences()
        desk.receives(license_valid())
        assert desk.got == [valid_client().encode()]
        assert LicensingPdu.decode(desk.got[0]) == valid_client()  # type: ignore[arg-type]

    def test_a_message_as_long_as_its_flags(self) -> None:
        desk = licences()
        body = bytes(0x80 - 4)
        desk.receives(secured(SecurityFlags.LICENSE_PKT, body))
        assert desk.got == [body]

    def test_a_server_that_opens_the_share_at_once(self) -> None:
        desk = licences()
        desk.receives(demand())
        assert desk.got == [None]

    def test_error_info_may_come_first(self) -> None:
        desk = licences()
        desk.receives(error_info(ErrorInfo.SERVER_DENIED_CONNECTION))
        assert desk.got == []
        desk.ladder.fails(AuthenticationFailed, None, STATE, ultimatum())
        assert desk.inbox.error_info == ErrorInfo.SERVER_DENIED_CONNECTION

    def test_error_info_and_share_in_one_message(self) -> None:
        desk = licences()
        both = _indication(error_info(ErrorInfo.NONE)).user_data + _indication(demand()).user_data
        desk.receives(channel(IO, both))
        assert desk.got == [None]
        assert desk.inbox.error_info == ErrorInfo.NONE

    def test_shares_of_another_time_are_passed_over(self) -> None:
        desk = licences()
        desk.receives(deactivate_all())
        desk.receives(cooperate())
        assert desk.got == []

    def test_a_redirection_is_not_followed(self) -> None:
        frame = secured(SecurityFlags.REDIRECTION_PKT, bytes(32))
        licences().ladder.fails(SessionClosed, "redirects", STATE, frame)

    def test_other_messages_are_counted(self) -> None:
        desk = licences()
        desk.receives(secured(SecurityFlags.INFO_PKT, b"abcd"))
        assert desk.inbox.ignored == {"I/O channel message of an unknown kind": 1}

    def test_a_message_that_is_too_short(self) -> None:
        licences().ladder.fails(RemoteProtocolError, "no security header", STATE, SERVER.wrap(IO, b"\x80"))


def test_reasons_in_plain_words() -> None:
    assert disconnect_reason(mcs.Reason.USER_REQUESTED, None).reason == "the server disconnected (user requested)"
    assert disconnect_reason(mcs.Reason.USER_REQUESTED, ErrorInfo.NONE).code is None
    told = disconnect_reason(mcs.Reason.USER_REQUESTED, ErrorInfo.IDLE_TIMEOUT)
    assert told.code == ErrorInfo.IDLE_TIMEOUT
    assert "nobody used the session" in told.reason
