"""`RemoteDrive`: a drive of the client as an asynchronous file system on its server.

async with await drive.open("notes.txt") as file:
    text = await file.read()
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from trio_rdp.channels.rdpdr import (
    CompletionFilter,
    CreateDisposition,
    CreateOptions,
    DesiredAccess,
    DeviceAnnounce,
    FileAttributes,
    FileBasicInformation,
    FileDispositionInformation,
    FileFsAttributeInformation,
    FileFsFullSizeInformation,
    FileFsVolumeInformation,
    FileInformationClass,
    FileRenameInformation,
    FileStandardInformation,
    FileSystemAttributes,
    NtStatus,
    QueryInformationRequest,
    QueryInformationResponse,
    QueryVolumeInformationRequest,
    QueryVolumeInformationResponse,
    SetInformationRequest,
    VolumeInformationClass,
    drive_name,
)
from trio_rdp.faces.remote_devices.device import DeviceHandle, RemoteDevice
from trio_rdp.faces.remote_devices.directories import (
    DirectoryListing,
    DriveEntry,
    DriveWatch,
    entry_of,
    open_directory,
    to_ticks,
)
from trio_rdp.faces.remote_devices.errors import RemoteDeviceError, refusal
from trio_rdp.faces.remote_devices.files import FILE_OPTIONS, FileMode, RemoteFile, access_of, disposition_of
from trio_rdp.faces.remote_devices.paths import DrivePath, to_pattern, to_text, to_wire
from trio_rdp.faces.remote_devices.requests import DeviceRequests

__all__ = ["DriveVolume", "RemoteDrive"]

_LOOK = DesiredAccess.READ_ATTRIBUTES | DesiredAccess.SYNCHRONIZE
_ALTER = DesiredAccess.DELETE | DesiredAccess.READ_ATTRIBUTES | DesiredAccess.SYNCHRONIZE


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveVolume:
    """What a drive is on: sizes in bytes; `free` is what may be used, `max_name_length` counts characters."""

    label: str
    serial_number: int
    file_system: str
    attributes: FileSystemAttributes
    max_name_length: int
    total: int
    free: int


class RemoteDrive(RemoteDevice):
    r"""A drive of the client: paths begin at its root, with slashes or backslashes.

    Refusals are `RemoteDeviceError`, which is an `OSError`: `FileNotFoundError`, `PermissionError` and so on, where
    there is one for the reason.  Every call may be cancelled: what was asked may be done by then, and what it had
    opened is closed.  When the client takes the drive away calls fail with ENODEV.
    """

    def __init__(self, requests: DeviceRequests, device: DeviceAnnounce) -> None:
        super().__init__(requests, device)
        self._name = drive_name(device)

    @property
    def name(self) -> str:
        """What the client calls it; any text."""
        return self._name

    async def open(self, path: DrivePath, mode: FileMode = "rb") -> RemoteFile:
        """Open a file, in binary mode; use it with `async with await drive.open(...) as file`."""
        disposition = disposition_of(mode)
        text = to_text(to_wire(path))
        file_id = await self._create(to_wire(path), access_of(mode), disposition, FILE_OPTIONS, text)
        return RemoteFile(self, file_id, text, mode)

    async def read_bytes(self, path: DrivePath) -> bytes:
        """Read a whole file, of at most `Limits.device_read` bytes."""
        async with await self.open(path) as file:
            return await file.read()

    async def write_bytes(self, path: DrivePath, data: bytes | bytearray | memoryview) -> int:
        """Write a whole file, which is made or emptied first; gives how many bytes."""
        async with await self.open(path, "wb") as file:
            return await file.write(data)

    def scandir(self, path: DrivePath = "", pattern: str = "*") -> DirectoryListing:
        """List a directory entry by entry: `async with drive.scandir("reports") as entries`.

        `pattern` is the client's to understand; all take `*` and `?`.
        """
        return DirectoryListing(self, to_wire(path), to_pattern(path, pattern))

    async def listdir(self, path: DrivePath = "") -> list[str]:
        """The names in a directory, in the client's order."""
        async with self.scandir(path) as entries:
            return [entry.name async for entry in entries]

    async def stat(self, path: DrivePath) -> DriveEntry:
        """What there is to know of a file or a directory."""
        wire_path = to_wire(path)
        async with await self._open(wire_path, _LOOK) as handle:
            basic = FileBasicInformation.decode(await self._query(handle, FileInformationClass.BASIC))
            standard = FileStandardInformation.decode(await self._query(handle, FileInformationClass.STANDARD))
        return entry_of(wire_path.rpartition("\\")[2], basic, standard)

    async def exists(self, path: DrivePath) -> bool:
        """Whether there is something of that name."""
        try:
            await self.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    async def set_status(
        self,
        path: DrivePath,
        *,
        created: datetime | None = None,
        accessed: datetime | None = None,
        modified: datetime | None = None,
        is_read_only: bool | None = None,
        is_hidden: bool | None = None,
    ) -> None:
        """Set times and attributes of a file or a directory; what is None stays as it is.

        Times must be of a known time zone, `ValueError` else; how exactly they are kept is the client's business.
        """
        times = [to_ticks(time) for time in (created, accessed, modified)]
        async with await self._open(to_wire(path), _LOOK | DesiredAccess.WRITE_ATTRIBUTES) as handle:
            basic = FileBasicInformation.decode(await self._query(handle, FileInformationClass.BASIC))
            attributes = basic.file_attributes
            for flag, wanted in ((FileAttributes.READONLY, is_read_only), (FileAttributes.HIDDEN, is_hidden)):
                if wanted is not None:
                    attributes = attributes | flag if wanted else attributes & ~flag
            # 0 leaves a time as it is, and no attributes leave those, [MS-FSCC] 2.4.7.  When something was written last
            # is the time of the last change to FreeRDP 2.11, and to rdesktop 1.9 the earlier of the two.
            basic = FileBasicInformation(
                creation_time=times[0],
                last_access_time=times[1],
                last_write_time=times[2],
                change_time=times[2],
                file_attributes=attributes or FileAttributes.NORMAL,
            )
            await self._set(handle, FileInformationClass.BASIC, basic.encode())

    async def rename(self, path: DrivePath, target: DrivePath, *, replace: bool = False) -> None:
        """Give a file or a directory another name or place; `FileExistsError` for one that is taken.

        With `replace` a file that is there is replaced.
        """
        source, wanted = to_wire(path), to_wire(target)
        # rdesktop 1.9 replaces what is there whether it should or not; names of which only the case changes are the
        # same to Windows.
        if not replace and source.casefold() != wanted.casefold() and await self.exists(target):
            raise refusal(NtStatus.OBJECT_NAME_COLLISION, to_text(source))
        information = FileRenameInformation(replace_if_exists=replace, file_name=wanted)
        try:
            async with await self._open(source, _ALTER) as handle:
                await self._set(handle, FileInformationClass.RENAME, information.encode())
        except RemoteDeviceError as exc:
            # FreeRDP 2.11 renames a directory that is not empty, and then says so.
            if exc.status != NtStatus.DIRECTORY_NOT_EMPTY or await self.exists(path) or not await self.exists(target):
                raise

    async def unlink(self, path: DrivePath) -> None:
        """Delete a file."""
        await self._delete(to_wire(path), CreateOptions.NON_DIRECTORY_FILE)

    async def mkdir(self, path: DrivePath, *, exist_ok: bool = False) -> None:
        """Make a directory, in one that is there."""
        with contextlib.suppress(FileExistsError) if exist_ok else contextlib.nullcontext():
            async with await open_directory(self, to_wire(path), CreateDisposition.CREATE):
                pass

    async def rmdir(self, path: DrivePath) -> None:
        """Delete a directory, which must be empty."""
        await self._delete(to_wire(path), CreateOptions.DIRECTORY_FILE)

    async def volume(self) -> DriveVolume:
        """What the drive is on, and how much room there is."""
        async with await self._open("\\", _LOOK) as handle:
            volume = FileFsVolumeInformation.decode(await self._query_volume(handle, VolumeInformationClass.VOLUME))
            kind = FileFsAttributeInformation.decode(await self._query_volume(handle, VolumeInformationClass.ATTRIBUTE))
            size = FileFsFullSizeInformation.decode(await self._query_volume(handle, VolumeInformationClass.FULL_SIZE))
        unit = size.sectors_per_allocation_unit * size.bytes_per_sector
        return DriveVolume(
            label=volume.volume_label,
            serial_number=volume.volume_serial_number,
            file_system=kind.file_system_name,
            attributes=kind.file_system_attributes,
            max_name_length=kind.maximum_component_name_length,
            total=size.total_allocation_units * unit,
            free=size.caller_available_allocation_units * unit,
        )

    def watch(
        self, path: DrivePath = "", *, recursive: bool = False, only: CompletionFilter | None = None
    ) -> DriveWatch:
        """Iterate over what changes in a directory: `async with drive.watch("in") as changes`.

        `only` says which changes count; by default all do but those of the time of the last access.  Clients that
        cannot watch refuse, or never say anything (FreeRDP 2.11).
        """
        return DriveWatch(self, to_wire(path), recursive=recursive, only=only)

    async def _open(self, wire_path: str, access: DesiredAccess, options: CreateOptions | None = None) -> DeviceHandle:
        path = to_text(wire_path)
        return DeviceHandle(self, await self._create(wire_path, access, options=options, path=path), path)

    async def _delete(self, wire_path: str, options: CreateOptions) -> None:
        async with await self._open(wire_path, _ALTER, options) as handle:
            await self._set(handle, FileInformationClass.DISPOSITION, FileDispositionInformation().encode())

    async def _query(self, handle: DeviceHandle, kind: FileInformationClass) -> bytes:
        request = QueryInformationRequest(**handle._about(), fs_information_class=kind)
        return cast("QueryInformationResponse", await handle._ask(request)).buffer

    async def _query_volume(self, handle: DeviceHandle, kind: VolumeInformationClass) -> bytes:
        request = QueryVolumeInformationRequest(**handle._about(), fs_information_class=kind)
        return cast("QueryVolumeInformationResponse", await handle._ask(request)).buffer

    async def _set(self, handle: DeviceHandle, kind: FileInformationClass, buffer: bytes) -> None:
        await handle._ask(SetInformationRequest(**handle._about(), fs_information_class=kind, set_buffer=buffer))
