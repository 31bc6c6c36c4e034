"""Record what real clients and our server say to each other: `python -m tests.captures.record_server [NAME ...]`.

NAME.c2s and NAME.s2c are the two directions as byte streams, as the sessions' `Framed` saw them: inside TLS, with the
messages of CredSSP.  `tests/test_replay_server.py` plays them, and knows what was done while they were recorded.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import trio

from tests.captures.scenes import ENTERED, SCENES, Scene, draw
from tests.interop.client import Client
from tests.interop.display import Display, xvfb
from tests.interop.rdesktop import rdesktop
from tests.interop.serving import Guest, paint, serving, wait_equal
from tests.interop.xfreerdp import xfreerdp
from trio_rdp import admission, transport
from trio_rdp.framed import Framed
from trio_rdp.protocol.input_events import KeyReleased, MouseButton, MouseReleased
from trio_rdp.protocol.keys import Key

HERE = Path(__file__).parent


@dataclass
class Recorder:
    """Both directions of the connection that was accepted last."""

    c2s: bytearray = field(default_factory=bytearray)
    s2c: bytearray = field(default_factory=bytearray)

    def framed(self, stream: trio.abc.Stream) -> Framed:
        if not isinstance(stream, trio.SSLStream):
            self.c2s.clear()
            self.s2c.clear()
        return Framed(RecordedStream(stream, self))


class RecordedStream(trio.abc.Stream):
    """A stream that notes everything."""

    def __init__(self, inner: trio.abc.Stream, recorder: Recorder) -> None:
        self.inner = inner
        self.recorder = recorder

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self.inner.send_all(data)
        self.recorder.s2c += data

    async def wait_send_all_might_not_block(self) -> None:
        await self.inner.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data = await self.inner.receive_some(max_bytes)
        self.recorder.c2s += data
        return data

    async def aclose(self) -> None:
        await self.inner.aclose()


@contextlib.contextmanager
def recording() -> Iterator[Recorder]:
    recorder = Recorder()
    upgrade = transport.upgrade_server

    async def upgrade_inner(stream: Any, leftover: bytes, **options: Any) -> Any:
        return await upgrade(stream.inner, leftover, **options)

    with (
        mock.patch.object(admission, "Framed", recorder.framed),
        mock.patch.object(admission, "upgrade_server", upgrade_inner),
    ):
        yield recorder


@contextlib.asynccontextmanager
async def client_of(scene: Scene, display: Display, port: int) -> AsyncIterator[Client]:
    size = scene.sizes[0]
    password = "Secret1!" if scene.is_let_in else "wrong"
    if scene.client == "xfreerdp":
        async with xfreerdp(
            display, port, *scene.flags, security=scene.security, bpp=scene.depth, size=size, password=password
        ) as client:
            yield client
    else:
        async with rdesktop(display, port, *scene.flags, bpp=scene.depth, size=size, password=password) as other:
            yield other


async def record(scene: Scene, display: Display) -> None:
    with recording() as recorder:
        async with serving(paints=False) as served, client_of(scene, display, served.port) as client:
            if scene.is_let_in:
                await act(scene, display, client, await served.guest())
            else:
                await client.wait()
                await served.wait_log("login was refused")
    for suffix in ("c2s", "s2c"):
        (HERE / f"{scene.name}.{suffix}").write_bytes(getattr(recorder, suffix))


async def act(scene: Scene, display: Display, client: Client, guest: Guest) -> None:
    for number, size in enumerate(scene.sizes):
        if number:
            await guest.session.display.resize(*size)
        await paint(guest.session, draw(*size))
        await wait_equal(client, guest.session)
    await client.focus()
    await display.xdotool("mousemove", *ENTERED, "click", 1, "click", 4, "key", "--delay", 30, "h", "i")
    await guest.wait_event(MouseReleased(MouseButton.LEFT, *ENTERED), KeyReleased(Key.I, Key.I.scancode))
    if scene.client == "xfreerdp":
        await client.close()
    else:
        guest.leave()
        await client.wait()
    await guest.wait_left()


async def main() -> None:
    wanted = sys.argv[1:] or [scene.name for scene in SCENES]
    with tempfile.TemporaryDirectory() as folder, xvfb(Path(folder), 1280, 1024) as display:
        for scene in SCENES:
            if scene.name in wanted:
                await record(scene, display)


if __name__ == "__main__":
    trio.run(main)
