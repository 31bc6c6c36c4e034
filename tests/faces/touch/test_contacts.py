"""`Finger`, `Fingers` and `Pen` over a machine alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from trio_rdp.channels.rdpei import (
    ContactFlags,
    PenContact,
    PenEvent,
    PenFlags,
    ScReady,
    SupportedFeatures,
    TouchContact,
    TouchEvent,
)
from trio_rdp.channels.rdpei.client import TouchClient
from trio_rdp.faces.touch.contacts import Finger, Fingers, Pen
from trio_rdp.wire.errors import LocalProtocolError

DOWN, HOVER = ContactFlags(0x19), ContactFlags(0x0A)


class Wire:
    """Where messages go; `is_broken` lets none through."""

    def __init__(self) -> None:
        self.machine = TouchClient(5)
        features = SupportedFeatures.MULTIPEN_INJECTION_SUPPORTED
        self.machine.receive(ScReady(supported_features=features).encode())
        self.sent: list[bytes] = []
        self.is_broken = False

    async def deliver(self, make: Callable[[TouchClient], bytes], machine: TouchClient | None = None) -> None:
        assert machine is self.machine
        with self.machine.tentative():
            message = make(self.machine)
            if self.is_broken:
                raise OSError
            self.sent.append(message)

    def finger(self, contact_id: int, x: int, y: int, flags: ContactFlags = DOWN) -> Finger:
        self.machine.touch([TouchContact(contact_id=contact_id, x=x, y=y, contact_flags=flags)], now=0)
        return Finger(self.deliver, self.machine, contact_id)

    def pen(self, device_id: int) -> Pen:
        self.machine.pen([PenContact(device_id=device_id, x=0, y=0, contact_flags=HOVER)], now=0)
        return Pen(self.deliver, self.machine, device_id)

    def last_touch(self) -> TouchContact:
        return TouchEvent.decode(self.sent[-1]).frames[0].contacts[0]

    def last_pen(self) -> PenContact:
        return PenEvent.decode(self.sent[-1]).frames[0].contacts[0]


async def test_a_finger() -> None:
    wire = Wire()
    finger = wire.finger(4, 1, 2)
    await finger.move(3, 4, pressure=5, orientation=6, bounds=(-1, -2, 3, 4))
    assert wire.last_touch() == TouchContact(
        contact_id=4,
        x=3,
        y=4,
        contact_flags=ContactFlags(0x1A),
        contact_rect_left=-1,
        contact_rect_top=-2,
        contact_rect_right=3,
        contact_rect_bottom=4,
        orientation=6,
        pressure=5,
    )
    await finger.up()
    assert wire.last_touch() == TouchContact(contact_id=4, x=3, y=4, contact_flags=ContactFlags(0x0C))
    assert not finger.is_down
    await finger.down(pressure=7)
    assert wire.last_touch() == TouchContact(contact_id=4, x=3, y=4, contact_flags=DOWN, pressure=7)
    assert (finger.is_down, finger.position) == (True, (3, 4))


async def test_what_was_not_sent_did_not_happen() -> None:
    wire = Wire()
    finger, pen = wire.finger(0, 1, 2), wire.pen(0)
    wire.is_broken = True
    with pytest.raises(OSError):  # noqa: PT011
        await finger.move(3, 4)
    with pytest.raises(OSError):  # noqa: PT011
        await pen.hold(pressure=9)
    assert finger.position == (1, 2)
    wire.is_broken = False
    await pen.move(5, 6)
    assert wire.last_pen().pressure is None


async def test_fingers_move_at_once() -> None:
    wire = Wire()
    fingers = Fingers(wire.deliver, wire.machine, [wire.finger(0, 1, 1), wire.finger(1, 2, 2, HOVER)])
    await fingers.move((3, 3), (4, 4))
    assert len(wire.sent) == 1
    assert [finger.position for finger in fingers] == [(3, 3), (4, 4)]
    assert [finger.is_down for finger in fingers] == [True, False]
    assert len(fingers) == 2
    with pytest.raises(LocalProtocolError, match="1 points for 2 fingers"):
        await fingers.move((1, 1))


async def test_a_pen_stays_held_as_it_is() -> None:
    wire = Wire()
    pen = wire.pen(2)
    await pen.hold(pressure=1, rotation=2, tilt=(3, -4), is_barrel_pressed=True, is_eraser_pressed=True)
    held = {"pressure": 1, "rotation": 2, "tilt_x": 3, "tilt_y": -4, "pen_flags": PenFlags(3)}
    assert wire.last_pen() == PenContact(device_id=2, x=0, y=0, contact_flags=HOVER, **held)  # type: ignore[arg-type]
    await pen.move(5, 6)
    assert wire.last_pen() == PenContact(device_id=2, x=5, y=6, contact_flags=HOVER, **held)  # type: ignore[arg-type]
    await pen.hold(is_barrel_pressed=False, is_eraser_pressed=False, is_inverted=True)
    assert wire.last_pen().pen_flags == PenFlags.INVERTED
    assert wire.last_pen().pressure == 1
    assert (pen.position, pen.is_down) == ((5, 6), False)


async def test_a_pen_presses_only_on_the_screen() -> None:
    wire = Wire()
    pen = wire.pen(0)
    await pen.draw((1, 1), (2, 2), pressure=9)
    contacts = [PenEvent.decode(message).frames[0].contacts[0] for message in wire.sent]
    assert [contact.contact_flags for contact in contacts] == [HOVER, DOWN, 0x1A, 0x0C]
    assert [contact.pressure for contact in contacts] == [None, 9, 9, 0]


async def test_what_was_taken_away_does_nothing() -> None:
    wire = Wire()
    finger, pen = wire.finger(0, 1, 1), wire.pen(0)
    finger._leave()
    pen._leave()
    with pytest.raises(LocalProtocolError, match="this finger was taken away"):
        await finger.move(1, 1)
    with pytest.raises(LocalProtocolError, match="this pen was taken away"):
        await pen.up()
    assert wire.sent == []
