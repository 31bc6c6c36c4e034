"""Input events and their slow-path packaging, [MS-RDPBCGR] 2.2.8.1.1.3.

The events are the same things on the fast path, where `fastpath_input` packs them tighter: one vocabulary serves both,
and an event decoded from either path encodes to either.
"""

from __future__ import annotations

import struct
from typing import Annotated, Any, Self, TypeAlias

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, Truncated
from trio_rdp.wire.fields import I16, U16, U32, Pad, Raw, u16, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "ExtendedMouseEvent",
    "ExtendedPointerFlags",
    "InputEvent",
    "InputEventData",
    "InputEventType",
    "KeyboardEvent",
    "KeyboardFlags",
    "MouseEvent",
    "PointerFlags",
    "QoeTimestampEvent",
    "RelativeMouseEvent",
    "RelativePointerFlags",
    "SlowPathInputEvent",
    "SynchronizeEvent",
    "ToggleFlags",
    "UnicodeKeyboardEvent",
    "UnknownInputEvent",
    "UnusedEvent",
]

_EVENT_SIZE = 12
"""Every slow-path event is a time, a type and six bytes; FreeRDP skips unknown ones by that size, and so do we."""


class InputEventType(OpenEnum):
    """The `messageType` of a slow-path input event (INPUT_EVENT_*)."""

    SYNC = 0x0000
    UNUSED = 0x0002
    SCANCODE = 0x0004
    UNICODE = 0x0005
    MOUSE = 0x8001
    MOUSEX = 0x8002
    MOUSEREL = 0x8004


class KeyboardFlags(Flags):
    """What happened to a key (KBDFLAGS_*)."""

    EXTENDED = Flag(0x0100)
    EXTENDED1 = Flag(0x0200)
    DOWN = Flag(0x4000)
    RELEASE = Flag(0x8000)


class PointerFlags(Flags):
    """What the mouse did (PTRFLAGS_*)."""

    WHEEL_NEGATIVE = Flag(0x0100)
    WHEEL = Flag(0x0200)
    HWHEEL = Flag(0x0400)
    MOVE = Flag(0x0800)
    BUTTON1 = Flag(0x1000)
    BUTTON2 = Flag(0x2000)
    BUTTON3 = Flag(0x4000)
    DOWN = Flag(0x8000)

    @classmethod
    def wheel(cls, rotation: int, *, horizontal: bool = False) -> Self:
        """The flags of a wheel turned by `rotation` units (120 a notch, -256 to 255)."""
        if not -256 <= rotation <= 255:
            raise EncodeError(f"a wheel rotation of {rotation} does not fit -256 to 255")
        return cls((cls.HWHEEL if horizontal else cls.WHEEL) | (rotation & 0x01FF))

    @property
    def wheel_rotation(self) -> int:
        """How far the wheel was turned, where WHEEL or HWHEEL is set: WheelRotationMask, sign-extended."""
        rotation = int(self) & 0x01FF
        return rotation - 0x0200 if rotation & 0x0100 else rotation


class ExtendedPointerFlags(Flags):
    """What buttons 4 and 5 did (PTRXFLAGS_*)."""

    BUTTON1 = Flag(0x0001)
    BUTTON2 = Flag(0x0002)
    DOWN = Flag(0x8000)


class RelativePointerFlags(Flags):
    """What a mouse that reports distances did (PTRFLAGS_* and, as XBUTTON1 and XBUTTON2, PTRXFLAGS_*)."""

    XBUTTON1 = Flag(0x0001)
    XBUTTON2 = Flag(0x0002)
    MOVE = Flag(0x0800)
    BUTTON1 = Flag(0x1000)
    BUTTON2 = Flag(0x2000)
    BUTTON3 = Flag(0x4000)
    DOWN = Flag(0x8000)


class ToggleFlags(Flags):
    """Which lights of the keyboard are on (TS_SYNC_*)."""

    SCROLL_LOCK = Flag(0x01)
    NUM_LOCK = Flag(0x02)
    CAPS_LOCK = Flag(0x04)
    KANA_LOCK = Flag(0x08)


@pdu
class KeyboardEvent(Pdu):
    """Keyboard Event (TS_KEYBOARD_EVENT, TS_FP_KEYBOARD_EVENT), [MS-RDPBCGR] 2.2.8.1.1.3.1.1.1, 2.2.8.1.2.2.1."""

    keyboard_flags: Annotated[KeyboardFlags, u16] = KeyboardFlags(0)
    key_code: Annotated[int, u16, Pad(2)]


@pdu
class UnicodeKeyboardEvent(Pdu):
    """Unicode Keyboard Event (TS_UNICODE_KEYBOARD_EVENT, TS_FP_UNICODE_KEYBOARD_EVENT), [MS-RDPBCGR] 2.2.8.1.1.3.1.1.2.

    `unicode_code` is one UTF-16 unit.
    """

    keyboard_flags: Annotated[KeyboardFlags, u16] = KeyboardFlags(0)
    unicode_code: Annotated[int, u16, Pad(2)]


