"""What clients answer, [MS-RDPEWA] 2.2.2: a result, and what the command asked for.

A response does not say what was asked: whoever decodes it has to know.
"""

from __future__ import annotations

import struct
import uuid
from typing import Annotated, ClassVar, Self, TypeAlias

from trio_rdp.channels.webauthn.maps import Key, MapPdu, boolean, guid, guid_bytes, map_of, nested, of_type, unsigned
from trio_rdp.channels.webauthn.requests import RpcCommand, UserVerificationRequirement
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.fields import U32, Rest
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "AnyWebAuthnResponse",
    "ApiVersionResponse",
    "DeviceInfo",
    "IuvpaaResponse",
    "UnmatchedWebAuthnResponse",
    "WebAuthnMap",
    "WebAuthnResponse",
    "decode_webauthn_response",
]

_RESULT = struct.Struct("<I")


@pdu
class DeviceInfo(MapPdu):
    """The deviceInfo of a response map, [MS-RDPEWA] 2.2.2.1: which authenticator answered.

    Texts are for information only.  `credential_list_index_plus_one` is in the examples only.
    """

    keys: ClassVar[tuple[Key, ...]] = (
        Key("maxMsgSize", "max_msg_size", unsigned()),
        Key("maxSerializedLargeBlobArray", "max_serialized_large_blob_array", unsigned()),
        Key("providerType", "provider_type", of_type(str)),
        Key("providerName", "provider_name", of_type(str)),
        Key("devicePath", "device_path", of_type(str)),
        Key("manufacturer", "manufacturer", of_type(str)),
        Key("product", "product", of_type(str)),
        Key("aaGuid", "aa_guid", guid, guid_bytes),
        Key("residentKey", "resident_key", boolean),
        Key("credentialListIndexPlusOne", "credential_list_index_plus_one", unsigned()),
        Key("uvStatus", "uv_status", unsigned(UserVerificationRequirement)),
        Key("uvRetries", "uv_retries", unsigned()),
    )

    max_msg_size: int | None = None
    max_serialized_large_blob_array: int | None = None
    provider_type: str | None = None
    provider_name: str | None = None
    device_path: str | None = None
    manufacturer: str | None = None
    product: str | None = None
    aa_guid: uuid.UUID | None = None
    resident_key: bool | None = None
    credential_list_index_plus_one: int | None = None
    uv_status: UserVerificationRequirement | None = None
    uv_retries: int | None = None


@pdu
class WebAuthnMap(MapPdu):
    """CTAPCBOR_RPC_COMMAND_WEB_AUTHN Response Map, [MS-RDPEWA] 2.2.2.1; `decode_ctap_response` reads `response`."""

    keys: ClassVar[tuple[Key, ...]] = (
        Key("deviceInfo", "device_info", nested(DeviceInfo), map_of),
        Key("status", "status", unsigned()),
        Key("response", "response", of_type(bytes)),
    )

    device_info: DeviceInfo | None = None
    status: int | None = None
    response: bytes | None = None


@pdu
class WebAuthnResponse(Pdu):
    """The response to WEB_AUTHN; without a map where the result is a failure."""

    h_result: int = 0
    map: WebAuthnMap | None = None

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        h_result = src.u32()
        return cls(h_result=h_result, map=WebAuthnMap.decode_from(src) if src.remaining else None)

    def encode_into(self, dst: bytearray) -> None:
        dst += _RESULT.pack(self.h_result)
        if self.map is not None:
            self.map.encode_into(dst)


@pdu
class IuvpaaResponse(Pdu):
    """The response to IUVPAA: 1 where there is a platform's authenticator that verifies users, else 0."""

    h_result: U32 = 0
    is_available: U32 | None = None


@pdu
class ApiVersionResponse(Pdu):
    """The response to API_VERSION: the version of Windows' WebAuthn."""

    h_result: U32 = 0
    api_version: U32 | None = None


@pdu
class UnmatchedWebAuthnResponse(Pdu):
    """A response of which only the result was read: that is all of one to CANCEL_CUR_OP."""

    h_result: U32 = 0
    response: Annotated[bytes, Rest()] = b""


AnyWebAuthnResponse: TypeAlias = WebAuthnResponse | IuvpaaResponse | ApiVersionResponse | UnmatchedWebAuthnResponse

_CLASSES: dict[int, type[AnyWebAuthnResponse]] = {
    RpcCommand.WEB_AUTHN: WebAuthnResponse,
    RpcCommand.IUVPAA: IuvpaaResponse,
    RpcCommand.API_VERSION: ApiVersionResponse,
}


def decode_webauthn_response(data: bytes, command: RpcCommand) -> AnyWebAuthnResponse:
    """Decode what a client answered to `command`; raises `DecodeError`."""
    return _CLASSES.get(command, UnmatchedWebAuthnResponse).decode(data)
