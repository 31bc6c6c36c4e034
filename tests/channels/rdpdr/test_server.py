"""`RdpdrServer`: ladders of the exchange, devices, requests, and what a client must not say."""

from __future__ import annotations

import dataclasses

import pytest

from tests.captures.messages import load
from trio_rdp.channels import rdpdr
from trio_rdp.channels.rdpdr.server import RdpdrServer, RdpdrServerState
from trio_rdp.channels.rdpdr.server_events import (
    ClientIdentified,
    DeviceAnnounced,
    DeviceLeft,
    RdpdrServerEvent,
    RequestAnswered,
    ServerReady,
)
from trio_rdp.wire.errors import LocalProtocolError, RemoteProtocolError
from trio_rdp.wire.pdu import Pdu

Status = rdpdr.NtStatus
State = RdpdrServerState
DRIVE = rdpdr.DeviceAnnounce(
    device_type=rdpdr.DeviceType.FILE_SYSTEM,
    device_id=4,
    preferred_dos_name="C",
    device_data=rdpdr.drive_data("disk"),
)
REPLY = rdpdr.ClientAnnounceReply(version_minor=12, client_id=9)
NAME = rdpdr.ClientName(computer_name="desk")
GENERAL = rdpdr.GeneralCapabilitySet(
    protocol_minor_version=12,
    extended_pdu=rdpdr.ExtendedPdu.USER_LOGGED_ON,
    extra_flags1=rdpdr.ExtraFlags1.ENABLE_ASYNCIO,
)
CAPABILITIES = rdpdr.CoreCapabilityResponse(capability_message=[GENERAL])
CONFIRM = rdpdr.ServerClientIdConfirm(version_minor=13, client_id=9)


def server(*, is_logged_on: bool = True, max_requests: int = 8) -> RdpdrServer:
    return RdpdrServer(
        client_id=7, max_devices=3, max_device_data=1000, max_requests=max_requests, is_logged_on=is_logged_on
    )


def told(machine: RdpdrServer) -> list[rdpdr.RdpdrMessage]:
    return [rdpdr.decode_rdpdr(message, from_server=True) for message in machine.data_to_send()]


def hear(machine: RdpdrServer, *messages: Pdu) -> list[RdpdrServerEvent]:
    return [event for message in messages for event in machine.receive(message.encode())]


def ready(*devices: rdpdr.DeviceAnnounce, max_requests: int = 8) -> RdpdrServer:
    machine = server(max_requests=max_requests)
    machine.start()
    hear(machine, REPLY, NAME, CAPABILITIES, rdpdr.DeviceListAnnounce(device_list=list(devices)))
    for device in devices:
        machine.accept(device.device_id)
    machine.data_to_send()
    return machine


def state_of(machine: RdpdrServer) -> RdpdrServerState:
    return machine.state


def read(**fields: int) -> rdpdr.ReadRequest:
    return rdpdr.ReadRequest(**{"device_id": 4, "file_id": 1, "completion_id": 0, "length": 10} | fields)


def create() -> rdpdr.CreateRequest:
    return rdpdr.CreateRequest(
        device_id=4, completion_id=0, desired_access=rdpdr.DesiredAccess(1), shared_access=rdpdr.SharedAccess(7)
    )


def test_the_exchange() -> None:
    machine = server()
    assert state_of(machine) is State.START
    first = rdpdr.decode_rdpdr(machine.start(), from_server=True)
    assert first == rdpdr.ServerAnnounce(version_minor=13, client_id=7)
    assert state_of(machine) is State.ANNOUNCED
    assert hear(machine, REPLY) == []
    assert state_of(machine) is State.IDENTIFIED
    assert told(machine) == []
    assert hear(machine, NAME) == [ClientIdentified("desk", 1, 12)]
    assert state_of(machine) is State.CONFIRMED
    capabilities, confirm = told(machine)
    assert isinstance(capabilities, rdpdr.CoreCapabilityRequest)
    assert [item.capability_type for item in capabilities.capability_message] == [1, 2, 3, 4, 5]
    assert confirm == CONFIRM
    assert hear(machine, CAPABILITIES) == [ServerReady((GENERAL,))]
    assert state_of(machine) is State.READY
    assert told(machine) == [rdpdr.UserLoggedOn()]
    assert machine.may_overlap
    assert machine.computer_name == "desk"


