from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
import trio
import trio.testing

from trio_rdp.pdu.mcs import SendDataRequest
from trio_rdp.protocol.channel_frames import ChannelFrames, Run
from trio_rdp.protocol.deflation import Outgoing
from trio_rdp.protocol.envelopes import Envelopes, open_frame
from trio_rdp.protocol.framing import FrameBuffer
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import DeadlineExceeded, SessionClosed
from trio_rdp.writer import Lane, Writer


class Sink(trio.abc.SendStream):
    """Keeps each write; takes `seconds` for it, or waits until it is `opened`."""

    def __init__(self, *, seconds: float = 0, is_open: bool = True) -> None:
        self.writes: list[bytes] = []
        self.seconds = seconds
        self.opened = trio.Event()
        self.error: Exception | None = None
        self.is_busy = False
        if is_open:
            self.opened.set()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        self.is_busy = True
        await self.opened.wait()
        await trio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        self.writes.append(bytes(data))
        self.is_busy = False

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


async def drained(writer: Writer) -> None:
    """Wait until the sink has taken all that waits."""
    sink = writer._stream
    assert isinstance(sink, Sink)
    while sink.is_busy or any(lane.bytes for lane in writer.statistics().lanes):  # noqa: ASYNC110 - nothing tells
        await trio.sleep(0.01)


async def write(writer: Writer) -> None:
    """Let the writer write what waits, and nothing else."""
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(writer.run)
            await drained(writer)
            scope.cancel()


def closed() -> SessionClosed:
    return SessionClosed("enough")


