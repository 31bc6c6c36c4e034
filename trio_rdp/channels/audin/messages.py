"""The messages of audio input, [MS-RDPEAI] 2.2."""

from __future__ import annotations

import struct
import uuid
from typing import Annotated, Any, ClassVar, Self, TypeAlias

from trio_rdp.channels.rdpsnd.audio_format import FORMATS_LIMIT, AudioFormat
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField
from trio_rdp.wire.fields import U16, U32, Fixed, Rest, u8, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "CHANNEL_NAME",
    "KSDATAFORMAT_SUBTYPE_PCM",
    "AnyAudinPdu",
    "AudinPdu",
    "Data",
    "FormatChange",
    "IncomingData",
    "MessageId",
    "Open",
    "OpenReply",
    "ProtocolVersion",
    "SoundFormats",
    "Speakers",
    "UnknownAudin",
    "Version",
    "WaveFormatExtensible",
    "decode_audin",
]

CHANNEL_NAME = "AUDIO_INPUT"
"""The dynamic channel's name."""

KSDATAFORMAT_SUBTYPE_PCM = uuid.UUID("00000001-0000-0010-8000-00aa00389b71")
"""The `sub_format` of uncompressed samples, and the only one that the document allows."""

_FORMATS = struct.Struct("<II")
_guid = Fixed("16s", decoder=lambda raw: uuid.UUID(bytes_le=raw), encoder=lambda guid: guid.bytes_le)


class MessageId(OpenEnum):
    """What a message is (MSG_SNDIN_*)."""

    VERSION = 0x01
    FORMATS = 0x02
    OPEN = 0x03
    OPEN_REPLY = 0x04
    DATA_INCOMING = 0x05
    DATA = 0x06
    FORMATCHANGE = 0x07


class ProtocolVersion(OpenEnum):
    """Versions of the protocol."""

    V1 = 0x00000001
    V2 = 0x00000002


class Speakers(Flags):
    """Which channels to record, each by the speaker that would play it (SPEAKER_*)."""

    FRONT_LEFT = Flag(0x00000001)
    FRONT_RIGHT = Flag(0x00000002)
    FRONT_CENTER = Flag(0x00000004)
    LOW_FREQUENCY = Flag(0x00000008)
    BACK_LEFT = Flag(0x00000010)
    BACK_RIGHT = Flag(0x00000020)
    FRONT_LEFT_OF_CENTER = Flag(0x00000040)
    FRONT_RIGHT_OF_CENTER = Flag(0x00000080)
    BACK_CENTER = Flag(0x00000100)
    SIDE_LEFT = Flag(0x00000200)
    SIDE_RIGHT = Flag(0x00000400)
    TOP_CENTER = Flag(0x00000800)
    TOP_FRONT_LEFT = Flag(0x00001000)
    TOP_FRONT_CENTER = Flag(0x00002000)
    TOP_FRONT_RIGHT = Flag(0x00004000)
    TOP_BACK_LEFT = Flag(0x00008000)
    TOP_BACK_CENTER = Flag(0x00010000)
    TOP_BACK_RIGHT = Flag(0x00020000)


class AudinPdu(Pdu):
    """The base of messages behind a SNDIN_PDU header, [MS-RDPEAI] 2.2.1, which both sides send alike.

    `decode` and `encode` take and give the whole message; `decode_from` and `encode_into` only what follows the header.
    """

    __slots__ = ()

    message_id: ClassVar[MessageId]

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode one message; bytes behind it are ignored."""
        try:
            src = Cursor(data)
            message_id = src.u8()
            if message_id != cls.message_id:
                reason = f"{MessageId(message_id)!r} is not {cls.message_id!r}"
                raise InvalidField(reason, field="message_id", offset=0)
            return cls.decode_from(src)
        except DecodeError as exc:
            exc.pdu = exc.pdu or cls.__name__
            raise

    def encode(self) -> bytes:
        """The message's bytes, header and all."""
        return bytes((self.message_id,)) + super().encode()


@pdu
class Version(AudinPdu):
    """Version PDU (MSG_SNDIN_VERSION), [MS-RDPEAI] 2.2.2.1."""

    message_id: ClassVar[MessageId] = MessageId.VERSION

    version: Annotated[ProtocolVersion, u32]


