"""`RemoteFile`: a file on a client's drive, which is read and written like one of Trio's."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal, cast, get_args

import trio

from trio_rdp.channels.rdpdr import (
    CreateDisposition,
    CreateOptions,
    DesiredAccess,
    FileEndOfFileInformation,
    FileInformationClass,
    FileStandardInformation,
    LockControlRequest,
    LockInfo,
    LockOperation,
    NtStatus,
    QueryInformationRequest,
    QueryInformationResponse,
    SetInformationRequest,
)
from trio_rdp.faces.remote_devices.device import DeviceHandle, RemoteDevice
from trio_rdp.faces.remote_devices.errors import refusal

__all__ = ["FILE_OPTIONS", "WHOLE_FILE", "FileMode", "RemoteFile", "access_of", "disposition_of"]

FileMode = Literal["rb", "r+b", "rb+", "wb", "w+b", "wb+", "xb", "x+b", "xb+", "ab", "a+b", "ab+"]
"""How a file is opened, as for `open`; all are binary."""

_DISPOSITIONS = {
    "r": CreateDisposition.OPEN,
    "w": CreateDisposition.OVERWRITE_IF,
    "x": CreateDisposition.CREATE,
    "a": CreateDisposition.OPEN_IF,
}
_EITHER = DesiredAccess.READ_CONTROL | DesiredAccess.SYNCHRONIZE
_READ = _EITHER | DesiredAccess.READ_DATA | DesiredAccess.READ_EA | DesiredAccess.READ_ATTRIBUTES
_WRITE = (
    _EITHER
    | DesiredAccess.WRITE_DATA
    | DesiredAccess.APPEND_DATA
    | DesiredAccess.WRITE_EA
    | DesiredAccess.WRITE_ATTRIBUTES
)
# A device that is gone, or a file that was closed meanwhile, has no locks.
_UNLOCKED = (NtStatus.SUCCESS, NtStatus.DEVICE_REMOVED, NtStatus.CANCELLED)
WHOLE_FILE = (1 << 63) - 1
"""As many bytes as a file can have."""
FILE_OPTIONS = CreateOptions.NON_DIRECTORY_FILE | CreateOptions.SYNCHRONOUS_IO_NONALERT


class RemoteFile(DeviceHandle):
    """A file that is open on a client's drive; leaving `async with` closes it.

    Each call is a request to the client, or many of them for much data, and nothing is buffered.  One task at a time
    may use the position; `read_at` and `write_at` have none, and any number of tasks may use them at once.
    """

    _is_seekable = True

    def __init__(self, device: RemoteDevice, file_id: int, path: str, mode: FileMode) -> None:
        super().__init__(device, file_id, path)
        self.name: str = path
        self.mode: FileMode = mode
        self._position = 0
        self._is_busy = False

    def tell(self) -> int:
        """Where the next byte is read or written."""
        return self._position

    async def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position from the beginning, from here or from the end; gives it."""
        match whence:
            case os.SEEK_SET:
                base = 0
                await trio.lowlevel.checkpoint()
            case os.SEEK_CUR:
                base = self._position
                await trio.lowlevel.checkpoint()
            case os.SEEK_END:
                base = await self.size()
            case _:
                raise ValueError(f"whence {whence}")
        if base + offset < 0:
            raise OSError(errno.EINVAL, "a position before the beginning", self.name)
        self._position = base + offset
        return self._position

    async def read(self, size: int = -1) -> bytes:
        """Read so many bytes, less only at the end of the file; without a size, up to the end.

        Cancelling leaves the position where it was.  Without a size at most `Limits.device_read` bytes are taken:
        `OSError` (EFBIG) for a file that has more.
        """
        self._check_mode("r", "+")
        with _Busy(self):
            if size < 0:
                data = await self._read_rest()
            else:
                data = await self.read_at(self._position, size)
            self._position += len(data)
            return data

    async def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write all bytes, at the end in the modes that append; gives how many.

        Cancelling leaves the position where it was, and any part of the bytes written.
        """
        self._check_mode("w", "x", "a", "+")
        with _Busy(self):
            if self.mode.startswith("a"):
                self._position = await self.size()
            size = memoryview(data).nbytes
            await self.write_at(self._position, data)
            self._position += size
            return size

    async def truncate(self, size: int | None = None) -> int:
        """Make the file so long, or as long as the position says; gives its size."""
        self._check_mode("w", "x", "a", "+")
        size = self._position if size is None else size
        if size < 0:
            raise ValueError(f"a file of {size} bytes")
        request = SetInformationRequest(
            **self._about(),
            fs_information_class=FileInformationClass.END_OF_FILE,
            set_buffer=FileEndOfFileInformation(end_of_file=size).encode(),
        )
        await self._ask(request)
        return size

    async def size(self) -> int:
        """How many bytes the file has now."""
        kind = FileInformationClass.STANDARD
        request = QueryInformationRequest(**self._about(), fs_information_class=kind)
        answer = cast("QueryInformationResponse", await self._ask(request))
        return FileStandardInformation.decode(answer.buffer).end_of_file

    @asynccontextmanager
    async def lock(
        self, offset: int = 0, size: int = WHOLE_FILE, *, shared: bool = False, wait: bool = True
    ) -> AsyncIterator[None]:
        """Keep others who open the file through the drive from these bytes: `async with file.lock(0, 100)`.

        Of what is `shared` they may have such locks too, and read.  Without `wait` a range that somebody else has
        locked is `BlockingIOError`.  The bytes need not exist.
        """
        if not 0 <= offset <= offset + size <= 1 << 64:
            raise ValueError(f"{size} bytes at {offset}")
        operation = LockOperation.SHARED_LOCK if shared else LockOperation.EXCLUSIVE_LOCK
        locks = [LockInfo(length=size, offset=offset)]
        call = await self._device._submit(LockControlRequest(**self._about(), operation=operation, f=wait, locks=locks))
        await call.wait(self._path)
        try:
            yield
        finally:
            await self._unlock(locks)

    async def _unlock(self, locks: list[LockInfo]) -> None:
        """Unlock, which is done even where the call is cancelled; what is closed is unlocked already."""
        if self._is_closed:
            await trio.lowlevel.checkpoint()
            return
        request = LockControlRequest(**self._about(), operation=LockOperation.UNLOCK, locks=locks)
        call = self._device._requests.undo(self._device._device, request)
        if call is None:
            await trio.lowlevel.checkpoint()
            return
        await call.settled.wait()
        answer = call.response
        if answer is not None and answer.io_status not in _UNLOCKED:
            raise refusal(answer.io_status, self._path)

    async def _read_rest(self) -> bytes:
        limit = self._device._requests.limits.device_read
        # One byte more than the limit, which is not kept, tells a file that is too long from one that just fits.
        data = await self.read_at(self._position, limit + 1)
        if len(data) > limit:
            raise OSError(errno.EFBIG, f"more than {limit} bytes to read at once", self.name)
        return data

    def _check_mode(self, *allowed: str) -> None:
        if not any(character in self.mode for character in allowed):
            raise io.UnsupportedOperation(f"the file was opened with {self.mode!r}")


class _Busy:
    """Keeps two tasks from using the position of a file at once."""

    def __init__(self, file: RemoteFile) -> None:
        self._file = file

    def __enter__(self) -> None:
        if self._file._is_busy:
            raise trio.BusyResourceError("another task uses the position of this file")
        self._file._is_busy = True

    def __exit__(self, *_: object) -> None:
        self._file._is_busy = False


def access_of(mode: FileMode) -> DesiredAccess:
    """What is asked for in a mode: what Windows makes of its generic rights, which rdesktop 1.9 does not know."""
    if "+" in mode:
        return _READ | _WRITE
    return _READ if mode.startswith("r") else _WRITE


def disposition_of(mode: FileMode) -> CreateDisposition:
    """What is done with a file that exists, or does not; raises `ValueError` for an unknown mode."""
    if mode not in get_args(FileMode):
        raise ValueError(f"mode {mode!r}: it needs 'b', one of 'r', 'w', 'x' and 'a', and may have '+'")
    return _DISPOSITIONS[mode[0]]
