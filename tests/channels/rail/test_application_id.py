from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rail.application_id import GetApplicationIdExtendedResponse, GetApplicationIdResponse
from trio_rdp.wire.errors import EncodeError, Truncated

NAME = "microsoft.windows.notepad"

# [MS-RDPERP] 4.5.7
CAPTURED = (
    bytes.fromhex(
        "0f00"  # orderType: TS_RAIL_ORDER_GET_APPID_RESP
        "0802"  # orderLength: 520
        "52000200"  # WindowId
    )
    + bytes.fromhex(  # ApplicationId
        "6d006900630072006f0073006f00660074002e00770069006e0064006f00770073002e006e006f00740065007000610064000000"
    )
).ljust(520, b"\0")


def test_response() -> None:
    raw = bytes.fromhex("0f00 1002 52000200") + NAME.encode("utf-16-le").ljust(520, b"\0")
    same(raw, GetApplicationIdResponse(window_id=0x20052, application_id=NAME))
    every_truncation_raises(GetApplicationIdResponse, raw)


def test_the_captured_one_is_shorter_than_the_table() -> None:
    response = GetApplicationIdResponse.decode(CAPTURED)
    assert response == GetApplicationIdResponse(window_id=0x20052, application_id=NAME)
    assert len(response.encode()) == 528
    every_truncation_raises(GetApplicationIdResponse, CAPTURED)
    with pytest.raises(Truncated):
        GetApplicationIdResponse.decode(b"\x0f\0\x06\x02" + CAPTURED[4:518])


def test_extended_response() -> None:
    raw = (
        bytes.fromhex("1800 1c04 52000200")  # orderType, orderLength, WindowId
        + NAME.encode("utf-16-le").ljust(520, b"\0")  # ApplicationId
        + bytes.fromhex("d2040000")  # ProcessId
        + "notepad.exe".encode("utf-16-le").ljust(520, b"\0")  # ProcessImageName
    )
    same(
        raw,
        GetApplicationIdExtendedResponse(
            window_id=0x20052, application_id=NAME, process_id=1234, process_image_name="notepad.exe"
        ),
    )
    every_truncation_raises(GetApplicationIdExtendedResponse, raw)


def test_limits() -> None:
    longest = GetApplicationIdResponse(window_id=1, application_id="a" * 259)
    assert GetApplicationIdResponse.decode(longest.encode()) == longest
    with pytest.raises(EncodeError, match="260 UTF-16 units do not fit 259"):
        GetApplicationIdResponse(window_id=1, application_id="a" * 260).encode()
