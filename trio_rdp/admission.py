"""Letting a client in: negotiation, TLS, login and the rest of the connection sequence, each within its deadline."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass, field

import trio

from trio_rdp.credentials import Accounts, split_user
from trio_rdp.framed import Framed
from trio_rdp.handshake import accept_begin, accept_credssp, advance, mark_as_upgraded
from trio_rdp.pdu.error_info import ErrorInfo
from trio_rdp.protocol.config import ServerConfig
from trio_rdp.protocol.server_acceptor import AcceptedConnection, ServerAcceptor
from trio_rdp.security.ntlm_info import TargetNames
from trio_rdp.session import deadline
from trio_rdp.transport import TlsIdentity, keep_alive, upgrade_server
from trio_rdp.wire.errors import AuthenticationFailed, LocalProtocolError, NegotiationFailed

__all__ = ["Admitted", "Login", "admit"]

_log = logging.getLogger(__name__)

_NETBIOS_LENGTH = 15
_DISCARD_SIZE = 4096


@dataclass(frozen=True, slots=True)
class Login:
    """Who logged in, and from where."""

    username: str
    domain: str = ""
    password: str = field(default="", repr=False)
    address: str = ""
    is_proved: bool = False
    """Whether the password was checked; without accounts a client may claim to be anybody."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A client whose connection stands."""

    framed: Framed
    connection: AcceptedConnection
    login: Login


async def admit(
    stream: trio.abc.Stream, config: ServerConfig, accounts: Accounts | None, identity: TlsIdentity | None
) -> Admitted:
    """Take a client through the connection sequence; the stream is closed whatever else happens.

    Raises `RdpError` of the phase that failed, after the client was told where the protocol has words for it.
    """
    limits = config.limits
    acceptor = ServerAcceptor(config)
    framed = Framed(stream)
    login: Login | None = None
    try:
        with contextlib.suppress(OSError):  # some systems set no option of a connection that is gone already
            keep_alive(stream, limits.dead_peer)
        with deadline("negotiation", limits.negotiation):
            should_upgrade = await accept_begin(framed, acceptor)
        if should_upgrade.is_needed:
            if identity is None:
                raise LocalProtocolError("TLS needs an identity")
            with deadline("TLS handshake", limits.tls_handshake):
                inner, leftover = framed.into_inner()
                stream = await upgrade_server(inner, leftover, identity=identity)
                framed = Framed(stream)
        mark_as_upgraded(should_upgrade, acceptor)
        if acceptor.should_perform_credssp:
            login = await _prove_login(framed, acceptor, accounts, identity)
        with deadline("connection sequence", limits.connection_sequence):
            while not acceptor.state.is_terminal:
                if acceptor.should_check_login:
                    login = await _check_login(acceptor, accounts, login)
                else:
                    await advance(framed, acceptor, lambda: acceptor.should_check_login)
            connection = acceptor.result
    except BaseException as exc:
        if isinstance(exc, AuthenticationFailed | NegotiationFailed):
            await _let_read(stream, limits.close_grace)
        await trio.aclose_forcefully(stream)
        raise
    assert login is not None
    return Admitted(framed, connection, login)


async def _let_read(stream: trio.abc.Stream, seconds: float) -> None:
    """Let a client that was turned away read why: closing over what it still sends would discard our last words."""
    with trio.move_on_after(seconds), contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        while await stream.receive_some(_DISCARD_SIZE):
            pass


async def _prove_login(
    framed: Framed, acceptor: ServerAcceptor, accounts: Accounts | None, identity: TlsIdentity | None
) -> Login:
    """Run CredSSP, in which a client proves its password before anything else."""
    config = acceptor.config
    if accounts is None or identity is None:
        raise LocalProtocolError("NLA needs credentials and an identity")
    name = config.server_name[:_NETBIOS_LENGTH].upper()
    names = TargetNames(netbios_computer=name, netbios_domain=name, dns_computer=config.server_name, dns_domain="")
    with deadline("authentication", config.limits.authentication):
        proved = await accept_credssp(framed, acceptor, accounts.lookup, public_key=identity.public_key, names=names)
    return Login(proved.user, proved.domain, proved.password, is_proved=True)


async def _check_login(acceptor: ServerAcceptor, accounts: Accounts | None, proved: Login | None) -> Login:
    """Check what Client Info claims, where nothing was proved before: "logins over TLS alone"."""
    if proved is not None:
        await trio.lowlevel.checkpoint()
        acceptor.accept_login()
        return proved
    info = acceptor.client_info
    domain, user = split_user(info.user_name, info.domain)
    if accounts is not None and not await accounts.is_valid(domain, user, info.password):
        _log.info("refused the login of %r", user)
        acceptor.refuse_login(ErrorInfo.SERVER_DENIED_CONNECTION)
    else:
        acceptor.accept_login()
    return Login(user, domain, info.password, is_proved=accounts is not None)
