from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.camera.base import STREAMS_LIMIT
from trio_rdp.channels.camera.device import (
    ActivateDeviceRequest,
    CameraErrorCode,
    DeactivateDeviceRequest,
    ErrorResponse,
    FrameSourceTypes,
    StreamDescription,
    StreamListRequest,
    StreamListResponse,
    SuccessResponse,
)
from trio_rdp.wire.errors import InvalidField, Truncated

# [MS-RDPECAM] 4.4.4
STREAMS = bytes.fromhex(
    "02"  # Version
    "0a"  # MessageId: StreamListResponse
    "0100"  # StreamDescriptions[0]: FrameSourceTypes: Color
    "01"  # StreamCategory: Capture
    "01"  # Selected
    "01"  # CanBeShared
    "0100010001"  # StreamDescriptions[1]
)


def test_messages_that_are_only_a_header() -> None:
    same(b"\x02\x07", ActivateDeviceRequest())  # 4.4.1
    same(b"\x02\x01", SuccessResponse())  # 4.4.2
    same(b"\x02\x09", StreamListRequest())  # 4.4.3
    same(b"\x02\x08", DeactivateDeviceRequest())  # 4.4.9


def test_errors() -> None:
    raw = bytes.fromhex("02 02 03000000")  # 4.8
    same(raw, ErrorResponse(error_code=CameraErrorCode.NOT_INITIALIZED))
    every_truncation_raises(ErrorResponse, raw)
    assert not ErrorResponse.decode(bytes.fromhex("02 02 0b000000")).error_code.is_known


def test_streams() -> None:
    first = StreamDescription(frame_source_types=FrameSourceTypes.COLOR, selected=1, can_be_shared=1)
    same(STREAMS, StreamListResponse(stream_descriptions=[first, StreamDescription(can_be_shared=1)]))
    for size in (3, 6, 8, 11):
        with pytest.raises(Truncated):
            StreamListResponse.decode(STREAMS[:size])
    with pytest.raises(InvalidField, match="more than 255 items"):
        StreamListResponse.decode(STREAMS[:2] + STREAMS[2:7] * (STREAMS_LIMIT + 1))
