"""What `ServerStage.process` gives: one frozen event each, in the order in which things happened.

What happens to both sides alike is named as on the client's: `ResponseFrame`, `ChannelData`, `ChannelFailed` and
`Terminate`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from trio_rdp.graphics.geometry import Rect
from trio_rdp.protocol.config import DesktopSize
from trio_rdp.protocol.input_events import InputEvent
from trio_rdp.protocol.server_capabilities import ClientCapabilities
from trio_rdp.protocol.session_events import ChannelData, ChannelFailed, ResponseFrame, Terminate

__all__ = [
    "ChannelData",
    "ChannelFailed",
    "FrameAcknowledged",
    "InputReceived",
    "OutputSuppressed",
    "Reactivated",
    "RefreshRequested",
    "ResponseFrame",
    "ServerStageOutput",
    "ShutdownRequested",
    "Terminate",
]


@dataclass(frozen=True, slots=True)
class InputReceived:
    """What the client's user did, in order; at least one event."""

    events: tuple[InputEvent, ...]


@dataclass(frozen=True, slots=True)
class RefreshRequested:
    """The client wants these areas painted again, cut to the desktop; at least one."""

    rects: tuple[Rect, ...]


@dataclass(frozen=True, slots=True)
class OutputSuppressed:
    """The client wants no graphics (its window is minimized), or wants them again."""

    is_suppressed: bool


@dataclass(frozen=True, slots=True)
class FrameAcknowledged:
    """The client has drawn a frame; an id of `pdu.surface.ALL_FRAMES` means all that are on their way."""

    frame_id: int


@dataclass(frozen=True, slots=True)
class ShutdownRequested:
    """The client's user closes the window; the client was told that it has to leave by itself."""


@dataclass(frozen=True, slots=True)
class Reactivated:
    """The desktop has its new size: everything is to be painted, with a palette and pointers first."""

    desktop_size: DesktopSize
    capabilities: ClientCapabilities


ServerStageOutput: TypeAlias = (
    ResponseFrame
    | InputReceived
    | ChannelData
    | ChannelFailed
    | RefreshRequested
    | OutputSuppressed
    | FrameAcknowledged
    | ShutdownRequested
    | Reactivated
    | Terminate
)
