from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import Truncated

READERS: dict[str, tuple[Callable[[Cursor], object], int, object]] = {
    "u8": (Cursor.u8, 1, 0x01),
    "u16": (Cursor.u16, 2, 0x0201),
    "u32": (Cursor.u32, 4, 0x04030201),
    "u64": (Cursor.u64, 8, 0x0807060504030201),
    "u16_be": (Cursor.u16_be, 2, 0x0102),
    "u32_be": (Cursor.u32_be, 4, 0x01020304),
    "take": (lambda src: src.take(3), 3, b"\x01\x02\x03"),
    "skip": (lambda src: src.skip(3), 3, None),
    "sub": (lambda src: src.sub(3).rest(), 3, b"\x01\x02\x03"),
}


@pytest.mark.parametrize("name", READERS)
def test_reading_moves_by_the_size(name: str) -> None:
    read, size, value = READERS[name]
    src = Cursor(bytes(range(16)), 1, 15)
    assert read(src) == value
    assert src.pos == 1 + size
    assert src.remaining == 14 - size


@pytest.mark.parametrize("name", READERS)
def test_too_little_is_truncated_and_does_not_move(name: str) -> None:
    read, size, _ = READERS[name]
    src = Cursor(bytes(16), 1, size)  # one byte short, though the buffer goes on
    with pytest.raises(Truncated, match=f"needs {size} bytes, {size - 1} left") as caught:
        read(src)
    assert caught.value.offset == src.pos == 1


def test_peek_stays() -> None:
    src = Cursor(b"\x07")
    assert src.peek_u8() == src.peek_u8() == src.u8() == 7
    with pytest.raises(Truncated):
        src.peek_u8()


def test_sub_sees_only_its_part() -> None:
    src = Cursor(b"abcdef", 1)
    sub = src.sub(2)
    assert (sub.pos, sub.end, src.pos) == (1, 3, 3)
    assert sub.rest() == b"bc"
    with pytest.raises(Truncated):
        sub.u8()
    assert src.rest() == b"def"
    assert src.remaining == 0


@given(st.binary(max_size=64), st.lists(st.integers(0, 20)))
def test_pieces_make_the_whole(data: bytes, sizes: list[int]) -> None:
    src, parts = Cursor(data), []
    for size in sizes:
        if size > src.remaining:
            with pytest.raises(Truncated):
                src.take(size)
        else:
            parts.append(src.take(size))
    assert b"".join(parts) + src.rest() == data
