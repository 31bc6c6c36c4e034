"""`DirectoryFileSystem`: a directory of this computer for a drive, and nothing outside of it.

drive = session.devices.add_drive("share", DirectoryFileSystem("/home/ada/share", read_only=True))

Every path is walked name by name from a descriptor of the directory, and no name may be a symbolic link: neither `..`
nor a link, an absolute path or a device leads out, whatever somebody else changes meanwhile.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import trio

from trio_rdp.channels.rdpdr.client_names import is_lendable
from trio_rdp.faces.devices.file_systems import FileHandle, FileStatus, FileSystem, VolumeUsage

__all__ = ["DirectoryFileSystem"]

_T = TypeVar("_T")

_BLOCK = 512  # what st_blocks counts
_CAN = getattr(os, "O_NOFOLLOW", 0) and os.open in os.supports_dir_fd and os.listdir in os.supports_fd
_DIRECTORY = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
# A FIFO that somebody puts in a file's place must not hold up a thread, nor a terminal become ours.
_FILE = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
)


class DirectoryFileSystem(FileSystem):
    """The files and directories below `path`; symbolic links, devices, sockets and pipes are not there for a server.

    With `read_only` nothing is changed.  Names are found whatever their case: the exact one first, then any.  At most
    `threads` system calls run at once, each in a thread.  Needs a system with `openat` (Linux, macOS, BSD), else
    `NotImplementedError` is raised.
    """

    def __init__(self, path: str | os.PathLike[str], *, read_only: bool = False, threads: int = 4) -> None:
        if not _CAN:
            raise NotImplementedError("this system cannot open files relative to a directory")
        self.path: str = os.fspath(path)
        self.is_read_only = read_only
        self._limiter = trio.CapacityLimiter(threads)

    async def stat(self, path: str) -> FileStatus:
        return await self._run(self._stat, path)

    async def listdir(self, path: str) -> Mapping[str, FileStatus]:
        return await self._run(self._listdir, path)

    async def open(
        self, path: str, *, write: bool = False, create: bool = False, exclusive: bool = False, truncate: bool = False
    ) -> FileHandle:
        if write or create or truncate:
            self._check_writable()
        flags = os.O_RDWR if write or truncate else os.O_RDONLY
        if create:
            flags |= os.O_CREAT
        if exclusive:
            flags |= os.O_EXCL
        if truncate:
            flags |= os.O_TRUNC
        # Not abandoned when cancelled, so that a descriptor is closed or ours.
        descriptor = await self._run(self._open, path, flags)
        return _DirectoryHandle(descriptor, self._limiter)

    async def mkdir(self, path: str) -> None:
        self._check_writable()
        await self._run(self._mkdir, path)

    async def unlink(self, path: str) -> None:
        self._check_writable()
        await self._run(self._unlink, path)

    async def rmdir(self, path: str) -> None:
        self._check_writable()
        await self._run(self._rmdir, path)

    async def rename(self, path: str, target: str, *, replace: bool = False) -> None:
        self._check_writable()
        await self._run(self._rename, path, target, replace)

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
        self._check_writable()
        await self._run(self._set_status, path, accessed_ns, modified_ns, is_read_only)

    async def usage(self) -> VolumeUsage:
        return await self._run(self._usage)

    # What runs in threads.

    async def _run(self, call: Callable[..., _T], *args: object) -> _T:
        return await trio.to_thread.run_sync(call, *args, limiter=self._limiter)

    def _stat(self, path: str) -> FileStatus:
        with self._walk(path) as (directory, name):
            return _status(_inspect(directory, name), name)

    def _listdir(self, path: str) -> dict[str, FileStatus]:
        found = {}
        with self._directory(path) as directory:
            for name in os.listdir(directory):
                if not is_lendable(name):
                    continue
                with contextlib.suppress(OSError):  # gone meanwhile, or nothing for a server
                    found[name] = _status(_inspect(directory, name), name)
        return found

    def _open(self, path: str, flags: int) -> int:
        with self._walk(path) as (directory, name):
            with contextlib.suppress(FileNotFoundError):
                if stat.S_ISDIR(_inspect(directory, name).st_mode):
                    raise _error(errno.EISDIR, path)
            # Emptied only when it is known to be a file.
            descriptor = os.open(name, (flags & ~os.O_TRUNC) | _FILE, 0o666, dir_fd=directory)
            try:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise _error(errno.EACCES, path)
                if flags & os.O_TRUNC:
                    os.ftruncate(descriptor, 0)
            except BaseException:
                os.close(descriptor)
                raise
            return descriptor

    def _mkdir(self, path: str) -> None:
        with self._walk(path) as (directory, name):
            with contextlib.suppress(FileNotFoundError):
                _inspect(directory, name)
                raise _error(errno.EEXIST, path)
            os.mkdir(name, dir_fd=directory)

    def _unlink(self, path: str) -> None:
        with self._walk(path) as (directory, name):
            if stat.S_ISDIR(_inspect(directory, name).st_mode):
                raise _error(errno.EISDIR, path)
            os.unlink(name, dir_fd=directory)

    def _rmdir(self, path: str) -> None:
        with self._walk(path) as (directory, name):
            if name == ".":
                raise _error(errno.EBUSY, path)
            os.rmdir(name, dir_fd=directory)

    def _rename(self, path: str, target: str, replace: bool) -> None:
        with self._walk(path) as (directory, name), self._walk(target) as (target_directory, found):
            if name == "." or found == ".":
                raise _error(errno.EINVAL, target)
            moved = _inspect(directory, name)
            # What was found may be the file itself under another case, and the new case is what is wanted.
            wanted = target.rpartition("/")[2]
            with contextlib.suppress(FileNotFoundError):
                there = _inspect(target_directory, found)
                if not os.path.samestat(moved, there):
                    if not replace:
                        raise _error(errno.EEXIST, target)
                    if stat.S_ISDIR(there.st_mode):
                        raise _error(errno.EISDIR, target)
                    wanted = found
            os.rename(name, wanted, src_dir_fd=directory, dst_dir_fd=target_directory)

    def _set_status(
        self, path: str, accessed_ns: int | None, modified_ns: int | None, is_read_only: bool | None
    ) -> None:
        with self._walk(path) as (directory, name):
            before = _inspect(directory, name)
            # Through a descriptor: `chmod` knows no way not to follow a link that takes the name's place meanwhile.
            kind = _DIRECTORY if stat.S_ISDIR(before.st_mode) else _FILE
            descriptor = os.open(name, os.O_RDONLY | kind, dir_fd=directory)
            try:
                if accessed_ns is not None or modified_ns is not None:
                    accessed = before.st_atime_ns if accessed_ns is None else accessed_ns
                    modified = before.st_mtime_ns if modified_ns is None else modified_ns
                    os.utime(descriptor, ns=(accessed, modified))
                # A directory that cannot be written is no notion of Windows.
                if is_read_only is not None and not stat.S_ISDIR(before.st_mode):
                    mode = stat.S_IMODE(before.st_mode)
                    os.fchmod(descriptor, mode & ~0o222 if is_read_only else mode | 0o200)
            finally:
                os.close(descriptor)

    def _usage(self) -> VolumeUsage:
        with self._directory("") as directory:
            found = os.fstatvfs(directory)
        return VolumeUsage(total=found.f_blocks * found.f_frsize, free=found.f_bavail * found.f_frsize)

    # Walking.

    @contextlib.contextmanager
    def _walk(self, path: str) -> Iterator[tuple[int, str]]:
        """The descriptor of the directory of a path's last name, and that name as it is spelt there, if it is."""
        directory, _, name = path.rpartition("/")
        with self._directory(directory) as descriptor:
            yield descriptor, _spelling(descriptor, name) if name else "."

    @contextlib.contextmanager
    def _directory(self, path: str) -> Iterator[int]:
        """A descriptor of a directory."""
        # The root itself may be a link: its owner chose it.
        descriptor = os.open(self.path, os.O_RDONLY | (_DIRECTORY & ~os.O_NOFOLLOW))
        try:
            for name in path.split("/") if path else ():
                if not is_lendable(name):
                    raise _error(errno.EINVAL, path)
                below = os.open(_spelling(descriptor, name), os.O_RDONLY | _DIRECTORY, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = below
            yield descriptor
        finally:
            os.close(descriptor)

    def _check_writable(self) -> None:
        if self.is_read_only:
            raise _error(errno.EROFS, self.path)


class _DirectoryHandle(FileHandle):
    """An open file of a directory."""

    def __init__(self, descriptor: int, limiter: trio.CapacityLimiter) -> None:
        self._descriptor = descriptor
        self._limiter = limiter

    async def read(self, offset: int, size: int) -> bytes:
        return await self._run(os.pread, self._descriptor, size, offset)

    async def stat(self) -> FileStatus:
        return _status(await self._run(os.fstat, self._descriptor), "")

    async def write(self, offset: int, data: bytes) -> int:
        return await self._run(self._write, offset, data)

    async def truncate(self, size: int) -> None:
        await self._run(os.ftruncate, self._descriptor, size)

    async def aclose(self) -> None:
        # Closing may flush to a slow disk; cancelling does not leave the descriptor behind.
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(os.close, self._descriptor)

    async def _run(self, call: Callable[..., _T], *args: object) -> _T:
        return await trio.to_thread.run_sync(call, *args, limiter=self._limiter)

    def _write(self, offset: int, data: bytes) -> int:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._descriptor, view, offset)
            view = view[written:]
            offset += written
        return len(data)


