"""Our client on a GNOME desktop without a screen: gnome-remote-desktop 43 and 48 were run (see docs/support.md)."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest
import trio

from tests.interop.conftest import Peers
from tests.interop.gnome import GnomeServer, GnomeTerminal, gnome
from tests.interop.pictures import Picture, pattern, psnr, save
from tests.interop.processes import PATIENCE, LaunchFailed, numbered, wait_for
from tests.interop.sessions import connected, shown
from tests.interop.sound import CD, loudest, sine
from trio_rdp.client import Session
from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.faces.audio.flow import AudioChunk
from trio_rdp.graphics.pointer import PointerKind
from trio_rdp.graphics.pointer_shape import PointerShape
from trio_rdp.protocol.config import DesktopSize, GraphicsVersion, Monitor, Security
from trio_rdp.protocol.keys import Key
from trio_rdp.wire.errors import AuthenticationFailed

pytestmark = pytest.mark.interop_full

PIPELINE: dict[str, Any] = {"enable_graphics_pipeline": True, "security": Security.NLA}
GOOD = 42  # dB: what FreeRDP's quality makes of the pattern; of 1024x768 it is 45
TWO_MONITORS = 44  # versions from which on there are
MICROPHONE_SINCE = 45
MOVING = 10  # seconds
ASSERTS = 48  # 48.1 may end with an assertion when its client leaves while something is drawn
GOODBYE = 1  # second; 48.1 breaks a connection that comes before it has ended the last one
TERMINAL = (slice(200, 560), slice(160, 860))  # rows and columns that are within a terminal, wherever it opens


@pytest.fixture
def server(peers: Peers) -> Iterator[GnomeServer]:
    """One for each test, as one may die of its client's leaving."""
    with gnome(peers.folder) as found:
        yield found


@contextlib.asynccontextmanager
async def watching(server: GnomeServer, **options: Any) -> AsyncIterator[Session]:
    """A session whose mouse moves now and then.

    One of ten pictures 43.3 keeps back until something else changes, which then shows both.
    """
    async with connected(server, **{**PIPELINE, **options}) as session, trio.open_nursery() as nursery:

        async def nudge() -> None:
            for y in itertools.cycle((2, 4)):
                await session.mouse.move(2, y)
                await trio.sleep(0.5)

        nursery.start_soon(nudge)
        yield session
        nursery.cancel_scope.cancel()
        await session.screen.wait_settled(0.3)


async def wait_resembles(session: Session, wanted: Picture, server: GnomeServer) -> None:
    """Wait until the session shows nearly this picture."""
    with trio.move_on_after(PATIENCE):
        while likeness(shown(session), wanted) < GOOD:  # noqa: ASYNC110
            await trio.sleep(0.05)
        return
    save(shown(session), kept := numbered(server.folder, "shown", ".png"))
    raise LaunchFailed(f"{likeness(shown(session), wanted):.1f} dB, not {GOOD}: {kept}")


def likeness(picture: Picture, wanted: Picture) -> float:
    """In dB, without the upper rows, where the pointer is: weston paints it into its picture."""
    return psnr(picture[40:], wanted[40:]) if picture.shape == wanted.shape else 0


@contextlib.asynccontextmanager
async def terminal(session: Session, server: GnomeServer, says: str = "") -> AsyncIterator[GnomeTerminal]:
    """Open a terminal, and wait until it is seen and hears the keyboard; mutter 43 brings one with its first key."""
    with server.terminal(says) as found:
        await wait_for(lambda: is_dark(shown(session)), "a black terminal", PATIENCE, found.process)
        await session.mouse.click(512, 384)
        with trio.fail_after(PATIENCE):
            while not found.text:
                await session.keyboard.press("x")
                await trio.sleep(0.2)
        await session.keyboard.press("y")
        await wait_for(lambda: found.text.endswith("y"), "all keys of before have come")
        found.forget()
        yield found


def is_dark(picture: Picture) -> bool:
    return bool((picture[TERMINAL].max(axis=2) < 40).mean() > 0.8)


