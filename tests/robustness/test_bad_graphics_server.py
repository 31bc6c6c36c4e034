"""A server that misbehaves on the graphics pipeline: its channel ends with a reason, and all else goes on."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
import trio

from trio_rdp.channels.rdpgfx import CHANNEL_NAME
from trio_rdp.channels.rdpgfx.caching import CacheImportReplyPdu
from trio_rdp.channels.rdpgfx.frames import FrameAcknowledgePdu
from trio_rdp.channels.rdpgfx.translation import message_of
from trio_rdp.client import Session
from trio_rdp.codecs.avc_encoder import Encoder
from trio_rdp.codecs.avc_frames import Avc420BitmapStream, Avc420Metablock, Avc420QuantQuality
from trio_rdp.codecs.view import View
from trio_rdp.codecs.zgfx import Compressor
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.jobs import (
    BeginPipelineFrame,
    CopySurface,
    CreateSurface,
    DeleteContext,
    DeleteSurface,
    DrawCached,
    DrawProgressive,
    DrawSurface,
    EndPipelineFrame,
    EvictCached,
    FillSurface,
    MapSurface,
    MapSurfaceToWindow,
    PipelineCodec,
    PipelineJob,
    ResetGraphics,
    StoreCached,
)
from trio_rdp.graphics.pipeline.limits import PipelineLimits
from trio_rdp.protocol.config import ClientConfig, DesktopSize, Security, ServerConfig
from trio_rdp.protocol.input_events import UnicodePressed
from trio_rdp.protocol.limits import Limits
from trio_rdp.server import ServerSession
from trio_rdp.testing import open_session_pair
from trio_rdp.wire.errors import ChannelClosed

BOUNDS = PipelineLimits(
    surface_bytes=128 * 96 * 4 + 40_000, surface_side=512, surfaces=3, shown=2, context_pixels=5000, rectangles=100
)
CLIENT = ClientConfig(
    username="user",
    security=Security.NONE,
    desktop_size=DesktopSize(128, 96),
    enable_h264=False,
    static_channels=("echo",),
    limits=Limits(
        pipeline=BOUNDS, pipeline_message=1 << 20, pipeline_commands=1000, pipeline_unshown=20, desktop_side=600
    ),
)
SERVER = ServerConfig(security=Security.NONE, minimum_size=DesktopSize(1, 1), static_channels=("echo",))
ONE = Rect(0, 0, 1, 1)


def said(*jobs: PipelineJob) -> bytes:
    return b"".join(message_of(job).encode() for job in jobs)


def small(number: int) -> list[PipelineJob]:
    return [CreateSurface(number, 20, 20), MapSurface(number, 0, 0)]


# The desktop's surface is number 0 or 1, as the server likes; these leave it alone.
WAYS = {
    "a surface that is not there": (said(FillSurface(9, b"1234", (ONE,))), "no surface has the number 9"),
    "one that was deleted": (
        said(*small(9), DeleteSurface(9), DrawProgressive(9, 1, b"")),
        "no surface has the number 9",
    ),
    "the same one twice": (said(CreateSurface(9, 1, 1), CreateSurface(9, 1, 1)), "exists already"),
    "too many": (said(*(CreateSurface(9 + at, 1, 1) for at in range(3))), "more than 3 surfaces"),
    "too many that are shown": (said(*small(9), *small(10)), "more than 2 surfaces are shown"),
    "too large": (said(CreateSurface(9, 513, 1)), "of at most 512 a side"),
    "too large together": (said(CreateSurface(9, 128, 96)), "of at most 89152"),
    "a desktop that is too large": (said(ResetGraphics(601, 2)), "of at most 600 a side"),
    "a desktop without pixels": (said(ResetGraphics(0, 0)), "a desktop of 0x0 pixels"),
    "a copy from outside": (said(*small(9), CopySurface(9, 9, Rect(10, 10, 20, 20), ((0, 0),))), "is not in a surface"),
    "more rectangles": (said(*small(9), FillSurface(9, b"1234", (ONE,) * 101)), "more than 100 rectangles"),
    "drawn many times": (said(*small(9), FillSurface(9, b"1234", (Rect(0, 0, 20, 20),) * 5)), "are drawn at once"),
    "a slot that there is not": (said(*small(9), StoreCached(9, 1, 25_601, ONE)), "slot 25601 of a bitmap cache"),
    "a slot that is empty": (said(*small(9), DrawCached(77, 9, ((0, 0),))), "slot 77 of the bitmap cache is empty"),
    "no codec": (said(*small(9), DrawSurface(9, PipelineCodec(99), ONE, b"")), "no codec has the number 99"),
    "H.264 that was not offered": (said(*small(9), DrawSurface(9, PipelineCodec.AVC420, ONE, b"")), "not agreed"),
    "a bitmap that is none": (said(*small(9), DrawSurface(9, PipelineCodec.CLEARCODEC, ONE, b"")), "CLEARCODEC"),
    "a bitmap of 4 GB": (
        said(*small(9), DrawSurface(9, PipelineCodec.PLANAR, Rect(0, 0, 65535, 65535), b"\x10")),
        "a bitmap of 65535x65535",
    ),
    "contexts that are too large": (
        said(CreateSurface(9, 90, 90), DrawProgressive(9, 1, b"")),
        "codec contexts of 8100 pixels, of at most 5000",
    ),
    "a window that is too large": (
        said(*small(9), MapSurfaceToWindow(9, 7, 20, 20, (513, 1))),
        "a window scaled to 513x1",
    ),
    "many small commands": (said(EvictCached(1)) * 1001, "more than 1000 commands"),
    "many unknown ones": (struct.pack("<HHI", 0x99, 0, 8) * 1001, "more than 1000 commands"),
    "frames that end without end": (said(EndPipelineFrame(7)) * 21, "more than 20 frames"),
    "what inflates to much": (bytes(1 << 21), "more data than declared"),
    "bitmaps that were not offered": (CacheImportReplyPdu(cache_slots=[1]).encode(), "that were not offered"),
    "what is a client's": (FrameAcknowledgePdu(frame_id=1, total_frames_decoded=1).encode(), "which is a client's"),
    "half a header": (b"\x04\0\0", "needs 8 bytes"),
    "a length of 4 GB": (b"\x04\0\0\0\xff\xff\xff\xff", "needs 4294967295 bytes"),
}


async def wait_equal(client: Session, server: ServerSession) -> None:
    while not np.array_equal(client.screen.snapshot(), server.display.snapshot()):
        with trio.move_on_after(0.05):
            await client.screen.wait_changed()


async def begin(client: Session, server: ServerSession) -> None:
    await client.graphics.wait_ready()
    async with server.display.frame() as frame:
        frame.fill(frame.bounds, (9, 99, 9))
    await wait_equal(client, server)


async def say(server: ServerSession, messages: Iterable[bytes]) -> None:
    """Say something on the pipeline's channel that does not refer to what was said before."""
    assert server._channels.dynamic is not None
    (channel,) = (one for one in server._channels.dynamic if one.name == CHANNEL_NAME)
    with contextlib.suppress(trio.BrokenResourceError):
        for message in messages:
            await channel.send(Compressor().compress(message))


