"""Record what real peers say on the channels of sound and microphone: `python -m tests.captures.record_sound`."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import trio

from tests.captures.messages import save
from tests.interop.display import Display, xorg, xvfb
from tests.interop.rdesktop import rdesktop
from tests.interop.serving import serving
from tests.interop.sessions import connected
from tests.interop.sound import alsa_file, play_in_xrdp, pulse, record_in_xrdp, sine
from tests.interop.test_audio import listening, only, tone
from tests.interop.xfreerdp import xfreerdp
from tests.interop.xrdp import chansrv, xrdp
from trio_rdp.channels.audin import AudinClient, AudinServer
from trio_rdp.channels.rdpsnd import FormatTag, RdpsndClient, RdpsndServer


@contextlib.contextmanager
def recording(machine: type[Any], name: str) -> Iterator[None]:
    """Keep what machines of this class receive."""
    heard: list[bytes] = []
    receive = machine.receive

    def note(self: Any, message: bytes) -> Any:
        heard.append(bytes(message))
        return receive(self, message)

    with mock.patch.object(machine, "receive", note):
        yield
    save(name, heard)


async def with_xrdp(folder: Path) -> None:
    options = {"enable_audio_playback": True, "enable_audio_capture": True}
    for tag, name in ((FormatTag.VOXWARE_BYTE_ALIGNED, "opus"), (FormatTag.PCM, "pcm")):
        with xorg(folder) as desktop, chansrv(desktop, folder), xrdp(folder, desktop, chansrv=True) as server:
            with recording(RdpsndClient, f"sound-xrdp-{name}"):
                async with (
                    connected(server, **options, audio_formats=only(tag)) as session,
                    listening(session.audio),
                ):
                    await trio.sleep(0.5)
                    await play_in_xrdp(desktop, sine(440, 0.2), 0.2)
            if name == "opus":
                with recording(AudinClient, "microphone-xrdp"):
                    async with connected(server, **options) as session, trio.open_nursery() as nursery:
                        nursery.start_soon(feed, session)
                        await record_in_xrdp(desktop, 0.2)
                        nursery.cancel_scope.cancel()


async def feed(session: Any) -> None:
    await session.microphone.feed(tone(550), rate=44_100, channels=2)


async def with_clients(folder: Path, display: Display) -> None:
    with pulse(folder) as card:
        sound, microphone = "/sound:sys:pulse", "/microphone:sys:pulse"
        async with (
            serving(paints=False) as served,
            xfreerdp(display, served.port, sound, microphone, env=card.env),
            card.singing(550),
        ):
            session = (await served.guest()).session
            with recording(RdpsndServer, "sound-xfreerdp"):
                await play(session)
            with recording(AudinServer, "microphone-xfreerdp"):
                async with session.microphone.open(rate=16_000) as heard:
                    for _ in range(20):
                        await heard.receive()
    env, _ = alsa_file(folder)
    async with serving(paints=False) as served, rdesktop(display, served.port, "-r", "sound:local", env=env):
        with recording(RdpsndServer, "sound-rdesktop"):
            await play((await served.guest()).session)


async def play(session: Any) -> None:
    async with session.audio.open() as stream:
        await stream.send(sine(440, 0.5))


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder, xvfb(Path(folder)) as display:
        await with_xrdp(Path(folder))
        await with_clients(Path(folder), display)


if __name__ == "__main__":
    trio.run(main)
