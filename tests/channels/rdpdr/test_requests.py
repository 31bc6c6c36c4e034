"""Requests of any device, byte by byte after [MS-RDPEFS] 4.12 to 4.20 and [MS-RDPEPC] 4.1.7."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.rdpdr.file_system import CreateDisposition, CreateOptions, DesiredAccess, SharedAccess
from trio_rdp.channels.rdpdr.requests import (
    APPEND,
    CloseRequest,
    ControlRequest,
    CreateRequest,
    DeviceIoRequest,
    MajorFunction,
    MinorFunction,
    ReadRequest,
    UnknownRequest,
    WriteRequest,
)
from trio_rdp.wire.errors import EncodeError, InvalidField

CREATE = bytes.fromhex(
    "7244 5249 03000000 00000000 01000000"  # PAKID_CORE_DEVICE_IOREQUEST, DeviceId, FileId, CompletionId
    "00000000 00000000"  # IRP_MJ_CREATE
    "80000000"  # DesiredAccess
    "0000000000000000"  # AllocationSize
    "00000000"  # FileAttributes
    "07000000"  # SharedAccess (the document's annotations shift from here on)
    "01000000"  # CreateDisposition
    "01000000"  # CreateOptions
    "00000000"  # PathLength
)
CLOSE = bytes.fromhex("7244 5249 02000000 01000000 01000000 02000000 00000000") + bytes(32)
READ = bytes.fromhex(
    "7244 5249 01000000 32000000 03000000 03000000 00000000"
    "00060000"  # Length
    "002c000000000000"  # Offset
) + bytes(20)
WRITE = (
    bytes.fromhex(
        "7244 5249 01000000 23020000 06000000 04000000 00000000"
        "09000000"  # Length
        "0000000000000000"  # Offset
    )
    + bytes(20)
    + b"sfddsafsa"
)
CONTROL = bytes.fromhex(
    "7244 5249 01000000 f8010000 08000000 0e000000 00000000"
    "00400000"  # OutputBufferLength
    "00000000"  # InputBufferLength
    "a8000900"  # FSCTL_GET_REPARSE_POINT
) + bytes(20)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (
            CREATE,
            CreateRequest(
                device_id=3,
                completion_id=1,
                desired_access=DesiredAccess.READ_ATTRIBUTES,
                shared_access=SharedAccess.READ | SharedAccess.WRITE | SharedAccess.DELETE,
                create_disposition=CreateDisposition.OPEN,
                create_options=CreateOptions.DIRECTORY_FILE,
            ),
        ),
        (READ, ReadRequest(device_id=1, file_id=0x32, completion_id=3, length=0x600, offset=0x2C00)),
        (WRITE, WriteRequest(device_id=1, file_id=0x223, completion_id=6, write_data=b"sfddsafsa")),
        (
            CONTROL,
            ControlRequest(
                device_id=1, file_id=0x1F8, completion_id=8, output_buffer_length=0x4000, io_control_code=0x000900A8
            ),
        ),
    ],
)
def test_the_documents_examples(raw: bytes, value: DeviceIoRequest) -> None:
    same(raw, value)
    every_truncation_raises(type(value), raw)


def test_closing() -> None:
    same(CLOSE, CloseRequest(device_id=2, file_id=1, completion_id=1))
    every_truncation_raises(CloseRequest, CLOSE[:24])
    assert CloseRequest.decode(CLOSE[:24]) == CloseRequest.decode(CLOSE)


def test_a_path() -> None:
    request = CreateRequest(
        device_id=1,
        completion_id=1,
        desired_access=DesiredAccess.READ_DATA,
        shared_access=SharedAccess.READ,
        path="\\a.txt",
    )
    raw = request.encode()
    assert raw[52:] == b"\x0e\0\0\0" + "\\a.txt\0".encode("utf-16-le")
    same(raw, request)


def test_the_rest_of_a_path_is_not_taken() -> None:
    with pytest.raises(InvalidField, match="exceeds"):
        CreateRequest.decode(CREATE[:52] + b"\xff\xff\xff\xff" + bytes(64))


def test_appending() -> None:
    request = WriteRequest(device_id=1, file_id=2, completion_id=3, offset=APPEND, write_data=b"x")
    same(request.encode(), request)


def test_windows_does_not_initialize_the_minor_function() -> None:
    raw = bytearray(CONTROL)
    raw[20:24] = b"\xca\xfe\xba\xbe"
    assert ControlRequest.decode(bytes(raw)) == ControlRequest.decode(CONTROL)


def test_a_request_does_not_decode_as_another() -> None:
    with pytest.raises(InvalidField, match="functions 0x3"):
        WriteRequest.decode(READ)


def test_a_request_that_is_not_known_is_kept() -> None:
    raw = bytes.fromhex("7244 5249 01000000 02000000 03000000 14000000 07000000 abcdef")
    same(
        raw,
        UnknownRequest(
            device_id=1,
            file_id=2,
            completion_id=3,
            major_function=MajorFunction(0x14),
            minor_function=MinorFunction(7),
            parameters=b"\xab\xcd\xef",
        ),
    )
    every_truncation_raises(UnknownRequest, raw[:24])


def test_a_number_that_does_not_fit_is_an_encode_error() -> None:
    with pytest.raises(EncodeError, match="ReadRequest"):
        ReadRequest(device_id=1, file_id=1, completion_id=1, length=-1).encode()


@given(st.sampled_from([CreateRequest, CloseRequest, ReadRequest, WriteRequest, ControlRequest]), st.binary())
def test_any_bytes_give_a_value_or_an_error(cls: type[DeviceIoRequest], data: bytes) -> None:
    header = bytes.fromhex("7244 5249") + bytes(12) + bytes([cls.major_function, 0, 0, 0]) + bytes(4)
    value_or_error(cls, header + data)
