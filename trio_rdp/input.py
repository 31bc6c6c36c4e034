"""`Keyboard` and `Mouse`: what a client's user does, typed and clicked into the session.

Every method puts whole events into the session's input lane: cancelling loses what was not queued yet, and never half
an event.  All raise `SessionClosed` when the session is over.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

import trio

from trio_rdp.pdu.capabilities_basic import InputFlags
from trio_rdp.pdu.input import (
    ExtendedMouseEvent,
    ExtendedPointerFlags,
    InputEvent,
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
from trio_rdp.protocol.input_events import MouseButton
from trio_rdp.protocol.keys import EXTENDED, Key, key_for_character
from trio_rdp.wire.errors import LocalProtocolError, SessionClosed

__all__ = ["Keyboard", "Mouse"]

_EVENTS_AT_ONCE = 64
_NOTCH = 120  # also the most that one event turns: FreeRDP and xrdp take any event for a single notch
_CONTROL_KEYS = {"\n": Key.ENTER, "\r": Key.ENTER, "\t": Key.TAB, "\b": Key.BACKSPACE, "\x1b": Key.ESCAPE}
_SHIFTED = dict(zip('~!@#$%^&*()_+{}|:"<>?', "`1234567890-=[]\\;',./", strict=True))
_BUTTON_FLAGS = {
    MouseButton.LEFT: PointerFlags.BUTTON1,
    MouseButton.RIGHT: PointerFlags.BUTTON2,
    MouseButton.MIDDLE: PointerFlags.BUTTON3,
}


class _Link(Protocol):
    """What the session gives its keyboard and mouse."""

    @property
    def input_flags(self) -> InputFlags:
        """What the server's input capability set allows."""
        ...

    async def send_input(self, events: list[InputEvent]) -> None:
        """Queue events that belong together."""

    def send_input_nowait(self, events: list[InputEvent]) -> None:
        """Queue events that belong together, or raise `trio.WouldBlock`."""


def _key_of(key: Key | str) -> Key:
    if isinstance(key, Key):
        return key
    found = key_for_character(key) if len(key) == 1 else None
    if found is None:
        raise LocalProtocolError(f"{key!r} is not a key: use Key, or type() for text")
    return found


def _key_events(key: Key, *, is_release: bool) -> list[InputEvent]:
    """A key's events; Pause sends E1 1D 45 and has the same two codes again for its release."""
    flags = KeyboardFlags(KeyboardFlags.RELEASE if is_release else 0)
    if key is Key.PAUSE:
        return [
            KeyboardEvent(keyboard_flags=flags | KeyboardFlags.EXTENDED1, key_code=key.scancode),
            KeyboardEvent(keyboard_flags=flags, key_code=Key.NUM_LOCK.scancode),
        ]
    if key.value & EXTENDED:
        flags |= KeyboardFlags.EXTENDED
    return [KeyboardEvent(keyboard_flags=flags, key_code=key.scancode)]


