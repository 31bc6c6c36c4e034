"""Locked regions of a file."""

from __future__ import annotations

from trio_rdp.channels.rdpdr.client_locks import FileLocks
from trio_rdp.channels.rdpdr.drive_requests import LockInfo
from trio_rdp.channels.rdpdr.header import NtStatus

OK, NO = NtStatus.SUCCESS, NtStatus.LOCK_NOT_GRANTED


def region(offset: int, length: int) -> list[LockInfo]:
    return [LockInfo(offset=offset, length=length)]


def test_exclusive_locks_keep_everybody_else_out() -> None:
    locks = FileLocks()
    assert locks.lock(1, region(10, 10), is_exclusive=True) == OK
    assert locks.lock(2, region(19, 1), is_exclusive=True) == NO
    assert locks.lock(1, region(0, 11), is_exclusive=True) == NO
    assert locks.lock(2, region(15, 1), is_exclusive=False) == NO
    assert locks.lock(2, region(20, 1), is_exclusive=True) == OK
    assert locks.is_in_the_way(2, 0, 11, is_write=False)
    assert locks.is_in_the_way(2, 0, 11, is_write=True)
    assert not locks.is_in_the_way(2, 0, 10, is_write=True)
    assert not locks.is_in_the_way(1, 10, 10, is_write=True)


def test_shared_locks_let_everybody_read_and_nobody_write() -> None:
    locks = FileLocks()
    assert locks.lock(1, region(0, 10), is_exclusive=False) == OK
    assert locks.lock(2, region(5, 10), is_exclusive=False) == OK
    assert locks.lock(2, region(5, 10), is_exclusive=True) == NO
    for owner in (1, 2, 3):
        assert not locks.is_in_the_way(owner, 0, 10, is_write=False)
        assert locks.is_in_the_way(owner, 0, 10, is_write=True)


def test_all_regions_or_none() -> None:
    locks = FileLocks()
    locks.lock(1, region(10, 1), is_exclusive=True)
    assert locks.lock(2, region(0, 1) + region(10, 1), is_exclusive=True) == NO
    assert len(locks) == 1


def test_unlocking() -> None:
    locks = FileLocks()
    locks.lock(1, region(0, 5) + region(5, 5), is_exclusive=True)
    assert locks.unlock(2, region(0, 5)) == NtStatus.RANGE_NOT_LOCKED
    assert locks.unlock(1, region(0, 10)) == NtStatus.RANGE_NOT_LOCKED
    assert locks.unlock(1, region(0, 5)) == OK
    assert len(locks) == 1
    locks.release(1)
    assert len(locks) == 0


def test_how_far_and_how_many() -> None:
    locks = FileLocks(limit=2)
    top = (1 << 64) - 1
    assert locks.lock(1, region(top, 1), is_exclusive=True) == OK
    assert locks.lock(1, region(top, 2), is_exclusive=True) == NtStatus.INVALID_PARAMETER
    assert locks.lock(1, region(0, 1) + region(1, 1), is_exclusive=True) == NtStatus.INSUFFICIENT_RESOURCES
    assert locks.lock(1, region(0, 1), is_exclusive=True) == OK
