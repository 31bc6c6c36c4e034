"""`DirectoryListing` and `DriveWatch`: what is in a directory, and what changes there."""

from __future__ import annotations

import errno
import logging

import pytest
import trio
import trio.testing

from tests.device_client import DeviceClient, open_drive
from trio_rdp.channels import rdpdr
from trio_rdp.faces.remote_devices.directories import DriveChange
from trio_rdp.protocol.limits import Limits

Change = rdpdr.FileNotifyInformation
Action = rdpdr.FileAction


def with_files() -> DeviceClient:
    client = DeviceClient()
    client.files |= {"\\in": None, "\\in\\one": bytearray(b"1"), "\\in\\sub": None}
    return client


async def test_entries() -> None:
    async with open_drive(with_files()) as drive, drive.scandir("in") as entries:
        found = [entry async for entry in entries]
        with pytest.raises(StopAsyncIteration):
            await entries.__anext__()
    assert [(entry.name, entry.is_directory, entry.size) for entry in found] == [("one", False, 1), ("sub", True, 0)]
    assert found[0].attributes == rdpdr.FileAttributes.NORMAL


async def test_leaving_early_closes() -> None:
    client = with_files()
    async with open_drive(client) as drive:
        async with drive.scandir("in") as entries:
            async for _ in entries:
                break
        assert not client.opened


async def test_patterns() -> None:
    client = with_files()
    async with open_drive(client) as drive:
        async with drive.scandir("in", "*.t?t") as entries:
            await entries.__anext__()
        asked = [message.path for message in client.heard if isinstance(message, rdpdr.QueryDirectoryRequest)]
        assert asked[0] == "\\in\\*.t?t"
        for directory, pattern in (("in*", "*"), ("in", "a/b"), ("in", "")):
            with pytest.raises(ValueError, match="pattern"):
                drive.scandir(directory, pattern)


async def test_outside_its_block() -> None:
    async with open_drive(with_files()) as drive:
        with pytest.raises(RuntimeError):
            await drive.scandir().__anext__()
        with pytest.raises(RuntimeError):
            await drive.watch().__anext__()


@pytest.mark.parametrize("status", [rdpdr.NtStatus.NO_SUCH_FILE, rdpdr.NtStatus.NO_MORE_FILES])
async def test_nothing_there(status: rdpdr.NtStatus) -> None:
    client = with_files()
    client.refuse[rdpdr.QueryDirectoryRequest] = status
    async with open_drive(client) as drive:
        assert await drive.listdir("in") == []
        client.refuse[rdpdr.QueryDirectoryRequest] = rdpdr.NtStatus.ACCESS_DENIED
        with pytest.raises(PermissionError, match="in"):
            await drive.listdir("in")


async def test_names_that_would_lead_elsewhere(caplog: pytest.LogCaptureFixture) -> None:
    client = with_files()
    client.files |= {"\\in\\up/../../etc": bytearray(), "\\in\\" + "x" * 300: bytearray()}
    async with open_drive(client) as drive:
        assert await drive.listdir("in") == ["one", "sub"]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "which is left out" in caplog.text


async def test_a_client_that_lists_for_ever() -> None:
    client = with_files()
    client.files |= {f"\\in\\{number}": bytearray() for number in range(100)}
    async with open_drive(client, Limits(device_entries=50)) as drive:
        with pytest.raises(OSError, match="more than 50 entries") as caught:
            await drive.listdir("in")
        assert caught.value.errno == errno.EOVERFLOW
        assert not client.opened


async def test_changes(nursery: trio.Nursery) -> None:
    client = with_files()
    async with open_drive(client) as drive:
        seen: list[DriveChange] = []
        over = trio.Event()

        async def watch() -> None:
            async with drive.watch("in", recursive=True) as changes:
                async for change in changes:
                    seen.append(change)  # noqa: PERF401
            over.set()

        nursery.start_soon(watch)
        await trio.testing.wait_all_tasks_blocked()
        renamed = [
            Change(action=Action.RENAMED_OLD_NAME, file_name="a"),
            Change(action=Action.RENAMED_NEW_NAME, file_name="b"),
        ]
        elsewhere = Change(action=Action.ADDED, file_name="..\\..\\etc")
        await client.notify(elsewhere, Change(action=Action.ADDED, file_name="sub\\new"))
        await trio.testing.wait_all_tasks_blocked()
        await client.notify(*renamed)
        await trio.testing.wait_all_tasks_blocked()
        for status in (rdpdr.NtStatus.NOTIFY_ENUM_DIR, rdpdr.NtStatus.SUCCESS):
            await client.notify(status=status)
            await trio.testing.wait_all_tasks_blocked()
        assert seen == [
            DriveChange(Action.ADDED, "in/sub/new"),
            DriveChange(Action.RENAMED_OLD_NAME, "in/a"),
            DriveChange(Action.RENAMED_NEW_NAME, "in/b"),
            DriveChange(None, "in"),
            DriveChange(None, "in"),
        ]
        request = next(m for m in client.heard if isinstance(m, rdpdr.NotifyChangeDirectoryRequest))
        assert request.watch_tree
        assert rdpdr.CompletionFilter.LAST_WRITE in request.completion_filter
        await client.notify(status=rdpdr.NtStatus.NOTIFY_CLEANUP)
        await over.wait()
        assert not client.opened


async def test_a_cancelled_wait_loses_no_change(autojump_clock: trio.testing.MockClock) -> None:
    client = with_files()
    async with open_drive(client) as drive, drive.watch(only=rdpdr.CompletionFilter.FILE_NAME) as changes:
        with trio.move_on_after(1) as scope:
            await changes.__anext__()
        assert scope.cancelled_caught
        await client.notify(Change(action=Action.REMOVED, file_name="x"), Change(action=Action.ADDED, file_name="y"))
        assert await changes.__anext__() == DriveChange(Action.REMOVED, "x")
        assert await changes.__anext__() == DriveChange(Action.ADDED, "y")
        assert sum(isinstance(message, rdpdr.NotifyChangeDirectoryRequest) for message in client.heard) == 2


@pytest.mark.parametrize("status", [rdpdr.NtStatus.NOT_SUPPORTED, rdpdr.NtStatus.SUCCESS])
async def test_a_client_that_cannot_watch(status: rdpdr.NtStatus) -> None:
    """rdesktop 1.9 says at once that something has changed, and not what."""
    client = with_files()
    client.refuse[rdpdr.NotifyChangeDirectoryRequest] = status
    async with open_drive(client) as drive, drive.watch() as changes:
        with pytest.raises(OSError, match="does not support it"):
            await changes.__anext__()
