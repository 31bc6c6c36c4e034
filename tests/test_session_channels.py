"""`SessionChannels`: what comes on a channel goes where it belongs."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.level import Ending
from trio_rdp.pdu.gcc_client import ChannelDefinition, ChannelOptions
from trio_rdp.protocol.channel_frames import ChannelFrames
from trio_rdp.protocol.envelopes import Envelopes
from trio_rdp.protocol.limits import Limits
from trio_rdp.session_channels import SessionChannels
from trio_rdp.wire.errors import LocalProtocolError, SessionClosed
from trio_rdp.writer import Writer

DEFINITIONS = [
    ChannelDefinition(name="One", options=ChannelOptions(ChannelOptions.PRI_HIGH)),
    ChannelDefinition(name="two"),
    ChannelDefinition(name="DRDYNVC"),
    ChannelDefinition(name="refused"),
]


class Idle(ChannelFace):
    async def _work(self, channel: MessageChannel) -> None:
        await trio.sleep_forever()


class Bench:
    def __init__(self) -> None:
        limits = Limits(channel_messages=2)
        self.writer = Writer(trio.testing.MemorySendStream(), limits)
        self.ending = Ending()
        self.channels = SessionChannels(self.writer, limits, self.ending)
        self.channels.add_static(
            DEFINITIONS, ["One", "two", "DRDYNVC"], lambda name: ChannelFrames(Envelopes(False), 1004, 1600)
        )


def test_channels_are_found_by_name() -> None:
    bench = Bench()
    one = bench.channels.find("One")
    assert one is bench.channels.find("ONE")
    assert one is not None
    assert bench.writer.channel("One").share == 4
    assert bench.channels.find("refused") is None
    assert bench.channels.find("drdynvc") is None  # it carries others, and is nobody's own
    assert [found.name for found in bench.channels.statistics()] == ["One", "two"]


async def test_messages_are_delivered() -> None:
    bench = Bench()
    two = bench.channels.find("two")
    assert two is not None
    bench.channels.deliver("two", b"a")
    assert bench.channels.take_crowded() is None
    bench.channels.deliver("two", b"b")
    assert bench.channels.take_crowded() is two.inflow
    assert bench.channels.take_crowded() is None
    assert await two.receive() == b"a"
    bench.channels.deliver("DRDYNVC", b"nobody is there for it")


async def test_one_channel_fails(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    one, two = bench.channels.find("one"), bench.channels.find("two")
    assert one is not None
    assert two is not None
    bench.channels.fail("One", "it lies")
    assert "channel One is given up: it lies" in caplog.text
    with pytest.raises(trio.BrokenResourceError, match="it lies"):
        await one.receive()
    await two.send(b"fine")
    bench.channels.fail("DRDYNVC", "nobody is there for it")


async def test_the_end_wakes_everybody(nursery: trio.Nursery) -> None:
    bench = Bench()
    face = Idle("idle")
    bench.channels.faces.append(face)
    ended = trio.Event()

    async def receive() -> None:
        one = bench.channels.find("one")
        assert one is not None
        with pytest.raises(SessionClosed):
            await one.receive()
        ended.set()

    nursery.start_soon(receive)
    await trio.testing.wait_all_tasks_blocked()
    bench.ending.end(SessionClosed("it is over"), is_clean=False)
    bench.channels.wake()
    await ended.wait()
    with pytest.raises(SessionClosed, match="it is over"):
        await face.wait_open()


async def test_a_face_without_its_channel() -> None:
    face = Idle("idle")
    face.unavailable("one side did not ask for it")
    with pytest.raises(LocalProtocolError):
        await face.wait_open()
