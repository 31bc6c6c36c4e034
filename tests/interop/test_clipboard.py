"""The clipboard with real peers: what programs on one side copy, the other side pastes.

xfreerdp 2.11 of Debian is built without FUSE, so it lists a server's files and reads none of them, while 3.15 mounts
them; PNG it offers without a name.  rdesktop 1.9 knows text alone.  xrdp 0.9.21 knows no HTML, no characters beyond the
basic plane, and no file of 2 GiB or more; it takes the last 14 bytes from a picture.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import trio
from PIL import Image

from tests.interop.client import Client
from tests.interop.conftest import Peers
from tests.interop.display import Display
from tests.interop.processes import PATIENCE, wait_for
from tests.interop.rdesktop import rdesktop
from tests.interop.selection import owning, selection, wait_targets
from tests.interop.serving import serving
from tests.interop.sessions import connected
from tests.interop.xfreerdp import is_version_3, xfreerdp
from tests.interop.xrdp import chansrv, xrdp
from trio_rdp.faces.clipboard.clipboard import Clipboard
from trio_rdp.faces.clipboard.contents import ClipboardContents
from trio_rdp.faces.clipboard.files import MemoryFile, OfferedFile
from trio_rdp.faces.clipboard.images import ClipboardImage

TEXT = "first line\nÄΩ€ second 😀"
BASIC = TEXT[:-1]
PICTURE = Image.frombytes("RGB", (37, 23), random.Random(4).randbytes(37 * 23 * 3))
DATA = random.Random(5).randbytes(3_000_000)


def bitmap_file() -> bytes:
    found = io.BytesIO()
    PICTURE.save(found, "BMP")
    return found.getvalue()


async def wait_contents(clipboard: Clipboard, good: Callable[[ClipboardContents], bool]) -> None:
    """Wait until the peer offers that; while nobody owns the selection, xfreerdp 2.11 offers all that it knows."""
    with trio.fail_after(PATIENCE):
        async for contents in clipboard:
            if good(contents):
                return
    raise AssertionError(f"the clipboard ended with {clipboard.contents}")


def only(name: str) -> Callable[[ClipboardContents], bool]:
    """Whether a clipboard has this, and nothing else."""
    kinds = ("has_text", "has_html", "has_image", "has_files")
    return lambda contents: all(getattr(contents, kind) == (kind == name) for kind in kinds)


@contextlib.asynccontextmanager
async def hosting_xfreerdp(display: Display) -> AsyncIterator[tuple[Clipboard, Client]]:
    async with serving(paints=False) as served, xfreerdp(display, served.port) as client:
        guest = await served.guest()
        yield guest.session.clipboard, client
        assert guest.error is None


@contextlib.asynccontextmanager
async def hosting_rdesktop(display: Display) -> AsyncIterator[Clipboard]:
    async with serving(paints=False) as served, rdesktop(display, served.port, "-r", "clipboard:CLIPBOARD"):
        guest = await served.guest()
        yield guest.session.clipboard
        assert guest.error is None


async def test_what_our_server_offers_to_xfreerdp(client_display: Display) -> None:
    async with hosting_xfreerdp(client_display) as (clipboard, client):
        await clipboard.offer(text=TEXT, html="<b>bold Ä</b>", image=PICTURE)
        await wait_targets(client_display, "UTF8_STRING", "text/html", "image/bmp")
        assert (await selection(client_display, "UTF8_STRING")).decode() == TEXT
        assert "<b>bold Ä</b>" in (await selection(client_display, "text/html")).decode()
        pasted = Image.open(io.BytesIO(await selection(client_display, "image/bmp")))
        assert pasted.convert("RGB").tobytes() == PICTURE.tobytes()

        offering = await clipboard.offer(files=[MemoryFile("a.bin", DATA)])
        await wait_targets(client_display, "text/uri-list")
        listed = (await selection(client_display, "text/uri-list")).decode()
        assert clipboard.statistics().requests_owed == 0
        if is_version_3():
            mounted = Path(listed.strip().removeprefix("file://"))
            assert await trio.to_thread.run_sync(mounted.read_bytes) == DATA
            assert offering.progress().files_done == 1
        else:
            assert offering.progress().bytes_done == 0
            await wait_for(
                lambda: "failed to get clipboard data in format text/uri-list" in client.log, "words of that"
            )


async def test_what_xfreerdp_offers_to_our_server(client_display: Display, tmp_path: Path) -> None:
    tree, target = tmp_path / "tree", tmp_path / "target"
    (tree / "inner").mkdir(parents=True)
    target.mkdir()
    (tree / "inner" / "a file.bin").write_bytes(DATA)
    (tree / "empty").write_bytes(b"")
    async with hosting_xfreerdp(client_display) as (clipboard, _):
        # What is copied before it has begun, it misses.
        await wait_contents(clipboard, lambda contents: contents.has_files or is_version_3())
        async with owning(client_display, "UTF8_STRING", TEXT.encode()):
            await wait_contents(clipboard, only("has_text"))
            assert await clipboard.read_text() == TEXT
        async with owning(client_display, "text/html", "<i>italic Ä</i>".encode()):
            await wait_contents(clipboard, only("has_html"))
            html = await clipboard.read_html()
            assert html is not None
            assert html.fragment == "<i>italic Ä</i>"
        async with owning(client_display, "image/bmp", bitmap_file()):
            # xfreerdp 3.15 offers a page with the picture, too.
            await wait_contents(clipboard, lambda contents: contents.has_image and not contents.has_files)
            image = await clipboard.read_image()
            assert image is not None
            assert image.to_pillow().convert("RGB").tobytes() == PICTURE.tobytes()
        async with owning(client_display, "text/uri-list", f"file://{tree}\r\n".encode()):
            await wait_contents(clipboard, only("has_files"))
            files = await clipboard.read_files()
            assert {file.name for file in files} == {
                "tree",
                "tree\\inner",
                "tree\\inner\\a file.bin",
                "tree\\empty",
            }
            await files.save(target)
    assert (target / "tree" / "inner" / "a file.bin").read_bytes() == DATA
    assert (target / "tree" / "empty").read_bytes() == b""


@pytest.mark.interop_full
async def test_rdesktop(client_display: Display) -> None:
    async with hosting_rdesktop(client_display) as clipboard:
        await clipboard.offer(text=TEXT)
        await wait_targets(client_display, "UTF8_STRING")
        assert (await selection(client_display, "UTF8_STRING")).decode() == TEXT
        async with owning(client_display, "UTF8_STRING", "from X\nÄ".encode()):
            found = []
            # It offers the same again after each answer: who reads what is new must come to an end.
            with trio.move_on_after(2):
                async for contents in clipboard:
                    assert contents.has_text
                    found.append(await clipboard.read_text())
            assert found == ["from X\nÄ"]


async def test_xrdp(peers: Peers, tmp_path: Path) -> None:
    """Text, pictures and files with xrdp's channel server, whose files are in a file system of its own."""
    desktop, folder = peers.xorg_display, peers.folder / "chansrv"
    with chansrv(desktop, folder), xrdp(peers.folder, desktop, chansrv=True) as server:
        async with connected(server, enable_clipboard=True) as session:
            clipboard = session.clipboard
            await clipboard.offer(text=BASIC, image=PICTURE)
            await wait_targets(desktop, "UTF8_STRING", "image/bmp")
            assert (await selection(desktop, "UTF8_STRING")).decode() == BASIC.replace("\n", "\r\n")
            pasted = Image.open(io.BytesIO(await selection(desktop, "image/bmp")))
            assert pasted.convert("RGB").tobytes() == PICTURE.tobytes()

            offering = await clipboard.offer(
                files=[MemoryFile("small file.txt", b"small"), MemoryFile("big.bin", DATA)]
            )
            await wait_targets(desktop, "text/uri-list")
            listed = (await selection(desktop, "text/uri-list")).decode().splitlines()
            assert [Path(line).name for line in listed] == ["small file.txt", "big.bin"]
            mounted = folder / "thinclient_drives" / ".clipboard"
            assert await trio.to_thread.run_sync((mounted / "small file.txt").read_bytes) == b"small"
            assert await trio.to_thread.run_sync((mounted / "big.bin").read_bytes) == DATA
            assert offering.progress().files_done == 2

            async with owning(desktop, "UTF8_STRING", BASIC.encode()):
                await wait_contents(clipboard, only("has_text"))
                assert await clipboard.read_text() == BASIC
            async with owning(desktop, "image/bmp", bitmap_file()):
                await wait_contents(clipboard, only("has_image"))
                image = await clipboard.read_image()
                assert image is not None
                assert image.to_pillow().convert("RGB").tobytes() == PICTURE.tobytes()
            (tmp_path / "in the session.bin").write_bytes(DATA)
            uri = f"file://{tmp_path}/in%20the%20session.bin\r\n".encode()
            async with owning(desktop, "text/uri-list", uri):
                await wait_contents(clipboard, only("has_files"))
                (saved,) = await (await clipboard.read_files()).save(folder)
            assert saved.read_bytes() == DATA


