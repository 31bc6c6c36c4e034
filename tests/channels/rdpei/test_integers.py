from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels.rdpei.integers import (
    EIGHT_BYTE_UNSIGNED,
    FOUR_BYTE_SIGNED,
    FOUR_BYTE_UNSIGNED,
    TWO_BYTE_SIGNED,
    TWO_BYTE_UNSIGNED,
    VariableInteger,
)
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, Truncated

# The first of each are the document's examples.
EXAMPLES: list[tuple[VariableInteger, int, str]] = [
    (TWO_BYTE_UNSIGNED, 0x1A1B, "9a1b"),
    (TWO_BYTE_UNSIGNED, 0, "00"),
    (TWO_BYTE_UNSIGNED, 0x7F, "7f"),
    (TWO_BYTE_UNSIGNED, 0x80, "8080"),
    (TWO_BYTE_UNSIGNED, 0x7FFF, "ffff"),
    (TWO_BYTE_SIGNED, -0x1A1B, "da1b"),
    (TWO_BYTE_SIGNED, -0x2, "42"),
    (TWO_BYTE_SIGNED, 0x3F, "3f"),
    (TWO_BYTE_SIGNED, 0x40, "8040"),
    (TWO_BYTE_SIGNED, -0x40, "c040"),
    (TWO_BYTE_SIGNED, 0x3FFF, "bfff"),
    (TWO_BYTE_SIGNED, -0x3FFF, "ffff"),
    (FOUR_BYTE_UNSIGNED, 0x1A1B1C, "9a1b1c"),
    (FOUR_BYTE_UNSIGNED, 0x3F, "3f"),
    (FOUR_BYTE_UNSIGNED, 0x40, "4040"),
    (FOUR_BYTE_UNSIGNED, 0x400000, "c0400000"),
    (FOUR_BYTE_UNSIGNED, 0x3FFFFFFF, "ffffffff"),
    (FOUR_BYTE_SIGNED, -0x1A1B1C, "ba1b1c"),
    (FOUR_BYTE_SIGNED, -0x2, "22"),
    (FOUR_BYTE_SIGNED, 0x1FFF, "5fff"),
    (FOUR_BYTE_SIGNED, -0x1FFFFFFF, "ffffffff"),
    (EIGHT_BYTE_UNSIGNED, 0x1A1B1C1D1E1F2A, "da1b1c1d1e1f2a"),
    (EIGHT_BYTE_UNSIGNED, 0x1F, "1f"),
    (EIGHT_BYTE_UNSIGNED, 0x20, "2020"),
    (EIGHT_BYTE_UNSIGNED, 0x1FFFFFFFFFFFFFFF, "ffffffffffffffff"),
]
KINDS = [TWO_BYTE_UNSIGNED, TWO_BYTE_SIGNED, FOUR_BYTE_UNSIGNED, FOUR_BYTE_SIGNED, EIGHT_BYTE_UNSIGNED]


def encode(kind: VariableInteger, value: int) -> bytes:
    dst = bytearray()
    kind.encode_into(dst, value)
    return bytes(dst)


@pytest.mark.parametrize(("kind", "value", "raw"), EXAMPLES)
def test_examples(kind: VariableInteger, value: int, raw: str) -> None:
    src = Cursor(bytes.fromhex(raw) + b"\xaa")
    assert kind.decode_from(src) == value
    assert src.remaining == 1
    assert encode(kind, value).hex() == raw
    for size in range(len(raw) // 2):
        with pytest.raises(Truncated):
            kind.decode_from(Cursor(bytes.fromhex(raw)[:size]))


def test_ranges() -> None:
    assert [kind.largest for kind in KINDS] == [0x7FFF, 0x3FFF, 0x3FFFFFFF, 0x1FFFFFFF, 0x1FFFFFFFFFFFFFFF]
    for kind in KINDS:
        for value in (kind.largest + 1, -kind.largest - 1):
            with pytest.raises(EncodeError, match="does not fit"):
                encode(kind, value)
        if not kind.signed:
            with pytest.raises(EncodeError, match="-1 does not fit 0x"):
                encode(kind, -1)


def test_more_bytes_than_needed_and_negative_zero_are_read() -> None:
    assert FOUR_BYTE_UNSIGNED.decode_from(Cursor(b"\xc0\0\0\x05")) == 5
    assert FOUR_BYTE_SIGNED.decode_from(Cursor(b"\x20")) == 0
    assert TWO_BYTE_SIGNED.decode_from(Cursor(b"\xc0\x00")) == 0


@given(st.sampled_from(KINDS), st.data())
def test_round_trip(kind: VariableInteger, data: st.DataObject) -> None:
    value = data.draw(st.integers(-kind.largest if kind.signed else 0, kind.largest))
    raw = encode(kind, value)
    assert len(raw) <= kind.largest_size
    assert kind.decode_from(Cursor(raw)) == value


@given(st.sampled_from(KINDS), st.binary(min_size=8, max_size=8))
def test_whatever_is_read_can_be_written(kind: VariableInteger, raw: bytes) -> None:
    src = Cursor(raw)
    value = kind.decode_from(src)
    again = encode(kind, value)
    assert len(again) <= src.pos
    assert kind.decode_from(Cursor(again)) == value