@pytest.mark.parametrize("version", GraphicsVersion, ids=lambda one: one.name)
@pytest.mark.parametrize("h264", [True, False], ids=["h264", "no-h264"])
async def test_every_version(server: GnomeServer, version: GraphicsVersion, h264: bool) -> None:
    """Without hardware that encodes H.264 both servers send Progressive, to whomever."""
    if version is GraphicsVersion.VERSION_101 and not h264:
        pytest.skip("10.1 is H.264, and cannot be offered without it")
    wanted = pattern(1024, 768, version.name)
    async with watching(server, graphics_versions=(version,), enable_h264=h264) as session:
        assert (await session.graphics.wait_ready()).version == version
        with server.showing(wanted):
            await wait_resembles(session, wanted, server)
        assert set(session.statistics().codecs) == {BitmapCodec.PROGRESSIVE}
        await no_complaints(session)


async def no_complaints(session: Session) -> None:
    """Each frame is acknowledged, and nothing was ignored."""
    await wait_for(
        lambda: (found := session.graphics.statistics()).shown == found.frames == found.acknowledged > 0, "shown"
    )
    statistics = session.graphics.statistics()
    assert statistics.surfaces == 1
    assert not statistics.ignored
    assert session.graphics.is_open


@pytest.mark.parametrize("flags", [{"graphics_thin_client": True}, {"graphics_small_cache": True}], ids=str)
async def test_flags(server: GnomeServer, flags: dict[str, bool]) -> None:
    wanted = pattern(1024, 768, " ".join(flags))
    async with watching(server, **flags) as session:
        with server.showing(wanted):
            await wait_resembles(session, wanted, server)
        await no_complaints(session)


async def test_typing(server: GnomeServer) -> None:
    """Keys, and Unicode as far as the desktop's keyboard layout, a US one, has it."""
    async with connected(server, **PIPELINE) as session, terminal(session, server) as window:
        await session.keyboard.press("a")
        await session.keyboard.press(Key.LEFT_SHIFT, "b")
        await session.keyboard.press(Key.LEFT_CTRL, "c")
        await session.keyboard.press(Key.LEFT_CTRL, Key.RIGHT)
        await session.keyboard.type('Hello, World! ~@#$%^&*()_+{}|:"<>?\n')
        wanted = 'aB\x03\x1b[1;5CHello, World! ~@#$%^&*()_+{}|:"<>?\r'
        await wait_for(lambda: len(window.text) >= len(wanted), "typing arrives")
        assert window.text == wanted


async def test_pointers(server: GnomeServer) -> None:
    """That of the terminal and that of what is beside it; a shape that mutter tells with a dropped frame is lost."""
    async with connected(server, **PIPELINE) as session, terminal(session, server):
        seen: set[PointerShape] = set()
        with trio.fail_after(PATIENCE):
            for x, y in itertools.cycle(((100, 100), (512, 390))):
                await session.mouse.move(x, y)
                await trio.sleep(0.5)
                if session.pointer.shape is not None:
                    assert session.pointer.kind is PointerKind.SHAPE
                    seen.add(session.pointer.shape)
                if len(seen) == 2:
                    break


async def test_the_wheel(server: GnomeServer) -> None:
    """The terminal scrolls back, and forth again."""
    lines = "".join(rf"line {number}\r\n" for number in range(200))
    async with connected(server, **PIPELINE) as session, terminal(session, server, lines):
        await session.screen.wait_settled(0.5)
        below = shown(session)[TERMINAL]
        await session.mouse.scroll(5)
        await wait_for(lambda: psnr(shown(session)[TERMINAL], below) < 35, "other lines")
        await session.screen.wait_settled(0.5)
        await session.mouse.scroll(-5)
        await wait_for(lambda: psnr(shown(session)[TERMINAL], below) > 40, "the last lines")


async def test_looking_away(server: GnomeServer) -> None:
    """Nothing comes while output is suppressed."""
    async with connected(server, **PIPELINE) as session:
        with server.terminal(scrolling=True):
            await wait_for(lambda: is_dark(shown(session)), "a black terminal")
            await session.suppress_output(True)
            await trio.sleep(0.5)
            frames = session.graphics.statistics().frames
            await trio.sleep(1)
            assert session.graphics.statistics().frames == frames
            await session.suppress_output(False)
            await wait_for(lambda: session.graphics.statistics().frames > frames + 3, "it goes on")
        await session.screen.wait_settled(0.5)


