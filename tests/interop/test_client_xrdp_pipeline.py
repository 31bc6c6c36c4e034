"""Our client on the graphics pipeline of xrdp 0.10: RemoteFX Progressive with xorgxrdp, planar with a VNC server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import trio

from tests.interop.conftest import Peers
from tests.interop.display import Display, xorg
from tests.interop.pictures import Picture, pattern, psnr
from tests.interop.processes import PATIENCE, wait_for, wait_for_answer
from tests.interop.server import Server
from tests.interop.sessions import connected, shown, wait_shows
from tests.interop.test_display_control import x_size
from tests.interop.xrdp import version, xrdp
from trio_rdp.client import Session
from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.protocol.config import DesktopSize, GraphicsVersion
from trio_rdp.wire.errors import SessionClosed

pytestmark = pytest.mark.interop_full

GOOD = 40  # dB
KNOWN = [one for one in GraphicsVersion if one is not GraphicsVersion.VERSION_101]
"""xrdp knows no 10.1: where it is offered alone, nothing is confirmed, and nothing drawn."""


@pytest.fixture(autouse=True)
def only_with_a_pipeline() -> None:
    if version() < (0, 10):
        pytest.skip("xrdp 0.9 has no graphics pipeline")


def piped(server: Server, **options: Any) -> Any:
    return connected(server, enable_graphics_pipeline=True, **options)


async def wait_resembles(session: Session, look: Callable[[], Picture]) -> None:
    """Wait until the session shows nearly what the display shows."""

    def good() -> bool:
        ours, theirs = shown(session), look()
        return ours.shape == theirs.shape and psnr(ours, theirs) > GOOD

    await wait_for(good, f"a picture above {GOOD} dB", PATIENCE)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"enable_h264": False},
        {"graphics_thin_client": True},
        *(pytest.param({"graphics_versions": (one,)}, id=one.name) for one in KNOWN),
    ],
)
async def test_progressive(peers: Peers, options: dict[str, Any]) -> None:
    server, display = peers.xrdp_xorg(), peers.xorg_display
    async with piped(server, **options) as session:
        await wait_resembles(session, display.picture_sync)
        # xrdp's own window, before the desktop is there, is in planar tiles.
        assert set(session.statistics().codecs) == {BitmapCodec.PLANAR, BitmapCodec.PROGRESSIVE}
        if versions := options.get("graphics_versions"):
            assert session.graphics.version == versions[0]
        statistics = session.graphics.statistics()
        assert statistics.frames == statistics.shown == statistics.acknowledged > 0
        assert not statistics.ignored
        assert not session.statistics().ignored


async def test_planar(peers: Peers) -> None:
    server, wanted = peers.xrdp(), peers.vnc_display.picture_sync()
    async with piped(server) as session:
        await wait_shows(session, wanted, peers.folder)
        assert set(session.statistics().codecs) == {BitmapCodec.PLANAR}
        assert session.graphics.version == GraphicsVersion.VERSION_107


@pytest.mark.parametrize("acknowledges", [True, False])
async def test_what_moves(peers: Peers, acknowledges: bool) -> None:
    """It waits for acknowledgements, and goes on without any once it was told so."""
    with xorg(peers.folder) as display, xrdp(peers.folder, display) as server:
        async with piped(server, acknowledge_graphics=acknowledges) as session:
            for shade in range(0, 250, 10):
                await display.run("xsetroot", "-solid", f"#{shade:02x}80{255 - shade:02x}")
            display.paint_sync(pattern(1024, 768, "the last one"))
            await wait_resembles(session, display.picture_sync)
            assert bool(session.graphics.statistics().acknowledged) == acknowledges
            with display.notepad() as notepad:
                await notepad.focus()
                await session.keyboard.type("still here")
                await notepad.wait_text("still here")
                await wait_resembles(session, display.picture_sync)


async def test_another_size(peers: Peers) -> None:
    with xorg(peers.folder) as display, xrdp(peers.folder, display) as server:
        async with piped(server) as session:
            await session.display_control.wait_ready()
            for width, height in ((800, 600), (1280, 960), (1024, 768)):
                assert await session.resize(width, height) == DesktopSize(width, height)
                await wait_x_size(display, width, height)
                display.paint_sync(pattern(width, height, f"{width} x {height}"))
                await wait_resembles(session, display.picture_sync)
            assert session.graphics.is_open


async def wait_x_size(display: Display, width: int, height: int) -> None:
    async def good() -> bool:
        return await x_size(display) == (width, height)

    await wait_for_answer(good, f"{width} x {height}")


async def test_two_at_once(peers: Peers) -> None:
    """Each with a desktop of its own: of two on one of xorgxrdp's, the second gets all that is drawn."""
    server, other = peers.xrdp_xorg(), peers.xrdp()
    async with piped(server) as one, piped(other) as two:
        await wait_resembles(one, peers.xorg_display.picture_sync)
        await wait_shows(two, peers.vnc_display.picture_sync(), peers.folder)


async def test_left_at_any_moment_and_back_again(peers: Peers) -> None:
    server, display = peers.xrdp_xorg(), peers.xorg_display
    for milliseconds in (0, 10, 30, 60, 100, 150, 250, 400):
        async with piped(server) as session:
            await trio.sleep(milliseconds / 1000)
        with pytest.raises(SessionClosed):
            await session.graphics.wait_ready()
    async with piped(server) as session:
        await wait_resembles(session, display.picture_sync)
        assert np.ptp(shown(session)) > 0
