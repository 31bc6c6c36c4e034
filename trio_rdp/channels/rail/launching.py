"""How programs are launched, [MS-RDPERP] 2.2.2.3."""

from __future__ import annotations

import struct
from typing import ClassVar, Self

from trio_rdp.channels.rail.base import OrderType, RailOrder
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import pdu

__all__ = [
    "ARGUMENTS_LIMIT",
    "EXE_OR_FILE_LIMIT",
    "WORKING_DIR_LIMIT",
    "ExecFlags",
    "ExecResult",
    "Execute",
    "ExecuteResult",
]

EXE_OR_FILE_LIMIT = 520
"""The most bytes of a program's name, from 2.2.2.3.1."""

WORKING_DIR_LIMIT = 520
"""The most bytes of a working directory's name, from 2.2.2.3.1."""

ARGUMENTS_LIMIT = 16_000
"""The most bytes of arguments, from 2.2.2.3.1; Windows Vista and Server 2008 R2 take 520."""

_EXECUTE = struct.Struct("<HHHH")
_RESULT = struct.Struct("<HHIHH")


class ExecFlags(Flags):
    """How the strings of a launch are meant (TS_RAIL_EXEC_FLAG_*)."""

    EXPAND_WORKINGDIRECTORY = Flag(0x0001)
    TRANSLATE_FILES = Flag(0x0002)
    FILE = Flag(0x0004)
    EXPAND_ARGUMENTS = Flag(0x0008)
    APP_USER_MODEL_ID = Flag(0x0010)


class ExecResult(OpenEnum):
    """How a launch went (RAIL_EXEC_*)."""

    S_OK = 0x0000
    E_HOOK_NOT_LOADED = 0x0001
    E_DECODE_FAILED = 0x0002
    E_NOT_IN_ALLOWLIST = 0x0003
    E_FILE_NOT_FOUND = 0x0005
    E_FAIL = 0x0006
    E_SESSION_LOCKED = 0x0007


@pdu
class Execute(RailOrder):
    """Client Execute (TS_RAIL_ORDER_EXEC), [MS-RDPERP] 2.2.2.3.1.

    The strings have no terminator; `exe_or_file` is never empty.
    """

    order_type: ClassVar[OrderType] = OrderType.EXEC

    flags: ExecFlags = ExecFlags(0)
    exe_or_file: str
    working_dir: str = ""
    arguments: str = ""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        flags, exe_or_file, working_dir, arguments = _EXECUTE.unpack(src.take(_EXECUTE.size))
        if not exe_or_file:
            raise InvalidField("nothing to launch", field="exe_or_file", offset=src.pos)
        return cls(
            flags=ExecFlags(flags),
            exe_or_file=_read_text(src, exe_or_file, EXE_OR_FILE_LIMIT, "exe_or_file"),
            working_dir=_read_text(src, working_dir, WORKING_DIR_LIMIT, "working_dir"),
            arguments=_read_text(src, arguments, ARGUMENTS_LIMIT, "arguments"),
        )

    def encode_into(self, dst: bytearray) -> None:
        if not self.exe_or_file:
            raise EncodeError("nothing to launch")
        exe_or_file = _encoded(self.exe_or_file, EXE_OR_FILE_LIMIT)
        working_dir = _encoded(self.working_dir, WORKING_DIR_LIMIT)
        arguments = _encoded(self.arguments, ARGUMENTS_LIMIT)
        dst += _EXECUTE.pack(self.flags, len(exe_or_file), len(working_dir), len(arguments))
        dst += exe_or_file + working_dir + arguments


@pdu
class ExecuteResult(RailOrder):
    """Server Execute Result (TS_RAIL_ORDER_EXEC_RESULT), [MS-RDPERP] 2.2.2.3.2.

    `flags` and `exe_or_file` are those of the request, whose only name they are; `raw_result` is a Win32 error code.
    """

    order_type: ClassVar[OrderType] = OrderType.EXEC_RESULT

    flags: ExecFlags = ExecFlags(0)
    exec_result: ExecResult = ExecResult.S_OK
    raw_result: int = 0
    exe_or_file: str

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        flags, exec_result, raw_result, _, exe_or_file = _RESULT.unpack(src.take(_RESULT.size))
        return cls(
            flags=ExecFlags(flags),
            exec_result=ExecResult(exec_result),
            raw_result=raw_result,
            exe_or_file=_read_text(src, exe_or_file, EXE_OR_FILE_LIMIT, "exe_or_file"),
        )

    def encode_into(self, dst: bytearray) -> None:
        exe_or_file = _encoded(self.exe_or_file, EXE_OR_FILE_LIMIT)
        dst += _RESULT.pack(self.flags, self.exec_result, self.raw_result, 0, len(exe_or_file))
        dst += exe_or_file


def _read_text(src: Cursor, size: int, limit: int, field: str) -> str:
    if size > limit or size % 2:
        raise InvalidField(f"a string of {size} bytes, at most {limit} and even", field=field, offset=src.pos)
    return src.take(size).decode("utf-16-le", "surrogatepass")


def _encoded(text: str, limit: int) -> bytes:
    raw = text.encode("utf-16-le", "surrogatepass")
    if len(raw) > limit:
        raise EncodeError(f"a string of {len(raw)} bytes exceeds {limit}")
    return raw
