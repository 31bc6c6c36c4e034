"""What every PDU of dynamic channels begins with, [MS-RDPEDYC] 2.2: a command, and the width of numbers behind it."""

from __future__ import annotations

import struct
from typing import ClassVar, Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "MAX_PDU_SIZE",
    "Command",
    "DynamicPdu",
    "UnknownDynamicPdu",
    "decode_header",
    "decode_number",
    "encode_header",
    "encode_number",
    "width_of",
]

MAX_PDU_SIZE = 1600
"""The most bytes in one PDU, header included, that a sender makes (2.2.3); a reader takes more."""

_NUMBERS = (struct.Struct("<B"), struct.Struct("<H"), struct.Struct("<I"))


class Command(OpenEnum):
    """The type of a PDU (Cmd)."""

    CREATE = 0x1
    DATA_FIRST = 0x2
    DATA = 0x3
    CLOSE = 0x4
    CAPABILITIES = 0x5
    DATA_FIRST_COMPRESSED = 0x6
    DATA_COMPRESSED = 0x7
    SOFT_SYNC_REQUEST = 0x8
    SOFT_SYNC_RESPONSE = 0x9


class DynamicPdu(Pdu):
    """The base of all PDUs of dynamic channels; `command` is that of the class.

    The widths of numbers have no attribute, and the narrowest are written.  Nor has Sp where it is unused: Windows
    leaves it random.
    """

    __slots__ = ()

    command: ClassVar[Command]


@pdu
class UnknownDynamicPdu(Pdu):
    """A PDU whose command is not known, or not of this direction, kept as it came."""

    cmd: int
    sp: int = 0
    cb_id: int = 0
    data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        byte = src.u8()
        return cls(cmd=byte >> 4, sp=byte >> 2 & 3, cb_id=byte & 3, data=src.rest())

    def encode_into(self, dst: bytearray) -> None:
        encode_header(dst, self.cmd, self.cb_id, self.sp)
        dst += self.data


def decode_header(src: Cursor, command: Command) -> tuple[int, int]:
    """Move over the header of a PDU of this command; give its cbId, and its Sp, whose meaning is the command's."""
    start = src.pos
    byte = src.u8()
    if byte >> 4 != command:
        raise InvalidField(f"command {byte >> 4:#x}, not {int(command):#x}", field="cmd", offset=start)
    return byte & 3, byte >> 2 & 3


def encode_header(dst: bytearray, command: int, cb_id: int = 0, sp: int = 0) -> None:
    """Append a header; raises `EncodeError` for what does not fit its bits."""
    if not (0 <= command < 16 and 0 <= cb_id < 4 and 0 <= sp < 4):
        raise EncodeError(f"command {command:#x}, Sp {sp:#x}, cbId {cb_id:#x} do not fit a header")
    dst.append(command << 4 | sp << 2 | cb_id)


def decode_number(src: Cursor, width: int, field: str) -> int:
    """Read a number of 1, 2 or 4 bytes, as the two bits of `width` (cbId or Len) say."""
    if width == 0:
        return src.u8()
    if width == 1:
        return src.u16()
    if width == 2:
        return src.u32()
    raise InvalidField("width 3 does not exist", field=field, offset=src.pos)


def width_of(number: int) -> int:
    """The two bits that stand for the least width of `number`; raises `EncodeError` for more than 32 bits."""
    if not 0 <= number <= 0xFFFFFFFF:
        raise EncodeError(f"{number} does not fit 32 bits")
    return 0 if number < 0x100 else 1 if number < 0x10000 else 2


def encode_number(dst: bytearray, number: int) -> None:
    """Append a number in its least width."""
    dst += _NUMBERS[width_of(number)].pack(number)
