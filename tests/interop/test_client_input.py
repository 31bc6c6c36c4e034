"""What our client types and clicks arrives at real servers, proved by what a terminal writes; pointers come back."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import trio

from tests.interop.conftest import Peers
from tests.interop.display import Display, Notepad
from tests.interop.processes import PATIENCE, wait_for, wait_for_answer
from tests.interop.server import Server
from tests.interop.sessions import connected, cursor, wait_desktop
from tests.interop.shadow import shadow
from tests.interop.shadow import version as shadow_version
from tests.interop.weston import weston
from tests.interop.xrdp import FastPath, xrdp
from trio_rdp.client import Session
from trio_rdp.graphics.pointer import PointerKind
from trio_rdp.graphics.pointer_shape import PointerShape
from trio_rdp.protocol.input_events import MouseButton
from trio_rdp.protocol.keys import Key
from trio_rdp.wire.errors import LocalProtocolError

SIGNS = "~!@#$%^&*()_+{}|:\"<>? `1234567890-=[]\\;',./"
GERMAN = 0x407
MOTION = 35  # xterm's code for a movement without a button


@pytest.fixture
def shadowed(peers: Peers, own_display: Display) -> Iterator[tuple[Server, Notepad]]:
    """A terminal on a display that freerdp-shadow shares."""
    with shadow(peers.folder, own_display) as server, own_display.notepad() as notepad:
        yield server, notepad


@pytest.fixture
def shown_by_xrdp(
    peers: Peers, own_vnc_display: Display, request: pytest.FixtureRequest
) -> Iterator[tuple[Server, Notepad]]:
    """A terminal on a display that xrdp shows, with a fast path or without."""
    fast_path: FastPath = getattr(request, "param", "both")
    with xrdp(peers.folder, own_vnc_display, fast_path=fast_path) as server, own_vnc_display.notepad() as notepad:
        yield server, notepad


@dataclass
class Desk:
    """A session that has clicked into a terminal, and what the terminal got since."""

    session: Session
    notepad: Notepad
    unicode: bool
    start: int = 0

    @property
    def text(self) -> str:
        return self.notepad.text[self.start :]

    async def expect(self, wanted: str) -> None:
        """Wait until exactly this has come, and start again."""
        await wait_for(lambda: len(self.text) >= len(wanted), lambda: f"{wanted!r} typed; {self.text!r} was")
        assert self.text == wanted
        self.start += len(wanted)

    async def expect_reports(self, wanted: str) -> None:
        """Wait until exactly these mouse reports have come, as in "0M 0m": button code, and M down or m up."""
        count = len(wanted.split())
        await wait_for(lambda: len(self.reports()) >= count, lambda: f"{wanted}; reported was {self.text!r}")
        assert " ".join(self.reports()) == wanted
        self.start = len(self.notepad.text)

    def reports(self) -> list[str]:
        return [
            code + kind for code, kind in re.findall(r"\x1b\[<(\d+);\d+;\d+([Mm])", self.text) if int(code) != MOTION
        ]


@contextlib.asynccontextmanager
async def at_the_desk(server: Server, notepad: Notepad, **options: object) -> AsyncIterator[Desk]:
    """A session that has clicked into the terminal."""
    async with connected(server, **options) as session:
        await wait_desktop(session)
        await notepad.focus()
        desk = Desk(session, notepad, not server.drops_unicode, len(notepad.text))
        await session.mouse.click(*notepad.centre)
        await desk.expect_reports("0M 0m")
        yield desk


async def use_the_keyboard(desk: Desk, text: str) -> None:
    keyboard = desk.session.keyboard
    await keyboard.type(text + "\n\t", unicode=desk.unicode)
    await desk.expect(text + "\n\t")
    await keyboard.press(Key.LEFT_CTRL, "c")
    await keyboard.press(Key.LEFT_CTRL, Key.RIGHT)
    await keyboard.press(Key.DELETE)
    await keyboard.press(Key.F5)
    await keyboard.press(Key.KEYPAD_ENTER)
    async with keyboard.hold(Key.LEFT_SHIFT):
        await keyboard.press("a")
    await keyboard.press("a")
    await desk.expect("\x03\x1b[1;5C\x1b[3~\x1b[15~\nAa")


async def use_the_mouse(desk: Desk, *, horizontal: str) -> None:
    mouse, (x, y) = desk.session.mouse, desk.notepad.centre
    await mouse.click(button=MouseButton.RIGHT)
    await mouse.click(button=MouseButton.MIDDLE)
    await desk.expect_reports("2M 2m 1M 1m")
    await mouse.click(x + 30, y, count=2)
    await desk.expect_reports("0M 0m 0M 0m")
    await mouse.scroll(2)
    await mouse.scroll(-3)
    await desk.expect_reports("64M 64M 65M 65M 65M")
    if horizontal:
        await mouse.scroll(1, horizontal=True)
        await mouse.scroll(-1, horizontal=True)
        await desk.expect_reports(horizontal)
    await mouse.drag((x - 60, y), (x + 60, y), steps=3)
    await desk.expect_reports("0M 32M 32M 32M 0m")
    for spot in ((17, 23), (1000, 750)):
        await mouse.move(*spot)
        await desk.notepad.display.wait_pointer(*spot)


async def leave_with_things_held(desk: Desk) -> None:
    """A session that ends gives its last words, and leaves nothing pressed."""
    await desk.session.mouse.move(*desk.notepad.centre)
    await desk.session.mouse.down()
    await desk.session.keyboard.down(Key.LEFT_CTRL)
    await desk.expect_reports("0M")
    await desk.session.keyboard.type("x" * 500, unicode=desk.unicode)


async def expect_nothing_held(desk: Desk) -> None:
    await desk.notepad.wait_text("\x18" * 500)  # the x's, each with Ctrl
    await wait_for(lambda: desk.reports() == ["0m"], lambda: f"the button up; {desk.reports()} were reported")
    await desk.notepad.display.xdotool("type", "d")
    await wait_for(lambda: desk.text.endswith("d"), lambda: f"d typed, without Ctrl, at the end of {desk.text!r}")


async def test_shadow(shadowed: tuple[Server, Notepad]) -> None:
    async with at_the_desk(*shadowed) as desk:
        await use_the_keyboard(desk, "Hello, World! " + SIGNS)
        # freerdp-shadow 2.11 has neither Unicode nor further buttons nor a second wheel.
        is_old = shadow_version() < (3,)
        # 3.15 turns its second wheel the other way.
        await use_the_mouse(desk, horizontal="" if is_old else "66M 66m 67M 67m")
        if is_old:
            with pytest.raises(LocalProtocolError, match="extended"):
                await desk.session.mouse.click(button=MouseButton.X1)
            with pytest.raises(LocalProtocolError, match="horizontal"):
                await desk.session.mouse.scroll(1, horizontal=True)
        with pytest.raises(LocalProtocolError, match="ö"):
            await desk.session.keyboard.type("Wörld", unicode=not is_old and desk.unicode)
        with pytest.raises(LocalProtocolError, match="relative"):
            await desk.session.mouse.move_by(1, 1)
        await desk.expect("")
        await leave_with_things_held(desk)
    await expect_nothing_held(desk)


@pytest.mark.parametrize("shown_by_xrdp", ["both", "none"], indirect=True)
async def test_xrdp(shown_by_xrdp: tuple[Server, Notepad]) -> None:
    async with at_the_desk(*shown_by_xrdp) as desk:
        await use_the_keyboard(desk, "Hello, World! " + SIGNS)
        await use_the_mouse(desk, horizontal="67M 67m 66M 66m")
        await leave_with_things_held(desk)
    await expect_nothing_held(desk)


@pytest.mark.parametrize("shown_by_xrdp", ["both", "none"], indirect=True)
async def test_unicode_to_xrdp(shown_by_xrdp: tuple[Server, Notepad]) -> None:
    # Of what is typed as Unicode, xrdp 0.9.21 takes what the client's keyboard layout has a key for.
    async with at_the_desk(*shown_by_xrdp, keyboard_layout=GERMAN) as desk:
        await desk.session.keyboard.type("Wörld ÄÖÜß€ µ @|{}[]~ <>yzYZ\n")
        await desk.expect("Wörld ÄÖÜß€ µ @|{}[]~ <>yzYZ\n")


async def test_weston(peers: Peers) -> None:
    with weston(peers.folder, terminal=True) as server:
        assert server.typed is not None
        typed = server.typed
        async with connected(server) as session:
            await wait_for(
                lambda: session.screen.pixel(50, 50) == (255, 0, 0) and not any(session.screen.pixel(500, 400)),
                lambda: (
                    "a black terminal on the background; there are "
                    f"{session.screen.pixel(500, 400)} and {session.screen.pixel(50, 50)}"
                ),
            )
            await session.mouse.click(500, 400)

            # The client brings the seat, and weston 10 drops every key until the terminal has bound its keyboard.
            async def knock() -> bool:
                await session.keyboard.press("x")
                await trio.sleep(0.1)
                return bool(typed.read_text())

            await wait_for_answer(knock, "a key that weston's terminal hears")
            await session.keyboard.type("Hello, World! " + SIGNS + "\n", unicode=not server.drops_unicode)
            await session.keyboard.press(Key.LEFT_CTRL, "c")
            await session.keyboard.press(Key.LEFT_CTRL, Key.RIGHT)
            wanted = "Hello, World! " + SIGNS + "\n\x03\x1b[1;5C"
            await wait_for(
                lambda: len(typed.read_text().lstrip("x")) >= len(wanted),
                lambda: f"{wanted!r} typed; {typed.read_text()!r} was",
            )
            assert typed.read_text().lstrip("x") == wanted


def same_picture(shape: PointerShape | None, other: PointerShape) -> bool:
    """Whether they look the same: xrdp pads its pointers to 32x32 pixels, and X pads some, with nothing."""
    if shape is None or shape.hotspot != other.hotspot:
        return False
    size = max(shape.height, other.height), max(shape.width, other.width)
    return np.array_equal(padded(shape, size), padded(other, size))


def padded(shape: PointerShape, size: tuple[int, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    picture = np.zeros((*size, 4), np.uint8)
    picture[: shape.height, : shape.width] = shape.premultiplied()
    return picture


@pytest.mark.parametrize("depth", [16, 32])
async def test_pointers_of_shadow(shadowed: tuple[Server, Notepad], depth: int) -> None:
    server, notepad = shadowed
    if shadow_version() >= (3,):
        pytest.skip("freerdp-shadow 3.15 hides each pointer right after it has told it")
    display = notepad.display
    async with connected(server, color_depth=depth) as session:
        await wait_desktop(session)
        spots = notepad.centre, (10, 600)
        wanted = []
        for spot in spots:
            await display.xdotool("mousemove", *spot)
            await display.wait_pointer(*spot)
            wanted.append(cursor(display))
        assert wanted[0] != wanted[1]
        seen: set[int] = set()
        with trio.fail_after(PATIENCE):
            # freerdp-shadow 2.11 tells a new pointer when the mouse moves again, and forgets every second or third.
            for step in itertools.count():
                x, y = spots[step % 2]
                for move in range(1 + step // 2 % 3):
                    await session.mouse.move(x + step % 100 + move, y)
                    await trio.sleep(0.05)
                    seen.update(number for number in (0, 1) if same_picture(session.pointer.shape, wanted[number]))
                if len(seen) == 2:
                    break
        assert session.pointer.kind is PointerKind.SHAPE


@pytest.mark.parametrize("depth", [8, 24, 32])
async def test_pointers_of_xrdp(shown_by_xrdp: tuple[Server, Notepad], depth: int) -> None:
    server, notepad = shown_by_xrdp
    display = notepad.display
    async with connected(server, color_depth=depth) as session:
        await wait_desktop(session)
        seen: list[PointerShape | None] = []
        # Over the terminal, and beside it; the second time xrdp names a pointer that it sent before.
        for spot in (notepad.centre, (10, 600), notepad.centre, (10, 600)):
            await session.mouse.move(*spot)
            await display.wait_pointer(*spot)
            await wait_for(
                lambda: same_picture(session.pointer.shape, cursor(display)),
                f"X's own pointer at {spot}",
            )
            assert session.pointer.kind is PointerKind.SHAPE
            seen.append(session.pointer.shape)
        assert seen[0] == seen[2] != seen[1] == seen[3]


async def test_weston_hides_the_pointer(peers: Peers) -> None:
    async with connected(peers.weston()) as session:
        while session.pointer.kind is not PointerKind.HIDDEN:
            await session.pointer.wait_changed()
        # A weston 10 whose client leaves before it has painted ends too.
        await session.screen.wait_settled(0.3)
