"""Each example, run as the program that it is, against a server of ours or with a client of ours."""

from __future__ import annotations

import asyncio
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio
from PIL import Image

from tests.codecs.test_audio import pitch_of, sine
from tests.examples.desk import BLUE, DESK_FILES, GREEN, PASSWORD, USER, Desk, serving
from tests.identities import identity
from trio_rdp import (
    AudioChunk,
    BitmapCodec,
    ClientConfig,
    Credentials,
    InputEvent,
    Key,
    KeyPressed,
    KeyReleased,
    MouseButton,
    MousePressed,
    PcmFormat,
    Rect,
    RequestRefused,
    Security,
    ServerConfig,
    ServerSession,
    Session,
    UnicodePressed,
    WavReader,
    WavWriter,
    open_session,
    serve,
)
from trio_rdp.faces.devices.memory_files import MemoryFileSystem

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
LONGEST = 120  # seconds for one example on a machine that does much else


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """What an example may see: our stores are in `folder`, and not the user's own."""
    variables = {"TRIO_RDP_PASSWORD": PASSWORD, "XDG_DATA_HOME": str(folder), "PYTHONWARNINGS": "error"} | variables
    return os.environ | variables


async def run_example(name: str, *arguments: str, folder: Path, **variables: str) -> str:
    """Run an example to its end, and give what it printed."""
    with trio.fail_after(LONGEST):
        done = await trio.run_process(
            [sys.executable, str(EXAMPLES / name), *arguments],
            capture_stdout=True,
            cwd=folder,
            env=environment(folder, **variables),
        )
    return done.stdout.decode()


def pinned() -> dict[str, str]:
    return {"TRIO_RDP_CERTIFICATE_POLICY": f"pin:{identity().fingerprint}"}


def colors(picture: Path) -> set[object]:
    with Image.open(picture) as image:
        found = image.convert("RGB").getcolors()
    assert found is not None
    return {color for _, color in found}


def typed(events: list[InputEvent]) -> str:
    return "".join(event.character for event in events if isinstance(event, UnicodePressed))


def pressed(events: list[InputEvent]) -> list[Key | None]:
    return [event.key for event in events if isinstance(event, KeyPressed)]


async def test_bot(tmp_path: Path) -> None:
    desk = Desk()
    async with serving(desk) as port:
        said = await run_example("bot.py", f"127.0.0.1:{port}", USER, "bot.png", folder=tmp_path, **pinned())
    assert said == "the desktop is in bot.png\n"
    assert typed(desk.events) == "notepadWritten by a bot: naïve, 北京, 🎉"
    assert pressed(desk.events) == [Key.WIN, Key.R, Key.ENTER, Key.ENTER]
    assert [type(event) for event in desk.events[:4]] == [KeyPressed, KeyPressed, KeyReleased, KeyReleased]
    assert MousePressed(MouseButton.LEFT, 640, 400) in desk.events
    assert colors(tmp_path / "bot.png") == {GREEN}


async def test_clipboard(tmp_path: Path) -> None:
    desk = Desk()
    async with serving(desk) as port:
        where = (f"127.0.0.1:{port}", USER, str(tmp_path))
        said = await run_example("clipboard.py", *where, "two", "words", folder=tmp_path, **pinned())
    assert said.splitlines() == ["of the desk", "5 of 11 bytes", "5 of 11 bytes", *["11 of 11 bytes"] * 2, *DESK_FILES]
    assert {name: (tmp_path / name).read_bytes() for name in DESK_FILES} == DESK_FILES
    assert desk.copied == ["two words"]


class Started:
    """An example that serves: its process, its port, and what to pin."""

    def __init__(self, process: trio.Process) -> None:
        self._process = process
        self._said = b""
        self.port = 0
        self.policy = ""

    async def line(self) -> str:
        """The next line that it prints."""
        assert self._process.stdout is not None
        while b"\n" not in self._said:
            said = await self._process.stdout.receive_some()
            assert said, "it is gone"
            self._said += said
        line, _, self._said = self._said.partition(b"\n")
        return line.decode()

    async def wait_line(self, start: str) -> None:
        while not (await self.line()).startswith(start):
            pass

    async def interrupt(self) -> None:
        """End it with Ctrl-C, as its user would."""
        while self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)
            # Python loses one that comes within a finalizer; then a user presses again.
            with trio.move_on_after(10):
                await self._process.wait()
        assert self._process.returncode == 0
        await self.wait_line("every client was told")


