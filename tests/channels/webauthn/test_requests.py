from __future__ import annotations

import uuid

import pytest

from tests.channels.webauthn.examples import (
    API_VERSION_REQUEST,
    CANCEL_REQUEST,
    GET_ASSERTION_REQUEST,
    IUVPAA_REQUEST,
    MAKE_CREDENTIAL_REQUEST,
)
from tests.pdu.laws import every_truncation_raises, same
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
from trio_rdp.wire.errors import InvalidField

NOBODY = uuid.UUID(int=0)
OPERATION = uuid.UUID(bytes_le=bytes.fromhex("7fdfbddf000000000000000000000000"))


def simple(command: RpcCommand, request: bytes | None = None) -> WebAuthnRequest:
    return WebAuthnRequest(command=command, flags=WebAuthnFlags(0), timeout=0, transaction_id=NOBODY, request=request)


def test_the_documents_requests_without_a_map() -> None:
    same(API_VERSION_REQUEST, simple(RpcCommand.WEB_AUTHN))  # as its bytes have it, not as its title
    same(IUVPAA_REQUEST, simple(RpcCommand.IUVPAA))
    same(CANCEL_REQUEST, simple(RpcCommand.CANCEL_CUR_OP, OPERATION.bytes_le))
    every_truncation_raises(WebAuthnRequest, CANCEL_REQUEST)


def test_the_documents_request_for_a_credential() -> None:
    start = MAKE_CREDENTIAL_REQUEST.index(b"\x59\x01\x79") + 3
    request = WebAuthnRequest(
        command=RpcCommand.WEB_AUTHN,
        flags=WebAuthnFlags.UV_REQUIRED,
        timeout=300_000,
        transaction_id=uuid.UUID(bytes_le=bytes.fromhex("3178e12e47f74d4aa47cfd7b01fe1f51")),
        request=MAKE_CREDENTIAL_REQUEST[start : start + 0x179],
        parameters=WebAuthnParameters(
            wnd=66412,
            attachment=AuthenticatorAttachment.CROSS_PLATFORM,
            require_resident=True,
            prefer_resident=False,
            user_verification=UserVerificationRequirement.REQUIRED,
            attestation_preference=AttestationConveyancePreference.DIRECT,
            enterprise_attestation=EnterpriseAttestation.NONE,
            cancellation_id=OPERATION,
        ),
    )
    same(MAKE_CREDENTIAL_REQUEST, request)
    assert decode_webauthn_request(MAKE_CREDENTIAL_REQUEST) == request
    every_truncation_raises(WebAuthnRequest, MAKE_CREDENTIAL_REQUEST)


def test_the_documents_request_for_an_assertion() -> None:
    request = decode_webauthn_request(GET_ASSERTION_REQUEST)
    assert request.flags == WebAuthnFlags.UV_PREFERRED | WebAuthnFlags.DUAL
    assert request.parameters == WebAuthnParameters(
        wnd=66412,
        attachment=AuthenticatorAttachment.ANY,
        require_resident=False,
        prefer_resident=False,
        user_verification=UserVerificationRequirement.PREFERRED,
        attestation_preference=AttestationConveyancePreference.ANY,
        enterprise_attestation=EnterpriseAttestation.NONE,
        cancellation_id=uuid.UUID(bytes_le=bytes.fromhex("1d8cee3c000000000000000000000000")),
    )
    assert request.encode() == GET_ASSERTION_REQUEST


def test_unknown_commands_and_keys_are_kept() -> None:
    raw = b"\xa2\x67command\x09\x63new\x01"
    request = decode_webauthn_request(raw)
    assert not request.command.is_known
    same(raw, WebAuthnRequest(command=RpcCommand(9), other={"new": 1}))
    with pytest.raises(InvalidField, match="no key 'command'"):
        decode_webauthn_request(b"\xa0")


def test_the_table_writes_transactionid_small() -> None:
    raw = API_VERSION_REQUEST.replace(b"transactionId", b"transactionid")
    assert decode_webauthn_request(raw) == decode_webauthn_request(API_VERSION_REQUEST)
