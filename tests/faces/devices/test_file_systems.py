"""What file systems have in common: what they do not do by themselves, and watching by looking."""

from __future__ import annotations

import errno
from collections.abc import Mapping

import pytest
import trio
import trio.testing

from trio_rdp.channels.rdpdr.directory import FileAction
from trio_rdp.faces.devices.file_systems import (
    BytesHandle,
    Change,
    FileHandle,
    FileStatus,
    FileSystem,
    PollingWatch,
    TooManyChanges,
    VolumeUsage,
)
from trio_rdp.faces.devices.memory_files import MemoryFileSystem


class Greetings(FileSystem):
    """The least that a file system does."""

    async def stat(self, path: str) -> FileStatus:
        return FileStatus(is_directory=True) if path == "" else FileStatus(size=len(f"hello {path}"))

    async def listdir(self, path: str) -> Mapping[str, FileStatus]:
        return {"world": await self.stat("world")}

    async def open(
        self, path: str, *, write: bool = False, create: bool = False, exclusive: bool = False, truncate: bool = False
    ) -> FileHandle:
        return BytesHandle(f"hello {path}".encode())


async def test_what_cannot_be_written() -> None:
    greetings = Greetings()
    assert greetings.is_read_only
    handle = await greetings.open("you")
    for doing in (
        greetings.mkdir("a"),
        greetings.unlink("a"),
        greetings.rmdir("a"),
        greetings.rename("a", "b"),
        greetings.set_status("a", modified_ns=1),
        handle.write(0, b"x"),
        handle.append(b"x"),
        handle.truncate(0),
    ):
        with pytest.raises(OSError, match="Read-only") as caught:
            await doing
        assert caught.value.errno == errno.EROFS
    assert await greetings.usage() == VolumeUsage(total=1 << 30, free=0)


async def test_a_handle_of_bytes() -> None:
    handle = BytesHandle(b"hello")
    assert await handle.read(1, 3) == b"ell"
    assert await handle.read(5, 3) == b""
    assert (await handle.stat()).size == 5
    await handle.aclose()


async def test_changes_are_found_by_looking(autojump_clock: trio.testing.MockClock, nursery: trio.Nursery) -> None:
    files = MemoryFileSystem({"a": b"1", "b": b"2", "d/inner": b""})
    watch = PollingWatch(files, "", recursive=False)
    found: list[list[Change]] = []

    async def look() -> None:
        while True:
            found.append(await watch.changes())

    nursery.start_soon(look)
    await trio.sleep(5)
    assert found == []
    await files.unlink("a")
    await files.mkdir("c")
    await (await files.open("b", write=True)).write(0, b"changed")
    await (await files.open("d/inner", write=True)).write(0, b"not looked at")
    await trio.sleep(5)
    assert found == [
        [
            Change(FileAction.REMOVED, "a"),
            Change(FileAction.ADDED, "c", is_directory=True),
            Change(FileAction.MODIFIED, "b"),
        ]
    ]
    nursery.cancel_scope.cancel()


async def test_looking_deeper(autojump_clock: trio.testing.MockClock) -> None:
    files = MemoryFileSystem({"top/d/inner": b"", "elsewhere": b""})
    watch = PollingWatch(files, "top", recursive=True)
    with trio.move_on_after(1):
        await watch.changes()
    await (await files.open("top/d/inner", write=True)).write(0, b"x")
    assert await watch.changes() == [Change(FileAction.MODIFIED, "d/inner")]
    await watch.aclose()


async def test_too_much_to_look_at(autojump_clock: trio.testing.MockClock) -> None:
    files = MemoryFileSystem({str(number): b"" for number in range(10)})
    watch = PollingWatch(files, "", recursive=False, limit=5)
    for _ in range(2):
        with pytest.raises(TooManyChanges):
            await watch.changes()
    with pytest.raises(FileNotFoundError):
        await PollingWatch(files, "nowhere", recursive=False).changes()
