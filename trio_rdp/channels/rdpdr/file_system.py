"""The words of Windows file systems: what [MS-RDPEFS] takes from [MS-SMB2] 2.2.13 and 2.2.35 and [MS-FSCC] 2.6."""

from __future__ import annotations

from trio_rdp.wire.numbers import Flag, Flags, OpenEnum

__all__ = [
    "CompletionFilter",
    "CreateDisposition",
    "CreateOptions",
    "DesiredAccess",
    "FileAttributes",
    "Information",
    "SharedAccess",
]


class DesiredAccess(Flags):
    """What whoever opens a file wants to do with it; for directories some bits have other names."""

    READ_DATA = Flag(0x00000001)
    WRITE_DATA = Flag(0x00000002)
    APPEND_DATA = Flag(0x00000004)
    READ_EA = Flag(0x00000008)
    WRITE_EA = Flag(0x00000010)
    EXECUTE = Flag(0x00000020)
    DELETE_CHILD = Flag(0x00000040)
    READ_ATTRIBUTES = Flag(0x00000080)
    WRITE_ATTRIBUTES = Flag(0x00000100)
    DELETE = Flag(0x00010000)
    READ_CONTROL = Flag(0x00020000)
    WRITE_DAC = Flag(0x00040000)
    WRITE_OWNER = Flag(0x00080000)
    SYNCHRONIZE = Flag(0x00100000)
    ACCESS_SYSTEM_SECURITY = Flag(0x01000000)
    MAXIMUM_ALLOWED = Flag(0x02000000)
    GENERIC_ALL = Flag(0x10000000)
    GENERIC_EXECUTE = Flag(0x20000000)
    GENERIC_WRITE = Flag(0x40000000)
    GENERIC_READ = Flag(0x80000000)


class FileAttributes(Flags):
    """The attributes of a file or directory (FILE_ATTRIBUTE_*)."""

    READONLY = Flag(0x00000001)
    HIDDEN = Flag(0x00000002)
    SYSTEM = Flag(0x00000004)
    DIRECTORY = Flag(0x00000010)
    ARCHIVE = Flag(0x00000020)
    NORMAL = Flag(0x00000080)
    TEMPORARY = Flag(0x00000100)
    SPARSE_FILE = Flag(0x00000200)
    REPARSE_POINT = Flag(0x00000400)
    COMPRESSED = Flag(0x00000800)
    OFFLINE = Flag(0x00001000)
    NOT_CONTENT_INDEXED = Flag(0x00002000)
    ENCRYPTED = Flag(0x00004000)


class SharedAccess(Flags):
    """What others may do with an open file (FILE_SHARE_*)."""

    READ = Flag(0x00000001)
    WRITE = Flag(0x00000002)
    DELETE = Flag(0x00000004)


class CreateDisposition(OpenEnum):
    """What to do with a file that exists, or does not."""

    SUPERSEDE = 0
    OPEN = 1
    CREATE = 2
    OPEN_IF = 3
    OVERWRITE = 4
    OVERWRITE_IF = 5


class CreateOptions(Flags):
    """How to open a file."""

    DIRECTORY_FILE = Flag(0x00000001)
    WRITE_THROUGH = Flag(0x00000002)
    SEQUENTIAL_ONLY = Flag(0x00000004)
    NO_INTERMEDIATE_BUFFERING = Flag(0x00000008)
    SYNCHRONOUS_IO_ALERT = Flag(0x00000010)
    SYNCHRONOUS_IO_NONALERT = Flag(0x00000020)
    NON_DIRECTORY_FILE = Flag(0x00000040)
    COMPLETE_IF_OPLOCKED = Flag(0x00000100)
    NO_EA_KNOWLEDGE = Flag(0x00000200)
    RANDOM_ACCESS = Flag(0x00000800)
    DELETE_ON_CLOSE = Flag(0x00001000)
    OPEN_BY_FILE_ID = Flag(0x00002000)
    OPEN_FOR_BACKUP_INTENT = Flag(0x00004000)
    NO_COMPRESSION = Flag(0x00008000)
    RESERVE_OPFILTER = Flag(0x00100000)
    OPEN_REPARSE_POINT = Flag(0x00200000)
    OPEN_NO_RECALL = Flag(0x00400000)
    OPEN_FOR_FREE_SPACE_QUERY = Flag(0x00800000)


class Information(OpenEnum):
    """What opening a file did; CREATED is not in [MS-RDPEFS], but in the document that it takes the others from."""

    SUPERSEDED = 0
    OPENED = 1
    CREATED = 2
    OVERWRITTEN = 3


class CompletionFilter(Flags):
    """The changes of a directory that are told (FILE_NOTIFY_CHANGE_*)."""

    FILE_NAME = Flag(0x00000001)
    DIR_NAME = Flag(0x00000002)
    ATTRIBUTES = Flag(0x00000004)
    SIZE = Flag(0x00000008)
    LAST_WRITE = Flag(0x00000010)
    LAST_ACCESS = Flag(0x00000020)
    CREATION = Flag(0x00000040)
    EA = Flag(0x00000080)
    SECURITY = Flag(0x00000100)
    STREAM_NAME = Flag(0x00000200)
    STREAM_SIZE = Flag(0x00000400)
    STREAM_WRITE = Flag(0x00000800)
