from __future__ import annotations

from array import array

import pytest

from trio_rdp.codecs.plain.batches import decode_each, encode_each
from trio_rdp.codecs.status import INVALID, TRUNCATED

Call = tuple[object, ...]


def decoding(calls: list[Call], *rows: tuple[int, ...], bitmaps: tuple[bytes, ...] | None = None) -> int:
    """Decode to a view of 4 by 3 pixels at (1, 2); the bitmap `!` is truncated."""

    def decode(data: bytes, _surface: object, _stride: int, *arguments: object) -> int:
        calls.append((data, *arguments))
        return TRUNCATED if data == b"!" else 7

    table = array("i", [value for row in rows for value in row])
    return decode_each(decode, bitmaps or (b"a",) * len(rows), table, bytearray(100), 20, 1, 2, 4, 3, "option")


def test_each_bitmap_is_drawn_at_its_place_as_far_as_it_is_shown() -> None:
    calls: list[Call] = []
    # x, y, shown width and height, width and height.
    assert decoding(calls, (0, 0, 2, 2, 9, 8), (1, 1, 9, 9, 2, 1), (3, 2, 9, 9, 5, 6), (4, 0, 1, 1, 1, 1)) == 4
    assert calls == [
        (b"a", 1, 2, 2, 2, 9, 8, "option"),
        (b"a", 2, 3, 2, 1, 2, 1, "option"),
        (b"a", 4, 4, 1, 1, 5, 6, "option"),
        (b"a", 1, 2, 0, 0, 1, 1, "option"),  # outside, but decoded
    ]


def test_the_first_fault_ends_it() -> None:
    calls: list[Call] = []
    row = (0, 0, 1, 1, 1, 1)
    assert decoding(calls, row, row, row, bitmaps=(b"a", b"!", b"c")) == TRUNCATED
    assert [data for data, *_ in calls] == [b"a", b"!"]
    for size in ((0, 1), (1, 0), (-1, -1), (8192, 8192)):
        calls.clear()
        assert decoding(calls, row, (0, 0, 1, 1, *size)) == INVALID
        assert len(calls) == 1


def test_what_is_wrong_with_the_call_is_noticed_before_anything_is_drawn() -> None:
    calls: list[Call] = []
    row = (0, 0, 1, 1, 1, 1)
    with pytest.raises(ValueError, match="places"):
        decoding(calls, row, row, bitmaps=(b"a",))
    with pytest.raises(ValueError, match="table"):
        decoding(calls, row, row[:5])
    with pytest.raises(TypeError):
        decoding(calls, row, bitmaps=(bytearray(b"a"),))  # type: ignore[arg-type]
    for column in range(4):
        with pytest.raises(ValueError, match="negative"):
            decoding(calls, row, (*row[:column], -1, *row[column + 1 :]))
    with pytest.raises(ValueError, match="surface"):
        decode_each(lambda: 0, (), array("i"), bytearray(99), 20, 1, 2, 4, 3)
    assert not calls


def encoding(*rows: tuple[int, ...]) -> list[bytes]:
    """Encode rectangles of a view of 4 by 3 pixels at (1, 2)."""
    table = array("i", [value for row in rows for value in row])
    return encode_each(lambda _surface, *numbers: bytes(numbers), bytes(100), 20, 1, 2, 4, 3, 4, table, 99)


def test_each_rectangle_is_encoded() -> None:
    assert encoding() == []
    assert encoding((0, 0, 4, 3), (3, 2, 1, 1)) == [bytes((20, 1, 2, 4, 3, 99)), bytes((20, 4, 4, 1, 1, 99))]


@pytest.mark.parametrize("row", [(0, 0, 5, 1), (1, 0, 4, 1), (0, 3, 1, 1), (-1, 0, 1, 1), (0, -1, 1, 1), (0, 0, 1, 0)])
def test_rectangles_outside_the_view_are_refused(row: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"rectangle|bitmap"):
        encoding((0, 0, 1, 1), row)
