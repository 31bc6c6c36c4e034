"""IronRDP's web client with our server: logins, pictures, pointers, input, the clipboard, sizes, ends."""

from __future__ import annotations

import base64
import contextlib
import io
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trio
from PIL import Image

from tests.interop.conftest import Peers
from tests.interop.ironrdp import IronRdp, ironrdp
from tests.interop.pictures import Picture, pattern, photo, psnr
from tests.interop.processes import PATIENCE, wait_for
from tests.interop.serving import LOSSLESS, Guest, as_shown, paint, serving, snapshot
from trio_rdp.faces.clipboard.files import MemoryFile
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pointer_shape import PointerShape
from trio_rdp.protocol.config import BitmapCodec, DesktopSize, Security
from trio_rdp.protocol.input_events import (
    KeyPressed,
    KeyReleased,
    MouseButton,
    MouseMoved,
    MousePressed,
    MouseReleased,
    UnicodePressed,
    UnicodeReleased,
    WheelTurned,
)
from trio_rdp.protocol.keys import Key
from trio_rdp.server import ServerSession

pytestmark = pytest.mark.interop_full

WRONG_PASSWORD, LOGON_FAILURE = 1, 2  # IronErrorKind

TEXT = "first line\nÄΩ€ second 😀"
PICTURE = Image.frombytes("RGB", (37, 23), np.random.default_rng(4).integers(0, 256, 37 * 23 * 3, np.uint8).tobytes())
DATA = np.random.default_rng(5).integers(0, 256, 300_000, np.uint8).tobytes()


