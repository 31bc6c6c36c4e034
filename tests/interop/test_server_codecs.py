"""Which codecs our server chooses for real clients, what they show of its framebuffer, and how that is compressed."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from tests.interop.display import Display
from tests.interop.matrix import matrix
from tests.interop.pictures import Picture, pattern, photo, psnr
from tests.interop.rdesktop import rdesktop
from tests.interop.serving import paint, serving, snapshot, wait_close, wait_equal
from tests.interop.xfreerdp import NO_GFX, NO_GFX_NO_RFX, OK, xfreerdp
from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.graphics.content import Content
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


@pytest.mark.parametrize(
    ("flag", "bpp", "level", "quality"),
    matrix(
        flag=["", "/rfx", "/rfx-mode:image", "/nsc"],
        bpp=[16, 24, 32],
        level=[None, 0, 1, 2, 3],
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


@pytest.mark.parametrize("bpp", [8, 15, 16, 24, 32])
@pytest.mark.parametrize(
    "flags",
    [
        pytest.param(["-z"], id="compressed", marks=pytest.mark.interop_full),
        pytest.param(["-z", "-P"], id="cached"),
    ],
)
async def test_rdesktop_compressed(client_display: Display, bpp: int, flags: list[str]) -> None:
    async with (
        serving(codecs=EVERY_CODEC, compression_type=CompressionType.RDP61) as served,
        rdesktop(client_display, served.port, *flags, bpp=bpp) as client,
    ):
        session = (await served.guest()).session
        await wait_equal(client, session)
        for turn in range(3):
            await paint(session, np.roll(snapshot(session), 37 + turn, axis=0))
        await wait_equal(client, session)
        compression = session.statistics().compression
        assert compression.type is not None
        assert compression.compressed_bytes < 0.9 * compression.bytes


@pytest.mark.parametrize(
    ("path", "level"),
    [
        pytest.param(path, level, marks=() if fast == level % 2 else pytest.mark.interop_full)
        for fast, path in enumerate(["-fast-path", "+fast-path"])
        for level in (0, 1, 2, 3)
    ],
)
async def test_xfreerdp_compressed_for_long(client_display: Display, path: str, level: int) -> None:
    """Histories are filled and begin anew, on both paths, and after a reactivation."""
    flags = (NO_GFX_NO_RFX, path, "+compression", f"/compression-level:{level}", "/dynamic-resolution")
    async with (
        serving(compression_type=CompressionType.RDP61) as served,
        xfreerdp(client_display, served.port, *flags, security="tls", bpp=32) as client,
    ):
        guest = await served.guest()
        session = guest.session
        for turn in range(12):
            await paint(session, np.roll(snapshot(session), 41 * turn, axis=turn % 2))
        await wait_equal(client, session)
        await session.display.resize(800, 600)
        await paint(session)
        await wait_equal(client, session)
        compression = session.statistics().compression
        assert compression.type == level
        assert compression.bytes > 1_000_000
        assert compression.compressed_bytes < 0.8 * compression.bytes
        assert await client.close() == OK


async def test_another_codec_for_a_session_and_for_a_rectangle(client_display: Display) -> None:
    async with (
        serving(codecs=EVERY_CODEC, paints=False) as served,
        xfreerdp(client_display, served.port, NO_GFX, "/rfx", "/nsc", security="tls", bpp=32) as client,
    ):
        session = (await served.guest()).session
        display = session.display
        assert display.codecs[:3] == (BitmapCodec.REMOTEFX, BitmapCodec.NSCODEC, BitmapCodec.PLANAR)
        picture = desktop(1024, 768)
        async with display.frame() as frame:
            frame.blit(frame.bounds, np.ascontiguousarray(picture), PixelFormat.RGB24, hint=Content.TEXT)
        await wait_equal(client, session)
        assert set(used(session)) == {BitmapCodec.PLANAR}
        async with display.frame() as frame:
            frame.hint(PHOTO, BitmapCodec.NSCODEC)
            frame.hint(Rect(0, 0, 1024, 320), Content.PHOTO)
            frame.blit(frame.bounds, np.ascontiguousarray(255 - picture), PixelFormat.RGB24)
        await wait_close(client, session, 35)
        assert used(session)[BitmapCodec.NSCODEC] == 40
        assert used(session)[BitmapCodec.REMOTEFX] == 16 * 5
        async with display.frame() as frame:
            frame.hint(frame.bounds, Content.AUTO)
        for codec in display.codecs:
            display.codec = codec
            await paint(session, np.roll(picture, 64, axis=1) // (1 + display.codecs.index(codec)))
            await wait_close(client, session, 35 if not codec.is_lossless else 99)
        assert set(used(session)) == set(display.codecs)


@pytest.mark.parametrize("size", [20_000, 70_000, 1 << 20])
async def test_frames_are_cut_to_what_the_client_puts_together(client_display: Display, size: int) -> None:
    flags = (f"/tune:FreeRDP_SupportGraphicsPipeline:FALSE,FreeRDP_MultifragMaxRequestSize:{size}", "/rfx")
    async with (
        serving(codecs=EVERY_CODEC, quality=Quality.BEST, max_request_size=size, paints=False) as served,
        xfreerdp(client_display, served.port, *flags, security="tls", bpp=32) as client,
    ):
        session = (await served.guest()).session
        assert session.connection.capabilities.max_request_size >= size
        await paint(session, photo(1024, 768))
        await wait_close(client, session, 35)
        assert set(used(session)) == {BitmapCodec.REMOTEFX}


async def test_a_moving_photograph(client_display: Display) -> None:
    async with (
        serving(codecs=EVERY_CODEC, paints=False) as served,
        xfreerdp(client_display, served.port, NO_GFX, "/rfx", security="tls", bpp=32) as client,
    ):
        session = (await served.guest()).session
        picture, film = desktop(1024, 768), photo(1024, 400)
        for frame in range(40):
            picture[PHOTO.top : PHOTO.bottom, PHOTO.left : PHOTO.right] = film[:320, 8 * frame : 8 * frame + 512]
            await paint(session, picture)
        await wait_close(client, session, 35)
        statistics = session.statistics().display
        assert statistics.codecs[BitmapCodec.REMOTEFX].tiles == 40 * 40
        assert statistics.codecs[BitmapCodec.PLANAR].tiles == 16 * 12 - 40
        assert not statistics.late_acknowledgements
        assert await client.close() == OK


async def test_streams_begin_anew_after_a_resize(client_display: Display) -> None:
    async with (
        serving(codecs=EVERY_CODEC, paints=False) as served,
        xfreerdp(client_display, served.port, NO_GFX, "/rfx", "/dynamic-resolution", security="tls", bpp=32) as client,
    ):
        session = (await served.guest()).session
        for width, height in ((1024, 768), (900, 700), (1000, 760)):
            if width != session.size.width:
                await session.display.resize(width, height)
            await paint(session, desktop(width, height))
            await wait_close(client, session, 35)
        assert used(session)[BitmapCodec.REMOTEFX] >= 3 * 40
        assert await client.close() == OK


async def test_rdesktop_is_sent_no_compressed_channel_data(client_display: Display) -> None:
    """It asks for that, and then takes it for what it is not."""
    names = b"".join(
        struct.pack("<I", 0xC000 + number) + "Name".encode("utf-16le").ljust(32, b"\0") for number in range(9)
    )
    async with (
        serving(static_channels=("cliprdr",)) as served,
        rdesktop(client_display, served.port, "-z", "-r", "clipboard:PRIMARYCLIPBOARD", bpp=32) as client,
    ):
        session = (await served.guest()).session
        clipboard = session.channel("cliprdr")
        await clipboard.send(struct.pack("<HHI", 1, 0, 0))  # Monitor Ready
        while (await clipboard.receive())[0] != 2:  # its Format List
            pass
        await clipboard.send(struct.pack("<HHI", 2, 0, len(names)) + names)
        while (await clipboard.receive())[0] != 3:  # Format List Response
            pass
        await paint(session, np.roll(snapshot(session), 99, axis=0))
        await wait_equal(client, session)
        assert "unhandled" not in client.log
