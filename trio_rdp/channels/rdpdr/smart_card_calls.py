"""What servers ask of smart cards, [MS-RDPESC] 2.2.2.

A name has an A where the strings are bytes, and a W where they are Unicode.
"""

from __future__ import annotations

from typing import Annotated

from trio_rdp.channels.rdpdr.ndr import Blob, NdrPdu, Number, Optional, Structures, Text
from trio_rdp.channels.rdpdr.smart_card_structures import (
    ConnectCommon,
    LocateCardsAtrMask,
    ReadCacheCommon,
    ReaderStateA,
    ReaderStateW,
    RedirScardContext,
    RedirScardHandle,
    ScardIoRequest,
    WriteCacheCommon,
)
from trio_rdp.channels.rdpdr.smart_card_values import AUTOALLOCATE, CardDisposition, CardProtocol, Scope, ShareMode
from trio_rdp.wire.pdu import pdu

__all__ = [
    "ConnectACall",
    "ConnectWCall",
    "ContextAndStringACall",
    "ContextAndStringWCall",
    "ContextAndTwoStringACall",
    "ContextAndTwoStringWCall",
    "ContextCall",
    "ControlCall",
    "EstablishContextCall",
    "GetAttribCall",
    "GetDeviceTypeIdCall",
    "GetReaderIconCall",
    "GetStatusChangeACall",
    "GetStatusChangeWCall",
    "GetTransmitCountCall",
    "HCardAndDispositionCall",
    "ListReaderGroupsCall",
    "ListReadersCall",
    "LocateCardsACall",
    "LocateCardsByAtrACall",
    "LocateCardsByAtrWCall",
    "LocateCardsWCall",
    "ReadCacheACall",
    "ReadCacheWCall",
    "ReconnectCall",
    "SetAttribCall",
    "StateCall",
    "StatusCall",
    "TransmitCall",
    "WriteCacheACall",
    "WriteCacheWCall",
]


@pdu
class EstablishContextCall(NdrPdu):
    """EstablishContext_Call, [MS-RDPESC] 2.2.2.1."""

    scope: Annotated[Scope, Number(Scope)]


@pdu
class ContextCall(NdrPdu):
    """Context_Call, [MS-RDPESC] 2.2.2.2."""

    context: RedirScardContext


@pdu
class ListReaderGroupsCall(NdrPdu):
    """ListReaderGroups_Call, [MS-RDPESC] 2.2.2.3."""

    context: RedirScardContext
    msz_groups_is_null: Annotated[bool, Number(bool)] = False
    cch_groups: Annotated[int, Number()] = AUTOALLOCATE


@pdu
class ListReadersCall(NdrPdu):
    """ListReaders_Call, [MS-RDPESC] 2.2.2.4."""

    context: RedirScardContext
    msz_groups: Annotated[bytes, Blob(65_536)] = b""
    msz_readers_is_null: Annotated[bool, Number(bool)] = False
    cch_readers: Annotated[int, Number()] = AUTOALLOCATE


@pdu
class ContextAndStringACall(NdrPdu):
    """ContextAndStringA_Call, [MS-RDPESC] 2.2.2.5."""

    context: RedirScardContext
    sz: Annotated[str, Text(is_wide=False)]


@pdu
class ContextAndStringWCall(NdrPdu):
    """ContextAndStringW_Call, [MS-RDPESC] 2.2.2.6."""

    context: RedirScardContext
    sz: Annotated[str, Text(is_wide=True)]


@pdu
class ContextAndTwoStringACall(NdrPdu):
    """ContextAndTwoStringA_Call, [MS-RDPESC] 2.2.2.7."""

    context: RedirScardContext
    sz1: Annotated[str, Text(is_wide=False)]
    sz2: Annotated[str, Text(is_wide=False)]


@pdu
class ContextAndTwoStringWCall(NdrPdu):
    """ContextAndTwoStringW_Call, [MS-RDPESC] 2.2.2.8."""

    context: RedirScardContext
    sz1: Annotated[str, Text(is_wide=True)]
    sz2: Annotated[str, Text(is_wide=True)]


@pdu
class LocateCardsACall(NdrPdu):
    """LocateCardsA_Call, [MS-RDPESC] 2.2.2.9."""

    context: RedirScardContext
    msz_cards: Annotated[bytes, Blob(65_536)]
    reader_states: Annotated[list[ReaderStateA], Structures(ReaderStateA, 10)]


@pdu
class LocateCardsWCall(NdrPdu):
    """LocateCardsW_Call, [MS-RDPESC] 2.2.2.10."""

    context: RedirScardContext
    msz_cards: Annotated[bytes, Blob(65_536)]
    reader_states: Annotated[list[ReaderStateW], Structures(ReaderStateW, 10)]


@pdu
class GetStatusChangeACall(NdrPdu):
    """GetStatusChangeA_Call, [MS-RDPESC] 2.2.2.11. `time_out` is in milliseconds."""

    context: RedirScardContext
    time_out: Annotated[int, Number()]
    reader_states: Annotated[list[ReaderStateA], Structures(ReaderStateA, 11)]


@pdu
class GetStatusChangeWCall(NdrPdu):
    """GetStatusChangeW_Call, [MS-RDPESC] 2.2.2.12. `time_out` is in milliseconds."""

    context: RedirScardContext
    time_out: Annotated[int, Number()]
    reader_states: Annotated[list[ReaderStateW], Structures(ReaderStateW, 11)]


@pdu
class ConnectACall(NdrPdu):
    """ConnectA_Call, [MS-RDPESC] 2.2.2.13."""

    reader: Annotated[str, Text(is_wide=False)]
    common: ConnectCommon


