"""What the machines of audio output tell: answers to send on, and what happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from trio_rdp.channels.rdpsnd.audio_format import AudioFormat
from trio_rdp.channels.rdpsnd.initialization import ProtocolVersion, Quality

__all__ = [
    "AudioClosed",
    "FormatsAgreed",
    "Ignored",
    "PitchChanged",
    "QualityChosen",
    "RdpsndClientEvent",
    "RdpsndServerEvent",
    "Reply",
    "Trained",
    "VolumeChanged",
    "WaveReceived",
    "WavesConfirmed",
]


@dataclass(frozen=True, slots=True)
class Reply:
    """A message to send, in this order among others."""

    message: bytes


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that was malformed, unknown or out of its sequence: the document wants such ignored."""

    reason: str


@dataclass(frozen=True, slots=True)
class FormatsAgreed:
    """Both sides know their versions, of which the lower counts, and the formats, which waves name by their place.

    Formats that were agreed on before mean nothing any more.
    """

    version: ProtocolVersion
    formats: tuple[AudioFormat, ...]


@dataclass(frozen=True, slots=True)
class WaveReceived:
    """Encoded sound, which is to be confirmed by `RdpsndClient.confirm` as soon as it is played, or dropped.

    `time_stamp` has 16 bits of milliseconds; `audio_time_stamp`, of 32 bits, comes with a Wave2 alone.
    """

    block_no: int
    time_stamp: int
    audio_time_stamp: int | None
    format_no: int
    audio_format: AudioFormat
    data: bytes


@dataclass(frozen=True, slots=True)
class VolumeChanged:
    """How loud both channels shall be, from 0 to 65535 on a logarithmic scale."""

    left: int
    right: int


@dataclass(frozen=True, slots=True)
class PitchChanged:
    """A multiplier, which the document wants clients not to apply."""

    pitch: float


@dataclass(frozen=True, slots=True)
class AudioClosed:
    """The server plays nothing for now."""


@dataclass(frozen=True, slots=True)
class QualityChosen:
    """How the client wants the format to be chosen."""

    quality: Quality


@dataclass(frozen=True, slots=True)
class Trained:
    """The client has confirmed the training: waves may be sent."""


@dataclass(frozen=True, slots=True)
class WavesConfirmed:
    """The client is done with these blocks, oldest first; the time stamp is that of the last."""

    block_nos: tuple[int, ...]
    time_stamp: int


RdpsndClientEvent: TypeAlias = (
    Reply | Ignored | FormatsAgreed | WaveReceived | VolumeChanged | PitchChanged | AudioClosed
)
RdpsndServerEvent: TypeAlias = Reply | Ignored | FormatsAgreed | QualityChosen | Trained | WavesConfirmed
