from __future__ import annotations

import dataclasses

import pytest

from trio_rdp.channels.rdpei.contacts import ContactAction, ContactState
from trio_rdp.channels.rdpei.events import PenInput, PenPoint, TouchInput, TouchPoint


def test_events_are_frozen() -> None:
    finger = TouchPoint(contact_id=1, x=2, y=3, action=ContactAction.DOWN, state=ContactState.ENGAGED)
    pen = PenPoint(device_id=1, x=2, y=3, action=ContactAction.HOVER, state=ContactState.HOVERING)
    for event, field in (
        (finger, "x"),
        (pen, "x"),
        (TouchInput(0.0, (finger,)), "time"),
        (PenInput(None, ()), "fault"),
    ):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(event, field, 1)


def test_what_is_not_said_is_not_known() -> None:
    pen = PenPoint(device_id=0, x=0, y=0, action=ContactAction.UP, state=ContactState.HOVERING)
    assert (pen.pressure, pen.rotation, pen.tilt, pen.is_inverted) == (None, None, None, False)
    finger = TouchPoint(contact_id=0, x=0, y=0, action=ContactAction.UP, state=ContactState.HOVERING)
    assert (finger.pressure, finger.bounds, finger.orientation) == (None, None, 0)
    assert TouchInput(0.0, (finger,)).fault is None