@pdu
class SoundFormats(AudinPdu):
    """Sound Formats PDU (MSG_SNDIN_FORMATS), [MS-RDPEAI] 2.2.2.2.

    The client's are those of the server's that it takes, and what `initial_format` and `new_format` index.  ExtraData
    behind the list is ignored, and so is the size that tells where it begins: a server's is arbitrary.
    """

    message_id: ClassVar[MessageId] = MessageId.FORMATS

    sound_formats: list[AudioFormat]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        count, _ = _FORMATS.unpack(src.take(_FORMATS.size))
        if count > FORMATS_LIMIT:
            raise InvalidField(f"{count} formats exceed {FORMATS_LIMIT}", field="sound_formats", offset=src.pos)
        return cls(sound_formats=[AudioFormat.decode_from(src) for _ in range(count)])

    def encode_into(self, dst: bytearray) -> None:
        if len(self.sound_formats) > FORMATS_LIMIT:
            raise EncodeError(f"{len(self.sound_formats)} formats exceed {FORMATS_LIMIT}")
        formats = bytearray()
        for audio_format in self.sound_formats:
            audio_format.encode_into(formats)
        # cbSizeFormatsPacket counts "the entire PDU", of whose header there is one byte.
        dst += _FORMATS.pack(len(self.sound_formats), 1 + _FORMATS.size + len(formats))
        dst += formats


@pdu
class Open(AudinPdu):
    """Open PDU (MSG_SNDIN_OPEN), [MS-RDPEAI] 2.2.2.3: the server asks for audio.

    `initial_format` indexes the client's list and says how audio MUST be encoded, `capture_format` (the fields from
    wFormatTag to ExtraFormatData) how the device SHOULD record.  The data of an EXTENSIBLE one is a
    `WaveFormatExtensible`.
    """

    message_id: ClassVar[MessageId] = MessageId.OPEN

    frames_per_packet: U32
    initial_format: U32
    capture_format: AudioFormat


@pdu
class WaveFormatExtensible(Pdu):
    """Extended Wave Format Structure (WAVEFORMAT_EXTENSIBLE), [MS-RDPEAI] 2.2.2.3.1: 22 bytes of a format's data.

    `valid_bits_per_sample` is wSamplesPerBlock in compressed formats.
    """

    valid_bits_per_sample: U16
    channel_mask: Annotated[Speakers, u32]
    sub_format: Annotated[uuid.UUID, _guid] = KSDATAFORMAT_SUBTYPE_PCM


@pdu
class OpenReply(AudinPdu):
    """Open Reply PDU (MSG_SNDIN_OPEN_REPLY), [MS-RDPEAI] 2.2.2.4: an HRESULT, in which errors have the highest bit."""

    message_id: ClassVar[MessageId] = MessageId.OPEN_REPLY

    result: U32 = 0

    @property
    def is_error(self) -> bool:
        """Whether the device could not be opened."""
        return bool(self.result & 0x80000000)


@pdu
class IncomingData(AudinPdu):
    """Incoming Data PDU (MSG_SNDIN_DATA_INCOMING), [MS-RDPEAI] 2.2.3.1: a Data or Sound Formats PDU comes next."""

    message_id: ClassVar[MessageId] = MessageId.DATA_INCOMING


@pdu
class Data(AudinPdu):
    """Data PDU (MSG_SNDIN_DATA), [MS-RDPEAI] 2.2.3.2: audio in the current format."""

    message_id: ClassVar[MessageId] = MessageId.DATA

    data: Annotated[bytes, Rest()]


@pdu
class FormatChange(AudinPdu):
    """Format Change PDU (MSG_SNDIN_FORMATCHANGE), [MS-RDPEAI] 2.2.4.1: an index into the client's formats.

    A server asks with it, a client confirms with it, and with it comes the `initial_format` back before an Open Reply.
    """

    message_id: ClassVar[MessageId] = MessageId.FORMATCHANGE

    new_format: U32


@pdu
class UnknownAudin(Pdu):
    """A message of a type that is not known here, kept as it came."""

    message_id: Annotated[MessageId, u8]
    data: Annotated[bytes, Rest()] = b""


AnyAudinPdu: TypeAlias = Version | SoundFormats | Open | OpenReply | IncomingData | Data | FormatChange | UnknownAudin

_CLASSES: dict[int, Any] = {
    cls.message_id: cls for cls in (Version, SoundFormats, Open, OpenReply, IncomingData, Data, FormatChange)
}


def decode_audin(data: bytes) -> AnyAudinPdu:
    """Decode one message of either side; raises `DecodeError`, but keeps a message of an unknown type."""
    unknown = UnknownAudin.decode(data)
    known = _CLASSES.get(unknown.message_id)
    if known is None:
        return unknown
    message: AnyAudinPdu = known.decode(data)
    return message
