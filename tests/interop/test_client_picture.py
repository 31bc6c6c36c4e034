"""Our client shows what real servers show: equal in every pixel, at each depth within the server's own rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.interop.conftest import Peers
from tests.interop.matrix import matrix
from tests.interop.pictures import Picture, compare
from tests.interop.processes import wait_for
from tests.interop.server import Server
from tests.interop.sessions import connected, count_frames, filled_up, shown, truncated, wait_shows
from tests.interop.shadow import ShadowSecurity, shadow
from tests.interop.xrdp import LOGIN_BACKGROUND, FastPath
from trio_rdp.client import Session
from trio_rdp.protocol.config import CompressionType, DesktopSize, Security
from trio_rdp.protocol.framing import Action

OFFERS = {"tls": Security.TLS, "nla": Security.NLA, "rdp": Security.NONE, "negotiate": Security.AUTO}
COMPRESSIONS = [None, *CompressionType]


def compressed(session: Session) -> set[CompressionType]:
    """The kinds of bulk compression that the server has used."""
    return set(session.statistics().inflated)


@pytest.mark.parametrize(
    ("security", "depth", "compression"),
    matrix(security=["tls", "nla", "rdp", "negotiate"], depth=[15, 16, 24, 32], compression=COMPRESSIONS),
)
async def test_shadow(peers: Peers, security: ShadowSecurity, depth: int, compression: CompressionType | None) -> None:
    # freerdp-shadow 2.11 sends 16 bits a pixel to a client of 24.
    wanted = truncated(peers.display.picture_sync(), 16 if depth == 24 else depth)

    async def look(server: Server) -> set[CompressionType]:
        if depth == 32:
            server.skip_if_restless()
        async with connected(
            server, security=OFFERS[security], color_depth=depth, compression_type=compression
        ) as session:
            await wait_shows(session, wanted, peers.folder)
            assert session.size == DesktopSize(1024, 768)
            assert not session.statistics().ignored
            return compressed(session)

    found = await look(peers.shadow(security))
    # freerdp-shadow 2.11 leaves `skipCompression` of its BITMAP_UPDATE unset: whether it compresses is a matter of what
    # its stack had there before, and one that has served RemoteFX does not any more.
    others = 0
    while compression is not None and not found and others < 5:
        others += 1
        with shadow(peers.folder, peers.display, security) as another:
            found = await look(another)
    assert found == ({compression} - {None})


@pytest.mark.parametrize(
    ("depth", "fast_path", "bulk_compression", "bitmap_compression"),
    matrix(
        depth=[8, 15, 16, 24, 32],
        fast_path=["both", "input", "output", "none"],
        bulk_compression=[True, False],
        bitmap_compression=[True, False],
    ),
)
async def test_xrdp(
    peers: Peers, depth: int, fast_path: FastPath, bulk_compression: bool, bitmap_compression: bool
) -> None:
    server = peers.xrdp(fast_path=fast_path, bulk_compression=bulk_compression, bitmap_compression=bitmap_compression)
    wanted = filled_up(peers.vnc_display.picture_sync(), depth)
    async with connected(server, color_depth=depth) as session:
        frames = count_frames(session)
        await wait_shows(session, wanted, peers.folder)
        assert compressed(session) == ({CompressionType.K64} if bulk_compression else set())
        assert bool(frames[Action.FAST_PATH]) == (fast_path in ("both", "output"))
        # Empty drawing orders at 8 bits a pixel, although none were offered.
        assert set(session.statistics().ignored) <= ({"OrdersUpdate"} if depth == 8 else set())


@pytest.mark.parametrize("compression", [None, CompressionType.K8])
async def test_xrdp_and_what_the_client_wants(peers: Peers, compression: CompressionType | None) -> None:
    server = peers.xrdp()
    wanted = peers.vnc_display.picture_sync()
    async with connected(server, color_depth=24, compression_type=compression) as session:
        await wait_shows(session, wanted, peers.folder)
        # xrdp 0.9.21 compresses with 64 KiB of history whatever kind the client asks for.
        assert compressed(session) == (set() if compression is None else {CompressionType.K64})


async def test_xrdp_without_security(peers: Peers) -> None:
    server = peers.xrdp(security="rdp", encryption="none")
    wanted = peers.vnc_display.picture_sync()
    async with connected(server, security=Security.NONE, color_depth=24) as session:
        await wait_shows(session, wanted, peers.folder)
        assert session.certificate is None


@pytest.mark.parametrize("depth", [16, 24, 32])
async def test_xrdps_login_window(peers: Peers, depth: int) -> None:
    server = peers.xrdp_login()
    surroundings = np.frombuffer(bytes.fromhex(LOGIN_BACKGROUND), np.uint8).reshape(1, 1, 3)
    # Its own drawing at 16 bits a pixel drops the lower ones.
    wanted = truncated(surroundings, depth)[0, 0].tolist()
    async with connected(server, username="", password="", color_depth=depth, autologon=False) as session:
        place = slice(169, 599), slice(337, 687)  # 350 wide, in the middle
        around = np.ones((768, 1024), bool)
        around[place] = False

        def has_window() -> bool:
            picture = shown(session)
            surrounded = picture[around] == wanted
            return bool(surrounded.all()) and len(np.unique(picture[place].reshape(-1, 3), axis=0)) > 20

        await wait_for(
            has_window, lambda: f"a window; it has {np.unique(shown(session)[place].reshape(-1, 3), axis=0)}"
        )
        await session.screen.wait_settled(0.5)
        picture = shown(session)
        assert (picture[place][[0, -1]] != wanted).any(axis=2).all()
        assert (picture[place][:, [0, -1]] != wanted).any(axis=2).all()
        await session.keyboard.type("alice")
        await wait_for(lambda: not np.array_equal(shown(session), picture), "a character")
        await session.screen.wait_settled(0.3)
        assert has_window()


@pytest.mark.parametrize(
    ("security", "compression"), matrix(security=[Security.TLS, Security.NONE], compression=COMPRESSIONS)
)
async def test_weston(peers: Peers, security: Security, compression: CompressionType | None) -> None:
    server = peers.weston()
    assert server.background is not None
    async with connected(server, security=security, compression_type=compression) as session:
        # Weston paints its pointer into the picture; so it goes where it is known to be.
        await session.mouse.move(500, 700)
        await wait_shows_but_for(session, server.background, (480, 680, 540, 760))
        assert compressed(session) == ({compression} - {None})
        assert not session.statistics().ignored


async def wait_shows_but_for(session: Any, wanted: Picture, box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = box

    def masked() -> Picture:
        picture = shown(session)
        picture[top:bottom, left:right] = wanted[top:bottom, left:right]
        return picture

    await wait_for(lambda: np.array_equal(masked(), wanted), lambda: f"the background: {compare(masked(), wanted)}")
