"""What real clients show of our server's desktop, beside its framebuffer: every depth, codec and way of sending it."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Literal

import numpy as np
import pytest
import trio

from tests.interop.conftest import Peers
from tests.interop.display import Display
from tests.interop.matrix import matrix
from tests.interop.pictures import Picture, pattern
from tests.interop.processes import wait_for
from tests.interop.rdesktop import rdesktop
from tests.interop.serving import paint, serving, snapshot, wait_equal
from tests.interop.xfreerdp import NO_GFX, NO_GFX_NO_RFX, OK, xfreerdp
from trio_rdp.graphics.geometry import Rect
from trio_rdp.protocol.config import BitmapCodec, DesktopSize
from trio_rdp.server import ServerSession

DEPTHS = [8, 15, 16, 24, 32]
XfreerdpSecurity = Literal["tls", "nla", "rdp"]


@pytest.mark.parametrize(
    ("security", "bpp", "flags", "path"),
    matrix(
        security=["tls", "nla", "rdp"],
        bpp=DEPTHS,
        flags=["", NO_GFX, NO_GFX_NO_RFX],
        path=["+fast-path", "-fast-path"],
    ),
)
async def test_xfreerdp(client_display: Display, security: XfreerdpSecurity, bpp: int, flags: str, path: str) -> None:
    more = [flag for flag in (flags, path) if flag]
    async with (
        serving() as served,
        xfreerdp(client_display, served.port, *more, security=security, bpp=bpp, size=(1021, 763)) as client,
    ):
        guest = await served.guest()
        session = guest.session
        assert session.size == DesktopSize(1021, 763)
        assert session.connection.color_depth == bpp
        assert session.connection.capabilities.fast_path_output == (path == "+fast-path")
        await wait_equal(client, session)
        assert not session.statistics().ignored
        assert await client.close() == OK
        await guest.wait_left()
        assert guest.error is None


@pytest.mark.parametrize("bpp", DEPTHS)
async def test_rdesktop(client_display: Display, bpp: int) -> None:
    async with serving() as served, rdesktop(client_display, served.port, bpp=bpp, size=(1021, 763)) as client:
        session = (await served.guest()).session
        assert session.size == DesktopSize(1020, 763)  # it rounds the width down to a multiple of four
        assert session.connection.color_depth == bpp
        await wait_equal(client, session)
        assert not session.statistics().ignored


@pytest.mark.parametrize(
    ("which", "codec", "bpp"),
    matrix(
        which=["xfreerdp", "rdesktop"],
        codec=[BitmapCodec.RAW, BitmapCodec.INTERLEAVED, BitmapCodec.PLANAR],
        bpp=DEPTHS,
        where=lambda row: row["codec"] is not BitmapCodec.RAW or row["bpp"] in (8, 24, 32),
    ),
)
async def test_codecs(client_display: Display, which: str, codec: BitmapCodec, bpp: int) -> None:
    async with contextlib.AsyncExitStack() as stack:
        served = await stack.enter_async_context(serving(codecs=tuple(dict.fromkeys((codec, BitmapCodec.RAW)))))
        client = await stack.enter_async_context(
            xfreerdp(client_display, served.port, security="tls", bpp=bpp)
            if which == "xfreerdp"
            else rdesktop(client_display, served.port, bpp=bpp)
        )
        session = (await served.guest()).session
        await wait_equal(client, session)
        raw = session.size.width * session.size.height * ((bpp + 7) // 8)
        assert (session.statistics().display.bytes_encoded >= raw) == (not compresses(codec, bpp))


def compresses(codec: BitmapCodec, bpp: int) -> bool:
    return codec is (BitmapCodec.PLANAR if bpp == 32 else BitmapCodec.INTERLEAVED)


@pytest.mark.parametrize("size", [(200, 200), (1280, 1024), (641, 479)])
@pytest.mark.parametrize("bpp", [pytest.param(16, marks=pytest.mark.interop_full), 32])
async def test_sizes(client_display: Display, size: tuple[int, int], bpp: int) -> None:
    async with serving() as served, xfreerdp(client_display, served.port, bpp=bpp, size=size) as client:
        await wait_equal(client, (await served.guest()).session)


async def test_a_size_of_the_servers_own(client_display: Display) -> None:
    size = DesktopSize(800, 600)
    async with serving(desktop_size=size) as served, xfreerdp(client_display, served.port) as client:
        session = (await served.guest()).session
        assert session.size == size
        await wait_equal(client, session)


async def test_drawing_on_what_is_there(client_display: Display) -> None:
    async with serving() as served, xfreerdp(client_display, served.port, bpp=32) as client:
        session = (await served.guest()).session
        await wait_equal(client, session)
        display = session.display
        async with display.frame() as frame:
            frame.copy(Rect(0, 0, 300, 300), (411, 377))
            frame.copy(Rect(100, 100, 500, 300), (103, 98))  # onto itself
            frame.fill(Rect(1000, 700, 500, 500), (1, 2, 3))
            frame.fill(Rect(-5, -5, 8, 8), (250, 251, 252))
        await wait_equal(client, session)
        for number in range(20):
            async with display.frame() as frame:
                frame.fill(Rect(37 * number, 29 * number, 1, 1), (255, number, 0))
                frame.fill(Rect(1023 - number, 767 - number, 1, 1), (0, 255, number))
        await wait_equal(client, session)
        unchanged = session.statistics().display.tiles_unchanged
        await paint(session, snapshot(session))
        await wait_equal(client, session)
        assert session.statistics().display.tiles_unchanged == unchanged + 16 * 12


async def move(session: ServerSession, frames: int) -> None:
    """Let a square move over the desktop, with something else in it every time."""
    noise = np.random.default_rng(2).integers(0, 256, (400, 400, 3), np.uint8)
    background = snapshot(session)
    for number in range(frames):
        at = 5 * number % 500
        picture = background.copy()
        picture[at : at + 200, at : at + 200] = noise[at % 200 :, at % 200 :][:200, :200]
        await paint(session, picture)


@pytest.mark.parametrize("bpp", [16, pytest.param(32, marks=pytest.mark.interop_full)])
async def test_xfreerdp_and_a_moving_picture(client_display: Display, bpp: int) -> None:
    async with (
        serving() as served,
        xfreerdp(client_display, served.port, security="tls", bpp=bpp) as client,
    ):
        session = (await served.guest()).session
        # It acknowledges frames; so it is never far behind.
        os.killpg(client.process.pid, signal.SIGSTOP)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(move, session, 60)
            await wait_for(lambda: session.statistics().display.waits > 0, "a wait for the client")
            assert session.statistics().display.frames < 30
            os.killpg(client.process.pid, signal.SIGCONT)
        await wait_equal(client, session)
        statistics = session.statistics().display
        assert statistics.frames == 60 + 1
        assert not statistics.late_acknowledgements
        assert await client.close() == OK


@pytest.mark.parametrize("bpp", [8, pytest.param(24, marks=pytest.mark.interop_full)])
async def test_rdesktop_and_a_moving_picture(client_display: Display, bpp: int) -> None:
    async with serving() as served, rdesktop(client_display, served.port, bpp=bpp) as client:
        session = (await served.guest()).session
        await move(session, 60)
        await wait_equal(client, session)


async def test_several_clients_of_different_depths_at_once(peers: Peers) -> None:
    async with contextlib.AsyncExitStack() as stack:
        displays = [stack.enter_context(peers.client_display()) for _ in range(4)]
        served = await stack.enter_async_context(serving())
        clients = [
            await stack.enter_async_context(xfreerdp(displays[0], served.port, security="nla", bpp=32)),
            await stack.enter_async_context(xfreerdp(displays[1], served.port, security="tls", bpp=16)),
            await stack.enter_async_context(rdesktop(displays[2], served.port, bpp=24)),
            await stack.enter_async_context(rdesktop(displays[3], served.port, bpp=8)),
        ]
        guests = [await served.guest(number) for number in range(len(clients))]
        # Who was let in first is not known; each paints what nobody else does.
        by_depth = {guest.session.connection.color_depth: guest.session for guest in guests}
        assert sorted(by_depth) == [8, 16, 24, 32]
        async with trio.open_nursery() as nursery:
            for session in by_depth.values():
                nursery.start_soon(move, session, 20)
        for client, depth in zip(clients, (32, 16, 24, 8), strict=True):
            await paint(by_depth[depth], gradient(depth), 200, 100)
            await wait_equal(client, by_depth[depth])
        assert not any(guest.error for guest in guests)


def gradient(depth: int) -> Picture:
    return pattern(600, 500, f"for {depth}")
