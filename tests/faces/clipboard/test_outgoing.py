from __future__ import annotations

import pytest
import trio
import trio.testing

from trio_rdp.faces.clipboard.outgoing import ClipboardOutgoing
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import RemoteProtocolError


async def test_messages_go_in_order(nursery: trio.Nursery) -> None:
    ours, theirs = channel_pair(messages=1)
    outgoing = ClipboardOutgoing(ours, 1000, 100)
    nursery.start_soon(outgoing.run)
    for number in range(20):
        await outgoing.wait_room()
        outgoing.put(b"%d" % number)
    assert [await theirs.receive() for _ in range(20)] == [b"%d" % number for number in range(20)]
    await trio.testing.wait_all_tasks_blocked()
    assert outgoing.bytes == 0
    assert 0 < outgoing.peak_bytes <= 30
    nursery.cancel_scope.cancel()


async def test_who_wants_to_send_waits_for_room(nursery: trio.Nursery) -> None:
    for most_bytes, most_messages in ((10, 1000), (1000, 4)):
        ours, theirs = channel_pair(messages=0)
        outgoing = ClipboardOutgoing(ours, most_bytes, most_messages)
        nursery.start_soon(outgoing.run)
        for _ in range(2):
            await outgoing.wait_room()
            outgoing.put(bytes(8))
        with trio.move_on_after(0.01) as scope:
            await outgoing.wait_room()
        assert scope.cancelled_caught
        await theirs.receive()
        await outgoing.wait_room()
    nursery.cancel_scope.cancel()


async def test_what_is_owed_has_an_end() -> None:
    outgoing = ClipboardOutgoing(channel_pair()[0], 1, 3)
    for _ in range(3):
        outgoing.put(b"xx")
    with pytest.raises(RemoteProtocolError, match="reads none"):
        outgoing.put(b"xx")


async def test_closing_wakes_who_waits(nursery: trio.Nursery) -> None:
    outgoing = ClipboardOutgoing(channel_pair()[0], 1, 3)
    outgoing.put(b"xx")
    nursery.start_soon(outgoing.wait_room)
    await trio.testing.wait_all_tasks_blocked()
    outgoing.close()
    assert outgoing.is_closed
    assert outgoing.bytes == 0


@pytest.mark.parametrize("is_ours", [True, False])
async def test_the_end_of_the_channel_is_the_receivers_matter(nursery: trio.Nursery, is_ours: bool) -> None:
    ours, theirs = channel_pair()
    outgoing = ClipboardOutgoing(ours, 1, 3)
    await (ours if is_ours else theirs).aclose()
    outgoing.put(b"x")
    await outgoing.run()
