"""What the buffers of volume and file requests and responses hold, [MS-FSCC] 2.4 and 2.5, as [MS-RDPEFS] lays it out.

Times count 100 ns from 1601 (FILETIME).  In what is set, 0 leaves a time alone and -1 stops its being updated.
"""

from __future__ import annotations

import struct
from typing import Annotated, Self

from trio_rdp.channels.rdpdr.drive_requests import FileInformationClass, VolumeInformationClass
from trio_rdp.channels.rdpdr.file_system import FileAttributes
from trio_rdp.channels.rdpdr.text import encode_utf16, take_utf16
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.fields import U32, U64, Fixed, Rest, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "FileAllocationInformation",
    "FileAttributeTagInformation",
    "FileBasicInformation",
    "FileDispositionInformation",
    "FileEndOfFileInformation",
    "FileFsAttributeInformation",
    "FileFsDeviceInformation",
    "FileFsFullSizeInformation",
    "FileFsLabelInformation",
    "FileFsSizeInformation",
    "FileFsVolumeInformation",
    "FileInformation",
    "FileRenameInformation",
    "FileStandardInformation",
    "FileSystemAttributes",
    "FileTime",
    "UnknownInformation",
    "VolumeDeviceType",
    "VolumeInformation",
    "decode_file_information",
    "decode_volume_information",
]

FileTime = Annotated[int, Fixed("q")]

_VOLUME = struct.Struct("<qII?")
_ATTRIBUTE = struct.Struct("<III")
_RENAME = struct.Struct("<BBI")


class FileSystemAttributes(Flags):
    """What a file system can do, [MS-FSCC] 2.5.1."""

    CASE_SENSITIVE_SEARCH = Flag(0x00000001)
    CASE_PRESERVED_NAMES = Flag(0x00000002)
    UNICODE_ON_DISK = Flag(0x00000004)
    PERSISTENT_ACLS = Flag(0x00000008)
    FILE_COMPRESSION = Flag(0x00000010)
    VOLUME_QUOTAS = Flag(0x00000020)
    SUPPORTS_SPARSE_FILES = Flag(0x00000040)
    SUPPORTS_REPARSE_POINTS = Flag(0x00000080)
    SUPPORTS_REMOTE_STORAGE = Flag(0x00000100)
    VOLUME_IS_COMPRESSED = Flag(0x00008000)
    SUPPORTS_OBJECT_IDS = Flag(0x00010000)
    SUPPORTS_ENCRYPTION = Flag(0x00020000)
    NAMED_STREAMS = Flag(0x00040000)
    READ_ONLY_VOLUME = Flag(0x00080000)


class VolumeDeviceType(OpenEnum):
    """What a volume is on, [MS-FSCC] 2.5."""

    CD_ROM = 0x00000002
    DISK = 0x00000007


@pdu
class FileFsVolumeInformation(Pdu):
    """FileFsVolumeInformation, [MS-FSCC] 2.5.9, without its reserved byte ([MS-RDPEFS] 2.2.3.3.6)."""

    volume_creation_time: int
    volume_serial_number: int
    supports_objects: bool = False
    volume_label: str

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        time, serial, size, supports_objects = _VOLUME.unpack(src.take(_VOLUME.size))
        return cls(
            volume_creation_time=time,
            volume_serial_number=serial,
            supports_objects=supports_objects,
            volume_label=take_utf16(src, size),
        )

    def encode_into(self, dst: bytearray) -> None:
        label = encode_utf16(self.volume_label, terminated=False)
        dst += _VOLUME.pack(self.volume_creation_time, self.volume_serial_number, len(label), self.supports_objects)
        dst += label


@pdu
class FileFsLabelInformation(Pdu):
    """FileFsLabelInformation, [MS-FSCC] 2.5; Windows sends a terminator that it does not count."""

    volume_label: str

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        return cls(volume_label=take_utf16(src, src.u32()))

    def encode_into(self, dst: bytearray) -> None:
        label = encode_utf16(self.volume_label, terminated=False)
        dst += struct.pack("<I", len(label)) + label + b"\0\0"


@pdu
class FileFsSizeInformation(Pdu):
    """FileFsSizeInformation, [MS-FSCC] 2.5."""

    total_allocation_units: U64
    available_allocation_units: U64
    sectors_per_allocation_unit: U32
    bytes_per_sector: U32


@pdu
class FileFsDeviceInformation(Pdu):
    """FileFsDeviceInformation, [MS-FSCC] 2.5."""

    device_type: Annotated[VolumeDeviceType, u32] = VolumeDeviceType.DISK
    characteristics: U32 = 0


@pdu
class FileFsAttributeInformation(Pdu):
    """FileFsAttributeInformation, [MS-FSCC] 2.5.1."""

    file_system_attributes: FileSystemAttributes
    maximum_component_name_length: int
    file_system_name: str

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        attributes, longest, size = _ATTRIBUTE.unpack(src.take(_ATTRIBUTE.size))
        return cls(
            file_system_attributes=FileSystemAttributes(attributes),
            maximum_component_name_length=longest,
            file_system_name=take_utf16(src, size),
        )

    def encode_into(self, dst: bytearray) -> None:
        name = encode_utf16(self.file_system_name, terminated=False)
        dst += _ATTRIBUTE.pack(self.file_system_attributes, self.maximum_component_name_length, len(name))
        dst += name


