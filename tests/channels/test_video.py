from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.video import (
    EXTRA_DATA_LIMIT,
    MF_VIDEO_FORMAT_H264,
    ClientNotification,
    FramerateOverride,
    FramerateOverrideFlags,
    NotificationType,
    PresentationCommand,
    PresentationRequest,
    PresentationResponse,
    UnknownVideo,
    VideoData,
    VideoDataFlags,
    VideoPacketType,
    decode_video_from_client,
    decode_video_from_server,
)
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated

# [MS-RDPEVOR] 4.1
START = bytes.fromhex(
    "69000000"  # cbSize: 105 of 106 bytes
    "01000000"  # PacketType: TSMM_PACKET_TYPE_PRESENTATION_REQUEST
    "03"  # PresentationId
    "01"  # Version
    "01"  # Command: start
    "1d"  # FrameRate
    "c012"  # AverageBitrateKbps
    "0000"  # Reserved
    "e0010000f4000000"  # SourceWidth, SourceHeight
    "e0010000f4000000"  # ScaledWidth, ScaledHeight
    "a47a3b820f000000"  # hnsTimestampOffset
    "22020400ba7a0080"  # GeometryMappingId
    "4832363400001000800000aa00389b71"  # VideoSubtypeId
    "25000000"  # cbExtra
    "000000016742c01595a07821f9e1000003000100000300"  # pExtraData
    "3c0da08846a00000000168ce3c80"
    "00"  # Reserved
)
# [MS-RDPEVOR] 4.2
RESPONSE = bytes.fromhex(
    "0c000000"  # cbSize
    "02000000"  # PacketType
    "03"  # PresentationId
    "00"  # ResponseFlags
    "0000"  # ResultFlags
)
# [MS-RDPEVOR] 4.3: cbSize (819 of 820 bytes), PacketType, PresentationId, Version, Flags, Reserved, hnsTimestamp,
# hnsDuration, CurrentPacketIndex, PacketsInSample, SampleNumber, cbSample (779), pSample, Reserved
DATA = bytes.fromhex(
    "330300000400000003010300c7c6060000000000000000000000000001000100010000000b030000000000016742c015"
    "95a07821f9e10000030001000003003c0da08846a00000000168ce3c800000000106052f02f86150fc704172b73248f3"
    "a72a3d344d6963726f736f667420482e32363420456e636f6465722056312e352e330080000000010605f3cbb2139298"
    "7343daa8a6c74298356cf57372633a3320683a32343420773a343830206670733a33302e3030302070663a3636206c76"
    "6c3a3620623a30206271703a3220676f703a373530206964723a37353020736c633a3420636d703a302072633a312071"
    "703a323420726174653a34383030303030207065616b3a3634303030303020627566663a38303030303030207265663a"
    "3120737263683a33322061737263683a3120737562703a31207061723a362033203320726e643a302063616261633a30"
    "206c703a322063746e743a30206175643a31206c61743a312077726b3a31207675693a31206c79723a31203c3c008000"
    "0000010910000000016588804bfffff0f450001020f7df7df7df7df7df7df7df7df7df7df7df7df7df7df7d75d75d75d"
    "75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d"
    "75d75d75d75d75d75d75d75d75d75e000000016503c88804bfffff0f450001020f7df7df7df7df7df7df7df7df7df7df"
    "7df7df7df7df7d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d7"
    "5d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75e0000000016501e222012fffffc3d140004083df7df7"
    "df7df7df7df7df7df7df7df7df7df7df7df7df5d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75"
    "d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d78000000016500b48880"
    "4bfffff0f450001020f7df7df7df7df7df7df7df7df7df7df7df7df7df7df7d75d75d75d75d75d75d75d75d75d75d75d"
    "75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d75d"
    "75d75e00"
)
# [MS-RDPEVOR] 4.4
STOP = bytes.fromhex("44000000 01000000 03 01 02") + bytes(58)
OVERRIDE = bytes.fromhex(
    "20000000"  # cbSize
    "03000000"  # PacketType
    "03"  # PresentationId
    "02"  # NotificationType: frame rate override
    "0000"  # Reserved
    "10000000"  # cbData
    "02000000"  # Flags
    "0f000000"  # DesiredFrameRate
    "0000000000000000"  # Reserved1, Reserved2
)


