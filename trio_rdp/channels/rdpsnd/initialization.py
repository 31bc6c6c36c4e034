"""How both sides agree on versions and formats of audio, [MS-RDPEA] 2.2.2."""

from __future__ import annotations

import struct
from typing import Annotated, ClassVar, Self

from trio_rdp.channels.rdpsnd.audio_format import FORMATS_LIMIT, AudioFormat
from trio_rdp.channels.rdpsnd.header import MessageType, RdpsndPdu
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import Pad, Raw, u16
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import pdu

__all__ = [
    "ClientAudioFormatsAndVersion",
    "CryptKey",
    "ProtocolVersion",
    "Quality",
    "QualityMode",
    "ServerAudioFormatsAndVersion",
    "SoundCapabilities",
]

_SERVER = struct.Struct("<14xHBHx")
_CLIENT = struct.Struct("<III2sHxHx")


class ProtocolVersion(OpenEnum):
    """Versions of the protocol: what both sides can do is what the lower one can."""

    XP = 0x02
    UDP_FRAGMENTS = 0x05
    QUALITY_MODE = 0x06
    WAVE2 = 0x08


class SoundCapabilities(Flags):
    """What a client can do (TSSNDCAPS_*); without ALIVE it takes no audio at all."""

    ALIVE = Flag(0x00000001)
    VOLUME = Flag(0x00000002)
    PITCH = Flag(0x00000004)


class Quality(OpenEnum):
    """How a server should choose the format (DYNAMIC_QUALITY and the like)."""

    DYNAMIC = 0x0000
    MEDIUM = 0x0001
    HIGH = 0x0002


@pdu
class ServerAudioFormatsAndVersion(RdpsndPdu):
    """Server Audio Formats and Version PDU (SERVER_AUDIO_VERSION_AND_FORMATS), [MS-RDPEA] 2.2.2.1.

    The first wave has the block number behind `last_block_confirmed`.
    """

    msg_type: ClassVar[MessageType] = MessageType.FORMATS

    last_block_confirmed: int = 0
    version: ProtocolVersion
    snd_formats: list[AudioFormat]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        count, last_block_confirmed, version = _SERVER.unpack(src.take(_SERVER.size))
        return cls(
            last_block_confirmed=last_block_confirmed,
            version=ProtocolVersion(version),
            snd_formats=_decode_formats(src, count),
        )

    def encode_into(self, dst: bytearray) -> None:
        dst += _SERVER.pack(len(self.snd_formats), self.last_block_confirmed, self.version)
        _encode_formats(dst, self.snd_formats)


@pdu
class ClientAudioFormatsAndVersion(RdpsndPdu):
    """Client Audio Formats and Version PDU (CLIENT_AUDIO_VERSION_AND_FORMATS), [MS-RDPEA] 2.2.2.2.

    The formats are those of the server's that the client takes; waves name them by their place in this list.  `volume`
    is as in `Volume`, `pitch` as in `Pitch`, and `dgram_port` is 0 where the client takes no audio over UDP.
    """

    msg_type: ClassVar[MessageType] = MessageType.FORMATS

    flags: SoundCapabilities = SoundCapabilities.ALIVE
    volume: int = 0
    pitch: int = 0
    dgram_port: int = 0
    version: ProtocolVersion
    snd_formats: list[AudioFormat]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        flags, volume, pitch, dgram_port, count, version = _CLIENT.unpack(src.take(_CLIENT.size))
        return cls(
            flags=SoundCapabilities(flags),
            volume=volume,
            pitch=pitch,
            dgram_port=int.from_bytes(dgram_port, "big"),
            version=ProtocolVersion(version),
            snd_formats=_decode_formats(src, count),
        )

    def encode_into(self, dst: bytearray) -> None:
        if not 0 <= self.dgram_port <= 0xFFFF:
            raise EncodeError(f"a port of {self.dgram_port}")
        # "MUST be specified by using big-endian byte ordering"
        port = self.dgram_port.to_bytes(2, "big")
        dst += _CLIENT.pack(self.flags, self.volume, self.pitch, port, len(self.snd_formats), self.version)
        _encode_formats(dst, self.snd_formats)


@pdu
class QualityMode(RdpsndPdu):
    """Quality Mode PDU, [MS-RDPEA] 2.2.2.3: what a client of version 6 sends behind its formats."""

    msg_type: ClassVar[MessageType] = MessageType.QUALITYMODE

    quality_mode: Annotated[Quality, u16, Pad(2)]


@pdu
class CryptKey(RdpsndPdu):
    """Crypt Key PDU (SNDCRYPT), [MS-RDPEA] 2.2.2.4: the key of audio that travels over UDP."""

    msg_type: ClassVar[MessageType] = MessageType.CRYPTKEY

    seed: Annotated[bytes, Pad(4), Raw(32)]


def _decode_formats(src: Cursor, count: int) -> list[AudioFormat]:
    if count > FORMATS_LIMIT:
        raise InvalidField(f"{count} formats exceed {FORMATS_LIMIT}", field="snd_formats", offset=src.pos)
    return [AudioFormat.decode_from(src) for _ in range(count)]


def _encode_formats(dst: bytearray, snd_formats: list[AudioFormat]) -> None:
    if len(snd_formats) > FORMATS_LIMIT:
        raise EncodeError(f"{len(snd_formats)} formats exceed {FORMATS_LIMIT}")
    for audio_format in snd_formats:
        audio_format.encode_into(dst)
