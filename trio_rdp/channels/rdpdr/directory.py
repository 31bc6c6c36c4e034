"""What the buffers of directory responses hold, [MS-FSCC] 2.4 and 2.7.1: one file each, or changes.

[MS-RDPEFS] 2.2.3.3.10 has a request for every file, so that an entry never has a successor.
"""

from __future__ import annotations

import struct
from typing import Any, Self

from trio_rdp.channels.rdpdr.drive_requests import DirectoryInformationClass
from trio_rdp.channels.rdpdr.file_system import FileAttributes
from trio_rdp.channels.rdpdr.information import UnknownInformation
from trio_rdp.channels.rdpdr.text import encode_utf16, take_utf16
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "CHANGE_LIMIT",
    "DirectoryInformation",
    "FileAction",
    "FileBothDirectoryInformation",
    "FileDirectoryInformation",
    "FileFullDirectoryInformation",
    "FileNamesInformation",
    "FileNotifyInformation",
    "decode_changes",
    "decode_directory_information",
    "encode_changes",
]

CHANGE_LIMIT = 4096
"""The most changes of one response."""

_ENTRY = struct.Struct("<4xI4q2QII")
_U32 = struct.Struct("<I")
_SHORT_NAME = struct.Struct("<IB24s")
_SHORT_NAME_SIZE = 24
_NAMES = struct.Struct("<4xII")
_CHANGE = struct.Struct("<III")


class FileAction(OpenEnum):
    """How a file changed (FILE_ACTION_*)."""

    ADDED = 1
    REMOVED = 2
    MODIFIED = 3
    RENAMED_OLD_NAME = 4
    RENAMED_NEW_NAME = 5


@pdu
class FileDirectoryInformation(Pdu):
    """FileDirectoryInformation, [MS-FSCC] 2.4; times are FILETIMEs."""

    file_index: int = 0
    creation_time: int
    last_access_time: int
    last_write_time: int
    change_time: int
    end_of_file: int
    allocation_size: int
    file_attributes: FileAttributes
    file_name: str

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        *numbers, attributes, size = _ENTRY.unpack(src.take(_ENTRY.size))
        middle = cls._decode_middle(src)
        names = ("file_index", "creation_time", "last_access_time", "last_write_time", "change_time")
        fields = dict(zip((*names, "end_of_file", "allocation_size"), numbers, strict=True))
        return cls(**fields, **middle, file_attributes=FileAttributes(attributes), file_name=take_utf16(src, size))

    def encode_into(self, dst: bytearray) -> None:
        name = encode_utf16(self.file_name, terminated=False)
        try:
            dst += _ENTRY.pack(
                self.file_index,
                self.creation_time,
                self.last_access_time,
                self.last_write_time,
                self.change_time,
                self.end_of_file,
                self.allocation_size,
                self.file_attributes,
                len(name),
            )
            self._encode_middle(dst)
        except struct.error as exc:
            raise EncodeError(f"{type(self).__name__}: {exc}") from None
        dst += name

    @classmethod
    def _decode_middle(cls, src: Cursor) -> dict[str, Any]:  # noqa: ARG003
        """The fields between the length of the name and the name."""
        return {}

    def _encode_middle(self, dst: bytearray) -> None:
        pass


@pdu
class FileFullDirectoryInformation(FileDirectoryInformation):
    """FileFullDirectoryInformation, [MS-FSCC] 2.4."""

    ea_size: int = 0

    @classmethod
    def _decode_middle(cls, src: Cursor) -> dict[str, Any]:
        return {"ea_size": src.u32()}

    def _encode_middle(self, dst: bytearray) -> None:
        dst += _U32.pack(self.ea_size)


