from __future__ import annotations

import dataclasses

import pytest

from trio_rdp.channels.rail import events
from trio_rdp.channels.rail.events import Reply, WindowActivated


def test_events_are_values() -> None:
    for name in events.__all__:
        kind = getattr(events, name)
        assert dataclasses.is_dataclass(kind)
        assert kind.__doc__
    event = WindowActivated(1, True)
    assert event == WindowActivated(1, True)
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.window_id = 2  # type: ignore[misc]


def test_messages_do_not_fill_logs() -> None:
    assert repr(Reply(bytes(1000))) == "Reply()"
