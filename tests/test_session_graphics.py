"""The graphics pipeline of a whole session: beside the classic path, broken by its server, and left at any moment."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
import trio
import trio.testing

from tests.display_link import cancelled_after
from tests.robustness.test_cancel import cancelled_at
from trio_rdp.channels.rdpgfx import CHANNEL_NAME
from trio_rdp.channels.rdpgfx.capabilities import CapabilityVersion
from trio_rdp.channels.rdpgfx.drawing import SolidFillPdu
from trio_rdp.client import Session
from trio_rdp.codecs import avc, avc_library
from trio_rdp.codecs.avc_encoder import Encoder
from trio_rdp.codecs.avc_frames import Avc420BitmapStream
from trio_rdp.codecs.view import View
from trio_rdp.codecs.zgfx import Compressor
from trio_rdp.dynamic_channel import DynamicChannel
from trio_rdp.graphics.geometry import Rect
from trio_rdp.pdu.autodetect import BandwidthMeasureResults
from trio_rdp.protocol import server_stage
from trio_rdp.protocol.bandwidth import kilobits_per_second
from trio_rdp.protocol.channel_buffer import WhenFull
from trio_rdp.protocol.config import ClientConfig, DesktopSize, Security
from trio_rdp.protocol.input_events import UnicodePressed
from trio_rdp.server import ServerSession
from trio_rdp.testing import open_session_pair
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, SessionClosed

CLIENT = ClientConfig(username="user", security=Security.NONE, desktop_size=DesktopSize(320, 240), enable_h264=False)
GREEN = (0, 200, 0)
# A message that is no message of the pipeline, and one that draws on a surface that there is not.
GARBAGE = bytes.fromhex("e0 04 ffffffffffff")
NOWHERE = Compressor().compress(
    SolidFillPdu(surface_id=0x7777, fill_pixel=b"\0\0\0\0", fill_rects=[(0, 0, 1, 1)]).encode()
)


async def paint(server: ServerSession, color: tuple[int, int, int]) -> None:
    async with server.display.frame() as frame:
        frame.fill(frame.bounds, color)


async def wait_color(client: Session, color: tuple[int, int, int]) -> None:
    with trio.fail_after(10):
        while not client.screen.is_painted or client.screen.pixel(100, 100) != color:
            await client.screen.wait_changed()


def channel_of(server: ServerSession) -> DynamicChannel:
    """The server's end of the pipeline's channel."""
    assert server._channels.dynamic is not None
    (found,) = (one for one in server._channels.dynamic if one.name == CHANNEL_NAME)
    return found


async def test_a_session_that_is_drawn_by_it() -> None:
    async with open_session_pair(client_config=CLIENT) as (client, server):
        with trio.fail_after(10):
            confirmed = await client.graphics.wait_ready()
        assert confirmed.version == CapabilityVersion.VERSION_107
        await paint(server, GREEN)
        await wait_color(client, GREEN)
        statistics = client.statistics().graphics
        assert statistics.surfaces == 1
        assert statistics.frames == statistics.shown == statistics.acknowledged > 0
        (channel,) = (one for one in client.statistics().channels if one.name == CHANNEL_NAME)
        assert channel.when_full is WhenFull.WAIT
        assert channel.max_bytes == CLIENT.limits.undecoded
        await client.keyboard.type("x")
        assert await server.input.receive() == UnicodePressed("x")


@pytest.mark.skipif(not avc.is_available(), reason="PyAV is not installed")
@pytest.mark.parametrize("takes_h264", [False, True])
async def test_h264_is_loaded_by_both_before_there_is_any(takes_h264: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    monkeypatch.setattr(avc_library, "is_loaded", lambda: False)
    monkeypatch.setattr(avc_library, "import_av", lambda: loaded.append(threading.get_ident()))
    config = replace(CLIENT, enable_h264=takes_h264)
    async with open_session_pair(client_config=config) as (client, server):
        with trio.fail_after(10):
            await client.graphics.wait_ready()
            await paint(server, GREEN)
            await wait_color(client, GREEN)
            while takes_h264 and len(loaded) < 2:  # noqa: ASYNC110
                await trio.sleep(0.001)
    assert len(loaded) == 2 * takes_h264
    assert threading.get_ident() not in loaded


async def test_nothing_is_shown_before_something_is_drawn() -> None:
    async with open_session_pair(client_config=CLIENT) as (client, server):
        with trio.fail_after(10):
            await client.graphics.wait_ready()
            while not server.display.has_pipeline:
                await trio.testing.wait_all_tasks_blocked(0.01)
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert not client.screen.is_painted
        await paint(server, GREEN)
        with trio.fail_after(10):
            await client.screen.wait_settled(0)
        assert client.screen.pixel(100, 100) == GREEN
        assert client.screen.statistics().frames == 1


@pytest.mark.parametrize("version", [CapabilityVersion.VERSION_81, CapabilityVersion.VERSION_10])
async def test_one_stream_of_h264_for_a_client_that_may_have_one_decoder(version: CapabilityVersion) -> None:
    pytest.importorskip("av")
    encoder = Encoder(64, 64)
    units = [
        Avc420BitmapStream.decode(encoder.encode(View.of(np.full((64, 64, 4), shade, np.uint8)))) for shade in (0, 100)
    ]
    client_config = replace(CLIENT, enable_h264=True, graphics_versions=(version,))
    first, other = Rect(0, 0, 64, 64), Rect(100, 0, 64, 64)
    async with open_session_pair(client_config=client_config) as (_, server):
        await paint(server, GREEN)
        async with server.display.frame() as frame:
            assert frame.h264(first, units[0].avc420_encoded_bitstream)
            if version < CapabilityVersion.VERSION_10:
                with pytest.raises(LocalProtocolError, match="the most"):
                    frame.h264(other, units[0].avc420_encoded_bitstream)
            else:
                assert frame.h264(other, units[0].avc420_encoded_bitstream)
            assert frame.h264(first, units[1].avc420_encoded_bitstream)


async def test_all_of_a_picture_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames within a long message are taken together, but for a client that counts them."""
    found: list[int] = []

    def note(results: BandwidthMeasureResults) -> float | None:
        found.append(results.byte_count)
        return kilobits_per_second(results)

    monkeypatch.setattr(server_stage, "kilobits_per_second", note)
    async with open_session_pair(client_config=CLIENT) as (_, server):
        while not found:  # the first picture is all of one colour
            await paint(server, GREEN)
            await trio.sleep(0.01)
        before, noise = server.display.statistics().bytes_encoded, np.random.default_rng(5)
        with trio.fail_after(20):
            while max(found) < 100_000:
                async with server.display.frame() as frame:
                    frame.blit(frame.bounds, noise.integers(0, 256, (240, 320, 4), np.uint8))
                await trio.sleep(0.05)
        assert server.display.statistics().bytes_encoded > before + 100_000


