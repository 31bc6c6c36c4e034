"""`ClipboardLink`: one channel's life: its machine, its receive loop, and the requests that wait for answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import trio

from trio_rdp.channels.cliprdr import (
    ClipboardAnswer,
    ClipboardEvent,
    ClipboardExchange,
    ClipboardReady,
    DataReceived,
    DataRequested,
    FileContentsReceived,
    FileContentsRequested,
    FilesReleased,
    FormatsOffered,
    OfferAnswered,
)
from trio_rdp.faces.clipboard.contents import ClipboardContents
from trio_rdp.faces.clipboard.offering import Offering
from trio_rdp.faces.clipboard.outgoing import ClipboardOutgoing
from trio_rdp.faces.clipboard.serving import ENVELOPE, ClipboardServing
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import (
    DeadlineExceeded,
    LocalProtocolError,
    RdpError,
    RequestRefused,
)

__all__ = ["ClipboardLink", "Fetched", "FileAnswer"]

T = TypeVar("T")


class _Answer(Generic[T]):
    """Something that a task waits for; the link's end wakes it with nothing given."""

    __slots__ = ("arrived", "is_given", "value")

    value: T

    def __init__(self) -> None:
        self.arrived = trio.Event()
        self.is_given = False

    def give(self, value: T) -> None:
        self.value = value
        self.is_given = True
        self.arrived.set()


@dataclass(frozen=True, slots=True)
class Fetched:
    """Data of the peer's clipboard, their format, and the id of the lock that holds its files, where there is one."""

    format_id: int
    data: bytes
    clip_data_id: int | None


class FileAnswer:
    """A request about a file that is under way."""

    def __init__(self, link: ClipboardLink, stream_id: int) -> None:
        self._link = link
        self._stream_id = stream_id
        self._answer: _Answer[int | bytes | None] = _Answer()
        link._files[stream_id] = self._answer

    async def wait(self) -> int | bytes:
        """The file's size or bytes; raises `RequestRefused`, and what the link's end raises."""
        await self._answer.arrived.wait()
        if not self._answer.is_given:
            self._link.check()
            raise trio.ClosedResourceError("this file was closed here")
        if self._answer.value is None:
            raise RequestRefused("the peer cannot read its file")
        return self._answer.value

    def give_up(self) -> None:
        """Wait no more, in whatever task; an answer that comes yet is dropped."""
        self._answer.arrived.set()
        if self._link._files.pop(self._stream_id, None) is not None:
            self._link.give_up_file(self._stream_id)


