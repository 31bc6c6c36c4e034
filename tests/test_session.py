from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing

from trio_rdp.channel import StaticChannel
from trio_rdp.framed import Framed
from trio_rdp.pdu.gcc_client import ChannelDefinition
from trio_rdp.protocol.channel_frames import ChannelFrames
from trio_rdp.protocol.envelopes import Envelopes
from trio_rdp.protocol.framing import Action
from trio_rdp.protocol.limits import Limits
from trio_rdp.session import Supervised, deadline, is_only_the_end
from trio_rdp.wire.errors import DeadlineExceeded, InvalidField, SessionClosed

GOODBYE = b"\x03\0\0\x08bye!"
BAD = b"\x03\0\0\x08bad!"


def say(text: bytes) -> bytes:
    return b"\x03\0" + (8 + len(text)).to_bytes(2, "big") + b"say:" + text


class Role(Supervised):
    """The smallest session: frames are kept, one of them is goodbye, and one is bad."""

    def __init__(self, stream: trio.abc.Stream, limits: Limits | None = None) -> None:
        super().__init__(Framed(stream), limits or Limits())
        self.heard: list[bytes] = []
        self.flushes = 0
        self.is_clean = True
        self.settling = trio.Event()
        self.settled = trio.Event()
        self.settled.set()
        self.room = trio.Event()
        self.room.set()
        self.begin: Callable[[], None] = lambda: None
        self.tasks: list[Callable[[], Awaitable[None]]] = []
        definitions = [ChannelDefinition(name=name) for name in ("one", "two")]
        self._channels.add_static(definitions, ("one", "two"), lambda name: ChannelFrames(Envelopes(False), 1004, 1600))

    def channel(self, name: str) -> StaticChannel:
        found = self._channels.find(name)
        assert found is not None
        return found

    def _begin(self) -> None:
        self.begin()

    def _receive(self, action: Action, frame: bytes) -> None:
        text = frame[8:]
        if frame == GOODBYE:
            self._terminate(SessionClosed("the peer said goodbye"), is_clean=self.is_clean)
        elif frame == BAD:
            raise InvalidField("bad")
        elif text.startswith(b"one:"):
            self._channels.deliver("one", text)
        else:
            self.heard.append(text)

    def _flush(self) -> None:
        self.flushes += 1

    async def _settle(self) -> None:
        self.settling.set()
        await self.settled.wait()

    async def _wait_room(self) -> None:
        await self.room.wait()

    def _say_goodbye(self) -> None:
        self._writer.say_last(GOODBYE)

    def _background(self) -> list[Callable[[], Awaitable[None]]]:
        return self.tasks

    async def put(self, data: bytes) -> None:
        await self._writer.input.put([data])


def pair(limits: Limits | None = None) -> tuple[Role, trio.abc.Stream]:
    ours, theirs = trio.testing.memory_stream_pair()
    return Role(ours, limits), theirs


async def read_all(stream: trio.abc.Stream) -> bytes:
    data = bytearray()
    while piece := await stream.receive_some():
        data += piece
    return bytes(data)


async def run(role: Role, body: Callable[[], Awaitable[object]]) -> None:
    async with role._running():
        await body()


class TestLeaving:
    async def test_says_goodbye_behind_what_waits(self, autojump_clock: trio.testing.MockClock) -> None:
        role, peer = pair()
        async with role._running():
            await role.put(b"typed")
        assert await read_all(peer) == b"typed" + GOODBYE
        assert role.is_over

    async def test_waits_for_the_peer_to_close_but_not_long(self, autojump_clock: trio.testing.MockClock) -> None:
        role, _peer = pair()
        async with role._running():
            pass
        assert trio.current_time() == pytest.approx(0.25)

    async def test_waits_longer_for_one_that_was_told_and_is_slow(self, autojump_clock: trio.testing.MockClock) -> None:
        class Patient(Role):
            _last_look = math.inf

        ours, peer = trio.testing.memory_stream_pair()
        async with Patient(ours)._running():
            pass
        assert trio.current_time() == pytest.approx(Limits().close_grace)
        ours, peer = trio.testing.memory_stream_pair()
        async with Patient(ours)._running():
            await peer.aclose()
        assert trio.current_time() == pytest.approx(Limits().close_grace)

    async def test_reads_on_so_that_nothing_unread_resets_the_connection(
        self, autojump_clock: trio.testing.MockClock
    ) -> None:
        role, peer = pair()
        taken = 0

        async def talk() -> None:
            nonlocal taken
            with pytest.raises(trio.BrokenResourceError):
                await talk_for_ever()

        async def talk_for_ever() -> None:
            nonlocal taken
            while True:
                await peer.send_all(say(b"x" * 1000))
                taken += 1
                await trio.sleep(0.01)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(talk)
            async with role._running():
                await trio.sleep(0.1)
        assert taken > 20
        assert len(role.heard) <= 11  # what comes after the end is nobody's concern

    async def test_takes_no_longer_than_the_grace(self, autojump_clock: trio.testing.MockClock) -> None:
        ours, _theirs = trio.testing.memory_stream_pair()
        never = trio.Event()
        assert isinstance(ours.send_stream, trio.testing.MemorySendStream)
        ours.send_stream.send_all_hook = never.wait
        role = Role(ours, Limits(close_grace=3))
        async with role._running():
            pass
        assert trio.current_time() == pytest.approx(3)

    async def test_is_the_same_when_cancelled(self, autojump_clock: trio.testing.MockClock) -> None:
        role, peer = pair()
        with trio.move_on_after(1) as scope:
            async with role._running():
                await trio.sleep_forever()
        assert scope.cancelled_caught
        assert await read_all(peer) == GOODBYE

    async def test_afterwards_all_is_closed(self) -> None:
        role, _peer = pair()
        async with role._running():
            pass
        with pytest.raises(SessionClosed, match="left"):
            await role.put(b"x")
        with pytest.raises(trio.EndOfChannel):
            await role.channel("one").receive()


