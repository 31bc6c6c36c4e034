from __future__ import annotations

import dataclasses
from typing import get_args

from trio_rdp.protocol import session_events
from trio_rdp.protocol.session_events import (
    ActiveStageOutput,
    AutoReconnectCookieReceived,
    ChannelData,
    ResponseFrame,
)


def test_every_event_is_in_the_union() -> None:
    classes = {
        value
        for name in session_events.__all__
        if dataclasses.is_dataclass(value := getattr(session_events, name)) and isinstance(value, type)
    }
    assert set(get_args(ActiveStageOutput)) == classes
    assert all(one.__dataclass_params__.frozen for one in classes)  # type: ignore[attr-defined]


def test_what_is_long_or_secret_is_not_shown() -> None:
    for event in (
        ResponseFrame(b"secret"),
        ChannelData("cliprdr", b"secret"),
        AutoReconnectCookieReceived(1, b"secret"),
    ):
        assert "secret" not in repr(event)
