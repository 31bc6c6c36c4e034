from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
import trio.testing

from tests.identities import HOST, identity
from trio_rdp.security.certificate import fingerprint, make_self_signed, subject_public_key
from trio_rdp.stores import IdentityStore, KnownHosts
from trio_rdp.transport import (
    CertificatePolicy,
    PolicyKind,
    PrefixedStream,
    TlsIdentity,
    connect_tcp,
    keep_alive,
    upgrade_client,
    upgrade_server,
)
from trio_rdp.wire.errors import CertificateRejected, ConnectFailed, NegotiationFailed, SessionClosed

TlsStream = trio.SSLStream[trio.abc.Stream]


@pytest.fixture
def known_hosts(tmp_path: Path) -> KnownHosts:
    return KnownHosts(tmp_path / "known_hosts")


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PEM file with the certificate of `identity()`, which is its own root."""
    path = tmp_path_factory.mktemp("roots") / "roots.pem"
    path.write_text(ssl.DER_cert_to_PEM_cert(identity().certificate))
    return path


@asynccontextmanager
async def loopback() -> AsyncIterator[tuple[trio.SocketStream, trio.SocketStream]]:
    """Both ends of a TCP connection."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        port = listener.socket.getsockname()[1]
        client = await connect_tcp("127.0.0.1", port)
        server = await listener.accept()
        async with client, server:
            yield client, server


async def serve_tls(stream: trio.abc.Stream, who: TlsIdentity, errors: list[Exception] | None = None) -> None:
    """A server that echoes until its client ends."""
    try:
        tls = await upgrade_server(stream, identity=who)
        async with tls:
            async for data in tls:
                await tls.send_all(data)
    except (NegotiationFailed, SessionClosed) as exc:
        if errors is not None:
            errors.append(exc)


class Server:
    """Takes any number of connections; each connection says `ready` before TLS."""

    def __init__(self, nursery: trio.Nursery, who: TlsIdentity) -> None:
        self.nursery = nursery
        self.who = who
        self.errors: list[Exception] = []
        self.connections = 0

    async def connect(self) -> trio.abc.Stream:
        client, server = trio.testing.memory_stream_pair()
        self.connections += 1
        self.nursery.start_soon(serve_tls, server, self.who, self.errors)
        return client


class TestTcp:
    async def test_options(self) -> None:
        async with loopback() as (client, server):
            assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert client.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            if sys.platform == "linux":
                assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000
                assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
                assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 10
                assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 3
            assert not server.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            tls: TlsStream = trio.SSLStream(PrefixedStream(server, b"x"), identity().make_acceptor(), server_side=True)
            keep_alive(tls, 9)
            assert server.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            if sys.platform == "linux":
                assert server.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 9_000

    async def test_keep_alive_without_tcp(self) -> None:
        keep_alive(trio.testing.memory_stream_pair()[0])
        if hasattr(socket, "AF_UNIX"):
            left, right = trio.socket.socketpair()
            with left, right:
                keep_alive(trio.SocketStream(left))
                assert not left.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)

    async def test_refused(self) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
            with pytest.raises(
                ConnectFailed, match=rf"^cannot connect to 127.0.0.1:{port}: Connection refused$"
            ) as caught:
                await connect_tcp("127.0.0.1", port)
        assert caught.value.address == f"127.0.0.1:{port}"
        assert caught.value.reason == "Connection refused"

    async def test_each_reason_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def open_tcp_stream(host: str, port: int) -> None:
            refused = ConnectionRefusedError(111, "Connection refused")
            attempts = [refused, OSError(113, "No route to host"), ConnectionRefusedError(111, "Connection refused")]
            raise OSError("all attempts failed") from ExceptionGroup("", attempts)

        monkeypatch.setattr(trio, "open_tcp_stream", open_tcp_stream)
        with pytest.raises(ConnectFailed, match=r"to \[::1\]:3389: Connection refused, No route to host$"):
            await connect_tcp("::1", 3389)

    @pytest.mark.parametrize(("host", "port"), [("a..b", 3389), ("x" * 64 + ".example", 3389), ("127.0.0.1", 70_000)])
    async def test_no_such_address(self, host: str, port: int) -> None:
        with pytest.raises(ConnectFailed):
            await connect_tcp(host, port)


