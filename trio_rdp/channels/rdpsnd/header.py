"""The header of audio output messages, [MS-RDPEA] 2.2.1, and what every message behind one has in common."""

from __future__ import annotations

import struct
from typing import Annotated, ClassVar, Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField
from trio_rdp.wire.fields import Rest, u8
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "BODY_LIMIT",
    "CHANNEL_NAME",
    "DYNAMIC_CHANNEL_NAME",
    "LOSSY_DYNAMIC_CHANNEL_NAME",
    "MessageType",
    "RdpsndPdu",
    "UnknownRdpsnd",
]

CHANNEL_NAME = "rdpsnd"
"""The static channel's name.  The document writes RDPSND, xfreerdp 2.11.7 and rdesktop 1.9 small letters."""

DYNAMIC_CHANNEL_NAME = "AUDIO_PLAYBACK_DVC"
"""The dynamic channel's name over a reliable transport."""

LOSSY_DYNAMIC_CHANNEL_NAME = "AUDIO_PLAYBACK_LOSSY_DVC"
"""The dynamic channel's name over an unreliable transport."""

BODY_LIMIT = 0xFFFF
"""The most bytes behind one header, whose BodySize has 16 bits."""

_HEADER = struct.Struct("<BxH")


class MessageType(OpenEnum):
    """What a message is (SNDC_*)."""

    CLOSE = 0x01
    WAVE = 0x02
    SETVOLUME = 0x03
    SETPITCH = 0x04
    WAVECONFIRM = 0x05
    TRAINING = 0x06
    FORMATS = 0x07
    CRYPTKEY = 0x08
    WAVEENCRYPT = 0x09
    UDPWAVE = 0x0A
    UDPWAVELAST = 0x0B
    QUALITYMODE = 0x0C
    WAVE2 = 0x0D


class RdpsndPdu(Pdu):
    """The base of messages behind an RDPSND PDU Header (SNDPROLOG), [MS-RDPEA] 2.2.1.

    `decode` and `encode` take and give the whole message; `decode_from` and `encode_into` only what follows the header.
    """

    __slots__ = ()

    msg_type: ClassVar[MessageType]

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode one message; bytes behind its BodySize are ignored."""
        try:
            src = Cursor(data)
            msg_type, body_size = _HEADER.unpack(src.take(_HEADER.size))
            if msg_type != cls.msg_type:
                raise InvalidField(f"{MessageType(msg_type)!r} is not {cls.msg_type!r}", field="msg_type", offset=0)
            return cls.decode_from(src.sub(body_size))
        except DecodeError as exc:
            exc.pdu = exc.pdu or cls.__name__
            raise

    def encode(self) -> bytes:
        """The message's bytes, header and all."""
        body = super().encode()
        if len(body) > BODY_LIMIT:
            raise EncodeError(f"{type(self).__name__}: a body of {len(body)} bytes exceeds {BODY_LIMIT}")
        return _HEADER.pack(self.msg_type, len(body)) + body


@pdu
class UnknownRdpsnd(Pdu):
    """A message of a type that is not known here, or not from this side, kept as it came.

    `data` is all that follows the type: whether there is a BodySize, only who knows the type can say.
    """

    msg_type: Annotated[MessageType, u8]
    data: Annotated[bytes, Rest()] = b""
