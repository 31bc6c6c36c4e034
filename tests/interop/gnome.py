"""gnome-remote-desktop 43 and later without a screen: mutter, PipeWire and the daemon on a session bus of their own.

It has no address to listen on: for as long as it runs, it listens on all of the machine's.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio

from tests.interop.pictures import Picture, save
from tests.interop.processes import (
    PATIENCE,
    Process,
    free_port,
    launch,
    launched,
    need,
    numbered,
    wait_for,
    wait_for_sync,
)
from tests.interop.server import PASSWORDS, Server, certificate
from trio_rdp.codecs.audio import PcmFormat

__all__ = ["GnomeServer", "GnomeTerminal", "gnome"]

PROGRAMS = ("dbus-daemon", "pipewire", "wireplumber", "pw-play", "pw-record", "mutter")
MICROPHONE = "grd_remote_audio_source"
NEEDS_TOLD = 46  # from this version on, it must be told that there is no screen

# Where there is no keyring: the daemon's own tests log in with these.
LOGIN = {
    "GNOME_REMOTE_DESKTOP_TEST_RDP_USERNAME": "alice",
    "GNOME_REMOTE_DESKTOP_TEST_RDP_PASSWORD": PASSWORDS["alice", ""],
}

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={path}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""

SPEAKER = """context.objects = [{ factory = adapter args = {
  factory.name = support.null-audio-sink node.name = speaker media.class = Audio/Sink audio.position = [ FL FR ]
} }]
"""


@dataclass
class GnomeTerminal:
    """A terminal on a GNOME desktop; what is typed into it is written to `path`."""

    process: Process
    path: Path
    start: int = 0

    @property
    def text(self) -> str:
        """What was typed since it was last told to forget that."""
        return self.path.read_bytes()[self.start :].decode(errors="replace")

    def forget(self) -> None:
        self.start = self.path.stat().st_size


@dataclass(kw_only=True)
class GnomeServer(Server):
    """A gnome-remote-desktop, whose desktop has a virtual monitor while a client is there, of the size it asks for."""

    version: int
    folder: Path
    env: dict[str, str]
    start: Callable[[], Process]

    def restart(self) -> None:
        """Start the daemon again after it has ended, as systemd does."""
        self.process = self.start()

    @contextlib.contextmanager
    def showing(self, picture: Picture) -> Iterator[Process]:
        """Fill the desktop with a picture, by a weston within it, which scales it to the monitor; wants a client."""
        need("weston")
        name = numbered(self.folder, "picture")
        save(picture, path := name.with_suffix(".png"))
        config = name.with_suffix(".ini")
        config.write_text(
            "[core]\nidle-time=0\n"
            f"[shell]\nbackground-image={path}\nbackground-type=scale\nlocking=false\npanel-position=none\n"
            "animation=none\nstartup-animation=none\nclose-animation=none\n"
        )
        options = ["--backend=wayland-backend.so", "--fullscreen", "--use-pixman", "--idle-time=0"]
        options += [f"--config={config}", f"--socket={name.name}"]
        with launch("weston", ["weston", *options], self.folder, env=self.env) as process:
            wait_for_sync((self.folder / name.name).exists, "weston's socket", process)
            yield process

    async def play(self, data: bytes, pcm: PcmFormat) -> None:
        """Play this on the desktop; wants a client with sound."""
        path = numbered(self.folder, "played", ".wav")
        with wave.open(str(path), "wb") as file:
            file.setnchannels(pcm.channels)
            file.setsampwidth(2)
            file.setframerate(pcm.rate)
            file.writeframes(data)
        async with launched("pw-play", ["pw-play", path], self.folder, env=self.env) as process:
            assert await process.wait() == 0, process.describe()

    async def record(self, seconds: float, pcm: PcmFormat) -> bytes:
        """What the client's microphone hears meanwhile; wants a client with one."""
        path = numbered(self.folder, "recorded", ".raw")
        options = [f"--target={MICROPHONE}", f"--rate={pcm.rate}", f"--channels={pcm.channels}", "--format=s16"]
        async with launched("pw-record", ["pw-record", *options, path], self.folder, env=self.env) as process:
            size = round(pcm.rate * seconds) * pcm.frame_size
            await wait_for(lambda: path.exists() and path.stat().st_size > size, "a record", PATIENCE, process)
        return await trio.Path(path).read_bytes()

    @contextlib.contextmanager
    def terminal(self, says: str = "", *, scrolling: bool = False) -> Iterator[GnomeTerminal]:
        """Open a terminal, which has the keyboard from then on, unless it is for ever scrolling; wants a client."""
        need("weston-terminal")
        typed = numbered(self.folder, "typed")
        shell = typed.with_suffix(".sh")
        lines = ["#!/bin/sh", f": >{shlex.quote(str(typed))}"]
        if scrolling:
            lines += ["while sleep 0.03; do i=$((i + 1)); echo $i $i $i $i $i $i; done"]
        else:
            lines += ["stty raw -echo", f"printf {shlex.quote(says)}", f"exec cat >{shlex.quote(str(typed))}"]
        shell.write_text("\n".join([*lines, ""]))
        shell.chmod(0o755)
        command = ["weston-terminal", f"--shell={shell}"]
        with launch("weston-terminal", command, self.folder, env=self.env) as process:
            wait_for_sync(typed.exists, "the terminal's shell runs", process)
            yield GnomeTerminal(process, typed)


