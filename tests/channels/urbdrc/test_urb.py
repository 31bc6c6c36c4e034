from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.urbdrc.descriptors import SetupPacket
from trio_rdp.channels.urbdrc.isochronous import IsoPacketDescriptor
from trio_rdp.channels.urbdrc.urb import (
    PIPES_LIMIT,
    AnyTsUrb,
    InterfaceInformation,
    PipeInformation,
    SizedUrb,
    TransferFlags,
    UnknownUrb,
    UrbBulkOrInterruptTransfer,
    UrbControlDescriptorRequest,
    UrbControlFeatureRequest,
    UrbControlGetConfigurationRequest,
    UrbControlGetInterfaceRequest,
    UrbControlGetStatusRequest,
    UrbControlTransfer,
    UrbControlTransferEx,
    UrbControlVendorOrClassRequest,
    UrbFunction,
    UrbGetCurrentFrameNumber,
    UrbIsochTransfer,
    UrbOsFeatureDescriptorRequest,
    UrbPipeRequest,
    UrbSelectConfiguration,
    UrbSelectInterface,
    decode_urb,
)
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField

INTERFACE = InterfaceInformation(
    number_of_pipes_expected=1,
    interface_number=2,
    alternate_setting=3,
    pipes=[PipeInformation(maximum_packet_size=512, maximum_transfer_size=0x10000, pipe_flags=1)],
)
INTERFACE_HEX = "1800 0100 02 03 0000 01000000  0002 0000 00000100 01000000"
SETUP = SetupPacket(request_type=0x80, request=6, value=0x0100, length=18)
SETUP_HEX = "80 06 0001 0000 1200"
IN = TransferFlags.TRANSFER_DIRECTION_IN

# Size, URB Function, RequestId with NoAck, then what the structure has
URBS: list[tuple[str, AnyTsUrb]] = [
    (
        f"3100 0000 01000000  01 000000 01000000 {INTERFACE_HEX} 0902f7020301008032",
        UrbSelectConfiguration(
            request_id=1,
            configuration_descriptor_is_valid=1,
            interfaces=[INTERFACE],
            configuration_descriptor=bytes.fromhex("0902f7020301008032"),
        ),
    ),
    (
        f"2400 0100 01000000  07000000 {INTERFACE_HEX}",
        UrbSelectInterface(request_id=1, configuration_handle=7, interface=INTERFACE),
    ),
    (
        "0c00 1e00 01000000  08000000",
        UrbPipeRequest(urb_function=UrbFunction.SYNC_RESET_PIPE_AND_CLEAR_STALL, request_id=1, pipe_handle=8),
    ),
    ("0800 0700 ffffff7f", UrbGetCurrentFrameNumber(request_id=0x7FFFFFFF)),
    (
        f"1800 0800 01000000  08000000 01000000 {SETUP_HEX}",
        UrbControlTransfer(request_id=1, pipe_handle=8, transfer_flags=IN, setup_packet=SETUP),
    ),
    (
        "1000 0900 02000000  0200ffff 03000000",
        UrbBulkOrInterruptTransfer(
            request_id=2, pipe_handle=0xFFFF0002, transfer_flags=IN | TransferFlags.SHORT_TRANSFER_OK
        ),
    ),
    (
        "2800 0a00 01000080  08000000 04000000 09000000 01000000 00000000  00000000 c0000000 00000000",
        UrbIsochTransfer(
            request_id=1,
            no_ack=True,
            pipe_handle=8,
            transfer_flags=TransferFlags.START_ISO_TRANSFER_ASAP,
            start_frame=9,
            iso_packet=[IsoPacketDescriptor(offset=0, length=192)],
        ),
    ),
    (
        "0c00 0b00 01000000  00 01 0904",
        UrbControlDescriptorRequest(
            urb_function=UrbFunction.GET_DESCRIPTOR_FROM_DEVICE,
            request_id=1,
            index=0,
            descriptor_type=1,
            language_id=0x409,
        ),
    ),
    (
        "0c00 2200 01000000  0100 0200",
        UrbControlFeatureRequest(
            urb_function=UrbFunction.CLEAR_FEATURE_TO_OTHER, request_id=1, feature_selector=1, index=2
        ),
    ),
    (
        "0c00 1500 01000000  0200 0000",
        UrbControlGetStatusRequest(urb_function=UrbFunction.GET_STATUS_FROM_ENDPOINT, request_id=1, index=2),
    ),
    (
        "1400 1b00 01000000  01000000 02 a1 0001 0300 0000",
        UrbControlVendorOrClassRequest(
            urb_function=UrbFunction.CLASS_INTERFACE,
            request_id=1,
            transfer_flags=IN,
            request_type_reserved_bits=2,
            request=0xA1,
            value=0x100,
            index=3,
        ),
    ),
    ("0800 2600 01000000", UrbControlGetConfigurationRequest(request_id=1)),
    ("0c00 2700 01000000  0300 0000", UrbControlGetInterfaceRequest(request_id=1, interface=3)),
    (
        "1000 2a00 01000000  1f 02 03 0400 000000",
        UrbOsFeatureDescriptorRequest(
            request_id=1, recipient=0x1F, interface_number=2, ms_page_index=3, ms_feature_descriptor_index=4
        ),
    ),
    (
        f"1c00 3200 01000000  08000000 01000000 e8030000 {SETUP_HEX}",
        UrbControlTransferEx(request_id=1, pipe_handle=8, transfer_flags=IN, timeout=1000, setup_packet=SETUP),
    ),
    (
        "0a00 0600 01000000  aabb",
        UnknownUrb(urb_function=UrbFunction(6), request_id=1, data=b"\xaa\xbb"),
    ),
]


