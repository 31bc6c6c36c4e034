from __future__ import annotations

import dataclasses
from typing import get_args

from trio_rdp.channels.cliprdr import events


def test_events_are_frozen_and_all_of_them_are_in_the_union() -> None:
    kinds = {getattr(events, name) for name in events.__all__} - {events.ClipboardEvent}
    assert kinds == set(get_args(events.ClipboardEvent))
    for kind in kinds:
        assert dataclasses.is_dataclass(kind)
        assert getattr(kind, "__dataclass_params__").frozen  # noqa: B009