@pdu
class FileBothDirectoryInformation(FileDirectoryInformation):
    """FileBothDirectoryInformation, [MS-FSCC] 2.4.8, without its reserved byte ([MS-RDPEFS] 2.2.3.3.10)."""

    ea_size: int = 0
    short_name: str = ""

    @classmethod
    def _decode_middle(cls, src: Cursor) -> dict[str, Any]:
        start = src.pos
        ea_size, size, short_name = _SHORT_NAME.unpack(src.take(_SHORT_NAME.size))
        if size > _SHORT_NAME_SIZE:
            raise InvalidField(f"a short name of {size} bytes", pdu=cls.__name__, offset=start)
        return {"ea_size": ea_size, "short_name": take_utf16(Cursor(short_name), size)}

    def _encode_middle(self, dst: bytearray) -> None:
        short_name = encode_utf16(self.short_name, terminated=False)
        if len(short_name) > _SHORT_NAME_SIZE:
            raise EncodeError(f"{self.short_name!r} exceeds {_SHORT_NAME_SIZE // 2} characters")
        dst += _SHORT_NAME.pack(self.ea_size, len(short_name), short_name)


@pdu
class FileNamesInformation(Pdu):
    """FileNamesInformation, [MS-FSCC] 2.4."""

    file_index: int = 0
    file_name: str

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        file_index, size = _NAMES.unpack(src.take(_NAMES.size))
        return cls(file_index=file_index, file_name=take_utf16(src, size))

    def encode_into(self, dst: bytearray) -> None:
        name = encode_utf16(self.file_name, terminated=False)
        dst += _NAMES.pack(self.file_index, len(name))
        dst += name


@pdu
class FileNotifyInformation(Pdu):
    """One change (FILE_NOTIFY_INFORMATION), [MS-FSCC] 2.7.1, without the offset of the next."""

    action: FileAction
    file_name: str

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        _, action, size = _CHANGE.unpack(src.take(_CHANGE.size))
        return cls(action=FileAction(action), file_name=take_utf16(src, size))

    def encode_into(self, dst: bytearray) -> None:
        name = encode_utf16(self.file_name, terminated=False)
        dst += _CHANGE.pack(0, self.action, len(name))
        dst += name


DirectoryInformation = FileDirectoryInformation | FileNamesInformation | UnknownInformation

_CLASSES: dict[int, type[DirectoryInformation]] = {
    DirectoryInformationClass.DIRECTORY: FileDirectoryInformation,
    DirectoryInformationClass.FULL_DIRECTORY: FileFullDirectoryInformation,
    DirectoryInformationClass.BOTH_DIRECTORY: FileBothDirectoryInformation,
    DirectoryInformationClass.NAMES: FileNamesInformation,
}


def decode_directory_information(kind: DirectoryInformationClass, buffer: bytes) -> DirectoryInformation:
    """Decode what a buffer says of a file in a directory; raises `DecodeError`, but keeps an unknown class."""
    return _CLASSES.get(kind, UnknownInformation).decode(buffer)


def decode_changes(buffer: bytes) -> list[FileNotifyInformation]:
    """Decode the changes of a directory; raises `DecodeError`."""
    changes: list[FileNotifyInformation] = []
    at = 0
    while buffer:
        if len(changes) == CHANGE_LIMIT:
            raise InvalidField(f"more than {CHANGE_LIMIT} changes", offset=at)
        src = Cursor(buffer, at)
        step = src.u32()
        src.pos = at
        changes.append(FileNotifyInformation.decode_from(src))
        if not step:
            break
        if at + step < src.pos:
            raise InvalidField(f"the next change {step} bytes on", pdu="FileNotifyInformation", offset=at)
        at += step
    return changes


def encode_changes(changes: list[FileNotifyInformation]) -> bytes:
    """The bytes of a notification; each change but the last is padded to a multiple of four."""
    if len(changes) > CHANGE_LIMIT:
        raise EncodeError(f"{len(changes)} changes exceed {CHANGE_LIMIT}")
    dst = bytearray()
    for number, change in enumerate(changes, 1):
        raw = change.encode()
        if number < len(changes):
            raw += bytes(-len(raw) % 4)
            raw = _U32.pack(len(raw)) + raw[_U32.size :]
        dst += raw
    return bytes(dst)
