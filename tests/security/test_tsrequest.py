from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.security import der
from trio_rdp.security.tsrequest import (
    MAX_TS_REQUEST,
    CredentialType,
    TsCredentials,
    TsPasswordCreds,
    TsRequest,
    ts_request_size,
)
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated
from trio_rdp.wire.pdu import Pdu

REQUEST = bytes.fromhex(
    "302b"  # TSRequest
    "a003020106"  # version: 6
    "a10d300b3009a0070405746f6b656e"  # negoTokens: one, "token"
    "a2030401aa"  # authInfo
    "a3030401bb"  # pubKeyAuth
    "a4060204c000006d"  # errorCode: STATUS_LOGON_FAILURE, signed
    "a5030401cc"  # clientNonce
)


def test_every_field() -> None:
    request = TsRequest.decode(REQUEST)
    assert request.version == 6
    assert request.nego_tokens == [b"token"]
    assert request.token == b"token"
    assert (request.auth_info, request.pub_key_auth, request.client_nonce) == (b"\xaa", b"\xbb", b"\xcc")
    assert request.error_code == -0x3FFFFF93
    assert request.ntstatus == 0xC000006D
    assert request.encode() == REQUEST


def test_an_error_code_may_be_unsigned() -> None:
    raw = bytes.fromhex("300ea003020106a407020500c000006d")
    assert TsRequest.decode(raw).ntstatus == 0xC000006D
    assert TsRequest.decode(raw).encode() == raw


def test_what_is_absent_is_none() -> None:
    request = TsRequest.decode(bytes.fromhex("3005a003020102"))
    assert request == TsRequest(version=2)
    assert request.token is None
    assert request.ntstatus == 0


def test_unknown_fields_at_the_end_are_skipped() -> None:
    assert TsRequest.decode(bytes.fromhex("300aa003020107a6030401aa")).version == 7


def test_a_sequence_without_tokens() -> None:
    request = TsRequest.decode(bytes.fromhex("3009a003020106a1023000"))
    assert request.nego_tokens == []
    assert request.token is None
    assert TsRequest.decode(request.encode()) == request


def test_lengths_in_long_form_are_read() -> None:
    raw = bytes.fromhex("3084000000" + "09a003020106a1023000")
    assert ts_request_size(raw) == len(raw)
    assert TsRequest.decode(raw).version == 6


def test_the_size_is_exact() -> None:
    assert [ts_request_size(REQUEST[:length]) for length in range(3)] == [None, None, 45]
    assert ts_request_size(REQUEST + b"MCS comes next") == len(REQUEST) == 45
    long = TsRequest(nego_tokens=[bytes(60_000)]).encode()
    assert ts_request_size(long[:3]) is None
    assert ts_request_size(long[:4]) == len(long)


@pytest.mark.parametrize("head", ["03", "3080", "3083020000", "3084ffffffff"])
def test_what_is_no_request_or_too_long_is_refused_at_once(head: str) -> None:
    with pytest.raises(InvalidField):
        ts_request_size(bytes.fromhex(head))
    assert ts_request_size(b"\x30\x83\x01\xff\xfb") == MAX_TS_REQUEST


def test_too_many_tokens() -> None:
    with pytest.raises(InvalidField, match="more than 16"):
        TsRequest.decode(TsRequest(nego_tokens=[b""] * 17).encode())


@pytest.mark.parametrize(
    "message",
    [
        TsRequest.decode(REQUEST),
        TsCredentials(credentials=b"inner"),
        TsPasswordCreds(domain_name="LAB", user_name="bob", password="Pässw0rd"),
    ],
    ids=lambda message: type(message).__name__,
)
def test_laws(message: Pdu) -> None:
    whole = message.encode()
    assert type(message).decode(whole) == message
    for length in range(len(whole)):
        with pytest.raises(Truncated):
            type(message).decode(whole[:length])


def test_the_documents_smart_card_credentials() -> None:
    # [MS-CSSP] 4: TSCredentials of type 2 that holds 262 bytes.
    raw = bytes.fromhex("3082010fa003020102a18201060482010230 81ff".replace(" ", "")) + bytes(255)
    credentials = TsCredentials.decode(raw)
    assert credentials.cred_type == CredentialType.SMART_CARD
    assert len(credentials.credentials) == 258
    assert credentials.encode() == raw


def test_texts_of_an_odd_size_are_refused() -> None:
    odd = der.write(der.context(0), der.write(der.OCTET_STRING, b"x"))
    with pytest.raises(InvalidField, match="1 bytes"):
        TsPasswordCreds.decode(der.write(der.SEQUENCE, odd, odd, odd))


def test_nothing_secret_is_shown() -> None:
    shown = repr(TsPasswordCreds(user_name="bob", password="hunter2")) + repr(TsCredentials(credentials=b"hunter2"))
    assert "hunter2" not in shown
    assert "bob" in shown
    assert repr(TsRequest.decode(REQUEST)) == (
        "TsRequest(version=6, nego_tokens=..., auth_info=..., pub_key_auth=..., client_nonce=..., "
        "error_code=0xc000006d)"
    )


@given(st.sampled_from([TsRequest, TsCredentials, TsPasswordCreds]), st.binary(max_size=60))
def test_any_bytes(cls: type[Pdu], data: bytes) -> None:
    for prefix in (b"", b"\x30" + bytes((len(data),)), b"\x30" + bytes((len(data) + 5,)) + REQUEST[2:7]):
        try:
            message = cls.decode(prefix + data)
        except DecodeError:
            continue
        assert cls.decode(message.encode()) == message
