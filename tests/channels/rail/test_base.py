from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rail.base import Rectangle, UnknownRailPdu
from trio_rdp.channels.rail.client_events import Activate
from trio_rdp.channels.rail.initialization import Handshake
from trio_rdp.channels.rail.system_parameters import SystemParameter, SystemParametersUpdate
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated


def test_header() -> None:
    raw = bytes.fromhex(
        "0500"  # orderType: TS_RAIL_ORDER_HANDSHAKE
        "0800"  # orderLength
        "71170000"  # buildNumber
    )
    same(raw, Handshake(build_number=0x1771))
    every_truncation_raises(Handshake, raw)


def test_header_errors() -> None:
    with pytest.raises(InvalidField, match=r"Handshake.order_type: order 0x13 instead of 0x5"):
        Handshake.decode(bytes.fromhex("1300 0c00 71170000 00000000"))
    with pytest.raises(InvalidField, match="a message of 3 bytes") as caught:
        Handshake.decode(bytes.fromhex("0500 0300"))
    assert (caught.value.pdu, caught.value.field, caught.value.offset) == ("Handshake", "order_length", 2)
    with pytest.raises(Truncated):  # a length that ends before the message does
        Handshake.decode(bytes.fromhex("0500 0600 71170000"))


def test_bytes_behind_the_message_are_ignored() -> None:
    assert Handshake.decode(bytes.fromhex("0500 0800 71170000 ffff")) == Handshake(build_number=0x1771)
    # and so are fields that a newer peer appends
    assert Handshake.decode(bytes.fromhex("0500 0a00 71170000 ffff")) == Handshake(build_number=0x1771)


def test_what_does_not_fit() -> None:
    with pytest.raises(EncodeError, match="Handshake"):
        Handshake(build_number=1 << 32).encode()
    largest = SystemParametersUpdate(system_param=SystemParameter(0x1234), body=bytes(0xFFFF - 8))
    assert SystemParametersUpdate.decode(largest.encode()) == largest
    with pytest.raises(EncodeError, match="SystemParametersUpdate: 65536 bytes exceed 65535"):
        SystemParametersUpdate(system_param=SystemParameter(0x1234), body=bytes(0xFFFF - 7)).encode()


def test_unknown_messages() -> None:
    same(bytes.fromhex("1b00 0600 aabb"), UnknownRailPdu(order_type=0x1B, data=b"\xaa\xbb"))
    same(bytes.fromhex("0700 0400"), UnknownRailPdu(order_type=7))
    every_truncation_raises(UnknownRailPdu, bytes.fromhex("1b00 0600 aabb"))
    with pytest.raises(InvalidField, match="a message of 0 bytes"):
        UnknownRailPdu.decode(bytes(4))
    with pytest.raises(EncodeError):
        UnknownRailPdu(order_type=7, data=bytes(0xFFFC)).encode()


def test_rectangle() -> None:
    same(bytes.fromhex("0100 0200 0300 ffff"), Rectangle(left=1, top=2, right=3, bottom=0xFFFF))


def test_any_number_but_zero_is_true() -> None:
    activate = Activate.decode(bytes.fromhex("0200 0900 01000000 80"))
    assert activate.enabled is True
    assert activate.encode()[-1] == 1
