from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.camera.device import CameraErrorCode
from trio_rdp.channels.camera.streams import (
    CurrentMediaTypeRequest,
    CurrentMediaTypeResponse,
    MediaFormat,
    MediaTypeDescription,
    MediaTypeFlags,
    MediaTypeListRequest,
    MediaTypeListResponse,
    SampleErrorResponse,
    SampleRequest,
    SampleResponse,
    StartStreamInfo,
    StartStreamsRequest,
    StopStreamsRequest,
)
from trio_rdp.wire.errors import InvalidField

# [MS-RDPECAM] 4.4.6: Version, MessageId, four descriptions
MEDIA_TYPES = bytes.fromhex(
    "020c"
    "01 80020000 e0010000 1e000000 01000000 01000000 01000000 01"
    "01 20030000 58020000 1e000000 01000000 01000000 01000000 01"
    "01 00050000 d0020000 1e000000 01000000 01000000 01000000 01"
    "01 80070000 38040000 1e000000 01000000 01000000 01000000 01"
)
# [MS-RDPECAM] 4.4.8
CURRENT = bytes.fromhex(
    "02"  # Version
    "0e"  # MessageId: CurrentMediaTypeResponse
    "01"  # Format: H264
    "80070000"  # Width
    "38040000"  # Height
    "1e000000"  # FrameRateNumerator
    "01000000"  # FrameRateDenominator
    "01000000"  # PixelAspectRatioNumerator
    "01000000"  # PixelAspectRatioDenominator
    "01"  # Flags: DecodingRequired
)
# [MS-RDPECAM] 4.5.1
START = bytes.fromhex(
    "02"  # Version
    "0f"  # MessageId: StartStreamsRequest
    "00"  # StreamIndex
    "01 80070000 38040000 1e000000 01000000 01000000 01000000 01"  # MediaTypeDescription
)
# [MS-RDPECAM] 4.5.3: Version, MessageId, StreamIndex, Sample
SAMPLE = bytes.fromhex(
    "0212000000000109300000000161e0422fff470f5e500995e006e4d1787c3cc167e499902f8a62b9ca08b49fdb91b701"
    "e178712bf6f2776d4f0805bcf60e595df7db7d9193d394035d7313bb8ed2ddb304656daa65807739956ac7f9460ee078"
    "c444e025f3e774213ab3266d52a8024dda8dfad7c969324b95463d1aa274f098112c0896d4f08045ba8db4d550693395"
    "463d1aa274f098112c0896d4f08045ba0a1fad45654c62f87f6e8278d878e1084eacc99b54aa009374086e1133a318be"
    "1fdba09e361e384213ab31d1817b031e6daa65805b1c6e330c9aceb54f781496b4b4b4696a8ccec5a75354a3eda9e100"
    "8b6eda34affffc2cdf5c882bbea1df97e84eacc72d516dc8b07cdb6a996015b0"
)


def h264(width: int, height: int) -> MediaTypeDescription:
    return MediaTypeDescription(
        format=MediaFormat.H264,
        width=width,
        height=height,
        frame_rate_numerator=30,
        flags=MediaTypeFlags.DECODING_REQUIRED,
    )


def test_media_types() -> None:
    same(b"\x02\x0b\x00", MediaTypeListRequest(stream_index=0))  # 4.4.5
    sizes = [(640, 480), (800, 600), (1280, 720), (1920, 1080)]
    same(MEDIA_TYPES, MediaTypeListResponse(media_type_descriptions=[h264(*size) for size in sizes]))
    with pytest.raises(InvalidField, match="more than 1024 items"):
        MediaTypeListResponse.decode(MEDIA_TYPES[:2] + MEDIA_TYPES[2:28] * 1025)


def test_the_current_media_type() -> None:
    same(b"\x02\x0d\x00", CurrentMediaTypeRequest(stream_index=0))  # 4.4.7
    same(CURRENT, CurrentMediaTypeResponse(media_type_description=h264(1920, 1080)))
    every_truncation_raises(CurrentMediaTypeResponse, CURRENT)


def test_starting_and_stopping() -> None:
    info = StartStreamInfo(stream_index=0, media_type_description=h264(1920, 1080))
    same(START, StartStreamsRequest(start_streams_info=[info]))
    same(START[2:], info)
    same(b"\x02\x10", StopStreamsRequest())  # 4.5.4


def test_samples() -> None:
    same(b"\x02\x11\x00", SampleRequest(stream_index=0))  # 4.5.2
    same(SAMPLE, SampleResponse(stream_index=0, sample=SAMPLE[3:]))
    raw = bytes.fromhex("02 13 01 05000000")
    same(raw, SampleErrorResponse(stream_index=1, error_code=CameraErrorCode.INVALID_STREAM_NUMBER))
    every_truncation_raises(SampleErrorResponse, raw)
