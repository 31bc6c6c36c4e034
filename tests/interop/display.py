"""X displays without a screen: what a peer shows on them, typing and clicking on them, a terminal that notes it all."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.interop.pictures import Picture, compare, crop, difference, parse_xwd, save
from tests.interop.processes import (
    PATIENCE,
    LaunchFailed,
    Process,
    free_port,
    launch,
    listening,
    need,
    noted,
    numbered,
    wait_for,
    wait_for_answer,
    wait_for_sync,
)

__all__ = ["Display", "Notepad", "Window", "xorg", "xvfb", "xvnc"]


WELL = "\x1b[0n"  # a terminal's answer

# `0x200003 "title": ("name" "Class")  484x316+0+0  +40+120`: the last pair is where it is on the root window.
_WINDOW = re.compile(r'\s*(0x\w+) "(.*)": .* (\d+)x(\d+)\+-?\d+\+-?\d+ +\+(-?\d+)\+(-?\d+)$')


@dataclass(frozen=True)
class Window:
    """A window of a display, as `xwininfo` lists it."""

    id: int
    title: str
    width: int
    height: int
    x: int
    y: int


@dataclass
class Display:
    """A display; its methods that are async may be awaited while a session of our own goes on."""

    name: str
    width: int
    height: int
    process: Process
    folder: Path
    vnc_port: int = 0
    xrdp_socket: Path | None = None

    @property
    def env(self) -> dict[str, str]:
        return {"DISPLAY": self.name}

    def run_sync(self, *command: str | Path, stdin: bytes = b"", check: bool = True) -> bytes:
        """Run a short program on the display and give what it prints."""
        done = subprocess.run(
            [*map(str, command)],
            input=stdin,
            capture_output=True,
            env={**os.environ, **self.env, "LC_ALL": "C.UTF-8"},
            timeout=PATIENCE,
            check=False,
        )
        if done.returncode and check:
            raise LaunchFailed(f"{command[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    async def run(self, *command: str | Path, stdin: bytes = b"") -> bytes:
        return await trio.to_thread.run_sync(functools.partial(self.run_sync, *command, stdin=stdin))

    def picture_sync(self) -> Picture:
        """What the display shows now, without the pointer."""
        # Where windows have several visuals it reads each by itself, and fails over one that is just getting smaller.
        dumped = self.run_sync("xwd", "-root", "-silent", check=False) or self.run_sync("xwd", "-root", "-silent")
        return parse_xwd(dumped)

    async def picture(self, width: int | None = None, height: int | None = None) -> Picture:
        """What the display, or its upper left part, shows now, without the pointer."""
        whole = await trio.to_thread.run_sync(self.picture_sync)
        return crop(whole, width or self.width, height or self.height)

    async def wait_picture(
        self,
        good: Callable[[Picture], bool],
        what: str | Callable[[Picture], str],
        *processes: Process,
        seconds: float = PATIENCE,
    ) -> Picture:
        """Wait until the display shows what `good`, which is called in a thread, is content with.

        When it does not in time, the picture is kept in the display's folder, and the message names it.  `what`, which
        is waited for, may be a function that says of a picture what is wrong with it.
        """

        def look() -> tuple[Picture, bool]:
            picture = self.picture_sync()
            return picture, good(picture)

        deadline = trio.current_time() + seconds
        while True:
            picture, content = await trio.to_thread.run_sync(look)
            if content:
                return picture
            if trio.current_time() > deadline or not all(process.alive for process in processes):
                break
            await trio.sleep(0.05)
        save(picture, kept := numbered(self.folder, "unexpected", ".png"))
        logs = "\n".join(process.describe() for process in processes)
        said = what if isinstance(what, str) else what(picture)
        raise LaunchFailed(f"{self.name} in {seconds:g} s: no {said}; it shows {kept}\n{logs}")

    def paint_sync(self, picture: Picture) -> None:
        """Make a picture the display's background."""
        save(picture, path := numbered(self.folder, "background", ".png"))
        # ImageMagick 6.9's `display` ends with 1 after it has painted a window of others: look, instead of asking it.
        self.run_sync("display", "-window", "root", path, check=False)
        wait_for_sync(
            lambda: difference(self.picture_sync(), picture) == 0,
            lambda: f"{self.name} shows {path}: {compare(self.picture_sync(), picture)}",
        )

    def fill_sync(self, colour: str) -> None:
        """Make one colour (a name or #rrggbb) the display's background."""
        self.run_sync("xsetroot", "-solid", colour)

    async def xdotool(self, *arguments: str | int) -> None:
        """Type, click, move: `xdotool` with its own words, for example `"mousemove", 10, 20, "click", 1`."""
        await self.run("xdotool", *map(str, arguments))

    async def wait_pointer(self, x: int, y: int) -> None:
        """Wait until the pointer is there."""
        wanted, there = f"x:{x} y:{y} ", ""

        async def is_there() -> bool:
            nonlocal there
            there = (await self.run("xdotool", "getmouselocation")).decode()
            return there.startswith(wanted)

        await wait_for_answer(is_there, lambda: f"pointer at {wanted}; it is at {there}")

    def windows(self) -> list[Window]:
        """Every window that has a title."""
        rows = map(_WINDOW.match, self.run_sync("xwininfo", "-root", "-tree").decode(errors="replace").splitlines())
        return [Window(int(row[1], 16), row[2], *map(int, row.groups()[2:])) for row in rows if row]

    async def close_window(self, title: str) -> None:
        """Ask the windows with this in their title to close, as a window manager's button does."""
        await trio.to_thread.run_sync(self._close_window, title)

    def _close_window(self, title: str) -> None:
        for window in self.windows():
            if title.lower() in window.title.lower():
                _send_delete_window(self.name, window.id)

    @contextlib.contextmanager
    def notepad(self, geometry: str = "70x16+40+120") -> Iterator[Notepad]:
        """Open a terminal that writes every key and every click that reaches it to a file.

        Where it opens, a display's first pointer is not: Xvnc paints a pointer that its client has not moved into the
        picture, and an empty background has none.
        """
        need("xterm")
        target = numbered(self.folder, "typed")
        # 1003 and 1006: report each button and movement as "ESC [ < button ; column ; row M" (m when released).
        # 5n asks whether it is well: when it answers, it has done the others, and its window takes keys and clicks.
        script = f"stty raw -echo; printf '\\033[?1003h\\033[?1006h\\033[5n'; exec cat >'{target}'"
        command = ["xterm", "-u8", "-geometry", geometry, "-title", target.name, "-e", "sh", "-c", script]
        with launch("xterm", command, self.folder, env=self.env) as process:
            wait_for_sync(lambda: target.exists() and WELL in target.read_text(), "xterm reads", process)
            window = wait_for_sync(
                lambda: next((window for window in self.windows() if window.title == target.name), None),
                lambda: f"xterm's window, among {self.windows()}",
                process,
            )
            note = Notepad(self, process, window, target)
            with noted(lambda: f"typed into {target.name}: {note.text[-1000:]!r}"):
                yield note


