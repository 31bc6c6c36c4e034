"""Requests of drives, byte by byte after [MS-RDPEFS] 4.22 to 4.34."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.rdpdr.drive_requests import (
    LOCK_LIMIT,
    DirectoryInformationClass,
    FileInformationClass,
    LockControlRequest,
    LockInfo,
    LockOperation,
    NotifyChangeDirectoryRequest,
    QueryDirectoryRequest,
    QueryInformationRequest,
    QueryVolumeInformationRequest,
    SetInformationRequest,
    SetVolumeInformationRequest,
    VolumeInformationClass,
)
from trio_rdp.channels.rdpdr.file_system import CompletionFilter
from trio_rdp.channels.rdpdr.requests import DeviceIoRequest
from trio_rdp.wire.errors import EncodeError, InvalidField

QUERY_VOLUME = bytes.fromhex(
    "7244 5249 01000000 fa010000 08000000"  # PAKID_CORE_DEVICE_IOREQUEST, DeviceId, FileId, CompletionId
    "0a000000 00000000"  # IRP_MJ_QUERY_VOLUME_INFORMATION
    "05000000"  # FileFsAttributeInformation
    "00000000"  # Length
) + bytes(24)
LABEL = bytes.fromhex("16000000 54006500730074002000 56006f006c0075006d006500 0000")
SET_VOLUME = (
    bytes.fromhex("7244 5249 02000000 06000000 02000000 0b000000 00000000 02000000 1c000000") + bytes(24) + LABEL
)
QUERY = bytes.fromhex("7244 5249 02000000 01000000 01000000 05000000 00000000 04000000 00000000") + bytes(24)
BASIC = bytes(32) + bytes.fromhex("a0000000")
SET = bytes.fromhex("7244 5249 01000000 0c020000 08000000 06000000 00000000 04000000 24000000") + bytes(24) + BASIC
DIRECTORY = (
    bytes.fromhex(
        "7244 5249 01000000 02000000 01000000"
        "0c000000 01000000"  # IRP_MJ_DIRECTORY_CONTROL, IRP_MN_QUERY_DIRECTORY
        "03000000"  # FileBothDirectoryInformation
        "01"  # InitialQuery
        "06000000"  # PathLength
    )
    + bytes(23)
    + bytes.fromhex("5c00 2a00 0000")
)
NOTIFY = bytes.fromhex(
    "7244 5249 01000000 03000000 02000000"
    "0c000000 02000000"  # IRP_MN_NOTIFY_CHANGE_DIRECTORY
    "00"  # WatchTree
    "17000000"  # CompletionFilter
) + bytes(27)
LOCK = (
    bytes.fromhex(
        "7244 5249 0c000000 52000000 02000000 11000000 00000000"
        "03000000"  # RDP_LOWIO_OP_EXCLUSIVELOCK
        "00000000"  # F
        "01000000"  # NumLocks
    )
    + b"\x55" * 20
    + bytes.fromhex("6400000000000000 c800000000000000")  # Length, Offset
)
LOCK_VALUE = LockControlRequest(
    device_id=12,
    file_id=0x52,
    completion_id=2,
    operation=LockOperation.EXCLUSIVE_LOCK,
    locks=[LockInfo(length=100, offset=200)],
)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (
            QUERY_VOLUME,
            QueryVolumeInformationRequest(
                device_id=1, file_id=0x1FA, completion_id=8, fs_information_class=VolumeInformationClass.ATTRIBUTE
            ),
        ),
        (
            SET_VOLUME,
            SetVolumeInformationRequest(device_id=2, file_id=6, completion_id=2, set_volume_buffer=LABEL),
        ),
        (
            QUERY,
            QueryInformationRequest(
                device_id=2, file_id=1, completion_id=1, fs_information_class=FileInformationClass.BASIC
            ),
        ),
        (
            SET,
            SetInformationRequest(
                device_id=1,
                file_id=0x20C,
                completion_id=8,
                fs_information_class=FileInformationClass.BASIC,
                set_buffer=BASIC,
            ),
        ),
        (
            DIRECTORY,
            QueryDirectoryRequest(
                device_id=1,
                file_id=2,
                completion_id=1,
                fs_information_class=DirectoryInformationClass.BOTH_DIRECTORY,
                initial_query=True,
                path="\\*",
            ),
        ),
        (
            NOTIFY,
            NotifyChangeDirectoryRequest(
                device_id=1,
                file_id=3,
                completion_id=2,
                watch_tree=False,
                completion_filter=CompletionFilter.FILE_NAME
                | CompletionFilter.DIR_NAME
                | CompletionFilter.ATTRIBUTES
                | CompletionFilter.LAST_WRITE,
            ),
        ),
    ],
)
def test_the_documents_examples(raw: bytes, value: DeviceIoRequest) -> None:
    same(raw, value)
    every_truncation_raises(type(value), raw)


def test_the_documents_lock() -> None:
    assert LockControlRequest.decode(LOCK) == LOCK_VALUE
    assert LOCK_VALUE.encode() == LOCK.replace(b"\x55" * 20, bytes(20))
    every_truncation_raises(LockControlRequest, LOCK)


def test_waiting_for_a_lock() -> None:
    raw = bytearray(LOCK)
    raw[28:32] = b"\xff\xff\xff\xff"  # 31 of these bits MUST be ignored
    request = LockControlRequest.decode(bytes(raw))
    assert request.f
    assert LockControlRequest.decode(request.encode()) == request


def test_locks_have_a_limit_both_ways() -> None:
    raw = bytearray(LOCK)
    raw[32:36] = b"\xff\xff\xff\xff"
    with pytest.raises(InvalidField, match="exceed"):
        LockControlRequest.decode(bytes(raw))
    many = LockControlRequest.decode(LOCK)
    many.locks *= LOCK_LIMIT + 1
    with pytest.raises(EncodeError, match="exceed"):
        many.encode()


def test_the_path_counts_in_initial_queries_only() -> None:
    raw = bytearray(DIRECTORY)
    raw[28] = 0
    raw[29:33] = b"\xff\xff\xff\xff"
    request = QueryDirectoryRequest.decode(bytes(raw))
    assert (request.initial_query, request.path) == (False, "")
    assert QueryDirectoryRequest.decode(request.encode()) == request


def test_both_directory_requests_know_their_minor_function() -> None:
    with pytest.raises(InvalidField, match="0xc and 0x1"):
        NotifyChangeDirectoryRequest.decode(DIRECTORY)


CLASSES: list[type[DeviceIoRequest]] = [
    QueryVolumeInformationRequest,
    SetVolumeInformationRequest,
    QueryInformationRequest,
    SetInformationRequest,
    QueryDirectoryRequest,
    NotifyChangeDirectoryRequest,
    LockControlRequest,
]


@given(st.sampled_from(CLASSES), st.binary(max_size=4), st.binary(max_size=80))
def test_any_bytes_give_a_value_or_an_error(cls: type[DeviceIoRequest], first: bytes, data: bytes) -> None:
    functions = bytes([cls.major_function, 0, 0, 0, cls.minor_function, 0, 0, 0])
    value_or_error(cls, bytes.fromhex("7244 5249") + bytes(12) + functions + first.ljust(9, b"\0") + data)
