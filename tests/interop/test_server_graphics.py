"""Our server's graphics pipeline with xfreerdp: what it shows of the framebuffer, and what the road there was."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import trio

from tests.interop.conftest import Peers
from tests.interop.display import Display, xvfb
from tests.interop.pictures import compare, photo, psnr
from tests.interop.processes import PATIENCE
from tests.interop.serving import paint, serving, snapshot, wait_close, wait_equal
from tests.interop.test_server_codecs import cut, desktop
from tests.interop.xfreerdp import NO_GFX, is_version_3, xfreerdp
from trio_rdp.channels.rdpgfx.capabilities import CapabilityVersion
from trio_rdp.codecs.avc_encoder import Encoder
from trio_rdp.codecs.avc_frames import Avc420BitmapStream
from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.codecs.view import View
from trio_rdp.display_statistics import GraphicsStatistics
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline import pacing
from trio_rdp.protocol.config import ServerConfig
from trio_rdp.server import ServerSession

EVERY_CODEC = ServerConfig().codecs
FLAGS = ["/gfx", "/gfx:avc444", "/gfx:avc420", "/gfx:rfx", "+gfx-progressive", "+gfx-thin-client"]


# What xfreerdp 2.11 gets for a photograph, and for a film, with each of its flags.  Only /gfx:avc420 makes it offer 8.1
# as a thin client; with the others it offers 10.7, where that flag says nothing of Progressive.
CHOICES = [
    ("", Quality.MEDIUM, BitmapCodec.PROGRESSIVE, BitmapCodec.AVC420),
    pytest.param(
        *("/gfx:avc444", Quality.MEDIUM, BitmapCodec.PROGRESSIVE, BitmapCodec.AVC420), marks=pytest.mark.interop_full
    ),
    ("/gfx:avc444", Quality.HIGH, BitmapCodec.PROGRESSIVE, BitmapCodec.AVC444),
    ("/gfx:avc420", Quality.HIGH, BitmapCodec.REMOTEFX, BitmapCodec.AVC420),
    ("/gfx:rfx", Quality.MEDIUM, BitmapCodec.PROGRESSIVE, BitmapCodec.PROGRESSIVE),
    ("+gfx-progressive", Quality.MEDIUM, BitmapCodec.PROGRESSIVE, BitmapCodec.AVC420),
    ("+gfx-thin-client", Quality.MEDIUM, BitmapCodec.PROGRESSIVE, BitmapCodec.AVC420),
]


def counts(session: ServerSession) -> dict[BitmapCodec, int]:
    """Tiles of each codec."""
    return {codec: count.tiles for codec, count in session.statistics().display.codecs.items() if count.tiles}


def pipeline(session: ServerSession) -> GraphicsStatistics:
    statistics = session.statistics().display.pipeline
    assert statistics is not None, "the picture took the other road"
    return statistics


@pytest.mark.parametrize("flag", ["", *(pytest.param(flag, marks=pytest.mark.interop_full) for flag in FLAGS)])
async def test_xfreerdp(client_display: Display, flag: str) -> None:
    flags = [flag] if flag else []
    async with (
        serving(codecs=EVERY_CODEC, paints=False) as served,
        xfreerdp(client_display, served.port, *flags, security="tls") as client,
    ):
        session = (await served.guest()).session
        await paint(session, desktop(session.size.width, session.size.height))
        await wait_close(client, session, 35)
        # What was lossy is sent again until it is exact.
        await wait_equal(client, session)
        found = pipeline(session)
        assert found.acknowledged > 0
        assert found.strange_acknowledgements == session.statistics().display.late_acknowledgements == 0


@pytest.mark.parametrize(
    ("bit", "version"),
    [
        pytest.param(bit, version, marks=() if bit in (0, 2) else pytest.mark.interop_full)
        for bit, version in enumerate(["8", "81", "10", "101", "102", "103", "104", "105", "106"])
    ],
)
async def test_each_version(client_display: Display, bit: int, version: str) -> None:
    """What is offered can be chosen: a bit of the filter leaves a version out."""
    only = f"/tune:FreeRDP_GfxCapsFilter:{0x7FF & ~(1 << bit)}"
    async with (
        serving(codecs=EVERY_CODEC, paints=False) as served,
        xfreerdp(client_display, served.port, "/gfx:avc444", only, security="tls") as client,
    ):
        session = (await served.guest()).session
        await paint(session, desktop(session.size.width, session.size.height))
        await wait_equal(client, session)
        assert pipeline(session).version == getattr(CapabilityVersion, f"VERSION_{version}")


@pytest.mark.interop_full
async def test_acknowledgements_suspended(client_display: Display) -> None:
    if not is_version_3():
        pytest.skip("xfreerdp 2.11 always acknowledges")
    async with (
        serving(codecs=EVERY_CODEC, paints=False) as served,
        xfreerdp(client_display, served.port, "/tune:FreeRDP_GfxSuspendFrameAck:TRUE", security="tls") as client,
    ):
        session = (await served.guest()).session
        for number in range(12):
            await paint(session, np.roll(desktop(session.size.width, session.size.height), 16 * number, axis=0))
        await wait_equal(client, session)
        found = pipeline(session)
        assert found.is_suspended
        assert found.strange_acknowledgements == session.statistics().display.late_acknowledgements == 0


@pytest.mark.parametrize(("flag", "quality", "photo_codec", "film_codec"), CHOICES)
async def test_what_carried_text_photograph_and_film(
    client_display: Display,
    flag: str,
    quality: Quality,
    photo_codec: BitmapCodec,
    film_codec: BitmapCodec,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("av")
    monkeypatch.setattr(pacing, "_WORSE", 1.0)  # a slow client has a slow line, and on that no 4:4:4
    flags = [flag] if flag else []
    film, scrolled = Rect(560, 420, 400, 288), Rect(0, 0, 512, 192)
    async with (
        serving(codecs=EVERY_CODEC, quality=quality, paints=False) as served,
        xfreerdp(client_display, served.port, *flags, security="tls") as client,
    ):
        session = (await served.guest()).session
        picture = desktop(session.size.width, session.size.height)
        await paint(session, picture)
        await wait_equal(client, session)
        before = counts(session)
        assert before.get(BitmapCodec.CLEARCODEC)
        assert before.get(photo_codec)
        # The noise of the photograph is what planar makes exact.
        assert not before.keys() - {BitmapCodec.CLEARCODEC, BitmapCodec.PLANAR, photo_codec}
        # A film, beside which a page scrolls, for as long as it takes until it is carried as one.
        for number in itertools.count():
            carried = counts(session).get(film_codec, 0) - before.get(film_codec, 0), pipeline(session).copies
            if carried[0] >= 12 * 20 and carried[1] >= 12:
                break
            assert number < 500, f"{carried} of {film_codec} and of copies; {counts(session)}, {pipeline(session)}"
            shot = photo(film.width, film.height, number % 24)
            picture[film.top : film.bottom, film.left : film.right] = shot
            picture[:192, :512] = np.roll(picture[:192, :512], -4, axis=0)
            async with session.display.frame() as frame:
                for rect in (film, scrolled):
                    frame.blit(rect, np.ascontiguousarray(cut(picture, rect)), PixelFormat.RGB24)
            await trio.sleep(0.04)
        during = counts(session)
        others = {BitmapCodec.AVC420, BitmapCodec.AVC444, BitmapCodec.REMOTEFX, BitmapCodec.PROGRESSIVE}
        assert not during.keys() & others - {film_codec, photo_codec}
        await wait_close(client, session, 33)
        await wait_equal(client, session)
        # A menu opens and closes: what it covered is drawn from the cache.
        menu = Rect(128, 320, 256, 256)
        for _ in range(2):
            await trio.sleep(0.4)  # what has just been drawn is not worth keeping
            async with session.display.frame() as frame:
                frame.fill(menu, (230, 230, 235))
            await wait_equal(client, session)
            await trio.sleep(0.4)
            async with session.display.frame() as frame:
                frame.blit(menu, np.ascontiguousarray(cut(picture, menu)), PixelFormat.RGB24)
            await wait_equal(client, session)
        found = pipeline(session)
        assert found.fills
        assert found.cache_hits
        assert found.strange_acknowledgements == session.statistics().display.late_acknowledgements == 0


@pytest.mark.parametrize("flag", ["/gfx:avc444", "/gfx:avc420"])
async def test_everything_as_one_film(client_display: Display, flag: str) -> None:
    """Version 8.1, which is what the second flag comes to, gets it on a surface beside the desktop's."""
    pytest.importorskip("av")
    async with (
        serving(codecs=EVERY_CODEC, paints=False) as served,
        xfreerdp(client_display, served.port, flag, security="tls", size=(641, 479)) as client,
    ):
        session = (await served.guest()).session
        session.display.quality = Quality.BEST
        await paint(session, desktop(641, 479 + 240)[:479])
        session.display.codec = BitmapCodec.AVC420
        for number in range(5):
            await paint(session, photo(641, 479, number))
            await wait_close(client, session, 33)
        assert counts(session)[BitmapCodec.AVC420] >= 5 * 80
        session.display.codec = None
        await wait_equal(client, session)


