"""What servers ask, [MS-RDPEWA] 2.2.1."""

from __future__ import annotations

import uuid
from typing import ClassVar

from trio_rdp.channels.webauthn.cbor import CborMap
from trio_rdp.channels.webauthn.maps import Key, MapPdu, boolean, guid, guid_bytes, map_of, nested, of_type, unsigned
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import pdu

__all__ = [
    "AttestationConveyancePreference",
    "AuthenticatorAttachment",
    "EnterpriseAttestation",
    "RpcCommand",
    "UserVerificationRequirement",
    "WebAuthnFlags",
    "WebAuthnParameters",
    "WebAuthnRequest",
    "decode_webauthn_request",
]


class RpcCommand(OpenEnum):
    """What is asked (CTAPCBOR_RPC_COMMAND_*)."""

    WEB_AUTHN = 5
    IUVPAA = 6
    CANCEL_CUR_OP = 7
    API_VERSION = 8


class WebAuthnFlags(Flags):
    """How it is to be done (CTAPCLT_*_FLAG)."""

    SELECT_CREDENTIAL_ALLOW_UV = Flag(0x00008000)
    U2F = Flag(0x00020000)
    DUAL = Flag(0x00040000)
    CLIENT_PIN_REQUIRED = Flag(0x00100000)
    UV_REQUIRED = Flag(0x00400000)
    UV_PREFERRED = Flag(0x00800000)
    UV_NOT_REQUIRED = Flag(0x01000000)
    HMAC_SECRET_EXTENSION = Flag(0x04000000)
    FORCE_U2F_V2 = Flag(0x08000000)


class AuthenticatorAttachment(OpenEnum):
    """Which authenticators may be used (WEBAUTHN_AUTHENTICATOR_ATTACHMENT_*)."""

    ANY = 0
    PLATFORM = 1
    CROSS_PLATFORM = 2


class UserVerificationRequirement(OpenEnum):
    """Whether a user must be verified (WEBAUTHN_USER_VERIFICATION_REQUIREMENT_*)."""

    ANY = 0
    REQUIRED = 1
    PREFERRED = 2
    DISCOURAGED = 3


class AttestationConveyancePreference(OpenEnum):
    """Which attestation is wanted (WEBAUTHN_ATTESTATION_CONVEYANCE_PREFERENCE_*)."""

    ANY = 0
    NONE = 1
    INDIRECT = 2
    DIRECT = 3


class EnterpriseAttestation(OpenEnum):
    """Which attestation of an enterprise is wanted (WEBAUTHN_ENTERPRISE_ATTESTATION_*)."""

    NONE = 0
    VENDOR_FACILITATED = 1
    PLATFORM_MANAGED = 2


@pdu
class WebAuthnParameters(MapPdu):
    """webAuthNPara Map, [MS-RDPEWA] 2.2.1.1; `wnd` is the handle of the window that asks."""

    keys: ClassVar[tuple[Key, ...]] = (
        Key("wnd", "wnd", unsigned()),
        Key("attachment", "attachment", unsigned(AuthenticatorAttachment)),
        Key("requireResident", "require_resident", boolean),
        Key("preferResident", "prefer_resident", boolean),
        Key("userVerification", "user_verification", unsigned(UserVerificationRequirement)),
        Key("attestationPreference", "attestation_preference", unsigned(AttestationConveyancePreference)),
        Key("enterpriseAttestation", "enterprise_attestation", unsigned(EnterpriseAttestation)),
        Key("cancellationId", "cancellation_id", guid, guid_bytes),
    )

    wnd: int | None = None
    attachment: AuthenticatorAttachment | None = None
    require_resident: bool | None = None
    prefer_resident: bool | None = None
    user_verification: UserVerificationRequirement | None = None
    attestation_preference: AttestationConveyancePreference | None = None
    enterprise_attestation: EnterpriseAttestation | None = None
    cancellation_id: uuid.UUID | None = None


@pdu
class WebAuthnRequest(MapPdu):
    """WebAuthN_Channel Request Message, [MS-RDPEWA] 2.2.1; the timeout is in milliseconds.

    `request` is what `decode_ctap_request` reads for WEB_AUTHN, and the GUID of the operation for CANCEL_CUR_OP.
    """

    keys: ClassVar[tuple[Key, ...]] = (
        Key("command", "command", unsigned(RpcCommand), required=True),
        Key("flags", "flags", unsigned(WebAuthnFlags)),
        Key("timeout", "timeout", unsigned()),
        Key("transactionId", "transaction_id", guid, guid_bytes),
        Key("request", "request", of_type(bytes)),
        Key("webAuthNPara", "parameters", nested(WebAuthnParameters), map_of),
    )

    command: RpcCommand
    flags: WebAuthnFlags | None = None
    timeout: int | None = None
    transaction_id: uuid.UUID | None = None
    request: bytes | None = None
    parameters: WebAuthnParameters | None = None

    def to_map(self) -> CborMap:
        """The fields as a map."""
        items = MapPdu.to_map(self)
        if self.command == RpcCommand.CANCEL_CUR_OP and "transactionId" in items:
            items["transactionId"] = items.pop("transactionId")  # behind the request, as in the example of 4.3.1
        return items


def decode_webauthn_request(data: bytes) -> WebAuthnRequest:
    """Decode what a server sent; raises `DecodeError`, but keeps commands and keys that are not known."""
    return WebAuthnRequest.decode(data)
