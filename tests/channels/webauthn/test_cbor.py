from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels.webauthn.cbor import DEPTH_LIMIT, Cbor, decode_cbor_from, encode_cbor_into
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated


def decoded(raw: bytes) -> Cbor:
    src = Cursor(raw)
    value = decode_cbor_from(src)
    assert src.remaining == 0
    return value


def encoded(value: Cbor) -> bytes:
    dst = bytearray()
    encode_cbor_into(dst, value)
    return bytes(dst)


# [RFC 8949] appendix A, those of the types that are known
EXAMPLES: list[tuple[str, Cbor]] = [
    ("00", 0),
    ("01", 1),
    ("0a", 10),
    ("17", 23),
    ("1818", 24),
    ("1819", 25),
    ("1864", 100),
    ("1903e8", 1000),
    ("1a000f4240", 1000000),
    ("1b000000e8d4a51000", 1000000000000),
    ("1bffffffffffffffff", 18446744073709551615),
    ("3bffffffffffffffff", -18446744073709551616),
    ("20", -1),
    ("29", -10),
    ("3863", -100),
    ("3903e7", -1000),
    ("f4", False),
    ("f5", True),
    ("f6", None),
    ("40", b""),
    ("4401020304", b"\1\2\3\4"),
    ("60", ""),
    ("6161", "a"),
    ("6449455446", "IETF"),
    ("62225c", '"\\'),
    ("62c3bc", "\u00fc"),
    ("63e6b0b4", "\u6c34"),
    ("64f0908591", "\U00010151"),
    ("80", []),
    ("83010203", [1, 2, 3]),
    ("8301820203820405", [1, [2, 3], [4, 5]]),
    ("98190102030405060708090a0b0c0d0e0f101112131415161718181819", list(range(1, 26))),
    ("a0", {}),
    ("a201020304", {1: 2, 3: 4}),
    ("a26161016162820203", {"a": 1, "b": [2, 3]}),
    ("826161a161626163", ["a", {"b": "c"}]),
    ("a56161614161626142616361436164614461656145", {"a": "A", "b": "B", "c": "C", "d": "D", "e": "E"}),
]


@pytest.mark.parametrize(("text", "value"), EXAMPLES)
def test_the_documents_examples(text: str, value: Cbor) -> None:
    raw = bytes.fromhex(text)
    found = decoded(raw)
    assert found == value
    assert type(found) is type(value)
    assert encoded(value) == raw
    for size in range(len(raw)):
        with pytest.raises(Truncated):
            decoded(raw[:size])


def test_numbers_that_are_longer_than_necessary() -> None:
    assert decoded(bytes.fromhex("1817")) == decoded(bytes.fromhex("1b0000000000000017")) == 23
    assert decoded(bytes.fromhex("580161")) == b"a"


@pytest.mark.parametrize(
    "text",
    [
        "f7",  # undefined
        "f0",  # an unassigned simple value
        "f8ff",
        "f90000",  # floating-point numbers
        "fa47c35000",
        "fb3ff199999999999a",
        "c074323031332d30332d32315432303a30343a30305a",  # a tag
        "1c",  # reserved lengths
        "5f42010243030405ff",  # unknown lengths
        "7f657374726561646d696e67ff",
        "9fff",
        "bfff",
        "ff",
        "61ff",  # not UTF-8
        "63eda080",  # a surrogate
        "a201020103",  # a key twice
        "a1f501",  # keys of other kinds
        "a1f601",
        "a18001",
        "a1a001",
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(InvalidField):
        decoded(bytes.fromhex(text))


def test_counts_of_what_is_not_there() -> None:
    for text in ("9affffffff", "9bffffffffffffffff", "baffffffff00", "bbffffffffffffffff", "5bffffffffffffffff"):
        with pytest.raises(Truncated):
            decoded(bytes.fromhex(text))


def test_depth() -> None:
    deepest = b"\x81" * DEPTH_LIMIT + b"\0"
    assert encoded(decoded(deepest)) == deepest
    with pytest.raises(InvalidField, match="more than 8 arrays and maps inside each other"):
        decoded(b"\x81" + deepest)
    with pytest.raises(EncodeError, match="more than 8 arrays and maps inside each other"):
        encoded([decoded(deepest)])


def test_values_that_cannot_be_written() -> None:
    for value in (1 << 64, -(1 << 64) - 1):
        with pytest.raises(EncodeError, match="an integer of more than 64 bits"):
            encoded(value)
    with pytest.raises(EncodeError, match="surrogates not allowed"):
        encoded("\ud800")


keys = st.integers(-(1 << 64), (1 << 64) - 1) | st.text(max_size=5) | st.binary(max_size=5)
values = st.recursive(
    keys | st.booleans() | st.none(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(keys, inside, max_size=4),
    max_leaves=8,
)


@given(values)
def test_any_value(value: Cbor) -> None:
    try:
        raw = encoded(value)
    except EncodeError:
        return
    found = decoded(raw)
    assert found == value
    assert encoded(found) == raw


@given(st.binary(max_size=30))
def test_any_bytes(raw: bytes) -> None:
    try:
        value = decode_cbor_from(Cursor(raw))
    except DecodeError:
        return
    assert decoded(encoded(value)) == value
