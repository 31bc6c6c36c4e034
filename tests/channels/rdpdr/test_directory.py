"""What is said of the files in a directory, byte by byte after [MS-RDPEFS] 4.31 and [MS-FSCC] 2.4 and 2.7.1."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rdpdr.directory import (
    CHANGE_LIMIT,
    FileAction,
    FileBothDirectoryInformation,
    FileDirectoryInformation,
    FileFullDirectoryInformation,
    FileNamesInformation,
    FileNotifyInformation,
    decode_changes,
    decode_directory_information,
    encode_changes,
)
from trio_rdp.channels.rdpdr.drive_requests import DirectoryInformationClass
from trio_rdp.channels.rdpdr.file_system import FileAttributes
from trio_rdp.channels.rdpdr.information import UnknownInformation
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField

COMMON = (
    "00000000 00000000"  # NextEntryOffset, FileIndex
    "8bebe4c463a4c701"  # CreationTime
    "f47dde9991a6c701"  # LastAccessTime
    "16adc98e40a4c701"  # LastWriteTime
    "0000000000000000"  # ChangeTime
    "0000000000000000 0000000000000000"  # EndOfFile, AllocationSize
    "16000000"  # FileAttributes
    "18000000"  # FileNameLength
)
SHORT_NAME = "00000000 00" + "00" * 24  # EaSize, ShortNameLength, ShortName
NAME = "2400520065006300790063006c0065002e00420069006e00"
BOTH = bytes.fromhex(COMMON + SHORT_NAME + NAME)

TIMES: dict[str, Any] = {
    "creation_time": 0x01C7A463C4E4EB8B,
    "last_access_time": 0x01C7A69199DE7DF4,
    "last_write_time": 0x01C7A4408EC9AD16,
    "change_time": 0,
    "end_of_file": 0,
    "allocation_size": 0,
}
ATTRIBUTES = FileAttributes.HIDDEN | FileAttributes.SYSTEM | FileAttributes.DIRECTORY
Kind = DirectoryInformationClass


def test_the_documents_example() -> None:
    value = FileBothDirectoryInformation(**TIMES, file_attributes=ATTRIBUTES, file_name="$Recycle.Bin")
    same(BOTH, value)
    assert len(BOTH) == 0x75
    assert decode_directory_information(Kind.BOTH_DIRECTORY, BOTH) == value
    every_truncation_raises(FileBothDirectoryInformation, BOTH)


def test_less_about_a_file() -> None:
    raw = bytes.fromhex(COMMON + NAME)
    value = FileDirectoryInformation(**TIMES, file_attributes=ATTRIBUTES, file_name="$Recycle.Bin")
    same(raw, value)
    assert decode_directory_information(Kind.DIRECTORY, raw) == value
    every_truncation_raises(FileDirectoryInformation, raw)


def test_full_information_has_the_size_of_extended_attributes() -> None:
    raw = bytes.fromhex(COMMON + "07000000" + NAME)
    value = FileFullDirectoryInformation(**TIMES, file_attributes=ATTRIBUTES, file_name="$Recycle.Bin", ea_size=7)
    same(raw, value)
    assert decode_directory_information(Kind.FULL_DIRECTORY, raw) == value
    every_truncation_raises(FileFullDirectoryInformation, raw)


def test_only_the_name() -> None:
    raw = bytes.fromhex("00000000 05000000 18000000" + NAME)
    value = FileNamesInformation(file_index=5, file_name="$Recycle.Bin")
    same(raw, value)
    assert decode_directory_information(Kind.NAMES, raw) == value
    every_truncation_raises(FileNamesInformation, raw)


def test_a_short_name() -> None:
    value = FileBothDirectoryInformation(
        **TIMES, file_attributes=ATTRIBUTES, file_name="$Recycle.Bin", short_name="$RECYC~1.BIN"
    )
    raw = value.encode()
    assert raw[68] == 24
    same(raw, value)
    value.short_name = "thirteen char"
    with pytest.raises(EncodeError, match="exceeds 12"):
        value.encode()
    with pytest.raises(InvalidField, match="short name"):
        FileBothDirectoryInformation.decode(raw[:68] + b"\x1a" + raw[69:])


def test_a_number_that_does_not_fit_is_an_encode_error() -> None:
    value = FileDirectoryInformation.decode(bytes.fromhex(COMMON + NAME))
    value.end_of_file = -1
    with pytest.raises(EncodeError, match="FileDirectoryInformation"):
        value.encode_into(bytearray())


def test_what_is_of_an_unknown_class_is_kept() -> None:
    assert decode_directory_information(DirectoryInformationClass(0x25), b"x") == UnknownInformation(data=b"x")


def test_changes() -> None:
    raw = bytes.fromhex(
        "10000000 04000000 02000000 61000000"  # NextEntryOffset, renamed from, FileNameLength, "a" and padding
        "00000000 05000000 04000000 62006300"  # renamed to "bc"
    )
    changes = [
        FileNotifyInformation(action=FileAction.RENAMED_OLD_NAME, file_name="a"),
        FileNotifyInformation(action=FileAction.RENAMED_NEW_NAME, file_name="bc"),
    ]
    assert decode_changes(raw) == changes
    assert encode_changes(changes) == raw
    for size in set(range(1, len(raw))):
        with pytest.raises(DecodeError):
            decode_changes(raw[:size])


def test_no_changes() -> None:
    assert decode_changes(b"") == []
    assert encode_changes([]) == b""


@pytest.mark.parametrize("step", [1, 8, 12])
def test_changes_do_not_overlap(step: int) -> None:
    raw = step.to_bytes(4, "little") + bytes.fromhex("01000000 02000000 6100") + bytes(32)
    with pytest.raises(InvalidField, match="next change"):
        decode_changes(raw)


def test_changes_have_a_limit_both_ways() -> None:
    one = FileNotifyInformation(action=FileAction.ADDED, file_name="a")
    most = encode_changes([one] * CHANGE_LIMIT)
    assert len(decode_changes(most)) == CHANGE_LIMIT
    with pytest.raises(InvalidField, match="more than"):
        decode_changes(bytes.fromhex("10000000 01000000 02000000 61000000") + most)
    with pytest.raises(EncodeError, match="exceed"):
        encode_changes([one] * (CHANGE_LIMIT + 1))


@given(st.sampled_from(list(Kind)), st.binary(max_size=120))
def test_any_bytes_give_a_value_or_an_error(kind: Kind, data: bytes) -> None:
    try:
        value = decode_directory_information(kind, data)
    except DecodeError:
        return
    assert decode_directory_information(kind, value.encode()) == value


@given(st.binary(max_size=64))
def test_any_bytes_give_changes_or_an_error(data: bytes) -> None:
    try:
        changes = decode_changes(data)
    except DecodeError:
        return
    assert decode_changes(encode_changes(changes)) == changes