@contextlib.asynccontextmanager
async def using(
    peers: Peers, *, client: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[tuple[IronRdp, Guest]]:
    """A client that is connected."""
    async with serving(**options) as served, ironrdp(peers.folder, served.port, **(client or {})) as found:
        await found.wait_connected()
        guest = await served.guest()
        yield found, guest
        assert guest.error is None


async def wait_equal(client: IronRdp, session: ServerSession) -> None:
    """Wait until it shows the framebuffer, as far as the depth goes: at 16 bits it rounds, where others repeat bits."""
    depth = session.connection.color_depth
    await client.wait_shows(as_shown(snapshot(session), depth), tolerance=int(depth == 16))


# Logins.


@pytest.mark.parametrize("nla", [True, False], ids=["nla", "tls"])
@pytest.mark.parametrize(("user", "domain", "password"), [("alice", "", "Secret1!"), ("bob", "LAB", "Pässw0rd")])
async def test_logs_in(peers: Peers, nla: bool, user: str, domain: str, password: str) -> None:
    who = {"user": user, "domain": domain, "password": password, "nla": nla}
    async with using(peers, client=who, security=Security.NLA if nla else Security.TLS) as (client, guest):
        session = guest.session
        assert (session.username, session.domain) == (user, domain)
        assert session.login.is_proved
        await wait_equal(client, session)
        assert not session.display.has_pipeline
        assert not session.statistics().ignored
        assert await client.close() == "user initiated disconnect"
        await guest.wait_left()


@pytest.mark.parametrize("nla", [True, False], ids=["nla", "tls"])
async def test_a_wrong_password(peers: Peers, nla: bool) -> None:
    async with (
        serving(Security.NLA if nla else Security.TLS) as served,
        ironrdp(peers.folder, served.port, password="wrong", nla=nla) as client,
    ):
        if nla:
            said = await client.wait_event("failed")
            assert said["kind"] in (WRONG_PASSWORD, LOGON_FAILURE), said
        # Without NLA the refusal follows the font map in one TLS record, whose rest the client drops: it does not tell.
        await served.wait_log("wrong user name or password" if nla else "refused the login of 'alice'")
        assert not served.guests


async def test_no_protection_in_common(peers: Peers) -> None:
    async with serving(Security.NONE) as served, ironrdp(peers.folder, served.port) as client:
        assert "failed" in str(await client.wait_event("failed"))
        await served.wait_log("no session with")


async def test_one_after_the_other_and_two_at_once(peers: Peers) -> None:
    async with serving() as served:
        for number in range(2):
            async with ironrdp(peers.folder, served.port) as client:
                guest = await served.guest(number)
                await wait_equal(client, guest.session)
                await client.close()
                await guest.wait_left()
        async with ironrdp(peers.folder, served.port) as one, ironrdp(peers.folder, served.port, bpp=32) as other:
            guests = {guest.session.connection.color_depth: guest for guest in [await served.guest(n) for n in (2, 3)]}
            await wait_equal(one, guests[16].session)
            await wait_equal(other, guests[32].session)


# Pictures.


@pytest.mark.parametrize("size", [(800, 600), (1021, 763)])
@pytest.mark.parametrize(
    ("bpp", "codec"),
    [
        (bpp, codec)
        for bpp in (16, 24, 32)
        for codec in (BitmapCodec.RAW, BitmapCodec.INTERLEAVED, BitmapCodec.PLANAR)
        if codec is BitmapCodec.RAW or (codec is BitmapCodec.PLANAR) == (bpp == 32)
    ],
)
async def test_bitmaps(peers: Peers, bpp: int, codec: BitmapCodec, size: tuple[int, int]) -> None:
    codecs = tuple(dict.fromkeys((codec, BitmapCodec.RAW)))
    async with using(peers, client={"bpp": bpp, "size": size}, codecs=codecs) as (client, guest):
        session = guest.session
        assert session.connection.color_depth == bpp
        await wait_equal(client, session)
        assert "WARN" not in client.log
        await paint(session, photo(300, 200), 77, 55)
        async with session.display.frame() as frame:
            frame.copy(Rect(0, 0, 300, 300), (411, 277))
            frame.fill(Rect(100, 400, 50, 50), (1, 2, 3))
        await wait_equal(client, session)


async def test_remotefx(peers: Peers) -> None:
    codecs = (BitmapCodec.REMOTEFX, *LOSSLESS)
    async with using(peers, client={"bpp": 32}, codecs=codecs) as (client, guest):
        session = guest.session
        session.display.codec = BitmapCodec.REMOTEFX
        await paint(session, photo(session.size.width, session.size.height))
        wanted = snapshot(session)
        await client.wait_picture(lambda shown: psnr(shown, wanted) > 30, wanted)
        assert BitmapCodec.REMOTEFX in session.statistics().display.codecs
        assert "WARN" not in client.log


async def test_whatever_suits_the_picture(peers: Peers) -> None:
    async with using(peers, codecs=tuple(BitmapCodec)) as (client, guest):
        session = guest.session
        picture = pattern(session.size.width, session.size.height, "text and photograph")
        picture = picture.copy()
        picture[300:600, 200:700] = photo(500, 300)
        await paint(session, picture)
        await client.wait_picture(lambda shown: psnr(shown, picture) > 27, picture)


async def test_many_updates(peers: Peers) -> None:
    async with using(peers, client={"bpp": 32}) as (client, guest):
        session = guest.session
        noise = np.random.default_rng(2).integers(0, 256, (200, 200, 3), np.uint8)
        with trio.fail_after(PATIENCE):
            for number in range(150):
                await paint(session, np.roll(noise, number, 0), 5 * number % 800, 3 * number % 500)
        await wait_equal(client, session)
        statistics = session.statistics().display
        assert statistics.waits
        assert not statistics.late_acknowledgements


async def test_pointers_are_passed_over(peers: Peers) -> None:
    """This client shows a browser's own pointer, whatever a server says."""
    async with using(peers, client={"bpp": 32}) as (client, guest):
        pixels = np.zeros((32, 32, 4), np.uint8)
        pixels[:, :16] = (10, 200, 30, 255)
        for shape in (PointerShape(pixels, (3, 4)), PointerShape(np.full((96, 96, 4), 255, np.uint8), (50, 51))):
            await guest.session.display.set_pointer(shape)
        await guest.session.display.hide_pointer()
        await guest.session.display.default_pointer()
        await paint(guest.session, pattern(400, 400, "still there"))
        await wait_equal(client, guest.session)
        assert not [one for one in client.events if one["event"] == "cursor"]


# Input.


async def test_input(peers: Peers) -> None:
    async with using(peers) as (client, guest):
        await wait_equal(client, guest.session)
        client.input(("keyPressed", 0x1E), ("keyReleased", 0x1E), ("keyPressed", 0xE04B), ("keyReleased", 0xE04B))
        left = Key.LEFT
        await guest.wait_event(
            KeyPressed(Key.A, 0x1E),
            KeyReleased(Key.A, 0x1E),
            KeyPressed(left, left.scancode, left.is_extended),
            KeyReleased(left, left.scancode, left.is_extended),
        )
        client.input(("unicodePressed", "Ω"), ("unicodeReleased", "Ω"))
        await guest.wait_event(UnicodePressed("Ω"), UnicodeReleased("Ω"))
        client.input(("mouseMove", 300, 200), ("mouseButtonPressed", 0), ("mouseButtonReleased", 0))
        await guest.wait_event(
            MouseMoved(300, 200), MousePressed(MouseButton.LEFT, 300, 200), MouseReleased(MouseButton.LEFT, 300, 200)
        )
        client.input(("mouseButtonPressed", 2), ("wheelRotations", True, 120, 0), ("mouseButtonReleased", 2))
        await wait_for(lambda: any(isinstance(one, WheelTurned) for one in guest.events), "the wheel")
        client.input(("keyPressed", 0x2A))
        client.do("release")
        await guest.wait_event(KeyPressed(Key.LEFT_SHIFT, 0x2A), KeyReleased(Key.LEFT_SHIFT, 0x2A))


# The clipboard.


def is_answer(stream_id: int, event: dict[str, Any]) -> bool:
    return bool(event["streamId"] == stream_id)


async def test_what_our_server_copies(peers: Peers) -> None:
    async with using(peers) as (client, guest):
        clipboard = guest.session.clipboard
        await clipboard.offer(text=TEXT, html="<b>bold Ä</b>", image=PICTURE)

        def pasted(kind: str) -> Any:
            found = [one for one in client.events if one["event"] == "clipboard"]
            return dict(found[-1]["items"]).get(kind) if found else None

        await wait_for(
            lambda: pasted("text/plain") == TEXT.replace("\n", "\r\n") or pasted("text/plain") == TEXT, "text"
        )
        assert "<b>bold Ä</b>" in pasted("text/html")
        image = Image.open(io.BytesIO(base64.b64decode(pasted("image/png"))))
        assert image.convert("RGB").tobytes() == PICTURE.tobytes()

        await clipboard.offer(files=[MemoryFile("a file.bin", DATA), MemoryFile("empty", b"")])
        listed = await client.wait_event("files")
        assert [(one["name"], one["size"]) for one in listed["files"]] == [("a file.bin", len(DATA)), ("empty", 0)]
        read = b""
        for number, start in enumerate(range(0, len(DATA), 65_536)):
            size = min(65_536, len(DATA) - start)
            request = {"stream_id": number, "file_index": 0, "flags": 2, "position": start, "size": size}
            client.do("readFile", **request, clip_data_id=listed["id"])
            answer = await client.wait_event("file contents", partial(is_answer, number))
            read += base64.b64decode(answer["data"])
        assert read == DATA


async def test_what_the_client_copies(peers: Peers) -> None:
    png = io.BytesIO()
    PICTURE.save(png, "PNG")
    async with using(peers) as (client, guest):
        await wait_equal(client, guest.session)
        clipboard = guest.session.clipboard
        await client.wait_event("clipboard ready")
        await trio.sleep(0.2)
        with trio.fail_after(PATIENCE):
            client.copy(("text/plain", TEXT))
            async for contents in clipboard:
                if contents.has_text:
                    break
            assert await clipboard.read_text() == TEXT
            client.copy(("text/html", "<i>italic Ä</i>"))
            async for contents in clipboard:
                if contents.has_html:
                    break
            html = await clipboard.read_html()
            assert html is not None
            assert "<i>italic Ä</i>" in html.fragment
            client.copy(("image/png", png.getvalue()))
            async for contents in clipboard:
                if contents.has_image:
                    break
            image = await clipboard.read_image()
            assert image is not None
            assert image.to_pillow().convert("RGB").tobytes() == PICTURE.tobytes()


async def test_files_that_the_client_copies(peers: Peers, tmp_path: Path) -> None:
    async with using(peers) as (client, guest):
        await wait_equal(client, guest.session)
        clipboard = guest.session.clipboard
        await client.wait_event("clipboard ready")
        await trio.sleep(0.2)
        offered = [
            {"name": "from afar.bin", "size": len(DATA), "lastModified": 0, "data": base64.b64encode(DATA).decode()}
        ]
        client.do("copyFiles", offered=offered)
        with trio.fail_after(PATIENCE):
            async for contents in clipboard:
                if contents.has_files:
                    break
            files = await clipboard.read_files()
            await files.save(tmp_path)
        assert (tmp_path / "from afar.bin").read_bytes() == DATA


# Sizes and ends.


async def test_another_size(peers: Peers) -> None:
    """Of what it did not ask for, it shows what its canvas has room for."""
    async with using(peers, client={"bpp": 32}) as (client, guest):
        session = guest.session
        await wait_equal(client, session)
        for width, height in ((800, 600), (1002, 701), (1024, 768)):
            await session.display.resize(width, height)
            await paint(session, pattern(width, height, f"{width} x {height}"))
            wanted = snapshot(session)
            await client.wait_picture(partial(begins_with, wanted), wanted)


def begins_with(wanted: Picture, shown: Picture) -> bool:
    return np.array_equal(shown[: wanted.shape[0], : wanted.shape[1]], wanted)


def has_size(session: ServerSession, size: DesktopSize) -> bool:
    return session.size == size


async def test_the_client_asks_for_another_size(peers: Peers) -> None:
    async with using(peers) as (client, guest):
        session = guest.session
        await wait_equal(client, session)
        await session.accept_layouts().wait_open()
        for width, height in ((800, 600), (1202, 901)):
            client.do("resize", width=width, height=height)
            await wait_for(partial(has_size, session, DesktopSize(width, height)), "the size")
            await paint(session, pattern(width, height, f"{width} x {height}"))
            await wait_equal(client, session)


async def test_the_handler_returns(peers: Peers) -> None:
    async with using(peers) as (client, guest):
        await wait_equal(client, guest.session)
        guest.leave()
        await client.wait_event("ended")
        await guest.wait_left()
