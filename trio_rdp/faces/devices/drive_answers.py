"""What a drive tells of files and volumes, in the structures of Windows."""

from __future__ import annotations

import zlib

from trio_rdp.channels.rdpdr.directory import (
    DirectoryInformation,
    FileBothDirectoryInformation,
    FileDirectoryInformation,
    FileFullDirectoryInformation,
    FileNamesInformation,
    FileNotifyInformation,
)
from trio_rdp.channels.rdpdr.drive_requests import (
    DirectoryInformationClass,
    FileInformationClass,
    VolumeInformationClass,
)
from trio_rdp.channels.rdpdr.file_system import CompletionFilter, FileAttributes
from trio_rdp.channels.rdpdr.file_times import filetime_from_ns
from trio_rdp.channels.rdpdr.information import (
    FileAttributeTagInformation,
    FileBasicInformation,
    FileFsAttributeInformation,
    FileFsDeviceInformation,
    FileFsFullSizeInformation,
    FileFsLabelInformation,
    FileFsSizeInformation,
    FileFsVolumeInformation,
    FileInformation,
    FileStandardInformation,
    FileSystemAttributes,
    VolumeInformation,
)
from trio_rdp.faces.devices.file_systems import Change, FileStatus, FileSystem

__all__ = ["attributes_of", "describe_entry", "describe_file", "describe_volume", "wanted_changes"]

_SECTOR = 512
_UNIT_SECTORS = 8
_UNIT = _SECTOR * _UNIT_SECTORS
_READ_ONLY_DEVICE = 0x00000002  # FILE_READ_ONLY_DEVICE, [MS-FSCC] 2.5.10
_NAMES = CompletionFilter.FILE_NAME | CompletionFilter.DIR_NAME
_LIMIT = (1 << 63) - 1

_ENTRY_CLASSES: dict[int, type[FileDirectoryInformation]] = {
    DirectoryInformationClass.DIRECTORY: FileDirectoryInformation,
    DirectoryInformationClass.FULL_DIRECTORY: FileFullDirectoryInformation,
    DirectoryInformationClass.BOTH_DIRECTORY: FileBothDirectoryInformation,
}


def attributes_of(status: FileStatus) -> FileAttributes:
    """The attributes of a file or a directory; NORMAL where there are no others."""
    found = FileAttributes.DIRECTORY if status.is_directory else FileAttributes.ARCHIVE
    if status.is_read_only:
        found |= FileAttributes.READONLY
    if status.is_hidden:
        found |= FileAttributes.HIDDEN
    return found


def describe_file(
    kind: FileInformationClass, status: FileStatus, *, delete_pending: bool = False
) -> FileInformation | None:
    """The information of a class about a file; None for a class that is not told."""
    match kind:
        case FileInformationClass.BASIC:
            return FileBasicInformation(
                creation_time=filetime_from_ns(status.created_ns),
                last_access_time=filetime_from_ns(status.accessed_ns),
                last_write_time=filetime_from_ns(status.modified_ns),
                change_time=filetime_from_ns(status.changed_ns),
                file_attributes=attributes_of(status),
            )
        case FileInformationClass.STANDARD:
            return FileStandardInformation(
                allocation_size=_allocated(status),
                end_of_file=_size(status),
                number_of_links=max(1, min(status.links, 0xFFFFFFFF)),
                delete_pending=delete_pending,
                directory=status.is_directory,
            )
        case FileInformationClass.ATTRIBUTE_TAG:
            return FileAttributeTagInformation(file_attributes=attributes_of(status))
    return None


def describe_entry(kind: DirectoryInformationClass, name: str, status: FileStatus) -> DirectoryInformation | None:
    """The information of a class about a file in a directory; None for a class that is not told."""
    if kind == DirectoryInformationClass.NAMES:
        return FileNamesInformation(file_name=name)
    cls = _ENTRY_CLASSES.get(kind)
    if cls is None:
        return None
    return cls(
        creation_time=filetime_from_ns(status.created_ns),
        last_access_time=filetime_from_ns(status.accessed_ns),
        last_write_time=filetime_from_ns(status.modified_ns),
        change_time=filetime_from_ns(status.changed_ns),
        end_of_file=_size(status),
        allocation_size=_allocated(status),
        file_attributes=attributes_of(status),
        file_name=name,
    )


async def describe_volume(
    kind: VolumeInformationClass, file_system: FileSystem, label: str
) -> VolumeInformation | None:
    """The information of a class about a volume; None for a class that is not told."""
    match kind:
        case VolumeInformationClass.VOLUME:
            root = await file_system.stat("")
            return FileFsVolumeInformation(
                volume_creation_time=filetime_from_ns(root.created_ns),
                volume_serial_number=zlib.crc32(label.encode("utf-8", "surrogatepass")),
                volume_label=label,
            )
        case VolumeInformationClass.LABEL:
            return FileFsLabelInformation(volume_label=label)
        case VolumeInformationClass.SIZE:
            usage = await file_system.usage()
            return FileFsSizeInformation(
                total_allocation_units=_units(usage.total),
                available_allocation_units=_units(usage.free),
                sectors_per_allocation_unit=_UNIT_SECTORS,
                bytes_per_sector=_SECTOR,
            )
        case VolumeInformationClass.FULL_SIZE:
            usage = await file_system.usage()
            return FileFsFullSizeInformation(
                total_allocation_units=_units(usage.total),
                caller_available_allocation_units=_units(usage.free),
                actual_available_allocation_units=_units(usage.free),
                sectors_per_allocation_unit=_UNIT_SECTORS,
                bytes_per_sector=_SECTOR,
            )
        case VolumeInformationClass.DEVICE:
            return FileFsDeviceInformation(characteristics=_READ_ONLY_DEVICE if file_system.is_read_only else 0)
        case VolumeInformationClass.ATTRIBUTE:
            found = FileSystemAttributes.CASE_PRESERVED_NAMES | FileSystemAttributes.UNICODE_ON_DISK
            if file_system.is_read_only:
                found |= FileSystemAttributes.READ_ONLY_VOLUME
            return FileFsAttributeInformation(
                file_system_attributes=found,
                maximum_component_name_length=file_system.longest_name,
                file_system_name=file_system.type_name,
            )
    return None


def wanted_changes(changes: list[Change], wanted: CompletionFilter) -> list[FileNotifyInformation]:
    """Those of the changes that a server asked to be told of."""
    found = []
    for change in changes:
        if change.action.name == "MODIFIED":
            is_wanted = bool(wanted.without(_NAMES))
        elif change.is_directory:
            is_wanted = CompletionFilter.DIR_NAME in wanted
        else:
            is_wanted = CompletionFilter.FILE_NAME in wanted
        if is_wanted:
            found.append(FileNotifyInformation(action=change.action, file_name=change.path.replace("/", "\\")))
    return found


def _size(status: FileStatus) -> int:
    return 0 if status.is_directory else max(0, min(status.size, _LIMIT))


def _allocated(status: FileStatus) -> int:
    if status.is_directory:
        return 0
    if status.allocated is not None:
        return max(0, min(status.allocated, _LIMIT))
    return min(_units(_size(status) + _UNIT - 1) * _UNIT, _LIMIT)


def _units(size: int) -> int:
    return max(0, size) // _UNIT
