"""A server's events: frozen, and the same classes as a client's where the same happens."""

from __future__ import annotations

import dataclasses
import typing

from trio_rdp.protocol import server_events, session_events


def test_every_event_is_exported_and_frozen() -> None:
    events = typing.get_args(server_events.ServerStageOutput)
    assert {event.__name__ for event in events} == set(server_events.__all__) - {"ServerStageOutput"}
    for event in events:
        assert dataclasses.is_dataclass(event)
        assert vars(event)["__dataclass_params__"].frozen


def test_what_happens_to_both_sides_has_one_name() -> None:
    for name in ("ResponseFrame", "ChannelData", "ChannelFailed", "Terminate"):
        assert getattr(server_events, name) is getattr(session_events, name)
