"""Licensing: the preamble and error message of [MS-RDPBCGR] 2.2.1.12, and all of [MS-RDPELE] 2.2.2.

What is encrypted stays bytes here; the structures inside have classes of their own.  Certificates stay DER.
"""

from __future__ import annotations

import struct
from typing import Annotated, ClassVar, Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated
from trio_rdp.wire.fields import U16, U32, Codec, Counted, Prefixed, Raw, Utf16Prefixed, u16, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "BlobType",
    "CertBlob",
    "ClientHardwareIdentification",
    "ClientType",
    "LicenseBinaryBlob",
    "LicenseDetailLevel",
    "LicenseErrorCode",
    "LicenseInformation",
    "LicenseRequest",
    "LicenseStateTransition",
    "LicensingErrorMessage",
    "LicensingMessage",
    "LicensingMessageType",
    "LicensingPdu",
    "LicensingPreambleFlags",
    "NewLicense",
    "NewLicenseInformation",
    "NewLicenseRequest",
    "PlatformChallenge",
    "PlatformChallengeResponse",
    "PlatformChallengeResponseData",
    "ProductInformation",
    "Scope",
    "UnknownLicensingMessage",
    "UpgradeLicense",
    "X509CertificateChain",
    "valid_client",
]

KEY_EXCHANGE_ALG_RSA = 0x00000001
PREAMBLE_VERSION_3_0 = 0x03

# Windows sends one scope; 2.2.1.4.2 allows 200 certificates; names of products are a dozen characters.
MAX_SCOPES = 256
MAX_CERTIFICATES = 200
MAX_NAME_SIZE = 1024

_PREAMBLE = struct.Struct("<BBH")
_SECURITY_HEADER = 4


class LicensingMessageType(OpenEnum):
    """The types of licensing messages: those below 0x10 are the server's, ERROR_ALERT is everyone's."""

    LICENSE_REQUEST = 0x01
    PLATFORM_CHALLENGE = 0x02
    NEW_LICENSE = 0x03
    UPGRADE_LICENSE = 0x04
    LICENSE_INFO = 0x12
    NEW_LICENSE_REQUEST = 0x13
    PLATFORM_CHALLENGE_RESPONSE = 0x15
    ERROR_ALERT = 0xFF


class LicensingPreambleFlags(Flags):
    """The version of the licensing protocol in the low nibble, and whether extended errors are understood."""

    VERSION_MASK = Flag(0x0F)
    EXTENDED_ERROR_MSG_SUPPORTED = Flag(0x80)

    @property
    def version(self) -> int:
        """The version: 2 is RDP 4.0, 3 all since."""
        return int(self) & 0x0F


class BlobType(OpenEnum):
    """What a Licensing Binary Blob holds."""

    DATA = 0x0001
    RANDOM = 0x0002
    CERTIFICATE = 0x0003
    ERROR = 0x0004
    RSA_KEY = 0x0006
    RSA_SIGNATURE = 0x0008
    ENCRYPTED_DATA = 0x0009
    KEY_EXCHANGE_ALGORITHM = 0x000D
    SCOPE = 0x000E
    CLIENT_USER_NAME = 0x000F
    CLIENT_MACHINE_NAME = 0x0010


@pdu
class LicenseBinaryBlob(Pdu):
    """Licensing Binary Blob (LICENSE_BINARY_BLOB), [MS-RDPBCGR] 2.2.1.12.1.2.

    Peers fill in the type carelessly (it is random in [MS-RDPELE] 4.4, and in an empty blob from xrdp), so it is kept
    and never checked.
    """

    blob_type: Annotated[BlobType, u16]
    blob_data: Annotated[bytes, Prefixed(u16)] = b""


class LicensingMessage(Pdu):
    """The base of all licensing messages; `message_type` is what the preamble says of the class."""

    __slots__ = ()

    message_type: ClassVar[LicensingMessageType]


@pdu
class ProductInformation(Pdu):
    """Product Information (PRODUCT_INFO), [MS-RDPELE] 2.2.2.1.1.

    The version's high word is the server's major version, the low one its minor version.
    """

    version: U32
    company_name: Annotated[str, Utf16Prefixed(u32, limit=MAX_NAME_SIZE)]
    product_id: Annotated[str, Utf16Prefixed(u32, limit=MAX_NAME_SIZE)]


