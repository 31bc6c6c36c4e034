"""Locks of a drive, by file: waiting for them, and files that get other names."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from trio_rdp.channels.rdpdr.drive_requests import LockControlRequest, LockInfo, LockOperation
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.faces.devices.drive_files import OpenFile, Refused
from trio_rdp.faces.devices.drive_locks import DriveLocks


def request(operation: LockOperation, *, waits: bool = False) -> LockControlRequest:
    region = LockInfo(offset=0, length=10)
    return LockControlRequest(device_id=1, file_id=1, completion_id=1, operation=operation, f=waits, locks=[region])


LOCK, UNLOCK = LockOperation.EXCLUSIVE_LOCK, LockOperation.UNLOCK


async def test_nothing_is_kept_that_is_not_locked() -> None:
    locks, file = DriveLocks(), OpenFile(1, "a", False)
    assert (await locks.control(request(LOCK), file)).io_status == NtStatus.SUCCESS
    assert len(locks) == 1
    assert (await locks.control(request(UNLOCK), file)).io_status == NtStatus.SUCCESS
    assert len(locks) == 0
    locks.release(file)
    locks.check(file, 0, 10, is_write=True)


async def test_waiting(nursery: trio.Nursery) -> None:
    locks, first, second = DriveLocks(), OpenFile(1, "a", False), OpenFile(2, "A", False)
    await locks.control(request(LOCK), first)
    statuses = []

    async def wait() -> None:
        statuses.append((await locks.control(request(LOCK, waits=True), second)).io_status)

    nursery.start_soon(wait)
    await trio.testing.wait_all_tasks_blocked()
    assert statuses == []
    locks.release(first)
    await trio.testing.wait_all_tasks_blocked()
    assert statuses == [NtStatus.SUCCESS]
    nursery.start_soon(wait)
    await trio.testing.wait_all_tasks_blocked()
    for scope in second.waits:
        scope.cancel()
    await trio.testing.wait_all_tasks_blocked()
    assert statuses == [NtStatus.SUCCESS, NtStatus.CANCELLED]
    assert not second.waits


async def test_a_file_that_gets_another_name_keeps_its_locks() -> None:
    locks, first, second = DriveLocks(), OpenFile(1, "a", False), OpenFile(2, "b", False)
    await locks.control(request(LOCK), first)
    locks.move("a", "b")
    locks.move("nothing", "b")
    with pytest.raises(Refused) as caught:
        locks.check(second, 5, 1, is_write=False)
    assert caught.value.status == NtStatus.FILE_LOCK_CONFLICT
