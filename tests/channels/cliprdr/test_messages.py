from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels.cliprdr.formats import ClipboardFormat, FormatListResponse, LongFormatList, ShortFormatList
from trio_rdp.channels.cliprdr.header import MessageFlags, MessageType, UnknownClipboardPdu
from trio_rdp.channels.cliprdr.initialization import Capabilities, GeneralCapability, MonitorReady, TemporaryDirectory
from trio_rdp.channels.cliprdr.locking import LockClipboardData, UnlockClipboardData
from trio_rdp.channels.cliprdr.messages import ClipboardMessage, decode_cliprdr
from trio_rdp.channels.cliprdr.paste import (
    FileContentsFlags,
    FileContentsRequest,
    FileContentsResponse,
    FormatDataRequest,
    FormatDataResponse,
)
from trio_rdp.wire.errors import DecodeError, Truncated

MESSAGES: list[ClipboardMessage] = [
    MonitorReady(),
    FormatListResponse(msg_flags=MessageFlags.RESPONSE_FAIL),
    FormatDataRequest(requested_format_id=13),
    FormatDataResponse(requested_format_data=b"a\0\0\0"),
    TemporaryDirectory(wsz_temp_dir="c:\\temp"),
    Capabilities(capability_sets=[GeneralCapability()]),
    FileContentsRequest(stream_id=1, lindex=0, dw_flags=FileContentsFlags.SIZE),
    FileContentsResponse(stream_id=1, requested_file_contents_data=b"abc"),
    LockClipboardData(clip_data_id=1),
    UnlockClipboardData(clip_data_id=1),
    UnknownClipboardPdu(msg_type=MessageType(0xFFFF), data=b"?"),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
@pytest.mark.parametrize("long_names", [False, True])
def test_messages(message: ClipboardMessage, long_names: bool) -> None:
    assert decode_cliprdr(message.encode(), long_names=long_names) == message


def test_format_lists_are_read_as_agreed() -> None:
    short, long = ShortFormatList(formats=[ClipboardFormat(1)]), LongFormatList(formats=[ClipboardFormat(1, "x")])
    assert decode_cliprdr(short.encode(), long_names=False) == short
    assert decode_cliprdr(long.encode(), long_names=True) == long
    with pytest.raises(Truncated):
        decode_cliprdr(long.encode(), long_names=False)


def test_every_type_is_tested() -> None:
    assert {message.msg_type for message in MESSAGES if message.msg_type.is_known} == set(MessageType) - {
        MessageType.FORMAT_LIST
    }


@given(st.integers(0, 12), st.integers(0, 7), st.binary(max_size=60), st.booleans())
def test_any_bytes(msg_type: int, flags: int, data: bytes, long_names: bool) -> None:
    raw = bytes([msg_type, 0, flags, 0]) + len(data).to_bytes(4, "little") + data
    for received in (raw, data):
        try:
            message = decode_cliprdr(received, long_names=long_names)
        except DecodeError:
            continue
        assert decode_cliprdr(message.encode(), long_names=long_names) == message