@pytest.mark.parametrize(("text", "urb"), URBS, ids=[type(urb).__name__ for _, urb in URBS])
def test_urbs(text: str, urb: AnyTsUrb) -> None:
    raw = bytes.fromhex(text)
    same(raw, urb)
    assert decode_urb(raw) == urb
    optional = {UnknownUrb: 2, UrbSelectConfiguration: 9}.get(type(urb), 0)
    every_truncation_raises(type(urb), raw[: len(raw) - optional])
    dst = bytearray()
    SizedUrb().encode_into(dst, urb)
    assert SizedUrb().decode_from(Cursor(bytes(dst) + b"more")) == urb


def test_every_function_has_its_structure() -> None:
    for function in UrbFunction:
        urb = UnknownUrb(urb_function=function, request_id=1, data=bytes(40))
        assert not isinstance(decode_urb(urb.encode()), UnknownUrb)


def test_other_functions_are_refused() -> None:
    with pytest.raises(InvalidField, match=r"UrbSelectInterface\.urb_function: function 0x0"):
        UrbSelectInterface.decode(bytes.fromhex(URBS[0][0]))


def test_limits() -> None:
    with pytest.raises(EncodeError, match="request 0x80000000 exceeds 0x7fffffff"):
        UrbGetCurrentFrameNumber(request_id=0x80000000).encode()
    with pytest.raises(EncodeError, match="recipient 0x20 exceeds 0x1f"):
        UrbOsFeatureDescriptorRequest(request_id=1, recipient=0x20, ms_feature_descriptor_index=4).encode()
    with pytest.raises(EncodeError, match="65544 bytes exceed 65535"):
        UnknownUrb(urb_function=UrbFunction(6), request_id=1, data=bytes(65536)).encode()
    pipes = [PipeInformation(maximum_packet_size=8, maximum_transfer_size=8)] * (PIPES_LIMIT + 1)
    with pytest.raises(EncodeError, match="256 pipes exceed 255"):
        InterfaceInformation(number_of_pipes_expected=1, interface_number=0, pipes=pipes).encode()
    with pytest.raises(InvalidField, match="256 items exceed 255"):
        InterfaceInformation.decode(bytes(8) + b"\0\x01\0\0")
    # The highest three bits are padding.
    raw = bytes.fromhex("1000 2a00 01000000  ff 02 03 0400 000000")
    assert UrbOsFeatureDescriptorRequest.decode(raw).recipient == 0x1F


@given(st.integers(0, 0x33), st.binary(min_size=4, max_size=60))
def test_any_bytes(function: int, rest: bytes) -> None:
    try:
        urb = decode_urb(b"\0\0" + function.to_bytes(2, "little") + rest)
    except DecodeError:
        return
    assert decode_urb(urb.encode()) == urb
