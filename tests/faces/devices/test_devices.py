"""`Devices`: announcing, routing, what users do wrong, peers that flood, stall and vanish, and every cancellation."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest
import trio
import trio.testing

from tests.device_link import ServerEnd, linked
from tests.robustness.test_cancel import cancelled_at
from trio_rdp.channels import rdpdr
from trio_rdp.channels.rdpdr.client import answer
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.channels.rdpdr.requests import DeviceIoRequest
from trio_rdp.channels.rdpdr.responses import DeviceIoResponse
from trio_rdp.faces.devices.device import Device, DeviceService
from trio_rdp.faces.devices.devices import Devices
from trio_rdp.faces.devices.drives import Drive
from trio_rdp.faces.devices.file_systems import BytesHandle, FileHandle, FileStatus, FileSystem
from trio_rdp.faces.devices.memory_files import MemoryFileSystem
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, RequestRefused

READ = rdpdr.DesiredAccess.GENERIC_READ


class Slow(FileSystem):
    """Files whose reading waits until somebody says so; `open` counts its handles."""

    def __init__(self) -> None:
        self.may_read = trio.Event()
        self.handles = 0
        self.error: Exception | None = None

    async def stat(self, path: str) -> FileStatus:
        await trio.lowlevel.checkpoint()
        return FileStatus(is_directory=not path, size=4)

    async def listdir(self, path: str) -> Mapping[str, FileStatus]:
        await trio.lowlevel.checkpoint()
        return {}

    async def open(
        self, path: str, *, write: bool = False, create: bool = False, exclusive: bool = False, truncate: bool = False
    ) -> FileHandle:
        await trio.lowlevel.checkpoint()
        return _SlowHandle(self)


class _SlowHandle(BytesHandle):
    def __init__(self, files: Slow) -> None:
        super().__init__(b"slow")
        self.files = files
        files.handles += 1

    async def read(self, offset: int, size: int) -> bytes:
        await self.files.may_read.wait()
        if self.files.error is not None:
            raise self.files.error
        return await super().read(offset, size)

    async def aclose(self) -> None:
        self.files.handles -= 1
        await trio.lowlevel.checkpoint()


async def test_devices_come_and_go(nursery: trio.Nursery) -> None:
    async with linked(Drive("first", MemoryFileSystem(), Limits())) as (devices, server):
        second = devices.add_drive("second", MemoryFileSystem({"f": b"2"}))
        announced = await server.hear()
        assert [each.device_id for each in announced.device_list] == [2]
        assert not second.is_accepted
        await server.tell(rdpdr.DeviceAnnounceResponse(device_id=2))
        await second.wait_accepted()
        assert [device.name for device in devices] == ["first", "second"]
        assert len(devices) == 2
        with pytest.raises(LocalProtocolError, match="lent already"):
            devices.add(second)
        second.remove()
        assert await server.hear() == rdpdr.DeviceListRemove(device_ids=[2])
        with pytest.raises(LocalProtocolError, match="not lent"):
            second.remove()
        devices.add(second)
        announced = await server.hear()
        assert [each.device_id for each in announced.device_list] == [3]


async def test_before_there_is_a_channel(nursery: trio.Nursery) -> None:
    devices = Devices(Limits(), client_name="tests")
    drive, gone = devices.add_drive("share", MemoryFileSystem()), devices.add_drive("gone", MemoryFileSystem())
    gone.remove()
    assert devices.statistics().devices == 1
    ours, theirs = channel_pair("rdpdr")
    nursery.start_soon(devices.run, ours)
    announced = await ServerEnd(theirs).begin()
    assert announced is not None
    assert [rdpdr.drive_name(each) for each in announced.device_list] == ["share"]
    await drive.wait_accepted()
    await theirs.aclose()


async def test_short_names_are_one_for_each_device(nursery: trio.Nursery) -> None:
    devices = Devices(Limits(), client_name="tests")
    for name in ("documents", "Documentation", "document", "x"):
        devices.add_drive(name, MemoryFileSystem())
    ours, theirs = channel_pair("rdpdr")
    nursery.start_soon(devices.run, ours)
    announced = await ServerEnd(theirs).begin()
    assert announced is not None
    assert [each.preferred_dos_name for each in announced.device_list] == ["documen", "Docum~2", "docum~3", "x"]
    await theirs.aclose()


async def test_no_channel(nursery: trio.Nursery) -> None:
    devices = Devices(Limits(), client_name="tests")
    drive = devices.add_drive("share", MemoryFileSystem())
    devices.unavailable("the server has none")
    for each in (drive, devices.add_drive("later", MemoryFileSystem())):
        with pytest.raises(LocalProtocolError, match="the server has none"):
            await each.wait_accepted()


async def test_a_refused_device(caplog: pytest.LogCaptureFixture) -> None:
    async with linked(Drive("share", MemoryFileSystem(), Limits())) as (devices, server):
        other = devices.add_drive("other", MemoryFileSystem())
        await server.hear()
        await server.tell(rdpdr.DeviceAnnounceResponse(device_id=2, result_code=NtStatus.NOT_SUPPORTED))
        with pytest.raises(RequestRefused):
            await other.wait_accepted()
        assert "refuses 'other': NOT_SUPPORTED" in caplog.text


async def test_files_are_closed_when_a_device_is_removed() -> None:
    files = Slow()
    drive = Drive("slow", files, Limits())
    async with linked(drive) as (devices, server):
        file = await server.open("\\f", access=READ)
        await server.send(rdpdr.ReadRequest, file, length=1)
        await trio.testing.wait_all_tasks_blocked()
        assert files.handles == 1
        drive.remove()
        assert isinstance(await server.hear(), rdpdr.DeviceListRemove)
        await trio.testing.wait_all_tasks_blocked()
        assert files.handles == 0
        assert devices.statistics().requests == 0
        await server.send(rdpdr.ReadRequest, file, length=1)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(trio.WouldBlock):
            server.channel.receive_nowait()


async def test_files_are_closed_when_the_server_begins_anew() -> None:
    files = Slow()
    async with linked(Drive("slow", files, Limits())) as (_, server):
        file = await server.open("\\f", access=READ)
        await server.send(rdpdr.ReadRequest, file, length=1)
        await trio.testing.wait_all_tasks_blocked()
        assert await server.begin() is not None
        await trio.testing.wait_all_tasks_blocked()
        assert files.handles == 0
        files.may_read.set()
        file = await server.open("\\f", access=READ)
        assert (await server.read(file, 4)).read_data == b"slow"


@pytest.mark.parametrize("breaks", [False, True])
async def test_files_are_closed_when_the_peer_vanishes(breaks: bool, nursery: trio.Nursery) -> None:
    files = Slow()
    devices = Devices(Limits(), client_name="tests")
    drive = devices.add_drive("slow", files)
    ours, theirs = channel_pair("rdpdr")
    nursery.start_soon(devices.run, ours)
    server = ServerEnd(theirs)
    await server.begin()
    file = await server.open("\\f", access=READ)
    await server.send(rdpdr.ReadRequest, file, length=1)
    await trio.testing.wait_all_tasks_blocked()
    if breaks:
        ours.fail("the test broke it")
        await theirs.aclose()
    else:
        await theirs.aclose()
    await trio.testing.wait_all_tasks_blocked()
    assert files.handles == 0
    with pytest.raises(ChannelClosed):
        await drive.wait_accepted()


async def test_deleting_on_close_happens_at_the_end_too(nursery: trio.Nursery) -> None:
    files = MemoryFileSystem({"temporary": b"x", "other": b""})
    async with linked(Drive("share", files, Limits())) as (_, server):
        await server.open("\\temporary", options=rdpdr.CreateOptions.DELETE_ON_CLOSE)
    assert files.files() == {"other": b""}


@pytest.mark.parametrize(
    ("error", "status", "is_logged"),
    [
        (ZeroDivisionError("a mistake"), NtStatus.UNSUCCESSFUL, True),
        (NotImplementedError(), NtStatus.NOT_SUPPORTED, False),
        (PermissionError("no"), NtStatus.ACCESS_DENIED, False),
        (OSError("odd"), NtStatus.UNSUCCESSFUL, False),
    ],
)
async def test_what_users_do_wrong_is_told_and_ends_nothing(
    caplog: pytest.LogCaptureFixture, error: Exception, status: NtStatus, is_logged: bool
) -> None:
    files = Slow()
    files.error = error
    files.may_read.set()
    async with linked(Drive("share", files, Limits())) as (_, server):
        file = await server.open("\\f", access=READ)
        assert (await server.read(file, 4)).io_status == status
        assert ("a device failed at ReadRequest" in caplog.text) == is_logged
        files.error = None
        assert (await server.read(file, 4)).read_data == b"slow"


async def test_an_answer_that_fits_into_no_message(caplog: pytest.LogCaptureFixture) -> None:
    class Odd(MemoryFileSystem):
        async def listdir(self, path: str) -> Mapping[str, FileStatus]:
            return {"good": FileStatus(size=1.5)}  # type: ignore[arg-type]

    async with linked(Drive("share", Odd(), Limits())) as (_, server):
        root = await server.open("")
        answer = await server.ask(
            rdpdr.QueryDirectoryRequest,
            root,
            fs_information_class=rdpdr.DirectoryInformationClass.DIRECTORY,
            initial_query=True,
            path="\\*",
        )
        assert answer.io_status == NtStatus.UNSUCCESSFUL
        assert any(record.levelno == logging.ERROR for record in caplog.records)


class _Bad(DeviceService):
    async def run(self) -> None:
        raise ZeroDivisionError("beside")

    async def answer(self, request: DeviceIoRequest) -> DeviceIoResponse:
        return answer(request)

    async def aclose(self) -> None:
        raise ZeroDivisionError("at closing")


class _BadDevice(Device):
    def _announcement(self) -> tuple[rdpdr.DeviceType, str, bytes]:
        return rdpdr.DeviceType.SERIAL, "BAD", b""

    def _serve(self) -> DeviceService:
        return _Bad()


async def test_a_device_of_one_s_own_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    async with linked(device := _BadDevice("bad")) as (_, server):
        assert (await server.read(1, 1)).io_status == NtStatus.SUCCESS
        await trio.testing.wait_all_tasks_blocked()
        assert "a device failed beside its requests" in caplog.text
        device.remove()
        await server.hear()
        await trio.testing.wait_all_tasks_blocked()
        assert "a device failed at closing" in caplog.text


async def test_whatever_becomes_of_one_file_all_are_closed(caplog: pytest.LogCaptureFixture) -> None:
    class Bad(_SlowHandle):
        async def aclose(self) -> None:
            await super().aclose()
            raise ZeroDivisionError("at closing")

    class Files(Slow):
        async def open(self, path: str, **mode: bool) -> FileHandle:
            return Bad(self)

    files = Files()
    drive = Drive("share", files, Limits())
    async with linked(drive) as (_, server):
        for _ in range(3):
            await server.open("\\f", access=READ)
        assert files.handles == 3
        drive.remove()
        await server.hear()
        await trio.testing.wait_all_tasks_blocked()
    assert files.handles == 0
    assert caplog.text.count("a file system failed at closing 'f'") == 3


async def test_a_slow_file_holds_up_nobody_else() -> None:
    files = Slow()
    async with linked(Drive("slow", files, Limits()), Drive("fast", MemoryFileSystem({"f": b"1"}), Limits())) as (
        _,
        server,
    ):
        slow = await server.open("\\f", access=READ)
        await server.send(rdpdr.ReadRequest, slow, length=4)
        answer = await server.ask(
            rdpdr.CreateRequest,
            device_id=2,
            desired_access=READ,
            shared_access=rdpdr.SharedAccess(7),
            path="\\f",
        )
        assert answer.io_status == NtStatus.SUCCESS
        files.may_read.set()
        assert (await server.hear()).read_data == b"slow"


async def test_a_flood_of_requests_is_bounded() -> None:
    files = Slow()
    limits = Limits(lent_requests=10)
    async with linked(Drive("slow", files, limits), limits=limits) as (devices, server):
        file = await server.open("\\f", access=READ)
        for _ in range(15):
            await server.send(rdpdr.ReadRequest, file, length=4)
        refused = [await server.hear() for _ in range(5)]
        assert {answer.io_status for answer in refused} == {NtStatus.INSUFFICIENT_RESOURCES}
        statistics = devices.statistics()
        assert (statistics.requests, statistics.peak_requests, statistics.request_limit) == (10, 10, 10)
        assert (statistics.refused, statistics.answered) == (5, 1)
        files.may_read.set()
        for _ in range(10):
            assert (await server.hear()).read_data == b"slow"
        assert devices.statistics().requests == devices.statistics().request_bytes == 0


async def test_a_server_that_reads_no_answers(autojump_clock: trio.testing.MockClock, nursery: trio.Nursery) -> None:
    """What it does not read waits in the channel; refusals beyond a bound give the channel up."""
    limits = Limits(lent_requests=1)
    devices = Devices(limits, client_name="tests")
    devices.add_drive("share", Slow())
    ours, theirs = channel_pair("rdpdr", messages=2)
    nursery.start_soon(devices.run, ours)
    server = ServerEnd(theirs)
    await server.begin()
    file = await server.open("\\f", access=READ)

    async def flood() -> None:
        while True:
            await server.send(rdpdr.ReadRequest, file, length=4)

    with trio.fail_after(60), pytest.raises(trio.BrokenResourceError):
        await flood()
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(ChannelClosed, match="answers wait"):
        await devices.wait_open()


async def test_a_server_that_breaks_the_protocol(caplog: pytest.LogCaptureFixture, nursery: trio.Nursery) -> None:
    devices = Devices(Limits(), client_name="tests")
    ours, theirs = channel_pair("rdpdr")
    await theirs.send(rdpdr.UserLoggedOn().encode())
    await devices.run(ours)
    assert "before the server's announcement" in caplog.text
    with pytest.raises(ChannelClosed):
        await devices.wait_open()


async def test_the_channel_may_come_again(nursery: trio.Nursery) -> None:
    devices = Devices(Limits(), client_name="tests")
    drive = devices.add_drive("share", MemoryFileSystem({"f": b"1"}))
    for _ in range(2):
        ours, theirs = channel_pair("rdpdr")
        nursery.start_soon(devices.run, ours)
        server = ServerEnd(theirs)
        assert await server.begin() is not None
        await drive.wait_accepted()
        assert (await server.read(await server.open("\\f"), 1)).read_data == b"1"
        await theirs.aclose()
        await trio.testing.wait_all_tasks_blocked()
        assert not drive.is_accepted


async def test_cancelling_the_session_at_every_checkpoint() -> None:
    """Wherever the client's task is cancelled, no file stays open and no task alive."""
    for checkpoint in range(300):
        files = Slow()
        files.may_read.set()
        devices = Devices(Limits(), client_name="tests")
        devices.add_drive("share", files)
        ours, theirs = channel_pair("rdpdr")
        finished = False

        async def serve(channel: Any = theirs) -> None:
            nonlocal finished
            server = ServerEnd(channel)
            try:
                await server.begin()
                file = await server.open("\\f", access=READ)
                await server.read(file, 4)
                await server.open("\\g", access=READ)
                finished = True
                await channel.aclose()
            except (trio.BrokenResourceError, trio.EndOfChannel, trio.ClosedResourceError):
                pass

        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            async with cancelled_at(checkpoint) as scope:
                await devices.run(ours)
            nursery.cancel_scope.cancel()
        assert files.handles == 0
        assert not devices.is_open
        if not scope.cancelled_caught:
            assert finished
            return
    raise AssertionError("more checkpoints than there can be")


async def test_cancelling_a_wait_loses_nothing() -> None:
    async with linked(Drive("share", MemoryFileSystem(), Limits())) as (devices, server):
        other = devices.add_drive("other", MemoryFileSystem())
        with trio.move_on_after(0.01) as scope:
            await other.wait_accepted()
        assert scope.cancelled_caught
        await server.hear()
        await server.tell(rdpdr.DeviceAnnounceResponse(device_id=2))
        await other.wait_accepted()
        await _use_memory(devices, server)


async def _use_memory(devices: Devices, server: ServerEnd) -> None:
    answer = await server.create("\\f", rdpdr.CreateDisposition.CREATE)
    assert answer.io_status == NtStatus.SUCCESS
    assert devices.statistics().answered == 1


def test_a_path_is_no_file_system() -> None:
    devices = Devices(Limits(), client_name="tests")
    with pytest.raises(TypeError, match="DirectoryFileSystem"):
        devices.add_drive("papers", "/home/ada")  # type: ignore[arg-type]
    assert len(devices) == 0
