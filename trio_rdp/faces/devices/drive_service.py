"""`DriveService`: answers what a server asks of a drive, [MS-RDPEFS] 3.2.5.2, with what a `FileSystem` does.

Share modes are left to the server, which is the only one to open files through a drive.
"""

from __future__ import annotations

import contextlib
import logging
import struct
from collections.abc import Hashable, Sequence

import trio

from trio_rdp.channels.rdpdr.client import answer
from trio_rdp.channels.rdpdr.client_names import NameRefused, split_path
from trio_rdp.channels.rdpdr.client_status import status_of_error
from trio_rdp.channels.rdpdr.drive_requests import (
    LockControlRequest,
    NotifyChangeDirectoryRequest,
    QueryDirectoryRequest,
    QueryInformationRequest,
    QueryVolumeInformationRequest,
    SetInformationRequest,
    SetVolumeInformationRequest,
)
from trio_rdp.channels.rdpdr.file_system import (
    CreateDisposition,
    CreateOptions,
    DesiredAccess,
    FileAttributes,
    Information,
)
from trio_rdp.channels.rdpdr.file_times import ns_from_filetime
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.channels.rdpdr.information import (
    FileAllocationInformation,
    FileBasicInformation,
    FileDispositionInformation,
    FileEndOfFileInformation,
    FileFsLabelInformation,
    FileRenameInformation,
    decode_file_information,
    decode_volume_information,
)
from trio_rdp.channels.rdpdr.requests import (
    APPEND,
    CloseRequest,
    ControlRequest,
    CreateRequest,
    DeviceIoRequest,
    ReadRequest,
    WriteRequest,
)
from trio_rdp.channels.rdpdr.responses import DeviceIoResponse
from trio_rdp.faces.devices.device import DeviceService, unsupported
from trio_rdp.faces.devices.drive_answers import describe_file, describe_volume
from trio_rdp.faces.devices.drive_directories import query_directory, wait_changes
from trio_rdp.faces.devices.drive_files import OpenFile, Refused
from trio_rdp.faces.devices.drive_locks import DriveLocks
from trio_rdp.faces.devices.file_systems import FileHandle, FileStatus, FileSystem
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import DecodeError

__all__ = ["DriveService"]

_log = logging.getLogger(__name__)

_LARGEST = (1 << 63) - 1
_READS = (
    DesiredAccess.READ_DATA
    | DesiredAccess.EXECUTE
    | DesiredAccess.GENERIC_READ
    | DesiredAccess.GENERIC_EXECUTE
    | DesiredAccess.GENERIC_ALL
    | DesiredAccess.MAXIMUM_ALLOWED
)
_WRITES = DesiredAccess.WRITE_DATA | DesiredAccess.APPEND_DATA | DesiredAccess.GENERIC_WRITE | DesiredAccess.GENERIC_ALL
_TRUNCATING = (CreateDisposition.SUPERSEDE, CreateDisposition.OVERWRITE, CreateDisposition.OVERWRITE_IF)
# "The Information field MUST have one of the following values, depending on the value of the CreateDisposition field",
# [MS-RDPEFS] 2.2.3.4.1: on what was asked, not on what was done.
_INFORMATION = {
    CreateDisposition.OPEN_IF: Information.OPENED,
    CreateDisposition.OVERWRITE_IF: Information.OVERWRITTEN,
}
# [MS-FSCC] 2.3: the controls that make sense for any file system.
_IS_PATHNAME_VALID = 0x0009002C
_GET_COMPRESSION = 0x0009003C
_QUERY_ALLOCATED_RANGES = 0x000940CF