class Keyboard:
    """The session's keyboard."""

    def __init__(self, link: _Link) -> None:
        self._link = link
        self._held: dict[Key, None] = {}

    @property
    def held(self) -> tuple[Key, ...]:
        """The keys that are down, in the order in which they went down."""
        return tuple(self._held)

    async def down(self, key: Key | str) -> None:
        """Hold a key (a `Key`, or the character that it has on a US keyboard)."""
        found = _key_of(key)
        await self._link.send_input(_key_events(found, is_release=False))
        self._held[found] = None

    async def up(self, key: Key | str) -> None:
        """Let a key go."""
        found = _key_of(key)
        await self._link.send_input(_key_events(found, is_release=True))
        self._held.pop(found, None)

    async def press(self, *keys: Key | str) -> None:
        """Press and release a key, or a chord: the keys go down in their order and come up in the opposite one.

        The whole chord is queued at once, so that a cancelled call leaves no key down.
        """
        found = [_key_of(key) for key in keys]
        events: list[InputEvent] = []
        for key in found:
            events += _key_events(key, is_release=False)
        for key in reversed(found):
            events += _key_events(key, is_release=True)
        await self._link.send_input(events)

    @contextlib.asynccontextmanager
    async def hold(self, *keys: Key | str) -> AsyncIterator[None]:
        """Hold keys for the length of a `with` block; they come up even when it is cancelled."""
        found = [_key_of(key) for key in keys]
        try:
            for key in found:
                await self.down(key)
            yield
        finally:
            # At the end of the session there is nothing to release, and what ended this block says more.
            with contextlib.suppress(SessionClosed):
                self._release(key for key in reversed(found) if key in self._held)

    async def type(self, text: str, *, unicode: bool = True) -> None:
        """Type text as Unicode, whatever the server's keyboard layout; newlines and tabs are the keys.

        A server without Unicode input gets the keys of a US keyboard; raises `LocalProtocolError` for a character that
        such a keyboard does not have, and then nothing was typed.  With `unicode=False` every server gets the keys:
        freerdp-shadow 3.15 and weston 14 say that they take Unicode, and drop it.
        """
        unicode = unicode and InputFlags.UNICODE in self._link.input_flags
        typed = self._type_unicode if unicode else self._type_keys
        for events in list(typed(text)):
            await self._link.send_input(events)

    async def synchronize(
        self,
        *,
        scroll_lock: bool = False,
        num_lock: bool = False,
        caps_lock: bool = False,
        kana_lock: bool = False,
    ) -> None:
        """Tell the server which locks are on; it takes all keys as up after that ([MS-RDPBCGR] 2.2.8.1.1.3.1.1.5)."""
        flags = ToggleFlags(
            (ToggleFlags.SCROLL_LOCK if scroll_lock else 0)
            | (ToggleFlags.NUM_LOCK if num_lock else 0)
            | (ToggleFlags.CAPS_LOCK if caps_lock else 0)
            | (ToggleFlags.KANA_LOCK if kana_lock else 0)
        )
        await self._link.send_input([SynchronizeEvent(toggle_flags=flags)])
        self._held.clear()

    async def release_all(self) -> None:
        """Let every held key go."""
        await self._link.send_input(
            [event for key in reversed(self.held) for event in _key_events(key, is_release=True)]
        )
        self._held.clear()

    def release_all_nowait(self) -> None:
        """Let every held key go, without waiting; without room in the lane they stay held."""
        self._release(reversed(self.held))

    def _release(self, keys: Iterator[Key]) -> None:
        found = list(keys)
        events = [event for key in found for event in _key_events(key, is_release=True)]
        if events:
            # Without room they stay held, and come up with the next release.
            with contextlib.suppress(trio.WouldBlock):
                self._link.send_input_nowait(events)
                for key in found:
                    self._held.pop(key, None)

    def _type_unicode(self, text: str) -> Iterator[list[InputEvent]]:
        events: list[InputEvent] = []
        for character in text.replace("\r\n", "\n"):
            if character in _CONTROL_KEYS:
                key = _CONTROL_KEYS[character]
                events += _key_events(key, is_release=False) + _key_events(key, is_release=True)
            else:
                raw = character.encode("utf-16-le", "surrogatepass")
                units = [int.from_bytes(raw[at : at + 2], "little") for at in range(0, len(raw), 2)]
                for flags in (KeyboardFlags(0), KeyboardFlags.RELEASE):
                    events += [UnicodeKeyboardEvent(keyboard_flags=flags, unicode_code=unit) for unit in units]
            if len(events) >= _EVENTS_AT_ONCE:
                yield events
                events = []
        if events:
            yield events

    def _type_keys(self, text: str) -> Iterator[list[InputEvent]]:
        for character in text.replace("\r\n", "\n"):
            plain = _SHIFTED.get(character, character)
            key = _CONTROL_KEYS.get(character) or key_for_character(plain)
            if key is None:
                raise LocalProtocolError(f"without Unicode, no US key types {character!r}")
            events = _key_events(key, is_release=False) + _key_events(key, is_release=True)
            if plain != character or character.isupper():
                shift = Key.LEFT_SHIFT
                events = _key_events(shift, is_release=False) + events + _key_events(shift, is_release=True)
            yield events