async def test_resized_without_a_reactivation(client_display: Display) -> None:
    async with (
        serving(codecs=EVERY_CODEC, paints=False) as served,
        xfreerdp(client_display, served.port, "/dynamic-resolution", security="tls", size=(640, 480)) as client,
    ):
        session = (await served.guest()).session
        await paint(session, desktop(640, 480 + 240))
        await wait_equal(client, session)
        for width, height in ((1000, 700), (801, 603), (640, 480)):
            await session.display.resize(width, height)
            await paint(session, desktop(1024, 720)[:height, :width])
            await wait_equal(client, session)
        assert session.statistics().display.resizes == 3
        assert pipeline(session).acknowledged
        assert session.connection.desktop_size.width == 640  # the share has never been another one


async def test_several_monitors(peers: Peers) -> None:
    """Each has a surface of its own; a scroll, a film and what is typed lie on two of them."""
    with xvfb(peers.folder, 1600, 700) as display:
        display.run_sync("xrandr", "--setmonitor", "left", "900/300x700/200+0+0", "screen")
        display.run_sync("xrandr", "--setmonitor", "right", "700/250x600/200+900+100", "none")
        async with (
            serving(codecs=EVERY_CODEC, paints=False) as served,
            xfreerdp(display, served.port, "/multimon", "/f", security="tls", size=(1600, 700)) as client,
        ):
            session = (await served.guest()).session
            page, black = desktop(1600, 940), Rect(900, 0, 700, 100)  # where no monitor is
            for top in (0, 16, 48, 200):
                picture = page[top : top + 700].copy()
                picture[: black.height, black.left :] = 0
                await paint(session, picture)
            await wait_equal(client, session)
            for number in range(12):
                await paint(session, photo(448, 256, number), 640, 192)
                await trio.sleep(0.05)
            await wait_equal(client, session)
            for number in range(20):
                async with session.display.frame() as frame:
                    frame.fill(Rect(700 + 20 * number, 300, 8, 12), (number, 255 - number, 3))
            await wait_equal(client, session)
            assert pipeline(session).acknowledged
            assert session.display.has_pipeline