class TestOrder:
    async def test_control_input_channels_graphics(self) -> None:
        writer = Writer(sink := Sink(), Limits())
        for name, lane in (
            ("graphics", writer.graphics),
            ("channel", writer.channel("cliprdr")),
            ("input", writer.input),
            ("control", writer.control),
        ):
            lane.put_nowait([f"{name}1,".encode(), f"{name}2,".encode()])
        await write(writer)
        assert sink.writes == [b"control1,control2,input1,input2,channel1,channel2,graphics1,graphics2,"]

    async def test_what_waits_to_be_compressed_is_committed_in_the_order_of_the_wire(self) -> None:
        committed: list[str] = []

        def outgoing(name: str) -> Outgoing:
            def commit() -> bytes:
                committed.append(name)
                return name.encode()

            return Outgoing(100, commit)

        writer = Writer(sink := Sink(), Limits())
        writer.graphics.put_nowait([outgoing("dropped,")])
        writer.graphics.clear()
        writer.graphics.put_nowait([outgoing("third,"), b"fourth"])
        writer.channel("cliprdr").put_nowait([outgoing("second,")])
        writer.input.put_nowait([outgoing("first,")])
        assert writer.graphics.statistics().bytes == 106  # as it is, uncompressed
        assert committed == []
        await write(writer)
        assert committed == ["first,", "second,", "third,"]
        assert sink.writes == [b"first,second,third,fourth"]
        assert writer.statistics().bytes_sent == len(sink.writes[0])
        assert writer.graphics.statistics().bytes == 0

    @pytest.mark.parametrize("by_channel", [False, True])
    async def test_no_write_is_long_compressed(self, by_channel: bool) -> None:
        """The loop has its turn in between, however small it becomes."""
        writer, turns = Writer(sink := Sink(), Limits()), 0
        in_turn: list[int] = []

        def commit() -> bytes:
            in_turn.append(turns)
            return b"-"

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await trio.lowlevel.checkpoint()

        lane = writer.channel("rdpdr") if by_channel else writer.graphics
        lane.put_nowait(
            [Outgoing(16_000, commit) for _ in range(60)] + [Outgoing(1_000_000, commit)] * (not by_channel)
        )
        async with trio.open_nursery() as nursery:
            nursery.start_soon(count)
            await write(writer)
            nursery.cancel_scope.cancel()
        assert [len(data) for data in sink.writes] == [16, 16, 16, 12] + [1] * (not by_channel)
        assert max(map(in_turn.count, in_turn)) == 16  # 256,000 bytes
        assert len(set(in_turn)) == len(sink.writes)

    async def test_a_busy_channel_leaves_half_of_what_is_compressed(self) -> None:
        writer = Writer(sink := Sink(), Limits())
        writer.channel("rdpdr").put_nowait([Outgoing(16_000, lambda: b"c") for _ in range(60)])
        writer.graphics.put_nowait([Outgoing(16_000, lambda: b"g") for _ in range(60)])
        await write(writer)
        assert sink.writes[0] == b"c" * 8 + b"g" * 8
        assert len(sink.writes) == 8

    async def test_control_overtakes_what_waits(self, nursery: trio.Nursery) -> None:
        writer = Writer(sink := Sink(is_open=False), Limits())
        nursery.start_soon(writer.run)
        for _ in range(10):
            writer.graphics.put_nowait([b"g" * 30_000])
        await trio.testing.wait_all_tasks_blocked()
        writer.send_control(b"control")
        sink.opened.set()
        await drained(writer)
        assert sink.writes[0] == b"g" * 60_000
        assert sink.writes[1].startswith(b"control")
        nursery.cancel_scope.cancel()

    async def test_channels_take_turns(self) -> None:
        writer = Writer(sink := Sink(), Limits())
        writer.channel("a").put_nowait([b"a1", b"a2", b"a3", b"a4"])
        writer.channel("b").put_nowait([b"b1"])
        writer.channel("c").put_nowait([b"c1", b"c2"])
        await write(writer)
        assert sink.writes == [b"a1b1c1a2c2a3a4"]

    async def test_a_busy_channel_does_not_starve_another(self) -> None:
        writer = Writer(sink := Sink(), Limits())
        writer.channel("busy").put_nowait([b"b" * 1600] * 100)
        writer.channel("small").put_nowait([b"small"])
        await write(writer)
        assert b"small" in sink.writes[0][: 1600 + 5]
        assert sum(map(len, sink.writes)) == 160_005

    @pytest.mark.parametrize("size", [1600, 10_000, 65_000, 70_000])
    async def test_a_pdu_that_fits_no_more_is_the_first_of_the_next_write(self, size: int) -> None:
        writer = Writer(sink := Sink(), Limits())
        writer.control.put_nowait([b"c" * 64_500])
        writer.channel("a").put_nowait([b"A" * size, b"a"])
        writer.channel("b").put_nowait([b"B" * size])
        with trio.fail_after(20):
            await write(writer)
        assert sink.writes[0] == b"c" * 64_500
        assert sink.writes[1].startswith(b"A")
        assert sorted(b"".join(sink.writes)) == sorted(b"c" * 64_500 + b"A" * size + b"a" + b"B" * size)

    async def test_writes_are_smaller_while_the_socket_is_slow(self, autojump_clock: trio.testing.MockClock) -> None:
        writer = Writer(sink := Sink(seconds=0.5), Limits())
        writer.graphics.put_nowait([b"x" * 1000] * 200)
        await write(writer)
        assert [len(one) for one in sink.writes[:3]] == [65_000, 16_000, 16_000]
        sink.seconds = 0
        sink.writes.clear()
        writer.graphics.put_nowait([b"x" * 1000] * 200)
        await write(writer)
        assert [len(one) for one in sink.writes[:2]] == [16_000, 65_000]

    @pytest.mark.parametrize("size", [1000, 16_000, 30_000, 60_000])
    async def test_a_busy_channel_does_not_starve_pictures(self, size: int) -> None:
        writer = Writer(sink := Sink(), Limits())
        writer.channel("busy").put_nowait([b"b" * 1600] * 600)
        writer.graphics.put_nowait([b"g" * size] * 8)
        await write(writer)
        sent = b"".join(sink.writes[:16])
        assert sent.count(b"g") == 8 * size
        assert sent.count(b"b") >= 8 * 1600

    async def test_a_larger_pdu_goes_alone_and_in_pieces(self) -> None:
        writer = Writer(sink := Sink(), Limits())
        writer.graphics.put_nowait([b"a", b"x" * 100_000, b"b"])
        await write(writer)
        assert sink.writes == [b"a", b"x" * 65_536, b"x" * 34_464, b"b"]

    async def test_the_deadline_is_one_of_progress(self, autojump_clock: trio.testing.MockClock) -> None:
        writer = Writer(sink := Sink(seconds=8), Limits(write_progress=10))
        writer.graphics.put_nowait([b"x" * 200_000])
        await write(writer)
        assert [len(one) for one in sink.writes] == [65_536, 65_536, 65_536, 3_392]

    async def test_a_closed_writer_returns(self) -> None:
        writer = Writer(Sink(), Limits())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(writer.run)
            await trio.testing.wait_all_tasks_blocked()
            writer.close(closed())


