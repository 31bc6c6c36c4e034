"""Files that are offered on a clipboard: from paths, from memory, or from a class of one's own.

await clipboard.offer(files=["report.pdf", Path("photos"), MemoryFile("note.txt", b"hello")])
"""

from __future__ import annotations

import abc
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import trio

from trio_rdp.channels.cliprdr import FileDescriptor, PackedFileList, safe_path
from trio_rdp.channels.cliprdr.file_list import FILES_LIMIT
from trio_rdp.wire.errors import DecodeError, LocalProtocolError

__all__ = [
    "FileProgress",
    "FileSource",
    "MemoryFile",
    "OfferedDirectory",
    "OfferedFile",
    "PathFile",
    "describe_files",
    "offered_files",
]

_FORBIDDEN = str.maketrans(dict.fromkeys('<>:"|?*\x7f\\' + "".join(map(chr, range(32))), "_"))


class OfferedFile(abc.ABC):
    """A file that the peer may paste; subclass it to offer what is no file here.

    `name` is a relative path with slashes, `size` counts bytes, and `modified` knows its time zone.
    """

    def __init__(self, name: str, size: int, modified: datetime | None = None) -> None:
        self.name: str = name
        self.size: int = size
        self.modified: datetime | None = modified

    @abc.abstractmethod
    async def read(self, position: int, count: int) -> bytes:
        """The bytes from `position` on, at most `count`; fewer where the file ends.

        Several calls may run at once.  What is raised is logged, and the peer hears that the range cannot be read.
        """


class OfferedDirectory(OfferedFile):
    """A directory; what is in it is offered by names that begin with this one's."""

    def __init__(self, name: str, modified: datetime | None = None) -> None:
        super().__init__(name, 0, modified)

    async def read(self, position: int, count: int) -> bytes:
        raise IsADirectoryError(self.name)


class MemoryFile(OfferedFile):
    """A file of bytes that are there."""

    def __init__(self, name: str, data: bytes, modified: datetime | None = None) -> None:
        super().__init__(name, len(data), modified)
        self._data = data

    async def read(self, position: int, count: int) -> bytes:
        await trio.lowlevel.checkpoint()
        return self._data[position : position + count]


class PathFile(OfferedFile):
    """A file of this machine, read off the loop; it is opened for each range, so it may be replaced meanwhile."""

    def __init__(self, path: str | os.PathLike[str], name: str | None = None) -> None:
        self.path: Path = Path(path)
        found = self.path.stat()
        super().__init__(name or self.path.name, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    async def read(self, position: int, count: int) -> bytes:
        return await trio.to_thread.run_sync(self._read, position, count, abandon_on_cancel=True)

    def _read(self, position: int, count: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(position)
            return file.read(count)


FileSource: TypeAlias = str | os.PathLike[str] | OfferedFile
"""What can be offered as a file: a path, of a directory with all that is in it too, or an `OfferedFile`."""


@dataclass(frozen=True, slots=True)
class FileProgress:
    """How much of some files has been transferred: whole files of how many, and bytes of how many."""

    files_done: int
    files: int
    bytes_done: int
    bytes: int


def offered_files(sources: Iterable[FileSource]) -> list[OfferedFile]:
    """Find what is to be offered; looks at the disk, so call it off the loop.

    Directories are walked, symbolic links in them left out, because they may lead anywhere.  Raises `OSError` for what
    cannot be looked at, and `LocalProtocolError` for too many files.
    """
    found: list[OfferedFile] = []
    for source in sources:
        for item in [source] if isinstance(source, OfferedFile) else _walk(Path(source)):
            if len(found) >= FILES_LIMIT:
                raise LocalProtocolError(f"more than {FILES_LIMIT} files")
            found.append(item)
    return found


def describe_files(files: Iterable[OfferedFile]) -> bytes:
    """The Packed File List of files, with names that every system takes; raises `EncodeError` for a path too long."""
    descriptors = [
        FileDescriptor.of(
            _peer_name(item.name),
            size=None if isinstance(item, OfferedDirectory) else item.size,
            modified=item.modified,
        )
        for item in files
    ]
    return PackedFileList(file_descriptor_array=descriptors).encode()


def _walk(path: Path) -> Iterator[OfferedFile]:
    """A file, or a directory with what is in it, parents before their children."""
    path = path.absolute()
    found = path.stat()
    if not stat.S_ISDIR(found.st_mode):
        yield PathFile(path)
        return
    root = path.parent
    for parent, directories, names in os.walk(path):
        here = Path(parent)
        yield OfferedDirectory(here.relative_to(root).as_posix(), datetime.fromtimestamp(here.stat().st_mtime, UTC))
        directories[:] = sorted(name for name in directories if not (here / name).is_symlink())
        for name in sorted(names):
            item = here / name
            if stat.S_ISREG(item.lstat().st_mode):
                yield PathFile(item, item.relative_to(root).as_posix())


def _peer_name(name: str) -> str:
    """A name as the peer gets it: with backslashes, and without what Windows would refuse."""
    parts = [_tame(part) for part in name.split("/") if part not in ("", ".", "..")]
    if not parts:
        raise LocalProtocolError(f"a file without a name: {name!r}")
    return "\\".join(parts)


def _tame(part: str) -> str:
    part = part.encode("utf-8", "surrogateescape").decode("utf-8", "replace").translate(_FORBIDDEN)
    part = part.rstrip(". ") or "_"
    try:
        safe_path(part)
    except DecodeError:
        return f"_{part}"  # a device
    return part
