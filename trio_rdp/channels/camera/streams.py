"""Formats of streams, and the pictures that come in them, [MS-RDPECAM] 2.2.3.7 to 2.2.3.15."""

from __future__ import annotations

from typing import Annotated, ClassVar

from trio_rdp.channels.camera.base import LIST_LIMIT, STREAMS_LIMIT, CameraMessageId, CameraPdu, Items
from trio_rdp.channels.camera.device import CameraErrorCode
from trio_rdp.wire.fields import U8, U32, Rest, u8, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "CurrentMediaTypeRequest",
    "CurrentMediaTypeResponse",
    "MediaFormat",
    "MediaTypeDescription",
    "MediaTypeFlags",
    "MediaTypeListRequest",
    "MediaTypeListResponse",
    "SampleErrorResponse",
    "SampleRequest",
    "SampleResponse",
    "StartStreamInfo",
    "StartStreamsRequest",
    "StopStreamsRequest",
]


class MediaFormat(OpenEnum):
    """How a stream's pictures are coded."""

    H264 = 0x01
    MJPG = 0x02
    YUY2 = 0x03
    NV12 = 0x04
    I420 = 0x05
    RGB24 = 0x06
    RGB32 = 0x07


class MediaTypeFlags(Flags):
    """What a server has to know of a format."""

    DECODING_REQUIRED = Flag(0x01)
    BOTTOM_UP_IMAGE = Flag(0x02)


@pdu
class MediaTypeListRequest(CameraPdu):
    """Media Type List Request, [MS-RDPECAM] 2.2.3.7."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.MEDIA_TYPE_LIST_REQUEST

    stream_index: U8


@pdu
class MediaTypeDescription(Pdu):
    """MEDIA_TYPE_DESCRIPTION, [MS-RDPECAM] 2.2.3.8.1; sizes in pixels, frames a second and pixels' shape as ratios."""

    format: Annotated[MediaFormat, u8]
    width: U32
    height: U32
    frame_rate_numerator: U32
    frame_rate_denominator: U32 = 1
    pixel_aspect_ratio_numerator: U32 = 1
    pixel_aspect_ratio_denominator: U32 = 1
    flags: Annotated[MediaTypeFlags, u8] = MediaTypeFlags(0)


@pdu
class MediaTypeListResponse(CameraPdu):
    """Media Type List Response, [MS-RDPECAM] 2.2.3.8."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.MEDIA_TYPE_LIST_RESPONSE

    media_type_descriptions: Annotated[list[MediaTypeDescription], Items(MediaTypeDescription, limit=LIST_LIMIT)]


@pdu
class CurrentMediaTypeRequest(CameraPdu):
    """Current Media Type Request, [MS-RDPECAM] 2.2.3.9."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.CURRENT_MEDIA_TYPE_REQUEST

    stream_index: U8


@pdu
class CurrentMediaTypeResponse(CameraPdu):
    """Current Media Type Response, [MS-RDPECAM] 2.2.3.10."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.CURRENT_MEDIA_TYPE_RESPONSE

    media_type_description: MediaTypeDescription


@pdu
class StartStreamInfo(Pdu):
    """START_STREAM_INFO, [MS-RDPECAM] 2.2.3.11.1."""

    stream_index: U8
    media_type_description: MediaTypeDescription


@pdu
class StartStreamsRequest(CameraPdu):
    """Start Streams Request, [MS-RDPECAM] 2.2.3.11."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.START_STREAMS_REQUEST

    start_streams_info: Annotated[list[StartStreamInfo], Items(StartStreamInfo, limit=STREAMS_LIMIT)]


@pdu
class StopStreamsRequest(CameraPdu):
    """Stop Streams Request, [MS-RDPECAM] 2.2.3.12: stop all of them."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.STOP_STREAMS_REQUEST


@pdu
class SampleRequest(CameraPdu):
    """Sample Request, [MS-RDPECAM] 2.2.3.13: each is answered by one picture, or one error."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.SAMPLE_REQUEST

    stream_index: U8


@pdu
class SampleResponse(CameraPdu):
    """Sample Response, [MS-RDPECAM] 2.2.3.14: a picture in the format with which the stream was started."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.SAMPLE_RESPONSE

    stream_index: U8
    sample: Annotated[bytes, Rest()]


@pdu
class SampleErrorResponse(CameraPdu):
    """Sample Error Response, [MS-RDPECAM] 2.2.3.15."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.SAMPLE_ERROR_RESPONSE

    stream_index: U8
    error_code: Annotated[CameraErrorCode, u32]
