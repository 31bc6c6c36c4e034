"""`Echo` against `EchoReplier`, and against clients that answer wrong, late or never."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from tests.robustness.test_cancel import cancelled_at
from trio_rdp.faces.echo import Echo, EchoMeasurement, EchoReplier
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, SessionClosed

LIMITS = Limits(echo_requests=3, echo_measurements=2)


def started(nursery: trio.Nursery, *, messages: int = 64) -> tuple[Echo, MessageChannel]:
    """A server's echo, and the client's end of its channel."""
    echo, (ours, theirs) = Echo(LIMITS), channel_pair("ECHO", messages=messages)
    nursery.start_soon(echo.run, ours)
    return echo, theirs


async def test_there_and_back(nursery: trio.Nursery) -> None:
    echo, theirs = started(nursery)
    replier = EchoReplier(LIMITS)
    nursery.start_soon(replier.run, theirs)
    assert 0 <= await echo.ping() < 10
    assert 0 <= await echo.ping(b"Hello world!") < 10
    assert [measured.size for measured in echo.measurements()] == [8, 12]
    assert replier.statistics().answered == 2
    assert replier.statistics().bytes_answered == 20
    await theirs.aclose()


async def test_it_is_measured_how_long_that_takes(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    echo, theirs = started(nursery)
    begun = trio.current_time()

    async def answer_late() -> None:
        for delay in (1, 2, 3):
            message = await theirs.receive()
            await trio.sleep(delay)
            await theirs.send(message)

    nursery.start_soon(answer_late)
    times = [await echo.ping() for _ in range(3)]
    assert times == pytest.approx([1, 2, 3])
    assert all(isinstance(measured, EchoMeasurement) for measured in echo.measurements())
    assert [measured.sent_at for measured in echo.measurements()] == pytest.approx([begun + 1, begun + 3])
    assert [measured.round_trip for measured in echo.measurements()] == pytest.approx([2, 3])
    await theirs.aclose()


async def test_requests_wait_for_the_channel(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    echo, (ours, theirs) = Echo(LIMITS), channel_pair("ECHO")
    done = []

    async def ping() -> None:
        done.append(await echo.ping())

    for _ in range(2):
        nursery.start_soon(ping)
    await trio.sleep(5)
    nursery.start_soon(echo.run, ours)
    nursery.start_soon(EchoReplier(LIMITS).run, theirs)
    await trio.sleep(1)
    assert done == pytest.approx([0, 0])
    await theirs.aclose()


async def test_several_tasks_at_once_and_no_more_than_allowed(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    echo, theirs = started(nursery)
    found: dict[bytes, float] = {}

    async def ping(payload: bytes) -> None:
        found[payload] = await echo.ping(payload)

    for number in range(5):
        nursery.start_soon(ping, b"%d" % number)
    await trio.testing.wait_all_tasks_blocked()
    waiting = [theirs.receive_nowait() for _ in range(3)]
    with pytest.raises(trio.WouldBlock):
        theirs.receive_nowait()
    await trio.sleep(1)
    await theirs.send(waiting[0])
    await trio.testing.wait_all_tasks_blocked()
    assert list(found) == [waiting[0]]
    waiting.append(theirs.receive_nowait())
    for message in waiting[1:]:
        await theirs.send(message)
    await theirs.send(await theirs.receive())
    await trio.testing.wait_all_tasks_blocked()
    assert sorted(found) == [b"0", b"1", b"2", b"3", b"4"]
    statistics = echo.statistics()
    assert (statistics.sent, statistics.answered, statistics.waiting) == (5, 5, 0)
    assert (statistics.peak_waiting, statistics.max_requests) == (3, 3)
    assert (statistics.measurements, statistics.max_measurements) == (2, 2)
    await theirs.aclose()


@pytest.mark.parametrize("answer", [b"something else", b""])
async def test_a_wrong_answer_costs_the_channel(nursery: trio.Nursery, answer: bytes) -> None:
    echo, theirs = started(nursery)

    async def answer_wrong() -> None:
        await theirs.receive()
        await theirs.send(answer)

    nursery.start_soon(answer_wrong)
    with pytest.raises(ChannelClosed, match="an echo of"):
        await echo.ping()
    with pytest.raises(ChannelClosed):
        await echo.ping()
    with pytest.raises(trio.EndOfChannel):
        await theirs.receive()


async def test_an_answer_that_nobody_asked_for_costs_the_channel(nursery: trio.Nursery) -> None:
    echo, theirs = started(nursery)
    await theirs.send(b"hello?")
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(ChannelClosed, match="nobody asked for"):
        await echo.wait_open()


async def test_no_payload_at_all(nursery: trio.Nursery) -> None:
    echo, theirs = started(nursery)
    with pytest.raises(LocalProtocolError, match="0 bytes"):
        await echo.ping(b"")
    for wrong in (5, "text"):
        with pytest.raises(TypeError):
            await echo.ping(wrong)  # type: ignore[arg-type]
    nursery.start_soon(EchoReplier(LIMITS).run, theirs)
    await echo.ping()
    await theirs.aclose()


@pytest.mark.parametrize("messages", [1, 64])
async def test_cancelled_at_every_checkpoint_it_stays_whole(nursery: trio.Nursery, messages: int) -> None:
    echo, theirs = started(nursery, messages=messages)
    nursery.start_soon(EchoReplier(LIMITS).run, theirs)
    for checkpoint in range(50):
        async with cancelled_at(checkpoint) as scope:
            await echo.ping(b"%d" % checkpoint)
        assert 0 <= await echo.ping() < 10
        if not scope.cancelled_caught:
            break
    assert not scope.cancelled_caught
    assert checkpoint >= 2
    assert echo.statistics().waiting == 0
    await theirs.aclose()


async def test_cancelled_without_room_nothing_is_sent(nursery: trio.Nursery) -> None:
    echo, theirs = started(nursery, messages=1)

    async def ping_until_closed() -> None:
        with pytest.raises(ChannelClosed):
            await echo.ping(b"first")

    nursery.start_soon(ping_until_closed)
    await trio.testing.wait_all_tasks_blocked()
    with trio.move_on_after(0.01) as scope:
        await echo.ping(b"second")
    assert scope.cancelled_caught
    assert echo.statistics().waiting == 1
    assert await theirs.receive() == b"first"
    with pytest.raises(trio.WouldBlock):
        theirs.receive_nowait()
    await theirs.aclose()


async def test_who_waits_is_told_of_the_end(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    echo, theirs = started(nursery)
    errors: list[Exception] = []

    async def ping() -> None:
        try:
            await echo.ping()
        except (ChannelClosed, SessionClosed) as exc:
            errors.append(exc)

    for _ in range(5):  # three wait for answers, two for room
        nursery.start_soon(ping)
    await trio.testing.wait_all_tasks_blocked()
    await theirs.aclose()
    await trio.testing.wait_all_tasks_blocked()
    assert [str(error) for error in errors] == ["channel ECHO: it was closed"] * 5
    echo.session_ended(SessionClosed("the line was cut"))
    with pytest.raises(ChannelClosed):
        await echo.ping()
    assert echo.statistics().waiting == 0


async def test_the_channel_may_come_again(nursery: trio.Nursery) -> None:
    echo, first = started(nursery)
    with trio.move_on_after(0.01):
        await echo.ping()
    await first.aclose()
    await trio.testing.wait_all_tasks_blocked()
    ours, theirs = channel_pair("ECHO")
    nursery.start_soon(echo.run, ours)
    nursery.start_soon(EchoReplier(LIMITS).run, theirs)
    await trio.testing.wait_all_tasks_blocked()
    assert await echo.ping() >= 0
    await theirs.aclose()


async def test_a_client_without_echo() -> None:
    echo = Echo(LIMITS)
    echo.unavailable("the client does not have it")
    with pytest.raises(LocalProtocolError, match="channel ECHO: the client does not have it"):
        await echo.ping()


async def test_a_flood_of_requests_fills_the_channel_and_nothing_else(nursery: trio.Nursery) -> None:
    replier, (ours, theirs) = EchoReplier(LIMITS), channel_pair("ECHO", messages=4)
    nursery.start_soon(replier.run, ours)
    sent = 0
    while True:
        try:
            theirs.send_nowait(b"x")
        except trio.WouldBlock:
            break
        sent += 1
        await trio.testing.wait_all_tasks_blocked()
    assert sent <= 10
    assert replier.statistics().answered == 4
    await theirs.aclose()


async def test_a_request_of_nothing_costs_the_channel(nursery: trio.Nursery) -> None:
    replier, (ours, theirs) = EchoReplier(LIMITS), channel_pair("ECHO")
    await theirs.send(b"")
    await replier.run(ours)
    with pytest.raises(ChannelClosed, match="an echo of nothing"):
        await replier.wait_open()