@pytest.mark.parametrize(("major", "minor"), [(1, 2), (1, 4), (2, 0)])
def test_clients_without_capabilities(major: int, minor: int) -> None:
    machine = server()
    machine.start()
    reply = rdpdr.ClientAnnounceReply(version_major=major, version_minor=minor, client_id=9)
    assert hear(machine, reply, NAME) == [ClientIdentified("desk", major, minor), ServerReady(())]
    assert told(machine) == [CONFIRM]
    assert not machine.may_overlap


def test_logging_on_later() -> None:
    machine = server(is_logged_on=False)
    machine.start()
    hear(machine, REPLY, NAME)
    machine.data_to_send()
    hear(machine, CAPABILITIES)
    assert told(machine) == []
    machine.log_on()
    assert told(machine) == [rdpdr.UserLoggedOn()]
    with pytest.raises(LocalProtocolError, match="logged on already"):
        machine.log_on()


def test_logging_on_early_is_told_when_the_client_can_hear_it() -> None:
    machine = server(is_logged_on=False)
    machine.start()
    machine.log_on()
    assert told(machine) == []
    hear(machine, REPLY, NAME, CAPABILITIES)
    assert told(machine)[-1] == rdpdr.UserLoggedOn()


def test_devices_come_and_go() -> None:
    machine = ready()
    assert hear(machine, rdpdr.DeviceListAnnounce(device_list=[DRIVE])) == [DeviceAnnounced(DRIVE)]
    assert told(machine) == []
    with pytest.raises(LocalProtocolError, match="no device 4"):
        machine.ask(create())
    machine.accept(4)
    assert told(machine) == [rdpdr.DeviceAnnounceResponse(device_id=4)]
    assert hear(machine, rdpdr.DeviceListAnnounce(device_list=[DRIVE])) == []
    assert told(machine) == [rdpdr.DeviceAnnounceResponse(device_id=4)]
    with pytest.raises(LocalProtocolError, match="waits for no decision"):
        machine.accept(4)
    request = create()
    machine.ask(request)
    answered, left = hear(machine, rdpdr.DeviceListRemove(device_ids=[3, 4]))
    assert isinstance(answered, RequestAnswered)
    assert answered.request is request
    assert type(answered.response) is rdpdr.CreateResponse
    assert answered.response.io_status == Status.DEVICE_REMOVED
    assert left == DeviceLeft(DRIVE)
    assert machine.devices == {}
    assert hear(machine, rdpdr.DeviceListRemove(device_ids=[4])) == []


def test_refusing() -> None:
    machine = ready()
    hear(machine, rdpdr.DeviceListAnnounce(device_list=[DRIVE]))
    with pytest.raises(LocalProtocolError, match="status of a failure"):
        machine.refuse(4, Status.SUCCESS)
    machine.refuse(4)
    assert told(machine) == [rdpdr.DeviceAnnounceResponse(device_id=4, result_code=Status.ACCESS_DENIED)]
    assert machine.devices == {}
    assert machine.devices_refused == 1
    assert hear(machine, rdpdr.DeviceListAnnounce(device_list=[DRIVE])) == [DeviceAnnounced(DRIVE)]


def test_limits_of_devices() -> None:
    machine = ready()
    many = [dataclasses.replace(DRIVE, device_id=number) for number in range(5)]
    assert len(hear(machine, rdpdr.DeviceListAnnounce(device_list=many))) == 3
    large = dataclasses.replace(DRIVE, device_data=bytes(1001))
    other = dataclasses.replace(DRIVE, device_type=rdpdr.DeviceType(0x40))
    machine.data_to_send()
    machine.refuse(2)
    assert hear(machine, rdpdr.DeviceListAnnounce(device_list=[large, other])) == []
    assert [message.result_code for message in told(machine)] == [  # type: ignore[union-attr]
        Status.ACCESS_DENIED,
        Status.INSUFFICIENT_RESOURCES,
        Status.NOT_SUPPORTED,
    ]
    assert machine.devices_refused == 5


