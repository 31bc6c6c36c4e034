"""The client's machine of device redirection: ladders after [MS-RDPEFS] 1.3.1, wrong orders, limits, removal."""

from __future__ import annotations

from typing import Any

import pytest

from trio_rdp.channels import rdpdr
from trio_rdp.channels.rdpdr.client import RdpdrClient, answer
from trio_rdp.channels.rdpdr.client_events import (
    DeviceAccepted,
    DeviceRefused,
    LoggedOn,
    PrinterCacheChanged,
    Requested,
    Started,
    XpsModeSet,
)
from trio_rdp.channels.rdpdr.devices import DEVICE_LIMIT
from trio_rdp.channels.rdpdr.header import NtStatus, PacketId
from trio_rdp.wire.errors import EncodeError, LocalProtocolError, RemoteProtocolError
from trio_rdp.wire.pdu import Pdu

DRIVE = rdpdr.DeviceType.FILE_SYSTEM
CARDS = rdpdr.DeviceType.SMART_CARD
EXTENDED = rdpdr.ExtendedPdu.DEVICE_REMOVE | rdpdr.ExtendedPdu.CLIENT_DISPLAY_NAME


def announce(minor: int = 13) -> rdpdr.ServerAnnounce:
    return rdpdr.ServerAnnounce(version_minor=minor, client_id=7)


def capabilities(extended: rdpdr.ExtendedPdu = EXTENDED) -> rdpdr.CoreCapabilityRequest:
    general = rdpdr.GeneralCapabilitySet(protocol_minor_version=13, extended_pdu=extended)
    return rdpdr.CoreCapabilityRequest(capability_message=[general, rdpdr.DriveCapabilitySet()])


def confirm(minor: int = 13) -> rdpdr.ServerClientIdConfirm:
    return rdpdr.ServerClientIdConfirm(version_minor=minor, client_id=7)


def client(**limits: int) -> RdpdrClient:
    return RdpdrClient("here", 0xABCD, **limits)


def sent(machine: RdpdrClient) -> list[Any]:
    """What the machine wants to send, decoded."""
    return [rdpdr.decode_rdpdr(message, from_server=False) for message in machine.data_to_send()]


def ready(**limits: int) -> RdpdrClient:
    """A machine behind the exchange, with drive 1 announced."""
    machine = client(**limits)
    machine.add_device(DRIVE, "share", rdpdr.drive_data("share"))
    for pdu in (announce(), capabilities(), confirm()):
        machine.receive(pdu.encode())
    machine.data_to_send()
    return machine


def ask(completion_id: int = 1, device_id: int = 1, length: int = 10) -> rdpdr.ReadRequest:
    return rdpdr.ReadRequest(device_id=device_id, file_id=1, completion_id=completion_id, length=length)


def test_the_exchange_with_a_server_that_tells_of_logons() -> None:
    machine = client()
    drive = machine.add_device(DRIVE, "share", rdpdr.drive_data("share"))
    cards = machine.add_device(CARDS, "SCARD")
    assert (drive, cards) == (1, 2)
    assert machine.data_to_send() == []

    assert machine.receive(announce(12).encode()) == [Started(12)]
    assert sent(machine) == [
        rdpdr.ClientAnnounceReply(version_minor=12, client_id=7),
        rdpdr.ClientName(computer_name="here"),
    ]
    assert machine.receive(capabilities(EXTENDED | rdpdr.ExtendedPdu.USER_LOGGED_ON).encode()) == []
    (response,) = sent(machine)
    assert isinstance(response, rdpdr.CoreCapabilityResponse)
    general = response.capability_message[0]
    assert isinstance(general, rdpdr.GeneralCapabilitySet)
    assert general.protocol_minor_version == 12
    assert rdpdr.ExtendedPdu.USER_LOGGED_ON in general.extended_pdu
    assert rdpdr.ExtraFlags1.ENABLE_ASYNCIO in general.extra_flags1
    assert general.special_type_device_cap == 1
    assert {item.capability_type for item in response.capability_message[1:]} == {2, 3, 4, 5}

    # Only smart cards are for logging on.
    assert machine.receive(confirm().encode()) == []
    (announced,) = sent(machine)
    assert [device.device_id for device in announced.device_list] == [cards]
    assert machine.receive(rdpdr.UserLoggedOn().encode()) == [LoggedOn()]
    (announced,) = sent(machine)
    assert [device.device_id for device in announced.device_list] == [drive]
    assert announced.device_list[0].preferred_dos_name == "share"
    assert rdpdr.drive_name(announced.device_list[0]) == "share"
    reply = rdpdr.DeviceAnnounceResponse(device_id=drive)
    assert machine.receive(reply.encode()) == [DeviceAccepted(drive)]


