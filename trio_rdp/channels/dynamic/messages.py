"""Which PDU of dynamic channels some bytes are, [MS-RDPEDYC] 2.2: the command says it, and who sent them."""

from __future__ import annotations

from typing import Any, TypeAlias

from trio_rdp.channels.dynamic.data import DvcData, DvcDataCompressed, DvcDataFirst, DvcDataFirstCompressed
from trio_rdp.channels.dynamic.header import UnknownDynamicPdu
from trio_rdp.channels.dynamic.initializing import DvcCapabilitiesRequest, DvcCapabilitiesResponse
from trio_rdp.channels.dynamic.opening import DvcClose, DvcCreateRequest, DvcCreateResponse
from trio_rdp.channels.dynamic.soft_sync import SoftSyncRequest, SoftSyncResponse
from trio_rdp.wire.errors import Truncated

__all__ = ["DRDYNVC_CHANNEL_NAME", "ClientPdu", "ServerPdu", "decode_client_pdu", "decode_server_pdu"]

DRDYNVC_CHANNEL_NAME = "drdynvc"
"""The static channel that dynamic ones travel in; names of channels know no case."""

ServerPdu: TypeAlias = (
    DvcCapabilitiesRequest
    | DvcCreateRequest
    | DvcDataFirst
    | DvcData
    | DvcDataFirstCompressed
    | DvcDataCompressed
    | DvcClose
    | SoftSyncRequest
    | UnknownDynamicPdu
)
ClientPdu: TypeAlias = (
    DvcCapabilitiesResponse
    | DvcCreateResponse
    | DvcDataFirst
    | DvcData
    | DvcDataFirstCompressed
    | DvcDataCompressed
    | DvcClose
    | SoftSyncResponse
    | UnknownDynamicPdu
)

_EITHER = (DvcDataFirst, DvcData, DvcDataFirstCompressed, DvcDataCompressed, DvcClose)
_FROM_SERVER: dict[int, Any] = {
    cls.command: cls for cls in (DvcCapabilitiesRequest, DvcCreateRequest, SoftSyncRequest, *_EITHER)
}
_FROM_CLIENT: dict[int, Any] = {
    cls.command: cls for cls in (DvcCapabilitiesResponse, DvcCreateResponse, SoftSyncResponse, *_EITHER)
}


def decode_server_pdu(data: bytes) -> ServerPdu:
    """Decode what a server sent; raises `DecodeError`, but keeps a PDU of an unknown command."""
    pdu: ServerPdu = _class_of(_FROM_SERVER, data).decode(data)
    return pdu


def decode_client_pdu(data: bytes) -> ClientPdu:
    """Decode what a client sent; raises `DecodeError`, but keeps a PDU of an unknown command."""
    pdu: ClientPdu = _class_of(_FROM_CLIENT, data).decode(data)
    return pdu


def _class_of(classes: dict[int, Any], data: bytes) -> Any:
    if not data:
        raise Truncated("needs 1 byte, 0 there", pdu="DynamicPdu", offset=0)
    return classes.get(data[0] >> 4, UnknownDynamicPdu)
