"""What smart card calls have in common."""

from __future__ import annotations

import uuid

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rdpdr.smart_card_structures import (
    LocateCardsAtrMask,
    ReadCacheCommon,
    ReaderStateCommonCall,
    ReaderStateW,
    RedirScardContext,
    RedirScardHandle,
    decode_multistring,
    encode_multistring,
)
from trio_rdp.channels.rdpdr.smart_card_values import ReaderState
from trio_rdp.wire.errors import EncodeError, InvalidField

# The context and the handle of [MS-RDPESC] 4.8.
HANDLE = bytes.fromhex(
    "04000000 00000200"  # cbContext, pbContext
    "04000000 04000200"  # cbHandle, pbHandle
    "04000000 000001cd"
    "04000000 000001ea"
)


def test_a_handle() -> None:
    context = RedirScardContext(pb_context=b"\0\0\1\xcd")
    same(HANDLE, RedirScardHandle(context=context, pb_handle=b"\0\0\1\xea"))
    every_truncation_raises(RedirScardHandle, HANDLE)


def test_a_reader() -> None:
    atr = bytes.fromhex("3b16944173747269 64")
    value = ReaderStateW(
        reader="R",
        common=ReaderStateCommonCall(current_state=ReaderState(0), event_state=ReaderState.PRESENT, rgb_atr=atr),
    )
    raw = bytes.fromhex("00000200 00000000 20000000 09000000") + atr.ljust(36, b"\0")
    same(raw + bytes.fromhex("02000000 00000000 02000000 5200 0000"), value)


def test_a_mask() -> None:
    value = LocateCardsAtrMask(rgb_atr=b"\x3b\x16", rgb_mask=b"\xff\xff")
    same(b"\2\0\0\0" + b"\x3b\x16".ljust(36, b"\0") + b"\xff\xff".ljust(36, b"\0"), value)


def test_an_item_of_the_cache() -> None:
    value = ReadCacheCommon(
        context=RedirScardContext(),
        card_identifier=uuid.UUID("00112233-4455-6677-8899-aabbccddeeff"),
        freshness_counter=5,
        cb_data_len=100,
    )
    raw = bytes.fromhex(
        "00000000 00000000"  # the context
        "00000200 05000000 00000000 64000000"
        "33221100 5544 7766 8899 aabbccddeeff"
    )
    same(raw, value)


def test_multistrings() -> None:
    wide = "Gemplus USB Smart Card Reader 0\0\0".encode("utf-16-le")  # [MS-RDPESC] 4.4
    assert len(wide) == 66
    assert encode_multistring(["Gemplus USB Smart Card Reader 0"], is_wide=True) == wide
    assert decode_multistring(wide, is_wide=True) == ["Gemplus USB Smart Card Reader 0"]
    assert decode_multistring(b"a\0b\0\0", is_wide=False) == ["a", "b"]
    assert decode_multistring(b"", is_wide=False) == []
    assert encode_multistring([], is_wide=False) == b"\0"
    with pytest.raises(InvalidField):
        decode_multistring(b"abc", is_wide=True)
    with pytest.raises(InvalidField, match="names exceed"):
        decode_multistring(b"a\0" * 2000, is_wide=False)
    with pytest.raises(EncodeError):
        encode_multistring(["\u20ac"], is_wide=False)