def test_requests_are_answered_in_any_order() -> None:
    machine = ready(DRIVE)
    first, second = read(), read(offset=10)
    for request in (first, second):
        assert rdpdr.decode_rdpdr(machine.ask(request), from_server=True) == request
    assert first.completion_id != second.completion_id
    assert machine.requests_under_way == 2
    late = rdpdr.ReadResponse(device_id=4, completion_id=second.completion_id, read_data=b"two")
    assert hear(machine, late) == [RequestAnswered(second, late)]
    assert hear(machine, late) == []
    assert machine.late_answers == 1
    answer = rdpdr.ReadResponse(device_id=4, completion_id=first.completion_id, read_data=b"one")
    assert hear(machine, answer) == [RequestAnswered(first, answer)]


def test_what_is_opened_for_nobody_is_closed() -> None:
    machine = ready(DRIVE)
    request = create()
    machine.ask(request)
    machine.abandon(request.completion_id)
    hear(machine, rdpdr.CreateResponse(device_id=4, completion_id=request.completion_id, file_id=33))
    (close,) = told(machine)
    assert isinstance(close, rdpdr.CloseRequest)
    assert (close.device_id, close.file_id) == (4, 33)
    hear(machine, rdpdr.CloseResponse(device_id=4, completion_id=close.completion_id))
    assert machine.requests_under_way == 0
    request = create()
    machine.ask(request)
    machine.abandon(request.completion_id)
    refusal = rdpdr.CreateResponse(device_id=4, completion_id=request.completion_id, io_status=Status.ACCESS_DENIED)
    hear(machine, refusal)
    assert told(machine) == []


def test_closing_ends_what_its_file_was_asked() -> None:
    machine = ready(DRIVE)
    mine, other = read(), read(file_id=2)
    close = rdpdr.CloseRequest(device_id=4, file_id=1, completion_id=0)
    for request in (mine, other, close):
        machine.ask(request)
    events = hear(machine, rdpdr.CloseResponse(device_id=4, completion_id=close.completion_id))
    assert [event.request for event in events if isinstance(event, RequestAnswered)] == [mine, close]
    assert isinstance(events[0], RequestAnswered)
    assert events[0].response.io_status == Status.CANCELLED
    assert machine.requests_under_way == 1


def test_a_request_that_was_not_sent() -> None:
    machine = ready(DRIVE)
    request = read()
    machine.ask(request)
    machine.withdraw(request.completion_id)
    assert machine.requests_under_way == 0


def test_too_many_requests() -> None:
    machine = ready(DRIVE, max_requests=2)
    for _ in range(2):
        assert not machine.is_full
        machine.ask(read())
    assert machine.is_full
    with pytest.raises(LocalProtocolError, match="2 requests are under way"):
        machine.ask(read())
    machine.ask(rdpdr.CloseRequest(device_id=4, file_id=1, completion_id=0))


def test_printers_are_told() -> None:
    message = rdpdr.PrinterSetXpsMode(printer_id=4)
    assert ready(DRIVE).tell_printer(message) == message.encode()
    with pytest.raises(LocalProtocolError, match="START"):
        server().tell_printer(message)


def test_starting_twice() -> None:
    machine = server()
    machine.start()
    with pytest.raises(LocalProtocolError, match="ANNOUNCED"):
        machine.start()


