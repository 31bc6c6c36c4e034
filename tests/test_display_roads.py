"""From one road to the other and back, in the middle of everything."""

from __future__ import annotations

import pytest

from tests.pipeline_pair import CLIENT, SERVER, noise, paint, pipeline, pipeline_pair, wait_equal
from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.pacing import FramePacer
from trio_rdp.protocol.config import DesktopSize
from trio_rdp.wire.errors import LocalProtocolError

LOSSLESS = (BitmapCodec.CLEARCODEC, BitmapCodec.PLANAR, BitmapCodec.RAW)


async def test_the_pipeline_carries_even_the_first_picture() -> None:
    async with pipeline_pair() as (client, server):
        assert server.display.has_pipeline
        await server.display.wait_shown()
        assert pipeline(server).acknowledged > 0
        assert client.statistics().graphics.frames > 0


@pytest.mark.parametrize(
    ("client", "server"),
    [
        ({"enable_graphics_pipeline": False}, {}),
        ({"enable_dynamic_channels": False}, {}),
        ({"color_depth": 24}, {}),
        ({}, {"enable_graphics_pipeline": False}),
        ({}, {"codecs": (BitmapCodec.QOI, BitmapCodec.RAW)}),
    ],
)
async def test_where_one_side_does_not_want_it(client: dict[str, object], server: dict[str, object]) -> None:
    async with pipeline_pair(client=client, **server) as (_, session):
        assert not session.display.has_pipeline
        assert not session.display.takes_h264
        async with session.display.frame() as frame:
            with pytest.raises(LocalProtocolError, match=r"takes no H\.264"):
                frame.h264(Rect(0, 0, 16, 16), b"")


async def test_back_when_the_channel_ends_and_there_again() -> None:
    async with pipeline_pair(codecs=LOSSLESS) as (client, server):
        server.display.quality = Quality.HIGH
        channel = next(one for one in server._dynamics if one.name.endswith("Graphics"))
        sent = server.display.statistics().tiles_sent
        channel.fail("the test says so")
        async with server.display.frame() as frame:
            frame.blit(Rect(10, 10, 100, 100), noise(100, 100))
        await wait_equal(client, server)
        assert not server.display.has_pipeline
        assert server.display.quality is Quality.HIGH
        assert server.display.statistics().tiles_sent > sent
        for number in range(5):
            await paint(server, (number, 5, 9), Rect(20 * number, 0, 50, 50))
        await wait_equal(client, server)
        server._open_graphics()
        await paint(server, (7, 7, 200), Rect(0, 0, 20, 20))
        while not server.display.has_pipeline:
            await paint(server, (7, 7, 200), Rect(0, 0, 20, 20))
        await paint(server, (7, 70, 200), Rect(0, 50, 20, 20))
        await wait_equal(client, server)
        assert server.display.quality is Quality.HIGH


async def test_what_is_counted_is_of_the_whole_session() -> None:
    async with pipeline_pair(codecs=LOSSLESS) as (client, server):
        async with server.display.frame() as frame:
            frame.blit(Rect(10, 10, 100, 100), noise(100, 100))
        await wait_equal(client, server)
        await server.display.wait_shown()
        before, shown = pipeline(server), client.statistics().graphics
        assert min(before.frames, before.acknowledged, before.bytes, before.fills, shown.frames, shown.fills) > 0
        codecs = server.display.statistics().codecs

        next(one for one in server._dynamics if one.name.endswith("Graphics")).fail("the test says so")
        while server.display.has_pipeline:
            await paint(server, (9, 9, 9), Rect(0, 0, 9, 9))
        on_the_classic_road = pipeline(server)
        assert on_the_classic_road.frames >= before.frames
        assert (on_the_classic_road.version, on_the_classic_road.most_unacknowledged) == (None, 0)
        assert on_the_classic_road.round_trip is None
        await wait_equal(client, server)

        server._open_graphics()
        while not server.display.has_pipeline:
            await paint(server, (7, 7, 200), Rect(0, 0, 20, 20))
        await wait_equal(client, server)
        await server.display.wait_shown()
        after, seen = pipeline(server), client.statistics().graphics
        assert after.version == before.version
        for name in ("frames", "acknowledged", "bytes", "fills"):
            assert getattr(after, name) > getattr(on_the_classic_road, name) >= getattr(before, name)
        for codec, count in server.display.statistics().codecs.items():
            assert count.bytes >= codecs[codec].bytes if codec in codecs else count.bytes > 0
            assert count.seconds > 0
        for name in ("frames", "shown", "acknowledged", "bytes_received", "fills"):
            assert getattr(seen, name) > getattr(shown, name)


async def test_frames_that_a_slow_line_never_showed_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    async with pipeline_pair(codecs=LOSSLESS) as (client, server):
        monkeypatch.setattr(FramePacer, "frame_bytes", 4096.0)  # a quarter of the picture
        for number in range(6):
            async with server.display.frame() as frame:
                frame.blit(frame.bounds, noise(300, 200, number))
        await wait_equal(client, server)
        merged = pipeline(server).merged
        assert 0 < merged < 6
        # Those that fit, those that draw nothing, and what is sent again by itself, merge with nothing.
        for number in range(3):
            await paint(server, (number, 9, 9), Rect(20 * number, 0, 9, 9))
            await wait_equal(client, server)
        async with server.display.frame() as frame:
            frame.blit(frame.bounds, noise(300, 200, 7))
        async with server.display.frame():
            pass
        server.display.refresh((frame.bounds,))
        await wait_equal(client, server)
        assert pipeline(server).merged == merged


async def test_back_at_a_size_that_the_share_does_not_have() -> None:
    async with pipeline_pair(codecs=LOSSLESS) as (client, server):
        await server.display.resize(400, 250)
        async with server.display.frame() as frame:
            frame.blit(Rect(0, 0, 400, 250), noise(400, 250))
        await wait_equal(client, server)
        assert server._stage.desktop_size == DesktopSize(300, 200)
        next(one for one in server._dynamics if one.name.endswith("Graphics")).fail("the test says so")
        await paint(server, (1, 1, 1), Rect(0, 0, 9, 9))
        await wait_equal(client, server)
        assert server.display.size == server._stage.desktop_size == client.size == DesktopSize(400, 250)


async def test_a_wish_for_a_codec_outlives_the_road() -> None:
    async with pipeline_pair() as (client, server):
        server.display.codec = BitmapCodec.PLANAR
        await paint(server, (50, 60, 70))
        next(one for one in server._dynamics if one.name.endswith("Graphics")).fail("the test says so")
        await paint(server, (80, 60, 70))
        await wait_equal(client, server)
        assert server.display.codec is BitmapCodec.PLANAR


def test_it_is_the_default() -> None:
    assert CLIENT.enable_graphics_pipeline
    assert SERVER.enable_graphics_pipeline
