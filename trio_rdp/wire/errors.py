"""The error tree: everything this library raises on purpose is an `RdpError`.

The whole tree stands here, at the bottom of the house, so that every layer can raise and catch the same names.
"""

from __future__ import annotations

__all__ = [
    "AuthenticationFailed",
    "CertificateRejected",
    "ChannelClosed",
    "ConnectFailed",
    "DeadlineExceeded",
    "DecodeError",
    "EncodeError",
    "InvalidField",
    "LicensingFailed",
    "LocalProtocolError",
    "NegotiationFailed",
    "ProtocolError",
    "RdpError",
    "RemoteProtocolError",
    "RequestRefused",
    "SessionClosed",
    "Truncated",
]


class RdpError(Exception):
    """The base of everything this library raises."""


class ProtocolError(RdpError):
    """One side did what the protocol forbids."""


class LocalProtocolError(ProtocolError):
    """You asked for what the protocol forbids now."""


class EncodeError(LocalProtocolError):
    """A value does not fit its field."""


class RemoteProtocolError(ProtocolError):
    """The peer broke the protocol."""


class DecodeError(RemoteProtocolError):
    """The bytes of one PDU are wrong.

    `pdu` names the PDU's class, `field` the field, `offset` the byte where decoding stopped; each may be unknown
    (an empty string, or None).
    """

    def __init__(self, message: str, *, pdu: str = "", field: str = "", offset: int | None = None) -> None:
        super().__init__(message)
        self.pdu = pdu
        self.field = field
        self.offset = offset

    def __str__(self) -> str:
        where = ".".join(filter(None, (self.pdu, self.field)))
        text = str(self.args[0])
        if where:
            text = f"{where}: {text}"
        return text if self.offset is None else f"{text} (offset {self.offset})"


class Truncated(DecodeError):
    """Fewer bytes than the layout needs."""


class InvalidField(DecodeError):
    """Bytes that cannot mean anything here."""


class ConnectFailed(RdpError):
    """No TCP connection, or no place to `listen on`: `address` says where, the message and the cause why."""

    def __init__(self, address: str, reason: str, *, action: str = "connect to") -> None:
        super().__init__(f"cannot {action} {address}: {reason}")
        self.address = address
        self.reason = reason


class DeadlineExceeded(RdpError):
    """One of the protocol's own deadlines in `Limits` passed; `phase` names what did not happen in time."""

    def __init__(self, phase: str, seconds: float | None = None) -> None:
        super().__init__(f"{phase}: no answer in time" if seconds is None else f"{phase}: no answer in {seconds:g} s")
        self.phase = phase
        self.seconds = seconds


class NegotiationFailed(RdpError):
    """The security protocols of both sides do not meet; `code` is the server's failure code, when it sent one."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class CertificateRejected(RdpError):
    """The server's certificate did not pass the policy.

    `fingerprint` is the SHA-256 of the DER certificate in lower-case hex (empty when it could not be fetched), so that
    a user can look at it and pin it.
    """

    def __init__(self, reason: str, fingerprint: str = "") -> None:
        super().__init__(f"{reason} (SHA-256 {fingerprint})" if fingerprint else reason)
        self.reason = reason
        self.fingerprint = fingerprint


class AuthenticationFailed(RdpError):
    """The credentials, or the server's proof of itself, did not hold; `ntstatus` is the peer's code, when known."""

    def __init__(self, message: str, ntstatus: int | None = None) -> None:
        super().__init__(message)
        self.ntstatus = ntstatus


class LicensingFailed(RdpError):
    """The licensing exchange ended without a licence; `code` is the peer's error code, when it sent one."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class SessionClosed(RdpError):
    """The session is over; `reason` says why in plain words, `code` is the peer's error info, when it sent one."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class ChannelClosed(RdpError):
    """A channel has ended while its session goes on; `name` says which, `reason` why in plain words."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"channel {name}: {reason}")
        self.name = name
        self.reason = reason


class RequestRefused(RdpError):
    """The peer answered a request on a channel with a failure; `code` is its status, when it sent one."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code
