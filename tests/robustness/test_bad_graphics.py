"""A client that misbehaves on the graphics pipeline: at most that channel ends, and all else goes on."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import trio
import trio.lowlevel

from tests.display_link import cancelled_after
from tests.pipeline_pair import noise, paint, pipeline_pair, wait_equal
from trio_rdp.channels.rdpgfx import GraphicsClient
from trio_rdp.channels.rdpgfx.caching import CacheEntryMetadata, CacheImportOfferPdu
from trio_rdp.channels.rdpgfx.capabilities import CapabilitySet, CapabilityVersion, CapsAdvertisePdu
from trio_rdp.channels.rdpgfx.frames import (
    SUSPEND_FRAME_ACKNOWLEDGEMENT,
    FrameAcknowledgePdu,
    QoeFrameAcknowledgePdu,
    StartFramePdu,
)
from trio_rdp.channels.rdpgfx.header import GraphicsPdu, UnknownGraphicsPdu
from trio_rdp.client import Session
from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.faces.graphics.pipeline import GraphicsPipeline
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.jobs import EndPipelineFrame
from trio_rdp.protocol.config import ClientConfig, DesktopSize, Security, ServerConfig
from trio_rdp.protocol.input_events import UnicodePressed
from trio_rdp.protocol.limits import Limits
from trio_rdp.server import ServerSession
from trio_rdp.testing import open_session_pair
from trio_rdp.wire.errors import SessionClosed

LIMITS = Limits(frame_acknowledgement=0.02, graphics_opening=0.02)
CLIENT = ClientConfig(username="user", security=Security.NONE, desktop_size=DesktopSize(128, 96), enable_h264=False)
SERVER = ServerConfig(
    security=Security.NONE,
    minimum_size=DesktopSize(1, 1),
    codecs=(BitmapCodec.CLEARCODEC, BitmapCodec.PLANAR, BitmapCodec.RAW),
    limits=LIMITS,
    static_channels=("echo",),
)
V8, V107 = CapabilitySet.of(CapabilityVersion.VERSION_8), CapabilitySet.of(CapabilityVersion.VERSION_107)
UNKNOWN = CapabilitySet(version=CapabilityVersion(0x000B0000), caps_data=b"")


def advertise(*sets: CapabilitySet) -> bytes:
    return CapsAdvertisePdu(caps_sets=list(sets)).encode()


def acknowledge(frame_id: int, depth: int = 0) -> bytes:
    return FrameAcknowledgePdu(queue_depth=depth, frame_id=frame_id, total_frames_decoded=frame_id).encode()


def offer(count: int = 1) -> bytes:
    entries = [CacheEntryMetadata(cache_key=key, bitmap_length=1 << 31) for key in range(count)]
    return CacheImportOfferPdu(cache_entries=entries).encode()


@dataclass
class Client:
    """What a client does with the channel itself: it reads, and a test says the rest."""

    session: Session
    server: ServerSession
    channels: list[MessageChannel] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    is_over: bool = False
    on_frame: Callable[[int], bytes | None] = lambda _: None

    async def run(self, channel: MessageChannel) -> None:
        """Instead of the face's."""
        self.channels.append(channel)
        machine = GraphicsClient(h264=True)
        machine.start()
        self.is_over = False
        with contextlib.suppress(trio.EndOfChannel, trio.BrokenResourceError, trio.ClosedResourceError, SessionClosed):
            async for message in channel:
                for event in machine.receive(machine.inflate(message), 0.0):
                    if isinstance(event, EndPipelineFrame):
                        machine._frames.clear()
                        self.frames.append(event.frame_id)
                        if answer := self.on_frame(event.frame_id):
                            if answer == advertise(V107):
                                machine.reset()
                            elif answer.startswith(offer()[:4]):
                                machine.offer_cache([(0, 1)])
                            await channel.send(answer)
        self.is_over = True

    @property
    def channel(self) -> MessageChannel:
        return self.channels[-1]

    async def say(self, *messages: bytes) -> None:
        with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            for message in messages:
                await self.channel.send(message)

    async def until(self, is_so: Callable[[], bool]) -> None:
        with trio.fail_after(10):
            while not is_so():  # noqa: ASYNC110
                await trio.sleep(0.001)

    async def draw(self, count: int = 3) -> None:
        """Pictures that all differ."""
        for number in range(count):
            async with self.server.display.frame() as frame:
                frame.fill(frame.bounds, (10 + number, len(self.frames) % 200, 9))

    async def check_alive(self) -> None:
        """Keys, another channel, and the picture: by the classic path, where the channel is over."""
        await self.session.keyboard.type("x")
        while await self.server.input.receive() != UnicodePressed("x"):
            pass
        await self.server.channel("echo").send(b"still there")
        assert await self.session.channel("echo").receive() == b"still there"
        await self.draw()
        if self.is_over:
            assert not self.server.display.has_pipeline
            await self.until(lambda: np.array_equal(self.session.screen.snapshot(), self.server.display.snapshot()))


