"""The events of audio input are values."""

from __future__ import annotations

import dataclasses
import typing

from trio_rdp.channels.audin import events
from trio_rdp.channels.rdpsnd.events import Ignored, Reply


def test_events_are_frozen() -> None:
    for union in (events.AudinClientEvent, events.AudinServerEvent):
        for cls in typing.get_args(union):
            assert cls in (Ignored, Reply) or cls.__name__ in events.__all__
            assert dataclasses.is_dataclass(cls)
    assert events.RecordingRefused(5) == events.RecordingRefused(5)
    assert hash(events.RecordingRefused(5)) == hash(events.RecordingRefused(5))
