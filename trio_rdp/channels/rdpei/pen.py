"""Pens, [MS-RDPEI] 2.2.3.7."""

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
from trio_rdp.wire.numbers import Flag, Flags
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "PenContact",
    "PenEvent",
    "PenFlags",
    "PenFrame",
]


class PenFlags(Flags):
    """The state of a pen (PEN_FLAG_*)."""

    BARREL_PRESSED = Flag(0x0001)
    ERASER_PRESSED = Flag(0x0002)
    INVERTED = Flag(0x0004)


@pdu
class PenContact(Pdu):
    """Pen Contact (RDPINPUT_PEN_CONTACT), [MS-RDPEI] 2.2.3.7.1.1.

    `pressure` is 0 to 1024, `rotation` in degrees clockwise, 0 to 359, tilts in degrees to the right and towards the
    user, -90 to 90.
    """

    device_id: int = 0
    x: int
    y: int
    contact_flags: ContactFlags
    pen_flags: PenFlags | None = None
    pressure: int | None = None
    rotation: int | None = None
    tilt_x: int | None = None
    tilt_y: int | None = None

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        device_id = src.u8()
        present = read_fields_present(src, 0x001F)
        contact = cls(
            device_id=device_id,
            x=FOUR_BYTE_SIGNED.decode_from(src),
            y=FOUR_BYTE_SIGNED.decode_from(src),
            contact_flags=ContactFlags(FOUR_BYTE_UNSIGNED.decode_from(src)),
        )
        if present & 0x0001:
            contact.pen_flags = PenFlags(FOUR_BYTE_UNSIGNED.decode_from(src))
        if present & 0x0002:
            contact.pressure = FOUR_BYTE_UNSIGNED.decode_from(src)
        if present & 0x0004:
            contact.rotation = TWO_BYTE_UNSIGNED.decode_from(src)
        if present & 0x0008:
            contact.tilt_x = TWO_BYTE_SIGNED.decode_from(src)
        if present & 0x0010:
            contact.tilt_y = TWO_BYTE_SIGNED.decode_from(src)
        return contact

    def encode_into(self, dst: bytearray) -> None:
        tail = (
            (FOUR_BYTE_UNSIGNED, self.pen_flags),
            (FOUR_BYTE_UNSIGNED, self.pressure),
            (TWO_BYTE_UNSIGNED, self.rotation),
            (TWO_BYTE_SIGNED, self.tilt_x),
            (TWO_BYTE_SIGNED, self.tilt_y),
        )
        dst += struct.pack("<B", self.device_id)
        TWO_BYTE_UNSIGNED.encode_into(dst, fields_present(*(value for _, value in tail)))
        FOUR_BYTE_SIGNED.encode_into(dst, self.x)
        FOUR_BYTE_SIGNED.encode_into(dst, self.y)
        FOUR_BYTE_UNSIGNED.encode_into(dst, self.contact_flags)
        for codec, value in tail:
            if value is not None:
                codec.encode_into(dst, value)


@pdu
class PenFrame(Pdu):
    """Pen Frame (RDPINPUT_PEN_FRAME), [MS-RDPEI] 2.2.3.7.1; `frame_offset` is in microseconds since the last."""

    frame_offset: int = 0
    contacts: list[PenContact]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        count = read_count(src, MAX_CONTACTS)
        frame_offset = EIGHT_BYTE_UNSIGNED.decode_from(src)
        return cls(frame_offset=frame_offset, contacts=read_items(src, PenContact, count, SMALLEST_CONTACT))

    def encode_into(self, dst: bytearray) -> None:
        write_count(dst, len(self.contacts), MAX_CONTACTS)
        EIGHT_BYTE_UNSIGNED.encode_into(dst, self.frame_offset)
        write_items(dst, self.contacts)


@pdu
class PenEvent(InputPdu):
    """Pen Event (RDPINPUT_PEN_EVENT_PDU), [MS-RDPEI] 2.2.3.7.

    Frames are ordered from the oldest; `encode_time` is in milliseconds since the oldest was made.
    """

    event_id: ClassVar[EventId] = EventId.PEN

    encode_time: int = 0
    frames: list[PenFrame]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        encode_time = FOUR_BYTE_UNSIGNED.decode_from(src)
        count = read_count(src, MAX_FRAMES)
        return cls(encode_time=encode_time, frames=read_items(src, PenFrame, count, SMALLEST_FRAME))

    def encode_into(self, dst: bytearray) -> None:
        FOUR_BYTE_UNSIGNED.encode_into(dst, self.encode_time)
        write_count(dst, len(self.frames), MAX_FRAMES)
        write_items(dst, self.frames)
