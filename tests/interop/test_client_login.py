"""Our client logs in to real servers or says why it cannot, judges certificates, and leaves nothing when cancelled."""

from __future__ import annotations

import hashlib
import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from tests.interop.conftest import Peers
from tests.interop.processes import free_port
from tests.interop.server import PASSWORDS, certificate
from tests.interop.sessions import Tap, client_config, connected, truncated, wait_quiet, wait_shows
from tests.interop.shadow import ShadowSecurity
from trio_rdp.client import open_session, open_session_over
from trio_rdp.pdu.x224 import SecurityProtocol
from trio_rdp.protocol.config import Security
from trio_rdp.stores import KnownHosts
from trio_rdp.wire.errors import (
    AuthenticationFailed,
    CertificateRejected,
    ConnectFailed,
    NegotiationFailed,
    RdpError,
)

OFFERS: dict[ShadowSecurity, Security] = {"tls": Security.TLS, "nla": Security.NLA, "rdp": Security.NONE}


@pytest.fixture
def fingerprint(peers: Peers) -> str:
    """The SHA-256 of the certificate of xrdp and weston."""
    pem = certificate(peers.folder)[0].read_text()
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


@pytest.fixture
def known_hosts(tmp_path: Path) -> KnownHosts:
    return KnownHosts(tmp_path / "known_hosts")


# Logins.


@pytest.mark.parametrize(("user", "domain"), list(PASSWORDS))
@pytest.mark.parametrize("security", [Security.NLA, Security.AUTO])
async def test_nla(peers: Peers, user: str, domain: str, security: Security) -> None:
    server = peers.shadow("nla")
    options = {"username": user, "domain": domain, "password": PASSWORDS[user, domain], "security": security}
    async with connected(server, color_depth=16, **options) as session:
        assert session.connection.selected_protocol == SecurityProtocol.HYBRID
        await wait_shows(session, truncated(peers.display.picture_sync(), 16), peers.folder)


@pytest.mark.parametrize(
    ("user", "domain", "password"),
    [
        ("alice", "", "wrong"),
        ("alice", "", ""),
        ("bob", "LAB", "Passw0rd"),
        ("bob", "", "Pässw0rd"),
        ("nobody", "", "Secret1!"),
    ],
)
async def test_a_wrong_password(peers: Peers, user: str, domain: str, password: str) -> None:
    server = peers.shadow("nla")
    # freerdp-shadow 2.11 just closes; that it does so right after the proof says enough.
    with pytest.raises(AuthenticationFailed, match="password"):
        async with connected(server, security=Security.NLA, username=user, domain=domain, password=password):
            pytest.fail("logged in")


async def test_a_user_name_with_its_domain_in_it(peers: Peers) -> None:
    server = peers.shadow("nla")
    async with connected(server, security=Security.NLA, username="LAB\\bob", password="Pässw0rd") as session:
        await session.screen.wait_changed()


@pytest.mark.parametrize(
    ("kind", "offered"),
    [("tls", Security.NONE), ("nla", Security.NONE), ("nla", Security.TLS), ("tls", Security.NLA)],
)
async def test_no_common_security(peers: Peers, kind: ShadowSecurity, offered: Security) -> None:
    server = peers.shadow(kind)
    with pytest.raises(NegotiationFailed) as caught:
        async with connected(server, security=offered):
            pytest.fail("connected")
    assert str(caught.value)


async def test_xrdp_that_wants_tls(peers: Peers) -> None:
    server = peers.xrdp(security="tls")
    with pytest.raises(NegotiationFailed, match="TLS"):
        async with connected(server, security=Security.NONE):
            pytest.fail("connected")


async def test_xrdp_that_selects_what_was_not_offered(peers: Peers) -> None:
    # Asked for CredSSP only, xrdp 0.9.21 answers that it selected standard RDP security.
    server = peers.xrdp()
    with pytest.raises(RdpError) as caught:
        async with connected(server, security=Security.NLA):
            pytest.fail("connected")
    assert "0x0" in str(caught.value) or "RDP" in str(caught.value)


async def test_nobody_listens() -> None:
    with pytest.raises(ConnectFailed, match="refused"):
        async with open_session("127.0.0.1", free_port()):
            pytest.fail("connected")


