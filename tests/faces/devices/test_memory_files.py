"""Files in memory: a file system like any other, with a capacity."""

from __future__ import annotations

import errno

import pytest
import trio
import trio.testing

from trio_rdp.channels.rdpdr.directory import FileAction
from trio_rdp.faces.devices.file_systems import Change, TooManyChanges, VolumeUsage
from trio_rdp.faces.devices.memory_files import MemoryFileSystem


def number(caught: pytest.ExceptionInfo[OSError]) -> int | None:
    return caught.value.errno


async def test_reading_and_writing() -> None:
    files = MemoryFileSystem({"a/b.txt": b"hello"})
    handle = await files.open("A/B.TXT", write=True)
    assert await handle.read(1, 100) == b"ello"
    assert await handle.write(7, b"there") == 5
    assert await handle.append(b"!") == 1
    assert files.files() == {"a/b.txt": b"hello\0\0there!"}
    await handle.truncate(2)
    await handle.truncate(4)
    assert files.files() == {"a/b.txt": b"he\0\0"}
    assert (await handle.stat()).size == (await files.stat("a/b.txt")).size == 4
    await handle.aclose()
    with pytest.raises(OSError, match="Bad file") as caught:
        await (await files.open("a/b.txt")).write(0, b"x")
    assert number(caught) == errno.EBADF


async def test_opening() -> None:
    files = MemoryFileSystem({"f": b"data", "d/x": b""})
    with pytest.raises(FileNotFoundError):
        await files.open("g")
    with pytest.raises(FileNotFoundError):
        await files.open("nowhere/g", create=True, write=True)
    with pytest.raises(NotADirectoryError):
        await files.stat("f/inside")
    with pytest.raises(NotADirectoryError):
        await files.listdir("f")
    with pytest.raises(IsADirectoryError):
        await files.open("d")
    with pytest.raises(FileExistsError):
        await files.open("F", create=True, exclusive=True)
    await files.open("f", truncate=True)
    await files.open("new", create=True, write=True)
    assert files.files() == {"f": b"", "d/x": b"", "new": b""}
    await files.set_status("f", is_read_only=True)
    with pytest.raises(PermissionError):
        await files.open("f", write=True)
    with pytest.raises(PermissionError):
        await files.unlink("f")


async def test_directories() -> None:
    files = MemoryFileSystem({"d/x": b""})
    assert set(await files.listdir("")) == {"d"}
    await files.mkdir("D2")
    assert (await files.listdir(""))["D2"].is_directory
    with pytest.raises(FileExistsError):
        await files.mkdir("d2")
    with pytest.raises(OSError, match="not empty"):
        await files.rmdir("d")
    with pytest.raises(IsADirectoryError):
        await files.unlink("d")
    await files.unlink("d/x")
    await files.rmdir("d")
    await files.rmdir("d2")
    assert await files.listdir("") == {}
    with pytest.raises(OSError, match="busy"):
        await files.rmdir("")


async def test_renaming() -> None:
    files = MemoryFileSystem({"a": b"1", "b": b"2", "d/x": b"3"})
    with pytest.raises(FileExistsError):
        await files.rename("a", "B")
    await files.rename("a", "B", replace=True)
    assert files.files() == {"B": b"1", "d/x": b"3"}
    await files.rename("B", "b")
    await files.rename("d", "e")
    await files.rename("b", "e/b")
    assert files.files() == {"e/x": b"3", "e/b": b"1"}
    for path, target in (("", "x"), ("e", "e/e")):
        with pytest.raises(OSError, match="Invalid"):
            await files.rename(path, target)
    await files.mkdir("f")
    with pytest.raises(IsADirectoryError):
        await files.rename("e/x", "f", replace=True)


async def test_statuses() -> None:
    files = MemoryFileSystem({"a": b"1"})
    await files.set_status("a", created_ns=1, accessed_ns=2, modified_ns=3, is_hidden=True)
    status = await files.stat("a")
    assert (status.created_ns, status.accessed_ns, status.modified_ns) == (1, 2, 3)
    assert status.is_hidden
    assert not status.is_read_only


async def test_how_much_it_holds() -> None:
    files = MemoryFileSystem({"a": b"1234"}, capacity=10, entries=2)
    assert await files.usage() == VolumeUsage(total=10, free=6)
    handle = await files.open("a", write=True)
    for write in (handle.write(8, b"123"), handle.truncate(11), handle.write(1 << 62, b"x")):
        with pytest.raises(OSError, match="space") as caught:
            await write
        assert number(caught) == errno.ENOSPC
    await handle.write(4, b"567890")
    assert (await files.usage()).free == 0
    await files.mkdir("b")
    with pytest.raises(OSError, match="space"):
        await files.mkdir("c")
    await files.unlink("a")
    assert (await files.usage()).free == 10
    with pytest.raises(FileNotFoundError):
        await handle.write(0, b"nobody sees this")
    await files.mkdir("c")


async def test_read_only() -> None:
    files = MemoryFileSystem({"a": b"1"}, read_only=True)
    assert await (await files.open("a")).read(0, 1) == b"1"
    for doing in (
        files.open("a", write=True),
        files.mkdir("b"),
        files.unlink("a"),
        files.rmdir("a"),
        files.rename("a", "b"),
        files.set_status("a"),
    ):
        with pytest.raises(OSError, match="Read-only"):
            await doing


async def test_watching() -> None:
    files = MemoryFileSystem({"d/x": b"", "y": b""})
    shallow, deep = files.watch("", recursive=False), files.watch("D", recursive=True)
    handle = await files.open("d/x", write=True)
    await handle.write(0, b"1")
    await handle.write(1, b"2")
    await files.rename("y", "z")
    await files.mkdir("d/e")
    await files.unlink("z")
    assert await deep.changes() == [Change(FileAction.MODIFIED, "x"), Change(FileAction.ADDED, "e", is_directory=True)]
    assert await shallow.changes() == [
        Change(FileAction.RENAMED_OLD_NAME, "y"),
        Change(FileAction.RENAMED_NEW_NAME, "z"),
        Change(FileAction.REMOVED, "z"),
    ]
    with trio.move_on_after(0.01) as scope:
        await deep.changes()
    assert scope.cancelled_caught
    await deep.aclose()
    await files.unlink("d/x")


async def test_more_changes_than_are_kept() -> None:
    files = MemoryFileSystem()
    watch = files.watch("", recursive=False)
    for name in range(1001):
        await files.mkdir(f"{name}")
    with pytest.raises(TooManyChanges):
        await watch.changes()
    await files.mkdir("one more")
    assert len(await watch.changes()) == 1