def _spelling(directory: int, name: str) -> str:
    """A name as the directory has it: exactly so, else in another case, else as it was given."""
    if not is_lendable(name):
        raise _error(errno.EINVAL, name)
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        folded = name.casefold()
        return next((other for other in os.listdir(directory) if other.casefold() == folded), name)
    except UnicodeEncodeError:
        raise _error(errno.EILSEQ, name) from None
    return name


def _inspect(directory: int, name: str) -> os.stat_result:
    """What a name stands for; a link, a device and their like are denied."""
    found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise _error(errno.EACCES, name)
    return found


def _status(found: os.stat_result, name: str) -> FileStatus:
    is_directory = stat.S_ISDIR(found.st_mode)
    blocks = getattr(found, "st_blocks", None)
    birth = getattr(found, "st_birthtime", None)
    return FileStatus(
        is_directory=is_directory,
        size=0 if is_directory else found.st_size,
        allocated=None if blocks is None or is_directory else blocks * _BLOCK,
        created_ns=min(found.st_mtime_ns, found.st_ctime_ns) if birth is None else int(birth * 1_000_000_000),
        accessed_ns=found.st_atime_ns,
        modified_ns=found.st_mtime_ns,
        changed_ns=found.st_ctime_ns,
        is_read_only=not is_directory and not found.st_mode & 0o222,
        is_hidden=name.startswith(".") and name != ".",
        links=found.st_nlink,
    )


def _error(number: int, path: str) -> OSError:
    return OSError(number, os.strerror(number), path)