def test_a_server_that_does_not_tell_of_logons_gets_all_devices_at_once() -> None:
    machine = client()
    machine.add_device(DRIVE, "share")
    machine.receive(announce().encode())
    machine.receive(capabilities().encode())
    machine.data_to_send()
    machine.receive(confirm().encode())
    (announced,) = sent(machine)
    assert [device.device_id for device in announced.device_list] == [1]


def test_the_confirmation_may_come_before_the_capabilities() -> None:
    machine = client()
    machine.add_device(DRIVE, "share")
    machine.receive(announce().encode())
    machine.receive(confirm().encode())
    assert all(not isinstance(pdu, rdpdr.DeviceListAnnounce) for pdu in sent(machine))
    machine.receive(capabilities().encode())
    assert isinstance(sent(machine)[-1], rdpdr.DeviceListAnnounce)


def test_the_logon_may_come_first() -> None:
    """As xrdp 0.9.21 tells of it."""
    machine = client()
    machine.add_device(DRIVE, "share")
    machine.receive(announce().encode())
    assert machine.receive(rdpdr.UserLoggedOn().encode()) == [LoggedOn()]
    machine.receive(capabilities(EXTENDED | rdpdr.ExtendedPdu.USER_LOGGED_ON).encode())
    assert all(not isinstance(pdu, rdpdr.DeviceListAnnounce) for pdu in sent(machine))
    machine.receive(confirm().encode())
    (announced,) = sent(machine)
    assert len(announced.device_list) == 1


def test_an_old_server_exchanges_no_capabilities_and_chooses_no_id() -> None:
    machine = client()
    machine.add_device(DRIVE, "share")
    machine.receive(announce(2).encode())
    reply = sent(machine)[0]
    assert (reply.version_minor, reply.client_id) == (2, 0xABCD)
    machine.receive(confirm(2).encode())
    (announced,) = sent(machine)
    assert len(announced.device_list) == 1


def test_devices_that_come_later_are_announced_by_themselves() -> None:
    machine = ready()
    later = machine.add_device(DRIVE, "later")
    (announced,) = sent(machine)
    assert [device.device_id for device in announced.device_list] == [later]
    assert machine.is_announced(later)
    assert not machine.is_announced(99)


def test_a_refused_device() -> None:
    machine = ready()
    reply = rdpdr.DeviceAnnounceResponse(device_id=1, result_code=NtStatus.NOT_SUPPORTED)
    assert machine.receive(reply.encode()) == [DeviceRefused(1, NtStatus.NOT_SUPPORTED)]


def test_requests_and_their_answers() -> None:
    machine = ready()
    (event,) = machine.receive(ask(5).encode())
    assert event == Requested(1, ask(5))
    assert machine.outstanding == 1
    assert isinstance(event, Requested)
    message = machine.complete(event.ticket, answer(event.request, read_data=b"abc"))
    assert message == rdpdr.ReadResponse(device_id=1, completion_id=5, read_data=b"abc").encode()
    assert machine.outstanding == machine.outstanding_bytes == 0
    assert machine.complete(event.ticket, answer(event.request)) is None


