"""`DisplayControlClient`: a client that asks for other monitors, [MS-RDPEDISP] 3.2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trio_rdp.channels.disp import (
    DisplayControlCapabilities,
    DisplayControlMonitor,
    DisplayControlMonitorLayout,
    decode_disp_from_server,
)
from trio_rdp.channels.monitor_layout import find_fault, find_ignored
from trio_rdp.wire.errors import LocalProtocolError

__all__ = ["DisplayControlClient", "LayoutLimits"]


@dataclass(frozen=True, slots=True)
class LayoutLimits:
    """What a server takes: how many monitors, and how many pixels they may have together."""

    max_monitors: int
    max_area: int


class DisplayControlClient:
    """Hears what the server takes, and checks what it is asked for."""

    def __init__(self) -> None:
        self._accepted: LayoutLimits | None = None

    @property
    def layout_limits(self) -> LayoutLimits | None:
        """What the server takes; None until it has said so."""
        return self._accepted

    def receive(self, message: bytes) -> list[LayoutLimits]:
        """Take a message of the server; gives what it takes from now on, or nothing for an unknown message."""
        match decode_disp_from_server(message):
            case DisplayControlCapabilities(max_num_monitors=number, max_monitor_area=area):
                self._accepted = LayoutLimits(number, area)
                return [self._accepted]
        return []

    def layout(self, monitors: Sequence[DisplayControlMonitor]) -> bytes:
        """The message that asks for a layout.

        Raises `LocalProtocolError` with the reason where [MS-RDPEDISP], or this server, does not allow it.
        """
        accepted = self._accepted
        if accepted is None:
            raise LocalProtocolError("the server has not said yet which layouts it takes")
        fault = find_fault(monitors, accepted.max_monitors) or find_ignored(monitors)
        if fault is not None:
            raise LocalProtocolError(fault)
        area = sum(one.width * one.height for one in monitors)
        if area > accepted.max_area:
            raise LocalProtocolError(f"the monitors have {area} pixels, and the server takes {accepted.max_area}")
        return DisplayControlMonitorLayout(monitors=list(monitors)).encode()
