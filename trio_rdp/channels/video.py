"""Optimized video, [MS-RDPEVOR] 2.2: a video of a server's desktop as H.264 of its own, which the client presents.

Where it is on the desktop comes on the geometry channel.
"""

from __future__ import annotations

import struct
import uuid
from typing import Annotated, ClassVar, Self, TypeAlias

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, InvalidField
from trio_rdp.wire.fields import U8, U16, U32, U64, Fixed, Pad, Prefixed, u8, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "CONTROL_CHANNEL_NAME",
    "DATA_CHANNEL_NAME",
    "EXTRA_DATA_LIMIT",
    "MF_VIDEO_FORMAT_H264",
    "ClientNotification",
    "FramerateOverride",
    "FramerateOverrideFlags",
    "NotificationType",
    "PresentationCommand",
    "PresentationRequest",
    "PresentationResponse",
    "UnknownVideo",
    "VideoData",
    "VideoDataFlags",
    "VideoFromClient",
    "VideoFromServer",
    "VideoPacketType",
    "VideoPdu",
    "decode_video_from_client",
    "decode_video_from_server",
]

CONTROL_CHANNEL_NAME = "Microsoft::Windows::RDS::Video::Control::v08.01"
"""The dynamic channel of everything but `VideoData`."""

DATA_CHANNEL_NAME = "Microsoft::Windows::RDS::Video::Data::v08.01"
"""The dynamic channel of `VideoData`; it may lose messages."""

MF_VIDEO_FORMAT_H264 = uuid.UUID("34363248-0000-0010-8000-00aa00389b71")
"""The `video_subtype_id` of H.264, and the only one that the document allows."""

EXTRA_DATA_LIMIT = 65_536
"""The most bytes of a sequence header or of a notification; those of the document have 37 and 16."""

_HEADER = struct.Struct("<II")
_guid = Fixed("16s", decoder=lambda raw: uuid.UUID(bytes_le=raw), encoder=lambda guid: guid.bytes_le)


class VideoPacketType(OpenEnum):
    """What a message is (TSMM_PACKET_TYPE_*)."""

    PRESENTATION_REQUEST = 1
    PRESENTATION_RESPONSE = 2
    CLIENT_NOTIFICATION = 3
    VIDEO_DATA = 4


class PresentationCommand(OpenEnum):
    """What becomes of a presentation."""

    START = 0x01
    STOP = 0x02


class NotificationType(OpenEnum):
    """What a client tells."""

    NETWORK_ERROR = 0x01
    FRAMERATE_OVERRIDE = 0x02


class FramerateOverrideFlags(Flags):
    """How many frames a client wants; the two exclude each other."""

    UNRESTRICTED = Flag(0x1)
    OVERRIDE = Flag(0x2)


class VideoDataFlags(Flags):
    """What is in a message (TSMM_VIDEO_DATA_FLAG_*)."""

    HAS_TIMESTAMPS = Flag(0x01)
    KEYFRAME = Flag(0x02)
    NEW_FRAMERATE = Flag(0x04)


