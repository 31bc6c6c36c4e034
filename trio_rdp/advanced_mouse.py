"""`AdvancedMouse` and `AdvancedMouseHost`: the mouse on FreeRDP's own channel, for both sides.

It tells when things happened, moves by distances, and turns wheels by less than a notch.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import trio

from trio_rdp.channels.ainput import AINPUT_CHANNEL_NAME, AinputFlags
from trio_rdp.channels.ainput_client import AinputClient
from trio_rdp.channels.ainput_server import WHEEL_SCALE, AinputServer, MouseAction
from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.input import Mouse
from trio_rdp.pdu.capabilities_basic import InputFlags
from trio_rdp.pdu.input import (
    ExtendedMouseEvent,
    ExtendedPointerFlags,
    InputEvent,
    MouseEvent,
    PointerFlags,
    RelativeMouseEvent,
    RelativePointerFlags,
)
from trio_rdp.protocol import input_events
from trio_rdp.protocol.input_events import MouseButton
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import LocalProtocolError, RemoteProtocolError, SessionClosed

__all__ = ["AdvancedMouse", "AdvancedMouseHost", "AdvancedMouseHostStatistics", "AdvancedMouseStatistics"]

_EVERYTHING = InputFlags.MOUSEX | InputFlags.MOUSE_RELATIVE | InputFlags.MOUSE_HWHEEL
_FARTHEST = 0xFFFF


@dataclass(frozen=True, slots=True)
class AdvancedMouseStatistics:
    """A client's mouse: messages sent, and bytes that wait to be: now, at most, and the bound."""

    messages_sent: int
    waiting_bytes: int
    peak_waiting_bytes: int
    max_bytes: int


@dataclass(frozen=True, slots=True)
class AdvancedMouseHostStatistics:
    """A server's mouse: what came, and what was passed over because it said nothing or was not expected."""

    received: int
    passed_over: int


class _Link(Protocol):
    """What a `Mouse` works on."""

    @property
    def input_flags(self) -> InputFlags: ...

    async def send_input(self, events: list[InputEvent]) -> None: ...

    def send_input_nowait(self, events: list[InputEvent]) -> None: ...