class TestLanes:
    def lane(self, limit: int = 100) -> Lane:
        return Writer(Sink(), Limits(input_lane=limit)).input

    async def test_they_are_bounded(self) -> None:
        lane = self.lane()
        lane.put_nowait([b"x" * 60, b"x" * 40])
        with pytest.raises(trio.WouldBlock):
            lane.put_nowait([b"y"])
        found = lane.statistics()
        assert (found.bytes, found.peak_bytes, found.limit, found.pdus) == (100, 100, 100, 0)

    @pytest.mark.parametrize(
        ("limits", "lane_of"),
        [
            (Limits(control_lane=10), lambda writer: writer.control),
            (Limits(input_lane=10), lambda writer: writer.input),
            (Limits(channel_lane=10), lambda writer: writer.channel("x")),
            (Limits(graphics_lane=10), lambda writer: writer.graphics),
        ],
    )
    async def test_each_has_its_limit(self, limits: Limits, lane_of: Callable[[Writer], Lane]) -> None:
        lane = lane_of(Writer(Sink(), limits))
        lane.put_nowait([b"12345"])
        lane.put_nowait([b"12345"])
        with pytest.raises(trio.WouldBlock):
            lane.put_nowait([b"1"])

    async def test_one_larger_message_fits_an_empty_lane(self) -> None:
        lane = self.lane()
        lane.put_nowait([b"x" * 500])
        assert not lane.has_room(1)
        assert lane.statistics().peak_bytes == 500

    async def test_put_waits_for_room(self, nursery: trio.Nursery) -> None:
        writer = Writer(sink := Sink(is_open=False), Limits(input_lane=100))
        nursery.start_soon(writer.run)
        writer.input.put_nowait([b"a" * 100])
        await trio.testing.wait_all_tasks_blocked()
        await writer.input.put([b"b" * 100])  # the first is with the socket now
        done = []

        async def put(data: bytes) -> None:
            await writer.input.put([data])
            done.append(data)

        for letter in (b"c", b"d", b"e"):
            nursery.start_soon(put, letter * 40)
        await trio.testing.wait_all_tasks_blocked()
        assert done == []
        sink.opened.set()
        await trio.testing.wait_all_tasks_blocked()
        assert len(done) == 3
        assert sum(map(len, sink.writes)) == 320
        assert writer.input.statistics().peak_bytes <= 100
        nursery.cancel_scope.cancel()

    async def test_put_always_checkpoints(self) -> None:
        lane = self.lane()
        with trio.testing.assert_checkpoints():
            await lane.put([b"x"])

    async def test_clearing_makes_room(self, nursery: trio.Nursery) -> None:
        lane = self.lane()
        lane.put_nowait([b"x" * 100])
        nursery.start_soon(lane.put, [b"y"])
        await trio.testing.wait_all_tasks_blocked()
        lane.clear()
        await trio.testing.wait_all_tasks_blocked()
        assert lane.statistics().bytes == 1
        assert not lane.is_empty

    async def test_what_was_cleared_is_not_written(self) -> None:
        writer = Writer(sink := Sink(), Limits())
        writer.graphics.put_nowait([b"old"])
        writer.graphics.clear()
        await write(writer)
        assert writer.is_graphics_drained
        assert sink.writes == []

    async def test_a_channel_has_one_lane(self) -> None:
        writer = Writer(Sink(), Limits())
        assert writer.channel("a") is writer.channel("a")
        assert [lane.name for lane in writer.statistics().lanes] == ["control", "input", "a", "graphics"]


