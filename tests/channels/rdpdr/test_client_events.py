"""The events of a client's side of device redirection are values."""

from __future__ import annotations

import dataclasses

import pytest

from trio_rdp.channels.rdpdr import client_events
from trio_rdp.channels.rdpdr.client_events import DeviceAccepted, Started


@pytest.mark.parametrize("name", [name for name in client_events.__all__ if name != "RdpdrClientEvent"])
def test_events_are_frozen(name: str) -> None:
    assert getattr(client_events, name).__dataclass_params__.frozen


def test_events_compare_by_value() -> None:
    assert DeviceAccepted(1) == DeviceAccepted(1) != DeviceAccepted(2)
    assert dataclasses.astuple(Started(12)) == (12,)
