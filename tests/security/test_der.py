from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.security import der
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "020100"),
        (6, "020106"),
        (127, "02017f"),
        (128, "02020080"),
        (-1, "0201ff"),
        (-128, "020180"),
        (-129, "0202ff7f"),
        (0xC000006D, "020500c000006d"),
        (0xC000006D - (1 << 32), "0204c000006d"),
    ],
)
def test_integers_take_the_fewest_bytes(value: int, encoded: str) -> None:
    assert der.encode_integer(value).hex() == encoded
    assert der.decode_integer(der.read(Cursor(bytes.fromhex(encoded)), der.INTEGER)) == value


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65_535, 65_536])
def test_lengths(size: int) -> None:
    value = der.write(der.OCTET_STRING, bytes(size))
    assert der.size(value) == len(value)
    assert der.read(Cursor(value), der.OCTET_STRING).rest() == bytes(size)


def test_the_size_is_known_with_the_header() -> None:
    value = der.write(der.SEQUENCE, bytes(300))
    assert [der.size(value[:length]) for length in range(5)] == [None, None, None, None, 304]


def test_a_length_may_take_more_bytes_than_it_needs() -> None:
    value = bytes.fromhex("04840000000161")
    assert der.size(value) == 7
    assert der.read(Cursor(value), der.OCTET_STRING).rest() == b"a"


@pytest.mark.parametrize("header", ["3080", "3085", "30ff"])
def test_lengths_of_other_forms_are_refused(header: str) -> None:
    with pytest.raises(InvalidField):
        der.size(bytes.fromhex(header) + bytes(10))
    with pytest.raises(InvalidField):
        der.read(Cursor(bytes.fromhex(header) + bytes(10)), der.SEQUENCE)


def test_wrong_tags_and_long_tags_are_refused() -> None:
    with pytest.raises(InvalidField, match="0x04 where 0x30"):
        der.read(Cursor(b"\x04\x00"), der.SEQUENCE)
    with pytest.raises(InvalidField, match="more than one byte"):
        der.read_any(Cursor(b"\x1f\x81\x00"))


def test_integers_have_a_limit() -> None:
    for size in (0, 10):
        with pytest.raises(InvalidField):
            der.decode_integer(Cursor(bytes(size)))


def test_an_optional_value_stays_when_it_is_another() -> None:
    src = Cursor(b"\xa1\x00")
    assert der.read_optional(src, der.context(0)) is None
    assert der.read_optional(src, der.context(1)) is not None
    assert der.read_optional(src, der.context(1)) is None


def test_what_is_cut_off_is_truncated() -> None:
    value = der.write(der.SEQUENCE, bytes(200))
    for length in range(len(value)):
        with pytest.raises(Truncated):
            der.read(Cursor(value[:length]), der.SEQUENCE)


@given(st.binary(max_size=40))
def test_any_bytes(data: bytes) -> None:
    try:
        der.size(data)
        der.read_any(Cursor(data))
    except DecodeError:
        pass
