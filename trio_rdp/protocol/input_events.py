"""What a client's user did, as a server's handler sees it: one frozen event each."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

from trio_rdp.protocol.config import Monitor
from trio_rdp.protocol.keys import Key

__all__ = [
    "InputEvent",
    "KeyPressed",
    "KeyReleased",
    "LocksSynchronized",
    "MonitorLayoutChanged",
    "MouseButton",
    "MouseMoved",
    "MouseMovedBy",
    "MousePressed",
    "MouseReleased",
    "UnicodePressed",
    "UnicodeReleased",
    "WheelTurned",
]


class MouseButton(enum.Enum):
    """A mouse button; the last two are the extended ones, "back" and "forward"."""

    LEFT = 1
    RIGHT = 2
    MIDDLE = 3
    X1 = 4
    X2 = 5


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A key went down (or repeats while it is held); `key` is None where `Key` has no name for the scancode."""

    key: Key | None
    scancode: int
    extended: bool = False


@dataclass(frozen=True, slots=True)
class KeyReleased:
    """A key came up."""

    key: Key | None
    scancode: int
    extended: bool = False


@dataclass(frozen=True, slots=True)
class UnicodePressed:
    """A character was typed without a key; surrogate pairs arrive as one character."""

    character: str


@dataclass(frozen=True, slots=True)
class UnicodeReleased:
    """The end of such a character; some clients never send it."""

    character: str


@dataclass(frozen=True, slots=True)
class LocksSynchronized:
    """The state of the client's lock keys, sent when its window gets the focus; all other keys are up now."""

    scroll_lock: bool = False
    num_lock: bool = False
    caps_lock: bool = False
    kana_lock: bool = False


@dataclass(frozen=True, slots=True)
class MouseMoved:
    """The pointer is at (x, y), pixels of the desktop."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class MouseMovedBy:
    """The pointer moved by (dx, dy), from a client that captures it."""

    dx: int
    dy: int


@dataclass(frozen=True, slots=True)
class MousePressed:
    """A button went down at (x, y)."""

    button: MouseButton
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class MouseReleased:
    """A button came up at (x, y)."""

    button: MouseButton
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class WheelTurned:
    """The wheel turned: `delta` is 120 a notch, positive away from the user, or to the right when `horizontal`."""

    delta: int
    x: int
    y: int
    horizontal: bool = False


@dataclass(frozen=True, slots=True)
class MonitorLayoutChanged:
    """The client's monitors, as it described them."""

    monitors: tuple[Monitor, ...]


InputEvent: TypeAlias = (
    KeyPressed
    | KeyReleased
    | UnicodePressed
    | UnicodeReleased
    | LocksSynchronized
    | MouseMoved
    | MouseMovedBy
    | MousePressed
    | MouseReleased
    | WheelTurned
    | MonitorLayoutChanged
)
