"""Both sides of device redirection together: what a client lends and what its server does with it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trio
import trio.testing

from tests.robustness.test_cancel import cancelled_at
from trio_rdp.channels.rdpdr import FileAction
from trio_rdp.faces.devices.devices import Devices
from trio_rdp.faces.devices.directory_files import DirectoryFileSystem
from trio_rdp.faces.devices.file_systems import FileSystem
from trio_rdp.faces.devices.memory_files import MemoryFileSystem
from trio_rdp.faces.remote_devices.devices import DevicesChange, RemoteDevices
from trio_rdp.faces.remote_devices.directories import DriveChange
from trio_rdp.faces.remote_devices.drives import RemoteDrive
from trio_rdp.protocol.config import ClientConfig, Security
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair, open_session_pair
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, SessionClosed

FILES = {"hello.txt": b"hello", "d/one": b"1", "d/two": b"22"}
LENDING = ClientConfig(username="ada", security=Security.NONE, enable_devices=True, client_name="desk")


@asynccontextmanager
async def lending(limits: Limits | None = None) -> AsyncIterator[tuple[Devices, RemoteDevices]]:
    """A client and a server with a channel between them."""
    limits = limits or Limits()
    client, server = Devices(limits, client_name="desk"), RemoteDevices(limits)
    ours, theirs = channel_pair("rdpdr")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.run, ours)
        nursery.start_soon(server.run, theirs)
        yield client, server
        nursery.cancel_scope.cancel()


@pytest.fixture(params=["memory", "directory"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> FileSystem:
    if request.param == "memory":
        return MemoryFileSystem(FILES)
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    return DirectoryFileSystem(tmp_path)


async def test_a_drive(files: FileSystem) -> None:
    async with lending() as (client, server):
        client.add_drive("share é", files)
        drive = await server.wait_drive("share é")
        assert server.computer_name == "desk"
        assert sorted(await drive.listdir()) == ["d", "hello.txt"]
        assert sorted(await drive.listdir("d")) == ["one", "two"]
        assert await drive.read_bytes("d/two") == b"22"
        entry = await drive.stat("hello.txt")
        assert (entry.name, entry.size, entry.is_directory) == ("hello.txt", 5, False)
        assert entry.modified is not None
        content = random.Random(1).randbytes(3_000_001)
        await drive.write_bytes("d/large", content)
        assert await drive.read_bytes("d/large") == content
        async with await drive.open("d/large", "r+b") as file:
            await file.truncate(10)
            await file.seek(20)
            await file.write(b"end")
            assert await file.read_at(0, 100) == content[:10] + bytes(10) + b"end"
        async with await drive.open("d/large", "ab") as file:
            await file.write(b"!")
        assert (await drive.stat("d/large")).size == 24
        await drive.mkdir("new")
        await drive.rename("d", "new/old")
        assert sorted(await drive.listdir("new/old")) == ["large", "one", "two"]
        await drive.rename("new/old/one", "new/old/two", replace=True)
        assert await drive.read_bytes("new/old/two") == b"1"
        for name in ("large", "two"):
            await drive.unlink(f"new/old/{name}")
        await drive.rmdir("new/old")
        assert await drive.listdir("new") == []
        volume = await drive.volume()
        assert 0 < volume.free <= volume.total


async def test_times_and_attributes(files: FileSystem) -> None:
    then = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    async with lending() as (client, server):
        client.add_drive("share", files)
        drive = await server.wait_drive()
        await drive.set_status("hello.txt", modified=then, is_read_only=True)
        entry = await drive.stat("hello.txt")
        assert (entry.modified, entry.is_read_only) == (then, True)
        with pytest.raises(PermissionError):
            await drive.unlink("hello.txt")
        await drive.set_status("hello.txt", accessed=then)
        entry = await drive.stat("hello.txt")
        assert (entry.accessed, entry.modified, entry.is_read_only) == (then, then, True)
        await drive.set_status("hello.txt", is_read_only=False)
        assert not (await drive.stat("hello.txt")).is_read_only
        await drive.set_status("d", modified=then)
        assert (await drive.stat("d")).modified == then
        assert (await drive.stat("d")).is_directory
        with pytest.raises(FileNotFoundError):
            await drive.set_status("nothing", modified=then)
        with pytest.raises(ValueError, match="time zone"):
            await drive.set_status("d", modified=then.replace(tzinfo=None))
        with pytest.raises(ValueError, match="before"):
            await drive.set_status("d", created=then.replace(year=1600))


async def test_locks(files: FileSystem) -> None:
    async with lending() as (client, server):
        lent = client.add_drive("share", files)
        drive = await server.wait_drive()
        async with await drive.open("hello.txt", "r+b") as one, await drive.open("hello.txt", "r+b") as other:
            async with one.lock(0, 2):
                assert await other.read_at(2, 9) == b"llo"
                for attempt in (other.read_at(1, 1), other.write_at(0, b"J")):
                    with pytest.raises(BlockingIOError):
                        await attempt
                with pytest.raises(BlockingIOError):
                    async with other.lock(1, 1, wait=False):
                        raise AssertionError("locked twice")
                async with other.lock(2, 3, wait=False):
                    await one.write_at(0, b"J")
            async with other.lock():
                with pytest.raises(BlockingIOError):
                    await one.read_at(0, 1)
                with pytest.raises(BlockingIOError):
                    await one.write_at((1 << 64) - 1, b"at the end")
            async with one.lock(shared=True), other.lock(shared=True, wait=False):
                assert await other.read_at(0, 5) == b"Jello"
            async with one.lock():
                await one.aclose()
            assert await other.read_at(0, 5) == b"Jello"
            for wrong in ((-1, 1), (0, -1), (1 << 64, 1)):
                with pytest.raises(ValueError, match="bytes at"):
                    async with other.lock(*wrong):
                        pass
        assert lent.statistics().open_files == 0


async def test_a_lock_that_is_waited_for(files: FileSystem) -> None:
    async with lending() as (client, server):
        client.add_drive("share", files)
        drive = await server.wait_drive()
        held = trio.Event()

        async def wait_for_it() -> None:
            async with other.lock(0, 5):
                held.set()

        async with await drive.open("hello.txt") as one, await drive.open("hello.txt") as other:
            async with trio.open_nursery() as nursery, one.lock(0, 5):
                nursery.start_soon(wait_for_it)
                await trio.testing.wait_all_tasks_blocked()
                assert not held.is_set()
            assert held.is_set()
            # Who gave up waiting holds nothing, although the client grants it later.
            async with one.lock(0, 5):
                with trio.CancelScope() as scope:
                    scope.cancel()
                    await wait_for_it()
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(wait_for_it)
                    await trio.testing.wait_all_tasks_blocked()
                    nursery.cancel_scope.cancel()
                assert server.statistics().waiting == 1
            await trio.testing.wait_all_tasks_blocked()
            assert server.statistics().waiting == 0
            async with one.lock(0, 5, wait=False):
                pass


async def test_locking_cancelled_anywhere() -> None:
    for checkpoint in range(100):
        async with lending() as (client, server):
            client.add_drive("share", MemoryFileSystem(FILES))
            drive = await server.wait_drive()
            async with await drive.open("hello.txt") as one, await drive.open("hello.txt") as other:
                async with cancelled_at(checkpoint) as scope, one.lock(0, 5):
                    await trio.lowlevel.checkpoint()
                await trio.testing.wait_all_tasks_blocked()
                async with other.lock(0, 5, wait=False):
                    pass
            assert server.statistics().waiting == 0
        if not scope.cancelled_caught:
            assert checkpoint >= 3  # locking, inside, unlocking
            return
    raise AssertionError("it never came to its end")


async def test_refusals(files: FileSystem) -> None:
    async with lending() as (client, server):
        client.add_drive("share", files)
        drive = await server.wait_drive()
        for call in (drive.open, drive.stat, drive.listdir, drive.unlink, drive.rmdir):
            with pytest.raises(FileNotFoundError):
                await call("nothing")
        with pytest.raises(FileExistsError):
            await drive.open("hello.txt", "xb")
        with pytest.raises(FileExistsError):
            await drive.rename("hello.txt", "d/one")
        with pytest.raises(FileExistsError):
            await drive.mkdir("d")
        with pytest.raises(IsADirectoryError):
            await drive.open("d")
        with pytest.raises(IsADirectoryError):
            await drive.unlink("d")
        with pytest.raises(NotADirectoryError):
            await drive.listdir("hello.txt")
        with pytest.raises(OSError, match="not empty"):
            await drive.rmdir("d")
        assert await drive.read_bytes("d/one") == b"1"


async def test_changes() -> None:
    async with lending() as (client, server):
        client.add_drive("share", MemoryFileSystem(FILES))
        drive = await server.wait_drive()
        async with drive.watch("d") as changes:
            await drive.write_bytes("d/three", b"333")
            assert await changes.__anext__() == DriveChange(FileAction.ADDED, "d/three")
            await drive.rename("d/one", "d/uno")
            seen = []
            while DriveChange(FileAction.RENAMED_NEW_NAME, "d/uno") not in seen:
                seen.append(await changes.__anext__())
            assert DriveChange(FileAction.RENAMED_OLD_NAME, "d/one") in seen


async def test_printing(nursery: trio.Nursery) -> None:
    async with lending() as (client, server):
        printer = client.add_printer("laser")
        printed: list[bytes] = []

        async def take() -> None:
            async for job in printer:
                printed.append(b"".join([data async for data in job]))  # noqa: PERF401

        nursery.start_soon(take)
        remote = await server.wait_printer("laser")
        for number in range(2):
            async with remote.job() as job:
                await job.write(b"%!PS " * 50_000 + bytes([number]))
        await trio.testing.wait_all_tasks_blocked()
        assert printed == [b"%!PS " * 50_000 + bytes([number]) for number in range(2)]
        nursery.cancel_scope.cancel()


async def test_coming_and_going() -> None:
    async with lending() as (client, server):
        changes = server.__aiter__()
        drive = client.add_drive("share", MemoryFileSystem())
        change = await changes.__anext__()
        assert [device.name for device in change.arrived] == ["share"]
        drive.remove()
        assert (await changes.__anext__()).left == change.arrived
        assert not change.arrived[0].is_present
        client.add(drive)
        assert len((await changes.__anext__()).arrived) == 1


async def _everything(drive: RemoteDrive) -> None:
    await drive.write_bytes("d/new", bytes(200_000))
    await drive.read_bytes("d/new")
    await drive.listdir("d")
    await drive.rename("d/new", "d/newer", replace=True)
    await drive.unlink("d/newer")


async def test_cancelled_anywhere() -> None:
    """Neither side keeps anything of a call that was given up."""
    for checkpoint in range(0, 300, 3):
        async with lending() as (client, server):
            client.add_drive("share", MemoryFileSystem(FILES))
            drive = await server.wait_drive()
            async with cancelled_at(checkpoint) as scope:
                await _everything(drive)
            await trio.testing.wait_all_tasks_blocked()
            assert server.statistics().waiting == client.statistics().requests == 0
            assert await drive.read_bytes("hello.txt") == b"hello"
        if not scope.cancelled_caught:
            return
    raise AssertionError("it never ends")


async def test_in_a_session() -> None:
    async with open_session_pair(client_config=LENDING) as (client, server):
        client.devices.add_drive("share", MemoryFileSystem(FILES))
        drive = await server.devices.wait_drive()
        content = random.Random(2).randbytes(5_000_000)
        await drive.write_bytes("large", content)
        assert await drive.read_bytes("large") == content
        assert server.devices is server.devices
        assert server.devices.statistics().peak_waiting == 8


async def test_the_iteration_ends_with_the_session() -> None:
    told: list[DevicesChange] = []

    async def look(devices: RemoteDevices) -> None:
        told.extend([change async for change in devices])

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery, open_session_pair(client_config=LENDING) as (client, server):
            nursery.start_soon(look, server.devices)
            client.devices.add_drive("share", MemoryFileSystem(FILES))
            drive = await server.devices.wait_drive()
            await drive.stat("")
    assert told == [DevicesChange((drive,), ()), DevicesChange((), (drive,))]
    with pytest.raises((SessionClosed, ChannelClosed)):
        await drive.stat("")


async def test_a_client_that_lends_nothing() -> None:
    async with open_session_pair() as (_, server):
        with pytest.raises(LocalProtocolError, match="did not ask for it"):
            await server.devices.wait_drive()
