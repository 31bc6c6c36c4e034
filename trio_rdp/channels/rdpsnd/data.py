"""Audio itself and its confirmation over virtual channels, [MS-RDPEA] 2.2.3."""

from __future__ import annotations

import struct
from typing import Annotated, ClassVar, Self

from trio_rdp.channels.rdpsnd.header import BODY_LIMIT, MessageType, RdpsndPdu
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import U16, U32, Pad, Raw, Rest, u8
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "WAVE2_DATA_LIMIT",
    "WAVE_DATA_LIMIT",
    "Close",
    "Training",
    "TrainingConfirm",
    "Wave",
    "Wave2",
    "WaveConfirm",
    "WaveInfo",
    "split_wave",
]

_WAVE_INFO = struct.Struct("<BxHHHB3x4s")
_TRAINING_HEAD = 8  # of the whole message, before `data`
_BODY_HEAD = 12  # of what the BodySize of a WaveInfo counts, before the audio in the Wave
_FIRST_BYTES = 4  # of the audio, in the WaveInfo

WAVE_DATA_LIMIT = BODY_LIMIT - _BODY_HEAD + _FIRST_BYTES
"""The most bytes of audio in a WaveInfo and a Wave together."""

WAVE2_DATA_LIMIT = BODY_LIMIT - 12
"""The most bytes of audio in a Wave2."""


@pdu
class Training(RdpsndPdu):
    """Training PDU (SNDTRAINING), [MS-RDPEA] 2.2.3.1.

    `pack_size` is the length of the whole message, or 0 without `data`; it is kept as it came, as the confirmation must
    repeat it.
    """

    msg_type: ClassVar[MessageType] = MessageType.TRAINING

    time_stamp: U16
    pack_size: U16
    data: Annotated[bytes, Rest()] = b""

    @classmethod
    def carrying(cls, data: bytes, *, time_stamp: int) -> Self:
        """The PDU that brings `data`, of the size that goes with it."""
        return cls(time_stamp=time_stamp, pack_size=_TRAINING_HEAD + len(data) if data else 0, data=data)


@pdu
class TrainingConfirm(RdpsndPdu):
    """Training Confirm PDU (SNDTRAININGCONFIRM), [MS-RDPEA] 2.2.3.2: both fields are those of the Training PDU."""

    msg_type: ClassVar[MessageType] = MessageType.TRAINING

    time_stamp: U16
    pack_size: U16


@pdu
class WaveInfo(Pdu):
    """WaveInfo PDU (SNDWAVINFO), [MS-RDPEA] 2.2.3.3: the first 4 bytes of audio; the next message is a `Wave`.

    `wave_size` is how many bytes of audio that one brings, as the header's BodySize says, which here counts both.
    """

    time_stamp: int
    format_no: int
    block_no: int
    data: Annotated[bytes, Raw(4)]
    wave_size: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        start = src.pos
        msg_type, body_size, time_stamp, format_no, block_no, data = _WAVE_INFO.unpack(src.take(_WAVE_INFO.size))
        if msg_type != MessageType.WAVE:
            raise InvalidField(f"{MessageType(msg_type)!r} is not {MessageType.WAVE!r}", field="msg_type", offset=start)
        if body_size < _BODY_HEAD:
            raise InvalidField(f"a body of {body_size} bytes", field="body_size", offset=start + 2)
        return cls(
            time_stamp=time_stamp, format_no=format_no, block_no=block_no, data=data, wave_size=body_size - _BODY_HEAD
        )

    def encode_into(self, dst: bytearray) -> None:
        if len(self.data) != _FIRST_BYTES:
            raise EncodeError(f"WaveInfo brings {_FIRST_BYTES} bytes of audio, got {len(self.data)}")
        if not 0 <= self.wave_size <= BODY_LIMIT - _BODY_HEAD:
            raise EncodeError(f"a wave of {self.wave_size} bytes exceeds {BODY_LIMIT - _BODY_HEAD}")
        body_size = _BODY_HEAD + self.wave_size
        dst += _WAVE_INFO.pack(
            MessageType.WAVE, body_size, self.time_stamp, self.format_no, self.block_no, bytes(self.data)
        )

    def join(self, wave: Wave) -> bytes:
        """The whole audio, of which `wave` is the rest."""
        return self.data + wave.data


@pdu
class Wave(Pdu):
    """Wave PDU (SNDWAV), [MS-RDPEA] 2.2.3.4: the audio behind the first 4 bytes.

    It has no header: only the `WaveInfo` before it tells what it is, and how long.
    """

    data: Annotated[bytes, Pad(4), Rest()]


@pdu
class WaveConfirm(RdpsndPdu):
    """Wave Confirm PDU (SNDWAV_CONFIRM), [MS-RDPEA] 2.2.3.8.

    `time_stamp` is the wave's plus the milliseconds between its arrival and this confirmation.
    """

    msg_type: ClassVar[MessageType] = MessageType.WAVECONFIRM

    time_stamp: U16
    confirmed_block_no: Annotated[int, u8, Pad(1)]


@pdu
class Close(RdpsndPdu):
    """Close PDU (SNDCLOSE), [MS-RDPEA] 2.2.3.9: no audio follows."""

    msg_type: ClassVar[MessageType] = MessageType.CLOSE


@pdu
class Wave2(RdpsndPdu):
    """Wave2 PDU (SNDWAVE2), [MS-RDPEA] 2.2.3.10, between peers of version 8.

    `audio_time_stamp` is when the server got the audio, in milliseconds since its system started.
    """

    msg_type: ClassVar[MessageType] = MessageType.WAVE2

    time_stamp: U16
    format_no: U16
    block_no: Annotated[int, u8, Pad(3)]
    audio_time_stamp: U32
    data: Annotated[bytes, Rest()]


def split_wave(data: bytes, *, time_stamp: int, format_no: int, block_no: int) -> tuple[WaveInfo, Wave]:
    """Cut one piece of audio into the two PDUs that bring it.

    Raises `EncodeError` for 4 bytes or less, and beyond `WAVE_DATA_LIMIT`.
    """
    # "The audio sample MUST be greater than four bytes", 3.3.5.2.1.1.
    if not _FIRST_BYTES < len(data) <= WAVE_DATA_LIMIT:
        raise EncodeError(f"{len(data)} bytes of audio, not {_FIRST_BYTES + 1} to {WAVE_DATA_LIMIT}")
    info = WaveInfo(
        time_stamp=time_stamp,
        format_no=format_no,
        block_no=block_no,
        data=data[:_FIRST_BYTES],
        wave_size=len(data) - _FIRST_BYTES,
    )
    return info, Wave(data=data[_FIRST_BYTES:])
