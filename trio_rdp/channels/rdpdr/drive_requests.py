"""What a server asks of a drive beyond what it asks of any device, [MS-RDPEFS] 2.2.3.3.6 to 2.2.3.3.12.

The buffers stay bytes here: what is in them, and whether it is sound, is between the request's class and its handler,
which answers INVALID_PARAMETER where `decode_file_information` and its like raise.
"""

from __future__ import annotations

import struct
from typing import Any, ClassVar

from trio_rdp.channels.rdpdr.file_system import CompletionFilter
from trio_rdp.channels.rdpdr.requests import DeviceIoRequest, MajorFunction, MinorFunction
from trio_rdp.channels.rdpdr.text import encode_utf16, take_utf16
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import U64
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "LOCK_LIMIT",
    "DirectoryInformationClass",
    "FileInformationClass",
    "LockControlRequest",
    "LockInfo",
    "LockOperation",
    "NotifyChangeDirectoryRequest",
    "QueryDirectoryRequest",
    "QueryInformationRequest",
    "QueryVolumeInformationRequest",
    "SetInformationRequest",
    "SetVolumeInformationRequest",
    "VolumeInformationClass",
]

LOCK_LIMIT = 4096
"""The most regions of one lock request."""

_INFORMATION = struct.Struct("<II24x")
_DIRECTORY = struct.Struct("<IBI23x")
_NOTIFY = struct.Struct("<BI27x")
_LOCK = struct.Struct("<III20x")
_LOCK_INFO_SIZE = 16
_WAIT = 0x00000001


class VolumeInformationClass(OpenEnum):
    """What is asked of, or set for, a volume (FileFs*Information), [MS-FSCC] 2.5."""

    VOLUME = 1
    LABEL = 2
    SIZE = 3
    DEVICE = 4
    ATTRIBUTE = 5
    FULL_SIZE = 7


class FileInformationClass(OpenEnum):
    """What is asked of, or set for, a file (File*Information), [MS-FSCC] 2.4."""

    BASIC = 0x04
    STANDARD = 0x05
    RENAME = 0x0A
    DISPOSITION = 0x0D
    ALLOCATION = 0x13
    END_OF_FILE = 0x14
    ATTRIBUTE_TAG = 0x23


class DirectoryInformationClass(OpenEnum):
    """How much is asked about each file of a directory (File*Information), [MS-FSCC] 2.4."""

    DIRECTORY = 0x01
    FULL_DIRECTORY = 0x02
    BOTH_DIRECTORY = 0x03
    NAMES = 0x0C


class LockOperation(OpenEnum):
    """What is asked of regions of a file (RDP_LOWIO_OP_*)."""

    SHARED_LOCK = 2
    EXCLUSIVE_LOCK = 3
    UNLOCK = 4
    UNLOCK_MULTIPLE = 5


@pdu
class QueryVolumeInformationRequest(DeviceIoRequest):
    """Server Drive Query Volume Information Request (DR_DRIVE_QUERY_VOLUME_INFORMATION_REQ), [MS-RDPEFS] 2.2.3.3.6."""

    major_function: ClassVar[MajorFunction] = MajorFunction.QUERY_VOLUME_INFORMATION

    fs_information_class: VolumeInformationClass
    query_volume_buffer: bytes = b""

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        kind, buffer = _decode_information(src)
        return {"fs_information_class": VolumeInformationClass(kind), "query_volume_buffer": buffer}

    def _encode_parameters(self, dst: bytearray) -> None:
        _encode_information(dst, self.fs_information_class, self.query_volume_buffer)


@pdu
class SetVolumeInformationRequest(DeviceIoRequest):
    """Server Drive Set Volume Information Request (DR_DRIVE_SET_VOLUME_INFORMATION_REQ), [MS-RDPEFS] 2.2.3.3.7."""

    major_function: ClassVar[MajorFunction] = MajorFunction.SET_VOLUME_INFORMATION

    fs_information_class: VolumeInformationClass = VolumeInformationClass.LABEL
    set_volume_buffer: bytes

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        kind, buffer = _decode_information(src)
        return {"fs_information_class": VolumeInformationClass(kind), "set_volume_buffer": buffer}

    def _encode_parameters(self, dst: bytearray) -> None:
        _encode_information(dst, self.fs_information_class, self.set_volume_buffer)


@pdu
class QueryInformationRequest(DeviceIoRequest):
    """Server Drive Query Information Request (DR_DRIVE_QUERY_INFORMATION_REQ), [MS-RDPEFS] 2.2.3.3.8."""

    major_function: ClassVar[MajorFunction] = MajorFunction.QUERY_INFORMATION

    fs_information_class: FileInformationClass
    query_buffer: bytes = b""

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        kind, buffer = _decode_information(src)
        return {"fs_information_class": FileInformationClass(kind), "query_buffer": buffer}

    def _encode_parameters(self, dst: bytearray) -> None:
        _encode_information(dst, self.fs_information_class, self.query_buffer)


