"""A session's life with real servers: it is resized, refreshed, suppressed, left and lost, and counts what happens."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio

from tests.interop.conftest import Peers
from tests.interop.display import Display, xvfb, xvnc
from tests.interop.processes import PATIENCE, wait_for
from tests.interop.server import Server
from tests.interop.sessions import connected, count_frames, filled_up, shown, truncated, wait_quiet, wait_shows
from tests.interop.shadow import shadow
from tests.interop.weston import weston
from tests.interop.xrdp import FastPath, xrdp
from trio_rdp.channels.disp import DISP_CHANNEL_NAME
from trio_rdp.client import Session
from trio_rdp.graphics.geometry import Rect
from trio_rdp.protocol.config import DesktopSize, Security
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import LocalProtocolError, SessionClosed
from trio_rdp.writer import LaneStatistics

KINDS = ["shadow", "xrdp", "weston"]


def server_of(peers: Peers, kind: str) -> Server:
    if kind == "shadow":
        return peers.shadow()
    return peers.xrdp() if kind == "xrdp" else peers.weston()


# Sizes.


@pytest.mark.parametrize("fast_path", ["both", "none"])
@pytest.mark.parametrize("depth", [16, 32])
async def test_xrdp_resizes_the_session(
    peers: Peers, own_vnc_display: Display, fast_path: FastPath, depth: int
) -> None:
    display = own_vnc_display
    with xrdp(peers.folder, display, fast_path=fast_path) as server:
        async with connected(server, color_depth=depth) as session:
            await wait_shows(session, filled_up(display.picture_sync(), depth), peers.folder)
            for width, height in ((800, 600), (1280, 960), (1024, 768)):
                await display.run("xrandr", "-s", f"{width}x{height}")
                picture = await display.picture(width, height)
                assert picture.shape == (height, width, 3)
                size = DesktopSize(width, height)
                await wait_for(partial(has_size, session, size), lambda: f"another size than {session.size}")
                await wait_shows(session, filled_up(picture, depth), peers.folder)
            assert session.screen.statistics().resizes == 3
            # Input still arrives after all this.
            with display.notepad() as notepad:
                await notepad.focus()
                await session.keyboard.type("still here")
                await notepad.wait_text("still here")


def has_size(session: Session, size: DesktopSize) -> bool:
    return session.size == size and (session.screen.width, session.screen.height) == (size.width, size.height)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_that_has_another_size(peers: Peers, kind: str) -> None:
    # freerdp-shadow says its own at once; xrdp 0.9.21 and weston 10 take the client's, and resize it.
    server = server_of(peers, kind)
    async with connected(server, desktop_size=DesktopSize(640, 480)) as session:
        await wait_for(partial(has_size, session, DesktopSize(1024, 768)), "the server's size")
        await wait_for(
            lambda: bool((shown(session)[700, 950:] == (255, 255, 0)).all()),
            lambda: f"its yellow square; {shown(session)[700, 950:].tolist()} are there",
        )


# What a client asks for.


@pytest.mark.parametrize("kind", ["shadow", "xrdp"])
async def test_refresh(peers: Peers, kind: str) -> None:
    server = server_of(peers, kind)
    server.skip_if_restless()
    async with connected(server) as session:
        desktop = peers.display if kind == "shadow" else peers.vnc_display
        await wait_shows(session, desktop.picture_sync(), peers.folder)
        damage = aiter(session.screen)
        await anext(damage)
        await session.request_refresh()
        await painted(damage, 1024 * 768)
        await session.request_refresh([Rect(16, 32, 320, 64)])
        area = await painted(damage, 320 * 64)
        assert area <= 336 * 80  # freerdp-shadow's tiles have 16 pixels


async def painted(damage: AsyncIterator[list[Rect]], least: int) -> int:
    """How many pixels are painted until nothing more is, once there were that many."""
    area = 0
    with trio.move_on_after(PATIENCE) as scope:
        while True:
            area += sum(rect.area for rect in await anext(damage))
            if area >= least:
                scope.deadline = min(scope.deadline, trio.current_time() + 0.5)
    assert area >= least
    return area


@pytest.mark.parametrize("kind", ["shadow", "xrdp"])
async def test_suppressed_output(peers: Peers, kind: str, request: pytest.FixtureRequest) -> None:
    display: Display = request.getfixturevalue("own_display" if kind == "shadow" else "own_vnc_display")
    with (shadow if kind == "shadow" else xrdp)(peers.folder, display) as server:
        server.skip_if_restless()
        async with connected(server) as session:
            await wait_shows(session, display.picture_sync(), peers.folder)
            await session.suppress_output()
            # Input comes after that, so that the server has read it when it moves the pointer.
            await session.mouse.move(300, 200)
            await display.wait_pointer(300, 200)
            before = session.screen.pixel(500, 500)
            for colour in ("blue", "green", "#123456"):
                await display.run("xsetroot", "-solid", colour)
                await trio.sleep(0.3)
            # xrdp 0.9.21 has asked its VNC server for one more update already.
            assert session.screen.pixel(500, 500) in ([before] if kind == "shadow" else [before, (0, 0, 255)])
            await session.suppress_output(False)
            await wait_shows(session, await display.picture(), peers.folder)
            assert session.screen.pixel(500, 500) == (0x12, 0x34, 0x56)


async def test_a_picture_that_moves(peers: Peers, own_display: Display) -> None:
    with shadow(peers.folder, own_display) as server:
        async with connected(server, color_depth=16) as session:
            await wait_shows(session, truncated(own_display.picture_sync(), 16), peers.folder)
            for number in range(10):
                await own_display.run("xsetroot", "-solid", f"#{number:02x}80{255 - number:02x}")
            await wait_shows(session, truncated(await own_display.picture(), 16), peers.folder)
            with own_display.notepad() as notepad:
                await notepad.focus()
                await session.keyboard.type("all of this is painted\n" * 5, unicode=not server.drops_unicode)
                await notepad.wait_text("all of this is painted\n" * 5)
                await own_display.run("xsetroot", "-solid", "olive")
                await wait_shows(session, truncated(await own_display.picture(), 16), peers.folder)


# Channels.


async def test_a_channel_of_xrdp(peers: Peers) -> None:
    async with connected(peers.xrdp(), static_channels=("cliprdr", "nosuch")) as session:
        channel = session.channel("cliprdr")
        with trio.fail_after(PATIENCE):
            first, second = await channel.receive(), await channel.receive()
        # The server's capabilities and Monitor Ready, [MS-RDPECLIP] 2.2.2.
        assert (first[:2], second[:2]) == (b"\7\0", b"\1\0")
        assert session.statistics().channels[0].messages_received == 2
        with pytest.raises(LocalProtocolError, match="no static channel"):
            session.channel("rdpsnd")


# Ends.


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("security", [Security.TLS, Security.NONE])
async def test_leaving_is_seen_by_the_server(
    peers: Peers, kind: str, security: Security, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "_last_look", PATIENCE)  # else a slow one is not waited for
    if security is Security.NONE:
        server = {
            "shadow": lambda: peers.shadow("rdp"),
            "xrdp": lambda: peers.xrdp(security="rdp", encryption="none"),
            "weston": peers.weston,
        }[kind]()
    else:
        server = server_of(peers, kind)
    logged = len(server.process.log)
    async with connected(server, security=security, limits=Limits(close_grace=PATIENCE)) as session:
        came = note_what_comes(session)
        await wait_quiet(session)
        assert came
        assert all(came)
    # It has understood: it closed its side before we closed ours, and did not see the connection break.
    assert came[-1] == b""
    await trio.sleep(0.1)
    assert "TRANSPORT_FAILED" not in server.process.log[logged:]


def note_what_comes(session: Session) -> list[bytes | bytearray]:
    came: list[bytes | bytearray] = []
    stream = session._framed.stream
    receive = stream.receive_some

    async def noting(max_bytes: int | None = None) -> bytes | bytearray:
        data = await receive(max_bytes)
        came.append(data)
        return data

    # The reader may be waiting in the old one already; the pictures take it out of there.
    setattr(stream, "receive_some", noting)  # noqa: B010
    return came


@asynccontextmanager
async def own_server(folder: Path, kind: str) -> AsyncIterator[Server]:
    if kind == "weston":
        with weston(folder) as server:
            yield server
        return
    make_display: Callable[[Path], AbstractContextManager[Display]] = xvfb if kind == "shadow" else xvnc
    make_server: Callable[[Path, Display], AbstractContextManager[Server]] = shadow if kind == "shadow" else xrdp
    with make_display(folder) as display, make_server(folder, display) as other:
        yield other


@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_that_is_killed(peers: Peers, kind: str) -> None:
    async with own_server(peers.folder, kind) as server:
        with pytest.raises(SessionClosed, match="connection"):
            await use_until(server, signal.SIGKILL)


@pytest.mark.parametrize("kind", ["shadow", "weston"])
async def test_a_server_that_is_ended(peers: Peers, kind: str) -> None:
    # libfreerdp's servers just close.
    async with own_server(peers.folder, kind) as server:
        with pytest.raises(SessionClosed, match="closed the connection"):
            await use_until(server, signal.SIGTERM)


async def use_until(server: Server, number: signal.Signals) -> None:
    async with connected(server) as session:
        await wait_quiet(session)
        os.killpg(server.process.pid, number)
        with trio.fail_after(PATIENCE):
            await trio.sleep_forever()


async def test_a_server_that_says_goodbye(peers: Peers) -> None:
    async with own_server(peers.folder, "xrdp") as server, connected(server) as session:
        await wait_quiet(session)
        os.killpg(server.process.pid, signal.SIGTERM)
        with trio.fail_after(PATIENCE):
            async for _ in session.screen:
                pass
            await session.wait_closed()
        with pytest.raises(SessionClosed, match="disconnected"):
            await session.keyboard.type("x")
        with pytest.raises(SessionClosed, match="disconnected"):
            await session.screen.wait_changed()


# What it counts.


def lane(session: Session, name: str) -> LaneStatistics:
    return next(one for one in session.statistics().writer.lanes if one.name == name)


async def test_statistics(peers: Peers) -> None:
    async with connected(peers.xrdp()) as session:
        before, frames = session.statistics().frames_received, count_frames(session)
        await wait_quiet(session)
        await session.keyboard.type("abc")
        await session.mouse.move(3, 4)
        await wait_for(lambda: lane(session, "input").pdus >= 2, "the writer is done")
        await wait_for(lambda: not session.statistics().painter.pending_bytes, "the painter is done")
        statistics = session.statistics()
    assert statistics.frames_received == before + sum(frames.values()) > 5
    assert statistics.screen.pixels >= 1024 * 768
    assert statistics.screen.frames <= statistics.painter.jobs
    assert statistics.painter.pending_bytes == 0
    assert 0 < statistics.painter.peak_pending_bytes <= statistics.painter.limit
    assert statistics.painter.reading_stopped == 0
    found = lane(session, "input")
    assert 0 < found.peak_bytes <= found.limit
    assert statistics.writer.bytes_sent >= found.peak_bytes
    assert statistics.writer.writes > 0
    assert not statistics.ignored
    assert {channel.name for channel in statistics.channels} <= {DISP_CHANNEL_NAME}
