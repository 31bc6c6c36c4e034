"""`RemoteDevices`: devices that come and go, clients that misbehave, and the end of the channel."""

from __future__ import annotations

import dataclasses

import pytest
import trio
import trio.testing

from tests.device_client import CARDS, DRIVE, PRINTER, DeviceClient, open_devices, open_drive
from trio_rdp.channels import rdpdr
from trio_rdp.faces.remote_devices.devices import DevicesChange, RemoteDevices
from trio_rdp.faces.remote_devices.drives import RemoteDrive
from trio_rdp.faces.remote_devices.printers import RemotePrinter
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, SessionClosed


def drive_number(number: int) -> rdpdr.DeviceAnnounce:
    return dataclasses.replace(DRIVE, device_id=number, device_data=rdpdr.drive_data(f"d{number}"))


def replies(client: DeviceClient) -> list[tuple[int, rdpdr.NtStatus]]:
    heard = [message for message in client.heard if isinstance(message, rdpdr.DeviceAnnounceResponse)]
    return [(message.device_id, message.result_code) for message in heard]


async def test_each_kind_of_device() -> None:
    client = DeviceClient(DRIVE, PRINTER, CARDS)
    async with open_devices(client) as devices:
        drive = await devices.wait_drive("share")
        assert isinstance(drive, RemoteDrive)
        printer, cards = devices.printers[0], devices.devices[2]
        assert isinstance(printer, RemotePrinter)
        assert devices.devices == (drive, printer, cards)
        assert devices.drives == (drive,)
        assert (cards.kind, cards.name, cards.id, cards.data) == (rdpdr.DeviceType.SMART_CARD, "SCARD", 3, b"")
        assert repr(cards) == "<RemoteDevice 'SCARD'>"
        assert devices.computer_name == "desk"
        await trio.testing.wait_all_tasks_blocked()
        assert replies(client) == [(1, 0), (2, 0), (3, 0)]


@pytest.mark.parametrize("version_minor", [2, 5, 12])
async def test_clients_of_each_age(version_minor: int) -> None:
    client = DeviceClient(DRIVE, version_minor=version_minor, knows_log_on=version_minor > 5)
    async with open_devices(client) as devices:
        assert (await devices.wait_drive()).name == "share"
    assert (rdpdr.UserLoggedOn() in client.heard) == (version_minor > 5)
    assert any(isinstance(message, rdpdr.CoreCapabilityRequest) for message in client.heard) == (version_minor >= 5)


async def test_coming_and_going() -> None:
    client = DeviceClient(DRIVE)
    async with open_devices(client) as devices:
        changes = devices.__aiter__()
        drive = await devices.wait_drive()
        assert await changes.__anext__() == DevicesChange((drive,), ())
        client.devices = [PRINTER]
        await client.channel.send(client.announcement())
        printer = await devices.wait_printer()
        await client.channel.send(rdpdr.DeviceListRemove(device_ids=[1, 99]).encode())
        await trio.testing.wait_all_tasks_blocked()
        assert await changes.__anext__() == DevicesChange((printer,), (drive,))
        await client.channel.send(client.announcement())  # FreeRDP 2.11 announces smart cards twice
        await client.channel.send(rdpdr.DeviceListAnnounce(device_list=[CARDS]).encode())
        await client.channel.send(rdpdr.DeviceListRemove(device_ids=[3]).encode())
        await trio.testing.wait_all_tasks_blocked()
        with trio.move_on_after(0) as scope:
            await changes.__anext__()
        assert scope.cancelled_caught  # what came and went while nobody looked is not told
        await client.channel.aclose()
        assert await changes.__anext__() == DevicesChange((), (printer,))
        with pytest.raises(StopAsyncIteration):
            await changes.__anext__()
        with pytest.raises(ChannelClosed):
            await devices.wait_drive()
        with pytest.raises(ChannelClosed):
            await printer.open_device()


async def test_waiting_for_a_name(nursery: trio.Nursery) -> None:
    client = DeviceClient(DRIVE)
    async with open_devices(client) as devices:
        found: list[str] = []

        async def wait() -> None:
            found.append((await devices.wait_drive("d5")).name)

        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        assert not found
        client.devices = [drive_number(5)]
        await client.channel.send(client.announcement())
        await trio.testing.wait_all_tasks_blocked()
        assert found == ["d5"]


async def test_too_many_devices() -> None:
    client = DeviceClient(*map(drive_number, range(5)))
    async with open_devices(client, Limits(devices=3)) as devices:
        await devices.wait_drive()
        await trio.testing.wait_all_tasks_blocked()
        refused = rdpdr.NtStatus.INSUFFICIENT_RESOURCES
        assert replies(client) == [(3, refused), (4, refused), (0, 0), (1, 0), (2, 0)]
        statistics = devices.statistics()
        assert (statistics.devices, statistics.max_devices, statistics.refused) == (3, 3, 2)


async def test_devices_that_say_too_much() -> None:
    wordy = dataclasses.replace(CARDS, device_data=bytes(1000))
    client = DeviceClient(DRIVE, wordy)
    async with open_devices(client, Limits(device_data=500)) as devices:
        await devices.wait_drive()
        await trio.testing.wait_all_tasks_blocked()
        assert dict(replies(client)) == {1: 0, 3: rdpdr.NtStatus.INSUFFICIENT_RESOURCES}