@pdu
class Scope(Pdu):
    """Scope (SCOPE), [MS-RDPELE] 2.2.2.1.2.1: the name of an issuer of licences, in ISO 8859-1."""

    scope: str

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        return cls(scope=_ansi(LicenseBinaryBlob.decode_from(src).blob_data))

    def encode_into(self, dst: bytearray) -> None:
        LicenseBinaryBlob(blob_type=BlobType.SCOPE, blob_data=_terminated(self.scope)).encode_into(dst)


@pdu
class LicenseRequest(LicensingMessage):
    """Server License Request (SERVER_LICENSE_REQUEST), [MS-RDPELE] 2.2.2.1.

    An empty certificate means that the one of the connection's security exchange counts.
    """

    message_type: ClassVar[LicensingMessageType] = LicensingMessageType.LICENSE_REQUEST

    server_random: Annotated[bytes, Raw(32)]
    product_info: ProductInformation
    key_exchange_list: LicenseBinaryBlob
    server_certificate: LicenseBinaryBlob
    scope_list: Annotated[list[Scope], Counted(u32, limit=MAX_SCOPES)]


@pdu
class NewLicenseRequest(LicensingMessage):
    """Client New License Request (CLIENT_NEW_LICENSE_REQUEST), [MS-RDPELE] 2.2.2.2: the client has no licence."""

    message_type: ClassVar[LicensingMessageType] = LicensingMessageType.NEW_LICENSE_REQUEST

    preferred_key_exchange_alg: U32 = KEY_EXCHANGE_ALG_RSA
    platform_id: U32
    client_random: Annotated[bytes, Raw(32)]
    encrypted_pre_master_secret: LicenseBinaryBlob
    client_user_name: LicenseBinaryBlob
    client_machine_name: LicenseBinaryBlob


@pdu
class LicenseInformation(LicensingMessage):
    """Client License Information (CLIENT_LICENSE_INFO), [MS-RDPELE] 2.2.2.3: the client has a licence already."""

    message_type: ClassVar[LicensingMessageType] = LicensingMessageType.LICENSE_INFO

    preferred_key_exchange_alg: U32 = KEY_EXCHANGE_ALG_RSA
    platform_id: U32
    client_random: Annotated[bytes, Raw(32)]
    encrypted_pre_master_secret: LicenseBinaryBlob
    license_info: LicenseBinaryBlob
    encrypted_hwid: LicenseBinaryBlob
    mac_data: Annotated[bytes, Raw(16)]


@pdu
class ClientHardwareIdentification(Pdu):
    """Client Hardware Identification (CLIENT_HARDWARE_ID), [MS-RDPELE] 2.2.2.3.1."""

    platform_id: U32
    data1: U32
    data2: U32
    data3: U32
    data4: U32


@pdu
class PlatformChallenge(LicensingMessage):
    """Server Platform Challenge (SERVER_PLATFORM_CHALLENGE), [MS-RDPELE] 2.2.2.4."""

    message_type: ClassVar[LicensingMessageType] = LicensingMessageType.PLATFORM_CHALLENGE

    connect_flags: U32 = 0
    encrypted_platform_challenge: LicenseBinaryBlob
    mac_data: Annotated[bytes, Raw(16)]


@pdu
class PlatformChallengeResponse(LicensingMessage):
    """Client Platform Challenge Response (CLIENT_PLATFORM_CHALLENGE_RESPONSE), [MS-RDPELE] 2.2.2.5."""

    message_type: ClassVar[LicensingMessageType] = LicensingMessageType.PLATFORM_CHALLENGE_RESPONSE

    encrypted_platform_challenge_response: LicenseBinaryBlob
    encrypted_hwid: LicenseBinaryBlob
    mac_data: Annotated[bytes, Raw(16)]


class ClientType(OpenEnum):
    """The client's kind of operating system."""

    WIN32 = 0x0100
    WIN16 = 0x0200
    WINCE = 0x0300
    OTHER = 0xFF00