@asynccontextmanager
async def started(name: str, *arguments: str, folder: Path) -> AsyncIterator[Started]:
    """Run an example that prints its port and its certificate."""
    process = await trio.lowlevel.open_process(
        [sys.executable, str(EXAMPLES / name), *arguments],
        stdout=subprocess.PIPE,
        cwd=folder,
        env=environment(folder, PYTHONUNBUFFERED="1"),
    )
    assert process.stdout is not None
    example = Started(process)
    try:
        with trio.fail_after(LONGEST):
            example.port = int((await example.line()).removeprefix("listening on 127.0.0.1:"))
            example.policy = f"pin:{(await example.line()).removeprefix('certificate SHA-256 ')}"
            yield example
    finally:
        process.kill()
        await process.stdout.aclose()


async def test_clock_server(tmp_path: Path) -> None:
    async with started("clock_server.py", "0", folder=tmp_path) as example:
        config = ClientConfig(username=USER, password=PASSWORD, certificate_policy=example.policy)
        async with open_session("127.0.0.1", example.port, config=config) as session:
            while not session.screen.is_painted:
                await session.screen.wait_changed()
            assert session.screen.pixel(0, 0) == session.screen.pixel(319, 79) == (0, 0, 128)
            assert session.screen.pixel(0, 80) == (0, 0, 0)
            assert (session.screen.snapshot()[:80, :320] == 255).all(axis=2).any()  # the digits
            await session.keyboard.press(Key.ESCAPE)
            await session.wait_closed()
        await example.interrupt()


@pytest.mark.parametrize("takes_h264", [True, False])
async def test_screencast(tmp_path: Path, takes_h264: bool) -> None:
    pytest.importorskip("av")
    async with started("screencast.py", "0", folder=tmp_path) as example:
        config = ClientConfig(
            username=USER, password=PASSWORD, certificate_policy=example.policy, enable_h264=takes_h264
        )
        async with open_session("127.0.0.1", example.port, config=config) as session:
            assert await example.line() == ("ada gets H.264" if takes_h264 else "ada gets pixels")
            await until_yellow(session, 640, 400)  # the ball, as it swings through the middle
            await until_yellow(session, 840, 400)
            # Where it has never been there is nothing of it; without H.264 its tiles' edges are exact when it rests.
            await until_near(session, 319, 400, (24, 24, 32), 24)
            await until_near(session, 640, 219, (24, 24, 32), 24)
            codecs = session.statistics().codecs
            assert (BitmapCodec.AVC420 in codecs) == takes_h264
            await session.keyboard.press(Key.ESCAPE)
            await session.wait_closed()
        await example.interrupt()


