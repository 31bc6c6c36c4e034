from __future__ import annotations

import pytest

from tests.protocol.scripted_server import connected
from trio_rdp.pdu.auto_reconnect import ServerAutoReconnectPacket
from trio_rdp.pdu.display_updates import MonitorLayout
from trio_rdp.pdu.error_info import ErrorInfo, SetErrorInfo
from trio_rdp.pdu.gcc_client import MonitorDefinition, MonitorFlags
from trio_rdp.pdu.input import ToggleFlags
from trio_rdp.pdu.keyboard_status import ImeConversionMode, ImeState, SetKeyboardImeStatus, SetKeyboardIndicators
from trio_rdp.pdu.play_sound import PlaySound
from trio_rdp.pdu.session_info import (
    ErrorNotificationData,
    ErrorNotificationType,
    InfoType,
    LogonErrorsInfo,
    LogonInfo,
    LogonInfoExtended,
    LogonInfoVersion2,
    PlainNotify,
    SaveSessionInfo,
    UnknownLogonInfo,
)
from trio_rdp.pdu.share import PduType2
from trio_rdp.pdu.status_info import StatusCode, StatusInfo
from trio_rdp.protocol.config import ClientConfig, Monitor, Security
from trio_rdp.protocol.inbox import ClientInbox
from trio_rdp.protocol.session_events import (
    ActiveStageOutput,
    AutoReconnectCookieReceived,
    ErrorInfoReceived,
    KeyboardStatusChanged,
    LoggedOn,
    MonitorLayoutReceived,
    ShutdownDenied,
    SoundPlayed,
    StatusReceived,
)
from trio_rdp.protocol.session_info import read_session_pdu
from trio_rdp.wire.errors import DecodeError


@pytest.fixture
def inbox() -> ClientInbox:
    return connected(ClientConfig(security=Security.NONE)).result.inbox


def saved(info: LogonInfo | UnknownLogonInfo) -> bytes:
    return SaveSessionInfo(info_data=info).encode()


LOGON = LogonInfoVersion2(domain="LAB", user_name="ada", session_id=3)
COOKIE = ServerAutoReconnectPacket(logon_id=7, arc_random_bits=bytes(range(16)))
ERRORS = LogonErrorsInfo(
    error_notification_type=ErrorNotificationType(0xFFFFFFFE), error_notification_data=ErrorNotificationData(0)
)
LIGHTS = SetKeyboardIndicators(led_flags=ToggleFlags(ToggleFlags.NUM_LOCK))
IME = SetKeyboardImeStatus(ime_state=ImeState.OPEN, ime_conv_mode=ImeConversionMode(0))
BEEP = PlaySound(duration=100, frequency=440)
LAYOUT = MonitorLayout(
    monitor_def_array=[
        MonitorDefinition(left=0, top=0, right=1919, bottom=1079, flags=MonitorFlags(MonitorFlags.PRIMARY)),
        MonitorDefinition(left=-1080, top=0, right=-1, bottom=1919),
    ]
)
BOTH = LogonInfoExtended(auto_reconnect_cookie=COOKIE, logon_errors=ERRORS)


@pytest.mark.parametrize(
    ("kind", "payload", "events"),
    [
        (PduType2.SAVE_SESSION_INFO, saved(LOGON), [LoggedOn(LOGON)]),
        (PduType2.SAVE_SESSION_INFO, saved(PlainNotify()), [LoggedOn(PlainNotify())]),
        (
            PduType2.SAVE_SESSION_INFO,
            saved(LogonInfoExtended(auto_reconnect_cookie=COOKIE)),
            [AutoReconnectCookieReceived(7, bytes(range(16)))],
        ),
        (
            PduType2.SAVE_SESSION_INFO,
            saved(LogonInfoExtended(logon_errors=ERRORS)),
            [LoggedOn(LogonInfoExtended(logon_errors=ERRORS))],
        ),
        (
            PduType2.SAVE_SESSION_INFO,
            saved(BOTH),
            [AutoReconnectCookieReceived(7, bytes(range(16))), LoggedOn(BOTH)],
        ),
        (PduType2.SAVE_SESSION_INFO, saved(LogonInfoExtended()), [LoggedOn(LogonInfoExtended())]),
        (PduType2.SAVE_SESSION_INFO, saved(UnknownLogonInfo(info_type=InfoType(9), data=b"?")), None),
        (
            PduType2.STATUS_INFO,
            StatusInfo(status_code=StatusCode.VM_WAKING).encode(),
            [StatusReceived(StatusCode.VM_WAKING)],
        ),
        (PduType2.SET_KEYBOARD_INDICATORS, LIGHTS.encode(), [KeyboardStatusChanged(LIGHTS)]),
        (PduType2.SET_KEYBOARD_IME_STATUS, IME.encode(), [KeyboardStatusChanged(IME)]),
        (
            PduType2.MONITOR_LAYOUT,
            LAYOUT.encode(),
            [
                MonitorLayoutReceived(
                    (Monitor(width=1920, height=1080, is_primary=True), Monitor(left=-1080, width=1080, height=1920))
                )
            ],
        ),
        (PduType2.PLAY_SOUND, BEEP.encode(), [SoundPlayed(BEEP)]),
        (PduType2.SHUTDOWN_DENIED, b"", [ShutdownDenied()]),
        (PduType2.ARC_STATUS, bytes(4), None),
        (PduType2(0x99), b"whatever", None),
    ],
)
def test_what_a_client_is_told(
    inbox: ClientInbox, kind: PduType2, payload: bytes, events: list[ActiveStageOutput] | None
) -> None:
    assert read_session_pdu(kind, payload, inbox) == events


def test_error_info_is_remembered(inbox: ClientInbox) -> None:
    payload = SetErrorInfo(error_info=ErrorInfo.IDLE_TIMEOUT).encode()
    assert read_session_pdu(PduType2.SET_ERROR_INFO, payload, inbox) == [ErrorInfoReceived(ErrorInfo.IDLE_TIMEOUT)]
    assert inbox.error_info == ErrorInfo.IDLE_TIMEOUT


@pytest.mark.parametrize("kind", [PduType2.SET_ERROR_INFO, PduType2.SAVE_SESSION_INFO, PduType2.PLAY_SOUND])
def test_bytes_without_meaning(inbox: ClientInbox, kind: PduType2) -> None:
    with pytest.raises(DecodeError):
        read_session_pdu(kind, b"\1", inbox)
