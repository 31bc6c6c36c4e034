from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.cliprdr.header import MessageFlags
from trio_rdp.channels.cliprdr.paste import (
    FileContentsFlags,
    FileContentsRequest,
    FileContentsResponse,
    FormatDataRequest,
    FormatDataResponse,
)
from trio_rdp.wire.errors import EncodeError, InvalidField

SIZE = bytes.fromhex(  # 4.4.3.1
    "0800"  # msgType = CB_FILECONTENTS_REQUEST
    "0000"  # msgFlags
    "18000000"  # dataLen = 24
    "02000000"  # streamId
    "01000000"  # lindex
    "01000000"  # dwFlags = FILECONTENTS_SIZE
    "00000000"  # nPositionLow
    "00000000"  # nPositionHigh
    "08000000"  # cbRequested
)


def test_format_data_request() -> None:
    raw = bytes.fromhex("0400 0000 04000000 0d000000")  # 4.4.1
    same(raw, FormatDataRequest(requested_format_id=13))
    every_truncation_raises(FormatDataRequest, raw)


def test_format_data_response() -> None:
    text = "hello world\0".encode("utf-16-le")
    raw = bytes.fromhex("0500 0100 18000000") + text  # 4.4.2
    same(raw, FormatDataResponse(requested_format_data=text))
    every_truncation_raises(FormatDataResponse, raw)
    failed = FormatDataResponse(msg_flags=MessageFlags.RESPONSE_FAIL)
    same(bytes.fromhex("0500 0200 00000000"), failed)
    assert not failed.msg_flags.is_success


def test_a_request_for_a_size() -> None:
    same(SIZE, FileContentsRequest(stream_id=2, lindex=1, dw_flags=FileContentsFlags.SIZE))
    every_truncation_raises(FileContentsRequest, SIZE)


def test_a_request_for_a_range() -> None:
    # 4.4.3.2
    raw = bytes.fromhex("0800 0000 18000000 02000000 01000000 02000000 00000000 00000000 00000100")
    same(raw, FileContentsRequest(stream_id=2, lindex=1, dw_flags=FileContentsFlags.RANGE, cb_requested=65536))


def test_a_range_beyond_4_gb_of_locked_data() -> None:
    raw = bytes.fromhex(
        "0800 0000 1c000000 02000000 01000000 02000000"
        "efbeadde"  # nPositionLow
        "01000000"  # nPositionHigh
        "00000100"
        "07000000"  # clipDataId
    )
    pdu = FileContentsRequest(
        stream_id=2,
        lindex=1,
        dw_flags=FileContentsFlags.RANGE,
        position=0x1_DEADBEEF,
        cb_requested=65536,
        clip_data_id=7,
    )
    same(raw, pdu)
    every_truncation_raises(FileContentsRequest, raw)


def test_what_is_only_forbidden_is_kept() -> None:
    raw = bytearray(SIZE)
    raw[12:16] = b"\xff\xff\xff\xff"
    raw[16] = 3
    pdu = FileContentsRequest.decode(bytes(raw))
    assert pdu.lindex == -1
    assert pdu.dw_flags == FileContentsFlags.SIZE | FileContentsFlags.RANGE
    assert pdu.encode() == raw


def test_a_size() -> None:
    raw = bytes.fromhex("0900 0100 0c000000 02000000 2c00000000000000")  # 4.4.4.1
    pdu = FileContentsResponse.of_size(2, 44)
    same(raw, pdu)
    assert pdu.size() == 44
    assert FileContentsResponse.of_size(2, 2**64 - 1).size() == 2**64 - 1
    every_truncation_raises(FileContentsResponse, raw)
    with pytest.raises(EncodeError):
        FileContentsResponse.of_size(2, 2**64)


def test_contents() -> None:
    text = b"The quick brown fox jumps over the lazy dog."
    raw = bytes.fromhex("0900 0100 30000000 02000000") + text  # 4.4.4.2
    pdu = FileContentsResponse(stream_id=2, requested_file_contents_data=text)
    same(raw, pdu)
    with pytest.raises(InvalidField, match="a file size of 44 bytes"):
        pdu.size()


def test_values_that_do_not_fit() -> None:
    with pytest.raises(EncodeError):
        FileContentsRequest(stream_id=2, lindex=1, dw_flags=FileContentsFlags.RANGE, position=2**64).encode()
    with pytest.raises(EncodeError):
        FileContentsRequest(stream_id=2, lindex=2**31, dw_flags=FileContentsFlags.RANGE).encode()
    with pytest.raises(EncodeError):
        FileContentsResponse(stream_id=-1).encode()
    with pytest.raises(EncodeError):
        FormatDataRequest(requested_format_id=2**32).encode()


@given(
    st.sampled_from([FormatDataRequest, FormatDataResponse, FileContentsRequest, FileContentsResponse]),
    st.integers(0, 7),
    st.binary(max_size=40),
)
def test_any_bytes(
    cls: type[FormatDataRequest | FormatDataResponse | FileContentsRequest | FileContentsResponse],
    flags: int,
    data: bytes,
) -> None:
    header = cls.msg_type.to_bytes(2, "little") + bytes([flags, 0]) + len(data).to_bytes(4, "little")
    value_or_error(cls, header + data)
