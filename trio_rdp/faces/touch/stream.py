"""`TouchStream`: what a client's fingers and pens do, as a Trio receive channel of a server's session.

async for event in session.touch:
    for point in event.points:
        print(point.x, point.y, point.action)
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass

import trio

from trio_rdp.channels.rdpei import CHANNEL_NAME
from trio_rdp.channels.rdpei.contacts import ContactAction, ContactState
from trio_rdp.channels.rdpei.events import PenInput, PenPoint, PointerInput, TouchInput, TouchPoint
from trio_rdp.channels.rdpei.server import TouchServer, TouchServerState
from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import RemoteProtocolError

__all__ = [
    "ContactAction",
    "ContactState",
    "PenInput",
    "PenPoint",
    "PointerInput",
    "TouchInput",
    "TouchPoint",
    "TouchStream",
    "TouchStreamStatistics",
]

_log = logging.getLogger(__name__)

_STAYING = frozenset((ContactAction.MOVE, ContactAction.HOVER))


@dataclass(frozen=True, slots=True)
class TouchStreamStatistics:
    """What came: frames received, those of them that became one with the frame before, and how many points wait.

    `waiting` is now, `peak_waiting` the most there ever were, `limit` the bound.  `faults` counts contacts that did
    what they cannot, `passed_over` messages and frames that were not expected.
    """

    received: int
    coalesced: int
    waiting: int
    peak_waiting: int
    limit: int
    faults: int
    passed_over: int


class TouchStream(ChannelFace, trio.abc.ReceiveChannel[PointerInput]):
    """Touches and pens in the order in which they happened, an event for each frame.

    At most `Limits.touch_points` wait, of all frames; when that is full, moves of the same contacts become one, and
    anything else gives the channel up.  A contact that does what it cannot ([MS-RDPEI] 3.1.1.1) cancels all of its
    kind; the event says why, and what the client sends of that gesture is passed over.  After the channel's end
    `receive` gives what still waits, and then raises `trio.EndOfChannel`, or as `wait_open` does where it was not a
    clean one.
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__(CHANNEL_NAME)
        self._limits = limits
        self._machine = TouchServer()
        self._events: deque[PointerInput] = deque()
        self._telling = trio.Lock()
        self._is_closed = False
        self._has_ended = False
        self._is_working = False
        self._waiting = 0
        self._received = 0
        self._coalesced = 0
        self._peak = 0
        self._faults = 0
        self._passed_over = 0

    @property
    def is_suspended(self) -> bool:
        """Whether the client was asked to send nothing."""
        return self._machine.is_suspended

    @property
    def max_contacts(self) -> int:
        """How many fingers the client may send at once; 0 until it is ready."""
        return self._machine.max_contacts

    @property
    def max_pens(self) -> int:
        """How many pens the client may send at once; 0 until it is ready."""
        return self._machine.max_pens

    async def wait_ready(self) -> None:
        """Wait until the client can send touches; raises as `wait_open` does."""
        await trio.lowlevel.checkpoint()
        await self._ready()

    async def suspend(self) -> None:
        """Ask the client to send nothing until `resume`; what is on its way still comes.

        Waits until the client is ready.  Raises `LocalProtocolError` where that was done already.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        await self._tell(is_suspended=True)

    async def resume(self) -> None:
        """Let the client send again; raises `LocalProtocolError` where nothing is suspended."""
        await trio.lowlevel.checkpoint_if_cancelled()
        await self._tell(is_suspended=False)

    async def receive(self) -> PointerInput:
        """The next event; cancelling loses none."""
        await trio.lowlevel.checkpoint_if_cancelled()
        while True:
            try:
                event = self.receive_nowait()
            except trio.WouldBlock:
                await self._changed.wait()
            else:
                await trio.lowlevel.cancel_shielded_checkpoint()
                return event

    def receive_nowait(self) -> PointerInput:
        """The next event; raises `trio.WouldBlock` where none waits."""
        if self._is_closed:
            raise trio.ClosedResourceError("this stream was closed here")
        if self._events:
            event = self._events.popleft()
            self._waiting -= _cost(event)
            return event
        if not self._is_working:  # else the channel has still to say how it ends
            if self._has_ended:
                raise trio.EndOfChannel
            self._raise_end()
        raise trio.WouldBlock

    async def aclose(self) -> None:
        """Stop listening: what fingers and pens do from now on is dropped."""
        self._is_closed = True
        self._events.clear()
        self._waiting = 0
        self._wake()
        await trio.lowlevel.checkpoint()

    def statistics(self) -> TouchStreamStatistics:
        """What came, and what waits."""
        return TouchStreamStatistics(
            self._received,
            self._coalesced,
            self._waiting,
            self._peak,
            self._limits.touch_points,
            self._faults + self._machine.faults,
            self._passed_over + self._machine.passed_over,
        )

    async def _ready(self) -> MessageChannel:
        while True:
            channel = await self._opened()
            if self._machine.state is TouchServerState.RUNNING:
                return channel
            await self._changed.wait()

    async def _tell(self, *, is_suspended: bool) -> None:
        async with self._telling:
            channel = await self._ready()
            machine = self._machine
            do, undo = (machine.suspend, machine.resume) if is_suspended else (machine.resume, machine.suspend)
            message = do()
            try:
                await self._send(channel, message)
            except BaseException:
                undo()
                raise

    async def _work(self, channel: MessageChannel) -> None:
        self._has_ended, self._is_working = False, True
        try:
            await channel.send(self._machine.start())
            while True:
                for event in self._machine.receive(await channel.receive()):
                    self._take(event)
                self._wake()
        except trio.EndOfChannel:
            self._has_ended = True
            raise
        finally:
            self._is_working = False
            self._wake()

    def _take(self, event: PointerInput) -> None:
        self._received += 1
        if event.fault is not None:
            _log.info("a client's gesture is canceled: %s", event.fault)
        if self._is_closed:
            return
        if self._waiting + _cost(event) <= self._limits.touch_points:
            self._events.append(event)
            self._waiting += _cost(event)
            self._peak = max(self._peak, self._waiting)
        elif self._events and _is_same_move(self._events[-1], event):
            self._events[-1] = event
            self._coalesced += 1
        else:
            raise RemoteProtocolError(f"{self._waiting} touches wait and nobody receives them")

    def _ended(self) -> None:
        self._faults += self._machine.faults
        self._passed_over += self._machine.passed_over
        self._machine = TouchServer()


def _is_same_move(last: PointerInput, event: PointerInput) -> bool:
    """Whether both only move the same contacts, so that the later one says all."""
    steps = [[(_id_of(point), point.action) for point in one.points] for one in (last, event)]
    is_move = all(action in _STAYING for _, action in steps[1])
    return type(last) is type(event) and steps[0] == steps[1] and is_move and event.fault is None


def _cost(event: PointerInput) -> int:
    return max(1, len(event.points))


def _id_of(point: TouchPoint | PenPoint) -> int:
    return point.contact_id if isinstance(point, TouchPoint) else point.device_id