class ClipboardLink:
    """The clipboard of one channel; `on_change` is called when the peer's contents have changed."""

    def __init__(
        self,
        channel: MessageChannel,
        limits: Limits,
        *,
        is_server: bool,
        temporary_directory: str | None,
        on_change: Callable[[], None],
    ) -> None:
        self._channel = channel
        self._limits = limits
        self.read_limit: int = limits.clipboard_read
        self._on_change = on_change
        self.exchange: ClipboardExchange = ClipboardExchange(
            is_server=is_server,
            temporary_directory=temporary_directory,
            requests_limit=limits.clipboard_requests,
            locks_limit=limits.clipboard_locks,
            lock_idle=limits.clipboard_lock_idle,
        )
        self.outgoing: ClipboardOutgoing = ClipboardOutgoing(
            channel, limits.clipboard_outgoing, limits.clipboard_requests + 64
        )
        self.peak_requests: int = 0
        self.was_closed: bool = False
        self._error: RdpError | None = None
        self._changed = trio.Event()  # readiness, room for requests, locks, or the end
        self._serving = ClipboardServing(self.exchange, self.outgoing, limits)
        self._accepted: _Answer[bool] = _Answer()
        self._turn = trio.Lock()
        self._data: _Answer[bytes | None] = _Answer()
        self._data_deadline = 0.0
        self._files: dict[int, _Answer[int | bytes | None]] = {}
        self._kept_locks: Counter[int] = Counter()

    # For the face.

    def check(self) -> None:
        """Raise why the link is over, if it is."""
        if self._error is not None:
            raise self._error.with_traceback(None)

    async def wait_ready(self) -> None:
        """Wait until both sides know what the other can do."""
        await trio.lowlevel.checkpoint()
        while not self.exchange.is_ready:
            self.check()
            await self._changed.wait()

    async def offer(self, offering: Offering) -> None:
        """Put it on the clipboard, and wait until the peer has taken that; cancelled then, it stays on.

        Raises `RequestRefused` where the peer cannot take it.
        """
        await offering.prepare()
        if offering.description_size > self._limits.channel_message - ENVELOPE:
            raise LocalProtocolError("more files than a message can list")
        if offering.has_files:
            await self.wait_ready()
        await self.outgoing.wait_room()
        self.check()
        message = self._serving.offer(offering)
        if message:
            self.outgoing.put(message)
        if not self._accepted.is_given:
            self._accepted.give(True)  # whoever waits for an offer that this replaces need not any more
        accepted: _Answer[bool] = _Answer()
        self._accepted = accepted
        self._wake()
        await accepted.arrived.wait()
        if not accepted.is_given:
            self.check()
        if not accepted.value:
            raise RequestRefused("the peer could not take what was offered")

    async def fetch(self, choose: Callable[[ClipboardContents], int | None], *, lock: bool = False) -> Fetched | None:
        """Ask for the data of the format that `choose` finds; None where it finds none.

        With `lock` the peer is asked to keep its files.  Raises `RequestRefused`, and `DeadlineExceeded` when the peer
        does not answer.
        """
        await self.wait_ready()
        async with self._turn:
            while self.exchange.is_data_wanted:  # by somebody who was cancelled
                await self._wait_data(self._data)
            await self.outgoing.wait_room()
            self.check()
            format_id = choose(ClipboardContents(self.exchange.formats))
            if format_id is None:
                return None
            clip_data_id = None
            if lock:
                clip_data_id, messages = self.exchange.lock(trio.current_time())
                for message in messages:
                    self.outgoing.put(message)
                self._wake()
            self._data_deadline = trio.current_time() + self._limits.clipboard_answer
            answer: _Answer[bytes | None] = _Answer()
            self._data = answer
            self.outgoing.put(self.exchange.request_data(format_id))
            await self._wait_data(answer)
        if not answer.is_given:
            raise DeadlineExceeded("clipboard data", self._limits.clipboard_answer)
        if answer.value is None:
            raise RequestRefused(f"the peer does not give the data of format {format_id}")
        return Fetched(format_id, answer.value, clip_data_id)

    async def ask_size(self, index: int, clip_data_id: int | None) -> FileAnswer:
        """Ask for the size of a file of the peer, when there is room for the request."""
        await self._wait_request_room()
        stream_id, message = self.exchange.request_size(index, clip_data_id, trio.current_time())
        self.outgoing.put(message)
        return self._expect(stream_id)

    async def ask_range(self, index: int, position: int, count: int, clip_data_id: int | None) -> FileAnswer:
        """Ask for a part of a file of the peer, when there is room for the request."""
        await self._wait_request_room()
        now = trio.current_time()
        stream_id, message = self.exchange.request_range(index, position, count, clip_data_id, now)
        self.outgoing.put(message)
        return self._expect(stream_id)

    def give_up_file(self, stream_id: int) -> None:
        """Drop the answer to a request when it comes, and let the next request go."""
        self.exchange.give_up_file(stream_id)
        self._wake()

    def keep_lock(self, clip_data_id: int | None) -> None:
        """Count a user of a lock, which does not expire while it has any."""
        if clip_data_id is not None:
            self._kept_locks[clip_data_id] += 1

    def let_lock_go(self, clip_data_id: int | None) -> None:
        """Count a user of a lock less."""
        if clip_data_id is not None:
            self._kept_locks[clip_data_id] -= 1
            self.exchange.touch_lock(clip_data_id, trio.current_time())

    @property
    def requests_wanted(self) -> int:
        """How many requests the peer has not answered."""
        return self.exchange.files_wanted + self.exchange.is_data_wanted

    def end(self, error: RdpError) -> None:
        """Wake everybody; what they waited for will not come."""
        self._error = error
        self.outgoing.close()
        self._wake()
        self._accepted.arrived.set()
        self._data.arrived.set()
        for answer in self._files.values():
            answer.arrived.set()
        self._serving.end()

    # The tasks.

    async def run(self) -> None:
        """Do what the channel says until it ends, which raises."""
        for message in self.exchange.start():
            self.outgoing.put(message)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.outgoing.run)
            self._serving.begin(nursery)
            nursery.start_soon(self._expire)
            while True:
                try:
                    message = await self._channel.receive()
                except trio.EndOfChannel:
                    self.was_closed = True
                    raise
                for event in self.exchange.receive(message, trio.current_time()):
                    self._handle(event)
                self.peak_requests = max(self.peak_requests, self.exchange.requests_owed)

    def _handle(self, event: ClipboardEvent) -> None:
        match event:
            case ClipboardAnswer(message):
                self.outgoing.put(message)
            case ClipboardReady():
                self._wake()
            case FormatsOffered():
                self._wake()
                self._on_change()
            case OfferAnswered(_, is_accepted):
                if not self._accepted.is_given:
                    self._accepted.give(is_accepted)
            case DataRequested() | FileContentsRequested():
                self._serving.add(event)
            case DataReceived(data):
                if not self._data.is_given:
                    self._data.give(data)
            case FileContentsReceived(stream_id, contents):
                answer = self._files.pop(stream_id, None)
                if answer is not None:
                    answer.give(contents)
                self._wake()
            case FilesReleased(number):
                self._serving.release(number)

    async def _expire(self) -> None:
        """End the locks that nobody uses."""
        while True:
            expiry = self.exchange.next_expiry()
            with trio.move_on_at(float("inf") if expiry is None else expiry) as scope:
                await self._changed.wait()
            if not scope.cancelled_caught:
                continue
            now = trio.current_time()
            for clip_data_id, users in self._kept_locks.items():
                if users > 0:
                    self.exchange.touch_lock(clip_data_id, now)
            self._kept_locks = +self._kept_locks
            for event in self.exchange.expire(now):
                self._handle(event)

    # What they share.

    async def _wait_data(self, answer: _Answer[bytes | None]) -> None:
        with trio.move_on_at(self._data_deadline):
            await answer.arrived.wait()
        if not answer.is_given:
            self.check()
            self.exchange.give_up_data()

    async def _wait_request_room(self) -> None:
        await self.wait_ready()
        while True:
            await self.outgoing.wait_room()
            self.check()
            if self.exchange.files_wanted < self._limits.clipboard_requests:
                return
            await self._changed.wait()

    def _expect(self, stream_id: int) -> FileAnswer:
        answer = FileAnswer(self, stream_id)
        self.peak_requests = max(self.peak_requests, self.requests_wanted)
        return answer

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