async def check_alive(client: Session, server: ServerSession) -> None:
    await client.keyboard.type("x")
    while await server.input.receive() != UnicodePressed("x"):
        pass
    await server.channel("echo").send(b"still there")
    assert await client.channel("echo").receive() == b"still there"
    async with server.display.frame() as frame:
        frame.fill(Rect(3, 3, 50, 50), (1, 2, 200))
    await wait_equal(client, server)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("in_frame", [False, True])
async def test_what_ends_the_channel(way: str, in_frame: bool) -> None:
    message, reason = WAYS[way]
    async with open_session_pair(client_config=CLIENT, server_config=SERVER) as (client, server):
        with trio.fail_after(10):
            await begin(client, server)
            before = [said(BeginPipelineFrame(5), *small(8), DeleteSurface(8))] if in_frame else []
            # The beginning of a frame waits for its end.
            await say(server, [*before, message, said(EndPipelineFrame(5))])
            while client.graphics.is_open:  # noqa: ASYNC110
                await trio.sleep(0.001)
            with pytest.raises(ChannelClosed, match=reason):
                await client.graphics.wait_open()
            while client.statistics().graphics.surfaces:  # noqa: ASYNC110
                await trio.sleep(0.001)
            await check_alive(client, server)
            assert not server.display.has_pipeline


