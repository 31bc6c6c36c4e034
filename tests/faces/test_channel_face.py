"""`ChannelFace`: waiting for a channel, and what its users see of its end."""

from __future__ import annotations

import logging

import pytest
import trio
import trio.testing

from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, RemoteProtocolError, SessionClosed


class Shouter(ChannelFace):
    """Answers in capitals; some words are too much for it."""

    ended = 0

    async def shout(self, word: bytes) -> None:
        channel = await self._opened()
        await channel.send(word.upper())

    async def _work(self, channel: MessageChannel) -> None:
        async with trio.open_nursery():
            while True:
                match await channel.receive():
                    case b"nonsense":
                        raise RemoteProtocolError("that makes no sense")
                    case b"bug":
                        raise ZeroDivisionError("one by zero")
                    case b"enough":
                        return
                    case word:
                        await channel.send(word.upper())

    def _ended(self) -> None:
        self.ended += 1


async def test_calls_wait_for_the_channel(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    face, (ours, theirs) = Shouter("shout"), channel_pair("shout")
    nursery.start_soon(face.shout, b"early")
    await trio.sleep(1)
    assert not face.is_open
    nursery.start_soon(face.run, ours)
    assert await theirs.receive() == b"EARLY"
    await face.wait_open()
    assert face.is_open
    await theirs.send(b"hello")
    assert await theirs.receive() == b"HELLO"
    await theirs.aclose()


async def test_the_peer_closes(nursery: trio.Nursery) -> None:
    face, (ours, theirs) = Shouter("shout"), channel_pair("shout")
    await theirs.aclose()
    await face.run(ours)
    assert face.ended == 1
    with pytest.raises(ChannelClosed, match="channel shout: it was closed"):
        await face.shout(b"late")
    with pytest.raises(ChannelClosed):
        await face.wait_open()


async def test_a_send_says_why_there_is_no_channel(nursery: trio.Nursery) -> None:
    face, (ours, theirs) = Shouter("shout"), channel_pair("shout")
    nursery.start_soon(face.run, ours)
    await face.wait_open()
    await face._send(ours, b"hello")
    assert await theirs.receive() == b"hello"
    await theirs.aclose()
    with pytest.raises(ChannelClosed, match="channel shout: it was closed"):
        await face._send(ours, b"hello")
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(ChannelClosed, match="channel shout: it was closed"):
        await face._send(ours, b"hello")
    ours.fail("enough of it")
    face = Shouter("shout")
    with pytest.raises(ChannelClosed, match="enough of it"):
        await face._send(ours, b"hello")


async def test_a_face_may_be_done(nursery: trio.Nursery) -> None:
    face, (ours, theirs) = Shouter("shout"), channel_pair("shout")
    await theirs.send(b"enough")
    await face.run(ours)
    with pytest.raises(ChannelClosed, match="not used any more"):
        await face.wait_open()


async def test_a_peer_that_breaks_the_protocol_loses_the_channel(caplog: pytest.LogCaptureFixture) -> None:
    face, (ours, theirs) = Shouter("shout"), channel_pair("shout")
    await theirs.send(b"nonsense")
    await face.run(ours)
    assert "channel shout is given up: that makes no sense" in caplog.text
    with pytest.raises(ChannelClosed, match="that makes no sense"):
        await face.shout(b"late")
    with pytest.raises(trio.BrokenResourceError, match="that makes no sense"):
        await ours.receive()
    with pytest.raises(trio.EndOfChannel):
        await theirs.receive()


async def test_a_mistake_of_ours_is_logged_and_costs_the_channel_only(caplog: pytest.LogCaptureFixture) -> None:
    face, (ours, theirs) = Shouter("shout"), channel_pair("shout")
    await theirs.send(b"bug")
    await face.run(ours)
    record = caplog.records[-1]
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    with pytest.raises(ChannelClosed, match="one by zero"):
        await face.wait_open()


async def test_a_channel_may_come_again(nursery: trio.Nursery) -> None:
    face = Shouter("shout")
    for _ in range(2):
        ours, theirs = channel_pair("shout")
        nursery.start_soon(face.run, ours)
        await theirs.send(b"again")
        assert await theirs.receive() == b"AGAIN"
        await theirs.aclose()
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(ChannelClosed):
            await face.wait_open()


async def test_no_channel_at_all(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    face = Shouter("shout")

    async def wait() -> None:
        with pytest.raises(LocalProtocolError, match="channel shout: nobody asked for it"):
            await face.shout(b"x")

    nursery.start_soon(wait)
    await trio.sleep(1)
    face.unavailable("nobody asked for it")


async def test_the_session_ends(nursery: trio.Nursery) -> None:
    face, (ours, theirs) = Shouter("shout"), channel_pair("shout")
    nursery.start_soon(face.run, ours)
    await face.wait_open()
    face.session_ended(SessionClosed("the line was cut"))
    with pytest.raises(SessionClosed, match="the line was cut"):
        await face.shout(b"x")
    await theirs.aclose()
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(SessionClosed, match="the line was cut"):
        await face.shout(b"x")
    assert face.ended == 1


async def test_what_closed_before_the_session_stays_closed_for_its_own_reason() -> None:
    face, (ours, theirs) = Shouter("shout"), channel_pair("shout")
    await theirs.aclose()
    await face.run(ours)
    face.session_ended(SessionClosed("the line was cut"))
    with pytest.raises(ChannelClosed):
        await face.wait_open()


async def test_cancelling_goes_through(nursery: trio.Nursery) -> None:
    face, (ours, _) = Shouter("shout"), channel_pair("shout")
    with trio.move_on_after(0) as scope:
        await face.run(ours)
    assert scope.cancelled_caught
    assert face.ended == 1
    with pytest.raises(SessionClosed):
        await face.wait_open()


class Failing(ChannelFace):
    """Several tasks of its nursery fail at once."""

    def __init__(self, *errors: BaseException) -> None:
        super().__init__("failing")
        self.errors = errors

    async def _work(self, channel: MessageChannel) -> None:
        async with trio.open_nursery() as nursery:
            for error in self.errors:
                nursery.start_soon(self._fail, error)

    async def _fail(self, error: BaseException) -> None:
        raise error


@pytest.mark.parametrize(
    ("errors", "reason", "logged"),
    [
        ((trio.EndOfChannel(), trio.BrokenResourceError("gone")), "it was closed|gone", []),
        ((RemoteProtocolError("nonsense"), trio.EndOfChannel()), "nonsense", ["WARNING"]),
        ((trio.ClosedResourceError(), ZeroDivisionError("one by zero")), "one by zero", ["ERROR"]),
    ],
)
async def test_several_tasks_that_fail_at_once(
    caplog: pytest.LogCaptureFixture, errors: tuple[Exception, ...], reason: str, logged: list[str]
) -> None:
    face, (ours, _) = Failing(*errors), channel_pair("failing")
    await face.run(ours)
    with pytest.raises(ChannelClosed, match=reason):
        await face.wait_open()
    assert [record.levelname for record in caplog.records] == logged


@pytest.mark.parametrize("reason", ["nobody reads", ""])
async def test_the_channel_is_named_once(reason: str) -> None:
    face, (ours, _) = Failing(trio.BrokenResourceError(f"channel failing: {reason}")), channel_pair("failing")
    await face.run(ours)
    with pytest.raises(ChannelClosed) as raised:
        await face.wait_open()
    assert str(raised.value) == f"channel failing: {reason or 'it was closed'}"


async def test_an_end_while_it_is_cancelled() -> None:
    """The cancellation goes on alone, and what broke is still told."""

    class Torn(Failing):
        async def _work(self, channel: MessageChannel) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep_forever)
                try:
                    await trio.sleep_forever()
                finally:
                    raise RemoteProtocolError("nonsense")

    face, (ours, _) = Torn(), channel_pair("failing")
    with trio.CancelScope() as scope:
        scope.cancel()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(face.run, ours)
    assert scope.cancel_called
    with pytest.raises(ChannelClosed, match="nonsense"):
        await face.wait_open()


async def test_an_interrupt_goes_through() -> None:
    face, (ours, _) = Failing(KeyboardInterrupt(), trio.EndOfChannel()), channel_pair("failing")
    with pytest.raises(BaseExceptionGroup) as caught:
        await face.run(ours)
    assert caught.value.subgroup(KeyboardInterrupt) is not None
