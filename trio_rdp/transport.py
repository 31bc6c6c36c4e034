"""TCP, and TLS in mid-stream for both roles, with the policies that decide whether a server's certificate will do.

TLS contexts are made once a process (16 ms each) and never resume a session: CredSSP binds the login to the public key
that this very handshake showed.
"""

from __future__ import annotations

import datetime
import enum
import functools
import ipaddress
import os
import socket
import ssl
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import trio

from trio_rdp.security.certificate import describe, fingerprint, make_self_signed, subject_public_key
from trio_rdp.stores import IdentityStore, KnownHosts
from trio_rdp.wire.errors import (
    CertificateRejected,
    ConnectFailed,
    DecodeError,
    NegotiationFailed,
    RdpError,
    SessionClosed,
)

__all__ = [
    "CertificatePolicy",
    "PolicyKind",
    "PrefixedStream",
    "Reconnect",
    "TlsIdentity",
    "connect_tcp",
    "keep_alive",
    "upgrade_client",
    "upgrade_server",
]

Reconnect = Callable[[], Awaitable[trio.abc.Stream]]
"""Connects once more and negotiates as before, up to where TLS starts."""

_FINGERPRINT_DIGITS = 64
_SELF_SIGNED_DAYS = 3650


async def connect_tcp(host: str, port: int, *, dead_peer: float = 60.0) -> trio.SocketStream:
    """Connect to a server, by whichever of its addresses answers first.

    Small writes leave at once, and a peer that no longer answers breaks the stream after `dead_peer` seconds.  Raises
    `ConnectFailed` with the operating system's reason.
    """
    try:
        stream = await trio.open_tcp_stream(host, port)
    except (OSError, OverflowError, ValueError) as exc:  # the latter two: no port, no name that IDNA can encode
        raise ConnectFailed(_join(host, port), _reason(exc)) from exc
    keep_alive(stream, dead_peer)
    return stream


def keep_alive(stream: trio.abc.Stream, dead_peer: float = 60.0) -> None:
    """Make TCP notice, within about `dead_peer` seconds, a peer that vanished; FreeRDP takes 9 s.

    Idle connections are probed after half of that time; data that nobody acknowledges counts from its start.  Looks
    inside TLS, and does nothing where there is no socket.
    """
    while not isinstance(stream, trio.SocketStream):
        inner = getattr(stream, "transport_stream", None)
        if inner is None:
            return
        stream = inner
    probes = 3
    options = {
        "TCP_KEEPIDLE": max(1, round(dead_peer / 2)),
        "TCP_KEEPINTVL": max(1, round(dead_peer / 2 / probes)),
        "TCP_KEEPCNT": probes,
        "TCP_USER_TIMEOUT": round(dead_peer * 1000),
    }
    # A socket of another family, such as a Unix one, has none of this.
    if stream.socket.family not in (socket.AF_INET, socket.AF_INET6):
        return
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in options.items():
        if (option := getattr(socket, name, None)) is not None:  # systems know different ones
            stream.setsockopt(socket.IPPROTO_TCP, option, value)


