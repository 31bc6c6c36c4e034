"""CredSSP's messages, [MS-CSSP] 2.2.1: TSRequest, and the credentials that are sealed inside the last one."""

from __future__ import annotations

from typing import Self

from trio_rdp.security import der
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import InvalidField
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "MAX_TS_REQUEST",
    "CredentialType",
    "TsCredentials",
    "TsPasswordCreds",
    "TsRequest",
    "ts_request_size",
]

# Windows limits a login token to 65,535 bytes (MaxTokenSize); a TSRequest holds one, a binding and a nonce.
MAX_TS_REQUEST = 131_072
_MAX_TOKENS = 16  # every peer sends one


def ts_request_size(data: bytes) -> int | None:
    """How many bytes the TSRequest takes that starts `data`; None until its header is there (at most six bytes).

    Exactly so many must be read: what follows on the same connection is no TSRequest.  Raises `InvalidField` when the
    bytes begin something else, or one of more than `MAX_TS_REQUEST` bytes.
    """
    if data and data[0] != der.SEQUENCE:
        raise InvalidField(f"starts with {data[0]:#04x}", pdu="TsRequest", offset=0)
    size = der.size(data)
    if size is not None and size > MAX_TS_REQUEST:
        raise InvalidField(f"{size} bytes exceed {MAX_TS_REQUEST}", pdu="TsRequest", offset=1)
    return size


@pdu
class TsRequest(Pdu):
    """TSRequest, [MS-CSSP] 2.2.1.

    `error_code` is the number as its INTEGER says it: Windows and FreeRDP write NTSTATUS codes signed.
    """

    version: int = 6
    nego_tokens: list[bytes] | None = None
    auth_info: bytes | None = None
    pub_key_auth: bytes | None = None
    error_code: int | None = None
    client_nonce: bytes | None = None

    def __repr__(self) -> str:
        # Tokens prove passwords and can be attacked offline, so only their presence is shown.
        names = ("nego_tokens", "auth_info", "pub_key_auth", "client_nonce")
        parts = [f"version={self.version}", *(f"{name}=..." for name in names if getattr(self, name) is not None)]
        if self.error_code is not None:
            parts.append(f"error_code={self.ntstatus:#010x}")
        return f"TsRequest({', '.join(parts)})"

    @property
    def ntstatus(self) -> int:
        """The error code as an unsigned NTSTATUS; 0 without one."""
        return (self.error_code or 0) & 0xFFFFFFFF

    @property
    def token(self) -> bytes | None:
        """The login token, of which every peer sends one at a time."""
        return self.nego_tokens[0] if self.nego_tokens else None

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        body = der.read(src, der.SEQUENCE)
        self = cls(version=der.decode_integer(der.read(der.read(body, der.context(0)), der.INTEGER)))
        if (field := der.read_optional(body, der.context(1))) is not None:
            self.nego_tokens = _decode_tokens(field)
        self.auth_info = _read_octets(body, 2)
        self.pub_key_auth = _read_octets(body, 3)
        if (field := der.read_optional(body, der.context(4))) is not None:
            self.error_code = der.decode_integer(der.read(field, der.INTEGER))
        self.client_nonce = _read_octets(body, 5)
        return self

    def encode_into(self, dst: bytearray) -> None:
        parts = [der.write(der.context(0), der.encode_integer(self.version))]
        if self.nego_tokens is not None:
            tokens = [
                der.write(der.SEQUENCE, der.write(der.context(0), der.write(der.OCTET_STRING, token)))
                for token in self.nego_tokens
            ]
            parts.append(der.write(der.context(1), der.write(der.SEQUENCE, *tokens)))
        parts += _octets(2, self.auth_info), _octets(3, self.pub_key_auth)
        if self.error_code is not None:
            parts.append(der.write(der.context(4), der.encode_integer(self.error_code)))
        parts.append(_octets(5, self.client_nonce))
        dst += der.write(der.SEQUENCE, *parts)


def _decode_tokens(field: Cursor) -> list[bytes]:
    tokens: list[bytes] = []
    sequence = der.read(field, der.SEQUENCE)
    while sequence.remaining:
        if len(tokens) == _MAX_TOKENS:
            raise InvalidField(f"more than {_MAX_TOKENS} tokens", pdu="TsRequest", field="negoTokens")
        item = der.read(sequence, der.SEQUENCE)
        tokens.append(der.read(der.read(item, der.context(0)), der.OCTET_STRING).rest())
    return tokens


def _read_octets(body: Cursor, number: int) -> bytes | None:
    field = der.read_optional(body, der.context(number))
    return None if field is None else der.read(field, der.OCTET_STRING).rest()


def _octets(number: int, value: bytes | None) -> bytes:
    return b"" if value is None else der.write(der.context(number), der.write(der.OCTET_STRING, value))


class CredentialType(OpenEnum):
    """credType, [MS-CSSP] 2.2.1.2."""

    PASSWORD = 1
    SMART_CARD = 2
    REMOTE_GUARD = 6


@pdu
class TsCredentials(Pdu):
    """TSCredentials, [MS-CSSP] 2.2.1.2; `credentials` is the DER of what `cred_type` names."""

    cred_type: CredentialType = CredentialType.PASSWORD
    credentials: bytes

    def __repr__(self) -> str:
        return f"TsCredentials(cred_type={self.cred_type!r}, ...)"

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        body = der.read(src, der.SEQUENCE)
        cred_type = der.decode_integer(der.read(der.read(body, der.context(0)), der.INTEGER))
        credentials = der.read(der.read(body, der.context(1)), der.OCTET_STRING).rest()
        return cls(cred_type=CredentialType(cred_type), credentials=credentials)

    def encode_into(self, dst: bytearray) -> None:
        dst += der.write(
            der.SEQUENCE,
            der.write(der.context(0), der.encode_integer(self.cred_type)),
            _octets(1, self.credentials),
        )


@pdu
class TsPasswordCreds(Pdu):
    """TSPasswordCreds, [MS-CSSP] 2.2.1.2.1."""

    domain_name: str = ""
    user_name: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"TsPasswordCreds(domain_name={self.domain_name!r}, user_name={self.user_name!r}, ...)"

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        body = der.read(src, der.SEQUENCE)
        texts = [_read_text(body, number) for number in range(3)]
        return cls(domain_name=texts[0], user_name=texts[1], password=texts[2])

    def encode_into(self, dst: bytearray) -> None:
        texts = (self.domain_name, self.user_name, self.password)
        fields = [_octets(number, text.encode("utf-16-le", "surrogatepass")) for number, text in enumerate(texts)]
        dst += der.write(der.SEQUENCE, *fields)


def _read_text(body: Cursor, number: int) -> str:
    raw = der.read(der.read(body, der.context(number)), der.OCTET_STRING).rest()
    if len(raw) % 2:
        raise InvalidField(f"a UTF-16 string of {len(raw)} bytes", pdu="TsPasswordCreds")
    return raw.decode("utf-16-le", "surrogatepass")
