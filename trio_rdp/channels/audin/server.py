"""The server's side of audio input, [MS-RDPEAI] 3.3, without I/O: messages in, events and answers out."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from trio_rdp.channels.audin.events import (
    AudinServerEvent,
    FormatChanged,
    FormatsNamed,
    RecordingRefused,
    RecordingStarted,
    SoundReceived,
)
from trio_rdp.channels.audin.messages import (
    Data,
    FormatChange,
    IncomingData,
    Open,
    OpenReply,
    ProtocolVersion,
    SoundFormats,
    Version,
    decode_audin,
)
from trio_rdp.channels.rdpsnd.audio_format import AudioFormat
from trio_rdp.channels.rdpsnd.events import Ignored, Reply
from trio_rdp.wire.errors import DecodeError, LocalProtocolError

__all__ = ["AudinServer", "AudinServerState"]


class AudinServerState(enum.Enum):
    """What comes next."""

    IDLE = enum.auto()
    """Nothing, until `start`."""
    WAIT_VERSION = enum.auto()
    WAIT_FORMATS = enum.auto()
    READY = enum.auto()
    WAIT_REPLY = enum.auto()
    RECORDING = enum.auto()


class AudinServer:
    """Offers formats, asks for sound and takes it; nothing but closing the channel ends a recording."""

    def __init__(self, formats: Sequence[AudioFormat], *, version: ProtocolVersion = ProtocolVersion.V2) -> None:
        self._offered = list(formats)
        self._version = version
        self._state = AudinServerState.IDLE
        self._formats: tuple[AudioFormat, ...] = ()
        self._current = 0

    @property
    def state(self) -> AudinServerState:
        """What comes next."""
        return self._state

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """Those that the client takes."""
        return self._formats

    def start(self) -> bytes:
        """The first message."""
        self._need(AudinServerState.IDLE, "start")
        self._state = AudinServerState.WAIT_VERSION
        return Version(version=self._version).encode()

    def receive(self, message: bytes) -> list[AudinServerEvent]:
        """Take one message of the client's; raises nothing.

        "Malformed packets [...], unrecognized packets, and out-of-sequence packets MUST be ignored", 3.1.5.
        """
        try:
            pdu = decode_audin(message)
        except DecodeError as exc:
            return [Ignored(str(exc))]
        state = self._state
        match pdu:
            case IncomingData():
                return []  # it only helps to measure the network
            case Data(data=data) if state is AudinServerState.RECORDING:
                return [SoundReceived(self._formats[self._current], data)]
            case Version() if state is AudinServerState.WAIT_VERSION:
                self._state = AudinServerState.WAIT_FORMATS
                return [Reply(SoundFormats(sound_formats=self._offered).encode())]
            case SoundFormats(sound_formats=formats) if state is AudinServerState.WAIT_FORMATS:
                self._state = AudinServerState.READY
                self._formats = tuple(formats)
                return [FormatsNamed(self._formats)]
            case FormatChange(new_format=number) if number < len(self._formats):
                return self._changed(number)
            case OpenReply(result=result) if state is AudinServerState.WAIT_REPLY:
                self._state = AudinServerState.READY if pdu.is_error else AudinServerState.RECORDING
                started = RecordingStarted(self._formats[self._current])
                return [RecordingRefused(result) if pdu.is_error else started]
        return [Ignored(f"{type(pdu).__name__} in state {state.name}")]

    def open(self, format_no: int, *, frames_per_packet: int, capture_format: AudioFormat | None = None) -> bytes:
        """Ask for sound in one of the client's formats, best recorded as `capture_format`, by default as that one."""
        self._need(AudinServerState.READY, "open")
        chosen = self._chosen(format_no)
        self._state = AudinServerState.WAIT_REPLY
        self._current = format_no
        return Open(
            frames_per_packet=frames_per_packet, initial_format=format_no, capture_format=capture_format or chosen
        ).encode()

    def change_format(self, format_no: int) -> bytes:
        """Ask for another of the client's formats; sound comes in the old one until the client confirms."""
        self._need(AudinServerState.RECORDING, "change the format")
        self._chosen(format_no)
        return FormatChange(new_format=format_no).encode()

    def _changed(self, number: int) -> list[AudinServerEvent]:
        # Before the Open Reply it repeats what was asked for.
        match self._state:
            case AudinServerState.WAIT_REPLY:
                self._current = number
                return []
            case AudinServerState.RECORDING:
                self._current = number
                return [FormatChanged(self._formats[number])]
        return [Ignored(f"FormatChange in state {self._state.name}")]

    def _chosen(self, format_no: int) -> AudioFormat:
        if not 0 <= format_no < len(self._formats):
            raise LocalProtocolError(f"format {format_no} of {len(self._formats)}")
        return self._formats[format_no]

    def _need(self, state: AudinServerState, what: str) -> None:
        if self._state is not state:
            raise LocalProtocolError(f"cannot {what} in state {self._state.name}")
