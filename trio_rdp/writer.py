"""`Writer`: the one task of a session that writes, and the lanes in which whole PDUs wait for it.

A cancelled `send_all` breaks a TLS stream for good, in both directions.  So nobody else calls it: a user's call puts
whole PDUs into a lane, or waits for room, and can be cancelled at any moment without leaving half a PDU on the wire.
What may be compressed waits as `Outgoing` and is compressed when it leaves its lane: that is the order on the wire.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import trio

from trio_rdp.protocol.channel_frames import Run
from trio_rdp.protocol.deflation import Outgoing
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import DeadlineExceeded, RdpError, SessionClosed

__all__ = ["Item", "Lane", "LaneStatistics", "Writer", "WriterStatistics"]

_FREE_WRITE = 65_536  # one write while the socket drains freely: TLS moves 760 MB/s so, 43 in single PDUs
_SLOW_WRITE = 16_384  # one write while it does not: what was written cannot be overtaken any more
_FREE_SECONDS = 0.005  # a write that took longer waited for the peer
_MOST_COMPRESSED = 0x40000
"""Bytes, before compression, of the PDUs of one write: they are compressed on the loop, at 1.5 to 2 GB/s where they
shrink to next to nothing, and it should have its turn well within a millisecond."""


_FRAME = 1_700  # bytes of a channel's frame, at most, as all peers cut them

Item: TypeAlias = bytes | Outgoing | Run
"""What waits in a lane: a PDU, one that is compressed when it is written, or a message whose frames are made then."""


@dataclass(frozen=True, slots=True)
class LaneStatistics:
    """How full one lane is: bytes now, the most there ever were, the bound, and how many PDUs have left it.

    Bytes are counted before they are compressed.
    """

    name: str
    bytes: int
    peak_bytes: int
    limit: int
    pdus: int


@dataclass(frozen=True, slots=True)
class WriterStatistics:
    """What a session has written, and what waits."""

    bytes_sent: int
    writes: int
    lanes: tuple[LaneStatistics, ...]


class _Batch:
    """What is written at once: `data`, of at most `budget` bytes, but that a single larger PDU goes alone."""

    __slots__ = ("_budget", "_most", "_taken", "_whole", "data")

    def __init__(self, budget: int) -> None:
        self.data: bytearray = bytearray()
        self._taken = 0  # bytes, before they were compressed
        self._whole = budget
        self.allow_all()

    def keep_half(self) -> None:
        """Leave half of what is still free for later."""
        self._budget = (len(self.data) + self._whole) // 2
        self._most = (self._taken + _MOST_COMPRESSED) // 2

    def allow_all(self) -> None:
        """Let all be filled."""
        self._budget, self._most = self._whole, _MOST_COMPRESSED

    def has_room(self, size: int) -> bool:
        """Whether a PDU of `size` bytes may be added."""
        return not self._taken or (len(self.data) + size <= self._budget and self._taken + size <= self._most)

    def add(self, pdu: bytes | Outgoing) -> None:
        """Add a PDU, and compress what can be."""
        self._taken += len(pdu)
        self.data += pdu.commit() if isinstance(pdu, Outgoing) else pdu

    def add_run(self, run: Run, most: int | None) -> tuple[int, int]:
        """Add frames of a message, `most` of them at most; gives how many bytes of it and how many frames they are."""
        before = len(run)
        frames, count = run.take(min(self._budget - len(self.data), self._most - self._taken), most)
        size = before - len(run)
        self._taken += size
        self.data += frames
        return size, count


class Lane:
    """A queue of whole PDUs, bounded in bytes."""

    __slots__ = ("_bytes", "_limit", "_peak", "_queue", "_room", "_writer", "is_retired", "name", "pdus", "share")

    def __init__(self, writer: Writer, name: str, limit: int) -> None:
        self.name: str = name
        self.pdus: int = 0
        self.share: int = 1
        """How many PDUs of a channel go when it is its turn, while others wait."""
        self.is_retired: bool = False
        self._writer = writer
        self._limit = limit
        self._queue: deque[Item] = deque()
        self._bytes = 0
        self._peak = 0
        self._room: trio.Event | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits in this lane."""
        return not self._queue

    def has_room(self, size: int) -> bool:
        """Whether `size` more bytes fit; a single larger message fits into a lane that is nearly empty.

        So one message of any size waits behind the one that is written, and the writer never waits for a sender.
        """
        return self._bytes <= self._limit // 8 or self._bytes + size <= self._limit

    def put_nowait(self, pdus: Iterable[Item]) -> None:
        """Queue PDUs that belong together; raises `trio.WouldBlock` without room, `SessionClosed` at the end.

        And `trio.BrokenResourceError` for a channel that is closed.
        """
        batch = list(pdus)
        size = sum(map(len, batch))
        self._writer.check_open()
        if self.is_retired:
            raise trio.BrokenResourceError(f"channel {self.name} is closed")
        if not self.has_room(size):
            raise trio.WouldBlock
        self._queue_up(batch, size)

    def put_last(self, pdu: Item) -> None:
        """Queue what closes a channel behind everything else, whatever room there is; nothing at the session's end."""
        if self._writer.is_open:
            self._queue_up([pdu], len(pdu))

    def _queue_up(self, batch: list[Item], size: int) -> None:
        self._queue.extend(batch)
        self._bytes += size
        if self._bytes > self._peak:
            self._peak = self._bytes
        self._writer.wake()

    async def put(self, pdus: Iterable[Item]) -> None:
        """Queue PDUs that belong together, when there is room; cancelling leaves either all of them queued or none."""
        batch = list(pdus)
        await trio.lowlevel.checkpoint_if_cancelled()
        while True:
            try:
                self.put_nowait(batch)
            except trio.WouldBlock:
                if self._room is None:
                    self._room = trio.Event()
                await self._room.wait()
            else:
                await trio.lowlevel.cancel_shielded_checkpoint()
                return

    def retire(self) -> None:
        """Take nothing more; what waits is still written."""
        self._writer.retire(self)

    def clear(self) -> None:
        """Drop what waits (a display that was resized has no use for it)."""
        self._queue.clear()
        self._bytes = 0
        self.wake()

    def take(self, batch: _Batch, *, most: int | None = None) -> bool:
        """Move PDUs into `batch` as long as it has room; gives whether there was any to move."""
        queue, moved = self._queue, False
        while queue and most != 0:
            item = queue[0]
            if isinstance(item, Run):
                if not batch.has_room(_FRAME):
                    break
                size, count = batch.add_run(item, most)
                if not len(item):
                    queue.popleft()
            elif batch.has_room(len(item)):
                queue.popleft()
                size, count = len(item), 1
                batch.add(item)
            else:
                break
            moved = True
            self._bytes -= size
            self.pdus += count
            most = None if most is None else most - count
        if moved:
            self.wake()
        return moved

    def wake(self) -> None:
        """Let those who wait for room look again."""
        if self._room is not None:
            self._room.set()
            self._room = None

    def statistics(self) -> LaneStatistics:
        """How full the lane is, and has been."""
        return LaneStatistics(self.name, self._bytes, self._peak, self._limit, self.pdus)


