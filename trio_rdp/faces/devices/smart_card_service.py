"""`SmartCardService`: readers and cards as a server uses them, in the calls of PC/SC; make your own."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass
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

__all__ = ["CardStatus", "ReaderStatus", "SmartCardError", "SmartCardService"]


class SmartCardError(Exception):
    """A call failed; `code` is what the server is told."""

    def __init__(self, code: SmartCardCode) -> None:
        super().__init__(code.name)
        self.code = code


@dataclass(frozen=True, slots=True)
class ReaderStatus:
    """A reader: its state, and the answer to reset of the card in it, if there is one."""

    state: ReaderState
    atr: bytes = b""


@dataclass(frozen=True, slots=True)
class CardStatus:
    """A connection to a card: the reader, what state the card is in, how it is spoken to, and its answer to reset."""

    reader: str
    state: CardState
    protocol: CardProtocol
    atr: bytes


class SmartCardService(abc.ABC):
    """Readers and cards, in the calls of PC/SC; make your own over what your system has.

    Contexts and cards are whatever you choose; you get them back in the calls that are about them.  Raise
    `SmartCardError` for what goes wrong; other exceptions are logged, and the server is told UNEXPECTED.  Any number of
    tasks may call at once, and each call may be cancelled: when the server says so, or when the session ends.

    Call `changed` whenever a reader or a card comes, goes or is otherwise than before: servers wait for that.
    """

    _revision = 0
    _arrived: trio.Event | None = None

    def changed(self) -> None:
        """Tell that something has changed; to be called in Trio's thread."""
        self._revision += 1
        if self._arrived is not None:
            self._arrived.set()
            self._arrived = None

    @property
    def revision(self) -> int:
        """How often something has changed."""
        return self._revision

    async def wait_changed(self, revision: int) -> None:
        """Wait until something has changed since there was that revision."""
        await trio.lowlevel.checkpoint()
        while self._revision == revision:
            if self._arrived is None:
                self._arrived = trio.Event()
            await self._arrived.wait()

    @abc.abstractmethod
    async def establish_context(self, scope: Scope) -> Any:
        """Begin to use the readers; gives a context."""

    @abc.abstractmethod
    async def release_context(self, context: Any) -> None:
        """End what was begun."""

    @abc.abstractmethod
    async def list_readers(self, context: Any, groups: Sequence[str]) -> Sequence[str]:
        """The names of the readers of some groups, or of all if there are none."""

    @abc.abstractmethod
    async def reader_status(self, context: Any, reader: str) -> ReaderStatus:
        """What a reader is like now; UNKNOWN_READER if there is none of that name."""

    @abc.abstractmethod
    async def connect(
        self, context: Any, reader: str, mode: ShareMode, protocols: CardProtocol
    ) -> tuple[Any, CardProtocol]:
        """Connect to the card in a reader; gives the connection and how the card is spoken to."""

    @abc.abstractmethod
    async def disconnect(self, card: Any, disposition: CardDisposition) -> None:
        """End a connection."""

    @abc.abstractmethod
    async def status(self, card: Any) -> CardStatus:
        """What a connected card is like."""

    @abc.abstractmethod
    async def transmit(self, card: Any, protocol: CardProtocol, command: bytes) -> bytes:
        """Send a command to a card; gives its answer, with the two status bytes at its end."""

    async def reconnect(
        self, card: Any, mode: ShareMode, protocols: CardProtocol, initialization: CardDisposition
    ) -> CardProtocol:
        """Make a connection good again; gives how the card is spoken to."""
        return (await self.status(card)).protocol

    async def begin_transaction(self, card: Any) -> None:  # noqa: B027
        """Wait until nobody else uses the card, and keep it for oneself."""

    async def end_transaction(self, card: Any, disposition: CardDisposition) -> None:  # noqa: B027
        """Let others use the card again."""

    async def list_reader_groups(self, context: Any) -> Sequence[str]:
        """The names of groups of readers."""
        return ["SCard$DefaultReaders"]

    async def control(self, card: Any, code: int, data: bytes) -> bytes:
        """Ask something of a reader."""
        raise SmartCardError(SmartCardCode.UNSUPPORTED_FEATURE)

    async def get_attribute(self, card: Any, attribute: int) -> bytes:
        """Something known of a reader."""
        raise SmartCardError(SmartCardCode.UNSUPPORTED_FEATURE)

    async def set_attribute(self, card: Any, attribute: int, value: bytes) -> None:
        """Set something of a reader."""
        raise SmartCardError(SmartCardCode.UNSUPPORTED_FEATURE)

    async def reader_icon(self, context: Any, reader: str) -> bytes:
        """The picture of a reader, as an icon file."""
        raise SmartCardError(SmartCardCode.UNSUPPORTED_FEATURE)

    async def card_types(self, context: Any) -> dict[str, tuple[bytes, bytes]]:
        """The cards that are known by name: the answer to reset of each and the mask of what of it counts."""
        return {}
