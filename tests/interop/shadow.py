"""freerdp-shadow-cli (FreeRDP 2.11 in Debian 12): shares an X display, over TLS, NLA or nothing."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from tests.interop.display import Display
from tests.interop.processes import free_port, launch, need
from tests.interop.server import PASSWORDS, Server, ready

__all__ = ["ShadowSecurity", "shadow"]

ShadowSecurity = Literal["tls", "nla", "rdp", "negotiate"]


@contextlib.contextmanager
def shadow(folder: Path, display: Display, security: ShadowSecurity = "tls") -> Iterator[Server]:
    """Share a display.

    With "nla" the users of `PASSWORDS` may log in; otherwise whoever comes.  "rdp" means no encryption at all, for
    libfreerdp turns it off for peers at 127.x; "negotiate" takes TLS or nothing.  The client's desktop size is
    ignored: the desktop is the display.
    """
    need("freerdp-shadow-cli")
    port = free_port()
    options = {
        "tls": ["-auth", "/sec:tls"],
        "rdp": ["-auth", "/sec:rdp"],
        "negotiate": ["-auth", "-sec-nla"],
        "nla": ["+auth", "/sec:nla"],
    }[security]
    if security == "nla":
        options.append(f"/sam-file:{_sam_file(folder)}")
    command = ["freerdp-shadow-cli", f"/port:{port}", "/bind-address:127.0.0.1", *options]
    with launch(f"shadow-{security}", command, folder, env=display.env) as process:
        yield ready(port, process, display.width, display.height)


def _sam_file(folder: Path) -> Path:
    need("winpr-hash")
    lines = []
    for (user, domain), password in PASSWORDS.items():
        command = ["winpr-hash", "-u", user, "-p", password, *(["-d", domain] if domain else []), "-f", "sam"]
        lines.append(subprocess.run(command, check=True, capture_output=True).stdout.strip())
    path = folder / "sam"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    path.chmod(0o600)
    return path