class Pattern(OfferedFile):
    """More than 4 GiB that nobody has to store."""

    async def read(self, position: int, count: int) -> bytes:
        await trio.lowlevel.checkpoint()
        start = position % 251
        return (bytes(range(251)) * (count // 251 + 2))[start : start + count]


@pytest.mark.interop_full
async def test_xrdp_reads_far_into_a_large_file(peers: Peers) -> None:
    desktop, folder = peers.xorg_display, peers.folder / "chansrv"
    with chansrv(desktop, folder), xrdp(peers.folder, desktop, chansrv=True) as server:
        async with connected(server, enable_clipboard=True) as session:
            await session.clipboard.offer(files=[Pattern("large.bin", (2 << 30) - 1)])
            await wait_targets(desktop, "text/uri-list")
            await selection(desktop, "text/uri-list")

            def far() -> bytes:
                with (folder / "thinclient_drives" / ".clipboard" / "large.bin").open("rb") as file:
                    file.seek((2 << 30) - 5000)
                    return file.read(4000)

            found = await trio.to_thread.run_sync(far)
    start = ((2 << 30) - 5000) % 251
    wanted = (bytes(range(251)) * 20)[start : start + 4000]
    assert hashlib.sha256(found).hexdigest() == hashlib.sha256(wanted).hexdigest()


@pytest.mark.interop_full
async def test_a_picture_with_alpha_for_xrdp(peers: Peers) -> None:
    desktop, folder = peers.xorg_display, peers.folder / "chansrv"
    with chansrv(desktop, folder), xrdp(peers.folder, desktop, chansrv=True) as server:
        async with connected(server, enable_clipboard=True) as session:
            await session.clipboard.offer(image=ClipboardImage(1, 2, bytes([1, 2, 3, 128] * 2)))
            await wait_targets(desktop, "image/bmp")
            pasted = Image.open(io.BytesIO(await selection(desktop, "image/bmp")))
            assert pasted.convert("RGB").getpixel((0, 0)) == (3, 2, 1)