# Certificates.


async def test_ca_refuses_a_self_signed_certificate_and_names_it(
    peers: Peers, fingerprint: str, known_hosts: KnownHosts
) -> None:
    server = peers.xrdp()
    config = client_config(certificate_policy="ca")
    with pytest.raises(CertificateRejected, match=r"self.signed") as caught:
        async with open_session(server.host, server.port, config=config, known_hosts=known_hosts):
            pytest.fail("connected")
    assert caught.value.fingerprint == fingerprint
    assert known_hosts.get(server.host, server.port) is None


async def test_pin(peers: Peers, fingerprint: str) -> None:
    server = peers.xrdp()
    async with connected(server, certificate_policy=f"pin:{fingerprint}") as session:
        assert hashlib.sha256(session.certificate or b"").hexdigest() == fingerprint
    with pytest.raises(CertificateRejected) as caught:
        async with connected(server, certificate_policy="pin:" + "0" * 64):
            pytest.fail("connected")
    assert caught.value.fingerprint == fingerprint


async def test_tofu_trusts_the_first_only_and_then_counts_for_ca(
    peers: Peers, fingerprint: str, known_hosts: KnownHosts
) -> None:
    server, config = peers.xrdp(), client_config(certificate_policy="tofu")
    async with open_session(server.host, server.port, config=config, known_hosts=known_hosts):
        assert known_hosts.get(server.host, server.port) == fingerprint
    for policy in ("tofu", "ca"):
        config = client_config(certificate_policy=policy)
        async with open_session(server.host, server.port, config=config, known_hosts=known_hosts):
            pass
    # The same port with another certificate: another server's, as far as a client can tell.
    other = peers.shadow("tls")
    known_hosts.trust_first(other.host, other.port, fingerprint)
    for policy in ("tofu", "ca"):
        config = client_config(certificate_policy=policy)
        with pytest.raises(CertificateRejected) as caught:
            async with open_session(other.host, other.port, config=config, known_hosts=known_hosts):
                pytest.fail("connected")
        assert caught.value.fingerprint not in ("", fingerprint)


# Cancelling.


def descriptors() -> set[str]:
    found = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


def tasks() -> int:
    return trio.lowlevel.current_statistics().tasks_living


@pytest.mark.parametrize("kind", OFFERS)
async def test_cancelled_at_every_read_and_write(peers: Peers, kind: ShadowSecurity) -> None:
    server = peers.shadow(kind)
    config = client_config(security=OFFERS[kind])
    before_tasks, before_sockets = tasks(), descriptors()
    reached: list[int] = []
    for use in cancel_points():
        tap = Tap(await trio.open_tcp_stream(server.host, server.port))
        was_open = False
        with trio.move_on_after(20) as scope:

            def on_use(tap: Tap = tap, scope: trio.CancelScope = scope, use: int = use) -> None:
                if tap.uses == use:
                    scope.cancel()

            tap.on_use = on_use
            async with open_session_over(tap, config=config, host=server.host, port=server.port) as session:
                was_open = True
                await wait_quiet(session)
                await trio.sleep(0.1)
                scope.cancel()
        assert scope.cancelled_caught
        assert tap.closed
        assert tasks() == before_tasks
        assert descriptors() == before_sockets
        reached.append(use)
        if was_open and tap.uses < use:
            break
    assert len(reached) > 10


def cancel_points() -> Iterator[int]:
    """Every use of the stream while connecting; then, of the hundreds of a session, fewer and fewer."""
    yield from range(1, 40)
    use = 40
    while True:
        yield use
        use += use // 4


async def test_cancelled_at_any_time(peers: Peers) -> None:
    server = peers.xrdp()
    before_tasks, before_sockets = tasks(), descriptors()
    opened = 0
    for milliseconds in (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 200, 1000, 10_000):
        if opened and milliseconds > 200:
            break
        with trio.move_on_after(milliseconds / 1000) as scope:
            async with open_session(server.host, server.port, config=client_config()):
                opened += 1
                await trio.sleep_forever()
        assert scope.cancelled_caught
        assert tasks() == before_tasks
        assert descriptors() == before_sockets
    assert opened
