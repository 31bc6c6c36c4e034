"""What the machines of audio input tell, beside `Reply` and `Ignored`, which are those of audio output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from trio_rdp.channels.rdpsnd.audio_format import AudioFormat
from trio_rdp.channels.rdpsnd.events import Ignored, Reply

__all__ = [
    "AudinClientEvent",
    "AudinServerEvent",
    "FormatChanged",
    "FormatsNamed",
    "FormatsOffered",
    "RecordingRefused",
    "RecordingRequested",
    "RecordingStarted",
    "SoundReceived",
]


@dataclass(frozen=True, slots=True)
class FormatsOffered:
    """A server's formats, which wait for `AudinClient.name_formats`."""

    formats: tuple[AudioFormat, ...]


@dataclass(frozen=True, slots=True)
class RecordingRequested:
    """A server wants sound, which waits for `AudinClient.accept` or `refuse`.

    It is to be encoded in `audio_format`, `frames_per_packet` samples of each channel in a message, and was best
    recorded as `capture_format` says.
    """

    audio_format: AudioFormat
    frames_per_packet: int
    capture_format: AudioFormat


@dataclass(frozen=True, slots=True)
class FormatChanged:
    """From now on sound comes in this format."""

    audio_format: AudioFormat


@dataclass(frozen=True, slots=True)
class FormatsNamed:
    """The formats that a client takes: `AudinServer.open` may be called."""

    formats: tuple[AudioFormat, ...]


@dataclass(frozen=True, slots=True)
class RecordingStarted:
    """The client records, in this format."""

    audio_format: AudioFormat


@dataclass(frozen=True, slots=True)
class RecordingRefused:
    """The client could not open its device, for the reason of an HRESULT."""

    result: int


@dataclass(frozen=True, slots=True)
class SoundReceived:
    """Encoded sound."""

    audio_format: AudioFormat
    data: bytes


AudinClientEvent: TypeAlias = Reply | Ignored | FormatsOffered | RecordingRequested | FormatChanged
AudinServerEvent: TypeAlias = (
    Reply | Ignored | FormatsNamed | RecordingStarted | RecordingRefused | FormatChanged | SoundReceived
)
