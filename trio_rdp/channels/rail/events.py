"""What both machines of the channel, `RailClient` and `RailServer`, give: one frozen event each."""

from __future__ import annotations

from dataclasses import dataclass, field

from trio_rdp.channels.rail.client_events import Command, NotifyMessage
from trio_rdp.channels.rail.initialization import ClientStatusFlags, HandshakeExFlags
from trio_rdp.channels.rail.language import (
    CompartmentStatusInformation,
    LanguageBarStatus,
    LanguageProfileInformation,
)
from trio_rdp.channels.rail.launching import ExecFlags, ExecResult
from trio_rdp.channels.rail.system_parameters import SystemParameter, SystemParameterBody
from trio_rdp.graphics.geometry import Rect

__all__ = [
    "ApplicationIdReceived",
    "ApplicationIdWanted",
    "CaretBlinkChanged",
    "ClientReady",
    "CloakingChanged",
    "CommandGiven",
    "HandshakeDone",
    "LanguageBarChanged",
    "LanguageChanged",
    "LaunchAnswered",
    "LaunchWanted",
    "ParameterChanged",
    "PowerRequestChanged",
    "Reply",
    "SystemMenuWanted",
    "TabActivated",
    "TextInputChanged",
    "TextScaleChanged",
    "TrayIconTouched",
    "WindowActivated",
    "WindowMoved",
]


@dataclass(frozen=True, slots=True)
class Reply:
    """A message that is owed to the peer now."""

    message: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HandshakeDone:
    """The server is ready: from now on there may be messages of every kind."""

    build_number: int
    flags: HandshakeExFlags


@dataclass(frozen=True, slots=True)
class LaunchAnswered:
    """What became of a launch; `request` is the number that `launch` gave, `raw_result` a Win32 error code."""

    request: int
    result: ExecResult
    raw_result: int


@dataclass(frozen=True, slots=True)
class ApplicationIdReceived:
    """To which application a window belongs; the process is not known where its id is 0."""

    window_id: int
    application_id: str
    process_id: int = 0
    process_image_name: str = ""


@dataclass(frozen=True, slots=True)
class ParameterChanged:
    """A parameter of the peer's system, which this side is to take over."""

    parameter: SystemParameter
    value: SystemParameterBody


@dataclass(frozen=True, slots=True)
class LanguageBarChanged:
    """How the peer's language bar is shown."""

    status: LanguageBarStatus


@dataclass(frozen=True, slots=True)
class TextInputChanged:
    """How the peer's input method is set."""

    status: CompartmentStatusInformation


@dataclass(frozen=True, slots=True)
class PowerRequestChanged:
    """Whether the client's display should stay on."""

    is_active: bool


@dataclass(frozen=True, slots=True)
class TabActivated:
    """A tab in the task bar is the one in front."""

    window_id: int


@dataclass(frozen=True, slots=True)
class ClientReady:
    """The client has said what it can do: it is time to describe the desktop."""

    build_number: int
    abilities: ClientStatusFlags


@dataclass(frozen=True, slots=True)
class LaunchWanted:
    """The client wants a program to run; `request` is the number by which it is answered."""

    request: int
    program: str
    """A path, or "||" and an alias."""
    arguments: str
    working_directory: str
    flags: ExecFlags


@dataclass(frozen=True, slots=True)
class WindowActivated:
    """The user goes to a window otherwise than by a click, or leaves it."""

    window_id: int
    is_active: bool


@dataclass(frozen=True, slots=True)
class WindowMoved:
    """The user has moved or resized a window; `rect` is with its margins, `is_snap` says it was put to an edge."""

    window_id: int
    rect: Rect
    is_snap: bool = False


@dataclass(frozen=True, slots=True)
class SystemMenuWanted:
    """The user wants a window's menu, at a pixel of the desktop."""

    window_id: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class CommandGiven:
    """A window is to close, or to show itself otherwise."""

    window_id: int
    command: Command


@dataclass(frozen=True, slots=True)
class TrayIconTouched:
    """The user did something to a notification icon."""

    window_id: int
    icon_id: int
    message: NotifyMessage


@dataclass(frozen=True, slots=True)
class CloakingChanged:
    """The user's desktop hides a window, or shows it again."""

    window_id: int
    is_cloaked: bool


@dataclass(frozen=True, slots=True)
class ApplicationIdWanted:
    """The client wants to know to which application a window belongs."""

    window_id: int


@dataclass(frozen=True, slots=True)
class LanguageChanged:
    """The user types in another language."""

    profile: LanguageProfileInformation


@dataclass(frozen=True, slots=True)
class TextScaleChanged:
    """How large text is on the client, in per cent."""

    percent: int


@dataclass(frozen=True, slots=True)
class CaretBlinkChanged:
    """How fast the client's caret blinks, in milliseconds; `NO_CARET_BLINK` for not at all."""

    milliseconds: int