@contextlib.contextmanager
def gnome(folder: Path, *, mirrored: bool = False) -> Iterator[GnomeServer]:
    """Run a desktop without a panel, to which alice may log in.

    Its monitor is the client's, of the size that it asks for; or, where it is `mirrored`, there is one of 1024x768,
    whoever looks at it.
    """
    daemon = _daemon()
    port = free_port()
    home = folder / f"gnome-{port}"
    home.mkdir(mode=0o700)
    display = f"wayland-{port}"
    env = {
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={home / 'session'}",
        "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={home / 'system'}",
        "GSETTINGS_BACKEND": "keyfile",
        "XDG_DATA_HOME": str(home / "data"),
        "WAYLAND_DISPLAY": display,
    }
    speaker = home / ".config" / "pipewire" / "pipewire.conf.d" / "speaker.conf"
    speaker.parent.mkdir(parents=True)
    speaker.write_text(SPEAKER)
    with contextlib.ExitStack() as stack:

        def run(*command: str, **extra: str) -> Process:
            return stack.enter_context(launch(Path(command[0]).name, command, home, env={**env, **extra}))

        for bus in ("session", "system"):
            config = home / f"{bus}.conf"
            config.write_text(BUS.format(path=home / bus))
            process = run("dbus-daemon", "--nofork", f"--config-file={config}")
            wait_for_sync((home / bus).exists, f"the {bus} bus is there", process)
        process = run("pipewire")
        wait_for_sync((home / "pipewire-0").exists, "pipewire is there", process)
        run("wireplumber")
        options = ["--headless", "--wayland", "--no-x11", f"--wayland-display={display}"]
        process = run("mutter", *options, *(["--virtual-monitor=1024x768"] if mirrored else []))
        wait_for_sync((home / display).exists, "mutter is there", process)
        version = _version(daemon)
        _configure(folder, home, port, mirrored)
        options = [] if mirrored or version < NEEDS_TOLD else ["--headless"]

        def start() -> Process:
            process = run(daemon, *options, f"--rdp-port={port}", **LOGIN)
            wait_for_sync(lambda: "RDP server started" in process.log, "it listens", process)
            return process

        yield GnomeServer(port, start(), 1024, 768, version=version, folder=home, env=env, start=start)


def _daemon() -> str:
    """The daemon's path; skips where it, or what it needs, is not there, also in a full run: it is no peer of Debian's
    minimum.
    """
    missing = [one for one in PROGRAMS if shutil.which(one) is None]
    daemon = shutil.which("gnome-remote-desktop-daemon", path=os.environ.get("PATH", os.defpath) + ":/usr/libexec")
    if missing or daemon is None:
        pytest.skip(f"not installed: {', '.join(missing) or 'gnome-remote-desktop'}")
    return daemon


def _version(daemon: str) -> int:
    said = subprocess.run([daemon, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+", said)
    assert found is not None, said
    return int(found[0])


def _configure(folder: Path, home: Path, port: int, mirrored: bool) -> None:
    cert, key = certificate(folder)
    settings = home / ".config" / "glib-2.0" / "settings" / "keyfile"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(
        f"[org/gnome/desktop/remote-desktop/rdp]\nenable=true\nport={port}\nnegotiate-port=false\nview-only=false\n"
        f"tls-cert='{cert}'\ntls-key='{key}'\nscreen-share-mode='{'mirror-primary' if mirrored else 'extend'}'\n"
    )
    credentials = home / "data" / "gnome-remote-desktop" / "credentials.ini"
    credentials.parent.mkdir(parents=True)
    credentials.write_text(f"[RDP]\ncredentials={{'username': <'alice'>, 'password': <'{PASSWORDS['alice', '']}'>}}\n")
    credentials.chmod(0o600)
