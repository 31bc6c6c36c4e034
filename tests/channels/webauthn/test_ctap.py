from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.channels.webauthn.examples import (
    GET_ASSERTION_REQUEST,
    GET_ASSERTION_RESPONSE,
    MAKE_CREDENTIAL_REQUEST,
    MAKE_CREDENTIAL_RESPONSE,
)
from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.webauthn.ctap import (
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
from trio_rdp.channels.webauthn.requests import decode_webauthn_request
from trio_rdp.channels.webauthn.responses import WebAuthnResponse
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated


def request_of(message: bytes) -> bytes:
    request = decode_webauthn_request(message).request
    assert request is not None
    return request


def response_of(message: bytes) -> bytes:
    response = WebAuthnResponse.decode(message)
    assert response.map is not None
    assert response.map.response is not None
    return response.map.response


CREDENTIAL_ID = bytes.fromhex(
    "ffe2dc7bb7dfd9c8c268c45dd339bb4f187e4f33b96b2b02551ffbc264bd325bc9345a27d97f581b422370ac2c9784bb"
)


def test_the_documents_request_for_a_credential() -> None:
    raw = request_of(MAKE_CREDENTIAL_REQUEST)
    request = MakeCredentialRequest(
        client_data_hash=bytes.fromhex("bb2c6711064cf3bb8c34cd2ec06398ae4f2ef60852ae6d32391aa6312c9ee609"),
        relying_party={
            "id": "webauthntest.azurewebsites.net",
            "icon": "https://example.com/rpIcon.png",
            "name": "WebAuthn Test Server",
        },
        user={
            "id": b"bob@example.com",
            "icon": "https://example.com/userIcon.png",
            "name": "bob@example.com",
            "displayName": "Bob Smith",
        },
        algorithms=[{"alg": alg, "type": "public-key"} for alg in (-7, -35, -36, -257, -8)],
        extensions={"credProtect": 2},
        options={"rk": True},
    )
    same(raw, request)
    assert decode_ctap_request(raw) == request
    every_truncation_raises(MakeCredentialRequest, raw)


def test_the_documents_request_for_an_assertion() -> None:
    raw = request_of(GET_ASSERTION_REQUEST)
    first = bytes.fromhex("19308cb37a700c8454d6c914d48a95e187d71b71b64f9ae4aca7d09c89bcd4f9")
    request = GetAssertionRequest(
        relying_party_id="webauthntest.azurewebsites.net",
        client_data_hash=bytes.fromhex("71416126685dfb9b2776d1b26ad709605951061f3692a7ad025f919c4881fd39"),
        include_list=[{"id": id_, "type": "public-key", "transports": 23} for id_ in (first, CREDENTIAL_ID)],
        options={"up": True},
    )
    same(raw, request)
    assert decode_ctap_request(raw) == request
    every_truncation_raises(GetAssertionRequest, raw)


def test_the_documents_credential() -> None:
    raw = response_of(MAKE_CREDENTIAL_RESPONSE)
    response = decode_ctap_response(raw, CtapCommand.MAKE_CREDENTIAL)
    assert isinstance(response, MakeCredentialResponse)
    assert (response.format, len(response.authenticator_data)) == ("packed", 194)
    assert response.attestation_statement is not None
    assert response.attestation_statement["alg"] == -7
    assert [len(certificate) for certificate in response.attestation_statement["x5c"]] == [0x2DC]
    assert response.encode() == raw
    every_truncation_raises(MakeCredentialResponse, raw)


def test_the_documents_assertion() -> None:
    raw = response_of(GET_ASSERTION_RESPONSE)
    response = GetAssertionResponse(
        credential={"id": CREDENTIAL_ID, "type": "public-key"},
        authenticator_data=bytes.fromhex("e45329d03a2068d1caf7f7bb0ae954e6b0e6259745f32f4829f750f05011f9c20500000009"),
        signature=bytes.fromhex(
            "304602210099c54c2075b88279de38944f5492e21da2f5e1969bccdd99a97f39bddd844a78"
            "022100bf091fbe45242df484d7396d5304a570a78f2e5576ecc8ab24107e51968ad1c4"
        ),
        user={"id": b"bob@example.com"},
    )
    same(raw, response)
    assert decode_ctap_response(raw, CtapCommand.GET_ASSERTION) == response
    every_truncation_raises(GetAssertionResponse, raw)


def test_what_is_not_known_is_kept() -> None:
    raw = b"\x04\xa0"
    same(raw, CtapRequest(command=CtapCommand(4), map=b"\xa0"))
    assert decode_ctap_request(raw) == CtapRequest(command=CtapCommand(4), map=b"\xa0")
    for command in (*CtapCommand, CtapCommand(4)):
        assert decode_ctap_response(b"\x2e", command) == CtapResponse(status=0x2E)
    assert decode_ctap_response(b"\0\xa0", CtapCommand(4)) == CtapResponse(map=b"\xa0")
    # A field of a later CTAP: a protocol of PIN and user verification.
    later = request_of(GET_ASSERTION_REQUEST)
    later = later[:1] + b"\xa5" + later[2:] + b"\x07\x02"
    request = decode_ctap_request(later)
    assert isinstance(request, GetAssertionRequest)
    assert request.other == {7: 2}
    assert request.encode() == later


def test_errors() -> None:
    with pytest.raises(InvalidField, match=r"GetAssertionRequest: 0x1 in the place of 0x2"):
        GetAssertionRequest.decode(b"\x01\xa0")
    with pytest.raises(InvalidField, match=r"MakeCredentialRequest\.client_data_hash: no key 1"):
        decode_ctap_request(b"\x01\xa0")
    for decode in (decode_ctap_request, lambda data: decode_ctap_response(data, CtapCommand.GET_ASSERTION)):
        with pytest.raises(Truncated):
            decode(b"")


@given(st.integers(0, 3), st.binary(max_size=40))
def test_any_bytes(first: int, rest: bytes) -> None:
    raw = bytes((first,)) + rest
    for decode in (decode_ctap_request, lambda data: decode_ctap_response(data, CtapCommand.MAKE_CREDENTIAL)):
        try:
            message = decode(raw)
        except DecodeError:
            continue
        assert decode(message.encode()) == message
