from __future__ import annotations

import pytest
import trio
import trio.testing

from trio_rdp.level import Ending
from trio_rdp.pdu.error_info import ErrorInfo
from trio_rdp.pdu.input import ToggleFlags
from trio_rdp.pdu.keyboard_status import SetKeyboardIndicators
from trio_rdp.pdu.play_sound import PlaySound
from trio_rdp.pdu.session_info import PlainNotify
from trio_rdp.pdu.status_info import StatusCode
from trio_rdp.protocol.config import Monitor
from trio_rdp.protocol.events import ErrorInfoReceived, HeartbeatReceived
from trio_rdp.protocol.session_events import (
    ActiveStageOutput,
    AutoReconnectCookieReceived,
    DeactivateAll,
    KeyboardStatusChanged,
    LoggedOn,
    MonitorLayoutReceived,
    SoundPlayed,
    StatusReceived,
)
from trio_rdp.session_info import SessionInfo
from trio_rdp.wire.errors import SessionClosed

BEEP = SoundPlayed(PlaySound(duration=10, frequency=440))


def test_nothing_is_known_at_first() -> None:
    info = SessionInfo(Ending())
    assert (info.logon, info.error, info.status, info.keyboard, info.heartbeat, info.auto_reconnect) == (None,) * 6
    assert (info.monitors, info.heartbeats, info.beeps) == ((), 0, 0)


def test_the_latest_of_each_kind() -> None:
    info = SessionInfo(Ending())
    lights = SetKeyboardIndicators(led_flags=ToggleFlags(2))
    beat = HeartbeatReceived(5, 2, 3)
    monitor = Monitor(width=10, height=20)
    cookie = AutoReconnectCookieReceived(7, bytes(16))
    told: list[ActiveStageOutput] = [
        LoggedOn(PlainNotify()),
        ErrorInfoReceived(ErrorInfo.IDLE_TIMEOUT),
        ErrorInfoReceived(ErrorInfo.LOGOFF_BY_USER),
        StatusReceived(StatusCode(1)),
        KeyboardStatusChanged(lights),
        MonitorLayoutReceived((monitor,)),
        HeartbeatReceived(1, 1, 1),
        beat,
        BEEP,
        cookie,
    ]
    for output in told:
        info.update(output)
    assert info.logon == PlainNotify()
    assert info.error == ErrorInfo.LOGOFF_BY_USER
    assert info.status == StatusCode(1)
    assert info.keyboard is lights
    assert info.monitors == (monitor,)
    assert (info.heartbeat, info.heartbeats) == (beat, 2)
    assert info.beeps == 1
    assert info.auto_reconnect is cookie


async def test_waiting(nursery: trio.Nursery) -> None:
    ending = Ending()
    info = SessionInfo(ending)
    seen: list[int] = []

    async def watch() -> None:
        while True:
            await info.wait_changed()
            seen.append(info.beeps)

    async def watch_to_the_end() -> None:
        with pytest.raises(SessionClosed, match="over"):
            await watch()

    nursery.start_soon(watch_to_the_end)
    await trio.testing.wait_all_tasks_blocked()
    info.update(BEEP)
    await trio.testing.wait_all_tasks_blocked()
    info.update(DeactivateAll())  # tells nothing about the session
    await trio.testing.wait_all_tasks_blocked()
    assert seen == [1]
    ending.end(SessionClosed("over"), is_clean=True)
    info.end()