class LicenseDetailLevel(OpenEnum):
    """How much of a licence's certificate chain the client wants."""

    SIMPLE = 0x0001
    MODERATE = 0x0002
    DETAIL = 0x0003


@pdu
class PlatformChallengeResponseData(Pdu):
    """Platform Challenge Response Data (PLATFORM_CHALLENGE_RESPONSE_DATA), [MS-RDPELE] 2.2.2.5.1.

    `challenge` is the server's, decrypted.
    """

    version: U16 = 0x0100
    client_type: Annotated[ClientType, u16] = ClientType.OTHER
    license_detail_level: Annotated[LicenseDetailLevel, u16] = LicenseDetailLevel.DETAIL
    challenge: Annotated[bytes, Prefixed(u16)]


@pdu
class UpgradeLicense(LicensingMessage):
    """Server Upgrade License (SERVER_UPGRADE_LICENSE), [MS-RDPELE] 2.2.2.6; inside is `NewLicenseInformation`."""

    message_type: ClassVar[LicensingMessageType] = LicensingMessageType.UPGRADE_LICENSE

    encrypted_license_info: LicenseBinaryBlob
    mac_data: Annotated[bytes, Raw(16)]


@pdu
class NewLicense(LicensingMessage):
    """Server New License (SERVER_NEW_LICENSE), [MS-RDPELE] 2.2.2.7; inside is `NewLicenseInformation`."""

    message_type: ClassVar[LicensingMessageType] = LicensingMessageType.NEW_LICENSE

    encrypted_license_info: LicenseBinaryBlob
    mac_data: Annotated[bytes, Raw(16)]


class _AnsiPrefixed(Codec):
    """A null-terminated ISO 8859-1 string behind its length in bytes, terminator included."""

    _bytes = Prefixed(u32, limit=MAX_NAME_SIZE)

    def decode_from(self, src: Cursor) -> str:
        return _ansi(self._bytes.decode_from(src))

    def encode_into(self, dst: bytearray, value: str) -> None:
        self._bytes.encode_into(dst, _terminated(value))


@pdu
class NewLicenseInformation(Pdu):
    """New License Information (NEW_LICENSE_INFO), [MS-RDPELE] 2.2.2.6.1.

    `license_info` is the licence, opaque to the client; the other fields are under what the client stores it.
    """

    version: U32
    scope: Annotated[str, _AnsiPrefixed()]
    company_name: Annotated[str, Utf16Prefixed(u32, limit=MAX_NAME_SIZE)]
    product_id: Annotated[str, Utf16Prefixed(u32, limit=MAX_NAME_SIZE)]
    license_info: Annotated[bytes, Prefixed(u32)]


class LicenseErrorCode(OpenEnum):
    """What went wrong, or that all is well: STATUS_VALID_CLIENT."""

    INVALID_SERVER_CERTIFICATE = 0x00000001
    NO_LICENSE = 0x00000002
    INVALID_MAC = 0x00000003
    INVALID_SCOPE = 0x00000004
    NO_LICENSE_SERVER = 0x00000006
    STATUS_VALID_CLIENT = 0x00000007
    INVALID_CLIENT = 0x00000008
    INVALID_PRODUCT_ID = 0x0000000B
    INVALID_MESSAGE_LENGTH = 0x0000000C


class LicenseStateTransition(OpenEnum):
    """What the receiver of an error does next."""

    TOTAL_ABORT = 0x00000001
    NO_TRANSITION = 0x00000002
    RESET_PHASE_TO_START = 0x00000003
    RESEND_LAST_MESSAGE = 0x00000004


@pdu
class LicensingErrorMessage(LicensingMessage):
    """Licensing Error Message (LICENSE_ERROR_MESSAGE), [MS-RDPBCGR] 2.2.1.12.1.3."""

    message_type: ClassVar[LicensingMessageType] = LicensingMessageType.ERROR_ALERT

    error_code: Annotated[LicenseErrorCode, u32]
    state_transition: Annotated[LicenseStateTransition, u32]
    error_info: LicenseBinaryBlob


