"""What arrives on the enumeration channel and the devices' channels, from either side."""

from __future__ import annotations

from typing import Any, TypeAlias

from trio_rdp.channels.camera.base import UnknownCamera
from trio_rdp.channels.camera.device import (
    ActivateDeviceRequest,
    DeactivateDeviceRequest,
    ErrorResponse,
    StreamListRequest,
    StreamListResponse,
    SuccessResponse,
)
from trio_rdp.channels.camera.enumeration import (
    DeviceAddedNotification,
    DeviceRemovedNotification,
    SelectVersionRequest,
    SelectVersionResponse,
)
from trio_rdp.channels.camera.properties import (
    PropertyListRequest,
    PropertyListResponse,
    PropertyValueRequest,
    PropertyValueResponse,
    SetPropertyValueRequest,
)
from trio_rdp.channels.camera.streams import (
    CurrentMediaTypeRequest,
    CurrentMediaTypeResponse,
    MediaTypeListRequest,
    MediaTypeListResponse,
    SampleErrorResponse,
    SampleRequest,
    SampleResponse,
    StartStreamsRequest,
    StopStreamsRequest,
)
from trio_rdp.wire.errors import InvalidField

__all__ = ["CameraFromClient", "CameraFromServer", "decode_camera_from_client", "decode_camera_from_server"]

CameraFromClient: TypeAlias = (
    SelectVersionRequest
    | DeviceAddedNotification
    | DeviceRemovedNotification
    | SuccessResponse
    | ErrorResponse
    | StreamListResponse
    | MediaTypeListResponse
    | CurrentMediaTypeResponse
    | SampleResponse
    | SampleErrorResponse
    | PropertyListResponse
    | PropertyValueResponse
    | UnknownCamera
)
CameraFromServer: TypeAlias = (
    SelectVersionResponse
    | ActivateDeviceRequest
    | DeactivateDeviceRequest
    | StreamListRequest
    | MediaTypeListRequest
    | CurrentMediaTypeRequest
    | StartStreamsRequest
    | StopStreamsRequest
    | SampleRequest
    | PropertyListRequest
    | PropertyValueRequest
    | SetPropertyValueRequest
    | UnknownCamera
)

_FROM_CLIENT: dict[int, Any] = {
    cls.message_id: cls
    for cls in (
        SelectVersionRequest,
        DeviceAddedNotification,
        DeviceRemovedNotification,
        SuccessResponse,
        ErrorResponse,
        StreamListResponse,
        MediaTypeListResponse,
        CurrentMediaTypeResponse,
        SampleResponse,
        SampleErrorResponse,
        PropertyListResponse,
        PropertyValueResponse,
    )
}
_FROM_SERVER: dict[int, Any] = {
    cls.message_id: cls
    for cls in (
        SelectVersionResponse,
        ActivateDeviceRequest,
        DeactivateDeviceRequest,
        StreamListRequest,
        MediaTypeListRequest,
        CurrentMediaTypeRequest,
        StartStreamsRequest,
        StopStreamsRequest,
        SampleRequest,
        PropertyListRequest,
        PropertyValueRequest,
        SetPropertyValueRequest,
    )
}


def decode_camera_from_client(data: bytes) -> CameraFromClient:
    """Decode what a client sent; raises `DecodeError`, for a server's message too, but keeps one of an unknown type."""
    message: CameraFromClient = _decode(data, _FROM_CLIENT)
    return message


def decode_camera_from_server(data: bytes) -> CameraFromServer:
    """Decode what a server sent; raises `DecodeError`, for a client's message too, but keeps one of an unknown type."""
    message: CameraFromServer = _decode(data, _FROM_SERVER)
    return message


def _decode(data: bytes, classes: dict[int, Any]) -> Any:
    unknown = UnknownCamera.decode(data)
    if not unknown.message_id.is_known:
        return unknown
    known = classes.get(unknown.message_id)
    if known is None:
        reason = f"{unknown.message_id!r} comes from the other side"
        raise InvalidField(reason, pdu="UnknownCamera", field="message_id", offset=1)
    return known.decode(data)