class TestPolicy:
    def test_parse(self) -> None:
        digits = "0123456789abcdef" * 4
        colons = ":".join(digits[index : index + 2] for index in range(0, 64, 2)).upper()
        assert CertificatePolicy.parse("ca") == CertificatePolicy.ca() == CertificatePolicy()
        assert CertificatePolicy.parse(" TOFU ") == CertificatePolicy.tofu()
        assert CertificatePolicy.parse("insecure") == CertificatePolicy.insecure()
        assert CertificatePolicy.parse(f"pin:{digits}") == CertificatePolicy.pin(colons)
        assert CertificatePolicy.parse(f"pin:sha256:{colons}").pins == {digits}
        assert len(CertificatePolicy.parse(f"pin:{digits},{'ff' * 32}").pins) == 2
        assert CertificatePolicy.parse("ca").kind is PolicyKind.CA

    @pytest.mark.parametrize(
        "text", ["", "no", "pin", "pin:", "pin:12", "pin:" + "g" * 64, "ca:x", "tofu:", "insecure:1"]
    )
    def test_what_is_no_policy(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"not a (certificate policy|SHA-256 fingerprint)"):
            CertificatePolicy.parse(text)

    def test_nothing_to_pin(self) -> None:
        with pytest.raises(ValueError, match="nothing to pin"):
            CertificatePolicy.pin()


