"""What a client answers for a drive beyond what it answers for any device, [MS-RDPEFS] 2.2.3.4.6 to 2.2.3.4.12."""

from __future__ import annotations

from typing import Any

from trio_rdp.channels.rdpdr.responses import BufferResponse, DeviceIoResponse, LengthResponse
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.pdu import pdu

__all__ = [
    "LockControlResponse",
    "NotifyChangeDirectoryResponse",
    "QueryDirectoryResponse",
    "QueryInformationResponse",
    "QueryVolumeInformationResponse",
    "SetInformationResponse",
    "SetVolumeInformationResponse",
]

_LOCK_PADDING = 5


@pdu
class QueryVolumeInformationResponse(BufferResponse):
    """Client Drive Query Volume Information Response (DR_DRIVE_QUERY_VOLUME_INFORMATION_RSP), [MS-RDPEFS] 2.2.3.4.6."""


@pdu
class SetVolumeInformationResponse(LengthResponse):
    """Client Drive Set Volume Information Response (DR_DRIVE_SET_VOLUME_INFORMATION_RSP), [MS-RDPEFS] 2.2.3.4.7.

    The table has no padding, but the example in 4.25 does.
    """


@pdu
class QueryInformationResponse(BufferResponse):
    """Client Drive Query Information Response (DR_DRIVE_QUERY_INFORMATION_RSP), [MS-RDPEFS] 2.2.3.4.8."""


@pdu
class SetInformationResponse(LengthResponse):
    """Client Drive Set Information Response (DR_DRIVE_SET_INFORMATION_RSP), [MS-RDPEFS] 2.2.3.4.9."""


@pdu
class _DirectoryResponse(BufferResponse):
    """The optional padding stands where nothing else is behind the length, as in the example in 4.33."""

    def _encode_parameters(self, dst: bytearray) -> None:
        BufferResponse._encode_parameters(self, dst)
        if not self.buffer:
            dst += b"\0"


@pdu
class QueryDirectoryResponse(_DirectoryResponse):
    """Client Drive Query Directory Response (DR_DRIVE_QUERY_DIRECTORY_RSP), [MS-RDPEFS] 2.2.3.4.10."""


@pdu
class NotifyChangeDirectoryResponse(_DirectoryResponse):
    """Client Drive NotifyChange Directory Response (DR_DRIVE_NOTIFY_CHANGE_DIRECTORY_RSP), [MS-RDPEFS] 2.2.3.4.11."""


@pdu
class LockControlResponse(DeviceIoResponse):
    """Client Drive Lock Control Response (DR_DRIVE_LOCK_RSP), [MS-RDPEFS] 2.2.3.4.12; nothing but padding."""

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        src.skip(src.remaining)
        return {}

    def _encode_parameters(self, dst: bytearray) -> None:
        dst += bytes(_LOCK_PADDING)
