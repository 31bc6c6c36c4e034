"""`DeviceRequests`: many requests at once over one channel, within its bounds."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from tests.device_client import DeviceClient, open_drive
from trio_rdp.channels import rdpdr
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import ChannelClosed


async def test_turns_are_taken_in_order(nursery: trio.Nursery) -> None:
    client = DeviceClient()
    client.files |= {f"\\{number}": bytearray() for number in range(6)}
    async with open_drive(client, Limits(device_requests=1)) as drive:
        client.hold = lambda _: True
        for number in range(6):
            nursery.start_soon(drive.open, str(number))
            await trio.testing.wait_all_tasks_blocked()
        await client.release()
        await trio.testing.wait_all_tasks_blocked()
    assert list(client.opened.values()) == [f"\\{number}" for number in range(6)]


async def test_a_turn_that_is_given_up_goes_to_the_next(nursery: trio.Nursery) -> None:
    client = DeviceClient()
    async with open_drive(client, Limits(device_requests=1)) as drive:
        client.hold = lambda _: True
        nursery.start_soon(drive.exists, "a")
        await trio.testing.wait_all_tasks_blocked()
        scopes = []

        async def ask() -> None:
            with trio.CancelScope() as scope:
                scopes.append(scope)
                await drive.exists("b")

        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(drive.exists, "c")
        await trio.testing.wait_all_tasks_blocked()
        scopes[0].cancel()
        await client.release()
        await trio.testing.wait_all_tasks_blocked()
        assert drive._requests.queued == drive._requests.machine.requests_under_way == 0
        asked = [message.path for message in client.heard if isinstance(message, rdpdr.CreateRequest)]
        assert asked == ["\\a", "\\c"]


async def test_requests_that_cannot_be_sent(nursery: trio.Nursery) -> None:
    """A cancelled call whose message found no room leaves no trace."""
    client = DeviceClient()
    async with open_drive(client) as drive:
        requests = drive._requests
        full = trio.Event()

        async def no_room(*_: object) -> None:
            await full.wait()

        requests._send = no_room
        with trio.move_on_after(0.01) as scope:
            await drive.stat("")
        assert scope.cancelled_caught
        assert requests.machine.requests_under_way == 0
        assert not requests._calls


async def test_after_the_end() -> None:
    client = DeviceClient()
    async with open_drive(client) as drive:
        file = await drive.open("x", "wb")
        await client.channel.aclose()
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(ChannelClosed):
            await file.write(b"x")
        await file.aclose()
        with pytest.raises(ChannelClosed):
            await drive._requests.tell(b"")
