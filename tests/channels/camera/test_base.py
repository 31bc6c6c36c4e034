from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.camera.base import CameraMessageId, Items, TerminatedText, UnknownCamera
from trio_rdp.channels.camera.device import SuccessResponse
from trio_rdp.channels.camera.streams import SampleRequest
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated


def test_header() -> None:
    raw = bytes.fromhex(
        "01"  # Version
        "11"  # MessageId: SampleRequest
        "05"  # StreamIndex
    )
    same(raw, SampleRequest(version=1, stream_index=5))
    every_truncation_raises(SampleRequest, raw)
    with pytest.raises(InvalidField, match=r"SuccessResponse\.message_id: .*SAMPLE_REQUEST"):
        SuccessResponse.decode(raw)
    with pytest.raises(EncodeError, match="SampleRequest"):
        SampleRequest(stream_index=256).encode()


def test_unknown_messages() -> None:
    raw = bytes.fromhex("02 19 aabb")
    same(raw, UnknownCamera(version=2, message_id=CameraMessageId(0x19), data=b"\xaa\xbb"))
    every_truncation_raises(UnknownCamera, raw[:2])


def test_items() -> None:
    items = Items(UnknownCamera, limit=1)
    dst = bytearray()
    items.encode_into(dst, [UnknownCamera(version=1, message_id=CameraMessageId(2), data=b"x")])
    assert dst == b"\1\2x"
    assert items.decode_from(Cursor(b"")) == []
    of_messages = Items(SampleRequest, limit=2)
    with pytest.raises(InvalidField, match="more than 2 items"):
        of_messages.decode_from(Cursor(b"\2\x11\1" * 3))
    with pytest.raises(Truncated):
        of_messages.decode_from(Cursor(b"\2\x11\1\2"))
    with pytest.raises(EncodeError, match="3 items exceed 2"):
        of_messages.encode_into(dst, [SampleRequest(stream_index=1)] * 3)


def test_texts() -> None:
    wide, narrow = TerminatedText("utf-16-le", 2, limit=3), TerminatedText("latin-1", 1, limit=3)
    # A null byte is no terminator where a character begins between.
    src = Cursor(b"a\0\0b\0\0ab\0")
    assert wide.decode_from(src) == "a\u6200"
    assert narrow.decode_from(src) == "ab"
    assert src.remaining == 0
    for raw in (b"", b"a", b"a\0", b"a\0\0"):
        with pytest.raises(Truncated):
            wide.decode_from(Cursor(raw))
    with pytest.raises(InvalidField, match="a name of more than 3 characters"):
        narrow.decode_from(Cursor(b"abcd\0"))
    assert narrow.decode_from(Cursor(b"abc\0")) == "abc"
    for text in ("abcd", "a\0b"):
        for codec in (wide, narrow):
            with pytest.raises(EncodeError, match="a name with a null character, or more than 3 characters"):
                codec.encode_into(bytearray(), text)
    with pytest.raises(EncodeError, match="latin-1"):
        narrow.encode_into(bytearray(), "\u20ac")


@given(st.binary(max_size=10))
def test_any_text(raw: bytes) -> None:
    for codec in (TerminatedText("utf-16-le", 2, limit=4), TerminatedText("latin-1", 1, limit=4)):
        try:
            text = codec.decode_from(Cursor(raw))
        except DecodeError:
            continue
        dst = bytearray()
        codec.encode_into(dst, text)
        assert raw.startswith(dst)
