"""The events of audio output are values."""

from __future__ import annotations

import dataclasses
import typing

import pytest

from trio_rdp.channels.rdpsnd import events


def test_events_are_frozen() -> None:
    for union in (events.RdpsndClientEvent, events.RdpsndServerEvent):
        for cls in typing.get_args(union):
            assert cls.__name__ in events.__all__
            assert dataclasses.is_dataclass(cls)
    reply = events.Reply(b"x")
    assert reply == events.Reply(b"x")
    with pytest.raises(dataclasses.FrozenInstanceError):
        reply.message = b"y"  # type: ignore[misc]
