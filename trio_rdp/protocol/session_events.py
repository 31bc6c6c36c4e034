"""What `ActiveStage.process` gives: one frozen event each, in the order in which things happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from trio_rdp.graphics.jobs import PaintJob
from trio_rdp.pdu.keyboard_status import SetKeyboardImeStatus, SetKeyboardIndicators
from trio_rdp.pdu.play_sound import PlaySound
from trio_rdp.pdu.pointer import PointerUpdate as WirePointerUpdate
from trio_rdp.pdu.session_info import LogonInfo
from trio_rdp.pdu.status_info import StatusCode
from trio_rdp.pdu.windowing import WindowOrder
from trio_rdp.protocol.activation import Activation
from trio_rdp.protocol.config import Monitor
from trio_rdp.protocol.events import ErrorInfoReceived, HeartbeatReceived, MultitransportDeclined
from trio_rdp.wire.errors import SessionClosed

__all__ = [
    "Activated",
    "ActiveStageOutput",
    "AutoReconnectCookieReceived",
    "ChannelData",
    "ChannelFailed",
    "ChannelsSuspended",
    "DeactivateAll",
    "ErrorInfoReceived",
    "GraphicsUpdate",
    "HeartbeatReceived",
    "KeyboardStatusChanged",
    "LoggedOn",
    "MonitorLayoutReceived",
    "MultitransportDeclined",
    "PointerUpdate",
    "ResponseFrame",
    "ShutdownDenied",
    "SoundPlayed",
    "StatusReceived",
    "Terminate",
    "WindowOrders",
]


@dataclass(frozen=True, slots=True)
class ResponseFrame:
    """Bytes that are owed to the peer now."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class GraphicsUpdate:
    """Something to draw; jobs are run one after another, in this order."""

    job: PaintJob


@dataclass(frozen=True, slots=True)
class WindowOrders:
    """What the server says of single windows, where remote programs are enabled; in the order of the jobs."""

    orders: tuple[WindowOrder, ...]


@dataclass(frozen=True, slots=True)
class PointerUpdate:
    """The pointer's shape, visibility or position changes."""

    update: WirePointerUpdate


@dataclass(frozen=True, slots=True)
class ChannelData:
    """A whole message on a static channel."""

    name: str
    message: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChannelFailed:
    """What came on a static channel makes no sense; its traffic is ignored from now on."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class ChannelsSuspended:
    """The server asks that nothing more be sent on channels, or that it be again."""

    is_suspended: bool


@dataclass(frozen=True, slots=True)
class DeactivateAll:
    """The server closes the share: nothing is drawn and no input is taken until it opens another one."""


@dataclass(frozen=True, slots=True)
class Activated:
    """The server has opened another share, maybe of another size."""

    activation: Activation


@dataclass(frozen=True, slots=True)
class Terminate:
    """The peer ends the session; `is_clean` says whether somebody asked for it."""

    reason: SessionClosed
    is_clean: bool


@dataclass(frozen=True, slots=True)
class LoggedOn:
    """What the server says of the logon."""

    info: LogonInfo


@dataclass(frozen=True, slots=True)
class AutoReconnectCookieReceived:
    """The server gave the secret with which a lost session may be taken up again."""

    logon_id: int
    random_bits: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StatusReceived:
    """Where the server is while it finds or wakes the session's machine."""

    code: StatusCode


@dataclass(frozen=True, slots=True)
class KeyboardStatusChanged:
    """The server sets the keyboard's lights, or the input method's state."""

    status: SetKeyboardIndicators | SetKeyboardImeStatus


@dataclass(frozen=True, slots=True)
class MonitorLayoutReceived:
    """The monitors of the server's session."""

    monitors: tuple[Monitor, ...]


@dataclass(frozen=True, slots=True)
class SoundPlayed:
    """The server's speaker beeps."""

    sound: PlaySound


@dataclass(frozen=True, slots=True)
class ShutdownDenied:
    """The server will not end the session by itself: a user is logged on, and its client may just leave."""


ActiveStageOutput: TypeAlias = (
    ResponseFrame
    | GraphicsUpdate
    | WindowOrders
    | PointerUpdate
    | ChannelData
    | ChannelFailed
    | ChannelsSuspended
    | DeactivateAll
    | Activated
    | Terminate
    | ErrorInfoReceived
    | LoggedOn
    | AutoReconnectCookieReceived
    | StatusReceived
    | KeyboardStatusChanged
    | MonitorLayoutReceived
    | SoundPlayed
    | ShutdownDenied
    | HeartbeatReceived
    | MultitransportDeclined
)
