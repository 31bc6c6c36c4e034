from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.urbdrc.completion import (
    AnyUrbResult,
    InterfaceInformationResult,
    IoControlCompletion,
    PipeInformationResult,
    UnmatchedUrbResult,
    UrbCompletion,
    UrbCompletionNoData,
    UrbGetCurrentFrameNumberResult,
    UrbIsochTransferResult,
    UrbResult,
    UrbSelectConfigurationResult,
    UrbSelectInterfaceResult,
    decode_urb_result,
)
from trio_rdp.channels.urbdrc.isochronous import IsoPacketDescriptor
from trio_rdp.channels.urbdrc.urb import (
    AnyTsUrb,
    InterfaceInformation,
    TransferFlags,
    UrbControlGetConfigurationRequest,
    UrbGetCurrentFrameNumber,
    UrbIsochTransfer,
    UrbSelectConfiguration,
    UrbSelectInterface,
)
from trio_rdp.wire.errors import EncodeError

# [MS-RDPEUSB] 4.1.3
IO_CONTROL = bytes.fromhex(
    "00000040"  # RequestCompletion Interface Id, STREAM_ID_PROXY
    "00000000"  # Message Id
    "00010000"  # IO_CONTROL_COMPLETION
    "00000000"  # Request Id
    "00000000"  # HResult
    "04000000"  # Information
    "04000000"  # Output Buffer Size
    "534b5f1a"  # Output Buffer Data
)
# [MS-RDPEUSB] 4.1.5
URB = bytes.fromhex(
    "00000040"  # RequestCompletion Interface Id, STREAM_ID_PROXY
    "00000000"  # Message Id
    "01010000"  # URB_COMPLETION
    "02000000"  # Request Id
    "08000000"  # TS_URB_RESULT Size
    "0800"  # TS_URB_RESULT CbSize
    "0900"  # filler
    "00000000"  # TS_URB_RESULT USBDStatus
    "00000000"  # HResult
    "32000000"  # Output Buffer Size
    "00000000 01000000 02000000 03000000 04000000 05000000 06000000"  # Output Data
    "07000000 08000000 09000000 0a000000 0b000000 0000"
)
INTERFACE = InterfaceInformationResult(
    interface_number=2,
    alternate_setting=3,
    class_=4,
    sub_class=5,
    protocol=6,
    interface_handle=7,
    pipes=[
        PipeInformationResult(
            maximum_packet_size=512,
            endpoint_address=0x81,
            interval=1,
            pipe_type=2,
            pipe_handle=9,
            maximum_transfer_size=0x10000,
        )
    ],
)
INTERFACE_HEX = (
    "2400 02 03 04 05 06 00 07000000 01000000"  # Length to NumberOfPipes
    "0002 81 01 02000000 09000000 00000100 00000000"  # a pipe
)
ASKED = InterfaceInformation(number_of_pipes_expected=0, interface_number=2, pipes=[])
# Size, Padding, UsbdStatus, then what the structure has; and what was asked
RESULTS: list[tuple[str, AnyUrbResult, AnyTsUrb]] = [
    (
        f"3400 0000 00000000  0a000000 01000000 {INTERFACE_HEX}",
        UrbSelectConfigurationResult(configuration_handle=10, interface=[INTERFACE]),
        UrbSelectConfiguration(request_id=1, interfaces=[ASKED]),
    ),
    (
        f"2c00 0000 00000000 {INTERFACE_HEX}",
        UrbSelectInterfaceResult(interface=INTERFACE),
        UrbSelectInterface(request_id=1, configuration_handle=10, interface=ASKED),
    ),
    (
        "0c00 0000 00000000 39300000",
        UrbGetCurrentFrameNumberResult(frame_number=12345),
        UrbGetCurrentFrameNumber(request_id=1),
    ),
    (
        "2000 0000 00000000 09000000 01000000 01000000  00000000 c0000000 010000c0",
        UrbIsochTransferResult(
            start_frame=9,
            error_count=1,
            iso_packet=[IsoPacketDescriptor(offset=0, length=192, status=0xC0000001)],
        ),
        UrbIsochTransfer(request_id=1, pipe_handle=8, transfer_flags=TransferFlags(0), iso_packet=[]),
    ),
    ("0800 0000 040000c0", UrbResult(usbd_status=0xC0000004), UrbControlGetConfigurationRequest(request_id=1)),
]


def test_io_control() -> None:
    completion = IoControlCompletion(
        interface_id=0, message_id=0, request_id=0, information=4, output_buffer=bytes.fromhex("534b5f1a")
    )
    same(IO_CONTROL, completion)
    every_truncation_raises(IoControlCompletion, IO_CONTROL)


def test_transfers_with_data() -> None:
    completion = UrbCompletion(
        interface_id=0, message_id=0, request_id=2, ts_urb_result=UnmatchedUrbResult(), output_buffer=URB[36:]
    )
    assert UrbCompletion.decode(URB) == completion
    same(URB[:22] + b"\0\0" + URB[24:], completion)  # the filler is not kept
    every_truncation_raises(UrbCompletion, URB)


@pytest.mark.parametrize(("text", "result", "urb"), RESULTS, ids=[type(result).__name__ for _, result, _ in RESULTS])
def test_results(text: str, result: AnyUrbResult, urb: AnyTsUrb) -> None:
    raw = bytes.fromhex(text)
    same(raw, result)
    every_truncation_raises(type(result), raw)
    completion = UrbCompletionNoData(
        interface_id=6, message_id=3, request_id=1, ts_urb_result=result, output_buffer_size=0
    )
    received = UrbCompletionNoData.decode(completion.encode())
    assert isinstance(received.ts_urb_result, UnmatchedUrbResult)
    assert decode_urb_result(received.ts_urb_result, urb) == result
    every_truncation_raises(UrbCompletionNoData, completion.encode())


def test_failures_may_be_nothing_but_a_header() -> None:
    failed = UnmatchedUrbResult(usbd_status=0xC0000004)
    for _, _, urb in RESULTS:
        assert decode_urb_result(failed, urb) == UrbResult(usbd_status=0xC0000004)


def test_limits() -> None:
    with pytest.raises(EncodeError, match="65544 bytes exceed 65535"):
        UnmatchedUrbResult(data=bytes(65536)).encode()
    with pytest.raises(EncodeError, match="256 pipes exceed 255"):
        InterfaceInformationResult(interface_number=0, pipes=INTERFACE.pipes * 256).encode()