def _join(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reason(exc: BaseException) -> str:
    """The operating system's words; of several addresses, each reason once."""
    reasons: dict[str, None] = {}

    def collect(exc: BaseException) -> None:
        if isinstance(exc, BaseExceptionGroup):
            for each in exc.exceptions:
                collect(each)
        elif isinstance(exc.__cause__, OSError | BaseExceptionGroup):
            collect(exc.__cause__)  # Trio's summary of all attempts
        else:
            reason = str(exc)
            if isinstance(exc, socket.gaierror | ssl.SSLError):
                reason = exc.strerror or reason  # their error numbers are their own
            elif isinstance(exc, OSError) and exc.errno:
                reason = os.strerror(exc.errno)  # without the address, which Trio writes into the text
            reasons[reason] = None

    collect(exc)
    return ", ".join(reasons)


class PolicyKind(enum.Enum):
    """What makes a server's certificate acceptable."""

    CA = "ca"
    PIN = "pin"
    TOFU = "tofu"
    INSECURE = "insecure"


@dataclass(frozen=True)
class CertificatePolicy:
    """Which certificates of a server are accepted.

    `ca()` wants a chain to a root of the system (or of `roots`, a PEM file) and the server's name; `pin()` one of the
    SHA-256 fingerprints; `tofu()` trusts and stores what an unknown server shows first; `insecure()` takes anything.
    Under `ca` and `tofu` a fingerprint stored for host and port is a pin.  Only `tofu` stores.
    """

    kind: PolicyKind = PolicyKind.CA
    pins: frozenset[str] = frozenset()
    roots: Path | None = None

    @classmethod
    def ca(cls, roots: str | os.PathLike[str] | None = None) -> CertificatePolicy:
        """Trust the system's roots, or those of a PEM file instead."""
        return cls(PolicyKind.CA, roots=None if roots is None else Path(roots))

    @classmethod
    def pin(cls, *fingerprints: str) -> CertificatePolicy:
        """Trust certificates by their SHA-256, in hex with or without colons; raises `ValueError` for anything else."""
        if not fingerprints:
            raise ValueError("nothing to pin")
        return cls(PolicyKind.PIN, pins=frozenset(map(_parse_fingerprint, fingerprints)))

    @classmethod
    def tofu(cls) -> CertificatePolicy:
        """Trust on first use."""
        return cls(PolicyKind.TOFU)

    @classmethod
    def insecure(cls) -> CertificatePolicy:
        """Trust anybody: whoever sits in between reads everything, passwords under TLS alone included."""
        return cls(PolicyKind.INSECURE)

    @classmethod
    def parse(cls, text: str) -> CertificatePolicy:
        """Read `ca`, `tofu`, `insecure` or `pin:SHA256`; raises `ValueError` for anything else."""
        kind, colon, value = text.strip().partition(":")
        match kind.lower():
            case "pin" if colon:
                return cls.pin(*value.split(","))
            case "ca" | "tofu" | "insecure" if not colon:
                return cls(PolicyKind(kind.lower()))
        raise ValueError(f"not a certificate policy: {text!r}; one of ca, tofu, pin:SHA256, insecure")


def _parse_fingerprint(text: str) -> str:
    digits = text.strip().lower().removeprefix("sha256:").replace(":", "")
    if len(digits) != _FINGERPRINT_DIGITS or set(digits) - set("0123456789abcdef"):
        raise ValueError(f"not a SHA-256 fingerprint: {text!r}")
    return digits


async def upgrade_client(
    stream: trio.abc.Stream,
    leftover: bytes = b"",
    *,
    host: str,
    port: int,
    policy: CertificatePolicy | str = "ca",
    known_hosts: KnownHosts | None = None,
    reconnect: Reconnect | None = None,
    minimum_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
) -> tuple[trio.SSLStream[trio.abc.Stream], bytes]:
    """Start TLS as a client: give the stream inside it, and the server's certificate (DER) that passed `policy`.

    `leftover` is what was read ahead from the stream.  `known_hosts` is the user's own unless given.  When `ca`
    refuses, `reconnect` is called for a second handshake that fetches the certificate and sends nothing, so that the
    error can name its fingerprint.  Raises `CertificateRejected`, `NegotiationFailed` when the two find no common TLS,
    and `SessionClosed` for a lost connection.  Whatever it raises, and when it is cancelled, the stream is closed.
    """
    if isinstance(policy, str):
        policy = CertificatePolicy.parse(policy)
    known_hosts = known_hosts or KnownHosts()
    try:
        pins = await _find_pins(policy, known_hosts, host, port)
        if policy.kind is PolicyKind.CA and not pins:
            context = _client_context(True, policy.roots, minimum_version)
        else:
            context = _client_context(False, None, minimum_version)
        try:
            tls = await _handshake(stream, leftover, context, host)
        except ssl.SSLCertVerificationError as exc:
            raise await _rejected(exc, host, reconnect, minimum_version) from exc
        certificate = _peer_certificate(tls)
        if policy.kind is PolicyKind.TOFU and not pins:
            pins = await _trust_first(known_hosts, host, port, certificate)
        if pins and fingerprint(certificate) not in pins:
            expected = ", ".join(sorted(pins))
            where = "pinned" if policy.kind is PolicyKind.PIN else f"stored for {_join(host, port)}"
            raise CertificateRejected(
                f"the certificate is not the one {where}, SHA-256 {expected}", fingerprint(certificate)
            )
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
    return tls, certificate


async def upgrade_server(
    stream: trio.abc.Stream,
    leftover: bytes = b"",
    *,
    identity: TlsIdentity,
    minimum_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
) -> trio.SSLStream[trio.abc.Stream]:
    """Start TLS as a server, and give the stream inside it.

    `leftover` is what was read ahead from the stream.  Raises `NegotiationFailed` when the two find no common TLS or
    the client does not like the certificate, and `SessionClosed` for a lost connection.  Whatever it raises, and when
    it is cancelled, the stream is closed.
    """
    try:
        return await _handshake(stream, leftover, identity.make_acceptor(minimum_version), None)
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise


async def _find_pins(policy: CertificatePolicy, known_hosts: KnownHosts, host: str, port: int) -> frozenset[str]:
    if policy.kind in (PolicyKind.PIN, PolicyKind.INSECURE):
        return policy.pins
    try:
        stored = await trio.to_thread.run_sync(known_hosts.get, host, port)
    except OSError as exc:
        raise CertificateRejected(f"cannot read {known_hosts.path}: {exc.strerror}") from exc
    return frozenset() if stored is None else frozenset({stored})


async def _trust_first(known_hosts: KnownHosts, host: str, port: int, certificate: bytes) -> frozenset[str]:
    try:
        stored = await trio.to_thread.run_sync(known_hosts.trust_first, host, port, fingerprint(certificate))
    except OSError as exc:
        # Going on would be trust on every use.
        raise CertificateRejected(
            f"cannot store the certificate in {known_hosts.path}: {exc.strerror}", fingerprint(certificate)
        ) from exc
    return frozenset({stored})


async def _rejected(
    exc: ssl.SSLCertVerificationError, host: str, reconnect: Reconnect | None, minimum_version: ssl.TLSVersion
) -> CertificateRejected:
    """The error for a chain or name that OpenSSL refused, with the fingerprint when it can be had."""
    found = ""
    if reconnect is not None:
        # That the second look fails says nothing that matters beside why the first one did.
        try:
            stream = await reconnect()
            try:
                tls = await _handshake(stream, b"", _client_context(False, None, minimum_version), host)
                found = fingerprint(_peer_certificate(tls))
            finally:
                await trio.aclose_forcefully(stream)
        except (RdpError, OSError, trio.BrokenResourceError):
            pass
    return CertificateRejected(f"the certificate is not trusted: {exc.verify_message.rstrip('.')}", found)


async def _handshake(
    stream: trio.abc.Stream, leftover: bytes, context: ssl.SSLContext, host: str | None
) -> trio.SSLStream[trio.abc.Stream]:
    """Do one handshake; raises `ssl.SSLCertVerificationError` as it is, everything else as an `RdpError`."""
    server_name = None if host is None else _server_name(host)
    if context.check_hostname and server_name is None:
        raise CertificateRejected(f"no certificate can name {host!r}")
    if leftover:
        stream = PrefixedStream(stream, leftover)
    # Peers close without a close_notify (Windows, xrdp, FreeRDP): that is a plain end of the stream here.
    tls = trio.SSLStream(stream, context, server_hostname=server_name, server_side=host is None, https_compatible=True)
    try:
        await tls.do_handshake()
    except trio.BrokenResourceError as exc:
        cause = exc.__cause__
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise cause from None
        if isinstance(cause, ssl.SSLEOFError | ssl.SSLSyscallError):
            raise SessionClosed("the peer closed the connection in the TLS handshake") from exc
        if isinstance(cause, ssl.SSLError):
            reason = (cause.reason or str(cause)).lower().replace("_", " ")
            raise NegotiationFailed(f"the TLS handshake failed: {reason}") from exc
        raise SessionClosed(f"lost the connection in the TLS handshake: {_reason(cause or exc)}") from exc
    return tls


def _peer_certificate(tls: trio.SSLStream[trio.abc.Stream]) -> bytes:
    certificate: bytes | None = tls.getpeercert(binary_form=True)
    if certificate is None:
        raise NegotiationFailed("the server showed no certificate")
    return certificate


def _server_name(host: str) -> str | None:
    """The name for SNI and certificates, without an address's zone and a name's final dot; None if it is none."""
    name = host.partition("%")[0].rstrip(".")
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return name.encode("idna").decode() or None
    except UnicodeError:
        return None


@functools.lru_cache(maxsize=16)
def _client_context(verify: bool, roots: Path | None, minimum_version: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif roots is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        context.load_verify_locations(roots)
        # A server's own certificate may be its root.
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    return _configure(context, minimum_version)


def _configure(context: ssl.SSLContext, minimum_version: ssl.TLSVersion) -> ssl.SSLContext:
    if minimum_version < ssl.TLSVersion.TLSv1_2:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # OpenSSL 3 has no older TLS above level 0
    context.minimum_version = minimum_version
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION
    return context


@dataclass(frozen=True)
class TlsIdentity:
    """A server's certificate (DER), the public key that CredSSP binds to, and what TLS needs of both.

    Made by `from_pem`, `init_from_paths`, `self_signed` or `kept`.
    """

    certificate: bytes
    public_key: bytes
    _pem: bytes = field(repr=False, compare=False)
    _contexts: dict[ssl.TLSVersion, ssl.SSLContext] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_pem(cls, certificate: bytes, key: bytes = b"") -> TlsIdentity:
        """Take a certificate, its chain behind it, and its private key, which may stand in the same PEM.

        Raises `ValueError` when they are not PEM or do not belong together.
        """
        pem = certificate + b"\n" + key
        start = pem.find(b"-----BEGIN CERTIFICATE-----")
        end = pem.find(b"-----END CERTIFICATE-----", start)
        if start < 0 or end < 0:
            raise ValueError("no certificate in the PEM")
        try:
            der = ssl.PEM_cert_to_DER_cert(pem[start : end + len(b"-----END CERTIFICATE-----")].decode("ascii"))
            identity = cls(der, subject_public_key(der), pem)
        except DecodeError as exc:
            raise ValueError(f"no certificate in the PEM: {exc}") from exc
        identity.make_acceptor()
        return identity

    @classmethod
    def init_from_paths(
        cls, certificate: str | os.PathLike[str], key: str | os.PathLike[str] | None = None
    ) -> TlsIdentity:
        """Load PEM files; without `key` the certificate's file holds it too.

        Raises `OSError`, or `ValueError` when they are not PEM or do not belong together.
        """
        return cls.from_pem(Path(certificate).read_bytes(), b"" if key is None else Path(key).read_bytes())

    @classmethod
    def self_signed(cls, names: Sequence[str] = (), *, days: int = _SELF_SIGNED_DAYS) -> TlsIdentity:
        """Make a new key and certificate for `names`, by default this machine's; it takes some tenths of a second."""
        return cls.from_pem(*make_self_signed(names or _own_names(), days=days, now=_now()))

    @classmethod
    def kept(cls, store: IdentityStore | None = None, names: Sequence[str] = ()) -> TlsIdentity:
        """Load the identity that was made before, or make and keep one, so that clients see the same fingerprint.

        One that has expired, or cannot be read, is made anew.  It blocks for file and key making.
        """

        def make() -> bytes:
            certificate, key = make_self_signed(names or _own_names(), days=_SELF_SIGNED_DAYS, now=_now())
            return key + certificate

        def is_good(pem: bytes) -> bool:
            try:
                return not describe(cls.from_pem(pem).certificate).is_expired(_now())
            except (ValueError, DecodeError):
                return False

        return cls.from_pem((store or IdentityStore()).load_or_make(make, accept=is_good))

    @property
    def fingerprint(self) -> str:
        """The certificate's SHA-256, in lower-case hex: what a client pins."""
        return fingerprint(self.certificate)

    def make_acceptor(self, minimum_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2) -> ssl.SSLContext:
        """The TLS context of a server with this identity, made once."""
        context = self._contexts.get(minimum_version)
        if context is None:
            context = _configure(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), minimum_version)
            context.num_tickets = 0
            # `ssl` loads from files only; this one is its owner's alone, and gone at once.
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "identity.pem"
                path.write_bytes(self._pem)
                try:
                    context.load_cert_chain(path, password=_no_password)
                except ssl.SSLError as exc:
                    raise ValueError(f"certificate and key cannot be used: {exc.reason or exc}") from exc
            self._contexts[minimum_version] = context
        return context


def _no_password() -> str:
    # Without this, OpenSSL would ask on the terminal.
    raise ValueError("the private key is encrypted")


def _own_names() -> list[str]:
    name = socket.gethostname() or "localhost"
    return list(dict.fromkeys((name, "localhost", "127.0.0.1", "::1")))


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class PrefixedStream(trio.abc.Stream):
    """A stream before whose bytes come some that were read from it already."""

    def __init__(self, transport_stream: trio.abc.Stream, prefix: bytes) -> None:
        self.transport_stream = transport_stream
        self._prefix = prefix

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        if not self._prefix:
            return await self.transport_stream.receive_some(max_bytes)
        await trio.lowlevel.checkpoint()
        size = len(self._prefix) if max_bytes is None else max_bytes
        data, self._prefix = self._prefix[:size], self._prefix[size:]
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self.transport_stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self.transport_stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self.transport_stream.aclose()
