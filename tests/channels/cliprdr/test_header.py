from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.cliprdr.header import (
    ClipboardPdu,
    MessageFlags,
    MessageType,
    UnknownClipboardPdu,
    decode_header,
    encode_message,
)
from trio_rdp.channels.cliprdr.initialization import MonitorReady
from trio_rdp.channels.cliprdr.locking import LockClipboardData
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated


def test_an_unknown_pdu_is_kept() -> None:
    raw = bytes.fromhex("7700 0400 03000000 010203")  # msgType, msgFlags, dataLen, data
    pdu = UnknownClipboardPdu(msg_type=MessageType(0x77), msg_flags=MessageFlags.ASCII_NAMES, data=b"\1\2\3")
    same(raw, pdu)
    every_truncation_raises(UnknownClipboardPdu, raw)
    assert not pdu.msg_type.is_known


def test_what_windows_appends_is_ignored() -> None:
    raw = bytes.fromhex("0a00 0000 04000000 08000000 00000000")
    assert LockClipboardData.decode(raw) == LockClipboardData(clip_data_id=8)


def test_a_header_of_another_class() -> None:
    with pytest.raises(InvalidField, match=r"MonitorReady.msg_type: type 0xa \(offset 0\)"):
        MonitorReady.decode(bytes.fromhex("0a00 0000 04000000 08000000"))


def test_more_data_than_there_are() -> None:
    with pytest.raises(Truncated, match="needs 4294967295 bytes, 1 left"):
        UnknownClipboardPdu.decode(bytes.fromhex("7700 0000 ffffffff 00"))


def test_the_cursor_sees_what_was_declared() -> None:
    src = Cursor(bytes.fromhex("0100 0200 02000000 aabbcc"))
    flags, data = decode_header(MonitorReady, src)
    assert flags == MessageFlags.RESPONSE_FAIL
    assert data.rest() == b"\xaa\xbb"
    assert src.rest() == b"\xcc"


def test_a_message() -> None:
    dst = bytearray(b"before")
    encode_message(dst, MessageType.FORMAT_DATA_RESPONSE, b"data", MessageFlags.RESPONSE_OK)
    assert dst == b"before" + bytes.fromhex("0500 0100 04000000") + b"data"
    with pytest.raises(EncodeError):
        UnknownClipboardPdu(msg_type=MessageType(0x10000)).encode()


def test_success() -> None:
    assert MessageFlags.RESPONSE_OK.is_success
    assert not MessageFlags.RESPONSE_FAIL.is_success
    assert not (MessageFlags.RESPONSE_OK | MessageFlags.RESPONSE_FAIL).is_success
    assert not MessageFlags(0).is_success


def test_every_class_has_its_type() -> None:
    types = [cls.msg_type for cls in ClipboardPdu.__subclasses__() if cls.__module__.startswith("trio_rdp.")]
    assert set(types) == set(MessageType)
