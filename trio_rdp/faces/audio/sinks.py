"""Where sound may go, and come from, beside your own code: WAV files, and the system's sound through `sounddevice`.

async with WavWriter("call.wav") as wav:
    async for chunk in session.audio:
        await wav.write(chunk)
"""

from __future__ import annotations

import importlib
import os
import wave
from types import TracebackType
from typing import Any, Self

import trio

from trio_rdp.codecs.audio import PcmFormat
from trio_rdp.faces.audio.flow import AudioChunk

__all__ = ["SystemMicrophone", "SystemSound", "WavReader", "WavWriter"]

_PIECE = 0.02  # seconds


class WavWriter:
    """Writes chunks to a WAV file of 16 bits, whose format is that of the first.

    A chunk of another format raises `ValueError`.  Nothing is written, and no file made, before the first.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        self._format: PcmFormat | None = None
        self._file: wave.Wave_write | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def write(self, chunk: AudioChunk) -> None:
        """Append a chunk; the file is a complete one after each."""
        if self._format is None:
            self._file = await trio.to_thread.run_sync(_create, self._path, chunk.format)
            self._format = chunk.format
        file = self._file
        if file is None:
            raise ValueError(f"{self._path} was closed")
        if chunk.format != self._format:
            raise ValueError(f"{self._path} has {self._format}, not {chunk.format}")
        await trio.to_thread.run_sync(file.writeframes, chunk.data)

    async def aclose(self) -> None:
        """Close the file, which happens even when this is cancelled."""
        file, self._file = self._file, None
        if file is not None:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(file.close)
        await trio.lowlevel.checkpoint_if_cancelled()


def _create(path: str, pcm: PcmFormat) -> wave.Wave_write:
    file = wave.open(path, "wb")  # noqa: SIM115
    file.setnchannels(pcm.channels)
    file.setsampwidth(2)
    file.setframerate(pcm.rate)
    return file


class WavReader:
    """The samples of a WAV file of 16 bits, 20 ms at a time: a source for `Microphone.feed`, or for `AudioStream.send`.

    `await WavReader.open(path)` makes one, whose `format` says what they are.  Raises `OSError`, and `ValueError` for
    files of other samples.
    """

    def __init__(self, file: wave.Wave_read, pcm: PcmFormat) -> None:
        self.format: PcmFormat = pcm
        self._file = file

    @classmethod
    async def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open a file and look at its format."""
        return cls(*await trio.to_thread.run_sync(_open, os.fspath(path)))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        data = await trio.to_thread.run_sync(self._file.readframes, round(self.format.rate * _PIECE))
        if not data:
            raise StopAsyncIteration
        return data

    async def aclose(self) -> None:
        """Close the file."""
        self._file.close()
        await trio.lowlevel.checkpoint()


def _open(path: str) -> tuple[wave.Wave_read, PcmFormat]:
    try:
        file = wave.open(path, "rb")  # noqa: SIM115
    except (wave.Error, EOFError) as exc:
        raise ValueError(f"{path}: {exc}") from exc
    try:
        if file.getsampwidth() != 2:
            raise ValueError(f"{path} has samples of {8 * file.getsampwidth()} bits, not 16")
        return file, PcmFormat(file.getframerate(), file.getnchannels())
    except ValueError:
        file.close()
        raise


class SystemSound:
    """Plays chunks on this machine: needs the extra `sound`, which is `sounddevice` with PortAudio.

    The device is opened at the first chunk, and anew when their format changes.  The server's volume is applied.
    `device` is one of sounddevice's, by default the system's own.  Raises `OSError` where there is none.
    """

    def __init__(self, device: int | str | None = None) -> None:
        self._device = device
        self._format: PcmFormat | None = None
        self._stream: Any = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def write(self, chunk: AudioChunk) -> None:
        """Play a chunk; returns when the device has taken it, which paces who writes."""
        if chunk.format != self._format:
            await self.aclose()
            self._stream = await trio.to_thread.run_sync(_open_device, "RawOutputStream", chunk.format, self._device)
            self._format = chunk.format
        await trio.to_thread.run_sync(self._stream.write, at_volume(chunk))

    async def aclose(self) -> None:
        """Let what was taken be played, and close the device."""
        stream, self._stream, self._format = self._stream, None, None
        await _close_device(stream)


class SystemMicrophone:
    """What this machine's microphone hears, 20 ms at a time: a source for `Microphone.feed`.

    It needs the extra `sound`.  The device is opened when the first piece is asked for, and closed by `aclose`; what
    nobody asks for in time is lost.  Raises `OSError` where there is none.
    """

    def __init__(self, rate: int = 44_100, channels: int = 1, *, device: int | str | None = None) -> None:
        self.format: PcmFormat = PcmFormat(rate, channels)
        self._device = device
        self._stream: Any = None
        self._is_closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._is_closed:
            raise StopAsyncIteration
        if self._stream is None:
            self._stream = await trio.to_thread.run_sync(_open_device, "RawInputStream", self.format, self._device)
        data, _ = await trio.to_thread.run_sync(self._stream.read, round(self.format.rate * _PIECE))
        return bytes(data)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the device, after which there is no more."""
        self._is_closed = True
        stream, self._stream = self._stream, None
        await _close_device(stream)


def _open_device(kind: str, pcm: PcmFormat, device: int | str | None) -> Any:
    try:
        sounddevice = importlib.import_module("sounddevice")
    except ModuleNotFoundError as exc:
        raise ModuleNotFoundError('this needs sounddevice: pip install "trio-rdp[sound]"', name=exc.name) from exc
    try:
        stream = getattr(sounddevice, kind)(
            samplerate=pcm.rate, channels=pcm.channels, dtype="int16", device=device, latency="low"
        )
        stream.start()
    except sounddevice.PortAudioError as exc:
        raise OSError(f"no sound device: {exc}") from exc
    return stream


async def _close_device(stream: Any) -> None:
    if stream is not None:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(_stop_device, stream)
    await trio.lowlevel.checkpoint_if_cancelled()


def _stop_device(stream: Any) -> None:
    stream.stop()
    stream.close()


def at_volume(chunk: AudioChunk) -> bytes:
    """The samples of a chunk as loud as the server wants them.

    What one hears of a step is the same anywhere on its scale; the cube of a level comes close to that.
    """
    left, right = chunk.volume
    if left == right == 1.0:
        return chunk.data
    import numpy as np

    gains = np.array([left, right] if chunk.format.channels > 1 else [(left + right) / 2]) ** 3
    samples = chunk.samples().astype(np.float64)
    samples[:, : len(gains)] *= gains
    return bytes(samples.round().astype("<i2").tobytes())