@pdu
class UnknownLicensingMessage(Pdu):
    """A licensing message of a type that is not known here, kept as it came."""

    message_type: LicensingMessageType
    data: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        return cls(message_type=LicensingMessageType(src.u8()), data=src.rest())

    def encode_into(self, dst: bytearray) -> None:
        dst.append(self.message_type)
        dst += self.data


_MESSAGES: dict[int, type[LicensingMessage]] = {
    cls.message_type: cls
    for cls in (
        LicenseRequest,
        PlatformChallenge,
        NewLicense,
        UpgradeLicense,
        LicenseInformation,
        NewLicenseRequest,
        PlatformChallengeResponse,
        LicensingErrorMessage,
    )
}


@pdu
class LicensingPdu(Pdu):
    """Licensing PDU (TS_LICENSING_PDU), [MS-RDPELE] 2.2.2, behind its security header: a Licensing Preamble
    (LICENSE_PREAMBLE), [MS-RDPBCGR] 2.2.1.12.1.1, and one message.
    """

    flags: LicensingPreambleFlags = LicensingPreambleFlags(PREAMBLE_VERSION_3_0)
    message: LicensingMessage | UnknownLicensingMessage

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        message_type, flags, size = _PREAMBLE.unpack(src.take(_PREAMBLE.size))
        if size < _PREAMBLE.size:
            raise InvalidField(f"message size {size}", pdu=cls.__name__, field="msg_size", offset=src.pos - 2)
        # IronRDP counts the security header in front as well, so that many bytes may be missing.
        if size - _PREAMBLE.size > src.remaining + _SECURITY_HEADER:
            missing = size - _PREAMBLE.size
            raise Truncated(f"needs {missing} bytes, {src.remaining} left", pdu=cls.__name__, offset=src.pos)
        body = src.sub(min(size - _PREAMBLE.size, src.remaining))
        known = _MESSAGES.get(message_type)
        message: LicensingMessage | UnknownLicensingMessage
        if known is None:
            message = UnknownLicensingMessage(message_type=LicensingMessageType(message_type), data=body.rest())
        else:
            message = known.decode_from(body)
        return cls(flags=LicensingPreambleFlags(flags), message=message)

    def encode_into(self, dst: bytearray) -> None:
        message = self.message
        body = message.data if isinstance(message, UnknownLicensingMessage) else message.encode()
        dst += _PREAMBLE.pack(message.message_type, self.flags, _PREAMBLE.size + len(body))
        dst += body


def valid_client() -> LicensingPdu:
    """The message with which a server ends licensing without a licence, [MS-RDPBCGR] 2.2.1.12.1."""
    return LicensingPdu(
        message=LicensingErrorMessage(
            error_code=LicenseErrorCode.STATUS_VALID_CLIENT,
            state_transition=LicenseStateTransition.NO_TRANSITION,
            error_info=LicenseBinaryBlob(blob_type=BlobType.ERROR),
        )
    )


@pdu
class CertBlob(Pdu):
    """CertBlob (CERT_BLOB), [MS-RDPELE] 2.2.1.4.2.1: one X.509 certificate in DER."""

    cert: Annotated[bytes, Prefixed(u32)]


@pdu
class X509CertificateChain(Pdu):
    """X.509 Certificate Chain (X509_CERTIFICATE_CHAIN), [MS-RDPELE] 2.2.1.4.2, the root first, the server last.

    The padding behind it means nothing; its size follows from the number of certificates.
    """

    cert_blobs: list[CertBlob]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        blobs: list[CertBlob] = _CERT_BLOBS.decode_from(src)
        src.skip(min(8 + 4 * len(blobs), src.remaining))
        return cls(cert_blobs=blobs)

    def encode_into(self, dst: bytearray) -> None:
        _CERT_BLOBS.encode_into(dst, self.cert_blobs)
        dst += bytes(8 + 4 * len(self.cert_blobs))


_CERT_BLOBS = Counted(u32, limit=MAX_CERTIFICATES).of(CertBlob)


def _ansi(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("latin-1")


def _terminated(text: str) -> bytes:
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError as exc:
        raise EncodeError(f"{text!r} is not ISO 8859-1") from exc
    if b"\0" in raw:
        raise EncodeError("a null character inside a null-terminated string")
    return raw + b"\0"
