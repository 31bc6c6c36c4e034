from __future__ import annotations

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.pdu.multitransport import (
    HrResponse,
    InitiateMultitransportRequest,
    InitiateMultitransportResponse,
    RequestedProtocol,
)


def test_request() -> None:
    raw = bytes.fromhex(
        "2a000000"  # requestId = 42
        "0200"  # requestedProtocol = INITITATE_REQUEST_PROTOCOL_UDPFECL
        "0000"  # reserved
        "000102030405060708090a0b0c0d0e0f"  # securityCookie
    )
    request = InitiateMultitransportRequest(
        request_id=42, requested_protocol=RequestedProtocol.UDP_LOSSY, security_cookie=bytes(range(16))
    )
    same(raw, request)
    every_truncation_raises(InitiateMultitransportRequest, raw)


def test_the_cookie_does_not_show() -> None:
    request = InitiateMultitransportRequest(
        request_id=1, requested_protocol=RequestedProtocol.UDP_RELIABLE, security_cookie=b"secret secret 12"
    )
    assert "secret" not in repr(request)


def test_response() -> None:
    raw = bytes.fromhex("2a00000004400080")
    same(raw, InitiateMultitransportResponse(request_id=42, hr_response=HrResponse.E_ABORT))
    every_truncation_raises(InitiateMultitransportResponse, raw)
    assert not InitiateMultitransportResponse.decode(b"\1\0\0\0\5\0\0\x80").hr_response.is_known
