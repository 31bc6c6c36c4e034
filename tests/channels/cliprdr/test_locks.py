from __future__ import annotations

from trio_rdp.channels.cliprdr.locks import Lock, LockTable


def test_a_lock_on_the_current_list_lives_on() -> None:
    table = LockTable(100, 60)
    table.replace(1, 0)
    assert table.add(7, 1, 0) == []
    assert table.next_expiry() is None
    assert table.expire(10_000) == []
    assert table.use(7, 10_000) == 1
    assert len(table) == 1


def test_a_lock_on_a_replaced_list_expires_when_nobody_uses_it() -> None:
    table = LockTable(100, 60)
    table.replace(1, 0)
    table.add(7, 1, 0)
    table.replace(2, 1000)
    assert table.next_expiry() == 1060  # not from when it was made
    assert table.use(7, 1050) == 1
    assert table.expire(1060) == []
    assert table.next_expiry() == 1110
    assert table.expire(1110) == [Lock(7, 1, 1050)]
    assert table.use(7, 1111) is None
    assert table.next_expiry() is None


def test_the_one_not_used_for_longest_makes_room() -> None:
    table = LockTable(2, 60)
    table.add(1, 1, 0)
    table.add(2, 1, 1)
    table.use(1, 2)
    assert table.add(3, 1, 3) == [Lock(2, 1, 1)]
    assert len(table) == 2
    assert table.find(1) == 1
    assert table.find(9) is None


def test_an_id_has_one_lock() -> None:
    table = LockTable(2, 60)
    table.add(1, 1, 0)
    assert table.add(1, 2, 1) == [Lock(1, 1, 0)]
    assert table.remove(1) == Lock(1, 2, 1)
    assert table.remove(1) is None