@dataclass
class Notepad:
    """A terminal on a display; `text` is all that was typed into it, and its mouse reports."""

    display: Display
    process: Process
    window: Window
    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text(errors="replace").partition(WELL)[2]

    @property
    def centre(self) -> tuple[int, int]:
        return self.window.x + self.window.width // 2, self.window.y + self.window.height // 2

    async def focus(self) -> None:
        """Give it the keyboard; without a window manager nobody else does."""
        await self.display.xdotool("windowfocus", "--sync", self.window.id)

    async def wait_text(self, wanted: str, seconds: float = PATIENCE) -> str:
        """Wait until `wanted` is in the text."""
        return await wait_for(
            lambda: self.text if wanted in self.text else None,
            lambda: f"{wanted!r} typed; {self.text[-1000:]!r} was",
            seconds,
        )


@contextlib.contextmanager
def xvfb(folder: Path, width: int = 1024, height: int = 768) -> Iterator[Display]:
    """A display of 24 bits a pixel, with a number that was free."""
    need("Xvfb", "xwd", "xdotool", "xsetroot", "xwininfo", "display")
    options = ["-screen", "0", f"{width}x{height}x24"]
    with _server("Xvfb", options, folder, width, height) as display:
        yield display


@contextlib.contextmanager
def xvnc(folder: Path, width: int = 1024, height: int = 768) -> Iterator[Display]:
    """The same, and a VNC server that shows it on `vnc_port` of the loopback, without a password."""
    need("Xvnc", "xwd", "xdotool", "xsetroot", "xwininfo", "display")
    port = free_port()
    # The desktop keeps its size whatever a client asks for: its picture is what the test compares.
    options = ["-geometry", f"{width}x{height}", "-depth", "24", "-rfbport", str(port), "-localhost", "-UseIPv6=0"]
    options += ["-SecurityTypes", "None", "-AcceptSetDesktopSize=0", "-AlwaysShared", "-SendCutText=0", "-FrameRate=60"]
    with _server("Xvnc", options, folder, width, height) as display:
        wait_for_sync(lambda: listening(port), "Xvnc listens", display.process)
        display.vnc_port = port
        yield display


