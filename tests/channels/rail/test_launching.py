from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.rail.launching import (
    ARGUMENTS_LIMIT,
    EXE_OR_FILE_LIMIT,
    WORKING_DIR_LIMIT,
    ExecFlags,
    ExecResult,
    Execute,
    ExecuteResult,
)
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated

# [MS-RDPERP] 4.3.1, without the two bytes that its dump has behind the message
EXECUTE = bytes.fromhex(
    "0100"  # orderType: TS_RAIL_ORDER_EXEC
    "5e00"  # orderLength: 94
    "0800"  # Flags: TS_RAIL_EXEC_FLAG_EXPAND_ARGUMENTS
    "1400"  # ExeOrFileLength
    "2600"  # WorkingDirLength
    "1800"  # ArgumentsLen
    "7c007c006900650078007000"
    "6c006f0072006500"  # ExeOrFile: ||iexplore
    "66003a005c00770069006e0064006f00770073005c00730079007300740065006d0033003200"  # WorkingDir: f:\windows\system32
    "7700770077002e00620069006e0067002e0063006f006d00"  # Arguments: www.bing.com
)

# [MS-RDPERP] 4.3.2
RESULT = bytes.fromhex(
    "8000"  # orderType: TS_RAIL_ORDER_EXEC_RESULT
    "2400"  # orderLength: 36
    "0800"  # Flags: TS_RAIL_EXEC_FLAG_EXPAND_ARGUMENTS
    "0300"  # ExecResult: RAIL_EXEC_E_NOT_IN_ALLOWLIST
    "15000000"  # RawResult
    "0000"  # Padding
    "1400"  # ExeOrFileLength
    "7c007c00570072006f006e0067004100"
    "70007000"  # ExeOrFile: ||WrongApp
)


def test_execute() -> None:
    same(
        EXECUTE,
        Execute(
            flags=ExecFlags.EXPAND_ARGUMENTS,
            exe_or_file="||iexplore",
            working_dir="f:\\windows\\system32",
            arguments="www.bing.com",
        ),
    )
    assert Execute.decode(EXECUTE + b"\0\0") == Execute.decode(EXECUTE)
    every_truncation_raises(Execute, EXECUTE)


def test_execute_result() -> None:
    same(
        RESULT,
        ExecuteResult(
            flags=ExecFlags.EXPAND_ARGUMENTS,
            exec_result=ExecResult.E_NOT_IN_ALLOWLIST,
            raw_result=0x15,
            exe_or_file="||WrongApp",
        ),
    )
    every_truncation_raises(ExecuteResult, RESULT)


def test_every_shorter_length_is_truncated() -> None:
    for cls, raw in ((Execute, EXECUTE), (ExecuteResult, RESULT)):
        for size in range(4, len(raw)):
            with pytest.raises(Truncated):
                cls.decode(raw[:2] + size.to_bytes(2, "little") + raw[4:])


def test_nothing_to_launch() -> None:
    with pytest.raises(InvalidField, match=r"Execute.exe_or_file: nothing to launch"):
        Execute.decode(bytes.fromhex("0100 0c00 0000 0000 0000 0000"))
    with pytest.raises(EncodeError, match="nothing to launch"):
        Execute(exe_or_file="").encode()


def test_half_a_character() -> None:
    with pytest.raises(InvalidField, match=r"Execute.exe_or_file: a string of 1 bytes"):
        Execute.decode(bytes.fromhex("0100 0d00 0000 0100 0000 0000 41"))


def test_limits() -> None:
    largest = Execute(
        exe_or_file="a" * (EXE_OR_FILE_LIMIT // 2),
        working_dir="b" * (WORKING_DIR_LIMIT // 2),
        arguments="c" * (ARGUMENTS_LIMIT // 2),
    )
    assert Execute.decode(largest.encode()) == largest
    for wrong in (
        Execute(exe_or_file="a" * 261),
        Execute(exe_or_file="a", working_dir="b" * 261),
        Execute(exe_or_file="a", arguments="c" * 8001),
        ExecuteResult(exe_or_file="a" * 261),
    ):
        with pytest.raises(EncodeError, match=r"a string of .* bytes exceeds"):
            wrong.encode()
    for at, field, size in ((6, "exe_or_file", 522), (8, "working_dir", 522), (10, "arguments", 16002)):
        raw = bytearray(Execute(exe_or_file="a").encode() + bytes(20_000))
        raw[2:4] = len(raw).to_bytes(2, "little")
        raw[at : at + 2] = size.to_bytes(2, "little")
        with pytest.raises(InvalidField, match=f"a string of {size} bytes") as caught:
            Execute.decode(bytes(raw))
        assert caught.value.field == field


def test_lone_surrogates_are_kept() -> None:
    same(bytes.fromhex("0100 0e00 0400 0200 0000 0000 3dd8"), Execute(flags=ExecFlags.FILE, exe_or_file="\ud83d"))


@given(st.sampled_from([Execute, ExecuteResult]), st.binary(max_size=40))
def test_any_bytes(cls: type[Execute] | type[ExecuteResult], body: bytes) -> None:
    value_or_error(cls, cls.order_type.to_bytes(2, "little") + (4 + len(body)).to_bytes(2, "little") + body)
