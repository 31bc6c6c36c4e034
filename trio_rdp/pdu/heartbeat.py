"""The server's sign of life, [MS-RDPBCGR] 2.2.16."""

from __future__ import annotations

from typing import Annotated

from trio_rdp.wire.fields import U8, Pad, u8
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["Heartbeat"]


@pdu
class Heartbeat(Pdu):
    """Heartbeat (SERVER_HEARTBEAT_PDU), [MS-RDPBCGR] 2.2.16.1.

    `period` is in seconds; `count1` missed heartbeats ask for a warning, `count2` more for a reconnection.
    """

    period: Annotated[int, Pad(1), u8]
    count1: U8
    count2: U8
