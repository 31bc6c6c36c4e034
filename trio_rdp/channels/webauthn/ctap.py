"""What authenticators are asked and answer, [MS-RDPEWA] 2.2.1.2, 2.2.1.3 and 2.2.2.1.1 to 2.2.2.1.2.

Maps inside, whose keys are those of [FIDO-CTAP], are left as they are.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self, TypeAlias

from trio_rdp.channels.webauthn.cbor import CborMap
from trio_rdp.channels.webauthn.maps import Key, MapPdu, of_type, unsigned
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, InvalidField
from trio_rdp.wire.fields import Rest, u8
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "AnyCtapRequest",
    "AnyCtapResponse",
    "CtapCommand",
    "CtapRequest",
    "CtapResponse",
    "GetAssertionRequest",
    "GetAssertionResponse",
    "MakeCredentialRequest",
    "MakeCredentialResponse",
    "decode_ctap_request",
    "decode_ctap_response",
]


class CtapCommand(OpenEnum):
    """What an authenticator is to do (CTAPCBOR_CMD_*)."""

    MAKE_CREDENTIAL = 0x01
    GET_ASSERTION = 0x02


class _Prefixed(MapPdu):
    """A map behind a byte, which `decode` and `encode` take and give with it."""

    __slots__ = ()

    first: ClassVar[int]

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode one request or response; bytes behind it are ignored."""
        try:
            src = Cursor(data)
            first = src.u8()
            if first != cls.first:
                raise InvalidField(f"{first:#x} in the place of {cls.first:#x}", offset=0)
            return cls.decode_from(src)
        except DecodeError as exc:
            exc.pdu = exc.pdu or cls.__name__
            raise

    def encode(self) -> bytes:
        """The first byte, and the map."""
        return bytes((self.first,)) + super().encode()


@pdu
class CtapRequest(Pdu):
    """A request of which only the command was read; the rest is a CBOR map."""

    command: Annotated[CtapCommand, u8]
    map: Annotated[bytes, Rest()] = b""


@pdu
class MakeCredentialRequest(_Prefixed):
    """CTAPCBOR_CMD_MAKE_CREDENTIAL Request, [MS-RDPEWA] 2.2.1.2: make a key for an account."""

    first: ClassVar[int] = CtapCommand.MAKE_CREDENTIAL
    keys: ClassVar[tuple[Key, ...]] = (
        Key(1, "client_data_hash", of_type(bytes), required=True),
        Key(2, "relying_party", of_type(dict), required=True),
        Key(3, "user", of_type(dict), required=True),
        Key(4, "algorithms", of_type(list), required=True),
        Key(5, "exclude_list", of_type(list)),
        Key(6, "extensions", of_type(dict)),
        Key(7, "options", of_type(dict)),
    )

    client_data_hash: bytes
    relying_party: CborMap
    user: CborMap
    algorithms: list[Any]
    exclude_list: list[Any] | None = None
    extensions: CborMap | None = None
    options: CborMap | None = None


@pdu
class GetAssertionRequest(_Prefixed):
    """CTAPCBOR_CMD_GET_ASSERTION Request, [MS-RDPEWA] 2.2.1.3: sign with a key that was made before.

    The table calls the fifth an exclude list; in its example, and in [FIDO-CTAP], it is the options.
    """

    first: ClassVar[int] = CtapCommand.GET_ASSERTION
    keys: ClassVar[tuple[Key, ...]] = (
        Key(1, "relying_party_id", of_type(str), required=True),
        Key(2, "client_data_hash", of_type(bytes), required=True),
        Key(3, "include_list", of_type(list)),
        Key(4, "extensions", of_type(dict)),
        Key(5, "options", of_type(dict)),
    )

    relying_party_id: str
    client_data_hash: bytes
    include_list: list[Any] | None = None
    extensions: CborMap | None = None
    options: CborMap | None = None


@pdu
class CtapResponse(Pdu):
    """A response of which only the status was read: 0, or an error of [FIDO-CTAP] with nothing behind it."""

    status: Annotated[int, u8] = 0
    map: Annotated[bytes, Rest()] = b""


@pdu
class MakeCredentialResponse(_Prefixed):
    """CTAP MakeCredential Response, [MS-RDPEWA] 2.2.2.1.1, behind a status of success."""

    first: ClassVar[int] = 0
    keys: ClassVar[tuple[Key, ...]] = (
        Key(1, "format", of_type(str), required=True),
        Key(2, "authenticator_data", of_type(bytes), required=True),
        Key(3, "attestation_statement", of_type(dict)),
    )

    format: str
    authenticator_data: bytes
    attestation_statement: CborMap | None = None


@pdu
class GetAssertionResponse(_Prefixed):
    """CTAP GetAssertion Response, [MS-RDPEWA] 2.2.2.1.2, behind a status of success."""

    first: ClassVar[int] = 0
    keys: ClassVar[tuple[Key, ...]] = (
        Key(1, "credential", of_type(dict)),
        Key(2, "authenticator_data", of_type(bytes), required=True),
        Key(3, "signature", of_type(bytes), required=True),
        Key(4, "user", of_type(dict)),
        Key(5, "number_of_credentials", unsigned()),
    )

    credential: CborMap | None = None
    authenticator_data: bytes
    signature: bytes
    user: CborMap | None = None
    number_of_credentials: int | None = None


AnyCtapRequest: TypeAlias = MakeCredentialRequest | GetAssertionRequest | CtapRequest
AnyCtapResponse: TypeAlias = MakeCredentialResponse | GetAssertionResponse | CtapResponse


def decode_ctap_request(request: bytes) -> AnyCtapRequest:
    """Decode the `request` of a WEB_AUTHN request; raises `DecodeError`, but keeps one of an unknown command."""
    unknown = CtapRequest.decode(request)
    if unknown.command == CtapCommand.MAKE_CREDENTIAL:
        return MakeCredentialRequest.decode(request)
    return GetAssertionRequest.decode(request) if unknown.command == CtapCommand.GET_ASSERTION else unknown


def decode_ctap_response(response: bytes, command: CtapCommand) -> AnyCtapResponse:
    """Decode the `response` of a `WebAuthnMap` to `command`; raises `DecodeError`, but keeps errors as they came."""
    unknown = CtapResponse.decode(response)
    if unknown.status or not command.is_known:
        return unknown
    if command == CtapCommand.MAKE_CREDENTIAL:
        return MakeCredentialResponse.decode(response)
    return GetAssertionResponse.decode(response)