@pdu
class SetInformationRequest(DeviceIoRequest):
    """Server Drive Set Information Request (DR_DRIVE_SET_INFORMATION_REQ), [MS-RDPEFS] 2.2.3.3.9."""

    major_function: ClassVar[MajorFunction] = MajorFunction.SET_INFORMATION

    fs_information_class: FileInformationClass
    set_buffer: bytes

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        kind, buffer = _decode_information(src)
        return {"fs_information_class": FileInformationClass(kind), "set_buffer": buffer}

    def _encode_parameters(self, dst: bytearray) -> None:
        _encode_information(dst, self.fs_information_class, self.set_buffer)


@pdu
class QueryDirectoryRequest(DeviceIoRequest):
    """Server Drive Query Directory Request (DR_DRIVE_QUERY_DIRECTORY_REQ), [MS-RDPEFS] 2.2.3.3.10.

    The path, which ends with a pattern, counts in initial queries only; others ask for the next file.
    """

    major_function: ClassVar[MajorFunction] = MajorFunction.DIRECTORY_CONTROL
    minor_function: ClassVar[MinorFunction] = MinorFunction.QUERY_DIRECTORY

    fs_information_class: DirectoryInformationClass
    initial_query: bool
    path: str = ""

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        kind, initial_query, size = _DIRECTORY.unpack(src.take(_DIRECTORY.size))
        # "If the value of the InitialQuery field is zero, then the contents of the Path field MUST be ignored,
        # irrespective of the value specified in the PathLength field."
        return {
            "fs_information_class": DirectoryInformationClass(kind),
            "initial_query": bool(initial_query),
            "path": take_utf16(src, size) if initial_query else "",
        }

    def _encode_parameters(self, dst: bytearray) -> None:
        path = encode_utf16(self.path, terminated=True) if self.initial_query else b""
        dst += _DIRECTORY.pack(self.fs_information_class, self.initial_query, len(path))
        dst += path


@pdu
class NotifyChangeDirectoryRequest(DeviceIoRequest):
    """Server Drive NotifyChange Directory Request (DR_DRIVE_NOTIFY_CHANGE_DIRECTORY_REQ), [MS-RDPEFS] 2.2.3.3.11."""

    major_function: ClassVar[MajorFunction] = MajorFunction.DIRECTORY_CONTROL
    minor_function: ClassVar[MinorFunction] = MinorFunction.NOTIFY_CHANGE_DIRECTORY

    watch_tree: bool
    completion_filter: CompletionFilter

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        watch_tree, completion_filter = _NOTIFY.unpack(src.take(_NOTIFY.size))
        return {"watch_tree": bool(watch_tree), "completion_filter": CompletionFilter(completion_filter)}

    def _encode_parameters(self, dst: bytearray) -> None:
        dst += _NOTIFY.pack(self.watch_tree, self.completion_filter)


@pdu
class LockInfo(Pdu):
    """A region of a file (RDP_LOCK_INFO), [MS-RDPEFS] 2.2.1.6."""

    length: U64
    offset: U64


@pdu
class LockControlRequest(DeviceIoRequest):
    """Server Drive Lock Control Request (DR_DRIVE_LOCK_REQ), [MS-RDPEFS] 2.2.3.3.12; `f` asks to wait for the lock."""

    major_function: ClassVar[MajorFunction] = MajorFunction.LOCK_CONTROL

    operation: LockOperation
    f: bool = False
    locks: list[LockInfo]

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        operation, flags, count = _LOCK.unpack(src.take(_LOCK.size))
        if count > LOCK_LIMIT:
            raise InvalidField(f"{count} locks exceed {LOCK_LIMIT}", pdu=cls.__name__, offset=src.pos)
        regions = src.sub(count * _LOCK_INFO_SIZE)
        return {
            "operation": LockOperation(operation),
            "f": bool(flags & _WAIT),
            "locks": [LockInfo.decode_from(regions) for _ in range(count)],
        }

    def _encode_parameters(self, dst: bytearray) -> None:
        if len(self.locks) > LOCK_LIMIT:
            raise EncodeError(f"{len(self.locks)} locks exceed {LOCK_LIMIT}")
        dst += _LOCK.pack(self.operation, _WAIT if self.f else 0, len(self.locks))
        for lock in self.locks:
            lock.encode_into(dst)


def _decode_information(src: Cursor) -> tuple[int, bytes]:
    kind, size = _INFORMATION.unpack(src.take(_INFORMATION.size))
    return kind, src.take(size)


def _encode_information(dst: bytearray, kind: int, buffer: bytes) -> None:
    dst += _INFORMATION.pack(kind, len(buffer))
    dst += buffer