async def test_the_road_changes_in_the_middle(client_display: Display) -> None:
    async with (
        serving(codecs=EVERY_CODEC, paints=False) as served,
        xfreerdp(client_display, served.port, security="tls", size=(640, 480)) as client,
    ):
        session = (await served.guest()).session
        picture = desktop(640, 480 + 240)[:480]
        await paint(session, picture)
        await wait_equal(client, session)
        (channel,) = (one for one in session._dynamics if one.name.endswith("Graphics"))
        await channel.aclose()
        for number in range(3):
            await paint(session, picture[:200] // (number + 2))
            await paint(session, picture[100:, ::-1], top=100)
        await wait_close(client, session, 35)
        assert not session.display.has_pipeline
        # And back again.
        session._open_graphics()
        with trio.fail_after(PATIENCE):
            while not session.display.has_pipeline:
                await paint(session, picture)
                await trio.sleep(0.05)
        await paint(session, picture[::-1])
        await wait_equal(client, session)
        assert pipeline(session).acknowledged


@pytest.mark.parametrize("flags", [(NO_GFX,), ("/bpp:24",), ("/bpp:16",)])
async def test_a_client_that_does_not_want_it(client_display: Display, flags: tuple[str, ...]) -> None:
    async with (
        serving(codecs=EVERY_CODEC, paints=False) as served,
        xfreerdp(client_display, served.port, *flags, security="tls", size=(640, 480)) as client,
    ):
        session = (await served.guest()).session
        await paint(session, desktop(640, 480 + 240)[:480])
        await wait_close(client, session, 30)
        assert session.connection.color_depth < 32 or not session.display.has_pipeline


async def test_ready_h264(client_display: Display) -> None:
    pytest.importorskip("av")
    place = Rect(100, 60, 320, 240)
    async with (
        serving(codecs=EVERY_CODEC, paints=False) as served,
        xfreerdp(client_display, served.port, "/gfx:avc420", security="tls", size=(640, 480)) as client,
    ):
        session = (await served.guest()).session
        await paint(session, desktop(640, 480 + 240))
        await wait_equal(client, session)
        encoder = Encoder(place.width, place.height)
        for number in range(5):
            shot = photo(place.width, place.height, number)
            pixels = np.dstack([shot[:, :, ::-1], np.full(shot.shape[:2], 255, np.uint8)])
            bits = Avc420BitmapStream.decode(encoder.encode(View.of(np.ascontiguousarray(pixels))))
            async with session.display.frame() as frame:
                assert session.display.takes_h264
                assert frame.h264(place, bits.avc420_encoded_bitstream)
        wanted = snapshot(session).copy()
        wanted[place.top : place.bottom, place.left : place.right] = shot
        shown = await client.wait_picture(
            lambda seen: seen.shape == wanted.shape and psnr(seen, wanted) > 35,
            lambda seen: f"film: {compare(seen, wanted)}",
        )
        outside = shown.copy()
        outside[place.top : place.bottom, place.left : place.right] = cut(wanted, place)
        assert np.array_equal(outside, wanted)
        # What is drawn into the film is shown over it; over all of it, it is the end of the film.
        async with session.display.frame() as frame:
            frame.fill(place, (1, 2, 3))
        await wait_equal(client, session)


async def test_what_is_not_encoded(client_display: Display) -> None:
    async with (
        serving(codecs=EVERY_CODEC, paints=False) as served,
        xfreerdp(client_display, served.port, security="tls") as client,
    ):
        session = (await served.guest()).session
        size = session.size
        letters = np.random.default_rng(1).integers(0, 2, (size.height, size.width, 1), np.uint8) * np.uint8(255)
        page = np.dstack([letters, letters, letters, np.full_like(letters, 255)])
        async with session.display.frame() as frame:
            frame.blit(frame.bounds, np.ascontiguousarray(page))
        await wait_equal(client, session)
        await trio.sleep(0.4)  # what has just been drawn is not worth keeping
        for color in ((240, 240, 240), (30, 60, 90)):
            async with session.display.frame() as frame:
                frame.fill(Rect(128, 128, 256, 192), color)
            await wait_equal(client, session)
        async with session.display.frame() as frame:
            frame.blit(frame.bounds, np.ascontiguousarray(page))
        await wait_equal(client, session)
        async with session.display.frame() as frame:
            frame.copy(Rect(0, 37, size.width, size.height - 37), (0, 0))
        await wait_equal(client, session)
        found = session.statistics().display.pipeline
        assert found is not None
        assert found.fills >= 2
        assert found.cache_hits >= 12  # the tiles beneath
        assert found.copies >= 1
