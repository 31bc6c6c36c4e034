"""The client's side of audio output, [MS-RDPEA] 3.2, without I/O: messages in, events and answers out."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence

from trio_rdp.channels.rdpsnd.audio_format import AudioFormat
from trio_rdp.channels.rdpsnd.data import Close, Training, TrainingConfirm, Wave, Wave2, WaveConfirm, WaveInfo
from trio_rdp.channels.rdpsnd.events import (
    AudioClosed,
    FormatsAgreed,
    Ignored,
    PitchChanged,
    RdpsndClientEvent,
    Reply,
    VolumeChanged,
    WaveReceived,
)
from trio_rdp.channels.rdpsnd.formats import decodable_formats
from trio_rdp.channels.rdpsnd.initialization import (
    ClientAudioFormatsAndVersion,
    ProtocolVersion,
    Quality,
    QualityMode,
    ServerAudioFormatsAndVersion,
    SoundCapabilities,
)
from trio_rdp.channels.rdpsnd.messages import ServerRdpsndPdu, decode_rdpsnd_from_server
from trio_rdp.channels.rdpsnd.settings import NO_PITCH_CHANGE, Pitch, Volume
from trio_rdp.wire.errors import DecodeError, LocalProtocolError

__all__ = ["RdpsndClient", "RdpsndClientState"]


class RdpsndClientState(enum.Enum):
    """What comes next."""

    WAIT_FORMATS = enum.auto()
    READY = enum.auto()
    WAIT_WAVE = enum.auto()
    """A WaveInfo has come, and its Wave is the next message whatever it looks like."""


class RdpsndClient:
    """Agrees on formats, answers trainings and takes waves.

    `accept` chooses among the server's formats, by default those that `codecs.audio` decodes on this machine; with none
    of them the client says that it takes no sound.  `version` is the highest to be agreed on.
    """

    def __init__(
        self,
        *,
        accept: Callable[[Sequence[AudioFormat]], Sequence[AudioFormat]] = decodable_formats,
        version: ProtocolVersion = ProtocolVersion.WAVE2,
        quality: Quality = Quality.HIGH,
    ) -> None:
        self._accept = accept
        self._version = version
        self._quality = quality
        self._wave_info: WaveInfo | None = None
        self._formats: tuple[AudioFormat, ...] = ()
        self._agreed: ProtocolVersion | None = None

    @property
    def state(self) -> RdpsndClientState:
        """What comes next."""
        if self._agreed is None:
            return RdpsndClientState.WAIT_FORMATS
        return RdpsndClientState.READY if self._wave_info is None else RdpsndClientState.WAIT_WAVE

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """Those that were agreed on."""
        return self._formats

    def receive(self, message: bytes) -> list[RdpsndClientEvent]:
        """Take one message of the server's; raises nothing but `LocalProtocolError` where `accept` makes formats up.

        "Malformed, unrecognized, and out-of-sequence packets MUST be ignored", 3.1.5.
        """
        wave_info, self._wave_info = self._wave_info, None
        try:
            pdu = decode_rdpsnd_from_server(message, wave_info=wave_info)
        except DecodeError as exc:
            return [Ignored(str(exc))]
        if wave_info is not None and isinstance(pdu, Wave):
            return self._receive_wave(wave_info, None, wave_info.join(pdu))
        if self._agreed is None and not isinstance(pdu, ServerAudioFormatsAndVersion):
            # "MUST be the first message received by the client in the protocol sequence", 3.2.5.1.1.1.
            return [Ignored(f"{type(pdu).__name__} came before the formats")]
        return self._receive(pdu)

    def confirm(self, wave: WaveReceived, milliseconds: int = 0) -> bytes:
        """The message that confirms a wave, so long after it had come whole."""
        time_stamp = (wave.time_stamp + milliseconds) & 0xFFFF
        return WaveConfirm(time_stamp=time_stamp, confirmed_block_no=wave.block_no).encode()

    def _receive(self, pdu: ServerRdpsndPdu) -> list[RdpsndClientEvent]:
        match pdu:
            case ServerAudioFormatsAndVersion():
                return self._agree(pdu)
            case Training(time_stamp=time_stamp, pack_size=pack_size):
                # xrdp 0.9.21 sends a size without the header's 4 bytes: it is repeated, not checked.
                return [Reply(TrainingConfirm(time_stamp=time_stamp, pack_size=pack_size).encode())]
            case WaveInfo():
                self._wave_info = pdu
                return []
            case Wave2(audio_time_stamp=audio_time_stamp, data=data):
                return self._receive_wave(pdu, audio_time_stamp, data)
            case Volume(left=left, right=right):
                return [VolumeChanged(left, right)]
            case Pitch(pitch=pitch):
                return [PitchChanged(pitch / NO_PITCH_CHANGE)]
            case Close():
                return [AudioClosed()]
        # What is left is UDP's, for which this client gives no port, so that there is no key either; or is unknown.
        return [Ignored(f"{type(pdu).__name__} was not agreed on")]

    def _agree(self, offer: ServerAudioFormatsAndVersion) -> list[RdpsndClientEvent]:
        chosen = tuple(self._accept(offer.snd_formats))
        for audio_format in chosen:
            if audio_format not in offer.snd_formats:
                raise LocalProtocolError(f"the server did not offer {audio_format}")
        version = ProtocolVersion(min(self._version, offer.version))
        self._agreed, self._formats = version, chosen
        flags = SoundCapabilities(SoundCapabilities.ALIVE | SoundCapabilities.VOLUME)
        answer = ClientAudioFormatsAndVersion(
            flags=flags if chosen else SoundCapabilities(0),
            volume=0xFFFFFFFF,
            pitch=NO_PITCH_CHANGE,
            version=self._version,
            snd_formats=list(chosen),
        )
        events: list[RdpsndClientEvent] = [Reply(answer.encode())]
        if version >= ProtocolVersion.QUALITY_MODE:
            events.append(Reply(QualityMode(quality_mode=self._quality).encode()))
        return [*events, FormatsAgreed(version, chosen)]

    def _receive_wave(
        self, head: WaveInfo | Wave2, audio_time_stamp: int | None, data: bytes
    ) -> list[RdpsndClientEvent]:
        # xrdp 0.9.21 goes on with waves after a Close, without new formats: they are taken.
        if head.format_no >= len(self._formats):
            # The server may wait for it, so what nobody can play is confirmed, as dropped.
            confirmation = WaveConfirm(time_stamp=head.time_stamp, confirmed_block_no=head.block_no)
            return [Reply(confirmation.encode()), Ignored(f"a wave in format {head.format_no} of {len(self._formats)}")]
        audio_format = self._formats[head.format_no]
        wave = WaveReceived(head.block_no, head.time_stamp, audio_time_stamp, head.format_no, audio_format, data)
        return [wave]
