from __future__ import annotations

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.camera.enumeration import (
    DeviceAddedNotification,
    DeviceRemovedNotification,
    SelectVersionRequest,
    SelectVersionResponse,
)

# [MS-RDPECAM] 4.2.1
ADDED = bytes.fromhex(
    "02"  # Version
    "05"  # MessageId: DeviceAddedNotification
    "4d006f0063006b002000430061006d00650072006100200031000000"  # DeviceName
    "524443616d6572615f4465766963655f3000"  # VirtualChannelName
)
# [MS-RDPECAM] 4.3.1
REMOVED = bytes.fromhex("02 06 524443616d6572615f4465766963655f3100")


def test_versions() -> None:
    same(b"\x02\x03", SelectVersionRequest())  # 4.1.1
    same(b"\x02\x04", SelectVersionResponse())  # 4.1.2
    same(b"\x01\x04", SelectVersionResponse(version=1))
    every_truncation_raises(SelectVersionRequest, b"\x02\x03")


def test_a_device_comes() -> None:
    same(ADDED, DeviceAddedNotification(device_name="Mock Camera 1", virtual_channel_name="RDCamera_Device_0"))
    every_truncation_raises(DeviceAddedNotification, ADDED)


def test_a_device_goes() -> None:
    same(REMOVED, DeviceRemovedNotification(virtual_channel_name="RDCamera_Device_1"))
    every_truncation_raises(DeviceRemovedNotification, REMOVED)