async def test_record(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    async with started("screencast.py", "0", folder=tmp_path) as server:
        where, policy = f"127.0.0.1:{server.port}", {"TRIO_RDP_CERTIFICATE_POLICY": server.policy}
        said = await run_example("record.py", where, USER, "film.mp4", "4", folder=tmp_path, **policy)
        await server.interrupt()
    assert said.startswith("graphics pipeline 10.7, ")
    assert "\navc420: " in said
    with av.open(str(tmp_path / "film.mp4")) as film:
        pictures = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(pictures) > 5
    assert pictures[-1].shape == (800, 1280, 3)
    colours = [tuple(picture[400, 640]) for picture in pictures]
    assert len(set(colours)) > 2  # it moves


async def until_yellow(session: Session, x: int, y: int) -> None:
    """Wait until a pixel has nearly the yellow of the ball."""
    await until_near(session, x, y, (255, 210, 40), 8)


async def until_near(session: Session, x: int, y: int, color: tuple[int, int, int], most: int) -> None:
    """Wait until no channel of a pixel is off by more than `most`."""
    while max(abs(one - other) for one, other in zip(session.screen.pixel(x, y), color, strict=True)) > most:
        await session.screen.wait_changed()


async def test_app_server(tmp_path: Path) -> None:
    async with started("app_server.py", "0", folder=tmp_path) as example:
        config = ClientConfig(
            username=USER, password=PASSWORD, certificate_policy=example.policy, enable_remote_apps=True
        )
        async with open_session("127.0.0.1", example.port, config=config) as session:
            apps = session.remote_apps
            with pytest.raises(RequestRefused, match="not on its list"):
                await apps.launch("||calendar")
            await apps.launch("||clock")
            await example.wait_line("ada has a clock")
            window = await apps.windows.wait_for(lambda window: window.title == "Clock")
            assert window.rect == Rect(100, 100, 320, 120)
            while session.screen.pixel(110, 130) != (0, 0, 128):
                await session.screen.wait_changed()
            await session.mouse.drag((120, 110), (320, 210))
            await apps.windows.wait_for(lambda window: window.rect == Rect(300, 200, 320, 120))
            await apps.move(window, Rect(10, 20, 320, 120))
            await apps.windows.wait_for(lambda window: window.rect == Rect(10, 20, 320, 120))
            while session.screen.pixel(20, 50) != (0, 0, 128):
                await session.screen.wait_changed()
            await apps.close(window)
            await session.wait_closed()
        await example.interrupt()


async def test_run_app(tmp_path: Path) -> None:
    async with started("app_server.py", "0", folder=tmp_path) as server:
        where, policy = f"127.0.0.1:{server.port}", {"TRIO_RDP_CERTIFICATE_POLICY": server.policy}
        said = await run_example("run_app.py", where, USER, "||calendar", "clock.png", folder=tmp_path, **policy)
        assert "not on its list" in said
        said = await run_example("run_app.py", where, USER, "||clock", "clock.png", folder=tmp_path, **policy)
        assert said == "Clock opened at 100, 100\nClock closed\n"
        await server.interrupt()
    with Image.open(tmp_path / "clock.png") as picture:
        assert picture.size == (320, 120)
        assert picture.convert("RGB").getpixel((10, 50)) == (0, 0, 128)


async def test_drive_copy(tmp_path: Path) -> None:
    files = {"a.txt": b"a", "d/large": bytes(range(256)) * 20_000}
    async with started("drive_copy.py", "copies", "0", folder=tmp_path) as example:
        config = ClientConfig(
            username=USER, password=PASSWORD, certificate_policy=example.policy, enable_devices=True, client_name="desk"
        )
        async with open_session("127.0.0.1", example.port, config=config) as session:
            session.devices.add_drive("papers", MemoryFileSystem(files))
            await session.wait_closed()
        assert await example.line() == "desk shares papers"
        assert sorted([await example.line(), await example.line()]) == ["1 bytes: a.txt", "5120000 bytes: d/large"]
        await example.interrupt()
    assert {name: (tmp_path / "copies" / "0" / name).read_bytes() for name in files} == files


async def test_lend(tmp_path: Path) -> None:
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "a.txt").write_text("a paper")
    (tmp_path / "printed").mkdir()
    printed = tmp_path / "printed" / "1.ps"
    seen = []

    async def handler(session: ServerSession) -> None:
        drive = await session.devices.wait_drive("papers")
        seen.append(await drive.read_bytes("a.txt"))
        with pytest.raises(OSError, match="read-only"):
            await drive.write_bytes("b.txt", b"b")
        printer = await session.devices.wait_printer()
        async with printer.job() as job:
            await job.write(b"%!PS")
            await job.write(b" showpage")
        # The client says that it has it, and is still to write it.
        while not (printed.is_file() and printed.read_bytes() == b"%!PS showpage"):  # noqa: ASYNC110
            await trio.sleep(0.02)

    async with trio.open_nursery() as nursery:
        credentials = Credentials(USER, PASSWORD)
        server = partial(serve, handler, 0, credentials=credentials, identity=identity())
        listeners = await nursery.start(server)
        where = f"127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        said = await run_example("lend.py", where, USER, "papers", "printed", folder=tmp_path, **pinned())
        nursery.cancel_scope.cancel()
    assert sorted(said.splitlines()) == ["7 bytes were read", "papers is papers", "printed 1.ps"]
    assert seen == [b"a paper"]


async def test_server(tmp_path: Path) -> None:
    async with started("server.py", "0", "--sec", "tls", folder=tmp_path) as example:
        config = ClientConfig(
            username=USER,
            password=PASSWORD,
            certificate_policy=example.policy,
            enable_clipboard=True,
            enable_audio_playback=True,
        )
        async with open_session("127.0.0.1", example.port, config=config) as session:
            async for chunk in session.audio:
                assert len(chunk.data) > 0
                break
            async for contents in session.clipboard:
                if contents.has_text:
                    break
            assert await session.clipboard.read_text() == "copied from the server"
            await session.clipboard.offer(text="from the client")
            await example.wait_line("the client copied: from the client")
            await session.screen.wait_changed()
            await session.mouse.click(10, 20)
            await example.wait_line("MousePressed(button=<MouseButton.LEFT: 1>, x=10, y=20")
            await session.keyboard.press(Key.ESCAPE)
            await session.wait_closed()
        await example.wait_line("ada is gone")
        await example.interrupt()


async def test_asyncio_guest(tmp_path: Path) -> None:
    async with serving(Desk()) as port:
        said = await run_example("asyncio_guest.py", f"127.0.0.1:{port}", USER, folder=tmp_path, **pinned())
    assert said.startswith("1280x800 pixels are in desktop.png; asyncio ran ")
    rounds = int(said.split("asyncio ran ")[1].split()[0])
    assert rounds > 1
    assert colors(tmp_path / "desktop.png") == {BLUE}


