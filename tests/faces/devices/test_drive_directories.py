"""Changes that a drive tells of: as they happen, those of between, until the directory is closed; and long lists."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing

from tests.device_link import ServerEnd, linked
from trio_rdp.channels import rdpdr
from trio_rdp.channels.rdpdr.directory import FileAction
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.faces.devices.drives import Drive
from trio_rdp.faces.devices.file_systems import FileSystem, PollingWatch, Watch
from trio_rdp.faces.devices.memory_files import MemoryFileSystem
from trio_rdp.protocol.limits import Limits

ALL = rdpdr.CompletionFilter(0xFFF)
NAMES = rdpdr.CompletionFilter.FILE_NAME


async def notify(server: ServerEnd, directory: int, wanted: rdpdr.CompletionFilter = ALL, *, tree: bool = False) -> int:
    number = await server.send(rdpdr.NotifyChangeDirectoryRequest, directory, watch_tree=tree, completion_filter=wanted)
    await trio.testing.wait_all_tasks_blocked()
    return number


def changes(answer: Any) -> list[tuple[FileAction, str]]:
    assert answer.io_status == NtStatus.SUCCESS
    return [(change.action, change.file_name) for change in rdpdr.decode_changes(answer.buffer)]


async def test_changes_are_told_as_they_happen() -> None:
    files = MemoryFileSystem({"d/e/f": b""})
    async with linked(Drive("share", files, Limits())) as (_, server):
        root = await server.open("")
        await notify(server, root, tree=True)
        await files.mkdir("d/new")
        assert changes(await server.hear()) == [(FileAction.ADDED, "d\\new")]
        # What happens between two requests is told to the second.
        await files.rename("d/new", "d/old")
        await files.unlink("d/e/f")
        await notify(server, root, tree=True)
        assert changes(await server.hear()) == [
            (FileAction.RENAMED_OLD_NAME, "d\\new"),
            (FileAction.RENAMED_NEW_NAME, "d\\old"),
            (FileAction.REMOVED, "d\\e\\f"),
        ]


async def test_only_what_was_asked_for() -> None:
    files = MemoryFileSystem({"f": b"", "d/x": b""})
    async with linked(Drive("share", files, Limits())) as (_, server):
        root = await server.open("")
        await notify(server, root, NAMES)
        await files.mkdir("other")
        await (await files.open("f", write=True)).write(0, b"x")
        await files.unlink("d/x")
        await trio.testing.wait_all_tasks_blocked()
        await files.unlink("f")
        assert changes(await server.hear()) == [(FileAction.REMOVED, "f")]
        # Another depth is another watch.
        await notify(server, root, tree=True)
        await files.mkdir("d/deep")
        assert changes(await server.hear()) == [(FileAction.ADDED, "d\\deep")]


async def test_closing_the_directory_ends_the_wait_without_changes() -> None:
    async with linked(Drive("share", MemoryFileSystem(), Limits())) as (_, server):
        root = await server.open("")
        first, second = await notify(server, root), await notify(server, root)
        closing = await server.send(rdpdr.CloseRequest, root)
        answers = {answer.completion_id: answer for answer in [await server.hear() for _ in range(3)]}
        for number in (first, second):
            assert (answers[number].io_status, answers[number].buffer) == (NtStatus.SUCCESS, b"")
        assert answers[closing].io_status == NtStatus.SUCCESS


async def test_a_file_is_not_watched() -> None:
    async with linked(Drive("share", MemoryFileSystem({"f": b""}), Limits())) as (_, server):
        await notify(server, await server.open("\\f"))
        assert (await server.hear()).io_status == NtStatus.INVALID_PARAMETER


async def test_too_many_changes_and_too_many_watches() -> None:
    files = MemoryFileSystem()
    async with linked(Drive("share", files, Limits(lent_watches=1))) as (_, server):
        first, second = await server.open(""), await server.open("")
        await notify(server, first)
        await notify(server, second)
        assert (await server.hear()).io_status == NtStatus.INSUFFICIENT_RESOURCES
        await files.mkdir("0")
        await server.hear()
        for number in range(1, 1200):
            await files.mkdir(f"{number}")
        await notify(server, first)
        assert (await server.hear()).io_status == NtStatus.NOTIFY_ENUM_DIR


async def test_changes_that_do_not_fit() -> None:
    files = MemoryFileSystem()
    async with linked(Drive("share", files, Limits())) as (_, server):
        root = await server.open("")
        await notify(server, root)
        await files.mkdir("0")
        await server.hear()
        for number in range(400):
            await files.mkdir(f"{number:0200}")
        await notify(server, root)
        assert (await server.hear()).io_status == NtStatus.NOTIFY_ENUM_DIR


async def test_by_looking(autojump_clock: trio.testing.MockClock) -> None:
    class Plain(MemoryFileSystem):
        def watch(self, path: str, *, recursive: bool) -> Watch:
            return FileSystem.watch(self, path, recursive=recursive)

    files = Plain({"d/x": b""})
    assert isinstance(files.watch("", recursive=False), PollingWatch)
    async with linked(Drive("share", files, Limits())) as (_, server):
        directory = await server.open("\\d")
        await notify(server, directory)
        await files.unlink("d/x")
        assert changes(await server.hear()) == [(FileAction.REMOVED, "x")]


async def test_a_long_list() -> None:
    files = MemoryFileSystem({f"file {number:04}": b"" for number in range(1000)})
    async with linked(Drive("share", files, Limits())) as (_, server):
        assert await server.list("\\*") == sorted(files.files())
        assert await server.list("\\*7") == [f"file {number:04}" for number in range(7, 1000, 10)]


@pytest.mark.parametrize("name", ["a:b", "x*"])
async def test_names_that_a_server_could_not_ask_for_are_not_told(name: str) -> None:
    async with linked(Drive("share", MemoryFileSystem({name: b"", "good": b""}), Limits())) as (_, server):
        assert await server.list("\\*") == ["good"]
