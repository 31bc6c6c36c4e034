from __future__ import annotations

import pytest

from trio_rdp.pdu.input import (
    ExtendedMouseEvent,
    ExtendedPointerFlags,
    InputEventType,
    KeyboardEvent,
    KeyboardFlags,
    MouseEvent,
    PointerFlags,
    QoeTimestampEvent,
    RelativeMouseEvent,
    RelativePointerFlags,
    SynchronizeEvent,
    ToggleFlags,
    UnicodeKeyboardEvent,
    UnknownInputEvent,
    UnusedEvent,
)
from trio_rdp.pdu.input import InputEvent as WireEvent
from trio_rdp.protocol.input_events import (
    InputEvent,
    KeyPressed,
    KeyReleased,
    LocksSynchronized,
    MouseButton,
    MouseMoved,
    MouseMovedBy,
    MousePressed,
    MouseReleased,
    UnicodePressed,
    UnicodeReleased,
    WheelTurned,
)
from trio_rdp.protocol.input_reader import InputReader
from trio_rdp.protocol.keys import Key

E0, E1, UP = KeyboardFlags.EXTENDED, KeyboardFlags.EXTENDED1, KeyboardFlags.RELEASE
P, X, R = PointerFlags, ExtendedPointerFlags, RelativePointerFlags


def key(code: int, flags: int = 0) -> KeyboardEvent:
    return KeyboardEvent(keyboard_flags=KeyboardFlags(flags), key_code=code)


def unit(code: int, flags: int = 0) -> UnicodeKeyboardEvent:
    return UnicodeKeyboardEvent(keyboard_flags=KeyboardFlags(flags), unicode_code=code)


def mouse(flags: int, x: int = 0, y: int = 0) -> MouseEvent:
    return MouseEvent(pointer_flags=PointerFlags(flags), x_pos=x, y_pos=y)


def read(*events: WireEvent) -> list[InputEvent]:
    return InputReader().read(events)


def test_keys() -> None:
    assert read(key(0x1E), key(0x1E, UP), key(0x1D, E0), key(0x7F, E0 | UP)) == [
        KeyPressed(Key.A, 0x1E),
        KeyReleased(Key.A, 0x1E),
        KeyPressed(Key.RIGHT_CTRL, 0x1D, extended=True),
        KeyReleased(None, 0x7F, extended=True),
    ]


def test_a_key_that_repeats_is_pressed_again() -> None:
    assert read(key(0x1E, KeyboardFlags.DOWN), key(0x1E)) == [KeyPressed(Key.A, 0x1E)] * 2


def test_pause_is_one_key() -> None:
    # What xfreerdp 2.11.7 sends: E1 1D, 45, and both again with the release bit.
    assert read(key(0x1D, E1), key(0x45), key(0x1D, E1 | UP), key(0x45, UP), key(0x45)) == [
        KeyPressed(Key.PAUSE, 0x1D),
        KeyReleased(Key.PAUSE, 0x1D),
        KeyPressed(Key.NUM_LOCK, 0x45),
    ]


def test_half_a_pause_swallows_nothing_else() -> None:
    assert read(key(0x1D, E1), key(0x1E), key(0x45)) == [
        KeyPressed(Key.PAUSE, 0x1D),
        KeyPressed(Key.A, 0x1E),
        KeyPressed(Key.NUM_LOCK, 0x45),
    ]


def test_characters() -> None:
    assert read(unit(0xE9), unit(0xE9, UP)) == [UnicodePressed("\u00e9"), UnicodeReleased("\u00e9")]


@pytest.mark.parametrize(
    "events",
    [
        (unit(0xD83D), unit(0xDE00), unit(0xD83D, UP), unit(0xDE00, UP)),
        (unit(0xD83D), unit(0xD83D, UP), unit(0xDE00), unit(0xDE00, UP)),
    ],
)
def test_surrogates_are_joined_in_either_order(events: tuple[WireEvent, ...]) -> None:
    assert read(*events) == [UnicodePressed("\U0001f600"), UnicodeReleased("\U0001f600")]


