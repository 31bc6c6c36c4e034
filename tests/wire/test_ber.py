from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.wire import ber
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated

Reader = Callable[[Cursor], Any]
Writer = Callable[[bytearray, Any], None]


def cursor(raw: str) -> Cursor:
    return Cursor(bytes.fromhex(raw))


@pytest.mark.parametrize(
    ("read", "write", "value", "raw"),
    [
        (ber.read_length, ber.write_length, 0, "00"),
        (ber.read_length, ber.write_length, 0x7F, "7f"),
        (ber.read_length, ber.write_length, 0x80, "8180"),
        (ber.read_length, ber.write_length, 0x100, "820100"),
        (ber.read_length, ber.write_length, 0x1000000, "8401000000"),
        (ber.read_boolean, ber.write_boolean, True, "0101ff"),
        (ber.read_boolean, ber.write_boolean, False, "010100"),
        (ber.read_integer, ber.write_integer, 0, "020100"),
        (ber.read_integer, ber.write_integer, 127, "02017f"),
        (ber.read_integer, ber.write_integer, 128, "02020080"),
        (ber.read_integer, ber.write_integer, -128, "020180"),
        (ber.read_integer, ber.write_integer, -129, "0202ff7f"),
        (ber.read_unsigned, ber.write_integer, 65535, "020300ffff"),
        (ber.read_enumerated, ber.write_enumerated, 15, "0a010f"),
        (ber.read_octet_string, ber.write_octet_string, b"ab", "04026162"),
        (ber.read_object_identifier, ber.write_object_identifier, (1, 2, 840, 113554), "06062a864886f712"),
        (ber.read_object_identifier, ber.write_object_identifier, (2, 5, 4, 10), "060355040a"),
        (ber.read_object_identifier, ber.write_object_identifier, (2, 999, 3), "0603883703"),
    ],
)
def test_values_and_their_bytes(read: Reader, write: Writer, value: object, raw: str) -> None:
    dst = bytearray()
    write(dst, value)
    assert dst.hex() == raw
    assert read(cursor(raw)) == value
    for size in range(len(dst)):
        with pytest.raises(Truncated):
            read(Cursor(bytes(dst[:size])))


@pytest.mark.parametrize(
    ("read", "raw", "value"),
    [
        (ber.read_length, "820005", 5),  # longer than necessary
        (ber.read_integer, "02020005", 5),
        (ber.read_unsigned, "0202ffff", 65535),  # Windows forgets the sign
        (ber.read_boolean, "010101", True),
    ],
)
def test_what_peers_write_less_well(read: Reader, raw: str, value: object) -> None:
    assert read(cursor(raw)) == value


@pytest.mark.parametrize(
    ("read", "raw"),
    [
        (ber.read_length, "80"),  # the indefinite form
        (ber.read_length, "850000000001"),
        (ber.read_tag, "7fffffff01"),
        (ber.read_boolean, "01020000"),
        (ber.read_boolean, "0201ff"),
        (ber.read_integer, "0200"),
        (ber.read_integer, "0241" + "00" * 65),
        (ber.read_object_identifier, "0600"),
        (ber.read_object_identifier, "060155"[:4] + "86"),
        (ber.read_object_identifier, "0641" + "01" * 65),
        (ber.read_text, "040161"),
        (ber.read_text, "0c01ff"),
        (ber.read_text, "1601e9"),
        (ber.read_utc_time, "170c323130333137313634303436"),
        (ber.read_utc_time, "170d3231303331373136343034362b"),
        (ber.read_utc_time, "170d3231313331373136343034365a"),  # month 13
        (ber.read_utc_time, "170db2b1b0b3b1b7b1b6b4b0b4b65a"),
    ],
)
def test_what_means_nothing(read: Reader, raw: str) -> None:
    with pytest.raises(InvalidField):
        read(cursor(raw))


def test_tags() -> None:
    assert ber.context(1) == 0xA1
    assert ber.application(5) == 0x65
    assert ber.application(101) == 0x7F65
    assert ber.read_tag(cursor("7f65")) == 0x7F65
    assert ber.read_tag(cursor("bf8120")) == 0xBF8120


def test_elements() -> None:
    dst = bytearray()
    ber.write_element(dst, ber.application(101), b"abc")
    assert dst.hex() == "7f6503616263"
    src = Cursor(bytes(dst) + b"!")
    assert ber.read_element(src, ber.application(101)).rest() == b"abc"
    assert src.rest() == b"!"
    with pytest.raises(InvalidField, match="tag 0x7f65 instead of 0x30"):
        ber.read_element(Cursor(bytes(dst)), ber.SEQUENCE)


def test_text_and_time() -> None:
    assert ber.read_text(cursor("0c03e282ac")) == "€"
    assert ber.read_text(cursor("130161")) == "a"
    assert ber.read_text(cursor("160161")) == "a"
    for raw, year in (("3439", 2049), ("3530", 1950)):
        expected = datetime.datetime(year, 3, 17, 16, 40, 46, tzinfo=datetime.UTC)
        assert ber.read_utc_time(cursor(f"170d{raw}303331373136343034365a")) == expected


def test_what_cannot_be_written() -> None:
    with pytest.raises(EncodeError):
        ber.write_integer(bytearray(), 1 << 600)
    with pytest.raises(EncodeError):
        ber.write_object_identifier(bytearray(), (1,))


@given(st.integers(-(2**500), 2**500))
def test_integers(value: int) -> None:
    dst = bytearray()
    ber.write_integer(dst, value)
    assert ber.read_integer(Cursor(bytes(dst))) == value


@given(
    st.sampled_from(
        [
            ber.read_header,
            ber.read_boolean,
            ber.read_integer,
            ber.read_enumerated,
            ber.read_octet_string,
            ber.read_object_identifier,
            ber.read_text,
            ber.read_utc_time,
        ]
    ),
    st.sampled_from([b"", b"\1\1", b"\2\1", b"\x0a\1", b"\4", b"\6\5", b"\x0c\4", b"\x17\x0d"]),
    st.binary(max_size=20),
)
def test_a_value_or_a_decode_error(read: Reader, start: bytes, rest: bytes) -> None:
    with contextlib.suppress(DecodeError):
        read(Cursor(start + rest))