def test_two_requests_of_one_completion_id_are_answered_each() -> None:
    machine = ready()
    first, second = machine.receive(ask(5).encode()) + machine.receive(ask(5).encode())
    assert isinstance(first, Requested)
    assert isinstance(second, Requested)
    assert machine.complete(second.ticket, answer(second.request)) is not None
    assert machine.complete(first.ticket, answer(first.request)) is not None


def test_requests_for_what_was_not_announced_are_ignored() -> None:
    machine = client()
    machine.add_device(DRIVE, "share")
    machine.receive(announce().encode())
    machine.data_to_send()
    for device_id in (1, 9):
        assert machine.receive(ask(device_id=device_id).encode()) == []
    assert machine.data_to_send() == []
    assert machine.ignored == 2


def test_an_unknown_function_is_unsuccessful() -> None:
    machine = ready()
    request = rdpdr.UnknownRequest(
        device_id=1,
        file_id=1,
        completion_id=3,
        major_function=rdpdr.MajorFunction(0x14),
        minor_function=rdpdr.MinorFunction(0),
    )
    assert machine.receive(request.encode()) == []
    (response,) = sent(machine)
    assert (response.completion_id, response.io_status) == (3, NtStatus.UNSUCCESSFUL)
    request.device_id = 4
    assert machine.receive(request.encode()) == []
    assert machine.data_to_send() == []


def test_too_many_requests_are_refused() -> None:
    machine = ready(requests=2)
    machine.receive(ask(1).encode())
    machine.receive(ask(2).encode())
    assert machine.receive(ask(3).encode()) == []
    (response,) = sent(machine)
    assert (response.completion_id, response.io_status) == (3, NtStatus.INSUFFICIENT_RESOURCES)
    assert machine.refused == 1
    machine.complete(1, answer(ask(1)))
    assert len(machine.receive(ask(4).encode())) == 1


def test_requests_may_ask_for_so_many_bytes_only() -> None:
    machine = ready(request_bytes=5000, transfer=2000)
    huge = 0xFFFFFFFF
    assert len(machine.receive(ask(1, length=huge).encode())) == 1
    control = rdpdr.ControlRequest(
        device_id=1, file_id=1, completion_id=2, output_buffer_length=huge, io_control_code=1
    )
    assert len(machine.receive(control.encode())) == 1
    assert 4000 < machine.outstanding_bytes < 5000
    write = rdpdr.WriteRequest(device_id=1, file_id=1, completion_id=3, write_data=bytes(1000))
    assert machine.receive(write.encode()) == []
    (response,) = sent(machine)
    assert response.io_status == NtStatus.INSUFFICIENT_RESOURCES


def test_a_server_that_lets_answers_pile_up_is_given_up() -> None:
    machine = ready(requests=1, answers=10)
    for number in range(11):
        machine.receive(ask(number).encode())
    with pytest.raises(RemoteProtocolError, match="10 answers wait"):
        machine.receive(ask(11).encode())


def test_removing_a_device() -> None:
    machine = ready()
    (event,) = machine.receive(ask().encode())
    assert isinstance(event, Requested)
    machine.remove_device(1)
    assert sent(machine) == [rdpdr.DeviceListRemove(device_ids=[1])]
    assert machine.complete(event.ticket, answer(event.request)) is None
    assert machine.receive(ask(2).encode()) == []
    assert machine.receive(rdpdr.DeviceAnnounceResponse(device_id=1).encode()) == []
    assert machine.ignored == 2
    with pytest.raises(LocalProtocolError, match="no device 1"):
        machine.remove_device(1)


def test_removing_where_the_server_cannot_be_told() -> None:
    machine = client()
    machine.add_device(DRIVE, "share")
    for pdu in (announce(), capabilities(rdpdr.ExtendedPdu(0)), confirm()):
        machine.receive(pdu.encode())
    machine.data_to_send()
    machine.remove_device(1)
    assert machine.data_to_send() == []
    assert machine.receive(ask(2).encode()) == []
    (response,) = sent(machine)
    assert response.io_status == NtStatus.DEVICE_REMOVED


