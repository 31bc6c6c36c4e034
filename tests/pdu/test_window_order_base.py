from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.pdu.window_order_base import NEW, TYPE_WINDOW, UnknownWindowOrder, open_order, read_header, write_order
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField


def test_unknown_orders_are_kept() -> None:
    raw = bytes.fromhex("2e 0900 00000008 aabb")
    same(raw, UnknownWindowOrder(fields_present_flags=0x08000000, data=b"\xaa\xbb"))
    every_truncation_raises(UnknownWindowOrder, raw)


def test_headers() -> None:
    src = Cursor(bytes.fromhex("2e 0900 02000001 aabb cc"))
    flags, body = read_header(src)
    assert (flags, body.rest(), src.remaining) == (TYPE_WINDOW | 2, b"\xaa\xbb", 1)
    with pytest.raises(InvalidField, match="control flags 0x36"):
        read_header(Cursor(bytes.fromhex("36 0700 01000004")))
    with pytest.raises(InvalidField, match="an order of 6 bytes"):
        read_header(Cursor(bytes.fromhex("2e 0600 01000004")))


def test_kinds_and_states() -> None:
    raw = bytes.fromhex("2e 0700 00000011")
    assert open_order(Cursor(raw), TYPE_WINDOW, NEW, NEW)[0] == TYPE_WINDOW | NEW
    with pytest.raises(InvalidField, match="fields 0x11000000"):
        open_order(Cursor(raw), TYPE_WINDOW, 0, NEW)
    with pytest.raises(InvalidField, match="fields 0x11000000"):
        open_order(Cursor(raw), 2 * TYPE_WINDOW, NEW, NEW)


def test_the_longest_order() -> None:
    dst = bytearray()
    write_order(dst, 0, bytes(0xFFFF - 7))
    assert len(dst) == 0xFFFF
    with pytest.raises(EncodeError, match="65536 bytes exceeds 65535"):
        write_order(bytearray(), 0, bytes(0xFFFF - 6))