class Mouse:
    """The session's mouse; coordinates are pixels of the desktop."""

    def __init__(self, link: _Link) -> None:
        self._link = link
        self._at = (0, 0)
        self._held: dict[MouseButton, None] = {}

    @property
    def position(self) -> tuple[int, int]:
        """Where this client last put the pointer."""
        return self._at

    async def move(self, x: int, y: int) -> None:
        """Put the pointer at (x, y)."""
        await self._send([_mouse_event(PointerFlags.MOVE, x, y)])
        self._at = (x, y)

    async def move_by(self, dx: int, dy: int) -> None:
        """Move the pointer by a distance, without saying to where.

        Raises `LocalProtocolError` when the server takes no relative movement.
        """
        self._require(InputFlags.MOUSE_RELATIVE, "relative mouse movement")
        await self._send(
            [RelativeMouseEvent(pointer_flags=RelativePointerFlags(RelativePointerFlags.MOVE), x_delta=dx, y_delta=dy)]
        )

    async def down(self, button: MouseButton = MouseButton.LEFT) -> None:
        """Press a button where the pointer is."""
        await self._send([self._button_event(button, *self._at, is_down=True)])
        self._held[button] = None

    async def up(self, button: MouseButton = MouseButton.LEFT) -> None:
        """Let a button go where the pointer is."""
        await self._send([self._button_event(button, *self._at, is_down=False)])
        self._held.pop(button, None)

    async def click(
        self,
        x: int | None = None,
        y: int | None = None,
        *,
        button: MouseButton = MouseButton.LEFT,
        count: int = 1,
    ) -> None:
        """Click at (x, y), or where the pointer is; `count` 2 is a double click.  All of it is queued at once."""
        at = (self._at[0] if x is None else x, self._at[1] if y is None else y)
        events: list[InputEvent] = [_mouse_event(PointerFlags.MOVE, *at)]
        for _ in range(count):
            events.append(self._button_event(button, *at, is_down=True))
            events.append(self._button_event(button, *at, is_down=False))
        await self._send(events)
        self._at = at

    async def drag(
        self,
        start: tuple[int, int],
        end: tuple[int, int],
        *,
        button: MouseButton = MouseButton.LEFT,
        steps: int = 10,
    ) -> None:
        """Press a button at `start`, move to `end` in steps, and let it go there; all of it is queued at once."""
        events: list[InputEvent] = [_mouse_event(PointerFlags.MOVE, *start)]
        events.append(self._button_event(button, *start, is_down=True))
        for step in range(1, max(steps, 1) + 1):
            x = start[0] + (end[0] - start[0]) * step // max(steps, 1)
            y = start[1] + (end[1] - start[1]) * step // max(steps, 1)
            events.append(_mouse_event(PointerFlags.MOVE, x, y))
        events.append(self._button_event(button, *end, is_down=False))
        await self._send(events)
        self._at = end

    async def scroll(self, notches: float, *, horizontal: bool = False) -> None:
        """Turn the wheel where the pointer is: positive is away from the user, or to the right.

        Raises `LocalProtocolError` for a horizontal wheel when the server takes none.
        """
        if horizontal:
            self._require(InputFlags.MOUSE_HWHEEL, "a horizontal wheel")
        left = round(notches * _NOTCH)
        events: list[InputEvent] = []
        while left:
            turn = max(-_NOTCH, min(_NOTCH, left))
            left -= turn
            events.append(_mouse_event(PointerFlags.wheel(turn, horizontal=horizontal), *self._at))
        await self._send(events)

    def release_all_nowait(self) -> None:
        """Let every held button go, without waiting; without room in the lane they stay held."""
        events: list[InputEvent] = [self._button_event(button, *self._at, is_down=False) for button in self._held]
        if events:
            with contextlib.suppress(trio.WouldBlock):
                self._link.send_input_nowait(events)
                self._held.clear()

    def _button_event(self, button: MouseButton, x: int, y: int, *, is_down: bool) -> InputEvent:
        _check_position(x, y)
        if not isinstance(button, MouseButton):
            raise LocalProtocolError(f"{button!r} is not a MouseButton")
        if button in _BUTTON_FLAGS:
            flags = _BUTTON_FLAGS[button] | (PointerFlags.DOWN if is_down else 0)
            return _mouse_event(flags, x, y)
        self._require(InputFlags.MOUSEX, "extended mouse buttons")
        which = ExtendedPointerFlags.BUTTON1 if button is MouseButton.X1 else ExtendedPointerFlags.BUTTON2
        extended = which | (ExtendedPointerFlags.DOWN if is_down else 0)
        return ExtendedMouseEvent(pointer_flags=extended, x_pos=x, y_pos=y)

    def _require(self, flag: InputFlags, what: str) -> None:
        if flag not in self._link.input_flags:
            raise LocalProtocolError(f"the server does not take {what}")

    async def _send(self, events: list[InputEvent]) -> None:
        await self._link.send_input(events)


def _check_position(x: int, y: int) -> None:
    if not (0 <= x <= 0xFFFF and 0 <= y <= 0xFFFF):
        raise LocalProtocolError(f"({x}, {y}) is outside every desktop")


def _mouse_event(flags: PointerFlags, x: int, y: int) -> MouseEvent:
    _check_position(x, y)
    return MouseEvent(pointer_flags=flags, x_pos=x, y_pos=y)
