from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.codecs.plain import rlgr
from trio_rdp.codecs.plain.rlgr import RLGR1, RLGR3

COEFFICIENTS = st.lists(st.just(0) | st.integers(-3, 3) | st.integers(-32768, 32767), max_size=200)


@pytest.mark.parametrize(
    ("bits", "entropy", "values"),
    [
        # A run of k = 1 bit (no zero), the sign, the magnitude less one (0 in one bit, then kr = 1 bit).
        ("1 0 0 00", RLGR1, [1]),
        ("1 0 1 00", RLGR1, [-1]),
        ("1 1 0 01", RLGR1, [0, 2]),
        ("1 0 0 10 0", RLGR1, [3]),
        # Two zeros for a 0 in the beginning; k is 12 >> 3 then, still 1.
        ("0 1 0 0 00", RLGR1, [0, 0, 1]),
        # After one value k is 0 and codes follow: 2 * magnitude - sign; kr is 0, 1 after two ones, 0 again after none.
        ("1 0 0 00 110 01 0", RLGR1, [1, 1, -1, 0]),
        # In RLGR3 the sum of two, and the first of them in as many bits: 3 = 2 + 1.
        ("1 0 0 00 1110 10", RLGR3, [1, 1, -1]),
    ],
)
def test_small_streams(bits: str, entropy: int, values: list[int]) -> None:
    text = bits.replace(" ", "")
    text += "0" * (-len(text) % 8)
    assert rlgr.decode(int(text, 2).to_bytes(len(text) // 8), len(values), entropy) == values


def test_nothing_is_read_where_enough_was_written() -> None:
    # Nine zeros, where five were asked for, and no value behind them.
    assert rlgr.decode(b"\x01", 5, RLGR1) == [0] * 5
    assert rlgr.decode(b"", 5, RLGR3) == []


def test_what_is_cut_off_is_left_out() -> None:
    values = [5, 0, 0, -7, 300, 1, 0, 2, -1, 0, 0, 0, 0, 9]
    for entropy in (RLGR1, RLGR3):
        data = rlgr.encode(values, entropy)
        for size in range(len(data)):
            part = rlgr.decode(data[:size], len(values), entropy)
            assert part == values[: len(part)]
            assert len(part) < len(values)


def test_a_run_to_the_end_has_a_value_behind_it() -> None:
    # "10" and a sign and "00": the value that nobody reads.
    assert rlgr.encode([0, 0], RLGR1) == bytes((0b0_1_0_0_00_00,))


@given(COEFFICIENTS, st.sampled_from((RLGR1, RLGR3)))
def test_what_is_encoded_comes_back(values: list[int], entropy: int) -> None:
    assert rlgr.decode(rlgr.encode(values, entropy), len(values), entropy) == values


@given(st.binary(max_size=60), st.integers(0, 300), st.sampled_from((RLGR1, RLGR3)))
def test_any_bytes_give_numbers_of_16_bits(data: bytes, count: int, entropy: int) -> None:
    values = rlgr.decode(data, count, entropy)
    assert len(values) <= count
    assert all(-32768 <= value <= 32767 for value in values)