class TestUpgrade:
    @pytest.mark.parametrize("policy", ["insecure", f"pin:{'00' * 32}", "tofu", "ca"])
    async def test_over_tcp(self, policy: str, known_hosts: KnownHosts, roots: Path) -> None:
        rules = CertificatePolicy.parse(policy)
        if rules.kind is PolicyKind.PIN:
            rules = CertificatePolicy.pin("11" * 32, identity().fingerprint)
        elif rules.kind is PolicyKind.CA:
            rules = CertificatePolicy.ca(roots)
        async with loopback() as (client, server), trio.open_nursery() as nursery:
            nursery.start_soon(serve_tls, server, identity())
            tls, certificate = await upgrade_client(client, host=HOST, port=1, policy=rules, known_hosts=known_hosts)
            assert certificate == identity().certificate
            assert tls.version() == "TLSv1.3"
            await tls.send_all(b"hello")
            assert await tls.receive_some() == b"hello"
            await tls.aclose()
        assert known_hosts.get(HOST, 1) == (identity().fingerprint if policy == "tofu" else None)

    async def test_leftover_of_both(self, known_hosts: KnownHosts) -> None:
        # The whole first flight of each side was read ahead, in part.
        async with loopback() as (client, server), trio.open_nursery() as nursery:
            ahead: list[bytes] = []

            async def serve() -> None:
                first = bytes(await server.receive_some(100))
                ahead.append(first)
                stream = await upgrade_server(server, first, identity=identity())
                await stream.send_all(b"hello")

            nursery.start_soon(serve)
            tls, _ = await upgrade_client(client, host=HOST, port=1, policy="insecure", known_hosts=known_hosts)
            assert await tls.receive_some() == b"hello"
            assert len(ahead[0]) == 100

        async with loopback() as (client, server), trio.open_nursery() as nursery:
            nursery.start_soon(serve_tls, server, identity())
            middle_client, middle = trio.testing.memory_stream_pair()

            async def carry(source: trio.abc.Stream, sink: trio.abc.Stream) -> None:
                async for data in source:
                    await sink.send_all(data)

            # What the client's side read ahead is the server's answer to a hello that somebody else sent for it.
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            probe = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(incoming, outgoing, server_hostname=HOST)
            with pytest.raises(ssl.SSLWantReadError):
                probe.do_handshake()
            await client.send_all(outgoing.read())
            first = bytes(await client.receive_some(64))
            nursery.start_soon(carry, client, middle)
            # It does not fit this client's own hello, and the client says so instead of waiting for another.
            with pytest.raises(NegotiationFailed):
                await upgrade_client(
                    middle_client, first, host=HOST, port=1, policy="insecure", known_hosts=known_hosts
                )
            nursery.cancel_scope.cancel()

    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    async def test_versions(self, version: ssl.TLSVersion, known_hosts: KnownHosts) -> None:
        client, server = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_tls, server, identity())
            tls, _ = await upgrade_client(
                client, host=HOST, port=1, policy="insecure", known_hosts=known_hosts, minimum_version=version
            )
            assert tls.version() == "TLSv1.3"
            nursery.cancel_scope.cancel()

    @pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
    async def test_old_server(self, known_hosts: KnownHosts) -> None:
        context = TlsIdentity.from_pem(identity()._pem).make_acceptor(ssl.TLSVersion.TLSv1)
        context.maximum_version = ssl.TLSVersion.TLSv1
        client, server = trio.testing.memory_stream_pair()
        stream: TlsStream = trio.SSLStream(server, context, server_side=True)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.do_handshake)
            tls, _ = await upgrade_client(
                client,
                host=HOST,
                port=1,
                policy="insecure",
                known_hosts=known_hosts,
                minimum_version=ssl.TLSVersion.TLSv1,
            )
        assert tls.version() == "TLSv1"

    @pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")
    async def test_old_client_is_refused(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(NegotiationFailed, match=r"^the TLS handshake failed: unsupported protocol$"):
            await self.accept(context)

    async def test_client_that_refuses_the_certificate(self) -> None:
        with pytest.raises(NegotiationFailed, match=r"^the TLS handshake failed: .*unknown ca$"):
            await self.accept(ssl.create_default_context())

    async def accept(self, context: ssl.SSLContext) -> None:
        """Let a client with another TLS stack around it come: unlike Trio's, it says why it goes."""
        async with loopback() as (client, server):
            with socket.fromfd(client.socket.fileno(), socket.AF_INET, socket.SOCK_STREAM) as plain:
                plain.setblocking(True)

                def connect() -> None:
                    tls = context.wrap_socket(plain, server_hostname=HOST, do_handshake_on_connect=False)
                    with tls, contextlib.suppress(ssl.SSLError):
                        tls.do_handshake()

                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.to_thread.run_sync, connect)
                    try:
                        await upgrade_server(server, identity=identity())
                    except NegotiationFailed as exc:
                        failure = exc
        raise failure

    async def test_no_resumption(self, known_hosts: KnownHosts) -> None:
        async with trio.open_nursery() as nursery:
            server = Server(nursery, identity())
            for _ in range(2):
                tls, _ = await upgrade_client(
                    await server.connect(), host=HOST, port=1, policy="insecure", known_hosts=known_hosts
                )
                await tls.send_all(b"x")
                assert await tls.receive_some() == b"x"  # a ticket would have come by now
                assert tls.session is None or not tls.session.has_ticket
                assert not tls.session_reused
                await tls.aclose()

    async def test_contexts_are_made_once(self) -> None:
        assert identity().make_acceptor() is identity().make_acceptor()
        assert identity().make_acceptor(ssl.TLSVersion.TLSv1_3) is not identity().make_acceptor()


