from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.pdu.error_info import ErrorInfo, SetErrorInfo, describe


def test_set_error_info() -> None:
    raw = bytes.fromhex("05000000")  # ERRINFO_DISCONNECTED_BY_OTHERCONNECTION
    same(raw, SetErrorInfo(error_info=ErrorInfo.DISCONNECTED_BY_OTHER_CONNECTION))
    every_truncation_raises(SetErrorInfo, raw)


@pytest.mark.parametrize("code", list(ErrorInfo))
def test_every_code_has_words(code: ErrorInfo) -> None:
    text = describe(code)
    assert "0x" not in text
    assert text == text.strip().rstrip(".")
    assert describe(int(code)) == text


def test_the_table_is_whole() -> None:
    assert len(ErrorInfo) == 120
    assert describe(0x000010D7) == "the server gave the unknown reason 0x000010d7"


@given(st.integers(0, 0xFFFFFFFF))
def test_any_code(code: int) -> None:
    pdu = SetErrorInfo.decode(code.to_bytes(4, "little"))
    assert pdu.encode() == code.to_bytes(4, "little")
    assert describe(pdu.error_info)