async def test_clipboard(server: GnomeServer) -> None:
    """A word marked with the mouse comes here, and text goes there."""
    options = {**PIPELINE, "enable_clipboard": True}
    async with connected(server, **options) as session, terminal(session, server, "marked " * 300) as window:
        clipboard = session.clipboard
        await trio.sleep(1)  # two clicks are not to be four
        await session.mouse.click(512, 384, count=2)
        await session.keyboard.press(Key.LEFT_CTRL, Key.LEFT_SHIFT, "c")
        await wait_for(lambda: clipboard.contents.has_text, "a word is offered")
        assert await clipboard.read_text() == "marked"
        await clipboard.offer(text="from here: ÄΩ€ 😀")
        await session.keyboard.press(Key.LEFT_CTRL, Key.LEFT_SHIFT, "v")
        await wait_for(lambda: window.text.endswith("😀"), f"it is pasted (came: {window.text!r})")
        assert window.text == "from here: ÄΩ€ 😀"


async def test_resize(server: GnomeServer) -> None:
    """The monitor is made anew in each size."""
    async with watching(server) as session:
        for width, height in ((800, 600), (1280, 960), (1024, 768)):
            assert await session.resize(width, height) == DesktopSize(width, height)
            assert [(one.rect.width, one.rect.height) for one in session.graphics.monitors] == [(width, height)]
            wanted = pattern(width, height, f"{width} x {height}")
            with server.showing(wanted):
                await wait_resembles(session, wanted, server)
        await no_complaints(session)


