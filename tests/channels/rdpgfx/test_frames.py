from __future__ import annotations

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rdpgfx.frames import (
    SUSPEND_FRAME_ACKNOWLEDGEMENT,
    FrameAcknowledgePdu,
    QoeFrameAcknowledgePdu,
    StartFramePdu,
    frame_timestamp,
)

START = bytes.fromhex(
    "0b000000 10000000"  # header
    "e7ef7a02"  # timestamp: 9 hours, 58 minutes, 59 seconds, 999 milliseconds
    "2a000000"  # frameId
)
ACKNOWLEDGE = bytes.fromhex(
    "0d000000 14000000"  # header
    "ffffffff"  # queueDepth
    "2a000000"  # frameId
    "07000000"  # totalFramesDecoded
)
QOE = bytes.fromhex(
    "16000000 14000000"  # header
    "2a000000"  # frameId
    "d2040000"  # timestamp
    "0500"  # timeDiffSE
    "1100"  # timeDiffEDR
)


def test_the_start_of_a_frame() -> None:
    pdu = StartFramePdu.decode(START)
    assert (pdu.hours, pdu.minutes, pdu.seconds, pdu.milliseconds, pdu.frame_id) == (9, 58, 59, 999, 42)
    same(START, StartFramePdu(timestamp=frame_timestamp(9 * 3600 + 58 * 60 + 59.9995), frame_id=42))
    every_truncation_raises(StartFramePdu, START)


def test_timestamps_begin_anew_each_day() -> None:
    assert frame_timestamp(0.0) == frame_timestamp(86_400.0) == 0
    later = StartFramePdu(timestamp=frame_timestamp(20_000 * 86_400.0 + 86_399.0), frame_id=1)
    assert (later.hours, later.minutes, later.seconds, later.milliseconds) == (23, 59, 59, 0)


def test_an_acknowledgement() -> None:
    pdu = FrameAcknowledgePdu(queue_depth=SUSPEND_FRAME_ACKNOWLEDGEMENT, frame_id=42, total_frames_decoded=7)
    same(ACKNOWLEDGE, pdu)
    every_truncation_raises(FrameAcknowledgePdu, ACKNOWLEDGE)


def test_how_long_a_frame_took() -> None:
    same(QOE, QoeFrameAcknowledgePdu(frame_id=42, timestamp=1234, time_diff_se=5, time_diff_edr=17))
    every_truncation_raises(QoeFrameAcknowledgePdu, QOE)