ANSWER = rdpdr.ReadResponse(device_id=4, completion_id=0, read_data=b"x")
WRONG: list[tuple[State, list[Pdu], Pdu]] = [
    (State.ANNOUNCED, [], NAME),
    (State.ANNOUNCED, [], CAPABILITIES),
    (State.ANNOUNCED, [], rdpdr.DeviceListAnnounce(device_list=[])),
    (State.ANNOUNCED, [], ANSWER),
    (State.ANNOUNCED, [], rdpdr.ServerAnnounce(version_minor=13, client_id=1)),
    (State.IDENTIFIED, [REPLY], REPLY),
    (State.IDENTIFIED, [REPLY], rdpdr.DeviceListRemove(device_ids=[])),
    (State.CONFIRMED, [REPLY, NAME], NAME),
    (State.CONFIRMED, [REPLY, NAME], ANSWER),
    (State.READY, [REPLY, NAME, CAPABILITIES], CAPABILITIES),
    (State.READY, [REPLY, NAME, CAPABILITIES], REPLY),
    (State.READY, [REPLY, NAME, CAPABILITIES], ANSWER),
    (State.READY, [REPLY, NAME, CAPABILITIES], rdpdr.UserLoggedOn()),
    (State.READY, [REPLY, NAME, CAPABILITIES], read()),
    (State.READY, [REPLY, NAME, CAPABILITIES], rdpdr.PrinterSetXpsMode(printer_id=1)),
]


@pytest.mark.parametrize(("state", "before", "message"), WRONG)
def test_out_of_turn(state: State, before: list[Pdu], message: Pdu) -> None:
    machine = server()
    machine.start()
    hear(machine, *before)
    assert machine.state is state
    with pytest.raises(RemoteProtocolError):
        hear(machine, message)


def test_before_the_start() -> None:
    with pytest.raises(RemoteProtocolError, match="START"):
        hear(server(), REPLY)


def test_an_id_for_two_devices() -> None:
    machine = ready(DRIVE)
    with pytest.raises(RemoteProtocolError, match="announced as another one"):
        hear(machine, rdpdr.DeviceListAnnounce(device_list=[dataclasses.replace(DRIVE, preferred_dos_name="D")]))


def test_unknown_messages_are_let_pass() -> None:
    machine = ready()
    strange = rdpdr.UnknownRdpdr(component=rdpdr.Component.CORE, packet_id=rdpdr.PacketId(0x1234), data=b"?")
    assert hear(machine, strange) == []


@pytest.mark.parametrize("name", ["rdesktop-xrdp", "xfreerdp-xrdp"])
def test_captured_clients(name: str) -> None:
    """What rdesktop 1.9.0 and xfreerdp 2.11.7 say to begin with; they were asked for other things than here."""
    machine = server()
    machine.start()
    events: list[RdpdrServerEvent] = []
    for message in load(f"rdpdr-{name}.c2s"):
        if message[2:4] != b"CI":
            events += machine.receive(message)
    assert machine.state is State.READY
    assert isinstance(events[0], ClientIdentified)
    assert events[0].computer_name == "vm"
    is_rdesktop = events[0].version_minor == 5
    assert machine.may_overlap is not is_rdesktop
    names = [rdpdr.drive_name(event.device) for event in events if isinstance(event, DeviceAnnounced)]
    assert names == (["share"] if is_rdesktop else [])
    assert (rdpdr.UserLoggedOn() in told(machine)) is not is_rdesktop


def lock(operation: rdpdr.LockOperation = rdpdr.LockOperation.EXCLUSIVE_LOCK) -> rdpdr.LockControlRequest:
    region = rdpdr.LockInfo(length=2, offset=3)
    return rdpdr.LockControlRequest(device_id=4, file_id=1, completion_id=0, operation=operation, locks=[region])


@pytest.mark.parametrize("status", [Status.SUCCESS, Status.LOCK_NOT_GRANTED])
def test_a_lock_that_nobody_waits_for_is_undone(status: rdpdr.NtStatus) -> None:
    machine = ready(DRIVE)
    request = lock()
    machine.ask(request)
    machine.abandon(request.completion_id)
    machine.receive(
        rdpdr.LockControlResponse(device_id=4, completion_id=request.completion_id, io_status=status).encode()
    )
    undone = [dataclasses.replace(lock(rdpdr.LockOperation.UNLOCK), completion_id=1)]
    assert told(machine) == ([] if status else undone)


def test_unlocking_has_no_limit() -> None:
    machine = ready(DRIVE, max_requests=1)
    machine.ask(lock())
    with pytest.raises(LocalProtocolError, match="the limit"):
        machine.ask(lock())
    machine.ask(lock(rdpdr.LockOperation.UNLOCK))
    assert machine.requests_under_way == 2
