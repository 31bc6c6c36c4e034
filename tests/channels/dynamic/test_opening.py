from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.dynamic.opening import (
    MAX_NAME_SIZE,
    CreationStatus,
    DvcClose,
    DvcCreateRequest,
    DvcCreateResponse,
)
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated


def test_the_documents_own_create_request() -> None:
    """[MS-RDPEDYC] 4.2.1."""
    raw = bytes.fromhex(
        "10"  # cbId 0, Pri 0, Cmd 1
        "03"  # ChannelId
        "7465737464766300"  # ChannelName
    )
    same(raw, DvcCreateRequest(channel_id=3, channel_name="testdvc"))
    every_truncation_raises(DvcCreateRequest, raw)


def test_the_documents_own_create_response() -> None:
    """[MS-RDPEDYC] 4.2.2."""
    raw = bytes.fromhex(
        "10"  # cbId 0, Sp 0, Cmd 1
        "03"  # ChannelId
        "00000000"  # CreationStatus
    )
    same(raw, DvcCreateResponse(channel_id=3))
    every_truncation_raises(DvcCreateResponse, raw)


def test_the_documents_own_close() -> None:
    """[MS-RDPEDYC] 4.4.1."""
    same(bytes.fromhex("4003"), DvcClose(channel_id=3))
    every_truncation_raises(DvcClose, bytes.fromhex("4003"))


def test_wide_channel_ids_and_priorities() -> None:
    same(bytes.fromhex("19 2c01 6100"), DvcCreateRequest(channel_id=300, channel_name="a", pri=2))
    same(bytes.fromhex("42 70110100"), DvcClose(channel_id=70000))
    # A peer may write more than it needs.
    assert DvcClose.decode(bytes.fromhex("42 03000000")) == DvcClose(channel_id=3)
    with pytest.raises(InvalidField, match="width 3"):
        DvcClose.decode(bytes.fromhex("43 03000000"))
    with pytest.raises(EncodeError, match="do not fit a header"):
        DvcCreateRequest(channel_id=3, channel_name="a", pri=4).encode()
    with pytest.raises(EncodeError, match="does not fit 32 bits"):
        DvcClose(channel_id=1 << 32).encode()


def test_names() -> None:
    same(b"\x10\x03\0", DvcCreateRequest(channel_id=3, channel_name=""))
    same(b"\x10\x03\xe9\0", DvcCreateRequest(channel_id=3, channel_name="\xe9"))
    longest = DvcCreateRequest(channel_id=3, channel_name="x" * MAX_NAME_SIZE)
    same(longest.encode(), longest)
    # What follows the terminator is ignored.
    assert DvcCreateRequest.decode(b"\x10\x03a\0b").channel_name == "a"


def test_names_that_are_none() -> None:
    with pytest.raises(Truncated, match="without its terminator"):
        DvcCreateRequest.decode(b"\x10\x03" + b"x" * MAX_NAME_SIZE)
    with pytest.raises(InvalidField, match="more than 1024 bytes"):
        DvcCreateRequest.decode(b"\x10\x03" + b"x" * (MAX_NAME_SIZE + 1) + b"\0")
    for name in ("a\0b", "x" * (MAX_NAME_SIZE + 1), "\u20ac"):
        with pytest.raises(EncodeError, match="channel name"):
            DvcCreateRequest(channel_id=3, channel_name=name).encode()


def test_creation_status() -> None:
    refused = DvcCreateResponse(channel_id=3, creation_status=CreationStatus.NOT_FOUND)
    same(bytes.fromhex("10 03 250200c0"), refused)
    assert not refused.creation_status.is_success
    assert CreationStatus.OK.is_success
    other = DvcCreateResponse.decode(bytes.fromhex("10 03 01000000"))
    assert other.creation_status.is_success
    assert not other.creation_status.is_known
    same(bytes.fromhex("10 03 90040780"), DvcCreateResponse.decode(bytes.fromhex("10 03 90040780")))
