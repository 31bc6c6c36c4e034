"""`Touch`: the fingers and pens of a client's user.

await session.touch.tap(200, 100)
async with session.touch.contact(10, 10) as finger:
    await finger.move(300, 10)
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import trio

from trio_rdp.channels.rdpei import CHANNEL_NAME, PenContact, TouchContact
from trio_rdp.channels.rdpei.client import TouchClient, TouchClientState
from trio_rdp.channels.rdpei.contacts import ENGAGE, STAY, ContactState
from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.faces.touch.contacts import Finger, Fingers, Pen
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, SessionClosed

__all__ = ["Touch", "TouchStatistics"]


@dataclass(frozen=True, slots=True)
class TouchStatistics:
    """What was sent, and how many fingers and pens are in range now, at most, and may be."""

    messages_sent: int
    contacts: int
    peak_contacts: int
    max_contacts: int
    pens: int
    max_pens: int
    is_suspended: bool


class Touch(ChannelFace):
    """A client's fingers and pens; coordinates are pixels of the desktop.

    All calls wait until the server is ready, and while it has suspended input.  Cancelling sends a whole frame or
    nothing; a finger whose block is left by an exception is taken away, and what it did is canceled.  All raise
    `LocalProtocolError` where the server takes no touches, and `ChannelClosed` when it takes them no more.
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__(CHANNEL_NAME)
        self._limits = limits
        self._machine = TouchClient(limits.touch_contacts)
        self._sending = trio.Lock()
        self._is_ready = False
        self._owed: deque[Callable[[TouchClient], bytes]] = deque()
        self._debt = trio.Event()
        self._sent = 0
        self._peak = 0

    @property
    def is_suspended(self) -> bool:
        """Whether the server wants no input now."""
        return self._machine.state is TouchClientState.SUSPENDED

    @property
    def max_contacts(self) -> int:
        """How many fingers there may be at once."""
        return self._machine.max_contacts

    @property
    def max_pens(self) -> int:
        """How many pens the server takes at once: none, one or four."""
        return self._machine.max_pens

    def statistics(self) -> TouchStatistics:
        """What was sent, and what is in range."""
        machine = self._machine
        return TouchStatistics(
            self._sent,
            len(machine.contacts),
            self._peak,
            machine.max_contacts,
            len(machine.pens),
            machine.max_pens,
            self.is_suspended,
        )

    async def wait_ready(self) -> None:
        """Wait until the server takes touches; raises as `wait_open` does."""
        await trio.lowlevel.checkpoint()
        await self._running()

    @contextlib.asynccontextmanager
    async def contact(
        self, x: int, y: int, *, pressure: int | None = None, is_hovering: bool = False
    ) -> AsyncIterator[Finger]:
        """Put a finger on (x, y), or over it, for the length of a `with` block.

        Raises `LocalProtocolError` when there are as many fingers as may be.
        """
        flags = STAY[ContactState.HOVERING] if is_hovering else ENGAGE
        contact = TouchContact(contact_id=0, x=x, y=y, contact_flags=flags, pressure=pressure)
        async with self._new_fingers([contact]) as fingers:
            yield fingers[0]

    @contextlib.asynccontextmanager
    async def contacts(self, *points: tuple[int, int]) -> AsyncIterator[Fingers]:
        """Put several fingers down at once, for the length of a `with` block; they move together too."""
        contacts = [TouchContact(contact_id=0, x=x, y=y, contact_flags=ENGAGE) for x, y in points]
        async with self._new_fingers(contacts) as fingers:
            yield fingers

    @contextlib.asynccontextmanager
    async def pen(self, x: int, y: int, *, device_id: int = 0) -> AsyncIterator[Pen]:
        """Hold a pen over (x, y), for the length of a `with` block.

        Raises `LocalProtocolError` where the server takes no pens, or not several, or this one is there already.
        """
        found: list[Pen] = []

        def begin(machine: TouchClient) -> bytes:
            if device_id in machine.pens:
                raise LocalProtocolError(f"pen {device_id} is there already")
            found[:] = [Pen(self._deliver, machine, device_id)]
            hovering = PenContact(device_id=device_id, x=x, y=y, contact_flags=STAY[ContactState.HOVERING])
            return machine.pen([hovering], now=trio.current_time())

        def leave(machine: TouchClient, is_canceled: bool) -> bytes:
            return machine.leave_pen(device_id, now=trio.current_time(), is_canceled=is_canceled)

        await self._deliver(begin)
        async with self._until_left(found[0]._machine, leave):
            try:
                yield found[0]
            finally:
                found[0]._leave()

    async def tap(self, x: int, y: int, *, count: int = 1, hold: float = 0.05) -> None:
        """Touch (x, y) for `hold` seconds; `count` 2 is a double tap, a long `hold` opens menus."""
        for number in range(count):
            if number:
                await trio.sleep(0.05)
            async with self.contact(x, y):
                await trio.sleep(hold)

    async def swipe(
        self, start: tuple[int, int], end: tuple[int, int], *, duration: float = 0.25, steps: int = 15
    ) -> None:
        """Draw a finger from `start` to `end`, in `duration` seconds."""
        async with self.contact(*start) as finger:
            for step in range(1, max(steps, 1) + 1):
                await trio.sleep(duration / max(steps, 1))
                await finger.move(*_between(start, end, step, max(steps, 1)))

    async def pinch(self, x: int, y: int, start: int, end: int, *, duration: float = 0.25, steps: int = 15) -> None:
        """Move two fingers around (x, y) from `start` to `end` pixels apart: apart to zoom in, together to zoom out."""
        async with self.contacts((x - start // 2, y), (x + start // 2, y)) as fingers:
            for step in range(1, max(steps, 1) + 1):
                await trio.sleep(duration / max(steps, 1))
                apart = start + (end - start) * step // max(steps, 1)
                await fingers.move((x - apart // 2, y), (x + apart // 2, y))

    @contextlib.asynccontextmanager
    async def _new_fingers(self, contacts: list[TouchContact]) -> AsyncIterator[Fingers]:
        found: list[Finger] = []

        def begin(machine: TouchClient) -> bytes:
            ids = machine.free_contacts(len(contacts))
            found[:] = [Finger(self._deliver, machine, one) for one in ids]
            for contact, one in zip(contacts, ids, strict=True):
                contact.contact_id = one
            return machine.touch(contacts, now=trio.current_time())

        def leave(machine: TouchClient, is_canceled: bool) -> bytes:
            ids = [finger.contact_id for finger in found]
            return machine.leave(ids, now=trio.current_time(), is_canceled=is_canceled)

        if not contacts:
            raise LocalProtocolError("no finger at all")
        await self._deliver(begin)
        machine = found[0]._machine
        async with self._until_left(machine, leave):
            try:
                yield Fingers(self._deliver, machine, found)
            finally:
                for finger in found:
                    finger._leave()

    @contextlib.asynccontextmanager
    async def _until_left(
        self, machine: TouchClient, leave: Callable[[TouchClient, bool], bytes]
    ) -> AsyncIterator[None]:
        """Take contacts away at the end of a block, even when it is cancelled."""
        try:
            yield
            # Where there is no channel any more there is nothing to take away.
            with contextlib.suppress(ChannelClosed, SessionClosed):
                await self._deliver(lambda machine: leave(machine, False), machine)
        except BaseException:
            if machine is self._machine:
                self._owed.append(lambda machine: leave(machine, True))
                self._debt.set()
            raise

    async def _deliver(self, make: Callable[[TouchClient], bytes], machine: TouchClient | None = None) -> None:
        await trio.lowlevel.checkpoint_if_cancelled()
        async with self._sending:
            channel = await self._running()
            current = self._machine
            if machine is not None and machine is not current:
                raise ChannelClosed(self._name, "it was closed, and came again")
            with current.tentative():
                await self._send(channel, make(current))
            self._sent += 1
            self._peak = max(self._peak, len(current.contacts))

    async def _running(self) -> MessageChannel:
        """Wait until the server takes input."""
        while True:
            channel = await self._opened()
            if self._is_ready and self._machine.state is TouchClientState.RUNNING:
                return channel
            await self._changed.wait()

    async def _work(self, channel: MessageChannel) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._pay)
            while True:
                for answer in self._machine.receive(await channel.receive()):
                    await channel.send(answer)
                    self._is_ready = True  # only now: what others send comes behind this
                self._wake()

    async def _pay(self) -> None:
        """Take away what was left by an exception, when the server takes that."""
        while True:
            while self._owed:
                await self._deliver(self._owed.popleft(), self._machine)
            self._debt = trio.Event()
            await self._debt.wait()

    def _ended(self) -> None:
        self._machine = TouchClient(self._limits.touch_contacts)
        self._is_ready = False
        self._owed.clear()


def _between(start: tuple[int, int], end: tuple[int, int], step: int, steps: int) -> tuple[int, int]:
    return start[0] + (end[0] - start[0]) * step // steps, start[1] + (end[1] - start[1]) * step // steps
