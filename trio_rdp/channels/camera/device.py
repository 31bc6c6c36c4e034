"""A device and its streams, [MS-RDPECAM] 2.2.3.1 to 2.2.3.6."""

from __future__ import annotations

from typing import Annotated, ClassVar

from trio_rdp.channels.camera.base import STREAMS_LIMIT, CameraMessageId, CameraPdu, Items
from trio_rdp.wire.fields import U8, u8, u16, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "ActivateDeviceRequest",
    "CameraErrorCode",
    "DeactivateDeviceRequest",
    "ErrorResponse",
    "FrameSourceTypes",
    "StreamCategory",
    "StreamDescription",
    "StreamListRequest",
    "StreamListResponse",
    "SuccessResponse",
]


class CameraErrorCode(OpenEnum):
    """Why a request failed; the last three are of version 2."""

    UNEXPECTED_ERROR = 0x00000001
    INVALID_MESSAGE = 0x00000002
    NOT_INITIALIZED = 0x00000003
    INVALID_REQUEST = 0x00000004
    INVALID_STREAM_NUMBER = 0x00000005
    INVALID_MEDIA_TYPE = 0x00000006
    OUT_OF_MEMORY = 0x00000007
    ITEM_NOT_FOUND = 0x00000008
    SET_NOT_FOUND = 0x00000009
    OPERATION_NOT_SUPPORTED = 0x0000000A


class FrameSourceTypes(Flags):
    """What a stream shows."""

    COLOR = Flag(0x0001)
    INFRARED = Flag(0x0002)
    CUSTOM = Flag(0x0008)


class StreamCategory(OpenEnum):
    """What a stream is for."""

    CAPTURE = 0x01


@pdu
class SuccessResponse(CameraPdu):
    """Success Response, [MS-RDPECAM] 2.2.3.1."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.SUCCESS_RESPONSE


@pdu
class ErrorResponse(CameraPdu):
    """Error Response, [MS-RDPECAM] 2.2.3.2."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.ERROR_RESPONSE

    error_code: Annotated[CameraErrorCode, u32]


@pdu
class ActivateDeviceRequest(CameraPdu):
    """Activate Device Request, [MS-RDPECAM] 2.2.3.3."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.ACTIVATE_DEVICE_REQUEST


@pdu
class DeactivateDeviceRequest(CameraPdu):
    """Deactivate Device Request, [MS-RDPECAM] 2.2.3.4."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.DEACTIVATE_DEVICE_REQUEST


@pdu
class StreamListRequest(CameraPdu):
    """Stream List Request, [MS-RDPECAM] 2.2.3.5."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.STREAM_LIST_REQUEST


@pdu
class StreamDescription(Pdu):
    """STREAM_DESCRIPTION, [MS-RDPECAM] 2.2.3.6.1; the last two are 0 or 1."""

    frame_source_types: Annotated[FrameSourceTypes, u16] = FrameSourceTypes.COLOR
    stream_category: Annotated[StreamCategory, u8] = StreamCategory.CAPTURE
    selected: U8 = 0
    can_be_shared: U8 = 0


@pdu
class StreamListResponse(CameraPdu):
    """Stream List Response, [MS-RDPECAM] 2.2.3.6; a stream's place in the list is its index everywhere else."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.STREAM_LIST_RESPONSE

    stream_descriptions: Annotated[list[StreamDescription], Items(StreamDescription, limit=STREAMS_LIMIT)]
