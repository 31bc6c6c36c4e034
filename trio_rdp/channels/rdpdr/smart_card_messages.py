"""Which structures a control code of smart cards has, [MS-RDPESC] 3.1.4, inside their envelopes."""

from __future__ import annotations

from trio_rdp.channels.rdpdr import smart_card_calls as calls
from trio_rdp.channels.rdpdr import smart_card_returns as returns
from trio_rdp.channels.rdpdr.ndr import NdrPdu
from trio_rdp.channels.rdpdr.smart_card import SmartCardControlCode, TypeSerialization
from trio_rdp.wire.errors import InvalidField

__all__ = ["CALLS", "decode_call", "decode_return", "encode_call", "encode_return"]

_Code = SmartCardControlCode

CALLS: dict[SmartCardControlCode, tuple[type[NdrPdu] | None, type[NdrPdu]]] = {
    _Code.ESTABLISHCONTEXT: (calls.EstablishContextCall, returns.EstablishContextReturn),
    _Code.RELEASECONTEXT: (calls.ContextCall, returns.LongReturn),
    _Code.ISVALIDCONTEXT: (calls.ContextCall, returns.LongReturn),
    _Code.LISTREADERGROUPSA: (calls.ListReaderGroupsCall, returns.NamesReturn),
    _Code.LISTREADERGROUPSW: (calls.ListReaderGroupsCall, returns.NamesReturn),
    _Code.LISTREADERSA: (calls.ListReadersCall, returns.NamesReturn),
    _Code.LISTREADERSW: (calls.ListReadersCall, returns.NamesReturn),
    _Code.INTRODUCEREADERGROUPA: (calls.ContextAndStringACall, returns.LongReturn),
    _Code.INTRODUCEREADERGROUPW: (calls.ContextAndStringWCall, returns.LongReturn),
    _Code.FORGETREADERGROUPA: (calls.ContextAndStringACall, returns.LongReturn),
    _Code.FORGETREADERGROUPW: (calls.ContextAndStringWCall, returns.LongReturn),
    _Code.INTRODUCEREADERA: (calls.ContextAndTwoStringACall, returns.LongReturn),
    _Code.INTRODUCEREADERW: (calls.ContextAndTwoStringWCall, returns.LongReturn),
    _Code.FORGETREADERA: (calls.ContextAndStringACall, returns.LongReturn),
    _Code.FORGETREADERW: (calls.ContextAndStringWCall, returns.LongReturn),
    _Code.ADDREADERTOGROUPA: (calls.ContextAndTwoStringACall, returns.LongReturn),
    _Code.ADDREADERTOGROUPW: (calls.ContextAndTwoStringWCall, returns.LongReturn),
    _Code.REMOVEREADERFROMGROUPA: (calls.ContextAndTwoStringACall, returns.LongReturn),
    _Code.REMOVEREADERFROMGROUPW: (calls.ContextAndTwoStringWCall, returns.LongReturn),
    _Code.LOCATECARDSA: (calls.LocateCardsACall, returns.ReaderStatesReturn),
    _Code.LOCATECARDSW: (calls.LocateCardsWCall, returns.ReaderStatesReturn),
    _Code.GETSTATUSCHANGEA: (calls.GetStatusChangeACall, returns.ReaderStatesReturn),
    _Code.GETSTATUSCHANGEW: (calls.GetStatusChangeWCall, returns.ReaderStatesReturn),
    _Code.CANCEL: (calls.ContextCall, returns.LongReturn),
    _Code.CONNECTA: (calls.ConnectACall, returns.ConnectReturn),
    _Code.CONNECTW: (calls.ConnectWCall, returns.ConnectReturn),
    _Code.RECONNECT: (calls.ReconnectCall, returns.ReconnectReturn),
    _Code.DISCONNECT: (calls.HCardAndDispositionCall, returns.LongReturn),
    _Code.BEGINTRANSACTION: (calls.HCardAndDispositionCall, returns.LongReturn),
    _Code.ENDTRANSACTION: (calls.HCardAndDispositionCall, returns.LongReturn),
    _Code.STATE: (calls.StateCall, returns.StateReturn),
    _Code.STATUSA: (calls.StatusCall, returns.StatusReturn),
    _Code.STATUSW: (calls.StatusCall, returns.StatusReturn),
    _Code.TRANSMIT: (calls.TransmitCall, returns.TransmitReturn),
    _Code.CONTROL: (calls.ControlCall, returns.ControlReturn),
    _Code.GETATTRIB: (calls.GetAttribCall, returns.GetAttribReturn),
    _Code.SETATTRIB: (calls.SetAttribCall, returns.LongReturn),
    _Code.ACCESSSTARTEDEVENT: (None, returns.LongReturn),
    _Code.LOCATECARDSBYATRA: (calls.LocateCardsByAtrACall, returns.ReaderStatesReturn),
    _Code.LOCATECARDSBYATRW: (calls.LocateCardsByAtrWCall, returns.ReaderStatesReturn),
    _Code.READCACHEA: (calls.ReadCacheACall, returns.ReadCacheReturn),
    _Code.READCACHEW: (calls.ReadCacheWCall, returns.ReadCacheReturn),
    _Code.WRITECACHEA: (calls.WriteCacheACall, returns.LongReturn),
    _Code.WRITECACHEW: (calls.WriteCacheWCall, returns.LongReturn),
    _Code.GETTRANSMITCOUNT: (calls.GetTransmitCountCall, returns.GetTransmitCountReturn),
    _Code.GETREADERICON: (calls.GetReaderIconCall, returns.GetReaderIconReturn),
    _Code.GETDEVICETYPEID: (calls.GetDeviceTypeIdCall, returns.GetDeviceTypeIdReturn),
}
"""The call and the return of each code; the one without a call sends four bytes that mean nothing."""


def decode_call(code: SmartCardControlCode, buffer: bytes) -> NdrPdu | None:
    """Decode the input of a control request; None where there is none.  Raises `DecodeError`."""
    call, _ = _structures(code)
    return None if call is None else call.decode(TypeSerialization.decode(buffer).data)


def decode_return(code: SmartCardControlCode, buffer: bytes) -> NdrPdu:
    """Decode the output of a control response; raises `DecodeError`."""
    return _structures(code)[1].decode(TypeSerialization.decode(buffer).data)


def encode_call(call: NdrPdu | None) -> bytes:
    """The input of a control request."""
    return bytes(4) if call is None else TypeSerialization(data=call.encode()).encode()


def encode_return(value: NdrPdu) -> bytes:
    """The output of a control response."""
    return TypeSerialization(data=value.encode()).encode()


def _structures(code: SmartCardControlCode) -> tuple[type[NdrPdu] | None, type[NdrPdu]]:
    try:
        return CALLS[code]
    except KeyError:
        raise InvalidField(f"control code {int(code):#x} is no call of smart cards") from None
