from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.pdu.status_info import StatusCode, StatusInfo, describe_status


def test_status_info() -> None:
    raw = bytes.fromhex("03050000")
    same(raw, StatusInfo(status_code=StatusCode.VM_STARTING))
    every_truncation_raises(StatusInfo, raw)


@pytest.mark.parametrize("code", list(StatusCode))
def test_every_status_has_words(code: StatusCode) -> None:
    assert "0x" not in describe_status(code)


def test_an_unknown_status_has_its_number() -> None:
    assert describe_status(StatusInfo.decode(b"\xff\x05\0\0").status_code) == "status 0x5ff"
