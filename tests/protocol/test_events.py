from __future__ import annotations

import dataclasses

import pytest

from trio_rdp.pdu.error_info import ErrorInfo
from trio_rdp.protocol.events import ErrorInfoReceived, HeartbeatReceived, MultitransportDeclined


def test_events_are_frozen_values() -> None:
    assert ErrorInfoReceived(ErrorInfo.LOGOFF_BY_USER) == ErrorInfoReceived(ErrorInfo.LOGOFF_BY_USER)
    assert HeartbeatReceived(60, 2, 5).reconnect_after == 5
    with pytest.raises(dataclasses.FrozenInstanceError):
        MultitransportDeclined(1).request_id = 2  # type: ignore[misc]
