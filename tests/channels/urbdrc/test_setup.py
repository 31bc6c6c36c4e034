from __future__ import annotations

import uuid

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.urbdrc.header import InterfaceId
from trio_rdp.channels.urbdrc.setup import (
    AddDevice,
    AddVirtualChannel,
    CapabilityRequest,
    CapabilityResponse,
    ChannelCreated,
    DeviceSpeed,
    InterfaceRelease,
    QueryInterfaceRequest,
    QueryInterfaceResponse,
    SupportedUsbVersion,
    UsbDeviceCapabilities,
    UsbdiVersion,
)
from trio_rdp.wire.errors import InvalidField

# [MS-RDPEUSB] 4.1.1
CREATED_BY_SERVER = bytes.fromhex(
    "02000040"  # Interface Id, STREAM_ID_PROXY
    "00000000"  # Message Id
    "00010000"  # CHANNEL_CREATED
    "01000000"  # Major Version
    "00000000"  # Minor Version
    "00000000"  # Capability
)
CREATED_BY_CLIENT = b"\x03" + CREATED_BY_SERVER[1:]
CAPABILITIES = bytes.fromhex(
    "1c000000"  # CbSize
    "02000000"  # UsbBusInterfaceVersion
    "00060000"  # USBDI_Version
    "00020000"  # Supported_USB_Version
    "00000000"  # HcdCapabilities
    "01000000"  # DeviceIsHighSpeed
    "32000000"  # NoAckIsochWriteJitterBufferSizeInMs
)
DEVICE = (
    bytes.fromhex(
        "01000040"  # InterfaceId, Mask
        "02000000"  # MessageId
        "01010000"  # FunctionId: ADD_DEVICE
        "01000000"  # NumUsbDevice
        "04000000"  # UsbDevice
        "03000000 410042000000"  # cchDeviceInstanceId, DeviceInstanceId
        "06000000 410000004200430000000000"  # cchHwIds, HardwareIds
        "00000000"  # cchCompatIds
        "02000000 7b000000"  # cchContainerId, ContainerId
    )
    + CAPABILITIES
)


def test_versions() -> None:
    server, client = InterfaceId.NOTIFICATION_FROM_SERVER, InterfaceId.NOTIFICATION_FROM_CLIENT
    same(CREATED_BY_SERVER, ChannelCreated(interface_id=server, message_id=0))
    same(CREATED_BY_CLIENT, ChannelCreated(interface_id=client, message_id=0))
    every_truncation_raises(ChannelCreated, CREATED_BY_SERVER)


def test_interface_capabilities() -> None:
    request = bytes.fromhex("00000000 01000000 00010000 01000000")
    same(request, CapabilityRequest(message_id=1))
    response = bytes.fromhex("00000000 01000000 01000000 00000000")
    same(response, CapabilityResponse(message_id=1))
    every_truncation_raises(CapabilityRequest, request)
    every_truncation_raises(CapabilityResponse, response)


def test_interfaces() -> None:
    guid = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
    query = bytes.fromhex("05000040 01000000 02000000 33221100554477668899aabbccddeeff")
    same(query, QueryInterfaceRequest(interface_id=5, message_id=1, new_interface_guid=guid))
    every_truncation_raises(QueryInterfaceRequest, query)
    found = bytes.fromhex("05000080 01000000 06000000")
    same(found, QueryInterfaceResponse(interface_id=5, message_id=1, new_interface_id=6))
    # "The highest two bits of the NetInterfaceId field in a QI_RSP message MUST be ignored."
    assert QueryInterfaceResponse.decode(found[:-1] + b"\xc0").new_interface_id == 6
    same(found[:8], QueryInterfaceResponse(interface_id=5, message_id=1))
    same(bytes.fromhex("05000040 01000000 01000000"), InterfaceRelease(interface_id=5, message_id=1))


def test_devices() -> None:
    same(bytes.fromhex("01000040 02000000 00010000"), AddVirtualChannel(message_id=2))
    capabilities = UsbDeviceCapabilities(
        usb_bus_interface_version=2,
        usbdi_version=UsbdiVersion.V0600,
        supported_usb_version=SupportedUsbVersion.USB_20,
        device_is_high_speed=DeviceSpeed.HIGH_SPEED,
        no_ack_isoch_write_jitter_buffer_size_in_ms=50,
    )
    same(CAPABILITIES, capabilities)
    device = AddDevice(
        message_id=2,
        usb_device=4,
        device_instance_id="AB",
        hardware_ids=["A", "BC"],
        compatibility_ids=[],
        container_id="{",
        usb_device_capabilities=capabilities,
    )
    # An empty list may be left out, and is written as the end of a list.
    assert AddDevice.decode(DEVICE) == device
    raw = DEVICE.replace(bytes.fromhex("00000000 02000000 7b00"), bytes.fromhex("01000000 0000 02000000 7b00"))
    same(raw, device)
    every_truncation_raises(AddDevice, raw)
    with pytest.raises(InvalidField, match="a size of 29 bytes"):
        UsbDeviceCapabilities.decode(b"\x1d" + CAPABILITIES[1:])
