"""Touches, [MS-RDPEI] 2.2.3.3."""

from __future__ import annotations

import struct
from typing import ClassVar, Self

from trio_rdp.channels.rdpei.base import (
    MAX_CONTACTS,
    MAX_FRAMES,
    SMALLEST_CONTACT,
    SMALLEST_FRAME,
    ContactFlags,
    EventId,
    InputPdu,
    fields_present,
    read_count,
    read_fields_present,
    read_items,
    write_count,
    write_items,
)
from trio_rdp.channels.rdpei.integers import (
    EIGHT_BYTE_UNSIGNED,
    FOUR_BYTE_SIGNED,
    FOUR_BYTE_UNSIGNED,
    TWO_BYTE_SIGNED,
    TWO_BYTE_UNSIGNED,
)
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "TouchContact",
    "TouchEvent",
    "TouchFrame",
]


@pdu
class TouchContact(Pdu):
    """Touch Contact (RDPINPUT_TOUCH_CONTACT), [MS-RDPEI] 2.2.3.3.1.1.

    The position is in pixels of the virtual desktop; the exclusive rectangle, relative to it, has all four bounds or
    none.  `orientation` is in degrees counter-clockwise, 0 to 359, `pressure` is 0 to 1024.
    """

    contact_id: int
    x: int
    y: int
    contact_flags: ContactFlags
    contact_rect_left: int | None = None
    contact_rect_top: int | None = None
    contact_rect_right: int | None = None
    contact_rect_bottom: int | None = None
    orientation: int | None = None
    pressure: int | None = None

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        contact_id = src.u8()
        present = read_fields_present(src, 0x0007)
        contact = cls(
            contact_id=contact_id,
            x=FOUR_BYTE_SIGNED.decode_from(src),
            y=FOUR_BYTE_SIGNED.decode_from(src),
            contact_flags=ContactFlags(FOUR_BYTE_UNSIGNED.decode_from(src)),
        )
        if present & 0x0001:
            contact.contact_rect_left = TWO_BYTE_SIGNED.decode_from(src)
            contact.contact_rect_top = TWO_BYTE_SIGNED.decode_from(src)
            contact.contact_rect_right = TWO_BYTE_SIGNED.decode_from(src)
            contact.contact_rect_bottom = TWO_BYTE_SIGNED.decode_from(src)
        if present & 0x0002:
            contact.orientation = FOUR_BYTE_UNSIGNED.decode_from(src)
        if present & 0x0004:
            contact.pressure = FOUR_BYTE_UNSIGNED.decode_from(src)
        return contact

    def encode_into(self, dst: bytearray) -> None:
        bounds = (self.contact_rect_left, self.contact_rect_top, self.contact_rect_right, self.contact_rect_bottom)
        present = [bound for bound in bounds if bound is not None]
        if len(present) not in (0, 4):
            raise EncodeError(f"a contact rectangle with {len(present)} of its 4 bounds")
        dst += struct.pack("<B", self.contact_id)
        TWO_BYTE_UNSIGNED.encode_into(dst, fields_present(bounds[0], self.orientation, self.pressure))
        FOUR_BYTE_SIGNED.encode_into(dst, self.x)
        FOUR_BYTE_SIGNED.encode_into(dst, self.y)
        FOUR_BYTE_UNSIGNED.encode_into(dst, self.contact_flags)
        for bound in present:
            TWO_BYTE_SIGNED.encode_into(dst, bound)
        for value in (self.orientation, self.pressure):
            if value is not None:
                FOUR_BYTE_UNSIGNED.encode_into(dst, value)


@pdu
class TouchFrame(Pdu):
    """Touch Frame (RDPINPUT_TOUCH_FRAME), [MS-RDPEI] 2.2.3.3.1; `frame_offset` is in microseconds since the last."""

    frame_offset: int = 0
    contacts: list[TouchContact]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        count = read_count(src, MAX_CONTACTS)
        frame_offset = EIGHT_BYTE_UNSIGNED.decode_from(src)
        return cls(frame_offset=frame_offset, contacts=read_items(src, TouchContact, count, SMALLEST_CONTACT))

    def encode_into(self, dst: bytearray) -> None:
        write_count(dst, len(self.contacts), MAX_CONTACTS)
        EIGHT_BYTE_UNSIGNED.encode_into(dst, self.frame_offset)
        write_items(dst, self.contacts)


@pdu
class TouchEvent(InputPdu):
    """Touch Event (RDPINPUT_TOUCH_EVENT_PDU), [MS-RDPEI] 2.2.3.3.

    Frames are ordered from the oldest; `encode_time` is in milliseconds since the oldest was made.
    """

    event_id: ClassVar[EventId] = EventId.TOUCH

    encode_time: int = 0
    frames: list[TouchFrame]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        encode_time = FOUR_BYTE_UNSIGNED.decode_from(src)
        count = read_count(src, MAX_FRAMES)
        return cls(encode_time=encode_time, frames=read_items(src, TouchFrame, count, SMALLEST_FRAME))

    def encode_into(self, dst: bytearray) -> None:
        FOUR_BYTE_UNSIGNED.encode_into(dst, self.encode_time)
        write_count(dst, len(self.frames), MAX_FRAMES)
        write_items(dst, self.frames)
