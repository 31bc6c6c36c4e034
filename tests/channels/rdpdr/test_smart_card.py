"""The envelope of smart card calls, byte by byte after [MS-RPCE] 2.2.6."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.rdpdr.smart_card import SmartCardControlCode, TypeSerialization
from trio_rdp.wire.errors import InvalidField

# An EstablishContext_Call, [MS-RDPESC] 2.2.2.1: a scope, and padding.
ESTABLISH = bytes.fromhex(
    "01"  # Version
    "10"  # Endianness: little
    "0800"  # CommonHeaderLength
    "cccccccc"  # Filler
    "08000000"  # ObjectBufferLength
    "00000000"  # Filler
    "02000000 00000000"  # dwScope: SCARD_SCOPE_SYSTEM
)


def test_a_call() -> None:
    same(ESTABLISH, TypeSerialization(data=bytes.fromhex("02000000 00000000")))
    assert TypeSerialization(data=bytes.fromhex("02000000")).encode() == ESTABLISH
    every_truncation_raises(TypeSerialization, ESTABLISH)


def test_padding_that_a_peer_left_out_is_added() -> None:
    raw = bytearray(ESTABLISH[:-4])
    raw[8] = 4
    assert TypeSerialization.decode(bytes(raw)) == TypeSerialization.decode(ESTABLISH)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_another_serialization_is_refused(at: int) -> None:
    raw = bytearray(ESTABLISH)
    raw[at] ^= 0x10
    with pytest.raises(InvalidField, match="serialization"):
        TypeSerialization.decode(bytes(raw))


def test_the_codes() -> None:
    assert SmartCardControlCode(0x00090014) is SmartCardControlCode.ESTABLISHCONTEXT
    assert SmartCardControlCode(0x000900D0) is SmartCardControlCode.TRANSMIT
    assert len(SmartCardControlCode) == 48


@given(st.binary(max_size=40))
def test_any_bytes_give_a_value_or_an_error(data: bytes) -> None:
    value_or_error(TypeSerialization, ESTABLISH[:8] + data)