class TestCertificates:
    async def test_untrusted_root(self, known_hosts: KnownHosts) -> None:
        async with trio.open_nursery() as nursery:
            server = Server(nursery, identity())
            with pytest.raises(CertificateRejected) as caught:
                await upgrade_client(
                    await server.connect(), host=HOST, port=1, known_hosts=known_hosts, reconnect=server.connect
                )
        assert caught.value.reason == "the certificate is not trusted: self-signed certificate"
        assert caught.value.fingerprint == identity().fingerprint
        assert server.connections == 2
        assert known_hosts.get(HOST, 1) is None

    async def test_wrong_name(self, known_hosts: KnownHosts, roots: Path) -> None:
        async with trio.open_nursery() as nursery:
            server = Server(nursery, identity())
            with pytest.raises(CertificateRejected, match=r"Hostname mismatch.*not valid for 'other\.example' \(SHA"):
                await upgrade_client(
                    await server.connect(),
                    host="other.example",
                    port=1,
                    policy=CertificatePolicy.ca(roots),
                    known_hosts=known_hosts,
                    reconnect=server.connect,
                )

    @pytest.mark.parametrize("host", ["DESK.example.", "localhost", "127.0.0.1", "::1", "::1%lo"])
    async def test_right_names(self, host: str, known_hosts: KnownHosts, roots: Path) -> None:
        async with trio.open_nursery() as nursery:
            server = Server(nursery, identity())
            tls, _ = await upgrade_client(
                await server.connect(), host=host, port=1, policy=CertificatePolicy.ca(roots), known_hosts=known_hosts
            )
            await tls.aclose()

    async def test_name_that_cannot_be(self, known_hosts: KnownHosts) -> None:
        for policy in ("ca", "insecure"):
            async with trio.open_nursery() as nursery:
                server = Server(nursery, identity())
                stream = await server.connect()
                if policy == "ca":
                    with pytest.raises(CertificateRejected, match="no certificate can name"):
                        await upgrade_client(stream, host="x" * 70, port=1, policy=policy, known_hosts=known_hosts)
                else:
                    tls, _ = await upgrade_client(stream, host="x" * 70, port=1, policy=policy, known_hosts=known_hosts)
                    await tls.aclose()

    async def test_fingerprint_unknown_when_nobody_answers_again(self, known_hosts: KnownHosts) -> None:
        async def fails() -> trio.abc.Stream:
            raise ConnectFailed("desk.example:3389", "Connection refused")

        async def hangs_up() -> trio.abc.Stream:
            client, server = trio.testing.memory_stream_pair()
            await server.aclose()
            return client

        for reconnect in (fails, hangs_up, None):
            async with trio.open_nursery() as nursery:
                server = Server(nursery, identity())
                with pytest.raises(CertificateRejected, match=r"self-signed certificate$") as caught:
                    await upgrade_client(
                        await server.connect(), host=HOST, port=1, known_hosts=known_hosts, reconnect=reconnect
                    )
            assert caught.value.fingerprint == ""

    async def test_pin_mismatch(self, known_hosts: KnownHosts) -> None:
        async with trio.open_nursery() as nursery:
            server = Server(nursery, identity())
            stream = await server.connect()
            with pytest.raises(CertificateRejected) as caught:
                await upgrade_client(stream, host=HOST, port=1, policy=f"pin:{'ab' * 32}", known_hosts=known_hosts)
            with pytest.raises(trio.ClosedResourceError):
                await stream.send_all(b"")
        assert caught.value.reason == f"the certificate is not the one pinned, SHA-256 {'ab' * 32}"
        assert caught.value.fingerprint == identity().fingerprint

    @pytest.mark.parametrize("policy", ["ca", "tofu"])
    async def test_stored_counts_as_a_pin(self, policy: str, known_hosts: KnownHosts) -> None:
        known_hosts.store(HOST, 1, identity().fingerprint)
        async with trio.open_nursery() as nursery:
            server = Server(nursery, identity())
            tls, _ = await upgrade_client(
                await server.connect(), host=HOST, port=1, policy=policy, known_hosts=known_hosts
            )
            await tls.aclose()
            server.who = identity(1)
            with pytest.raises(CertificateRejected, match=r"not the one stored for desk\.example:1") as caught:
                await upgrade_client(await server.connect(), host=HOST, port=1, policy=policy, known_hosts=known_hosts)
            assert identity().fingerprint in caught.value.reason
            assert caught.value.fingerprint == identity(1).fingerprint
            # Another port is another server.
            if policy == "tofu":
                tls, _ = await upgrade_client(
                    await server.connect(), host=HOST, port=2, policy=policy, known_hosts=known_hosts
                )
                await tls.aclose()
        assert known_hosts.get(HOST, 1) == identity().fingerprint
        assert known_hosts.get(HOST, 2) == (identity(1).fingerprint if policy == "tofu" else None)

    @pytest.mark.parametrize("policy", ["insecure", "pin"])
    async def test_explicit_word_outweighs_what_is_stored(self, policy: str, known_hosts: KnownHosts) -> None:
        known_hosts.store(HOST, 1, "ab" * 32)
        rules = CertificatePolicy.pin(identity().fingerprint) if policy == "pin" else policy
        async with trio.open_nursery() as nursery:
            server = Server(nursery, identity())
            tls, _ = await upgrade_client(
                await server.connect(), host=HOST, port=1, policy=rules, known_hosts=known_hosts
            )
            await tls.aclose()
        assert known_hosts.get(HOST, 1) == "ab" * 32

    async def test_store_that_fails(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        async with trio.open_nursery() as nursery:
            server = Server(nursery, identity())
            with pytest.raises(CertificateRejected, match=r"cannot read .*: Is a directory"):
                await upgrade_client(
                    await server.connect(), host=HOST, port=1, policy="ca", known_hosts=KnownHosts(tmp_path)
                )

            class ReadOnly(KnownHosts):
                def trust_first(self, host: str, port: int, fingerprint: str) -> str:
                    raise OSError(30, "Read-only file system")

            with pytest.raises(CertificateRejected, match=r"cannot store .*: Read-only file system") as caught:
                await upgrade_client(
                    await server.connect(), host=HOST, port=1, policy="tofu", known_hosts=ReadOnly(tmp_path / "new")
                )
            assert caught.value.fingerprint == identity().fingerprint


class TestFailures:
    @pytest.mark.parametrize("first", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x03\x00\x00\x0b" + bytes(7)])
    async def test_peer_that_does_not_speak_tls(self, first: bytes, known_hosts: KnownHosts) -> None:
        expected: type[Exception] = NegotiationFailed if first else SessionClosed
        client, server = trio.testing.memory_stream_pair()
        await server.send_all(first)
        await server.send_eof()
        with pytest.raises(expected, match="the TLS handshake"):
            await upgrade_client(client, host=HOST, port=1, policy="insecure", known_hosts=known_hosts)
        with pytest.raises(trio.ClosedResourceError):
            await client.receive_some()

        client, server = trio.testing.memory_stream_pair()
        await client.send_all(first)
        await client.send_eof()
        with pytest.raises(expected, match="the TLS handshake"):
            await upgrade_server(server, identity=identity())
        with pytest.raises(trio.ClosedResourceError):
            await server.receive_some()

    async def test_reset(self, known_hosts: KnownHosts) -> None:
        async with loopback() as (client, server):
            server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            await trio.aclose_forcefully(server)
            with pytest.raises(SessionClosed, match="in the TLS handshake"):
                await upgrade_client(client, host=HOST, port=1, policy="insecure", known_hosts=known_hosts)

    async def test_cancelled(self, known_hosts: KnownHosts, autojump_clock: trio.testing.MockClock) -> None:
        client, server = trio.testing.memory_stream_pair()
        with trio.move_on_after(5):
            await upgrade_server(server, identity=identity())
        with pytest.raises(trio.ClosedResourceError):
            await server.receive_some()
        client, server = trio.testing.memory_stream_pair()
        with trio.move_on_after(5):
            await upgrade_client(client, host=HOST, port=1, policy="insecure", known_hosts=known_hosts)
        with pytest.raises(trio.ClosedResourceError):
            await client.receive_some()


class TestIdentity:
    def test_self_signed(self) -> None:
        made = identity()
        assert made.fingerprint == fingerprint(made.certificate)
        assert made.public_key == subject_public_key(made.certificate)
        assert made == TlsIdentity.from_pem(made._pem)
        assert hash(made) == hash(TlsIdentity.from_pem(made._pem))
        assert made != identity(1)
        assert "PRIVATE" not in repr(made)

    def test_from_paths(self, tmp_path: Path) -> None:
        certificate, key = make_self_signed([HOST], days=1, now=datetime.datetime.now(datetime.UTC))
        (tmp_path / "cert.pem").write_bytes(certificate)
        (tmp_path / "key.pem").write_bytes(key)
        (tmp_path / "both.pem").write_bytes(key + certificate)
        two = TlsIdentity.init_from_paths(tmp_path / "cert.pem", str(tmp_path / "key.pem"))
        one = TlsIdentity.init_from_paths(tmp_path / "both.pem")
        assert two.certificate == one.certificate == ssl.PEM_cert_to_DER_cert(certificate.decode())
        with pytest.raises(FileNotFoundError):
            TlsIdentity.init_from_paths(tmp_path / "none.pem")

    def test_what_is_no_identity(self) -> None:
        certificate, key = make_self_signed([HOST], days=1, now=datetime.datetime.now(datetime.UTC))
        garbage = ssl.DER_cert_to_PEM_cert(b"\x30\x03abc").encode()
        cases: list[tuple[bytes, bytes, str]] = [
            (b"", key, "no certificate"),
            (b"-----BEGIN CERTIFICATE-----\n", key, "no certificate"),
            (garbage, key, "no certificate"),
            (certificate, b"", "cannot be used"),
            (certificate, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "cannot be used"),
            (identity(1)._pem.partition(b"-----BEGIN PRIVATE")[0], key, "cannot be used: KEY_VALUES_MISMATCH"),
        ]
        for pem, private, message in cases:
            with pytest.raises(ValueError, match=message):
                TlsIdentity.from_pem(pem, private)

    def test_encrypted_key(self) -> None:
        from cryptography.hazmat.primitives import serialization

        certificate, key = make_self_signed([HOST], days=1, now=datetime.datetime.now(datetime.UTC))
        encrypted = serialization.load_pem_private_key(key, None).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
        )
        with pytest.raises(ValueError, match="the private key is encrypted"):
            TlsIdentity.from_pem(certificate, encrypted)

    def test_kept(self, tmp_path: Path) -> None:
        store = IdentityStore(tmp_path / "identity.pem")
        first = TlsIdentity.kept(store, [HOST])
        assert TlsIdentity.kept(store, [HOST]) == first
        old, key = make_self_signed(
            [HOST], days=1, now=datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=9)
        )
        for bad in (key + old, b"garbage", first._pem[:-100]):
            store.path.write_bytes(bad)
            assert TlsIdentity.kept(store, [HOST]) != first

    def test_own_names(self) -> None:
        assert TlsIdentity.self_signed().certificate


class TestPrefixedStream:
    async def test_prefix_comes_first(self) -> None:
        left, right = trio.testing.memory_stream_pair()
        stream = PrefixedStream(left, b"abcdef")
        await right.send_all(b"gh")
        assert await stream.receive_some(4) == b"abcd"
        assert await stream.receive_some() == b"ef"
        assert await stream.receive_some() == b"gh"
        await stream.wait_send_all_might_not_block()
        await stream.send_all(b"x")
        assert await right.receive_some() == b"x"
        await stream.aclose()
        assert await right.receive_some() == b""

    async def test_is_a_stream(self) -> None:
        async def make() -> tuple[PrefixedStream, trio.abc.Stream]:
            left, right = trio.testing.memory_stream_pair()
            return PrefixedStream(left, b""), right

        await trio.testing.check_two_way_stream(make, None)