class TestErrorsOfTheBlock:
    async def test_come_out_bare(self) -> None:
        role, peer = pair()
        with pytest.raises(KeyError) as caught:
            await run(role, self.fail)
        assert caught.value.__cause__ is None
        assert await read_all(peer) == GOODBYE

    async def fail(self) -> None:
        raise KeyError("mine")

    async def test_groups_too(self) -> None:
        role, _peer = pair()

        async def body() -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.fail)

        with pytest.RaisesGroup(KeyError):
            await run(role, body)

    async def test_interrupts_too(self) -> None:
        role, _peer = pair()

        async def body() -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            await run(role, body)

    async def test_cancellation_passes(self) -> None:
        role, _peer = pair()
        seen: list[BaseException] = []

        async def body() -> None:
            await trio.sleep_forever()

        with trio.CancelScope() as scope:
            scope.cancel()
            try:
                await run(role, body)
            except BaseException as exc:
                seen.append(exc)
                raise
        assert scope.cancelled_caught
        assert [type(exc) for exc in seen] == [trio.Cancelled]

    async def test_they_win_over_the_sessions_end(self) -> None:
        role, peer = pair()

        async def body() -> None:
            await peer.aclose()
            try:
                await trio.sleep_forever()
            finally:
                raise KeyError("while it was cleaned up")

        with pytest.raises(KeyError):
            await run(role, body)


