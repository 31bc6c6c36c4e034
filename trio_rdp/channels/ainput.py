"""FreeRDP's advanced input channel: mouse events with a time, and of more than 16 bits.

It has no document; FreeRDP defines it, and its numbers are little-endian like everything else.
"""

from __future__ import annotations

import struct
from typing import Annotated, Any, ClassVar, Self, TypeAlias

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import InvalidField
from trio_rdp.wire.fields import Rest, u16
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "AINPUT_CHANNEL_NAME",
    "AinputFlags",
    "AinputMessage",
    "AinputMouse",
    "AinputPdu",
    "AinputType",
    "AinputVersion",
    "UnknownAinput",
    "decode_ainput",
]

AINPUT_CHANNEL_NAME = "FreeRDP::Advanced::Input"

_VERSION = struct.Struct("<HII")
_MOUSE = struct.Struct("<HQQii")


class AinputType(OpenEnum):
    """The type of a message (MSG_AINPUT_*)."""

    VERSION = 0x0001
    MOUSE = 0x0002


class AinputFlags(Flags):
    """What the mouse did (AINPUT_FLAGS_*, AINPUT_XFLAGS_*); 64 bits."""

    WHEEL = Flag(0x00000001)
    MOVE = Flag(0x00000004)
    DOWN = Flag(0x00000008)
    REL = Flag(0x00000010)
    HAVE_REL = Flag(0x00000020)
    XBUTTON1 = Flag(0x00000100)
    XBUTTON2 = Flag(0x00000200)
    BUTTON1 = Flag(0x00001000)
    BUTTON2 = Flag(0x00002000)
    BUTTON3 = Flag(0x00004000)


class AinputPdu(Pdu):
    """The base of both messages; `type` is that of the class."""

    __slots__ = ()

    type: ClassVar[AinputType]


@pdu
class AinputVersion(AinputPdu):
    """MSG_AINPUT_VERSION: the server's first message."""

    type: ClassVar[AinputType] = AinputType.VERSION

    major: int = 1
    minor: int = 0

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        major, minor = _decode(cls, _VERSION, src)
        return cls(major=major, minor=minor)

    def encode_into(self, dst: bytearray) -> None:
        dst += _VERSION.pack(self.type, self.major, self.minor)


@pdu
class AinputMouse(AinputPdu):
    """MSG_AINPUT_MOUSE: a client's mouse event, at `time` in milliseconds of the client's clock.

    `x` and `y` are a place, with REL a movement, and with WHEEL how far the wheel was turned.  BUTTON1 is the left
    button, BUTTON2 the right one, BUTTON3 the middle one.
    """

    type: ClassVar[AinputType] = AinputType.MOUSE

    time: int
    flags: AinputFlags
    x: int
    y: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        time, flags, x, y = _decode(cls, _MOUSE, src)
        return cls(time=time, flags=AinputFlags(flags), x=x, y=y)

    def encode_into(self, dst: bytearray) -> None:
        dst += _MOUSE.pack(self.type, self.time, self.flags, self.x, self.y)


@pdu
class UnknownAinput(Pdu):
    """A message of a type that FreeRDP does not name, kept as it came."""

    type: Annotated[AinputType, u16]
    data: Annotated[bytes, Rest()] = b""


AinputMessage: TypeAlias = AinputVersion | AinputMouse | UnknownAinput

_CLASSES: dict[int, type[AinputVersion | AinputMouse]] = {cls.type: cls for cls in (AinputVersion, AinputMouse)}


def decode_ainput(data: bytes) -> AinputMessage:
    """Decode what either side sent; raises `DecodeError`, but keeps a message of an unknown type."""
    unknown = UnknownAinput.decode(data)
    known = _CLASSES.get(unknown.type)
    return unknown if known is None else known.decode(data)


def _decode(cls: type[AinputPdu], layout: struct.Struct, src: Cursor) -> tuple[Any, ...]:
    start = src.pos
    kind, *values = layout.unpack(src.take(layout.size))
    if kind != cls.type:
        raise InvalidField(f"type {kind:#x}, not {int(cls.type):#x}", field="type", offset=start)
    return tuple(values)
