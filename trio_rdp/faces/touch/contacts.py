"""`Finger`, `Fingers` and `Pen`: what `Touch` hands out for the length of a `with` block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import trio

from trio_rdp.channels.rdpei import ContactFlags, PenContact, PenFlags, TouchContact
from trio_rdp.channels.rdpei.client import TouchClient
from trio_rdp.channels.rdpei.contacts import ENGAGE, LIFT, STAY, Contact, ContactState
from trio_rdp.wire.errors import LocalProtocolError

__all__ = ["Deliver", "Finger", "Fingers", "Pen"]


class Deliver(Protocol):
    """Sends what is made of a machine's state, when the server takes it; nothing has changed when that fails."""

    async def __call__(self, make: Callable[[TouchClient], bytes], machine: TouchClient | None = None) -> None:
        """Send; `machine` is the one that must still be in use."""


class Finger:
    """A finger on the screen, or over it.  `pressure` is 0 to 1024, `orientation` in degrees counter-clockwise.

    `bounds` is the rectangle of the contact relative to its place: left, top, right, bottom, the last two not in it.
    """

    def __init__(self, deliver: Deliver, machine: TouchClient, contact_id: int) -> None:
        self.contact_id: int = contact_id
        self._deliver = deliver
        self._machine = machine
        self._is_gone = False

    @property
    def position(self) -> tuple[int, int]:
        """Where it is, in pixels of the desktop."""
        found = self._contact()
        return found.x, found.y

    @property
    def is_down(self) -> bool:
        """Whether it is on the screen; else it hovers."""
        return self._contact().state is ContactState.ENGAGED

    async def move(
        self,
        x: int,
        y: int,
        *,
        pressure: int | None = None,
        orientation: int | None = None,
        bounds: tuple[int, int, int, int] | None = None,
    ) -> None:
        """Draw it to (x, y), on the screen or over it."""
        await self._send(None, (x, y), pressure, orientation, bounds)

    async def down(self, *, pressure: int | None = None) -> None:
        """Put it on the screen, over which it was."""
        await self._send(ENGAGE, None, pressure)

    async def up(self) -> None:
        """Lift it, so that it hovers."""
        await self._send(LIFT, None)

    async def _send(
        self,
        flags: ContactFlags | None,
        at: tuple[int, int] | None,
        pressure: int | None = None,
        orientation: int | None = None,
        bounds: tuple[int, int, int, int] | None = None,
    ) -> None:
        def make(machine: TouchClient) -> bytes:
            contact = self._contact()
            x, y = at or (contact.x, contact.y)
            left, top, right, bottom = bounds or (None, None, None, None)
            touched = TouchContact(
                contact_id=self.contact_id,
                x=x,
                y=y,
                contact_flags=flags or STAY[contact.state],
                contact_rect_left=left,
                contact_rect_top=top,
                contact_rect_right=right,
                contact_rect_bottom=bottom,
                orientation=orientation,
                pressure=pressure,
            )
            return machine.touch([touched], now=trio.current_time())

        await self._deliver(make, self._machine)

    def _contact(self) -> Contact:
        found = None if self._is_gone else self._machine.contacts.get(self.contact_id)
        if found is None:
            raise LocalProtocolError("this finger was taken away")
        return found

    def _leave(self) -> None:
        self._is_gone = True


class Fingers:
    """Several fingers that are drawn together, in one frame; by themselves they are `fingers[0]` and so on."""

    def __init__(self, deliver: Deliver, machine: TouchClient, fingers: Sequence[Finger]) -> None:
        self._deliver = deliver
        self._machine = machine
        self._fingers = tuple(fingers)

    def __len__(self) -> int:
        return len(self._fingers)

    def __getitem__(self, number: int) -> Finger:
        return self._fingers[number]

    def __iter__(self) -> Iterator[Finger]:
        return iter(self._fingers)

    async def move(self, *points: tuple[int, int]) -> None:
        """Draw each finger to its point, all at once; raises `LocalProtocolError` for another number of points."""
        if len(points) != len(self._fingers):
            raise LocalProtocolError(f"{len(points)} points for {len(self._fingers)} fingers")

        def make(machine: TouchClient) -> bytes:
            moved = [
                TouchContact(contact_id=one.contact_id, x=x, y=y, contact_flags=STAY[one._contact().state])
                for one, (x, y) in zip(self._fingers, points, strict=True)
            ]
            return machine.touch(moved, now=trio.current_time())

        await self._deliver(make, self._machine)


