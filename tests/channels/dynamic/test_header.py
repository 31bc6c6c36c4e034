from __future__ import annotations

import pytest

from tests.pdu.laws import same
from trio_rdp.channels.dynamic.header import (
    Command,
    UnknownDynamicPdu,
    decode_header,
    decode_number,
    encode_header,
    encode_number,
    width_of,
)
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated


def test_a_header() -> None:
    assert decode_header(Cursor(b"\x24"), Command.DATA_FIRST) == (0, 1)
    dst = bytearray()
    encode_header(dst, Command.DATA_FIRST, 0, 1)
    assert dst == b"\x24"
    with pytest.raises(InvalidField, match="command 0x2, not 0x3"):
        decode_header(Cursor(b"\x24"), Command.DATA)
    with pytest.raises(Truncated):
        decode_header(Cursor(b""), Command.DATA)


@pytest.mark.parametrize("bits", [(16, 0, 0), (1, 4, 0), (1, 0, 4), (-1, 0, 0)])
def test_a_header_of_too_many_bits(bits: tuple[int, int, int]) -> None:
    with pytest.raises(EncodeError, match="do not fit a header"):
        encode_header(bytearray(), *bits)


@pytest.mark.parametrize(
    ("number", "width", "raw"),
    [
        (0, 0, "00"),
        (0xFF, 0, "ff"),
        (0x100, 1, "0001"),
        (0xFFFF, 1, "ffff"),
        (0x10000, 2, "00000100"),
        (0xFFFFFFFF, 2, "ffffffff"),
    ],
)
def test_numbers_take_their_least_width(number: int, width: int, raw: str) -> None:
    dst = bytearray()
    encode_number(dst, number)
    assert dst.hex() == raw
    assert width_of(number) == width
    assert decode_number(Cursor(bytes(dst)), width, "channel_id") == number
    with pytest.raises(Truncated):
        decode_number(Cursor(bytes(dst[:-1])), width, "channel_id")


def test_what_is_no_number() -> None:
    with pytest.raises(InvalidField, match="channel_id: width 3"):
        decode_number(Cursor(bytes(8)), 3, "channel_id")
    for number in (-1, 1 << 32):
        with pytest.raises(EncodeError, match="does not fit 32 bits"):
            width_of(number)


def test_unknown_commands_are_kept() -> None:
    same(b"\xaeabc", UnknownDynamicPdu(cmd=0xA, sp=3, cb_id=2, data=b"abc"))
    same(b"\x00", UnknownDynamicPdu(cmd=0))
