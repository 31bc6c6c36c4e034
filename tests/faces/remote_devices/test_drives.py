"""`RemoteDrive`: a client's drive as a file system."""

from __future__ import annotations

import errno
from datetime import UTC, datetime

import pytest
import trio
import trio.testing

from tests.device_client import DeviceClient, open_devices, open_drive
from trio_rdp.channels import rdpdr
from trio_rdp.channels.rdpdr import FileAttributes
from trio_rdp.faces.remote_devices.drives import RemoteDrive
from trio_rdp.faces.remote_devices.errors import RemoteDeviceError
from trio_rdp.wire.errors import RequestRefused


def with_files() -> DeviceClient:
    client = DeviceClient()
    client.files |= {"\\a.txt": bytearray(b"alpha"), "\\d": None, "\\d\\b.txt": bytearray(b"beta!"), "\\e": None}
    return client


async def test_whole_files() -> None:
    client = with_files()
    async with open_drive(client) as drive:
        assert await drive.read_bytes("a.txt") == b"alpha"
        assert await drive.read_bytes("/d/b.txt") == b"beta!"
        assert await drive.read_bytes("d\\b.txt") == b"beta!"
        assert await drive.write_bytes("d/new", memoryview(b"fresh")) == 5
        assert await drive.write_bytes("a.txt", b"A") == 1
    assert client.content("\\d\\new") == b"fresh"
    assert client.content("\\a.txt") == b"A"
    assert not client.opened


async def test_listing() -> None:
    async with open_drive(with_files()) as drive:
        assert await drive.listdir() == ["a.txt", "d", "e"]
        assert await drive.listdir("d") == ["b.txt"]
        assert await drive.listdir("e") == []


async def test_stat() -> None:
    async with open_drive(with_files()) as drive:
        found = await drive.stat("a.txt")
        assert (found.name, found.size, found.allocated, found.is_file, found.is_read_only) == (
            "a.txt",
            5,
            4096,
            True,
            True,
        )
        assert found.created == found.modified == datetime(2022, 6, 18, 4, 26, 40, tzinfo=UTC)
        assert found.accessed is None
        assert found.changed is None
        assert found.attributes == FileAttributes.READONLY
        assert (await drive.stat("d")).is_directory
        assert (await drive.stat("")).is_directory
        assert await drive.exists("d/b.txt")
        assert not await drive.exists("d/c.txt")
        assert not await drive.exists("nowhere/c.txt")


async def test_names_change() -> None:
    client = with_files()
    async with open_drive(client) as drive:
        await drive.rename("a.txt", "d/c.txt")
        assert await drive.listdir("d") == ["b.txt", "c.txt"]
        with pytest.raises(FileExistsError, match=r"it exists already \(OBJECT_NAME_COLLISION\): 'd/c.txt'"):
            await drive.rename("d/c.txt", "d/b.txt")
        await drive.rename("d/c.txt", "d/b.txt", replace=True)
        assert await drive.read_bytes("d/b.txt") == b"alpha"
        await drive.unlink("d/b.txt")
        await drive.rmdir("d")
        await drive.mkdir("f")
        await drive.mkdir("f/g")
        await drive.mkdir("f", exist_ok=True)
        with pytest.raises(FileExistsError):
            await drive.mkdir("f")
        with pytest.raises(OSError, match="the directory is not empty") as caught:
            await drive.rmdir("f")
        assert caught.value.errno == errno.ENOTEMPTY
        assert await drive.listdir() == ["e", "f"]
    assert not client.opened


async def test_renaming_never_replaces_unasked() -> None:
    """rdesktop 1.9 replaces what is there whether it should or not."""
    client = with_files()
    client.replaces_anyway = True
    async with open_drive(client) as drive:
        with pytest.raises(FileExistsError):
            await drive.rename("a.txt", "d/b.txt")
        await drive.rename("a.txt", "A.TXT")
        assert client.content("\\d\\b.txt") == b"beta!"


async def test_a_directory_that_was_renamed_and_is_not_empty() -> None:
    """FreeRDP 2.11 does what it is asked, and says that it did not."""
    client = with_files()
    client.refuses_afterwards = True
    async with open_drive(client) as drive:
        await drive.rename("e", "f")
        assert await drive.listdir() == ["a.txt", "d", "f"]
        client.refuse[rdpdr.SetInformationRequest] = rdpdr.NtStatus.DIRECTORY_NOT_EMPTY
        with pytest.raises(OSError, match="not empty"):
            await drive.rename("f", "g")


async def test_refusals_are_os_errors() -> None:
    async with open_drive(with_files()) as drive:
        with pytest.raises(FileNotFoundError) as caught:
            await drive.open("no.txt")
        error = caught.value
        assert isinstance(error, RemoteDeviceError)
        assert isinstance(error, RequestRefused)
        assert (error.errno, error.filename, error.code) == (errno.ENOENT, "no.txt", 0xC0000034)
        with pytest.raises(IsADirectoryError):
            await drive.unlink("d")
        with pytest.raises(NotADirectoryError):
            await drive.rmdir("a.txt")


@pytest.mark.parametrize("path", ["../x", "d/../../x", "a\0b"])
async def test_paths_that_name_nothing(path: str) -> None:
    async with open_drive(with_files()) as drive:
        for call in (drive.open, drive.stat, drive.listdir, drive.unlink):
            with pytest.raises(ValueError, match=r"null|a drive has no"):
                await call(path)


async def test_volume() -> None:
    async with open_drive(with_files()) as drive:
        volume = await drive.volume()
    assert (volume.label, volume.serial_number, volume.file_system, volume.max_name_length) == ("data", 7, "memfs", 255)
    assert (volume.total, volume.free) == (1000 * 4096, 400 * 4096)


async def test_the_client_takes_the_drive_away(nursery: trio.Nursery) -> None:
    client = with_files()
    async with open_drive(client) as drive:
        file = await drive.open("a.txt")
        client.hold = lambda _: True
        errors: list[OSError] = []

        async def read() -> None:
            with pytest.raises(OSError, match="has taken the device away") as caught:
                await file.read()
            errors.append(caught.value)

        nursery.start_soon(read)
        await trio.testing.wait_all_tasks_blocked()
        await client.channel.send(rdpdr.DeviceListRemove(device_ids=[drive.id]).encode())
        await trio.testing.wait_all_tasks_blocked()
        assert [error.errno for error in errors] == [errno.ENODEV]
        assert not drive.is_present
        assert "gone" in repr(drive)
        with pytest.raises(OSError, match="DEVICE_REMOVED"):
            await drive.stat("")
        await file.aclose()  # says nothing: there is nothing left to close


async def test_a_drive_that_comes_again_is_another_one() -> None:
    client = with_files()
    async with open_devices(client) as devices:
        client.devices = [
            rdpdr.DeviceAnnounce(
                device_type=rdpdr.DeviceType.FILE_SYSTEM, device_id=1, preferred_dos_name="x", device_data=b"old\0"
            )
        ]
        first = await devices.wait_drive()
        assert first.name == "old"  # rdesktop 1.9 sends bytes
        await client.channel.send(rdpdr.DeviceListRemove(device_ids=[1]).encode())
        client.devices[0].device_data = b""
        await client.channel.send(client.announcement())
        second = await devices.wait_drive("x")
        assert isinstance(second, RemoteDrive)
        assert (first.is_present, second.is_present) == (False, True)
        with pytest.raises(OSError, match="DEVICE_REMOVED"):
            await first.stat("a.txt")
        assert (await second.stat("a.txt")).size == 5