async def test_devices_that_are_refused(caplog: pytest.LogCaptureFixture) -> None:
    unknown = dataclasses.replace(CARDS, device_id=4, device_type=rdpdr.DeviceType(0x40))
    broken = dataclasses.replace(PRINTER, device_id=5, device_data=b"?")
    client = DeviceClient(unknown, broken, CARDS, DRIVE, PRINTER)

    def accept(device: rdpdr.DeviceAnnounce) -> bool:
        if device.device_type == rdpdr.DeviceType.PRINT:
            raise ZeroDivisionError("of the user")
        return device.device_type != rdpdr.DeviceType.SMART_CARD

    devices = RemoteDevices(Limits(), accept=accept)
    ours, theirs = channel_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(devices.run, ours)
        nursery.start_soon(client.run, theirs)
        drive = await devices.wait_drive()
        await trio.testing.wait_all_tasks_blocked()
        assert devices.devices == (drive,)
        assert dict(replies(client)) == {
            1: 0,
            2: rdpdr.NtStatus.ACCESS_DENIED,
            3: rdpdr.NtStatus.ACCESS_DENIED,
            4: rdpdr.NtStatus.NOT_SUPPORTED,
            5: rdpdr.NtStatus.INVALID_PARAMETER,
        }
        assert devices.statistics().refused == 4
        nursery.cancel_scope.cancel()
    assert "ZeroDivisionError: of the user" in caplog.text
    assert "device 5 (PRINT) is refused" in caplog.text


async def test_statistics() -> None:
    devices = RemoteDevices(Limits())
    assert devices.statistics().requests == 0
    client = DeviceClient(DRIVE)
    client.files["\\f"] = bytearray(b"x")
    async with open_devices(client) as devices:
        drive = await devices.wait_drive()
        await drive.stat("f")
        found = devices.statistics()
        assert (found.requests, found.waiting, found.queued, found.late_answers) == (4, 0, 0, 0)
        assert (found.peak_waiting, found.max_waiting) == (1, 64)


@pytest.mark.parametrize(
    "message",
    [
        b"rDCI",
        rdpdr.UnmatchedResponse(device_id=1, completion_id=77).encode(),
        rdpdr.UserLoggedOn().encode(),
        rdpdr.ReadRequest(device_id=1, file_id=1, completion_id=1, length=1).encode(),
        rdpdr.DeviceListAnnounce(device_list=[drive_number(1)]).encode(),
    ],
)
async def test_a_client_that_breaks_the_protocol(message: bytes) -> None:
    client = DeviceClient(DRIVE)
    async with open_devices(client) as devices:
        drive = await devices.wait_drive()
        await trio.testing.wait_all_tasks_blocked()
        await client.channel.send(message)
        await trio.testing.wait_all_tasks_blocked()
        assert not devices.is_open
        assert not devices.devices
        with pytest.raises(ChannelClosed):
            await drive.stat("")
        with pytest.raises(ChannelClosed):
            async for _ in devices:
                pass


async def test_who_waits_for_an_answer_hears_of_the_end(nursery: trio.Nursery) -> None:
    client = DeviceClient()
    heard: list[type[Exception]] = []
    async with open_drive(client, Limits(device_requests=1)) as drive:
        client.hold = lambda _: True

        async def ask() -> None:
            with pytest.raises(ChannelClosed) as caught:
                await drive.stat("")
            heard.append(caught.type)

        for _ in range(3):
            nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        await client.channel.aclose()
        await trio.testing.wait_all_tasks_blocked()
    assert heard == [ChannelClosed] * 3


async def test_a_client_that_takes_nothing() -> None:
    """What it is owed piles up, until that is too much."""
    devices = RemoteDevices(Limits(control_lane=200))
    ours, theirs = channel_pair(messages=1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(devices.run, ours)
        client = DeviceClient(*map(drive_number, range(50)))
        for _ in range(2):
            for answer in client.answer(await theirs.receive()):
                await theirs.send(answer)
        await theirs.receive()  # the confirmation of its id
        await theirs.send(client.announcement())
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(ChannelClosed, match="bytes are owed"):
            await devices.wait_open()


async def test_a_slow_client_gets_all_it_is_owed_in_order() -> None:
    devices = RemoteDevices(Limits())
    ours, theirs = channel_pair(messages=1)
    client = DeviceClient(*map(drive_number, range(20)))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(devices.run, ours)
        while len(replies(client)) < 20:
            await trio.testing.wait_all_tasks_blocked()
            for answer in client.answer(await theirs.receive()):
                await theirs.send(answer)
        assert replies(client) == [(number, 0) for number in range(20)]
        nursery.cancel_scope.cancel()


async def test_no_channel_and_no_session() -> None:
    devices = RemoteDevices(Limits())
    devices.unavailable("the client did not ask for it")
    with pytest.raises(LocalProtocolError, match="did not ask"):
        await devices.wait_drive()
    devices = RemoteDevices(Limits())
    devices.session_ended(SessionClosed("the line was cut"))
    with pytest.raises(SessionClosed):
        await devices.__aiter__().__anext__()


async def test_a_channel_that_comes_again() -> None:
    devices = RemoteDevices(Limits())
    seen = []
    for _ in range(2):
        ours, theirs = channel_pair("rdpdr")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(devices.run, ours)
            nursery.start_soon(DeviceClient(DRIVE).run, theirs)
            await trio.testing.wait_all_tasks_blocked()
            seen.append(await devices.wait_drive())
            await theirs.aclose()
    with pytest.raises(ChannelClosed):
        await seen[0].stat("")
    assert seen[0] is not seen[1]
