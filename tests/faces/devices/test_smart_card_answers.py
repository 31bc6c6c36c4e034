"""A server that uses smart cards, call by call, as in [MS-RDPESC] 4; with a card made of nothing."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import trio
import trio.testing

from tests.device_link import ServerEnd, linked
from tests.software_card import APPLICATION, ATR, CONTENT, READER, SoftwareCards
from trio_rdp.channels import rdpdr
from trio_rdp.channels.rdpdr import smart_card_calls as calls
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.channels.rdpdr.ndr import NdrPdu
from trio_rdp.channels.rdpdr.smart_card_messages import decode_return, encode_call
from trio_rdp.channels.rdpdr.smart_card_structures import (
    ConnectCommon,
    LocateCardsAtrMask,
    ReadCacheCommon,
    ReaderStateA,
    ReaderStateCommonCall,
    ReaderStateW,
    RedirScardContext,
    RedirScardHandle,
    ScardIoRequest,
    WriteCacheCommon,
    decode_multistring,
    encode_multistring,
)
from trio_rdp.channels.rdpdr.smart_card_values import (
    CardDisposition,
    CardProtocol,
    CardState,
    ReaderState,
    Scope,
    ShareMode,
    SmartCardCode,
)
from trio_rdp.faces.devices.smart_cards import SmartCardError, SmartCards
from trio_rdp.protocol.limits import Limits

Code = rdpdr.SmartCardControlCode
OK = SmartCardCode.SUCCESS
SELECT = bytes.fromhex("00a404000b") + APPLICATION


class Application:
    """A program on the server, with a context."""

    def __init__(self, server: ServerEnd) -> None:
        self.server = server
        self.context = RedirScardContext()

    async def send(self, code: rdpdr.SmartCardControlCode, call: NdrPdu | None, room: int = 2048) -> int:
        return await self.server.send(
            rdpdr.ControlRequest, io_control_code=code, input_buffer=encode_call(call), output_buffer_length=room
        )

    async def hear(self, code: rdpdr.SmartCardControlCode) -> Any:
        answer = await self.server.hear()
        assert answer.io_status == NtStatus.SUCCESS
        return decode_return(code, answer.output_buffer)

    async def call(self, code: rdpdr.SmartCardControlCode, call: NdrPdu | None) -> Any:
        await self.send(code, call)
        return await self.hear(code)

    async def begin(self) -> None:
        found = await self.call(Code.ESTABLISHCONTEXT, calls.EstablishContextCall(scope=Scope.SYSTEM))
        assert found.return_code == OK
        self.context = found.context

    async def connect(self, protocols: int = 3, reader: str = READER) -> Any:
        common = ConnectCommon(
            context=self.context, share_mode=ShareMode.SHARED, preferred_protocols=CardProtocol(protocols)
        )
        return await self.call(Code.CONNECTW, calls.ConnectWCall(reader=reader, common=common))

    async def connected(self) -> RedirScardHandle:
        found = await self.connect()
        assert found.return_code == OK
        card: RedirScardHandle = found.card
        return card

    def transmitting(self, card: RedirScardHandle, command: bytes, room: int = 4096, **fields: Any) -> NdrPdu:
        pci = ScardIoRequest(protocol=CardProtocol.T1)
        return calls.TransmitCall(card=card, io_send_pci=pci, pb_send_buffer=command, cb_recv_length=room, **fields)

    def watching(self, state: int, time_out: int) -> NdrPdu:
        common = ReaderStateCommonCall(current_state=ReaderState(state))
        states = [ReaderStateW(reader=READER, common=common)]
        return calls.GetStatusChangeWCall(context=self.context, time_out=time_out, reader_states=states)


@pytest.fixture
def cards() -> SoftwareCards:
    return SoftwareCards()


@pytest.fixture
async def application(cards: SoftwareCards) -> AsyncIterator[Application]:
    async with linked(SmartCards(cards, Limits(card_contexts=3, card_cache=1000))) as (_, server):
        found = Application(server)
        await found.begin()
        yield found


async def test_the_conversation_of_the_document(application: Application, cards: SoftwareCards) -> None:
    call = application.call
    context = application.context
    groups = encode_multistring(["SCard$DefaultReaders"], is_wide=True)
    found = await call(Code.LISTREADERSW, calls.ListReadersCall(context=context, msz_groups=groups))
    assert decode_multistring(found.msz, is_wide=True) == [READER]
    found = await call(Code.GETSTATUSCHANGEW, application.watching(0, 0))
    (state,) = found.reader_states
    assert (state.event_state, state.rgb_atr) == (ReaderState.CHANGED | ReaderState.PRESENT, ATR)
    card = await application.connected()
    begin = calls.HCardAndDispositionCall(card=card, disposition=CardDisposition.LEAVE)
    assert (await call(Code.BEGINTRANSACTION, begin)).return_code == OK
    found = await call(Code.STATUSW, calls.StatusCall(card=card))
    assert decode_multistring(found.msz_reader_names, is_wide=True) == [READER]
    assert (found.state, found.protocol, found.pb_atr) == (CardState.SPECIFIC_MODE, CardProtocol.T1, ATR)
    found = await call(Code.TRANSMIT, application.transmitting(card, SELECT))
    assert (found.pb_recv_buffer, found.pio_recv_pci) == (bytes.fromhex("6f009000"), None)
    found = await call(Code.TRANSMIT, application.transmitting(card, bytes.fromhex("00b0000000")))
    assert found.pb_recv_buffer == CONTENT + b"\x90\0"
    assert (await call(Code.ENDTRANSACTION, begin)).return_code == OK
    end = calls.HCardAndDispositionCall(card=card, disposition=CardDisposition.RESET)
    assert (await call(Code.DISCONNECT, end)).return_code == OK
    assert (await call(Code.RELEASECONTEXT, calls.ContextCall(context=context))).return_code == OK
    assert cards.log[-2:] == ["disconnected RESET", "released"]
    assert not cards.contexts


async def test_cards_that_cannot_be_connected(application: Application, cards: SoftwareCards) -> None:
    assert (await application.connect(protocols=1)).return_code == SmartCardCode.PROTO_MISMATCH
    assert (await application.connect(reader="nobody")).return_code == SmartCardCode.UNKNOWN_READER
    cards.insert(False)
    assert (await application.connect()).return_code == SmartCardCode.NO_SMARTCARD
    application.context = RedirScardContext(pb_context=b"wrong")
    assert (await application.connect()).return_code == SmartCardCode.INVALID_HANDLE


async def test_names_in_bytes_and_only_their_length(application: Application, cards: SoftwareCards) -> None:
    context, call = application.context, application.call
    found = await call(Code.LISTREADERSA, calls.ListReadersCall(context=context))
    assert found.msz == READER.encode() + b"\0\0"
    for is_null, room in ((True, 5), (False, 0)):
        asked = calls.ListReadersCall(context=context, msz_readers_is_null=is_null, cch_readers=room)
        found = await call(Code.LISTREADERSW, asked)
        assert (found.return_code, found.msz) == (OK, 66)
    found = await call(Code.LISTREADERSW, calls.ListReadersCall(context=context, cch_readers=32))
    assert (found.return_code, found.msz) == (SmartCardCode.INSUFFICIENT_BUFFER, 0)
    found = await call(Code.LISTREADERSW, calls.ListReadersCall(context=context, cch_readers=33))
    assert len(found.msz) == 66
    found = await call(Code.LISTREADERGROUPSW, calls.ListReaderGroupsCall(context=context))
    assert decode_multistring(found.msz, is_wide=True) == ["SCard$DefaultReaders"]
    cards.readers = []
    found = await call(Code.LISTREADERSW, calls.ListReadersCall(context=context))
    assert found.return_code == SmartCardCode.NO_READERS_AVAILABLE


async def test_waiting_for_a_card(application: Application, cards: SoftwareCards) -> None:
    await application.send(Code.GETSTATUSCHANGEW, application.watching(ReaderState.PRESENT, 0xFFFFFFFF))
    await trio.testing.wait_all_tasks_blocked()
    valid = calls.ContextCall(context=application.context)
    assert (await application.call(Code.ISVALIDCONTEXT, valid)).return_code == OK
    cards.insert(False)
    found = await application.hear(Code.GETSTATUSCHANGEW)
    assert found.reader_states[0].event_state == ReaderState.EMPTY | ReaderState.CHANGED
    found = await application.call(Code.GETSTATUSCHANGEW, application.watching(ReaderState.EMPTY, 10))
    assert (found.return_code, found.reader_states) == (SmartCardCode.TIMEOUT, [])


async def test_cancelling_a_wait(application: Application) -> None:
    for code in (Code.CANCEL, Code.RELEASECONTEXT):
        await application.send(Code.GETSTATUSCHANGEW, application.watching(ReaderState.PRESENT, 0xFFFFFFFF))
        await trio.testing.wait_all_tasks_blocked()
        await application.send(code, calls.ContextCall(context=application.context))
        answers = [await application.server.hear() for _ in range(2)]
        waited = min(answers, key=lambda answer: int(answer.completion_id))
        found = decode_return(Code.GETSTATUSCHANGEW, waited.output_buffer)
        assert found.return_code == SmartCardCode.CANCELLED  # type: ignore[attr-defined]


async def test_a_state_and_an_attribute(application: Application) -> None:
    card = await application.connected()
    found = await application.call(Code.STATE, calls.StateCall(card=card))
    assert (found.state, found.protocol, found.rg_atr) == (CardState.SPECIFIC_MODE, CardProtocol.T1, ATR)
    found = await application.call(Code.STATE, calls.StateCall(card=card, pb_atr_is_null=True))
    assert found.rg_atr == 9
    found = await application.call(Code.GETATTRIB, calls.GetAttribCall(card=card, attr_id=1))
    assert found.pb_attr == b"vendor\0"
    for code, call in (
        (Code.SETATTRIB, calls.SetAttribCall(card=card, attr_id=1, pb_attr=b"x")),
        (Code.GETREADERICON, calls.GetReaderIconCall(context=application.context, reader_name=READER)),
        (Code.GETDEVICETYPEID, calls.GetDeviceTypeIdCall(context=application.context, reader_name=READER)),
        (Code.INTRODUCEREADERGROUPW, calls.ContextAndStringWCall(context=application.context, sz="g")),
    ):
        assert (await application.call(code, call)).return_code == SmartCardCode.UNSUPPORTED_FEATURE
    found = await application.call(
        Code.RECONNECT,
        calls.ReconnectCall(
            card=card,
            share_mode=ShareMode.SHARED,
            preferred_protocols=CardProtocol.T1,
            initialization=CardDisposition.LEAVE,
        ),
    )
    assert found.active_protocol == CardProtocol.T1


async def test_talking_to_a_reader(application: Application) -> None:
    card = await application.connected()

    async def control(code: int, room: int) -> Any:
        call = calls.ControlCall(card=card, control_code=code, pv_in_buffer=b"abc", cb_out_buffer_size=room)
        return await application.call(Code.CONTROL, call)

    assert (await control(1, 10)).pv_out_buffer == b"cba"
    assert (await control(1, 2)).return_code == SmartCardCode.INSUFFICIENT_BUFFER
    assert (await control(2, 10)).return_code == SmartCardCode.INVALID_VALUE


@pytest.mark.parametrize("error", [None, ZeroDivisionError("a mistake"), SmartCardError(SmartCardCode.NO_SERVICE)])
async def test_a_context_is_released_with_its_connections(
    application: Application, cards: SoftwareCards, caplog: pytest.LogCaptureFixture, error: Exception | None
) -> None:
    await application.connected()
    cards.fails = error
    released = await application.call(Code.RELEASECONTEXT, calls.ContextCall(context=application.context))
    assert released.return_code == OK
    assert not cards.connections
    assert ("smart cards failed at closing" in caplog.text) == isinstance(error, ZeroDivisionError)


async def test_locating_cards(application: Application) -> None:
    common = ReaderStateCommonCall()
    wide, narrow = ReaderStateW(reader=READER, common=common), ReaderStateA(reader=READER, common=common)
    context = application.context
    for code, call, is_there in (
        (
            Code.LOCATECARDSW,
            calls.LocateCardsWCall(
                context=context, msz_cards=encode_multistring(["Known"], is_wide=True), reader_states=[wide]
            ),
            True,
        ),
        (
            Code.LOCATECARDSA,
            calls.LocateCardsACall(context=context, msz_cards=b"Other\0Unheard of\0\0", reader_states=[narrow]),
            False,
        ),
        (
            Code.LOCATECARDSBYATRA,
            calls.LocateCardsByAtrACall(
                context=context,
                atr_masks=[LocateCardsAtrMask(rgb_atr=ATR, rgb_mask=b"\xff" * 9)],
                reader_states=[narrow],
            ),
            True,
        ),
    ):
        (state,) = (await application.call(code, call)).reader_states
        assert (ReaderState.ATR_MATCH in state.event_state) == is_there


async def test_what_is_remembered_of_cards(application: Application) -> None:
    card = uuid.UUID(int=7)

    async def read(name: str, freshness: int, **fields: Any) -> Any:
        common = ReadCacheCommon(
            context=application.context,
            card_identifier=card,
            freshness_counter=freshness,
            cb_data_len=fields.pop("room", 100),
            **fields,
        )
        return await application.call(Code.READCACHEW, calls.ReadCacheWCall(lookup_name=name, common=common))

    async def write(name: str, data: bytes) -> SmartCardCode:
        common = WriteCacheCommon(context=application.context, card_identifier=card, freshness_counter=5, pb_data=data)
        found = await application.call(Code.WRITECACHEA, calls.WriteCacheACall(lookup_name=name, common=common))
        code: SmartCardCode = found.return_code
        return code

    assert (await read("x", 5)).return_code == SmartCardCode.CACHE_ITEM_NOT_FOUND
    assert await write("x", b"first") == OK
    assert await write("x", b"data") == OK
    assert (await read("x", 5)).pb_data == b"data"
    assert (await read("x", 5, pb_data_is_null=True)).pb_data == 4
    assert (await read("x", 5, room=3)).return_code == SmartCardCode.INSUFFICIENT_BUFFER
    assert (await read("x", 6)).return_code == SmartCardCode.CACHE_ITEM_STALE
    assert await write("y", bytes(800)) == SmartCardCode.CACHE_ITEM_TOO_BIG
    assert await write("x", bytes(800)) == OK


async def test_what_does_not_fit_is_not_done_twice(application: Application, cards: SoftwareCards) -> None:
    card = await application.connected()
    call = application.transmitting(card, bytes.fromhex("0084000000"))
    await application.send(Code.TRANSMIT, call, room=2048)
    answer = await application.server.hear()
    assert (answer.io_status, answer.output_buffer) == (NtStatus.BUFFER_TOO_SMALL, b"")
    await application.send(Code.TRANSMIT, call, room=4096)
    assert len((await application.hear(Code.TRANSMIT)).pb_recv_buffer) == 3002
    assert cards.log == ["0084000000"]
    count = await application.call(Code.GETTRANSMITCOUNT, calls.GetTransmitCountCall(card=card))
    assert count.transmit_count == 1
    pci = ScardIoRequest(protocol=CardProtocol.T1)
    found = await application.call(Code.TRANSMIT, application.transmitting(card, SELECT, pio_recv_pci=pci))
    assert (found.pb_recv_buffer, found.pio_recv_pci) == (bytes.fromhex("6f009000"), None)
    found = await application.call(Code.TRANSMIT, application.transmitting(card, SELECT, room=2))
    assert found.return_code == SmartCardCode.INSUFFICIENT_BUFFER


async def test_a_card_that_is_not_connected(application: Application) -> None:
    card = RedirScardHandle(context=application.context, pb_handle=b"none")
    found = await application.call(Code.TRANSMIT, application.transmitting(card, SELECT))
    assert (found.return_code, found.pb_recv_buffer) == (SmartCardCode.INVALID_HANDLE, 0)


async def test_the_context_for_the_handle(application: Application) -> None:
    """As xrdp does it."""
    card = RedirScardHandle(context=application.context, pb_handle=application.context.pb_context)
    count = calls.GetTransmitCountCall(card=card)
    assert (await application.call(Code.GETTRANSMITCOUNT, count)).return_code == SmartCardCode.INVALID_HANDLE
    await application.connected()
    assert (await application.call(Code.GETTRANSMITCOUNT, count)).return_code == OK


async def test_how_many_contexts_and_connections(application: Application) -> None:
    for _ in range(2):
        await application.begin()
    found = await application.call(Code.ESTABLISHCONTEXT, calls.EstablishContextCall(scope=Scope.USER))
    assert found.return_code == SmartCardCode.NO_MEMORY
    for _ in range(3):
        await application.connected()
    assert (await application.connect()).return_code == SmartCardCode.NO_MEMORY


async def test_a_service_that_breaks(
    application: Application, cards: SoftwareCards, caplog: pytest.LogCaptureFixture
) -> None:
    card = await application.connected()
    cards.fails = ZeroDivisionError("a mistake")
    found = await application.call(Code.TRANSMIT, application.transmitting(card, SELECT))
    assert found.return_code == SmartCardCode.UNEXPECTED
    assert "smart cards failed at TRANSMIT" in caplog.text


async def test_what_is_no_call(application: Application) -> None:
    server = application.server
    for code, data in ((0x1234, b""), (Code.CANCEL, b"\1\2\3"), (Code.RELEASETARTEDEVENT, bytes(4))):
        answer = await server.ask(
            rdpdr.ControlRequest, io_control_code=code, input_buffer=data, output_buffer_length=100
        )
        assert answer.io_status == NtStatus.UNSUCCESSFUL
    assert (await server.read(1, 1)).io_status == NtStatus.NOT_SUPPORTED
    answer = await server.ask(
        rdpdr.CreateRequest, desired_access=rdpdr.DesiredAccess(0), shared_access=rdpdr.SharedAccess(0)
    )
    assert answer.io_status == NtStatus.SUCCESS
    assert await server.close(1) == NtStatus.SUCCESS
    assert (await application.call(Code.ACCESSSTARTEDEVENT, None)).return_code == OK


async def test_everything_is_released_at_the_end(cards: SoftwareCards) -> None:
    async with linked(SmartCards(cards, Limits())) as (_, server):
        application = Application(server)
        await application.begin()
        await application.connected()
        await application.send(Code.GETSTATUSCHANGEW, application.watching(ReaderState.PRESENT, 0xFFFFFFFF))
        await trio.testing.wait_all_tasks_blocked()
    assert cards.log == ["disconnected LEAVE", "released"]
    assert not cards.contexts
    assert not cards.connections