async def test_codec_contexts_that_are_deleted_in_use_and_twice() -> None:
    message = said(*small(9), DrawProgressive(9, 1, b""), *(DeleteContext(9, 1),) * 2, DrawProgressive(9, 1, b""))
    async with open_session_pair(client_config=CLIENT, server_config=SERVER) as (client, server):
        with trio.fail_after(10):
            await begin(client, server)
            fills = client.graphics.statistics().fills
            await say(server, [message, said(FillSurface(9, b"1234", (ONE,)), DeleteSurface(9))])
            while client.graphics.statistics().fills == fills:  # noqa: ASYNC110
                await trio.sleep(0.001)
            # Jobs are done in their order, and nothing is filled behind one that ends the channel.
            assert client.graphics.is_open


def stream(bits: bytes) -> bytes:
    quality = Avc420QuantQuality(qp=20)
    meta = Avc420Metablock(region_rects=[(0, 0, 20, 20)], quant_quality_vals=[quality])
    return Avc420BitmapStream(avc420_meta_data=meta, avc420_encoded_bitstream=bits).encode()


def second_picture() -> bytes:
    """One that follows from another, which nobody has."""
    encoder = Encoder(20, 20)
    noise = np.random.default_rng(1)
    for _ in range(2):
        encoded = encoder.encode(View.of(noise.integers(0, 256, (20, 20, 4), np.uint8)))
    return Avc420BitmapStream.decode(encoded).avc420_encoded_bitstream


@pytest.mark.parametrize("which", ["noise", "nothing", "cut", "no picture before"])
async def test_h264_that_is_none(which: str) -> None:
    pytest.importorskip("av")
    data = {
        "noise": stream(b"\0\0\0\1\x65" + np.random.default_rng(2).bytes(500)),
        "nothing": b"",
        "cut": stream(b"")[:-1],
        "no picture before": stream(second_picture()),
    }[which]
    config = replace(CLIENT, enable_h264=True)
    async with open_session_pair(client_config=config, server_config=SERVER) as (client, server):
        with trio.fail_after(10):
            await begin(client, server)
            # One that is broken is passed over, as Windows sends such; so many in a row are none.
            broken = [DrawSurface(9, PipelineCodec.AVC420, Rect(0, 0, 20, 20), data)] * 65
            await say(server, [said(*small(9), *broken)])
            while client.graphics.is_open:  # noqa: ASYNC110
                await trio.sleep(0.001)
            with pytest.raises(ChannelClosed, match="Avc420"):
                await client.graphics.wait_open()
            await check_alive(client, server)
            assert not server.display.has_pipeline


async def test_a_frame_that_never_ends() -> None:
    async with open_session_pair(client_config=CLIENT, server_config=SERVER) as (client, server):
        with trio.fail_after(10):
            await begin(client, server)
            shown = client.screen.snapshot()
            frames = [said(BeginPipelineFrame(5), *small(9), FillSurface(9, b"1234", (ONE,)))]
            await say(server, [*frames, *[said(FillSurface(9, b"1234", (ONE,)))] * 50])
            await client.keyboard.type("x")
            while await server.input.receive() != UnicodePressed("x"):
                pass
            assert np.array_equal(client.screen.snapshot(), shown)
            assert client.graphics.is_open
            await say(server, [said(EndPipelineFrame(5))])
            while client.screen.pixel(0, 0) != (0x33, 0x32, 0x31):
                await client.screen.wait_changed()
            assert client.graphics.is_open
