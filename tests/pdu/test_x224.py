from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu import connection_example
from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.tpkt import wrap
from trio_rdp.pdu.x224 import (
    ConnectionConfirm,
    ConnectionRequest,
    CorrelationInfo,
    Data,
    DisconnectRequest,
    NegotiationFailure,
    NegotiationFailureCode,
    NegotiationRequest,
    NegotiationRequestFlags,
    NegotiationResponse,
    NegotiationResponseFlags,
    SecurityProtocol,
    TpduCode,
    tpdu_code,
    unwrap_data,
    wrap_data,
)
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated

TLS_OR_NLA = SecurityProtocol.SSL | SecurityProtocol.HYBRID
ASK = NegotiationRequest(requested_protocols=TLS_OR_NLA)


def test_the_documents_request() -> None:
    value = ConnectionRequest(cookie="eltons", rdp_neg_req=NegotiationRequest(requested_protocols=SecurityProtocol.RDP))
    same(connection_example.CONNECTION_REQUEST[4:], value)
    assert wrap(value.encode()) == connection_example.CONNECTION_REQUEST
    every_truncation_raises(ConnectionRequest, connection_example.CONNECTION_REQUEST[4:])


def test_the_documents_confirm() -> None:
    value = ConnectionConfirm(src_ref=0x1234, rdp_neg_data=NegotiationResponse(selected_protocol=SecurityProtocol.RDP))
    same(connection_example.CONNECTION_CONFIRM[4:], value)
    every_truncation_raises(ConnectionConfirm, connection_example.CONNECTION_CONFIRM[4:])


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("06 e0 0000 0000 00", ConnectionRequest()),
        ("0e e0 0000 0000 00 01 00 0800 03000000", ConnectionRequest(rdp_neg_req=ASK)),
        (
            "32 e0 0000 0000 00 01 09 0800 01000000 06 00 2400" + "01" * 16 + "00" * 16,
            ConnectionRequest(
                rdp_neg_req=NegotiationRequest(
                    flags=NegotiationRequestFlags.CORRELATION_INFO_PRESENT
                    | NegotiationRequestFlags.RESTRICTED_ADMIN_MODE_REQUIRED,
                    requested_protocols=SecurityProtocol.SSL,
                ),
                rdp_correlation_info=CorrelationInfo(correlation_id=b"\1" * 16),
            ),
        ),
    ],
)
def test_requests(raw: str, value: ConnectionRequest) -> None:
    data = bytes.fromhex(raw)
    same(data, value)
    every_truncation_raises(ConnectionRequest, data)


@pytest.mark.parametrize("token", [b"Cookie: msts=3640205228.15629.0000", b"tsv://MS Terminal Services Plugin.1.Farm"])
def test_routing_tokens(token: bytes) -> None:
    value = ConnectionRequest(routing_token=token, rdp_neg_req=ASK)
    raw = value.encode()
    assert token + b"\r\n" in raw
    same(raw, value)


def test_a_cookie_keeps_its_bytes() -> None:
    value = ConnectionRequest(cookie="m\xfcller")
    assert b"mstshash=m\xfcller\r\n" in value.encode()
    same(value.encode(), value)
    assert b"mstshash=?\r\n" in ConnectionRequest(cookie="\u20ac").encode()


@pytest.mark.parametrize(
    "value",
    [
        ConnectionRequest(cookie="a", routing_token=b"b"),
        ConnectionRequest(routing_token=b""),
        ConnectionRequest(routing_token=b"\1token"),
        ConnectionRequest(cookie="a\r\nb"),
        ConnectionRequest(cookie="a" * 250),
        ConnectionRequest(rdp_correlation_info=CorrelationInfo(correlation_id=bytes(16))),
        ConnectionRequest(rdp_neg_req=ASK, rdp_correlation_info=CorrelationInfo(correlation_id=bytes(15))),
        ConnectionRequest(src_ref=0x10000),
        NegotiationRequest(requested_protocols=SecurityProtocol(2**32)),
    ],
)
def test_what_cannot_be_written(value: ConnectionRequest) -> None:
    with pytest.raises(EncodeError):
        value.encode()


