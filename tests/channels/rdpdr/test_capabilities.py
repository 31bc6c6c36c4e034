"""Capability sets, byte by byte after [MS-RDPEFS] 4.8 and 4.9."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.rdpdr.capabilities import (
    CAPABILITY_SET_LIMIT,
    CapabilityType,
    CoreCapabilityRequest,
    CoreCapabilityResponse,
    DriveCapabilitySet,
    ExtendedPdu,
    ExtraFlags1,
    GeneralCapabilitySet,
    IoCode1,
    PortCapabilitySet,
    PrinterCapabilitySet,
    SmartCardCapabilitySet,
    UnknownCapabilitySet,
    decode_capability_set,
)
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField

GENERAL = bytes.fromhex(
    "0100 2c00 02000000"  # CAP_GENERAL_TYPE, 44 bytes, version 2
    "02000000 00000000"  # osType, osVersion
    "0100 0c00"  # protocol version 1.12
    "ffff0000 00000000"  # ioCode1, ioCode2
    "07000000"  # extendedPDU
    "00000000 00000000"  # extraFlags1, extraFlags2
    "02000000"  # SpecialTypeDeviceCap
)
OTHERS = "0200 0800 01000000 0300 0800 01000000 0400 0800 02000000 0500 0800 01000000"
REQUEST = bytes.fromhex("7244 5053 0500 0000") + GENERAL + bytes.fromhex(OTHERS)
REQUEST_VALUE = CoreCapabilityRequest(
    capability_message=[
        GeneralCapabilitySet(
            os_type=2,
            protocol_minor_version=12,
            extended_pdu=ExtendedPdu.DEVICE_REMOVE | ExtendedPdu.CLIENT_DISPLAY_NAME | ExtendedPdu.USER_LOGGED_ON,
            special_type_device_cap=2,
        ),
        PrinterCapabilitySet(),
        PortCapabilitySet(),
        DriveCapabilitySet(),
        SmartCardCapabilitySet(),
    ]
)
# The client's osVersion is 0x00060000 in the dump, and its drives are of version 1.
RESPONSE = bytes.fromhex(
    "7244 5043 0500 0000 0100 2c00 02000000 02000000 00000600 0100 0c00 ffff0000 00000000 07000000 00000000 00000000"
    "00000000 0200 0800 01000000 0300 0800 01000000 0400 0800 01000000 0500 0800 01000000"
)


def test_the_servers_example() -> None:
    same(REQUEST, REQUEST_VALUE)
    every_truncation_raises(CoreCapabilityRequest, REQUEST)


def test_the_clients_example() -> None:
    response = CoreCapabilityResponse.decode(RESPONSE)
    assert response.encode() == RESPONSE
    general, *others = response.capability_message
    assert isinstance(general, GeneralCapabilitySet)
    assert general.os_version == 0x00060000
    assert general.io_code1 == 0xFFFF
    assert IoCode1.SET_SECURITY in general.io_code1
    assert ExtraFlags1.ENABLE_ASYNCIO not in general.extra_flags1
    assert others == [
        PrinterCapabilitySet(),
        PortCapabilitySet(),
        DriveCapabilitySet(version=1),
        SmartCardCapabilitySet(),
    ]


def test_version_one_of_the_general_set_ends_earlier() -> None:
    value = GeneralCapabilitySet(version=1, protocol_minor_version=5, extended_pdu=ExtendedPdu(0))
    assert len(value.encode()) == 40
    same(value.encode(), value)
    value.special_type_device_cap = 1
    with pytest.raises(EncodeError, match="version 1"):
        value.encode()


def test_a_set_ends_where_its_length_says() -> None:
    src = Cursor(bytes.fromhex("0200 0a00 01000000 ffff 0300 0800 01000000"))
    assert decode_capability_set(src) == PrinterCapabilitySet()
    assert decode_capability_set(src) == PortCapabilitySet()


def test_a_set_of_an_unknown_type_is_kept() -> None:
    raw = bytes.fromhex("7244 5053 0100 0000 0900 0a00 01000000 abcd")
    unknown = UnknownCapabilitySet(capability_type=CapabilityType(9), version=1, capability_data=b"\xab\xcd")
    same(raw, CoreCapabilityRequest(capability_message=[unknown]))


def test_a_length_below_the_header_is_refused() -> None:
    with pytest.raises(InvalidField, match="7 bytes"):
        CoreCapabilityRequest.decode(bytes.fromhex("7244 5053 0100 0000 0200 0700 01000000"))


def test_a_set_does_not_decode_as_another() -> None:
    with pytest.raises(InvalidField, match="capability type"):
        PortCapabilitySet.decode(bytes.fromhex("0200 0800 01000000"))


def test_sets_have_a_limit_both_ways() -> None:
    with pytest.raises(InvalidField, match="exceed"):
        CoreCapabilityRequest.decode(bytes.fromhex("7244 5053 ffff 0000"))
    with pytest.raises(EncodeError, match="exceed"):
        CoreCapabilityRequest(capability_message=[PortCapabilitySet()] * (CAPABILITY_SET_LIMIT + 1)).encode()


@given(st.integers(0, 2), st.binary(max_size=80))
def test_any_bytes_give_a_value_or_an_error(count: int, data: bytes) -> None:
    value_or_error(CoreCapabilityRequest, bytes.fromhex("7244 5053") + bytes([count, 0, 0, 0]) + data)