def test_asyncio_guest_is_cancelled_with_its_host() -> None:
    run_trio = runpy.run_path(str(EXAMPLES / "asyncio_guest.py"))["run_trio"]
    seen: list[str] = []

    async def guest(started: asyncio.Event) -> None:
        started.set()
        try:
            await trio.sleep_forever()
        finally:
            seen.append("cleaned up")

    async def host() -> None:
        started = asyncio.Event()
        task = asyncio.create_task(run_trio(guest, started))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert seen == ["cleaned up"]

    asyncio.run(host())


@pytest.mark.parametrize(
    ("security", "states"),
    [
        (Security.NLA, ["ENHANCED_SECURITY_UPGRADE", "CREDSSP"]),
        (Security.TLS, ["ENHANCED_SECURITY_UPGRADE"]),
    ],
)
async def test_manual_steps(tmp_path: Path, security: Security, states: list[str]) -> None:
    run = partial(run_example, "manual_steps.py", folder=tmp_path, TRIO_RDP_FINGERPRINT=identity().fingerprint)
    async with serving(Desk(), config=ServerConfig(security=security)) as port:
        said = await run(f"127.0.0.1:{port}", USER, "steps.png")
    lines = said.splitlines()
    assert lines[0] == "CONNECTION_INITIATION_SEND_REQUEST"
    assert [line for line in lines if line in ("ENHANCED_SECURITY_UPGRADE", "CREDSSP")] == states
    assert f"  certificate SHA-256 {identity().fingerprint}" in lines
    assert lines[-2:] == ["CONNECTED, 1280x800", "the desktop is in steps.png"]
    assert colors(tmp_path / "steps.png") == {BLUE}


async def test_manual_steps_stop_at_a_certificate_that_is_not_trusted(tmp_path: Path) -> None:
    async with serving(Desk()) as port:
        with pytest.raises(subprocess.CalledProcessError) as caught:
            await run_example("manual_steps.py", f"127.0.0.1:{port}", USER, "steps.png", folder=tmp_path)
    assert caught.value.stdout.decode().endswith(f"{identity().fingerprint}\n")
    assert not (tmp_path / "steps.png").exists()


async def test_own_channel(tmp_path: Path) -> None:
    assert await run_example("own_channel.py", folder=tmp_path) == "HELLO\nWORLD\n"


async def test_parrot_and_intercom(tmp_path: Path) -> None:
    pcm = PcmFormat(44_100, 1)
    async with WavWriter(tmp_path / "spoken.wav") as wav:
        await wav.write(AudioChunk(sine(pcm, 550, 1.0), pcm))
    async with started("parrot.py", "0", folder=tmp_path) as parrot:
        said = await run_example(
            "intercom.py",
            *(f"127.0.0.1:{parrot.port}", USER, "spoken.wav", "heard.wav"),
            folder=tmp_path,
            TRIO_RDP_CERTIFICATE_POLICY=parrot.policy,
        )
        await parrot.interrupt()
    assert "pieces of sound came, 0 of them were dropped" in said
    async with await WavReader.open(tmp_path / "heard.wav") as heard:
        assert heard.format == pcm
        data = b"".join([piece async for piece in heard])
    assert pitch_of(data, pcm) == pytest.approx(550, abs=2)
    assert 0.8 < pcm.seconds(len(data)) < 1.1


async def test_whiteboard(tmp_path: Path) -> None:
    async with started("whiteboard.py", "0", folder=tmp_path) as board:
        config = ClientConfig(
            username=USER,
            password=PASSWORD,
            certificate_policy=board.policy,
            codecs=(),
            enable_touch=True,
            enable_advanced_mouse=True,
        )
        async with open_session("127.0.0.1", board.port, config=config) as session:
            await board.wait_line("trio-rdp is ")
            assert await board.line() == "the mouse of trio-rdp has a channel of its own"
            await session.resize(800, 600)
            await until_shown(session, 799, 599, (255, 255, 255))
            await session.touch.swipe((100, 100), (200, 100), duration=0)
            await until_shown(session, 150, 104, (200, 60, 0))
            async with session.touch.pen(300, 300) as pen:
                await pen.draw((300, 300), (300, 400), pressure=1024)
            await until_shown(session, 305, 350, (20, 20, 90))
            await session.mouse.drag((500, 500), (600, 500))
            await until_shown(session, 550, 501, (20, 20, 90))
            assert session.advanced_mouse.statistics().messages_sent > 0
            await session.keyboard.press(Key.ESCAPE)
            await until_shown(session, 550, 501, (255, 255, 255))
        await board.interrupt()


async def until_shown(session: Session, x: int, y: int, color: tuple[int, int, int]) -> None:
    while session.screen.pixel(x, y) != color:
        await session.screen.wait_changed()
