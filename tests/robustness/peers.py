"""Peers that behave up to a certain moment, by the library's own machine of the other role, and what they do then."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import trio
import trio.testing

from tests.identities import identity
from trio_rdp.credentials import Accounts
from trio_rdp.framed import Framed
from trio_rdp.handshake import accept_credssp, connect_credssp, single_sequence_step
from trio_rdp.protocol.client_connector import ClientConnector
from trio_rdp.protocol.config import ClientConfig, Credentials, Security, ServerConfig
from trio_rdp.protocol.handshake import State
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.server_acceptor import ServerAcceptor
from trio_rdp.security.certificate import subject_public_key
from trio_rdp.transport import upgrade_client, upgrade_server

USER, PASSWORD = "ada", "secret"
LIMITS = Limits(
    negotiation=1, tls_handshake=2, authentication=3, connection_sequence=4, reactivation=5, close_grace=0.5
)
IN_SESSION = ("active", "reactivation")


def client_config(security: Security = Security.NONE) -> ClientConfig:
    return ClientConfig(username=USER, password=PASSWORD, security=security, certificate_policy="insecure")


def server_config(security: Security = Security.NONE) -> ServerConfig:
    return ServerConfig(security=security, static_channels=("echo",))


def accounts() -> Accounts:
    return Accounts(Credentials(USER, PASSWORD))


@dataclass
class Peer:
    """One end of a connection that was made by hand: its stream, and its machine."""

    framed: Framed
    machine: ServerAcceptor | ClientConnector

    @property
    def stream(self) -> trio.abc.Stream:
        return self.framed.stream


Act = Callable[[Peer], Awaitable[None]]
"""What a peer does when its moment has come."""


async def close(peer: Peer) -> None:
    await peer.stream.aclose()


async def say_nothing(peer: Peer) -> None:
    await trio.lowlevel.checkpoint()


def say(data: bytes) -> Act:
    async def act(peer: Peer) -> None:
        await peer.stream.send_all(data)

    return act


async def host_until(
    stream: trio.abc.Stream, state: State, security: Security = Security.NONE, *, config: ServerConfig | None = None
) -> Peer:
    """Be a good server until its machine is in a state."""
    peer = Peer(Framed(stream), acceptor := ServerAcceptor(config or server_config(security)))
    while acceptor.state is not state:
        if acceptor.should_perform_security_upgrade:
            inner, leftover = peer.framed.into_inner()
            peer.framed = Framed(await upgrade_server(inner, leftover, identity=identity()))
            acceptor.mark_security_upgrade_as_done()
        elif acceptor.should_perform_credssp:
            await accept_credssp(peer.framed, acceptor, accounts().lookup, public_key=identity().public_key)
        elif acceptor.should_check_login:
            acceptor.accept_login()
        else:
            await single_sequence_step(peer.framed, acceptor)
    return peer


async def join_until(
    stream: trio.abc.Stream, state: State, security: Security = Security.NONE, *, config: ClientConfig | None = None
) -> Peer:
    """Be a good client until its machine is in a state."""
    peer = Peer(Framed(stream), connector := ClientConnector(config or client_config(security)))
    certificate = b""
    while connector.state is not state:
        if connector.should_perform_security_upgrade:
            inner, leftover = peer.framed.into_inner()
            upgraded, certificate = await upgrade_client(inner, leftover, host="", port=0, policy="insecure")
            peer.framed = Framed(upgraded)
            connector.mark_security_upgrade_as_done()
        elif connector.should_perform_credssp:
            key = subject_public_key(certificate)
            await connect_credssp(peer.framed, connector, server_public_key=key)
        else:
            await single_sequence_step(peer.framed, connector)
    return peer


TPKT_OF_0 = b"\x03\0\0\0"
TPKT_OF_1 = b"\x03\0\0\x01"
FAST_PATH_OF_0 = b"\0\0\0\0"
FAST_PATH_OF_1 = b"\0\x80\x01\0"
CONNECT_INITIAL_OF_4_GB = bytes.fromhex("0300000e 02f080 7f65 84ffffffff")
CONNECT_RESPONSE_OF_4_GB = bytes.fromhex("0300000e 02f080 7f66 84ffffffff")
TS_REQUEST_OF_0 = b"\x30\0"
TS_REQUEST_OF_1 = b"\x30\x01\0"
TS_REQUEST_OF_4_GB = bytes.fromhex("3084ffffffff")


def garbage(seed: int = 1, size: int = 4000) -> bytes:
    """Bytes that begin no message of any kind."""
    return b"\xfe" + random.Random(seed).randbytes(size)


async def is_closed(stream: trio.abc.Stream) -> bool:
    """Whether this end was closed, by whoever owns it."""
    try:
        await stream.send_all(b"x")
    except trio.ClosedResourceError:
        return True
    except trio.BrokenResourceError:
        return False
    return False


async def until(condition: Callable[[], bool], *, seconds: float = 30) -> None:
    """Wait for what no event announces."""
    with trio.fail_after(seconds):
        while not condition():  # noqa: ASYNC110
            await trio.sleep(0.01)


@contextlib.asynccontextmanager
async def no_task_left() -> AsyncIterator[None]:
    """Assert that as many tasks live at the end as at the start."""
    before = living_tasks()
    yield
    await trio.testing.wait_all_tasks_blocked()
    assert living_tasks() == before


def living_tasks() -> int:
    return trio.lowlevel.current_statistics().tasks_living