class AdvancedMouse(ChannelFace):
    """A client's mouse; `mouse` is a `Mouse` that uses this channel and nothing else.

    Events that belong together are queued at once, up to `Limits.input_lane` bytes: cancelling queues all or nothing.
    What a channel's end finds in the queue is lost.
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__(AINPUT_CHANNEL_NAME)
        self._max_bytes = limits.input_lane
        self._machine = AinputClient()
        self._queue: deque[bytes] = deque()
        self._bytes = 0
        self._filled = trio.Event()
        self._sent = 0
        self._peak = 0
        self.mouse: Mouse = Mouse(self)

    @property
    def is_ready(self) -> bool:
        """Whether the server takes the mouse here."""
        return self.is_open and self._machine.version is not None

    async def wait_ready(self) -> None:
        """Wait until the server takes the mouse here; raises as `wait_open` does."""
        await trio.lowlevel.checkpoint()
        await self._ready()

    def over(self, link: _Link) -> _Link:
        """What a `Mouse` works on that uses this channel whenever it is ready, and else `link`."""
        return _Choice(self, link)

    def statistics(self) -> AdvancedMouseStatistics:
        """What was sent, and what waits."""
        return AdvancedMouseStatistics(self._sent, self._bytes, self._peak, self._max_bytes)

    # For mice.

    @property
    def input_flags(self) -> InputFlags:
        """What this channel takes: everything."""
        return _EVERYTHING

    async def send_input(self, events: list[InputEvent]) -> None:
        """Queue events that belong together, when there is a channel and room."""
        await trio.lowlevel.checkpoint_if_cancelled()
        while True:
            await self._ready()
            try:
                self.send_input_nowait(events)
            except trio.WouldBlock:
                await self._changed.wait()
            else:
                break
        await trio.lowlevel.cancel_shielded_checkpoint()

    def send_input_nowait(self, events: list[InputEvent]) -> None:
        """Queue events that belong together, or raise `trio.WouldBlock`."""
        self._raise_end()
        if not self.is_ready:
            raise trio.WouldBlock
        now = trio.current_time()
        messages = [self._machine.mouse(flags, x, y, now=now) for flags, x, y in map(_to_wire, events)]
        size = sum(map(len, messages))
        if self._queue and self._bytes + size > self._max_bytes:
            raise trio.WouldBlock
        if not self._queue:
            messages = self._send_at_once(messages)
        self._queue += messages
        self._bytes += sum(map(len, messages))
        self._peak = max(self._peak, self._bytes)
        self._filled.set()

    def _send_at_once(self, messages: list[bytes]) -> list[bytes]:
        """Send what the channel has room for; gives the rest."""
        for at, message in enumerate(messages):
            try:
                if self._channel is not None:
                    self._channel.send_nowait(message)
            except (trio.WouldBlock, trio.BrokenResourceError, trio.ClosedResourceError, SessionClosed):
                return messages[at:]
            self._sent += 1
        return []

    async def _ready(self) -> None:
        while not self.is_ready:
            await self._opened()
            if not self.is_ready:
                await self._changed.wait()

    async def _work(self, channel: MessageChannel) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._send_queue, channel)
            while True:
                self._machine.receive(await channel.receive())
                self._wake()

    async def _send_queue(self, channel: MessageChannel) -> None:
        while True:
            while self._queue:
                await channel.send(self._queue[0])
                self._bytes -= len(self._queue.popleft())
                self._sent += 1
                self._wake()
            self._filled = trio.Event()
            await self._filled.wait()

    def _ended(self) -> None:
        self._machine = AinputClient()
        self._queue.clear()
        self._bytes = 0


class _Choice:
    """A link that uses the channel whenever it can."""

    def __init__(self, advanced: AdvancedMouse, plain: _Link) -> None:
        self._advanced = advanced
        self._plain = plain

    @property
    def _link(self) -> _Link:
        return self._advanced if self._advanced.is_ready else self._plain

    @property
    def input_flags(self) -> InputFlags:
        return self._link.input_flags

    async def send_input(self, events: list[InputEvent]) -> None:
        await self._link.send_input(events)

    def send_input_nowait(self, events: list[InputEvent]) -> None:
        self._link.send_input_nowait(events)


class AdvancedMouseHost(ChannelFace):
    """A server's ear for the mouse: `deliver` gets the same events as from the ordinary way of input.

    Buttons that are down when the channel ends come up.
    """

    def __init__(self, limits: Limits, deliver: Callable[[input_events.InputEvent], None]) -> None:
        super().__init__(AINPUT_CHANNEL_NAME)
        self._deliver = deliver
        self._machine = AinputServer()
        self._at = (0, 0)
        self._held: dict[MouseButton, None] = {}
        self._received = 0
        self._passed_over = 0

    def statistics(self) -> AdvancedMouseHostStatistics:
        """What came."""
        return AdvancedMouseHostStatistics(self._received, self._passed_over + self._machine.passed_over)

    async def _work(self, channel: MessageChannel) -> None:
        await channel.send(self._machine.start())
        while True:
            for action in self._machine.receive(await channel.receive()):
                self._received += 1
                for event in self._events(action):
                    self._deliver(event)

    def _events(self, action: MouseAction) -> Iterator[input_events.InputEvent]:
        if action.position is not None:
            x, y = action.position
            self._at = max(0, min(_FARTHEST, x)), max(0, min(_FARTHEST, y))
            if not action.buttons:
                yield input_events.MouseMoved(*self._at)
        if action.movement is not None:
            yield input_events.MouseMovedBy(*action.movement)
        for flag in action.buttons:
            button = _BUTTONS[flag]
            if action.is_down:
                self._held[button] = None
                yield input_events.MousePressed(button, *self._at)
            else:
                self._held.pop(button, None)
                yield input_events.MouseReleased(button, *self._at)
        across, away = action.wheel
        if away:
            yield input_events.WheelTurned(away, *self._at)
        if across:
            yield input_events.WheelTurned(across, *self._at, horizontal=True)

    def _ended(self) -> None:
        self._passed_over += self._machine.passed_over
        self._machine = AinputServer()
        held, self._held = self._held, {}
        # Where there is no room for them the session ends anyway, or nobody listens.
        with contextlib.suppress(RemoteProtocolError):
            for button in held:
                self._deliver(input_events.MouseReleased(button, *self._at))


_BUTTONS = {
    AinputFlags.BUTTON1: MouseButton.LEFT,
    AinputFlags.BUTTON2: MouseButton.RIGHT,
    AinputFlags.BUTTON3: MouseButton.MIDDLE,
    AinputFlags.XBUTTON1: MouseButton.X1,
    AinputFlags.XBUTTON2: MouseButton.X2,
}
_PLAIN = (
    (PointerFlags.MOVE, AinputFlags.MOVE),
    (PointerFlags.DOWN, AinputFlags.DOWN),
    (PointerFlags.BUTTON1, AinputFlags.BUTTON1),
    (PointerFlags.BUTTON2, AinputFlags.BUTTON2),
    (PointerFlags.BUTTON3, AinputFlags.BUTTON3),
)
_EXTENDED = (
    (ExtendedPointerFlags.DOWN, AinputFlags.DOWN),
    (ExtendedPointerFlags.BUTTON1, AinputFlags.XBUTTON1),
    (ExtendedPointerFlags.BUTTON2, AinputFlags.XBUTTON2),
)
_RELATIVE = (
    (RelativePointerFlags.MOVE, AinputFlags.MOVE),
    (RelativePointerFlags.DOWN, AinputFlags.DOWN),
    (RelativePointerFlags.BUTTON1, AinputFlags.BUTTON1),
    (RelativePointerFlags.BUTTON2, AinputFlags.BUTTON2),
    (RelativePointerFlags.BUTTON3, AinputFlags.BUTTON3),
    (RelativePointerFlags.XBUTTON1, AinputFlags.XBUTTON1),
    (RelativePointerFlags.XBUTTON2, AinputFlags.XBUTTON2),
)


def _to_wire(event: InputEvent) -> tuple[AinputFlags, int, int]:
    """What an ordinary mouse event is on this channel: flags, x and y."""
    match event:
        case MouseEvent(pointer_flags=flags) if flags & PointerFlags.WHEEL:
            return AinputFlags.WHEEL, 0, flags.wheel_rotation * WHEEL_SCALE
        case MouseEvent(pointer_flags=flags) if flags & PointerFlags.HWHEEL:
            return AinputFlags.WHEEL, flags.wheel_rotation * WHEEL_SCALE, 0
        case MouseEvent(pointer_flags=flags):
            return _flags(flags, _PLAIN), event.x_pos, event.y_pos
        case ExtendedMouseEvent(pointer_flags=extended):
            return _flags(extended, _EXTENDED), event.x_pos, event.y_pos
        case RelativeMouseEvent(pointer_flags=relative):
            return _flags(relative, _RELATIVE) | AinputFlags.REL, event.x_delta, event.y_delta
    raise LocalProtocolError(f"a {type(event).__name__} is no event of a mouse")


def _flags(flags: int, table: Sequence[tuple[int, AinputFlags]]) -> AinputFlags:
    found = AinputFlags(0)
    for own, theirs in table:
        if flags & own:
            found |= theirs
    return found
