from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.wire import per
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated

Reader = Callable[[Cursor], Any]
Writer = Callable[[bytearray, Any], None]


def cursor(raw: str) -> Cursor:
    return Cursor(bytes.fromhex(raw))


@pytest.mark.parametrize(
    ("read", "write", "value", "raw"),
    [
        (per.read_length, per.write_length, 0, "00"),
        (per.read_length, per.write_length, 0x7F, "7f"),
        (per.read_length, per.write_length, 0x80, "8080"),
        (per.read_length, per.write_length, 0x3FFF, "bfff"),
        (per.read_choice, per.write_choice, 7, "07"),
        (per.read_integer, per.write_integer, 0, "0100"),
        (per.read_integer, per.write_integer, 0x100, "020100"),
        (per.read_integer, per.write_integer, 0x10000, "0400010000"),
        (per.read_u16, per.write_u16, 0x1234, "1234"),
        (partial(per.read_u16, minimum=1001), partial(per.write_u16, minimum=1001), 1007, "0006"),
        (partial(per.read_enumerated, count=16), partial(per.write_enumerated, count=16), 15, "0f"),
        (per.read_object_identifier, per.write_object_identifier, (0, 0, 20, 124, 0, 1), "0500147c0001"),
        (per.read_object_identifier, per.write_object_identifier, (2, 5, 29), "02551d"),
        (partial(per.read_numeric_string, minimum=1), partial(per.write_numeric_string, minimum=1), "1", "0010"),
        (partial(per.read_numeric_string, minimum=1), partial(per.write_numeric_string, minimum=1), "123", "021230"),
        (per.read_octet_string, per.write_octet_string, b"", "00"),
        (partial(per.read_octet_string, minimum=4), partial(per.write_octet_string, minimum=4), b"Duca", "0044756361"),
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


def test_lengths_longer_than_necessary() -> None:
    assert per.read_length(cursor("8028")) == 0x28  # as xrdp and FreeRDP write them
    assert per.read_integer(cursor("0300000a")) == 10


@pytest.mark.parametrize(
    ("read", "raw"),
    [
        (per.read_length, "c1"),
        (per.read_integer, "00"),
        (per.read_integer, "050000000000"),
        (partial(per.read_enumerated, count=16), "10"),
        (per.read_object_identifier, "00"),
        (per.read_object_identifier, "028001"),
        (partial(per.read_numeric_string, minimum=1), "00a0"),
    ],
)
def test_what_means_nothing(read: Reader, raw: str) -> None:
    with pytest.raises(InvalidField):
        read(cursor(raw))


@pytest.mark.parametrize(
    ("write", "value"),
    [
        (per.write_length, 0x4000),
        (per.write_integer, 2**32),
        (per.write_integer, -1),
        (per.write_u16, 2**16),
        (partial(per.write_u16, minimum=1001), 1000),
        (partial(per.write_enumerated, count=16), 16),
        (per.write_object_identifier, (2, 999)),
        (partial(per.write_numeric_string, minimum=1), ""),
        (partial(per.write_numeric_string, minimum=1), "a"),
        (partial(per.write_octet_string, minimum=4), b"Duc"),
        (per.write_octet_string, bytes(0x4000)),
    ],
)
def test_what_cannot_be_written(write: Writer, value: object) -> None:
    with pytest.raises(EncodeError):
        write(bytearray(), value)


@given(st.integers(0, 2**32 - 1), st.binary(max_size=300), st.text("0123456789", min_size=1, max_size=20))
def test_what_is_written_is_read(number: int, octets: bytes, digits: str) -> None:
    dst = bytearray()
    per.write_integer(dst, number)
    per.write_octet_string(dst, octets)
    per.write_numeric_string(dst, digits, 1)
    src = Cursor(bytes(dst))
    assert (per.read_integer(src), per.read_octet_string(src), per.read_numeric_string(src, 1)) == (
        number,
        octets,
        digits,
    )
    assert src.remaining == 0


@given(
    st.sampled_from(
        [
            per.read_length,
            per.read_integer,
            per.read_object_identifier,
            per.read_octet_string,
            partial(per.read_numeric_string, minimum=1),
        ]
    ),
    st.binary(max_size=20),
)
def test_a_value_or_a_decode_error(read: Reader, raw: bytes) -> None:
    with contextlib.suppress(DecodeError):
        read(Cursor(raw))
