"""Frames and what a client says of them, [MS-RDPEGFX] 2.2.2.11 to 2.2.2.13 and 2.2.2.21."""

from __future__ import annotations

from typing import ClassVar, Final

from trio_rdp.channels.rdpgfx.header import GraphicsCommand, GraphicsPdu
from trio_rdp.wire.fields import U16, U32
from trio_rdp.wire.pdu import pdu

__all__ = [
    "QUEUE_DEPTH_UNAVAILABLE",
    "SUSPEND_FRAME_ACKNOWLEDGEMENT",
    "EndFramePdu",
    "FrameAcknowledgePdu",
    "QoeFrameAcknowledgePdu",
    "StartFramePdu",
    "frame_timestamp",
]

QUEUE_DEPTH_UNAVAILABLE: Final = 0
"""As a `queue_depth`: nothing is known, or nothing waits."""

SUSPEND_FRAME_ACKNOWLEDGEMENT: Final = 0xFFFFFFFF
"""As a `queue_depth`: no further frames are acknowledged."""


def frame_timestamp(seconds: float) -> int:
    """Give `seconds` since midnight UTC, or since any midnight, as the timestamp of a `StartFramePdu`."""
    milliseconds = int(seconds * 1000)
    minutes = milliseconds // 60_000
    return milliseconds % 1000 | milliseconds // 1000 % 60 << 10 | minutes % 60 << 16 | minutes // 60 % 24 << 22


@pdu
class StartFramePdu(GraphicsPdu):
    """RDPGFX_START_FRAME_PDU, [MS-RDPEGFX] 2.2.2.11; the timestamp is UTC, or 0 where there is none."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.START_FRAME

    timestamp: U32 = 0
    frame_id: U32

    @property
    def milliseconds(self) -> int:
        """The timestamp's milliseconds."""
        return self.timestamp & 0x3FF

    @property
    def seconds(self) -> int:
        """The timestamp's seconds."""
        return self.timestamp >> 10 & 0x3F

    @property
    def minutes(self) -> int:
        """The timestamp's minutes."""
        return self.timestamp >> 16 & 0x3F

    @property
    def hours(self) -> int:
        """The timestamp's hours."""
        return self.timestamp >> 22


@pdu
class EndFramePdu(GraphicsPdu):
    """RDPGFX_END_FRAME_PDU, [MS-RDPEGFX] 2.2.2.12."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.END_FRAME

    frame_id: U32


@pdu
class FrameAcknowledgePdu(GraphicsPdu):
    """RDPGFX_FRAME_ACKNOWLEDGE_PDU, [MS-RDPEGFX] 2.2.2.13; `queue_depth` is in bytes, or one of the constants above."""

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.FRAME_ACKNOWLEDGE

    queue_depth: U32 = QUEUE_DEPTH_UNAVAILABLE
    frame_id: U32
    total_frames_decoded: U32


@pdu
class QoeFrameAcknowledgePdu(GraphicsPdu):
    """RDPGFX_QOE_FRAME_ACKNOWLEDGE_PDU, [MS-RDPEGFX] 2.2.2.21: when a frame began, and how long it took, in ms.

    `time_diff_se` is from its first message to its last, `time_diff_edr` from there to its being shown.
    """

    cmd_id: ClassVar[GraphicsCommand] = GraphicsCommand.QOE_FRAME_ACKNOWLEDGE

    frame_id: U32
    timestamp: U32
    time_diff_se: U16
    time_diff_edr: U16
