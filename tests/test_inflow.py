"""`Inflow`: what becomes of messages that nobody receives, by policy."""

from __future__ import annotations

import logging

import pytest
import trio
import trio.testing

from trio_rdp.inflow import Inflow
from trio_rdp.level import Ending
from trio_rdp.protocol.channel_buffer import ChannelBuffer, WhenFull


def inflow(messages: int = 3, size: int = 100, when_full: WhenFull = WhenFull.FAIL) -> Inflow:
    return Inflow("talk", ChannelBuffer(messages, size, when_full), Ending())


def test_failing_is_the_default(caplog: pytest.LogCaptureFixture) -> None:
    found = inflow(1)
    assert found.buffer.when_full is WhenFull.FAIL
    found.deliver(b"one")
    found.deliver(b"two")
    with pytest.raises(trio.BrokenResourceError, match=r"channel talk: 1 messages \(3 bytes\) wait and nobody"):
        found.take()
    assert caplog.record_tuples == [
        (
            "trio_rdp.inflow",
            logging.WARNING,
            "channel talk is given up: 1 messages (3 bytes) wait and nobody receives them",
        )
    ]


def test_the_oldest_are_dropped() -> None:
    found = inflow(3, 10, WhenFull.DROP_OLDEST)
    for message in (b"1", b"2", b"3", b"4"):
        found.deliver(message)
    assert [found.take() for _ in range(3)] == [b"2", b"3", b"4"]
    found.deliver(b"12345")
    found.deliver(b"67890")
    found.deliver(b"abcdef")
    found.deliver(bytes(100))
    statistics = found.statistics(7)
    assert statistics.dropped == 1 + 3
    assert (statistics.waiting, statistics.peak_waiting, statistics.messages_sent) == (1, 3, 7)
    assert found.take() == bytes(100)


async def test_waiting_holds_the_session(nursery: trio.Nursery) -> None:
    found = inflow(2, 100, WhenFull.WAIT)
    found.deliver(b"one")
    assert not found.is_holding
    found.deliver(b"two")
    assert found.is_holding
    released = trio.Event()

    async def wait() -> None:
        await found.wait_room()
        released.set()

    nursery.start_soon(wait)
    await trio.testing.wait_all_tasks_blocked()
    assert not released.is_set()
    assert found.take() == b"one"
    await released.wait()


async def test_one_large_message_holds_too() -> None:
    found = inflow(9, 10, WhenFull.WAIT)
    found.deliver(bytes(100))
    assert found.is_holding
    found.close()
    assert not found.is_holding


async def test_the_peers_close_comes_behind_what_waits() -> None:
    found = inflow()
    found.deliver(b"last")
    found.end()
    assert await found.wait_take() == b"last"
    with pytest.raises(trio.EndOfChannel):
        await found.wait_take()


async def test_the_first_failure_counts() -> None:
    found = inflow()
    found.fail("first")
    found.fail("second")
    with pytest.raises(trio.BrokenResourceError, match="channel talk: first"):
        found.check_open()
    closed = inflow()
    closed.close()
    closed.fail("late")
    with pytest.raises(trio.ClosedResourceError):
        closed.check_open()
