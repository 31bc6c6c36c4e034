"""The returns of the examples in [MS-RDPESC] 4, in bytes, and all others there and back."""

from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rdpdr import smart_card_returns as returns
from trio_rdp.channels.rdpdr.smart_card_structures import RedirScardContext, RedirScardHandle, encode_multistring
from trio_rdp.channels.rdpdr.smart_card_values import CardProtocol, CardState, SmartCardCode

CONTEXT = RedirScardContext(pb_context=b"\0\0\1\xcd")


def test_establish_context() -> None:
    raw = bytes.fromhex("00000000 04000000 00000200 04000000 000001cd")
    same(raw, returns.EstablishContextReturn(context=CONTEXT))


def test_connect() -> None:
    raw = bytes.fromhex(
        "00000000"  # ReturnCode
        "04000000 00000200 04000000 04000200"  # hCard
        "01000000"  # dwActiveProtocol
        "04000000 000001cd 04000000 000001ea"
    )
    card = RedirScardHandle(context=CONTEXT, pb_handle=b"\0\0\1\xea")
    same(raw, returns.ConnectReturn(card=card, active_protocol=CardProtocol.T0))
    every_truncation_raises(returns.ConnectReturn, raw)


def test_status() -> None:
    atr = bytes.fromhex("3b1694417374726964")
    names = encode_multistring(["Gemplus USB Smart Card Reader 0"], is_wide=True)
    raw = bytes.fromhex("00000000 42000000 00000200 06000000 01000000") + atr.ljust(32, b"\0")
    raw += bytes.fromhex("09000000 42000000") + names
    value = returns.StatusReturn(
        msz_reader_names=names, state=CardState.SPECIFIC_MODE, protocol=CardProtocol.T0, pb_atr=atr
    )
    same(raw, value)


def test_a_failure_says_nothing_else() -> None:
    value = returns.TransmitReturn(return_code=SmartCardCode.INVALID_HANDLE)
    assert value.encode() == bytes.fromhex("03001080 00000000 00000000 00000000")


def test_only_a_length() -> None:
    same(bytes.fromhex("00000000 42000000 00000000"), returns.NamesReturn(msz=66))


@pytest.mark.parametrize("name", returns.__all__)
def test_every_return_there_and_back(name: str) -> None:
    value = getattr(returns, name)()
    same(value.encode(), value)
