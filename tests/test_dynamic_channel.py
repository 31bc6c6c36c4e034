"""`DynamicChannel` and its listener, without a session around them."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from trio_rdp.dynamic_channel import DynamicChannel, DynamicChannelListener
from trio_rdp.inflow import Inflow
from trio_rdp.level import Ending
from trio_rdp.protocol.channel_buffer import ChannelBuffer
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import SessionClosed
from trio_rdp.writer import Lane, Writer

BUFFER = ChannelBuffer(3, 100)


class Bench:
    def __init__(self, limits: Limits | None = None) -> None:
        self.writer = Writer(trio.testing.MemorySendStream(), limits or Limits())
        self.lane: Lane = self.writer.channel("talk (5)")
        self.closed: list[int] = []
        self.channel = self.another(5)

    def another(self, channel_id: int) -> DynamicChannel:
        inflow = Inflow("talk", BUFFER, Ending())
        return DynamicChannel(channel_id, inflow, self.lane, lambda message: [message], self.closed.append)


class TestChannel:
    async def test_both_ways(self) -> None:
        bench = Bench()
        await bench.channel.send(b"out")
        bench.channel.send_nowait(b"more")
        assert bench.lane.statistics().bytes == 7
        with pytest.raises(trio.WouldBlock):
            bench.channel.receive_nowait()
        bench.channel.inflow.deliver(b"in")
        assert await bench.channel.receive() == b"in"
        statistics = bench.channel.statistics()
        assert (statistics.name, statistics.messages_sent, statistics.messages_received) == ("talk", 2, 1)
        assert bench.channel.lane is bench.lane

    async def test_closing_tells_the_session(self) -> None:
        bench = Bench()
        await bench.channel.aclose()
        assert bench.closed == [5]
        for call in (bench.channel.receive(), bench.channel.send(b"x")):
            with pytest.raises(trio.ClosedResourceError):
                await call

    async def test_giving_up_tells_the_session(self) -> None:
        bench = Bench()
        bench.channel.fail("nonsense")
        assert bench.closed == [5]
        for call in (bench.channel.receive(), bench.channel.send(b"x")):
            with pytest.raises(trio.BrokenResourceError, match="channel talk: nonsense"):
                await call

    async def test_the_peer_closes(self) -> None:
        bench = Bench()
        bench.channel.inflow.deliver(b"last")
        bench.channel.ended()
        with pytest.raises(trio.BrokenResourceError, match="channel talk: the peer has closed it"):
            await bench.channel.send(b"x")
        assert [message async for message in bench.channel] == [b"last"]

    async def test_the_peer_breaks_it(self) -> None:
        bench = Bench()
        bench.channel.ended("too much data")
        with pytest.raises(trio.BrokenResourceError, match="channel talk: too much data"):
            await bench.channel.receive()

    async def test_who_waits_for_room_hears_of_the_end(self, nursery: trio.Nursery) -> None:
        bench = Bench(Limits(channel_lane=4))
        await bench.channel.send(b"full")
        ended = trio.Event()

        async def send() -> None:
            with pytest.raises(trio.BrokenResourceError, match="is closed"):
                await bench.channel.send(b"more")
            ended.set()

        nursery.start_soon(send)
        await trio.testing.wait_all_tasks_blocked()
        bench.writer.retire(bench.lane)
        await ended.wait()

    @pytest.mark.parametrize("is_closed", [True, False])
    async def test_who_waits_for_room_hears_what_ended_it_here(self, is_closed: bool, nursery: trio.Nursery) -> None:
        bench = Bench(Limits(channel_lane=4))
        await bench.channel.send(b"full")
        ended = trio.Event()

        async def send() -> None:
            expected = trio.ClosedResourceError if is_closed else trio.BrokenResourceError
            with pytest.raises(expected, match="was closed here" if is_closed else "nonsense"):
                await bench.channel.send(b"more")
            ended.set()

        nursery.start_soon(send)
        await trio.testing.wait_all_tasks_blocked()
        if is_closed:
            bench.channel.close()
        else:
            bench.channel.fail("nonsense")
        bench.lane.retire()
        await ended.wait()


class TestListener:
    def listener(self, bench: Bench) -> DynamicChannelListener:
        return DynamicChannelListener("talk", BUFFER, 2, lambda listener: bench.closed.append(len(listener.name)))

    async def test_channels_wait_up_to_a_bound(self) -> None:
        bench = Bench()
        listener = self.listener(bench)
        one, two = bench.another(1), bench.another(2)
        listener.deliver(one)
        assert not listener.is_full
        listener.deliver(two)
        assert listener.is_full
        with trio.CancelScope() as scope:
            scope.cancel()
            await listener.accept()
        assert await listener.accept() is one
        assert await listener.accept() is two

    async def test_it_waits_for_the_next_one(self, nursery: trio.Nursery) -> None:
        bench = Bench()
        listener = self.listener(bench)
        accepted: list[DynamicChannel] = []

        async def accept() -> None:
            accepted.append(await listener.accept())

        nursery.start_soon(accept)
        await trio.testing.wait_all_tasks_blocked()
        listener.deliver(one := bench.another(1))
        await trio.testing.wait_all_tasks_blocked()
        assert accepted == [one]

    async def test_closing_closes_what_nobody_accepted(self) -> None:
        bench = Bench()
        listener = self.listener(bench)
        listener.deliver(bench.another(7))
        for _ in range(2):
            await listener.aclose()
        assert bench.closed == [4, 7]
        with pytest.raises(trio.ClosedResourceError, match="nobody listens to talk any more"):
            await listener.accept()

    async def test_the_session_ends(self) -> None:
        bench = Bench()
        listener = self.listener(bench)
        listener.deliver(one := bench.another(1))
        listener.ended(SessionClosed("over"))
        assert await listener.accept() is one
        with pytest.raises(SessionClosed, match="over"):
            await listener.accept()