def test_the_documents_start() -> None:
    pdu = PresentationRequest(
        presentation_id=3,
        frame_rate=29,
        average_bitrate_kbps=4800,
        source_width=480,
        source_height=244,
        scaled_width=480,
        scaled_height=244,
        hns_timestamp_offset=66609445540,
        geometry_mapping_id=0x80007ABA00040222,
        extra_data=START[68:105],
    )
    assert pdu.video_subtype_id == MF_VIDEO_FORMAT_H264
    same(START, pdu)
    assert decode_video_from_server(START) == pdu
    every_truncation_raises(PresentationRequest, START[:-1])


def test_the_documents_response() -> None:
    same(RESPONSE, PresentationResponse(presentation_id=3))
    assert decode_video_from_client(RESPONSE) == PresentationResponse(presentation_id=3)
    every_truncation_raises(PresentationResponse, RESPONSE)


def test_the_documents_data() -> None:
    pdu = VideoData(
        presentation_id=3,
        flags=VideoDataFlags.HAS_TIMESTAMPS | VideoDataFlags.KEYFRAME,
        hns_timestamp=444103,
        sample_number=1,
        sample=DATA[40:819],
    )
    same(DATA, pdu)
    assert decode_video_from_server(DATA) == pdu
    every_truncation_raises(VideoData, DATA[:-1])


def test_the_documents_stop() -> None:
    pdu = PresentationRequest(presentation_id=3, command=PresentationCommand.STOP, video_subtype_id=uuid.UUID(int=0))
    same(STOP, pdu)
    assert decode_video_from_server(STOP) == pdu


def test_notifications() -> None:
    override = FramerateOverride(flags=FramerateOverrideFlags.OVERRIDE, desired_frame_rate=15)
    pdu = ClientNotification(
        presentation_id=3, notification_type=NotificationType.FRAMERATE_OVERRIDE, data=override.encode()
    )
    same(OVERRIDE, pdu)
    same(OVERRIDE[16:], override)
    assert decode_video_from_client(OVERRIDE) == pdu
    every_truncation_raises(ClientNotification, OVERRIDE)
    every_truncation_raises(FramerateOverride, OVERRIDE[16:])
    error = ClientNotification(presentation_id=3, notification_type=NotificationType.NETWORK_ERROR)
    assert error.encode() == bytes.fromhex("10000000 03000000 03 01 0000 00000000")


def test_unknown_types_are_kept() -> None:
    raw = bytes.fromhex("0a000000 05000000 aabb")
    unknown = UnknownVideo(packet_type=VideoPacketType(5), data=b"\xaa\xbb")
    same(raw, unknown)
    assert decode_video_from_server(raw) == decode_video_from_client(raw) == unknown
    every_truncation_raises(UnknownVideo, raw)


def test_directions_are_not_mixed() -> None:
    with pytest.raises(InvalidField, match="type 0x2, not 0x1"):
        decode_video_from_server(RESPONSE)
    with pytest.raises(InvalidField, match="type 0x1, not 0x2"):
        decode_video_from_client(START)


def test_lengths_that_are_wrong() -> None:
    with pytest.raises(InvalidField, match="a length of 7 bytes"):
        decode_video_from_server(b"\x07" + START[1:])
    with pytest.raises(Truncated):
        decode_video_from_server(b"\x6b" + START[1:])
    with pytest.raises(InvalidField, match="65537 exceeds 65536"):
        decode_video_from_server(START[:64] + b"\x01\0\x01\0" + START[68:])
    with pytest.raises(EncodeError, match="65537 exceeds 65536"):
        PresentationRequest(presentation_id=1, extra_data=bytes(EXTRA_DATA_LIMIT + 1)).encode()
    with pytest.raises(EncodeError, match="PresentationResponse"):
        PresentationResponse(presentation_id=256).encode()


@given(st.integers(0, 120), st.integers(0, 5), st.binary(max_size=120))
def test_any_bytes(length: int, kind: int, rest: bytes) -> None:
    raw = length.to_bytes(4, "little") + kind.to_bytes(4, "little") + rest
    for decode in (decode_video_from_server, decode_video_from_client):
        try:
            pdu = decode(raw)
        except DecodeError:
            continue
        assert decode(pdu.encode()) == pdu
