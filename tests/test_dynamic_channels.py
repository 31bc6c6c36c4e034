"""Dynamic channels between a client's and a server's session."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import trio
import trio.testing

from trio_rdp.channels.dynamic.data import DvcDataFirst
from trio_rdp.channels.dynamic.opening import CreationStatus, DvcClose, DvcCreateRequest
from trio_rdp.client import Session
from trio_rdp.dynamic_channel import DynamicChannel
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.channel_buffer import ChannelBuffer, WhenFull
from trio_rdp.protocol.config import ClientConfig, Security, ServerConfig
from trio_rdp.protocol.limits import Limits
from trio_rdp.server import ServerSession
from trio_rdp.testing import open_session_pair
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, RequestRefused, SessionClosed

# The graphics pipeline is a dynamic channel too, which would be counted with those here.
CLIENT = ClientConfig(username="user", security=Security.NONE, enable_graphics_pipeline=False)
SERVER = ServerConfig(security=Security.NONE)
MESSAGES = [b"", b"hello", bytes(1590), bytes(range(256)) * 100, bytes(1 << 20)]


@asynccontextmanager
async def opened(
    name: str = "talk", *, compress: bool = False, buffer: ChannelBuffer | None = None, limits: Limits | None = None
) -> AsyncIterator[tuple[Session, ServerSession, DynamicChannel, DynamicChannel]]:
    """Two sessions, and both ends of one channel."""
    client_config = CLIENT if limits is None else replace(CLIENT, limits=limits)
    async with open_session_pair(client_config=client_config, server_config=SERVER) as (client, server):
        listener = client.listen(name, buffer=buffer, compress=compress)
        theirs = await server.open_channel(name, compress=compress, priority=1)
        yield client, server, await listener.accept(), theirs


async def settle() -> None:
    await trio.testing.wait_all_tasks_blocked(0.01)


@pytest.mark.parametrize("compress", [False, True])
async def test_messages_both_ways(compress: bool) -> None:
    async with opened(compress=compress) as (_, _, ours, theirs):
        for message in MESSAGES:
            await theirs.send(message)
            assert await ours.receive() == message
            await ours.send(message)
            assert await theirs.receive() == message
        assert ours.statistics().messages_received == len(MESSAGES)


async def test_ten_lines_are_enough() -> None:
    async def reverse(channel: DynamicChannel) -> None:
        async for message in channel:
            await channel.send(message[::-1])

    async with open_session_pair(client_config=CLIENT) as (client, server), trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, reverse, [client.listen("reverse")])
        channels = [await server.open_channel("reverse") for _ in range(3)]  # many of one name
        for at, channel in enumerate(channels):
            async with channel:
                await channel.send(b"abc%d" % at)
                assert await channel.receive() == b"%dcba" % at
        nursery.cancel_scope.cancel()


async def test_names_that_nobody_listens_to_are_refused() -> None:
    async with open_session_pair(client_config=CLIENT) as (client, server):
        with pytest.raises(RequestRefused, match="the client refused channel 'talk': NOT_FOUND") as caught:
            await server.open_channel("talk")
        assert caught.value.code == CreationStatus.NOT_FOUND
        listener = client.listen("talk")
        await server.open_channel("talk")
        await listener.aclose()
        with pytest.raises(RequestRefused):
            await server.open_channel("talk")
        client.listen("talk")
        with pytest.raises(LocalProtocolError, match="somebody listens to 'talk' already"):
            client.listen("talk")


async def test_channels_that_nobody_accepts_are_limited() -> None:
    config = replace(CLIENT, limits=Limits(dynamic_backlog=2))
    async with open_session_pair(client_config=config) as (client, server):
        listener = client.listen("talk")
        for _ in range(2):
            await server.open_channel("talk")
        with pytest.raises(RequestRefused, match="NO_MEMORY"):
            await server.open_channel("talk")
        await listener.accept()
        await server.open_channel("talk")


async def test_channels_are_limited_on_both_sides() -> None:
    config = replace(CLIENT, limits=Limits(dynamic_channels=3))
    async with open_session_pair(client_config=config) as (client, server):
        client.listen("talk")
        # What the sessions open by themselves has places too.
        refusals = 0
        for _ in range(6):
            try:
                await server.open_channel("talk")
            except RequestRefused as exc:
                refusals += exc.code == CreationStatus.NO_MEMORY
        assert refusals >= 3


async def test_either_side_closes() -> None:
    async with opened() as (client, server, ours, theirs):
        await theirs.send(b"last")
        await theirs.aclose()
        assert [message async for message in ours] == [b"last"]
        with pytest.raises(trio.BrokenResourceError):
            await ours.send(b"x")
        again = await server.open_channel("talk")
        assert again.channel_id != theirs.channel_id
        await settle()
        names = [lane.name for lane in client.statistics().writer.lanes]
        assert f"talk ({theirs.channel_id})" not in names
        assert f"talk ({again.channel_id})" in names
    async with opened() as (_, _, ours, theirs):
        await ours.send(b"last")
        await ours.aclose()
        assert [message async for message in theirs] == [b"last"]
        with pytest.raises(trio.ClosedResourceError):
            await ours.receive()


async def test_closed_channels_count_until_what_waits_in_them_is_sent() -> None:
    """A server that lets its client answer and close, again and again, and reads little, must not fill its memory."""
    config = replace(CLIENT, limits=Limits(dynamic_channels=4))
    async with open_session_pair(client_config=config) as (client, server):
        listener = client.listen("talk")
        client._writer.suspend_channels(True)
        refused = 0
        for _ in range(5):
            try:
                await server.open_channel("talk")
            except RequestRefused as exc:
                refused += exc.code == CreationStatus.NO_MEMORY
            else:
                channel = await listener.accept()
                await channel.send(bytes(5000))
                await channel.aclose()
        assert refused
        client._writer.suspend_channels(False)
        await settle()
        async with await server.open_channel("talk"):
            pass


async def test_a_server_is_limited_by_what_it_has_closed_and_not_sent() -> None:
    config = replace(SERVER, limits=Limits(dynamic_channels=2))
    async with open_session_pair(client_config=CLIENT, server_config=config) as (client, server):
        client.listen("talk")
        server._writer.suspend_channels(True)
        for _ in range(2):
            async with await server.open_channel("talk") as channel:
                await channel.send(b"x")
        with pytest.raises(LocalProtocolError, match="2 dynamic channels are open, or still to be closed"):
            await server.open_channel("talk")


async def test_an_id_that_is_given_away_again_before_its_channel_was_closed_here() -> None:
    """Servers use ids again: what waited in the former channel must not reach the new one, nor its end."""
    async with opened() as (client, server, ours, theirs):
        listener = client.listen("more")
        for name, accepted in (("talk", None), ("more", listener)):
            client._writer.suspend_channels(True)
            await ours.send(b"old" * 5000)
            await ours.aclose()
            for pdu in (
                DvcClose(channel_id=theirs.channel_id),
                DvcCreateRequest(channel_id=theirs.channel_id, channel_name=name),
            ):
                server._writer.send_control(server._dynamic_frames().bare_pdu(pdu.encode()))
            await settle()
            if accepted is None:
                ours = next(iter(client._dynamics))
                assert ours.channel_id == theirs.channel_id
            else:
                ours = await accepted.accept()
            await ours.send(b"new")
            client._writer.suspend_channels(False)
            assert await theirs.receive() == b"new"


async def test_a_cancelled_opening_is_taken_back() -> None:
    async with open_session_pair(client_config=CLIENT) as (client, server):
        listener = client.listen("talk")
        with trio.move_on_after(0):
            await server.open_channel("talk")
        await server.open_channel("talk")
        await settle()
        waiting = 0
        with trio.move_on_after(0.05):
            while True:
                channel = await listener.accept()
                with trio.move_on_after(0.01) as scope:
                    await channel.receive()
                waiting += scope.cancelled_caught
        assert waiting == 1  # the other one was closed at once, if it was opened at all


async def test_what_nobody_receives_closes_that_channel(caplog: pytest.LogCaptureFixture) -> None:
    async with opened(buffer=ChannelBuffer(2, 100)) as (client, server, ours, theirs):
        for _ in range(3):
            await theirs.send(b"x")
        await settle()
        with pytest.raises(trio.BrokenResourceError, match="nobody receives"):
            await ours.receive()
        with pytest.raises(trio.EndOfChannel):
            await theirs.receive()
        await server.open_channel("talk")
        assert "talk is given up" in caplog.text
        assert client.held_by is None


async def test_a_reader_that_sleeps_holds_all_only_where_its_user_asked_for_that(
    autojump_clock: trio.testing.MockClock,
) -> None:
    buffer = ChannelBuffer(2, 1 << 20, WhenFull.WAIT)
    async with opened(buffer=buffer) as (client, server, ours, theirs):
        async with trio.open_nursery() as nursery:

            async def send() -> None:
                for at in range(10):
                    await theirs.send(b"%d" % at)

            nursery.start_soon(send)
            await trio.sleep(10)
            assert client.held_by == client.statistics().held_by == "talk"
            for at in range(10):
                assert await ours.receive() == b"%d" % at
            await trio.sleep(1)
        assert client.held_by is None
        assert 9 < ours.statistics().seconds_held < 12
        assert ours.statistics().peak_waiting == 2
        assert server.held_by is None


async def test_it_holds_for_a_limited_time(autojump_clock: trio.testing.MockClock) -> None:
    async def stall() -> None:
        async with opened(buffer=ChannelBuffer(1, 1 << 20, WhenFull.WAIT), limits=Limits(stall=5)) as found:
            await found[3].send(b"one")
            await trio.sleep(20)

    with pytest.raises(SessionClosed, match="channel talk held the connection for 5 s"):
        await stall()


async def test_a_client_without_dynamic_channels() -> None:
    config = replace(CLIENT, enable_dynamic_channels=False)
    async with open_session_pair(client_config=config) as (client, server):
        with pytest.raises(LocalProtocolError, match="one side does not take dynamic channels"):
            await server.open_channel("talk")
        with pytest.raises(LocalProtocolError, match="nobody can open 'talk'"):
            client.listen("talk")
        with pytest.raises(LocalProtocolError, match="one side does not take dynamic channels"):
            await server.echo.ping()


async def test_nonsense_ends_the_dynamic_channels_and_not_the_session(caplog: pytest.LogCaptureFixture) -> None:
    async with opened() as (client, server, ours, theirs):
        listener = client.listen("more")
        begun = DvcDataFirst(channel_id=theirs.channel_id, length=3000, data=b"x").encode()
        server._writer.send_control(server._dynamic_frames().bare_pdu(begun))
        await settle()
        assert client._stage.pending_bytes.held == 1
        server._writer.send_control(server._dynamic_frames().bare_pdu(b"\x10"))
        await settle()
        assert "dynamic channels are given up" in caplog.text
        for call in (ours.receive(), ours.send(b"x")):
            with pytest.raises(trio.BrokenResourceError):
                await call
        with pytest.raises(ChannelClosed):
            await listener.accept()
        with pytest.raises(LocalProtocolError):
            client.listen("other")
        assert client._stage.pending_bytes.held == 0
        await client.keyboard.type("x")
        await server.input.receive()
        client._writer.send_control(client._dynamic_frames().bare_pdu(b"\x10"))
        await settle()
        with pytest.raises(trio.BrokenResourceError):
            await theirs.receive()
        with pytest.raises(ChannelClosed):
            await server.open_channel("talk")


async def test_a_message_that_lies_about_its_length_closes_its_channel() -> None:
    async with opened() as (_, server, ours, theirs):
        lie = DvcDataFirst(channel_id=theirs.channel_id, length=0xFFFFFFFF, data=b"x").encode()
        server._writer.send_control(server._dynamic_frames().bare_pdu(lie))
        await settle()
        with pytest.raises(trio.BrokenResourceError, match="4294967295 bytes exceeds"):
            await ours.receive()
        with pytest.raises(trio.EndOfChannel):
            await theirs.receive()
        await server.open_channel("talk")


async def test_the_end_of_the_session_is_the_end_of_its_channels() -> None:
    ends: list[str] = []

    async def wait(what: str, call: Callable[[], Awaitable[object]]) -> None:
        try:
            await call()
        except (trio.EndOfChannel, SessionClosed) as exc:
            ends.append(f"{what} {type(exc).__name__}")

    async with trio.open_nursery() as nursery, opened() as (client, server, ours, theirs):
        listener = client.listen("more")
        nursery.start_soon(wait, "accept", listener.accept)
        nursery.start_soon(wait, "ours", ours.receive)
        nursery.start_soon(wait, "theirs", theirs.receive)
        await settle()
    assert sorted(ends) == ["accept SessionClosed", "ours EndOfChannel", "theirs EndOfChannel"]
    with pytest.raises(SessionClosed):
        client.listen("late")
    with pytest.raises(SessionClosed):
        await server.open_channel("late")


async def test_a_server_may_open_what_it_asked_for_before_the_client_was_ready() -> None:
    """An answer for a channel that is there already is passed over, and costs nothing."""
    async with opened() as (client, server, ours, theirs):
        again = DvcCreateRequest(channel_id=theirs.channel_id, channel_name="talk").encode()
        server._writer.send_control(server._dynamic_frames().bare_pdu(again))
        await settle()
        with pytest.raises(trio.BrokenResourceError, match="opened another channel in its place"):
            await ours.receive()
        assert sum(client.statistics().ignored.values()) == 0
        assert server.statistics().ignored == {"an answer about a dynamic channel that nobody asked for": 1}


async def test_turns_follow_the_priority_classes() -> None:
    async with open_session_pair(client_config=CLIENT) as (client, server):
        client.listen("talk")
        shares = []
        for priority in range(4):
            channel = await server.open_channel("talk", priority=priority)
            shares.append(channel.lane.share)
        assert shares == [8, 2, 1, 1]


async def test_long_messages_of_both_kinds_of_channels_at_once() -> None:
    """Frames of one message are known by their header, and others come between them."""
    config = replace(CLIENT, static_channels=("still",))
    server_config = replace(SERVER, static_channels=("still",))
    async with open_session_pair(client_config=config, server_config=server_config) as (client, server):
        listener = client.listen("talk")
        theirs = [await server.open_channel("talk") for _ in range(3)]
        ours = [await listener.accept() for _ in range(3)]
        messages = [bytes([at]) * 500_000 + b"end" for at in range(4)]
        got: dict[int, bytes] = {}

        async def receive(at: int, channel: MessageChannel) -> None:
            got[at] = await channel.receive()

        async with trio.open_nursery() as nursery:
            for at, channel in enumerate([*ours, client.channel("still")]):
                nursery.start_soon(receive, at, channel)
            for at, channel in enumerate([*theirs, server.channel("still")]):
                nursery.start_soon(channel.send, messages[at])
            nursery.start_soon(client.channel("still").send, messages[0])
        assert [got[at] for at in range(4)] == messages
        assert await server.channel("still").receive() == messages[0]
