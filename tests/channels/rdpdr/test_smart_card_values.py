"""The numbers of smart cards."""

from __future__ import annotations

from trio_rdp.channels.rdpdr.smart_card_values import (
    CardDisposition,
    CardProtocol,
    ReaderState,
    ShareMode,
    SmartCardCode,
)


def test_codes() -> None:
    assert SmartCardCode(0x80100009) is SmartCardCode.UNKNOWN_READER
    assert SmartCardCode(0x80100070) is SmartCardCode.CACHE_ITEM_NOT_FOUND
    assert not SmartCardCode(0x80100099).is_known


def test_flags() -> None:
    assert ReaderState.CHANGED in ReaderState(0x00010022)
    assert CardProtocol.T0 | CardProtocol.T1 == 3
    assert (ShareMode.SHARED, CardDisposition.EJECT) == (2, 3)
