"""Input events on the fast path, [MS-RDPBCGR] 2.2.8.1.2: the hot path of a server.

The events are those of `trio_rdp.pdu.input`; here they are packed into one to seven bytes each.
"""

from __future__ import annotations

import struct
from typing import Any, Self

from trio_rdp.pdu.fastpath import frame, unframe
from trio_rdp.pdu.input import (
    ExtendedMouseEvent,
    ExtendedPointerFlags,
    InputEvent,
    KeyboardEvent,
    KeyboardFlags,
    MouseEvent,
    PointerFlags,
    QoeTimestampEvent,
    RelativeMouseEvent,
    RelativePointerFlags,
    SynchronizeEvent,
    ToggleFlags,
    UnicodeKeyboardEvent,
)
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["MAX_EVENTS", "FastPathEventCode", "FastPathInput", "decode_events"]

MAX_EVENTS = 255
"""The most events in one PDU: the optional `numEvents` field is a byte."""


class FastPathEventCode(OpenEnum):
    """What a fast-path input event is (FASTPATH_INPUT_EVENT_*)."""

    SCANCODE = 0x0
    MOUSE = 0x1
    MOUSEX = 0x2
    SYNC = 0x3
    UNICODE = 0x4
    MOUSEREL = 0x5
    QOE_TIMESTAMP = 0x6


# FASTPATH_INPUT_KBDFLAGS_* (release 1, extended 2, extended1 4) as the slow path's flags, and back.
_RELEASE, _EXTENDED, _EXTENDED1 = 0x01, 0x02, 0x04
_KEYBOARD_FLAGS = tuple(
    KeyboardFlags(
        (KeyboardFlags.RELEASE if flags & _RELEASE else 0)
        | (KeyboardFlags.EXTENDED if flags & _EXTENDED else 0)
        | (KeyboardFlags.EXTENDED1 if flags & _EXTENDED1 else 0)
    )
    for flags in range(32)
)
_EVENT_FLAGS = {int(flags): number for number, flags in enumerate(_KEYBOARD_FLAGS[:8])}  # KBDFLAGS_DOWN has no bit
_KNOWN_FLAGS = int(_KEYBOARD_FLAGS[7])
_EVENT_SIZES = (2, 7, 7, 1, 3, 7, 5, 0)
"""Whole events by code; 7 is nobody's, so its length is unknown and what follows cannot be read."""

_POINTER = struct.Struct("<HHH").unpack_from
_DELTA = struct.Struct("<Hhh").unpack_from
_U32 = struct.Struct("<I").unpack_from
_PACK_KEY = struct.Struct("<BB").pack
_PACK_UNICODE = struct.Struct("<BH").pack
_PACK_POINTER = struct.Struct("<BHHH").pack
_PACK_DELTA = struct.Struct("<BHhh").pack
_PACK_QOE = struct.Struct("<BI").pack


@pdu
class FastPathInput(Pdu):
    """Client Fast-Path Input Event PDU (TS_FP_INPUT_PDU), [MS-RDPBCGR] 2.2.8.1.2, not encrypted."""

    fp_input_events: list[InputEvent]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        count, pos, end = unframe(src.buf, src.pos, src.end)
        if not count:
            if pos == end:
                raise Truncated("needs 1 bytes, 0 left", field="numEvents", offset=pos)
            count = src.buf[pos]
            pos += 1
        src.pos = end
        return cls(fp_input_events=decode_events(src.buf, count, pos, end))

    def encode_into(self, dst: bytearray) -> None:
        events = self.fp_input_events
        count = len(events)
        if count > MAX_EVENTS:
            raise EncodeError(f"{count} events exceed {MAX_EVENTS}")
        payload = bytearray()
        if not 0 < count <= 15:
            payload.append(count)
            count = 0
        for event in events:
            encode = _ENCODERS.get(type(event))
            if encode is None:
                raise EncodeError(f"{type(event).__name__} has no fast-path form")
            payload += encode(event)
        dst += frame(payload, count)


