"""What clients answer to calls of smart cards, [MS-RDPESC] 2.2.3.

"If the ReturnCode field of the structure is nonzero, all other fields MUST be set to zero", which they are by default.
Bytes that were only asked for their number are that number.
"""

from __future__ import annotations

from dataclasses import field
from typing import Annotated

from trio_rdp.channels.rdpdr.ndr import AtrLast, NdrPdu, Number, Optional, Sized, Structures
from trio_rdp.channels.rdpdr.smart_card_structures import (
    ReaderStateReturn,
    RedirScardContext,
    RedirScardHandle,
    ScardIoRequest,
)
from trio_rdp.channels.rdpdr.smart_card_values import CardProtocol, CardState, SmartCardCode
from trio_rdp.wire.pdu import pdu

__all__ = [
    "ConnectReturn",
    "ControlReturn",
    "EstablishContextReturn",
    "GetAttribReturn",
    "GetDeviceTypeIdReturn",
    "GetReaderIconReturn",
    "GetTransmitCountReturn",
    "LongReturn",
    "NamesReturn",
    "ReadCacheReturn",
    "ReaderStatesReturn",
    "ReconnectReturn",
    "StateReturn",
    "StatusReturn",
    "TransmitReturn",
]


def _no_card() -> RedirScardHandle:
    return RedirScardHandle(context=RedirScardContext())


@pdu
class ReadCacheReturn(NdrPdu):
    """ReadCache_Return, [MS-RDPESC] 2.2.3.1."""

    return_code: Annotated[SmartCardCode, Number(SmartCardCode)] = SmartCardCode.SUCCESS
    pb_data: Annotated[bytes | int, Sized(65_536)] = 0


@pdu
class EstablishContextReturn(NdrPdu):
    """EstablishContext_Return, [MS-RDPESC] 2.2.3.2."""

    return_code: Annotated[SmartCardCode, Number(SmartCardCode)] = SmartCardCode.SUCCESS
    context: RedirScardContext = field(default_factory=RedirScardContext)


@pdu
class LongReturn(NdrPdu):
    """long_Return, [MS-RDPESC] 2.2.3.3."""

    return_code: Annotated[SmartCardCode, Number(SmartCardCode)] = SmartCardCode.SUCCESS


@pdu
class NamesReturn(NdrPdu):
    """ListReaderGroups_Return, ListReaders_Return, [MS-RDPESC] 2.2.3.4."""

    return_code: Annotated[SmartCardCode, Number(SmartCardCode)] = SmartCardCode.SUCCESS
    msz: Annotated[bytes | int, Sized(65_536)] = 0


@pdu
class ReaderStatesReturn(NdrPdu):
    """LocateCards_Return, GetStatusChange_Return, [MS-RDPESC] 2.2.3.5."""

    return_code: Annotated[SmartCardCode, Number(SmartCardCode)] = SmartCardCode.SUCCESS
    reader_states: Annotated[list[ReaderStateReturn], Structures(ReaderStateReturn, 11)] = field(default_factory=list)


@pdu
class ControlReturn(NdrPdu):
    """Control_Return, [MS-RDPESC] 2.2.3.6."""

    return_code: Annotated[SmartCardCode, Number(SmartCardCode)] = SmartCardCode.SUCCESS
    pv_out_buffer: Annotated[bytes | int, Sized(66_560)] = 0


@pdu
class ReconnectReturn(NdrPdu):
    """Reconnect_Return, [MS-RDPESC] 2.2.3.7."""

    return_code: Annotated[SmartCardCode, Number(SmartCardCode)] = SmartCardCode.SUCCESS
    active_protocol: Annotated[CardProtocol, Number(CardProtocol)] = CardProtocol(0)


@pdu
class ConnectReturn(NdrPdu):
    """Connect_Return, [MS-RDPESC] 2.2.3.8."""

    return_code: Annotated[SmartCardCode, Number(SmartCardCode)] = SmartCardCode.SUCCESS
    card: RedirScardHandle = field(default_factory=_no_card)
    active_protocol: Annotated[CardProtocol, Number(CardProtocol)] = CardProtocol(0)


@pdu
class StateReturn(NdrPdu):
    """State_Return, [MS-RDPESC] 2.2.3.9."""

    return_code: Annotated[SmartCardCode, Number(SmartCardCode)] = SmartCardCode.SUCCESS
    state: Annotated[CardState, Number(CardState)] = CardState.UNKNOWN
    protocol: Annotated[CardProtocol, Number(CardProtocol)] = CardProtocol(0)
    rg_atr: Annotated[bytes | int, Sized(36)] = 0


@pdu
class StatusReturn(NdrPdu):
    """Status_Return, [MS-RDPESC] 2.2.3.10."""

    return_code: Annotated[SmartCardCode, Number(SmartCardCode)] = SmartCardCode.SUCCESS
    msz_reader_names: Annotated[bytes | int, Sized(65_536)] = 0
    state: Annotated[CardState, Number(CardState)] = CardState.UNKNOWN
    protocol: Annotated[CardProtocol, Number(CardProtocol)] = CardProtocol(0)
    pb_atr: Annotated[bytes, AtrLast(32)] = b""


@pdu
class TransmitReturn(NdrPdu):
    """Transmit_Return, [MS-RDPESC] 2.2.3.11."""

    return_code: Annotated[SmartCardCode, Number(SmartCardCode)] = SmartCardCode.SUCCESS
    pio_recv_pci: Annotated[ScardIoRequest | None, Optional(ScardIoRequest)] = None
    pb_recv_buffer: Annotated[bytes | int, Sized(66_560)] = 0


@pdu
class GetAttribReturn(NdrPdu):
    """GetAttrib_Return, [MS-RDPESC] 2.2.3.12."""

    return_code: Annotated[SmartCardCode, Number(SmartCardCode)] = SmartCardCode.SUCCESS
    pb_attr: Annotated[bytes | int, Sized(65_536)] = 0


@pdu
class GetTransmitCountReturn(NdrPdu):
    """GetTransmitCount_Return, [MS-RDPESC] 2.2.3.13."""

    return_code: Annotated[SmartCardCode, Number(SmartCardCode)] = SmartCardCode.SUCCESS
    transmit_count: Annotated[int, Number()] = 0


@pdu
class GetReaderIconReturn(NdrPdu):
    """GetReaderIcon_Return, [MS-RDPESC] 2.2.3.14."""

    return_code: Annotated[SmartCardCode, Number(SmartCardCode)] = SmartCardCode.SUCCESS
    pb_data: Annotated[bytes | int, Sized(4_194_304)] = 0


@pdu
class GetDeviceTypeIdReturn(NdrPdu):
    """GetDeviceTypeId_Return, [MS-RDPESC] 2.2.3.15."""

    return_code: Annotated[SmartCardCode, Number(SmartCardCode)] = SmartCardCode.SUCCESS
    device_id: Annotated[int, Number()] = 0
