"""CredSSP, [MS-CSSP] 3.1.5, as one generator a side, without I/O.

    client                                               server
      | TSRequest(NEGOTIATE)                     -->       |
      |       <--                     TSRequest(CHALLENGE) |
      | TSRequest(AUTHENTICATE, pubKeyAuth, nonce) -->     |   NeedCredentials(domain, user)
      |       <--                    TSRequest(pubKeyAuth) |   or TSRequest(errorCode)
      | TSRequest(authInfo)                      -->       |
      |       <--      Early User Authorization Result     |   PROTOCOL_HYBRID_EX only

A driver sends the bytes of each `Send` and resumes with None; reads what each `Receive` sizes and resumes with those
bytes, or with b"" when the connection ended, however it did; awaits whatever answers `NeedCredentials` and resumes with
the answer.  Secrets appear in no repr, log or error.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trio_rdp.security.ntlm_crypto import ntlm_hash
from trio_rdp.security.ntlm_info import NtlmForm, TargetNames
from trio_rdp.security.ntstatus import NtStatus, describe_ntstatus
from trio_rdp.security.tsrequest import CredentialType, TsCredentials, TsPasswordCreds, TsRequest, ts_request_size
from trio_rdp.wire.errors import AuthenticationFailed, DecodeError, LocalProtocolError, RemoteProtocolError

if TYPE_CHECKING:
    from trio_rdp.security.ntlm import NtlmClient, NtlmServer

__all__ = [
    "AUTHORIZED",
    "NONCE_SIZE",
    "ClientExchange",
    "CredsspOutcome",
    "Hint",
    "NeedCredentials",
    "NtlmFormRefused",
    "Receive",
    "Refuse",
    "Send",
    "ServerCredentials",
    "ServerExchange",
    "credssp_client",
    "credssp_server",
    "public_key_binding",
]

NONCE_SIZE = 32

OLDEST_VERSION = 2
# Below version 5 the binding to the TLS connection can be turned against the client (CVE-2018-0886).
SAFE_VERSION = 5
NEWEST_VERSION = 6

# Early User Authorization Result PDU, [MS-RDPBCGR] 2.2.10.2.
AUTHORIZED = 0
ACCESS_DENIED = 5

_MAX_ROUNDS = 8  # NTLM takes two, SPNEGO with another mechanism first takes three


class Hint(enum.Enum):
    """What comes next on the connection."""

    TS_REQUEST = "TSRequest"
    AUTHORIZATION_RESULT = "Early User Authorization Result"


@dataclass(frozen=True)
class Send:
    """Send these bytes, then resume with None."""

    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Receive:
    """Read exactly one message, then resume with its bytes, or with b"" at the end of the connection."""

    hint: Hint

    def size(self, data: bytes) -> int | None:
        """How many bytes the message takes that starts `data`; None while that cannot be told.

        Not one byte more may be read.  Raises `DecodeError` when the bytes begin no such message.
        """
        return 4 if self.hint is Hint.AUTHORIZATION_RESULT else ts_request_size(data)


@dataclass(frozen=True)
class NeedCredentials:
    """Look a user up, then resume with the password, the 16-byte NT hash, None for nobody, or a `Refuse`."""

    user: str
    domain: str


@dataclass(frozen=True)
class Refuse:
    """An answer to `NeedCredentials`: this account may not log in, and the client is told why."""

    ntstatus: int


@dataclass(frozen=True)
class CredsspOutcome:
    """A client's login that succeeded."""

    version: int
    form: NtlmForm


@dataclass(frozen=True)
class ServerCredentials:
    """Who logged in, proved.

    `password` is what the client delegated, and belongs to that account; it is empty when the client delegated nothing
    (restricted administration, smart cards).
    """

    domain: str
    user: str
    password: str = field(repr=False)
    version: int = NEWEST_VERSION


class NtlmFormRefused(AuthenticationFailed):
    """The server took no token in this form, and no proof was sent: connecting once more with `other` harms nobody."""

    def __init__(self, message: str, form: NtlmForm, ntstatus: int | None = None) -> None:
        super().__init__(message, ntstatus)
        self.form = form
        self.other: NtlmForm = form.other


ClientExchange = Generator[Send | Receive, bytes | None, CredsspOutcome]
ServerExchange = Generator[Send | Receive | NeedCredentials, bytes | str | Refuse | None, ServerCredentials]


