from __future__ import annotations

import pytest

from tests.protocol.ladder import Ladder
from tests.protocol.scripted_server import EXTENDED, confirm, failure, plain_confirm
from trio_rdp.pdu import tpkt
from trio_rdp.pdu.x224 import (
    ConnectionConfirm,
    ConnectionRequest,
    NegotiationFailure,
    NegotiationFailureCode,
    NegotiationRequest,
    NegotiationResponse,
    NegotiationResponseFlags,
    SecurityProtocol,
)
from trio_rdp.protocol.config import ClientConfig, Security, ServerConfig
from trio_rdp.protocol.negotiation import (
    Negotiated,
    accept_negotiation,
    check_claimed_protocol,
    check_echoed_request,
    negotiate,
    offered_protocols,
)
from trio_rdp.protocol.states import ClientConnectorState as C
from trio_rdp.protocol.states import ServerAcceptorState as S
from trio_rdp.wire.errors import DecodeError, EncodeError, NegotiationFailed, RemoteProtocolError

RDP, SSL = SecurityProtocol(SecurityProtocol.RDP), SecurityProtocol(SecurityProtocol.SSL)
HYBRID, HYBRID_EX = SecurityProtocol(SecurityProtocol.HYBRID), SecurityProtocol(SecurityProtocol.HYBRID_EX)
SEND, WAIT = C.CONNECTION_INITIATION_SEND_REQUEST, C.CONNECTION_INITIATION_WAIT_CONFIRM


def request_of(config: ClientConfig) -> ConnectionRequest:
    return ConnectionRequest.decode(Ladder.of(negotiate(config)).sends(SEND)[tpkt.HEADER_SIZE :])


@pytest.mark.parametrize(
    ("security", "offered"),
    [
        (Security.NONE, RDP),
        (Security.TLS, SSL),
        (Security.NLA, HYBRID | HYBRID_EX),
        (Security.AUTO, SSL | HYBRID | HYBRID_EX),
        (Security.AUTO | Security.NONE, SSL | HYBRID | HYBRID_EX),
    ],
)
def test_what_is_offered(security: Security, offered: SecurityProtocol) -> None:
    assert offered_protocols(security) == offered
    assert request_of(ClientConfig(security=security)).rdp_neg_req == NegotiationRequest(requested_protocols=offered)


class TestClient:
    @pytest.mark.parametrize("protocol", [SSL, HYBRID, HYBRID_EX])
    def test_the_server_chooses(self, protocol: SecurityProtocol) -> None:
        ladder = Ladder.of(negotiate(ClientConfig()))
        ladder.sends(SEND)
        ladder.receives(WAIT, confirm(protocol))
        found: Negotiated = ladder.ends()
        assert found == Negotiated(SSL | HYBRID | HYBRID_EX, protocol, EXTENDED)
        assert found.needs_tls
        assert found.needs_credssp == (protocol != SSL)

    @pytest.mark.parametrize("answer", [confirm(RDP), plain_confirm()])
    def test_no_security_where_it_is_wanted(self, answer: bytes) -> None:
        ladder = Ladder.of(negotiate(ClientConfig(security=Security.NONE)))
        ladder.sends(SEND)
        ladder.receives(WAIT, answer)
        found = ladder.ends()
        assert (found.protocol, found.needs_tls, found.needs_credssp) == (RDP, False, False)

    @pytest.mark.parametrize("answer", [confirm(RDP), plain_confirm()])
    def test_no_security_is_a_downgrade_elsewhere(self, answer: bytes) -> None:
        ladder = Ladder.of(negotiate(ClientConfig()))
        ladder.sends(SEND)
        ladder.fails(NegotiationFailed, "chose no protection", WAIT, answer)

    @pytest.mark.parametrize("protocol", [HYBRID, SSL | HYBRID, SecurityProtocol(4), SecurityProtocol(0x10)])
    def test_what_was_not_offered_is_a_downgrade(self, protocol: SecurityProtocol) -> None:
        ladder = Ladder.of(negotiate(ClientConfig(security=Security.TLS)))
        ladder.sends(SEND)
        ladder.fails(NegotiationFailed, "the server chose .*, offered", WAIT, confirm(protocol))

    def test_two_protocols_are_no_choice(self) -> None:
        ladder = Ladder.of(negotiate(ClientConfig()))
        ladder.sends(SEND)
        ladder.fails(NegotiationFailed, "the server chose", WAIT, confirm(SSL | HYBRID))

    @pytest.mark.parametrize("code", [*NegotiationFailureCode, NegotiationFailureCode(0x99)])
    def test_a_refusal_has_its_code(self, code: NegotiationFailureCode) -> None:
        ladder = Ladder.of(negotiate(ClientConfig()))
        ladder.sends(SEND)
        error = ladder.fails(NegotiationFailed, None, WAIT, failure(code))
        assert isinstance(error, NegotiationFailed)
        assert error.code == code
        assert str(error) == code.text

    def test_another_tpdu_is_an_error(self) -> None:
        ladder = Ladder.of(negotiate(ClientConfig()))
        ladder.sends(SEND)
        ladder.fails(DecodeError, "TPDU code", WAIT, tpkt.wrap(b"\x02\xf0\x80"))

    def test_the_cookie_is_the_beginning_of_the_user_name(self) -> None:
        request = request_of(ClientConfig(username="administrator"))
        assert (request.cookie, request.routing_token) == ("administr", None)
        assert request_of(ClientConfig()).cookie is None

    def test_a_cookie_or_a_token_may_be_given(self) -> None:
        request = request_of(ClientConfig(username="ada", request_data="administrator"))
        assert (request.cookie, request.routing_token) == ("administrator", None)
        for token in (b"Cookie: msts=3640205228.15629.0000", b"Cookie: msts=3640205228.15629.0000\r\n"):
            request = request_of(ClientConfig(username="ada", request_data=token))
            assert (request.cookie, request.routing_token) == (None, b"Cookie: msts=3640205228.15629.0000")

    def test_a_cookie_that_cannot_be_one(self) -> None:
        with pytest.raises(EncodeError):
            Ladder.of(negotiate(ClientConfig(request_data=b"a\r\nb")))


