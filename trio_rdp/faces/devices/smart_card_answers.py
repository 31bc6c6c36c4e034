"""`SmartCardAnswers`: answers the calls of a server with what a `SmartCardService` does, [MS-RDPESC] 3.1.4."""

from __future__ import annotations

import logging
import math
import uuid
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import trio

from trio_rdp.channels.rdpdr import smart_card_calls as calls
from trio_rdp.channels.rdpdr import smart_card_returns as returns
from trio_rdp.channels.rdpdr.client import answer
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.channels.rdpdr.ndr import NdrPdu
from trio_rdp.channels.rdpdr.requests import CloseRequest, ControlRequest, CreateRequest, DeviceIoRequest
from trio_rdp.channels.rdpdr.responses import DeviceIoResponse
from trio_rdp.channels.rdpdr.smart_card import SmartCardControlCode
from trio_rdp.channels.rdpdr.smart_card_messages import CALLS, decode_call, encode_return
from trio_rdp.channels.rdpdr.smart_card_structures import (
    ReaderStateReturn,
    RedirScardContext,
    RedirScardHandle,
    decode_multistring,
    encode_multistring,
)
from trio_rdp.channels.rdpdr.smart_card_values import AUTOALLOCATE, CardDisposition, SmartCardCode
from trio_rdp.faces.devices.device import DeviceService, unsupported
from trio_rdp.faces.devices.smart_card_readers import locate_cards, wait_status_change
from trio_rdp.faces.devices.smart_card_service import SmartCardError, SmartCardService
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import DecodeError

__all__ = ["SmartCardAnswers"]

_log = logging.getLogger(__name__)

_INFINITE = 0xFFFFFFFF
_ITEM_COST = 128  # bytes that remembering an item takes beside its name and its data
_WIDE = frozenset(code for code in SmartCardControlCode if code.name.endswith("W"))

_Card = (
    calls.ReconnectCall
    | calls.HCardAndDispositionCall
    | calls.StateCall
    | calls.StatusCall
    | calls.TransmitCall
    | calls.ControlCall
    | calls.GetAttribCall
    | calls.SetAttribCall
    | calls.GetTransmitCountCall
)


@dataclass(slots=True, eq=False)
class _Context:
    """A context of the server's, and the calls that wait in it."""

    value: Any
    waits: set[trio.CancelScope] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class _Connection:
    """A connection of the server's to a card."""

    value: Any
    context: bytes
    reader: str