class CancelAt(trio.abc.Instrument):
    """Cancels a scope before a task's step of a certain number."""

    def __init__(self, scope: trio.CancelScope, step: int) -> None:
        self.scope = scope
        self.left = step
        self.task: trio.lowlevel.Task | None = None

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        if task is self.task:
            if self.left == 0:
                self.scope.cancel()
            self.left -= 1


class TestCancelling:
    @pytest.mark.parametrize("step", range(12))
    async def test_only_whole_messages_are_queued(self, step: int) -> None:
        # Each message is three PDUs, and the lane holds two messages: putting has to wait again and again.
        writer = Writer(sink := Sink(), Limits(input_lane=60))
        sent: list[bytes] = []

        async def type_messages(task_status: trio.TaskStatus[trio.lowlevel.Task] = trio.TASK_STATUS_IGNORED) -> None:
            task_status.started(trio.lowlevel.current_task())
            with scope:
                for number in range(5):
                    message = [b"%d/%d-------," % (number, part) for part in range(3)]
                    await writer.input.put(message)
                    sent.append(b"".join(message))

        scope = trio.CancelScope()
        instrument = CancelAt(scope, step)
        trio.lowlevel.add_instrument(instrument)
        try:
            async with trio.open_nursery() as nursery:
                instrument.task = await nursery.start(type_messages)
                await trio.testing.wait_all_tasks_blocked()
                nursery.start_soon(writer.run)
                await trio.testing.wait_all_tasks_blocked()
                nursery.cancel_scope.cancel()
        finally:
            trio.lowlevel.remove_instrument(instrument)
        assert b"".join(sink.writes) == b"".join(sent)

    async def test_a_put_that_waits_is_dropped(self) -> None:
        writer = Writer(sink := Sink(), Limits(input_lane=10))
        writer.input.put_nowait([b"x" * 10])
        with trio.move_on_after(0):
            await writer.input.put([b"y"])
        with trio.CancelScope() as scope:
            scope.cancel()
            await writer.input.put([b"z"])
        assert scope.cancelled_caught
        await write(writer)
        assert sink.writes == [b"x" * 10]


