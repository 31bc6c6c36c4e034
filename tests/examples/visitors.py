"""What clients do to the handlers of docs/channels, and how one sees that these did what they are there for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import trio

from trio_rdp import AudioChunk, DynamicChannel, MemoryFileSystem, PcmFormat, Session, WavWriter

__all__ = ["VISITS", "Visit", "Visitor", "prepare"]

PCM = PcmFormat(44_100, 2)
SOUND = bytes(PCM.frame_size * PCM.rate // 5)
LENT = {"reports/2026.txt": b"done\n", "inbox/old.txt": b"old"}


@dataclass
class Visitor:
    """A client whose server runs a handler, and what it saw of that."""

    session: Session
    files: MemoryFileSystem = field(default_factory=lambda: MemoryFileSystem(LENT))
    printed: list[bytes] = field(default_factory=list)
    heard: int = 0

    async def look_on(self) -> None:
        """Do nothing."""

    async def listen(self) -> None:
        async for chunk in self.session.audio:
            self.heard += len(chunk.data)

    async def speak(self) -> None:
        await self.session.microphone.feed(silence, rate=44_100, channels=1)

    async def lend(self) -> None:
        self.session.devices.add_drive("papers", self.files)
        printer = self.session.devices.add_printer("laser")
        async for job in printer:
            self.printed.append(b"".join([data async for data in job]))

    async def resize(self) -> None:
        await self.session.resize(800, 600)

    async def launch(self) -> None:
        apps = self.session.remote_apps
        await apps.launch("||hello")
        await apps.close(await apps.windows.wait_for(lambda window: window.title == "Hello"))

    async def answer(self) -> None:
        await trio.serve_listeners(_upper, [self.session.listen("org.example.upper")])


async def silence() -> AsyncIterator[bytes]:
    while True:
        await trio.lowlevel.checkpoint()
        yield bytes(8820)


async def _upper(channel: DynamicChannel) -> None:
    async for message in channel:
        await channel.send(message.upper())


@dataclass(frozen=True)
class Visit:
    """What a client does while a handler runs, what that prints in the end, and what else holds then."""

    act: Callable[[Visitor], Awaitable[None]]
    said: str = ""
    holds: Callable[[Visitor], bool] = lambda visitor: True


async def prepare(folder: Path) -> None:
    """Put the files there that handlers use."""
    async with WavWriter(folder / "welcome.wav") as wav:
        await wav.write(AudioChunk(SOUND, PCM))


VISITS = {
    ("audio", "play"): Visit(Visitor.listen, holds=lambda visitor: visitor.heard == len(SOUND)),
    ("audio", "record"): Visit(Visitor.speak, " bytes\n"),
    ("devices", "handler"): Visit(
        Visitor.lend,
        "2026.txt 5\nb'done\\n'",
        lambda visitor: visitor.files.files()["reports/seen.txt"] == b"done\nseen\n",
    ),
    ("devices", "tidy"): Visit(Visitor.lend, holds=lambda visitor: "inbox/old.txt" not in visitor.files.files()),
    ("devices", "greet"): Visit(Visitor.lend, holds=lambda visitor: [job[:4] for job in visitor.printed] == [b"%!PS"]),
    ("devices", "show"): Visit(Visitor.lend, "trio-rdp lends papers\n"),
    ("devices", "watch"): Visit(Visitor.lend, "ADDED inbox/note.txt\n"),
    ("display-control", "follow"): Visit(Visitor.resize, "1 monitors, a desktop of 800x600\n"),
    ("echo", "watch"): Visit(Visitor.look_on, " bytes took 0."),
    ("index", "ask"): Visit(Visitor.answer, "b'HELLO'\n"),
    ("remote-apps", "handler"): Visit(Visitor.launch),
}