@dataclass(frozen=True, slots=True)
class _Grip:
    """How a pen is held."""

    pressure: int | None = None
    rotation: int | None = None
    tilt: tuple[int, int] | None = None
    is_barrel_pressed: bool = False
    is_eraser_pressed: bool = False
    is_inverted: bool = False

    @property
    def flags(self) -> PenFlags:
        found = PenFlags(0)
        found |= PenFlags.BARREL_PRESSED if self.is_barrel_pressed else 0
        found |= PenFlags.ERASER_PRESSED if self.is_eraser_pressed else 0
        found |= PenFlags.INVERTED if self.is_inverted else 0
        return found


class Pen:
    """A pen over the screen, or on it.  How it is held stays so until it is changed."""

    def __init__(self, deliver: Deliver, machine: TouchClient, device_id: int) -> None:
        self.device_id: int = device_id
        self._deliver = deliver
        self._machine = machine
        self._is_gone = False
        self._grip = _Grip()

    @property
    def position(self) -> tuple[int, int]:
        """Where it is, in pixels of the desktop."""
        found = self._contact()
        return found.x, found.y

    @property
    def is_down(self) -> bool:
        """Whether it is on the screen; else it hovers."""
        return self._contact().state is ContactState.ENGAGED

    async def hold(
        self,
        *,
        pressure: int | None = None,
        rotation: int | None = None,
        tilt: tuple[int, int] | None = None,
        is_barrel_pressed: bool | None = None,
        is_eraser_pressed: bool | None = None,
        is_inverted: bool | None = None,
    ) -> None:
        """Hold it in another way, where it is: what is not given stays as it was.

        `pressure` is 0 to 1024, `rotation` in degrees clockwise (0 to 359), `tilt` in degrees to the right and towards
        the user (-90 to 90).
        """
        given: dict[str, Any] = {
            "pressure": pressure,
            "rotation": rotation,
            "tilt": tilt,
            "is_barrel_pressed": is_barrel_pressed,
            "is_eraser_pressed": is_eraser_pressed,
            "is_inverted": is_inverted,
        }
        changes = {name: value for name, value in given.items() if value is not None}
        await self._send(None, None, replace(self._grip, **changes))

    async def move(self, x: int, y: int, *, pressure: int | None = None) -> None:
        """Draw it to (x, y), on the screen or over it."""
        await self._send(None, (x, y), self._pressed(pressure))

    async def down(self, *, pressure: int | None = None) -> None:
        """Put it on the screen, over which it was."""
        await self._send(ENGAGE, None, self._pressed(pressure))

    async def up(self) -> None:
        """Lift it, so that it hovers."""
        await self._send(LIFT, None, replace(self._grip, pressure=None if self._grip.pressure is None else 0))

    async def draw(self, *points: tuple[int, int], pressure: int | None = None) -> None:
        """Draw a line through all points: hover to the first, go down, move on, and lift it at the last.

        Cancelling leaves it where it was then, perhaps on the screen.
        """
        for number, (x, y) in enumerate(points):
            await self.move(x, y)
            if not number:
                await self.down(pressure=pressure)
        if points:
            await self.up()

    async def _send(self, flags: ContactFlags | None, at: tuple[int, int] | None, grip: _Grip) -> None:
        def make(machine: TouchClient) -> bytes:
            contact = self._contact()
            x, y = at or (contact.x, contact.y)
            held = _pen_contact(self.device_id, x, y, flags or STAY[contact.state], grip)
            return machine.pen([held], now=trio.current_time())

        await self._deliver(make, self._machine)
        self._grip = grip

    def _pressed(self, pressure: int | None) -> _Grip:
        return self._grip if pressure is None else replace(self._grip, pressure=pressure)

    def _contact(self) -> Contact:
        found = None if self._is_gone else self._machine.pens.get(self.device_id)
        if found is None:
            raise LocalProtocolError("this pen was taken away")
        return found

    def _leave(self) -> None:
        self._is_gone = True


def _pen_contact(device_id: int, x: int, y: int, flags: ContactFlags, grip: _Grip) -> PenContact:
    tilt_x, tilt_y = grip.tilt or (None, None)
    return PenContact(
        device_id=device_id,
        x=x,
        y=y,
        contact_flags=flags,
        pen_flags=grip.flags or None,
        pressure=grip.pressure,
        rotation=grip.rotation,
        tilt_x=tilt_x,
        tilt_y=tilt_y,
    )