class TestEnds:
    async def test_graphics_drained(self, nursery: trio.Nursery) -> None:
        writer = Writer(sink := Sink(is_open=False), Limits())
        nursery.start_soon(writer.run)
        assert writer.is_graphics_drained
        writer.graphics.put_nowait([b"abc"])
        await trio.testing.wait_all_tasks_blocked()
        assert writer.graphics.is_empty
        assert not writer.is_graphics_drained  # the socket has not taken it
        sink.opened.set()
        await writer.wait_graphics_drained()
        assert writer.is_graphics_drained
        found = writer.statistics()
        assert (found.bytes_sent, found.writes) == (3, 1)
        nursery.cancel_scope.cancel()

    async def test_a_socket_that_takes_nothing(self, autojump_clock: trio.testing.MockClock) -> None:
        writer = Writer(Sink(is_open=False), Limits(write_progress=7, input_lane=10))
        writer.input.put_nowait([b"x" * 10])
        failed = []

        async def waits(call: Callable[[], object]) -> None:
            with pytest.raises(SessionClosed, match="no answer in 7 s"):
                await call()  # type: ignore[misc]
            failed.append(trio.current_time() - started)

        started = trio.current_time()
        with pytest.RaisesGroup(DeadlineExceeded):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(writer.run)
                await trio.testing.wait_all_tasks_blocked()
                writer.input.put_nowait([b"y" * 10])
                nursery.start_soon(waits, partial(writer.input.put, [b"z"]))
                writer.graphics.put_nowait([b"picture"])
                nursery.start_soon(waits, writer.wait_graphics_drained)
        assert failed == [7.0, 7.0]
        with pytest.raises(SessionClosed):
            writer.check_open()

    async def test_the_deadline_is_one_of_progress(self, autojump_clock: trio.testing.MockClock) -> None:
        writer = Writer(sink := Sink(seconds=5), Limits(write_progress=7))
        writer.graphics.put_nowait([b"x" * 60_000] * 5)
        await write(writer)  # 25 seconds, and no single write took 7
        assert len(sink.writes) == 5

    @pytest.mark.parametrize("error", [trio.BrokenResourceError("gone"), trio.ClosedResourceError("closed here")])
    async def test_a_lost_connection(self, error: Exception) -> None:
        writer = Writer(sink := Sink(), Limits())
        sink.error = error
        writer.input.put_nowait([b"x"])
        with pytest.raises(SessionClosed, match="connection was lost while sending") as caught:
            await writer.run()
        assert caught.value.__cause__ is error
        with pytest.raises(SessionClosed, match="lost"):
            writer.input.put_nowait([b"y"])
        with pytest.raises(SessionClosed, match="lost"):
            await writer.wait_graphics_drained()

    async def test_finishing_writes_what_waits(self) -> None:
        writer = Writer(sink := Sink(), Limits())
        writer.say_last(b"goodbye")
        writer.graphics.put_nowait([b"picture,"])
        writer.finish(closed())
        with pytest.raises(SessionClosed, match="enough"):
            writer.control.put_nowait([b"late"])
        await writer.run()
        assert b"".join(sink.writes) == b"picture,goodbye"

    async def test_finishing_wakes_an_idle_writer_and_those_who_wait(self, nursery: trio.Nursery) -> None:
        writer = Writer(sink := Sink(is_open=False), Limits(input_lane=1))
        nursery.start_soon(writer.run)
        await trio.testing.wait_all_tasks_blocked()
        writer.input.put_nowait([b"x"])
        await trio.testing.wait_all_tasks_blocked()
        writer.input.put_nowait([b"y"])

        async def late() -> None:
            with pytest.raises(SessionClosed, match="enough"):
                await writer.input.put([b"z"])

        nursery.start_soon(late)
        await trio.testing.wait_all_tasks_blocked()
        writer.finish(closed())
        sink.opened.set()
        await trio.testing.wait_all_tasks_blocked()
        assert b"".join(sink.writes) == b"xy"

    async def test_closing_drops_what_waits(self) -> None:
        writer = Writer(sink := Sink(), Limits(input_lane=1))
        writer.input.put_nowait([b"x"])
        writer.say_last(b"goodbye")
        async with trio.open_nursery() as nursery:

            async def waits() -> None:
                with pytest.raises(SessionClosed, match="enough"):
                    await writer.input.put([b"z"])

            nursery.start_soon(waits)
            await trio.testing.wait_all_tasks_blocked()
            writer.close(closed())
        writer.close(SessionClosed("the first reason counts"))
        with pytest.raises(SessionClosed, match="enough"):
            await writer.wait_graphics_drained()
        writer.finish(closed())
        await writer.run()
        assert sink.writes == []

    async def test_answers_may_not_pile_up(self) -> None:
        writer = Writer(Sink(), Limits(control_lane=10))
        writer.send_control(b"x" * 10)
        with pytest.raises(SessionClosed, match="asks faster than it reads: 10 bytes"):
            writer.send_control(b"x")