def test_removing_before_it_was_announced() -> None:
    machine = client()
    machine.add_device(DRIVE, "share")
    machine.remove_device(1)
    for pdu in (announce(), capabilities(), confirm()):
        machine.receive(pdu.encode())
    assert not any(isinstance(pdu, rdpdr.DeviceListAnnounce | rdpdr.DeviceListRemove) for pdu in sent(machine))


def test_the_server_begins_anew() -> None:
    machine = ready()
    (event,) = machine.receive(ask().encode())
    assert isinstance(event, Requested)
    assert machine.receive(announce().encode()) == [Started(13)]
    assert machine.outstanding == machine.outstanding_bytes == 0
    assert machine.complete(event.ticket, answer(event.request)) is None
    assert machine.receive(ask().encode()) == []
    machine.data_to_send()
    machine.receive(capabilities().encode())
    machine.receive(confirm().encode())
    announced = sent(machine)[-1]
    assert [device.device_id for device in announced.device_list] == [1]


def test_printers() -> None:
    machine = ready()
    change = rdpdr.DeletePrinterCacheData(printer_name="p")
    assert machine.receive(change.encode()) == [PrinterCacheChanged(change)]
    assert machine.receive(rdpdr.PrinterSetXpsMode(printer_id=1).encode()) == [XpsModeSet(1)]
    assert machine.receive(rdpdr.PrinterSetXpsMode(printer_id=5).encode()) == []


UNKNOWN: list[Pdu] = [
    rdpdr.UnknownRdpdr(component=rdpdr.Component.CORE, packet_id=PacketId(0x1234), data=b"?"),
    rdpdr.UnknownPrinterCacheData(event_id=rdpdr.PrinterCacheEvent(9)),
]


@pytest.mark.parametrize("pdu", UNKNOWN, ids=lambda pdu: type(pdu).__name__)
def test_what_is_unknown_is_ignored(pdu: Pdu) -> None:
    machine = ready()
    assert machine.receive(pdu.encode()) == []
    assert machine.ignored == 1


@pytest.mark.parametrize(
    "pdu",
    [capabilities(), confirm(), rdpdr.UserLoggedOn(), ask(), rdpdr.DeviceAnnounceResponse(device_id=1), *UNKNOWN],
    ids=lambda pdu: type(pdu).__name__,
)
def test_nothing_comes_before_the_announcement(pdu: Pdu) -> None:
    with pytest.raises(RemoteProtocolError, match="before the server's announcement"):
        client().receive(pdu.encode())


@pytest.mark.parametrize(
    "pdu",
    [
        rdpdr.ClientName(computer_name="x"),
        rdpdr.CoreCapabilityResponse(capability_message=[]),
        rdpdr.DeviceListAnnounce(device_list=[]),
        rdpdr.DeviceListRemove(device_ids=[]),
        rdpdr.UnmatchedResponse(device_id=1, completion_id=1),
    ],
    ids=lambda pdu: type(pdu).__name__,
)
def test_what_a_server_does_not_send(pdu: Pdu) -> None:
    with pytest.raises(RemoteProtocolError, match="does not send"):
        ready().receive(pdu.encode())


def test_a_broken_message() -> None:
    with pytest.raises(RemoteProtocolError):
        ready().receive(ask().encode()[:30])


def test_how_many_devices_and_what_names() -> None:
    machine = client()
    with pytest.raises(EncodeError):
        machine.add_device(DRIVE, "a name that is too long")
    for number in range(DEVICE_LIMIT):
        machine.add_device(DRIVE, f"{number}")
    with pytest.raises(LocalProtocolError, match="1024 devices"):
        machine.add_device(DRIVE, "more")


def test_answers_say_nothing_that_is_not_given() -> None:
    create = rdpdr.CreateRequest(
        device_id=1,
        completion_id=2,
        desired_access=rdpdr.DesiredAccess(1),
        shared_access=rdpdr.SharedAccess(1),
    )
    assert answer(create, NtStatus.ACCESS_DENIED) == rdpdr.CreateResponse(
        device_id=1, completion_id=2, io_status=NtStatus.ACCESS_DENIED
    )
