"""`probe`: what a server tells before anyone logs in: its security protocols, its certificate, its names.

Every protocol is asked for on a connection of its own, and no credentials are ever sent: the NTLM exchange stops at the
server's challenge.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import trio

from trio_rdp.framed import Framed
from trio_rdp.pdu import tpkt
from trio_rdp.pdu.x224 import (
    ConnectionConfirm,
    ConnectionRequest,
    NegotiationFailure,
    NegotiationRequest,
    NegotiationResponse,
    SecurityProtocol,
)
from trio_rdp.protocol.framing import TS_REQUEST_HINT, X224_HINT
from trio_rdp.protocol.limits import Limits
from trio_rdp.security.certificate import CertificateInfo, describe
from trio_rdp.security.ntlm_info import NtlmChallengeInfo, negotiate_token
from trio_rdp.security.ntstatus import describe_ntstatus
from trio_rdp.security.tsrequest import TsRequest
from trio_rdp.session import deadline
from trio_rdp.transport import connect_tcp, upgrade_client
from trio_rdp.wire.errors import DecodeError, NegotiationFailed, ProtocolError, RdpError, SessionClosed

__all__ = ["PROTOCOLS", "ProbeResult", "ProtocolAnswer", "probe"]

_log = logging.getLogger(__name__)

_NTLM_SIGNATURE = b"NTLMSSP\0"

# What to ask for to learn of each: "PROTOCOL_SSL SHOULD also be set" with PROTOCOL_HYBRID, and so on, [MS-RDPBCGR]
# 2.2.1.1.1.  A server chooses the strongest that it has.
PROTOCOLS: dict[str, SecurityProtocol] = {
    "rdp": SecurityProtocol(SecurityProtocol.RDP),
    "tls": SecurityProtocol(SecurityProtocol.SSL),
    "nla": SecurityProtocol.SSL | SecurityProtocol.HYBRID,
    "nla-ex": SecurityProtocol.SSL | SecurityProtocol.HYBRID | SecurityProtocol.HYBRID_EX,
}
"""The names of the protocols that are asked for, weakest first, with the request of each."""

_STRONGEST: dict[str, SecurityProtocol] = {
    "rdp": SecurityProtocol(SecurityProtocol.RDP),
    "tls": SecurityProtocol(SecurityProtocol.SSL),
    "nla": SecurityProtocol(SecurityProtocol.HYBRID),
    "nla-ex": SecurityProtocol(SecurityProtocol.HYBRID_EX),
}


@dataclass(frozen=True, slots=True)
class ProtocolAnswer:
    """What a server said to the request for one protocol, by a name of `PROTOCOLS`."""

    name: str
    is_offered: bool
    reason: str = ""
    """Why not, in plain words."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a server told."""

    host: str
    port: int
    protocols: tuple[ProtocolAnswer, ...]
    certificate: bytes | None = None
    """The TLS certificate, DER; it was not checked."""
    certificate_info: CertificateInfo | None = None
    tls_version: str | None = None
    ntlm: NtlmChallengeInfo | None = None
    problems: tuple[str, ...] = ()
    """What could not be learnt although the server offers it, and why."""

    def offers(self, name: str) -> bool:
        """Whether the server offers a protocol of `PROTOCOLS`."""
        return any(answer.name == name and answer.is_offered for answer in self.protocols)


async def probe(host: str, port: int = 3389, *, limits: Limits | None = None) -> ProbeResult:
    """Ask a server what it offers, without logging in.

    Raises `ConnectFailed`, `DeadlineExceeded` when it says nothing, and whatever the first connection failed with when
    none of them brought an answer that RDP knows.
    """
    prober = _Prober(host, port, limits or Limits())
    answers = [await prober.ask(name) for name in PROTOCOLS]
    if prober.first_error is not None and not prober.has_answer:
        raise prober.first_error
    return prober.result(answers)


