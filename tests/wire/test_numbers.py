from __future__ import annotations

import gc
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.wire.numbers import Flag, Flags, OpenEnum


class Colour(OpenEnum):
    """An enumeration."""

    RED = 1
    GREEN = 2


class Bits(Flags):
    """Three bits, two of them named, a mask and a zero."""

    NONE = Flag(0)
    A = Flag(1)
    B = Flag(4)
    MASK = Flag(0x30)


def test_known_values_are_members() -> None:
    assert Colour(1) is Colour.RED
    assert Colour.RED.is_known
    assert int(Colour.RED) == 1


@given(st.integers(0, 2**32 - 1).filter(lambda value: value not in (1, 2)))
def test_unknown_values_have_a_name_and_are_not_remembered(value: int) -> None:
    colour = Colour(value)
    assert colour == value == int(colour)
    assert not colour.is_known
    assert colour.name == f"UNKNOWN_{value:#x}"
    assert f"UNKNOWN_{value:#x}" in repr(colour)
    assert len(Colour) == 2
    assert value not in Colour._value2member_map_
    assert hash(colour) == hash(Colour(value))


def test_only_integers_are_values() -> None:
    with pytest.raises(ValueError, match="'red' is not a valid Colour"):
        Colour("red")  # type: ignore[arg-type]


def test_unknown_values_are_collected() -> None:
    gc.collect()
    before = len(gc.get_objects())
    for value in range(1000, 3000):
        Colour(value)
    gc.collect()
    assert len(gc.get_objects()) - before < 500


def test_flags_are_flags_of_their_class() -> None:
    assert type(Bits.A) is Bits
    assert type(Bits.A | Bits.B) is Bits
    assert type(1 | Bits.B) is Bits
    assert type(Bits(7) & 5) is Bits
    assert type(Bits(7) ^ 1) is Bits
    assert Bits(0x85).without(Bits.A) == 0x84
    assert type(Bits(0x85).without(Bits.A)) is Bits


def test_containment_asks_for_every_bit() -> None:
    assert Bits.A in Bits(5)
    assert Bits.A | Bits.B in Bits(5)
    assert Bits.A | Bits.B not in Bits(1)
    assert Bits.NONE in Bits(0)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "Bits(0x0)"), (5, "Bits(A|B)"), (0x85, "Bits(A|B|0x80)"), (0x10, "Bits(0x10)")]
)
def test_repr_names_the_bits_it_knows(value: int, text: str) -> None:
    assert repr(Bits(value)) == str(Bits(value)) == text


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_flags_calculate_like_integers(left: int, right: int) -> None:
    assert Bits(left) | right == left | right
    assert Bits(left) & right == left & right
    assert Bits(left) ^ right == left ^ right
    assert Bits(left).without(right) == left & ~right
    assert (right in Bits(left)) == (left & right == right)
    assert pickle.loads(pickle.dumps(Bits(left))) == left


def test_a_flag_outside_of_flags_says_so() -> None:
    class Wrong:
        A = Flag(1)

    with pytest.raises(AttributeError, match="belongs in the body of a Flags class"):
        _ = Wrong.A