def asks(protocol: SecurityProtocol | None, **fields: str | bytes) -> bytes:
    asked = None if protocol is None else NegotiationRequest(requested_protocols=protocol)
    return tpkt.wrap(ConnectionRequest(rdp_neg_req=asked, **fields).encode())  # type: ignore[arg-type]


def answer_of(frame: bytes) -> NegotiationResponse | NegotiationFailure | None:
    return ConnectionConfirm.decode(frame[tpkt.HEADER_SIZE :]).rdp_neg_data


class TestServer:
    @pytest.mark.parametrize(
        ("accepted", "asked", "chosen"),
        [
            (Security.NLA, SSL | HYBRID | HYBRID_EX, HYBRID_EX),
            (Security.NLA, SSL | HYBRID, HYBRID),
            (Security.AUTO, SSL | HYBRID, HYBRID),
            (Security.AUTO, SSL, SSL),
            (Security.TLS, SSL | HYBRID | HYBRID_EX, SSL),
            (Security.AUTO | Security.NONE, SSL, SSL),
            (Security.AUTO | Security.NONE, RDP, RDP),
            (Security.NONE, SSL | HYBRID, RDP),
        ],
    )
    def test_the_strongest_in_common(
        self, accepted: Security, asked: SecurityProtocol, chosen: SecurityProtocol
    ) -> None:
        ladder = Ladder.of(accept_negotiation(ServerConfig(security=accepted)))
        ladder.receives(S.INITIATION_WAIT_REQUEST, asks(asked, cookie="ada"))
        answer = answer_of(ladder.sends(S.INITIATION_SEND_CONFIRM))
        assert answer == NegotiationResponse(flags=EXTENDED, selected_protocol=chosen)
        assert ladder.ends() == Negotiated(asked, chosen, EXTENDED, cookie="ada")

    @pytest.mark.parametrize(
        ("accepted", "asked", "code"),
        [
            (Security.NLA, SSL, NegotiationFailureCode.HYBRID_REQUIRED_BY_SERVER),
            (Security.NLA, RDP, NegotiationFailureCode.HYBRID_REQUIRED_BY_SERVER),
            (Security.TLS, HYBRID, NegotiationFailureCode.SSL_REQUIRED_BY_SERVER),
            (Security.AUTO, RDP, NegotiationFailureCode.SSL_REQUIRED_BY_SERVER),
        ],
    )
    def test_nothing_in_common_is_told(
        self, accepted: Security, asked: SecurityProtocol, code: NegotiationFailureCode
    ) -> None:
        ladder = Ladder.of(accept_negotiation(ServerConfig(security=accepted)))
        ladder.receives(S.INITIATION_WAIT_REQUEST, asks(asked))
        answer = answer_of(ladder.sends(S.INITIATION_SEND_CONFIRM))
        assert answer == NegotiationFailure(failure_code=code)
        with pytest.raises(NegotiationFailed) as caught:
            ladder.machine.step()
        assert caught.value.code == code
        ladder.is_consumed()

    def test_a_client_that_does_not_negotiate(self) -> None:
        ladder = Ladder.of(accept_negotiation(ServerConfig(security=Security.NONE)))
        ladder.receives(S.INITIATION_WAIT_REQUEST, asks(None, routing_token=b"token"))
        assert answer_of(ladder.sends(S.INITIATION_SEND_CONFIRM)) is None
        found = ladder.ends()
        assert (found.requested, found.protocol, found.routing_token) == (RDP, RDP, b"token")

    def test_a_client_that_does_not_negotiate_where_it_must(self) -> None:
        ladder = Ladder.of(accept_negotiation(ServerConfig(security=Security.NLA)))
        ladder.receives(S.INITIATION_WAIT_REQUEST, asks(None))
        assert isinstance(answer_of(ladder.sends(S.INITIATION_SEND_CONFIRM)), NegotiationFailure)

    def test_something_else_than_a_request(self) -> None:
        ladder = Ladder.of(accept_negotiation(ServerConfig()))
        ladder.fails(DecodeError, "TPDU code", S.INITIATION_WAIT_REQUEST, tpkt.wrap(b"\x02\xf0\x80"))


def test_what_both_sides_repeat_is_compared() -> None:
    negotiated = Negotiated(SSL | HYBRID, HYBRID, NegotiationResponseFlags(0))
    check_claimed_protocol(None, negotiated)
    check_claimed_protocol(HYBRID, negotiated)
    with pytest.raises(RemoteProtocolError, match="a downgrade"):
        check_claimed_protocol(SSL, negotiated)
    check_echoed_request(None, negotiated)
    check_echoed_request(SSL | HYBRID, negotiated)
    with pytest.raises(NegotiationFailed, match="a downgrade"):
        check_echoed_request(SSL, negotiated)
