"""freerdp-shadow-cli (FreeRDP 2.11 in Debian 12, 3.15 in Debian 13): shares an X display, over TLS, NLA or nothing."""

from __future__ import annotations

import contextlib
import functools
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from tests.interop.display import Display
from tests.interop.processes import free_port, installed, launch, need
from tests.interop.server import PASSWORDS, Server, ready

__all__ = ["ShadowSecurity", "shadow", "version"]

ShadowSecurity = Literal["tls", "nla", "rdp", "negotiate"]

PROGRAM = "freerdp-shadow-cli"


def program(name: str) -> str:
    """What it is called here: Debian's 3.15 has the version in its names, so that it can stand beside another."""
    if not installed(name) and installed(f"{name}3"):
        return f"{name}3"
    need(name)
    return name


@functools.cache
def version() -> tuple[int, ...]:
    """What it says of itself, for example (3, 15, 0)."""
    said = subprocess.run([program(PROGRAM), "/version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"version (\d+)\.(\d+)\.(\d+)", said)
    assert found is not None, said
    return tuple(map(int, found.groups()))


@contextlib.contextmanager
def shadow(folder: Path, display: Display, security: ShadowSecurity = "tls", *flags: str) -> Iterator[Server]:
    """Share a display.

    With "nla" the users of `PASSWORDS` may log in; otherwise whoever comes.  "rdp" means no encryption at all, for
    libfreerdp turns it off for peers at 127.x; "negotiate" takes TLS or nothing.  The client's desktop size is
    ignored: the desktop is the display.  `flags` are its own, for example "-gfx-progressive", which 3.15 has.
    """
    port = free_port()
    options = {
        "tls": ["-auth", "/sec:tls"],
        "rdp": ["-auth", "/sec:rdp"],
        "negotiate": ["-auth", "-sec-nla"],
        "nla": ["+auth", "/sec:nla"],
    }[security]
    if security == "nla":
        options.append(f"/sam-file:{_sam_file(folder)}")
    command = [program(PROGRAM), f"/port:{port}", "/bind-address:127.0.0.1", *options, *flags]
    with launch(f"shadow-{security}", command, folder, env=display.env) as process:
        server = ready(port, process, display.width, display.height)
        server.drops_unicode = server.is_restless = version() >= (3,)
        yield server


def _sam_file(folder: Path) -> Path:
    winpr_hash = program("winpr-hash")
    lines = []
    for (user, domain), password in PASSWORDS.items():
        command = [winpr_hash, "-u", user, "-p", password, *(["-d", domain] if domain else []), "-f", "sam"]
        lines.append(subprocess.run(command, check=True, capture_output=True).stdout.strip())
    path = folder / "sam"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    path.chmod(0o600)
    return path
