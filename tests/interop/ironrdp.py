"""IronRDP's web client (0.7 of September 2026) in node: its connector, CredSSP, session and codecs, as WebAssembly.

It has no graphics pipeline.  Its npm package is fetched into the tests' folder; `ironrdp.mjs` is what a browser and
Devolutions' proxy are to it.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import trio

from tests.interop.pictures import Picture, compare, difference
from tests.interop.processes import PATIENCE, Process, installed, launched, numbered, wait_for

__all__ = ["VERSION", "IronRdp", "ironrdp", "package"]

VERSION: Final = "0.7.0"

_NAME: Final = "@devolutions/iron-remote-desktop-rdp"
_DRIVER: Final = Path(__file__).with_name("ironrdp.mjs")

Event = dict[str, Any]


def package(folder: Path) -> Path:
    """The module of its package, fetched once into a folder; skips where there is no node, or nothing to fetch from."""
    if not (installed("node") and installed("npm")):
        pytest.skip("no node and npm")
    module = folder / "node_modules" / _NAME / "iron-remote-desktop-rdp.js"
    if not module.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--prefix", str(folder), "--no-save", "--ignore-scripts", f"{_NAME}@{VERSION}"]
        fetched = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "CI": "1"}, timeout=120)
        if fetched.returncode or not module.exists():
            pytest.skip(f"npm fetches no {_NAME}: {fetched.stderr[-500:]}")
    return module


class IronRdp:
    """A running client; `events` are what it told, the oldest first."""

    def __init__(self, process: Process, folder: Path) -> None:
        self.process = process
        self._folder = folder

    @property
    def log(self) -> str:
        return self.process.log

    @property
    def events(self) -> list[Event]:
        lines = self.process.log.splitlines()
        return [json.loads(line) for line in lines if line.startswith('{"event":') and line.endswith("}")]

    def do(self, name: str, **values: Any) -> None:
        """Have it do something, of what the driver knows."""
        stdin = self.process.popen.stdin
        assert stdin is not None
        stdin.write(json.dumps({"do": name, **values}).encode() + b"\n")
        stdin.flush()

    def input(self, *events: tuple[Any, ...]) -> None:
        """Give it input, such as ("keyPressed", 30)."""
        self.do("input", events=events)

    def copy(self, *items: tuple[str, str | bytes]) -> None:
        """Put something on its clipboard: (media type, text or bytes)."""
        said = [(kind, base64.b64encode(one).decode() if isinstance(one, bytes) else one) for kind, one in items]
        self.do("copy", items=said)

    async def wait_event(
        self, name: str, good: Callable[[Event], bool] = lambda _: True, *, after: int = 0, seconds: float = PATIENCE
    ) -> Event:
        """Wait for the first event of this name that `good` takes, among those behind the first `after`."""

        def found() -> Event | None:
            return next((one for one in self.events[after:] if one["event"] == name and good(one)), None)

        return await wait_for(found, f"event {name!r}", seconds, self.process)

    async def wait_connected(self) -> None:
        """Wait until the session goes on; fails with its log when it ends instead."""
        ends = ("connected", "failed")
        await wait_for(lambda: any(one["event"] in ends for one in self.events), "connected", PATIENCE, self.process)
        assert any(one["event"] == "connected" for one in self.events), self.process.describe()

    async def picture(self) -> Picture:
        """What it shows now."""
        path = numbered(self._folder, "ironrdp", ".rgba")
        self.do("picture", path=str(path))
        drawn = await self.wait_event("picture", lambda one: one["path"] == str(path))
        pixels = np.fromfile(path, np.uint8).reshape(drawn["height"], drawn["width"], 4)
        path.unlink()
        return pixels[:, :, :3]

    async def wait_picture(self, good: Callable[[Picture], bool], wanted: Picture, seconds: float = PATIENCE) -> None:
        """Wait until `good` is content with what it shows; `wanted` is what the failure compares it with."""
        deadline = trio.current_time() + seconds
        while not good(shown := await self.picture()):
            if trio.current_time() > deadline:
                raise AssertionError(f"{compare(shown, wanted)}\n{self.process.describe()}")
            await trio.sleep(0.1)

    async def wait_shows(self, wanted: Picture, tolerance: int = 0) -> None:
        """Wait until it shows this picture, equal in every pixel, with each channel off by at most `tolerance`."""
        await self.wait_picture(lambda shown: difference(shown, wanted) <= tolerance, wanted)

    async def close(self) -> str:
        """End the session as a user does, and give the reason that it says."""
        self.do("close")
        return str((await self.wait_event("ended"))["reason"])


@contextlib.asynccontextmanager
async def ironrdp(
    folder: Path,
    port: int,
    *,
    user: str = "alice",
    domain: str = "",
    password: str = "Secret1!",
    nla: bool = True,
    bpp: int = 16,
    size: tuple[int, int] = (1024, 768),
    log: str = "info",
) -> AsyncIterator[IronRdp]:
    """Connect to a port of the loopback, and end it when the block is left.

    Of itself it asks for 16 bits a pixel; for others the driver changes what it says.
    """
    options = {
        "module": str(package(folder / "npm")),
        "destination": f"127.0.0.1:{port}",
        "user": user,
        "domain": domain,
        "password": password,
        "credssp": nla,
        "depth": 0 if bpp == 16 else bpp,
        "width": size[0],
        "height": size[1],
        "log": log,
    }
    async with launched("ironrdp", ["node", _DRIVER, json.dumps(options)], folder, stdin=b"") as process:
        yield IronRdp(process, folder)
