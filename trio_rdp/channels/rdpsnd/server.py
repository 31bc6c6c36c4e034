"""The server's side of audio output, [MS-RDPEA] 3.3, without I/O: messages in, events and answers out."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from trio_rdp.channels.rdpsnd.audio_format import AudioFormat
from trio_rdp.channels.rdpsnd.data import Close, Training, TrainingConfirm, Wave2, WaveConfirm, split_wave
from trio_rdp.channels.rdpsnd.events import (
    FormatsAgreed,
    Ignored,
    QualityChosen,
    RdpsndServerEvent,
    Reply,
    Trained,
    WavesConfirmed,
)
from trio_rdp.channels.rdpsnd.initialization import (
    ClientAudioFormatsAndVersion,
    ProtocolVersion,
    Quality,
    QualityMode,
    ServerAudioFormatsAndVersion,
    SoundCapabilities,
)
from trio_rdp.channels.rdpsnd.messages import decode_rdpsnd_from_client
from trio_rdp.channels.rdpsnd.settings import NO_PITCH_CHANGE, Pitch, Volume
from trio_rdp.wire.errors import DecodeError, LocalProtocolError

__all__ = ["BLOCKS", "RdpsndServer", "RdpsndServerState"]

BLOCKS = 256
"""Block numbers have 8 bits."""


class RdpsndServerState(enum.Enum):
    """What comes next."""

    IDLE = enum.auto()
    """Nothing, until `start`: it has not been called, or `close` has."""
    WAIT_FORMATS = enum.auto()
    WAIT_TRAINING = enum.auto()
    READY = enum.auto()


class RdpsndServer:
    """Offers formats, trains and sends waves, of which it knows those that are not confirmed.

    `start` gives the first message.  `version` is the highest to be agreed on.
    """

    def __init__(self, formats: Sequence[AudioFormat], *, version: ProtocolVersion = ProtocolVersion.WAVE2) -> None:
        self._offered = list(formats)
        self._version = version
        self._state = RdpsndServerState.IDLE
        self._agreed = version
        self._formats: tuple[AudioFormat, ...] = ()
        self._flags = SoundCapabilities(0)
        self._quality = Quality.DYNAMIC
        self._last_block = BLOCKS - 1
        self._unconfirmed: dict[int, None] = {}  # an ordered set

    @property
    def state(self) -> RdpsndServerState:
        """What comes next."""
        return self._state

    @property
    def formats(self) -> tuple[AudioFormat, ...]:
        """Those that the client takes; waves name them by their place.  None where it takes no sound."""
        return self._formats

    @property
    def quality(self) -> Quality:
        """How the client wants the format to be chosen; `DYNAMIC` until it says so."""
        return self._quality

    @property
    def unconfirmed(self) -> tuple[int, ...]:
        """The blocks that were sent, and neither confirmed nor forgotten, oldest first."""
        return tuple(self._unconfirmed)

    def start(self, *, time_stamp: int = 0) -> bytes:
        """Offer the formats, also again after `close`; the client's answer begins the training."""
        if self._state is not RdpsndServerState.IDLE:
            raise LocalProtocolError(f"the formats were offered already, state is {self._state.name}")
        self._state = RdpsndServerState.WAIT_FORMATS
        self._formats = ()
        self._unconfirmed.clear()
        self._training_stamp = time_stamp & 0xFFFF
        return ServerAudioFormatsAndVersion(
            last_block_confirmed=self._last_block, version=self._version, snd_formats=self._offered
        ).encode()

    def receive(self, message: bytes) -> list[RdpsndServerEvent]:
        """Take one message of the client's; raises nothing.

        "Malformed, unrecognized, and out-of-sequence packets MUST be ignored", 3.1.5.
        """
        try:
            pdu = decode_rdpsnd_from_client(message)
        except DecodeError as exc:
            return [Ignored(str(exc))]
        match pdu:
            case ClientAudioFormatsAndVersion() if self._state is not RdpsndServerState.IDLE:
                return self._agree(pdu)
            case QualityMode(quality_mode=quality) if self._may_choose_quality:
                self._quality = quality
                return [QualityChosen(quality)]
            case TrainingConfirm() if self._state is RdpsndServerState.WAIT_TRAINING:
                self._state = RdpsndServerState.READY
                return [Trained()]
            case WaveConfirm(confirmed_block_no=block_no, time_stamp=time_stamp) if block_no in self._unconfirmed:
                return [WavesConfirmed(self._confirm(block_no), time_stamp)]
        # xfreerdp 2.11.7 confirms each wave twice.
        return [Ignored(f"{type(pdu).__name__} in state {self._state.name}")]

    def wave(self, data: bytes, format_no: int, *, time_stamp: int, audio_time_stamp: int = 0) -> list[bytes]:
        """The message, or the two of them with nothing between, that bring encoded sound: more than 4 bytes of it.

        Time stamps are in milliseconds; `audio_time_stamp` is when the sound was heard here.  Raises
        `LocalProtocolError` before the training is done, and with all block numbers unconfirmed.
        """
        self._need_ready("send waves")
        if not 0 <= format_no < len(self._formats):
            raise LocalProtocolError(f"format {format_no} of {len(self._formats)}")
        block_no = (self._last_block + 1) % BLOCKS
        if block_no in self._unconfirmed:
            raise LocalProtocolError(f"{len(self._unconfirmed)} waves are not confirmed")
        stamp = time_stamp & 0xFFFF
        messages: tuple[bytes, ...]
        if self._agreed >= ProtocolVersion.WAVE2:
            wave = Wave2(
                time_stamp=stamp,
                format_no=format_no,
                block_no=block_no,
                audio_time_stamp=audio_time_stamp & 0xFFFFFFFF,
                data=data,
            )
            messages = (wave.encode(),)
        else:
            info, rest = split_wave(data, time_stamp=stamp, format_no=format_no, block_no=block_no)
            messages = info.encode(), rest.encode()
        self._last_block = block_no
        self._unconfirmed[block_no] = None
        return list(messages)

    def forget(self, block_no: int) -> None:
        """Count a block as lost: its confirmation, should it come, is ignored."""
        self._unconfirmed.pop(block_no, None)

    def volume(self, left: int, right: int) -> bytes:
        """The message that sets the volume of both channels, from 0 to 65535."""
        self._need(SoundCapabilities.VOLUME, "volume")
        return Volume.of(left, right).encode()

    def pitch(self, pitch: float) -> bytes:
        """The message that sets a multiplier, which clients ought to ignore."""
        self._need(SoundCapabilities.PITCH, "pitch")
        return Pitch(pitch=round(pitch * NO_PITCH_CHANGE)).encode()

    def close(self) -> bytes:
        """The message after which no sound comes until `start`."""
        self._need_ready("close")
        self._state = RdpsndServerState.IDLE
        return Close().encode()

    @property
    def _may_choose_quality(self) -> bool:
        is_agreed = self._state in (RdpsndServerState.WAIT_TRAINING, RdpsndServerState.READY)
        return is_agreed and self._agreed >= ProtocolVersion.QUALITY_MODE

    def _agree(self, answer: ClientAudioFormatsAndVersion) -> list[RdpsndServerEvent]:
        """Take the client's formats; a client may send others at any time, which counts from then on."""
        self._agreed = ProtocolVersion(min(self._version, answer.version))
        self._flags = answer.flags
        # "This flag MUST be set for audio data to be transferred."
        self._formats = tuple(answer.snd_formats) if self._flags & SoundCapabilities.ALIVE else ()
        events: list[RdpsndServerEvent] = [FormatsAgreed(self._agreed, self._formats)]
        if self._state is RdpsndServerState.WAIT_FORMATS:
            self._state = RdpsndServerState.WAIT_TRAINING
            events.append(Reply(Training.carrying(b"", time_stamp=self._training_stamp).encode()))
        return events

    def _confirm(self, block_no: int) -> tuple[int, ...]:
        """Sound is played in its order: what was sent before a block that was played has been, or never will be."""
        blocks = tuple(self._unconfirmed)
        found = blocks[: blocks.index(block_no) + 1]
        for block in found:
            del self._unconfirmed[block]
        return found

    def _need_ready(self, what: str) -> None:
        if self._state is not RdpsndServerState.READY:
            raise LocalProtocolError(f"cannot {what} in state {self._state.name}")

    def _need(self, flag: SoundCapabilities, what: str) -> None:
        self._need_ready(f"set the {what}")
        if not self._flags & flag:
            raise LocalProtocolError(f"the client cannot change its {what}")
