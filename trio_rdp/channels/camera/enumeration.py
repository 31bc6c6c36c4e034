"""The device enumeration channel, [MS-RDPECAM] 2.2.2: the version, and which cameras there are."""

from __future__ import annotations

from typing import Annotated, ClassVar

from trio_rdp.channels.camera.base import (
    CHANNEL_NAME_LIMIT,
    DEVICE_NAME_LIMIT,
    CameraMessageId,
    CameraPdu,
    TerminatedText,
)
from trio_rdp.wire.pdu import pdu

__all__ = ["DeviceAddedNotification", "DeviceRemovedNotification", "SelectVersionRequest", "SelectVersionResponse"]

_device_name = TerminatedText("utf-16-le", 2, limit=DEVICE_NAME_LIMIT)
_channel_name = TerminatedText("latin-1", 1, limit=CHANNEL_NAME_LIMIT)


@pdu
class SelectVersionRequest(CameraPdu):
    """Select Version Request, [MS-RDPECAM] 2.2.2.1: the client's latest version."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.SELECT_VERSION_REQUEST


@pdu
class SelectVersionResponse(CameraPdu):
    """Select Version Response, [MS-RDPECAM] 2.2.2.2: the version that all further messages have."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.SELECT_VERSION_RESPONSE


@pdu
class DeviceAddedNotification(CameraPdu):
    """Device Added Notification, [MS-RDPECAM] 2.2.2.3: a camera, and its dynamic channel."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.DEVICE_ADDED_NOTIFICATION

    device_name: Annotated[str, _device_name]
    virtual_channel_name: Annotated[str, _channel_name]


@pdu
class DeviceRemovedNotification(CameraPdu):
    """Device Removed Notification, [MS-RDPECAM] 2.2.2.4."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.DEVICE_REMOVED_NOTIFICATION

    virtual_channel_name: Annotated[str, _channel_name]
