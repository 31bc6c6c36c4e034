"""xfreerdp (FreeRDP 2.11 in Debian 12, 3.15 in Debian 13): the client that takes everything.

Flags and exit codes are written here as 2.11 has them; `IN_VERSION_3` is how 3.15 says the same.
"""

from __future__ import annotations

import contextlib
import functools
import subprocess
from collections.abc import AsyncIterator, Mapping
from typing import Final, Literal

from tests.interop.client import Client
from tests.interop.display import Display
from tests.interop.processes import PATIENCE, installed, launched, need

__all__ = [
    "AUTHENTICATION_FAILED",
    "CONNECTION_DENIED",
    "CONNECT_FAILED",
    "DISCONNECTED",
    "LOGGED_OFF",
    "LOGON_FAILURE",
    "LOST",
    "NEGOTIATION_FAILED",
    "NO_GFX",
    "NO_GFX_NO_RFX",
    "OK",
    "TLS_FAILED",
    "Xfreerdp",
    "is_version_3",
    "remote_app",
    "xfreerdp",
]

# Exit codes; up to 12 it is the error info that the server sent, once the connection was there.
OK: Final = 0
DISCONNECTED: Final = 1
CONNECTION_DENIED: Final = 7
LOGGED_OFF: Final = 12
LOST: Final = 131  # the connection, after it was there
AUTHENTICATION_FAILED: Final = 132
LOGON_FAILURE: Final = 134
NEGOTIATION_FAILED: Final = 133
TLS_FAILED: Final = 143
CONNECT_FAILED: Final = 147  # refused, or closed early

# By default it offers the graphics pipeline and RemoteFX; without both it takes plain bitmaps.
NO_GFX: Final = "/tune:FreeRDP_SupportGraphicsPipeline:FALSE"
NO_GFX_NO_RFX: Final = "/tune:FreeRDP_SupportGraphicsPipeline:FALSE,FreeRDP_RemoteFxCodec:FALSE"


# What the flags of 2.11 come to in 3.15; the others are the same.
IN_VERSION_3: Final = {
    "/gfx:avc420": "/gfx:AVC420,thin-client",
    "+gfx-progressive": "/gfx:AVC444,progressive",
    "+gfx-small-cache": "/gfx:AVC444,small-cache",
    "+gfx-thin-client": "/gfx:AVC444,thin-client",
    "+fast-path": "/tune:FreeRDP_FastPathOutput:TRUE",
    "-fast-path": "/tune:FreeRDP_FastPathOutput:FALSE,FreeRDP_FastPathInput:FALSE",
}


def program() -> str:
    """Its name: Debian's 3.15 has the version in it, so that it can stand beside another."""
    if not installed("xfreerdp") and installed("xfreerdp3"):
        return "xfreerdp3"
    need("xfreerdp")
    return "xfreerdp"


@functools.cache
def is_version_3() -> bool:
    """Ask it for its version, which 2.11 tells on a display only, and then fails."""
    said = subprocess.run([program(), "/version"], capture_output=True, text=True, check=False).stdout
    return "version 3." in said


def remote_app(program: str, arguments: str = "") -> list[str]:
    """The flags that ask for a program instead of a desktop."""
    if is_version_3():
        return [f"/app:program:{program}" + (f",cmd:{arguments}" if arguments else "")]
    return [f"/app:{program}"] + ([f"/app-cmd:{arguments}"] if arguments else [])


class Xfreerdp(Client):
    """A running xfreerdp."""

    async def wait_connected(self, seconds: float = PATIENCE) -> None:
        # Logged by its post-connect step, after Font Map.
        await self._wait_until(lambda: "Local framebuffer format" in self.log, seconds)


@contextlib.asynccontextmanager
async def xfreerdp(
    display: Display,
    port: int,
    *flags: str,
    user: str = "alice",
    domain: str = "",
    password: str = "Secret1!",
    security: Literal["", "tls", "nla", "rdp"] = "",
    bpp: int | None = None,
    size: tuple[int, int] = (1024, 768),
    env: Mapping[str, str] | None = None,
) -> AsyncIterator[Xfreerdp]:
    """Connect to a port of the loopback, and end it when the block is left.

    `flags` are its own, for example `NO_GFX_NO_RFX` or "-compression".
    """
    command = [program(), f"/v:127.0.0.1:{port}", "/cert:ignore", f"/u:{user}", f"/p:{password}"]
    command += [f"/size:{size[0]}x{size[1]}"]
    command += [f"/d:{domain}"] if domain else []
    command += [f"/sec:{security}"] if security else []
    command += [f"/bpp:{bpp}"] if bpp else []
    if is_version_3():
        command += ["/tune:FreeRDP_SupportErrorInfoPdu:TRUE"]  # as 2.11 does by itself
        flags = tuple(IN_VERSION_3.get(flag, flag) for flag in flags)
    async with launched("xfreerdp", [*command, *flags], display.folder, env={**display.env, **(env or {})}) as process:
        yield Xfreerdp(display, process, *size, window_title="FreeRDP")
