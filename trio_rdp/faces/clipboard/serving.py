"""`ClipboardServing`: what the peer asks of this side's clipboard, and the tasks that answer.

Data are made one after the other, because answers do not say whose they are; parts of files several at once.
"""

from __future__ import annotations

import logging
from collections import deque

import trio

from trio_rdp.channels.cliprdr import ClipboardExchange, ClipboardFormat, DataRequested, FileContentsRequested
from trio_rdp.faces.clipboard.contents import FormatKey
from trio_rdp.faces.clipboard.offering import Offering
from trio_rdp.faces.clipboard.outgoing import ClipboardOutgoing
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import LocalProtocolError

__all__ = ["ENVELOPE", "ClipboardServing"]

_log = logging.getLogger(__name__)

_FILE_TASKS = 4
"""How many parts of files are read for the peer at once: enough to keep a disk busy."""

_FIRST_NAMED, _LAST_NAMED = 0xC000, 0xFFFF  # where Windows gives ids to names

ENVELOPE = 64
"""More than a message has around its data."""


class ClipboardServing:
    """The offers of one side, and the peer's requests that wait; the machine bounds their number."""

    def __init__(self, exchange: ClipboardExchange, outgoing: ClipboardOutgoing, limits: Limits) -> None:
        self._exchange = exchange
        self._outgoing = outgoing
        self._limits = limits
        self._offerings: dict[int, Offering] = {}
        self._ids: dict[str, int] = {}
        self._data_requests: deque[DataRequested] = deque()
        self._file_requests: deque[FileContentsRequested] = deque()
        self._requested = trio.Event()
        self._rendering: trio.CancelScope | None = None

    def begin(self, nursery: trio.Nursery) -> None:
        """Start the tasks that answer."""
        nursery.start_soon(self._render_data)
        for _ in range(_FILE_TASKS):
            nursery.start_soon(self._read_files)

    def offer(self, offering: Offering) -> bytes:
        """Put an offer in place of the last one; gives the message, if there is one now.

        Raises `LocalProtocolError`, and then the last one stays.
        """
        before = self._exchange.offer_number
        formats = [ClipboardFormat(*self._identify(key)) for key in offering.keys]
        has_files, now = offering.has_files, trio.current_time()
        message, released = self._exchange.offer(formats, has_files=has_files, now=now)
        self._offerings[self._exchange.offer_number] = offering
        if self._rendering is not None:
            # What is replaced is wanted by nobody, however long it would take to make.
            self._rendering.cancel()
        if before in self._offerings and not self._offerings[before].has_files:
            released.append(before)
        for number in released:
            self.release(number)
        return message

    def add(self, request: DataRequested | FileContentsRequested) -> None:
        """Let a task answer a request."""
        if isinstance(request, DataRequested):
            self._data_requests.append(request)
        else:
            self._file_requests.append(request)
        self._requested.set()
        self._requested = trio.Event()

    def release(self, number: int) -> None:
        """Forget an offer that nobody can ask for any more."""
        offering = self._offerings.pop(number, None)
        if offering is not None:
            offering.finish()

    def end(self) -> None:
        """Forget all."""
        for number in list(self._offerings):
            self.release(number)

    async def _render_data(self) -> None:
        """Answer requests for data, in order."""
        while True:
            while not self._data_requests:
                await self._requested.wait()
            data = await self._render(self._data_requests.popleft().format_id)
            await self._outgoing.wait_room()
            if self._outgoing.is_closed:
                return
            self._outgoing.put(self._exchange.answer_data(data))

    async def _render(self, format_id: int) -> bytes | None:
        offering = self._offerings.get(self._exchange.offer_number)
        if offering is None or self._exchange.is_offer_refused:
            return None
        key = next((key for key in offering.keys if self._identify(key)[0] == format_id), None)
        if key is None:
            return None
        data: bytes | None = None
        with trio.CancelScope() as self._rendering:
            data = await offering.render(key)
        self._rendering = None
        if data is not None and len(data) > self._limits.channel_message - ENVELOPE:
            _log.error("clipboard: %d bytes of data are too many for a message", len(data))
            return None
        return data

    async def _read_files(self) -> None:
        """Answer requests about files."""
        while True:
            while not self._file_requests:
                await self._requested.wait()
            request = self._file_requests.popleft()
            offering = self._offerings.get(request.offer)
            contents: int | bytes | None = None
            if offering is not None and request.count is None:
                contents = offering.size(request.index)
            elif offering is not None and request.count is not None:
                count = min(request.count, self._limits.clipboard_range)
                contents = await offering.read(request.index, request.position, count)
            await self._outgoing.wait_room()
            if self._outgoing.is_closed:
                return
            self._outgoing.put(self._exchange.answer_file(request, contents))
            if offering is not None and isinstance(contents, bytes):
                offering.note_read(request.index, request.position + len(contents))

    def _identify(self, key: FormatKey) -> tuple[int, str]:
        """A format's id and name; a name keeps its id, so that a late request never gets another format's data."""
        if not isinstance(key, str):
            return int(key), ""
        name = key.casefold()
        if name not in self._ids:
            if len(self._ids) > _LAST_NAMED - _FIRST_NAMED:
                raise LocalProtocolError(f"more than {len(self._ids)} names of formats")
            self._ids[name] = _FIRST_NAMED + len(self._ids)
        return self._ids[name], key
