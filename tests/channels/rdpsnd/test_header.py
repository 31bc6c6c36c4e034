from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import same, value_or_error
from trio_rdp.channels.rdpsnd.data import Close, Wave2
from trio_rdp.channels.rdpsnd.header import BODY_LIMIT, MessageType, UnknownRdpsnd
from trio_rdp.channels.rdpsnd.settings import Volume
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated


def test_pad_and_tail_carry_nothing() -> None:
    # SNDC_SETVOLUME, a pad of whatever, BodySize, the volume, and two bytes that no header counts
    assert Volume.decode(bytes.fromhex("03 a5 0400 ff7f0080 ffff")) == Volume(volume=0x80007FFF)


def test_the_body_ends_where_the_header_says() -> None:
    with pytest.raises(Truncated, match="needs 4 bytes, 3 left") as raised:
        Volume.decode(bytes.fromhex("03 00 0300 ff7f0080"))
    assert raised.value.pdu == "Volume"
    assert raised.value.offset == 4
    with pytest.raises(Truncated, match="needs 5 bytes, 4 left") as raised:
        Volume.decode(bytes.fromhex("03 00 0500 ff7f0080"))
    assert raised.value.pdu == "Volume"


def test_a_header_that_is_not_whole() -> None:
    with pytest.raises(Truncated, match="needs 4 bytes, 3 left"):
        Close.decode(b"\1\0\0")


def test_a_message_of_another_type() -> None:
    with pytest.raises(InvalidField, match=r"SETPITCH: 4> is not <MessageType\.SETVOLUME: 3>") as raised:
        Volume.decode(bytes.fromhex("04 00 0400 ff7f0080"))
    assert (raised.value.pdu, raised.value.field, raised.value.offset) == ("Volume", "msg_type", 0)
    with pytest.raises(InvalidField, match="UNKNOWN_0x77"):
        Volume.decode(bytes.fromhex("77 00 0400 ff7f0080"))


def test_a_body_that_no_header_can_count() -> None:
    wave = Wave2(time_stamp=0, format_no=0, block_no=0, audio_time_stamp=0, data=bytes(BODY_LIMIT - 11))
    with pytest.raises(EncodeError, match="Wave2: a body of 65536 bytes exceeds 65535"):
        wave.encode()


def test_unknown_messages() -> None:
    same(bytes.fromhex("77 01 0200 0304"), UnknownRdpsnd(msg_type=MessageType(0x77), data=b"\1\2\0\3\4"))
    same(b"\x77", UnknownRdpsnd(msg_type=MessageType(0x77)))
    with pytest.raises(Truncated):
        UnknownRdpsnd.decode(b"")


@given(st.integers(0, 8), st.binary(max_size=8))
def test_any_bytes(body_size: int, rest: bytes) -> None:
    raw = b"\3\0" + body_size.to_bytes(2, "little") + rest
    value_or_error(Volume, raw)
    value_or_error(UnknownRdpsnd, rest)
