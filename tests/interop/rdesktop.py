"""rdesktop 1.9: the client that takes drawing orders, and little else."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping

import trio

from tests.interop.client import Client
from tests.interop.display import Display
from tests.interop.processes import PATIENCE, launched, need

__all__ = ["Rdesktop", "rdesktop"]


class Rdesktop(Client):
    """A running rdesktop; it ends only by a signal."""

    async def wait_connected(self, seconds: float = PATIENCE) -> None:
        # It makes its window after licensing.
        await self._wait_until(lambda: any("rdesktop" in window.title for window in self.display.windows()), seconds)

    async def close(self, seconds: float = PATIENCE) -> int:
        """End it; it does not heed its window's being closed."""
        await trio.to_thread.run_sync(self.process.stop)
        return await self.process.wait(seconds)


@contextlib.asynccontextmanager
async def rdesktop(
    display: Display,
    port: int,
    *flags: str,
    user: str = "alice",
    domain: str = "",
    password: str = "Secret1!",
    bpp: int = 24,
    size: tuple[int, int] = (1024, 768),
    env: Mapping[str, str] | None = None,
) -> AsyncIterator[Rdesktop]:
    """Connect to a port of the loopback, and end it when the block is left.

    It asks for CredSSP and TLS, in this order, and has no NTLM.  Without encryption on the server, pass "-e".
    """
    need("rdesktop")
    # The clipboard of xrdp's VNC backend answers itself for ever when it meets rdesktop's.
    command = [
        "rdesktop",
        "-r",
        "clipboard:off",
        "-u",
        user,
        "-p",
        password,
        "-a",
        str(bpp),
        "-g",
        f"{size[0]}x{size[1]}",
    ]
    command += ["-d", domain] if domain else []
    command += [*flags, f"127.0.0.1:{port}"]
    # "yes" answers the question about an unknown certificate; it reads on, so the pipe stays open.
    async with launched(
        "rdesktop", command, display.folder, env={**display.env, **(env or {})}, stdin=b"yes\n"
    ) as process:
        yield Rdesktop(display, process, *size, window_title="rdesktop")
