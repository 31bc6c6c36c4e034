from __future__ import annotations

import pytest
import trio
import trio.testing

from trio_rdp.graphics.pointer import PointerKind
from trio_rdp.level import Ending
from trio_rdp.pdu.pointer import (
    CachedPointerUpdate,
    Point,
    PointerPositionUpdate,
    SystemPointerType,
    SystemPointerUpdate,
)
from trio_rdp.pointer import Pointer
from trio_rdp.wire.errors import DecodeError, SessionClosed

HIDE = SystemPointerUpdate(system_pointer_type=SystemPointerType.NULL)
MOVE = PointerPositionUpdate(position=Point(x_pos=30, y_pos=40))


def test_it_begins_as_the_clients_own() -> None:
    pointer = Pointer(10, Ending())
    assert (pointer.kind, pointer.shape, pointer.position) == (PointerKind.DEFAULT, None, None)


def test_it_does_what_the_server_says() -> None:
    pointer = Pointer(10, Ending())
    pointer.apply(HIDE, None)
    pointer.apply(MOVE, None)
    assert (pointer.kind, pointer.position) == (PointerKind.HIDDEN, (30, 40))
    pointer.reset()
    assert pointer.kind is PointerKind.DEFAULT


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(DecodeError):
        Pointer(10, Ending()).apply(CachedPointerUpdate(cache_index=3), None)


async def test_waiting(nursery: trio.Nursery) -> None:
    ending = Ending()
    pointer = Pointer(10, ending)
    seen: list[PointerKind] = []

    async def watch() -> None:
        while True:
            await pointer.wait_changed()
            seen.append(pointer.kind)

    async def watch_to_the_end() -> None:
        with pytest.raises(SessionClosed, match="over"):
            await watch()

    nursery.start_soon(watch_to_the_end)
    await trio.testing.wait_all_tasks_blocked()
    pointer.apply(HIDE, None)
    await trio.testing.wait_all_tasks_blocked()
    pointer.reset()
    await trio.testing.wait_all_tasks_blocked()
    assert seen == [PointerKind.HIDDEN, PointerKind.DEFAULT]
    ending.end(SessionClosed("over"), is_clean=True)
    pointer.end()