@contextlib.asynccontextmanager
async def hostile(
    monkeypatch: pytest.MonkeyPatch, *, agree: bool = True, limits: Limits = LIMITS
) -> AsyncIterator[Client]:
    """A session whose client's pipeline is the test's."""
    found: list[Client] = []

    async def run(_: GraphicsPipeline, channel: MessageChannel) -> None:
        while not found:  # noqa: ASYNC110
            await trio.sleep(0.001)
        await found[0].run(channel)

    monkeypatch.setattr(GraphicsPipeline, "run", run)
    config = replace(CLIENT, static_channels=("echo",))
    async with open_session_pair(client_config=config, server_config=replace(SERVER, limits=limits)) as pair:
        with trio.fail_after(20):
            found.append(Client(*pair))
            client = found[0]
            await client.until(lambda: bool(client.channels))
            if agree:
                await client.say(advertise(V107))
                await client.draw(1)
                await client.until(lambda: bool(client.frames))
            yield client


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(advertise(), id="no sets"),
        pytest.param(advertise(UNKNOWN), id="unknown sets"),
        pytest.param(advertise(replace(V107, caps_data=b"")), id="sets of no length"),
        pytest.param(bytes.fromhex("1200 0000 0a000000 ffff"), id="65,535 sets that are not there"),
        pytest.param(
            b"\x12\0\0\0" + (10 + 65535 * 12).to_bytes(4, "little") + b"\xff\xff" + V8.encode() * 65535,
            id="65,535 sets",
        ),
        pytest.param(acknowledge(1), id="an acknowledgement first"),
        pytest.param(bytes(7), id="half a header"),
        pytest.param(b"\xff" * 100, id="nonsense"),
    ],
)
async def test_capabilities(message: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    async with hostile(monkeypatch, agree=False) as client:
        await client.say(message)
        await client.until(lambda: client.is_over)
        await client.check_alive()


async def test_a_client_that_never_says_what_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    async with hostile(monkeypatch, agree=False) as client:
        await client.draw()
        assert not client.server.display.has_pipeline
        assert not client.frames
        await client.check_alive()
        await client.say(advertise(V107))  # better late than never
        await client.draw()
        await client.until(lambda: bool(client.frames))
        assert client.server.display.has_pipeline


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([acknowledge(10_000 + number) for number in range(300)], id="for frames that never were"),
        pytest.param([b"".join(acknowledge(number) for number in range(1025))], id="too many at once"),
        pytest.param([b"".join(UnknownGraphicsPdu(cmd_id=0x99).encode() for _ in range(1025))], id="unknown at once"),
        pytest.param([offer()] * 17, id="offers without end"),
        pytest.param([offer(5461)[:-1]], id="half an offer"),
        pytest.param([CacheImportOfferPdu.cmd_id.to_bytes(4, "little") + b"\x0a\0\0\0\xff\xff"], id="a false offer"),
        pytest.param([advertise(V107)] * 1030, id="beginning anew without end"),
        pytest.param([StartFramePdu(frame_id=1).encode()], id="what is a server's"),
    ],
)
async def test_what_ends_the_channel(messages: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    async with hostile(monkeypatch) as client:
        for message in messages:
            await client.say(message)
            await trio.lowlevel.checkpoint()
        await client.until(lambda: client.is_over)
        await client.check_alive()


def qoe(frame_id: int) -> GraphicsPdu:
    return QoeFrameAcknowledgePdu(frame_id=frame_id, timestamp=7, time_diff_se=0xFFFF, time_diff_edr=0xFFFF)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda _: None, id="never"),
        pytest.param(lambda frame_id: acknowledge(frame_id, 0xFFFFFFFE), id="a deep queue"),
        pytest.param(lambda frame_id: acknowledge(frame_id - 1), id="late"),
        pytest.param(lambda frame_id: acknowledge(frame_id) * 3, id="three times"),
        pytest.param(
            lambda frame_id: acknowledge(frame_id, SUSPEND_FRAME_ACKNOWLEDGEMENT if frame_id % 2 else 5),
            id="now and then",
        ),
        pytest.param(lambda frame_id: acknowledge(frame_id) + qoe(frame_id).encode() * 1000, id="with many times"),
        pytest.param(lambda frame_id: advertise(V107) if frame_id % 4 == 3 else acknowledge(frame_id), id="anew"),
        pytest.param(lambda frame_id: offer(3) * 2 if frame_id == 2 else acknowledge(frame_id), id="offering twice"),
    ],
)
async def test_what_is_borne(answer: Callable[[int], bytes | None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures go on, and no more frames are remembered than named."""
    async with hostile(monkeypatch) as client:
        client.on_frame = answer
        for _ in range(5):
            await client.draw(4)
            statistics = client.server.display.statistics().pipeline
            if statistics is not None:
                assert statistics.unacknowledged <= statistics.most_unacknowledged + 1
        assert not client.is_over
        assert client.server.display.has_pipeline
        await client.check_alive()
        assert len(client.frames) > 3


async def test_closing_in_the_middle_of_a_frame_and_opening_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with hostile(monkeypatch) as client:
        for number in range(3):
            known = len(client.channels)
            async with client.server.display.frame() as frame:
                frame.fill(frame.bounds, (number, 99, 1))
                await client.channel.aclose()
                await client.until(lambda: client.is_over)
            await client.check_alive()
            client.server._open_graphics()
            await client.until(lambda known=known: len(client.channels) > known)  # type: ignore[misc]
            await client.say(advertise(V107))
            await client.until(lambda: client.server.display.has_pipeline)
            await client.draw()


@pytest.mark.parametrize("way", ["the server vanishes", "the client vanishes", "the handler is cancelled"])
async def test_the_end_while_pictures_are_encoded(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (96, 128, 4), np.uint8)
    over = trio.Event()

    async def draw(server: ServerSession) -> None:
        with contextlib.suppress(SessionClosed):
            while True:
                async with server.display.frame() as frame:
                    frame.blit(frame.bounds, picture)
                    picture[...] += 1
        over.set()

    # Who left, or was broken off, is told so.
    with contextlib.suppress(SessionClosed):
        async with hostile(monkeypatch) as client, trio.open_nursery() as nursery:
            nursery.start_soon(draw, client.server)
            await client.until(lambda: len(client.frames) > 2)
            if way != "the handler is cancelled":
                side = client.server if way == "the server vanishes" else client.session
                await trio.aclose_forcefully(side._framed.stream)
                await over.wait()
            nursery.cancel_scope.cancel()


async def test_a_handler_that_is_cancelled_at_any_checkpoint() -> None:
    async with pipeline_pair(codecs=SERVER.codecs) as (session, server):
        for steps in [*range(12), 15, 20, 30]:
            with cancelled_after(steps):
                async with server.display.frame() as frame:
                    frame.blit(frame.bounds, noise(300, 200, steps))
        await paint(server, (9, 9, 9), Rect(5, 5, 50, 50))
        await wait_equal(session, server)
        assert server.display.has_pipeline
        assert session.graphics.is_open