class TestFailures:
    async def test_a_bad_frame_is_one_flat_error_with_its_cause(self) -> None:
        role, peer = pair()
        await peer.send_all(say(b"before") + BAD + say(b"after"))
        with pytest.raises(SessionClosed, match="bad") as caught:
            await run(role, trio.sleep_forever)
        assert isinstance(caught.value.__cause__, InvalidField)
        assert role.heard == [b"before"]

    async def test_it_costs_no_grace(self, autojump_clock: trio.testing.MockClock) -> None:
        role, peer = pair()
        await peer.send_all(BAD)
        with pytest.raises(SessionClosed):
            await run(role, trio.sleep_forever)
        assert trio.current_time() == 0

    async def test_a_peer_that_closes(self) -> None:
        role, peer = pair()
        await peer.send_all(say(b"x") + b"\x03\0\0")
        await peer.aclose()
        with pytest.raises(SessionClosed, match="3 bytes into it"):
            await run(role, trio.sleep_forever)
        assert role.reason is not None

    async def test_a_write_that_goes_nowhere(self, autojump_clock: trio.testing.MockClock) -> None:
        ours, _theirs = trio.testing.memory_stream_pair()
        assert isinstance(ours.send_stream, trio.testing.MemorySendStream)
        ours.send_stream.send_all_hook = trio.Event().wait
        role = Role(ours, Limits(write_progress=5))

        async def body() -> None:
            await role.put(b"x")
            await trio.sleep_forever()

        with pytest.raises(SessionClosed) as caught:
            await run(role, body)
        assert isinstance(caught.value.__cause__, DeadlineExceeded)
        assert trio.current_time() == pytest.approx(5)

    async def test_a_background_task(self) -> None:
        role, _peer = pair()

        async def fail() -> None:
            await trio.lowlevel.checkpoint()
            raise DeadlineExceeded("heartbeat", 3)

        role.tasks = [fail]
        with pytest.raises(SessionClosed, match="heartbeat") as caught:
            await run(role, trio.sleep_forever)
        assert isinstance(caught.value.__cause__, DeadlineExceeded)

    async def test_a_mistake_of_the_library_is_logged_whole(self, caplog: pytest.LogCaptureFixture) -> None:
        role, _peer = pair()

        async def fail() -> None:
            raise ZeroDivisionError

        role.tasks = [fail]
        with caplog.at_level(logging.ERROR), pytest.raises(SessionClosed) as caught:
            await run(role, trio.sleep_forever)
        assert isinstance(caught.value.__cause__, ZeroDivisionError)
        assert caplog.records[0].exc_info is not None

    async def test_what_tasks_of_the_block_saw_of_it_is_one_error(self) -> None:
        role, peer = pair()

        async def body() -> None:
            async with trio.open_nursery() as nursery:
                for name in ("one", "two"):
                    nursery.start_soon(role.channel(name).receive)
                await trio.testing.wait_all_tasks_blocked()
                await peer.send_all(BAD)

        with pytest.raises(SessionClosed) as caught:
            await run(role, body)
        assert isinstance(caught.value.__cause__, InvalidField)

    async def test_what_comes_while_connecting_may_fail_too(self) -> None:
        role, _peer = pair()

        def begin() -> None:
            raise InvalidField("early")

        role.begin = begin
        entered = False

        async def body() -> None:
            nonlocal entered
            entered = True

        with pytest.raises(SessionClosed, match="early"):
            await run(role, body)
        assert not entered

    async def test_a_failure_after_the_end_changes_nothing(self) -> None:
        """The peer said goodbye and closed; that something could not be written any more is no failure."""
        role, peer = pair()
        await peer.send_all(GOODBYE)
        await peer.aclose()
        finished = False
        async with role._running():
            with pytest.raises(trio.EndOfChannel):
                await role.channel("one").receive()
            role._fail(InvalidField("late"))
            await trio.lowlevel.checkpoint()
            finished = True
        assert finished
        assert role.reason is not None
        assert role.reason.reason == "the peer said goodbye"


class TestGoodbyes:
    async def test_a_clean_one_does_not_disturb_the_block(self) -> None:
        role, peer = pair()
        await peer.send_all(say(b"last words") + GOODBYE + say(b"never heard"))
        async with role._running():
            await role.wait_closed()
            await trio.lowlevel.checkpoint()
            assert role.is_over
        assert role.heard == [b"last words"]
        assert role.flushes > 0

    async def test_tasks_of_the_block_may_see_a_clean_one(self) -> None:
        role, peer = pair()

        async def wait_for_what_never_comes() -> None:
            await role.wait_closed()
            await role.put(b"too late")

        await peer.send_all(GOODBYE)
        async with role._running(), trio.open_nursery() as nursery:
            nursery.start_soon(wait_for_what_never_comes)
        assert role.is_over

    async def test_another_ends_the_block(self) -> None:
        role, peer = pair()
        role.is_clean = False
        await peer.send_all(GOODBYE)
        with pytest.raises(SessionClosed, match="goodbye") as caught:
            await run(role, trio.sleep_forever)
        assert caught.value.__cause__ is None

    async def test_it_counts_once_what_came_before_is_worked_off(self) -> None:
        role, peer = pair()
        role.settled = trio.Event()
        await peer.send_all(GOODBYE)
        async with role._running():
            await role.settling.wait()
            assert not role.is_over
            role.settled.set()
            await role.wait_closed()
            assert role.is_over

    @pytest.mark.parametrize("then", [b"", say(b"never heard"), b"\x03\0\0"], ids=["nothing", "more", "a part of it"])
    @pytest.mark.parametrize("breaks", [False, True])
    async def test_the_peer_may_close_behind_it(self, then: bytes, breaks: bool) -> None:
        ours, peer = trio.testing.memory_stream_pair()
        role = Role(ours)
        role.begin = lambda: role._receive(Action.X224, GOODBYE)
        role.settled = trio.Event()

        async def break_then() -> None:
            await role.settling.wait()
            raise trio.BrokenResourceError

        async def close() -> None:
            await role.settling.wait()
            await peer.send_all(then)
            await peer.aclose()
            await trio.testing.wait_all_tasks_blocked()
            assert not role.is_over
            role.settled.set()

        if breaks:
            assert isinstance(ours.receive_stream, trio.testing.MemoryReceiveStream)
            ours.receive_stream.receive_some_hook = break_then
        async with trio.open_nursery() as nursery:
            nursery.start_soon(close)
            async with role._running():
                assert role.is_over
                await role.wait_closed()
        assert role.heard == []

    async def test_it_is_heeded_once(self) -> None:
        role, peer = pair()
        role.begin = lambda: role._receive(Action.X224, GOODBYE)
        times = 0

        async def settle() -> None:
            nonlocal times
            times += 1
            await trio.testing.wait_all_tasks_blocked()

        role._settle = settle  # type: ignore[method-assign]
        await peer.send_all(say(b"never heard"))
        await peer.aclose()
        async with role._running():
            assert role.is_over
        assert times == 1

    async def test_what_cannot_be_sent_behind_it_is_no_failure(self) -> None:
        role, peer = pair()
        role.settled = trio.Event()
        async with role._running():
            await peer.send_all(GOODBYE)
            await role.settling.wait()
            await trio.aclose_forcefully(peer)
            await role.put(b"an answer")
            await role.wait_closed()
        assert role.reason is not None
        assert role.reason.reason == "the peer said goodbye"

    async def test_what_still_waits_is_written(self) -> None:
        role, peer = pair()
        async with role._running():
            await role.put(b"typed")
            await peer.send_all(GOODBYE)
            await role.wait_closed()
        assert await read_all(peer) == b"typed"

    async def test_waiting_for_the_end(self) -> None:
        role, peer = pair()

        async def body() -> None:
            with pytest.raises(SessionClosed), trio.CancelScope(shield=True):
                await role.wait_closed()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(peer.aclose)
            with pytest.raises(SessionClosed):
                await run(role, body)


