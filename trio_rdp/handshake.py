"""Driving the connection machines over `Framed`: the functions of the reference's connection sequence, as Trio code.

    should_upgrade = await connect_begin(framed, connector)
    stream, leftover = framed.into_inner()
    stream, certificate = await upgrade_client(stream, leftover, host=..., port=...)
    upgraded = mark_as_upgraded(should_upgrade, connector)
    result = await connect_finalize(upgraded, connector, Framed(stream), server_public_key=...)

A cancelled call leaves a connection that is only good for closing, as it may have written half a message.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import trio

from trio_rdp.framed import Framed
from trio_rdp.pdu.x224 import SecurityProtocol
from trio_rdp.protocol.client_connector import ClientConnector, ConnectionResult
from trio_rdp.protocol.framing import TS_REQUEST_HINT, FixedSizeHint, PduHint
from trio_rdp.protocol.handshake import Sequence
from trio_rdp.protocol.server_acceptor import AcceptedConnection, ServerAcceptor
from trio_rdp.security.credssp import (
    NONCE_SIZE,
    ClientExchange,
    CredsspOutcome,
    Hint,
    NeedCredentials,
    Receive,
    Refuse,
    Send,
    ServerCredentials,
    ServerExchange,
    credssp_client,
    credssp_server,
)
from trio_rdp.security.ntlm_info import NtlmForm, TargetNames
from trio_rdp.wire.errors import InvalidField, LocalProtocolError, SessionClosed

__all__ = [
    "ShouldUpgrade",
    "Upgraded",
    "accept_begin",
    "accept_credssp",
    "accept_finalize",
    "advance",
    "connect_begin",
    "connect_credssp",
    "connect_finalize",
    "mark_as_upgraded",
    "single_sequence_step",
    "single_sequence_step_read",
    "single_sequence_step_write",
]

Lookup = Callable[[str, str], Awaitable["str | bytes | Refuse | None"]]
"""Gives the password or NT hash of (domain, user)."""

_TPKT = b"\x03"  # the version, which every such header begins with
_SHORTEST_TPKT = 7  # its own header, and that of X.224 data

_HINTS: dict[Hint, PduHint] = {Hint.TS_REQUEST: TS_REQUEST_HINT, Hint.AUTHORIZATION_RESULT: FixedSizeHint(4)}


@dataclass(frozen=True, slots=True)
class ShouldUpgrade:
    """The negotiation is done: what was selected, and so whether the stream is to be upgraded to TLS."""

    selected_protocol: SecurityProtocol

    @property
    def is_needed(self) -> bool:
        """Whether TLS was negotiated."""
        return self.selected_protocol != SecurityProtocol.RDP


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The stream is upgraded, or needed no upgrade."""

    selected_protocol: SecurityProtocol


async def single_sequence_step(framed: Framed, sequence: Sequence) -> bytes:
    """Read what the sequence needs, take one step, and write what it gives; returns what was written."""
    written = await single_sequence_step_read(framed, sequence)
    await single_sequence_step_write(framed, written)
    return written


async def single_sequence_step_read(framed: Framed, sequence: Sequence) -> bytes:
    """Read what the sequence needs and take one step; returns what is to be written.  Cancelling loses nothing."""
    hint = sequence.next_pdu_hint
    if hint is None:
        await trio.lowlevel.checkpoint()
        return sequence.step(now=trio.current_time())
    data = await framed.read_by_hint(hint)
    return sequence.step(data, now=trio.current_time())


async def single_sequence_step_write(framed: Framed, written: bytes | bytearray) -> None:
    """Write what a step gave."""
    if written:
        await framed.write_all(written)


async def advance(
    framed: Framed, machine: ClientConnector | ServerAcceptor, is_there: Callable[[], bool] | None = None
) -> None:
    """Take steps to the end of the sequence, or to where `is_there` holds; raises what the sequence comes to.

    Messages between which nothing is read leave in one write: each costs the peer a TLS record and a wake-up.
    """
    written = bytearray()
    while not machine.state.is_terminal and not (is_there is not None and is_there()):
        if machine.next_pdu_hint is None:
            written += machine.step(now=trio.current_time())
            continue
        if written:
            await framed.write_all(written)
            written = bytearray()
        written += await single_sequence_step_read(framed, machine)
    await single_sequence_step_write(framed, written)
    if machine.state.is_terminal:
        machine.result  # noqa: B018 - raises, where the last message was a refusal


async def connect_begin(framed: Framed, connector: ClientConnector) -> ShouldUpgrade:
    """Negotiate the security of a connection; raises `NegotiationFailed`."""
    await advance(framed, connector, lambda: connector.is_negotiated)
    return ShouldUpgrade(connector.selected_protocol)


def mark_as_upgraded(should_upgrade: ShouldUpgrade, connector: ClientConnector | ServerAcceptor) -> Upgraded:
    """Tell the machine that the stream is upgraded."""
    if should_upgrade.is_needed:
        connector.mark_security_upgrade_as_done()
    return Upgraded(should_upgrade.selected_protocol)