class Writer:
    """The lanes of one session, and `run`, the task that empties them into the stream.

    Control goes first, then input, then each channel's share in turn, then graphics, for which half is kept.
    """

    def __init__(self, stream: trio.abc.SendStream, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._work = trio.Event()
        self._closed: RdpError | None = None
        self._finishing = False
        self._last = b""
        self._write_limit = _FREE_WRITE
        self._bytes_sent = 0
        self._writes = 0
        self.control: Lane = Lane(self, "control", limits.control_lane)
        self.input: Lane = Lane(self, "input", limits.input_lane)
        self.graphics: Lane = Lane(self, "graphics", limits.graphics_lane)
        self._channels: dict[str, Lane] = {}
        self._turns: deque[Lane] = deque()
        self._channels_suspended = False
        self._is_writing_graphics = False
        self._graphics_written = trio.Event()
        self._passed_over = False  # whether pictures found no room in the last write

    def channel(self, name: str) -> Lane:
        """The lane of one virtual channel."""
        if name not in self._channels:
            lane = self._channels[name] = Lane(self, name, self._limits.channel_lane)
            self._turns.append(lane)
        return self._channels[name]

    def retire(self, lane: Lane) -> None:
        """Forget the lane of a channel once what waits in it is written; nothing more is put there."""
        lane.is_retired = True
        lane.wake()
        if lane.is_empty:
            self._remove(lane)

    def _remove(self, lane: Lane) -> None:
        if self._channels.pop(lane.name, None) is not None:
            self._turns.remove(lane)

    def suspend_channels(self, suspend: bool) -> None:
        """Hold back what channels send, or let it go again, as the peer asks ([MS-RDPBCGR] 2.2.6.1.1)."""
        self._channels_suspended = suspend
        if not suspend:
            self.wake()

    @property
    def is_open(self) -> bool:
        """Whether anything can still be sent."""
        return self._closed is None

    def check_open(self) -> None:
        """Raise `SessionClosed` when nothing can be sent any more."""
        if self._closed is not None:
            raise SessionClosed(str(self._closed)) from self._closed.__cause__

    def send_control(self, pdu: bytes) -> None:
        """Queue an answer that the protocol owes; a peer that lets them pile up ends its session."""
        try:
            self.control.put_nowait((pdu,))
        except trio.WouldBlock:
            raise SessionClosed(
                f"the peer asks faster than it reads: {self._limits.control_lane} bytes of answers wait"
            ) from None

    @property
    def is_graphics_drained(self) -> bool:
        """Whether the socket has taken all pictures, whatever else waits."""
        return self.graphics.is_empty and not self._is_writing_graphics

    async def wait_graphics_drained(self) -> None:
        """Wait until the socket has taken all pictures; raises `SessionClosed` when that cannot be."""
        while self._closed is None and not self.is_graphics_drained:
            await self._graphics_written.wait()
        self.check_open()

    def wake(self) -> None:
        """Tell the task that something waits."""
        self._work.set()

    async def run(self) -> None:
        """Write until cancelled, or until `finish` was called and nothing waits.

        Raises `DeadlineExceeded` when the socket takes nothing for `Limits.write_progress`, and what the stream raises.
        """
        try:
            while True:
                batch = self._next_batch()
                if not batch and self._finishing:
                    batch, self._last = bytearray(self._last), b""
                if batch:
                    await self._write(batch)
                    self._is_writing_graphics = False
                    if self.graphics.is_empty:
                        self._wake_painters()
                    continue
                if self._finishing or self._closed is not None:
                    return
                self._work = trio.Event()
                await self._work.wait()
        except (trio.BrokenResourceError, trio.ClosedResourceError) as exc:
            self.close(SessionClosed("the connection was lost while sending"))
            raise SessionClosed("the connection was lost while sending") from exc
        except RdpError as exc:
            self.close(exc)
            raise

    def say_last(self, pdu: bytes) -> None:
        """Keep what `finish` sends behind everything that waits, whatever lane that is in."""
        self._last = pdu

    def finish(self, reason: RdpError) -> None:
        """Accept nothing more; `run` returns once what waits is written."""
        self._finishing = True
        if self._closed is None:
            self._closed = reason
        for lane in self._lanes():
            lane.wake()
        self._wake_painters()
        self._work.set()

    def close(self, reason: RdpError) -> None:
        """Accept nothing more and wake everybody who waits, to see `SessionClosed`."""
        if self._closed is None:
            self._closed = reason
        self._last = b""
        for lane in self._lanes():
            lane.clear()
        self._wake_painters()
        self._work.set()

    def _wake_painters(self) -> None:
        self._graphics_written.set()
        self._graphics_written = trio.Event()

    async def _write(self, batch: bytearray) -> None:
        started = trio.current_time()
        with memoryview(batch) as view:
            for at in range(0, len(batch), _FREE_WRITE):  # a single PDU may be larger
                await self._send(view[at : at + _FREE_WRITE])
        self._writes += 1
        is_free = trio.current_time() - started < _FREE_SECONDS
        self._write_limit = _FREE_WRITE if is_free else _SLOW_WRITE

    async def _send(self, piece: memoryview) -> None:
        with trio.move_on_after(self._limits.write_progress) as scope:
            await self._stream.send_all(piece)
        if scope.cancelled_caught:
            raise DeadlineExceeded("sending", self._limits.write_progress)
        self._bytes_sent += len(piece)

    def _next_batch(self) -> bytearray:
        batch = _Batch(self._write_limit)
        self.control.take(batch)
        self.input.take(batch)
        has_graphics = not self.graphics.is_empty
        took_graphics = self._passed_over and self.graphics.take(batch, most=1)
        # While there are pictures too, channels leave them half: a long transfer must not freeze the screen.
        if has_graphics:
            batch.keep_half()
        if not self._channels_suspended:
            self._take_channels(batch)
        batch.allow_all()
        took_graphics |= self.graphics.take(batch)
        self._passed_over = has_graphics and not took_graphics
        self._is_writing_graphics = took_graphics
        return batch.data

    def _take_channels(self, batch: _Batch) -> None:
        is_alone = sum(not lane.is_empty for lane in self._turns) == 1
        # A PDU that does not fit any more ends the round, and its lane is the first of the next one.
        while (lane := self._next_turn()) is not None and lane.take(batch, most=None if is_alone else lane.share):
            self._turns.rotate(-1)
            if lane.is_retired and lane.is_empty:
                self._remove(lane)

    def _next_turn(self) -> Lane | None:
        """The next channel with something to send, moved to the front of the line."""
        for _ in range(len(self._turns)):
            if not self._turns[0].is_empty:
                return self._turns[0]
            self._turns.rotate(-1)
        return None

    def _lanes(self) -> list[Lane]:
        return [self.control, self.input, *self._channels.values(), self.graphics]

    def statistics(self) -> WriterStatistics:
        """What was written, and how full each lane is."""
        return WriterStatistics(self._bytes_sent, self._writes, tuple(lane.statistics() for lane in self._lanes()))