def test_halves_of_characters_are_dropped() -> None:
    reader = InputReader()
    assert reader.read([unit(0xDE00), unit(0xD83D), unit(0x41), unit(0xDE00)]) == [UnicodePressed("A")]
    assert reader.unknown == 2


def test_a_pair_may_come_in_two_pdus() -> None:
    reader = InputReader()
    assert reader.read([unit(0xD83D)]) == []
    assert reader.read([unit(0xDE00)]) == [UnicodePressed("\U0001f600")]


def test_locks() -> None:
    toggles = ToggleFlags(ToggleFlags.NUM_LOCK | ToggleFlags.KANA_LOCK)
    assert read(SynchronizeEvent(toggle_flags=toggles), SynchronizeEvent()) == [
        LocksSynchronized(num_lock=True, kana_lock=True),
        LocksSynchronized(),
    ]
    both = ToggleFlags(ToggleFlags.SCROLL_LOCK | ToggleFlags.CAPS_LOCK)
    assert read(SynchronizeEvent(toggle_flags=both)) == [LocksSynchronized(scroll_lock=True, caps_lock=True)]


@pytest.mark.parametrize(
    ("bit", "button"),
    [(P.BUTTON1, MouseButton.LEFT), (P.BUTTON2, MouseButton.RIGHT), (P.BUTTON3, MouseButton.MIDDLE)],
)
def test_buttons(bit: int, button: MouseButton) -> None:
    assert read(mouse(P.MOVE, 10, 20), mouse(bit | P.DOWN, 10, 20), mouse(bit, 30, 20)) == [
        MouseMoved(10, 20),
        MousePressed(button, 10, 20),
        MouseMoved(30, 20),
        MouseReleased(button, 30, 20),
    ]


def test_a_move_to_where_it_is_says_nothing() -> None:
    assert read(mouse(P.MOVE, 5, 5), mouse(P.MOVE, 5, 5)) == [MouseMoved(5, 5)]


def test_extended_buttons() -> None:
    down = ExtendedMouseEvent(pointer_flags=ExtendedPointerFlags(X.BUTTON1 | X.DOWN), x_pos=3, y_pos=4)
    up = ExtendedMouseEvent(pointer_flags=ExtendedPointerFlags(X.BUTTON2), x_pos=3, y_pos=4)
    assert read(down, up) == [
        MouseMoved(3, 4),
        MousePressed(MouseButton.X1, 3, 4),
        MouseReleased(MouseButton.X2, 3, 4),
    ]


@pytest.mark.parametrize("delta", [120, -120, 255, -256, 1])
def test_the_wheel_turns_where_the_pointer_is(delta: int) -> None:
    vertical, horizontal = PointerFlags.wheel(delta), PointerFlags.wheel(delta, horizontal=True)
    assert read(mouse(P.MOVE, 7, 8), mouse(vertical), mouse(horizontal, 100, 100)) == [
        MouseMoved(7, 8),
        WheelTurned(delta, 7, 8),
        WheelTurned(delta, 7, 8, horizontal=True),
    ]


def test_relative_movement() -> None:
    def relative(flags: int, dx: int = 0, dy: int = 0) -> RelativeMouseEvent:
        return RelativeMouseEvent(pointer_flags=RelativePointerFlags(flags), x_delta=dx, y_delta=dy)

    assert read(
        mouse(P.MOVE, 9, 9),
        relative(R.MOVE, -3, 4),
        relative(R.BUTTON1 | R.DOWN),
        relative(R.XBUTTON2),
        relative(R.MOVE),
    ) == [
        MouseMoved(9, 9),
        MouseMovedBy(-3, 4),
        MousePressed(MouseButton.LEFT, 9, 9),
        MouseReleased(MouseButton.X2, 9, 9),
    ]


def test_what_nobody_knows_is_counted() -> None:
    reader = InputReader()
    unknown = UnknownInputEvent(message_type=InputEventType(0x77), slow_path_input_data=bytes(6))
    assert reader.read([UnusedEvent(), QoeTimestampEvent(timestamp=5), unknown, key(0x1E)]) == [KeyPressed(Key.A, 0x1E)]
    assert reader.unknown == 3