def test_the_flag_of_correlation_info_is_written_by_itself() -> None:
    info = CorrelationInfo(correlation_id=bytes(16))
    flag = NegotiationRequestFlags.CORRELATION_INFO_PRESENT
    with_info = ConnectionRequest.decode(ConnectionRequest(rdp_neg_req=ASK, rdp_correlation_info=info).encode())
    assert with_info.rdp_neg_req is not None
    assert with_info.rdp_neg_req.flags == flag
    lying = NegotiationRequest(flags=flag, requested_protocols=TLS_OR_NLA)
    assert ConnectionRequest.decode(ConnectionRequest(rdp_neg_req=lying).encode()).rdp_neg_req == ASK


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("06 d0 0000 1234 00", ConnectionConfirm(src_ref=0x1234)),  # xrdp to a client that did not ask
        (
            "0e d0 0000 0000 00 02 1f 0800 08000000",
            ConnectionConfirm(
                rdp_neg_data=NegotiationResponse(
                    flags=NegotiationResponseFlags(0x1F), selected_protocol=SecurityProtocol.HYBRID_EX
                )
            ),
        ),
        (
            "0e d0 0000 0000 00 03 00 0800 05000000",
            ConnectionConfirm(
                rdp_neg_data=NegotiationFailure(failure_code=NegotiationFailureCode.HYBRID_REQUIRED_BY_SERVER)
            ),
        ),
        (
            "0e d0 0000 0000 00 03 00 0800 07010000",
            ConnectionConfirm(rdp_neg_data=NegotiationFailure(failure_code=NegotiationFailureCode(0x107))),
        ),
    ],
)
def test_confirms(raw: str, value: ConnectionConfirm) -> None:
    same(bytes.fromhex(raw), value)
    every_truncation_raises(ConnectionConfirm, bytes.fromhex(raw))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("06 d0 0000 0000 00", "TPDU code 0xd0 instead of 0xe0"),
        ("0c e0 0000 0000 00 61 62 63 64 65 66", "without CR and LF"),
        ("0e e0 0000 0000 00 01 00 0900 00000000", "length 9 instead of 8"),
        ("11 e0 0000 0000 00 61 0d0a 07 00 0800 00000000", "type 0x7 instead of 0x1"),
        ("32 e0 0000 0000 00 01 08 0800 01000000 07 00 2400" + "00" * 32, "type 0x7 instead of 0x6"),
    ],
)
def test_requests_that_mean_nothing(raw: str, reason: str) -> None:
    with pytest.raises(InvalidField, match=reason):
        ConnectionRequest.decode(bytes.fromhex(raw))


def test_failures_in_plain_words() -> None:
    assert NegotiationFailureCode.SSL_CERT_NOT_ON_SERVER.text == "the server has no valid certificate for TLS"
    assert all(code.text for code in NegotiationFailureCode)
    assert NegotiationFailureCode(0x99).text == "the server refused with the unknown code 0x99"


def test_disconnect_request() -> None:
    raw = bytes.fromhex("06 80 0001 0002 80")
    same(raw, DisconnectRequest(dst_ref=1, src_ref=2, reason=0x80))
    every_truncation_raises(DisconnectRequest, raw)


def test_data() -> None:
    same(bytes.fromhex("02f080 0401000100"), Data(user_data=bytes.fromhex("0401000100")))
    every_truncation_raises(Data, bytes.fromhex("02f080"))
    packet = wrap_data(b"abc")
    assert packet == bytes.fromhex("0300000a 02f080 616263")
    assert unwrap_data(packet[4:]) == b"abc"
    assert unwrap_data(bytes.fromhex("02f000") + b"abc") == b"abc"  # without the end-of-TSDU mark
    assert len(wrap_data(bytes(65528))) == 65535
    with pytest.raises(EncodeError):
        wrap_data(bytes(65529))
    with pytest.raises(InvalidField):
        unwrap_data(bytes.fromhex("06 80 0000 0000 00"))
    with pytest.raises(Truncated):
        unwrap_data(b"\x02\xf0")


def test_tpdu_code() -> None:
    assert tpdu_code(b"\x02\xf0\x80") is TpduCode.DATA
    assert tpdu_code(b"\x06\xe5") is TpduCode.CONNECTION_REQUEST
    assert not tpdu_code(b"\x06\x10").is_known
    with pytest.raises(Truncated):
        tpdu_code(b"\x06")


def test_zero_is_standard_rdp_security() -> None:
    assert SecurityProtocol.RDP == 0
    assert repr(TLS_OR_NLA) == "SecurityProtocol(SSL|HYBRID)"


@given(st.sampled_from([ConnectionRequest, ConnectionConfirm, DisconnectRequest]), st.binary(max_size=60))
def test_laws(cls: type[ConnectionRequest], rest: bytes) -> None:
    code = {ConnectionRequest: 0xE0, ConnectionConfirm: 0xD0, DisconnectRequest: 0x80}[cls]
    value_or_error(cls, rest)
    value_or_error(cls, bytes((1 + len(rest), code)) + rest)


@given(st.sampled_from([b"\1", b"\2", b"\3", b"a\r\n\1", b"Cookie: mstshash="]), st.binary(max_size=60))
def test_laws_of_what_is_negotiated(start: bytes, rest: bytes) -> None:
    variable = bytes(5) + start + rest
    for cls, code in ((ConnectionRequest, 0xE0), (ConnectionConfirm, 0xD0)):
        value_or_error(cls, bytes((1 + len(variable), code)) + variable)
