"""`TouchStream`: its bound, its ends, and clients that break the protocol (`Touch` as its client is in test_touch)."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from tests.robustness.test_cancel import cancelled_at
from trio_rdp.channels.rdpei import (
    ContactFlags,
    CsReady,
    PenContact,
    PenEvent,
    PenFrame,
    ResumeInput,
    ScReady,
    SuspendInput,
    TouchContact,
    TouchEvent,
    TouchFrame,
)
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.faces.touch.stream import ContactAction, PointerInput, TouchStream
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, SessionClosed

LIMITS = Limits(touch_points=6)
NAME = "Microsoft::Windows::RDS::Input"
DOWN, MOVE, UP, HOVER = ContactFlags(0x19), ContactFlags(0x1A), ContactFlags(0x04), ContactFlags(0x0A)


def touches(*contacts: tuple[int, ContactFlags, int]) -> bytes:
    found = [TouchContact(contact_id=one, x=x, y=0, contact_flags=flags) for one, flags, x in contacts]
    return TouchEvent(frames=[TouchFrame(contacts=found)]).encode()


def pens(*contacts: tuple[int, ContactFlags, int]) -> bytes:
    found = [PenContact(device_id=one, x=x, y=0, contact_flags=flags) for one, flags, x in contacts]
    return PenEvent(frames=[PenFrame(contacts=found)]).encode()


async def started(nursery: trio.Nursery) -> tuple[TouchStream, MessageChannel]:
    """A server's stream, and the client's end of its channel."""
    stream, (ours, theirs) = TouchStream(LIMITS), channel_pair(NAME)
    nursery.start_soon(stream.run, ours)
    assert ScReady.decode(await theirs.receive())
    await theirs.send(CsReady(max_touch_contacts=10).encode())
    await stream.wait_ready()
    return stream, theirs


def shown(event: PointerInput) -> list[tuple[str, int]]:
    return [(point.action.value, point.x) for point in event.points]


async def test_iteration_ends_with_the_channel(nursery: trio.Nursery) -> None:
    stream, theirs = await started(nursery)
    assert stream.max_contacts == 10
    assert stream.max_pens == 1
    for message in (touches((0, DOWN, 1)), pens((0, HOVER, 2)), touches((0, UP, 1))):
        await theirs.send(message)
    await theirs.aclose()
    assert [shown(event) async for event in stream] == [[("down", 1)], [("hover", 2)], [("up", 1)]]
    with pytest.raises(trio.EndOfChannel):
        await stream.receive()
    with pytest.raises(ChannelClosed):
        await stream.wait_ready()


async def test_xfreerdp_gets_ready(nursery: trio.Nursery) -> None:
    """xfreerdp 2.11: 64 fingers, several pens, and no times."""
    stream, (ours, theirs) = TouchStream(LIMITS), channel_pair(NAME)
    nursery.start_soon(stream.run, ours)
    assert ScReady.decode(await theirs.receive())
    await theirs.send(bytes.fromhex("0200 10000000 07000000 00000300 4000"))
    await theirs.send(touches((0, DOWN, 1)))
    assert (await stream.receive()).time is None
    assert (stream.max_contacts, stream.max_pens) == (64, 4)
    await theirs.aclose()


async def test_an_end_that_is_not_clean(nursery: trio.Nursery) -> None:
    stream, theirs = await started(nursery)
    await theirs.send(touches((0, DOWN, 1)))
    await theirs.send(bytes.fromhex("0300 08000000 00ff"))
    await trio.testing.wait_all_tasks_blocked()
    assert shown(await stream.receive()) == [("down", 1)]
    with pytest.raises(ChannelClosed):
        await stream.receive()


@pytest.mark.parametrize("is_clean", [True, False])
async def test_the_session_ends(nursery: trio.Nursery, is_clean: bool) -> None:
    """The session says so first, and then the channel says how."""
    stream, (ours, theirs) = TouchStream(LIMITS), channel_pair(NAME)
    nursery.start_soon(stream.run, ours)
    await theirs.receive()

    async def wait() -> None:
        with pytest.raises(trio.EndOfChannel if is_clean else SessionClosed):
            await stream.receive()

    nursery.start_soon(wait)
    await trio.testing.wait_all_tasks_blocked()
    stream.session_ended(SessionClosed("the line was cut"))
    if is_clean:
        await theirs.aclose()
    else:
        ours.fail("the line was cut")


async def test_moves_become_one_when_nobody_receives(nursery: trio.Nursery) -> None:
    stream, theirs = await started(nursery)
    await theirs.send(touches((0, DOWN, 0), (1, HOVER, 0)))
    for x in range(20):
        await theirs.send(touches((0, MOVE, x), (1, HOVER, x)))
        await trio.testing.wait_all_tasks_blocked()
    statistics = stream.statistics()
    assert (statistics.received, statistics.coalesced) == (21, 18)
    assert (statistics.waiting, statistics.peak_waiting, statistics.limit) == (6, 6, 6)
    events = [shown(stream.receive_nowait()) for _ in range(3)]
    assert events == [
        [("down", 0), ("hover", 0)],
        [("move", 0), ("hover", 0)],
        [("move", 19), ("hover", 19)],
    ]
    assert stream.statistics().waiting == 0
    with pytest.raises(trio.WouldBlock):
        stream.receive_nowait()
    await theirs.aclose()


@pytest.mark.parametrize(
    "last", [touches((0, UP, 0)), touches((1, DOWN, 0)), pens((0, HOVER, 0)), touches((7, MOVE, 0))]
)
async def test_what_is_no_move_gives_the_channel_up(nursery: trio.Nursery, last: bytes) -> None:
    stream, theirs = await started(nursery)
    await theirs.send(touches((0, DOWN, 0)))
    for x in range(10):
        await theirs.send(touches((0, MOVE, x)))
    await theirs.send(last)
    with pytest.raises(trio.EndOfChannel):
        await theirs.receive()
    for _ in range(6):
        await stream.receive()
    with pytest.raises(ChannelClosed, match="6 touches wait and nobody receives them"):
        await stream.receive()


async def test_a_frame_larger_than_everything(nursery: trio.Nursery) -> None:
    stream, theirs = await started(nursery)
    await theirs.send(touches(*((one, DOWN, 0) for one in range(7))))
    with pytest.raises(ChannelClosed, match="0 touches wait"):
        await stream.receive()


async def test_a_gesture_that_cannot_be_is_canceled(nursery: trio.Nursery) -> None:
    stream, theirs = await started(nursery)
    for message in (touches((0, DOWN, 1)), touches((1, UP, 1)), touches((0, MOVE, 2)), touches((1, DOWN, 3))):
        await theirs.send(message)
    await trio.testing.wait_all_tasks_blocked()
    assert shown(await stream.receive()) == [("down", 1)]
    event = await stream.receive()
    assert shown(event) == [("cancel", 1)]
    assert event.points[0].action is ContactAction.CANCEL
    assert "contact 1 is out of range" in str(event.fault)
    assert shown(await stream.receive()) == [("down", 3)]
    assert (stream.statistics().faults, stream.statistics().passed_over) == (1, 1)
    await theirs.aclose()
    await trio.testing.wait_all_tasks_blocked()
    assert (stream.statistics().faults, stream.statistics().passed_over) == (1, 1)


async def test_suspending(nursery: trio.Nursery) -> None:
    stream, theirs = await started(nursery)
    with pytest.raises(LocalProtocolError, match="not suspended"):
        await stream.resume()
    await stream.suspend()
    assert SuspendInput.decode(await theirs.receive())
    with pytest.raises(LocalProtocolError, match="are suspended"):
        await stream.suspend()
    await stream.resume()
    assert ResumeInput.decode(await theirs.receive())
    assert not stream.is_suspended
    await theirs.aclose()


async def test_suspending_waits_for_the_client(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    stream, (ours, theirs) = TouchStream(LIMITS), channel_pair(NAME)
    nursery.start_soon(stream.run, ours)
    nursery.start_soon(stream.suspend)
    await trio.sleep(1)
    assert ScReady.decode(await theirs.receive())
    await theirs.send(CsReady(max_touch_contacts=10).encode())
    assert SuspendInput.decode(await theirs.receive())
    await theirs.aclose()


@pytest.mark.parametrize("use", ["suspend", "receive"])
async def test_cancelled_at_every_checkpoint_it_stays_whole(nursery: trio.Nursery, use: str) -> None:
    stream, theirs = await started(nursery)
    for checkpoint in range(20):
        await theirs.send(touches((0, HOVER, checkpoint)))
        async with cancelled_at(checkpoint) as scope:
            await getattr(stream, use)()
        if stream.is_suspended:
            assert SuspendInput.decode(await theirs.receive())
            await stream.resume()
            assert ResumeInput.decode(await theirs.receive())
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(trio.WouldBlock):
            theirs.receive_nowait()
        waiting = stream.statistics().waiting
        assert waiting == (checkpoint + 1 if use == "suspend" or scope.cancelled_caught else checkpoint)
        if not scope.cancelled_caught:
            break
    assert not scope.cancelled_caught
    await theirs.aclose()


async def test_closed_here(nursery: trio.Nursery) -> None:
    stream, theirs = await started(nursery)
    await theirs.send(touches((0, DOWN, 1)))
    await trio.testing.wait_all_tasks_blocked()
    await stream.aclose()
    for x in range(20):
        await theirs.send(touches((0, MOVE, x)))
    await trio.testing.wait_all_tasks_blocked()
    assert stream.statistics().waiting == 0
    assert stream.statistics().received == 21
    with pytest.raises(trio.ClosedResourceError):
        await stream.receive()
    assert stream.is_open
    await theirs.aclose()


async def test_without_the_channel() -> None:
    stream = TouchStream(LIMITS)
    stream.unavailable("the client does not have it")
    with pytest.raises(LocalProtocolError, match="the client does not have it"):
        await stream.receive()
