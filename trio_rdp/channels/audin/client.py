"""The client's side of audio input, [MS-RDPEAI] 3.2, without I/O: messages in, events and answers out."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from trio_rdp.channels.audin.events import AudinClientEvent, FormatChanged, FormatsOffered, RecordingRequested
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

__all__ = ["E_FAIL", "AudinClient", "AudinClientState"]

E_FAIL = 0x80004005
"""The HRESULT that says nothing but that it failed."""

_E_INVALIDARG = 0x80070057


class AudinClientState(enum.Enum):
    """What comes next."""

    WAIT_VERSION = enum.auto()
    WAIT_FORMATS = enum.auto()
    OFFERED = enum.auto()
    """The server has named its formats, and `name_formats` has not been called."""
    READY = enum.auto()
    ASKED = enum.auto()
    """The server wants sound, and neither `accept` nor `refuse` has been called."""
    RECORDING = enum.auto()


class AudinClient:
    """Agrees on formats, and sends sound when it is asked for."""

    def __init__(self, *, version: ProtocolVersion = ProtocolVersion.V2) -> None:
        self._version = version
        self._state = AudinClientState.WAIT_VERSION
        self._offered: tuple[AudioFormat, ...] = ()
        self._formats: tuple[AudioFormat, ...] = ()
        self._initial = 0

    @property
    def state(self) -> AudinClientState:
        """What comes next."""
        return self._state

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """Those that were named to the server."""
        return self._formats

    def receive(self, message: bytes) -> list[AudinClientEvent]:
        """Take one message of the server's; raises nothing.

        "Malformed packets [...], unrecognized packets, and out-of-sequence packets MUST be ignored", 3.1.5.
        """
        try:
            pdu = decode_audin(message)
        except DecodeError as exc:
            return [Ignored(str(exc))]
        state = self._state
        match pdu:
            case Version() if state is AudinClientState.WAIT_VERSION:
                self._state = AudinClientState.WAIT_FORMATS
                return [Reply(Version(version=self._version).encode())]
            case SoundFormats(sound_formats=formats) if state is AudinClientState.WAIT_FORMATS:
                self._state = AudinClientState.OFFERED
                self._offered = tuple(formats)
                return [FormatsOffered(self._offered)]
            case Open() if state in (AudinClientState.READY, AudinClientState.RECORDING):
                return self._asked(pdu)
            case FormatChange(new_format=number) if state is AudinClientState.RECORDING and number < len(self._formats):
                return [Reply(pdu.encode()), FormatChanged(self._formats[number])]
        return [Ignored(f"{type(pdu).__name__} in state {state.name}")]

    def name_formats(self, formats: Sequence[AudioFormat]) -> list[bytes]:
        """Name those of the server's formats that can be sent."""
        self._need(AudinClientState.OFFERED, "name formats")
        for audio_format in formats:
            if audio_format not in self._offered:
                raise LocalProtocolError(f"the server did not offer {audio_format}")
        self._state = AudinClientState.READY
        self._formats = tuple(formats)
        return [IncomingData().encode(), SoundFormats(sound_formats=list(formats)).encode()]

    def accept(self) -> list[bytes]:
        """Say that sound comes."""
        self._need(AudinClientState.ASKED, "accept")
        self._state = AudinClientState.RECORDING
        return [FormatChange(new_format=self._initial).encode(), OpenReply(result=0).encode()]

    def refuse(self, result: int = E_FAIL) -> list[bytes]:
        """Say why no sound comes; the server may ask again."""
        self._need(AudinClientState.ASKED, "refuse")
        self._state = AudinClientState.READY
        return [OpenReply(result=result).encode()]

    def sound(self, data: bytes) -> list[bytes]:
        """Send sound in the format that was asked for last."""
        self._need(AudinClientState.RECORDING, "send sound")
        return [IncomingData().encode(), Data(data=data).encode()]

    def _asked(self, pdu: Open) -> list[AudinClientEvent]:
        if pdu.initial_format >= len(self._formats):
            self._state = AudinClientState.READY
            refusal = Reply(OpenReply(result=_E_INVALIDARG).encode())
            return [refusal, Ignored(f"sound in format {pdu.initial_format} of {len(self._formats)}")]
        self._state = AudinClientState.ASKED
        self._initial = pdu.initial_format
        return [RecordingRequested(self._formats[self._initial], pdu.frames_per_packet, pdu.capture_format)]

    def _need(self, state: AudinClientState, what: str) -> None:
        if self._state is not state:
            raise LocalProtocolError(f"cannot {what} in state {self._state.name}")
