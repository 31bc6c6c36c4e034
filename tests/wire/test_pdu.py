from __future__ import annotations

import dataclasses
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated
from trio_rdp.wire.fields import (
    I16,
    U8,
    U16BE,
    U32,
    U32BE,
    Counted,
    Pad,
    Prefixed,
    Raw,
    Rest,
    Utf16,
    Utf16Prefixed,
    u8,
    u16,
)
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu


class Kind(OpenEnum):
    """An enumeration."""

    ONE = 1


class Bits(Flags):
    """Flags."""

    A = Flag(1)


@pdu
class Point(Pdu):
    """Two numbers."""

    x: I16
    y: I16


@pdu
class Everything(Pdu):
    """A field of each sort."""

    kind: Annotated[Kind, u8]
    bits: Annotated[Bits, u8] = Bits(0)
    padded: Annotated[int, u8, Pad(2)] = 5
    big: U16BE = 0
    little: U32 = 0
    signature: Annotated[bytes, Raw(2)]
    name: Annotated[str, Utf16(6)] = ""
    origin: Point
    behind_pad: Annotated[Point, Pad(1)]
    before_pad: Annotated[Point, Pad(1)]
    points: Annotated[list[Point], Counted(u8, limit=3)]
    numbers: Annotated[list[int], Counted(u8, u16)]
    title: Annotated[str, Utf16Prefixed(u8)]
    blob: Annotated[bytes, Prefixed(u16)]
    rest: Annotated[bytes, Rest()]


EVERYTHING = Everything(
    kind=Kind.ONE,
    bits=Bits.A,
    big=0x0102,
    little=0x01020304,
    signature=b"ab",
    name="no",
    origin=Point(x=-1, y=2),
    behind_pad=Point(x=3, y=4),
    before_pad=Point(x=5, y=6),
    points=[Point(x=7, y=8)],
    numbers=[9, 10],
    title="t",
    blob=b"blob",
    rest=b"rest",
)
EVERYTHING_RAW = bytes.fromhex(
    "01 01 05 0000 0102 04030201 6162 6e006f000000 ffff0200 00 03000400 00 05000600"
    "01 07000800 02 0900 0a00 04 74000000 0400 626c6f62 72657374"
)


def test_every_sort_of_field() -> None:
    same(EVERYTHING_RAW, EVERYTHING)
    every_truncation_raises(Everything, EVERYTHING_RAW[:-4])


def test_a_pdu_is_a_dataclass_with_slots_and_keywords() -> None:
    point = Point(x=1, y=2)
    assert repr(point) == "Point(x=1, y=2)"
    assert not hasattr(point, "__dict__")
    assert dataclasses.replace(point, y=3) == Point(x=1, y=3)
    assert point != Point(x=1, y=3)
    assert point != EVERYTHING
    assert point != (1, 2)
    with pytest.raises(TypeError, match="unhashable"):
        hash(point)
    with pytest.raises(TypeError):
        Point(1, 2)  # type: ignore[call-arg]


def test_bytes_behind_are_ignored_by_decode_and_left_by_decode_from() -> None:
    assert Point.decode(b"\1\0\2\0xyz") == Point(x=1, y=2)
    src = Cursor(b"\0\1\0\2\0xyz", 1)
    assert Point.decode_from(src) == Point(x=1, y=2)
    assert src.rest() == b"xyz"


def test_encode_into_appends() -> None:
    dst = bytearray(b"xyz")
    Point(x=1, y=2).encode_into(dst)
    assert dst == b"xyz\1\0\2\0"


def test_errors_say_which_pdu() -> None:
    with pytest.raises(Truncated) as caught:
        Everything.decode(EVERYTHING_RAW[:3])
    assert caught.value.pdu == "Everything"
    with pytest.raises(EncodeError, match="Point"):
        Point(x=2**15, y=0).encode()
    with pytest.raises(EncodeError, match="Point"):
        Point(x=2**15, y=0).encode_into(bytearray())


def test_limits_hold() -> None:
    raw = bytearray(EVERYTHING_RAW)
    raw[33] = 4
    with pytest.raises(InvalidField, match="4 items exceed 3"):
        Everything.decode(bytes(raw))


