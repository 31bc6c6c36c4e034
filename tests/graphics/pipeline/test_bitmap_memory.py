"""What the server believes of a client's cache stays within its bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.graphics.pipeline.bitmap_memory import BitmapMemory


def test_what_was_used_last_stays() -> None:
    memory = BitmapMemory(300, 10)
    assert [memory.store(key, 100) for key in (1, 2, 3)] == [(1, []), (2, []), (3, [])]
    assert memory.find(1) == 1
    assert memory.store(4, 100) == (2, [2])
    assert memory.find(2) is None
    assert 2 not in memory
    assert 4 in memory
    assert memory.bytes == 300


def test_what_is_there_already_or_too_large_is_not_stored() -> None:
    memory = BitmapMemory(300, 10)
    memory.store(1, 100)
    assert memory.store(1, 100) == (None, [])
    assert memory.store(2, 301) == (None, [])
    assert BitmapMemory(300, 0).store(1, 1) == (None, [])


def test_slots_are_bounded_too() -> None:
    memory = BitmapMemory(10_000, 2)
    for key in range(5):
        memory.store(key, 1)
    assert len(memory) == 2


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 120)), max_size=40))
def test_a_client_never_has_more_than_it_may(stores: list[tuple[int, int]]) -> None:
    memory, slots = BitmapMemory(300, 5), dict[int, int]()
    for key, size in stores:
        slot, evicted = memory.store(key, size)
        for one in evicted:
            del slots[one]
        if slot is not None:
            assert 1 <= slot <= 5
            assert slot not in slots
            slots[slot] = size
        assert sum(slots.values()) == memory.bytes <= 300


def test_what_was_sent_before_is_remembered_for_a_while() -> None:
    memory = BitmapMemory(300, 5)
    assert not memory.see(7)
    assert memory.see(7)
    for key in range(100, 20_000):
        memory.see(key)
    assert not memory.see(7)


def test_one_that_is_emptied_begins_anew() -> None:
    memory = BitmapMemory(300, 5)
    for key in range(4):
        memory.store(key, 100)
        memory.see(key)
    assert memory.clear() == [1, 2, 3]
    assert (len(memory), memory.bytes) == (0, 0)
    assert not memory.see(2)
    assert memory.store(2, 100) == (1, [])
