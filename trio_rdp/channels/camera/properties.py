"""What can be set on a device, [MS-RDPECAM] 2.2.3.16 to 2.2.3.20; all of it is of version 2."""

from __future__ import annotations

from typing import Annotated, ClassVar

from trio_rdp.channels.camera.base import LIST_LIMIT, CameraMessageId, CameraPdu, Items
from trio_rdp.wire.fields import I32, U8, u8
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "CameraControlProperty",
    "PropertyCapabilities",
    "PropertyDescription",
    "PropertyListRequest",
    "PropertyListResponse",
    "PropertyMode",
    "PropertySet",
    "PropertyValue",
    "PropertyValueRequest",
    "PropertyValueResponse",
    "SetPropertyValueRequest",
    "VideoProcAmpProperty",
]


class PropertySet(OpenEnum):
    """Which enumeration a property id is of."""

    CAMERA_CONTROL = 0x01
    VIDEO_PROC_AMP = 0x02


class CameraControlProperty(OpenEnum):
    """The property ids of CAMERA_CONTROL."""

    EXPOSURE = 0x01
    FOCUS = 0x02
    PAN = 0x03
    ROLL = 0x04
    TILT = 0x05
    ZOOM = 0x06


class VideoProcAmpProperty(OpenEnum):
    """The property ids of VIDEO_PROC_AMP; backlight compensation is 0 or 1."""

    BACKLIGHT_COMPENSATION = 0x01
    BRIGHTNESS = 0x02
    CONTRAST = 0x03
    HUE = 0x04
    WHITE_BALANCE = 0x05


class PropertyCapabilities(Flags):
    """How a property can be controlled."""

    MANUAL = Flag(0x01)
    AUTO = Flag(0x02)


class PropertyMode(OpenEnum):
    """How a property is controlled."""

    MANUAL = 0x01
    AUTO = 0x02


@pdu
class PropertyListRequest(CameraPdu):
    """Property List Request, [MS-RDPECAM] 2.2.3.16."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.PROPERTY_LIST_REQUEST


@pdu
class PropertyDescription(Pdu):
    """PROPERTY_DESCRIPTION, [MS-RDPECAM] 2.2.3.17.1."""

    property_set: Annotated[PropertySet, u8]
    property_id: U8
    capabilities: Annotated[PropertyCapabilities, u8]
    min_value: I32
    max_value: I32
    step: I32
    default_value: I32


@pdu
class PropertyListResponse(CameraPdu):
    """Property List Response, [MS-RDPECAM] 2.2.3.17."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.PROPERTY_LIST_RESPONSE

    properties: Annotated[list[PropertyDescription], Items(PropertyDescription, limit=LIST_LIMIT)]


@pdu
class PropertyValueRequest(CameraPdu):
    """Property Value Request, [MS-RDPECAM] 2.2.3.18."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.PROPERTY_VALUE_REQUEST

    property_set: Annotated[PropertySet, u8]
    property_id: U8


@pdu
class PropertyValue(Pdu):
    """PROPERTY_VALUE, [MS-RDPECAM] 2.2.3.19.1; in a request to set it to AUTO, `value` MUST be ignored."""

    mode: Annotated[PropertyMode, u8]
    value: I32 = 0


@pdu
class PropertyValueResponse(CameraPdu):
    """Property Value Response, [MS-RDPECAM] 2.2.3.19."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.PROPERTY_VALUE_RESPONSE

    property_value: PropertyValue


@pdu
class SetPropertyValueRequest(CameraPdu):
    """Set Property Value Request, [MS-RDPECAM] 2.2.3.20."""

    message_id: ClassVar[CameraMessageId] = CameraMessageId.SET_PROPERTY_VALUE_REQUEST

    property_set: Annotated[PropertySet, u8]
    property_id: U8
    property_value: PropertyValue
