"""A film that our server finds in its picture, as xfreerdp shows it: in a window, beneath text, moved, everywhere."""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np
import pytest
import trio

from tests.interop.display import Display
from tests.interop.pictures import Picture, compare, photo, psnr
from tests.interop.serving import paint, serving, snapshot, wait_equal
from tests.interop.test_server_codecs import desktop
from tests.interop.xfreerdp import Xfreerdp, xfreerdp
from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline import pacing
from trio_rdp.protocol.config import ServerConfig
from trio_rdp.server import ServerSession

CODECS = ServerConfig().codecs
WIDTH, HEIGHT = 800, 600


async def project(
    session: ServerSession, place: Rect, first: int, codec: BitmapCodec, text: Rect | None = None
) -> None:
    """Show some pictures of a film, over which there may be text, until they are carried as one."""
    whole = photo(place.width + 200, place.height + 100)
    before = tiles(session, codec)
    for number in itertools.count(first):
        if number >= first + 10 and tiles(session, codec) > before:
            return
        assert number < first + 400, f"not carried by {codec}: {session.statistics().display.codecs}"
        x, y = 5 * number % 200, 3 * number % 100
        shot = (whole[y : y + place.height, x : x + place.width] // 2 + np.uint8(7 * number % 120)).astype(np.uint8)
        if text is not None:
            left, top = text.left - place.left, text.top - place.top
            shot[top : top + text.height, left : left + text.width] = desktop(WIDTH, 720)[
                160 : 160 + text.height, 300 : 300 + text.width
            ]
        async with session.display.frame() as frame:
            frame.blit(place, np.dstack([shot[:, :, ::-1], np.full(shot.shape[:2], 255, np.uint8)]))
        await trio.sleep(0.05)


def tiles(session: ServerSession, codec: BitmapCodec) -> int:
    """How much of a codec there was."""
    codecs = session.statistics().display.codecs
    return codecs[codec].tiles if codec in codecs else 0


async def wait_film(client: Xfreerdp, session: ServerSession, place: Rect, what: str) -> None:
    """Wait until the film is close to what it is, and everything else too."""
    wanted = snapshot(session)

    def is_close(seen: Picture) -> bool:
        if seen.shape != wanted.shape:
            return False
        rows, columns = slice(place.top, place.bottom), slice(place.left, place.right)
        outside = seen.copy()
        outside[rows, columns] = wanted[rows, columns]
        return psnr(seen[rows, columns], wanted[rows, columns]) > 33 and psnr(outside, wanted) > 33

    await client.wait_picture(is_close, lambda seen: f"{what}: {compare(seen, wanted)}")


# The first is version 8.1, in which H.264 has frames of its own.
@pytest.mark.parametrize(
    ("flag", "quality", "codec"),
    [
        ("/gfx:avc420", Quality.MEDIUM, BitmapCodec.AVC420),
        ("/gfx:avc444", Quality.HIGH, BitmapCodec.AVC444),
        pytest.param(*("+gfx-small-cache", Quality.MEDIUM, BitmapCodec.AVC420), marks=pytest.mark.interop_full),
    ],
)
async def test_a_film(
    client_display: Display, flag: str, quality: Quality, codec: BitmapCodec, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("av")
    monkeypatch.setattr(pacing, "_WORSE", 1.0)  # a slow client has a slow line, and on that no 4:4:4
    async with (
        serving(codecs=CODECS, paints=False) as served,
        xfreerdp(client_display, served.port, flag, security="tls", size=(WIDTH, HEIGHT)) as client,
    ):
        session = (await served.guest()).session
        session.display.quality = quality
        wait = partial(wait_film, client, session)
        await paint(session, desktop(WIDTH, 720)[:HEIGHT])
        await wait_equal(client, session)
        place = Rect(101, 83, 320, 240)
        if not session.display.takes_h264:
            pytest.skip("this xfreerdp has no H.264")
        await project(session, place, 0, codec)
        await wait(place, "film")
        # Beneath text.
        await project(session, place, 10, codec, text=Rect(150, 120, 200, 60))
        await wait(place, "film beneath text")
        # It stands still, until it is exact, and goes on.
        await wait_equal(client, session)
        await project(session, place, 20, codec)
        await wait(place, "film that goes on")
        # Its window moves.
        async with session.display.frame() as frame:
            frame.fill(place, (200, 180, 160))
        other = Rect(390, 277, 320, 240)
        await project(session, other, 30, codec)
        await wait(other, "film elsewhere")
        # It is everywhere.
        everything = Rect(0, 0, WIDTH, HEIGHT)
        await project(session, everything, 40, codec)
        await wait(everything, "film everywhere")
        await wait_equal(client, session)
        # And back.
        await paint(session, desktop(WIDTH, 720)[:HEIGHT])
        await wait_equal(client, session)