async def test_over_a_stream() -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    writer = Writer(ours, Limits(channel_lane=3000))
    received = bytearray()

    async def send(name: str) -> None:
        for _ in range(50):
            await writer.channel(name).put([name.encode() * 1000])

    async def read() -> None:
        async for data in theirs:
            received.extend(data)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        nursery.start_soon(writer.run)
        async with trio.open_nursery() as senders:
            for name in "abc":
                senders.start_soon(send, name)
        writer.finish(closed())
        await trio.testing.wait_all_tasks_blocked()
        await ours.aclose()
    pieces = [bytes(received[at : at + 1000]) for at in range(0, len(received), 1000)]
    assert sorted(pieces) == sorted([b"a" * 1000, b"b" * 1000, b"c" * 1000] * 50)


class TestChannels:
    def run_of(self, size: int, channel_id: int = 1004) -> Run:
        run = ChannelFrames(Envelopes(False, 1007), channel_id, 1600).message(bytes(size))
        assert isinstance(run, Run)
        return run

    async def test_long_messages_take_turns_too(self) -> None:
        writer = Writer(sink := Sink(), Limits())
        one, two = writer.channel("one"), writer.channel("two")
        two.share = 2
        one.put_nowait([self.run_of(20_000, 1004)])
        two.put_nowait([self.run_of(20_000, 1005)])
        await write(writer)
        buffer, order = FrameBuffer(b"".join(sink.writes)), []
        while (frame := buffer.next_pdu()) is not None:
            pdu = open_frame(frame[1])
            assert isinstance(pdu, SendDataRequest)
            order.append(pdu.channel_id - 1004)
        assert order[:6] == [0, 1, 1, 0, 1, 1]
        assert sorted(order) == 13 * [0] + 13 * [1]
        assert (one.pdus, one.statistics().bytes) == (13, 0)

    async def test_a_key_goes_before_the_rest_of_a_long_message(self) -> None:
        writer = Writer(sink := Sink(seconds=0.01), Limits())
        writer.channel("paste").put_nowait([self.run_of(10_000_000)])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(writer.run)
            await trio.sleep(0.015)
            before = len(sink.writes)
            writer.input.put_nowait([b"key"])
            await trio.sleep(0.03)
            nursery.cancel_scope.cancel()
        at = next(at for at, data in enumerate(sink.writes) if data.startswith(b"key"))
        assert at <= before + 1
        assert all(len(data) <= 65_536 for data in sink.writes)

    async def test_a_long_message_lets_one_more_wait(self) -> None:
        writer = Writer(Sink(), Limits(channel_lane=1000))
        lane = writer.channel("one")
        lane.put_nowait([self.run_of(5000)])
        with pytest.raises(trio.WouldBlock):
            lane.put_nowait([b"x"])
        await write(writer)
        lane.put_nowait([b"x" * 100])
        lane.put_nowait([self.run_of(5000)])

    async def test_a_retired_lane_goes_when_it_is_empty(self) -> None:
        writer = Writer(sink := Sink(), Limits())
        lane, other = writer.channel("one"), writer.channel("other")
        lane.put_nowait([b"data"])
        lane.put_last(b"close")
        writer.retire(lane)
        with pytest.raises(trio.BrokenResourceError, match="channel one is closed"):
            lane.put_nowait([b"late"])
        assert [found.name for found in writer.statistics().lanes] == ["control", "input", "one", "other", "graphics"]
        await write(writer)
        assert sink.writes == [b"dataclose"]
        writer.retire(other)
        assert [found.name for found in writer.statistics().lanes] == ["control", "input", "graphics"]
        writer.close(closed())
        assert not writer.is_open
        lane.put_last(b"too late")
        assert lane.is_empty

    async def test_suspended_channels_wait(self) -> None:
        writer = Writer(sink := Sink(), Limits())
        writer.suspend_channels(True)
        writer.channel("one").put_nowait([b"later"])
        writer.input.put_nowait([b"key"])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(writer.run)
            await trio.testing.wait_all_tasks_blocked(0.01)
            assert sink.writes == [b"key"]
            writer.suspend_channels(False)
            await trio.testing.wait_all_tasks_blocked(0.01)
            nursery.cancel_scope.cancel()
        assert sink.writes == [b"key", b"later"]