class _Prober:
    """One run; each `ask` makes a connection and learns what there is to learn from it."""

    def __init__(self, host: str, port: int, limits: Limits) -> None:
        self._host = host
        self._port = port
        self._limits = limits
        self._certificate: bytes | None = None
        self._tls_version: str | None = None
        self._ntlm: NtlmChallengeInfo | None = None
        self._problems: dict[str, None] = {}
        self.has_answer = False
        self.first_error: RdpError | None = None

    def result(self, answers: list[ProtocolAnswer]) -> ProbeResult:
        info: CertificateInfo | None = None
        if self._certificate is not None:
            try:
                info = describe(self._certificate)
            except DecodeError as exc:
                self._problems[f"certificate: {exc}"] = None
        return ProbeResult(
            self._host,
            self._port,
            tuple(answers),
            self._certificate,
            info,
            self._tls_version,
            self._ntlm,
            tuple(self._problems),
        )

    async def ask(self, name: str) -> ProtocolAnswer:
        with deadline("connecting", self._limits.tcp_connect):
            stream: trio.abc.Stream = await connect_tcp(self._host, self._port, dead_peer=self._limits.dead_peer)
        framed = Framed(stream)
        try:
            try:
                with deadline("negotiation", self._limits.negotiation):
                    answer = await _negotiate(framed, name)
            except (ProtocolError, SessionClosed) as exc:
                # Some servers close instead of refusing.
                self.first_error = self.first_error or exc
                return ProtocolAnswer(name, False, str(exc))
            self.has_answer = True
            if answer.is_offered and name != "rdp":
                stream = await self._learn(framed, stream, name)
            return answer
        finally:
            await trio.aclose_forcefully(stream)

    async def _learn(self, framed: Framed, stream: trio.abc.Stream, name: str) -> trio.abc.Stream:
        """Do TLS, and NTLM as far as the challenge, where this was not learnt yet; gives what is to be closed."""
        wants_ntlm = name != "tls" and self._ntlm is None
        if self._certificate is not None and not wants_ntlm:
            return stream
        try:
            with deadline("TLS handshake", self._limits.tls_handshake):
                inner, leftover = framed.into_inner()
                tls, self._certificate = await upgrade_client(
                    inner, leftover, host=self._host, port=self._port, policy="insecure"
                )
            stream = tls
            self._tls_version = tls.version()
        except (RdpError, OSError) as exc:
            self._problems[f"TLS: {exc}"] = None
            return stream
        if wants_ntlm:
            try:
                with deadline("NTLM challenge", self._limits.authentication):
                    self._ntlm = await _challenge(Framed(stream))
            except RdpError as exc:
                self._problems[f"NTLM: {exc}"] = None
        return stream


async def _negotiate(framed: Framed, name: str) -> ProtocolAnswer:
    request = ConnectionRequest(rdp_neg_req=NegotiationRequest(requested_protocols=PROTOCOLS[name]))
    await framed.write_all(tpkt.wrap(request.encode()))
    frame = await framed.read_by_hint(X224_HINT)
    wanted = _STRONGEST[name]
    match ConnectionConfirm.decode(frame[tpkt.HEADER_SIZE :]).rdp_neg_data:
        case NegotiationFailure(failure_code=code):
            return ProtocolAnswer(name, False, code.text)
        case NegotiationResponse(selected_protocol=selected):
            if selected == wanted:
                return ProtocolAnswer(name, True)
            names = [known for known, protocol in _STRONGEST.items() if protocol == selected]
            return ProtocolAnswer(name, False, f"the server chose {names[0] if names else repr(selected)}")
        case None:
            # A server older than RDP 5.2 knows Standard RDP Security and no negotiation.
            is_offered = wanted == SecurityProtocol.RDP
            return ProtocolAnswer(name, is_offered, "" if is_offered else "the server does not negotiate")


async def _challenge(framed: Framed) -> NtlmChallengeInfo:
    """Begin an NTLM login to hear the challenge, and leave it there."""
    await framed.write_all(TsRequest(nego_tokens=[negotiate_token()]).encode())
    answer = TsRequest.decode(await framed.read_by_hint(TS_REQUEST_HINT))
    if answer.token is None:
        status = describe_ntstatus(answer.ntstatus) if answer.error_code is not None else "no token"
        raise NegotiationFailed(f"the server answered with {status}", answer.ntstatus or None)
    # A server may wrap its challenge in SPNEGO all the same.
    start = answer.token.find(_NTLM_SIGNATURE)
    return NtlmChallengeInfo.from_token(answer.token[max(start, 0) :])
