"""Connection initiation, [MS-RDPBCGR] 1.3.1.1 and 5.4.2: both sides agree on how the connection is protected."""

from __future__ import annotations

from dataclasses import dataclass

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
from trio_rdp.protocol.framing import X224_HINT
from trio_rdp.protocol.handshake import Handshake, Receive, Send
from trio_rdp.protocol.states import ClientConnectorState, ServerAcceptorState
from trio_rdp.wire.errors import NegotiationFailed, RemoteProtocolError

__all__ = [
    "Negotiated",
    "accept_negotiation",
    "check_claimed_protocol",
    "check_echoed_request",
    "negotiate",
    "offered_protocols",
]

_COOKIE_LENGTH = 9  # mstsc cuts the user name in the cookie to nine characters, and load balancers expect no more


@dataclass(frozen=True, slots=True)
class Negotiated:
    """What connection initiation came to."""

    requested: SecurityProtocol
    protocol: SecurityProtocol
    flags: NegotiationResponseFlags = NegotiationResponseFlags(0)
    cookie: str | None = None
    routing_token: bytes | None = None

    @property
    def needs_tls(self) -> bool:
        """Whether the connection is to be upgraded to TLS."""
        return self.protocol != SecurityProtocol.RDP

    @property
    def needs_credssp(self) -> bool:
        """Whether CredSSP follows TLS."""
        return bool(self.protocol & (SecurityProtocol.HYBRID | SecurityProtocol.HYBRID_EX))


def offered_protocols(security: Security) -> SecurityProtocol:
    """The protocols that a client asks for."""
    offered = SecurityProtocol(SecurityProtocol.RDP)
    if Security.TLS in security:
        offered |= SecurityProtocol.SSL
    if Security.NLA in security:
        offered |= SecurityProtocol.HYBRID | SecurityProtocol.HYBRID_EX
    return offered


def negotiate(config: ClientConfig) -> Handshake[Negotiated]:
    """Ask for the protocols of `config`, and check the server's choice against them."""
    offered = offered_protocols(config.security)
    request = ConnectionRequest(rdp_neg_req=NegotiationRequest(requested_protocols=offered))
    match config.request_data:
        case bytes(token):
            request.routing_token = token.removesuffix(b"\r\n")
        case str(cookie):
            request.cookie = cookie
        case None if config.username:
            request.cookie = config.username[:_COOKIE_LENGTH]
    yield Send(ClientConnectorState.CONNECTION_INITIATION_SEND_REQUEST, tpkt.wrap(request.encode()))
    frame = yield Receive(ClientConnectorState.CONNECTION_INITIATION_WAIT_CONFIRM, X224_HINT)
    confirm = ConnectionConfirm.decode(frame[tpkt.HEADER_SIZE :])
    match confirm.rdp_neg_data:
        case NegotiationFailure(failure_code=code):
            raise NegotiationFailed(code.text, int(code))
        case NegotiationResponse(flags=flags, selected_protocol=protocol):
            negotiated = Negotiated(offered, protocol, flags)
        case None:
            # A server older than RDP 5.2 does not read the request and speaks standard security.
            negotiated = Negotiated(offered, SecurityProtocol(SecurityProtocol.RDP))
    _check_choice(config.security, negotiated)
    return negotiated


def _check_choice(security: Security, negotiated: Negotiated) -> None:
    """A choice below what was offered is a downgrade, by the server or by somebody in between."""
    protocol, offered = negotiated.protocol, negotiated.requested
    if protocol == SecurityProtocol.RDP:
        if Security.NONE not in security:
            raise NegotiationFailed("the server chose no protection (standard RDP security), which was not offered")
    elif protocol not in offered or protocol.bit_count() != 1:
        raise NegotiationFailed(f"the server chose {protocol!r}, offered {offered!r}")


def accept_negotiation(config: ServerConfig) -> Handshake[Negotiated]:
    """Answer a client's request with the strongest protocol that both sides accept.

    A client that accepts none of them gets the failure code that says what is missing.
    """
    frame = yield Receive(ServerAcceptorState.INITIATION_WAIT_REQUEST, X224_HINT)
    request = ConnectionRequest.decode(frame[tpkt.HEADER_SIZE :])
    asked = request.rdp_neg_req
    requested = asked.requested_protocols if asked is not None else SecurityProtocol(SecurityProtocol.RDP)
    choice = _choose(config.security, requested)
    if isinstance(choice, NegotiationFailureCode):
        failure = ConnectionConfirm(rdp_neg_data=NegotiationFailure(failure_code=choice))
        yield Send(ServerAcceptorState.INITIATION_SEND_CONFIRM, tpkt.wrap(failure.encode()))
        raise NegotiationFailed(f"the client offers {requested!r}: {choice.text}", int(choice))
    flags = NegotiationResponseFlags(NegotiationResponseFlags.EXTENDED_CLIENT_DATA_SUPPORTED)
    # A client that did not negotiate does not expect to be answered as if it had.
    response = None if asked is None else NegotiationResponse(flags=flags, selected_protocol=choice)
    confirm = ConnectionConfirm(rdp_neg_data=response)
    yield Send(ServerAcceptorState.INITIATION_SEND_CONFIRM, tpkt.wrap(confirm.encode()))
    return Negotiated(requested, choice, flags, request.cookie, request.routing_token)


def _choose(security: Security, requested: SecurityProtocol) -> SecurityProtocol | NegotiationFailureCode:
    if Security.NLA in security:
        for protocol in (SecurityProtocol.HYBRID_EX, SecurityProtocol.HYBRID):
            if protocol in requested:
                return protocol
    if Security.TLS in security and SecurityProtocol.SSL in requested:
        return SecurityProtocol.SSL
    if Security.NONE in security:
        # Chosen last, but also for clients that ask for more: RDP_NEG_RSP may select 0 where everything else fails.
        return SecurityProtocol(SecurityProtocol.RDP)
    if Security.TLS in security:
        return NegotiationFailureCode.SSL_REQUIRED_BY_SERVER
    return NegotiationFailureCode.HYBRID_REQUIRED_BY_SERVER


def check_claimed_protocol(claimed: SecurityProtocol | None, negotiated: Negotiated) -> None:
    """Compare what the client repeats in its core data with what was negotiated ([MS-RDPBCGR] 2.2.1.3.2)."""
    if claimed is not None and claimed != negotiated.protocol:
        raise RemoteProtocolError(f"the client was told {claimed!r}, chosen was {negotiated.protocol!r}: a downgrade")


def check_echoed_request(echoed: SecurityProtocol | None, negotiated: Negotiated) -> None:
    """Compare what the server saw as requested with what was requested ([MS-RDPBCGR] 2.2.1.4.2)."""
    if echoed is not None and echoed != negotiated.requested:
        raise NegotiationFailed(f"the server saw {echoed!r} requested, offered {negotiated.requested!r}: a downgrade")
