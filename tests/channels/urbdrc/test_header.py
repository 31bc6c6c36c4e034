from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.urbdrc.device import CancelRequest
from trio_rdp.channels.urbdrc.header import (
    TEXT_LIMIT,
    CountedText,
    StreamId,
    UnknownUrbdrc,
    UnmatchedResponse,
    read_header,
)
from trio_rdp.channels.urbdrc.setup import InterfaceRelease
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated

CANCEL = bytes.fromhex(
    "05000040"  # InterfaceId, Mask: STREAM_ID_PROXY
    "07000000"  # MessageId
    "00010000"  # FunctionId: CANCEL_REQUEST
    "09000000"  # RequestId
)


def test_requests() -> None:
    same(CANCEL, CancelRequest(interface_id=5, message_id=7, request_id=9))
    every_truncation_raises(CancelRequest, CANCEL)
    assert read_header(CANCEL) == (StreamId.PROXY, 0x100)
    with pytest.raises(InvalidField, match=r"InterfaceRelease\.function_id: .* and function 0x100"):
        InterfaceRelease.decode(CANCEL)
    with pytest.raises(InvalidField, match="STUB"):
        CancelRequest.decode(CANCEL[:3] + b"\x80" + CANCEL[4:])
    largest = CancelRequest(interface_id=0x3FFFFFFF, message_id=0xFFFFFFFF, request_id=1)
    assert CancelRequest.decode(largest.encode()) == largest
    with pytest.raises(EncodeError, match="interface 0x40000000 exceeds 0x3fffffff"):
        CancelRequest(interface_id=0x40000000, message_id=7, request_id=9).encode()


def test_responses() -> None:
    raw = bytes.fromhex("05000080 07000000 aabb")
    same(raw, UnmatchedResponse(interface_id=5, message_id=7, data=b"\xaa\xbb"))
    every_truncation_raises(UnmatchedResponse, raw[:8])
    with pytest.raises(InvalidField, match=r"UnmatchedResponse\.stream_id: .*PROXY"):
        UnmatchedResponse.decode(CANCEL)


def test_unknown_messages() -> None:
    raw = bytes.fromhex("050000c0 07000000 08010000 aabb")
    unknown = UnknownUrbdrc(interface_id=5, stream_id=StreamId(3), message_id=7, function_id=0x108, data=b"\xaa\xbb")
    same(raw, unknown)
    every_truncation_raises(UnknownUrbdrc, raw[:12])


def test_texts() -> None:
    codec, dst = CountedText(), bytearray()
    codec.encode_into(dst, "ab")
    assert dst == b"\x03\0\0\0a\0b\0\0\0"
    assert codec.decode_from(Cursor(bytes(dst))) == "ab"
    assert codec.decode_from(Cursor(b"\x02\0\0\0a\0b\0")) == "ab"
    assert codec.decode_from(Cursor(bytes(4))) == ""
    with pytest.raises(InvalidField, match="65537 units exceed 65536"):
        codec.decode_from(Cursor(b"\x01\0\x01\0"))
    with pytest.raises(Truncated):
        codec.decode_from(Cursor(b"\x02\0\0\0a\0b"))
    for text in ("a\0b", "a" * TEXT_LIMIT):
        with pytest.raises(EncodeError, match="a string with a null character, or of"):
            codec.encode_into(dst, text)
