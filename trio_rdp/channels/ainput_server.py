"""`AinputServer`: a server that hears of its client's mouse on FreeRDP's own channel."""

from __future__ import annotations

from dataclasses import dataclass

from trio_rdp.channels.ainput import AinputFlags, AinputMouse, AinputVersion, decode_ainput
from trio_rdp.channels.ainput_client import AINPUT_VERSION

__all__ = ["WHEEL_SCALE", "AinputServer", "MouseAction"]

WHEEL_SCALE = 0x10000
"""Parts of the wheel's unit, of which there are 120 a notch: FreeRDP 3 sends 120 * 65536 for a notch."""

_BUTTONS = (
    AinputFlags.BUTTON1,
    AinputFlags.BUTTON2,
    AinputFlags.BUTTON3,
    AinputFlags.XBUTTON1,
    AinputFlags.XBUTTON2,
)


@dataclass(frozen=True, slots=True)
class MouseAction:
    """What a client's mouse did at `time`, in seconds of the client's clock.

    (x, y) is where the pointer is, (dx, dy) how far it moved where that is all that is known.  `buttons` went down, or
    up, there.  `wheel` is how far it was turned to the right and away from the user, 120 a notch.
    """

    time: float
    position: tuple[int, int] | None = None
    movement: tuple[int, int] | None = None
    buttons: tuple[AinputFlags, ...] = ()
    is_down: bool = False
    wheel: tuple[int, int] = (0, 0)


class AinputServer:
    """Says its version, and reads what the mouse does; it remembers parts of a wheel's unit."""

    def __init__(self) -> None:
        self._rest = (0, 0)
        self._passed_over = 0

    @property
    def passed_over(self) -> int:
        """How many messages were passed over, because they were not expected or said nothing."""
        return self._passed_over

    def start(self) -> bytes:
        """The message with this server's version; it comes first."""
        return AinputVersion(major=AINPUT_VERSION[0], minor=AINPUT_VERSION[1]).encode()

    def receive(self, message: bytes) -> list[MouseAction]:
        """Take a message of the client; raises `DecodeError` for what makes no sense."""
        match decode_ainput(message):
            case AinputMouse() as mouse:
                action = self._read(mouse)
                if action.position or action.movement or action.buttons or action.wheel != (0, 0):
                    return [action]
        self._passed_over += 1
        return []

    def _read(self, mouse: AinputMouse) -> MouseAction:
        flags, time = mouse.flags, mouse.time / 1000
        if AinputFlags.WHEEL in flags:
            return MouseAction(time, wheel=self._turn(mouse.x, mouse.y))
        buttons = tuple(button for button in _BUTTONS if button in flags)
        is_down = AinputFlags.DOWN in flags
        if AinputFlags.REL in flags:
            movement = (mouse.x, mouse.y) if (mouse.x, mouse.y) != (0, 0) else None
            return MouseAction(time, movement=movement, buttons=buttons, is_down=is_down)
        position = (mouse.x, mouse.y) if buttons or AinputFlags.MOVE in flags else None
        return MouseAction(time, position=position, buttons=buttons, is_down=is_down)

    def _turn(self, x: int, y: int) -> tuple[int, int]:
        """Whole units of the wheel; what is less is kept for the next turn."""
        across, down = self._rest[0] + x, self._rest[1] + y
        turned = _units(across), _units(down)
        self._rest = across - turned[0] * WHEEL_SCALE, down - turned[1] * WHEEL_SCALE
        return turned


def _units(parts: int) -> int:
    """Whole units, towards zero."""
    return parts // WHEEL_SCALE if parts >= 0 else -(-parts // WHEEL_SCALE)
