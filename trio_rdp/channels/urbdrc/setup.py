"""Capabilities, new channels and devices, versions, and interfaces, [MS-RDPEUSB] 2.2.2 to 2.2.5 and 2.2.11."""

from __future__ import annotations

import struct
import uuid
from typing import Annotated, ClassVar, Self

from trio_rdp.channels.urbdrc.header import (
    TEXT_LIMIT,
    CountedText,
    InterfaceId,
    StreamId,
    UrbdrcRequest,
    UrbdrcResponse,
    u30,
)
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import InvalidField
from trio_rdp.wire.fields import U32, Fixed, Utf16List, u32
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "AddDevice",
    "AddVirtualChannel",
    "CapabilityRequest",
    "CapabilityResponse",
    "ChannelCreated",
    "DeviceSpeed",
    "InterfaceRelease",
    "QueryInterfaceRequest",
    "QueryInterfaceResponse",
    "RimCapability",
    "SupportedUsbVersion",
    "UsbDeviceCapabilities",
    "UsbdiVersion",
]

_CAPABILITIES = struct.Struct("<7I")
_guid = Fixed("16s", decoder=lambda raw: uuid.UUID(bytes_le=raw), encoder=lambda guid: guid.bytes_le)


class RimCapability(OpenEnum):
    """Versions of the manipulation of interfaces (RIM_CAPABILITY_*)."""

    VERSION_01 = 0x00000001


class UsbdiVersion(OpenEnum):
    """Versions of Windows' interface to USB."""

    V0500 = 0x00000500
    V0600 = 0x00000600


class SupportedUsbVersion(OpenEnum):
    """Versions of USB that a device can have, in decimal digits; the document ends with 2.0."""

    USB_10 = 0x100
    USB_11 = 0x110
    USB_20 = 0x200


class DeviceSpeed(OpenEnum):
    """How fast a device is; whoever writes 1 for a device of USB 3 means that it is at least that fast."""

    FULL_SPEED = 0
    HIGH_SPEED = 1


@pdu
class QueryInterfaceRequest(UrbdrcRequest):
    """Query Interface Request (QI_REQ), [MS-RDPEXPS] 2.2.2.1.1."""

    function_id: ClassVar[int] = 0x00000002

    new_interface_guid: Annotated[uuid.UUID, _guid]


@pdu
class QueryInterfaceResponse(UrbdrcResponse):
    """Query Interface Response (QI_RSP), [MS-RDPEXPS] 2.2.2.1.2; without an id, there is no such interface."""

    new_interface_id: Annotated[int | None, u30] = None


@pdu
class InterfaceRelease(UrbdrcRequest):
    """Interface Release (IFACE_RELEASE), [MS-RDPEXPS] 2.2.2.2; nobody answers."""

    function_id: ClassVar[int] = 0x00000001


@pdu
class CapabilityRequest(UrbdrcRequest):
    """Interface Manipulation Exchange Capabilities Request (RIM_EXCHANGE_CAPABILITY_REQUEST), [MS-RDPEUSB] 2.2.3.1."""

    stream_id: ClassVar[StreamId] = StreamId.NONE
    function_id: ClassVar[int] = 0x00000100

    interface_id: Annotated[int, u30] = InterfaceId.CAPABILITIES
    capability_value: Annotated[RimCapability, u32] = RimCapability.VERSION_01


@pdu
class CapabilityResponse(UrbdrcResponse):
    """Interface Manipulation Exchange Capabilities Response, [MS-RDPEUSB] 2.2.3.2.

    RIM_EXCHANGE_CAPABILITY_RESPONSE; `result` is an HRESULT.
    """

    stream_id: ClassVar[StreamId] = StreamId.NONE

    interface_id: Annotated[int, u30] = InterfaceId.CAPABILITIES
    capability_value: Annotated[RimCapability, u32] = RimCapability.VERSION_01
    result: U32 = 0


@pdu
class AddVirtualChannel(UrbdrcRequest):
    """Add Virtual Channel Message (ADD_VIRTUAL_CHANNEL), [MS-RDPEUSB] 2.2.4.1: the server is to open one more."""

    function_id: ClassVar[int] = 0x00000100

    interface_id: Annotated[int, u30] = InterfaceId.DEVICE_SINK


@pdu
class UsbDeviceCapabilities(Pdu):
    """USB_DEVICE_CAPABILITIES, [MS-RDPEUSB] 2.2.11; the jitter buffer is 10 to 512 ms, or 0 where there is none."""

    usb_bus_interface_version: int
    usbdi_version: UsbdiVersion = UsbdiVersion.V0600
    supported_usb_version: SupportedUsbVersion
    hcd_capabilities: int = 0
    device_is_high_speed: DeviceSpeed
    no_ack_isoch_write_jitter_buffer_size_in_ms: int = 0

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        start = src.pos
        size, bus_interface, usbdi, supported, hcd, speed, jitter = _CAPABILITIES.unpack(src.take(_CAPABILITIES.size))
        if size != _CAPABILITIES.size:
            raise InvalidField(f"a size of {size} bytes", field="size", offset=start)
        return cls(
            usb_bus_interface_version=bus_interface,
            usbdi_version=UsbdiVersion(usbdi),
            supported_usb_version=SupportedUsbVersion(supported),
            hcd_capabilities=hcd,
            device_is_high_speed=DeviceSpeed(speed),
            no_ack_isoch_write_jitter_buffer_size_in_ms=jitter,
        )

    def encode_into(self, dst: bytearray) -> None:
        dst += _CAPABILITIES.pack(
            _CAPABILITIES.size,
            self.usb_bus_interface_version,
            self.usbdi_version,
            self.supported_usb_version,
            self.hcd_capabilities,
            self.device_is_high_speed,
            self.no_ack_isoch_write_jitter_buffer_size_in_ms,
        )


@pdu
class AddDevice(UrbdrcRequest):
    """Add Device Message (ADD_DEVICE), [MS-RDPEUSB] 2.2.4.2; `usb_device` is the interface of requests to the device.

    `num_usb_device` MUST be 1; `container_id` is a GUID in braces, the same for all parts of one thing.
    """

    function_id: ClassVar[int] = 0x00000101

    interface_id: Annotated[int, u30] = InterfaceId.DEVICE_SINK
    num_usb_device: U32 = 1
    usb_device: U32
    device_instance_id: Annotated[str, CountedText()]
    hardware_ids: Annotated[list[str], Utf16List(u32, limit=TEXT_LIMIT)]
    compatibility_ids: Annotated[list[str], Utf16List(u32, limit=TEXT_LIMIT)]
    container_id: Annotated[str, CountedText()]
    usb_device_capabilities: UsbDeviceCapabilities


@pdu
class ChannelCreated(UrbdrcRequest):
    """Channel Created Message (CHANNEL_CREATED), [MS-RDPEUSB] 2.2.5.1; the interface says who sends it."""

    function_id: ClassVar[int] = 0x00000100

    major_version: U32 = 1
    minor_version: U32 = 0
    capabilities: U32 = 0