async def connect_credssp(
    framed: Framed,
    connector: ClientConnector,
    *,
    server_public_key: bytes,
    server_name: str = "",
    form: NtlmForm = NtlmForm.RAW,
) -> CredsspOutcome:
    """Log in with CredSSP, where the connector asks for it.

    Raises `NtlmFormRefused` where connecting anew with the other form may help, and `AuthenticationFailed`.
    """
    config = connector.config
    exchange = credssp_client(
        config.username,
        config.password,
        config.domain,
        public_key=server_public_key,
        nonce=secrets.token_bytes(NONCE_SIZE),
        form=form,
        hybrid_ex=SecurityProtocol.HYBRID_EX in connector.selected_protocol,
        min_version=config.credssp_minimum_version,
        workstation=config.client_name,
        target_name=f"TERMSRV/{server_name}" if server_name else "",
    )
    outcome = await _run_client_exchange(framed, exchange)
    connector.mark_credssp_as_done()
    return outcome


async def connect_finalize(
    upgraded: Upgraded,
    connector: ClientConnector,
    framed: Framed,
    *,
    server_public_key: bytes = b"",
    server_name: str = "",
    form: NtlmForm = NtlmForm.RAW,
    network_client: object = None,
    kerberos_config: object = None,
) -> ConnectionResult:
    """Log in and take the rest of the connection sequence.

    `server_public_key` is what CredSSP binds the login to (`extract_server_public_key`).  Kerberos is not there yet:
    a `network_client` or `kerberos_config` raises `LocalProtocolError`.
    """
    if network_client is not None or kerberos_config is not None:
        raise LocalProtocolError("Kerberos is not supported yet: NTLM needs neither network_client nor kerberos_config")
    if connector.selected_protocol != upgraded.selected_protocol:
        raise LocalProtocolError("this token was made by another connector")
    if connector.should_perform_credssp:
        if not server_public_key:
            raise LocalProtocolError("CredSSP needs the server's public key")
        await connect_credssp(
            framed, connector, server_public_key=server_public_key, server_name=server_name, form=form
        )
    await advance(framed, connector)
    return connector.result


async def accept_begin(framed: Framed, acceptor: ServerAcceptor) -> ShouldUpgrade:
    """Negotiate the security of a connection as a server; raises `NegotiationFailed` after telling the client."""
    await advance(framed, acceptor, lambda: acceptor.is_negotiated)
    return ShouldUpgrade(acceptor.selected_protocol)


async def accept_credssp(
    framed: Framed,
    acceptor: ServerAcceptor,
    lookup: Lookup,
    *,
    public_key: bytes,
    names: TargetNames | None = None,
) -> ServerCredentials:
    """Let the client log in with CredSSP; `lookup` is awaited with (domain, user).  Raises `AuthenticationFailed`."""
    exchange = credssp_server(
        public_key=public_key,
        hybrid_ex=SecurityProtocol.HYBRID_EX in acceptor.selected_protocol,
        names=names,
        min_version=acceptor.config.credssp_minimum_version,
    )
    credentials = await _run_server_exchange(framed, exchange, lookup)
    acceptor.mark_credssp_as_done()
    return credentials


async def accept_finalize(framed: Framed, acceptor: ServerAcceptor) -> AcceptedConnection:
    """Take the connection sequence on, to its end or to where the acceptor stops for the login.

    Raises `LocalProtocolError` in the latter case: call it again after `accept_login`.
    """
    await advance(framed, acceptor, lambda: acceptor.should_check_login)
    return acceptor.result


async def _receive(framed: Framed, receive: Receive) -> bytes:
    """The message that an exchange waits for; nothing where the connection ended, which the exchange explains."""
    try:
        return await framed.read_by_hint(_HINTS[receive.hint])
    except SessionClosed:
        return b""


async def _send(framed: Framed, send: Send) -> None:
    # A peer that closed has often said why before: its last message is read next, and tells more than the broken pipe.
    try:
        await framed.write_all(send.data)
    except SessionClosed:
        return


async def _run_client_exchange(framed: Framed, exchange: ClientExchange) -> CredsspOutcome:
    answer: bytes | None = None
    while True:
        try:
            turn = exchange.send(answer)
        except StopIteration as stop:
            outcome: CredsspOutcome = stop.value
            return outcome
        answer = None
        if isinstance(turn, Send):
            await _send(framed, turn)
        else:
            answer = await _receive_from_server(framed, turn)


async def _receive_from_server(framed: Framed, receive: Receive) -> bytes:
    try:
        return await _receive(framed, receive)
    except InvalidField:
        # A server that ends the connection may say so as if the login were behind it: gnome-remote-desktop 43.3 sends
        # Deactivate All on a wrong password, without a share.
        header = framed.peek()[:4]
        if header.startswith(_TPKT) and int.from_bytes(header[2:], "big") >= _SHORTEST_TPKT:
            return b""
        raise


async def _run_server_exchange(framed: Framed, exchange: ServerExchange, lookup: Lookup) -> ServerCredentials:
    answer: bytes | str | Refuse | None = None
    while True:
        try:
            turn = exchange.send(answer)
        except StopIteration as stop:
            credentials: ServerCredentials = stop.value
            return credentials
        answer = None
        match turn:
            case Send():
                await _send(framed, turn)
            case Receive():
                answer = await _receive(framed, turn)
            case NeedCredentials(user=user, domain=domain):
                answer = await lookup(domain, user)
