"""How our server's pictures reach xfreerdp: which codec each kind of client gets, and what is not encoded at all."""

from __future__ import annotations

import numpy as np
import pytest
import trio

from tests.interop.display import Display
from tests.interop.pictures import photo
from tests.interop.serving import paint, serving, wait_close, wait_equal
from tests.interop.test_server_codecs import desktop
from tests.interop.xfreerdp import xfreerdp
from trio_rdp.codecs import avc
from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.graphics.geometry import Rect
from trio_rdp.protocol.config import ServerConfig
from trio_rdp.server import ServerSession

EVERY_CODEC = ServerConfig().codecs
CLEAR, PROGRESSIVE, REMOTEFX = BitmapCodec.CLEARCODEC, BitmapCodec.PROGRESSIVE, BitmapCodec.REMOTEFX
AVC420, AVC444 = BitmapCodec.AVC420, BitmapCodec.AVC444

needs_h264 = pytest.mark.skipif(not avc.is_available(), reason="PyAV is not installed")


async def show_film(session: ServerSession, place: Rect) -> None:
    """Show photographs one after the other, as fast as films have them."""
    for number in range(20):
        shot = photo(place.width, place.height, number)
        pixels = np.dstack([shot[:, :, ::-1], np.full(shot.shape[:2], 255, np.uint8)])
        async with session.display.frame() as frame:
            frame.blit(place, np.ascontiguousarray(pixels))
        await trio.sleep(0.03)


@needs_h264
@pytest.mark.parametrize(
    ("flag", "quality", "wanted"),
    [
        ("", Quality.MEDIUM, {CLEAR, PROGRESSIVE, AVC420}),
        ("/gfx:avc444", Quality.HIGH, {CLEAR, PROGRESSIVE, AVC444}),
        # That is version 8.1 of a thin client, in whose frames H.264 is alone.
        ("/gfx:avc420", Quality.MEDIUM, {CLEAR, REMOTEFX, AVC420}),
        ("/gfx:rfx", Quality.MEDIUM, {CLEAR, PROGRESSIVE}),
    ],
)
async def test_text_photographs_and_a_film(
    client_display: Display, flag: str, quality: Quality, wanted: set[BitmapCodec]
) -> None:
    flags = [flag] if flag else []
    async with (
        serving(codecs=EVERY_CODEC, quality=quality, paints=False) as served,
        xfreerdp(client_display, served.port, *flags, security="tls") as client,
    ):
        session = (await served.guest()).session
        await paint(session, desktop(session.size.width, session.size.height))
        await show_film(session, Rect(128, 100, 400, 300))
        used = set(session.statistics().display.codecs)
        assert wanted <= used <= wanted | {BitmapCodec.PLANAR}
        await wait_close(client, session, 35)
        await wait_equal(client, session)
        assert BitmapCodec.PLANAR in session.statistics().display.codecs  # which made it exact


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
