"""The echo channel against every shared vector of its kind."""

from __future__ import annotations

import pytest

from tests.shared import Case, cases
from trio_rdp.channels.echo import EchoRequest, EchoResponse, decode_echo_from_client, decode_echo_from_server


@pytest.mark.parametrize("case", cases("echo-pdu"))
def test_echo_pdu(case: Case) -> None:
    payload = bytes.fromhex(case.params["payload"])
    request, response = (bytes.fromhex(case.expected[name]) for name in ("request", "response"))
    asked = decode_echo_from_server(request)
    assert asked == EchoRequest(echo_request=payload)
    assert asked.encode() == request
    assert asked.response().encode() == response
    assert decode_echo_from_client(response) == EchoResponse(echo_response=payload)


@pytest.mark.parametrize("case", cases("robustness"))
def test_robustness(case: Case) -> None:
    if case.input:
        assert decode_echo_from_server(case.input).response().encode() == case.input