def public_key_binding(version: int, *, is_client: bool, public_key: bytes, nonce: bytes | None) -> bytes:
    """What one side seals to prove which TLS connection it logs in over, [MS-CSSP] 3.1.5 steps 3 and 4."""
    if version >= SAFE_VERSION:
        direction = b"Client-To-Server" if is_client else b"Server-To-Client"
        return hashlib.sha256(b"CredSSP " + direction + b" Binding Hash\0" + (nonce or b"") + public_key).digest()
    if is_client:
        return public_key
    # "The server then adds 1 to the first byte representing the public key."
    return bytes(((public_key[0] + 1) & 0xFF,)) + public_key[1:]


class _Versions:
    """The version that both sides speak, settled by the peer's first TSRequest."""

    def __init__(self, minimum: int, newest: int) -> None:
        if not OLDEST_VERSION <= minimum <= newest <= NEWEST_VERSION:
            raise LocalProtocolError(f"CredSSP versions {minimum} to {newest} are not in 2 to {NEWEST_VERSION}")
        self.minimum = minimum
        self.newest = newest
        self.peer: int | None = None

    @property
    def agreed(self) -> int:
        """The lower of both sides' versions; unknown newer ones count as ours, [MS-CSSP] 2.2.1."""
        return self.newest if self.peer is None else min(self.peer, self.newest)

    @property
    def carries_errors(self) -> bool:
        """Whether a server may send an errorCode: "if the negotiated protocol version is 3, 4, or 6"."""
        return self.agreed in (3, 4) or self.agreed >= 6

    def read(self, data: bytes) -> TsRequest:
        """Decode the peer's TSRequest, which must keep to the version that it began with."""
        request = TsRequest.decode(data)
        if self.peer is not None and request.version != self.peer:
            raise RemoteProtocolError(f"CredSSP version changed from {self.peer} to {request.version}")
        self.peer = request.version
        return request

    def check(self, whose: str) -> None:
        """Refuse a peer that is older than allowed."""
        if self.agreed < max(self.minimum, OLDEST_VERSION):
            raise AuthenticationFailed(
                f"the {whose} speaks CredSSP version {self.agreed}, below {self.minimum} (CVE-2018-0886)",
                ntstatus=NtStatus.STATUS_NOT_SUPPORTED,
            )


# -- client ---------------------------------------------------------------------------------------------------------


def credssp_client(
    username: str,
    password: str,
    domain: str = "",
    *,
    public_key: bytes,
    nonce: bytes,
    form: NtlmForm = NtlmForm.RAW,
    hybrid_ex: bool = False,
    min_version: int = SAFE_VERSION,
    max_version: int = NEWEST_VERSION,
    workstation: str = "",
    target_name: str = "",
) -> ClientExchange:
    """Log in as a client; `public_key` is the certificate's (`subject_public_key`), `nonce` 32 fresh random bytes.

    `form` is raw NTLM unless given, `hybrid_ex` whether PROTOCOL_HYBRID_EX was chosen.  Raises `NtlmFormRefused` when
    the server takes no such token, `AuthenticationFailed` when the login or the server's proof fails (never log in
    again by yourself then: accounts lock), and `RemoteProtocolError` when the server breaks the protocol.
    """
    from trio_rdp.security.ntlm import NtlmClient  # pyspnego takes 0.1 s to import

    if len(nonce) != NONCE_SIZE:
        raise LocalProtocolError(f"the nonce has {len(nonce)} bytes, not {NONCE_SIZE}")
    versions = _Versions(min_version, max_version)
    login = NtlmClient(
        username,
        password,
        domain,
        form=form,
        workstation=workstation,
        target_name=target_name,
    )
    proof = yield from _negotiate(login, versions)
    yield from _bind(login, versions, proof, public_key, nonce)
    creds = TsPasswordCreds(domain_name=domain, user_name=username, password=password)
    sealed = login.wrap(TsCredentials(credentials=creds.encode()).encode())
    yield Send(TsRequest(version=max_version, auth_info=sealed).encode())
    if hybrid_ex:
        yield from _receive_authorization()
    return CredsspOutcome(versions.agreed, login.form)


