"""FreeRDP's advanced input against every shared vector of its kind."""

from __future__ import annotations

import pytest

from tests.shared import Case, cases
from trio_rdp.channels.ainput import AinputMouse, AinputVersion, decode_ainput
from trio_rdp.wire.errors import DecodeError


@pytest.mark.parametrize("case", cases("ainput-pdu"))
def test_ainput_pdu(case: Case) -> None:
    pdu = decode_ainput(case.input)
    assert type(pdu) is {"version": AinputVersion, "mouse": AinputMouse}[case.expected["pdu"]]
    for name, value in case.expected.items():
        if name != "pdu":
            assert getattr(pdu, name) == value, name
    assert pdu.encode() == case.input


@pytest.mark.parametrize("case", cases("robustness"))
def test_robustness(case: Case) -> None:
    for start in range(min(len(case.input), 64)):
        try:
            pdu = decode_ainput(case.input[start:])
        except DecodeError:
            continue
        assert decode_ainput(pdu.encode()) == pdu
