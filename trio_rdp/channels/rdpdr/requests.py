"""What a server asks of any device, [MS-RDPEFS] 2.2.1.4: create, close, read, write and control."""

from __future__ import annotations

import struct
from typing import Any, ClassVar, Self

from trio_rdp.channels.rdpdr.file_system import (
    CreateDisposition,
    CreateOptions,
    DesiredAccess,
    FileAttributes,
    SharedAccess,
)
from trio_rdp.channels.rdpdr.header import PacketId, RdpdrPdu
from trio_rdp.channels.rdpdr.text import encode_utf16, take_utf16
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import InvalidField
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import pdu

__all__ = [
    "APPEND",
    "CloseRequest",
    "ControlRequest",
    "CreateRequest",
    "DeviceIoRequest",
    "MajorFunction",
    "MinorFunction",
    "ReadRequest",
    "UnknownRequest",
    "WriteRequest",
]

APPEND = 0xFFFFFFFFFFFFFFFF
"""The offset of a write request that appends, where the client announced at least version 1.13."""

_HEADER = struct.Struct("<IIIII")
_CREATE = struct.Struct("<IQIIIII")
_CLOSE_PADDING = 32
_TRANSFER = struct.Struct("<IQ20x")
_CONTROL = struct.Struct("<III20x")


class MajorFunction(OpenEnum):
    """What a request asks (IRP_MJ_*)."""

    CREATE = 0x00
    CLOSE = 0x02
    READ = 0x03
    WRITE = 0x04
    QUERY_INFORMATION = 0x05
    SET_INFORMATION = 0x06
    QUERY_VOLUME_INFORMATION = 0x0A
    SET_VOLUME_INFORMATION = 0x0B
    DIRECTORY_CONTROL = 0x0C
    DEVICE_CONTROL = 0x0E
    LOCK_CONTROL = 0x11


class MinorFunction(OpenEnum):
    """What a directory control request asks (IRP_MN_*); 0 in others."""

    NONE = 0x00
    QUERY_DIRECTORY = 0x01
    NOTIFY_CHANGE_DIRECTORY = 0x02


@pdu
class _RequestHeader(RdpdrPdu):
    """The fields that all requests share."""

    device_id: int
    file_id: int
    completion_id: int


class DeviceIoRequest(_RequestHeader):
    """The base of all requests that are known (DR_DEVICE_IOREQUEST), [MS-RDPEFS] 2.2.1.4."""

    __slots__ = ()

    packet_id: ClassVar[PacketId] = PacketId.DEVICE_IO_REQUEST
    major_function: ClassVar[MajorFunction]
    minor_function: ClassVar[MinorFunction] = MinorFunction.NONE

    @classmethod
    def _decode_body(cls, src: Cursor) -> Self:
        start = src.pos
        device_id, file_id, completion_id, major, minor = _HEADER.unpack(src.take(_HEADER.size))
        # Windows does not initialize the minor function of requests that have none.
        if major != cls.major_function or (cls.minor_function and minor != cls.minor_function):
            raise InvalidField(f"functions {major:#x} and {minor:#x}", pdu=cls.__name__, offset=start)
        parameters = cls._decode_parameters(src)
        return cls(device_id=device_id, file_id=file_id, completion_id=completion_id, **parameters)

    def _encode_body(self, dst: bytearray) -> None:
        dst += _HEADER.pack(self.device_id, self.file_id, self.completion_id, self.major_function, self.minor_function)
        self._encode_parameters(dst)

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        """The fields behind the header, by name."""
        raise NotImplementedError

    def _encode_parameters(self, dst: bytearray) -> None:
        raise NotImplementedError