def _negotiate(login: NtlmClient, versions: _Versions) -> Generator[Send | Receive, bytes | None, bytes]:
    """Get a challenge, and make the token with the proof, which is returned and not yet sent."""
    yield Send(TsRequest(version=versions.newest, nego_tokens=[login.start()]).encode())
    data = yield Receive(Hint.TS_REQUEST)
    if not data:
        raise NtlmFormRefused(f"the server closed the connection on a {login.form.value} NTLM token", login.form)
    reply = versions.read(data)
    if reply.ntstatus == NtStatus.TOKEN_FORM_REFUSED:
        raise NtlmFormRefused(describe_ntstatus(reply.ntstatus), login.form, reply.ntstatus)
    _raise_error_code(reply)
    versions.check("server")
    if reply.token is None:
        raise RemoteProtocolError("CredSSP: the server sent no token")
    return login.prove(reply.token)


def _bind(
    login: NtlmClient, versions: _Versions, proof: bytes, public_key: bytes, nonce: bytes
) -> Generator[Send | Receive, bytes | None, None]:
    """Send the proof with what binds it to the TLS connection, and verify the server's."""
    version = versions.agreed
    binding = public_key_binding(version, is_client=True, public_key=public_key, nonce=nonce)
    request = TsRequest(
        version=versions.newest,
        nego_tokens=[proof],
        pub_key_auth=login.wrap(binding),
        client_nonce=nonce if version >= SAFE_VERSION else None,
    )
    yield Send(request.encode())
    data = yield Receive(Hint.TS_REQUEST)
    if not data:
        # freerdp-shadow 2.11.7 tells a wrong password in no other way.
        raise AuthenticationFailed(
            "the server closed the connection when it got the login: most likely a wrong user name or password"
        )
    reply = versions.read(data)
    if reply.ntstatus == NtStatus.TOKEN_FORM_REFUSED:
        # FreeRDP 3.15's servers, gnome-remote-desktop 48.1 among them, know one code for whatever they refuse.
        raise AuthenticationFailed(
            "the server refused the login: most likely a wrong user name or password", ntstatus=reply.ntstatus
        )
    _raise_error_code(reply)
    if reply.token is not None:
        login.finish(reply.token)
    if reply.pub_key_auth is None:
        raise RemoteProtocolError("CredSSP: the server sent no pubKeyAuth")
    expected = public_key_binding(version, is_client=False, public_key=public_key, nonce=nonce)
    if not hmac.compare_digest(login.unwrap(reply.pub_key_auth), expected):
        raise AuthenticationFailed(
            "the server did not prove that the TLS certificate is its own: is someone in between?"
        )


def _receive_authorization() -> Generator[Receive, bytes | None, None]:
    data = yield Receive(Hint.AUTHORIZATION_RESULT)
    if not data:
        raise AuthenticationFailed("the server closed the connection instead of letting the user in")
    result = int.from_bytes(data, "little")
    if result != AUTHORIZED:
        why = "the user may not log in to this server" if result == ACCESS_DENIED else "the user was not let in"
        raise AuthenticationFailed(f"{why} (authorization result {result:#x})")


def _raise_error_code(reply: TsRequest) -> None:
    """Fail with the server's error: the client "MUST immediately fail with the provided status code"."""
    if reply.error_code:
        raise AuthenticationFailed(describe_ntstatus(reply.ntstatus), ntstatus=reply.ntstatus)


# -- server ---------------------------------------------------------------------------------------------------------


def credssp_server(
    *,
    public_key: bytes,
    hybrid_ex: bool = False,
    names: TargetNames | None = None,
    min_version: int = SAFE_VERSION,
    max_version: int = NEWEST_VERSION,
) -> ServerExchange:
    """Let a client log in, with raw NTLM or SPNEGO; `public_key` is the server's own (`subject_public_key`).

    Raises `AuthenticationFailed` when it cannot, after the client was told where its version allows that; and
    `RemoteProtocolError` when the client breaks the protocol or leaves.
    """
    from trio_rdp.security.ntlm import NtlmServer  # pyspnego takes 0.1 s to import

    versions = _Versions(min_version, max_version)
    login = NtlmServer(names)
    try:
        request, domain, user, secret = yield from _accept_login(login, versions, public_key)
    except AuthenticationFailed as exc:
        if versions.carries_errors:
            status = exc.ntstatus or NtStatus.STATUS_LOGON_FAILURE
            # A signed number, as Windows sends it: FreeRDP 2 reads no INTEGER of five bytes.
            signed = int.from_bytes(status.to_bytes(4, "big"), "big", signed=True)
            yield Send(TsRequest(version=max_version, error_code=signed).encode())
        raise
    sealed = _require(request.auth_info, "authInfo")
    password = _delegated_password(login.unwrap(sealed), secret)
    if hybrid_ex:
        result = ACCESS_DENIED if password is None else AUTHORIZED
        yield Send(result.to_bytes(4, "little"))
    if password is None:
        raise AuthenticationFailed("the delegated password is not the one that logged in")
    return ServerCredentials(domain, user, password, versions.agreed)


