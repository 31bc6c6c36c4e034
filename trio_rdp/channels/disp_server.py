"""`DisplayControlServer`: a server that is asked for other monitors, [MS-RDPEDISP] 3.1."""

from __future__ import annotations

from dataclasses import dataclass

from trio_rdp.channels.disp import (
    MAX_MONITORS,
    DisplayControlCapabilities,
    DisplayControlMonitor,
    DisplayControlMonitorLayout,
    decode_disp_from_client,
)
from trio_rdp.channels.monitor_layout import bounding_size, find_fault, without_ignored
from trio_rdp.wire.errors import RemoteProtocolError

__all__ = ["DisplayControlServer", "LayoutImpossible", "LayoutRequested"]


@dataclass(frozen=True, slots=True)
class LayoutRequested:
    """The client wants these monitors; what was out of range in them is as if it had not been said."""

    monitors: tuple[DisplayControlMonitor, ...]


@dataclass(frozen=True, slots=True)
class LayoutImpossible:
    """The client wants what the document allows and this server cannot show, so that nothing changes."""

    reason: str


class DisplayControlServer:
    """Says what it takes, and checks what it gets.

    `max_side` and `max_area` bound the desktop around all monitors, of which there may be `max_monitors`.
    """

    def __init__(self, max_monitors: int, max_side: int, max_area: int) -> None:
        self._max_side = max_side
        self._max_area = max_area
        # The product of three factors must not promise more than there is.
        factor_a = max(max_side // 4, 1)
        self._capabilities = DisplayControlCapabilities(
            max_num_monitors=min(max_monitors, MAX_MONITORS),
            max_monitor_area_factor_a=factor_a,
            max_monitor_area_factor_b=max(max_area // (min(max_monitors, MAX_MONITORS) * factor_a), 1),
        )

    def start(self) -> bytes:
        """The message that says what this server takes; it comes first."""
        return self._capabilities.encode()

    def receive(self, message: bytes) -> list[LayoutRequested | LayoutImpossible]:
        """Take a message of the client; an unknown one gives nothing.

        Raises `RemoteProtocolError` for a layout that [MS-RDPEDISP] does not allow.
        """
        match decode_disp_from_client(message):
            case DisplayControlMonitorLayout(monitors=monitors):
                return [self._check(monitors)]
        return []

    def _check(self, monitors: list[DisplayControlMonitor]) -> LayoutRequested | LayoutImpossible:
        fault = find_fault(monitors, self._capabilities.max_num_monitors)
        if fault is not None:
            raise RemoteProtocolError(f"a layout that is not allowed: {fault}")
        # More pixels than were offered break the protocol too, but xfreerdp 2.11 does not look at that.
        width, height = bounding_size(monitors)
        if max(width, height) > self._max_side or width * height > self._max_area:
            return LayoutImpossible(f"the monitors take a desktop of {width}x{height}, which is too large")
        return LayoutRequested(tuple(map(without_ignored, monitors)))