class SmartCardAnswers(DeviceService):
    """A server's use of smart cards: its contexts and connections, and what it has us remember."""

    def __init__(self, service: SmartCardService, limits: Limits) -> None:
        self._service = service
        self._limits = limits
        self._contexts: dict[bytes, _Context] = {}
        self._cards: dict[bytes, _Connection] = {}
        self._beginning = 0
        self._last_id = 0
        self._transmits: dict[str, int] = {}
        self._cache: dict[tuple[uuid.UUID, str], tuple[int, bytes]] = {}
        self._cached = 0
        # What did not fit: the server asks again with twice the room, and a command must not be sent to a card twice.
        self._too_big: tuple[int, bytes, bytes] | None = None

    def lane(self, request: DeviceIoRequest) -> Hashable:
        return None  # "The TS client MUST be able to process multiple requests simultaneously"

    async def answer(self, request: DeviceIoRequest) -> DeviceIoResponse:
        match request:
            case ControlRequest():
                return await self._control(request)
            case CreateRequest():
                return answer(request, file_id=1)
            case CloseRequest():
                return answer(request)
        return unsupported(request)

    async def aclose(self) -> None:
        for card in list(self._cards):
            await self._quietly(self._disconnect(card, CardDisposition.LEAVE))
        for context in list(self._contexts):
            await self._quietly(self._release(context))

    async def _control(self, request: ControlRequest) -> DeviceIoResponse:
        code = SmartCardControlCode(request.io_control_code)
        if code not in CALLS:
            return answer(request, NtStatus.UNSUCCESSFUL)
        too_big, self._too_big = self._too_big, None
        if too_big is not None and too_big[:2] == (code, request.input_buffer):
            output = too_big[2]
        else:
            try:
                call = decode_call(code, request.input_buffer)
                output = encode_return(await self._return(code, call))
            except DecodeError:
                return answer(request, NtStatus.UNSUCCESSFUL)
        if len(output) > request.output_buffer_length:
            self._too_big = (code, request.input_buffer, output)
            return answer(request, NtStatus.BUFFER_TOO_SMALL)
        return answer(request, output_buffer=output)

    async def _return(self, code: SmartCardControlCode, call: NdrPdu | None) -> NdrPdu:
        cls: Any = CALLS[code][1]
        try:
            return await self._call(code, call)
        except SmartCardError as exc:
            found = exc.code
        except DecodeError:
            raise
        except Exception:
            _log.exception("smart cards failed at %s", code.name)
            found = SmartCardCode.UNEXPECTED
        failed: NdrPdu = cls(return_code=found)
        return failed

    async def _call(self, code: SmartCardControlCode, call: NdrPdu | None) -> NdrPdu:
        """Do what is asked; what fails raises `SmartCardError`."""
        match call:
            case None:
                return returns.LongReturn()  # ready since the channel is open
            case calls.EstablishContextCall():
                return await self._establish(call)
            case calls.ConnectACall() | calls.ConnectWCall():
                return await self._connect(call)
            case calls.ReadCacheACall() | calls.ReadCacheWCall():
                return self._read_cache(call)
            case calls.WriteCacheACall() | calls.WriteCacheWCall():
                return self._write_cache(call)
            case (
                calls.ReconnectCall()
                | calls.HCardAndDispositionCall()
                | calls.StateCall()
                | calls.StatusCall()
                | calls.TransmitCall()
                | calls.ControlCall()
                | calls.GetAttribCall()
                | calls.SetAttribCall()
                | calls.GetTransmitCountCall()
            ):
                return await self._use_card(code, call)
        return await self._use_context(code, call)

    # Contexts.

    async def _establish(self, call: calls.EstablishContextCall) -> NdrPdu:
        if len(self._contexts) + self._beginning >= self._limits.card_contexts:
            raise SmartCardError(SmartCardCode.NO_MEMORY)
        self._beginning += 1
        try:
            value = await self._service.establish_context(call.scope)
        finally:
            self._beginning -= 1
        handle = self._new_handle()
        self._contexts[handle] = _Context(value)
        return returns.EstablishContextReturn(context=RedirScardContext(pb_context=handle))

    async def _use_context(self, code: SmartCardControlCode, call: Any) -> NdrPdu:
        """A call in a context, none of whose cards it is about."""
        handle = call.context.pb_context
        context = self._context(handle)
        match call:
            case calls.ContextCall() if code == SmartCardControlCode.RELEASECONTEXT:
                await self._release(handle)
                return returns.LongReturn()
            case calls.ContextCall() if code == SmartCardControlCode.CANCEL:
                for scope in context.waits:
                    scope.cancel()
                return returns.LongReturn()
            case calls.ContextCall():
                return returns.LongReturn()  # ISVALIDCONTEXT
            case calls.ListReaderGroupsCall(msz_groups_is_null=is_null, cch_groups=room):
                groups = await self._service.list_reader_groups(context.value)
                return returns.NamesReturn(msz=_names(code, list(groups), is_null, room))
            case calls.ListReadersCall():
                return await self._list_readers(code, call, context)
            case calls.GetStatusChangeACall() | calls.GetStatusChangeWCall():
                return await self._get_status_change(call, context)
            case calls.LocateCardsACall() | calls.LocateCardsWCall():
                types = await self._service.card_types(context.value)
                names = decode_multistring(call.msz_cards, is_wide=code in _WIDE)
                masks = [types[name] for name in names if name in types]
                return await self._locate(call.reader_states, masks, context)
            case calls.LocateCardsByAtrACall() | calls.LocateCardsByAtrWCall():
                masks = [(mask.rgb_atr, mask.rgb_mask) for mask in call.atr_masks]
                return await self._locate(call.reader_states, masks, context)
            case calls.GetReaderIconCall(reader_name=reader):
                return returns.GetReaderIconReturn(pb_data=await self._service.reader_icon(context.value, reader))
        raise SmartCardError(SmartCardCode.UNSUPPORTED_FEATURE)

    async def _release(self, handle: bytes) -> None:
        context = self._contexts.pop(handle)
        for scope in context.waits:
            scope.cancel()
        for card in [card for card, connection in self._cards.items() if connection.context == handle]:
            await self._quietly(self._disconnect(card, CardDisposition.LEAVE))
        await self._service.release_context(context.value)

    async def _list_readers(self, code: SmartCardControlCode, call: calls.ListReadersCall, context: _Context) -> NdrPdu:
        groups = decode_multistring(call.msz_groups, is_wide=code in _WIDE)
        readers = await self._service.list_readers(context.value, groups)
        if not readers:
            raise SmartCardError(SmartCardCode.NO_READERS_AVAILABLE)
        return returns.NamesReturn(msz=_names(code, list(readers), call.msz_readers_is_null, call.cch_readers))

    async def _get_status_change(
        self, call: calls.GetStatusChangeACall | calls.GetStatusChangeWCall, context: _Context
    ) -> NdrPdu:
        seconds = math.inf if call.time_out == _INFINITE else call.time_out / 1000
        states: list[ReaderStateReturn] | None = None
        with trio.CancelScope() as scope:
            context.waits.add(scope)
            try:
                states = await wait_status_change(self._service, context.value, list(call.reader_states), seconds)
            finally:
                context.waits.discard(scope)
        if scope.cancelled_caught:
            raise SmartCardError(SmartCardCode.CANCELLED)
        if states is None:
            raise SmartCardError(SmartCardCode.TIMEOUT)
        return returns.ReaderStatesReturn(reader_states=states)

    async def _locate(self, readers: Any, masks: list[tuple[bytes, bytes]], context: _Context) -> NdrPdu:
        states = await locate_cards(self._service, context.value, list(readers), masks)
        return returns.ReaderStatesReturn(reader_states=states)

    # Cards.

    async def _connect(self, call: calls.ConnectACall | calls.ConnectWCall) -> NdrPdu:
        common = call.common
        handle = common.context.pb_context
        context = self._context(handle)
        if len(self._cards) + self._beginning >= self._limits.card_contexts:
            raise SmartCardError(SmartCardCode.NO_MEMORY)
        self._beginning += 1
        try:
            value, protocol = await self._service.connect(
                context.value, call.reader, common.share_mode, common.preferred_protocols
            )
        finally:
            self._beginning -= 1
        card = self._new_handle()
        self._cards[card] = _Connection(value, handle, call.reader)
        return returns.ConnectReturn(
            card=RedirScardHandle(context=common.context, pb_handle=card), active_protocol=protocol
        )

    async def _use_card(self, code: SmartCardControlCode, call: _Card) -> NdrPdu:
        handle = self._connection_of(call.card.pb_handle)
        connection = self._cards[handle]
        card, service = connection.value, self._service
        match call:
            case calls.TransmitCall():
                return await self._transmit(call, connection)
            case calls.StateCall(pb_atr_is_null=is_null, cb_atr_len=room):
                found = await service.status(card)
                atr = _fitting(found.atr, is_null, room)
                return returns.StateReturn(state=found.state, protocol=found.protocol, rg_atr=atr)
            case calls.StatusCall(msz_reader_names_is_null=is_null, cch_reader_len=room):
                found = await service.status(card)
                names = _names(code, [found.reader], is_null, room)
                return returns.StatusReturn(
                    msz_reader_names=names, state=found.state, protocol=found.protocol, pb_atr=found.atr
                )
            case calls.ReconnectCall():
                protocol = await service.reconnect(card, call.share_mode, call.preferred_protocols, call.initialization)
                return returns.ReconnectReturn(active_protocol=protocol)
            case calls.ControlCall():
                data = await service.control(card, call.control_code, call.pv_in_buffer)
                fitting = _fitting(data, call.pv_out_buffer_is_null, call.cb_out_buffer_size)
                return returns.ControlReturn(pv_out_buffer=fitting)
            case calls.GetAttribCall():
                data = await service.get_attribute(card, call.attr_id)
                return returns.GetAttribReturn(pb_attr=_fitting(data, call.pb_attr_is_null, call.cb_attr_len))
            case calls.SetAttribCall():
                await service.set_attribute(card, call.attr_id, call.pb_attr)
            case calls.GetTransmitCountCall():
                return returns.GetTransmitCountReturn(transmit_count=self._transmits.get(connection.reader, 0))
            case calls.HCardAndDispositionCall(disposition=disposition):
                match code:
                    case SmartCardControlCode.BEGINTRANSACTION:
                        await service.begin_transaction(card)
                    case SmartCardControlCode.ENDTRANSACTION:
                        await service.end_transaction(card, disposition)
                    case _:
                        await self._disconnect(handle, disposition)
        return returns.LongReturn()

    def _connection_of(self, handle: bytes) -> bytes:
        """The handle of a connection."""
        if handle in self._cards:
            return handle
        # xrdp 0.9.21 takes the context, which comes first in what we return, for the handle: that may be the latest.
        for card in reversed(self._cards):
            if self._cards[card].context == handle:
                return card
        raise SmartCardError(SmartCardCode.INVALID_HANDLE)

    async def _transmit(self, call: calls.TransmitCall, connection: _Connection) -> NdrPdu:
        protocol = call.io_send_pci.protocol
        found = await self._service.transmit(connection.value, protocol, call.pb_send_buffer)
        self._transmits[connection.reader] = self._transmits.get(connection.reader, 0) + 1
        # No `pio_recv_pci`, as it would say what was asked; xrdp 0.9.21 misreads an answer that has one.
        data = _fitting(found, call.pb_recv_buffer_is_null, call.cb_recv_length)
        return returns.TransmitReturn(pb_recv_buffer=data)

    async def _disconnect(self, handle: bytes, disposition: CardDisposition) -> None:
        await self._service.disconnect(self._cards.pop(handle).value, disposition)

    # What is remembered of cards.

    def _read_cache(self, call: calls.ReadCacheACall | calls.ReadCacheWCall) -> NdrPdu:
        common = call.common
        self._context(common.context.pb_context)
        found = self._cache.get((common.card_identifier, call.lookup_name))
        if found is None:
            raise SmartCardError(SmartCardCode.CACHE_ITEM_NOT_FOUND)
        freshness, data = found
        if freshness != common.freshness_counter:
            raise SmartCardError(SmartCardCode.CACHE_ITEM_STALE)
        return returns.ReadCacheReturn(pb_data=_fitting(data, common.pb_data_is_null, common.cb_data_len))

    def _write_cache(self, call: calls.WriteCacheACall | calls.WriteCacheWCall) -> NdrPdu:
        common = call.common
        self._context(common.context.pb_context)
        key = (common.card_identifier, call.lookup_name)
        before = self._cache.get(key)
        freed = 0 if before is None else _cost(key, before[1])
        cost = _cost(key, common.pb_data)
        if self._cached - freed + cost > self._limits.card_cache:
            raise SmartCardError(SmartCardCode.CACHE_ITEM_TOO_BIG)
        self._cache[key] = (common.freshness_counter, common.pb_data)
        self._cached += cost - freed
        return returns.LongReturn()

    # The rest.

    def _context(self, handle: bytes) -> _Context:
        try:
            return self._contexts[handle]
        except KeyError:
            raise SmartCardError(SmartCardCode.INVALID_HANDLE) from None

    def _new_handle(self) -> bytes:
        self._last_id += 1
        return self._last_id.to_bytes(8, "little")

    async def _quietly(self, doing: Any) -> None:
        """Do something whose failure nobody waits for."""
        try:
            await doing
        except SmartCardError:
            pass
        except Exception:
            _log.exception("smart cards failed at closing")


def _cost(key: tuple[uuid.UUID, str], data: bytes) -> int:
    return _ITEM_COST + 2 * len(key[1]) + len(data)


def _names(code: SmartCardControlCode, names: list[str], is_null: bool, room: int) -> bytes | int:
    """A multistring in what room there is, which is counted in characters."""
    is_wide = code in _WIDE
    raw = encode_multistring(names, is_wide=is_wide)
    return _fitting(raw, is_null, room if room == AUTOALLOCATE or not is_wide else 2 * room)


def _fitting(data: bytes, is_null: bool, room: int) -> bytes | int:
    """The data, or only their size where that was asked; raises where they do not fit."""
    if is_null or room == 0:
        return len(data)
    if room != AUTOALLOCATE and len(data) > room:
        raise SmartCardError(SmartCardCode.INSUFFICIENT_BUFFER)
    return data
