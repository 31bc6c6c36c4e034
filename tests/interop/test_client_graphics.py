"""Our client on the graphics pipeline of freerdp-shadow, and with servers that have none."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import trio

from tests.interop.conftest import Peers
from tests.interop.display import Display
from tests.interop.pictures import Picture, psnr, save
from tests.interop.processes import PATIENCE, LaunchFailed, numbered, wait_for
from tests.interop.sessions import connected, filled_up, shown, wait_shows
from tests.interop.shadow import shadow
from tests.interop.shadow import version as shadow_version
from tests.interop.xrdp import version as xrdp_version
from trio_rdp.client import Session
from trio_rdp.codecs import avc
from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.protocol.config import OPTIONAL_CODECS, DesktopSize, GraphicsVersion, Security
from trio_rdp.wire.errors import SessionClosed

needs_h264 = pytest.mark.skipif(not avc.is_available(), reason="PyAV is not installed")

# freerdp-shadow 2.11's own quality: text and hard edges in 4:2:0 lose more than in 4:4:4.
GOOD = {BitmapCodec.AVC444: 35, BitmapCodec.AVC420: 25}
OFFERS: dict[BitmapCodec, dict[str, Any]] = {
    BitmapCodec.AVC444: {},
    BitmapCodec.AVC420: {"graphics_versions": (GraphicsVersion.VERSION_81,)},
}


async def wait_resembles(session: Session, wanted: Picture, peers: Peers, least: float) -> Picture:
    """Wait until the session shows nearly this picture; give what it shows."""

    def look() -> Picture | None:
        picture = shown(session)
        return picture if picture.shape == wanted.shape and psnr(picture, wanted) > least else None

    try:
        return await wait_for(look, f"a picture above {least} dB", PATIENCE)
    except LaunchFailed as exc:
        picture = shown(session)
        save(picture, kept := numbered(peers.folder, "shown", ".png"))
        quality = psnr(picture, wanted) if picture.shape == wanted.shape else 0
        raise LaunchFailed(f"{exc}: {quality:.1f} dB, {kept}") from None


@needs_h264
@pytest.mark.parametrize(
    "security", ["tls", *(pytest.param(one, marks=pytest.mark.interop_full) for one in ("nla", "rdp"))]
)
@pytest.mark.parametrize("codec", OFFERS, ids=lambda codec: codec.name)
async def test_h264_of_shadow(peers: Peers, codec: BitmapCodec, security: Any) -> None:
    server = peers.shadow(security)
    wanted = peers.display.picture_sync()
    protection = {"tls": Security.TLS, "nla": Security.NLA, "rdp": Security.NONE}[security]
    async with connected(server, enable_graphics_pipeline=True, security=protection, **OFFERS[codec]) as session:
        with trio.fail_after(PATIENCE):
            confirmed = await session.graphics.wait_ready()
        # The first picture may have come by the classic path, before the channel was open, and no second one follows.
        await session.request_refresh()
        await wait_for(lambda: codec in session.statistics().codecs, "H.264", PATIENCE)
        await wait_resembles(session, wanted, peers, GOOD[codec])
        assert (confirmed.version == GraphicsVersion.VERSION_81) == (codec is BitmapCodec.AVC420)
        statistics = session.graphics.statistics()
        assert statistics.frames >= statistics.shown == statistics.acknowledged > 0
        assert statistics.surfaces == 1
        assert not statistics.ignored


async def test_without_h264(peers: Peers) -> None:
    """freerdp-shadow 2.11 then draws by the classic path; 3.15 by RemoteFX Progressive."""
    server = peers.shadow(remotefx=True)
    wanted = peers.display.picture_sync()
    options = {"enable_graphics_pipeline": True, "enable_h264": False, "codecs": OPTIONAL_CODECS}
    async with connected(server, **options) as session:
        await wait_resembles(session, wanted, peers, 35)
        assert not set(session.statistics().codecs) & set(OFFERS)


@pytest.mark.parametrize(
    ("codec", "offer", "flags"),
    [
        (BitmapCodec.PROGRESSIVE, "none", ()),
        # It takes RemoteFX into the pipeline where surface bits have it.
        (BitmapCodec.REMOTEFX, "all", ()),
        # The planar of 3.15 is wrong in the same pixels with every client, xfreerdp among them.
        (BitmapCodec.PLANAR, "none", ("-gfx-progressive",)),
    ],
    ids=["progressive", "remotefx", "planar"],
)
@pytest.mark.interop_full
async def test_other_codecs_of_shadow(peers: Peers, codec: BitmapCodec, offer: str, flags: tuple[str, ...]) -> None:
    if shadow_version() < (3,):
        pytest.skip("freerdp-shadow 2.11 uses the pipeline for H.264 only")
    wanted = peers.display.picture_sync()
    codecs = OPTIONAL_CODECS if offer == "all" else ()
    options = {"enable_graphics_pipeline": True, "enable_h264": False, "codecs": codecs}
    with shadow(peers.folder, peers.display, "tls", *flags) as server:
        async with connected(server, **options) as session:
            await wait_for(lambda: session.graphics.statistics().shown > 3, "frames")
            assert set(session.statistics().codecs) == {codec}
            if codec is not BitmapCodec.PLANAR:
                await wait_resembles(session, wanted, peers, 35)
            statistics = session.graphics.statistics()
            assert statistics.acknowledged > 0
            assert not statistics.ignored


@pytest.mark.parametrize("kind", ["xrdp", "weston"])
async def test_servers_without_a_pipeline(peers: Peers, kind: str) -> None:
    if kind == "weston":
        server = peers.weston()
        assert server.background is not None
        async with connected(server, enable_graphics_pipeline=True) as session:
            await session.mouse.move(500, 700)
            await wait_resembles(session, server.background, peers, 25)  # a pointer is in the picture
            assert not session.graphics.is_open
        return
    if xrdp_version() >= (0, 10):
        pytest.skip("xrdp 0.10 has a pipeline")
    wanted = filled_up(peers.vnc_display.picture_sync(), 32)
    async with connected(peers.xrdp(), enable_graphics_pipeline=True) as session:
        await wait_shows(session, wanted, peers.folder)
        assert not session.graphics.is_open
        assert session.graphics.version is None


@needs_h264
@pytest.mark.parametrize("codec", OFFERS, ids=lambda codec: codec.name)
async def test_a_picture_that_moves(peers: Peers, own_display: Display, codec: BitmapCodec) -> None:
    """Each frame is acknowledged when it is shown, or the server would stop sending."""
    with shadow(peers.folder, own_display) as server:
        async with connected(server, enable_graphics_pipeline=True, **OFFERS[codec]) as session:
            await wait_resembles(session, own_display.picture_sync(), peers, GOOD[codec])
            for colour in ("navy", "teal", "olive", "purple", "maroon"):
                await own_display.run("xsetroot", "-solid", colour)
                await wait_resembles(session, await own_display.picture(), peers, GOOD[codec])
            with own_display.notepad() as notepad:
                await notepad.focus()
                await session.keyboard.type("still here", unicode=not server.drops_unicode)
                await notepad.wait_text("still here")
            # A screen that is still black resembles the first picture.
            await wait_for(lambda: session.graphics.statistics().acknowledged >= 5, "acknowledgements", PATIENCE)


@needs_h264
async def test_the_desktop_gets_another_size(peers: Peers, own_vnc_display: Display) -> None:
    display = own_vnc_display  # which can be resized
    with shadow(peers.folder, display) as server:
        async with connected(server, enable_graphics_pipeline=True) as session:
            await wait_resembles(session, display.picture_sync(), peers, 35)
            for width, height, colour in ((800, 600, "teal"), (1280, 960, "navy"), (1024, 768, "olive")):
                await display.run("xrandr", "-s", f"{width}x{height}")
                await trio.sleep(0.2)  # freerdp-shadow 2.11 looks at the size when something is drawn
                await display.run("xsetroot", "-solid", colour)
                await wait_for(partial(has_size, session, DesktopSize(width, height)), "the session's size")
                await wait_resembles(session, await display.picture(width, height), peers, 35)
            assert session.screen.statistics().resizes == 3
            assert session.graphics.is_open


def has_size(session: Session, size: DesktopSize) -> bool:
    return session.size == size and (session.screen.width, session.screen.height) == (size.width, size.height)


@needs_h264
async def test_one_session_after_the_other(peers: Peers) -> None:
    server = peers.shadow()
    wanted = peers.display.picture_sync()
    for _ in range(4):
        async with connected(server, enable_graphics_pipeline=True) as session:
            await wait_resembles(session, wanted, peers, 35)


@needs_h264
async def test_two_at_once(peers: Peers) -> None:
    server = peers.shadow()
    wanted = peers.display.picture_sync()
    async with (
        connected(server, enable_graphics_pipeline=True) as one,
        connected(server, enable_graphics_pipeline=True, **OFFERS[BitmapCodec.AVC420]) as other,
    ):
        await wait_resembles(one, wanted, peers, 35)
        await wait_resembles(other, wanted, peers, GOOD[BitmapCodec.AVC420])


@needs_h264
async def test_left_at_any_moment(peers: Peers) -> None:
    server = peers.shadow()
    for milliseconds in (0, 5, 15, 30, 50, 80, 120, 200, 350):
        async with connected(server, enable_graphics_pipeline=True) as session:
            await trio.sleep(milliseconds / 1000)
        with pytest.raises(SessionClosed):
            await session.graphics.wait_ready()
    wanted = peers.display.picture_sync()
    async with connected(server, enable_graphics_pipeline=True) as session:
        await wait_resembles(session, wanted, peers, 35)


@needs_h264
async def test_without_acknowledgements(peers: Peers, own_display: Display) -> None:
    with shadow(peers.folder, own_display) as server:
        async with connected(server, enable_graphics_pipeline=True, acknowledge_graphics=False) as session:
            await wait_resembles(session, own_display.picture_sync(), peers, 35)
            for shade in range(0, 250, 10):
                await own_display.run("xsetroot", "-solid", f"#{shade:02x}80{255 - shade:02x}")
            wanted = await own_display.picture()
            await wait_resembles(session, wanted, peers, 35)
            assert session.graphics.statistics().acknowledged == 0
            assert np.ptp(wanted) > 0
