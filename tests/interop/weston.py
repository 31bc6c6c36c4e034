"""weston's RDP backend (libfreerdp's server): a Wayland desktop of its own, over TLS, for whoever comes.

Debian 12 has version 10, Debian 13 version 14.
"""

from __future__ import annotations

import contextlib
import functools
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.interop.pictures import Picture, pattern, save
from tests.interop.processes import PATIENCE, free_port, launch, need, numbered, wait_for, wait_for_sync
from tests.interop.server import Server, certificate, ready

__all__ = ["WestonServer", "version", "weston"]

_SEAT = re.compile(r'bind\(\d+, "wl_seat"')


@dataclass
class WestonServer(Server):
    """A weston; `background` is what its empty desktop shows, and `typed` is where its terminal writes."""

    background: Picture | None = None
    typed: Path | None = None

    def seats(self) -> int:
        """How many seats its shell has taken so far; each client brings one."""
        return len(_SEAT.findall(self.process.log))

    async def wait_seat(self, before: int) -> None:
        """Wait until its shell has taken another seat than these.

        It dies when it asks for one that is gone, and weston 10 ends with a shell that did not live for long.
        """
        await wait_for(lambda: self.seats() > before, "the client's seat taken", PATIENCE, self.process)


@functools.cache
def version() -> int:
    """The first of the numbers that it says of itself."""
    need("weston")
    said = subprocess.run(["weston", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"weston (\d+)\.", said)
    assert found is not None, said
    return int(found[1])


@contextlib.contextmanager
def weston(
    folder: Path,
    width: int = 1024,
    height: int = 768,
    *,
    terminal: bool = False,
    says: str = "",
    resizable: bool = False,
) -> Iterator[WestonServer]:
    """Run a desktop without a panel: its background is all it shows, unless it has a terminal.

    The terminal shows what it `says`, and everything that is typed into it is written to `typed`.  It opens at a random
    place, always around (500, 400), and a click there gives it the keyboard.
    """
    new = version() >= 14
    cert, key = certificate(folder)
    port = free_port()
    run_time = folder / f"weston-{port}"
    run_time.mkdir(mode=0o700)
    background = pattern(width, height, "WESTON")
    save(background, picture_path := run_time / "background.png")
    config = run_time / "weston.ini"
    config.write_text(
        "[core]\nidle-time=0\n"
        f"[shell]\nbackground-image={picture_path}\nbackground-type=scale\nlocking=false\npanel-position=none\n"
        "animation=none\nstartup-animation=none\nclose-animation=none\n"
        "[input-method]\npath=\n"  # no keyboard on the screen, which would take seats too
    )
    options = ["--address=127.0.0.1", f"--port={port}", f"--width={width}", f"--height={height}", "--idle-time=0"]
    options += [f"--rdp-tls-cert={cert}", f"--rdp-tls-key={key}", f"--config={config}", f"--socket=wayland-{port}"]
    options += [] if resizable else ["--no-resizeable" if new else "--no-clients-resize"]
    options += ["--backend=rdp" if new else "--backend=rdp-backend.so"]
    with contextlib.ExitStack() as stack:
        process = stack.enter_context(launch("weston", ["weston", *options], run_time, env={"WAYLAND_DEBUG": "client"}))
        server = WestonServer(**vars(ready(port, process, width, height)), background=background)
        if new:
            server.needs = {"enable_clipboard": True}  # weston 14 closes on a client without that channel
            server.drops_unicode = True
        wait_for_sync((run_time / f"wayland-{port}").exists, "weston's socket", process)
        if terminal:
            need("weston-terminal")
            server.typed = numbered(run_time, "typed")
            shell = run_time / "shell"
            script = f"printf %s {shlex.quote(says)}\nstty raw -echo\nexec cat >{shlex.quote(str(server.typed))}\n"
            shell.write_text(f"#!/bin/sh\n{script}")
            shell.chmod(0o755)
            command = ["weston-terminal", f"--shell={shell}"]
            env = {"WAYLAND_DISPLAY": f"wayland-{port}"}
            terminal_process = stack.enter_context(launch("weston-terminal", command, run_time, env=env))
            wait_for_sync(server.typed.exists, "the terminal reads", terminal_process)
        yield server
