from __future__ import annotations

import pytest
import trio
import trio.testing

from trio_rdp.channel import StaticChannel
from trio_rdp.channels.static import Dechunker
from trio_rdp.inflow import Inflow
from trio_rdp.level import Ending
from trio_rdp.pdu.mcs import SendDataRequest
from trio_rdp.protocol.channel_buffer import ChannelBuffer
from trio_rdp.protocol.channel_frames import ChannelFrames
from trio_rdp.protocol.envelopes import Envelopes, open_frame
from trio_rdp.protocol.framing import FrameBuffer
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
        buffer = ChannelBuffer(limits.channel_messages, limits.channel_bytes)
        self.inflow = Inflow("echo", buffer, self.ending)
        self.channel = StaticChannel(self.inflow, self.writer.channel("echo"), self.frames)
        assert self.channel.inflow is self.inflow

    @staticmethod
    def frames(name: str) -> ChannelFrames:
        assert name == "echo"
        return ChannelFrames(Envelopes(False, 1007), 1004, 2)

    def written(self) -> list[bytes]:
        """The messages that were written."""
        buffer, dechunker = FrameBuffer(bytes(self.sink.written)), Dechunker()
        messages = []
        while (found := buffer.next_pdu()) is not None:
            pdu = open_frame(found[1])
            assert isinstance(pdu, SendDataRequest)
            assert len(pdu.user_data) <= 10
            messages.append(dechunker.feed(pdu.user_data))
        return [message for message in messages if message is not None]

    def end(self, *, is_clean: bool) -> None:
        self.ending.end(SessionClosed("it is over"), is_clean=is_clean)
        self.inflow.wake()


class TestReceiving:
    async def test_whole_messages_in_their_order(self) -> None:
        bench = Bench()
        for message in (b"one", b"two", b""):
            bench.inflow.deliver(message)
        assert [await bench.channel.receive() for _ in range(3)] == [b"one", b"two", b""]

    async def test_it_waits(self, nursery: trio.Nursery) -> None:
        bench = Bench()
        got: list[bytes] = []

        async def receive() -> None:
            got.append(await bench.channel.receive())

        nursery.start_soon(receive)
        await trio.testing.wait_all_tasks_blocked()
        assert not got
        bench.inflow.deliver(b"x")
        await trio.testing.wait_all_tasks_blocked()
        assert got == [b"x"]

    async def test_cancelling_loses_nothing(self) -> None:
        bench = Bench()
        bench.inflow.deliver(b"x")
        with trio.CancelScope() as scope:
            scope.cancel()
            await bench.channel.receive()
        assert scope.cancelled_caught
        with trio.move_on_after(0):
            await bench.channel.receive()
        assert await bench.channel.receive() == b"x"

    async def test_a_clean_end_comes_behind_what_waits(self) -> None:
        bench = Bench()
        bench.inflow.deliver(b"last")
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
        assert bench.written() == [b"abcd", b"ijkl"]

    async def test_without_waiting(self) -> None:
        bench = Bench(Limits(channel_lane=4))
        bench.channel.send_nowait(b"abcd")
        with pytest.raises(trio.WouldBlock):
            bench.channel.send_nowait(b"efgh")
        assert bench.channel.statistics().messages_sent == 1
        with pytest.raises(trio.WouldBlock):
            bench.channel.receive_nowait()
        bench.inflow.deliver(b"x")
        assert bench.channel.receive_nowait() == b"x"

    async def test_after_the_end(self) -> None:
        bench = Bench()
        bench.writer.close(SessionClosed("it is over"))
        with pytest.raises(SessionClosed, match="it is over"):
            await bench.channel.send(b"x")


class TestBounds:
    async def test_too_many_messages_end_the_channel(self) -> None:
        bench = Bench(Limits(channel_messages=3))
        for _ in range(3):
            bench.inflow.deliver(b"x")
        assert bench.channel.statistics().peak_waiting == 3
        bench.inflow.deliver(b"x")
        for call in (bench.channel.receive(), bench.channel.send(b"x")):
            with pytest.raises(trio.BrokenResourceError, match=r"channel echo: 3 messages .* nobody receives"):
                await call
        bench.inflow.deliver(b"more")
        assert bench.channel.statistics().waiting == 0

    async def test_too_many_bytes_too(self) -> None:
        bench = Bench(Limits(channel_bytes=10))
        bench.inflow.deliver(b"12345")
        bench.inflow.deliver(b"67890")
        bench.inflow.deliver(b"1")
        with pytest.raises(trio.BrokenResourceError):
            await bench.channel.receive()

    async def test_one_large_message_is_let_through(self) -> None:
        bench = Bench(Limits(channel_bytes=10))
        bench.inflow.deliver(bytes(100))
        assert len(await bench.channel.receive()) == 100
        assert bench.channel.statistics().peak_waiting_bytes == 100

    async def test_crowded_is_more_than_half(self) -> None:
        bench = Bench(Limits(channel_messages=4, channel_bytes=100))
        states = []
        for _ in range(3):
            bench.inflow.deliver(b"x")
            states.append((bench.inflow.waiting, bench.inflow.is_crowded))
        assert states == [(1, False), (2, False), (3, True)]
        for _ in range(3):
            await bench.channel.receive()
        bench.inflow.deliver(bytes(51))
        assert bench.inflow.is_crowded


class TestClosing:
    async def test_the_peer_is_not_told(self) -> None:
        bench = Bench()
        bench.inflow.deliver(b"x")
        await bench.channel.aclose()
        for call in (bench.channel.receive(), bench.channel.send(b"x")):
            with pytest.raises(trio.ClosedResourceError):
                await call
        bench.inflow.deliver(b"y")
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


@pytest.mark.parametrize("what", ["closed", "given up", "too much comes"])
async def test_who_waits_for_room_hears_of_its_end(what: str, nursery: trio.Nursery) -> None:
    bench = Bench(Limits(channel_lane=4, channel_messages=1))
    await bench.channel.send(b"full")
    ended = trio.Event()

    async def send() -> None:
        with pytest.raises(trio.ClosedResourceError if what == "closed" else trio.BrokenResourceError):
            await bench.channel.send(b"more")
        ended.set()

    nursery.start_soon(send)
    await trio.testing.wait_all_tasks_blocked()
    match what:
        case "closed":
            await bench.channel.aclose()
        case "given up":
            bench.channel.fail("nonsense")
        case _:
            bench.channel.deliver(b"one")
            bench.channel.deliver(b"two")
    await ended.wait()


async def test_it_may_be_given_up() -> None:
    bench = Bench()
    bench.inflow.deliver(b"x")
    bench.channel.fail("the peer talks nonsense")
    for call in (bench.channel.receive(), bench.channel.send(b"x")):
        with pytest.raises(trio.BrokenResourceError, match="channel echo: the peer talks nonsense"):
            await call


async def test_statistics() -> None:
    bench = Bench(Limits(channel_messages=9, channel_bytes=99))
    await bench.channel.send(b"out")
    bench.inflow.deliver(b"in")
    found = bench.channel.statistics()
    assert (found.name, found.messages_received, found.messages_sent) == ("echo", 1, 1)
    assert (found.waiting, found.waiting_bytes, found.peak_waiting, found.peak_waiting_bytes) == (1, 2, 1, 2)
    assert (found.max_messages, found.max_bytes) == (9, 99)