LAYOUTS = {
    "right": (Monitor(width=640, height=480, is_primary=True), Monitor(left=640, top=0, width=800, height=600)),
    "left": (Monitor(width=640, height=480, is_primary=True), Monitor(left=-800, top=100, width=800, height=600)),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("when", ["at once", "later"])
async def test_two_monitors(server: GnomeServer, layout: str, when: str) -> None:
    """Each has a surface of its own; what no monitor shows stays black.  43 has one monitor at most."""
    monitors = LAYOUTS[layout]
    size = {"right": DesktopSize(1440, 600), "left": DesktopSize(1440, 700)}[layout]
    if server.version < TWO_MONITORS:
        async with connected(server, **PIPELINE) as session:
            assert (await session.display_control.wait_ready()).max_monitors == 1
        return
    options = {"desktop_size": size, "monitors": monitors} if when == "at once" else {}
    async with connected(server, **PIPELINE, **options) as session:
        await session.graphics.wait_ready()
        if when == "later":
            await session.display_control.wait_ready()
            await session.display_control.set_layout(monitors)
        await wait_for(lambda: len(session.graphics.monitors) == len(monitors), "two monitors")
        await wait_for(lambda: session.size == size, "room for both")
        corner = min(one.left for one in monitors), min(one.top for one in monitors)
        await wait_for(lambda: lit(session, monitors, corner), "light where a monitor is")
        await session.screen.wait_settled(0.5)
        assert session.graphics.statistics().surfaces == len(monitors)


def lit(session: Session, monitors: tuple[Monitor, ...], corner: tuple[int, int]) -> bool:
    """Whether mutter's background, which is black nowhere, is on all monitors and nowhere else."""
    wanted = np.zeros((session.size.height, session.size.width), bool)
    for one in monitors:
        left, top = one.left - corner[0], one.top - corner[1]
        wanted[top : top + one.height, left : left + one.width] = True
    return bool((shown(session).any(axis=2) == wanted).all())


async def test_sound(server: GnomeServer) -> None:
    """43 has PCM alone; both would have AAC, which Debian builds without."""
    async with connected(server, **PIPELINE, enable_audio_playback=True) as session:
        heard: list[AudioChunk] = []

        async def listen() -> None:
            async for chunk in session.audio:
                heard.append(chunk)  # noqa: PERF401

        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            await session.audio.wait_open()
            await wait_for(lambda: session.audio.formats, "formats")
            await server.play(sine(440, 2), CD)
            await trio.sleep(1)  # there is no message of its end
            nursery.cancel_scope.cancel()
        (pcm,) = {chunk.format for chunk in heard}
        hertz, seconds = loudest(b"".join(chunk.data for chunk in heard), pcm)
        assert hertz == pytest.approx(440, abs=2)
        assert 1 < seconds < 2.2  # a busy machine loses some of it, or has gaps
        statistics = session.audio.statistics()
        assert statistics.undecodable == statistics.ignored == statistics.dropped == 0


async def test_microphone(server: GnomeServer) -> None:
    if server.version < MICROPHONE_SINCE:
        pytest.skip("this version hears no microphone")
    async with connected(server, **PIPELINE, enable_audio_capture=True) as session:

        async def feed() -> None:
            await session.microphone.feed(tone(550), rate=44_100, channels=2)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(feed)
            hertz, seconds = loudest(await server.record(2, CD))
            nursery.cancel_scope.cancel()
    assert hertz == pytest.approx(550, abs=2)
    assert seconds > 1.5


@pytest.mark.parametrize("acknowledges", [True, False], ids=["acknowledged", "suspended"])
async def test_what_moves(server: GnomeServer, acknowledges: bool) -> None:
    """A terminal that scrolls: every frame is shown, and the keyboard goes on."""
    async with connected(server, **PIPELINE, acknowledge_graphics=acknowledges) as session:
        with server.terminal(scrolling=True):
            await wait_for(lambda: is_dark(shown(session)), "a black terminal")
            before, started = session.graphics.statistics(), trio.current_time()
            await trio.sleep(MOVING)
            after, seconds = session.graphics.statistics(), trio.current_time() - started
            assert after.frames - before.frames > 5 * seconds
            assert after.queue_depth < 1 << 20
        await session.screen.wait_settled(0.5)
        statistics = session.graphics.statistics()
        assert statistics.shown == statistics.frames
        assert statistics.acknowledged == (statistics.frames if acknowledges else 0)


async def test_a_mirrored_monitor(peers: Peers) -> None:
    """A monitor of the desktop's own keeps its size, whatever the client asks for."""
    wanted = pattern(1024, 768, "mirrored")
    with gnome(peers.folder, mirrored=True) as server, server.showing(wanted):
        async with watching(server, desktop_size=DesktopSize(1280, 800)) as session:
            await wait_resembles(session, wanted, server)
            assert session.size == DesktopSize(1024, 768)
            await no_complaints(session)


async def recover(server: GnomeServer) -> None:
    """Wait until it takes the next client, and start it again if it died of the last one, as systemd does."""
    await trio.sleep(GOODBYE)
    if not server.process.alive:
        assert server.version == ASSERTS, server.process.describe()
        await trio.to_thread.run_sync(server.restart)


async def test_again_and_again(server: GnomeServer) -> None:
    wanted = pattern(1024, 768, "again")
    for _ in range(4):
        async with watching(server) as session:
            with server.showing(wanted):
                await wait_resembles(session, wanted, server)
        await recover(server)


async def test_a_wrong_password(server: GnomeServer) -> None:
    with pytest.raises(AuthenticationFailed):
        async with connected(server, **PIPELINE, password="wrong"):
            pass
    await recover(server)
    async with connected(server, **PIPELINE) as session:
        await session.graphics.wait_ready()


async def test_left_at_any_moment(server: GnomeServer) -> None:
    for milliseconds in (0, 5, 15, 30, 50, 80, 120, 200, 350, 600):
        async with connected(server, **PIPELINE) as session:
            await trio.sleep(milliseconds / 1000)
        await recover(server)
    async with connected(server, **PIPELINE) as session:
        await session.graphics.wait_ready()


async def tone(hertz: float) -> AsyncIterator[bytes]:
    data = sine(hertz, 30)
    for at in range(0, len(data), 4000):
        await trio.lowlevel.checkpoint()
        yield data[at : at + 4000]
