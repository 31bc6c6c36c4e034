"""`ClipboardLink` without the face around it; what users see of it, `test_clipboard` tests."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from tests.clipboards import ClipboardPeer
from trio_rdp.channels.cliprdr import (
    Capabilities,
    ClipboardFormat,
    FormatDataRequest,
    FormatDataResponse,
    FormatListResponse,
    GeneralCapability,
    LongFormatList,
    MonitorReady,
)
from trio_rdp.faces.clipboard.files import MemoryFile
from trio_rdp.faces.clipboard.link import ClipboardLink
from trio_rdp.faces.clipboard.offering import Offering
from trio_rdp.faces.clipboard.rendering import render_text
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError


def linked(nursery: trio.Nursery, limits: Limits | None = None) -> tuple[ClipboardLink, ClipboardPeer]:
    ours, theirs = channel_pair("cliprdr")
    link = ClipboardLink(
        ours, limits or Limits(), is_server=False, temporary_directory=None, on_change=lambda: changes.append(1)
    )
    changes: list[int] = []

    async def run() -> None:
        with pytest.RaisesGroup(trio.EndOfChannel):
            await link.run()
        link.end(ChannelClosed("cliprdr", "it was closed"))

    nursery.start_soon(run)
    return link, ClipboardPeer(theirs)


async def test_a_life(nursery: trio.Nursery) -> None:
    link, peer = linked(nursery)
    with trio.move_on_after(0.01) as scope:
        await link.wait_ready()
    assert scope.cancelled_caught
    await peer.say(Capabilities(capability_sets=[GeneralCapability()]), MonitorReady())
    await link.wait_ready()
    await peer.hear(Capabilities)
    await peer.channel.receive()  # our formats, none
    assert await link.fetch(lambda contents: contents.find((13,))) is None
    await peer.say(LongFormatList(formats=[ClipboardFormat(13)]))
    await peer.channel.receive()
    async with trio.open_nursery() as inner:

        async def fetch() -> None:
            fetched = await link.fetch(lambda contents: contents.find((13,)))
            assert fetched is not None
            assert (fetched.data, fetched.format_id, fetched.clip_data_id) == (b"data", 13, None)

        inner.start_soon(fetch)
        await peer.hear(FormatDataRequest)
        assert link.requests_wanted == 1
        await peer.say(FormatDataResponse(requested_format_data=b"data"))
    await peer.channel.aclose()
    await trio.testing.wait_all_tasks_blocked()
    assert link.was_closed
    with pytest.raises(ChannelClosed):
        link.check()
    for call in (lambda: link.offer(Offering(render_text("x"), None)), lambda: link.ask_size(0, None)):
        with pytest.raises(ChannelClosed):
            await call()


async def test_an_offer_that_is_replaced_waits_no_longer(nursery: trio.Nursery) -> None:
    link, peer = linked(nursery)
    returned: list[int] = []

    async def offer(number: int) -> None:
        await link.offer(Offering(render_text("x"), None))
        returned.append(number)

    for number in range(3):
        nursery.start_soon(offer, number)
        await trio.testing.wait_all_tasks_blocked()
    assert returned == [0, 1]
    await peer.say(MonitorReady())
    await peer.channel.receive()
    await peer.say(FormatListResponse())
    await trio.testing.wait_all_tasks_blocked()
    assert returned == [0, 1, 2]
    await peer.channel.aclose()
    await trio.testing.wait_all_tasks_blocked()


async def test_files_for_a_peer_that_takes_none_or_too_many(nursery: trio.Nursery) -> None:
    link, peer = linked(nursery, Limits(channel_message=2000))
    with pytest.raises(LocalProtocolError, match="than a message can list"):
        await link.offer(Offering({}, [MemoryFile(str(number), b"") for number in range(4)]))
    await peer.say(MonitorReady())
    with pytest.raises(LocalProtocolError, match="takes no files"):
        await link.offer(Offering({}, [MemoryFile("a", b"")]))
    assert link.exchange.offer_number == 0
    await peer.channel.aclose()
    await trio.testing.wait_all_tasks_blocked()
