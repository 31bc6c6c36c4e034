"""`FileSystem` and `FileHandle`: what a drive lends to a server.

Make your own, or use `MemoryFileSystem` or `DirectoryFileSystem`.

class Greetings(FileSystem):
    async def stat(self, path: str) -> FileStatus:
        if path == "":
            return FileStatus(is_directory=True)
        return FileStatus(size=len(f"hello {path}"))

    async def listdir(self, path: str) -> dict[str, FileStatus]:
        return {"world": await self.stat("world")}

    async def open(self, path: str, **mode: bool) -> FileHandle:
        return BytesHandle(f"hello {path}".encode())
"""

from __future__ import annotations

import abc
import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass

import trio

from trio_rdp.channels.rdpdr.directory import FileAction

__all__ = [
    "BytesHandle",
    "Change",
    "FileHandle",
    "FileStatus",
    "FileSystem",
    "PollingWatch",
    "TooManyChanges",
    "VolumeUsage",
    "Watch",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStatus:
    """What there is to know of a file or a directory; sizes in bytes, times in nanoseconds since 1970."""

    is_directory: bool = False
    size: int = 0
    allocated: int | None = None
    """Bytes on the disk, where they are known."""
    created_ns: int = 0
    accessed_ns: int = 0
    modified_ns: int = 0
    changed_ns: int = 0
    is_read_only: bool = False
    is_hidden: bool = False
    links: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeUsage:
    """How much a file system holds, and how much more it would take, in bytes."""

    total: int
    free: int


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened in a directory; `path` is relative to it."""

    action: FileAction
    path: str
    is_directory: bool = False


class TooManyChanges(Exception):
    """More happened than a watch tells one by one: whoever wants to know lists the directory."""


class Watch(abc.ABC):
    """Tells what changes in a directory, from its making on."""

    @abc.abstractmethod
    async def changes(self) -> list[Change]:
        """Wait for changes and give them, each once; raises `TooManyChanges`.  Cancelling loses none."""

    async def aclose(self) -> None:  # noqa: B027
        """Stop watching."""


class FileHandle(abc.ABC):
    """An open file.  Its methods are called by one task at a time, and may be cancelled; errors are `OSError`s."""

    @abc.abstractmethod
    async def read(self, offset: int, size: int) -> bytes:
        """Read at most `size` bytes; none at or behind the end."""

    @abc.abstractmethod
    async def stat(self) -> FileStatus:
        """What the file is like now."""

    async def write(self, offset: int, data: bytes) -> int:
        """Write at a place, which may be behind the end; gives how many bytes were written."""
        raise _read_only()

    async def append(self, data: bytes) -> int:
        """Write at the end."""
        return await self.write((await self.stat()).size, data)

    async def truncate(self, size: int) -> None:
        """Make the file shorter, or longer by zeros."""
        raise _read_only()

    async def aclose(self) -> None:  # noqa: B027
        """Close the file; called once, in a scope that is shielded for a moment where the session ends."""


class FileSystem(abc.ABC):
    """A tree of files.

    Paths have "/" between their names and none at the beginning; "" is the root.  They were checked: no name is empty,
    ".", "..", or has a "/", "\\", ":" or a control character.  Servers of Windows expect names to be found whatever
    their case.  Errors are `OSError`s with an `errno`, or of its subclasses: the server is told what they say.  Other
    exceptions are logged, and the server is told that the request failed.

    Three methods are enough for what can only be read.  Different files are used by different tasks at once.
    """

    is_read_only: bool = True
    """Whether a server is told that nothing can be written."""
    label: str = ""
    """The volume's name; the drive's name where it is empty."""
    type_name: str = "NTFS"
    """What the file system says it is; programs believe only in names they know, and that FAT32 ends at 4 GB."""
    longest_name: int = 255

    @abc.abstractmethod
    async def stat(self, path: str) -> FileStatus:
        """What a file or a directory is like; `FileNotFoundError` where there is none."""

    @abc.abstractmethod
    async def listdir(self, path: str) -> Mapping[str, FileStatus]:
        """The names in a directory, without "." and "..", with what `stat` would say of them."""

    @abc.abstractmethod
    async def open(
        self, path: str, *, write: bool = False, create: bool = False, exclusive: bool = False, truncate: bool = False
    ) -> FileHandle:
        """Open a file to read it, and also to `write` it.

        With `create` it is made where there is none, with `exclusive` too it must be (`FileExistsError`); with
        `truncate` what is there is emptied.
        """

    async def mkdir(self, path: str) -> None:
        """Make a directory; `FileExistsError` where there is something."""
        raise _read_only()

    async def unlink(self, path: str) -> None:
        """Remove a file."""
        raise _read_only()

    async def rmdir(self, path: str) -> None:
        """Remove a directory; it must be empty (ENOTEMPTY)."""
        raise _read_only()

    async def rename(self, path: str, target: str, *, replace: bool = False) -> None:
        """Give a file or a directory another path; with `replace` a file may be there already."""
        raise _read_only()

    async def set_status(
        self,
        path: str,
        *,
        created_ns: int | None = None,
        accessed_ns: int | None = None,
        modified_ns: int | None = None,
        is_read_only: bool | None = None,
        is_hidden: bool | None = None,
    ) -> None:
        """Set what is given, as far as the file system can: what it does not have it lets be."""
        raise _read_only()

    async def usage(self) -> VolumeUsage:
        """How full it is."""
        return VolumeUsage(total=1 << 30, free=0)

    def watch(self, path: str, *, recursive: bool) -> Watch:
        """Tell of changes in a directory; unless you know better they are found by looking every two seconds."""
        return PollingWatch(self, path, recursive=recursive)


class BytesHandle(FileHandle):
    """An open file whose bytes are known already; read only."""

    def __init__(self, data: bytes, status: FileStatus | None = None) -> None:
        self._data = data
        self._status = status or FileStatus(size=len(data), is_read_only=True)

    async def read(self, offset: int, size: int) -> bytes:
        await trio.lowlevel.checkpoint()
        return self._data[offset : offset + size]

    async def stat(self) -> FileStatus:
        await trio.lowlevel.checkpoint()
        return self._status


class PollingWatch(Watch):
    """Finds changes by listing a directory again and again, `interval` seconds apart.

    With more than `limit` files it tells only that something may have changed.
    """

    def __init__(
        self, file_system: FileSystem, path: str, *, recursive: bool, interval: float = 2.0, limit: int = 10_000
    ) -> None:
        self._file_system = file_system
        self._path = path
        self._recursive = recursive
        self._interval = interval
        self._limit = limit
        self._known: dict[str, FileStatus] | None = None
        self._has_overflowed = False

    async def changes(self) -> list[Change]:
        if self._known is None and not self._has_overflowed:
            await self._look()
        while True:
            await trio.sleep(self._interval)
            before = self._known
            await self._look()
            if self._known is None or before is None:
                raise TooManyChanges
            if found := _differences(before, self._known):
                return found

    async def _look(self) -> None:
        """Remember what is there, or nothing where that is too much."""
        found: dict[str, FileStatus] = {}
        waiting = [""]
        while waiting:
            directory = waiting.pop()
            try:
                entries = await self._file_system.listdir(_join(self._path, directory))
            except OSError:
                if not directory:
                    raise
                continue  # a directory inside may have gone meanwhile
            if len(found) + len(entries) > self._limit:
                self._known, self._has_overflowed = None, True
                return
            for name, status in entries.items():
                path = _join(directory, name)
                found[path] = status
                if status.is_directory and self._recursive:
                    waiting.append(path)
        self._known, self._has_overflowed = found, False


def _differences(before: dict[str, FileStatus], after: dict[str, FileStatus]) -> list[Change]:
    removed = [Change(FileAction.REMOVED, path, before[path].is_directory) for path in before if path not in after]
    added = [Change(FileAction.ADDED, path, after[path].is_directory) for path in after if path not in before]
    modified = [
        Change(FileAction.MODIFIED, path, status.is_directory)
        for path, status in after.items()
        if path in before and _essence(before[path]) != _essence(status)
    ]
    return removed + added + modified


def _essence(status: FileStatus) -> tuple[object, ...]:
    """What counts as a change: reading a file is none, and neither is what happens inside a directory."""
    if status.is_directory:
        return (True, status.is_read_only, status.is_hidden)
    return (False, status.size, status.modified_ns, status.is_read_only, status.is_hidden)


def _join(directory: str, name: str) -> str:
    return f"{directory}/{name}" if directory and name else directory or name


def _read_only() -> OSError:
    return OSError(errno.EROFS, os.strerror(errno.EROFS))
