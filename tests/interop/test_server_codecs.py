"""Which codecs our server chooses for real clients, what they show of its framebuffer, and how that is compressed."""

from __future__ import annotations

import numpy as np
import pytest

from tests.interop.display import Display
from tests.interop.matrix import matrix
from tests.interop.pictures import Picture, pattern, photo, psnr
from tests.interop.serving import paint, serving, snapshot, wait_close, wait_equal
from tests.interop.xfreerdp import NO_GFX, OK, xfreerdp
from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.graphics.geometry import Rect
from trio_rdp.protocol.config import CompressionType, ServerConfig
from trio_rdp.server import ServerSession

EVERY_CODEC = ServerConfig().codecs
PHOTO = Rect(128, 320, 512, 320)
"""Where the photograph stands in the picture; its edges are those of tiles."""


def desktop(width: int, height: int) -> Picture:
    """Text and flat areas, with a photograph in it."""
    picture = pattern(width, height, "text and a photo").copy()
    picture[: PHOTO.top] = picture[: PHOTO.top] // 32 * 32
    picture[PHOTO.top :] = (60, 90, 120)
    picture[200:328] = (200, 200, 190)
    picture[PHOTO.top : PHOTO.bottom, PHOTO.left : PHOTO.right] = photo(PHOTO.width, PHOTO.height)
    return picture


def cut(picture: Picture, rect: Rect) -> Picture:
    return picture[rect.top : rect.bottom, rect.left : rect.right]


def used(session: ServerSession) -> dict[BitmapCodec, int]:
    return {codec: one.tiles for codec, one in session.statistics().display.codecs.items()}


def flags_of(codec: str) -> list[str]:
    return [NO_GFX, *([codec] if codec else [])]


@pytest.mark.parametrize(
    ("flag", "bpp", "level", "quality"),
    matrix(
        flag=["", "/rfx", "/rfx-mode:image", "/nsc"],
        bpp=[16, 24, 32],
        level=[None, 0, 1, 2],
        quality=list(Quality),
        # Codecs of surface bits make the session one of 32 bits a pixel, whatever else was asked for.
        where=lambda row: row["bpp"] == 32 or not row["flag"],
    ),
)
async def test_xfreerdp(client_display: Display, flag: str, bpp: int, level: int | None, quality: Quality) -> None:
    flags = [NO_GFX]
    flags += ["/rfx", flag] if flag == "/rfx-mode:image" else [flag] if flag else []
    flags += ["-compression"] if level is None else ["+compression", f"/compression-level:{level}"]
    async with (
        serving(codecs=EVERY_CODEC, quality=quality, compression_type=CompressionType.RDP61, paints=False) as served,
        xfreerdp(client_display, served.port, *flags, security="tls", bpp=bpp) as client,
    ):
        guest = await served.guest()
        session = guest.session
        await paint(session, desktop(session.size.width, session.size.height))
        statistics = session.statistics()
        if flag:
            lossy = BitmapCodec.NSCODEC if flag == "/nsc" else BitmapCodec.REMOTEFX
            shown = await wait_close(client, session, 35)
            wanted = snapshot(session)
            assert psnr(cut(shown, PHOTO), cut(wanted, PHOTO)) > 35
            # Everything but the photograph is there without loss.
            shown[PHOTO.top : PHOTO.bottom, PHOTO.left : PHOTO.right] = cut(wanted, PHOTO)
            assert np.array_equal(shown, wanted)
            assert used(session) == {lossy: 40, BitmapCodec.PLANAR: 16 * 12 - 40}
        else:
            await wait_equal(client, session)
            assert set(used(session)) == {BitmapCodec.PLANAR if bpp == 32 else BitmapCodec.INTERLEAVED}
        assert (statistics.compression.type is None) == (level is None)
        if level is not None:
            # Interleaved run-length coding leaves little to find.
            most = 0.99 if bpp < 32 else 0.7
            assert 0 < statistics.compression.compressed_bytes < most * statistics.compression.bytes
        assert await client.close() == OK
        await guest.wait_left()
        assert guest.error is None
