"""The shared vectors of WebAuthn, among those of PDUs that have no kind of their own."""

from __future__ import annotations

import pytest

from tests.shared import Case, cases
from trio_rdp.channels.webauthn import CtapRequest, decode_ctap_request
from trio_rdp.wire.errors import InvalidField


@pytest.mark.parametrize(
    "case", [param for param in cases("misc-pdu") if param.id == "missing" or "webauthn" in param.id]
)
def test_webauthn_body(case: Case) -> None:
    assert case.expected["type"] == "WebAuthnRequestBody"
    checks = {check["path"]: check["value"] for check in case.expected["checks"]}
    body = CtapRequest.decode(case.input)
    assert checks["subcommand"]["value"] == body.command
    assert bytes(checks["ctap_cbor"]) == body.map
    assert checks.keys() == {"subcommand", "ctap_cbor"}
    assert body.encode() == case.input
    # Its map is only there to be a map: a hash is no text.
    with pytest.raises(InvalidField, match="client_data_hash"):
        decode_ctap_request(case.input)
