"""Files on the peer's clipboard, and streams that read them piece by piece.

for file in await clipboard.read_files():
    if not file.is_directory:
        async with file.open() as stream:
            head = await stream.read(512)
"""

from __future__ import annotations

import errno
import os
from collections import deque
from datetime import datetime
from pathlib import PurePosixPath

import trio

from trio_rdp.channels.cliprdr import FileDescriptor, safe_path
from trio_rdp.faces.clipboard.link import ClipboardLink, FileAnswer
from trio_rdp.wire.errors import RequestRefused

__all__ = ["ClipboardFile", "ClipboardFileStream"]

_FIRST_PIECE = 1 << 16
_PIECE = 1 << 18
"""Bytes of one request: the first is small, for those who want but a header."""


class ClipboardFile:
    """A file, or directory, of the peer: `name` is what the peer says, with backslashes; never join it to a path."""

    def __init__(
        self, descriptor: FileDescriptor, index: int, link: ClipboardLink, clip_data_id: int | None, read_ahead: int
    ) -> None:
        self.name: str = descriptor.file_name
        self.size: int | None = descriptor.size
        self.modified: datetime | None = descriptor.modified
        self.is_directory: bool = descriptor.is_directory
        self._index = index
        self._link = link
        self._clip_data_id = clip_data_id
        self._read_ahead = read_ahead

    def __repr__(self) -> str:
        return f"<ClipboardFile {self.name!r}, {'directory' if self.is_directory else f'{self.size} bytes'}>"

    @property
    def path(self) -> PurePosixPath:
        """A relative path that stays inside the directory which it is joined to.

        Raises `DecodeError` for a name that has no such path, or that Windows would not take.
        """
        return safe_path(self.name)

    async def find_size(self) -> int:
        """The file's size in bytes, asked for where the list did not say it; raises `RequestRefused`."""
        await trio.lowlevel.checkpoint()
        if self.size is None:
            answer = await self._link.ask_size(self._index, self._clip_data_id)
            try:
                size = await answer.wait()
            finally:
                answer.give_up()
            assert isinstance(size, int)
            self.size = size
        return self.size

    def open(self) -> ClipboardFileStream:
        """A stream of the file's contents, for `async with`; nothing is asked for yet."""
        return ClipboardFileStream(self)


class ClipboardFileStream(trio.abc.ReceiveStream):
    """The contents of a file of the peer, from wherever one likes; cancelling a read loses nothing.

    Who reads on finds the next pieces there already: up to `Limits.clipboard_read_ahead` bytes are asked for ahead.
    Reads raise `RequestRefused` when the peer cannot read its file, and when that is shorter than it said.
    """

    def __init__(self, file: ClipboardFile) -> None:
        self._file = file
        self._position = 0
        self._buffer = b""  # what came and was not read, from `_position` on
        self._ahead: deque[tuple[int, int, FileAnswer]] = deque()  # position, count
        self._next = 0  # where the next request begins
        self._window = _FIRST_PIECE
        self._is_closed = False
        self._is_busy = False
        file._link.keep_lock(file._clip_data_id)

    def tell(self) -> int:
        """Where the next read begins."""
        return self._position

    async def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Read on from somewhere else: from the start, from here or, with `os.SEEK_END`, from the end; gives where."""
        self._check_open()
        if whence == os.SEEK_END:
            offset += await self._file.find_size()
        else:
            await trio.lowlevel.checkpoint()
            offset += self._position if whence == os.SEEK_CUR else 0
        if offset < 0:
            raise ValueError(f"a position of {offset}")
        self._check_idle()
        if offset != self._position:
            self._start_at(offset)
        return offset

    async def read(self, size: int = -1) -> bytes:
        """Read `size` bytes, fewer only at the end of the file, or all that is left.

        Without a size at most `Limits.clipboard_read` bytes are read: `OSError` (EFBIG) where more are left.
        """
        limit = self._file._link.read_limit
        if size < 0 and (left := await self._file.find_size() - self._position) > limit:
            raise OSError(errno.EFBIG, f"{left} bytes are left, more than {limit} to read at once", self._file.name)
        start, parts, left = self._position, [], size
        try:
            while left:
                part = await self.receive_some(left if left > 0 else None)
                if not part:
                    break
                parts.append(part)
                left -= len(part) if left > 0 else 0
        except BaseException:
            # Nothing was given, so nothing was read.
            self._start_at(start)
            raise
        return b"".join(parts)

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Read what comes next, at least one byte, at most `max_bytes`; no bytes at the end of the file."""
        if max_bytes is not None and max_bytes < 1:
            raise ValueError("max_bytes must be at least 1")
        self._check_open()
        self._check_idle()
        self._is_busy = True
        try:
            size = await self._file.find_size()
            if not self._buffer and self._position < size:
                self._buffer = await self._receive(size)
        finally:
            self._is_busy = False
        self._check_open()
        found = self._buffer[:max_bytes]
        self._buffer = self._buffer[len(found) :]
        self._position += len(found)
        return found

    async def aclose(self) -> None:
        """Ask for nothing more; what comes yet is dropped."""
        if not self._is_closed:
            self._is_closed = True
            self._drop_ahead()
            self._file._link.let_lock_go(self._file._clip_data_id)
        await trio.lowlevel.checkpoint()

    async def _receive(self, size: int) -> bytes:
        """The piece at `_position`."""
        file = self._file
        asked = sum(count for _, count, _ in self._ahead)
        while self._next < size and (not self._ahead or asked < self._window):
            count = min(_PIECE, max(self._window - asked, _FIRST_PIECE), size - self._next)
            answer = await file._link.ask_range(file._index, self._next, count, file._clip_data_id)
            self._ahead.append((self._next, count, answer))
            self._next += count
            asked += count
        position, count, answer = self._ahead[0]
        try:
            data = await answer.wait()
        except trio.Cancelled:
            raise
        except BaseException:
            self._start_at(position)
            raise
        assert isinstance(data, bytes)
        self._check_open()
        if not data:
            self._start_at(position)
            raise RequestRefused(f"the file ends at {position} of {size} bytes")
        self._ahead.popleft()
        self._window = min(2 * self._window, file._read_ahead)
        if len(data) < count:
            # What was asked for behind this leaves a gap.
            self._drop_ahead()
            self._next = position + len(data)
        return data[:count]

    def _start_at(self, position: int) -> None:
        self._drop_ahead()
        self._buffer = b""
        self._position = self._next = position
        self._window = _FIRST_PIECE

    def _drop_ahead(self) -> None:
        for _, _, answer in self._ahead:
            answer.give_up()
        self._ahead.clear()

    def _check_idle(self) -> None:
        if self._is_busy:
            raise trio.BusyResourceError("another task reads this file")

    def _check_open(self) -> None:
        if self._is_closed:
            raise trio.ClosedResourceError("this file was closed here")
