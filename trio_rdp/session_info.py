"""`SessionInfo`: what a server has told of a session beside its pictures, always the latest."""

from __future__ import annotations

from trio_rdp.level import Ending, Level
from trio_rdp.pdu.error_info import ErrorInfo
from trio_rdp.pdu.keyboard_status import SetKeyboardImeStatus, SetKeyboardIndicators
from trio_rdp.pdu.session_info import LogonInfo
from trio_rdp.pdu.status_info import StatusCode
from trio_rdp.protocol.config import Monitor
from trio_rdp.protocol.events import ErrorInfoReceived, HeartbeatReceived
from trio_rdp.protocol.session_events import (
    ActiveStageOutput,
    AutoReconnectCookieReceived,
    KeyboardStatusChanged,
    LoggedOn,
    MonitorLayoutReceived,
    SoundPlayed,
    StatusReceived,
)

__all__ = ["SessionInfo"]


class SessionInfo:
    """The latest of each kind; None, or zero, before there was any."""

    def __init__(self, ending: Ending) -> None:
        self._level = Level(ending)
        self.logon: LogonInfo | None = None
        """Who is logged on, or what became of the logon."""
        self.error: ErrorInfo | None = None
        """Why the server will end the session."""
        self.status: StatusCode | None = None
        """Where the server is while it finds or wakes the session's machine."""
        self.keyboard: SetKeyboardIndicators | SetKeyboardImeStatus | None = None
        """The keyboard's lights, or the input method's state, as the server sets them."""
        self.monitors: tuple[Monitor, ...] = ()
        """The monitors of the server's session."""
        self.heartbeat: HeartbeatReceived | None = None
        """How often the server shows that it is alive."""
        self.heartbeats: int = 0
        self.beeps: int = 0
        self.auto_reconnect: AutoReconnectCookieReceived | None = None
        """The secret with which a lost session may be taken up again."""

    async def wait_changed(self) -> None:
        """Wait until the server tells something; raises `SessionClosed` when the session ends first."""
        await self._level.wait_beyond(self._level.count)

    # What follows is for the session.

    def update(self, output: ActiveStageOutput) -> None:
        """Note what the server told."""
        match output:
            case LoggedOn(info=info):
                self.logon = info
            case ErrorInfoReceived(code=code):
                self.error = code
            case StatusReceived(code=status):
                self.status = status
            case KeyboardStatusChanged(status=keyboard):
                self.keyboard = keyboard
            case MonitorLayoutReceived(monitors=monitors):
                self.monitors = monitors
            case HeartbeatReceived():
                self.heartbeat = output
                self.heartbeats += 1
            case SoundPlayed():
                self.beeps += 1
            case AutoReconnectCookieReceived():
                self.auto_reconnect = output
            case _:
                return
        self._level.notify()

    def end(self) -> None:
        """Wake everybody who waits."""
        self._level.notify()
