"""The list of copied files, [MS-RDPECLIP] 2.2.5.2.3, as the format "FileGroupDescriptorW" holds it."""

from __future__ import annotations

from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self

from trio_rdp.wire.errors import EncodeError
from trio_rdp.wire.fields import U64, Counted, Fixed, Pad, Utf16, u32
from trio_rdp.wire.numbers import Flag, Flags
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["FILES_LIMIT", "FileAttributes", "FileDescriptor", "FileDescriptorFlags", "PackedFileList"]

FILES_LIMIT = 100_000
"""The most files in one list, as in IronRDP's tests; a message of 16 MiB holds 28,339."""

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


class FileDescriptorFlags(Flags):
    """Which fields of a descriptor hold something (FD_*)."""

    ATTRIBUTES = Flag(0x00000004)
    WRITESTIME = Flag(0x00000020)
    FILESIZE = Flag(0x00000040)
    SHOWPROGRESSUI = Flag(0x00004000)


class FileAttributes(Flags):
    """What a file is (FILE_ATTRIBUTE_*)."""

    READONLY = Flag(0x00000001)
    HIDDEN = Flag(0x00000002)
    SYSTEM = Flag(0x00000004)
    DIRECTORY = Flag(0x00000010)
    ARCHIVE = Flag(0x00000020)
    NORMAL = Flag(0x00000080)


def _swap_halves(value: int) -> int:
    # The high half stands first; out of range stays so, for `struct` to refuse.
    return value if value >> 64 else (value & 0xFFFFFFFF) << 32 | value >> 32


_high_half_first = Fixed("Q", decoder=_swap_halves, encoder=_swap_halves)


@pdu
class FileDescriptor(Pdu):
    """File Descriptor (CLIPRDR_FILEDESCRIPTOR), [MS-RDPECLIP] 2.2.5.2.3.1.

    `file_size` is fileSizeHigh and fileSizeLow together.  `file_name` is what the peer says, unchecked:
    `file_names.safe_path` makes a path of it that stays inside a directory.
    """

    flags: Annotated[FileDescriptorFlags, u32, Pad(32)] = FileDescriptorFlags(0)
    file_attributes: Annotated[FileAttributes, u32, Pad(16)] = FileAttributes(0)
    last_write_time: U64 = 0
    file_size: Annotated[int, _high_half_first] = 0
    file_name: Annotated[str, Utf16(520)]

    @classmethod
    def of(cls, file_name: str, *, size: int | None = None, modified: datetime | None = None) -> Self:
        """Describe a file, or, where `size` is None, a directory; `modified` must know its time zone."""
        is_directory = size is None
        attributes = FileAttributes.DIRECTORY if is_directory else FileAttributes.ARCHIVE
        flags = FileDescriptorFlags.ATTRIBUTES | FileDescriptorFlags.SHOWPROGRESSUI
        if not is_directory:
            flags |= FileDescriptorFlags.FILESIZE
        ticks = 0
        if modified is not None:
            flags |= FileDescriptorFlags.WRITESTIME
            ticks = (modified - _EPOCH) // timedelta(microseconds=1) * 10
            if ticks < 0:
                raise EncodeError(f"a time before 1601: {modified}")
        return cls(
            flags=flags, file_attributes=attributes, last_write_time=ticks, file_size=size or 0, file_name=file_name
        )

    @property
    def is_directory(self) -> bool:
        """Whether the attributes are given and say so."""
        return FileDescriptorFlags.ATTRIBUTES in self.flags and FileAttributes.DIRECTORY in self.file_attributes

    @property
    def size(self) -> int | None:
        """The file's size in bytes, if it is given."""
        return self.file_size if FileDescriptorFlags.FILESIZE in self.flags else None

    @property
    def modified(self) -> datetime | None:
        """When the file was last written, in UTC, if that is given and no later than the year 9999."""
        if FileDescriptorFlags.WRITESTIME not in self.flags:
            return None
        try:
            return _EPOCH + timedelta(microseconds=self.last_write_time // 10)
        except OverflowError:
            return None


@pdu
class PackedFileList(Pdu):
    """Packed File List (CLIPRDR_FILELIST), [MS-RDPECLIP] 2.2.5.2.3."""

    file_descriptor_array: Annotated[list[FileDescriptor], Counted(u32, limit=FILES_LIMIT)] = field(
        default_factory=list
    )
