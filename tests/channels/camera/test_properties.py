from __future__ import annotations

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.camera.properties import (
    CameraControlProperty,
    PropertyCapabilities,
    PropertyDescription,
    PropertyListRequest,
    PropertyListResponse,
    PropertyMode,
    PropertySet,
    PropertyValue,
    PropertyValueRequest,
    PropertyValueResponse,
    SetPropertyValueRequest,
    VideoProcAmpProperty,
)

# [MS-RDPECAM] 4.6.2
LIST = bytes.fromhex(
    "02"  # Version
    "15"  # MessageId: PropertyListResponse
    "01"  # PropertySet: CameraControl
    "02"  # PropertyId: Focus
    "03"  # Capabilities: Manual, Auto
    "00000000"  # MinValue
    "fa000000"  # MaxValue
    "05000000"  # Step
    "00000000"  # DefaultValue
    "020201 00000000 ff000000 01000000 80000000"  # VideoProcAmp, Brightness
)


def test_lists() -> None:
    same(b"\x02\x14", PropertyListRequest())  # 4.6.1
    focus = PropertyDescription(
        property_set=PropertySet.CAMERA_CONTROL,
        property_id=CameraControlProperty.FOCUS,
        capabilities=PropertyCapabilities.MANUAL | PropertyCapabilities.AUTO,
        min_value=0,
        max_value=250,
        step=5,
        default_value=0,
    )
    brightness = PropertyDescription(
        property_set=PropertySet.VIDEO_PROC_AMP,
        property_id=VideoProcAmpProperty.BRIGHTNESS,
        capabilities=PropertyCapabilities.MANUAL,
        min_value=0,
        max_value=255,
        step=1,
        default_value=128,
    )
    same(LIST, PropertyListResponse(properties=[focus, brightness]))
    same(b"\x02\x15", PropertyListResponse(properties=[]))


def test_values() -> None:
    brightness = VideoProcAmpProperty.BRIGHTNESS
    request = bytes.fromhex("02 16 02 02")  # 4.6.3
    same(request, PropertyValueRequest(property_set=PropertySet.VIDEO_PROC_AMP, property_id=brightness))
    every_truncation_raises(PropertyValueRequest, request)
    value = PropertyValue(mode=PropertyMode.MANUAL, value=100)
    response = bytes.fromhex("02 17 01 64000000")  # 4.6.4
    same(response, PropertyValueResponse(property_value=value))
    every_truncation_raises(PropertyValueResponse, response)
    setting = bytes.fromhex("02 18 02 02 01 64000000")  # 4.7.1
    same(
        setting,
        SetPropertyValueRequest(property_set=PropertySet.VIDEO_PROC_AMP, property_id=brightness, property_value=value),
    )
    every_truncation_raises(SetPropertyValueRequest, setting)
    same(bytes.fromhex("02 00000000"), PropertyValue(mode=PropertyMode.AUTO))
