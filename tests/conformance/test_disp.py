"""Display control against every shared vector of its kind."""

from __future__ import annotations

import pytest

from tests.conformance.expected import check_fields
from tests.shared import Case, cases
from trio_rdp.channels.disp import (
    DisplayControlCapabilities,
    DisplayControlMonitorLayout,
    decode_disp_from_client,
    decode_disp_from_server,
)
from trio_rdp.wire.errors import DecodeError, InvalidField

# Each expects capabilities of bytes that a client is to refuse; the manifest says so in the case's name only.
_REFUSED = {
    "displaycontrol-pdu-client-process-rejects-monitor-layout-from-server": "type 0x2, not 0x5",
    "displaycontrol-pdu-client-process-rejects-trailing-bytes-after-caps": "4 bytes more than the layout has",
}


@pytest.mark.parametrize("case", cases("displaycontrol-pdu"))
def test_displaycontrol_pdu(case: Case) -> None:
    expected, raw = case.expected, case.input
    if case.id in _REFUSED:
        with pytest.raises(InvalidField, match=_REFUSED[case.id]):
            decode_disp_from_server(raw)
        return
    if "pdu" in expected:
        layout = decode_disp_from_client(raw)
        assert isinstance(layout, DisplayControlMonitorLayout)
        assert len(layout.monitors) == len(expected["monitors"])
        for monitor, fields in zip(layout.monitors, expected["monitors"], strict=True):
            check_fields(monitor, fields)
        assert layout.encode() == raw
    else:
        capabilities = decode_disp_from_server(raw)
        assert isinstance(capabilities, DisplayControlCapabilities)
        check_fields(capabilities, expected["fields"]["value"])
        assert capabilities.encode() == raw


@pytest.mark.parametrize("case", cases("robustness"))
def test_robustness(case: Case) -> None:
    for decode in (decode_disp_from_server, decode_disp_from_client):
        for start in range(min(len(case.input), 64)):
            try:
                pdu = decode(case.input[start:])
            except DecodeError:
                continue
            assert decode(pdu.encode()) == pdu