@pdu
class MouseEvent(Pdu):
    """Mouse Event (TS_POINTER_EVENT, TS_FP_POINTER_EVENT), [MS-RDPBCGR] 2.2.8.1.1.3.1.1.3, 2.2.8.1.2.2.3."""

    pointer_flags: Annotated[PointerFlags, u16]
    x_pos: U16 = 0
    y_pos: U16 = 0


@pdu
class ExtendedMouseEvent(Pdu):
    """Extended Mouse Event (TS_POINTERX_EVENT, TS_FP_POINTERX_EVENT), [MS-RDPBCGR] 2.2.8.1.1.3.1.1.4, 2.2.8.1.2.2.4."""

    pointer_flags: Annotated[ExtendedPointerFlags, u16]
    x_pos: U16 = 0
    y_pos: U16 = 0


@pdu
class SynchronizeEvent(Pdu):
    """Synchronize Event (TS_SYNC_EVENT, TS_FP_SYNC_EVENT), [MS-RDPBCGR] 2.2.8.1.1.3.1.1.5, 2.2.8.1.2.2.5."""

    toggle_flags: Annotated[ToggleFlags, Pad(2), u32] = ToggleFlags(0)


@pdu
class UnusedEvent(Pdu):
    """Unused Event (TS_UNUSED_EVENT), [MS-RDPBCGR] 2.2.8.1.1.3.1.1.6."""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        src.skip(6)
        return cls()

    def encode_into(self, dst: bytearray) -> None:
        dst += bytes(6)


@pdu
class RelativeMouseEvent(Pdu):
    """Relative Mouse Event (TS_RELPOINTER_EVENT, TS_FP_RELPOINTER_EVENT), [MS-RDPBCGR] 2.2.8.1.1.3.1.1.7."""

    pointer_flags: Annotated[RelativePointerFlags, u16]
    x_delta: I16 = 0
    y_delta: I16 = 0


@pdu
class QoeTimestampEvent(Pdu):
    """Fast-Path Quality of Experience Timestamp Event (TS_FP_QOETIMESTAMP_EVENT), [MS-RDPBCGR] 2.2.8.1.2.2.6.

    Milliseconds on the client's clock; there is no slow-path form.
    """

    timestamp: U32


@pdu
class UnknownInputEvent(Pdu):
    """A slow-path event of a type that the document does not name."""

    message_type: Annotated[InputEventType, u16]
    slow_path_input_data: Annotated[bytes, Raw(6)]


InputEvent: TypeAlias = (
    KeyboardEvent
    | UnicodeKeyboardEvent
    | MouseEvent
    | ExtendedMouseEvent
    | RelativeMouseEvent
    | SynchronizeEvent
    | UnusedEvent
    | UnknownInputEvent
    | QoeTimestampEvent
)

_CLASSES: dict[int, Any] = {
    InputEventType.SYNC: SynchronizeEvent,
    InputEventType.UNUSED: UnusedEvent,
    InputEventType.SCANCODE: KeyboardEvent,
    InputEventType.UNICODE: UnicodeKeyboardEvent,
    InputEventType.MOUSE: MouseEvent,
    InputEventType.MOUSEX: ExtendedMouseEvent,
    InputEventType.MOUSEREL: RelativeMouseEvent,
}
_TYPES: dict[type, int] = {cls: int(code) for code, cls in _CLASSES.items()}
_HEADER = struct.Struct("<IH")


@pdu
class SlowPathInputEvent(Pdu):
    """Slow-Path Input Event (TS_INPUT_EVENT), [MS-RDPBCGR] 2.2.8.1.1.3.1.1.

    Servers ignore `event_time`, which is milliseconds where a client fills it in.
    """

    event_time: int = 0
    event: InputEvent

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        event_time = src.u32()
        kind = _CLASSES.get(src.u16())
        if kind is None:
            src.pos -= 2
            kind = UnknownInputEvent
        return cls(event_time=event_time, event=kind.decode_from(src))

    def encode_into(self, dst: bytearray) -> None:
        event = self.event
        if isinstance(event, UnknownInputEvent):
            dst += _HEADER.pack(self.event_time, 0)[:4]
        else:
            message_type = _TYPES.get(type(event))
            if message_type is None:
                raise EncodeError(f"{type(event).__name__} has no slow-path form")
            dst += _HEADER.pack(self.event_time, message_type)
        event.encode_into(dst)


@pdu
class InputEventData(Pdu):
    """Client Input Event PDU Data (TS_INPUT_PDU_DATA), [MS-RDPBCGR] 2.2.8.1.1.3.1, behind its share data header."""

    slow_path_input_events: list[SlowPathInputEvent]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        count = src.u16()
        src.skip(2)
        if count * _EVENT_SIZE > src.remaining:
            raise Truncated(f"{count} events need {count * _EVENT_SIZE} bytes, {src.remaining} left", offset=src.pos)
        return cls(slow_path_input_events=[SlowPathInputEvent.decode_from(src) for _ in range(count)])

    def encode_into(self, dst: bytearray) -> None:
        dst += struct.pack("<H2x", len(self.slow_path_input_events))
        for event in self.slow_path_input_events:
            event.encode_into(dst)
