"""A server hears clients that say anything of their devices: events or `RemoteProtocolError`, within bounds."""

from __future__ import annotations

import random
import time

import pytest
import trio
import trio.testing

from tests.device_client import CARDS, DRIVE, PRINTER, DeviceClient
from tests.fuzz.mutation import mutate
from trio_rdp.channels import rdpdr
from trio_rdp.channels.rdpdr.server import RdpdrServer
from trio_rdp.channels.rdpdr.server_events import DeviceAnnounced, RequestAnswered
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.faces.remote_devices.devices import RemoteDevices
from trio_rdp.faces.remote_devices.drives import RemoteDrive
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import RdpError, RemoteProtocolError

MOST_DEVICES = 4
MOST_REQUESTS = 6
CONVERSATION: list[bytes] = [
    rdpdr.ClientAnnounceReply(version_minor=12, client_id=1).encode(),
    rdpdr.ClientName(computer_name="desk").encode(),
    rdpdr.CoreCapabilityResponse(
        capability_message=[
            rdpdr.GeneralCapabilitySet(
                protocol_minor_version=12,
                extended_pdu=rdpdr.ExtendedPdu.USER_LOGGED_ON,
                extra_flags1=rdpdr.ExtraFlags1.ENABLE_ASYNCIO,
            ),
            rdpdr.DriveCapabilitySet(),
        ]
    ).encode(),
    rdpdr.DeviceListAnnounce(device_list=[DRIVE, PRINTER, CARDS]).encode(),
    rdpdr.DeviceListRemove(device_ids=[2]).encode(),
]


def a_request(source: random.Random, device_id: int) -> rdpdr.DeviceIoRequest:
    file_id = source.randrange(3)
    match source.randrange(5):
        case 0:
            return rdpdr.CreateRequest(
                device_id=device_id,
                completion_id=0,
                desired_access=rdpdr.DesiredAccess(1),
                shared_access=rdpdr.SharedAccess(7),
            )
        case 1:
            return rdpdr.CloseRequest(device_id=device_id, file_id=file_id, completion_id=0)
        case 2:
            return rdpdr.ReadRequest(device_id=device_id, file_id=file_id, completion_id=0, length=20)
        case 3:
            return rdpdr.WriteRequest(device_id=device_id, file_id=file_id, completion_id=0, write_data=b"abc")
        case _:
            return rdpdr.ControlRequest(
                device_id=device_id, file_id=file_id, completion_id=0, output_buffer_length=9, io_control_code=5
            )


def an_answer(source: random.Random, request: rdpdr.DeviceIoRequest) -> bytes:
    status = rdpdr.NtStatus(source.choice((0, 0, 0, 0xC0000022, 0x80000006, 0x80000005, 0x103)))
    parameters = source.choice((b"", bytes(4), bytes(5), b"\3\0\0\0abc", b"\3\0\0\0ab", b"\1\0\0\0\0"))
    return rdpdr.UnmatchedResponse(
        device_id=request.device_id, completion_id=request.completion_id, io_status=status, parameters=parameters
    ).encode()


def converse(source: random.Random) -> int:
    """One channel, until the client breaks the protocol or has said enough; gives how many events there were."""
    machine = RdpdrServer(client_id=1, max_devices=MOST_DEVICES, max_device_data=4096, max_requests=MOST_REQUESTS)
    machine.start()
    asked: list[rdpdr.DeviceIoRequest] = []
    script = list(CONVERSATION)
    count = closings = 0
    for _ in range(60):
        if script:
            message = script.pop(0)
        elif asked and source.random() < 0.8:
            message = an_answer(source, source.choice(asked))
        else:
            message = source.choice(CONVERSATION[3:])
        if source.random() < 0.1:
            message = mutate(source, message, source.choice(CONVERSATION))
        try:
            events = machine.receive(message)
        except RemoteProtocolError:
            return count
        count += len(events)
        for event in events:
            match event:
                case DeviceAnnounced(device) if source.random() < 0.9:
                    machine.accept(device.device_id)
                case DeviceAnnounced(device):
                    machine.refuse(device.device_id)
                case RequestAnswered(request):
                    closings -= isinstance(request, rdpdr.CloseRequest) and closings > 0
        machine.data_to_send()
        for _ in range(source.randrange(3)):
            if not machine._accepted:
                break
            request = a_request(source, source.choice(sorted(machine._accepted)))
            if isinstance(request, rdpdr.CloseRequest):
                closings += 1
            elif machine.is_full:
                continue
            machine.ask(request)
            asked.append(request)
            source.choice((machine.abandon, machine.withdraw, lambda _: None, lambda _: None))(request.completion_id)
        assert len(machine.devices) <= MOST_DEVICES
        assert machine.requests_under_way <= MOST_REQUESTS + 60
        assert machine._requests._abandoned <= machine._requests._requests.keys()
    return count


