"""What servers ask of a device, [MS-RDPEUSB] 2.2.6 and 2.2.12."""

from __future__ import annotations

from typing import Annotated, ClassVar

from trio_rdp.channels.urbdrc.header import BUFFER_LIMIT, CountedText, UrbdrcRequest, UrbdrcResponse
from trio_rdp.channels.urbdrc.urb import AnyTsUrb, SizedUrb
from trio_rdp.wire.fields import U32, Prefixed, u32
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import pdu

__all__ = [
    "CancelRequest",
    "DeviceTextType",
    "InternalIoControl",
    "IoControl",
    "QueryDeviceText",
    "QueryDeviceTextResponse",
    "RegisterRequestCallback",
    "RetractDevice",
    "RetractReason",
    "TransferInRequest",
    "TransferOutRequest",
    "UsbIoControlCode",
]

_buffer = Prefixed(u32, limit=BUFFER_LIMIT)


class UsbIoControlCode(OpenEnum):
    """What can be asked with IO control messages (IOCTL_*), [MS-RDPEUSB] 2.2.12; the last is an internal one."""

    INTERNAL_USB_RESET_PORT = 0x00220007
    INTERNAL_USB_GET_PORT_STATUS = 0x00220013
    INTERNAL_USB_GET_HUB_COUNT = 0x0022001B
    INTERNAL_USB_CYCLE_PORT = 0x0022001F
    INTERNAL_USB_GET_HUB_NAME = 0x00220020
    INTERNAL_USB_GET_BUS_INFO = 0x00220420
    INTERNAL_USB_GET_CONTROLLER_NAME = 0x00220424
    TSUSBGD_IOCTL_USBDI_QUERY_BUS_TIME = 0x00224000


class DeviceTextType(OpenEnum):
    """Which text of a device is wanted (DEVICE_TEXT_TYPE of Windows)."""

    DESCRIPTION = 0
    LOCATION_INFORMATION = 1


class RetractReason(OpenEnum):
    """Why a device is no longer redirected (UsbRetractReason_*), [MS-RDPEUSB] 2.2.8."""

    BLOCKED_BY_POLICY = 0x00000001


@pdu
class CancelRequest(UrbdrcRequest):
    """Cancel Request Message (CANCEL_REQUEST), [MS-RDPEUSB] 2.2.6.1."""

    function_id: ClassVar[int] = 0x00000100

    request_id: U32


@pdu
class RegisterRequestCallback(UrbdrcRequest):
    """Register Request Callback Message (REGISTER_REQUEST_CALLBACK), [MS-RDPEUSB] 2.2.6.2.

    `request_completion` is the interface of all completions, and there where the number is not 0.
    """

    function_id: ClassVar[int] = 0x00000101

    num_request_completion: U32 = 1
    request_completion: U32 | None


@pdu
class IoControl(UrbdrcRequest):
    """IO Control Message (IO_CONTROL), [MS-RDPEUSB] 2.2.6.3."""

    function_id: ClassVar[int] = 0x00000102

    io_control_code: Annotated[UsbIoControlCode, u32]
    input_buffer: Annotated[bytes, _buffer] = b""
    output_buffer_size: U32 = 0
    request_id: U32


@pdu
class InternalIoControl(UrbdrcRequest):
    """Internal IO Control Message (INTERNAL_IO_CONTROL), [MS-RDPEUSB] 2.2.6.4."""

    function_id: ClassVar[int] = 0x00000103

    io_control_code: Annotated[UsbIoControlCode, u32]
    input_buffer: Annotated[bytes, _buffer] = b""
    output_buffer_size: U32 = 0
    request_id: U32


@pdu
class QueryDeviceText(UrbdrcRequest):
    """Query Device Text Message (QUERY_DEVICE_TEXT), [MS-RDPEUSB] 2.2.6.5."""

    function_id: ClassVar[int] = 0x00000104

    text_type: Annotated[DeviceTextType, u32]
    locale_id: U32


@pdu
class QueryDeviceTextResponse(UrbdrcResponse):
    """Query Device Text Response Message (QUERY_DEVICE_TEXT_RSP), [MS-RDPEUSB] 2.2.6.6."""

    device_description: Annotated[str, CountedText()]
    h_result: U32 = 0


@pdu
class TransferInRequest(UrbdrcRequest):
    """Transfer In Request (TRANSFER_IN_REQUEST), [MS-RDPEUSB] 2.2.6.7: at most so many bytes are to come back."""

    function_id: ClassVar[int] = 0x00000105

    ts_urb: Annotated[AnyTsUrb, SizedUrb()]
    output_buffer_size: U32 = 0


@pdu
class TransferOutRequest(UrbdrcRequest):
    """Transfer Out Request (TRANSFER_OUT_REQUEST), [MS-RDPEUSB] 2.2.6.8."""

    function_id: ClassVar[int] = 0x00000106

    ts_urb: Annotated[AnyTsUrb, SizedUrb()]
    output_buffer: Annotated[bytes, _buffer] = b""


@pdu
class RetractDevice(UrbdrcRequest):
    """Retract Device (RETRACT_DEVICE), [MS-RDPEUSB] 2.2.6.9: the device MUST no longer be redirected."""

    function_id: ClassVar[int] = 0x00000107

    reason: Annotated[RetractReason, u32] = RetractReason.BLOCKED_BY_POLICY
