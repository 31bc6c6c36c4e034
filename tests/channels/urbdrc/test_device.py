from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.urbdrc.device import (
    DeviceTextType,
    InternalIoControl,
    IoControl,
    QueryDeviceText,
    QueryDeviceTextResponse,
    RegisterRequestCallback,
    RetractDevice,
    RetractReason,
    TransferInRequest,
    TransferOutRequest,
    UsbIoControlCode,
)
from trio_rdp.channels.urbdrc.urb import TransferFlags, UrbBulkOrInterruptTransfer
from trio_rdp.wire.errors import InvalidField

# [MS-RDPEUSB] 4.1.2
INTERNAL = bytes.fromhex(
    "00000040"  # USB Device Interface Id, STREAM_ID_PROXY
    "00000000"  # Message Id
    "03010000"  # INTERNAL_IO_CONTROL
    "00402200"  # IO control code
    "00000000"  # Input Buffer Size
    "04000000"  # Output Buffer Size
    "00000000"  # Request Id
)
# [MS-RDPEUSB] 4.1.4
TRANSFER_IN = bytes.fromhex(
    "00000040"  # USB Device Interface Id, STREAM_ID_PROXY
    "00000000"  # Message Id
    "05010000"  # TRANSFER_IN_REQUEST
    "10000000"  # TS_URB size
    "1000"  # TS_URB CbSize
    "0900"  # TS_URB Function
    "02000000"  # TS_URB Request Id
    "0200ffff"  # TS_URB PipeHandle
    "03000000"  # TS_URB TransferFlag
    "32000000"  # Output Buffer Size
)
URB = UrbBulkOrInterruptTransfer(
    request_id=2,
    pipe_handle=0xFFFF0002,
    transfer_flags=TransferFlags.TRANSFER_DIRECTION_IN | TransferFlags.SHORT_TRANSFER_OK,
)


def test_io_control() -> None:
    code = UsbIoControlCode.TSUSBGD_IOCTL_USBDI_QUERY_BUS_TIME
    internal = InternalIoControl(interface_id=0, message_id=0, io_control_code=code, output_buffer_size=4, request_id=0)
    same(INTERNAL, internal)
    every_truncation_raises(InternalIoControl, INTERNAL)
    raw = bytes.fromhex("04000040 01000000 02010000 07002200 02000000 aabb 00000000 05000000")
    reset = IoControl(
        interface_id=4,
        message_id=1,
        io_control_code=UsbIoControlCode.INTERNAL_USB_RESET_PORT,
        input_buffer=b"\xaa\xbb",
        request_id=5,
    )
    same(raw, reset)
    every_truncation_raises(IoControl, raw)
    with pytest.raises(InvalidField, match="length 16777217 exceeds 16777216"):
        IoControl.decode(raw[:16] + b"\x01\0\0\x01")


def test_callbacks() -> None:
    raw = bytes.fromhex("04000040 01000000 01010000 01000000 06000000")
    same(raw, RegisterRequestCallback(interface_id=4, message_id=1, request_completion=6))
    none = bytes.fromhex("04000040 01000000 01010000 00000000")
    same(
        none,
        RegisterRequestCallback(interface_id=4, message_id=1, num_request_completion=0, request_completion=None),
    )


def test_texts() -> None:
    raw = bytes.fromhex("04000040 01000000 04010000 00000000 09040000")
    same(raw, QueryDeviceText(interface_id=4, message_id=1, text_type=DeviceTextType.DESCRIPTION, locale_id=0x409))
    answer = bytes.fromhex("04000080 01000000 03000000 410042000000 00000000")
    same(answer, QueryDeviceTextResponse(interface_id=4, message_id=1, device_description="AB"))
    every_truncation_raises(QueryDeviceTextResponse, answer)


def test_transfers() -> None:
    incoming = TransferInRequest(interface_id=0, message_id=0, ts_urb=URB, output_buffer_size=50)
    same(TRANSFER_IN, incoming)
    every_truncation_raises(TransferInRequest, TRANSFER_IN)
    outgoing = TransferOutRequest(interface_id=0, message_id=0, ts_urb=URB, output_buffer=b"\1\2")
    raw = TRANSFER_IN[:8] + b"\x06" + TRANSFER_IN[9:-4] + bytes.fromhex("02000000 0102")
    same(raw, outgoing)
    every_truncation_raises(TransferOutRequest, raw)


def test_retraction() -> None:
    raw = bytes.fromhex("04000040 01000000 07010000 01000000")
    same(raw, RetractDevice(interface_id=4, message_id=1, reason=RetractReason.BLOCKED_BY_POLICY))
