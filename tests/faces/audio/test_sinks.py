"""WAV files, and the system's sound with a device that is made up."""

from __future__ import annotations

import sys
import wave
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import trio
import trio.testing

from trio_rdp.codecs.audio import PcmFormat
from trio_rdp.faces.audio.flow import AudioChunk
from trio_rdp.faces.audio.sinks import SystemMicrophone, SystemSound, WavReader, WavWriter, at_volume

CD = PcmFormat(44_100, 2)
PHONE = PcmFormat(8000, 1)


def chunk(pcm: PcmFormat = CD, level: int = 100, volume: tuple[float, float] = (1.0, 1.0)) -> AudioChunk:
    return AudioChunk(np.full(pcm.rate // 10 * pcm.channels, level, "<i2").tobytes(), pcm, volume=volume)


async def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    async with WavWriter(path) as wav:
        assert not path.exists()
        await wav.write(chunk(level=1))
        await wav.write(chunk(level=2))
        # It is whole at any moment.
        with wave.open(str(path)) as file:
            assert file.getnframes() == 8820
        with pytest.raises(ValueError, match=r"44100.*not.*8000"):
            await wav.write(chunk(PHONE))
    with pytest.raises(ValueError, match="was closed"):
        await wav.write(chunk())
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (44_100, 2, 2)
        assert file.readframes(8820) == chunk(level=1).data + chunk(level=2).data
    async with await WavReader.open(path) as reader:
        assert reader.format == CD
        pieces = [piece async for piece in reader]
    assert {len(piece) for piece in pieces} == {882 * 4}
    assert b"".join(pieces) == chunk(level=1).data + chunk(level=2).data


async def test_a_file_is_closed_when_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    with trio.CancelScope() as scope:
        async with WavWriter(path) as wav:
            await wav.write(chunk())
            scope.cancel()
            await trio.lowlevel.checkpoint()
    assert scope.cancelled_caught
    with wave.open(str(path)) as file:
        assert file.getnframes() == 4410


async def test_a_file_of_nothing(tmp_path: Path) -> None:
    async with WavWriter(tmp_path / "silence.wav"):
        pass
    assert not (tmp_path / "silence.wav").exists()


async def test_files_that_are_not_for_here(tmp_path: Path) -> None:
    path = tmp_path / "odd.wav"
    with pytest.raises(FileNotFoundError):
        await WavReader.open(path)
    for content in (b"", b"RIFF", b"something else entirely, and long enough"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"odd\.wav"):
            await WavReader.open(path)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
        file.writeframes(bytes(100))
    with pytest.raises(ValueError, match="samples of 8 bits"):
        await WavReader.open(path)


class Device:
    """A stream of sounddevice's."""

    log: list[Any]

    def __init__(self, **options: Any) -> None:
        if options["device"] == "broken":
            raise PortAudioError("nothing there")
        self.options = options
        self.log.append(("open", options["samplerate"], options["channels"], options["dtype"]))

    def start(self) -> None:
        self.log.append("start")

    def write(self, data: bytes) -> None:
        self.log.append(bytes(data))

    def read(self, frames: int) -> tuple[bytes, bool]:
        self.log.append(frames)
        return bytes(frames * 2 * self.options["channels"]), False

    def stop(self) -> None:
        self.log.append("stop")

    def close(self) -> None:
        self.log.append("close")


class PortAudioError(Exception):
    pass


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is done with the devices of a sounddevice that is made up."""
    module: Any = ModuleType("sounddevice")
    module.RawOutputStream = module.RawInputStream = Device
    module.PortAudioError = PortAudioError
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    found: list[Any] = []
    monkeypatch.setattr(Device, "log", found, raising=False)
    return found


async def test_playing(log: list[Any]) -> None:
    async with SystemSound() as sound:
        await sound.write(chunk())
        await sound.write(chunk(volume=(0.0, 0.5)))
        await sound.write(chunk(PHONE))
    first, start, whole, half, *rest = log
    assert first == ("open", 44_100, 2, "int16")
    assert start == "start"
    assert whole == chunk().data
    assert np.frombuffer(half, "<i2")[:4].tolist() == [0, 12, 0, 12]
    assert rest == ["stop", "close", ("open", 8000, 1, "int16"), "start", chunk(PHONE).data, "stop", "close"]


async def test_listening(log: list[Any]) -> None:
    async with SystemMicrophone(8000) as microphone:
        assert log == []
        pieces = []
        async for piece in microphone:
            pieces.append(piece)
            if len(pieces) == 3:
                break
    assert pieces == [bytes(320)] * 3
    assert log == [("open", 8000, 1, "int16"), "start", 160, 160, 160, "stop", "close"]
    assert [piece async for piece in microphone] == []


async def test_no_device(log: list[Any]) -> None:
    with pytest.raises(OSError, match="nothing there"):
        await SystemSound("broken").write(chunk())
    with pytest.raises(OSError, match="nothing there"):
        await SystemMicrophone(device="broken").__anext__()


async def test_without_sounddevice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(ModuleNotFoundError, match=r"trio-rdp\[sound\]"):
        await SystemSound().write(chunk())


def test_volume() -> None:
    assert at_volume(chunk()) == chunk().data
    mono = chunk(PHONE, 1000, (1.0, 0.0))
    assert np.frombuffer(at_volume(mono), "<i2")[0] == 125
    surround = chunk(PcmFormat(8000, 4), 1000, (0.0, 1.0))
    assert np.frombuffer(at_volume(surround), "<i2")[:4].tolist() == [0, 1000, 1000, 1000]
