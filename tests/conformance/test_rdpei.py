"""The shared vectors of touch and pen input."""

from __future__ import annotations

import pytest

from tests.conformance.expected import check_fields, plain
from tests.shared import Case, cases
from trio_rdp.channels import rdpei
from trio_rdp.wire.cursor import Cursor

_INTEGERS = {
    "TwoByteUnsigned": rdpei.TWO_BYTE_UNSIGNED,
    "TwoByteSigned": rdpei.TWO_BYTE_SIGNED,
    "FourByteUnsigned": rdpei.FOUR_BYTE_UNSIGNED,
    "FourByteSigned": rdpei.FOUR_BYTE_SIGNED,
    "EightByteUnsigned": rdpei.EIGHT_BYTE_UNSIGNED,
}


@pytest.mark.parametrize("case", cases("rdpei-pdu"))
def test_rdpei_pdu(case: Case) -> None:
    raw, fields = case.input, case.expected["fields"]
    assert case.params["roundtrip"]
    kind = case.expected.get("type")
    if kind in _INTEGERS:
        src, dst = Cursor(raw), bytearray()
        value = _INTEGERS[kind].decode_from(src)
        assert value == plain(fields) == case.expected["checks"][0]["value"]
        assert src.remaining == 0
        _INTEGERS[kind].encode_into(dst, value)
        assert dst == raw
        return
    pdu = rdpei.decode_rdpei(raw)
    name = fields.get("_type") or fields["enum"]
    assert type(pdu).__name__ == name.removeprefix("RdpeiPdu::")
    if "value" in fields:
        check_fields(pdu, fields["value"])
    assert pdu.encode() == raw