@contextlib.contextmanager
def xorg(folder: Path, width: int = 1024, height: int = 768) -> Iterator[Display]:
    """A display of xorgxrdp's, which xrdp reaches by `xrdp_socket` and sizes to its client's wish."""
    need("Xorg", "xwd", "xdotool", "xsetroot", "xwininfo", "display")
    if os.geteuid() != 0:
        pytest.skip("Debian's Xorg starts for root, or at a console")
    if not Path("/etc/X11/xrdp/xorg.conf").exists():
        need("xorgxrdp")
    sockets = numbered(folder, "xorg")
    sockets.mkdir()
    options = ["-config", "xrdp/xorg.conf", "-logfile", str(sockets / "log")]
    with _server("Xorg", options, folder, width, height, {"XRDP_SOCKET_PATH": str(sockets)}) as display:
        display.xrdp_socket = wait_for_sync(
            lambda: next(sockets.glob("xrdp_display_*"), None), "xorgxrdp listens", display.process
        )
        yield display


@contextlib.contextmanager
def _server(
    program: str, options: list[str], folder: Path, width: int, height: int, env: dict[str, str] | None = None
) -> Iterator[Display]:
    reading, writing = os.pipe()
    # -noreset: a display whose last window closed keeps its background.  -r: keys do not repeat while somebody is slow.
    common = ["-displayfd", str(writing), "-noreset", "-nolisten", "tcp", "-ac", "-r"]
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, reading)
        try:
            command = [program, *common, *options]
            process = stack.enter_context(launch(program, command, folder, pass_fds=[writing], env=env or {}))
        finally:
            os.close(writing)
        os.set_blocking(reading, False)
        said = bytearray()

        def number() -> str | None:
            with contextlib.suppress(BlockingIOError):
                said.extend(os.read(reading, 64))
            return said.decode().strip() if said.endswith(b"\n") else None

        yield Display(
            f":{wait_for_sync(number, f'{program} names its display', process)}", width, height, process, folder
        )


def _send_delete_window(display: str, window: int) -> None:
    """WM_DELETE_WINDOW, which Debian 12's xdotool cannot send."""
    x11: Any = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XInternAtom.restype = ctypes.c_ulong
    connection = ctypes.c_void_p(x11.XOpenDisplay(display.encode()))
    if not connection:
        return
    protocols, delete = (
        ctypes.c_ulong(x11.XInternAtom(connection, name, 0)) for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW")
    )
    client_message = 33
    event = _ClientMessage(client_message, 0, 1, connection, window, protocols, 32, (delete.value, 0, 0, 0, 0))
    x11.XSendEvent(connection, ctypes.c_ulong(window), 0, ctypes.c_long(0), ctypes.byref(event))
    x11.XCloseDisplay(connection)


class _ClientMessage(ctypes.Structure):
    """Xlib's XClientMessageEvent, filled up to the size of an XEvent."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        ("rest", ctypes.c_long * 12),
    ]
