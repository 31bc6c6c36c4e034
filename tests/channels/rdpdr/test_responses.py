"""Responses of any device, byte by byte after [MS-RDPEFS] 4.13 to 4.21."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.rdpdr.file_system import Information
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.channels.rdpdr.responses import (
    BufferResponse,
    CloseResponse,
    ControlResponse,
    CreateResponse,
    DeviceIoResponse,
    LengthResponse,
    ReadResponse,
    UnmatchedResponse,
    WriteResponse,
)

CREATE = bytes.fromhex(
    "7244 4349 03000000 01000000"  # PAKID_CORE_DEVICE_IOCOMPLETION, DeviceId, CompletionId
    "a30000c0"  # STATUS_DEVICE_NOT_READY
    "00000000"  # FileId
    "00"  # Information
)
CLOSE = bytes.fromhex("7244 4349 02000000 01000000 00000000 00000000")
READ = bytes.fromhex("7244 4349 01000000 03000000 00000000 00060000") + bytes(0x600)
WRITE = bytes.fromhex("7244 4349 01000000 06000000 00000000 09000000 00")
CONTROL = bytes.fromhex("7244 4349 01000000 08000000 010000c0 00000000")


@pytest.mark.parametrize(
    ("raw", "value", "required"),
    [
        (CREATE, CreateResponse(device_id=3, completion_id=1, io_status=NtStatus.DEVICE_NOT_READY), 16),
        (CLOSE, CloseResponse(device_id=2, completion_id=1), 16),
        (READ[:64], ReadResponse(device_id=1, completion_id=3, read_data=bytes(0x600)), 64),
        (WRITE, WriteResponse(device_id=1, completion_id=6, length=9), 20),
        (CONTROL, ControlResponse(device_id=1, completion_id=8, io_status=NtStatus.UNSUCCESSFUL), 16),
    ],
)
def test_the_documents_examples(raw: bytes, value: DeviceIoResponse, required: int) -> None:
    whole = READ if isinstance(value, ReadResponse) else raw
    same(whole, value)
    every_truncation_raises(type(value), raw[:required])


def test_a_length_without_its_bytes_is_truncated() -> None:
    every_truncation_raises(ReadResponse, READ[:128], start=16)


def test_windows_leaves_the_information_out_for_printers() -> None:
    raw = bytes.fromhex("7244 4349 01000000 00000000 00000000 05000000")
    assert CreateResponse.decode(raw) == CreateResponse(
        device_id=1, completion_id=0, file_id=5, information=Information.SUPERSEDED
    )


@pytest.mark.parametrize(
    "cls", [CreateResponse, CloseResponse, ReadResponse, WriteResponse, ControlResponse, BufferResponse, LengthResponse]
)
def test_failures_may_be_nothing_but_a_header(cls: type[DeviceIoResponse]) -> None:
    raw = bytes.fromhex("7244 4349 01000000 02000000 bb0000c0")
    assert cls.decode(raw) == cls(device_id=1, completion_id=2, io_status=NtStatus.NOT_SUPPORTED)


def test_the_rest_of_a_response_stays_until_its_request_is_known() -> None:
    same(WRITE, UnmatchedResponse(device_id=1, completion_id=6, parameters=bytes.fromhex("09000000 00")))
    every_truncation_raises(UnmatchedResponse, WRITE[:16])


@given(
    st.sampled_from([CreateResponse, CloseResponse, ReadResponse, WriteResponse, ControlResponse, UnmatchedResponse]),
    st.sampled_from(["00000000", "010000c0"]),
    st.binary(),
)
def test_any_bytes_give_a_value_or_an_error(cls: type[DeviceIoResponse], status: str, data: bytes) -> None:
    value_or_error(cls, bytes.fromhex(f"7244 4349 01000000 02000000 {status}") + data)
