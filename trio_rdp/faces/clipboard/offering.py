"""`Offering`: what this side has put on the clipboard, and what the peer takes of it."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import trio

from trio_rdp.channels.cliprdr import FILE_GROUP_DESCRIPTOR
from trio_rdp.faces.clipboard.contents import FormatKey
from trio_rdp.faces.clipboard.files import (
    FileProgress,
    FileSource,
    OfferedDirectory,
    OfferedFile,
    describe_files,
    offered_files,
)

__all__ = ["FilesValue", "Offering", "OfferingProgress", "Value", "render"]

_log = logging.getLogger(__name__)

T = TypeVar("T")

Value: TypeAlias = T | Callable[[], T] | Callable[[], Awaitable[T]]
"""What is offered: a value, or a function, which may be async, that makes it when the peer asks for it."""

FilesValue: TypeAlias = Value[Iterable[FileSource]]

Render: TypeAlias = Callable[[], Awaitable[bytes]]
"""Makes the data of a format."""


async def render(value: Value[T]) -> T:
    """The value, made now if it was to be made when it is wanted."""
    if not callable(value):
        return value
    found = value()
    if inspect.isawaitable(found):
        return await found
    return found


@dataclass
class _Served:
    """How far the peer has read a file."""

    file: OfferedFile
    size: int
    end: int = 0


class Offering:
    """Formats that were offered, and how to make their data.

    `async for progress in offering` tells how much of the files the peer has read, whenever that has changed, and ends
    when nobody can ask for them any more.
    """

    def __init__(self, formats: dict[FormatKey, Render], files: FilesValue | None) -> None:
        self._formats = dict(formats)
        self._files_value = files
        self._files: list[_Served] | None = None
        self._files_known = 0
        self._files_done = 0
        self._bytes_done = 0
        self._bytes = 0
        self._description = b""
        self._describing = trio.Lock()
        self._changed = trio.Event()
        self._changes = 0
        self._is_over = False
        if files is not None:
            self._formats = {FILE_GROUP_DESCRIPTOR: self._describe, **self._formats}

    @property
    def keys(self) -> Sequence[FormatKey]:
        """The formats, the best first."""
        return tuple(self._formats)

    @property
    def has_files(self) -> bool:
        """Whether files are among what is offered."""
        return self._files_value is not None

    @property
    def is_over(self) -> bool:
        """Whether something else is on the clipboard, and nobody holds the files of this any more."""
        return self._is_over

    def progress(self) -> FileProgress:
        """How much of the files the peer has read; no files are known before it has asked for their list."""
        return FileProgress(self._files_done, self._files_known, self._bytes_done, self._bytes)

    def __aiter__(self) -> OfferingProgress:
        return OfferingProgress(self)

    # For the link.

    async def prepare(self) -> None:
        """Look at the files that are to be offered, unless a function will say which; raises what that raises."""
        if self._files_value is not None and not callable(self._files_value):
            await self._describe()

    @property
    def description_size(self) -> int:
        """Bytes of the list of files, as far as it is known."""
        return len(self._description)

    async def render(self, key: FormatKey) -> bytes | None:
        """The data of a format, or None where they cannot be made, which is logged."""
        make = self._formats.get(key)
        if make is None:
            return None
        try:
            return await make()
        except Exception:
            _log.exception("clipboard: the data of format %r could not be made", key)
            return None

    def size(self, index: int) -> int | None:
        """The size of a file; None where there is no such file."""
        item = self._find(index)
        return None if item is None else item.size

    async def read(self, index: int, position: int, count: int) -> bytes | None:
        """A part of a file; None where it cannot be had, which is logged if it should be there."""
        item = self._find(index)
        if item is None:
            return None
        if position >= item.size:
            return b""  # which is no reason to look at a file, or to log what it makes of such a position
        try:
            data = await item.file.read(position, count)
        except Exception:
            _log.exception("clipboard: %r could not be read", item.file.name)
            return None
        return data[:count]

    def note_read(self, index: int, end: int) -> None:
        """Remember that the peer has a file up to there."""
        item = self._find(index)
        if item is None or min(end, item.size) <= item.end:
            return
        end = min(end, item.size)
        self._bytes_done += end - item.end
        self._files_done += end == item.size
        item.end = end
        self._wake()

    def finish(self) -> None:
        """Nobody can ask for anything any more."""
        self._is_over = True
        self._changed.set()

    async def _describe(self) -> bytes:
        """The list of files, made once: requests count on their places in it."""
        async with self._describing:
            if self._files is None and self._files_value is not None:
                sources = await render(self._files_value)
                files = await trio.to_thread.run_sync(lambda: offered_files(sources))
                self._description = await trio.to_thread.run_sync(describe_files, files)
                self._files = [_Served(item, item.size) for item in files]
                real = [item.size for item in files if not isinstance(item, OfferedDirectory)]
                self._files_known, self._bytes = len(real), sum(real)
                self._files_done = real.count(0)  # which nobody asks for
                self._wake()
        return self._description

    def _find(self, index: int) -> _Served | None:
        files = self._files or []
        return files[index] if 0 <= index < len(files) else None

    def _wake(self) -> None:
        self._changes += 1
        self._changed.set()
        self._changed = trio.Event()


class OfferingProgress:
    """One iteration over what the peer reads; it sees the latest, not each step."""

    def __init__(self, offering: Offering) -> None:
        self._offering = offering
        self._seen = 0

    def __aiter__(self) -> OfferingProgress:
        return self

    async def __anext__(self) -> FileProgress:
        offering = self._offering
        await trio.lowlevel.checkpoint()
        while offering._changes == self._seen:
            if offering._is_over:
                raise StopAsyncIteration
            await offering._changed.wait()
        self._seen = offering._changes
        return offering.progress()