def _accept_login(
    login: NtlmServer, versions: _Versions, public_key: bytes
) -> Generator[Send | Receive | NeedCredentials, bytes | str | Refuse | None, tuple[TsRequest, str, str, bytes]]:
    """Everything up to the TSRequest with the credentials: that one, domain, user and the account's NT hash."""
    identity = secret = answer = None
    nonce: bytes | None = None
    for _ in range(_MAX_ROUNDS):
        request = yield from _receive_request(versions)
        versions.check("client")
        nonce = request.client_nonce or nonce
        if (token := request.token) is not None and identity is None:
            identity = login.identity(token)
            if identity is None:
                answer = login.step(token)
            else:
                secret = yield from _look_up(*identity)
                answer = login.verify(token, secret)
        if request.pub_key_auth is not None:
            break
        yield Send(TsRequest(version=versions.newest, nego_tokens=[answer or b""]).encode())
    else:
        raise RemoteProtocolError(f"CredSSP: no end of tokens after {_MAX_ROUNDS}")
    if identity is None or secret is None:
        raise RemoteProtocolError("CredSSP: a pubKeyAuth before the login")
    binding = _answer_binding(login, versions, request, public_key, nonce)
    yield Send(
        TsRequest(
            version=versions.newest, nego_tokens=None if answer is None else [answer], pub_key_auth=login.wrap(binding)
        ).encode()
    )
    return (yield from _receive_request(versions)), *identity, secret


def _look_up(domain: str, user: str) -> Generator[NeedCredentials, bytes | str | Refuse | None, bytes | None]:
    answer = yield NeedCredentials(user, domain)
    if isinstance(answer, Refuse):
        raise AuthenticationFailed(
            f"login refused: {describe_ntstatus(answer.ntstatus)}", ntstatus=answer.ntstatus & 0xFFFFFFFF
        )
    return ntlm_hash(answer) if isinstance(answer, str) else answer


def _answer_binding(
    login: NtlmServer, versions: _Versions, request: TsRequest, public_key: bytes, nonce: bytes | None
) -> bytes:
    """Verify the client's binding, and give ours."""
    version = versions.agreed
    # FreeRDP sends a nonce whatever the version; it counts only where the binding is a hash.
    if version >= SAFE_VERSION and len(nonce or b"") != NONCE_SIZE:
        raise RemoteProtocolError(f"CredSSP: a nonce of {len(nonce or b'')} bytes")
    expected = public_key_binding(version, is_client=True, public_key=public_key, nonce=nonce)
    if not hmac.compare_digest(login.unwrap(_require(request.pub_key_auth, "pubKeyAuth")), expected):
        raise AuthenticationFailed(
            "the client is bound to another TLS certificate: is someone in between?",
            ntstatus=NtStatus.SEC_E_BAD_BINDINGS,
        )
    return public_key_binding(version, is_client=False, public_key=public_key, nonce=nonce)


def _receive_request(versions: _Versions) -> Generator[Receive, bytes | str | Refuse | None, TsRequest]:
    data = yield Receive(Hint.TS_REQUEST)
    if not data:
        raise RemoteProtocolError("the client closed the connection during its login")
    assert isinstance(data, bytes)
    request = versions.read(data)
    if request.error_code:
        raise RemoteProtocolError(f"the client gave its login up with {request.ntstatus:#010x}")
    return request


def _require(value: bytes | None, name: str) -> bytes:
    if value is None:
        raise RemoteProtocolError(f"CredSSP: the client sent no {name}")
    return value


def _delegated_password(data: bytes, nt_hash: bytes) -> str | None:
    """The password that the client delegates: empty when it delegates none, None when it belongs to another account."""
    credentials = TsCredentials.decode(data)
    if credentials.cred_type != CredentialType.PASSWORD:
        return ""
    try:
        password = TsPasswordCreds.decode(credentials.credentials).password
    except DecodeError:
        # Restricted administration delegates an empty structure, of which clients make different things.
        return ""
    if not password or hmac.compare_digest(ntlm_hash(password), nt_hash):
        return password
    return None
