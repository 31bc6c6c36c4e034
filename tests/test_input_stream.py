from __future__ import annotations

import pytest
import trio
import trio.testing

from trio_rdp.input_stream import InputStatistics, InputStream
from trio_rdp.level import Ending
from trio_rdp.protocol.config import Monitor
from trio_rdp.protocol.input_events import (
    InputEvent,
    KeyPressed,
    KeyReleased,
    MonitorLayoutChanged,
    MouseButton,
    MouseMoved,
    MouseMovedBy,
    MousePressed,
    WheelTurned,
)
from trio_rdp.protocol.keys import Key
from trio_rdp.wire.errors import RemoteProtocolError, SessionClosed

DOWN = KeyPressed(Key.A, Key.A.value)
UP = KeyReleased(Key.A, Key.A.value)


def stream(limit: int = 8) -> InputStream:
    return InputStream(limit, Ending())


def end(events: InputStream, *, is_clean: bool) -> None:
    events._ending.end(SessionClosed("the client left"), is_clean=is_clean)
    events.end()


def drain(events: InputStream) -> list[InputEvent]:
    found = []
    while True:
        try:
            found.append(events.receive_nowait())
        except trio.WouldBlock:
            return found


async def test_events_come_in_their_order() -> None:
    events = stream()
    for event in (DOWN, UP, DOWN):
        events.deliver(event)
    assert [await events.receive() for _ in range(3)] == [DOWN, UP, DOWN]
    with pytest.raises(trio.WouldBlock):
        events.receive_nowait()


async def test_receive_waits_for_an_event() -> None:
    events = stream()
    found: list[InputEvent] = []

    async def receive() -> None:
        found.append(await events.receive())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive)
        nursery.start_soon(receive)
        await trio.testing.wait_all_tasks_blocked()
        assert found == []
        events.deliver(DOWN)
        await trio.testing.wait_all_tasks_blocked()
        assert found == [DOWN]
        events.deliver(UP)
    assert found == [DOWN, UP]


async def test_receive_is_a_checkpoint() -> None:
    events = stream()
    events.deliver(DOWN)
    with trio.testing.assert_checkpoints():
        await events.receive()


def test_positions_coalesce() -> None:
    events = stream()
    for x in range(1000):
        events.deliver(MouseMoved(x, 2 * x))
    assert events.statistics() == InputStatistics(1000, 999, 1, 1, 8)
    assert drain(events) == [MouseMoved(999, 1998)]


def test_relative_moves_add_up() -> None:
    events = stream()
    for _ in range(10):
        events.deliver(MouseMovedBy(3, -2))
    assert drain(events) == [MouseMovedBy(30, -20)]


def test_layouts_of_monitors_coalesce() -> None:
    events = stream(3)
    layouts = [MonitorLayoutChanged((Monitor(width=width, height=300),)) for width in range(300, 400)]
    for layout in layouts:
        events.deliver(layout)
    assert drain(events) == layouts[-1:]


def test_moves_never_coalesce_across_another_event() -> None:
    events = stream(20)
    press = MousePressed(MouseButton.LEFT, 1, 1)
    wheel = WheelTurned(120, 1, 1)
    story: list[InputEvent] = [
        MouseMoved(1, 1),
        press,
        MouseMoved(2, 2),
        MouseMovedBy(1, 0),
        MouseMoved(3, 3),
        wheel,
        wheel,
        MouseMovedBy(1, 1),
    ]
    for event in story:
        events.deliver(event)
    assert drain(events) == story


def test_a_move_that_was_received_does_not_coalesce() -> None:
    events = stream()
    events.deliver(MouseMoved(1, 1))
    assert events.receive_nowait() == MouseMoved(1, 1)
    events.deliver(MouseMoved(2, 2))
    assert events.receive_nowait() == MouseMoved(2, 2)


def test_more_than_the_limit_is_the_clients_error() -> None:
    events = stream(3)
    for _ in range(3):
        events.deliver(DOWN)
    with pytest.raises(RemoteProtocolError, match="3 input events wait and the handler receives none"):
        events.deliver(UP)
    assert events.statistics().peak_waiting == 3
    assert drain(events) == [DOWN] * 3


async def test_iteration_ends_after_a_clean_disconnect_with_nothing_lost() -> None:
    events = stream()
    events.deliver(DOWN)
    end(events, is_clean=True)
    assert [event async for event in events] == [DOWN]
    with pytest.raises(trio.EndOfChannel):
        events.receive_nowait()


async def test_iteration_raises_after_any_other_end() -> None:
    events = stream()
    events.deliver(DOWN)
    end(events, is_clean=False)
    assert await events.receive() == DOWN
    with pytest.raises(SessionClosed, match="the client left"):
        await anext(aiter(events))


@pytest.mark.parametrize("is_clean", [False, True])
async def test_the_end_wakes_who_waits(is_clean: bool) -> None:
    events = stream()
    expected = trio.EndOfChannel if is_clean else SessionClosed

    async def receive() -> None:
        with pytest.raises(expected):
            await events.receive()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive)
        await trio.testing.wait_all_tasks_blocked()
        end(events, is_clean=is_clean)


async def test_cancelling_loses_nothing() -> None:
    events = stream()
    with trio.CancelScope() as scope:
        scope.cancel()
        events.deliver(DOWN)
        await events.receive()
    assert scope.cancelled_caught
    # The event comes in the same moment as the cancellation.
    async with trio.open_nursery() as nursery:
        nursery.start_soon(events.receive)
        await trio.testing.wait_all_tasks_blocked()
        assert drain(events) == []
        events.deliver(UP)
        nursery.cancel_scope.cancel()
    assert drain(events) == [UP]


async def test_closing() -> None:
    events = stream()
    events.deliver(DOWN)

    async def receive() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await events.receive()

    assert events.receive_nowait() == DOWN
    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive)
        await trio.testing.wait_all_tasks_blocked()
        await events.aclose()
    for _ in range(100):
        events.deliver(DOWN)  # nobody wants it, and nobody is to blame
    assert events.statistics().waiting == 0
    with pytest.raises(trio.ClosedResourceError):
        events.receive_nowait()


def test_a_crowd_is_more_than_half_of_the_limit() -> None:
    events = stream(4)
    crowds = []
    for _ in range(4):
        events.deliver(DOWN)
        crowds.append((events.waiting, events.is_crowded))
    assert crowds == [(1, False), (2, False), (3, True), (4, True)]
