"""Record what our client and real servers say to each other: `python -m tests.captures.record_client [NAME ...]`.

NAME.c2s and NAME.s2c are the two directions as byte streams, as the session's `Framed` saw them: inside TLS, with the
messages of CredSSP.  NAME.png is what the session showed in the end.  `tests/test_replay_client.py` plays them.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import trio

from tests.captures.client_scenes import CLICKED, CLIENT_SCENES, ClientScene
from tests.captures.scenes import draw
from tests.interop.display import Display, xorg, xvfb, xvnc
from tests.interop.pictures import save
from tests.interop.processes import wait_for
from tests.interop.server import PASSWORDS, Server
from tests.interop.sessions import connected, filled_up, shown, truncated, wait_shows
from tests.interop.shadow import shadow
from tests.interop.weston import weston
from tests.interop.xrdp import xrdp
from trio_rdp import client
from trio_rdp.client import Session
from trio_rdp.framed import Framed
from trio_rdp.protocol.config import DesktopSize, Security
from trio_rdp.transport import upgrade_client

HERE = Path(__file__).parent


@dataclass
class Recorder:
    """Both directions of one connection."""

    c2s: bytearray = field(default_factory=bytearray)
    s2c: bytearray = field(default_factory=bytearray)

    def framed(self, stream: trio.abc.Stream, leftover: bytes = b"") -> Framed:
        return Framed(RecordedStream(stream, self), leftover)

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        async def upgrade(stream: Any, *arguments: Any, **options: Any) -> Any:
            return await upgrade_client(stream.inner, *arguments, **options)

        with mock.patch.object(client, "Framed", self.framed), mock.patch.object(client, "upgrade_client", upgrade):
            yield


class RecordedStream(trio.abc.Stream):
    """A stream that notes everything."""

    def __init__(self, inner: trio.abc.Stream, recorder: Recorder) -> None:
        self.inner = inner
        self.recorder = recorder

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self.inner.send_all(data)
        self.recorder.c2s += data

    async def wait_send_all_might_not_block(self) -> None:
        await self.inner.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data = await self.inner.receive_some(max_bytes)
        self.recorder.s2c += data
        return data

    async def aclose(self) -> None:
        await self.inner.aclose()


async def record(scene: ClientScene, folder: Path) -> None:
    recorder = Recorder()
    with contextlib.ExitStack() as stack:
        display, server = start(scene, folder, stack)
        with recorder.recording():
            user, domain = scene.account
            async with connected(
                server,
                username=user,
                domain=domain,
                password=PASSWORDS[scene.account],
                security=Security[scene.security.upper()],
                color_depth=scene.depth,
                desktop_size=DesktopSize(*scene.sizes[0]),
                static_channels=scene.channels,
                codecs=scene.codecs,
                compression_type=scene.compression,
            ) as session:
                await act(scene, session, display, folder)
    for suffix in ("c2s", "s2c"):
        (HERE / f"{scene.name}.{suffix}").write_bytes(getattr(recorder, suffix))


def start(scene: ClientScene, folder: Path, stack: contextlib.ExitStack) -> tuple[Display | None, Server]:
    size = scene.sizes[0]
    if scene.server == "weston":
        with mock.patch("tests.interop.weston.pattern", lambda width, height, title: draw(width, height)):
            return None, stack.enter_context(weston(folder, *size))
    make = {"shadow": xvfb, "xrdp": xvnc, "xorgxrdp": xorg}[scene.server]
    display = stack.enter_context(make(folder, *size))
    display.paint_sync(draw(*size))
    if scene.server == "shadow":
        kind = {"nla": "nla", "tls": "tls", "none": "rdp"}[scene.security]
        return display, stack.enter_context(shadow(folder, display, kind))  # type: ignore[arg-type]
    protection = {"security": "rdp", "encryption": "none"} if scene.security == "none" else {}
    fast_path = "none" if "slowpath" in scene.name else "both"
    return display, stack.enter_context(xrdp(folder, display, fast_path=fast_path, **protection))  # type: ignore[arg-type]


async def act(scene: ClientScene, session: Session, display: Display | None, folder: Path) -> None:
    await see(scene, session, display, folder)
    await session.mouse.click(*CLICKED)
    await session.mouse.scroll(-1)
    await session.keyboard.type("hi")
    for width, height in scene.sizes[1:]:
        assert display is not None
        await display.run("xrandr", "-s", f"{width}x{height}")
        await wait_for(lambda size=(width, height): (session.screen.width, session.screen.height) == size, "resized")  # type: ignore[misc]
        await see(scene, session, display, folder)
    await session.screen.wait_settled(0.3)
    save(shown(session), HERE / f"{scene.name}.png")


async def see(scene: ClientScene, session: Session, display: Display | None, folder: Path) -> None:
    """Wait until the session shows what the display does."""
    if display is None or scene.codecs:
        await session.screen.wait_settled(0.5)
        return
    picture = await trio.to_thread.run_sync(display.picture_sync)
    wanted = (truncated if scene.server == "shadow" else filled_up)(picture, scene.depth)
    await wait_shows(session, np.ascontiguousarray(wanted), folder)


async def main() -> None:
    wanted = sys.argv[1:] or [scene.name for scene in CLIENT_SCENES]
    with tempfile.TemporaryDirectory() as folder:
        for scene in CLIENT_SCENES:
            if scene.name in wanted:
                await record(scene, Path(folder))


if __name__ == "__main__":
    trio.run(main)