@pytest.mark.parametrize("change", [{"enable_graphics_pipeline": False}, {"color_depth": 16}])
async def test_a_session_without(change: dict[str, int]) -> None:
    config = replace(CLIENT, **change)  # type: ignore[arg-type]
    async with open_session_pair(client_config=config) as (client, server):
        await paint(server, (0, 255, 0))
        await wait_color(client, (0, 255, 0))
        assert client.graphics.version is None
        with pytest.raises(LocalProtocolError, match="was not asked for"):
            await client.graphics.wait_ready()


async def test_single_programs_are_drawn_the_classic_way() -> None:
    config = replace(CLIENT, enable_remote_apps=True)
    async with open_session_pair(client_config=config) as (client, server):
        await paint(server, (0, 255, 0))
        await wait_color(client, (0, 255, 0))
        assert not server.display.has_pipeline
        assert client.graphics.version is None


async def test_to_begin_anew_and_be_cancelled_leaves_nothing_half_done() -> None:
    async with open_session_pair(client_config=CLIENT) as (client, server):
        with trio.fail_after(20):
            await client.graphics.wait_ready()
            for steps in range(8):
                with cancelled_after(steps):
                    await client.graphics.reset()
                color = (10 * steps, 20, 30)
                await paint(server, color)
                await wait_color(client, color)
                await client.graphics.wait_ready()


async def test_the_desktop_gets_another_size() -> None:
    async with open_session_pair(client_config=CLIENT) as (client, server):
        with trio.fail_after(10):
            await client.graphics.wait_ready()
            await paint(server, GREEN)
            await wait_color(client, GREEN)
            for width, height in ((640, 480), (200, 300), (320, 240)):
                await server.display.resize(width, height)
                await paint(server, (width % 256, 0, 9))
                await wait_color(client, (width % 256, 0, 9))
                assert client.size == DesktopSize(width, height)
                assert (client.screen.width, client.screen.height) == (width, height)
            assert client.graphics.is_open


@pytest.mark.parametrize("message", [GARBAGE, NOWHERE], ids=["garbage", "nowhere"])
async def test_what_breaks_it_breaks_nothing_else(message: bytes) -> None:
    async with open_session_pair(client_config=CLIENT) as (client, server):
        with trio.fail_after(10):
            await client.graphics.wait_ready()
            await paint(server, GREEN)
            await wait_color(client, GREEN)
            await channel_of(server).send(message)
            while client.graphics.is_open:  # noqa: ASYNC110
                await trio.sleep(0.01)
            with pytest.raises(ChannelClosed, match="number 30583" if message == NOWHERE else "needs|exceed|message"):
                await client.graphics.wait_open()
            assert client.screen.pixel(100, 100) == GREEN
            assert client.statistics().graphics.surfaces == 0
            # The server hears that the channel is closed, and goes on by the classic path.
            await paint(server, (9, 9, 200))
            await wait_color(client, (9, 9, 200))
            await client.keyboard.type("x")
            assert await server.input.receive() == UnicodePressed("x")


async def test_the_face_hears_of_the_end() -> None:
    async with open_session_pair(client_config=CLIENT) as (client, _):
        with trio.fail_after(10):
            await client.graphics.wait_ready()
    with pytest.raises(SessionClosed):
        await client.graphics.wait_open()
    assert client.graphics.version is None


@pytest.mark.parametrize("checkpoint", [*range(0, 60, 4), 80, 120, 200])
async def test_left_at_any_moment(checkpoint: int) -> None:
    with trio.fail_after(20):
        async with cancelled_at(checkpoint), open_session_pair(client_config=CLIENT) as (client, server):
            await client.graphics.wait_ready()
            for shade in range(0, 250, 50):
                await paint(server, (shade, shade, 7))
                await wait_color(client, (shade, shade, 7))
            await client.graphics.reset()
            async with server.display.frame() as frame:
                frame.fill(Rect(0, 0, 50, 50), GREEN)
            await client.screen.wait_changed()