def test_unknown_numbers_are_kept() -> None:
    raw = b"\x77\x80" + EVERYTHING_RAW[2:]
    value = Everything.decode(raw)
    assert value.kind == 0x77
    assert value.kind.name == "UNKNOWN_0x77"
    assert isinstance(value.bits, Bits)
    assert value.bits == 0x80
    assert value.encode() == raw


@pdu
class Growing(Pdu):
    """A PDU that may end before any of its last fields."""

    first: U8
    second: Annotated[int | None, u16] = None
    padded: Annotated[Kind | None, u8, Pad(1)] = None
    point: Point | None = None
    text: Annotated[str | None, Utf16Prefixed(u8)] = None
    last: U32BE | None = None


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("01", Growing(first=1)),
        ("010200", Growing(first=1, second=2)),
        ("010200 0100", Growing(first=1, second=2, padded=Kind.ONE)),
        ("010200 0100 05000600", Growing(first=1, second=2, padded=Kind.ONE, point=Point(x=5, y=6))),
        (
            "010200 0100 05000600 0474000000",
            Growing(first=1, second=2, padded=Kind.ONE, point=Point(x=5, y=6), text="t"),
        ),
        (
            "010200 0100 05000600 0474000000 00000007",
            Growing(first=1, second=2, padded=Kind.ONE, point=Point(x=5, y=6), text="t", last=7),
        ),
    ],
)
def test_each_optional_field_requires_the_one_before(raw: str, value: Growing) -> None:
    same(bytes.fromhex(raw), value)
    if len(bytes.fromhex(raw)) > 1:
        with pytest.raises(Truncated):
            Growing.decode(bytes.fromhex(raw)[:-1])


def test_an_optional_field_behind_a_missing_one_is_not_written() -> None:
    assert Growing(first=1, last=7).encode() == b"\1"


def test_required_fields_stand_before_optional_ones() -> None:
    @pdu
    class Wrong(Pdu):
        first: Annotated[int | None, u8] = None
        second: U8

    # The annotations name what is local to the test, so the error is raised where they are read.
    Wrong.__annotations__ = {"first": Annotated[int | None, u8], "second": U8}
    with pytest.raises(TypeError, match="a required field follows an optional one"):
        Wrong.decode(b"\1\2")


def test_only_decorated_classes_are_pdus() -> None:
    class Bare(Pdu):
        """Not decorated."""

    with pytest.raises(TypeError, match="is not decorated"):
        Bare.decode(b"")
    with pytest.raises(TypeError, match="is not decorated"):
        Bare().encode()


@pdu
class Halved(Pdu):
    """A number of which the wire holds half: decoding is by hand, encoding is compiled."""

    value: U8

    @classmethod
    def decode_from(cls, src: Cursor) -> Halved:
        return cls(value=src.u8() * 2)


@pdu
class Doubled(Halved):
    """A PDU that inherits one method and has the other by hand."""

    def encode_into(self, dst: bytearray) -> None:
        dst.append(self.value // 2)


def test_what_is_written_by_hand_is_kept() -> None:
    assert Halved.decode(b"\4") == Halved(value=8)
    assert Halved(value=8).encode() == b"\x08"
    assert Doubled.decode(b"\4") == Doubled(value=8)
    assert Doubled(value=8).encode() == b"\4"


def test_struct_errors_of_hand_written_methods_are_encode_errors() -> None:
    @pdu
    class ByHand(Pdu):
        value: Any = 0

        def encode_into(self, dst: bytearray) -> None:
            dst += u16.struct.pack(self.value)

    with pytest.raises(EncodeError, match="ByHand"):
        ByHand(value=2**16).encode()


@given(st.binary(max_size=80))
def test_laws(raw: bytes) -> None:
    value_or_error(Growing, raw)
    value_or_error(Everything, raw)


@given(st.integers(0, len(EVERYTHING_RAW) - 1), st.integers(0, 255))
def test_laws_near_a_valid_one(where: int, octet: int) -> None:
    raw = bytearray(EVERYTHING_RAW)
    raw[where] = octet
    value_or_error(Everything, bytes(raw))


def test_decode_error_keeps_the_innermost_name() -> None:
    class Inner(DecodeError):
        pass

    @pdu
    class Outer(Pdu):
        value: Any = 0

        @classmethod
        def decode_from(cls, src: Cursor) -> Outer:
            raise Inner("no", pdu="Inner")

    with pytest.raises(Inner) as caught:
        Outer.decode(b"")
    assert caught.value.pdu == "Inner"
