from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels import urbdrc
from trio_rdp.channels.urbdrc.messages import decode_answer, decode_urbdrc_from_client, decode_urbdrc_from_server
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated

URB = urbdrc.UrbGetCurrentFrameNumber(request_id=1)
RESULT = urbdrc.UnmatchedUrbResult()
CODE = urbdrc.UsbIoControlCode.INTERNAL_USB_RESET_PORT
TEXT = urbdrc.QueryDeviceText(
    interface_id=4, message_id=9, text_type=urbdrc.DeviceTextType.DESCRIPTION, locale_id=0x409
)
QUERY = urbdrc.QueryInterfaceRequest(interface_id=4, message_id=9, new_interface_guid=uuid.UUID(int=1))
RELEASE = urbdrc.InterfaceRelease(interface_id=1, message_id=9)

FROM_SERVER: list[urbdrc.UrbdrcFromServer] = [
    urbdrc.CapabilityRequest(message_id=0),
    urbdrc.ChannelCreated(interface_id=urbdrc.InterfaceId.NOTIFICATION_FROM_SERVER, message_id=0),
    urbdrc.CancelRequest(interface_id=4, message_id=1, request_id=1),
    urbdrc.RegisterRequestCallback(interface_id=4, message_id=1, request_completion=5),
    urbdrc.IoControl(interface_id=4, message_id=1, io_control_code=CODE, request_id=1),
    urbdrc.InternalIoControl(interface_id=4, message_id=1, io_control_code=CODE, request_id=1),
    TEXT,
    urbdrc.TransferInRequest(interface_id=4, message_id=1, ts_urb=URB),
    urbdrc.TransferOutRequest(interface_id=4, message_id=1, ts_urb=URB),
    urbdrc.RetractDevice(interface_id=4, message_id=1),
    RELEASE,
    QUERY,
    urbdrc.UnmatchedResponse(interface_id=4, message_id=1),
    urbdrc.UnknownUrbdrc(interface_id=4, stream_id=urbdrc.StreamId.PROXY, message_id=1, function_id=0x999, data=b"\0"),
]
FROM_CLIENT: list[urbdrc.UrbdrcFromClient] = [
    urbdrc.CapabilityResponse(message_id=0),
    urbdrc.AddVirtualChannel(message_id=1),
    urbdrc.AddDevice(
        message_id=1,
        usb_device=4,
        device_instance_id="i",
        hardware_ids=["h"],
        compatibility_ids=["c"],
        container_id="{}",
        usb_device_capabilities=urbdrc.UsbDeviceCapabilities(
            usb_bus_interface_version=2,
            supported_usb_version=urbdrc.SupportedUsbVersion.USB_20,
            device_is_high_speed=urbdrc.DeviceSpeed.HIGH_SPEED,
        ),
    ),
    urbdrc.ChannelCreated(interface_id=urbdrc.InterfaceId.NOTIFICATION_FROM_CLIENT, message_id=0),
    urbdrc.IoControlCompletion(interface_id=5, message_id=1, request_id=1),
    urbdrc.UrbCompletion(interface_id=5, message_id=1, request_id=1, ts_urb_result=RESULT),
    urbdrc.UrbCompletionNoData(interface_id=5, message_id=1, request_id=1, ts_urb_result=RESULT),
    RELEASE,
    QUERY,
    urbdrc.UnmatchedResponse(interface_id=4, message_id=1, data=b"answer"),
    urbdrc.UnknownUrbdrc(interface_id=4, stream_id=urbdrc.StreamId(3), message_id=1, function_id=0x100),
]


@pytest.mark.parametrize("message", FROM_SERVER, ids=lambda message: type(message).__name__)
def test_from_servers(message: urbdrc.UrbdrcFromServer) -> None:
    assert decode_urbdrc_from_server(message.encode()) == message


@pytest.mark.parametrize("message", FROM_CLIENT, ids=lambda message: type(message).__name__)
def test_from_clients(message: urbdrc.UrbdrcFromClient) -> None:
    assert decode_urbdrc_from_client(message.encode()) == message


def test_answers() -> None:
    text = urbdrc.QueryDeviceTextResponse(interface_id=4, message_id=9, device_description="Keyboard")
    received = decode_urbdrc_from_client(text.encode())
    assert isinstance(received, urbdrc.UnmatchedResponse)
    assert decode_answer(received, TEXT) == text
    interface = urbdrc.QueryInterfaceResponse(interface_id=4, message_id=9, new_interface_id=7)
    also_received = decode_urbdrc_from_server(interface.encode())
    assert isinstance(also_received, urbdrc.UnmatchedResponse)
    assert decode_answer(also_received, QUERY) == interface
    with pytest.raises(Truncated):
        decode_answer(urbdrc.UnmatchedResponse(interface_id=4, message_id=9), TEXT)


def test_wrong_headers() -> None:
    # STREAM_ID_NONE "MUST NOT be used for any other messages".
    with pytest.raises(InvalidField, match="function 0x101"):
        decode_urbdrc_from_server(bytes.fromhex("00000000 00000000 01010000 00000000"))
    for decode in (decode_urbdrc_from_server, decode_urbdrc_from_client):
        for size in range(8):
            with pytest.raises(Truncated):
                decode(bytes(size))


@given(
    st.sampled_from([0, 1, 2, 3, 4]), st.integers(0, 3), st.sampled_from([*range(4), *range(0xFF, 0x10A)]), st.binary()
)
def test_any_bytes(interface: int, mask: int, function: int, rest: bytes) -> None:
    raw = (interface | mask << 30).to_bytes(4, "little") + bytes(4) + function.to_bytes(4, "little") + rest
    for decode in (decode_urbdrc_from_server, decode_urbdrc_from_client):
        try:
            message = decode(raw)
        except DecodeError:
            continue
        assert decode(message.encode()) == message