def decode_events(buf: bytes, count: int, pos: int = 0, end: int | None = None) -> list[InputEvent]:
    """Take `count` events apart: those that start `buf[pos:end]`.

    Raises `Truncated` where they are not all there, and `InvalidField` for an event of code 7.
    """
    if end is None:
        end = len(buf)
    events: list[InputEvent] = []
    for _ in range(count):
        if pos >= end:
            raise Truncated(f"{count} events, {len(events)} there", pdu="FastPathInput", offset=pos)
        header = buf[pos]
        code = header >> 5
        size = _EVENT_SIZES[code]
        if size > end - pos:
            raise Truncated(f"needs {size} bytes, {end - pos} left", pdu="FastPathInput", offset=pos)
        if code == 1:
            pointer_flags, x, y = _POINTER(buf, pos + 1)
            events.append(MouseEvent(pointer_flags=PointerFlags(pointer_flags), x_pos=x, y_pos=y))
        elif code == 0:
            events.append(KeyboardEvent(keyboard_flags=_KEYBOARD_FLAGS[header & 0x1F], key_code=buf[pos + 1]))
        elif size:
            events.append(_decode_rare(code, header & 0x1F, buf, pos + 1))
        else:
            raise InvalidField(f"event code {code} is unknown", pdu="FastPathInput", field="eventCode", offset=pos)
        pos += size
    return events


def _decode_rare(code: int, flags: int, buf: bytes, pos: int) -> InputEvent:
    """Every event but the two that come by the thousand."""
    if code == FastPathEventCode.UNICODE:
        return UnicodeKeyboardEvent(
            keyboard_flags=_KEYBOARD_FLAGS[flags & _RELEASE], unicode_code=buf[pos] | buf[pos + 1] << 8
        )
    if code == FastPathEventCode.SYNC:
        return SynchronizeEvent(toggle_flags=ToggleFlags(flags))
    if code == FastPathEventCode.MOUSEX:
        pointer_flags, x, y = _POINTER(buf, pos)
        return ExtendedMouseEvent(pointer_flags=ExtendedPointerFlags(pointer_flags), x_pos=x, y_pos=y)
    if code == FastPathEventCode.MOUSEREL:
        pointer_flags, x, y = _DELTA(buf, pos)
        return RelativeMouseEvent(pointer_flags=RelativePointerFlags(pointer_flags), x_delta=x, y_delta=y)
    return QoeTimestampEvent(timestamp=_U32(buf, pos)[0])


def _encode_keyboard(event: KeyboardEvent) -> bytes:
    return _PACK_KEY(_EVENT_FLAGS[int(event.keyboard_flags) & _KNOWN_FLAGS], event.key_code)


def _encode_unicode(event: UnicodeKeyboardEvent) -> bytes:
    flags = _EVENT_FLAGS[int(event.keyboard_flags) & KeyboardFlags.RELEASE]
    return _PACK_UNICODE(4 << 5 | flags, event.unicode_code)


def _encode_mouse(event: MouseEvent) -> bytes:
    return _PACK_POINTER(1 << 5, event.pointer_flags, event.x_pos, event.y_pos)


def _encode_extended_mouse(event: ExtendedMouseEvent) -> bytes:
    return _PACK_POINTER(2 << 5, event.pointer_flags, event.x_pos, event.y_pos)


def _encode_relative_mouse(event: RelativeMouseEvent) -> bytes:
    return _PACK_DELTA(5 << 5, event.pointer_flags, event.x_delta, event.y_delta)


def _encode_synchronize(event: SynchronizeEvent) -> bytes:
    return bytes((3 << 5 | event.toggle_flags & 0x1F,))


def _encode_qoe_timestamp(event: QoeTimestampEvent) -> bytes:
    return _PACK_QOE(6 << 5, event.timestamp)


_ENCODERS: dict[type, Any] = {
    KeyboardEvent: _encode_keyboard,
    UnicodeKeyboardEvent: _encode_unicode,
    MouseEvent: _encode_mouse,
    ExtendedMouseEvent: _encode_extended_mouse,
    RelativeMouseEvent: _encode_relative_mouse,
    SynchronizeEvent: _encode_synchronize,
    QoeTimestampEvent: _encode_qoe_timestamp,
}