class HostileClient(DeviceClient):
    """Says what it should with a change now and then."""

    def __init__(self, source: random.Random) -> None:
        super().__init__(DRIVE, PRINTER)
        self.source = source
        self.files |= {"\\f": bytearray(500), "\\d": None, "\\d\\g": bytearray(b"x")}

    def answer(self, data: bytes) -> list[bytes]:
        try:
            answers = super().answer(data)
        except KeyError:
            return []  # of a file that it does not know, by a change of its own
        source = self.source
        return [mutate(source, one, data) if source.random() < 0.1 else one for one in answers]

    async def run(self, channel: MessageChannel) -> None:
        try:
            await super().run(channel)
        except (trio.BrokenResourceError, KeyError):
            return


async def use(drive: RemoteDrive) -> None:
    """Everything that a drive can do; what does not work is an `OSError` or an `RdpError`."""
    uses = (
        lambda: drive.listdir("d"),
        lambda: drive.read_bytes("f"),
        lambda: drive.write_bytes("h", bytes(300)),
        lambda: drive.stat("f"),
        lambda: drive.volume(),
        lambda: drive.rename("h", "i"),
        lambda: drive.unlink("i"),
        lambda: drive.mkdir("j"),
        lambda: drive.rmdir("j"),
    )
    for one in uses:
        try:
            with trio.move_on_after(1):
                await one()
        except (OSError, RdpError):
            pass


async def suffer(source: random.Random) -> None:
    devices = RemoteDevices(Limits(device_piece=50, device_entries=100))
    ours, theirs = channel_pair("rdpdr")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(devices.run, ours)
        nursery.start_soon(HostileClient(source).run, theirs)
        try:
            with trio.move_on_after(1):
                await use(await devices.wait_drive())
        except RdpError:
            pass
        nursery.cancel_scope.cancel()


def suffer_once(source: random.Random) -> None:
    trio.run(suffer, source, clock=trio.testing.MockClock(autojump_threshold=0))


def test_good_conversations_are_heard_to_the_end() -> None:
    machine = RdpdrServer(client_id=1, max_devices=MOST_DEVICES, max_device_data=4096, max_requests=MOST_REQUESTS)
    machine.start()
    events = [event for message in CONVERSATION for event in machine.receive(message)]
    assert len(events) == 6


@pytest.mark.parametrize("seed", range(20))
def test_conversations(seed: int) -> None:
    source = random.Random(seed)
    assert sum(converse(source) for _ in range(30)) > 50


@pytest.mark.parametrize("seed", range(30))
def test_drives_of_hostile_clients(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    suffer_once(random.Random(seed))
    assert "mistake of the library" not in caplog.text


@pytest.mark.fuzz
@pytest.mark.parametrize("what", [converse, suffer_once])
def test_for_as_long_as_there_is_time(what: object, fuzz_seconds: float, caplog: pytest.LogCaptureFixture) -> None:
    assert callable(what)
    deadline = time.monotonic() + fuzz_seconds
    while time.monotonic() < deadline:
        number = random.SystemRandom().randrange(2**32)
        try:
            what(random.Random(number))
        except Exception as exc:
            raise AssertionError(f"{what}(random.Random({number}))") from exc
        assert "mistake of the library" not in caplog.text, number
        caplog.clear()
