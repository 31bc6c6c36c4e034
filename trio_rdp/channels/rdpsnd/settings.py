"""Volume and pitch, [MS-RDPEA] 2.2.4."""

from __future__ import annotations

from typing import ClassVar, Self

from trio_rdp.channels.rdpsnd.header import MessageType, RdpsndPdu
from trio_rdp.wire.errors import EncodeError
from trio_rdp.wire.fields import U32
from trio_rdp.wire.pdu import pdu

__all__ = ["NO_PITCH_CHANGE", "Pitch", "Volume"]

NO_PITCH_CHANGE = 0x00010000
"""The pitch of 1.0."""


@pdu
class Volume(RdpsndPdu):
    """Volume PDU (SNDVOL), [MS-RDPEA] 2.2.4.1, to clients that said VOLUME.

    The left channel is the low word, the right one the high word: from 0, silence, to 0xFFFF, on a logarithmic scale.
    """

    msg_type: ClassVar[MessageType] = MessageType.SETVOLUME

    volume: U32

    @classmethod
    def of(cls, left: int, right: int) -> Self:
        """The PDU that sets both channels."""
        if not (0 <= left <= 0xFFFF and 0 <= right <= 0xFFFF):
            raise EncodeError(f"a volume of {left} and {right}, not 0 to 65535")
        return cls(volume=right << 16 | left)

    @property
    def left(self) -> int:
        """The left channel's volume."""
        return self.volume & 0xFFFF

    @property
    def right(self) -> int:
        """The right channel's volume."""
        return self.volume >> 16


@pdu
class Pitch(RdpsndPdu):
    """Pitch PDU (SNDPITCH), [MS-RDPEA] 2.2.4.2: a multiplier with 16 bits behind the point; clients MUST ignore it."""

    msg_type: ClassVar[MessageType] = MessageType.SETPITCH

    pitch: U32
