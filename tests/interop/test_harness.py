"""The lab itself: real clients with real servers, nothing of ours between them.

When a test of this library against a peer fails, and the pair here passes, the lab is not at fault.  Continuous
integration, where the other tests use the same lab, has no time for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import trio

from tests.interop import processes
from tests.interop.conftest import Peers
from tests.interop.display import Display
from tests.interop.matrix import matrix
from tests.interop.pictures import rounding
from tests.interop.rdesktop import rdesktop
from tests.interop.shadow import shadow
from tests.interop.weston import weston
from tests.interop.xfreerdp import CONNECT_FAILED, NO_GFX_NO_RFX, OK, xfreerdp
from tests.interop.xrdp import LOGIN_BACKGROUND, xrdp

pytestmark = pytest.mark.interop_full


def test_a_display_shows_what_is_painted_on_it(peers: Peers) -> None:
    picture = peers.display.picture_sync()
    assert picture.shape == (768, 1024, 3)
    assert picture[50, 50].tolist() == [255, 0, 0]
    assert picture[50, -50].tolist() == [0, 255, 0]
    assert picture[-50, 50].tolist() == [0, 0, 255]
    assert picture[-50, -50].tolist() == [255, 255, 0]


def test_a_client_display_is_black(client_display: Display) -> None:
    assert not client_display.picture_sync().any()


async def test_keys_and_clicks_reach_the_notepad(own_display: Display) -> None:
    with own_display.notepad() as notepad:
        await notepad.focus()
        # Keys that the display has: for others xdotool changes the keymap, and back before a busy xterm has looked.
        await own_display.xdotool("type", "--delay", 30, "hello, World")
        await notepad.wait_text("hello, World")
        await own_display.xdotool("mousemove", *notepad.centre, "click", 1, "click", 3, "click", 4)
        text = await notepad.wait_text("\x1b[<64;")
        assert "\x1b[<0;" in text
        assert "\x1b[<2;" in text


def test_processes_end_with_their_children(tmp_path: Path) -> None:
    with processes.launch("shell", ["sh", "-c", "sleep 600 & echo $!; wait"], tmp_path) as process:
        child = int(processes.wait_for_sync(lambda: process.log or None, "the child starts", process))
        assert process.alive
    assert process.returncode == 143
    assert not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().rpartition(")")[2]


def test_a_process_that_ends_early_is_told_with_its_log(tmp_path: Path) -> None:
    with (
        processes.launch("shell", ["sh", "-c", "echo no such luck; exit 3"], tmp_path) as process,
        pytest.raises(processes.LaunchFailed, match=r"(?s)ended with 3.*no such luck"),
    ):
        processes.wait_for_sync(lambda: None, "miracle", process)


def test_a_matrix_meets_every_pair_with_few_rows() -> None:
    rows = matrix(
        depth=[8, 15, 16, 24, 32], compressed=[True, False], fast=[True, False], where=lambda row: row["depth"] != 15
    )
    chosen = [row for row in rows if not row.marks]
    assert len(rows) == 16
    assert len(chosen) == 8
    assert {row.values[:2] for row in chosen} == {row.values[:2] for row in rows}
    assert {row.values[1:] for row in chosen} == {row.values[1:] for row in rows}


@pytest.mark.parametrize(("security", "bpp"), [("tls", 32), ("nla", 16), ("rdp", 24)])
async def test_xfreerdp_to_shadow(
    peers: Peers, client_display: Display, security: Literal["tls", "nla", "rdp"], bpp: int
) -> None:
    server = peers.shadow(security)
    async with xfreerdp(client_display, server.port, NO_GFX_NO_RFX, security=security, bpp=bpp) as client:
        await client.wait_connected()
        # freerdp-shadow 2.11 sends 16 bits a pixel to a client of 24.
        await client.wait_shows(peers.display, rounding(32 if bpp == 32 else 16))
        assert await client.close() == OK


async def test_xfreerdp_to_shadow_as_a_user_of_a_domain(peers: Peers, client_display: Display) -> None:
    server = peers.shadow("nla")
    async with xfreerdp(client_display, server.port, user="bob", domain="LAB", password="Pässw0rd") as client:
        await client.wait_connected()
        assert await client.close() == OK


async def test_xfreerdp_to_shadow_with_a_wrong_password(peers: Peers, client_display: Display) -> None:
    server = peers.shadow("nla")
    async with xfreerdp(client_display, server.port, password="wrong", security="nla") as client:
        assert await client.wait() == CONNECT_FAILED


async def test_typing_through_xfreerdp_and_shadow(peers: Peers, own_display: Display, client_display: Display) -> None:
    with shadow(peers.folder, own_display) as server, own_display.notepad() as notepad:
        await notepad.focus()
        async with xfreerdp(client_display, server.port, NO_GFX_NO_RFX) as client:
            await client.wait_connected()
            await client.focus()
            await client_display.xdotool("mousemove", *notepad.centre, "click", 1)
            await client_display.xdotool("type", "--delay", 30, "over RDP")
            assert "\x1b[<0;" in await notepad.wait_text("over RDP")


@pytest.mark.parametrize(("bpp", "bulk_compression"), [(15, True), (16, False), (24, True), (32, False)])
async def test_xfreerdp_to_xrdp(peers: Peers, client_display: Display, bpp: int, bulk_compression: bool) -> None:
    server = peers.xrdp(bulk_compression=bulk_compression)
    async with xfreerdp(client_display, server.port, security="tls", bpp=bpp) as client:
        await client.wait_connected()
        await client.wait_shows(peers.vnc_display, rounding(bpp))
        assert await client.close() == OK


async def test_xfreerdp_to_xrdp_without_security(peers: Peers, client_display: Display) -> None:
    server = peers.xrdp(security="rdp", encryption="none")
    async with xfreerdp(client_display, server.port, security="rdp", bpp=24) as client:
        await client.wait_connected()
        await client.wait_shows(peers.vnc_display)


async def test_xfreerdp_to_xrdps_login_window(peers: Peers, client_display: Display) -> None:
    server = peers.xrdp_login()
    surroundings = list(bytes.fromhex(LOGIN_BACKGROUND))
    async with xfreerdp(client_display, server.port, user="", password="", security="tls", bpp=24) as client:
        await client.wait_picture(lambda shown: shown[-60, 40].tolist() == surroundings, "login window")


@pytest.mark.parametrize("bpp", [8, 16, 32])
async def test_rdesktop_to_xrdp(peers: Peers, client_display: Display, bpp: int) -> None:
    server = peers.xrdp()
    async with rdesktop(client_display, server.port, bpp=bpp) as client:
        await client.wait_connected()
        await client.wait_shows(peers.vnc_display, rounding(bpp))


async def test_typing_through_rdesktop_and_xrdp(
    peers: Peers, own_vnc_display: Display, client_display: Display
) -> None:
    with xrdp(peers.folder, own_vnc_display) as server, own_vnc_display.notepad() as notepad:
        async with rdesktop(client_display, server.port) as client:
            await client.wait_connected()
            await client.wait_shows(own_vnc_display)
            await client.focus()
            await client_display.xdotool("mousemove", *notepad.centre, "click", 1)
            await client_display.xdotool("type", "--delay", 30, "by hand")
            assert "\x1b[<0;" in await notepad.wait_text("by hand")


async def test_xfreerdp_to_weston(peers: Peers, client_display: Display) -> None:
    server = peers.weston()
    async with xfreerdp(client_display, server.port, NO_GFX_NO_RFX, security="tls", bpp=32) as client:
        await client.wait_connected()
        assert server.background is not None
        background = server.background

        def nearly_all(shown: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bool:
            # Weston paints its pointer into the picture, wherever that is.
            return bool((np.abs(shown.astype(int) - background).max(axis=2) > 1).mean() < 0.01)

        await client.wait_picture(nearly_all, "background")


async def test_typing_through_xfreerdp_and_weston(peers: Peers, client_display: Display) -> None:
    with weston(peers.folder, terminal=True) as server:
        async with xfreerdp(client_display, server.port, NO_GFX_NO_RFX, security="tls", bpp=32) as client:
            await client.wait_connected()
            # The background has come, and a black terminal stands on it.
            await client.wait_picture(
                lambda shown: shown[50, 50].tolist() == [255, 0, 0] and not shown[380:420, 400:600].any(), "terminal"
            )
            await client.focus()
            await client_display.xdotool("mousemove", 500, 400, "click", 1)
            assert server.typed is not None
            typed = server.typed
            # The client brings the seat, and weston 10 drops every key until the terminal has bound its keyboard.
            with trio.fail_after(processes.PATIENCE):
                while not typed.read_text():
                    await client_display.xdotool("key", "x")
                    await trio.sleep(0.1)
            await client_display.xdotool("type", "--delay", 30, "wayland")
            await processes.wait_for(lambda: "wayland" in typed.read_text(), "typing arrives")
