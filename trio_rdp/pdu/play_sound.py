"""A beep for the client, [MS-RDPBCGR] 2.2.9.1.1.5."""

from __future__ import annotations

from trio_rdp.wire.fields import U32
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["PlaySound"]


@pdu
class PlaySound(Pdu):
    """Play Sound PDU Data (TS_PLAY_SOUND_PDU_DATA), [MS-RDPBCGR] 2.2.9.1.1.5.1: milliseconds and hertz."""

    duration: U32
    frequency: U32
