"""Which message a message is, and which response a response."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels import rdpdr
from trio_rdp.channels.rdpdr.header import Component, PacketId
from trio_rdp.channels.rdpdr.messages import answer_class, decode_answer, decode_rdpdr
from trio_rdp.wire.errors import DecodeError, Truncated
from trio_rdp.wire.pdu import Pdu

CONFIRM = bytes.fromhex("7244 4343 0100 0c00 01000000")
IO: dict[str, Any] = {"device_id": 1, "file_id": 2, "completion_id": 3}
REQUESTS: list[tuple[rdpdr.DeviceIoRequest, type[rdpdr.DeviceIoResponse]]] = [
    (
        rdpdr.CreateRequest(**IO, desired_access=rdpdr.DesiredAccess(1), shared_access=rdpdr.SharedAccess(7)),
        rdpdr.CreateResponse,
    ),
    (rdpdr.CloseRequest(**IO), rdpdr.CloseResponse),
    (rdpdr.ReadRequest(**IO, length=10), rdpdr.ReadResponse),
    (rdpdr.WriteRequest(**IO, write_data=b"abc"), rdpdr.WriteResponse),
    (rdpdr.ControlRequest(**IO, output_buffer_length=1, io_control_code=2), rdpdr.ControlResponse),
    (
        rdpdr.QueryVolumeInformationRequest(**IO, fs_information_class=rdpdr.VolumeInformationClass.SIZE),
        rdpdr.QueryVolumeInformationResponse,
    ),
    (rdpdr.SetVolumeInformationRequest(**IO, set_volume_buffer=b""), rdpdr.SetVolumeInformationResponse),
    (
        rdpdr.QueryInformationRequest(**IO, fs_information_class=rdpdr.FileInformationClass.BASIC),
        rdpdr.QueryInformationResponse,
    ),
    (
        rdpdr.SetInformationRequest(**IO, fs_information_class=rdpdr.FileInformationClass.RENAME, set_buffer=b"x"),
        rdpdr.SetInformationResponse,
    ),
    (
        rdpdr.QueryDirectoryRequest(
            **IO, fs_information_class=rdpdr.DirectoryInformationClass.NAMES, initial_query=True, path="\\*"
        ),
        rdpdr.QueryDirectoryResponse,
    ),
    (
        rdpdr.NotifyChangeDirectoryRequest(**IO, watch_tree=True, completion_filter=rdpdr.CompletionFilter(1)),
        rdpdr.NotifyChangeDirectoryResponse,
    ),
    (
        rdpdr.LockControlRequest(**IO, operation=rdpdr.LockOperation.UNLOCK, locks=[]),
        rdpdr.LockControlResponse,
    ),
]
OTHERS: list[Pdu] = [
    rdpdr.ServerAnnounce(version_minor=13, client_id=1),
    rdpdr.ClientName(computer_name="vm"),
    rdpdr.UserLoggedOn(),
    rdpdr.CoreCapabilityRequest(capability_message=[]),
    rdpdr.CoreCapabilityResponse(capability_message=[rdpdr.DriveCapabilitySet()]),
    rdpdr.DeviceListAnnounce(device_list=[]),
    rdpdr.DeviceListRemove(device_ids=[4]),
    rdpdr.DeviceAnnounceResponse(device_id=1),
    rdpdr.UnmatchedResponse(device_id=1, completion_id=2, parameters=b"abc"),
    rdpdr.PrinterSetXpsMode(printer_id=1),
    rdpdr.AddPrinterCacheData(port_dos_name="COM1", driver_name="d", printer_name="p"),
    rdpdr.UpdatePrinterCacheData(printer_name="p", cached_printer_config_data=b""),
    rdpdr.DeletePrinterCacheData(printer_name="p"),
    rdpdr.RenamePrinterCacheData(old_printer_name="p", new_printer_name="q"),
    rdpdr.UnknownPrinterCacheData(event_id=rdpdr.PrinterCacheEvent(9)),
    rdpdr.UnknownRequest(
        **IO, major_function=rdpdr.MajorFunction(0x14), minor_function=rdpdr.MinorFunction(0), parameters=b"?"
    ),
    rdpdr.UnknownRequest(
        **IO, major_function=rdpdr.MajorFunction.DIRECTORY_CONTROL, minor_function=rdpdr.MinorFunction(3)
    ),
    rdpdr.UnknownRdpdr(component=Component.PRINTER, packet_id=PacketId.SERVER_ANNOUNCE, data=b"?"),
]


@pytest.mark.parametrize("value", [*(request for request, _ in REQUESTS), *OTHERS], ids=lambda v: type(v).__name__)
@pytest.mark.parametrize("from_server", [True, False])
def test_each_message_is_itself(value: Pdu, from_server: bool) -> None:
    assert decode_rdpdr(value.encode(), from_server=from_server) == value


def test_who_confirms_a_client_id() -> None:
    assert type(decode_rdpdr(CONFIRM, from_server=True)) is rdpdr.ServerClientIdConfirm
    assert type(decode_rdpdr(CONFIRM, from_server=False)) is rdpdr.ClientAnnounceReply


@pytest.mark.parametrize(("request_", "expected"), REQUESTS, ids=lambda v: getattr(v, "__name__", type(v).__name__))
def test_each_request_has_its_answer(request_: rdpdr.DeviceIoRequest, expected: type[rdpdr.DeviceIoResponse]) -> None:
    answer = expected(device_id=1, completion_id=3)
    response = decode_rdpdr(answer.encode(), from_server=False)
    assert isinstance(response, rdpdr.UnmatchedResponse)
    assert decode_answer(response, request_) == answer


def test_the_answer_to_an_unknown_request_stays_as_it_is() -> None:
    request = rdpdr.UnknownRequest(
        **IO, major_function=rdpdr.MajorFunction(0x14), minor_function=rdpdr.MinorFunction(0)
    )
    response = rdpdr.UnmatchedResponse(device_id=1, completion_id=3, parameters=b"abc")
    assert decode_answer(response, request) is response


def test_an_answer_may_be_too_short() -> None:
    response = rdpdr.UnmatchedResponse(device_id=1, completion_id=3, parameters=b"\5\0\0\0ab")
    with pytest.raises(Truncated):
        decode_answer(response, rdpdr.ReadRequest(**IO, length=10))


def test_windows_does_not_initialize_the_minor_function() -> None:
    raw = bytearray(rdpdr.ControlRequest(**IO, output_buffer_length=1, io_control_code=2).encode())
    raw[20:24] = b"\xca\xfe\xba\xbe"
    assert type(decode_rdpdr(bytes(raw), from_server=True)) is rdpdr.ControlRequest


HEADERS = st.sampled_from(
    [bytes.fromhex("7244") + packet_id.to_bytes(2, "little") for packet_id in PacketId]
    + [bytes.fromhex("5250 4350"), bytes.fromhex("5250 4355"), b""]
)


@given(HEADERS, st.binary(max_size=120), st.booleans())
def test_any_bytes_give_a_message_or_an_error(header: bytes, data: bytes, from_server: bool) -> None:
    try:
        value = decode_rdpdr(header + data, from_server=from_server)
    except DecodeError:
        return
    assert decode_rdpdr(value.encode(), from_server=from_server) == value


@pytest.mark.parametrize(("request_", "expected"), REQUESTS, ids=lambda v: getattr(v, "__name__", type(v).__name__))
def test_the_class_of_an_answer(request_: rdpdr.DeviceIoRequest, expected: type[rdpdr.DeviceIoResponse]) -> None:
    assert answer_class(request_) is expected


def test_the_class_of_an_answer_to_something_unknown() -> None:
    request = rdpdr.UnknownRequest(
        **IO, major_function=rdpdr.MajorFunction(0x14), minor_function=rdpdr.MinorFunction(0)
    )
    assert answer_class(request) is rdpdr.UnmatchedResponse
