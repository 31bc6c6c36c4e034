"""Sound cards that are made up: a PulseAudio that nobody hears, an ALSA into a file, and those of xrdp's sessions."""

from __future__ import annotations

import contextlib
import functools
import os
import struct
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trio

from tests.interop.display import Display
from tests.interop.processes import (
    PATIENCE,
    Process,
    launch,
    launched,
    need,
    numbered,
    wait_for,
    wait_for_answer,
    wait_for_sync,
)
from tests.interop.xrdp import sockets
from trio_rdp.codecs.audio import PcmFormat

__all__ = ["Pulse", "alsa_file", "loudest", "play_in_xrdp", "pulse", "record_in_xrdp", "sine", "wait_heard"]

CD = PcmFormat(44_100, 2)


def sine(hertz: float, seconds: float, pcm: PcmFormat = CD) -> bytes:
    """A tone."""
    times = np.arange(round(pcm.rate * seconds)) / pcm.rate
    wave = (12_000 * np.sin(2 * np.pi * hertz * times)).astype("<i2")
    return bytes(np.repeat(wave[:, None], pcm.channels, axis=1).tobytes())


def loudest(data: bytes, pcm: PcmFormat = CD) -> tuple[float, float]:
    """The strongest frequency of what is not silence, in hertz, and how long that lasts, in seconds.

    Devices of a busy machine that starved have gaps, which do not count.
    """
    samples = np.frombuffer(data[: len(data) - len(data) % pcm.frame_size], "<i2").reshape(-1, pcm.channels)[:, 0]
    heard = np.flatnonzero(np.abs(samples.astype(np.int32)) > 1000)
    if not len(heard):
        return 0.0, 0.0
    pieces = np.split(heard, np.flatnonzero(np.diff(heard) > pcm.rate // 50) + 1)
    longest = max(pieces, key=len)
    tone = samples[longest[0] : longest[-1] + 1].astype(float)
    spectrum = np.abs(np.fft.rfft(tone * np.hanning(len(tone)), 1 << 19))
    lasts = sum(int(piece[-1] - piece[0]) + 1 for piece in pieces)
    return float(np.argmax(spectrum)) * pcm.rate / (1 << 19), lasts / pcm.rate


async def wait_heard(read: Callable[[], bytes], hertz: float, least: float, pcm: PcmFormat = CD) -> float:
    """Wait until there is a tone of this pitch, which lasts `least` seconds; gives how long it is a moment later.

    A tone with a piece missing is off by a few hertz; at another rate it would be off by tens.
    """
    found = 0.0, 0.0

    def is_there() -> bool:
        nonlocal found
        found = loudest(read(), pcm)
        return abs(found[0] - hertz) <= 6 and found[1] >= least

    await wait_for_answer(
        functools.partial(trio.to_thread.run_sync, is_there),
        lambda: f"{hertz} Hz for {least} s; there are {found[0]:.1f} Hz for {found[1]:.3f} s",
    )
    await trio.sleep(0.3)
    return loudest(read(), pcm)[1]


@dataclass
class Pulse:
    """A PulseAudio of its own: what is played is kept, and its microphone hears what `singing` plays."""

    process: Process
    folder: Path
    env: dict[str, str]

    def run(self, *command: str) -> str:
        """Run a short program."""
        done = subprocess.run(
            command, capture_output=True, env={**os.environ, **self.env}, timeout=PATIENCE, check=False
        )
        return done.stdout.decode()

    @contextlib.asynccontextmanager
    async def recording(self) -> AsyncIterator[Path]:
        """Keep what is played, at 44.1 kHz in stereo, in a file that grows."""
        path = numbered(self.folder, "played", ".raw")
        options = ["--raw", "--rate=44100", "--channels=2", "--format=s16le", "--latency-msec=20"]
        command = ["sh", "-c", f"exec parec -d speaker.monitor {' '.join(options)} > '{path}'"]
        async with launched("parec", command, self.folder, env=self.env) as process:
            await wait_for(lambda: path.exists() and path.stat().st_size > 0, "parec hears silence", PATIENCE, process)
            yield path

    @contextlib.asynccontextmanager
    async def singing(self, hertz: float, seconds: float = 30) -> AsyncIterator[None]:
        """Let the microphone hear a tone."""
        path = trio.Path(numbered(self.folder, "sung", ".raw"))
        await path.write_bytes(sine(hertz, seconds))
        options = ["--raw", "--rate=44100", "--channels=2", "--format=s16le", "-d", "air"]
        async with launched("pacat", ["pacat", "-p", *options, str(path)], self.folder, env=self.env):
            yield

    async def wait_stream(self, kind: str) -> None:
        """Wait until a program plays ("sink-inputs") or records ("source-outputs")."""
        list_streams = functools.partial(self.run, "pactl", "list", "short", kind)
        await wait_for_answer(lambda: trio.to_thread.run_sync(list_streams), kind, PATIENCE, self.process)


@contextlib.contextmanager
def pulse(folder: Path) -> Iterator[Pulse]:
    """Run a PulseAudio that no other program knows."""
    need("pulseaudio", "pactl", "parec", "pacat")
    own = numbered(folder, "pulse")
    own.mkdir()
    socket = own / "socket"
    command = ["pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--log-target=stderr"]
    for module in (
        f"module-native-protocol-unix auth-anonymous=1 socket={socket}",
        "module-null-sink sink_name=speaker",
        "module-null-sink sink_name=air",
    ):
        command += ["-L", module]
    with launch("pulseaudio", command, own) as process:
        made = Pulse(process, own, {"PULSE_SERVER": f"unix:{socket}"})
        wait_for_sync(lambda: "air.monitor" in made.run("pactl", "list", "short", "sources"), "pulseaudio", process)
        made.run("pactl", "set-default-sink", "speaker")
        made.run("pactl", "set-default-source", "air.monitor")
        yield made


def alsa_file(folder: Path) -> tuple[dict[str, str], Path]:
    """Settings that let a program's ALSA write what it plays to a WAV file."""
    config, played = numbered(folder, "asound", ".conf"), numbered(folder, "played", ".wav")
    config.write_text(
        "pcm.null { type null }\nctl.null { type null }\nctl.!default { type null }\n"
        'pcm.!default { type plug slave.pcm "kept" }\n'
        f'pcm.kept {{ type file slave {{ pcm "null" }} file "{played}" format "wav" }}\n'
    )
    return {"ALSA_CONFIG_PATH": str(config)}, played


async def play_in_xrdp(desktop: Display, data: bytes, seconds: float) -> None:
    """Play PCM of 44.1 kHz in stereo in a session of xrdp, as its module for PulseAudio does, which Debian 12 lacks.

    A message is u32 code (0 for data, 1 for the end), u32 size with these 8 bytes, PCM.
    """
    path = sockets() / f"xrdp_chansrv_audio_out_socket_{desktop.name.lstrip(':')}"
    piece = 8192
    await wait_for(path.exists, "chansrv takes sound")
    async with await trio.open_unix_socket(path) as stream:
        start = trio.current_time()
        for at in range(0, len(data), piece):
            part = data[at : at + piece]
            await stream.send_all(struct.pack("<II", 0, 8 + len(part)) + part)
            await trio.sleep_until(start + seconds * (at + len(part)) / len(data))
        await stream.send_all(struct.pack("<II", 1, 8))
        await trio.sleep(0.2)


async def record_in_xrdp(desktop: Display, seconds: float) -> bytes:
    """Record PCM of 44.1 kHz in stereo in a session of xrdp, as its module for PulseAudio does."""
    path = sockets() / f"xrdp_chansrv_audio_in_socket_{desktop.name.lstrip(':')}"
    found = bytearray()
    await wait_for(path.exists, "chansrv gives sound")
    async with await trio.open_unix_socket(path) as stream:
        await stream.send_all(struct.pack("<IIBH", 0, 11, 1, 0))  # begin
        while len(found) < seconds * CD.rate * CD.frame_size:
            await stream.send_all(struct.pack("<IIBH", 0, 11, 3, 1024))  # more
            size = int.from_bytes(await _exactly(stream, 2), "little")
            found += await _exactly(stream, size)
            await trio.sleep(0.005)
        await stream.send_all(struct.pack("<IIBH", 0, 11, 2, 0))  # enough
    return bytes(found)


async def _exactly(stream: trio.SocketStream, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = await stream.receive_some(size - len(data))
        assert part, "chansrv hung up"
        data += part
    return data
