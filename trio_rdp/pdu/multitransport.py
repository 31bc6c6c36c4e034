"""How a server asks for a UDP transport, and the client's answer, [MS-RDPBCGR] 2.2.15."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from trio_rdp.wire.fields import U32, Pad, Raw, u16, u32
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["HrResponse", "InitiateMultitransportRequest", "InitiateMultitransportResponse", "RequestedProtocol"]


class RequestedProtocol(OpenEnum):
    """The transport that the server asks for."""

    UDP_RELIABLE = 0x01
    UDP_LOSSY = 0x02


class HrResponse(OpenEnum):
    """Whether the client could open the transport."""

    S_OK = 0x00000000
    E_ABORT = 0x80004004


@pdu
class InitiateMultitransportRequest(Pdu):
    """Initiate Multitransport Request (SERVER_INITIATE_MULTITRANSPORT_REQUEST), [MS-RDPBCGR] 2.2.15.1.

    The security cookie proves the new transport's client, and does not show in `repr`.
    """

    request_id: U32
    requested_protocol: Annotated[RequestedProtocol, u16, Pad(2)]
    security_cookie: Annotated[bytes, Raw(16)] = dataclasses.field(repr=False)


@pdu
class InitiateMultitransportResponse(Pdu):
    """Initiate Multitransport Response (CLIENT_INITIATE_MULTITRANSPORT_RESPONSE), [MS-RDPBCGR] 2.2.15.2."""

    request_id: U32
    hr_response: Annotated[HrResponse, u32]
