"""The events of a server's side of device redirection."""

from __future__ import annotations

import dataclasses
from typing import get_args

from trio_rdp.channels.rdpdr import server_events


def test_events_are_frozen_and_all_in_the_union() -> None:
    kinds = get_args(server_events.RdpdrServerEvent)
    assert {kind.__name__ for kind in kinds} == set(server_events.__all__) - {"RdpdrServerEvent"}
    for kind in kinds:
        assert dataclasses.is_dataclass(kind)
        assert kind.__hash__ is not None
