"""`Touch` against `TouchStream`, and against servers that pause, vanish or say nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing

from tests.robustness.test_cancel import cancelled_at
from trio_rdp.channels.rdpei import (
    CsReady,
    DismissHoveringTouchContact,
    ProtocolVersion,
    ResumeInput,
    ScReady,
    SuspendInput,
    TouchEvent,
)
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.faces.touch.stream import PenInput, TouchInput, TouchStream
from trio_rdp.faces.touch.touch import Touch
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, SessionClosed

LIMITS = Limits(touch_contacts=3)
NAME = "Microsoft::Windows::RDS::Input"

Seen = list[tuple[str, int, int]]


async def paired(nursery: trio.Nursery, *, messages: int = 64) -> tuple[Touch, TouchStream]:
    touch, stream, (ours, theirs) = Touch(LIMITS), TouchStream(LIMITS), channel_pair(NAME, messages=messages)
    nursery.start_soon(touch.run, ours)
    nursery.start_soon(stream.run, theirs)
    await touch.wait_ready()
    await stream.wait_ready()
    return touch, stream


async def with_server(nursery: trio.Nursery, version: int = 0x00030000) -> tuple[Touch, MessageChannel]:
    """A client's touch, and the server's end of its channel."""
    touch, (ours, theirs) = Touch(LIMITS), channel_pair(NAME)
    nursery.start_soon(touch.run, ours)
    await theirs.send(ScReady(protocol_version=ProtocolVersion(version)).encode())
    assert CsReady.decode(await theirs.receive()).max_touch_contacts == 3
    return touch, theirs


def taken(stream: TouchStream) -> list[TouchInput | PenInput]:
    found = []
    while True:
        try:
            found.append(stream.receive_nowait())
        except trio.WouldBlock:
            return found


async def seen(stream: TouchStream) -> list[Seen]:
    """What each frame said until now: what contacts did, and where."""
    await trio.testing.wait_all_tasks_blocked()
    events = taken(stream)
    assert [event.fault for event in events] == [None] * len(events)
    return [[(point.action.value, point.x, point.y) for point in event.points] for event in events]


async def test_a_finger(nursery: trio.Nursery) -> None:
    touch, stream = await paired(nursery)
    async with touch.contact(10, 20, pressure=7) as finger:
        assert (finger.position, finger.is_down, finger.contact_id) == ((10, 20), True, 0)
        await finger.move(11, 21, pressure=1024, orientation=359, bounds=(-3, -4, 3, 4))
        assert finger.position == (11, 21)
    await trio.testing.wait_all_tasks_blocked()
    down, move, up = taken(stream)
    assert down.points[0].pressure == 7
    assert isinstance(move, TouchInput)
    assert move.points[0].bounds == (-3, -4, 3, 4)
    assert (move.points[0].orientation, move.points[0].pressure) == (359, 1024)
    assert [event.points[0].action.value for event in (down, move, up)] == ["down", "move", "up"]
    assert (up.points[0].x, up.points[0].y) == (11, 21)
    with pytest.raises(LocalProtocolError, match="this finger was taken away"):
        await finger.up()
    with pytest.raises(LocalProtocolError, match="this finger was taken away"):
        _ = finger.position
    nursery.cancel_scope.cancel()


async def test_a_finger_that_hovers(nursery: trio.Nursery) -> None:
    touch, stream = await paired(nursery)
    async with touch.contact(10, 20, is_hovering=True) as finger:
        assert not finger.is_down
        await finger.move(1, 2)
        await finger.down(pressure=5)
        assert finger.is_down
        await finger.up()
        with pytest.raises(LocalProtocolError, match="is hovering and cannot be"):
            await finger.up()
        await finger.move(3, 4)
    assert await seen(stream) == [
        [("hover", 10, 20)],
        [("hover", 1, 2)],
        [("down", 1, 2)],
        [("up", 1, 2)],
        [("hover", 3, 4)],
        [("leave", 3, 4)],
    ]
    nursery.cancel_scope.cancel()


async def test_hovering_fingers_are_dismissed(nursery: trio.Nursery) -> None:
    touch, theirs = await with_server(nursery)
    async with touch.contact(10, 20, is_hovering=True):
        await theirs.receive()
    assert DismissHoveringTouchContact.decode(await theirs.receive()).contact_id == 0
    await theirs.aclose()


async def test_several_fingers(nursery: trio.Nursery) -> None:
    touch, stream = await paired(nursery)
    async with touch.contacts((1, 1), (2, 2)) as fingers, touch.contact(3, 3) as third:
        await fingers.move((4, 4), (5, 5))
        await fingers[1].move(6, 6)
        assert [finger.contact_id for finger in (*fingers, third)] == [0, 1, 2]
        assert (len(fingers), third.position) == (2, (3, 3))
        with pytest.raises(LocalProtocolError, match="3 points for 2 fingers"):
            await fingers.move((0, 0), (0, 0), (0, 0))
        with pytest.raises(LocalProtocolError, match="3 fingers of 3 are in use"):
            async with touch.contact(0, 0):
                raise AssertionError
    assert [sorted(frame) for frame in await seen(stream)] == [
        [("down", 1, 1), ("down", 2, 2)],
        [("down", 3, 3), ("move", 1, 1), ("move", 2, 2)],
        [("move", 3, 3), ("move", 4, 4), ("move", 5, 5)],
        [("move", 3, 3), ("move", 4, 4), ("move", 6, 6)],
        [("move", 4, 4), ("move", 6, 6), ("up", 3, 3)],
        [("up", 4, 4), ("up", 6, 6)],
    ]
    with pytest.raises(LocalProtocolError, match="no finger at all"):
        async with touch.contacts():
            raise AssertionError
    statistics = touch.statistics()
    assert (statistics.messages_sent, statistics.contacts, statistics.peak_contacts) == (6, 0, 3)
    assert (statistics.max_contacts, touch.max_contacts) == (3, 3)
    nursery.cancel_scope.cancel()


async def test_gestures(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    touch, stream = await paired(nursery)
    await touch.tap(5, 6)
    await touch.tap(5, 6, count=2, hold=0.5)
    await trio.testing.wait_all_tasks_blocked()
    times = [event.time for event in taken(stream)]
    assert times == pytest.approx([0, 0.05, 0.05, 0.55, 0.6, 1.1])
    await touch.swipe((0, 0), (100, 50), duration=1, steps=4)
    await trio.testing.wait_all_tasks_blocked()
    events = taken(stream)
    assert [event.time for event in events] == pytest.approx([1.1, 1.35, 1.6, 1.85, 2.1, 2.1])
    assert [(point.x, point.y) for event in events for point in event.points] == [
        (0, 0),
        (25, 12),
        (50, 25),
        (75, 37),
        (100, 50),
        (100, 50),
    ]
    await touch.pinch(100, 100, 40, 80, steps=2)
    assert await seen(stream) == [
        [("down", 80, 100), ("down", 120, 100)],
        [("move", 70, 100), ("move", 130, 100)],
        [("move", 60, 100), ("move", 140, 100)],
        [("up", 60, 100), ("up", 140, 100)],
    ]
    nursery.cancel_scope.cancel()


async def test_a_pen(nursery: trio.Nursery) -> None:
    touch, stream = await paired(nursery)
    assert touch.max_pens == 4
    async with touch.pen(10, 20) as pen:
        assert (pen.position, pen.is_down, pen.device_id) == ((10, 20), False, 0)
        await pen.hold(rotation=90, tilt=(-45, 30), is_eraser_pressed=True, is_inverted=True)
        await pen.down(pressure=512)
        await pen.move(11, 21)
        await pen.move(12, 22, pressure=1000)
        await pen.up()
        await pen.hold(is_eraser_pressed=False)
        with pytest.raises(LocalProtocolError, match="pen 0 is there already"):
            async with touch.pen(0, 0):
                raise AssertionError
        with pytest.raises(LocalProtocolError, match="tilt_x 91"):
            await pen.hold(tilt=(91, 0))
    with pytest.raises(LocalProtocolError, match="taken away"):
        await pen.move(1, 1)
    await trio.testing.wait_all_tasks_blocked()
    points = [point for event in taken(stream) if isinstance(event, PenInput) for point in event.points]
    actions = ["hover", "hover", "down", "move", "move", "up", "hover", "leave"]
    assert [point.action.value for point in points] == actions
    assert [point.pressure for point in points] == [None, None, 512, 512, 1000, 0, 0, None]
    assert [point.tilt for point in points] == [None, *[(-45, 30)] * 6, None]
    assert [point.rotation for point in points] == [None, *[90] * 6, None]
    assert [point.is_eraser_pressed for point in points] == [False, *[True] * 5, False, False]
    assert [point.is_inverted for point in points] == [False, *[True] * 6, False]
    nursery.cancel_scope.cancel()


async def test_a_line(nursery: trio.Nursery) -> None:
    touch, stream = await paired(nursery)
    async with touch.pen(0, 0, device_id=3) as pen:
        await pen.draw((1, 1), (2, 2), (3, 3), pressure=9)
        await pen.draw()
    assert [frame[0] for frame in await seen(stream)] == [
        ("hover", 0, 0),
        ("hover", 1, 1),
        ("down", 1, 1),
        ("move", 2, 2),
        ("move", 3, 3),
        ("up", 3, 3),
        ("leave", 3, 3),
    ]
    nursery.cancel_scope.cancel()


async def test_a_server_without_pens(nursery: trio.Nursery) -> None:
    touch, theirs = await with_server(nursery, 0x00010001)
    await touch.wait_ready()
    with pytest.raises(LocalProtocolError, match="takes no pens"):
        async with touch.pen(0, 0):
            raise AssertionError
    assert touch.statistics().max_pens == 0
    await theirs.aclose()


async def test_calls_wait_for_the_channel_and_for_the_server(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    touch, (ours, theirs) = Touch(LIMITS), channel_pair(NAME)
    nursery.start_soon(touch.tap, 3, 4)
    await trio.sleep(1)
    nursery.start_soon(touch.run, ours)
    await trio.sleep(1)
    await theirs.send(ScReady().encode())
    assert CsReady.decode(await theirs.receive())
    assert TouchEvent.decode(await theirs.receive()).frames[0].contacts[0].x == 3
    assert TouchEvent.decode(await theirs.receive()).frames[0].contacts[0].x == 3
    await theirs.aclose()


async def test_nothing_is_sent_while_the_server_wants_nothing(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    touch, stream = await paired(nursery)
    async with touch.contact(1, 1) as finger:
        await stream.suspend()
        await trio.testing.wait_all_tasks_blocked()
        assert touch.is_suspended
        assert stream.is_suspended
        assert touch.statistics().is_suspended
        nursery.start_soon(finger.move, 2, 2)
        await trio.sleep(1)
        assert await seen(stream) == [[("down", 1, 1)]]
        await stream.resume()
        assert await seen(stream) == [[("move", 2, 2)]]
        assert not touch.is_suspended
    nursery.cancel_scope.cancel()


async def test_a_finger_left_by_an_exception_is_canceled(nursery: trio.Nursery) -> None:
    touch, stream = await paired(nursery)

    async def fail() -> None:
        async with touch.contacts((1, 1), (2, 2)):
            raise ZeroDivisionError

    async def fail_with_pen() -> None:
        async with touch.pen(1, 1):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await seen(stream) == [[("down", 1, 1), ("down", 2, 2)], [("cancel", 1, 1), ("cancel", 2, 2)]]
    with pytest.raises(ZeroDivisionError):
        await fail_with_pen()
    assert await seen(stream) == [[("hover", 1, 1)], [("cancel", 1, 1)]]
    nursery.cancel_scope.cancel()


async def test_a_finger_that_is_canceled_while_nothing_may_be_sent(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    touch, stream = await paired(nursery)
    with trio.move_on_after(2) as scope:
        async with touch.contact(1, 1) as finger:
            await stream.suspend()
            await trio.sleep(1)
            await finger.move(2, 2)
    assert scope.cancelled_caught
    assert await seen(stream) == [[("down", 1, 1)]]
    await stream.resume()
    assert await seen(stream) == [[("cancel", 1, 1)]]
    nursery.cancel_scope.cancel()


USES: dict[str, Callable[[Touch], Awaitable[None]]] = {
    "tap": lambda touch: touch.tap(1, 1, hold=0),
    "swipe": lambda touch: touch.swipe((0, 0), (9, 9), duration=0, steps=3),
    "pinch": lambda touch: touch.pinch(50, 50, 10, 20, duration=0, steps=2),
    "pen": lambda touch: _draw(touch),
}


async def _draw(touch: Touch) -> None:
    async with touch.pen(0, 0) as pen:
        await pen.draw((1, 1), (2, 2), pressure=9)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("messages", [1, 64])
async def test_cancelled_at_every_checkpoint_nothing_stays_down(
    nursery: trio.Nursery, use: str, messages: int, autojump_clock: trio.testing.MockClock
) -> None:
    touch, stream = await paired(nursery, messages=messages)
    down: dict[tuple[str, int], str] = {}

    async def watch() -> None:
        async for event in stream:
            assert event.fault is None
            for point in event.points:
                key = (type(point).__name__, getattr(point, "contact_id", 0))
                down[key] = point.state.value

    nursery.start_soon(watch)
    for checkpoint in range(200):
        async with cancelled_at(checkpoint) as scope:
            await USES[use](touch)
        await trio.testing.wait_all_tasks_blocked()
        assert set(down.values()) <= {"out of range"}
        assert touch.statistics().contacts == 0
        if not scope.cancelled_caught:
            break
    assert not scope.cancelled_caught
    assert checkpoint >= 3
    await touch.tap(1, 1)
    assert stream.statistics().faults == 0
    nursery.cancel_scope.cancel()


async def test_the_server_vanishes(nursery: trio.Nursery) -> None:
    touch, theirs = await with_server(nursery)
    async with touch.contact(1, 1) as finger:
        await theirs.aclose()
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(ChannelClosed):
            await finger.move(2, 2)
    with pytest.raises(ChannelClosed):
        await touch.tap(1, 1)
    assert touch.statistics().contacts == 0


async def test_a_finger_outlives_its_channel(nursery: trio.Nursery) -> None:
    touch, theirs = await with_server(nursery)
    async with touch.contact(1, 1) as finger:
        await theirs.aclose()
        await trio.testing.wait_all_tasks_blocked()
        ours, again = channel_pair(NAME)
        nursery.start_soon(touch.run, ours)
        await again.send(ScReady().encode())
        await again.receive()
        assert touch.statistics().contacts == 0
        with pytest.raises(ChannelClosed, match="it was closed, and came again"):
            await finger.move(2, 2)
    with pytest.raises(trio.WouldBlock):
        again.receive_nowait()
    await again.aclose()


async def test_the_session_ends(nursery: trio.Nursery) -> None:
    touch, theirs = await with_server(nursery)
    async with touch.contact(1, 1) as finger:
        touch.session_ended(SessionClosed("the line was cut"))
        with pytest.raises(SessionClosed, match="the line was cut"):
            await finger.move(2, 2)
    await theirs.aclose()


async def test_nonsense_costs_the_channel(nursery: trio.Nursery) -> None:
    touch, theirs = await with_server(nursery)
    await touch.wait_ready()
    await theirs.send(bytes.fromhex("0100 09000000 000000"))
    with pytest.raises(trio.EndOfChannel):
        await theirs.receive()
    with pytest.raises(ChannelClosed):
        await touch.tap(1, 1)


async def test_servers_may_suspend_by_hand(nursery: trio.Nursery) -> None:
    touch, theirs = await with_server(nursery)
    await touch.wait_ready()
    await theirs.send(SuspendInput().encode())
    await trio.testing.wait_all_tasks_blocked()
    assert touch.is_suspended
    await theirs.send(ResumeInput().encode())
    await touch.tap(1, 1, hold=0)
    await theirs.aclose()


async def test_without_the_channel() -> None:
    touch = Touch(LIMITS)
    touch.unavailable("the server does not have it")
    with pytest.raises(LocalProtocolError, match="the server does not have it"):
        await touch.tap(1, 1)