@pdu
class FileFsFullSizeInformation(Pdu):
    """FileFsFullSizeInformation, [MS-FSCC] 2.5."""

    total_allocation_units: U64
    caller_available_allocation_units: U64
    actual_available_allocation_units: U64
    sectors_per_allocation_unit: U32
    bytes_per_sector: U32


@pdu
class FileBasicInformation(Pdu):
    """FileBasicInformation, [MS-FSCC] 2.4.7, without its reserved field ([MS-RDPEFS] 2.2.3.3.8)."""

    creation_time: FileTime
    last_access_time: FileTime
    last_write_time: FileTime
    change_time: FileTime
    file_attributes: Annotated[FileAttributes, u32]


@pdu
class FileStandardInformation(Pdu):
    """FileStandardInformation, [MS-FSCC] 2.4.41, without its reserved field ([MS-RDPEFS] 2.2.3.3.8)."""

    allocation_size: U64
    end_of_file: U64
    number_of_links: U32 = 1
    delete_pending: Annotated[bool, Fixed("?")] = False
    directory: Annotated[bool, Fixed("?")]


@pdu
class FileAttributeTagInformation(Pdu):
    """FileAttributeTagInformation, [MS-FSCC] 2.4."""

    file_attributes: Annotated[FileAttributes, u32]
    reparse_tag: U32 = 0


@pdu
class FileEndOfFileInformation(Pdu):
    """FileEndOfFileInformation, [MS-FSCC] 2.4."""

    end_of_file: U64


@pdu
class FileAllocationInformation(Pdu):
    """FileAllocationInformation, [MS-FSCC] 2.4."""

    allocation_size: U64


@pdu
class FileDispositionInformation(Pdu):
    """FileDispositionInformation, [MS-FSCC] 2.4, where no bytes mean deletion ([MS-RDPEFS] 2.2.3.3.9)."""

    delete_pending: bool = True

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        return cls(delete_pending=bool(src.u8()) if src.remaining else True)

    def encode_into(self, dst: bytearray) -> None:
        if not self.delete_pending:
            dst += b"\0"


@pdu
class FileRenameInformation(Pdu):
    """RDP_FILE_RENAME_INFORMATION, [MS-RDPEFS] 2.2.3.3.9.1."""

    replace_if_exists: bool = False
    root_directory: int = 0
    file_name: str

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        replace_if_exists, root_directory, size = _RENAME.unpack(src.take(_RENAME.size))
        return cls(
            replace_if_exists=bool(replace_if_exists),
            root_directory=root_directory,
            file_name=take_utf16(src, size),
        )

    def encode_into(self, dst: bytearray) -> None:
        name = encode_utf16(self.file_name, terminated=False)
        dst += _RENAME.pack(self.replace_if_exists, self.root_directory, len(name))
        dst += name


@pdu
class UnknownInformation(Pdu):
    """Information of a class that is not known here, kept as it came."""

    data: Annotated[bytes, Rest()]


VolumeInformation = (
    FileFsVolumeInformation
    | FileFsLabelInformation
    | FileFsSizeInformation
    | FileFsDeviceInformation
    | FileFsAttributeInformation
    | FileFsFullSizeInformation
    | UnknownInformation
)
FileInformation = (
    FileBasicInformation
    | FileStandardInformation
    | FileRenameInformation
    | FileDispositionInformation
    | FileAllocationInformation
    | FileEndOfFileInformation
    | FileAttributeTagInformation
    | UnknownInformation
)

_VOLUME_CLASSES: dict[int, type[VolumeInformation]] = {
    VolumeInformationClass.VOLUME: FileFsVolumeInformation,
    VolumeInformationClass.LABEL: FileFsLabelInformation,
    VolumeInformationClass.SIZE: FileFsSizeInformation,
    VolumeInformationClass.DEVICE: FileFsDeviceInformation,
    VolumeInformationClass.ATTRIBUTE: FileFsAttributeInformation,
    VolumeInformationClass.FULL_SIZE: FileFsFullSizeInformation,
}
_FILE_CLASSES: dict[int, type[FileInformation]] = {
    FileInformationClass.BASIC: FileBasicInformation,
    FileInformationClass.STANDARD: FileStandardInformation,
    FileInformationClass.RENAME: FileRenameInformation,
    FileInformationClass.DISPOSITION: FileDispositionInformation,
    FileInformationClass.ALLOCATION: FileAllocationInformation,
    FileInformationClass.END_OF_FILE: FileEndOfFileInformation,
    FileInformationClass.ATTRIBUTE_TAG: FileAttributeTagInformation,
}


def decode_volume_information(kind: VolumeInformationClass, buffer: bytes) -> VolumeInformation:
    """Decode what a buffer says of a volume; raises `DecodeError`, but keeps what is of an unknown class."""
    return _VOLUME_CLASSES.get(kind, UnknownInformation).decode(buffer)


def decode_file_information(kind: FileInformationClass, buffer: bytes) -> FileInformation:
    """Decode what a buffer says of a file, or sets; raises `DecodeError`, but keeps what is of an unknown class."""
    return _FILE_CLASSES.get(kind, UnknownInformation).decode(buffer)
