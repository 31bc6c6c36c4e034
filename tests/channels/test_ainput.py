from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.ainput import (
    AINPUT_CHANNEL_NAME,
    AinputFlags,
    AinputMouse,
    AinputType,
    AinputVersion,
    UnknownAinput,
    decode_ainput,
)
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated

VERSION = bytes.fromhex(
    "0100"  # type
    "01000000"  # major
    "00000000"  # minor
)
MOUSE = bytes.fromhex(
    "0200"  # type
    "e803000000000000"  # time
    "0810000000000080"  # flags
    "feffffff"  # x
    "68020000"  # y
)


def test_version() -> None:
    same(VERSION, AinputVersion())
    assert decode_ainput(VERSION) == AinputVersion(major=1, minor=0)
    every_truncation_raises(AinputVersion, VERSION)


def test_mouse() -> None:
    flags = AinputFlags.DOWN | AinputFlags.BUTTON1 | 1 << 63
    pdu = AinputMouse(time=1000, flags=flags, x=-2, y=616)
    same(MOUSE, pdu)
    assert decode_ainput(MOUSE) == pdu
    every_truncation_raises(AinputMouse, MOUSE)
    for wrong in (
        AinputMouse(time=1 << 64, flags=flags, x=0, y=0),
        AinputMouse(time=0, flags=flags, x=1 << 31, y=0),
    ):
        with pytest.raises(EncodeError):
            wrong.encode()


def test_unknown_types_are_kept() -> None:
    unknown = UnknownAinput(type=AinputType(3), data=b"abc")
    same(b"\x03\x00abc", unknown)
    assert decode_ainput(b"\x03\x00abc") == unknown


def test_malformed() -> None:
    for raw in (b"", b"\x01", VERSION[:-1], MOUSE[:-1]):
        with pytest.raises(Truncated):
            decode_ainput(raw)
    with pytest.raises(InvalidField, match="type 0x2, not 0x1"):
        AinputVersion.decode(MOUSE)
    with pytest.raises(InvalidField, match="type 0x1, not 0x2"):
        AinputMouse.decode(VERSION + bytes(16))


def test_the_channels_name() -> None:
    assert AINPUT_CHANNEL_NAME == "FreeRDP::Advanced::Input"


@given(st.integers(0, 3), st.binary(max_size=30))
def test_any_bytes(kind: int, rest: bytes) -> None:
    try:
        pdu = decode_ainput(bytes([kind, 0]) + rest)
    except DecodeError:
        return
    assert decode_ainput(pdu.encode()) == pdu