@pdu
class ConnectWCall(NdrPdu):
    """ConnectW_Call, [MS-RDPESC] 2.2.2.14."""

    reader: Annotated[str, Text(is_wide=True)]
    common: ConnectCommon


@pdu
class ReconnectCall(NdrPdu):
    """Reconnect_Call, [MS-RDPESC] 2.2.2.15."""

    card: RedirScardHandle
    share_mode: Annotated[ShareMode, Number(ShareMode)]
    preferred_protocols: Annotated[CardProtocol, Number(CardProtocol)]
    initialization: Annotated[CardDisposition, Number(CardDisposition)]


@pdu
class HCardAndDispositionCall(NdrPdu):
    """HCardAndDisposition_Call, [MS-RDPESC] 2.2.2.16."""

    card: RedirScardHandle
    disposition: Annotated[CardDisposition, Number(CardDisposition)]


@pdu
class StateCall(NdrPdu):
    """State_Call, [MS-RDPESC] 2.2.2.17."""

    card: RedirScardHandle
    pb_atr_is_null: Annotated[bool, Number(bool)] = False
    cb_atr_len: Annotated[int, Number()] = AUTOALLOCATE


@pdu
class StatusCall(NdrPdu):
    """Status_Call, [MS-RDPESC] 2.2.2.18."""

    card: RedirScardHandle
    msz_reader_names_is_null: Annotated[bool, Number(bool)] = False
    cch_reader_len: Annotated[int, Number()] = AUTOALLOCATE
    cb_atr_len: Annotated[int, Number()] = 0


@pdu
class TransmitCall(NdrPdu):
    """Transmit_Call, [MS-RDPESC] 2.2.2.19."""

    card: RedirScardHandle
    io_send_pci: ScardIoRequest
    pb_send_buffer: Annotated[bytes, Blob(66_560)]
    pio_recv_pci: Annotated[ScardIoRequest | None, Optional(ScardIoRequest)] = None
    pb_recv_buffer_is_null: Annotated[bool, Number(bool)] = False
    cb_recv_length: Annotated[int, Number()]


@pdu
class ControlCall(NdrPdu):
    """Control_Call, [MS-RDPESC] 2.2.2.20."""

    card: RedirScardHandle
    control_code: Annotated[int, Number()]
    pv_in_buffer: Annotated[bytes, Blob(66_560)] = b""
    pv_out_buffer_is_null: Annotated[bool, Number(bool)] = False
    cb_out_buffer_size: Annotated[int, Number()]


@pdu
class GetAttribCall(NdrPdu):
    """GetAttrib_Call, [MS-RDPESC] 2.2.2.21."""

    card: RedirScardHandle
    attr_id: Annotated[int, Number()]
    pb_attr_is_null: Annotated[bool, Number(bool)] = False
    cb_attr_len: Annotated[int, Number()] = AUTOALLOCATE


@pdu
class SetAttribCall(NdrPdu):
    """SetAttrib_Call, [MS-RDPESC] 2.2.2.22."""

    card: RedirScardHandle
    attr_id: Annotated[int, Number()]
    pb_attr: Annotated[bytes, Blob(65_536)]


@pdu
class LocateCardsByAtrACall(NdrPdu):
    """LocateCardsByATRA_Call, [MS-RDPESC] 2.2.2.23."""

    context: RedirScardContext
    atr_masks: Annotated[list[LocateCardsAtrMask], Structures(LocateCardsAtrMask, 1000)]
    reader_states: Annotated[list[ReaderStateA], Structures(ReaderStateA, 10)]


@pdu
class LocateCardsByAtrWCall(NdrPdu):
    """LocateCardsByATRW_Call, [MS-RDPESC] 2.2.2.24."""

    context: RedirScardContext
    atr_masks: Annotated[list[LocateCardsAtrMask], Structures(LocateCardsAtrMask, 1000)]
    reader_states: Annotated[list[ReaderStateW], Structures(ReaderStateW, 10)]


@pdu
class ReadCacheACall(NdrPdu):
    """ReadCacheA_Call, [MS-RDPESC] 2.2.2.25."""

    lookup_name: Annotated[str, Text(is_wide=False)]
    common: ReadCacheCommon


@pdu
class ReadCacheWCall(NdrPdu):
    """ReadCacheW_Call, [MS-RDPESC] 2.2.2.26."""

    lookup_name: Annotated[str, Text(is_wide=True)]
    common: ReadCacheCommon


@pdu
class WriteCacheACall(NdrPdu):
    """WriteCacheA_Call, [MS-RDPESC] 2.2.2.27."""

    lookup_name: Annotated[str, Text(is_wide=False)]
    common: WriteCacheCommon


@pdu
class WriteCacheWCall(NdrPdu):
    """WriteCacheW_Call, [MS-RDPESC] 2.2.2.28."""

    lookup_name: Annotated[str, Text(is_wide=True)]
    common: WriteCacheCommon


@pdu
class GetTransmitCountCall(NdrPdu):
    """GetTransmitCount_Call, [MS-RDPESC] 2.2.2.29."""

    card: RedirScardHandle


@pdu
class GetReaderIconCall(NdrPdu):
    """GetReaderIcon_Call, [MS-RDPESC] 2.2.2.31."""

    context: RedirScardContext
    reader_name: Annotated[str, Text(is_wide=True)]


@pdu
class GetDeviceTypeIdCall(NdrPdu):
    """GetDeviceTypeId_Call, [MS-RDPESC] 2.2.2.32."""

    context: RedirScardContext
    reader_name: Annotated[str, Text(is_wide=True)]
