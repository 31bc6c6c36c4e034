"""`MemoryFileSystem`: files that are nowhere but in memory, for a drive.

drive = session.devices.add_drive("notes", MemoryFileSystem({"hello.txt": b"hello"}))
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import trio

from trio_rdp.channels.rdpdr.directory import FileAction
from trio_rdp.faces.devices.file_systems import (
    Change,
    FileHandle,
    FileStatus,
    FileSystem,
    TooManyChanges,
    VolumeUsage,
    Watch,
)

__all__ = ["MemoryFileSystem"]

_CHANGE_LIMIT = 1000


@dataclass(slots=True, eq=False)
class _Node:
    """A file, or a directory: then `children` has its nodes under their folded names."""

    name: str
    data: bytearray = field(default_factory=bytearray)
    children: dict[str, _Node] | None = None
    created_ns: int = 0
    accessed_ns: int = 0
    modified_ns: int = 0
    changed_ns: int = 0
    is_read_only: bool = False
    is_hidden: bool = False
    is_removed: bool = False

    def status(self) -> FileStatus:
        return FileStatus(
            is_directory=self.children is not None,
            size=len(self.data),
            created_ns=self.created_ns,
            accessed_ns=self.accessed_ns,
            modified_ns=self.modified_ns,
            changed_ns=self.changed_ns,
            is_read_only=self.is_read_only,
            is_hidden=self.is_hidden,
        )


class MemoryFileSystem(FileSystem):
    """Files in memory, at most `capacity` bytes and `entries` names; names are found whatever their case.

    `files` maps paths to their first contents; the directories between are made.
    """

    def __init__(
        self,
        files: Mapping[str, bytes] | None = None,
        *,
        read_only: bool = False,
        capacity: int = 64 << 20,
        entries: int = 10_000,
    ) -> None:
        self.is_read_only = read_only
        self._capacity = capacity
        self._entry_limit = entries
        self._used = 0
        self._entries = 0
        self._root = self._new("", is_directory=True)
        self._watches: list[_MemoryWatch] = []
        for path, data in (files or {}).items():
            self._add(path, data)

    def files(self) -> dict[str, bytes]:
        """The contents of all files, by path."""
        return {path: bytes(node.data) for path, node in _walk(self._root, "") if node.children is None}

    async def stat(self, path: str) -> FileStatus:
        await trio.lowlevel.checkpoint()
        return self._find(path).status()

    async def listdir(self, path: str) -> Mapping[str, FileStatus]:
        await trio.lowlevel.checkpoint()
        return {node.name: node.status() for node in self._directory(path).values()}

    async def open(
        self, path: str, *, write: bool = False, create: bool = False, exclusive: bool = False, truncate: bool = False
    ) -> FileHandle:
        await trio.lowlevel.checkpoint()
        if write or create or truncate:
            self._check_writable()
        try:
            node = self._find(path)
        except FileNotFoundError:
            if not create:
                raise
            node = self._insert(path, is_directory=False)
        else:
            if exclusive:
                raise _error(errno.EEXIST, path)
            if node.children is not None:
                raise _error(errno.EISDIR, path)
            if node.is_read_only and (write or truncate):
                raise _error(errno.EACCES, path)
            if truncate:
                self._resize(node, 0)
        return _MemoryHandle(self, node, can_write=write)

    async def mkdir(self, path: str) -> None:
        await trio.lowlevel.checkpoint()
        self._check_writable()
        if self._exists(path):
            raise _error(errno.EEXIST, path)
        self._insert(path, is_directory=True)

    async def unlink(self, path: str) -> None:
        await trio.lowlevel.checkpoint()
        self._check_writable()
        node = self._find(path)
        if node.children is not None:
            raise _error(errno.EISDIR, path)
        if node.is_read_only:
            raise _error(errno.EACCES, path)
        self._remove(path)
        self._forget(node)

    async def rmdir(self, path: str) -> None:
        await trio.lowlevel.checkpoint()
        self._check_writable()
        if self._directory(path):
            raise _error(errno.ENOTEMPTY, path)
        if not path:
            raise _error(errno.EBUSY, path)
        self._remove(path)
        self._entries -= 1

    async def rename(self, path: str, target: str, *, replace: bool = False) -> None:
        await trio.lowlevel.checkpoint()
        self._check_writable()
        node = self._find(path)
        if node is self._root or target.casefold().startswith(f"{path}/".casefold()):
            raise _error(errno.EINVAL, target)
        directory, _, name = target.rpartition("/")
        siblings = self._directory(directory)
        there = siblings.get(name.casefold())
        if there is not None and there is not node:
            if not replace:
                raise _error(errno.EEXIST, target)
            if there.children is not None:
                raise _error(errno.EISDIR, target)
            self._forget(there)
        self._remove(path, FileAction.RENAMED_OLD_NAME)
        node.name = name
        siblings[name.casefold()] = node
        self._tell(FileAction.RENAMED_NEW_NAME, target, node)

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
        await trio.lowlevel.checkpoint()
        self._check_writable()
        node = self._find(path)
        given = {
            "created_ns": created_ns,
            "accessed_ns": accessed_ns,
            "modified_ns": modified_ns,
            "is_read_only": is_read_only,
            "is_hidden": is_hidden,
        }
        for name, value in given.items():
            if value is not None:
                setattr(node, name, value)
        node.changed_ns = time.time_ns()
        self._tell(FileAction.MODIFIED, path, node)

    async def usage(self) -> VolumeUsage:
        await trio.lowlevel.checkpoint()
        return VolumeUsage(total=self._capacity, free=self._capacity - self._used)

    def watch(self, path: str, *, recursive: bool) -> Watch:
        watch = _MemoryWatch(self, path, recursive=recursive)
        self._watches.append(watch)
        return watch

    # The tree.

    def _new(self, name: str, *, is_directory: bool) -> _Node:
        now = time.time_ns()
        return _Node(
            name,
            children={} if is_directory else None,
            created_ns=now,
            accessed_ns=now,
            modified_ns=now,
            changed_ns=now,
        )

    def _add(self, path: str, data: bytes) -> None:
        directory = ""
        for name in path.split("/")[:-1]:
            directory = f"{directory}/{name}" if directory else name
            if not self._exists(directory):
                self._insert(directory, is_directory=True)
        node = self._insert(path, is_directory=False)
        self._resize(node, len(data))
        node.data[:] = data

    def _find(self, path: str) -> _Node:
        node = self._root
        for name in path.split("/") if path else ():
            if node.children is None:
                raise _error(errno.ENOTDIR, path)
            found = node.children.get(name.casefold())
            if found is None:
                raise _error(errno.ENOENT, path)
            node = found
        return node

    def _directory(self, path: str) -> dict[str, _Node]:
        children = self._find(path).children
        if children is None:
            raise _error(errno.ENOTDIR, path)
        return children

    def _exists(self, path: str) -> bool:
        try:
            self._find(path)
        except FileNotFoundError:
            return False
        return True

    def _insert(self, path: str, *, is_directory: bool) -> _Node:
        directory, _, name = path.rpartition("/")
        siblings = self._directory(directory)
        if self._entries >= self._entry_limit:
            raise _error(errno.ENOSPC, path)
        siblings[name.casefold()] = node = self._new(name, is_directory=is_directory)
        self._entries += 1
        self._tell(FileAction.ADDED, path, node)
        return node

    def _remove(self, path: str, action: FileAction = FileAction.REMOVED) -> None:
        directory, _, name = path.rpartition("/")
        node = self._directory(directory).pop(name.casefold())
        self._tell(action, path, node)

    def _forget(self, node: _Node) -> None:
        node.is_removed = True
        self._used -= len(node.data)
        self._entries -= 1

    def _resize(self, node: _Node, size: int) -> None:
        if node.is_removed:
            raise _error(errno.ENOENT, node.name)
        more = size - len(node.data)
        if more > self._capacity - self._used:
            raise _error(errno.ENOSPC, node.name)
        if more > 0:
            node.data += bytes(more)
        else:
            del node.data[size:]
        self._used += more
        node.modified_ns = node.changed_ns = time.time_ns()

    def _check_writable(self) -> None:
        if self.is_read_only:
            raise _error(errno.EROFS, "")

    # Changes.

    def _tell(self, action: FileAction, path: str, node: _Node) -> None:
        for watch in getattr(self, "_watches", ()):
            watch.note(action, path, node.children is not None)

    def _tell_of(self, node: _Node) -> None:
        """Tell that an open file was written, wherever it is by now."""
        if self._watches:
            for path, other in _walk(self._root, ""):
                if other is node:
                    self._tell(FileAction.MODIFIED, path, node)

    def _stop(self, watch: _MemoryWatch) -> None:
        if watch in self._watches:
            self._watches.remove(watch)


class _MemoryHandle(FileHandle):
    """An open file; it may be renamed or removed meanwhile."""

    def __init__(self, file_system: MemoryFileSystem, node: _Node, *, can_write: bool) -> None:
        self._file_system = file_system
        self._node = node
        self._can_write = can_write

    async def read(self, offset: int, size: int) -> bytes:
        await trio.lowlevel.checkpoint()
        self._node.accessed_ns = time.time_ns()
        return bytes(self._node.data[offset : offset + size])

    async def stat(self) -> FileStatus:
        await trio.lowlevel.checkpoint()
        return self._node.status()

    async def write(self, offset: int, data: bytes) -> int:
        await trio.lowlevel.checkpoint()
        self._check_writable()
        end = offset + len(data)
        self._file_system._resize(self._node, max(end, len(self._node.data)))
        self._node.data[offset:end] = data
        self._file_system._tell_of(self._node)
        return len(data)

    async def truncate(self, size: int) -> None:
        await trio.lowlevel.checkpoint()
        self._check_writable()
        self._file_system._resize(self._node, size)
        self._file_system._tell_of(self._node)

    def _check_writable(self) -> None:
        if not self._can_write:
            raise _error(errno.EBADF, self._node.name)


class _MemoryWatch(Watch):
    """Hears of changes as they are made."""

    def __init__(self, file_system: MemoryFileSystem, path: str, *, recursive: bool) -> None:
        self._file_system = file_system
        self._prefix = f"{path}/".casefold() if path else ""
        self._recursive = recursive
        self._waiting: list[Change] = []
        self._has_overflowed = False
        self._arrived = trio.Event()

    def note(self, action: FileAction, path: str, is_directory: bool) -> None:
        if not path.casefold().startswith(self._prefix):
            return
        inside = path[len(self._prefix) :]
        if "/" in inside and not self._recursive:
            return
        change = Change(action, inside, is_directory)
        if len(self._waiting) >= _CHANGE_LIMIT:
            self._has_overflowed = True
        elif change not in self._waiting[-1:]:
            self._waiting.append(change)
        self._arrived.set()

    async def changes(self) -> list[Change]:
        await self._arrived.wait()
        self._arrived = trio.Event()
        found, self._waiting = self._waiting, []
        if self._has_overflowed:
            self._has_overflowed = False
            raise TooManyChanges
        return found

    async def aclose(self) -> None:
        self._file_system._stop(self)
        await trio.lowlevel.checkpoint()


def _walk(node: _Node, path: str) -> Iterator[tuple[str, _Node]]:
    """All nodes below one, with their paths."""
    waiting = [(path, node)]
    while waiting:
        at, directory = waiting.pop()
        for child in (directory.children or {}).values():
            below = f"{at}/{child.name}" if at else child.name
            yield below, child
            waiting.append((below, child))


def _error(number: int, path: str) -> OSError:
    return OSError(number, os.strerror(number), path)
