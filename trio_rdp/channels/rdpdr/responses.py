"""What a client answers for any device, [MS-RDPEFS] 2.2.1.5.

A response does not say what was asked: it is first an `UnmatchedResponse`, until its completion id finds the request.
"""

from __future__ import annotations

import struct
from typing import Any, ClassVar, Self

from trio_rdp.channels.rdpdr.file_system import Information
from trio_rdp.channels.rdpdr.header import NtStatus, PacketId, RdpdrPdu
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.pdu import pdu

__all__ = [
    "BufferResponse",
    "CloseResponse",
    "ControlResponse",
    "CreateResponse",
    "DeviceIoResponse",
    "LengthResponse",
    "ReadResponse",
    "UnmatchedResponse",
    "WriteResponse",
]

_HEADER = struct.Struct("<III")
_CREATE = struct.Struct("<IB")
_LENGTH = struct.Struct("<I")
_LENGTH_AND_PADDING = struct.Struct("<Ix")


@pdu
class _ResponseHeader(RdpdrPdu):
    """The fields that all responses share."""

    device_id: int
    completion_id: int
    io_status: NtStatus = NtStatus.SUCCESS


class DeviceIoResponse(_ResponseHeader):
    """The base of all responses (DR_DEVICE_IOCOMPLETION), [MS-RDPEFS] 2.2.1.5."""

    __slots__ = ()

    packet_id: ClassVar[PacketId] = PacketId.DEVICE_IO_COMPLETION

    @classmethod
    def _decode_body(cls, src: Cursor) -> Self:
        device_id, completion_id, status = _HEADER.unpack(src.take(_HEADER.size))
        # A request that failed may be answered by the header alone: there is nothing more to tell.
        parameters = {} if status and not src.remaining else cls._decode_parameters(src)
        return cls(device_id=device_id, completion_id=completion_id, io_status=NtStatus(status), **parameters)

    def _encode_body(self, dst: bytearray) -> None:
        dst += _HEADER.pack(self.device_id, self.completion_id, self.io_status)
        self._encode_parameters(dst)

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        """The fields behind the header, by name."""
        raise NotImplementedError

    def _encode_parameters(self, dst: bytearray) -> None:
        raise NotImplementedError


@pdu
class UnmatchedResponse(DeviceIoResponse):
    """A response of which only the header was read; `decode_answer` reads the rest, where the request is known."""

    parameters: bytes = b""

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        return {"parameters": src.rest()}

    def _encode_parameters(self, dst: bytearray) -> None:
        dst += self.parameters


@pdu
class CreateResponse(DeviceIoResponse):
    """Device Create Response (DR_CREATE_RSP), [MS-RDPEFS] 2.2.1.5.1; Windows leaves `information` out for printers."""

    file_id: int = 0
    information: Information = Information.SUPERSEDED

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        return {"file_id": src.u32(), "information": Information(src.u8() if src.remaining else 0)}

    def _encode_parameters(self, dst: bytearray) -> None:
        dst += _CREATE.pack(self.file_id, self.information)


@pdu
class CloseResponse(DeviceIoResponse):
    """Device Close Response (DR_CLOSE_RSP), [MS-RDPEFS] 2.2.1.5.2; nothing but padding, in several lengths."""

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        src.skip(src.remaining)
        return {}

    def _encode_parameters(self, dst: bytearray) -> None:
        dst += bytes(4)


@pdu
class BufferResponse(DeviceIoResponse):
    """The common layout of responses that return bytes behind their number."""

    buffer: bytes = b""

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        return {"buffer": src.take(src.u32())}

    def _encode_parameters(self, dst: bytearray) -> None:
        dst += _LENGTH.pack(len(self.buffer))
        dst += self.buffer


@pdu
class LengthResponse(DeviceIoResponse):
    """The common layout of responses that return how many bytes were taken, and a byte of padding."""

    length: int = 0

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        return {"length": src.u32()}

    def _encode_parameters(self, dst: bytearray) -> None:
        dst += _LENGTH_AND_PADDING.pack(self.length)


@pdu
class ReadResponse(DeviceIoResponse):
    """Device Read Response (DR_READ_RSP), [MS-RDPEFS] 2.2.1.5.3."""

    read_data: bytes = b""

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        return {"read_data": src.take(src.u32())}

    def _encode_parameters(self, dst: bytearray) -> None:
        dst += _LENGTH.pack(len(self.read_data))
        dst += self.read_data


@pdu
class WriteResponse(LengthResponse):
    """Device Write Response (DR_WRITE_RSP), [MS-RDPEFS] 2.2.1.5.4."""


@pdu
class ControlResponse(DeviceIoResponse):
    """Device Control Response (DR_CONTROL_RSP), [MS-RDPEFS] 2.2.1.5.5."""

    output_buffer: bytes = b""

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        return {"output_buffer": src.take(src.u32())}

    def _encode_parameters(self, dst: bytearray) -> None:
        dst += _LENGTH.pack(len(self.output_buffer))
        dst += self.output_buffer
