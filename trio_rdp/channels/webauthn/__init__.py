"""WebAuthn, [MS-RDPEWA] 2.2: what a server asks the authenticators of the client, as CBOR."""

from trio_rdp.channels.webauthn.cbor import (
    Cbor,
    CborKey,
    CborMap,
)
from trio_rdp.channels.webauthn.ctap import (
    AnyCtapRequest,
    AnyCtapResponse,
    CtapCommand,
    CtapRequest,
    CtapResponse,
    GetAssertionRequest,
    GetAssertionResponse,
    MakeCredentialRequest,
    MakeCredentialResponse,
    decode_ctap_request,
    decode_ctap_response,
)
from trio_rdp.channels.webauthn.requests import (
    AttestationConveyancePreference,
    AuthenticatorAttachment,
    EnterpriseAttestation,
    RpcCommand,
    UserVerificationRequirement,
    WebAuthnFlags,
    WebAuthnParameters,
    WebAuthnRequest,
    decode_webauthn_request,
)
from trio_rdp.channels.webauthn.responses import (
    AnyWebAuthnResponse,
    ApiVersionResponse,
    DeviceInfo,
    IuvpaaResponse,
    UnmatchedWebAuthnResponse,
    WebAuthnMap,
    WebAuthnResponse,
    decode_webauthn_response,
)

__all__ = [
    "CHANNEL_NAME",
    "AnyCtapRequest",
    "AnyCtapResponse",
    "AnyWebAuthnResponse",
    "ApiVersionResponse",
    "AttestationConveyancePreference",
    "AuthenticatorAttachment",
    "Cbor",
    "CborKey",
    "CborMap",
    "CtapCommand",
    "CtapRequest",
    "CtapResponse",
    "DeviceInfo",
    "EnterpriseAttestation",
    "GetAssertionRequest",
    "GetAssertionResponse",
    "IuvpaaResponse",
    "MakeCredentialRequest",
    "MakeCredentialResponse",
    "RpcCommand",
    "UnmatchedWebAuthnResponse",
    "UserVerificationRequirement",
    "WebAuthnFlags",
    "WebAuthnMap",
    "WebAuthnParameters",
    "WebAuthnRequest",
    "WebAuthnResponse",
    "decode_ctap_request",
    "decode_ctap_response",
    "decode_webauthn_request",
    "decode_webauthn_response",
]

CHANNEL_NAME = "WebAuthN_Channel"
"""The dynamic channel's name."""
