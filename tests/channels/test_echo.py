from __future__ import annotations

import pytest

from tests.pdu.laws import same
from trio_rdp.channels.echo import (
    ECHO_CHANNEL_NAME,
    MAX_ECHO_SIZE,
    EchoRequest,
    EchoResponse,
    decode_echo_from_client,
    decode_echo_from_server,
)
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated


def test_the_documents_own_example() -> None:
    """[MS-RDPEECO] 4.1 and 4.2."""
    raw = bytes.fromhex("48656c6c6f20776f726c6421")
    request, response = EchoRequest(echo_request=b"Hello world!"), EchoResponse(echo_response=b"Hello world!")
    same(raw, request)
    same(raw, response)
    assert decode_echo_from_server(raw) == request
    assert decode_echo_from_client(raw) == response
    assert request.response() == response


def test_an_echo_has_at_least_one_byte() -> None:
    for cls in (EchoRequest, EchoResponse):
        with pytest.raises(Truncated, match="an echo of nothing"):
            cls.decode(b"")
    for pdu in (EchoRequest(echo_request=b""), EchoResponse(echo_response=b"")):
        with pytest.raises(EncodeError, match="an echo of 0 bytes"):
            pdu.encode()


def test_an_echo_has_a_limit() -> None:
    assert len(decode_echo_from_server(bytes(MAX_ECHO_SIZE)).response().encode()) == MAX_ECHO_SIZE
    with pytest.raises(InvalidField, match="an echo of 1048577 bytes"):
        decode_echo_from_server(bytes(MAX_ECHO_SIZE + 1))
    with pytest.raises(EncodeError, match="an echo of 1048577 bytes"):
        EchoRequest(echo_request=bytes(MAX_ECHO_SIZE + 1)).encode()


def test_the_channels_name() -> None:
    assert ECHO_CHANNEL_NAME == "ECHO"
