from __future__ import annotations

from typing import Any

import trio
import trio.testing

from trio_rdp.channels.rdpgfx.capabilities import CapabilitySet, CapabilityVersion, CapsAdvertisePdu
from trio_rdp.channels.rdpgfx.events import Confirmed, FrameAcknowledged
from trio_rdp.channels.rdpgfx.frames import FrameAcknowledgePdu
from trio_rdp.channels.rdpgfx.server import GraphicsServer
from trio_rdp.faces.graphics_host import GRAPHICS_CHANNEL_NAME, GraphicsHost
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.graphics.pipeline.jobs import BeginPipelineFrame, EndPipelineFrame
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair

ADVERTISE = CapsAdvertisePdu(caps_sets=[CapabilitySet.of(CapabilityVersion.VERSION_107)]).encode()


class Ear:
    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.machine: GraphicsServer | None = None
        self.host = GraphicsHost(Limits(), self._confirmed, self.heard.append, lambda: self.heard.append("closed"))

    def _confirmed(self, channel: MessageChannel, machine: GraphicsServer, event: Confirmed, opening: bytes) -> None:
        self.machine = machine
        self.heard += [event.version, len(opening) > 0]


def acknowledge(frame_id: int, depth: int = 0) -> bytes:
    return FrameAcknowledgePdu(queue_depth=depth, frame_id=frame_id, total_frames_decoded=1).encode()


async def test_what_a_client_says() -> None:
    ear = Ear()
    ours, theirs = channel_pair(GRAPHICS_CHANNEL_NAME)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ear.host.run, ours)
        await theirs.send(ADVERTISE)
        await trio.testing.wait_all_tasks_blocked()
        assert ear.heard == [CapabilityVersion.VERSION_107, True]
        assert ear.machine is not None
        ear.machine.encode([BeginPipelineFrame(5), EndPipelineFrame(5)])
        await theirs.send(acknowledge(5, 17))
        await trio.testing.wait_all_tasks_blocked()
        assert ear.heard[2:] == [FrameAcknowledged(5, 17, 1, (5,))]
        await theirs.send(ADVERTISE)  # it begins anew
        await trio.testing.wait_all_tasks_blocked()
        assert ear.heard[3:] == [CapabilityVersion.VERSION_107, True]
        await theirs.aclose()
    assert ear.heard[5:] == ["closed"]


async def test_acknowledgements_without_end_are_the_end_of_the_channel() -> None:
    ear = Ear()
    ours, theirs = channel_pair(GRAPHICS_CHANNEL_NAME)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ear.host.run, ours)
        await theirs.send(ADVERTISE)
        try:
            for number in range(100_000):
                await theirs.send(acknowledge(number))
        except trio.BrokenResourceError:
            pass
        await trio.testing.wait_all_tasks_blocked()
        assert ear.heard[2:] == ["closed"]
        assert not ear.host.is_open


async def test_nonsense_is_the_end_of_the_channel() -> None:
    for message in (b"x" * 100, acknowledge(1)):
        ear = Ear()
        ours, theirs = channel_pair(GRAPHICS_CHANNEL_NAME)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ear.host.run, ours)
            await theirs.send(message)
            await trio.testing.wait_all_tasks_blocked()
        assert ear.heard == ["closed"]


def test_a_client_that_has_no_such_channel() -> None:
    ear = Ear()
    ear.host.unavailable("nobody listens")
    assert ear.heard == ["closed"]