@pdu
class CreateRequest(DeviceIoRequest):
    """Device Create Request (DR_CREATE_REQ), [MS-RDPEFS] 2.2.1.4.1; printers and ports have no path."""

    major_function: ClassVar[MajorFunction] = MajorFunction.CREATE

    file_id: int = 0
    desired_access: DesiredAccess
    allocation_size: int = 0
    file_attributes: FileAttributes = FileAttributes(0)
    shared_access: SharedAccess
    create_disposition: CreateDisposition = CreateDisposition.OPEN
    create_options: CreateOptions = CreateOptions(0)
    path: str = ""

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        access, allocation_size, attributes, shared, disposition, options, size = _CREATE.unpack(src.take(_CREATE.size))
        return {
            "desired_access": DesiredAccess(access),
            "allocation_size": allocation_size,
            "file_attributes": FileAttributes(attributes),
            "shared_access": SharedAccess(shared),
            "create_disposition": CreateDisposition(disposition),
            "create_options": CreateOptions(options),
            "path": take_utf16(src, size),
        }

    def _encode_parameters(self, dst: bytearray) -> None:
        path = encode_utf16(self.path, terminated=True)
        dst += _CREATE.pack(
            self.desired_access,
            self.allocation_size,
            self.file_attributes,
            self.shared_access,
            self.create_disposition,
            self.create_options,
            len(path),
        )
        dst += path


@pdu
class CloseRequest(DeviceIoRequest):
    """Device Close Request (DR_CLOSE_REQ), [MS-RDPEFS] 2.2.1.4.2."""

    major_function: ClassVar[MajorFunction] = MajorFunction.CLOSE

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        src.skip(min(_CLOSE_PADDING, src.remaining))
        return {}

    def _encode_parameters(self, dst: bytearray) -> None:
        dst += bytes(_CLOSE_PADDING)


@pdu
class ReadRequest(DeviceIoRequest):
    """Device Read Request (DR_READ_REQ), [MS-RDPEFS] 2.2.1.4.3."""

    major_function: ClassVar[MajorFunction] = MajorFunction.READ

    length: int
    offset: int = 0

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        length, offset = _TRANSFER.unpack(src.take(_TRANSFER.size))
        return {"length": length, "offset": offset}

    def _encode_parameters(self, dst: bytearray) -> None:
        dst += _TRANSFER.pack(self.length, self.offset)


@pdu
class WriteRequest(DeviceIoRequest):
    """Device Write Request (DR_WRITE_REQ), [MS-RDPEFS] 2.2.1.4.4."""

    major_function: ClassVar[MajorFunction] = MajorFunction.WRITE

    offset: int = 0
    write_data: bytes

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        length, offset = _TRANSFER.unpack(src.take(_TRANSFER.size))
        return {"offset": offset, "write_data": src.take(length)}

    def _encode_parameters(self, dst: bytearray) -> None:
        dst += _TRANSFER.pack(len(self.write_data), self.offset)
        dst += self.write_data


@pdu
class ControlRequest(DeviceIoRequest):
    """Device Control Request (DR_CONTROL_REQ), [MS-RDPEFS] 2.2.1.4.5; the code says what the buffer holds."""

    major_function: ClassVar[MajorFunction] = MajorFunction.DEVICE_CONTROL

    output_buffer_length: int
    io_control_code: int
    input_buffer: bytes = b""

    @classmethod
    def _decode_parameters(cls, src: Cursor) -> dict[str, Any]:
        output_buffer_length, size, io_control_code = _CONTROL.unpack(src.take(_CONTROL.size))
        return {
            "output_buffer_length": output_buffer_length,
            "io_control_code": io_control_code,
            "input_buffer": src.take(size),
        }

    def _encode_parameters(self, dst: bytearray) -> None:
        dst += _CONTROL.pack(self.output_buffer_length, len(self.input_buffer), self.io_control_code)
        dst += self.input_buffer


@pdu
class UnknownRequest(RdpdrPdu):
    """A request with functions that are not known here, kept as it came; it is answered with UNSUCCESSFUL."""

    packet_id: ClassVar[PacketId] = PacketId.DEVICE_IO_REQUEST

    device_id: int
    file_id: int
    completion_id: int
    major_function: MajorFunction
    minor_function: MinorFunction
    parameters: bytes = b""

    @classmethod
    def _decode_body(cls, src: Cursor) -> Self:
        device_id, file_id, completion_id, major, minor = _HEADER.unpack(src.take(_HEADER.size))
        return cls(
            device_id=device_id,
            file_id=file_id,
            completion_id=completion_id,
            major_function=MajorFunction(major),
            minor_function=MinorFunction(minor),
            parameters=src.rest(),
        )

    def _encode_body(self, dst: bytearray) -> None:
        dst += _HEADER.pack(self.device_id, self.file_id, self.completion_id, self.major_function, self.minor_function)
        dst += self.parameters
