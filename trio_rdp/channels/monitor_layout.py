"""What [MS-RDPEDISP] asks of a layout of monitors, 2.2.2.2.1 and 3.1.5.2, for both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trio_rdp.channels.disp import DisplayControlMonitor, MonitorFlags, Orientation

__all__ = [
    "MAX_MONITOR_SIDE",
    "MIN_MONITOR_SIDE",
    "bounding_size",
    "find_fault",
    "find_ignored",
    "without_ignored",
]

MIN_MONITOR_SIDE, MAX_MONITOR_SIDE = 200, 8192

_DEVICE_SCALE_FACTORS = (100, 140, 180)


def find_fault(monitors: Sequence[DisplayControlMonitor], max_monitors: int) -> str | None:
    """Why no server may take a layout, whatever its size; None where one may."""
    if not 1 <= len(monitors) <= max_monitors:
        return f"{len(monitors)} monitors, of which there may be 1 to {max_monitors}"
    for number, one in enumerate(monitors):
        if not all(MIN_MONITOR_SIDE <= side <= MAX_MONITOR_SIDE for side in (one.width, one.height)):
            return f"monitor {number} is {one.width}x{one.height}: a side has 200 to 8192 pixels"
        if one.width % 2:
            return f"monitor {number} is {one.width} pixels wide, which is odd"
    return _find_misplaced(monitors)


def find_ignored(monitors: Sequence[DisplayControlMonitor]) -> str | None:
    """What a server would ignore of a layout, as it is out of range; None where that is nothing."""
    for number, one in enumerate(monitors):
        if not one.orientation.is_known:
            return f"monitor {number} has orientation {one.orientation:d}, not 0, 90, 180 or 270"
        if not _has_physical_size(one) and (one.physical_width or one.physical_height):
            return f"monitor {number} is {one.physical_width}x{one.physical_height} mm: a side has 10 to 10000, or 0x0"
        if not 100 <= one.desktop_scale_factor <= 500:
            return f"monitor {number} has desktop_scale_factor {one.desktop_scale_factor}, not 100 to 500"
        if one.device_scale_factor not in _DEVICE_SCALE_FACTORS:
            return f"monitor {number} has device_scale_factor {one.device_scale_factor}, not 100, 140 or 180"
    return None


def without_ignored(monitor: DisplayControlMonitor) -> DisplayControlMonitor:
    """A monitor as a server takes it: what is out of range as if it had not been said."""
    has_size, has_scale = _has_physical_size(monitor), _has_scale(monitor)
    return replace(
        monitor,
        physical_width=monitor.physical_width if has_size else 0,
        physical_height=monitor.physical_height if has_size else 0,
        orientation=monitor.orientation if monitor.orientation.is_known else Orientation.LANDSCAPE,
        desktop_scale_factor=monitor.desktop_scale_factor if has_scale else 100,
        device_scale_factor=monitor.device_scale_factor if has_scale else 100,
    )


def bounding_size(monitors: Sequence[DisplayControlMonitor]) -> tuple[int, int]:
    """Width and height of the desktop that shows on these monitors."""
    right, bottom = max(one.left + one.width for one in monitors), max(one.top + one.height for one in monitors)
    return right - min(one.left for one in monitors), bottom - min(one.top for one in monitors)


def _find_misplaced(monitors: Sequence[DisplayControlMonitor]) -> str | None:
    primary = [one for one in monitors if MonitorFlags.PRIMARY in one.flags]
    if len(primary) != 1:
        return f"{len(primary)} monitors are primary, of which there must be one"
    if (primary[0].left, primary[0].top) != (0, 0):
        return f"the primary monitor is at ({primary[0].left}, {primary[0].top}), not at (0, 0)"
    for number, one in enumerate(monitors):
        others = [(at, other) for at, other in enumerate(monitors) if at != number]
        for at, other in others:
            if _gap(one, other) < 0:
                return f"monitors {min(number, at)} and {max(number, at)} overlap"
        # "even if only at a single point"
        if others and all(_gap(one, other) > 0 for _, other in others):
            return f"monitor {number} touches no other"
    return None


def _gap(one: DisplayControlMonitor, other: DisplayControlMonitor) -> int:
    """Pixels between two monitors: 0 where they touch, negative where they overlap."""
    across = max(other.left - one.left - one.width, one.left - other.left - other.width)
    down = max(other.top - one.top - one.height, one.top - other.top - other.height)
    return max(across, down)


def _has_physical_size(monitor: DisplayControlMonitor) -> bool:
    return 10 <= monitor.physical_width <= 10_000 and 10 <= monitor.physical_height <= 10_000


def _has_scale(monitor: DisplayControlMonitor) -> bool:
    return 100 <= monitor.desktop_scale_factor <= 500 and monitor.device_scale_factor in _DEVICE_SCALE_FACTORS
