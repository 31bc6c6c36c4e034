"""The PDUs of a disconnection that the client's user asks for, [MS-RDPBCGR] 2.2.2: both are a bare header."""

from __future__ import annotations

from typing import ClassVar

from trio_rdp.pdu.share import PduType2
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["ShutdownRequest", "ShutdownRequestDenied"]


@pdu
class ShutdownRequest(Pdu):
    """Shutdown Request (TS_SHUTDOWN_REQ_PDU), [MS-RDPBCGR] 2.2.2.1.1."""

    pdu_type2: ClassVar[PduType2] = PduType2.SHUTDOWN_REQUEST


@pdu
class ShutdownRequestDenied(Pdu):
    """Shutdown Request Denied (TS_SHUTDOWN_DENIED_PDU), [MS-RDPBCGR] 2.2.2.2.1.

    The server answers so when a user is logged on: the client may then ask its user, and disconnect.
    """

    pdu_type2: ClassVar[PduType2] = PduType2.SHUTDOWN_DENIED
