"""A smart card that is made of nothing: one reader, one card that answers SELECT, READ BINARY and GET CHALLENGE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import trio

from trio_rdp.channels.rdpdr.smart_card_values import (
    CardDisposition,
    CardProtocol,
    CardState,
    ReaderState,
    Scope,
    ShareMode,
    SmartCardCode,
)
from trio_rdp.faces.devices.smart_cards import CardStatus, ReaderStatus, SmartCardError, SmartCardService

__all__ = ["APPLICATION", "ATR", "READER", "SoftwareCards"]

READER = "Gemplus USB Smart Card Reader 0"
ATR = bytes.fromhex("3b1694417374726964")
APPLICATION = bytes.fromhex("a000000308000010000100")
CONTENT = b"what is on the card"


class SoftwareCards(SmartCardService):
    """The service; what it was asked is in `log`."""

    def __init__(self) -> None:
        self.has_card = True
        self.readers = [READER]
        self.log: list[str] = []
        self.contexts: set[object] = set()
        self.connections: dict[object, bytes | None] = {}
        self.lock = trio.Lock()
        self.fails: Exception | None = None

    def insert(self, has_card: bool) -> None:
        """Put the card in, or take it out."""
        self.has_card = has_card
        self.changed()

    async def establish_context(self, scope: Scope) -> Any:
        await trio.lowlevel.checkpoint()
        context = object()
        self.contexts.add(context)
        return context

    async def release_context(self, context: Any) -> None:
        self.contexts.remove(context)
        self.log.append("released")

    async def list_readers(self, context: Any, groups: Sequence[str]) -> Sequence[str]:
        await trio.lowlevel.checkpoint()
        return self.readers

    async def reader_status(self, context: Any, reader: str) -> ReaderStatus:
        await trio.lowlevel.checkpoint()
        if reader not in self.readers:
            raise SmartCardError(SmartCardCode.UNKNOWN_READER)
        return ReaderStatus(ReaderState.PRESENT, ATR) if self.has_card else ReaderStatus(ReaderState.EMPTY)

    async def connect(
        self, context: Any, reader: str, mode: ShareMode, protocols: CardProtocol
    ) -> tuple[Any, CardProtocol]:
        await self.reader_status(context, reader)
        if not self.has_card:
            raise SmartCardError(SmartCardCode.NO_SMARTCARD)
        if CardProtocol.T1 not in protocols:
            raise SmartCardError(SmartCardCode.PROTO_MISMATCH)
        card = object()
        self.connections[card] = None
        return card, CardProtocol.T1

    async def disconnect(self, card: Any, disposition: CardDisposition) -> None:
        del self.connections[card]
        if self.fails is not None:
            raise self.fails
        self.log.append(f"disconnected {disposition.name}")

    async def status(self, card: Any) -> CardStatus:
        await trio.lowlevel.checkpoint()
        return CardStatus(READER, CardState.SPECIFIC_MODE, CardProtocol.T1, ATR)

    async def begin_transaction(self, card: Any) -> None:
        await self.lock.acquire()

    async def end_transaction(self, card: Any, disposition: CardDisposition) -> None:
        self.lock = trio.Lock()

    async def transmit(self, card: Any, protocol: CardProtocol, command: bytes) -> bytes:
        await trio.lowlevel.checkpoint()
        if self.fails is not None:
            raise self.fails
        self.log.append(command.hex())
        match command[1]:
            case 0xA4:
                name = command[5 : 5 + command[4]]
                if name != APPLICATION:
                    return bytes.fromhex("6a82")
                self.connections[card] = name
                return bytes.fromhex("6f00 9000")
            case 0xB0 if self.connections[card]:
                return CONTENT + bytes.fromhex("9000")
            case 0x84:
                return bytes(3000) + bytes.fromhex("9000")
        return bytes.fromhex("6d00")

    async def card_types(self, context: Any) -> dict[str, tuple[bytes, bytes]]:
        return {"Known": (ATR, b"\xff" * len(ATR)), "Other": (b"\x3b\x00", b"\xff\xff")}

    async def control(self, card: Any, code: int, data: bytes) -> bytes:
        if code != 1:
            raise SmartCardError(SmartCardCode.INVALID_VALUE)
        return data[::-1]

    async def get_attribute(self, card: Any, attribute: int) -> bytes:
        return b"vendor\0"
