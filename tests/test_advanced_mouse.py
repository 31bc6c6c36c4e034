"""`AdvancedMouse` against `AdvancedMouseHost`, and against peers that are full, gone or strange."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from tests.robustness.test_cancel import cancelled_at
from trio_rdp.advanced_mouse import AdvancedMouse, AdvancedMouseHost
from trio_rdp.channels.ainput import AinputFlags, AinputMouse, AinputVersion
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.input import Mouse
from trio_rdp.input_stream import InputStream
from trio_rdp.level import Ending
from trio_rdp.pdu.capabilities_basic import InputFlags
from trio_rdp.pdu.input import InputEvent, KeyboardEvent, MouseEvent, PointerFlags
from trio_rdp.protocol.input_events import (
    MouseButton,
    MouseMoved,
    MouseMovedBy,
    MousePressed,
    MouseReleased,
    WheelTurned,
)
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError

LIMITS = Limits()
NAME = "FreeRDP::Advanced::Input"


async def paired(nursery: trio.Nursery, *, messages: int = 64) -> tuple[AdvancedMouse, InputStream, AdvancedMouseHost]:
    stream = InputStream(100, Ending())
    advanced, host, (ours, theirs) = (
        AdvancedMouse(LIMITS),
        AdvancedMouseHost(LIMITS, stream.deliver),
        channel_pair(NAME, messages=messages),
    )
    nursery.start_soon(advanced.run, ours)
    nursery.start_soon(host.run, theirs)
    await advanced.wait_ready()
    return advanced, stream, host


async def with_server(nursery: trio.Nursery, limits: Limits = LIMITS) -> tuple[AdvancedMouse, MessageChannel]:
    advanced, (ours, theirs) = AdvancedMouse(limits), channel_pair(NAME, messages=1)
    nursery.start_soon(advanced.run, ours)
    await theirs.send(AinputVersion().encode())
    await advanced.wait_ready()
    return advanced, theirs


async def taken(stream: InputStream) -> list[object]:
    await trio.testing.wait_all_tasks_blocked()
    found: list[object] = []
    while True:
        try:
            found.append(stream.receive_nowait())
        except trio.WouldBlock:
            return found


async def test_everything_that_a_mouse_does(nursery: trio.Nursery) -> None:
    advanced, stream, host = await paired(nursery)
    mouse = advanced.mouse
    await mouse.move(10, 20)
    assert await taken(stream) == [MouseMoved(10, 20)]
    for button in MouseButton:
        await mouse.click(30, 40, button=button)
        assert await taken(stream) == [
            MouseMoved(30, 40),
            MousePressed(button, 30, 40),
            MouseReleased(button, 30, 40),
        ]
    await mouse.move_by(-3, 4)
    assert await taken(stream) == [MouseMovedBy(-3, 4)]
    await mouse.scroll(-2)
    await mouse.scroll(0.5, horizontal=True)
    assert await taken(stream) == [
        WheelTurned(-120, 30, 40),
        WheelTurned(-120, 30, 40),
        WheelTurned(60, 30, 40, horizontal=True),
    ]
    assert host.statistics().received == advanced.statistics().messages_sent == 20
    assert host.statistics().passed_over == 0
    statistics = advanced.statistics()
    assert (statistics.waiting_bytes, statistics.max_bytes) == (0, LIMITS.input_lane)
    nursery.cancel_scope.cancel()


async def test_messages_have_a_time(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    advanced, theirs = await with_server(nursery)
    begun = trio.current_time()
    await advanced.mouse.move(1, 2)
    first = AinputMouse.decode(await theirs.receive())
    await trio.sleep(1.25)
    await advanced.mouse.move(1, 2)
    second = AinputMouse.decode(await theirs.receive())
    assert first == AinputMouse(time=round(begun * 1000), flags=AinputFlags.MOVE, x=1, y=2)
    assert second.time - first.time == pytest.approx(1250, abs=1)
    await theirs.aclose()


async def test_a_click_is_queued_whole_or_not_at_all(nursery: trio.Nursery) -> None:
    advanced, stream, _ = await paired(nursery, messages=1)
    for checkpoint in range(20):
        async with cancelled_at(checkpoint) as scope:
            await advanced.mouse.drag((0, 0), (50, 50), steps=3)
        await advanced.mouse.move(1, 1)
        events = await taken(stream)
        presses = sum(isinstance(event, MousePressed) for event in events)
        assert presses == sum(isinstance(event, MouseReleased) for event in events)
        assert presses == 0 or not scope.cancelled_caught
        if not scope.cancelled_caught:
            break
    assert not scope.cancelled_caught
    nursery.cancel_scope.cancel()


async def test_a_full_queue_makes_who_moves_wait(nursery: trio.Nursery) -> None:
    advanced, theirs = await with_server(nursery, Limits(input_lane=26 * 4))
    for x in range(6):  # one is in the channel and one before it
        with trio.move_on_after(0.01) as scope:
            await advanced.mouse.move(x, 0)
        await trio.testing.wait_all_tasks_blocked()
    assert scope.cancelled_caught
    with pytest.raises(trio.WouldBlock):
        advanced.send_input_nowait([MouseEvent(pointer_flags=PointerFlags.MOVE, x_pos=9, y_pos=9)])
    assert advanced.statistics().peak_waiting_bytes == 26 * 4
    nursery.start_soon(advanced.mouse.move, 7, 0)
    places = [AinputMouse.decode(await theirs.receive()).x for _ in range(6)]
    assert places == [0, 1, 2, 3, 4, 7]
    await theirs.aclose()


async def test_calls_wait_for_the_channel_and_for_the_version(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    advanced, (ours, theirs) = AdvancedMouse(LIMITS), channel_pair(NAME)
    nursery.start_soon(advanced.mouse.move, 5, 6)
    await trio.sleep(1)
    nursery.start_soon(advanced.run, ours)
    await trio.sleep(1)
    assert advanced.is_open
    assert not advanced.is_ready
    with pytest.raises(trio.WouldBlock):
        advanced.send_input_nowait([MouseEvent(pointer_flags=PointerFlags.MOVE, x_pos=9, y_pos=9)])
    await theirs.send(AinputVersion().encode())
    assert AinputMouse.decode(await theirs.receive()).x == 5
    await theirs.aclose()


async def test_another_version_costs_the_channel(nursery: trio.Nursery) -> None:
    advanced, (ours, theirs) = AdvancedMouse(LIMITS), channel_pair(NAME)
    nursery.start_soon(advanced.run, ours)
    await theirs.send(AinputVersion(major=2).encode())
    with pytest.raises(trio.EndOfChannel):
        await theirs.receive()
    with pytest.raises(ChannelClosed, match=r"version 2\.0"):
        await advanced.mouse.move(1, 1)


async def test_who_waits_is_told_of_the_end(nursery: trio.Nursery) -> None:
    advanced, (ours, theirs) = AdvancedMouse(LIMITS), channel_pair(NAME)
    nursery.start_soon(advanced.run, ours)

    async def move() -> None:
        with pytest.raises(ChannelClosed):
            await advanced.mouse.move(1, 1)

    nursery.start_soon(move)
    await trio.testing.wait_all_tasks_blocked()
    await theirs.aclose()


async def test_only_a_mouse(nursery: trio.Nursery) -> None:
    advanced, theirs = await with_server(nursery)
    with pytest.raises(LocalProtocolError, match="a KeyboardEvent is no event of a mouse"):
        await advanced.send_input([KeyboardEvent(key_code=1)])
    await theirs.aclose()


class Plain:
    """The ordinary way of input."""

    input_flags = InputFlags(0)

    def __init__(self) -> None:
        self.sent: list[InputEvent] = []

    async def send_input(self, events: list[InputEvent]) -> None:
        self.sent += events

    def send_input_nowait(self, events: list[InputEvent]) -> None:
        self.sent += events


async def test_a_mouse_that_uses_the_channel_while_there_is_one(nursery: trio.Nursery) -> None:
    advanced, plain = AdvancedMouse(LIMITS), Plain()
    mouse = Mouse(advanced.over(plain))
    await mouse.move(1, 1)
    mouse.release_all_nowait()
    with pytest.raises(LocalProtocolError, match="relative"):
        await mouse.move_by(1, 1)
    assert len(plain.sent) == 1
    ours, theirs = channel_pair(NAME)
    nursery.start_soon(advanced.run, ours)
    await theirs.send(AinputVersion().encode())
    await advanced.wait_ready()
    await mouse.move_by(2, 2)
    assert AinputMouse.decode(await theirs.receive()).x == 2
    await mouse.down()
    mouse.release_all_nowait()
    assert AinputFlags.DOWN in AinputMouse.decode(await theirs.receive()).flags
    assert AinputFlags.DOWN not in AinputMouse.decode(await theirs.receive()).flags
    await theirs.aclose()
    await trio.testing.wait_all_tasks_blocked()
    await mouse.move(3, 3)
    assert len(plain.sent) == 2


async def host_with_client(
    nursery: trio.Nursery, limit: int = 100
) -> tuple[AdvancedMouseHost, InputStream, MessageChannel]:
    stream, (ours, theirs) = InputStream(limit, Ending()), channel_pair(NAME)
    host = AdvancedMouseHost(LIMITS, stream.deliver)
    nursery.start_soon(host.run, ours)
    assert AinputVersion.decode(await theirs.receive())
    return host, stream, theirs


def message(flags: int, x: int = 0, y: int = 0) -> bytes:
    return AinputMouse(time=0, flags=AinputFlags(flags), x=x, y=y).encode()


async def test_what_freerdp_sends(nursery: trio.Nursery) -> None:
    """Buttons with moves in one message, and wheels without a place."""
    host, stream, theirs = await host_with_client(nursery)
    flags = AinputFlags.MOVE | AinputFlags.DOWN | AinputFlags.BUTTON1 | AinputFlags.BUTTON3
    for one in (message(flags, 7, 8), message(AinputFlags.WHEEL, 0, 120 << 16), message(AinputFlags.BUTTON1, 9, 9)):
        await theirs.send(one)
    assert await taken(stream) == [
        MousePressed(MouseButton.LEFT, 7, 8),
        MousePressed(MouseButton.MIDDLE, 7, 8),
        WheelTurned(120, 7, 8),
        MouseReleased(MouseButton.LEFT, 9, 9),
    ]
    await theirs.aclose()
    assert await taken(stream) == [MouseReleased(MouseButton.MIDDLE, 9, 9)]
    assert host.statistics().received == 3


async def test_places_outside_every_desktop(nursery: trio.Nursery) -> None:
    _, stream, theirs = await host_with_client(nursery)
    await theirs.send(message(AinputFlags.MOVE, -(1 << 31), (1 << 31) - 1))
    assert await taken(stream) == [MouseMoved(0, 0xFFFF)]
    await theirs.aclose()


async def test_input_that_nobody_reads_costs_the_channel(nursery: trio.Nursery) -> None:
    _, stream, theirs = await host_with_client(nursery, 4)
    for _ in range(3):
        theirs.send_nowait(message(AinputFlags.DOWN | AinputFlags.BUTTON1))
        theirs.send_nowait(message(AinputFlags.BUTTON1))
    with pytest.raises(trio.EndOfChannel):
        await theirs.receive()
    assert len(await taken(stream)) == 4


async def test_nonsense_costs_the_channel(nursery: trio.Nursery) -> None:
    host, _, theirs = await host_with_client(nursery)
    await theirs.send(b"\x02")
    with pytest.raises(trio.EndOfChannel):
        await theirs.receive()
    with pytest.raises(ChannelClosed):
        await host.wait_open()
