"""What is in the directories of a client's drive, and what changes there."""

from __future__ import annotations

import errno
import logging
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self, cast

import trio

from trio_rdp.channels.rdpdr import (
    CompletionFilter,
    CreateDisposition,
    CreateOptions,
    DesiredAccess,
    DirectoryInformationClass,
    FileAction,
    FileAttributes,
    FileBasicInformation,
    FileBothDirectoryInformation,
    FileStandardInformation,
    NotifyChangeDirectoryRequest,
    NotifyChangeDirectoryResponse,
    NtStatus,
    QueryDirectoryRequest,
    QueryDirectoryResponse,
    decode_changes,
)
from trio_rdp.faces.remote_devices.device import DeviceHandle, RemoteDevice
from trio_rdp.faces.remote_devices.errors import refusal
from trio_rdp.faces.remote_devices.paths import is_safe_name, to_text
from trio_rdp.faces.remote_devices.requests import Call

__all__ = ["DirectoryListing", "DriveChange", "DriveEntry", "DriveWatch"]

_log = logging.getLogger(__name__)

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_END_OF_LISTING = (NtStatus.NO_MORE_FILES, NtStatus.NO_SUCH_FILE)
_WATCH_ENDED = (NtStatus.NOTIFY_CLEANUP, NtStatus.CANCELLED)
_DIRECTORY = CreateOptions.DIRECTORY_FILE | CreateOptions.SYNCHRONOUS_IO_NONALERT
_EVERYTHING = (
    CompletionFilter.FILE_NAME
    | CompletionFilter.DIR_NAME
    | CompletionFilter.ATTRIBUTES
    | CompletionFilter.SIZE
    | CompletionFilter.LAST_WRITE
    | CompletionFilter.CREATION
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveEntry:
    """A file or a directory on a drive: sizes in bytes, times in UTC, and None where the client has none.

    `name` is the last part of its path.  `changed` is when anything about it was, `modified` when its contents were.
    """

    name: str
    is_directory: bool
    size: int
    allocated: int
    attributes: FileAttributes
    created: datetime | None
    accessed: datetime | None
    modified: datetime | None
    changed: datetime | None

    @property
    def is_file(self) -> bool:
        """Whether it is no directory."""
        return not self.is_directory

    @property
    def is_read_only(self) -> bool:
        """Whether its contents may not be written."""
        return FileAttributes.READONLY in self.attributes


@dataclass(frozen=True, slots=True)
class DriveChange:
    """Something that happened to `path`, from the root of the drive.

    `action` is None where more happened at once than the client could tell: what is in the directory must be listed.
    """

    action: FileAction | None
    path: str


class DirectoryListing:
    """The entries of a directory, one after the other as the client tells them; without `.` and `..`.

    It is open inside `async with`.  Names that would lead out of their directory are left out.
    """

    def __init__(self, drive: RemoteDevice, wire_path: str, pattern: str) -> None:
        self._drive = drive
        self._wire_path = wire_path
        self._pattern: str | None = pattern
        self._handle: DeviceHandle | None = None
        self._left = drive._requests.limits.device_entries
        self._is_over = False
        self._has_warned = False

    async def __aenter__(self) -> Self:
        self._handle = await open_directory(self._drive, self._wire_path)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._handle is not None:
            await self._handle.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> DriveEntry:
        while not self._is_over:
            entry = await self._next()
            if entry is not None:
                return entry
        await trio.lowlevel.checkpoint()
        raise StopAsyncIteration

    async def _next(self) -> DriveEntry | None:
        """The next entry; None where there is none that counts."""
        if self._handle is None:
            raise RuntimeError("a listing is open inside 'async with' only")
        path = to_text(self._wire_path)
        if self._left <= 0:
            raise OSError(errno.EOVERFLOW, f"more than {self._drive._requests.limits.device_entries} entries", path)
        self._left -= 1
        request = QueryDirectoryRequest(
            **self._handle._about(),
            fs_information_class=DirectoryInformationClass.BOTH_DIRECTORY,
            initial_query=self._pattern is not None,
            path=self._pattern or "",
        )
        answer = cast("QueryDirectoryResponse", await (await self._drive._submit(request)).answer())
        self._pattern = None
        if answer.io_status in _END_OF_LISTING:
            self._is_over = True
            return None
        if answer.io_status:
            raise refusal(answer.io_status, path)
        found = FileBothDirectoryInformation.decode(answer.buffer)
        if found.file_name in (".", ".."):
            return None
        if not is_safe_name(found.file_name):
            if not self._has_warned:
                _log.warning("a listing of %r names %r, which is left out as are others", path, found.file_name)
            self._has_warned = True
            return None
        return _entry(found)


class DriveWatch:
    """What changes in a directory, from when `async with` is entered.

    Changes are waited for on the client, which asks again as soon as some were told; those that happen between may be
    lost where the client does not keep them.  The iteration ends when the client stops watching.
    """

    def __init__(self, drive: RemoteDevice, wire_path: str, *, recursive: bool, only: CompletionFilter | None) -> None:
        self._drive = drive
        self._wire_path = wire_path
        self._recursive = recursive
        self._filter = _EVERYTHING if only is None else only
        self._handle: DeviceHandle | None = None
        self._call: Call | None = None
        self._changes: deque[DriveChange] = deque()
        self._is_first = True

    async def __aenter__(self) -> Self:
        handle = await open_directory(self._drive, self._wire_path)
        try:
            self._call = await self._ask(handle)
        except BaseException:
            with trio.CancelScope(shield=True) as scope:
                scope.cancel()
                await handle.aclose()
            raise
        self._handle = handle
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._handle is not None:
            await self._handle.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> DriveChange:
        if self._handle is None:
            raise RuntimeError("a watch is open inside 'async with' only")
        while not self._changes:
            if self._call is None:
                self._call = await self._ask(self._handle)
            await self._call.settled.wait()
            call, self._call = self._call, None
            answer = cast("NotifyChangeDirectoryResponse", await call.answer())
            if answer.io_status in _WATCH_ENDED:
                raise StopAsyncIteration
            self._changes += self._read(answer)
            self._call = await self._ask(self._handle)
        else:
            await trio.lowlevel.checkpoint()
        return self._changes.popleft()

    async def _ask(self, handle: DeviceHandle) -> Call:
        request = NotifyChangeDirectoryRequest(
            **handle._about(), watch_tree=self._recursive, completion_filter=self._filter
        )
        return await self._drive._submit(request)

    def _read(self, answer: NotifyChangeDirectoryResponse) -> list[DriveChange]:
        path = to_text(self._wire_path)
        status = answer.io_status
        is_first, self._is_first = self._is_first, False
        if not status and not answer.buffer and is_first:
            status = NtStatus.NOT_SUPPORTED  # rdesktop 1.9 answers so at once, every time
        if status == NtStatus.NOTIFY_ENUM_DIR or (not status and not answer.buffer):
            return [DriveChange(None, path)]
        if status:
            raise refusal(status, path)
        prefix = f"{path}/" if path else ""
        changes = [(change.action, to_text(change.file_name)) for change in decode_changes(answer.buffer)]
        # What would lead out of the directory is not told, as in listings.
        return [
            DriveChange(action, prefix + name) for action, name in changes if all(map(is_safe_name, name.split("/")))
        ]


async def open_directory(
    drive: RemoteDevice, wire_path: str, disposition: CreateDisposition = CreateDisposition.OPEN
) -> DeviceHandle:
    """Open a directory to list or to watch it, or to make it."""
    path = to_text(wire_path)
    access = DesiredAccess.READ_DATA | DesiredAccess.READ_ATTRIBUTES | DesiredAccess.SYNCHRONIZE
    return DeviceHandle(drive, await drive._create(wire_path, access, disposition, _DIRECTORY, path), path)


def entry_of(name: str, basic: FileBasicInformation, standard: FileStandardInformation) -> DriveEntry:
    """What the two answers about an open file say."""
    return DriveEntry(
        name=name,
        is_directory=standard.directory or FileAttributes.DIRECTORY in basic.file_attributes,
        size=standard.end_of_file,
        allocated=standard.allocation_size,
        attributes=basic.file_attributes,
        created=_time(basic.creation_time),
        accessed=_time(basic.last_access_time),
        modified=_time(basic.last_write_time),
        changed=_time(basic.change_time),
    )


def _entry(found: FileBothDirectoryInformation) -> DriveEntry:
    return DriveEntry(
        name=found.file_name,
        is_directory=FileAttributes.DIRECTORY in found.file_attributes,
        size=found.end_of_file,
        allocated=found.allocation_size,
        attributes=found.file_attributes,
        created=_time(found.creation_time),
        accessed=_time(found.last_access_time),
        modified=_time(found.last_write_time),
        changed=_time(found.change_time),
    )


def to_ticks(time: datetime | None) -> int:
    """A time as Windows counts, where 0 is none; raises `ValueError` for one that cannot be told."""
    if time is None:
        return 0
    if time.tzinfo is None:
        raise ValueError(f"{time} is of no known time zone")
    ticks = (time - _EPOCH) // timedelta(microseconds=1) * 10
    if ticks <= 0:
        raise ValueError(f"{time} is before Windows' time")
    return ticks


def _time(ticks: int) -> datetime | None:
    if ticks <= 0:
        return None
    try:
        return _EPOCH + timedelta(microseconds=ticks // 10)
    except OverflowError:
        return None
