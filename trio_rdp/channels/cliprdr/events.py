"""What `ClipboardExchange` tells: what is owed to the peer, and what the peer said or wants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from trio_rdp.channels.cliprdr.formats import ClipboardFormat

__all__ = [
    "ClipboardAnswer",
    "ClipboardEvent",
    "ClipboardReady",
    "DataReceived",
    "DataRequested",
    "FileContentsReceived",
    "FileContentsRequested",
    "FilesReleased",
    "FormatsOffered",
    "OfferAnswered",
]


@dataclass(frozen=True, slots=True)
class ClipboardAnswer:
    """A message that the protocol owes the peer."""

    message: bytes


@dataclass(frozen=True, slots=True)
class ClipboardReady:
    """Both sides know what the other can do; from now on formats may be offered."""


@dataclass(frozen=True, slots=True)
class FormatsOffered:
    """The peer's clipboard has changed; without formats it was cleared.  The list's number is the exchange's."""

    formats: tuple[ClipboardFormat, ...]
    number: int


@dataclass(frozen=True, slots=True)
class OfferAnswered:
    """The peer took our offer of this number, or could not."""

    number: int
    is_accepted: bool


@dataclass(frozen=True, slots=True)
class DataRequested:
    """The peer wants the data of a format; they are answered in the order of the requests."""

    format_id: int


@dataclass(frozen=True, slots=True)
class DataReceived:
    """The data that were asked for; None where the peer could not give them."""

    data: bytes | None


@dataclass(frozen=True, slots=True)
class FileContentsRequested:
    """The peer wants the size of a file (`count` is None), or at most `count` bytes of it from `position` on.

    `offer` is the number of the offer that the file is of, and `index` is its place there, which may not exist.
    """

    stream_id: int
    offer: int
    index: int
    position: int = 0
    count: int | None = None


@dataclass(frozen=True, slots=True)
class FileContentsReceived:
    """A file's size, or a part of it; None where the peer could not give them."""

    stream_id: int
    contents: int | bytes | None


@dataclass(frozen=True, slots=True)
class FilesReleased:
    """Nobody can ask for the files of an offer any more."""

    offer: int


ClipboardEvent: TypeAlias = (
    ClipboardAnswer
    | ClipboardReady
    | FormatsOffered
    | OfferAnswered
    | DataRequested
    | DataReceived
    | FileContentsRequested
    | FileContentsReceived
    | FilesReleased
)
"""Whatever an exchange tells."""
