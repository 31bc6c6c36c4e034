"""Dynamic virtual channels ("drdynvc"), [MS-RDPEDYC]: PDUs, and how messages are cut into data PDUs and joined."""

from trio_rdp.channels.dynamic.data import DataPdu, DvcData, DvcDataCompressed, DvcDataFirst, DvcDataFirstCompressed
from trio_rdp.channels.dynamic.fragmentation import MAX_SINGLE_SIZE, fragments
from trio_rdp.channels.dynamic.header import MAX_PDU_SIZE, Command, DynamicPdu, UnknownDynamicPdu
from trio_rdp.channels.dynamic.initializing import DvcCapabilitiesRequest, DvcCapabilitiesResponse
from trio_rdp.channels.dynamic.messages import (
    DRDYNVC_CHANNEL_NAME,
    ClientPdu,
    ServerPdu,
    decode_client_pdu,
    decode_server_pdu,
)
from trio_rdp.channels.dynamic.opening import (
    MAX_NAME_SIZE,
    CreationStatus,
    DvcClose,
    DvcCreateRequest,
    DvcCreateResponse,
)
from trio_rdp.channels.dynamic.reassembly import Reassembler
from trio_rdp.channels.dynamic.soft_sync import (
    MAX_TUNNELS,
    SoftSyncChannelList,
    SoftSyncFlags,
    SoftSyncRequest,
    SoftSyncResponse,
    TunnelType,
)

__all__ = [
    "DRDYNVC_CHANNEL_NAME",
    "MAX_NAME_SIZE",
    "MAX_PDU_SIZE",
    "MAX_SINGLE_SIZE",
    "MAX_TUNNELS",
    "ClientPdu",
    "Command",
    "CreationStatus",
    "DataPdu",
    "DvcCapabilitiesRequest",
    "DvcCapabilitiesResponse",
    "DvcClose",
    "DvcCreateRequest",
    "DvcCreateResponse",
    "DvcData",
    "DvcDataCompressed",
    "DvcDataFirst",
    "DvcDataFirstCompressed",
    "DynamicPdu",
    "Reassembler",
    "ServerPdu",
    "SoftSyncChannelList",
    "SoftSyncFlags",
    "SoftSyncRequest",
    "SoftSyncResponse",
    "TunnelType",
    "UnknownDynamicPdu",
    "decode_client_pdu",
    "decode_server_pdu",
    "fragments",
]
