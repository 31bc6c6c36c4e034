"""The calls of the examples in [MS-RDPESC] 4, in bytes, and all others there and back."""

from __future__ import annotations

import pytest

from tests.fuzz.samples import sample
from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rdpdr import smart_card_calls as calls
from trio_rdp.channels.rdpdr.smart_card_structures import (
    ConnectCommon,
    ReaderStateCommonCall,
    ReaderStateW,
    RedirScardContext,
    RedirScardHandle,
    ScardIoRequest,
)
from trio_rdp.channels.rdpdr.smart_card_values import CardProtocol, ShareMode

CONTEXT = RedirScardContext(pb_context=b"\0\0\1\xcd")
CARD = RedirScardHandle(context=CONTEXT, pb_handle=b"\0\0\1\xea")
READER = "Gemplus USB Smart Card Reader 0"
WIDE_READER = f"{READER}\0".encode("utf-16-le")  # 32 characters


def test_list_readers() -> None:
    groups = "SCard$DefaultReaders\0\0".encode("utf-16-le")
    raw = bytes.fromhex(
        "04000000 00000200"  # the context
        "2c000000 04000200"  # cBytes, mszGroups
        "00000000"  # fmszReadersIsNULL
        "ffffffff"  # cchReaders
        "04000000 000001cd"
        "2c000000"
    )
    same(raw + groups, calls.ListReadersCall(context=CONTEXT, msz_groups=groups))


def test_get_status_change() -> None:
    raw = bytes.fromhex(
        "04000000 00000200"  # the context
        "00000000"  # dwTimeOut
        "01000000 04000200"  # cReaders, rgReaderStates
        "04000000 000001cd"
        "01000000"  # one state:
        "08000200 00000000 00000000 00000000"  # szReader, dwCurrentState, dwEventState, cbAtr
    )
    raw += bytes(36) + bytes.fromhex("20000000 00000000 20000000") + WIDE_READER
    state = ReaderStateW(reader=READER, common=ReaderStateCommonCall())
    value = calls.GetStatusChangeWCall(context=CONTEXT, time_out=0, reader_states=[state])
    same(raw, value)
    every_truncation_raises(calls.GetStatusChangeWCall, raw)


def test_connect() -> None:
    raw = bytes.fromhex(
        "00000200"  # szReader
        "04000000 04000200"  # the context
        "02000000 03000000"  # dwShareMode, dwPreferredProtocols
        "20000000 00000000 20000000"
    )
    raw += WIDE_READER + bytes.fromhex("04000000 000001cd")
    common = ConnectCommon(
        context=CONTEXT, share_mode=ShareMode.SHARED, preferred_protocols=CardProtocol.T0 | CardProtocol.T1
    )
    same(raw, calls.ConnectWCall(reader=READER, common=common))


def test_transmit() -> None:
    raw = bytes.fromhex(
        "04000000 00000200 04000000 04000200"  # hCard
        "01000000 00000000 00000000"  # ioSendPci
        "05000000 08000200"  # cbSendLength, pbSendBuffer
        "0c000200"  # pioRecvPci
        "00000000 02010000"  # fpbRecvBufferIsNULL, cbRecvLength
        "04000000 000001cd 04000000 000001ea"
        "05000000 00a4040000 000000"
        "01000000 00000000 00000000"
    )
    value = calls.TransmitCall(
        card=CARD,
        io_send_pci=ScardIoRequest(protocol=CardProtocol.T0),
        pb_send_buffer=bytes.fromhex("00a4040000"),
        pio_recv_pci=ScardIoRequest(protocol=CardProtocol.T0),
        cb_recv_length=258,
    )
    same(raw, value)
    every_truncation_raises(calls.TransmitCall, raw)


@pytest.mark.parametrize("name", calls.__all__)
def test_every_call_there_and_back(name: str) -> None:
    value = sample(getattr(calls, name))
    same(value.encode(), value)
