from __future__ import annotations

import dataclasses
from typing import get_args

import pytest

from trio_rdp.protocol import input_events
from trio_rdp.protocol.config import Monitor
from trio_rdp.protocol.input_events import (
    InputEvent,
    KeyPressed,
    LocksSynchronized,
    MonitorLayoutChanged,
    MouseButton,
    MousePressed,
    WheelTurned,
)
from trio_rdp.protocol.keys import Key


def test_every_event_is_in_the_union() -> None:
    classes = {
        value
        for name in input_events.__all__
        if dataclasses.is_dataclass(value := getattr(input_events, name)) and isinstance(value, type)
    }
    assert set(get_args(InputEvent)) == classes


def test_events_are_values_that_match() -> None:
    assert KeyPressed(Key.A, 0x1E) == KeyPressed(key=Key.A, scancode=0x1E, extended=False)
    assert len({MousePressed(MouseButton.LEFT, 1, 2), MousePressed(MouseButton.LEFT, 1, 2)}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        KeyPressed(Key.A, 0x1E).scancode = 1  # type: ignore[misc]
    match WheelTurned(-120, 5, 6):
        case WheelTurned(delta=delta, horizontal=False):
            assert delta == -120
        case _:
            pytest.fail("no match")


def test_defaults() -> None:
    assert LocksSynchronized() == LocksSynchronized(False, False, False, False)
    layout = MonitorLayoutChanged((Monitor(width=1, height=1),))
    assert layout.monitors[0].width == 1
