"""Audio over UDP, [MS-RDPEA] 2.2.3.5 to 2.2.3.7, which Windows has not sent since Vista."""

from __future__ import annotations

import struct
from typing import Annotated, ClassVar, Self

from trio_rdp.channels.rdpsnd.header import MessageType, RdpsndPdu
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import U16, Pad, Raw, Rest, u8
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["FRAG_NO_LIMIT", "AudioFragData", "SignedWaveEncrypt", "UdpWave", "UdpWaveLast", "WaveEncrypt"]

FRAG_NO_LIMIT = 0x7FFF
"""The highest number of a fragment, which has at most 15 bits."""

_LONG = 0x80
_LAST = struct.Struct("<HHHB3x")


@pdu
class WaveEncrypt(RdpsndPdu):
    """Wave Encrypt PDU (SNDWAVCRYPT), [MS-RDPEA] 2.2.3.5, where one side is below version 5.  `data` is encrypted."""

    msg_type: ClassVar[MessageType] = MessageType.WAVEENCRYPT

    time_stamp: U16
    format_no: U16
    block_no: Annotated[int, u8, Pad(3)]
    data: Annotated[bytes, Rest()]


@pdu
class SignedWaveEncrypt(RdpsndPdu):
    """Wave Encrypt PDU (SNDWAVCRYPT), [MS-RDPEA] 2.2.3.5, where both sides have at least version 5."""

    msg_type: ClassVar[MessageType] = MessageType.WAVEENCRYPT

    time_stamp: U16
    format_no: U16
    block_no: Annotated[int, u8, Pad(3)]
    signature: Annotated[bytes, Raw(8)]
    data: Annotated[bytes, Rest()]


@pdu
class UdpWave(Pdu):
    """UDP Wave PDU (SNDUDPWAVE), [MS-RDPEA] 2.2.3.6: a piece of an `AudioFragData`; the first is number 0."""

    block_no: int
    frag_no: int
    data: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        _decode_type(src, MessageType.UDPWAVE)
        block_no, frag_no = src.u8(), src.u8()
        if frag_no >= _LONG:
            frag_no = (frag_no & ~_LONG) << 8 | src.u8()
        return cls(block_no=block_no, frag_no=frag_no, data=src.rest())

    def encode_into(self, dst: bytearray) -> None:
        if not 0 <= self.frag_no <= FRAG_NO_LIMIT:
            raise EncodeError(f"fragment {self.frag_no} exceeds {FRAG_NO_LIMIT}")
        dst += struct.pack("<BB", MessageType.UDPWAVE, self.block_no)
        if self.frag_no >= _LONG:
            dst.append(_LONG | self.frag_no >> 8)
        dst.append(self.frag_no & 0xFF)
        dst += self.data


@pdu
class AudioFragData(Pdu):
    """Audio FragData (AUDIO_FRAGDATA), [MS-RDPEA] 2.2.3.6.1: what the fragments give together."""

    signature: Annotated[bytes, Raw(8)]
    data: Annotated[bytes, Rest()]


@pdu
class UdpWaveLast(Pdu):
    """UDP Wave Last PDU (SNDUDPWAVELAST), [MS-RDPEA] 2.2.3.7: the last piece, and how long all of them are."""

    total_size: int
    time_stamp: int
    format_no: int
    block_no: int
    data: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        _decode_type(src, MessageType.UDPWAVELAST)
        total_size, time_stamp, format_no, block_no = _LAST.unpack(src.take(_LAST.size))
        return cls(
            total_size=total_size, time_stamp=time_stamp, format_no=format_no, block_no=block_no, data=src.rest()
        )

    def encode_into(self, dst: bytearray) -> None:
        dst.append(MessageType.UDPWAVELAST)
        dst += _LAST.pack(self.total_size, self.time_stamp, self.format_no, self.block_no)
        dst += self.data


def _decode_type(src: Cursor, expected: MessageType) -> None:
    start = src.pos
    msg_type = src.u8()
    if msg_type != expected:
        raise InvalidField(f"{MessageType(msg_type)!r} is not {expected!r}", field="msg_type", offset=start)
