"""`InputReader`: from the wire's input events to what a handler sees, surrogate pairs joined, buttons told apart.

[MS-RDPBCGR] 2.2.8.1.1.3.1.1 and 2.2.8.1.2.2.
"""

from __future__ import annotations

from collections.abc import Iterable

from trio_rdp.pdu.input import (
    ExtendedMouseEvent,
    ExtendedPointerFlags,
    KeyboardEvent,
    KeyboardFlags,
    MouseEvent,
    PointerFlags,
    RelativeMouseEvent,
    RelativePointerFlags,
    SynchronizeEvent,
    ToggleFlags,
    UnicodeKeyboardEvent,
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
from trio_rdp.protocol.keys import Key

__all__ = ["InputReader"]

_BUTTONS = (
    (PointerFlags.BUTTON1, MouseButton.LEFT),
    (PointerFlags.BUTTON2, MouseButton.RIGHT),
    (PointerFlags.BUTTON3, MouseButton.MIDDLE),
)
_EXTENDED_BUTTONS = ((ExtendedPointerFlags.BUTTON1, MouseButton.X1), (ExtendedPointerFlags.BUTTON2, MouseButton.X2))
_NUM_LOCK_CODE = 0x45


class InputReader:
    """Translates one client's events; it remembers where the pointer is, and the first half of a surrogate pair."""

    def __init__(self) -> None:
        self.unknown: int = 0
        """Events of types that nobody knows."""
        self._high = {False: 0, True: 0}
        self._pause = False
        self._at = (0, 0)

    def read(self, events: Iterable[WireEvent]) -> list[InputEvent]:
        """Translate events, in their order."""
        found: list[InputEvent] = []
        for event in events:
            match event:
                case KeyboardEvent():
                    self._read_key(event, found)
                case MouseEvent():
                    self._read_mouse(event, found)
                case UnicodeKeyboardEvent():
                    self._read_character(event, found)
                case ExtendedMouseEvent(pointer_flags=flags, x_pos=x, y_pos=y):
                    self._move(x, y, found)
                    self._read_buttons(_EXTENDED_BUTTONS, flags, found)
                case RelativeMouseEvent():
                    self._read_relative(event, found)
                case SynchronizeEvent(toggle_flags=toggles):
                    found.append(
                        LocksSynchronized(
                            ToggleFlags.SCROLL_LOCK in toggles,
                            ToggleFlags.NUM_LOCK in toggles,
                            ToggleFlags.CAPS_LOCK in toggles,
                            ToggleFlags.KANA_LOCK in toggles,
                        )
                    )
                case _:
                    self.unknown += 1
        return found

    def _read_key(self, event: KeyboardEvent, found: list[InputEvent]) -> None:
        flags, code = event.keyboard_flags, event.key_code
        is_extended = KeyboardFlags.EXTENDED in flags
        kind = KeyReleased if KeyboardFlags.RELEASE in flags else KeyPressed
        if KeyboardFlags.EXTENDED1 in flags and code == Key.PAUSE.scancode:
            self._pause = True  # E1 1D comes first, then 45 without a prefix: together they are one key
            found.append(kind(Key.PAUSE, code, is_extended))
            return
        if self._pause and code == _NUM_LOCK_CODE and not is_extended:
            self._pause = False
            return
        self._pause = False
        found.append(kind(Key.from_scancode(code, extended=is_extended), code, is_extended))

    def _read_character(self, event: UnicodeKeyboardEvent, found: list[InputEvent]) -> None:
        is_release = KeyboardFlags.RELEASE in event.keyboard_flags
        unit = event.unicode_code
        high, self._high[is_release] = self._high[is_release], 0
        if 0xD800 <= unit < 0xDC00:
            self._high[is_release] = unit
            return
        if 0xDC00 <= unit < 0xE000:
            if not high:
                self.unknown += 1  # half a character
                return
            unit = 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00)
        found.append(UnicodeReleased(chr(unit)) if is_release else UnicodePressed(chr(unit)))

    def _read_mouse(self, event: MouseEvent, found: list[InputEvent]) -> None:
        flags = event.pointer_flags
        if flags & (PointerFlags.WHEEL | PointerFlags.HWHEEL):
            # Positions of wheel events are not to be trusted ([MS-RDPBCGR] 2.2.8.1.1.3.1.1.3): FreeRDP 2 sends 0, 0.
            found.append(WheelTurned(flags.wheel_rotation, *self._at, horizontal=PointerFlags.HWHEEL in flags))
            return
        if (event.x_pos, event.y_pos) != self._at or PointerFlags.MOVE in flags:
            self._move(event.x_pos, event.y_pos, found)
        self._read_buttons(_BUTTONS, flags, found)

    def _move(self, x: int, y: int, found: list[InputEvent]) -> None:
        if (x, y) != self._at:
            self._at = (x, y)
            found.append(MouseMoved(x, y))

    def _read_relative(self, event: RelativeMouseEvent, found: list[InputEvent]) -> None:
        flags = event.pointer_flags
        if event.x_delta or event.y_delta:
            found.append(MouseMovedBy(event.x_delta, event.y_delta))
        self._read_buttons(_BUTTONS, flags, found)
        extended = ((RelativePointerFlags.XBUTTON1, MouseButton.X1), (RelativePointerFlags.XBUTTON2, MouseButton.X2))
        self._read_buttons(extended, flags, found)

    def _read_buttons(self, buttons: Iterable[tuple[int, MouseButton]], flags: int, found: list[InputEvent]) -> None:
        kind = MousePressed if flags & PointerFlags.DOWN else MouseReleased
        for bit, button in buttons:
            if flags & bit:
                found.append(kind(button, *self._at))
