from __future__ import annotations

from dataclasses import replace

import pytest
import trio
import trio.testing

from tests.identities import identity
from trio_rdp.graphics.geometry import Rect
from trio_rdp.protocol.config import ClientConfig, DesktopSize, Security, ServerConfig
from trio_rdp.protocol.input_events import UnicodePressed, UnicodeReleased
from trio_rdp.testing import FaultyStream, channel_pair, open_session_pair
from trio_rdp.wire.errors import NegotiationFailed, SessionClosed

CLIENT = ClientConfig(username="ada", password="secret", certificate_policy="insecure", security=Security.NONE)


class TestPair:
    async def test_both_ends_work(self) -> None:
        async with open_session_pair() as (client, server):
            await client.keyboard.type("é")
            assert await server.input.receive() == UnicodePressed("é")
            assert await server.input.receive() == UnicodeReleased("é")
            async with server.display.frame() as frame:
                frame.fill(Rect(0, 0, 10, 10), (1, 2, 3))
            await client.screen.wait_changed()
            assert client.screen.pixel(9, 9) == (1, 2, 3)
        with pytest.raises(SessionClosed):
            await client.keyboard.type("x")
        with pytest.raises(trio.EndOfChannel):
            await server.input.receive()

    @pytest.mark.parametrize("security", [Security.TLS, Security.NLA])
    async def test_with_protection(self, security: Security) -> None:
        server_config = ServerConfig(security=security)
        async with open_session_pair(
            client_config=replace(CLIENT, security=security), server_config=server_config, identity=identity()
        ) as (client, server):
            assert server.username == "ada"
            assert server.login.is_proved
            assert client.certificate == identity().certificate

    async def test_with_configurations(self) -> None:
        client_config = replace(CLIENT, desktop_size=DesktopSize(400, 300), static_channels=("echo",))
        server_config = ServerConfig(security=Security.NONE, static_channels=("echo",))
        async with open_session_pair(client_config=client_config, server_config=server_config) as (client, server):
            assert (client.screen.width, server.size.height) == (400, 300)
            await client.channel("echo").send(b"ping")
            assert await server.channel("echo").receive() == b"ping"

    async def test_over_other_streams(self) -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        counted = FaultyStream(ours)
        async with open_session_pair(streams=(counted, theirs)) as (client, _):
            await client.keyboard.type("x")
        assert counted.bytes_read > 500
        assert counted.bytes_written > 500

    async def test_what_the_block_raises_is_bare(self) -> None:
        async def use() -> None:
            async with open_session_pair():
                raise KeyError("mine")

        with pytest.raises(KeyError):
            await use()

    async def test_a_connection_that_fails(self) -> None:
        async def use(client: ClientConfig, server: ServerConfig) -> None:
            async with open_session_pair(client_config=client, server_config=server, identity=identity()):
                raise AssertionError("there is no session")

        with pytest.raises(NegotiationFailed):
            await use(replace(CLIENT, security=Security.TLS), ServerConfig(security=Security.NLA))

    async def test_it_can_be_cancelled(self) -> None:
        with trio.move_on_after(0.05) as scope:
            async with open_session_pair():
                await trio.sleep_forever()
        assert scope.cancelled_caught

    async def test_with_a_clock_that_jumps(self, autojump_clock: trio.testing.MockClock) -> None:
        async with open_session_pair() as (client, server):
            await trio.sleep(3600)
            await client.keyboard.type("x")
            await server.input.receive()


class TestFaults:
    async def test_pieces(self) -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        faulty = FaultyStream(ours, piece=3)
        await theirs.send_all(b"12345678")
        assert [await faulty.receive_some(n) for n in (None, 100, 1, None)] == [b"123", b"456", b"7", b"8"]
        assert faulty.bytes_read == 8

    async def test_a_session_in_pieces_of_one_byte(self) -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        streams = FaultyStream(ours, piece=1), FaultyStream(theirs, piece=1)
        async with open_session_pair(streams=streams) as (client, server):
            await client.keyboard.type("x")
            assert await server.input.receive() == UnicodePressed("x")

    async def test_delays(self, autojump_clock: trio.testing.MockClock) -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        faulty = FaultyStream(ours, delay=2)
        await faulty.send_all(b"x")
        assert trio.current_time() == 2
        await theirs.send_all(b"y")
        await faulty.receive_some()
        assert trio.current_time() == 4
        assert faulty.bytes_written == 1
        await faulty.wait_send_all_might_not_block()

    async def test_breaking(self) -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        faulty = FaultyStream(ours, break_after=5)
        await theirs.send_all(b"12345678")
        assert await faulty.receive_some() == b"12345"
        with pytest.raises(trio.BrokenResourceError):
            await faulty.receive_some()
        with pytest.raises(trio.BrokenResourceError):
            await theirs.send_all(b"x")

    async def test_pausing(self, nursery: trio.Nursery) -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        faulty = FaultyStream(ours)
        got: list[bytes] = []

        async def read() -> None:
            got.append(bytes(await faulty.receive_some()))

        faulty.pause_reading()
        await theirs.send_all(b"x")
        nursery.start_soon(read)
        await trio.testing.wait_all_tasks_blocked()
        assert not got
        faulty.resume_reading()
        await trio.testing.wait_all_tasks_blocked()
        assert got == [b"x"]
        await faulty.aclose()
        with pytest.raises(trio.ClosedResourceError):
            await ours.send_all(b"x")

    @pytest.mark.parametrize("after", range(50, 2000, 130))
    async def test_a_connection_that_breaks_anywhere(self, after: int) -> None:
        ours, theirs = trio.testing.memory_stream_pair()

        async def use() -> None:
            async with open_session_pair(streams=(FaultyStream(ours, break_after=after), theirs)) as (_, server):
                async with server.display.frame() as frame:
                    frame.fill(Rect(0, 0, 1000, 500), (1, 2, 3))
                await trio.sleep_forever()

        with trio.fail_after(10), pytest.raises(SessionClosed):
            await use()


async def test_a_pair_of_channels() -> None:
    left, right = channel_pair("talk", messages=1)
    assert left.name == right.name == "talk"
    await left.send(b"one")
    with pytest.raises(trio.WouldBlock):
        left.send_nowait(b"two")
    assert right.receive_nowait() == b"one"
    right.fail("enough")
    with pytest.raises(trio.BrokenResourceError, match="channel talk: enough"):
        await right.receive()
    with pytest.raises(trio.EndOfChannel):
        await left.receive()
