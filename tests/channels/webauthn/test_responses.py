from __future__ import annotations

import uuid

import pytest

from tests.channels.webauthn.examples import GET_ASSERTION_RESPONSE, MAKE_CREDENTIAL_RESPONSE
from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.webauthn.requests import RpcCommand, UserVerificationRequirement
from trio_rdp.channels.webauthn.responses import (
    ApiVersionResponse,
    DeviceInfo,
    IuvpaaResponse,
    UnmatchedWebAuthnResponse,
    WebAuthnMap,
    WebAuthnResponse,
    decode_webauthn_response,
)
from trio_rdp.wire.errors import InvalidField, Truncated

YUBIKEY = DeviceInfo(
    max_msg_size=1200,
    max_serialized_large_blob_array=1024,
    provider_type="Hid",
    provider_name="MicrosoftCtapHidProvider",
    device_path=r"\\?\hid#vid_1050&pid_0402#7&31130694&1&0000#{4d1e55b2-f16f-11cf-88cb-001111000030}",
    manufacturer="Yubico",
    product="YubiKey FIDO",
    aa_guid=uuid.UUID("d8522d9f-575b-4866-88a9-ba99fa02f35b"),
    resident_key=True,
    uv_status=UserVerificationRequirement.REQUIRED,
    uv_retries=3,
)


def test_the_documents_small_responses() -> None:
    version = bytes.fromhex("00000000 04000000")  # 4.1.2
    same(version, ApiVersionResponse(api_version=4))
    assert decode_webauthn_response(version, RpcCommand.API_VERSION) == ApiVersionResponse(api_version=4)
    available = bytes.fromhex("00000000 01000000")  # 4.2.2
    same(available, IuvpaaResponse(is_available=1))
    assert decode_webauthn_response(available, RpcCommand.IUVPAA) == IuvpaaResponse(is_available=1)
    cancelled = bytes(4)  # 4.3.2
    same(cancelled, UnmatchedWebAuthnResponse())
    assert decode_webauthn_response(cancelled, RpcCommand.CANCEL_CUR_OP) == UnmatchedWebAuthnResponse()
    with pytest.raises(Truncated):
        decode_webauthn_response(version[:7], RpcCommand.API_VERSION)


def test_the_documents_credential() -> None:
    start = len(MAKE_CREDENTIAL_RESPONSE) - 0x406
    response = WebAuthnResponse(
        map=WebAuthnMap(device_info=YUBIKEY, status=0, response=MAKE_CREDENTIAL_RESPONSE[start:])
    )
    same(MAKE_CREDENTIAL_RESPONSE, response)
    assert decode_webauthn_response(MAKE_CREDENTIAL_RESPONSE, RpcCommand.WEB_AUTHN) == response
    every_truncation_raises(WebAuthnResponse, MAKE_CREDENTIAL_RESPONSE[:300], start=5)


def test_the_documents_assertion() -> None:
    response = decode_webauthn_response(GET_ASSERTION_RESPONSE, RpcCommand.WEB_AUTHN)
    assert isinstance(response, WebAuthnResponse)
    assert response.map is not None
    assert response.map.device_info is not None
    assert response.map.device_info.credential_list_index_plus_one == 2
    assert response.map.device_info.resident_key is None
    assert response.map.response == GET_ASSERTION_RESPONSE[-0xD1:]
    assert response.encode() == GET_ASSERTION_RESPONSE


def test_failures_have_no_map() -> None:
    for command in RpcCommand:
        response = decode_webauthn_response(bytes.fromhex("05400080"), command)
        assert response.h_result == 0x80004005
        assert response.encode() == bytes.fromhex("05400080")


def test_the_tables_capitals() -> None:
    assert WebAuthnMap.from_map({"Status": 0, "Response": b""}) == WebAuthnMap(status=0, response=b"")
    assert DeviceInfo.from_map({"Manufacturer": "m", "Product": "p"}) == DeviceInfo(manufacturer="m", product="p")


def test_responses_to_unknown_commands_are_kept() -> None:
    raw = bytes.fromhex("00000000 aabb")
    assert decode_webauthn_response(raw, RpcCommand(9)) == UnmatchedWebAuthnResponse(response=b"\xaa\xbb")
    with pytest.raises(InvalidField, match="WebAuthnMap: no map, but 4"):
        decode_webauthn_response(bytes.fromhex("00000000 04"), RpcCommand.WEB_AUTHN)