class DriveService(DeviceService):
    """A server's use of a drive: what it has open, locks, and watches."""

    def __init__(self, file_system: FileSystem, label: str, limits: Limits) -> None:
        self._file_system = file_system
        self._label = label
        self._limits = limits
        self._files: dict[int, OpenFile] = {}
        self._last_id = 0
        self._opening = 0
        self._locks = DriveLocks()
        self.peak_open_files: int = 0
        self.read: int = 0
        self.written: int = 0

    @property
    def open_files(self) -> int:
        """How many files and directories are open."""
        return len(self._files)

    def lane(self, request: DeviceIoRequest) -> Hashable:
        match request:
            case CreateRequest() | NotifyChangeDirectoryRequest() | LockControlRequest(f=True):
                return None  # these may take long, or for ever
        return request.file_id

    async def answer(self, request: DeviceIoRequest) -> DeviceIoResponse:
        try:
            if isinstance(request, CreateRequest):
                return await self._create(request)
            file = self._files.get(request.file_id)
            if file is None:
                return answer(request, NtStatus.UNSUCCESSFUL)
            return await self._use(request, file)
        except (Refused, NameRefused) as exc:
            return answer(request, exc.status)
        except DecodeError:
            return answer(request, NtStatus.INVALID_PARAMETER)

    async def aclose(self) -> None:
        async with contextlib.AsyncExitStack() as stack:  # whatever becomes of one, all are closed
            for file in self._files.values():
                stack.push_async_callback(self._close_quietly, file)

    async def _close_quietly(self, file: OpenFile) -> None:
        try:
            await self._close(file)
        except Exception:
            _log.exception("a file system failed at closing %r", file.path)

    async def _use(self, request: DeviceIoRequest, file: OpenFile) -> DeviceIoResponse:
        """A request about something that is open."""
        match request:
            case ReadRequest():
                return await self._read(request, file)
            case WriteRequest():
                return await self._write(request, file)
            case QueryDirectoryRequest():
                kept = sum(len(other.entries) for other in self._files.values() if other is not file)
                return await query_directory(request, file, self._file_system, self._limits.lent_entries - kept)
            case QueryInformationRequest():
                return await self._query(request, file)
            case SetInformationRequest():
                return await self._set(request, file)
            case CloseRequest():
                return answer(request, await self._close(file))
            case QueryVolumeInformationRequest():
                return await self._query_volume(request)
            case SetVolumeInformationRequest():
                return self._set_volume(request)
            case NotifyChangeDirectoryRequest():
                watches = sum(other.watch is not None for other in self._files.values())
                may_watch = watches < self._limits.lent_watches
                return await wait_changes(request, file, self._file_system, may_watch=may_watch)
            case LockControlRequest():
                return await self._locks.control(request, file)
            case ControlRequest():
                return await self._control(request, file)
        return unsupported(request)

    # Opening and closing.

    async def _create(self, request: CreateRequest) -> DeviceIoResponse:
        path = "/".join(split_path(request.path))
        options = request.create_options
        must_be_directory = CreateOptions.DIRECTORY_FILE in options
        if not request.create_disposition.is_known or (
            must_be_directory and CreateOptions.NON_DIRECTORY_FILE in options
        ):
            raise Refused(NtStatus.INVALID_PARAMETER)
        if CreateOptions.OPEN_BY_FILE_ID in options:
            raise Refused(NtStatus.NOT_SUPPORTED)
        if len(self._files) + self._opening >= self._limits.open_files:
            self._forget_directory()
        if self._is_doomed(path):
            raise Refused(NtStatus.DELETE_PENDING)
        if CreateOptions.DELETE_ON_CLOSE in options:
            self._check_writable(path)
        self._opening += 1
        try:
            file = await self._open(request, path)
        finally:
            self._opening -= 1
        file.is_deleted_on_close = CreateOptions.DELETE_ON_CLOSE in options
        self._files[file.id] = file
        self.peak_open_files = max(self.peak_open_files, len(self._files))
        information = _INFORMATION.get(request.create_disposition, Information.SUPERSEDED)
        return answer(request, file_id=file.id, information=information)

    async def _open(self, request: CreateRequest, path: str) -> OpenFile:
        disposition, options = request.create_disposition, request.create_options
        try:
            status = await self._file_system.stat(path)
        except FileNotFoundError:
            if disposition in (CreateDisposition.OPEN, CreateDisposition.OVERWRITE):
                raise Refused(await self._missing(path)) from None
            return await self._make(request, path)
        except NotADirectoryError:
            raise Refused(NtStatus.OBJECT_PATH_NOT_FOUND) from None
        if disposition == CreateDisposition.CREATE:
            raise Refused(NtStatus.OBJECT_NAME_COLLISION)
        if status.is_directory:
            if CreateOptions.NON_DIRECTORY_FILE in options:
                raise Refused(NtStatus.FILE_IS_A_DIRECTORY)
            if disposition in _TRUNCATING:
                raise Refused(NtStatus.OBJECT_NAME_COLLISION)
            return self._opened(path, is_directory=True)
        if CreateOptions.DIRECTORY_FILE in options:
            raise Refused(NtStatus.NOT_A_DIRECTORY)
        access = request.desired_access
        can_write = bool(access & _WRITES)
        if disposition in _TRUNCATING:
            handle = await self._file_system.open(path, write=True, truncate=True)
            return self._opened(path, handle=handle, can_write=True)
        if not access & (_READS | _WRITES):
            return self._opened(path)  # for its attributes, to rename it or to delete it
        if DesiredAccess.MAXIMUM_ALLOWED in access and not can_write and not self._file_system.is_read_only:
            try:
                return self._opened(path, handle=await self._file_system.open(path, write=True), can_write=True)
            except PermissionError:
                pass  # then reading is the most that is allowed
        handle = await self._file_system.open(path, write=can_write)
        return self._opened(path, handle=handle, can_write=can_write)

    async def _make(self, request: CreateRequest, path: str) -> OpenFile:
        """Make what is not there."""
        try:
            if CreateOptions.DIRECTORY_FILE in request.create_options:
                await self._file_system.mkdir(path)
                return self._opened(path, is_directory=True)
            handle = await self._file_system.open(path, write=True, create=True, exclusive=True)
        except FileNotFoundError:
            raise Refused(NtStatus.OBJECT_PATH_NOT_FOUND) from None
        file = self._opened(path, handle=handle, can_write=True)
        attributes = request.file_attributes
        if attributes & (FileAttributes.READONLY | FileAttributes.HIDDEN):
            try:
                await self._file_system.set_status(
                    path,
                    is_read_only=FileAttributes.READONLY in attributes,
                    is_hidden=FileAttributes.HIDDEN in attributes,
                )
            except BaseException:
                with trio.CancelScope(shield=True):
                    await handle.aclose()
                raise
        return file

    def _opened(
        self, path: str, *, is_directory: bool = False, handle: FileHandle | None = None, can_write: bool = False
    ) -> OpenFile:
        while True:
            self._last_id = self._last_id % 0xFFFFFFFE + 1
            if self._last_id not in self._files:
                return OpenFile(self._last_id, path, is_directory, can_write, handle)

    async def _close(self, file: OpenFile) -> NtStatus:
        """Close a file, and delete it if it is to be; gives the status of what went wrong."""
        del self._files[file.id]
        status = NtStatus.SUCCESS
        for scope in file.waits:
            scope.cancel()
        self._locks.release(file)
        try:
            if file.watch is not None:
                await file.watch.aclose()
            if file.handle is not None:
                await file.handle.aclose()
        except OSError as exc:
            status = status_of_error(exc)
        # At once, as Windows 10 does, even if it is open elsewhere: xrdp 0.9.21 never closes a directory that it makes.
        if file.is_deleted_on_close:
            try:
                await (self._file_system.rmdir if file.is_directory else self._file_system.unlink)(file.path)
            except OSError as exc:
                status = status_of_error(exc)
        return status

    def _is_doomed(self, path: str) -> bool:
        """Whether a file is to be deleted as soon as it is closed."""
        key = path.casefold()
        return any(file.is_deleted_on_close and file.key == key for file in self._files.values())

    def _forget_directory(self) -> None:
        """Make room by forgetting the directory that was opened first, if nothing depends on it."""
        for file in self._files.values():
            if file.is_directory and not (file.is_deleted_on_close or file.waits or file.watch or file.entries):
                del self._files[file.id]
                return
        raise Refused(NtStatus.TOO_MANY_OPENED_FILES)

    async def _missing(self, path: str) -> NtStatus:
        """Whether a file that is not there has a directory to be in."""
        parent = path.rpartition("/")[0]
        if parent:
            try:
                status = await self._file_system.stat(parent)
            except OSError:
                return NtStatus.OBJECT_PATH_NOT_FOUND
            if not status.is_directory:
                return NtStatus.OBJECT_PATH_NOT_FOUND
        return NtStatus.NO_SUCH_FILE

    # Reading and writing.

    async def _read(self, request: ReadRequest, file: OpenFile) -> DeviceIoResponse:
        handle = await self._handle(file)
        size = min(request.length, self._limits.lent_transfer)
        if request.offset > _LARGEST - size:
            raise Refused(NtStatus.INVALID_PARAMETER)
        self._locks.check(file, request.offset, size, is_write=False)
        data = (await handle.read(request.offset, size))[:size] if size else b""
        if size and not data:
            # "The amount of data read is any number between one and the number of bytes specified."
            raise Refused(NtStatus.END_OF_FILE)
        self.read += len(data)
        return answer(request, read_data=data)

    async def _write(self, request: WriteRequest, file: OpenFile) -> DeviceIoResponse:
        data = request.write_data
        if not file.can_write:
            raise Refused(NtStatus.ACCESS_DENIED)
        handle = await self._handle(file)
        if request.offset == APPEND:
            self._locks.check(file, (await handle.stat()).size, len(data), is_write=True)
            written = await handle.append(data)
        else:
            if request.offset > _LARGEST - len(data):
                raise Refused(NtStatus.INVALID_PARAMETER)
            self._locks.check(file, request.offset, len(data), is_write=True)
            written = await handle.write(request.offset, data) if data else 0
        self.written += written
        return answer(request, length=written)

    async def _handle(self, file: OpenFile) -> FileHandle:
        """What a file is read and written by; opened now, if it was opened for its attributes only."""
        if file.is_directory:
            raise Refused(NtStatus.FILE_IS_A_DIRECTORY)
        if file.handle is None:
            file.handle = await self._file_system.open(file.path, write=file.can_write)
        return file.handle

    # Information.

    async def _query(self, request: QueryInformationRequest, file: OpenFile) -> DeviceIoResponse:
        found = describe_file(
            request.fs_information_class, await self._stat(file), delete_pending=self._is_doomed(file.path)
        )
        if found is None:
            return unsupported(request)
        return answer(request, buffer=found.encode())

    async def _stat(self, file: OpenFile) -> FileStatus:
        try:
            return await self._file_system.stat(file.path)
        except FileNotFoundError:
            if file.handle is None:
                raise
            return await file.handle.stat()  # removed by somebody else, while it is open

    async def _set(self, request: SetInformationRequest, file: OpenFile) -> DeviceIoResponse:
        match decode_file_information(request.fs_information_class, request.set_buffer):
            case FileBasicInformation() as basic:
                await self._set_basic(basic, file)
            case FileEndOfFileInformation(end_of_file=size):
                await self._truncate(file, size)
            case FileAllocationInformation(allocation_size=size):
                if size < (await self._stat(file)).size:
                    await self._truncate(file, size)
            case FileDispositionInformation(delete_pending=delete_pending):
                await self._dispose(file, delete_pending=delete_pending)
            case FileRenameInformation() as renamed:
                await self._rename(renamed, file)
            case _:
                return unsupported(request)
        return answer(request, length=len(request.set_buffer))

    async def _set_basic(self, basic: FileBasicInformation, file: OpenFile) -> None:
        """Set times and attributes; 0 and -1 leave a time alone, as no attributes do."""
        created, accessed, modified = (
            ns_from_filetime(value) if value > 0 else None
            for value in (basic.creation_time, basic.last_access_time, basic.last_write_time)
        )
        attributes = basic.file_attributes
        if attributes or (created, accessed, modified) != (None, None, None):
            await self._file_system.set_status(
                file.path,
                created_ns=created,
                accessed_ns=accessed,
                modified_ns=modified,
                is_read_only=FileAttributes.READONLY in attributes if attributes else None,
                is_hidden=FileAttributes.HIDDEN in attributes if attributes else None,
            )

    async def _truncate(self, file: OpenFile, size: int) -> None:
        if file.is_directory or size > _LARGEST:
            raise Refused(NtStatus.INVALID_PARAMETER)
        if file.can_write:
            await (await self._handle(file)).truncate(size)
            return
        handle = await self._file_system.open(file.path, write=True)
        try:
            await handle.truncate(size)
        finally:
            with trio.CancelScope(shield=True):
                await handle.aclose()

    async def _dispose(self, file: OpenFile, *, delete_pending: bool) -> None:
        """Mark a file for deletion when it is closed, or take that back."""
        if not delete_pending:
            file.is_deleted_on_close = False
            return
        self._check_writable(file.path)
        if file.is_directory:
            if await self._file_system.listdir(file.path):
                raise Refused(NtStatus.DIRECTORY_NOT_EMPTY)
        elif (await self._stat(file)).is_read_only:
            raise Refused(NtStatus.CANNOT_DELETE)
        file.is_deleted_on_close = True

    async def _rename(self, renamed: FileRenameInformation, file: OpenFile) -> None:
        self._check_writable(file.path)
        before, after = file.path, "/".join(split_path(renamed.file_name))
        if not after:
            raise Refused(NtStatus.OBJECT_NAME_INVALID)
        try:
            await self._file_system.rename(before, after, replace=renamed.replace_if_exists)
        except FileNotFoundError:
            raise Refused(NtStatus.OBJECT_PATH_NOT_FOUND) from None
        except IsADirectoryError:
            raise Refused(NtStatus.ACCESS_DENIED) from None
        inside = f"{before}/".casefold()
        for other in self._files.values():
            if other.key == before.casefold():
                self._move(other, after)
            elif other.key.startswith(inside):
                self._move(other, f"{after}/{other.path[len(inside) :]}")

    def _move(self, file: OpenFile, path: str) -> None:
        """Note that an open file has another path from now on."""
        before, file.path = file.key, path
        self._locks.move(before, file.key)

    def _check_writable(self, path: str) -> None:
        if self._file_system.is_read_only:
            raise Refused(NtStatus.MEDIA_WRITE_PROTECTED)
        if not path:
            raise Refused(NtStatus.ACCESS_DENIED)  # the root stays

    async def _query_volume(self, request: QueryVolumeInformationRequest) -> DeviceIoResponse:
        found = await describe_volume(request.fs_information_class, self._file_system, self._label)
        if found is None:
            return unsupported(request)
        return answer(request, buffer=found.encode())

    def _set_volume(self, request: SetVolumeInformationRequest) -> DeviceIoResponse:
        found = decode_volume_information(request.fs_information_class, request.set_volume_buffer)
        if not isinstance(found, FileFsLabelInformation):
            return unsupported(request)
        if self._file_system.is_read_only:
            return answer(request, NtStatus.MEDIA_WRITE_PROTECTED)
        self._label = found.volume_label  # for as long as the session lasts
        return answer(request, length=len(request.set_volume_buffer))

    # Control codes.

    async def _control(self, request: ControlRequest, file: OpenFile) -> DeviceIoResponse:
        match request.io_control_code:
            case code if code == _IS_PATHNAME_VALID:
                return answer(request)
            case code if code == _GET_COMPRESSION:
                return answer(request, output_buffer=bytes(2))
            case code if code == _QUERY_ALLOCATED_RANGES:
                return await self._query_ranges(request, file)
        return answer(request, NtStatus.INVALID_DEVICE_REQUEST)

    async def _query_ranges(self, request: ControlRequest, file: OpenFile) -> DeviceIoResponse:
        """Which parts of a range hold data: all up to the end of the file."""
        if len(request.input_buffer) < 16:
            raise Refused(NtStatus.INVALID_PARAMETER)
        start, length = struct.unpack_from("<QQ", request.input_buffer)
        end = min(start + length, (await self._stat(file)).size)
        ranges: Sequence[tuple[int, int]] = [(start, end - start)] if end > start else []
        buffer = b"".join(struct.pack("<QQ", *part) for part in ranges)
        if len(buffer) > request.output_buffer_length:
            raise Refused(NtStatus.BUFFER_TOO_SMALL)
        return answer(request, output_buffer=buffer)