class TestReading:
    async def test_stops_while_there_is_no_room(self) -> None:
        role, peer = pair()
        role.room = trio.Event()
        async with role._running():
            await peer.send_all(say(b"1"))
            await trio.testing.wait_all_tasks_blocked()
            await peer.send_all(say(b"2"))
            await trio.testing.wait_all_tasks_blocked()
            assert role.heard == [b"1"]
            role.room.set()
            await trio.testing.wait_all_tasks_blocked()
            assert role.heard == [b"1", b"2"]

    async def test_a_burst_does_not_end_a_channel_that_is_received_from(self) -> None:
        role, peer = pair(Limits(channel_messages=8))
        await peer.send_all(say(b"one:x") * 5000)
        async with role._running():
            channel = role.channel("one")
            for _ in range(5000):
                assert await channel.receive() == b"one:x"
            assert channel.statistics().peak_waiting <= 8

    async def test_also_one_that_does_a_little_between(self) -> None:
        role, peer = pair(Limits(channel_messages=8))
        await peer.send_all(say(b"one:x") * 1000)
        async with role._running():
            for _ in range(1000):
                await role.channel("one").receive()
                await trio.lowlevel.checkpoint()
                await trio.lowlevel.checkpoint()

    async def test_nobody_is_waited_for_who_does_not_receive(self) -> None:
        role, peer = pair(Limits(channel_messages=8))
        async with role._running():
            await peer.send_all(say(b"one:x") * 100 + say(b"heard"))
            await trio.testing.wait_all_tasks_blocked()
            assert role.heard == [b"heard"]
            with pytest.raises(trio.BrokenResourceError, match="nobody receives"):
                await role.channel("one").receive()
            await peer.send_all(say(b"one:x") + say(b"again"))
            await trio.testing.wait_all_tasks_blocked()
            assert role.heard == [b"heard", b"again"]


class TestDeadline:
    async def test_it_names_the_phase(self, autojump_clock: trio.testing.MockClock) -> None:
        async def wait() -> None:
            with deadline("negotiation", 2.5):
                await trio.sleep_forever()

        with pytest.raises(DeadlineExceeded) as caught:
            await wait()
        assert (caught.value.phase, caught.value.seconds) == ("negotiation", 2.5)
        assert trio.current_time() == 2.5

    async def test_it_does_nothing_in_time(self) -> None:
        with deadline("negotiation", 2.5):
            await trio.lowlevel.checkpoint()

    async def test_the_callers_scope_is_the_callers(self, autojump_clock: trio.testing.MockClock) -> None:
        with trio.move_on_after(1) as scope, deadline("negotiation", 2.5):
            await trio.sleep_forever()
        assert scope.cancelled_caught


@pytest.mark.parametrize(
    ("exc", "expected"),
    [
        (SessionClosed("x"), True),
        (ExceptionGroup("", [SessionClosed("x"), ExceptionGroup("", [SessionClosed("y")])]), True),
        (ExceptionGroup("", [SessionClosed("x"), KeyError()]), False),
        (KeyError(), False),
        (DeadlineExceeded("x"), False),
    ],
)
def test_is_only_the_end(exc: Exception, expected: bool) -> None:
    assert is_only_the_end(exc) is expected
