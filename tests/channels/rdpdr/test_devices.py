"""Devices come and go, byte by byte after [MS-RDPEFS] 4.2, 4.10 and 4.11."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.rdpdr.devices import (
    DEVICE_LIMIT,
    DeviceAnnounce,
    DeviceAnnounceResponse,
    DeviceListAnnounce,
    DeviceListRemove,
    DeviceType,
    drive_data,
    drive_name,
)
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField


def _drive(number: int, name: str, data: bytes = b"") -> DeviceAnnounce:
    return DeviceAnnounce(
        device_type=DeviceType.FILE_SYSTEM, device_id=number, preferred_dos_name=name, device_data=data
    )


def test_the_documents_announcement() -> None:
    raw = bytes.fromhex(
        "7244 4144 03000000"  # PAKID_CORE_DEVICELIST_ANNOUNCE, DeviceCount
        "08000000 03000000 453a000000000000 00000000"  # type, id, PreferredDosName, DeviceDataLength
        "08000000 02000000 443a000000000000 00000000"
        "08000000 01000000 433a000000000000 00000000"
    )
    same(raw, DeviceListAnnounce(device_list=[_drive(3, "E:"), _drive(2, "D:"), _drive(1, "C:")]))
    every_truncation_raises(DeviceListAnnounce, raw)


def test_the_documents_removal() -> None:
    raw = bytes.fromhex("7244 4d44 01000000 01000000")
    same(raw, DeviceListRemove(device_ids=[1]))
    every_truncation_raises(DeviceListRemove, raw)


def test_the_documents_response() -> None:
    raw = bytes.fromhex("7244 7264 01000000 00000000")
    same(raw, DeviceAnnounceResponse(device_id=1, result_code=NtStatus.SUCCESS))
    every_truncation_raises(DeviceAnnounceResponse, raw)


def test_the_full_name_of_a_drive() -> None:
    device = _drive(1, "Holiday", drive_data("Holiday pictures"))
    assert device.device_data == "Holiday pictures\0".encode("utf-16-le")
    assert drive_name(device) == "Holiday pictures"
    assert drive_name(_drive(1, "C:")) == "C:"


@pytest.mark.parametrize("name", ["share", "abc", "a", "x" * 40, "a_é"])
def test_the_full_name_of_a_drive_in_bytes(name: str) -> None:
    """As rdesktop 1.9.0 and xfreerdp 2.11.7 send it."""
    assert drive_name(_drive(1, name[:6], name.encode() + b"\0")) == name


def test_a_name_in_bytes_that_are_no_utf8() -> None:
    assert drive_name(_drive(1, "x", b"caf\xe9\0")) == "caf\xe9"


@given(st.binary(max_size=16))
def test_any_data_gives_a_name_or_an_error(data: bytes) -> None:
    try:
        assert "\0" not in drive_name(_drive(1, "C:", data))
    except DecodeError:
        raise AssertionError from None


def test_devices_have_a_limit_both_ways() -> None:
    for raw, value in (
        ("7244 4144 ffffffff", DeviceListAnnounce(device_list=[_drive(1, "C:")] * (DEVICE_LIMIT + 1))),
        ("7244 4d44 ffffffff", DeviceListRemove(device_ids=[1] * (DEVICE_LIMIT + 1))),
    ):
        with pytest.raises(InvalidField, match="exceed"):
            type(value).decode(bytes.fromhex(raw))
        with pytest.raises(EncodeError, match="exceed"):
            value.encode()


def test_the_data_of_a_device_have_a_limit() -> None:
    with pytest.raises(InvalidField, match="exceeds"):
        DeviceAnnounce.decode(bytes(16) + b"\xff\xff\xff\x7f")


@given(st.integers(0, 3), st.binary(max_size=80))
def test_any_bytes_give_a_value_or_an_error(count: int, data: bytes) -> None:
    value_or_error(DeviceListAnnounce, bytes.fromhex("7244 4144") + bytes([count, 0, 0, 0]) + data)