class VideoPdu(Pdu):
    """The base of all messages: what comes behind a TSMM_VIDEO_PACKET_HEADER, [MS-RDPEVOR] 2.2.1.1.

    `encode` gives a whole message and `decode` takes one; `decode_from` and `encode_into` are of the rest.
    """

    __slots__ = ()

    packet_type: ClassVar[VideoPacketType]
    reserved: ClassVar[bytes] = b""

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode one whole message; bytes behind its length are ignored."""
        try:
            kind, body = _decode_header(Cursor(data))
            if kind != cls.packet_type:
                raise InvalidField(f"type {kind:#x}, not {int(cls.packet_type):#x}", field="packet_type", offset=4)
            return cls.decode_from(body)
        except DecodeError as exc:
            exc.pdu = exc.pdu or cls.__name__
            raise

    def encode(self) -> bytes:
        """The whole message, with its header."""
        body = super().encode()
        return _HEADER.pack(_HEADER.size + len(body), self.packet_type) + body + self.reserved


@pdu
class PresentationRequest(VideoPdu):
    """TSMM_PRESENTATION_REQUEST, [MS-RDPEVOR] 2.2.1.2; to stop, `presentation_id` is all.

    Scaled sizes are the video's, at most 1920 x 1080 pixels, and source sizes what it is shown in.  The offset is in
    units of 100 ns, and `extra_data` the sequence header (SPS and PPS).  `frame_rate` and `average_bitrate_kbps` MUST
    be ignored.
    """

    packet_type: ClassVar[VideoPacketType] = VideoPacketType.PRESENTATION_REQUEST
    # A byte behind the data, which the header's length does not count, stands in the document's examples.
    reserved: ClassVar[bytes] = b"\0"

    presentation_id: U8
    version: U8 = 1
    command: Annotated[PresentationCommand, u8] = PresentationCommand.START
    frame_rate: U8 = 0
    average_bitrate_kbps: Annotated[int, Fixed("H"), Pad(2)] = 0
    source_width: U32 = 0
    source_height: U32 = 0
    scaled_width: U32 = 0
    scaled_height: U32 = 0
    hns_timestamp_offset: U64 = 0
    geometry_mapping_id: U64 = 0
    video_subtype_id: Annotated[uuid.UUID, _guid] = MF_VIDEO_FORMAT_H264
    extra_data: Annotated[bytes, Prefixed(u32, limit=EXTRA_DATA_LIMIT)] = b""


@pdu
class PresentationResponse(VideoPdu):
    """TSMM_PRESENTATION_RESPONSE, [MS-RDPEVOR] 2.2.1.3: the client is ready; without it, no data come."""

    packet_type: ClassVar[VideoPacketType] = VideoPacketType.PRESENTATION_RESPONSE

    presentation_id: U8
    response_flags: U8 = 0
    result_flags: U16 = 0


@pdu
class ClientNotification(VideoPdu):
    """TSMM_CLIENT_NOTIFICATION, [MS-RDPEVOR] 2.2.1.4; the data of a FRAMERATE_OVERRIDE is a `FramerateOverride`."""

    packet_type: ClassVar[VideoPacketType] = VideoPacketType.CLIENT_NOTIFICATION

    presentation_id: U8
    notification_type: Annotated[NotificationType, u8, Pad(2)]
    data: Annotated[bytes, Prefixed(u32, limit=EXTRA_DATA_LIMIT)] = b""


@pdu
class FramerateOverride(Pdu):
    """TSMM_CLIENT_NOTIFICATION_FRAMERATE_OVERRIDE, [MS-RDPEVOR] 2.2.1.5: 1 to 30 frames a second, 0 for no limit."""

    flags: Annotated[FramerateOverrideFlags, u32]
    desired_frame_rate: Annotated[int, u32, Pad(8)] = 0


@pdu
class VideoData(VideoPdu):
    """TSMM_VIDEO_DATA, [MS-RDPEVOR] 2.2.1.6: a sample, or one of the packets that it was cut into.

    Packets and samples are counted from 1; times are in units of 100 ns.
    """

    packet_type: ClassVar[VideoPacketType] = VideoPacketType.VIDEO_DATA
    reserved: ClassVar[bytes] = b"\0"

    presentation_id: U8
    version: U8 = 1
    flags: Annotated[VideoDataFlags, u8, Pad(1)] = VideoDataFlags(0)
    hns_timestamp: U64 = 0
    hns_duration: U64 = 0
    current_packet_index: U16 = 1
    packets_in_sample: U16 = 1
    sample_number: U32
    sample: Annotated[bytes, Prefixed(u32)]


@pdu
class UnknownVideo(Pdu):
    """A message of a type that the document does not name, kept as it came."""

    packet_type: VideoPacketType
    data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        kind, body = _decode_header(src)
        return cls(packet_type=VideoPacketType(kind), data=body.rest())

    def encode_into(self, dst: bytearray) -> None:
        dst += _HEADER.pack(_HEADER.size + len(self.data), self.packet_type)
        dst += self.data


VideoFromServer: TypeAlias = PresentationRequest | VideoData | UnknownVideo
VideoFromClient: TypeAlias = PresentationResponse | ClientNotification | UnknownVideo


def decode_video_from_server(data: bytes) -> VideoFromServer:
    """Decode what a server sent on either channel; raises `DecodeError`, but keeps a message of an unknown type."""
    unknown = UnknownVideo.decode(data)
    if not unknown.packet_type.is_known:
        return unknown
    is_data = unknown.packet_type == VideoPacketType.VIDEO_DATA
    return VideoData.decode(data) if is_data else PresentationRequest.decode(data)


def decode_video_from_client(data: bytes) -> VideoFromClient:
    """Decode what a client sent; raises `DecodeError`, for a server's message too, but keeps one of an unknown type."""
    unknown = UnknownVideo.decode(data)
    if not unknown.packet_type.is_known:
        return unknown
    is_notification = unknown.packet_type == VideoPacketType.CLIENT_NOTIFICATION
    return ClientNotification.decode(data) if is_notification else PresentationResponse.decode(data)


def _decode_header(src: Cursor) -> tuple[int, Cursor]:
    start = src.pos
    length, kind = _HEADER.unpack(src.take(_HEADER.size))
    if length < _HEADER.size:
        raise InvalidField(f"a length of {length} bytes", field="size", offset=start)
    return kind, src.sub(length - _HEADER.size)
