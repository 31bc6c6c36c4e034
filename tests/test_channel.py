from __future__ import annotations

import pytest
import trio
import trio.testing

from trio_rdp.channel import StaticChannel
from trio_rdp.level import Ending
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import SessionClosed
from trio_rdp.writer import Writer


class Sink(trio.abc.SendStream):
    def __init__(self) -> None:
        self.written = bytearray()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        self.written += data

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


class Bench:
    """A channel without a session around it; messages are sent in chunks of two bytes."""

    def __init__(self, limits: Limits | None = None) -> None:
        limits = limits or Limits()
        self.sink = Sink()
        self.writer = Writer(self.sink, limits)
        self.ending = Ending()
        self.channel = StaticChannel("echo", self.writer.channel("echo"), self.encode, limits, self.ending)

    @staticmethod
    def encode(name: str, message: bytes) -> list[bytes]:
        assert name == "echo"
        return [message[at : at + 2] for at in range(0, len(message), 2)]

    def end(self, *, is_clean: bool) -> None:
        self.ending.end(SessionClosed("it is over"), is_clean=is_clean)
        self.channel.wake()


class TestReceiving:
    async def test_whole_messages_in_their_order(self) -> None:
        bench = Bench()
        for message in (b"one", b"two", b""):
            bench.channel.deliver(message)
        assert [await bench.channel.receive() for _ in range(3)] == [b"one", b"two", b""]

    async def test_it_waits(self, nursery: trio.Nursery) -> None:
        bench = Bench()
        got: list[bytes] = []

        async def receive() -> None:
            got.append(await bench.channel.receive())

        nursery.start_soon(receive)
        await trio.testing.wait_all_tasks_blocked()
        assert not got
        bench.channel.deliver(b"x")
        await trio.testing.wait_all_tasks_blocked()
        assert got == [b"x"]

    async def test_cancelling_loses_nothing(self) -> None:
        bench = Bench()
        bench.channel.deliver(b"x")
        with trio.CancelScope() as scope:
            scope.cancel()
            await bench.channel.receive()
        assert scope.cancelled_caught
        with trio.move_on_after(0):
            await bench.channel.receive()
        assert await bench.channel.receive() == b"x"

    async def test_a_clean_end_comes_behind_what_waits(self) -> None:
        bench = Bench()
        bench.channel.deliver(b"last")
        bench.end(is_clean=True)
        assert [message async for message in bench.channel] == [b"last"]
        with pytest.raises(trio.EndOfChannel):
            await bench.channel.receive()

    async def test_any_other_end_is_an_error(self) -> None:
        bench = Bench()
        bench.end(is_clean=False)
        with pytest.raises(SessionClosed, match="it is over"):
            await bench.channel.receive()

    async def test_an_end_wakes_who_waits(self, nursery: trio.Nursery) -> None:
        bench = Bench()
        ended = trio.Event()

        async def receive() -> None:
            with pytest.raises(trio.EndOfChannel):
                await bench.channel.receive()
            ended.set()

        nursery.start_soon(receive)
        await trio.testing.wait_all_tasks_blocked()
        bench.end(is_clean=True)
        await ended.wait()


class TestSending:
    async def test_all_of_a_message_is_queued_at_once(self) -> None:
        bench = Bench(Limits(channel_lane=4))
        await bench.channel.send(b"abcd")
        with trio.move_on_after(0.01) as scope:
            await bench.channel.send(b"efgh")
        assert scope.cancelled_caught
        assert bench.writer.channel("echo").statistics().bytes == 4
        assert bench.channel.statistics().messages_sent == 1
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.writer.run)
            await bench.channel.send(b"ijkl")
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        assert bench.sink.written == b"abcdijkl"

    async def test_after_the_end(self) -> None:
        bench = Bench()
        bench.writer.close(SessionClosed("it is over"))
        with pytest.raises(SessionClosed, match="it is over"):
            await bench.channel.send(b"x")


class TestBounds:
    async def test_too_many_messages_end_the_channel(self) -> None:
        bench = Bench(Limits(channel_messages=3))
        for _ in range(3):
            bench.channel.deliver(b"x")
        assert bench.channel.statistics().peak_waiting == 3
        bench.channel.deliver(b"x")
        for call in (bench.channel.receive(), bench.channel.send(b"x")):
            with pytest.raises(trio.BrokenResourceError, match=r"channel echo: 3 messages .* nobody receives"):
                await call
        bench.channel.deliver(b"more")
        assert bench.channel.statistics().waiting == 0

    async def test_too_many_bytes_too(self) -> None:
        bench = Bench(Limits(channel_bytes=10))
        bench.channel.deliver(b"12345")
        bench.channel.deliver(b"67890")
        bench.channel.deliver(b"1")
        with pytest.raises(trio.BrokenResourceError):
            await bench.channel.receive()

    async def test_one_large_message_is_let_through(self) -> None:
        bench = Bench(Limits(channel_bytes=10))
        bench.channel.deliver(bytes(100))
        assert len(await bench.channel.receive()) == 100
        assert bench.channel.statistics().peak_waiting_bytes == 100

    async def test_crowded_is_more_than_half(self) -> None:
        bench = Bench(Limits(channel_messages=4, channel_bytes=100))
        states = []
        for _ in range(3):
            bench.channel.deliver(b"x")
            states.append((bench.channel.waiting, bench.channel.is_crowded))
        assert states == [(1, False), (2, False), (3, True)]
        for _ in range(3):
            await bench.channel.receive()
        bench.channel.deliver(bytes(51))
        assert bench.channel.is_crowded


class TestClosing:
    async def test_the_peer_is_not_told(self) -> None:
        bench = Bench()
        bench.channel.deliver(b"x")
        await bench.channel.aclose()
        for call in (bench.channel.receive(), bench.channel.send(b"x")):
            with pytest.raises(trio.ClosedResourceError):
                await call
        bench.channel.deliver(b"y")
        assert bench.channel.statistics().waiting == 0
        assert bench.writer.channel("echo").is_empty

    async def test_it_wakes_who_waits(self, nursery: trio.Nursery) -> None:
        bench = Bench()
        woken = trio.Event()

        async def receive() -> None:
            with pytest.raises(trio.ClosedResourceError):
                await bench.channel.receive()
            woken.set()

        nursery.start_soon(receive)
        await trio.testing.wait_all_tasks_blocked()
        await bench.channel.aclose()
        await woken.wait()


async def test_statistics() -> None:
    bench = Bench(Limits(channel_messages=9, channel_bytes=99))
    await bench.channel.send(b"out")
    bench.channel.deliver(b"in")
    found = bench.channel.statistics()
    assert (found.name, found.messages_received, found.messages_sent) == ("echo", 1, 1)
    assert (found.waiting, found.waiting_bytes, found.peak_waiting, found.peak_waiting_bytes) == (1, 2, 1, 2)
    assert (found.max_messages, found.max_bytes) == (9, 99)
