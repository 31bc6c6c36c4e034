"""What a client's user did with fingers and pens, as a server sees it: frozen, one event for a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from trio_rdp.channels.rdpei.contacts import ContactAction, ContactState

__all__ = ["PenInput", "PenPoint", "PointerInput", "TouchInput", "TouchPoint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchPoint:
    """What one finger did, and where it is: pixels of the desktop.

    `bounds` is the rectangle of its contact relative to that place (left, top, right, bottom; the last two not in it),
    which is turned counter-clockwise by `orientation` degrees.  `pressure` is 0 to 1024.  None is not known.
    """

    contact_id: int
    x: int
    y: int
    action: ContactAction
    state: ContactState
    bounds: tuple[int, int, int, int] | None = None
    orientation: int = 0
    pressure: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PenPoint:
    """What one pen did, and where it is: pixels of the desktop.

    `pressure` is 0 to 1024, `rotation` in degrees clockwise, and `tilt` in degrees to the right and towards the user,
    -90 to 90.  None is not known.
    """

    device_id: int
    x: int
    y: int
    action: ContactAction
    state: ContactState
    is_barrel_pressed: bool = False
    is_eraser_pressed: bool = False
    is_inverted: bool = False
    pressure: int | None = None
    rotation: int | None = None
    tilt: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class TouchInput:
    """Fingers did something at one moment.

    `time` is in seconds since the first such event of the client, by its own clock; None where it does not tell.
    `fault` says what was wrong with what the client sent, where all its contacts are canceled for that.
    """

    time: float | None
    points: tuple[TouchPoint, ...]
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class PenInput:
    """Pens did something at one moment; `time` and `fault` as in `TouchInput`."""

    time: float | None
    points: tuple[PenPoint, ...]
    fault: str | None = None


PointerInput: TypeAlias = TouchInput | PenInput
