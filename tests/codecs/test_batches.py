from __future__ import annotations

import pytest

from trio_rdp.codecs.batches import check_all, table
from trio_rdp.codecs.status import INVALID, TRUNCATED
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated


def test_a_table_holds_numbers_of_32_bits() -> None:
    numbers = table([(1, 2, -3), (4, 5, (1 << 31) - 1)])
    assert numbers.tolist() == [1, 2, -3, 4, 5, (1 << 31) - 1]
    assert numbers.typecode == "i"
    assert numbers.itemsize == 4
    assert len(table(())) == 0
    for value in (1 << 31, -(1 << 31) - 1, 1 << 80):
        with pytest.raises(ValueError, match="place"):
            table([(0, value)])


def test_a_count_is_no_error_and_a_status_is() -> None:
    places = [(0, 0, 1, 1, 2, 2)]
    check_all(0, places, "Thing")
    check_all(1, places, "Thing")
    with pytest.raises(Truncated):
        check_all(TRUNCATED, places, "Thing")
    with pytest.raises(InvalidField):
        check_all(INVALID, places, "Thing")


def test_a_size_that_is_the_fault_is_named() -> None:
    places = [(0, 0, 1, 1, 2, 2), (0, 0, 1, 1, 65535, 65535)]
    with pytest.raises(DecodeError, match="65535 x 65535 pixels"):
        check_all(INVALID, places, "Thing")
