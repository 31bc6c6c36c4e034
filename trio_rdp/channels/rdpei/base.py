"""The header of all messages, [MS-RDPEI] 2.2.2.6, and what touches and pens have in common."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import ClassVar, Self, TypeVar

from trio_rdp.channels.rdpei.integers import TWO_BYTE_UNSIGNED
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "HEADER_SIZE",
    "MAX_CONTACTS",
    "MAX_FRAMES",
    "SMALLEST_CONTACT",
    "SMALLEST_FRAME",
    "ContactFlags",
    "EventId",
    "InputPdu",
    "UnknownRdpeiPdu",
    "fields_present",
    "read_count",
    "read_fields_present",
    "read_items",
    "write_count",
    "write_items",
]

MAX_FRAMES = 1024
"""The most frames in one event, of which the document says nothing; the wire's counter reaches 32,767."""

MAX_CONTACTS = 256
"""The most contacts in one frame: as many as there are contact ids."""

HEADER_SIZE = 6
SMALLEST_FRAME, SMALLEST_CONTACT = 2, 5

_HEADER = struct.Struct("<HI")

_T = TypeVar("_T", bound=Pdu)


class EventId(OpenEnum):
    """What a message is (EVENTID_*)."""

    SC_READY = 0x0001
    CS_READY = 0x0002
    TOUCH = 0x0003
    SUSPEND_INPUT = 0x0004
    RESUME_INPUT = 0x0005
    DISMISS_HOVERING_TOUCH_CONTACT = 0x0006
    PEN = 0x0008


class ContactFlags(Flags):
    """The state of a contact (CONTACT_FLAG_*)."""

    DOWN = Flag(0x0001)
    UPDATE = Flag(0x0002)
    UP = Flag(0x0004)
    INRANGE = Flag(0x0008)
    INCONTACT = Flag(0x0010)
    CANCELED = Flag(0x0020)


class InputPdu(Pdu):
    """The base of all messages: what comes behind the header RDPINPUT_HEADER, [MS-RDPEI] 2.2.2.6."""

    __slots__ = ()

    event_id: ClassVar[EventId]

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode one whole message; bytes behind its length are ignored."""
        try:
            event_id, body = _read_header(data)
            if event_id != cls.event_id:
                raise InvalidField(f"event {event_id:#x} instead of {cls.event_id:#x}", field="event_id", offset=0)
            return cls.decode_from(body)
        except DecodeError as exc:
            exc.pdu = exc.pdu or cls.__name__
            raise

    def encode(self) -> bytes:
        """The whole message, with its header."""
        dst = bytearray(_HEADER.size)
        try:
            self.encode_into(dst)
        except struct.error as exc:
            raise EncodeError(f"{type(self).__name__}: {exc}") from None
        _HEADER.pack_into(dst, 0, self.event_id, len(dst))
        return bytes(dst)


@pdu
class UnknownRdpeiPdu(Pdu):
    """A message with an event id that is not known here, kept as it came."""

    event_id: int
    data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        event_id, length = _HEADER.unpack(src.take(_HEADER.size))
        if length < _HEADER.size:
            raise InvalidField(f"a message of {length} bytes", field="pdu_length", offset=src.pos)
        return cls(event_id=event_id, data=src.take(length - _HEADER.size))

    def encode_into(self, dst: bytearray) -> None:
        dst += _HEADER.pack(self.event_id, _HEADER.size + len(self.data))
        dst += self.data


def _read_header(data: bytes) -> tuple[int, Cursor]:
    src = Cursor(data)
    event_id, length = _HEADER.unpack(src.take(_HEADER.size))
    if length < _HEADER.size:
        raise InvalidField(f"a message of {length} bytes", field="pdu_length", offset=src.pos)
    return event_id, src.sub(length - _HEADER.size)


def read_fields_present(src: Cursor, known: int) -> int:
    """Read which optional fields follow, all of which must be known."""
    start = src.pos
    fields_present = TWO_BYTE_UNSIGNED.decode_from(src)
    if fields_present & ~known:
        # A field that is not known has no known size, so that nothing behind it can be read.
        raise InvalidField(f"fields {fields_present:#x}, known are {known:#x}", field="fields_present", offset=start)
    return fields_present


def fields_present(*values: int | None) -> int:
    """Tell which optional fields follow: a bit for each, from the lowest on."""
    return sum(1 << bit for bit, value in enumerate(values) if value is not None)


def read_count(src: Cursor, limit: int) -> int:
    """Read the number of items of a list."""
    start = src.pos
    count = TWO_BYTE_UNSIGNED.decode_from(src)
    if count > limit:
        raise InvalidField(f"{count} items exceed {limit}", offset=start)
    return count


def write_count(dst: bytearray, count: int, limit: int) -> None:
    """Append the number of items of a list."""
    if count > limit:
        raise EncodeError(f"{count} items exceed {limit}")
    TWO_BYTE_UNSIGNED.encode_into(dst, count)


def read_items(src: Cursor, cls: type[_T], count: int, smallest: int) -> list[_T]:
    """Read a list of PDUs, none of which has less than `smallest` bytes."""
    if count * smallest > src.remaining:
        src.skip(count * smallest)  # raises Truncated before a list of the peer's choice is built
    return [cls.decode_from(src) for _ in range(count)]


def write_items(dst: bytearray, items: Sequence[Pdu]) -> None:
    """Append a list of PDUs."""
    for item in items:
        item.encode_into(dst)
