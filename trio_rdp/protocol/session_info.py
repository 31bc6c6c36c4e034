"""The share data PDUs that tell a client something, each as an event: errors, logon, status, lights, layout, beeps."""

from __future__ import annotations

from trio_rdp.pdu.display_updates import MonitorLayout
from trio_rdp.pdu.error_info import SetErrorInfo
from trio_rdp.pdu.gcc_client import MonitorDefinition, MonitorFlags
from trio_rdp.pdu.keyboard_status import SetKeyboardImeStatus, SetKeyboardIndicators
from trio_rdp.pdu.play_sound import PlaySound
from trio_rdp.pdu.session_info import LogonInfoExtended, SaveSessionInfo, UnknownLogonInfo
from trio_rdp.pdu.share import PduType2
from trio_rdp.pdu.status_info import StatusInfo
from trio_rdp.protocol.config import Monitor
from trio_rdp.protocol.events import ErrorInfoReceived
from trio_rdp.protocol.inbox import ClientInbox
from trio_rdp.protocol.session_events import (
    ActiveStageOutput,
    AutoReconnectCookieReceived,
    KeyboardStatusChanged,
    LoggedOn,
    MonitorLayoutReceived,
    ShutdownDenied,
    SoundPlayed,
    StatusReceived,
)

__all__ = ["read_session_pdu"]


def read_session_pdu(kind: PduType2, payload: bytes, inbox: ClientInbox) -> list[ActiveStageOutput] | None:
    """The events of a share data PDU, or None for one that says nothing to us."""
    match kind:
        case PduType2.SET_ERROR_INFO:
            inbox.error_info = SetErrorInfo.decode(payload).error_info
            return [ErrorInfoReceived(inbox.error_info)]
        case PduType2.SAVE_SESSION_INFO:
            return _read_logon(SaveSessionInfo.decode(payload))
        case PduType2.STATUS_INFO:
            return [StatusReceived(StatusInfo.decode(payload).status_code)]
        case PduType2.SET_KEYBOARD_INDICATORS:
            return [KeyboardStatusChanged(SetKeyboardIndicators.decode(payload))]
        case PduType2.SET_KEYBOARD_IME_STATUS:
            return [KeyboardStatusChanged(SetKeyboardImeStatus.decode(payload))]
        case PduType2.MONITOR_LAYOUT:
            layout = MonitorLayout.decode(payload)
            return [MonitorLayoutReceived(tuple(_monitor(one) for one in layout.monitor_def_array))]
        case PduType2.PLAY_SOUND:
            return [SoundPlayed(PlaySound.decode(payload))]
        case PduType2.SHUTDOWN_DENIED:
            return [ShutdownDenied()]
        case _:
            return None


def _read_logon(info: SaveSessionInfo) -> list[ActiveStageOutput] | None:
    data = info.info_data
    if isinstance(data, UnknownLogonInfo):
        return None
    if not isinstance(data, LogonInfoExtended):
        return [LoggedOn(data)]
    events: list[ActiveStageOutput] = []
    if data.auto_reconnect_cookie is not None:
        cookie = data.auto_reconnect_cookie
        events.append(AutoReconnectCookieReceived(cookie.logon_id, cookie.arc_random_bits))
    if data.logon_errors is not None or not events:
        events.append(LoggedOn(data))
    return events


def _monitor(definition: MonitorDefinition) -> Monitor:
    return Monitor(
        left=definition.left,
        top=definition.top,
        width=definition.right - definition.left + 1,
        height=definition.bottom - definition.top + 1,
        is_primary=MonitorFlags.PRIMARY in definition.flags,
    )
