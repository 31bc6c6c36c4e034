"""`DriveLocks`: the regions that a server has locked in the files of a drive."""

from __future__ import annotations

import trio

from trio_rdp.channels.rdpdr.client import answer
from trio_rdp.channels.rdpdr.client_locks import FileLocks
from trio_rdp.channels.rdpdr.drive_requests import LockControlRequest, LockOperation
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.channels.rdpdr.responses import DeviceIoResponse
from trio_rdp.faces.devices.drive_files import OpenFile, Refused

__all__ = ["DriveLocks"]


class DriveLocks:
    """Locks by file; they count between those who open files through the drive, and for nobody else."""

    def __init__(self) -> None:
        self._locks: dict[str, FileLocks] = {}
        self._changed = trio.Event()

    def __len__(self) -> int:
        return len(self._locks)

    async def control(self, request: LockControlRequest, file: OpenFile) -> DeviceIoResponse:
        """Lock or unlock regions, waiting for that if it is asked so; CANCELLED if the file is closed meanwhile."""
        if file.is_directory:
            raise Refused(NtStatus.INVALID_PARAMETER)
        match request.operation:
            case LockOperation.UNLOCK | LockOperation.UNLOCK_MULTIPLE:
                locks = self._locks.get(file.key)
                if locks is None:
                    return answer(request, NtStatus.RANGE_NOT_LOCKED)
                status = locks.unlock(file.id, request.locks)
                self._tell(file.key)
                return answer(request, status)
            case LockOperation.SHARED_LOCK | LockOperation.EXCLUSIVE_LOCK:
                return await self._lock(request, file)
        raise Refused(NtStatus.INVALID_PARAMETER)

    async def _lock(self, request: LockControlRequest, file: OpenFile) -> DeviceIoResponse:
        is_exclusive = request.operation == LockOperation.EXCLUSIVE_LOCK
        with trio.CancelScope() as scope:
            file.waits.add(scope)
            try:
                while True:
                    locks = self._locks.setdefault(file.key, FileLocks())
                    status = locks.lock(file.id, request.locks, is_exclusive=is_exclusive)
                    if status != NtStatus.LOCK_NOT_GRANTED or not request.f:
                        return answer(request, status)
                    await self._changed.wait()
            finally:
                file.waits.discard(scope)
        return answer(request, NtStatus.CANCELLED)

    def check(self, file: OpenFile, offset: int, size: int, *, is_write: bool) -> None:
        """Refuse to read or write what somebody else has locked."""
        locks = self._locks.get(file.key)
        if locks is not None and locks.is_in_the_way(file.id, offset, size, is_write=is_write):
            raise Refused(NtStatus.FILE_LOCK_CONFLICT)

    def release(self, file: OpenFile) -> None:
        """Unlock what a file holds that is being closed."""
        if file.key in self._locks:
            self._locks[file.key].release(file.id)
            self._tell(file.key)

    def move(self, before: str, after: str) -> None:
        """Note that a file has another path."""
        if before in self._locks:
            self._locks[after] = self._locks.pop(before)

    def _tell(self, key: str) -> None:
        if not self._locks[key]:
            del self._locks[key]
        self._changed.set()
        self._changed = trio.Event()
