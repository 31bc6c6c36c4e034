"""Responses of drives, byte by byte after [MS-RDPEFS] 4.23 to 4.35."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.rdpdr.drive_responses import (
    LockControlResponse,
    NotifyChangeDirectoryResponse,
    QueryDirectoryResponse,
    QueryInformationResponse,
    QueryVolumeInformationResponse,
    SetInformationResponse,
    SetVolumeInformationResponse,
)
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.channels.rdpdr.responses import DeviceIoResponse

ATTRIBUTES = bytes.fromhex("ff002700 ff000000 08000000 4e00540046005300")
BASIC = bytes.fromhex("20f71d52cc5bc701 e860acbe95a6c701 e860acbe95a6c701 0000000000000000 16000000")


@pytest.mark.parametrize(
    ("raw", "value", "required"),
    [
        (
            bytes.fromhex("7244 4349 01000000 08000000 00000000 14000000") + ATTRIBUTES,
            QueryVolumeInformationResponse(device_id=1, completion_id=8, buffer=ATTRIBUTES),
            40,
        ),
        (
            bytes.fromhex("7244 4349 02000000 02000000 220000c0 1c000000 00"),
            SetVolumeInformationResponse(device_id=2, completion_id=2, io_status=NtStatus.ACCESS_DENIED, length=0x1C),
            16,
        ),
        (
            bytes.fromhex("7244 4349 02000000 01000000 00000000 24000000") + BASIC,
            QueryInformationResponse(device_id=2, completion_id=1, buffer=BASIC),
            56,
        ),
        (
            bytes.fromhex("7244 4349 01000000 08000000 00000000 24000000 00"),
            SetInformationResponse(device_id=1, completion_id=8, length=0x24),
            20,
        ),
        (
            bytes.fromhex("7244 4349 01000000 02000000 00000000 00000000 00"),
            NotifyChangeDirectoryResponse(device_id=1, completion_id=2),
            20,
        ),
        (
            bytes.fromhex("7244 4349 0c000000 02000000 00000000 0000000000"),
            LockControlResponse(device_id=12, completion_id=2),
            16,
        ),
        (
            bytes.fromhex("7244 4349 01000000 02000000 06000080 00000000 00"),
            QueryDirectoryResponse(device_id=1, completion_id=2, io_status=NtStatus.NO_MORE_FILES),
            16,
        ),
        (
            bytes.fromhex("7244 4349 01000000 02000000 00000000 03000000 616263"),
            QueryDirectoryResponse(device_id=1, completion_id=2, buffer=b"abc"),
            23,
        ),
    ],
)
def test_the_documents_examples(raw: bytes, value: DeviceIoResponse, required: int) -> None:
    same(raw, value)
    every_truncation_raises(type(value), raw[:required])


def test_padding_behind_a_buffer_is_not_kept() -> None:
    raw = bytes.fromhex("7244 4349 01000000 02000000 00000000 03000000 616263 00")
    assert QueryInformationResponse.decode(raw).buffer == b"abc"


CLASSES: list[type[DeviceIoResponse]] = [
    QueryVolumeInformationResponse,
    SetVolumeInformationResponse,
    QueryInformationResponse,
    SetInformationResponse,
    QueryDirectoryResponse,
    NotifyChangeDirectoryResponse,
    LockControlResponse,
]


@given(st.sampled_from(CLASSES), st.sampled_from(["00000000", "010000c0"]), st.binary())
def test_any_bytes_give_a_value_or_an_error(cls: type[DeviceIoResponse], status: str, data: bytes) -> None:
    value_or_error(cls, bytes.fromhex(f"7244 4349 01000000 02000000 {status}") + data)
