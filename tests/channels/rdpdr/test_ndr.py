"""Structures in NDR: alignments, pointers in their order, counts that agree, limits."""

from __future__ import annotations

import uuid
from typing import Annotated

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rdpdr.ndr import (
    Atr,
    AtrLast,
    Blob,
    FixedBytes,
    NdrPdu,
    Number,
    Optional,
    Sized,
    Structures,
    Text,
    Uuid,
)
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.pdu import pdu


@pdu
class Inner(NdrPdu):
    """A structure with a pointer."""

    name: Annotated[str, Text(is_wide=False)]
    number: Annotated[int, Number()]


@pdu
class Outer(NdrPdu):
    """One of each."""

    blob: Annotated[bytes, Blob(8)]
    inner: Inner
    maybe: Annotated[Inner | None, Optional(Inner)] = None
    items: Annotated[list[Inner], Structures(Inner, 2)]


@pdu
class Other(NdrPdu):
    """The rest."""

    wide: Annotated[str, Text(is_wide=True)]
    sized: Annotated[bytes | int, Sized(8)]
    atr: Annotated[bytes, Atr(4)]
    last: Annotated[bytes, AtrLast(4)]
    fixed: Annotated[bytes, FixedBytes(4)]
    id: Annotated[uuid.UUID, Uuid()]


OUTER = bytes.fromhex(
    "05000000 00000200"  # blob: count, pointer
    "04000200 07000000"  # inner: pointer to its name, number
    "08000200"  # maybe: pointer
    "01000000 0c000200"  # items: count, pointer
    # What is pointed to, in the order of the pointers.
    "05000000 6162636465 000000"  # blob: count, bytes, and an alignment
    "02000000 00000000 02000000 7800 0000"  # the name: most, offset, count, "x\0"
    "10000200 08000000"  # maybe: pointer to its name, number
    "02000000 00000000 02000000 7900 0000"  # its name, directly behind it
    "01000000 14000200 09000000"  # items: count, then each: pointer and number
    "02000000 00000000 02000000 7a00"  # the name of the first
)


def test_pointers_are_followed_in_their_order() -> None:
    value = Outer(
        blob=b"abcde",
        inner=Inner(name="x", number=7),
        maybe=Inner(name="y", number=8),
        items=[Inner(name="z", number=9)],
    )
    same(OUTER, value)
    every_truncation_raises(Outer, OUTER)


def test_nothing_is_pointed_to() -> None:
    value = Outer(blob=b"", inner=Inner(name="", number=0), maybe=None, items=[])
    raw = value.encode()
    assert Outer.decode(raw) == value
    empty = bytes.fromhex("00000000 00000000  00000000 00000000  00000000  00000000 00000000")
    assert Outer.decode(empty) == value


def test_the_other_kinds() -> None:
    value = Other(wide="né", sized=b"abc", atr=b"12", last=b"345", fixed=b"6789", id=uuid.UUID(int=1 << 120))
    raw = bytes.fromhex(
        "00000200"  # wide
        "03000000 04000200"  # sized
        "02000000 31320000"  # atr: length, field
        "33343500 03000000"  # last: field, length
        "36373839"  # fixed
        "08000200"  # id
        "03000000 00000000 03000000 6e00 e900 0000 0000"
        "03000000 616263 00"
        "00000001 0000 0000 0000000000000000"
    )
    same(raw, value)
    every_truncation_raises(Other, raw)


@pytest.mark.parametrize("sized", [b"abc", b"", 0, 5])
def test_bytes_or_only_how_many(sized: bytes | int) -> None:
    value = Other(wide="", sized=sized, atr=b"", last=b"", fixed=b"", id=uuid.UUID(int=0))
    assert Other.decode(value.encode()) == value


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, 9),  # more bytes than the limit
        (0, 4),  # another count than before the bytes
        (4, 0),  # bytes, but a pointer to nothing
        (20, 3),  # more structures than the limit
        (24, 0),  # structures, but a pointer to nothing
        (44, 1),  # a string that does not begin at its beginning
        (48, 3),  # more characters than there is room for
    ],
)
def test_counts_that_do_not_agree(at: int, value: int) -> None:
    raw = bytearray(OUTER)
    raw[at : at + 4] = value.to_bytes(4, "little")
    with pytest.raises(InvalidField):
        Outer.decode(bytes(raw))


@pytest.mark.parametrize(
    "change",
    [
        {"sized": bytes(9)},
        {"sized": 9},
        {"atr": bytes(5)},
        {"last": bytes(5)},
        {"fixed": bytes(5)},
        {"wide": "a\0b"},
        {"wide": "x" * 65_536},
    ],
)
def test_what_does_not_fit(change: dict[str, bytes | int | str]) -> None:
    fields = {"wide": "", "sized": 0, "atr": b"", "last": b"", "fixed": b"", "id": uuid.UUID(int=0)} | change
    with pytest.raises(EncodeError):
        Other(**fields).encode()  # type: ignore[arg-type]


def test_what_does_not_fit_into_the_outer_one() -> None:
    inner = Inner(name="", number=0)
    for value in (
        Outer(blob=bytes(9), inner=inner, items=[]),
        Outer(blob=b"", inner=inner, items=[inner] * 3),
        Outer(blob=b"", inner=Inner(name="\u0100", number=0), items=[]),
        Outer(blob=b"", inner=Inner(name="", number=1 << 32), items=[]),
    ):
        with pytest.raises(EncodeError):
            value.encode()
