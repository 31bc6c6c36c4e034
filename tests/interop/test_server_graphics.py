"""Our server's graphics pipeline with xfreerdp: what it shows of the framebuffer, and what the road there was."""

from __future__ import annotations

import numpy as np
import pytest

from tests.interop.display import Display
from tests.interop.pictures import photo, psnr
from tests.interop.serving import paint, serving, snapshot, wait_close, wait_equal
from tests.interop.test_server_codecs import cut, desktop
from tests.interop.xfreerdp import xfreerdp
from trio_rdp.codecs.avc_encoder import Encoder
from trio_rdp.codecs.avc_frames import Avc420BitmapStream
from trio_rdp.codecs.view import View
from trio_rdp.display_statistics import GraphicsStatistics
from trio_rdp.graphics.geometry import Rect
from trio_rdp.protocol.config import ServerConfig
from trio_rdp.server import ServerSession

EVERY_CODEC = ServerConfig().codecs
ROADS = ["", "/gfx", "/gfx:avc444", "/gfx:avc420", "/gfx:rfx", "+gfx-progressive", "+gfx-thin-client"]


def pipeline(session: ServerSession) -> GraphicsStatistics:
    statistics = session.statistics().display.pipeline
    assert statistics is not None, "the picture took the other road"
    return statistics


@pytest.mark.parametrize("flag", ROADS)
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
            lambda seen: seen.shape == wanted.shape and psnr(seen, wanted) > 35, "the film"
        )
        outside = shown.copy()
        outside[place.top : place.bottom, place.left : place.right] = cut(wanted, place)
        assert np.array_equal(outside, wanted)
        # What is drawn into the film is shown over it; over all of it, it is the end of the film.
        async with session.display.frame() as frame:
            frame.fill(place, (1, 2, 3))
        await wait_equal(client, session)
